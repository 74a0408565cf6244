//! Moves tickets between the levels of their applications, in GLPI.
//!
//! A move is written into the ticket before its first step and again after its last. One that was interrupted is
//! finished by the next caller that reads it, or by the sweep. Each step is planned from what GLPI shows: an
//! interruption anywhere, or two moves at once, end in the same state.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    AllLevels, ApplicationLevels, EscalateError, Immovable, Levels, Move, Step,
    applications::Resolver,
    steps,
    ticket_snapshot::{self, Conversation, TicketSnapshot, Written},
};
use crate::{
    config::{self, Config},
    flow::{
        deliver::Names,
        ledger::{Ledger, TicketBusy},
        route::MappingStore,
    },
    glpi::{ActorRole, Effect, Glpi, GlpiError, NewFollowup},
    id::{FollowupId, GroupId, TicketId, UserId},
    lifecycle::{
        drafts::{DraftError, DraftOrder, DraftPreview, Drafted, Drafter},
        note::{self, Cause, MoveNote, Note},
        notices::Notifier,
    },
    remembered::Remembered,
    request::Direction,
    working_time::Calendar,
};

const MOVES: &str = "passerelle_moves_total";

/// How often the steps are planned anew before the move counts as not confirmed: others may act on the ticket, too.
const ROUNDS: usize = 4;
/// Moves of which it is remembered that they took nothing in charge.
const MOST_UNTAKEN: u64 = 100_000;
/// The same request of the same person within this time is a repeat, whose answer was lost.
const REPEAT: SignedDuration = SignedDuration::from_mins(10);
/// Clocks differ.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(2);

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
    pub ticket: TicketId,
    /// The group that had it; several are parted by commas.
    pub from: String,
    /// The group that has it.
    pub to: String,
}

/// Moves tickets. One for the whole gateway.
#[derive(Clone)]
pub struct Escalator {
    pub(super) glpi: Glpi,
    ledger: Arc<Ledger>,
    pub(super) notifier: Arc<Notifier>,
    pub(super) drafter: Drafter,
    resolver: Arc<Resolver>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) settings: config::Escalation,
    zone: jiff::tz::TimeZone,
    /// The notes of moves that have ended, after which the ticket was seen not to count as taken in charge by them: only
    /// a crash between two writes can leave it so, and that is looked for once.
    untaken: Remembered<FollowupId, ()>,
}

pub(super) fn describe_metrics() {
    metrics::describe_counter!(MOVES, "Tickets that went to another level, by direction and what asked for it.");
    for direction in [Direction::Up, Direction::Down] {
        for cause in [Cause::Api, Cause::CommandLine, Cause::Followup(FollowupId::default()), Cause::Rule] {
            metrics::counter!(MOVES, "direction" => direction.label(), "cause" => cause.label()).increment(0);
        }
    }
}

impl Escalator {
    /// An escalator over these mappings.
    pub fn new(
        config: &Config,
        glpi: Glpi,
        ledger: Arc<Ledger>,
        mappings: MappingStore,
        names: Names,
        notifier: Arc<Notifier>,
        calendar: Arc<Calendar>,
    ) -> Self {
        Self {
            drafter: Drafter::new(&config.glpi, glpi.clone(), mappings.clone()),
            glpi,
            ledger,
            notifier,
            resolver: Arc::new(Resolver::new(mappings, names)),
            calendar,
            settings: config.escalation.clone(),
            zone: config.time_zone.clone(),
            untaken: Remembered::without_end(MOST_UNTAKEN),
        }
    }

