//! Making tickets and follow-ups, with their files.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};
use sha1_smol::Sha1;

use crate::id::{CategoryId, EntityId, FollowupId, GroupId, LocationId, RequestTypeId, TicketId, UserId};

use super::error::GlpiError;
use super::exchange::Call;
use super::{ActorRole, DocumentHolder, Glpi, TicketStatus, wire};

/// A ticket to make.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// The title.
    pub name: String,
    /// The description, as sanitised HTML. An inline image is `<img id="TAG">`, see [`Upload::tag`].
    pub content_html: String,
    /// Incident or request.
    pub kind: Kind,
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
pub enum Kind {
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

/// A follow-up to add to a ticket.
#[derive(Debug, Clone)]
pub struct NewFollowup {
    /// The ticket's id.
    pub ticket: TicketId,
    /// The text, as sanitised HTML.
    pub content_html: String,
    /// The account that shows as its author; without, the service account.
    pub author: Option<UserId>,
    /// Whether only staff sees it.
    pub private: bool,
    /// `RequestType` id: the source of the follow-up.
    pub request_type: Option<RequestTypeId>,
    /// What it does to the ticket.
    pub effect: Effect,
}

/// What a follow-up does to its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// A pending, solved or closed ticket is opened again, its solution refused (`add_reopen`).
    Reopen,
    /// A solved ticket is closed, its solution accepted (`add_close`).
    Close,
    /// It counts as taken in charge: staff has answered.
    TakeInCharge,
}

/// A file that goes along.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name, as the sender gave it.
    pub name: String,
    /// Its media type; one that does not parse is left out.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// For an inline image, the `id` of its `<img>` in the content; GLPI puts the document's link
    /// there.
    pub tag: Option<String>,
    /// The SHA-1 of its bytes, in hex: GLPI knows a document by it.
    sha1: String,
}

/// What a creation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<I> {
    /// The new item's id.
    pub id: I,
    /// What became of each file, in the order given.
    pub files: Vec<FileOutcome>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutcome {
    /// The name given.
    pub name: String,
    /// Whether GLPI has it.
    pub fate: FileFate,
}

/// Whether GLPI has a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFate {
    /// It is a document of the new item.
    Taken,
    /// It is not, with GLPI's reason in GLPI's language if it gave one (else empty).
    NotTaken(String),
    /// It was sent, but the documents could not be read back.
    Unknown,
}

/// What is to be changed of a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The description, as sanitised HTML.
    pub content_html: Option<String>,
    /// `ITILCategory` id.
    pub category: Option<CategoryId>,
    /// Its status.
    pub status: Option<TicketStatus>,
    /// Whether its last solution counts as accepted (`ParentStatus::updateParentStatus`).
    pub accepted: bool,
    /// When it was taken in charge.
    pub taken: Option<Taken>,
}

/// When a ticket was taken in charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The moment, in GLPI's time zone.
    pub at: DateTime,
    /// Seconds from its opening until then, at least one: GLPI takes 0 for «not yet».
    pub after: u64,
}

impl Upload {
    /// A file of these bytes, of which the digest is taken here, once: of large ones that takes its time.
    pub fn new(name: String, content_type: String, bytes: Bytes, tag: Option<String>) -> Self {
        let sha1 = Sha1::from(&bytes).digest().to_string();
        Self { name, content_type, bytes, tag, sha1 }
    }

    /// The SHA-1 of its bytes, in hex.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }
}

impl Glpi {
    /// Makes a ticket, with its files, in one call.
    ///
    /// The service account does not count as having taken it in charge.
    pub async fn create_ticket(&self, ticket: &NewTicket, files: &[Upload]) -> Result<Created<TicketId>, GlpiError> {
        self.create("Ticket", ticket_input(ticket), files).await
    }

