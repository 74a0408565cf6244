//! Notices at the steps of a ticket: who took it in charge, what was asked, what was answered, what was solved.
//!
//! Nothing is kept beside GLPI. What is due is read from the ticket (`reading`, `steps`), and whom it is told (`audience`);
//! what was sent stands in it as private notes (`journal`), written after the mails: an instance that ends between the
//! two sends that one notice again, with the same Message-ID, rather than never. So [`Notifier::look_at`] may be called
//! at any moment, again and again.

mod announcer;
mod audience;
mod journal;
mod known;
mod lately;
mod mark;
mod portal_events;
mod portal_record;
mod post;
mod reach;
mod reading;
mod reminders;
mod sift;
mod steps;
mod unsent;
mod wording;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

pub use self::{announcer::Announcer, lately::Lately, reach::StaffStep, unsent::Unsent};
use self::{
    audience::{Crew, Recipients, answer_to, marks, recipients},
    journal::Outcome,
    known::Known,
    mark::Mark,
    post::Post,
    steps::{Happening, happened},
};
use crate::{
    config::{Config, Notify, Teller, TicketPages},
    flow::{
        ledger::{Ledger, TicketBusy},
        route::MappingStore,
    },
    glpi::{Glpi, GlpiError, Requester, Ticket, TicketStatus},
    id::{FollowupId, TicketId, UserId},
    letters::Correspondence,
    request::{Address, Reference},
    smtp::SendError,
};

/// Tells people of the steps of their tickets.
pub struct Notifier {
    settings: Notify,
    glpi: Glpi,
    post: Post,
    ledger: Arc<Ledger>,
    mappings: MappingStore,
    pages: TicketPages,
    time_zone: TimeZone,
    look_back: Duration,
}

/// What became of the notices of one step.
#[derive(Default)]
struct Delivered {
    outcome: Outcome,
    /// The accounts of those who work on tickets that are dealt with.
    told: Vec<UserId>,
    /// Why somebody is to be told later.
    put_off: Option<Unsent>,
    /// Why nobody more can be told now.
    broken: Option<Unsent>,
}

impl Notifier {
    /// Notices as `letters`; `ledger` parts the instances that look at one ticket, `mappings` say what requesters are
    /// told of groups. GLPI answers first whom somebody waits for.
    pub fn new(
        config: &Config,
        glpi: &Glpi,
        letters: Correspondence,
        ledger: Arc<Ledger>,
        mappings: MappingStore,
    ) -> Self {
        Self {
            settings: config.notify.clone(),
            glpi: glpi.in_background(),
            ledger,
            mappings,
            post: Post::new(config, letters),
            pages: TicketPages::new(config),
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
        }
    }

    /// Whether it ever writes to anybody.
    pub fn is_on(&self) -> bool {
        self.settings.writes() && self.post.is_on()
    }

    /// Whether GLPI is to tell the group that gets a ticket of it: else the gateway does, or nobody.
    pub fn leaves_moves_to_glpi(&self) -> bool {
        match self.settings.escalation {
            Teller::Glpi => true,
            Teller::Passerelle => !self.post.is_on(),
            Teller::Off => false,
        }
    }

    /// Sends what is due for a ticket, and notes it there. Nothing is due for a ticket the gateway did not make, nor
    /// for what happened longer ago than `sweep.look_back`.
    ///
    /// # Errors
    ///
    /// What was not sent is still due.
    pub async fn look_at(&self, ticket: TicketId) -> Result<(), Unsent> {
        if !self.is_on() {
            return Ok(());
        }
        // In the middle of a move the ticket may look as if somebody had taken it in charge.
        self.ledger
            .with_ticket(ticket, Box::pin(self.look_at_alone(ticket)))
            .await
            .map_err(|TicketBusy| Unsent::Busy)?
    }

