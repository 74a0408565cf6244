//! Moves tickets between the levels of their applications, in GLPI.
//!
//! A move is written into the ticket before its first step and again after its last. Whoever meets one that is
//! not finished finishes it: the caller that tries again, or the sweep. Each step is planned from what GLPI shows, so
//! that an interruption anywhere, or two at once, end in the same state.

use std::{pin::pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use moka::future::Cache;
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, sleep, timeout},
};

use super::{
    Calendar, Cause, Command, Direction, EscalateError, Facts, Immovable, Levels, Move, MoveNote, Note, Refusal,
    Reminder, Scale, Scales, Step, Verdict, Wait, in_words, judge, note,
    scales::Resolver,
    shown::{self, Shown, Thread, Written},
    steps,
};
use crate::{
    clients::glpi::{Criterion, Effect, Followup, Glpi, GlpiError, NewFollowup, Role, TicketSummary},
    config::{self, Config, ConfigError},
    deliver::Names,
    ledger::Ledger,
    notify::Notifier,
    request::Reference,
    route::Live,
};

const MOVES: &str = "passerelle_moves_total";
const REMINDERS: &str = "passerelle_reminders_total";
const REFUSALS: &str = "passerelle_commands_refused_total";

/// How long a move waits for another one of the same ticket, and how often it looks.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often the lease of a ticket is renewed; it lasts three times as long.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often the steps are planned anew before the move counts as not confirmed: others may act on the ticket, too.
const ROUNDS: usize = 4;
/// How long the members of a group are believed.
const MEMBERS_BELIEVED: Duration = Duration::from_mins(5);
/// The same request of the same person within this time is a repeat, whose answer was lost.
const REPEAT: SignedDuration = SignedDuration::from_mins(10);
/// Clocks differ.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// Tickets the rules look at, at most; the oldest beyond are left for when others are gone.
const MOST_WAITING: usize = 10_000;

/// A move that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which way.
    pub direction: Direction,
    /// Who asks.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What asks for it.
    pub cause: Cause,
    /// The group it must lead to: a ticket that is there already stays.
    pub to: Option<String>,
}

/// A move that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The ticket.
    pub ticket: u64,
    /// The group that had it; several are parted by commas.
    pub from: String,
    /// The group that has it.
    pub to: String,
}

/// What the rules in time say of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The ticket.
    pub ticket: u64,
    /// Its title.
    pub title: String,
    /// Its application.
    pub application: String,
    /// Its level.
    pub level: usize,
    /// The groups of this level that have it, parted by commas.
    pub groups: String,
    /// Their ids.
    pub group_ids: Vec<u64>,
    /// The group of the next level; none above the highest.
    pub next: Option<String>,
    /// When it came to this level.
    pub since: Timestamp,
    /// The working time since then.
    pub waited: Duration,
    /// What is due.
    pub verdict: Verdict,
}

/// Moves tickets. One for the whole gateway.
pub struct Escalator {
    glpi: Glpi,
    ledger: Arc<Ledger>,
    notifier: Arc<Notifier>,
    resolver: Resolver,
    calendar: Calendar,
    settings: config::Escalation,
    zone: jiff::tz::TimeZone,
    own: OnceCell<u64>,
    members: Cache<u64, Arc<Vec<u64>>>,
    /// One move at a time per ticket (by its number).
    locks: [Mutex<()>; 64],
}

impl Escalator {
    /// An escalator over these mappings.
    ///
    /// # Errors
    ///
    /// When the calendar cannot be used.
    pub fn new(
        config: &Config,
        glpi: Glpi,
        ledger: Arc<Ledger>,
        mappings: Live,
        names: Names,
        notifier: Arc<Notifier>,
    ) -> Result<Self, ConfigError> {
        metrics::describe_counter!(MOVES, "Tickets that went to another level, by direction and what asked for it.");
        metrics::describe_counter!(REMINDERS, "Reminders of tickets nobody has taken in charge.");
        metrics::describe_counter!(REFUSALS, "Commands in follow-ups that were not obeyed, by reason.");
        Ok(Self {
            glpi,
            ledger,
            notifier,
            resolver: Resolver::new(mappings, names),
            calendar: Calendar::new(&config.calendar, config.time_zone.clone())?,
            settings: config.escalation.clone(),
            zone: config.time_zone.clone(),
            own: OnceCell::new(),
            members: Cache::builder().max_capacity(1000).time_to_live(MEMBERS_BELIEVED).build(),
            locks: std::array::from_fn(|_| Mutex::new(())),
        })
    }