    /// Makes a ticket without files, in one call with others where they wait for a session: up to `most_together` in all,
    /// so that one that may break its call goes in small company. When the call is about to be made, `is_wanted` says
    /// whether it still is; `None` where not.
    ///
    /// # Errors
    ///
    /// As for a call of its own. [`GlpiError::AnswerLost`] says among how many it went.
    pub async fn create_ticket_among<F: Future<Output = bool>>(
        &self,
        ticket: &NewTicket,
        most_together: usize,
        is_wanted: impl FnOnce() -> F,
    ) -> Result<Option<TicketId>, GlpiError> {
        self.create_together(ticket_input(ticket), most_together, is_wanted).await
    }

    /// Adds a follow-up, with its files, in one call. GLPI takes one to a closed ticket.
    ///
    /// To a ticket that does not exist, GLPI says that the account has no right to add it, and so it
    /// does where it really has none: both are [`GlpiError::NotFound`] here.
    pub async fn add_followup(
        &self,
        followup: &NewFollowup,
        files: &[Upload],
    ) -> Result<Created<FollowupId>, GlpiError> {
        self.create_followup(followup_input(followup), files).await
    }

    async fn create_followup(
        &self,
        input: Map<String, Value>,
        files: &[Upload],
    ) -> Result<Created<FollowupId>, GlpiError> {
        self.create("ITILFollowup", input, files).await.map_err(|error| match error {
            GlpiError::Denied { code, .. } if code == "ERROR_GLPI_ADD" => GlpiError::NotFound,
            error => error,
        })
    }

    /// Adds a private follow-up of the service account, of which GLPI tells nobody (`_disablenotif`) and which does
    /// not count as taking the ticket in charge.
    ///
    /// # Errors
    ///
    /// As [`Glpi::add_followup`].
    pub async fn add_note(&self, ticket: TicketId, content_html: &str) -> Result<FollowupId, GlpiError> {
        let note = NewFollowup {
            ticket,
            content_html: content_html.to_owned(),
            author: None,
            private: true,
            request_type: None,
            effect: Effect::None,
        };
        let mut input = followup_input(&note);
        input.insert("_disablenotif".to_owned(), json!(true));
        self.create_followup(input, &[]).await.map(|created| created.id)
    }

    /// Replaces the text of a follow-up; GLPI tells nobody of it (`_disablenotif`).
    pub async fn rewrite_followup(&self, followup: FollowupId, content_html: &str) -> Result<(), GlpiError> {
        let input = json!({ "content": content_html, "_disablenotif": true });
        self.call(&Call::update(format!("ITILFollowup/{followup}"), &input)).await.map(drop)
    }

    /// Replaces the text of a follow-up and shows it to the requester; GLPI tells of it as of any that is changed.
    pub async fn publish_followup(&self, followup: FollowupId, content_html: &str) -> Result<(), GlpiError> {
        let input = json!({ "content": content_html, "is_private": 0 });
        self.call(&Call::update(format!("ITILFollowup/{followup}"), &input)).await.map(drop)
    }

    async fn create<I>(
        &self,
        item_type: &str,
        mut input: Map<String, Value>,
        files: &[Upload],
    ) -> Result<Created<I>, GlpiError>
    where
        I: Copy + From<u64> + Into<DocumentHolder>,
    {
        if files.iter().any(|file| file.tag.is_some()) {
            let tags: Vec<&str> = files.iter().map(|file| file.tag.as_deref().unwrap_or_default()).collect();
            input.insert("_tag_filename".to_owned(), json!(tags));
        }
        let added = self.add(item_type, &Value::Object(input), files).await?;
        let id = I::from(added.id);
        Ok(Created { id, files: self.fates(id.into(), &added, files).await })
    }

