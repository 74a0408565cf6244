//! One request, one ticket: what it is made of, and what its requester is told.

use futures_util::future::try_join_all;

use super::{
    attachments::Chosen,
    completion::Wanted,
    deliverer::Deliverer,
    left_out,
    making::{New, request_type},
    names::{self, Missing},
    undelivered::{Undelivered, not_made},
};
use crate::{
    flow::{ledger::StandingClaim, route::Routed, screen::Copies},
    glpi::{Among, GlpiError, NewTicket, Requester, TicketType},
    id::{EntityId, TicketId, UserId},
    request::{
        Address, LeftOut, Origin, Page, Reason, Receipt, ReceiptDetails, Received, Reference, School, TicketKind,
    },
    text::Bilingual,
};

/// The version of GLPI from which on it drops requesters without a profile on the ticket's entity, in silence.
const DROPS_REQUESTERS: u32 = 11;

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

/// The people of a ticket.
struct People {
    requester: Requester,
    /// Where GLPI writes to the requester's account, if not to its default address.
    answer_to: Option<String>,
    observers: Vec<Requester>,
}

/// What a request was understood to be.
fn details(routed: &Routed) -> ReceiptDetails {
    let (screened, target) = (routed.screened(), routed.target());
    let (person, form) = (
        screened.person(),
        match &routed.received().origin {
            Origin::Form(form) => form.phone.clone(),
            Origin::Mail(_) => None,
        },
    );
    let school = School { uai: screened.uai(), ..person.own_school() }.shown();
    ReceiptDetails {
        suggestions: Vec::new(),
        messages: Vec::new(),
        kind: Some(target.kind),
        urgency: Some(target.urgency),
        school: Some(school).filter(|school| !school.is_empty()),
        phone: form.or_else(|| person.phone.clone()),
        deposited: Some(screened.arrived().clone()),
    }
}

impl Deliverer {
    /// What the requester is told of a ticket: everything in it comes from the request, the mapping and the
    /// ticket's number, so that it reads the same for a later copy of the request.
    fn receipt(&self, ticket: TicketId, routed: &Routed, has_account: bool, left_out: Vec<LeftOut>) -> Receipt {
        let target = routed.target();
        Receipt {
            ticket,
            reference: routed.received().reference,
            link: self.pages.of_requester(ticket, has_account).map(Page::into_address),
            application: target.application.clone(),
            category: target.category.clone(),
            group: target.group.clone(),
            title: routed.title().to_owned(),
            details: details(routed),
            left_out,
        }
    }

    /// What the requester of a ticket that is there already is told: as for a new one, with the
    /// files that did not go because of their number, size or type.
    pub async fn receipt_of(&self, ticket: TicketId, reference: Reference, routed: &Routed) -> Receipt {
        let chosen = self.choose(routed.received()).await;
        // Where GLPI cannot say now, the receipt promises less.
        let has_account = self.names.may_sign_in(routed.screened().requester()).await.unwrap_or(false);
        Receipt { reference, ..self.receipt(ticket, routed, has_account, chosen.left_out) }
    }

