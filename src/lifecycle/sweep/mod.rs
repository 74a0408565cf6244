//! The sweep: looks at tickets again and again for what GLPI tells nobody of.
//!
//! One instance at a time sweeps, by a lease. A pass looks at the tickets that were changed since the last complete
//! one (unfinished moves, commands in follow-ups, notices), then at those that wait (rules in time). What was done is read
//! from the tickets: a pass that is cut, an outage or a restart repeats nothing and misses nothing.
//!
//! Which tickets wait is read at the start and once a day, and kept up to date by what changes: a pass over nothing new
//! is one search. Where many have changed, a few searches tell which of them are worth a closer look (`changes`). Notices
//! are sent, and the portal is told, beside the pass (`letters`), and what fails is owed (`debts`). Tickets that are named
//! meanwhile are looked at between two of its own.

mod changes;
mod debts;
mod hints;
mod letters;
mod memory;

pub use hints::{Hint, Hinted, Hints, hints};

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use self::{
    changes::{Changed, ChangedTickets, Tellers},
    debts::Debts,
    letters::{Letters, Told},
    memory::SweepMemory,
};
use crate::{
    config,
    flow::{ledger::Ledger, receipts::Receipts},
    glpi::{Criterion, Glpi, GlpiError, ReadUntil, Sorting, TicketStatus},
    id::TicketId,
    lifecycle::{
        escalation::{AllLevels, DelayVerdict, EscalateError, Escalator},
        notices::{Announcer, Notifier, Unsent},
    },
};

const PASSES: &str = "passerelle_sweep_passes_total";
const FAILURES: &str = "passerelle_sweep_failures_total";
/// The portal could not be told of a ticket.
const UNANNOUNCED: &str = "unannounced";
const COMPLETED: &str = "passerelle_sweep_last_complete_seconds";

/// The right to sweep, of which there is one.
const LEASE: &str = "sweep";
/// How often it is asked for and renewed; it lasts three times as long.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// Tickets of one search, at most.
const MOST_FOUND: usize = 20_000;
/// How long it is believed which tickets wait; and how long where there were more than one search gives.
const READ_AGAIN: SignedDuration = SignedDuration::from_hours(24);
const READ_AGAIN_WHEN_CUT: SignedDuration = SignedDuration::from_hours(1);
/// Where more have changed, it is asked first which of them are worth a closer look: that costs as much as looking at
/// these.
const FEW: usize = 8;
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
    announcer: Arc<Announcer>,
    receipts: Arc<Receipts>,
    settings: config::Sweep,
    zone: TimeZone,
    stop: CancellationToken,
    /// Until where the last pass came that looked at all that had changed.
    until: Option<ReadUntil>,
    memory: SweepMemory,
    debts: Debts,
    letters: Letters,
    /// What the portal is being told, and what is still to be told it.
    announcements: Letters,
    unannounced: Debts,
    /// Tickets to look at when their notices are sent.
    put_off: BTreeSet<TicketId>,
    hinted: Option<Hinted>,
    /// Whether a further pass was asked for during one.
    is_called_again: bool,
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

/// What the figures are.
pub fn describe_metrics() {
    metrics::describe_counter!(PASSES, "Passes over the tickets by how they ended.");
    metrics::describe_counter!(FAILURES, "Tickets a pass could not deal with, by reason.");
    metrics::describe_gauge!(COMPLETED, metrics::Unit::Seconds, "When the last complete pass began, Unix time.");
    for pass in [Pass::Complete, Pass::Cut] {
        metrics::counter!(PASSES, "outcome" => pass.label()).increment(0);
    }
    for reason in EscalateError::CODES.into_iter().chain([UNANNOUNCED]) {
        metrics::counter!(FAILURES, "reason" => reason).increment(0);
    }
}