    /// The levels of all applications.
    ///
    /// # Errors
    ///
    /// When GLPI cannot be asked for their groups.
    pub async fn scales(&self) -> Result<Arc<Scales>, GlpiError> {
        self.resolver.scales().await
    }

    /// Moves a ticket as it is asked for. A move of it that was begun earlier is finished first; if that is the one
    /// that is asked for, it is the answer. So a call may be repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// Says why not. What was begun is finished by the next call or the sweep.
    pub async fn carry(&self, ticket: u64, order: &Order, now: Timestamp) -> Result<Moved, EscalateError> {
        let moving = async {
            let mut shown = self.read(ticket).await?;
            let finished = self.mend(&shown).await?;
            let is_wanted = |moved: &Moved| order.to.as_ref().is_none_or(|to| note::fit_name(to) == moved.to);
            let wanted = finished.into_iter().filter(|(direction, _)| *direction == order.direction);
            if let Some((_, moved)) = wanted.last().filter(|(_, moved)| is_wanted(moved)) {
                return Ok(moved);
            }
            if shown.thread.unfinished().next().is_some() {
                shown = self.read(ticket).await?;
            }
            if let Some(repeated) = self.repeated(&shown, order, now) {
                return Ok(repeated);
            }
            self.begin(&shown, order, now).await
        };
        self.exclusively(ticket, moving).await
    }

    /// Finishes what was begun with a ticket, and obeys the commands in its follow-ups, each once.
    ///
    /// # Errors
    ///
    /// What could not be done now; the next call makes up for it.
    pub async fn attend(&self, ticket: u64, now: Timestamp) -> Result<(), EscalateError> {
        let own = self.own_account().await?;
        let followups = match self.glpi.ticket_followups(ticket).await {
            Err(GlpiError::NotFound) => return Err(EscalateError::NotFound(ticket)),
            followups => followups?,
        };
        let thread = Thread::new(followups, own);
        let is_to_mend = thread.moves().any(|written| !written.note.done || written.note.untaken);
        if !is_to_mend && thread.commands(own).is_empty() {
            return Ok(());
        }
        self.exclusively(ticket, self.attend_alone(ticket, now)).await
    }

    async fn attend_alone(&self, ticket: u64, now: Timestamp) -> Result<(), EscalateError> {
        let mut shown = self.read(ticket).await?;
        if !self.mend(&shown).await?.is_empty() {
            shown = self.read(ticket).await?;
        }
        while let Some((followup, command)) = self.next_command(&shown).await? {
            let obeyed = self.obey(&shown, &followup, &command, now).await;
            shown = self.read(ticket).await?;
            obeyed?;
            if self.next_command(&shown).await?.is_some_and(|(next, _)| next.id <= followup.id) {
                // GLPI does not show the answer yet.
                return Err(EscalateError::Unconfirmed);
            }
        }
        Ok(())
    }

    /// The first command that is to be answered. What someone from outside writes in public is nobody's command.
    async fn next_command(&self, shown: &Shown) -> Result<Option<(Followup, Command)>, EscalateError> {
        for (followup, command) in shown.thread.commands(self.own_account().await?) {
            if followup.private || self.may_command(shown, followup.author).await? {
                return Ok(Some((followup.clone(), command)));
            }
        }
        Ok(None)
    }

    /// Does what the rules say of a ticket now, if they say anything; gives what they said. `None` for one they do
    /// not apply to: the gateway did not make it, or it is on no level.
    ///
    /// # Errors
    ///
    /// What could not be done now; the next call makes up for it.
    pub async fn enforce(&self, ticket: u64, now: Timestamp) -> Result<Option<Weighed>, EscalateError> {
        let enforcing = async {
            let shown = self.read(ticket).await?;
            if !self.mend(&shown).await?.is_empty() {
                // It will be weighed where it has arrived now.
                return Ok(None);
            }
            let Some(weighed) = self.weigh_shown(&shown, now).await? else { return Ok(None) };
            match &weighed.verdict {
                Verdict::Nothing { .. } => {}
                Verdict::Remind { wait, escalation } => self.remind(&shown, &weighed, wait, *escalation).await?,
                Verdict::Escalate { wait } => {
                    let order = Order {
                        direction: Direction::Up,
                        by: String::new(),
                        reason: format!("personne ne l'a pris en charge {}", self.waiting_words(wait)),
                        cause: Cause::Rule,
                        to: None,
                    };
                    self.begin(&shown, &order, now).await?;
                }
            }
            Ok(Some(weighed))
        };
        self.exclusively(ticket, enforcing).await
    }