    /// The names of the files of a request that would go into its ticket, and those that would not. Writes nothing.
    pub async fn files_of(&self, received: &Received) -> (Vec<String>, Vec<LeftOut>) {
        let chosen = self.choose(received).await;
        (chosen.uploads.into_iter().map(|file| file.name).collect(), chosen.left_out)
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
                Undelivered::NotMade { reason: Reason::GlpiDenied, cause: Bilingual::same(missing), retry_after: None }
            }
        })?;
        let people = self.people(routed, ids.entity).await.map_err(|error| not_made(&error))?;
        let chosen = self.choose(routed.received()).await;
        Ok(Prepared { people, ids, chosen, is_remembered })
    }

    /// Makes the ticket of a routed request, if its claim still stands when there is a session for it.
    ///
    /// # Errors
    ///
    /// Says whether a ticket may exist: the caller must not try again before that is settled.
    pub async fn deliver(
        &self,
        routed: &Routed,
        prepared: Prepared,
        claim: StandingClaim<'_>,
    ) -> Result<Delivered, Undelivered> {
        let Prepared { people, ids, mut chosen, is_remembered } = prepared;
        let mut new = ticket(routed, &people, &ids, &chosen);
        let received = routed.received();
        // What has files goes alone.
        let company = received.company();
        let expected = match company {
            Some(company) if chosen.uploads.is_empty() => company.before_making().await,
            Some(company) => {
                company.leave();
                1
            }
            None => 1,
        };
        let among = Among { expected, most: usize::MAX, is_patient: company.is_some() };
        let remembered = if is_remembered { account(&new) } else { None };
        let making = self.make(received.reference, &chosen, New::Ticket(&mut new, among), claim);
        let (made, ()) = tokio::join!(making, self.look_for(remembered));
        let made = made?;
        let id = TicketId::from(made.id);
        self.sources.remember(id, routed.received(), &routed.target().application).await;
        let has_account = if made.is_whole && !self.has_dropped_requester(id, &new, is_remembered).await? {
            matches!(new.requester, Requester::User(_))
        } else {
            let requester = routed.screened().requester();
            let wanted = Wanted { new: &new, address: requester.as_str() };
            let is_account = self.complete_ticket(id, &wanted, &made.files, &mut chosen).await?;
            if !is_account && matches!(new.requester, Requester::User(_)) {
                // Purged, perhaps, since it was looked up.
                self.glpi.directory().forget_account(requester.as_str()).await;
            }
            is_account
        };
        Ok(Delivered { receipt: self.receipt(id, routed, has_account, chosen.left_out) })
    }

    /// Completes the ticket of a request that is there already but was never confirmed: an earlier try may have left it
    /// half made. Gives what the requester is told.
    ///
    /// # Errors
    ///
    /// It is not whole yet: the request must be tried again.
    pub async fn complete(
        &self,
        found: TicketId,
        reference: Reference,
        routed: &Routed,
    ) -> Result<Receipt, Undelivered> {
        // There is a ticket: what stands in the way now must not pass for «none was made».
        let Prepared { people, ids, mut chosen, .. } =
            self.prepare(routed).await.map_err(|undelivered| undelivered.of_a_ticket(found))?;
        let new = ticket(routed, &people, &ids, &chosen);
        let wanted = Wanted { new: &new, address: routed.screened().requester().as_str() };
        let has_account = self.complete_ticket(found, &wanted, &[], &mut chosen).await?;
        Ok(Receipt { reference, ..self.receipt(found, routed, has_account, chosen.left_out) })
    }

    /// Looks, while a ticket of it is made, whether a remembered account is still there, once a minute: a GLPI that drops
    /// no others has its requester in the ticket then.
    async fn look_for(&self, remembered: Option<(UserId, Option<EntityId>)>) {
        let Some((account, entity)) = remembered else { return };
        if self.drops.get().await != Some(false) {
            return;
        }
        let asked = async { accepted(self.glpi.shows_account(account).await) };
        // Otherwise the ticket tells.
        let _ = self.accepted.or_ask((account, entity), asked).await;
    }

    /// Whether GLPI made a ticket without its requester and did not say so. That is looked at where it may be: of an
    /// account that was looked up for this very ticket, if this GLPI drops those; of one that is remembered, which may
    /// be purged by now, once a minute.
    async fn has_dropped_requester(
        &self,
        id: TicketId,
        new: &NewTicket,
        is_remembered: bool,
    ) -> Result<bool, Undelivered> {
        let Some(account) = account(new) else { return Ok(false) };
        let unread =
            |error: &GlpiError| Undelivered::Unclear { cause: format!("ticket {id} cannot be read back: {error}") };
        if is_remembered {
            // One ticket shows it for all that are made of the account at the same moment.
            let asked = async { accepted(self.glpi.has_requester(id).await) };
            return match self.accepted.or_ask(account, asked).await {
                Ok(()) => Ok(false),
                Err(None) => Ok(true),
                Err(Some(error)) => Err(unread(&error)),
            };
        }
        if !self.may_drop_requesters().await {
            return Ok(false);
        }
        let has_one = self.glpi.has_requester(id).await.map_err(|error| unread(&error))?;
        if !has_one {
            self.drops.insert(true).await;
        }
        Ok(!has_one)
    }

    /// Whether this GLPI may drop the requester of a ticket whose account is there: its version does, or a plugin has
    /// done so lately. One ticket in a while shows whether there is such a plugin.
    async fn may_drop_requesters(&self) -> bool {
        if let Some(drops) = self.drops.get().await {
            return drops;
        }
        if let Ok(server) = self.glpi.directory().server().await {
            self.drops.insert(server.major() >= Some(DROPS_REQUESTERS)).await;
        }
        true
    }

    /// Who asks and who watches, in a ticket of this entity: of who the mail was copied to, nobody is the requester by
    /// another address. An address that GLPI is known to refuse stands in the text alone.
    async fn people(&self, routed: &Routed, entity: Option<EntityId>) -> Result<People, GlpiError> {
        let address = routed.screened().requester();
        let watching = self.watching(routed.screened().copies(), entity);
        let (requester, mut observers) = tokio::try_join!(self.actor(address, entity), watching)?;
        let answer_to = self.names.answer_to(address, &requester).await?;
        observers.retain(|observer| *observer != requester);
        Ok(People { requester, answer_to, observers })
    }

    /// Who of those a mail was copied to is to watch a ticket of this entity, each once.
    pub(super) async fn watching(
        &self,
        copies: &Copies,
        entity: Option<EntityId>,
    ) -> Result<Vec<Requester>, GlpiError> {
        let actors = copies.observers.iter().map(|address| self.actor(address, entity));
        let mut observers = Vec::new();
        for observer in try_join_all(actors).await? {
            if !observer.is_nobody() && !observers.contains(&observer) {
                observers.push(observer);
            }
        }
        Ok(observers)
    }

    async fn actor(&self, address: &Address, entity: Option<EntityId>) -> Result<Requester, GlpiError> {
        Ok(match self.names.requester(address, entity).await? {
            Requester::Email(_) if self.learned.refuses_address(address) => Requester::Email(String::new()),
            actor => actor,
        })
    }
}

