//! The sweep: looks at tickets again and again for what GLPI tells nobody of.
//!
//! One instance at a time sweeps, by a lease. A pass looks at the tickets that were changed since the last complete
//! one (unfinished moves, commands in follow-ups, notices), then at those that wait (rules in time). What was done is read
//! from the tickets: a pass that is cut, an outage or a restart repeats nothing and misses nothing.

mod hints;
mod memory;

pub use hints::{Hint, Hinted, Hints, hints};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use self::memory::SweepMemory;
use crate::{
    config,
    flow::{ledger::Ledger, receipts::Receipts},
    glpi::{Criterion, Glpi, GlpiError, TicketStatus, TicketSummary},
    id::TicketId,
    lifecycle::{
        escalation::{DelayVerdict, EscalateError, Escalator},
        notices::Notifier,
    },
    request::Reference,
};

const PASSES: &str = "passerelle_sweep_passes_total";
const FAILURES: &str = "passerelle_sweep_failures_total";
const COMPLETED: &str = "passerelle_sweep_last_complete_seconds";

/// The right to sweep, of which there is one.
const LEASE: &str = "sweep";
/// How often it is asked for and renewed; it lasts three times as long.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// So much longer ago than it was a ticket may seem to have been changed: clocks differ, GLPI's time zone may be
/// another one, and one hour of a year comes twice. What was looked at in that time is remembered.
const MARGIN: SignedDuration = SignedDuration::from_hours(3);
/// Tickets of one search, at most.
const MOST_FOUND: usize = 10_000;
/// Tickets of one pass that are looked at, at most, for what has changed and for the rules; the next goes on.
const MOST_LOOKED_AT: usize = 1000;

/// Tickets the rules move in one pass, at most: whoever gets them can still say stop.
const MOST_MOVED: usize = 20;

/// Looks at tickets, as long as the gateway serves.
pub struct Sweep {
    glpi: Glpi,
    ledger: Arc<Ledger>,
    escalator: Escalator,
    notifier: Arc<Notifier>,
    receipts: Arc<Receipts>,
    settings: config::Sweep,
    zone: TimeZone,
    stop: CancellationToken,
    /// When the last pass began that looked at all that had changed.
    since: Option<Timestamp>,
    memory: SweepMemory,
}

/// The tickets cannot all be looked at now.
enum Cut {
    /// GLPI cannot answer.
    Away(GlpiError),
    /// The gateway stops.
    Stopped,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Everything was looked at; what failed for its own reasons is tried again in the next pass.
    Complete,
    /// Not everything: GLPI cannot answer, there was too much, or the gateway stops. The next pass goes on.
    Cut,
    /// Another instance sweeps.
    NotOurs,
}

impl Pass {
    fn label(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::NotOurs => "not-ours",
        }
    }
}

impl Sweep {
    /// A sweep that has not looked at anything yet. Once `stop` is cancelled it ends after the ticket it is at.
    pub fn new(
        config: &config::Config,
        glpi: Glpi,
        ledger: Arc<Ledger>,
        escalator: Escalator,
        notifier: Arc<Notifier>,
        receipts: Arc<Receipts>,
        stop: CancellationToken,
    ) -> Self {
        metrics::describe_counter!(PASSES, "Passes over the tickets by how they ended.");
        metrics::describe_counter!(FAILURES, "Tickets a pass could not deal with, by reason.");
        metrics::describe_gauge!(COMPLETED, metrics::Unit::Seconds, "When the last complete pass began, Unix time.");
        Self {
            glpi,
            ledger,
            escalator,
            notifier,
            receipts,
            settings: config.sweep.clone(),
            zone: config.time_zone.clone(),
            stop,
            since: None,
            memory: SweepMemory::default(),
        }
    }

