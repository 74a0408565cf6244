//! Delivery: one GLPI call makes the ticket, its files and its actors, from a routed request; another adds a
//! reply to the ticket it is about.

mod archive;
mod attachments;
mod completion;
mod followup;
mod group_members;
mod inspect;
mod learned;
mod left_out;
mod names;
mod pictures;
mod ticket_sources;

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use moka::future::Cache;

use crate::{
    config::{self, TicketPages},
    flow::{
        ledger::oldest_ticket,
        route::{Routed, Target},
        screen::Copies,
    },
    glpi::{
        ActorRole, DocumentTypes, FileFate, FileOutcome, Glpi, GlpiError, Kind, NewFollowup, NewTicket, Requester,
        Trouble,
    },
    request::{Address, LeftOut, Origin, Page, Reason, Receipt, Received, Reference, TicketKind},
};

use attachments::Chosen;
use completion::Wanted;
pub use followup::Proposed;
use learned::Learned;
pub use names::{Missing, Names};
use ticket_sources::TicketSources;

/// GLPI's source of request «E-Mail» and «Helpdesk», as every installation is born with them.
const BY_MAIL: u64 = 2;
const BY_FORM: u64 = 1;
/// How many timeouts of one call a creation may take, repeats and the wait for a session included: then its
/// answer counts as lost.
pub const LONGEST_CREATION_CALLS: u32 = 3;
/// How often, and after which pauses, GLPI is searched for a ticket whose answer was lost.
const SETTLE_PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// How long it is believed whether GLPI drops requesters.
const BELIEVED: Duration = Duration::from_mins(10);
/// How long an account whose ticket was read back is believed to be there still.
const THERE: Duration = Duration::from_mins(1);
/// The version of GLPI from which on it drops requesters without a profile on the ticket's entity, in silence.
const DROPS_REQUESTERS: u32 = 11;

/// Makes tickets and follow-ups.
pub struct Deliverer {
    glpi: Glpi,
    names: Names,
    learned: Learned,
    /// Whether GLPI drops requesters whose accounts are there.
    drops: Cache<(), bool>,
    /// Accounts, with the entity, that GLPI has taken as requesters after what was known of them.
    accepted: Cache<(u64, Option<u64>), ()>,
    /// The path of GLPI's pages on its server, without a slash at the end.
    root: String,
    limits: config::Attachments,
    original: config::Original,
    pages: TicketPages,
    longest_creation: Duration,
    sources: TicketSources,
}

/// A request whose ticket GLPI has confirmed. Only [`Deliverer::deliver`] makes one.
#[derive(Debug)]
pub struct Delivered {
    receipt: Receipt,
}

impl Delivered {
    /// What the requester is told.
    pub fn into_receipt(self) -> Receipt {
        self.receipt
    }
}

/// A ticket that is ready to be made. Only [`Deliverer::prepare`] makes one.
pub struct Prepared {
    people: People,
    ids: names::Ids,
    chosen: Chosen,
    /// Whether what is known of the requester's account is of an earlier request.
    is_remembered: bool,
}

/// PHP's own word for a script that broke. Servers before GLPI have others when they cannot reach it.
const BROKEN: Trouble = Trouble::Status(500);

/// The answer to a creation that nobody got.
struct Lost {
    why: String,
    /// GLPI broke on it.
    broken: bool,
}

/// The people of a ticket.
struct People {
    requester: Requester,
    /// Where GLPI writes to the requester's account, if not to its default address.
    answer_to: Option<String>,
    observers: Vec<Requester>,
}