    async fn look_at_alone(&self, ticket: TicketId) -> Result<(), Unsent> {
        let Some((ticket, reference)) = self.own_ticket(ticket).await? else { return Ok(()) };
        let since = self.since();
        if ticket.modified.is_some_and(|modified| modified < since) {
            return Ok(());
        }
        self.keep(ticket.id).await?;
        let known = self.known(ticket, since).await?;
        self.tell(&known, reference).await
    }

    /// A ticket that the gateway made and that is not in the bin.
    async fn own_ticket(&self, number: TicketId) -> Result<Option<(Ticket, Reference)>, Unsent> {
        match self.glpi.ticket(number).await {
            Ok(ticket) if !ticket.deleted => Ok(Reference::find(&ticket.content).map(|reference| (ticket, reference))),
            Ok(_) | Err(GlpiError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn tell(&self, known: &Known, reference: Reference) -> Result<(), Unsent> {
        let ticket = known.ticket.id;
        self.post.forget(ticket, known.sent.iter().filter_map(Mark::record));
        let facts = known.facts();
        let happened = happened(&facts, &self.settings);
        let crew = self.crew(known, &happened).await?;
        let last = journal::last(&known.followups, known.own);
        let mut last = last.map(|followup| (followup.id, followup.content.clone()));
        let mut result = Ok(());
        // The notices of a step share their note.
        for happenings in happened.chunk_by(|one, other| one.step.name() == other.step.name()) {
            let (mut settled, mut all, mut broken) = (Vec::new(), Outcome::default(), None);
            for happening in happenings {
                let delivered = match self.keep(ticket).await {
                    Ok(()) => self.deliver(happening, known, &crew, reference).await?,
                    Err(error) => Delivered { broken: Some(error), ..Delivered::default() },
                };
                all.sent += delivered.outcome.sent;
                all.refused += delivered.outcome.refused;
                let is_whole = delivered.put_off.is_none() && delivered.broken.is_none();
                if delivered.outcome != Outcome::default() {
                    settled.extend(marks(happening.step, happening.also, &delivered.told, is_whole));
                }
                // A mailbox that is full keeps nobody else from being told.
                result = result.and(delivered.put_off.map_or(Ok(()), Err));
                broken = delivered.broken;
                if broken.is_some() {
                    break;
                }
            }
            if !settled.is_empty() {
                self.note(known, &mut last, (all, &crew.first_names), &settled).await?;
                self.post.forget(ticket, settled.iter().filter_map(Mark::record));
            }
            if let Some(error) = broken {
                return Err(error);
            }
        }
        result
    }

    /// Notes in a ticket what was sent. To a closed one GLPI adds nothing for an account that may not open tickets again
    /// (`Ticket::canReopen`); there the `last` note says it as well.
    async fn note(
        &self,
        known: &Known,
        last: &mut Option<(FollowupId, String)>,
        (outcome, group): (Outcome, &str),
        marks: &[Mark],
    ) -> Result<(), GlpiError> {
        let ticket = &known.ticket;
        match (self.glpi.add_note(ticket.id, &journal::note(outcome, group, marks)).await, last) {
            (Err(GlpiError::NotAddable), Some((note, content))) if ticket.status == TicketStatus::Closed => {
                let more = journal::more(content, outcome, group, marks).ok_or(GlpiError::NotAddable)?;
                self.glpi.rewrite_followup(*note, &more).await?;
                *content = more;
                Ok(())
            }
            (noted, _) => noted.map(drop),
        }
    }

    /// Sends a notice to each of its recipients who has an address.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say who they are; else what [`Delivered`] says.
    async fn deliver(
        &self,
        happening: &Happening<'_>,
        known: &Known,
        crew: &Crew,
        reference: Reference,
    ) -> Result<Delivered, Unsent> {
        let is_noted = |account: UserId| known.sent.contains(&happening.step.told(account));
        let mut who = match recipients(happening.audience, &happening.by, (&known.users, known.own), crew) {
            Recipients::Requesters(requesters) => self.reached(&requesters, known).await?,
            Recipients::Staff { first, otherwise, besides } => self.reached_staff(&first, &otherwise, &besides).await?,
        };
        who.retain(|(account, _)| !account.is_some_and(is_noted));
        let mut delivered = Delivered::default();
        for (account, address) in who {
            let told = (known.ticket.id, happening.step.to_string(), address);
            if self.post.has_left(&told) {
                delivered.outcome.sent += 1;
                delivered.told.extend(account);
                continue;
            }
            let text = self.text(happening, known, reference, account, &crew.first_names).await?;
            let name = match account.filter(|_| happening.audience.is_of_staff()) {
                Some(account) => happening.step.told(account).to_string().replace('/', "-"),
                None => told.1.clone(),
            };
            match self.post.send(happening.step.name(), reference, &name, &told.2, text).await {
                Ok(()) => {
                    delivered.outcome.sent += 1;
                    delivered.told.extend(account);
                    self.post.remember(told);
                }
                // Another try would end the same: the note says so, for whoever works on the ticket.
                Err(Unsent::Relay(SendError::Refused(_))) => {
                    delivered.outcome.refused += 1;
                    delivered.told.extend(account);
                }
                Err(error) if error.is_of_this_mail() => delivered.put_off = Some(error),
                Err(error) => {
                    delivered.broken = Some(error);
                    break;
                }
            }
        }
        Ok(delivered)
    }

    /// Those of a ticket's requesters who can be written to: at the address that a request came from, else at their
    /// account's own.
    async fn reached(&self, requesters: &[Requester], known: &Known) -> Result<Vec<(Option<UserId>, Address)>, Unsent> {
        let accounts: Vec<UserId> = requesters.iter().filter_map(account_of).collect();
        let addresses = self.addresses(&accounts).await?;
        let reached = requesters.iter().filter_map(|who| {
            let account = account_of(who);
            let address = match (answer_to(&known.users, who), who) {
                (Some(address), _) => address,
                (None, Requester::Email(address)) => address,
                (None, Requester::User(account)) => addresses.get(account)?,
            };
            Some((account, self.post.usable(address)?))
        });
        Ok(reached.collect())
    }

    /// Those of these accounts who can be written to, each address once: the first ones, or instead of all these others
    /// where there is none, and who is told besides.
    async fn reached_staff(
        &self,
        first: &[UserId],
        otherwise: &[UserId],
        besides: &[UserId],
    ) -> Result<Vec<(Option<UserId>, Address)>, Unsent> {
        let mut all = [first, otherwise, besides].concat();
        all.sort();
        all.dedup();
        let addresses = self.addresses(&all).await?;
        let of = |accounts: &[UserId]| -> Vec<(Option<UserId>, Address)> {
            let usable = |account: &UserId| Some((Some(*account), self.post.usable(addresses.get(account)?)?));
            accounts.iter().filter_map(usable).collect()
        };
        let mut reached = Some(of(first)).filter(|reached| !reached.is_empty()).unwrap_or_else(|| of(otherwise));
        for other in of(besides) {
            if !reached.iter().any(|(_, address)| *address == other.1) {
                reached.push(other);
            }
        }
        Ok(reached)
    }

    /// Where these accounts are written to.
    async fn addresses(&self, accounts: &[UserId]) -> Result<BTreeMap<UserId, String>, Unsent> {
        if accounts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        Ok(self.glpi.addresses_of_users(accounts, now).await?)
    }

    /// Keeps the right to send a ticket's notices.
    async fn keep(&self, ticket: TicketId) -> Result<(), Unsent> {
        self.ledger.surely_has_ticket(ticket).await.then_some(()).ok_or(Unsent::Elsewhere)
    }

    fn since(&self) -> DateTime {
        let now = Timestamp::now();
        now.checked_sub(self.look_back).unwrap_or(now).to_zoned(self.time_zone.clone()).datetime()
    }
}

fn account_of(who: &Requester) -> Option<UserId> {
    match who {
        Requester::User(account) => Some(*account),
        Requester::Email(_) => None,
    }
}