    /// Adds one file to what is there already, and says what became of it: the words of
    /// [`FileFate::NotTaken`] are GLPI's. `entity` is where the document belongs, the ticket's.
    ///
    /// # Errors
    ///
    /// [`GlpiError::AnswerLost`] where it may have been added: the item's documents tell.
    pub async fn attach(
        &self,
        holder: DocumentHolder,
        entity: Option<EntityId>,
        file: &Upload,
    ) -> Result<FileFate, GlpiError> {
        let mut input = json!({
            "itemtype": holder.item_type(),
            "items_id": holder.number(),
            // or a document without a file is made of one that GLPI refuses
            "_only_if_upload_succeed": 1,
            // no change of the ticket's status: a solved one would be opened again
            "_no_reopen": 1,
        });
        if let Some(entity) = entity {
            input["entities_id"] = json!(entity);
        }
        let added = match self.add("Document", &input, std::slice::from_ref(file)).await {
            Ok(added) => added,
            Err(GlpiError::Rejected { message, .. }) => return Ok(FileFate::NotTaken(message)),
            Err(error) => return Err(error),
        };
        let complaint = added.upload_result["file0"][0].get("error").map(|words| words.as_str().unwrap_or_default());
        Ok(complaint.map_or(FileFate::Taken, |words| FileFate::NotTaken(words.to_owned())))
    }

    /// Gives a ticket a person in this role. It does not count as taking the ticket in charge.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where GLPI does not take them, or has them already: to be read back.
    pub async fn add_user(&self, ticket: TicketId, who: &Requester, role: ActorRole) -> Result<(), GlpiError> {
        let (user, address) = match who {
            Requester::User(id) => (id.get(), ""),
            Requester::Email(address) => (0, address.as_str()),
        };
        let input = json!({
            "tickets_id": ticket,
            "users_id": user,
            "type": role.number(),
            "use_notification": 1,
            "alternative_email": address,
            "_do_not_compute_takeintoaccount": 1,
        });
        self.add("Ticket_User", &input, &[]).await.map(drop)
    }

    /// Changes fields of a ticket. GLPI tells nobody of it, and it does not count as taking the ticket in charge by itself.
    pub async fn amend_ticket(&self, ticket: TicketId, changes: &Amendment) -> Result<(), GlpiError> {
        let mut input = json!({ "_do_not_compute_takeintoaccount": 1, "_disablenotif": true });
        if let Some(content) = &changes.content_html {
            input["content"] = json!(content);
        }
        if let Some(category) = changes.category {
            input["itilcategories_id"] = json!(category);
        }
        if let Some(status) = changes.status {
            input["status"] = json!(status.number());
        }
        if changes.accepted {
            input["_accepted"] = json!(true);
        }
        if let Some(Taken { at, after }) = changes.taken {
            // As `Ticket::updateDateMod` writes it.
            input["takeintoaccount_delay_stat"] = json!(after);
            input["takeintoaccountdate"] = json!(at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        }
        self.call(&Call::update(format!("Ticket/{ticket}"), &input)).await.map(drop)
    }

    /// What became of the files of a creation.
    ///
    /// Its answer describes the first only, and PHP drops those beyond `max_file_uploads` without a
    /// word: so the item's documents are read back and known by their SHA-1 (a name may be another
    /// ticket's, and equal files share one document). A failure to read back is no failure of the
    /// creation.
    async fn fates(&self, holder: DocumentHolder, added: &wire::Added, files: &[Upload]) -> Vec<FileOutcome> {
        if files.is_empty() {
            return Vec::new();
        }
        let kept = match self.kept(holder, files).await {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::warn!(%error, "the documents of a new item could not be read back");
                None
            }
        };
        files
            .iter()
            .enumerate()
            .map(|(index, file)| {
                let said = &added.upload_result[format!("file{index}")][0];
                // the key tells: its value is `false` for a picture that is none
                let complaint = said.get("error").map(|words| words.as_str().unwrap_or_default());
                let fate = match (&kept, complaint) {
                    (Some(kept), _) if kept.contains(&index) => FileFate::Taken,
                    (Some(_), _) => FileFate::NotTaken(complaint.unwrap_or_default().to_owned()),
                    (None, Some(complaint)) => FileFate::NotTaken(complaint.to_owned()),
                    (None, None) if said.is_object() => FileFate::Taken,
                    (None, None) => FileFate::Unknown,
                };
                FileOutcome { name: file.name.clone(), fate }
            })
            .collect()
    }