/// What is to be made in GLPI.
enum New<'a> {
    Ticket(&'a mut NewTicket),
    Followup(&'a NewFollowup),
}

/// What GLPI has made.
struct Made {
    id: u64,
    /// What became of the files that went along, where GLPI said so.
    files: Vec<FileOutcome>,
    /// Whether everything is surely there.
    is_whole: bool,
}

/// Why there is no confirmed ticket.
#[derive(Debug)]
pub enum Undelivered {
    /// Surely none was made.
    NotMade {
        /// What stood in the way.
        reason: Reason,
        /// For the log and the relay.
        cause: String,
        /// When GLPI wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// One may have been made, or is there in part: GLPI's answer was lost and a search found nothing yet, or what is
    /// missing of it cannot be added now. The next try goes on.
    Unclear {
        /// For the log and the relay.
        cause: String,
    },
    /// The same, and GLPI itself broke on this very creation: it may do so each time.
    Broken {
        /// For the log and the relay.
        cause: String,
    },
}

impl Deliverer {
    /// A deliverer over `glpi`.
    pub fn new(
        glpi: Glpi,
        glpi_config: &config::Glpi,
        limits: config::Attachments,
        original: config::Original,
        time_zone: TimeZone,
        pages: TicketPages,
    ) -> Self {
        Self {
            names: Names::new(glpi.clone(), time_zone),
            learned: Learned::new(),
            drops: Cache::builder().max_capacity(1).time_to_live(BELIEVED).build(),
            accepted: Cache::builder().max_capacity(20_000).time_to_live(THERE).build(),
            root: url::Url::parse(glpi_config.site())
                .map(|site| site.path().trim_end_matches('/').to_owned())
                .unwrap_or_default(),
            glpi,
            limits,
            original,
            pages,
            longest_creation: glpi_config.timeout * LONGEST_CREATION_CALLS,
            sources: TicketSources::default(),
        }
    }

    /// The ids of GLPI's names, for checking the mappings at start.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The mark GLPI puts into its notifications' Message-IDs, which tells them from another GLPI's; `None` where it has
    /// none or cannot tell.
    async fn uuid(&self) -> Option<String> {
        match self.glpi.directory().server().await {
            Ok(server) => server.uuid.clone(),
            Err(error) => {
                tracing::debug!(%error, "GLPI does not tell the mark of its notifications");
                None
            }
        }
    }

    /// The types of files GLPI takes; `None` where that cannot be known: GLPI's answer then tells.
    async fn document_types(&self) -> Option<Arc<DocumentTypes>> {
        self.glpi.directory().document_types().await.ok().flatten()
    }

    /// What the requester is told of a ticket: everything in it comes from the request, the mapping and the
    /// ticket's number, so that it reads the same for a later copy of the request.
    fn receipt(&self, ticket: u64, routed: &Routed, has_account: bool, left_out: Vec<LeftOut>) -> Receipt {
        let target = routed.target();
        Receipt {
            ticket,
            reference: routed.received().reference,
            link: self.pages.of_requester(ticket, has_account).map(Page::into_address),
            application: target.application.clone(),
            category: target.category.clone(),
            group: target.group.clone(),
            title: routed.title().to_owned(),
            left_out,
        }
    }

    /// What the requester of a ticket that is there already is told: as for a new one, with the
    /// files that did not go because of their number, size or type.
    pub async fn receipt_of(&self, ticket: u64, reference: Reference, routed: &Routed) -> Receipt {
        let chosen = self.choose(routed.received()).await;
        // Where GLPI cannot say now, the receipt promises less.
        let has_account = self.names.may_sign_in(routed.screened().requester()).await.unwrap_or(false);
        Receipt { reference, ..self.receipt(ticket, routed, has_account, chosen.left_out) }
    }

    /// Looks up in GLPI whatever the ticket of a routed request needs, and chooses its files.
    ///
    /// # Errors
    ///
    /// No ticket was made: GLPI cannot answer, or lacks a name of the mapping.
    pub async fn prepare(&self, routed: &Routed) -> Result<Prepared, Undelivered> {
        let address = routed.screened().requester();
        let is_remembered = self.glpi.directory().knows_account(address.as_str());
        let ids = self.names.of(routed.target(), address).await.map_err(|missing| match missing {
            Missing::Unavailable(error) => not_made(&error),
            missing @ (Missing::Unknown { .. } | Missing::Ambiguous { .. } | Missing::Hidden { .. }) => {
                Undelivered::NotMade { reason: Reason::GlpiDenied, cause: missing.to_string(), retry_after: None }
            }
        })?;
        let people = self.people(routed, ids.entity).await.map_err(|error| not_made(&error))?;
        let chosen = self.choose(routed.received()).await;
        Ok(Prepared { people, ids, chosen, is_remembered })
    }

    /// Makes the ticket of a routed request.
    ///
    /// # Errors
    ///
    /// Says whether a ticket may exist: the caller must not try again before that is settled.
    pub async fn deliver(&self, routed: &Routed, prepared: Prepared) -> Result<Delivered, Undelivered> {
        let Prepared { people, ids, mut chosen, is_remembered } = prepared;
        let mut new = ticket(routed, &people, &ids, &chosen);
        let made = self.make(routed.received().reference, &chosen, New::Ticket(&mut new)).await?;
        self.sources.remember(made.id, routed.received(), &routed.target().application);
        let has_account = if made.is_whole && !self.has_dropped_requester(made.id, &new, is_remembered).await? {
            matches!(new.requester, Requester::User(_))
        } else {
            let requester = routed.screened().requester();
            let wanted = Wanted { new: &new, address: requester.as_str() };
            let is_account = self.complete_ticket(made.id, &wanted, &made.files, &mut chosen).await?;
            if !is_account && matches!(new.requester, Requester::User(_)) {
                // Purged, perhaps, since it was looked up.
                self.glpi.directory().forget_account(requester.as_str()).await;
            }
            is_account
        };
        Ok(Delivered { receipt: self.receipt(made.id, routed, has_account, chosen.left_out) })
    }

    /// Completes the ticket of a request that is there already but was never confirmed: an earlier try may have left it
    /// half made. Gives what the requester is told.
    ///
    /// # Errors
    ///
    /// It is not whole yet: the request must be tried again.
    pub async fn complete(&self, found: u64, reference: Reference, routed: &Routed) -> Result<Receipt, Undelivered> {
        // There is a ticket: what stands in the way now must not pass for «none was made».
        let Prepared { people, ids, mut chosen, .. } =
            self.prepare(routed).await.map_err(|undelivered| undelivered.of_a_ticket(found))?;
        let new = ticket(routed, &people, &ids, &chosen);
        let wanted = Wanted { new: &new, address: routed.screened().requester().as_str() };
        let has_account = self.complete_ticket(found, &wanted, &[], &mut chosen).await?;
        Ok(Receipt { reference, ..self.receipt(found, routed, has_account, chosen.left_out) })
    }

    /// Chooses a request's files by what is known of GLPI now.
    async fn choose(&self, received: &Received) -> Chosen {
        let types = self.document_types().await;
        attachments::choose(received, &self.limits, self.original, &self.learned.taken(types.as_deref()))
    }

    /// Whether GLPI made a ticket without its requester and did not say so. That is looked at where it may be: of an
    /// account that was looked up for this very ticket, if this GLPI drops those; of one that is remembered, which may
    /// be purged by now, once a minute.
    async fn has_dropped_requester(&self, id: u64, new: &NewTicket, is_remembered: bool) -> Result<bool, Undelivered> {
        let Requester::User(account) = new.requester else { return Ok(false) };
        let key = (account, new.entity);
        let may_be = if is_remembered { !self.accepted.contains_key(&key) } else { self.may_drop_requesters().await };
        if !may_be {
            return Ok(false);
        }
        match self.glpi.ticket_users(id).await {
            Ok(users) if users.iter().any(|user| user.role == ActorRole::Requester) => {
                if is_remembered {
                    self.accepted.insert(key, ()).await;
                }
                Ok(false)
            }
            Ok(_) => {
                if !is_remembered {
                    self.drops.insert((), true).await;
                }
                Ok(true)
            }
            Err(error) => Err(Undelivered::Unclear { cause: format!("ticket {id} cannot be read back: {error}") }),
        }
    }

    /// Whether this GLPI may drop the requester of a ticket whose account is there: its version does, or a plugin has
    /// done so lately. One ticket in a while shows whether there is such a plugin.
    async fn may_drop_requesters(&self) -> bool {
        if let Some(drops) = self.drops.get(&()).await {
            return drops;
        }
        if let Ok(server) = self.glpi.directory().server().await {
            self.drops.insert((), server.major() >= DROPS_REQUESTERS).await;
        }
        true
    }

    /// Who asks and who watches, in a ticket of this entity: of who the mail was copied to, nobody is the requester by
    /// another address. An address that GLPI is known to refuse stands in the text alone.
    async fn people(&self, routed: &Routed, entity: Option<u64>) -> Result<People, GlpiError> {
        let address = routed.screened().requester();
        let requester = self.actor(address, entity).await?;
        let answer_to = self.names.answer_to(address, &requester).await?;
        let mut observers = self.watching(routed.screened().copies(), entity).await?;
        observers.retain(|observer| *observer != requester);
        Ok(People { requester, answer_to, observers })
    }

    /// Who of those a mail was copied to is to watch a ticket of this entity, each once.
    async fn watching(&self, copies: &Copies, entity: Option<u64>) -> Result<Vec<Requester>, GlpiError> {
        let mut observers = Vec::new();
        for address in &copies.observers {
            let observer = self.actor(address, entity).await?;
            if !observer.is_nobody() && !observers.contains(&observer) {
                observers.push(observer);
            }
        }
        Ok(observers)
    }

    async fn actor(&self, address: &Address, entity: Option<u64>) -> Result<Requester, GlpiError> {
        Ok(match self.names.requester(address, entity).await? {
            Requester::Email(_) if self.learned.refuses_address(address) => Requester::Email(String::new()),
            actor => actor,
        })
    }

    /// Makes an item with the chosen files, or with as many as GLPI takes in one call; finds it again by its reference
    /// where GLPI's answer is lost.
    async fn make(&self, reference: Reference, chosen: &Chosen, mut new: New<'_>) -> Result<Made, Undelivered> {
        let deadline = tokio::time::Instant::now() + self.longest_creation;
        loop {
            let together = self.learned.together(reference, &chosen.uploads);
            let creation = async {
                match &new {
                    New::Ticket(ticket) => self.glpi.create_ticket(ticket, &together).await,
                    New::Followup(followup) => self.glpi.add_followup(followup, &together).await,
                }
            };
            let lost = match tokio::time::timeout_at(deadline, creation).await {
                Ok(Ok(created)) => {
                    let is_whole = together.len() == chosen.uploads.len()
                        && created.files.iter().all(|file| file.fate == FileFate::Taken);
                    return Ok(Made { id: created.id, files: created.files, is_whole });
                }
                Ok(Err(GlpiError::AnswerLost { why, .. })) => Lost { broken: why == BROKEN, why: why.to_string() },
                // Nothing was written: with fewer files, the others follow singly.
                Ok(Err(GlpiError::TooLarge)) if !together.is_empty() => {
                    self.learned.call_is_too_large(together.iter().map(|file| file.bytes.len() as u64).sum());
                    continue;
                }
                Ok(Err(error)) => {
                    if let New::Ticket(ticket) = &mut new
                        && self.drop_refused_address(ticket, &error)
                    {
                        continue;
                    }
                    return Err(not_made(&error));
                }
                Err(_) => Lost { why: "no end of the creation in time".to_owned(), broken: false },
            };
            match self.settle(reference, &new, &lost).await {
                Ok(id) => return Ok(Made { id, files: Vec::new(), is_whole: false }),
                Err(unclear) if together.is_empty() => return Err(unclear),
                Err(unclear) => {
                    // A picture that is cut in its header kills PHP each time, before anything is written.
                    self.learned.keep_apart(reference).await;
                    if !lost.broken {
                        return Err(unclear);
                    }
                    tracing::warn!(%reference, "GLPI fails on a request with files: it goes without them, and they follow singly");
                }
            }
        }
    }

    /// Makes a ticket one without a requester where GLPI refuses the address: it stands in the text. Gives whether it
    /// did.
    fn drop_refused_address(&self, ticket: &mut NewTicket, error: &GlpiError) -> bool {
        let GlpiError::Rejected { message, .. } = error else { return false };
        match &ticket.requester {
            Requester::Email(address) if !address.is_empty() && self.learned.blames_address(address, message) => {
                tracing::warn!("GLPI refuses the requester's address: the ticket names it in its text alone");
                ticket.requester = Requester::Email(String::new());
                true
            }
            Requester::Email(_) | Requester::User(_) => false,
        }
    }

    /// Finds the item of a creation whose answer was lost.
    async fn settle(&self, reference: Reference, new: &New<'_>, lost: &Lost) -> Result<u64, Undelivered> {
        let why = &lost.why;
        for pause in SETTLE_PAUSES {
            tokio::time::sleep(pause).await;
            let found = match new {
                New::Ticket(_) => {
                    oldest_ticket(&self.glpi, &[reference], 1).await.map(|found| found.map(|ticket| ticket.number))
                }
                New::Followup(followup) => self.followup_of(followup.ticket, reference).await,
            };
            match found {
                Ok(Some(id)) => {
                    tracing::info!(%reference, id, "GLPI's answer was lost; what it was to make is there");
                    return Ok(id);
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Undelivered::Unclear { cause: format!("answer lost ({why}), then: {error}") });
                }
            }
        }
        let cause = format!("answer lost ({why}), nothing found yet");
        Err(if lost.broken { Undelivered::Broken { cause } } else { Undelivered::Unclear { cause } })
    }
}

fn ticket(routed: &Routed, people: &People, ids: &names::Ids, chosen: &Chosen) -> NewTicket {
    let target = routed.target();
    let (request_type, head) = match &routed.received().origin {
        Origin::Mail(mail) => (BY_MAIL, Some(mail.head.clone())),
        Origin::Form(_) => (BY_FORM, None),
    };
    NewTicket {
        name: routed.title().to_owned(),
        content_html: format!(
            "{}{}{}",
            chosen.content(routed.content()),
            left_out::cut(&chosen.cut, chosen.holds_original()),
            left_out::list(&chosen.left_out)
        ),
        kind: match target.kind {
            TicketKind::Incident => Kind::Incident,
            TicketKind::Request => Kind::Request,
        },
        urgency: target.urgency,
        category: Some(ids.category),
        entity: ids.entity,
        location: ids.location,
        request_type: Some(request_type),
        assigned_groups: vec![ids.group],
        observer_groups: ids.observers.clone(),
        requester: people.requester.clone(),
        answer_to: people.answer_to.clone(),
        observers: people.observers.clone(),
        head,
    }
}

impl Undelivered {
    /// The same, of a request that has this ticket.
    fn of_a_ticket(self, ticket: u64) -> Self {
        match self {
            Self::NotMade { cause, .. } | Self::Unclear { cause } | Self::Broken { cause } => {
                Self::Unclear { cause: format!("ticket {ticket} cannot be completed: {cause}") }
            }
        }
    }
}

fn not_made(error: &GlpiError) -> Undelivered {
    let (reason, retry_after) = match error {
        GlpiError::Unavailable { retry_after, .. } => (Reason::GlpiUnavailable, *retry_after),
        GlpiError::Denied { .. } => (Reason::GlpiDenied, None),
        GlpiError::AnswerLost { .. } | GlpiError::NotFound | GlpiError::TooLarge | GlpiError::Rejected { .. } => {
            (Reason::GlpiRejected, None)
        }
    };
    Undelivered::NotMade { reason, cause: error.to_string(), retry_after }
}
