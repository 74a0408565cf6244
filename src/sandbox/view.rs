//! What the helpdesk holds, for people and tests to look at; nothing of the API's shapes.

use super::php::{Row, flag, int_of, text_of};
use super::roles::{Party, Role};
use super::store::Store;
use super::text::decode;

/// A ticket as a référent sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// GLPI's number.
    pub id: i64,
    /// The title, decoded.
    pub name: String,
    /// The content, decoded: HTML.
    pub content: String,
    /// The category's full path, `Scolarité > LSU`; `None` for no or an unknown one.
    pub category: Option<String>,
    /// The entity's full path.
    pub entity: Option<String>,
    /// The location's full path.
    pub location: Option<String>,
    /// The name of the request source, `E-Mail` or another.
    pub request_type: Option<String>,
    /// 1 incident, 2 request.
    pub kind: i64,
    /// 1 new, 2 assigned, 3 planned, 4 pending, 5 solved, 6 closed.
    pub status: i64,
    /// 1 very low to 5 very high.
    pub urgency: i64,
    /// 1 very low to 5 very high, 6 major.
    pub priority: i64,
    /// The opening date, local time.
    pub opened: String,
    /// When the helpdesk took it into account, local time.
    pub taken_into_account: Option<String>,
    /// Who asks.
    pub requesters: Vec<Person>,
    /// Users who watch.
    pub observers: Vec<Person>,
    /// Users it is assigned to.
    pub assignees: Vec<Person>,
    /// Names of the groups it is assigned to.
    pub assigned_groups: Vec<String>,
    /// Names of the groups that watch.
    pub observer_groups: Vec<String>,
    /// The files on the ticket itself.
    pub documents: Vec<DocumentView>,
    /// The follow-ups, oldest first.
    pub followups: Vec<FollowupView>,
}

/// A user in a role of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// GLPI's number, 0 for someone without an account.
    pub user: i64,
    /// The name, or nothing for someone without an account.
    pub name: String,
    /// The address of someone without an account.
    pub email: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentView {
    /// GLPI's number.
    pub id: i64,
    /// Its name, decoded.
    pub filename: String,
    /// Its media type.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A follow-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowupView {
    /// Whether the requester does not see it.
    pub private: bool,
    /// The author's number.
    pub author: i64,
    /// The author's name.
    pub author_name: String,
    /// When, local time.
    pub date: String,
    /// The content, decoded: HTML.
    pub content: String,
    /// Its files.
    pub documents: Vec<DocumentView>,
}

/// All tickets that are not in the bin, oldest first.
pub(super) fn tickets(store: &Store) -> Vec<TicketView> {
    let tickets = store.rows("Ticket").filter(|row| !flag(row, "is_deleted"));
    tickets.map(|row| view(store, row)).collect()
}

fn view(store: &Store, row: &Row) -> TicketView {
    let id = int_of(row, "id");
    let text = |field| decode(&text_of(row, field));
    let path = |kind, key| store.name_of(kind, int_of(row, key), "completename").map(|p| decode(&p));
    let people = |role| people(store, id, role);
    let groups = |role| groups(store, id, role);
    let followups = store.rows_of("ITILFollowup", "items_id", id);
    TicketView {
        id,
        name: text("name"),
        content: text("content"),
        category: path("ITILCategory", "itilcategories_id"),
        entity: path("Entity", "entities_id"),
        location: path("Location", "locations_id"),
        request_type: store.name_of("RequestType", int_of(row, "requesttypes_id"), "name"),
        kind: int_of(row, "type"),
        status: int_of(row, "status"),
        urgency: int_of(row, "urgency"),
        priority: int_of(row, "priority"),
        opened: text("date"),
        taken_into_account: Some(text("takeintoaccountdate")).filter(|date| !date.is_empty()),
        requesters: people(Role::Requester),
        observers: people(Role::Observer),
        assignees: people(Role::Assigned),
        assigned_groups: groups(Role::Assigned),
        observer_groups: groups(Role::Observer),
        documents: documents(store, "Ticket", id),
        followups: followups
            .filter(|followup| text_of(followup, "itemtype") == "Ticket")
            .map(|followup| FollowupView {
                private: int_of(followup, "is_private") > 0,
                author: int_of(followup, "users_id"),
                author_name: store.person(int_of(followup, "users_id")),
                date: text_of(followup, "date"),
                content: decode(&text_of(followup, "content")),
                documents: documents(store, "ITILFollowup", int_of(followup, "id")),
            })
            .collect(),
    }
}

fn links(store: &Store, party: Party, ticket: i64, role: Role) -> impl Iterator<Item = &Row> {
    let links = store.rows_of(party.links(), "tickets_id", ticket);
    links.filter(move |link| int_of(link, "type") == role as i64)
}

fn people(store: &Store, ticket: i64, role: Role) -> Vec<Person> {
    links(store, Party::User, ticket, role)
        .map(|link| Person {
            user: int_of(link, "users_id"),
            name: store.person(int_of(link, "users_id")),
            email: decode(&text_of(link, "alternative_email")),
        })
        .collect()
}

fn groups(store: &Store, ticket: i64, role: Role) -> Vec<String> {
    links(store, Party::Group, ticket, role)
        .filter_map(|link| store.name_of("Group", int_of(link, "groups_id"), "completename"))
        .collect()
}

fn documents(store: &Store, kind: &str, id: i64) -> Vec<DocumentView> {
    store
        .rows_of("Document_Item", "items_id", id)
        .filter(|link| text_of(link, "itemtype") == kind)
        .filter_map(|link| store.get("Document", int_of(link, "documents_id")))
        .map(|document| {
            let id = int_of(document, "id");
            DocumentView {
                id,
                filename: decode(&text_of(document, "filename")),
                mime: text_of(document, "mime"),
                bytes: store.files.get(&id).map(|bytes| bytes.to_vec()).unwrap_or_default(),
            }
        })
        .collect()
}