    /// What the rules say of a ticket now, changing nothing; `None` as for [`Escalator::enforce`].
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn weigh(&self, ticket: u64, now: Timestamp) -> Result<Option<Weighed>, EscalateError> {
        let shown = self.read(ticket).await?;
        self.weigh_shown(&shown, now).await
    }

    /// The tickets the rules may strike: made by the gateway, on a level that has a rule, without a technician; the
    /// oldest first.
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn waiting(&self) -> Result<Vec<TicketSummary>, GlpiError> {
        let scales = self.scales().await?;
        let mut groups: Vec<u64> =
            scales.all().iter().filter(|scale| scale.shortest_delay().is_some()).flat_map(Scale::groups).collect();
        groups.sort_unstable();
        groups.dedup();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let criteria = [Criterion::AssignedTo(groups), Criterion::Status(vec![1, 2])];
        let mut found = self.glpi.search_tickets(&criteria, MOST_WAITING).await?;
        if found.len() == MOST_WAITING {
            tracing::warn!(most = MOST_WAITING, "more tickets wait than are looked at; the newest come first");
        }
        found.retain(|ticket| ticket.technicians.is_empty() && Reference::find(&ticket.content).is_some());
        found.sort_by_key(|ticket| ticket.id);
        Ok(found)
    }

    /// The earliest moment a rule can strike a ticket that [`Escalator::waiting`] gave, by what that shows: its working
    /// time since its opening is at least that on its level. `None`: never.
    ///
    /// # Errors
    ///
    /// When GLPI cannot be asked for the levels.
    pub async fn earliest(&self, ticket: &TicketSummary) -> Result<Option<Timestamp>, GlpiError> {
        let scales = self.scales().await?;
        let of_category: Vec<&Scale> =
            scales.all().iter().filter(|scale| scale.has_category(&ticket.category)).collect();
        let candidates = if of_category.is_empty() { scales.all().iter().collect() } else { of_category };
        let shortest = candidates.into_iter().filter_map(Scale::shortest_delay).min();
        let opened = ticket.opened.and_then(|opened| self.calendar.moment(opened));
        let (Some(shortest), Some(opened)) = (shortest, opened) else { return Ok(None) };
        let percents = self.settings.urgency;
        let percent = [percents.very_low, percents.low, percents.medium, percents.high, percents.very_high];
        let least = percent.into_iter().min().unwrap_or(100);
        Ok(self.calendar.after(opened, shortest.saturating_mul(least) / 100))
    }

    /// Runs `work` while nobody else, here or at another instance, does such work on the ticket. The work converges
    /// without this, too; with it, nothing is written twice.
    ///
    /// # Errors
    ///
    /// [`EscalateError::Busy`] where another one does not end in time.
    pub async fn exclusively<T>(
        &self,
        ticket: u64,
        work: impl Future<Output = Result<T, EscalateError>>,
    ) -> Result<T, EscalateError> {
        let place = usize::try_from(ticket % self.locks.len() as u64).unwrap_or_default();
        let _here = timeout(WAIT_FOR_OTHER, self.locks[place].lock()).await.map_err(|_| EscalateError::Busy)?;
        let name = format!("ticket-{ticket}");
        let give_up_at = Instant::now() + WAIT_FOR_OTHER;
        while self.ledger.lease(&name).await.is_none() {
            if Instant::now() >= give_up_at {
                self.ledger.hand_back(&name).await;
                return Err(EscalateError::Busy);
            }
            sleep(LOOK_EVERY).await;
        }
        let mut work = pin!(work);
        let result = loop {
            tokio::select! {
                result = &mut work => break result,
                () = sleep(RENEW_EVERY) => drop(self.ledger.lease(&name).await),
            }
        };
        self.ledger.hand_back(&name).await;
        result
    }

    async fn own_account(&self) -> Result<u64, GlpiError> {
        self.own.get_or_try_init(|| self.glpi.own_account()).await.copied()
    }

    async fn read(&self, id: u64) -> Result<Shown, EscalateError> {
        let own = self.own_account().await?;
        let ticket = match self.glpi.ticket(id).await {
            Ok(ticket) if !ticket.deleted => ticket,
            Ok(_) | Err(GlpiError::NotFound) => return Err(EscalateError::NotFound(id)),
            Err(error) => return Err(error.into()),
        };
        Ok(Shown {
            ticket,
            groups: self.glpi.ticket_groups(id).await?,
            users: self.glpi.ticket_users(id).await?,
            thread: Thread::new(self.glpi.ticket_followups(id).await?, own),
        })
    }