    /// Which of these files a new item has: one call tells, of a picture by its place in the text. Where it does not tell
    /// of all of them, the item's documents are read.
    async fn kept(&self, holder: DocumentHolder, files: &[Upload]) -> Result<BTreeSet<usize>, GlpiError> {
        let received = self.received(holder).await?;
        let is_there = |file: &Upload| {
            received.sha1.contains(file.sha1())
                || file.tag.as_ref().is_some_and(|tag| shows_picture(&received.content, tag))
        };
        if files.iter().all(is_there) || !matches!(holder, DocumentHolder::Ticket(_)) {
            return Ok(indices(files, is_there));
        }
        let documents = self.documents_of(holder).await?;
        let sha1: BTreeSet<String> = documents.into_iter().map(|document| document.sha1).collect();
        Ok(indices(files, |file| sha1.contains(file.sha1())))
    }
}

fn indices(files: &[Upload], is_there: impl Fn(&Upload) -> bool) -> BTreeSet<usize> {
    files.iter().enumerate().filter(|(_, file)| is_there(file)).map(|(index, _)| index).collect()
}

/// Whether GLPI has put a picture into its place in a text (`Toolbox::convertTagToImage`), which it does with the
/// document it made of it.
fn shows_picture(content: &str, tag: &str) -> bool {
    content.contains(&format!("alt=\"{tag}\"")) && !content.contains(&format!("id=\"{tag}\""))
}

fn ticket_input(ticket: &NewTicket) -> Map<String, Value> {
    let mut input = Map::new();
    let mut set = |key: &str, value: Value| input.insert(key.to_owned(), value);
    set("name", json!(ticket.name));
    set("content", json!(ticket.content_html));
    set("type", json!(ticket.kind as u8));
    set("urgency", json!(ticket.urgency));
    // or the service account would count as having taken the ticket in charge
    set("_do_not_compute_takeintoaccount", json!(1));
    let ids = [
        ("itilcategories_id", ticket.category.map(CategoryId::get)),
        ("entities_id", ticket.entity.map(EntityId::get)),
        ("locations_id", ticket.location.map(LocationId::get)),
        ("requesttypes_id", ticket.request_type.map(RequestTypeId::get)),
    ];
    for (key, id) in ids {
        if let Some(id) = id {
            set(key, json!(id));
        }
    }
    let groups = [("_groups_id_assign", &ticket.assigned_groups), ("_groups_id_observer", &ticket.observer_groups)];
    for (key, groups) in groups {
        if !groups.is_empty() {
            set(key, json!(groups));
        }
    }
    match (&ticket.requester, &ticket.answer_to) {
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
    if !ticket.observers.is_empty() {
        let (ids, emails): (Vec<_>, Vec<_>) = ticket.observers.iter().map(id_and_email).unzip();
        set("_users_id_observer", json!(ids));
        set("_users_id_observer_notif", notified(emails));
    }
    if let Some(head) = &ticket.head {
        set("_head", json!(head));
    }
    input
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

fn followup_input(followup: &NewFollowup) -> Map<String, Value> {
    let mut input = Map::new();
    let mut set = |key: &str, value: Value| input.insert(key.to_owned(), value);
    set("itemtype", json!("Ticket"));
    set("items_id", json!(followup.ticket));
    set("content", json!(followup.content_html));
    set("is_private", json!(u8::from(followup.private)));
    if followup.effect != Effect::TakeInCharge {
        set("_do_not_compute_takeintoaccount", json!(1));
    }
    if let Some(author) = followup.author {
        set("users_id", json!(author));
    }
    if let Some(id) = followup.request_type {
        set("requesttypes_id", json!(id));
    }
    match followup.effect {
        Effect::None | Effect::TakeInCharge => {}
        Effect::Reopen => {
            set("add_reopen", json!(1));
        }
        Effect::Close => {
            set("add_close", json!(1));
        }
    }
    input
}
