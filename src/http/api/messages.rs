//! `GET /v1/messages`: what the academy says to a requester now.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::{personal, requester},
    catalogue::APPLICATION,
};
use crate::{
    announcements,
    http::{
        identity::REQUESTER,
        query::Parameters,
        responses::{AnyTime, LateCall, Nobody, Reading},
        services::Services,
        values::rfc3339,
    },
};

/// What the academy says now.
#[derive(Serialize, ToSchema)]
pub(super) struct Messages {
    /// The messages, at most 20, the one that was begun last first.
    messages: Vec<Message>,
}

/// A message: information for all directors of some zones, shown from a moment to another.
#[derive(Serialize, ToSchema)]
struct Message {
    /// GLPI's number of it.
    #[schema(example = 12)]
    id: u64,
    /// What it is about, one line.
    #[schema(example = "Incident en cours sur LSU : les bilans ne s’ouvrent pas")]
    title: String,
    /// Its text: sanitised HTML, headings from level 4 on.
    #[schema(example = "<p>Le rétablissement est prévu à 14 h. Il est inutile de le signaler.</p>")]
    html: String,
    /// The same as plain text.
    #[schema(example = "Le rétablissement est prévu à 14 h. Il est inutile de le signaler.")]
    text: String,
    /// The application it is about; to be shown above that one's form.
    #[schema(example = "LSU")]
    application: Option<String>,
    /// Whom it is for, as people read it.
    #[schema(example = json!(["département 21"]))]
    zones: Vec<String>,
    /// From when it is shown.
    #[schema(example = "2026-11-28T08:00:00+01:00")]
    begins: String,
    /// Until when.
    #[schema(example = "2026-11-28T18:00:00+01:00")]
    ends: String,
}

impl From<announcements::Message> for Message {
    fn from(message: announcements::Message) -> Self {
        Self {
            id: message.id.get(),
            title: message.title,
            html: message.html,
            text: message.text,
            application: message.application,
            zones: message.zones.shown(),
            begins: rfc3339(&message.begins),
            ends: rfc3339(&message.ends),
        }
    }
}

/// List the messages
///
/// What the academy says now to a requester, by the zones of their schools: to be shown on the portal's home, and above the
/// form of the application that a message is about. Known within a minute of its being written; GLPI is not asked.
#[utoipa::path(get, path = "/v1/messages", operation_id = "list_messages", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("requester" = Option<String>, Query, description = "Who reads them, in a signed call; a trusted proxy names the person itself.", format = "email", max_length = 318, example = "ce.0210001A@ac-dijon.fr"),
        ("application" = Option<String>, Query, description = "Those that concern a request for this application: about it, or about none.", max_length = 200, example = "LSU"),
    ),
    responses(
        (status = 200, body = Messages, description = "The messages; none where there is nothing to say."),
        (status = 400, description = "A parameter is none of those admitted, or too long (`errors` names each), or the call is broken."),
        Nobody, Reading, LateCall, AnyTime,
    ))]
pub(super) async fn list(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let (person, _) = requester(services, parts, body).await?;
            let mut parameters = Parameters::of(parts, &[REQUESTER, APPLICATION]);
            let application = parameters.words(APPLICATION);
            parameters.end()?;
            let application = Some(application.as_str()).filter(|name| !name.is_empty());
            let messages = services.portal.messages(&person, application).await;
            Ok(personal(Json(Messages { messages: messages.into_iter().map(Message::from).collect() })))
        })
        .await
}
