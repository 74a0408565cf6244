//! Notices at the steps of a ticket: who took it in charge, what was asked, what was solved.
//!
//! Nothing is kept beside GLPI. What is due is read from the ticket (`steps`); what was sent stands in it as private
//! notes (`journal`), written after the mails: an instance that ends between the two sends that one notice again,
//! with the same Message-ID, rather than never. So [`Notifier::look_at`] may be called at any moment, again and again.

mod journal;
mod sift;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use tokio::{sync::Mutex, time::Instant};

use self::{
    journal::{Mark, Outcome},
    steps::{DueNotice, News, TicketFacts},
};
use crate::{
    config::{Config, Notify, Teller, TicketPages},
    flow::ledger::{Ledger, TicketBusy},
    glpi::{ActorRole, Glpi, GlpiError, Requester, Ticket, TicketStatus},
    id::{GroupId, TicketId, UserId},
    letters::{
        ComposeError, Correspondence,
        notices::{self, About, Subject, Text},
    },
    request::{Address, Page, Reference},
    smtp::{Fault, SendError},
    text::chain,
    working_time::Wait,
};

/// A group that was assigned so soon after the opening was assigned to a new ticket: GLPI's rules take a moment.
const AT_CREATION: Duration = Duration::from_mins(1);
/// The step of which the escalation's own note is the record.
const REMINDER: &str = "reminder";
/// How long a relay that could not be reached is left alone: the other tickets do not wait for it one by one.
const RELAY_PAUSE: Duration = Duration::from_mins(1);
/// Members of one group who are written to at most.
const MOST_MEMBERS: usize = 200;
/// Mails of which the note is still to be written, at most; only while GLPI fails in the middle are there any.
const MOST_UNNOTED: usize = 10_000;

/// A ticket, a notice's mark there, and who was written to.
type Unnoted = HashSet<(TicketId, String, Address)>;

/// Tells people of the steps of their tickets.
pub struct Notifier {
    settings: Notify,
    glpi: Glpi,
    letters: Correspondence,
    ledger: Arc<Ledger>,
    /// The gateway's own mailboxes: nobody reads them, and what they get comes back in.
    own_mailboxes: Vec<Address>,
    pages: TicketPages,
    time_zone: TimeZone,
    look_back: Duration,
    /// Until when the relay is left alone.
    relay_pause: Mutex<Option<Instant>>,
    /// What left and has no note yet: it is not sent again by this process.
    unnoted: std::sync::Mutex<Unnoted>,
}

