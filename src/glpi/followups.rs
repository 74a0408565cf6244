//! Follow-ups: adding them, and rewriting them.

use serde_json::{Map, Value, json};

use crate::id::{FollowupId, RequestTypeId, TicketId, UserId};

use super::error::GlpiError;
use super::exchange::Call;
use super::{Created, Glpi, upload::Upload};

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

impl NewFollowup {
    /// What GLPI is sent.
    fn input(&self) -> Map<String, Value> {
        let mut input = Map::new();
        let mut set = |key: &str, value: Value| input.insert(key.to_owned(), value);
        set("itemtype", json!("Ticket"));
        set("items_id", json!(self.ticket));
        set("content", json!(self.content_html));
        set("is_private", json!(u8::from(self.private)));
        if self.effect != Effect::TakeInCharge {
            set("_do_not_compute_takeintoaccount", json!(1));
        }
        if let Some(author) = self.author {
            set("users_id", json!(author));
        }
        if let Some(id) = self.request_type {
            set("requesttypes_id", json!(id));
        }
        match self.effect {
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
}

impl Glpi {
    /// Adds a follow-up, with its files, in one call. GLPI takes one to a closed ticket.
    ///
    /// To a ticket that does not exist, GLPI says that the account has no right to add it, and so it
    /// does where it really has none, or to a closed ticket that it may not open again (`Ticket::canReopen`): all are
    /// [`GlpiError::NotAddable`] here.
    pub async fn add_followup(
        &self,
        followup: &NewFollowup,
        files: &[Upload],
    ) -> Result<Created<FollowupId>, GlpiError> {
        self.create_followup(followup.input(), files).await
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
        let mut input = note.input();
        input.insert("_disablenotif".to_owned(), json!(true));
        self.create_followup(input, &[]).await.map(|created| created.id)
    }

    /// Replaces the text of a follow-up; GLPI tells nobody of it (`_disablenotif`).
    pub async fn rewrite_followup(&self, followup: FollowupId, content_html: &str) -> Result<(), GlpiError> {
        let input = json!({ "content": content_html, "_disablenotif": true });
        self.call(&Call::update(format!("ITILFollowup/{followup}"), &input)).await.map(drop)
    }

    /// Replaces the texts of several follow-ups in one call; GLPI tells nobody of it (`_disablenotif`).
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where GLPI rewrites some of them only, or none.
    pub async fn rewrite_followups(&self, texts: &[(FollowupId, String)]) -> Result<(), GlpiError> {
        let input = |(id, html): &(FollowupId, String)| json!({ "id": id, "content": html, "_disablenotif": true });
        let inputs = texts.iter().map(input).collect();
        self.call(&Call::update("ITILFollowup".to_owned(), &Value::Array(inputs))).await.map(drop)
    }

    /// Replaces the text of a follow-up and shows it to the requester; GLPI tells of it as of any that is changed.
    pub async fn publish_followup(&self, followup: FollowupId, content_html: &str) -> Result<(), GlpiError> {
        let input = json!({ "content": content_html, "is_private": 0 });
        self.call(&Call::update(format!("ITILFollowup/{followup}"), &input)).await.map(drop)
    }

    async fn create_followup(
        &self,
        input: Map<String, Value>,
        files: &[Upload],
    ) -> Result<Created<FollowupId>, GlpiError> {
        self.create("ITILFollowup", input, files).await.map_err(|error| match error {
            GlpiError::Denied { code, .. } if code == "ERROR_GLPI_ADD" => GlpiError::NotAddable,
            error => error,
        })
    }
}
