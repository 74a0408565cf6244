//! Tells the portal of each step of a request, so that it need not ask again and again.
//!
//! As with notices, nothing is kept beside GLPI: what is due is read from the ticket, what was told stands in it as a private
//! note, written after the calls. An instance that ends between the two tells that step once more, under the same id.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Serialize;

use super::{
    lately::Lately,
    mark::{Mark, Step},
    portal_events::{self, PortalNews, PortalStep},
    portal_record,
    steps::{self, TicketFacts},
    unsent::Unsent,
};
use crate::{
    config::{Config, ConfigError},
    flow::{ledger::Ledger, route::Opening},
    glpi::{Followup, Glpi, GlpiError, Requester, Ticket, TicketStatus, TicketSummary, TicketUser},
    id::{TicketId, UserId},
    portal_hook::{HookError, HookEvent, PortalHook},
    request::Reference,
};

/// What was told and is still to be noted, at most; only while GLPI fails in the middle is there any.
const MOST_UNNOTED: usize = 10_000;

/// Tells the portal.
pub struct Announcer {
    hook: Option<PortalHook>,
    /// The names of the steps that it is told of.
    steps: BTreeSet<String>,
    glpi: Glpi,
    ledger: Arc<Ledger>,
    time_zone: TimeZone,
    look_back: Duration,
    /// What was told and has no note yet: it is not told again by this process.
    unnoted: Mutex<HashSet<(TicketId, PortalStep)>>,
}

/// Which request something happened to: nothing that somebody wrote in it.
#[derive(Debug, Serialize)]
struct AboutRequest {
    /// GLPI's number.
    request: TicketId,
    reference: String,
    application: Option<String>,
    /// Whose it is: the addresses by which the portal asks for it.
    requesters: Vec<String>,
}

impl Announcer {
    /// Announces as `[hooks]` says. GLPI answers first whom somebody waits for.
    ///
    /// # Errors
    ///
    /// Names the setting that cannot be used.
    pub fn new(config: &Config, glpi: &Glpi, ledger: Arc<Ledger>) -> Result<Self, ConfigError> {
        Ok(Self {
            hook: PortalHook::new(&config.hooks)?,
            steps: config.hooks.steps.iter().cloned().collect(),
            glpi: glpi.in_background(),
            ledger,
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
            unnoted: Mutex::default(),
        })
    }

    /// Whether there is a portal that is told anything.
    pub fn is_on(&self) -> bool {
        self.hook.is_some() && !self.steps.is_empty()
    }

    /// Tells what is due for a ticket, and notes it there. Nothing is due for a ticket the gateway did not make, nor for
    /// what happened longer ago than `sweep.look_back`.
    ///
    /// # Errors
    ///
    /// What was not told is still due.
    pub async fn look_at(&self, ticket: TicketId) -> Result<(), Unsent> {
        let Some(hook) = self.hook.as_ref().filter(|_| self.is_on()) else { return Ok(()) };
        if hook.rests() {
            return Err(HookError::JustFailed.into());
        }
        // Not the ticket's own right: a portal that is slow keeps nobody from working on it.
        let right = format!("hook-{ticket}");
        let told = match self.keep(&right).await {
            Ok(()) => self.look_at_alone(hook, ticket, &right).await,
            Err(error) => Err(error),
        };
        self.ledger.hand_back(&right).await;
        told
    }