    async fn members(&self, group: u64) -> Result<Arc<Vec<u64>>, GlpiError> {
        if let Some(members) = self.members.get(&group).await {
            return Ok(members);
        }
        let members = Arc::new(self.glpi.group_members(group).await?);
        self.members.insert(group, Arc::clone(&members)).await;
        Ok(members)
    }

    /// Finishes every move that was begun, and takes back that one made GLPI count the ticket as taken in charge;
    /// gives the moves it finished.
    async fn mend(&self, shown: &Shown) -> Result<Vec<(Direction, Moved)>, EscalateError> {
        let mut finished = Vec::new();
        for written in shown.thread.unfinished() {
            finished.push((written.note.direction, self.finish(shown, written).await?));
        }
        if let Some(written) = shown.thread.last_done()
            && finished.is_empty()
            && shown.is_taken_by(written)
        {
            self.glpi.untake(shown.ticket.id).await?;
        }
        Ok(finished)
    }

    /// The move that the same order led to a moment ago.
    fn repeated(&self, shown: &Shown, order: &Order, now: Timestamp) -> Option<Moved> {
        let written = shown.thread.last_done()?;
        let at = self.calendar.moment(written.followup.written?)?;
        let age = now.duration_since(at);
        let note = written.note;
        let same = note.direction == order.direction
            && note.cause == order.cause
            && note.reason == note::fit_reason(&order.reason)
            && note.asked.contains(&format!(" par {} ", note::fit_name(&order.by)));
        (same && (-CLOCK_MARGIN..=REPEAT).contains(&age)).then(|| moved(shown.ticket.id, note))
    }

    /// Begins a move and takes it to its end.
    async fn begin(&self, shown: &Shown, order: &Order, now: Timestamp) -> Result<Moved, EscalateError> {
        let ticket = shown.ticket.id;
        if shown.is_over() {
            return Err(EscalateError::Over);
        }
        let scales = self.scales().await?;
        let assigned = shown.groups(Role::Assigned);
        let scale = shown.scale(&scales).ok_or(EscalateError::NoApplication)?;
        let level = scale.levels.of(&assigned).ok_or(Immovable::Elsewhere)?;
        let from = names(scale, &scale.levels.groups_on(level, &assigned));
        if let Some(to) = &order.to
            && scale.group(to).is_some_and(|to| scale.levels.of(&[to]) == Some(level) && assigned.contains(&to))
        {
            return Ok(Moved { ticket, from, to: to.clone() });
        }
        let target = target(scale, shown, order)?;
        let note = MoveNote {
            direction: order.direction,
            done: false,
            from,
            to: scale.name(target),
            target,
            asked: self.asked(order, now),
            reason: order.reason.clone(),
            cause: order.cause,
            untaken: shown.ticket.taken_into_account.is_none(),
        }
        .fit();
        let private = self.settings.note == config::Note::Private;
        let followup = self.write(ticket, &Note::Move(note.clone()), private).await?;
        let moved = self.take_to_its_end(ticket, followup, &note, &scale.levels).await?;
        let (direction, cause) = (order.direction.label(), order.cause.label());
        tracing::info!(ticket, direction, cause, to = moved.to, "ticket moved");
        metrics::counter!(MOVES, "direction" => direction, "cause" => cause).increment(1);
        Ok(moved)
    }

    /// Takes a move that was begun earlier to its end.
    async fn finish(&self, shown: &Shown, written: Written<'_>) -> Result<Moved, EscalateError> {
        let ticket = shown.ticket.id;
        let scales = self.scales().await?;
        let scale = shown.scale(&scales).ok_or(EscalateError::NoApplication)?;
        let moved = self.take_to_its_end(ticket, written.followup.id, written.note, &scale.levels).await?;
        let (direction, cause) = (written.note.direction.label(), written.note.cause.label());
        tracing::info!(ticket, direction, cause, to = moved.to, "an interrupted move is finished");
        metrics::counter!(MOVES, "direction" => direction, "cause" => cause).increment(1);
        Ok(moved)
    }

