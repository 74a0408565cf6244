//! The rules in time, in GLPI: which tickets wait, what is due for them, and doing it.

use std::{collections::BTreeSet, time::Duration};

use jiff::{Timestamp, civil::DateTime};

use super::{
    AllLevels, ApplicationLevels, DelayVerdict, EscalateError, Escalator, Facts, Order, delays::WAITING,
    escalator::names, judge, ticket_snapshot::TicketSnapshot,
};
use crate::{
    glpi::{ActorRole, Criterion, GlpiError, TicketSummary},
    id::{GroupId, TicketId},
    lifecycle::note::{self, Cause, Note, Reminder},
    request::{Direction, Reference},
    working_time::{Wait, in_words},
};

const REMINDERS: &str = "passerelle_reminders_total";

/// Tickets the rules look at, at most; the newest beyond are left for when others are gone.
const MOST_WAITING: usize = 10_000;

/// What the rules in time say of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The ticket.
    pub ticket: TicketId,
    /// Its title.
    pub title: String,
    /// Its application.
    pub application: String,
    /// Its level.
    pub level: usize,
    /// The groups of this level that have it, parted by commas.
    pub groups: String,
    /// Their ids.
    pub group_ids: Vec<GroupId>,
    /// The group of the next level; none above the highest.
    pub next: Option<String>,
    /// When it came to this level.
    pub since: Timestamp,
    /// The working time since then.
    pub waited: Duration,
    /// What is due.
    pub verdict: DelayVerdict,
}

/// What the counter is for.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(REMINDERS, "Reminders of tickets nobody has taken in charge.");
    metrics::counter!(REMINDERS).increment(0);
}

impl Escalator {
    /// Does what the rules say of a ticket now, if they say anything; gives what they said. `None` for one they do
    /// not apply to: the gateway did not make it, or it is on no level.
    ///
    /// # Errors
    ///
    /// What could not be done now; the next call makes up for it.
    pub async fn enforce(&self, ticket: TicketId, now: Timestamp) -> Result<Option<Evaluation>, EscalateError> {
        let enforcing = async {
            let snapshot = self.read(ticket).await?;
            if !self.finish_interrupted(&snapshot).await?.is_empty() {
                // It will be weighed where it has arrived now.
                return Ok(None);
            }
            let Some(weighed) = self.evaluate_snapshot(&snapshot, now).await? else { return Ok(None) };
            match &weighed.verdict {
                DelayVerdict::Nothing { .. } => {}
                DelayVerdict::Remind { wait, escalation } => {
                    self.remind(&snapshot, &weighed, wait, *escalation).await?;
                }
                DelayVerdict::Escalate { wait } => {
                    let order = Order {
                        direction: Direction::Up,
                        by: String::new(),
                        reason: format!("personne ne l’a pris en charge {}", self.waiting_words(wait)),
                        cause: Cause::Rule,
                        to: None,
                    };
                    self.begin(&snapshot, &order, now).await?;
                }
            }
            Ok(Some(weighed))
        };
        self.with_ticket_lock(ticket, enforcing).await
    }

    /// What the rules say of a ticket now, changing nothing; `None` as for [`Escalator::enforce`].
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn evaluate(&self, ticket: TicketId, now: Timestamp) -> Result<Option<Evaluation>, EscalateError> {
        let snapshot = self.read(ticket).await?;
        self.evaluate_snapshot(&snapshot, now).await
    }

    /// The tickets the rules may strike: made by the gateway, on a level that has a rule, without a technician; the
    /// oldest first.
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn waiting(&self) -> Result<Vec<TicketSummary>, GlpiError> {
        let all_levels = self.all_levels().await?;
        let groups: BTreeSet<GroupId> =
            all_levels.all().iter().flat_map(ApplicationLevels::groups_with_rules).collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let criteria = [Criterion::AssignedTo(groups.into_iter().collect()), Criterion::Status(WAITING.to_vec())];
        let mut found = self.glpi.oldest_tickets(&criteria, MOST_WAITING).await?;
        if found.len() == MOST_WAITING {
            tracing::warn!(most = MOST_WAITING, "more tickets wait than are looked at; the oldest come first");
        }
        found.retain(|ticket| ticket.technicians.is_empty() && Reference::find(&ticket.content).is_some());
        Ok(found)
    }