    /// Sweeps at once and then every `sweep.every`, and looks at the tickets that are named, until it is stopped.
    pub async fn run(mut self, mut hinted: Hinted) {
        let stop = self.stop.clone();
        let (mut next, mut renew, mut ours) = (Instant::now(), Instant::now(), false);
        loop {
            let hint = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(next) => Hint::Everything,
                // The lease is kept between passes, too: one instance sweeps, not one after the other.
                () = sleep_until(renew), if ours => {
                    ours = self.ledger.lease(LEASE).await.is_some();
                    renew = Instant::now() + RENEW_EVERY;
                    continue;
                }
                hint = hinted.next() => hint,
            };
            match hint {
                Hint::Everything => {
                    let began = Instant::now();
                    ours = self.pass(Timestamp::now()).await != Pass::NotOurs;
                    // Where its holder dies, a lease ends soon.
                    next = began + if ours { self.settings.every } else { RENEW_EVERY.min(self.settings.every) };
                    renew = Instant::now() + RENEW_EVERY;
                }
                Hint::Tickets(tickets) => self.look_at(&tickets, Timestamp::now()).await,
            }
        }
        self.ledger.hand_back(LEASE).await;
    }

    /// One pass over everything, if it is this instance's turn. `now` is the moment by which delays have passed.
    pub async fn pass(&mut self, now: Timestamp) -> Pass {
        let Some(wait) = self.ledger.lease(LEASE).await else { return Pass::NotOurs };
        let ledger = Arc::clone(&self.ledger);
        let losing_it = async {
            loop {
                sleep(RENEW_EVERY).await;
                if ledger.lease(LEASE).await.is_none() {
                    return;
                }
            }
        };
        let result = tokio::select! {
            result = self.look_at_everything(now, wait) => result,
            // Who has it now goes on.
            () = losing_it => return Pass::NotOurs,
        };
        let pass = match result {
            Ok(true) => {
                #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are few enough")]
                metrics::gauge!(COMPLETED).set(now.as_second() as f64);
                Pass::Complete
            }
            Ok(false) | Err(Cut::Stopped) => Pass::Cut,
            Err(Cut::Away(error)) => {
                tracing::warn!(%error, "a pass over the tickets ends early; the next one makes up for it");
                Pass::Cut
            }
        };
        metrics::counter!(PASSES, "outcome" => pass.label()).increment(1);
        pass
    }

    /// Looks at tickets that a hint named. What fails is found again by a pass.
    async fn look_at(&mut self, tickets: &BTreeSet<TicketId>, now: Timestamp) {
        for ticket in tickets {
            if self.deal_with(*ticket, now).await.is_err() {
                return;
            }
        }
    }

    /// Whether everything was looked at. Without Redis nobody knows whose turn it is: what has waited for `wait`,
    /// another instance surely has dealt with if it could.
    async fn look_at_everything(&mut self, now: Timestamp, wait: Duration) -> Result<bool, Cut> {
        let as_of = SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_sub(wait).ok()).unwrap_or(now);
        self.receipts.make_up(now).await?;
        let until = (!wait.is_zero()).then(|| as_of.to_zoned(self.zone.clone()).datetime());
        let owed: BTreeSet<TicketId> = self.memory.owed().into_iter().take(MOST_LOOKED_AT).collect();
        for ticket in &owed {
            self.deal_with(*ticket, now).await?;
        }
        let changed = self.look_at_changed(now, until, &owed).await?;
        if changed {
            self.since = Some(as_of);
        }
        Ok(self.look_at_waiting(as_of).await? && changed)
    }

    /// What has changed, but not after `until`, and is not among what this pass has `tried`; whether that was all.
    async fn look_at_changed(
        &mut self,
        now: Timestamp,
        until: Option<DateTime>,
        tried: &BTreeSet<TicketId>,
    ) -> Result<bool, Cut> {
        let found = self.changed(now).await?;
        self.memory.keep_changed(&found);
        let newest = found.values().filter_map(|ticket| ticket.modified).max();
        let all_levels = self.escalator.all_levels().await?;
        let mut changed: Vec<_> = found
            .into_values()
            .filter(|ticket| until.is_none_or(|until| ticket.modified.is_none_or(|modified| modified <= until)))
            .filter(|ticket| Reference::find(&ticket.content).is_some() || all_levels.concern(ticket))
            .filter(|ticket| self.memory.is_changed(ticket) && !tried.contains(&ticket.id))
            .collect();
        changed.sort_by_key(|ticket| (ticket.modified, ticket.id));
        for ticket in changed.iter().take(MOST_LOOKED_AT) {
            if self.deal_with(ticket.id, now).await? {
                self.memory.looked_at(ticket, newest);
            }
        }
        Ok(changed.len() <= MOST_LOOKED_AT)
    }

    /// The tickets that were changed since the last look at all of them; at first those of `sweep.look_back` and
    /// whatever is open on a level, for nobody knows how long nobody looked. That too where more were changed than one
    /// search gives, so that no command is missed.
    async fn changed(&self, now: Timestamp) -> Result<BTreeMap<TicketId, TicketSummary>, Cut> {
        let back = SignedDuration::try_from(self.settings.look_back).unwrap_or(SignedDuration::MAX);
        let since = self.since.or_else(|| now.checked_sub(back).ok()).unwrap_or(Timestamp::MIN);
        let since = since.checked_sub(MARGIN).unwrap_or(since).to_zoned(self.zone.clone()).datetime();
        let mut found = self.glpi.search_tickets(&[Criterion::ModifiedAfter(since)], MOST_FOUND).await?;
        let is_full = found.len() == MOST_FOUND;
        if is_full {
            tracing::warn!(
                most = MOST_FOUND,
                "more tickets have changed than are looked at; of the older ones only those that are open"
            );
        }
        if is_full || self.since.is_none() {
            let groups = self.escalator.all_levels().await?.groups();
            let open = [Criterion::AssignedTo(groups), Criterion::Status(TicketStatus::OPEN.to_vec())];
            found.extend(self.glpi.search_tickets(&open, MOST_FOUND).await?);
        }
        Ok(found.into_iter().map(|ticket| (ticket.id, ticket)).collect())
    }

    /// The rules in time; whether all tickets that wait were looked at.
    async fn look_at_waiting(&mut self, now: Timestamp) -> Result<bool, Cut> {
        let waiting = self.escalator.waiting().await?;
        self.memory.judge_by(&self.escalator.all_levels().await?);
        self.memory.keep_waiting(&waiting);
        let (mut left, mut moved) = (MOST_LOOKED_AT, 0);
        for ticket in &waiting {
            match self.memory.may_be_due(ticket, now) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    let earliest = self.escalator.earliest(ticket).await?;
                    if earliest.is_none_or(|earliest| earliest > now) {
                        self.memory.next_due(ticket, earliest);
                        continue;
                    }
                }
            }
            if moved == MOST_MOVED {
                tracing::warn!(moved, "the rules have moved as many tickets as one pass may; the next one goes on");
                return Ok(false);
            }
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            if self.stop.is_cancelled() {
                return Err(Cut::Stopped);
            }
            match self.escalator.enforce(ticket.id, now).await {
                Ok(Some(weighed)) => match weighed.verdict {
                    DelayVerdict::Nothing { next } => self.memory.next_due(ticket, next),
                    DelayVerdict::Escalate { .. } => moved += 1,
                    DelayVerdict::Remind { .. } => {}
                },
                Ok(None) => self.memory.next_due(ticket, None),
                Err(error) => self.failed(ticket.id, error).await?,
            }
        }
        Ok(true)
    }

    /// Does all that is to be done with one ticket; whether it could be done.
    async fn deal_with(&mut self, ticket: TicketId, now: Timestamp) -> Result<bool, Cut> {
        if self.stop.is_cancelled() {
            return Err(Cut::Stopped);
        }
        let dealing = async {
            let attended = self.escalator.process_commands(ticket, now).await;
            if self.notifier.is_on() && !matches!(attended, Err(EscalateError::NotFound(_))) {
                let told = self.notifier.look_at(ticket).await.map_err(EscalateError::from);
                return attended.and(told);
            }
            attended
        };
        match dealing.await {
            Ok(()) | Err(EscalateError::NotFound(_)) => {
                self.memory.settle(ticket);
                Ok(true)
            }
            Err(error) => {
                self.failed(ticket, error).await?;
                Ok(false)
            }
        }
    }

    /// A ticket could not be dealt with: the next pass tries again. Where GLPI answers nobody, this one ends.
    async fn failed(&mut self, ticket: TicketId, error: EscalateError) -> Result<(), Cut> {
        metrics::counter!(FAILURES, "reason" => error.code()).increment(1);
        if self.memory.owe(ticket) {
            tracing::warn!(ticket = ticket.get(), %error, "a ticket could not be dealt with; the next pass tries again");
        } else {
            tracing::debug!(ticket = ticket.get(), %error, "a ticket still could not be dealt with");
        }
        match error {
            EscalateError::Glpi(GlpiError::Unavailable { .. } | GlpiError::AnswerLost { .. }) => {
                Ok(self.glpi.ping().await?)
            }
            _ => Ok(()),
        }
    }
}

impl From<GlpiError> for Cut {
    fn from(error: GlpiError) -> Self {
        Self::Away(error)
    }
}
