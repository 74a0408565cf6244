//! Making a ticket: what it is to be, and how GLPI is told of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::id::{CategoryId, EntityId, GroupId, LocationId, RequestTypeId, TicketId, UserId};

use super::error::GlpiError;
use super::group_commit::Among;
use super::{Created, Glpi, upload::Upload};

/// A ticket to make.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// The title.
    pub name: String,
    /// The description, as sanitised HTML. An inline image is `<img id="TAG">`, see [`Upload::tag`].
    pub content_html: String,
    /// Incident or request.
    pub kind: TicketType,
    /// 1 (very low) to 5 (very high).
    pub urgency: u8,
    /// `ITILCategory` id.
    pub category: Option<CategoryId>,
    /// `Entity` id; without, the account's own.
    pub entity: Option<EntityId>,
    /// `Location` id.
    pub location: Option<LocationId>,
    /// `RequestType` id: the source of the request.
    pub request_type: Option<RequestTypeId>,
    /// The groups it is assigned to. A business rule of GLPI may replace them.
    pub assigned_groups: Vec<GroupId>,
    /// The groups that watch it.
    pub observer_groups: Vec<GroupId>,
    /// Who asks.
    pub requester: Requester,
    /// Where GLPI writes to the requester's account, if not to its default address.
    pub answer_to: Option<String>,
    /// The people who watch it, each once.
    pub observers: Vec<Requester>,
    /// The mail's headers (`from`, `to`, `subject`, `reply-to`…, in lower case): GLPI's own rules on
    /// mail headers then apply.
    pub head: Option<BTreeMap<String, String>>,
}

/// GLPI's two types of ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketType {
    /// Something is broken.
    Incident = 1,
    /// Something is wanted.
    Request = 2,
}

/// Who asks for help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// A GLPI account.
    User(UserId),
    /// Someone without one, whom GLPI writes to at this address. Empty: nobody, where GLPI takes no such address.
    Email(String),
}

impl Requester {
    /// Whether this is nobody GLPI could write to.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Email(address) if address.is_empty())
    }
}

impl NewTicket {
    /// What GLPI is sent.
    pub(super) fn input(&self) -> Map<String, Value> {
        let mut input = Map::new();
        let mut set = |key: &str, value: Value| input.insert(key.to_owned(), value);
        set("name", json!(self.name));
        set("content", json!(self.content_html));
        set("type", json!(self.kind as u8));
        set("urgency", json!(self.urgency));
        // or the service account would count as having taken the ticket in charge
        set("_do_not_compute_takeintoaccount", json!(1));
        let ids = [
            ("itilcategories_id", self.category.map(CategoryId::get)),
            ("entities_id", self.entity.map(EntityId::get)),
            ("locations_id", self.location.map(LocationId::get)),
            ("requesttypes_id", self.request_type.map(RequestTypeId::get)),
        ];
        for (key, id) in ids {
            if let Some(id) = id {
                set(key, json!(id));
            }
        }
        let groups = [("_groups_id_assign", &self.assigned_groups), ("_groups_id_observer", &self.observer_groups)];
        for (key, groups) in groups {
            if !groups.is_empty() {
                set(key, json!(groups));
            }
        }
        match (&self.requester, &self.answer_to) {
            (Requester::User(id), None) => {
                set("_users_id_requester", json!(id));
            }
            (Requester::User(id), Some(email)) => {
                set("_users_id_requester", json!(id));
                set("_users_id_requester_notif", notified([email.as_str()]));
            }
            (nobody, _) if nobody.is_nobody() => {}
            (Requester::Email(email), _) => {
                set("_users_id_requester", json!(0));
                set("_users_id_requester_notif", notified([email.as_str()]));
            }
        }
        if !self.observers.is_empty() {
            let (ids, emails): (Vec<_>, Vec<_>) = self.observers.iter().map(id_and_email).unzip();
            set("_users_id_observer", json!(ids));
            set("_users_id_observer_notif", notified(emails));
        }
        if let Some(head) = &self.head {
            set("_head", json!(head));
        }
        input
    }
}

impl Glpi {
    /// Makes a ticket, with its files, in one call.
    ///
    /// The service account does not count as having taken it in charge.
    pub async fn create_ticket(&self, ticket: &NewTicket, files: &[Upload]) -> Result<Created<TicketId>, GlpiError> {
        self.create("Ticket", ticket.input(), files).await
    }

    /// Makes a ticket without files, in one call with others where they wait for a session. When the call is about to be made, `is_wanted` says
    /// whether it still is; `None` where not.
    ///
    /// # Errors
    ///
    /// As for a call of its own. [`GlpiError::AnswerLost`] says among how many it went.
    pub async fn create_ticket_among<F: Future<Output = bool>>(
        &self,
        ticket: &NewTicket,
        among: Among,
        is_wanted: impl FnOnce() -> F,
    ) -> Result<Option<TicketId>, GlpiError> {
        self.shared.creations.create(&self.connection, ticket.input(), among, is_wanted).await
    }
}

/// GLPI writes to each of these people: to this address, or to their account's own where it is empty.
fn notified<'a>(emails: impl IntoIterator<Item = &'a str>) -> Value {
    let emails: Vec<_> = emails.into_iter().collect();
    json!({ "use_notification": vec![1; emails.len()], "alternative_email": emails })
}

fn id_and_email(person: &Requester) -> (u64, &str) {
    match person {
        Requester::User(id) => (id.get(), ""),
        Requester::Email(email) => (0, email),
    }
}