impl Sweep {
    /// A sweep that has not looked at anything yet. Once `stop` is cancelled it ends after the ticket it is at.
    pub fn new(
        config: &config::Config,
        glpi: Glpi,
        ledger: Arc<Ledger>,
        escalator: Escalator,
        (notifier, announcer): (Arc<Notifier>, Arc<Announcer>),
        receipts: Arc<Receipts>,
        stop: CancellationToken,
    ) -> Self {
        let (writing, telling) = (Arc::clone(&notifier), Arc::clone(&announcer));
        let write = move |ticket| {
            let notifier = Arc::clone(&writing);
            async move { notifier.look_at(ticket).await }.boxed()
        };
        let tell = move |ticket| {
            let announcer = Arc::clone(&telling);
            async move { announcer.look_at(ticket).await }.boxed()
        };
        Self {
            glpi,
            ledger,
            escalator,
            letters: Letters::new(Arc::new(write), stop.clone()),
            announcements: Letters::new(Arc::new(tell), stop.clone()),
            unannounced: Debts::default(),
            debts: Debts::default(),
            notifier,
            announcer,
            receipts,
            settings: config.sweep.clone(),
            zone: config.time_zone.clone(),
            stop,
            until: None,
            memory: SweepMemory::default(),
            put_off: BTreeSet::new(),
            hinted: None,
            is_called_again: false,
        }
    }