    /// The earliest moment a rule of these levels can strike a ticket that a search shows: its working time since its
    /// opening is at least that on its level. `None`: never.
    pub fn earliest(&self, all_levels: &AllLevels, ticket: &TicketSummary) -> Option<Timestamp> {
        let of_category: Vec<&ApplicationLevels> = all_levels
            .all()
            .iter()
            .filter(|application_levels| application_levels.has_category(&ticket.category))
            .collect();
        let candidates = if of_category.is_empty() { all_levels.all().iter().collect() } else { of_category };
        let shortest = candidates.into_iter().filter_map(ApplicationLevels::shortest_delay).min();
        let opened = ticket.opened.and_then(|opened| self.calendar.moment(opened));
        let (shortest, opened) = (shortest?, opened?);
        let percents = self.settings.urgency;
        let percent = [percents.very_low, percents.low, percents.medium, percents.high, percents.very_high];
        let least = percent.into_iter().min().unwrap_or(100);
        self.calendar.after(opened, shortest.saturating_mul(least) / 100)
    }

    async fn evaluate_snapshot(
        &self,
        snapshot: &TicketSnapshot,
        now: Timestamp,
    ) -> Result<Option<Evaluation>, EscalateError> {
        let ticket = &snapshot.ticket;
        let all_levels = self.all_levels().await?;
        let assigned = snapshot.groups(ActorRole::Assigned);
        let Some(application_levels) = snapshot.application_levels(&all_levels).filter(|_| snapshot.is_ours()) else {
            return Ok(None);
        };
        let moment = |snapshot: Option<DateTime>| snapshot.and_then(|snapshot| self.calendar.moment(snapshot));
        let (Some(level), Some(opened)) = (application_levels.levels.of(&assigned), moment(ticket.opened)) else {
            return Ok(None);
        };
        let here = application_levels.levels.groups_on(level, &assigned);
        let mut arrived = None;
        for group in &here {
            arrived = arrived.max(moment(snapshot.assigned_since(*group)));
        }
        // The history may be purged, or not ours to read.
        arrived = arrived.max(moment(snapshot.thread.moved_to(&here)));
        let since = arrived.unwrap_or(opened);
        let own = self.glpi.own_account().await?;
        let mut members = BTreeSet::new();
        if snapshot.is_answered(own) {
            for group in &here {
                members.extend(self.glpi.directory().members(*group).await?.iter().copied());
            }
        }
        let answered = snapshot.last_answer(&members, own);
        let facts = Facts {
            status: ticket.status,
            urgency: u8::try_from(ticket.urgency).unwrap_or_default(),
            opened,
            arrived,
            taken: moment(ticket.taken_into_account.max(answered)),
            has_technician: snapshot.has_technician(),
            reminded: snapshot.thread.reminders(level).any(|written| moment(Some(written)) >= Some(since)),
        };
        Ok(Some(Evaluation {
            ticket: ticket.id,
            title: ticket.name.clone(),
            application: application_levels.application.clone(),
            level,
            groups: names(application_levels, &here),
            group_ids: here,
            next: application_levels.levels.up(&assigned).ok().map(|next| application_levels.name(next.group)),
            since,
            waited: self.calendar.between(since, now),
            verdict: judge(&facts, application_levels.delays(level), &self.settings.urgency, &self.calendar, now),
        }))
    }

    async fn remind(
        &self,
        snapshot: &TicketSnapshot,
        weighed: &Evaluation,
        wait: &Wait,
        escalation: Option<Timestamp>,
    ) -> Result<(), EscalateError> {
        let ticket = snapshot.ticket.id;
        // Mails first: the note says that they have gone.
        for group in &weighed.group_ids {
            self.notifier.remind(ticket, *group, wait).await?;
        }
        let since = self.waiting_words(wait);
        let waits = match (escalation, &weighed.next) {
            (Some(moment), Some(next)) => {
                let date = self.date(moment);
                format!("Personne ne l’a pris en charge {since}. Sans prise en charge, il passera à {next} le {date}.")
            }
            _ => format!("Personne ne l’a pris en charge {since}."),
        };
        let reminder =
            Reminder { to: note::fit_name(&weighed.groups), level: weighed.level, waits: note::fit_reason(&waits) };
        self.write(ticket, &Note::Reminder(reminder)).await?;
        self.notifier.reminded(ticket);
        tracing::info!(ticket = ticket.get(), level = weighed.level, "reminder written");
        metrics::counter!(REMINDERS).increment(1);
        Ok(())
    }

    fn waiting_words(&self, wait: &Wait) -> String {
        format!("depuis le {}, soit {}", self.date(wait.since), in_words(wait.waited))
    }
}