    /// The same escalator for what nobody waits for: its calls to GLPI let those go first that somebody waits for.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { glpi: self.glpi.in_background(), drafter: self.drafter.in_background(), ..self.clone() }
    }

    /// The levels of all applications.
    ///
    /// # Errors
    ///
    /// When GLPI cannot be asked for their groups.
    pub async fn all_levels(&self) -> Result<Arc<AllLevels>, GlpiError> {
        self.resolver.all_levels().await
    }

    /// Moves a ticket as it is asked for. A move of it that was begun earlier is finished first; if that is the one
    /// that is asked for, it is the answer. So a call may be repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// Says why not. What was begun is finished by the next call or the sweep.
    pub async fn move_ticket(&self, ticket: TicketId, order: &Order, now: Timestamp) -> Result<Moved, EscalateError> {
        let moving = async {
            let mut snapshot = self.read(ticket).await?;
            let finished = self.finish_interrupted(&snapshot).await?;
            let is_wanted = |moved: &Moved| order.to.as_ref().is_none_or(|to| note::fit_name(to) == moved.to);
            let mut wanted = finished.into_iter().filter(|(direction, _)| *direction == order.direction);
            if let Some((_, moved)) = wanted.next_back().filter(|(_, moved)| is_wanted(moved)) {
                return Ok(moved);
            }
            if snapshot.thread.unfinished().next().is_some() {
                snapshot = self.read(ticket).await?;
            }
            if let Some(repeated) = self.repeated(&snapshot, order, now) {
                return Ok(repeated);
            }
            self.begin(&snapshot, order, now).await
        };
        self.with_ticket_lock(ticket, moving).await
    }

    /// What the article drafted from a ticket for `author` would say; see [`Drafter::preview`].
    ///
    /// # Errors
    ///
    /// Where there is no such ticket, or GLPI cannot say.
    pub async fn preview_article(&self, ticket: TicketId, author: Option<UserId>) -> Result<DraftPreview, DraftError> {
        self.drafter.preview(ticket, author).await
    }

    /// Drafts an article from a ticket, or writes its draft again; see [`Drafter::draft`].
    ///
    /// # Errors
    ///
    /// Says why not.
    pub async fn draft_article(&self, ticket: TicketId, order: &DraftOrder) -> Result<Drafted, DraftError> {
        let drafting = Box::pin(self.drafter.draft(ticket, order));
        self.ledger.with_ticket(ticket, drafting).await.map_err(|TicketBusy| DraftError::Busy)?
    }

    /// Runs `work` while nobody else, here or at another instance, does such work on the ticket. The work converges
    /// without this, too; with it, nothing is written twice.
    ///
    /// # Errors
    ///
    /// [`EscalateError::Busy`] where another one does not end in time.
    pub(super) async fn with_ticket_lock<T>(
        &self,
        ticket: TicketId,
        work: impl Future<Output = Result<T, EscalateError>>,
    ) -> Result<T, EscalateError> {
        self.ledger.with_ticket(ticket, Box::pin(work)).await.map_err(|TicketBusy| EscalateError::Busy)?
    }

    pub(super) async fn read(&self, id: TicketId) -> Result<TicketSnapshot, EscalateError> {
        let own = self.glpi.own_account().await?;
        let (ticket, history) = match self.glpi.ticket_with_history(id).await {
            Ok((ticket, history)) if !ticket.deleted => (ticket, history),
            Ok(_) | Err(GlpiError::NotFound) => return Err(EscalateError::NotFound(id)),
            Err(error) => return Err(error.into()),
        };
        Ok(TicketSnapshot {
            ticket,
            history,
            groups: self.glpi.ticket_groups(id).await?,
            users: self.glpi.ticket_users(id).await?,
            thread: Conversation::new(self.glpi.ticket_followups(id).await?, own),
        })
    }

    /// Finishes every move that was begun or gives it up, and takes back that one made GLPI count the ticket as taken
    /// in charge; gives the moves it finished.
    pub(super) async fn finish_interrupted(
        &self,
        snapshot: &TicketSnapshot,
    ) -> Result<Vec<(Direction, Moved)>, EscalateError> {
        let mut finished = Vec::new();
        for written in snapshot.thread.unfinished() {
            finished.extend(self.finish(snapshot, written).await?.map(|moved| (written.note.direction, moved)));
        }
        if let Some(written) = snapshot.thread.last_settled()
            && snapshot.thread.unfinished().next().is_none()
        {
            if snapshot.is_taken_by(written) {
                self.glpi.untake(snapshot.ticket.id).await?;
            }
            self.remember_untaken(written).await;
        }
        Ok(finished)
    }

    /// The move that the same order led to a moment ago.
    fn repeated(&self, snapshot: &TicketSnapshot, order: &Order, now: Timestamp) -> Option<Moved> {
        let written = snapshot.thread.last_done()?;
        let at = self.calendar.moment(written.followup.written?)?;
        let age = now.duration_since(at);
        let note = written.note;
        let same = note.direction == order.direction
            && order.to.as_ref().is_none_or(|to| note::fit_name(to) == note.to)
            && snapshot.groups(ActorRole::Assigned).contains(&note.target)
            && note.cause == order.cause
            && note.reason == note::fit_reason(&order.reason)
            && note.asked.contains(&format!(" par {} ", note::fit_name(&order.by)));
        (same && (-CLOCK_MARGIN..=REPEAT).contains(&age)).then(|| moved(snapshot.ticket.id, note))
    }

    /// Begins a move and takes it to its end.
    pub(super) async fn begin(
        &self,
        snapshot: &TicketSnapshot,
        order: &Order,
        now: Timestamp,
    ) -> Result<Moved, EscalateError> {
        let ticket = snapshot.ticket.id;
        if snapshot.is_over() {
            return Err(EscalateError::Over);
        }
        let all_levels = self.all_levels().await?;
        let assigned = snapshot.groups(ActorRole::Assigned);
        let application_levels = snapshot.application_levels(&all_levels).ok_or(EscalateError::NoApplication)?;
        let level = application_levels.levels.of(&assigned).ok_or(Immovable::Elsewhere)?;
        let from = names(application_levels, &application_levels.levels.groups_on(level, &assigned));
        if let Some(to) = &order.to
            && application_levels
                .group(to)
                .is_some_and(|to| application_levels.levels.of(&[to]) == Some(level) && assigned.contains(&to))
        {
            return Ok(Moved { ticket, from, to: to.clone() });
        }
        let target = target(application_levels, snapshot, order)?;
        let note = MoveNote {
            direction: order.direction,
            done: false,
            given_up: None,
            from,
            to: application_levels.name(target),
            target,
            asked: self.asked(order, now),
            reason: order.reason.clone(),
            cause: order.cause,
            untaken: snapshot.ticket.taken_into_account.is_none(),
        }
        .fit();
        // Nobody is told of what may yet be interrupted.
        let followup = self.glpi.add_note(ticket, &Note::Move(note.clone()).html()).await?;
        self.take_to_its_end(snapshot, followup, &note, &application_levels.levels).await?;
        if note.untaken {
            // It was read as such a moment ago, and nobody else moves it: what GLPI counts now is this move.
            self.glpi.untake(ticket).await?;
            self.untaken.insert(followup, ()).await;
        }
        let moved = moved(ticket, &note);
        let (direction, cause) = (order.direction.label(), order.cause.label());
        tracing::info!(ticket = ticket.get(), direction, cause, to = moved.to, "ticket moved");
        metrics::counter!(MOVES, "direction" => direction, "cause" => cause).increment(1);
        Ok(moved)
    }

    /// Takes a move that was begun earlier to its end, or gives it up.
    async fn finish(&self, snapshot: &TicketSnapshot, written: Written<'_>) -> Result<Option<Moved>, EscalateError> {
        let ticket = snapshot.ticket.id;
        let all_levels = self.all_levels().await?;
        let application = snapshot
            .application_levels(&all_levels)
            .filter(|application_levels| application_levels.levels.contain(written.note.target));
        let Some(application_levels) = application else {
            self.give_up(ticket, written, "Ce groupe n’est plus d’un niveau de l’application de ce ticket.").await?;
            return Ok(None);
        };
        if snapshot.is_over() {
            self.give_up(ticket, written, "Ce ticket a été résolu ou clos entre-temps.").await?;
            return Ok(None);
        }
        if self.is_overtaken(ticket, written, &application_levels.levels).await? {
            self.give_up(ticket, written, "Entre-temps, quelqu’un a changé à la main les groupes de ce ticket.")
                .await?;
            return Ok(None);
        }
        self.take_to_its_end(snapshot, written.followup.id, written.note, &application_levels.levels).await?;
        self.untake(ticket, written.note).await?;
        let moved = moved(ticket, written.note);
        let (direction, cause) = (written.note.direction.label(), written.note.cause.label());
        tracing::info!(ticket = ticket.get(), direction, cause, to = moved.to, "an interrupted move is finished");
        metrics::counter!(MOVES, "direction" => direction, "cause" => cause).increment(1);
        Ok(Some(moved))
    }

    /// Takes the steps of a move, and says in its note that it is done. What GLPI counts as taking in charge because of
    /// these writes is still to be taken back.
    async fn take_to_its_end(
        &self,
        snapshot: &TicketSnapshot,
        followup: FollowupId,
        note: &MoveNote,
        levels: &Levels,
    ) -> Result<(), EscalateError> {
        self.take_steps(snapshot, note.target, levels).await?;
        let done = Note::Move(MoveNote { done: true, ..note.clone() }).html();
        match self.settings.note {
            config::Note::Private => self.glpi.rewrite_followup(followup, &done).await?,
            config::Note::Public => self.glpi.publish_followup(followup, &done).await?,
        }
        Ok(())
    }

    /// Takes back that the writes of this move made GLPI count the ticket as taken in charge.
    async fn untake(&self, ticket: TicketId, note: &MoveNote) -> Result<(), EscalateError> {
        if note.untaken {
            let snapshot = self.read(ticket).await?;
            if let Some(written) = snapshot.thread.last_settled() {
                if snapshot.is_taken_by(written) {
                    self.glpi.untake(ticket).await?;
                }
                self.remember_untaken(written).await;
            }
        }
        Ok(())
    }

    async fn remember_untaken(&self, written: Written<'_>) {
        self.untaken.insert(written.followup.id, ()).await;
    }

    /// Whether it was seen that this move does not count as taking its ticket in charge.
    pub(super) fn is_untaken(&self, written: Written<'_>) -> bool {
        self.untaken.has(&written.followup.id)
    }

    /// Whether somebody else has given the ticket to a group of its levels, or taken one off it, since this move was
    /// begun.
    async fn is_overtaken(&self, ticket: TicketId, written: Written<'_>, levels: &Levels) -> Result<bool, GlpiError> {
        let own = self.glpi.own_account().await?;
        let changes = self.glpi.group_changes(ticket).await?;
        Ok(changes.into_iter().any(|change| {
            let is_others = levels.contain(change.group) && change.by.is_some_and(|by| by != own);
            is_others && Some(change.at) >= written.followup.written
        }))
    }

    /// Says in the note of a move that it ends before its last step, and why.
    async fn give_up(&self, ticket: TicketId, written: Written<'_>, why: &str) -> Result<(), EscalateError> {
        let note = MoveNote { given_up: Some(why.to_owned()), ..written.note.clone() };
        self.glpi.rewrite_followup(written.followup.id, &Note::Move(note.clone()).html()).await?;
        tracing::warn!(ticket = ticket.get(), to = note.to, why, "an interrupted move is given up");
        self.untake(ticket, &note).await
    }

    /// Takes the steps until GLPI shows that none is left. The first are planned from what was read of the ticket a moment
    /// ago; whether somebody works on it is asked again where somebody did.
    async fn take_steps(
        &self,
        snapshot: &TicketSnapshot,
        target: GroupId,
        levels: &Levels,
    ) -> Result<(), EscalateError> {
        let ticket = snapshot.ticket.id;
        let (mut groups, mut users) = (snapshot.groups.clone(), snapshot.users.clone());
        for round in 0..=ROUNDS {
            if round > 0 {
                groups = self.glpi.ticket_groups(ticket).await?;
                if round > 1 || snapshot.has_technician() {
                    users = self.glpi.ticket_users(ticket).await?;
                }
            }
            let members = if ticket_snapshot::has_technician(&users) {
                self.glpi.directory().members(target).await?
            } else {
                Arc::default()
            };
            let left = steps(&groups, &ticket_snapshot::user_rows(&users, &members), target, levels);
            if left.is_empty() && round > 0 {
                return Ok(());
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

    async fn take_step(&self, ticket: TicketId, step: &Step) -> Result<(), GlpiError> {
        match step {
            Step::AddGroups(groups) if self.notifier.leaves_moves_to_glpi() => {
                self.glpi.add_groups(ticket, groups).await
            }
            Step::AddGroups(groups) => self.glpi.add_groups_silently(ticket, groups).await,
            Step::RemoveUser(row) => self.glpi.remove_user(*row).await,
            Step::RemoveGroup(row) => self.glpi.remove_group(*row).await,
        }
    }

    /// Adds a private note to a ticket, of which GLPI tells whom it tells of follow-ups. It does not count as taking the
    /// ticket in charge.
    pub(super) async fn write(&self, ticket: TicketId, note: &Note) -> Result<(), GlpiError> {
        let followup = NewFollowup {
            ticket,
            content_html: note.html(),
            author: None,
            private: true,
            request_type: None,
            effect: Effect::None,
        };
        self.glpi.add_followup(&followup, &[]).await.map(drop)
    }

    /// Who asks and when, for a note.
    fn asked(&self, order: &Order, now: Timestamp) -> String {
        let e = match order.direction {
            Direction::Up => "e",
            Direction::Down => "",
        };
        let (by, date) = (note::fit_name(&order.by), self.date(now));
        match order.cause {
            Cause::Api => format!("Demandé{e} par {by} le {date}, par l’API."),
            Cause::CommandLine => format!("Demandé{e} par {by} le {date}, en ligne de commande."),
            Cause::Followup(id) => format!("Demandé{e} par {by} le {date}, par le suivi n°\u{a0}{id}."),
            Cause::Rule => format!("Décidé{e} le {date} par la règle de délai."),
            Cause::Page => format!("Demandé{e} par {by} le {date}, sur une page de la passerelle."),
        }
    }

    pub(super) fn date(&self, moment: Timestamp) -> String {
        moment.to_zoned(self.zone.clone()).strftime("%d/%m/%Y à %H:%M").to_string()
    }
}

/// The group an order leads to.
fn target(
    application_levels: &ApplicationLevels,
    snapshot: &TicketSnapshot,
    order: &Order,
) -> Result<GroupId, EscalateError> {
    let assigned = snapshot.groups(ActorRole::Assigned);
    let Move { to, group, .. } = match order.direction {
        Direction::Up => application_levels.levels.up(&assigned)?,
        Direction::Down => application_levels.levels.down(&assigned, &snapshot.groups(ActorRole::Observer))?,
    };
    let Some(wanted) = &order.to else { return Ok(group) };
    // Level 0 may have several groups.
    let named = application_levels.group(wanted).filter(|named| application_levels.levels.of(&[*named]) == Some(to));
    named.ok_or_else(|| EscalateError::AnotherGroup { wanted: wanted.clone(), next: application_levels.name(group) })
}

pub(super) fn names(application_levels: &ApplicationLevels, groups: &[GroupId]) -> String {
    groups.iter().map(|group| application_levels.name(*group)).collect::<Vec<_>>().join(", ")
}

fn moved(ticket: TicketId, note: &MoveNote) -> Moved {
    Moved { ticket, from: note.from.clone(), to: note.to.clone() }
}