    /// Sweeps at once and then every `sweep.every`, and looks at the tickets that are named, until it is stopped.
    pub async fn run(mut self, hinted: Hinted) {
        let stop = self.stop.clone();
        self.hinted = Some(hinted);
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
                hint = next_hint(&mut self.hinted) => hint,
                told = self.letters.next(), if !self.letters.is_empty() => {
                    if let Some(told) = told {
                        drop(self.settle_letter(told).await);
                    }
                    continue;
                }
                told = self.announcements.next(), if !self.announcements.is_empty() => {
                    if let Some(told) = told {
                        self.settle_announcement(told);
                    }
                    continue;
                }
            };
            match hint {
                Hint::Everything => {
                    let began = Instant::now();
                    self.is_called_again = false;
                    ours = self.pass(Timestamp::now()).await != Pass::NotOurs;
                    // Where its holder dies, a lease ends soon.
                    next = began + if ours { self.settings.every } else { RENEW_EVERY.min(self.settings.every) };
                    if self.is_called_again {
                        next = began;
                    }
                    renew = Instant::now() + RENEW_EVERY;
                }
                Hint::Tickets(tickets) => drop(self.look_at(tickets).await),
            }
            // A pass that takes longer than it is until the next one lets nobody wait.
            drop(self.look_at_named().await);
        }
        self.letters.finish().await;
        self.announcements.finish().await;
        self.ledger.hand_back(LEASE).await;
    }

    /// One pass over everything, if it is this instance's turn. `now` is the moment by which delays have passed.
    pub async fn pass(&mut self, now: Timestamp) -> Pass {
        let Some(wait) = self.ledger.lease(LEASE).await else {
            // Another one moves tickets in the meantime.
            self.memory.forget_waiting();
            return Pass::NotOurs;
        };
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

    /// Looks at the tickets that were named in the meantime. What fails is found again by a pass.
    async fn look_at_named(&mut self) -> Result<(), Cut> {
        while let Some(hint) = self.hinted.as_mut().and_then(Hinted::waiting) {
            self.follow(hint).await?;
        }
        self.settle_letters().await
    }

    async fn follow(&mut self, hint: Hint) -> Result<(), Cut> {
        match hint {
            Hint::Everything => self.is_called_again = true,
            Hint::Tickets(tickets) => self.look_at(tickets).await?,
        }
        Ok(())
    }

    async fn settle_letters(&mut self) -> Result<(), Cut> {
        while let Some(told) = self.letters.ended() {
            self.settle_letter(told).await?;
        }
        while let Some(told) = self.announcements.ended() {
            self.settle_announcement(told);
        }
        Ok(())
    }

    fn settle_announcement(&mut self, (ticket, told): Told) {
        match told {
            Some(Ok(())) => self.unannounced.settle(ticket),
            Some(Err(error)) => self.is_unannounced(ticket, &error),
            None => {}
        }
    }

    /// The portal could not be told: a later pass tries again.
    fn is_unannounced(&mut self, ticket: TicketId, error: &Unsent) {
        metrics::counter!(FAILURES, "reason" => UNANNOUNCED).increment(1);
        let is_first = match error {
            // The portal is away, or Redis, for all tickets.
            Unsent::Hook(error) if !error.is_of_this_event() => self.unannounced.put_off(ticket),
            Unsent::Elsewhere => self.unannounced.put_off(ticket),
            _ => self.unannounced.owe(ticket),
        };
        if is_first {
            tracing::warn!(ticket = ticket.get(), %error, "the portal was not told of a ticket; the next pass tries again");
        } else {
            tracing::debug!(ticket = ticket.get(), %error, "the portal still was not told of a ticket");
        }
    }

    /// Has the portal told what is due for a ticket, beside all else.
    fn announce(&mut self, ticket: TicketId) {
        if self.announcer.is_on() && !self.announcements.look_at(ticket) {
            self.unannounced.owe(ticket);
        }
    }

    async fn settle_letter(&mut self, (ticket, told): Told) -> Result<(), Cut> {
        match told {
            Some(Ok(())) => self.debts.settle(ticket),
            Some(Err(error)) => self.failed(ticket, error.into()).await?,
            None => {}
        }
        if self.put_off.remove(&ticket) {
            self.deal_with(ticket, Timestamp::now()).await?;
        }
        Ok(())
    }

    async fn look_at(&mut self, tickets: BTreeSet<TicketId>) -> Result<(), Cut> {
        for ticket in tickets {
            self.deal_with(ticket, Timestamp::now()).await?;
        }
        Ok(())
    }

    /// Whether everything was looked at. Without Redis nobody knows whose turn it is: what has waited for `wait`,
    /// another instance surely has dealt with if it could.
    async fn look_at_everything(&mut self, now: Timestamp, wait: Duration) -> Result<bool, Cut> {
        let as_of = SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_sub(wait).ok()).unwrap_or(now);
        self.settle_letters().await?;
        self.receipts.make_up(now).await?;
        let until = (!wait.is_zero()).then(|| as_of.to_zoned(self.zone.clone()).datetime());
        self.debts.begin_pass();
        self.unannounced.begin_pass();
        let unannounced: Vec<TicketId> = self.unannounced.owed(MOST_LOOKED_AT).collect();
        for ticket in unannounced {
            self.announce(ticket);
        }
        let owed: BTreeSet<TicketId> = self.debts.owed(MOST_LOOKED_AT).collect();
        for ticket in &owed {
            self.look_at_named().await?;
            self.deal_with(*ticket, now).await?;
        }
        let is_all = self.look_at_changed(now, as_of, until, &owed).await?;
        // Mostly they are sent by then; what a slow relay keeps goes on beside.
        let deadline = Instant::now() + letters::PATIENCE;
        loop {
            tokio::select! {
                told = self.letters.next_by(deadline) => match told {
                    Some(told) => self.settle_letter(told).await?,
                    None => break,
                },
                hint = next_hint(&mut self.hinted) => self.follow(hint).await?,
            }
        }
        Ok(self.look_at_waiting(as_of).await? && is_all)
    }

    /// What has changed, but not after `until`, and is not among what this pass has `tried`; whether that was all.
    async fn look_at_changed(
        &mut self,
        now: Timestamp,
        as_of: Timestamp,
        until: Option<DateTime>,
        tried: &BTreeSet<TicketId>,
    ) -> Result<bool, Cut> {
        let all_levels = self.escalator.all_levels().await?;
        let back = SignedDuration::try_from(self.settings.look_back).unwrap_or(SignedDuration::MAX);
        let since = self
            .until
            .map_or_else(|| ReadUntil::first_since(back, now, &self.zone), |until| until.since(now, &self.zone));
        let modified = Criterion::ModifiedAfter(since);
        let or_open = vec![Criterion::Any(vec![modified.clone(), open_on(&all_levels)])];
        // At first whatever is open on a level, too, for nobody knows how long nobody looked.
        let mut scope = if self.until.is_none() { or_open.clone() } else { vec![modified] };
        let (found, newest, has_open) = self.changed(&scope, &all_levels, now).await?;
        if has_open {
            scope = or_open;
        }
        self.memory.forget_before(since);
        let (known, mut changed): (Vec<Changed>, Vec<Changed>) = found
            .into_values()
            .filter(|Changed { ticket, .. }| {
                until.is_none_or(|until| ticket.modified.is_none_or(|modified| modified <= until))
                    && self.memory.is_changed(ticket)
            })
            .partition(|Changed { ticket, .. }| tried.contains(&ticket.id));
        for Changed { ticket, .. } in &known {
            self.memory.looked_at(ticket, newest);
        }
        changed.sort_by_key(|Changed { ticket, .. }| (ticket.modified, ticket.id));
        let worth = if changed.len() > FEW {
            let tellers = Tellers { notifier: &self.notifier, announcer: &self.announcer };
            changes::worth_a_look(&self.glpi, &self.escalator, tellers, (&scope, since), &changed).await?
        } else {
            None
        };
        let mut left = MOST_LOOKED_AT;
        for Changed { ticket, .. } in &changed {
            if worth.as_ref().is_none_or(|worth| worth.contains(&ticket.id)) {
                if left == 0 {
                    return Ok(false);
                }
                left -= 1;
                self.look_at_named().await?;
                // What could not be done is owed, whether or not the ticket changes.
                self.deal_with(ticket.id, now).await?;
            }
            self.memory.looked_at(ticket, newest);
        }
        self.until = Some(ReadUntil { moment: as_of, newest });
        Ok(true)
    }

    /// The tickets that meet `scope`, and the newest change among them. Where they are more than one search gives, so
    /// that no command is missed, whatever is open on a level: then this says so. What they show of who waits is
    /// remembered.
    async fn changed(
        &mut self,
        scope: &[Criterion],
        all_levels: &Arc<AllLevels>,
        now: Timestamp,
    ) -> Result<(ChangedTickets, Option<DateTime>, bool), Cut> {
        let (mut found, mut dates) = (ChangedTickets::new(), Vec::new());
        let (escalator, memory) = (&self.escalator, &mut self.memory);
        let keep_waiting = |memory: &mut SweepMemory, ticket: &_| {
            if all_levels.may_strike(ticket) {
                memory.waits(ticket, || escalator.earliest(all_levels, ticket));
            } else {
                memory.waits_no_more(ticket.id);
            }
        };
        let is_first = self.until.is_none();
        let reads_all = is_first || memory.is_to_read(all_levels, now);
        if reads_all {
            memory.begin_reading(all_levels);
        }
        let is_whole = self
            .glpi
            .survey_tickets(scope, MOST_FOUND, Sorting::LastChangedFirst, |ticket| {
                keep_waiting(memory, &ticket);
                dates.extend(ticket.modified);
                let is_news = memory.is_changed(&ticket);
                found.extend(Changed::of(ticket, all_levels).map(|changed| (changed.ticket.id, changed)));
                // What was changed before a whole page of what is known is known, too.
                is_news || is_first
            })
            .await?;
        if !is_whole {
            tracing::warn!(
                most = MOST_FOUND,
                "more tickets have changed than are looked at; of the older ones only those that are open"
            );
        }
        let mut has_all = true;
        if !is_whole || reads_all && !is_first {
            has_all = self
                .glpi
                .survey_tickets(&[open_on(all_levels)], MOST_FOUND, Sorting::OldestFirst, |ticket| {
                    keep_waiting(memory, &ticket);
                    if !is_whole {
                        found.extend(Changed::of(ticket, all_levels).map(|changed| (changed.ticket.id, changed)));
                    }
                    true
                })
                .await?;
            if !has_all {
                tracing::warn!(most = MOST_FOUND, "more tickets wait than are looked at; the oldest come first");
            }
        }
        if !is_whole || reads_all {
            let again = if has_all { READ_AGAIN } else { READ_AGAIN_WHEN_CUT };
            memory.read_again_at(now.checked_add(again).unwrap_or(Timestamp::MAX));
        }
        let known = self.until.and_then(|until| until.newest);
        Ok((found, ReadUntil::newest(dates.into_iter().chain(known), now, &self.zone), !is_whole))
    }

    /// The rules in time; whether all tickets that wait were looked at.
    async fn look_at_waiting(&mut self, now: Timestamp) -> Result<bool, Cut> {
        let (mut left, mut moved) = (MOST_LOOKED_AT, 0);
        for ticket in self.memory.may_be_due(now) {
            if moved == MOST_MOVED {
                tracing::warn!(moved, "the rules have moved as many tickets as one pass may; the next one goes on");
                return Ok(false);
            }
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            self.look_at_named().await?;
            if self.stop.is_cancelled() {
                return Err(Cut::Stopped);
            }
            if self.letters.is_at(ticket) {
                continue;
            }
            match self.escalator.enforce(ticket, now).await {
                Ok(Some(weighed)) => match weighed.verdict {
                    DelayVerdict::Nothing { next } => self.memory.next_due(ticket, next),
                    DelayVerdict::Escalate { .. } => moved += 1,
                    DelayVerdict::Remind { .. } => {}
                },
                Ok(None) => self.memory.next_due(ticket, None),
                Err(EscalateError::NotFound(_)) => self.memory.waits_no_more(ticket),
                Err(error) => self.failed(ticket, error).await?,
            }
        }
        Ok(true)
    }

    /// Does all that is to be done with one ticket but its notices, which are sent beside.
    async fn deal_with(&mut self, ticket: TicketId, now: Timestamp) -> Result<(), Cut> {
        if self.stop.is_cancelled() {
            return Err(Cut::Stopped);
        }
        if self.letters.is_at(ticket) {
            // They hold the ticket: the line does not wait for their relay.
            self.put_off.insert(ticket);
            return Ok(());
        }
        let attended = self.escalator.process_commands(ticket, now).await;
        let is_there = !matches!(attended, Err(EscalateError::NotFound(_)));
        let is_told = self.notifier.is_on() && is_there;
        if is_told && !self.letters.look_at(ticket) {
            self.debts.owe(ticket);
        }
        if is_there {
            self.announce(ticket);
        }
        match attended {
            Ok(()) | Err(EscalateError::NotFound(_)) => {
                // Else its notices have the last word.
                if !is_told {
                    self.debts.settle(ticket);
                }
                Ok(())
            }
            Err(error) => self.failed(ticket, error).await,
        }
    }

    /// A ticket could not be dealt with: the next pass tries again. Where GLPI answers nobody, this one ends.
    async fn failed(&mut self, ticket: TicketId, error: EscalateError) -> Result<(), Cut> {
        metrics::counter!(FAILURES, "reason" => error.code()).increment(1);
        if self.debts.owe(ticket) {
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

/// The tickets that are open on a level.
fn open_on(all_levels: &AllLevels) -> Criterion {
    let open = Criterion::Status(TicketStatus::OPEN.to_vec());
    Criterion::All(vec![Criterion::AssignedTo(all_levels.groups()), open])
}

/// Waits for the next hint; for ever where nobody gives any.
async fn next_hint(hinted: &mut Option<Hinted>) -> Hint {
    match hinted {
        Some(hinted) => hinted.next().await,
        None => std::future::pending().await,
    }
}

impl From<GlpiError> for Cut {
    fn from(error: GlpiError) -> Self {
        Self::Away(error)
    }
}