    async fn look_at_alone(&self, hook: &PortalHook, number: TicketId, right: &str) -> Result<(), Unsent> {
        let ticket = match self.glpi.ticket(number).await {
            Ok(ticket) if !ticket.deleted => ticket,
            Ok(_) | Err(GlpiError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(reference) = Reference::find(&ticket.content) else { return Ok(()) };
        let since = self.since();
        if ticket.modified.is_some_and(|modified| modified < since) {
            return Ok(());
        }
        let own = self.glpi.own_account().await?;
        let users = self.glpi.ticket_users(number).await?;
        let followups = self.glpi.ticket_followups(number).await?;
        let told = portal_record::read(&followups, own);
        let news = self.due(&ticket, (&users, &followups), own, &told, since).await?;
        if news.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        let mut settled = Vec::new();
        let requesters = self.requesters(&users).await?;
        for PortalNews { step, at } in news {
            if self.unnoted().contains(&(number, step)) {
                settled.push(step);
                continue;
            }
            if let Err(error) = self.keep(right).await {
                result = Err(error);
                break;
            }
            let data = AboutRequest {
                request: number,
                reference: reference.to_string(),
                application: Opening::read(&ticket.content, |_| true).map(|opening| opening.application),
                requesters: requesters.clone(),
            };
            let event = HookEvent { kind: format!("request.{}", step.name()), timestamp: self.written(at), data };
            match hook.tell(&format!("{reference}_{number}_{step}"), &event, Timestamp::now()).await {
                Ok(()) => {
                    self.remember(number, step);
                    settled.push(step);
                }
                Err(error) if error.is_of_this_event() => {
                    tracing::warn!(ticket = number.get(), %step, %error, "the portal does not take an event");
                    result = result.and(Err(error.into()));
                }
                Err(error) => {
                    result = Err(error.into());
                    break;
                }
            }
        }
        if !settled.is_empty() {
            let is_noted = self.note(&ticket, &followups, own, &settled).await?;
            self.unnoted().retain(|(ticket, step)| *ticket != number || !is_noted || !settled.contains(step));
        }
        result
    }

    /// What the portal is still to be told of a ticket.
    async fn due(
        &self,
        ticket: &Ticket,
        (users, followups): (&[TicketUser], &[Followup]),
        own: UserId,
        told: &BTreeSet<PortalStep>,
        since: DateTime,
    ) -> Result<Vec<PortalNews>, Unsent> {
        let sent = as_marks(told);
        let taken = ticket.taken_into_account.or(ticket.modified);
        let mut facts = TicketFacts {
            ticket,
            users,
            shows_requesters: true,
            followups,
            moves: &steps::moves(followups, own),
            solutions: &[],
            charged: taken.filter(|_| !steps::technicians(users, own).is_empty()),
            closed_by: None,
            own,
            sent: &sent,
            since,
        };
        let solutions = if steps::is_done(ticket) || facts.fresh_answers().next().is_some() {
            self.glpi.ticket_solutions(ticket.id).await?
        } else {
            Vec::new()
        };
        facts.solutions = &solutions;
        Ok(self.wanted(&facts, told))
    }

    /// What is to be told and was not.
    fn wanted(&self, facts: &TicketFacts<'_>, told: &BTreeSet<PortalStep>) -> Vec<PortalNews> {
        let mut news = portal_events::happened(facts);
        news.retain(|news| self.steps.contains(news.step.name()) && !told.contains(&news.step));
        news
    }

    /// Of these tickets of the gateway, those into which [`Announcer::look_at`] is to look. Where a search does not say
    /// something, it counts as if it were to be told.
    pub fn with_news(&self, tickets: &[&TicketSummary], lately: &Lately) -> BTreeSet<TicketId> {
        let has_news = |ticket: &&&TicketSummary| {
            let mut told = portal_record::read(lately.written(ticket), lately.own);
            // Who wrote a follow-up is not known here: it is one of these.
            told.extend(told.clone().into_iter().flat_map(alike));
            let sent = as_marks(&told);
            // Since when it waits is not known, and it may do so once more.
            ticket.status == TicketStatus::Pending || !self.wanted(&lately.of(ticket).facts(&sent), &told).is_empty()
        };
        tickets.iter().filter(has_news).map(|ticket| ticket.id).collect()
    }

    /// Notes in a ticket what the portal was told, where that can be. To a closed one GLPI adds nothing for an account that may
    /// not open tickets again (`Ticket::canReopen`); there the last note says it as well. Where there is none, this process
    /// remembers.
    async fn note(
        &self,
        ticket: &Ticket,
        followups: &[Followup],
        own: UserId,
        told: &[PortalStep],
    ) -> Result<bool, GlpiError> {
        match self.glpi.add_note(ticket.id, &portal_record::note(told)).await {
            Err(GlpiError::NotAddable) if ticket.status == TicketStatus::Closed => {
                let Some((last, before)) = portal_record::last(followups, own) else { return Ok(false) };
                self.glpi.rewrite_followup(last.id, &portal_record::note(before.iter().chain(told))).await?;
                Ok(true)
            }
            noted => noted.map(|_| true),
        }
    }

    /// The addresses of a ticket's requesters: each account's own, else the one it asked from.
    async fn requesters(&self, users: &[TicketUser]) -> Result<Vec<String>, Unsent> {
        let account = |who: &Requester| match who {
            Requester::User(account) => Some(*account),
            Requester::Email(_) => None,
        };
        let accounts: Vec<UserId> = steps::requesters(users).filter_map(account).collect();
        let known = if accounts.is_empty() {
            BTreeMap::new()
        } else {
            self.glpi.addresses_of_users(&accounts, self.local(Timestamp::now())).await?
        };
        let addresses = steps::requesters(users).filter_map(|who| match who {
            Requester::Email(address) => Some(address.to_lowercase()),
            Requester::User(account) => known.get(account).map(|address| address.to_lowercase()),
        });
        Ok(addresses.filter(|address| !address.is_empty()).collect())
    }

    /// A moment in GLPI's time zone, which is the academy's, as the portal reads it; now where it is not known.
    fn written(&self, at: Option<DateTime>) -> String {
        let zoned = at.and_then(|at| at.to_zoned(self.time_zone.clone()).ok());
        let zoned = zoned.unwrap_or_else(|| Timestamp::now().to_zoned(self.time_zone.clone()));
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn since(&self) -> DateTime {
        let now = Timestamp::now();
        self.local(now.checked_sub(self.look_back).unwrap_or(now))
    }

    fn local(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.time_zone.clone()).datetime()
    }

    /// Keeps the right to tell of a ticket.
    async fn keep(&self, right: &str) -> Result<(), Unsent> {
        (self.ledger.lease(right).await == Some(Duration::ZERO)).then_some(()).ok_or(Unsent::Elsewhere)
    }

    fn remember(&self, ticket: TicketId, step: PortalStep) {
        let mut unnoted = self.unnoted();
        if unnoted.len() < MOST_UNNOTED {
            unnoted.insert((ticket, step));
        }
    }

    fn unnoted(&self) -> MutexGuard<'_, HashSet<(TicketId, PortalStep)>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was told, as notices have it.
fn as_marks(told: &BTreeSet<PortalStep>) -> BTreeSet<Mark> {
    let step = |told: &PortalStep| match told {
        PortalStep::Told(step) => Some(Mark::from(*step)),
        PortalStep::Created | PortalStep::Pending(_) => None,
    };
    told.iter().filter_map(step).collect()
}

/// What the same follow-up may be taken for by whoever does not know its author.
fn alike(told: PortalStep) -> Vec<PortalStep> {
    let PortalStep::Told(Step::Question(id) | Step::Answer(id) | Step::Refusal(id)) = told else { return Vec::new() };
    [Step::Question(id), Step::Answer(id), Step::Refusal(id)].map(PortalStep::Told).to_vec()
}