/// Only that an account is taken is remembered: `Err(None)` where it is not.
fn accepted(is_taken: Result<bool, GlpiError>) -> Result<(), Option<GlpiError>> {
    if is_taken? { Ok(()) } else { Err(None) }
}

/// The account a ticket is of, in its entity.
fn account(new: &NewTicket) -> Option<(UserId, Option<EntityId>)> {
    match new.requester {
        Requester::User(account) => Some((account, new.entity)),
        Requester::Email(_) => None,
    }
}

fn ticket(routed: &Routed, people: &People, ids: &names::Ids, chosen: &Chosen) -> NewTicket {
    let target = routed.target();
    let origin = &routed.received().origin;
    NewTicket {
        name: routed.title().to_owned(),
        content_html: format!(
            "{}{}{}",
            chosen.content(routed.content()),
            left_out::cut(&chosen.cut, chosen.holds_original()),
            LeftOut::list(&chosen.left_out)
        ),
        kind: match target.kind {
            TicketKind::Incident => TicketType::Incident,
            TicketKind::Request => TicketType::Request,
        },
        urgency: target.urgency,
        category: Some(ids.category),
        entity: ids.entity,
        location: ids.location,
        request_type: Some(request_type(origin)),
        assigned_groups: vec![ids.group],
        observer_groups: ids.observers.clone(),
        requester: people.requester.clone(),
        answer_to: people.answer_to.clone(),
        observers: people.observers.clone(),
        head: match origin {
            Origin::Mail(mail) => Some(mail.head.clone()),
            Origin::Form(_) => None,
        },
    }
}