    async fn take_to_its_end(
        &self,
        ticket: u64,
        followup: u64,
        note: &MoveNote,
        levels: &Levels,
    ) -> Result<Moved, EscalateError> {
        let has_technician = self.take_steps(ticket, note.target, levels).await?;
        let done = Note::Move(MoveNote { done: true, ..note.clone() });
        self.glpi.rewrite_followup(followup, &done.html()).await?;
        if note.untaken && !has_technician {
            self.glpi.untake(ticket).await?;
        }
        Ok(moved(ticket, note))
    }

    /// Takes the steps until GLPI shows that none is left; gives whether a person is assigned then.
    async fn take_steps(&self, ticket: u64, target: u64, levels: &Levels) -> Result<bool, EscalateError> {
        let members = self.members(target).await?;
        for _ in 0..ROUNDS {
            let groups = self.glpi.ticket_groups(ticket).await?;
            let users = self.glpi.ticket_users(ticket).await?;
            let left = steps(&shown::group_rows(&groups), &shown::user_rows(&users, &members), target, levels);
            if left.is_empty() {
                return Ok(shown::has_technician(&users));
            }
            for step in &left {
                match self.take_step(ticket, step).await {
                    Ok(()) => {}
                    // The row is gone already.
                    Err(GlpiError::Rejected { .. }) if !matches!(step, Step::AddGroups(_)) => {}
                    // Nobody leaves before GLPI shows who has come.
                    Err(GlpiError::Rejected { .. } | GlpiError::AnswerLost { .. }) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Err(EscalateError::Unconfirmed)
    }

    async fn take_step(&self, ticket: u64, step: &Step) -> Result<(), GlpiError> {
        match step {
            Step::AddGroups(groups) => {
                let groups: Vec<_> = groups.iter().map(|(group, role)| (*group, shown::glpi_role(*role))).collect();
                self.glpi.add_groups(ticket, &groups).await
            }
            Step::RemoveUser(row) => self.glpi.remove_user(*row).await,
            Step::RemoveGroup(row) => self.glpi.remove_group(*row).await,
        }
    }

    /// Obeys a command, or answers why not.
    async fn obey(
        &self,
        shown: &Shown,
        followup: &Followup,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), EscalateError> {
        let may = self.may_command(shown, followup.author).await?;
        let asked = if !may {
            Err(EscalateError::NotAllowed)
        } else if !followup.private {
            Err(EscalateError::Public)
        } else if shown.thread.moved_since(followup.id, command.direction) {
            Err(EscalateError::Already)
        } else {
            let by = self.glpi.user(followup.author).await?.name;
            let reason = if command.reason.is_empty() { "non précisé".to_owned() } else { command.reason.clone() };
            let order =
                Order { direction: command.direction, by, reason, cause: Cause::Followup(followup.id), to: None };
            self.begin(shown, &order, now).await
        };
        let error = match asked {
            Ok(_) => return Ok(()),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => error,
        };
        tracing::info!(ticket = shown.ticket.id, followup = followup.id, reason = error.code(), "command not obeyed");
        metrics::counter!(REFUSALS, "reason" => error.code()).increment(1);
        let refusal = Refusal { direction: command.direction, followup: followup.id, why: error.sentence() };
        self.write(shown.ticket.id, &Note::Refusal(refusal), true).await?;
        Ok(())
    }

    /// Whether this person may have the ticket moved by a follow-up: a member of the application's groups who does
    /// not ask for themself.
    async fn may_command(&self, shown: &Shown, user: u64) -> Result<bool, EscalateError> {
        if shown.is_requester(user) {
            return Ok(false);
        }
        let scales = self.scales().await?;
        let Some(scale) = shown.scale(&scales) else { return Ok(false) };
        for group in scale.groups() {
            if self.members(group).await?.contains(&user) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn weigh_shown(&self, shown: &Shown, now: Timestamp) -> Result<Option<Weighed>, EscalateError> {
        let ticket = &shown.ticket;
        let scales = self.scales().await?;
        let assigned = shown.groups(Role::Assigned);
        let Some(scale) = shown.scale(&scales).filter(|_| shown.is_ours()) else { return Ok(None) };
        let moment = |shown: Option<DateTime>| shown.and_then(|shown| self.calendar.moment(shown));
        let (Some(level), Some(opened)) = (scale.levels.of(&assigned), moment(ticket.opened)) else { return Ok(None) };
        let here = scale.levels.groups_on(level, &assigned);
        let mut arrived = None;
        for group in &here {
            arrived = arrived.max(moment(self.glpi.assigned_since(ticket.id, *group).await?));
        }
        let since = arrived.unwrap_or(opened);
        let facts = Facts {
            status: u8::try_from(ticket.status).unwrap_or_default(),
            urgency: u8::try_from(ticket.urgency).unwrap_or_default(),
            opened,
            arrived,
            taken: moment(ticket.taken_into_account),
            has_technician: shown.has_technician(),
            reminded: shown.thread.reminders(level).any(|written| moment(Some(written)) >= Some(since)),
        };
        Ok(Some(Weighed {
            ticket: ticket.id,
            title: ticket.name.clone(),
            application: scale.application.clone(),
            level,
            groups: names(scale, &here),
            group_ids: here,
            next: scale.levels.up(&assigned).ok().map(|next| scale.name(next.group)),
            since,
            waited: self.calendar.between(since, now),
            verdict: judge(&facts, scale.delays(level), &self.settings.urgency, &self.calendar, now),
        }))
    }

    async fn remind(
        &self,
        shown: &Shown,
        weighed: &Weighed,
        wait: &Wait,
        escalation: Option<Timestamp>,
    ) -> Result<(), EscalateError> {
        let ticket = shown.ticket.id;
        // Mails first: the note says that they have gone.
        for group in &weighed.group_ids {
            self.notifier.remind(ticket, *group, wait.waited).await?;
        }
        let mut waits = format!("Personne ne l'a pris en charge {}.", self.waiting_words(wait));
        if let (Some(moment), Some(next)) = (escalation, &weighed.next) {
            waits.push_str(&format!(" Sans prise en charge, il passera à {next} le {}.", self.date(moment)));
        }
        let reminder =
            Reminder { to: note::fit_name(&weighed.groups), level: weighed.level, waits: note::fit_reason(&waits) };
        self.write(ticket, &Note::Reminder(reminder), true).await?;
        tracing::info!(ticket, level = weighed.level, "reminder written");
        metrics::counter!(REMINDERS).increment(1);
        Ok(())
    }

    /// Adds a note to a ticket; gives its id. It does not count as taking the ticket in charge.
    async fn write(&self, ticket: u64, note: &Note, private: bool) -> Result<u64, GlpiError> {
        let followup = NewFollowup {
            ticket,
            content_html: note.html(),
            author: None,
            private,
            request_type: None,
            effect: Effect::None,
        };
        Ok(self.glpi.add_followup(&followup, &[]).await?.id)
    }

    /// Who asks and when, for a note.
    fn asked(&self, order: &Order, now: Timestamp) -> String {
        let e = match order.direction {
            Direction::Up => "e",
            Direction::Down => "",
        };
        let (by, date) = (note::fit_name(&order.by), self.date(now));
        match order.cause {
            Cause::Api => format!("Demandé{e} par {by} le {date}, par l'API."),
            Cause::CommandLine => format!("Demandé{e} par {by} le {date}, en ligne de commande."),
            Cause::Followup(id) => format!("Demandé{e} par {by} le {date}, par le suivi n°\u{a0}{id}."),
            Cause::Rule => format!("Décidé{e} le {date} par la règle de délai."),
        }
    }

    fn waiting_words(&self, wait: &Wait) -> String {
        format!("depuis le {}, soit {}", self.date(wait.since), in_words(wait.waited))
    }

    fn date(&self, moment: Timestamp) -> String {
        moment.to_zoned(self.zone.clone()).strftime("%d/%m/%Y à %H:%M").to_string()
    }
}

/// The group an order leads to.
fn target(scale: &Scale, shown: &Shown, order: &Order) -> Result<u64, EscalateError> {
    let assigned = shown.groups(Role::Assigned);
    let Move { to, group, .. } = match order.direction {
        Direction::Up => scale.levels.up(&assigned)?,
        Direction::Down => scale.levels.down(&assigned, &shown.groups(Role::Observer))?,
    };
    let Some(wanted) = &order.to else { return Ok(group) };
    // Level 0 may have several groups.
    let named = scale.group(wanted).filter(|named| scale.levels.of(&[*named]) == Some(to));
    named.ok_or_else(|| EscalateError::AnotherGroup { wanted: wanted.clone(), next: scale.name(group) })
}

fn names(scale: &Scale, groups: &[u64]) -> String {
    groups.iter().map(|group| scale.name(*group)).collect::<Vec<_>>().join(", ")
}

fn moved(ticket: u64, note: &MoveNote) -> Moved {
    Moved { ticket, from: note.from.clone(), to: note.to.clone() }
}