/// Why not everything that was due was sent. It is still due: to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// GLPI cannot say what is due, or take the note.
    #[error(transparent)]
    Glpi(#[from] GlpiError),
    /// The relay cannot take mail now.
    #[error(transparent)]
    Relay(#[from] SendError),
    /// Somebody else is at this ticket all the time.
    #[error("the ticket is in the hands of another call or another instance")]
    Busy,
    /// Another instance is at this ticket, or may be while Redis cannot be asked.
    #[error("another instance may be sending this ticket's notices")]
    Elsewhere,
    /// A text cannot be made: a defect.
    #[error("a notice cannot be composed: {}", chain(.0))]
    Composed(#[from] ComposeError),
}

/// Those that may still be due for the same reason are equal, whatever lies under them.
impl PartialEq for Unsent {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Eq for Unsent {}

impl Unsent {
    /// Whether the others may still be told.
    fn is_of_this_mail(&self) -> bool {
        matches!(self, Self::Relay(SendError::PutOff(_)))
    }
}

impl Notifier {
    /// Notices as `letters`; `ledger` parts the instances that look at one ticket. GLPI answers first whom somebody waits
    /// for.
    pub fn new(config: &Config, glpi: &Glpi, letters: Correspondence, ledger: Arc<Ledger>) -> Self {
        let own = config.screen.recipients.iter().map(String::as_str).chain([letters.address()]);
        Self {
            settings: config.notify.clone(),
            glpi: glpi.in_background(),
            ledger,
            own_mailboxes: own.filter_map(Address::parse).collect(),
            letters,
            pages: TicketPages::new(config),
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
            relay_pause: Mutex::default(),
            unnoted: std::sync::Mutex::default(),
        }
    }

    /// Whether it ever writes to anybody.
    pub fn is_on(&self) -> bool {
        self.settings.writes() && self.letters.is_on()
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
        self.tell(&ticket, reference, since).await
    }

    /// Reminds the members of a group of a ticket that nobody has taken in charge for so much working time, where
    /// that is the gateway's to tell. That it is done once is the caller's to see to, who calls [`Notifier::reminded`]
    /// when that is noted.
    ///
    /// # Errors
    ///
    /// Where some were not told; a further try leaves out those who were.
    pub async fn remind(&self, ticket: TicketId, group: GroupId, wait: &Wait) -> Result<(), Unsent> {
        if self.settings.reminder != Teller::Passerelle || !self.letters.is_on() {
            return Ok(());
        }
        let Some((ticket, reference)) = self.own_ticket(ticket).await? else { return Ok(()) };
        let name = self.glpi.directory().group_name(group).await?.unwrap_or_default();
        let link = self.pages.of_another(ticket.id, true).map(Page::into_address);
        let about = About { ticket: subject(&ticket, reference), link, signature: self.letters.name() };
        let step = format!("{REMINDER}-{group}");
        let mut result = Ok(());
        let members = self.members(group).await?;
        let addresses = self.addresses(&members).await?;
        for member in members {
            let Some(address) = self.address(&Requester::User(member), &addresses) else { continue };
            let told = (ticket.id, step.clone(), address);
            if self.unnoted().contains(&told) {
                continue;
            }
            let text = notices::reminder(&about, &name, wait.waited).map_err(ComposeError::from)?;
            let id = format!("{step}-{member}-{}", wait.since.as_second());
            match self.send(REMINDER, reference, &id, &told.2, text).await {
                Ok(()) | Err(Unsent::Relay(SendError::Refused(_))) => remember(&mut self.unnoted(), told),
                Err(error) if error.is_of_this_mail() => result = result.and(Err(error)),
                Err(error) => return Err(error),
            }
        }
        result
    }

    /// The ticket says that its groups were reminded: who was is not told again for that reason.
    pub fn reminded(&self, ticket: TicketId) {
        let is_of_it = |step: &str| step.strip_prefix(REMINDER).is_some_and(|rest| rest.starts_with('-'));
        self.unnoted().retain(|(number, step, _)| *number != ticket || !is_of_it(step));
    }

    /// A ticket that the gateway made and that is not in the bin.
    async fn own_ticket(&self, number: TicketId) -> Result<Option<(Ticket, Reference)>, Unsent> {
        match self.glpi.ticket(number).await {
            Ok(ticket) if !ticket.deleted => Ok(Reference::find(&ticket.content).map(|reference| (ticket, reference))),
            Ok(_) | Err(GlpiError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn tell(&self, ticket: &Ticket, reference: Reference, since: DateTime) -> Result<(), Unsent> {
        let own = self.glpi.own_account().await?;
        let users = self.glpi.ticket_users(ticket.id).await?;
        let followups = self.glpi.ticket_followups(ticket.id).await?;
        let solutions = if steps::is_done(ticket) { self.glpi.ticket_solutions(ticket.id).await? } else { Vec::new() };
        let sent = journal::read(&followups, own);
        forget(&mut self.unnoted(), ticket.id, sent.iter());
        let technicians = steps::technicians(&users, own);
        let charged = if self.settings.charge == Teller::Passerelle && !sent.contains(&Mark::Charge) {
            self.charged(ticket, &technicians).await?
        } else {
            None
        };
        let (group, members) = self.new_members(ticket, since).await?;
        let known = TicketFacts {
            ticket,
            users: &users,
            followups: &followups,
            solutions: &solutions,
            members: &members,
            charged,
            own,
            sent: &sent,
            since,
        };
        let due = steps::due(&known, &self.settings);
        let mut result = Ok(());
        // The notices of a step share their note: a group of many members makes one.
        for notices in due.chunk_by(|one, other| one.mark.step() == other.mark.step()) {
            let mut settled = Vec::new();
            let mut all = Outcome::default();
            let mut broken = None;
            for notice in notices {
                let delivered = match self.keep(ticket.id).await {
                    Ok(()) => self.deliver(notice, &known, reference, &group).await,
                    Err(error) => Err(error),
                };
                match delivered {
                    Ok(outcome) => {
                        settled.push(notice.mark);
                        all.sent += outcome.sent;
                        all.refused += outcome.refused;
                    }
                    // A mailbox that is full keeps nobody else from being told.
                    Err(error) if error.is_of_this_mail() => result = result.and(Err(error)),
                    Err(error) => {
                        broken = Some(error);
                        break;
                    }
                }
            }
            if !settled.is_empty() && all != Outcome::default() {
                self.glpi.add_note(ticket.id, &journal::note(all, &group, &settled)).await?;
                forget(&mut self.unnoted(), ticket.id, settled.iter());
            }
            if let Some(error) = broken {
                return Err(error);
            }
        }
        result
    }

    /// When somebody took a ticket in charge: by its history, else by GLPI's own date, which 9.5 does not have.
    async fn charged(&self, ticket: &Ticket, technicians: &[UserId]) -> Result<Option<DateTime>, Unsent> {
        if steps::is_done(ticket) {
            return Ok(None);
        }
        let mut last = None;
        for technician in technicians {
            last = last.max(self.glpi.technician_since(ticket.id, *technician).await?);
        }
        Ok(last.or(ticket.taken_into_account).or(ticket.modified).filter(|_| !technicians.is_empty()))
    }

    /// The groups a ticket was made for, as a person reads them, and their members.
    async fn new_members(&self, ticket: &Ticket, since: DateTime) -> Result<(String, Vec<UserId>), Unsent> {
        let opened = ticket.opened.filter(|opened| *opened >= since && !steps::is_done(ticket));
        let Some(opened) = opened.filter(|_| self.settings.group == Teller::Passerelle) else {
            return Ok(Default::default());
        };
        let (mut names, mut members) = (Vec::new(), BTreeSet::new());
        for link in self.glpi.ticket_groups(ticket.id).await? {
            if link.role != ActorRole::Assigned {
                continue;
            }
            // Whoever it was moved to later is told by whoever moved it.
            let since = self.glpi.assigned_since(ticket.id, link.group).await?;
            if since.is_some_and(|since| since.duration_since(opened).unsigned_abs() > AT_CREATION) {
                continue;
            }
            names.extend(self.glpi.directory().group_name(link.group).await?);
            members.extend(self.members(link.group).await?);
        }
        Ok((names.join(", "), members.into_iter().collect()))
    }

    async fn members(&self, group: GroupId) -> Result<Vec<UserId>, Unsent> {
        let mut members = self.glpi.directory().members(group).await?.to_vec();
        if members.len() > MOST_MEMBERS {
            tracing::warn!(
                group = group.get(),
                members = members.len(),
                "a group is too large: its first members are written to"
            );
            members.truncate(MOST_MEMBERS);
        }
        Ok(members)
    }

    /// Sends a notice to each of its recipients who has an address.
    async fn deliver(
        &self,
        notice: &DueNotice<'_>,
        known: &TicketFacts<'_>,
        reference: Reference,
        group: &str,
    ) -> Result<Outcome, Unsent> {
        let ticket = known.ticket;
        let mut outcome = Outcome::default();
        let accounts = notice.to.iter().filter_map(|who| match who {
            Requester::User(account) => Some(*account),
            Requester::Email(_) => None,
        });
        let addresses = self.addresses(&accounts.collect::<Vec<_>>()).await?;
        for who in &notice.to {
            let address = match steps::answer_to(known.users, who) {
                Some(address) => self.usable(address),
                None => self.address(who, &addresses),
            };
            let Some(address) = address else { continue };
            let told = (ticket.id, notice.mark.to_string(), address);
            if self.unnoted().contains(&told) {
                outcome.sent += 1;
                continue;
            }
            let link = self.page(notice, who, ticket.id).map(Page::into_address);
            let about = About { ticket: subject(ticket, reference), link, signature: self.letters.name() };
            let text = self.text(&notice.news, &about, ticket.status, group).await?;
            match self.send(notice.mark.step(), reference, &told.1, &told.2, text).await {
                Ok(()) => {
                    outcome.sent += 1;
                    remember(&mut self.unnoted(), told);
                }
                // Another try would end the same: the note says so, for whoever works on the ticket.
                Err(Unsent::Relay(SendError::Refused(_))) => outcome.refused += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(outcome)
    }

    /// The page a notice leads to: staff works in GLPI, requesters follow where they can open it.
    fn page(&self, notice: &DueNotice<'_>, who: &Requester, ticket: TicketId) -> Option<Page> {
        match notice.news {
            News::Group => self.pages.of_another(ticket, true),
            _ => self.pages.of_requester(ticket, matches!(who, Requester::User(_))),
        }
    }

    async fn text(
        &self,
        news: &News<'_>,
        about: &About<'_>,
        status: TicketStatus,
        group: &str,
    ) -> Result<Text, Unsent> {
        let text = match news {
            News::Group => notices::group(about, group),
            News::Charge(technicians) => {
                let mut names = Vec::with_capacity(technicians.len());
                for technician in technicians {
                    names.push(self.glpi.directory().name(*technician).await?);
                }
                notices::charge(about, &names)
            }
            News::Question(followup) => {
                let author = self.glpi.directory().name(followup.author).await?;
                notices::question(about, &author, &followup.content, status == TicketStatus::Pending)
            }
            News::Solution(solution) => notices::solution(about, &solution.content),
            News::Closing => notices::closing(about),
        };
        Ok(text.map_err(ComposeError::from)?)
    }

    /// Where these accounts are written to.
    async fn addresses(&self, accounts: &[UserId]) -> Result<BTreeMap<UserId, String>, Unsent> {
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        Ok(self.glpi.addresses_of_users(accounts, now).await?)
    }

    /// Where somebody is written to, if anywhere.
    fn address(&self, who: &Requester, addresses: &BTreeMap<UserId, String>) -> Option<Address> {
        let text = match who {
            Requester::User(account) => addresses.get(account)?,
            Requester::Email(address) => address,
        };
        self.usable(text)
    }

    /// An address that somebody reads.
    fn usable(&self, text: &str) -> Option<Address> {
        Address::parse(text).filter(|address| !self.own_mailboxes.contains(address))
    }

    async fn send(
        &self,
        step: &'static str,
        reference: Reference,
        name: &str,
        to: &Address,
        text: Text,
    ) -> Result<(), Unsent> {
        let to: lettre::Address = to.as_str().parse().map_err(|error| SendError::from(ComposeError::from(error)))?;
        let message = notices::letter(&self.letters, to.clone(), reference, name, text);
        let message = message.map_err(ComposeError::from)?;
        if self.relay_pause.lock().await.is_some_and(|until| Instant::now() < until) {
            return Err(SendError::Unavailable(Fault::JustFailed).into());
        }
        // Once: whatever is not sent now is still due, and the sweep comes again.
        let result = self.letters.send_once(to, &message).await;
        let is_away = matches!(result, Err(SendError::Unavailable(_) | SendError::Timeout(_)));
        *self.relay_pause.lock().await = is_away.then(|| Instant::now() + RELAY_PAUSE);
        let outcome = if result.is_ok() { "sent" } else { "failed" };
        metrics::counter!("passerelle_mails_total", "reason" => step, "outcome" => outcome).increment(1);
        if let Err(error) = &result {
            tracing::warn!(step, %reference, %error, "a notice was not sent");
        }
        Ok(result?)
    }

    /// Held for moments only: the notices of several tickets go side by side, those of one, one after the other.
    fn unnoted(&self) -> MutexGuard<'_, Unnoted> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
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

fn subject(ticket: &Ticket, reference: Reference) -> Subject<'_> {
    Subject { number: ticket.id, title: &ticket.name, content: &ticket.content, reference }
}

fn remember(unnoted: &mut Unnoted, told: (TicketId, String, Address)) {
    if unnoted.len() < MOST_UNNOTED {
        unnoted.insert(told);
    }
}

/// What has its note is known by that from now on.
fn forget<'a>(unnoted: &mut Unnoted, ticket: TicketId, noted: impl Iterator<Item = &'a Mark>) {
    if !unnoted.is_empty() {
        let noted: BTreeSet<_> = noted.map(ToString::to_string).collect();
        unnoted.retain(|(number, mark, _)| *number != ticket || !noted.contains(mark));
    }
}
