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
    call::{file_number, in_time, number, personal, requester},
    catalogue::APPLICATION,
    documents::file,
};
use crate::{
    announcements,
    http::{
        identity::REQUESTER,
        query::{self, Parameters},
        responses::{AnyTime, BadCall, LateCall, Nobody, Reading},
        schemas,
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
    /// Its files, to be asked for at `/v1/messages/{id}/files/{place}`, each by its place, from 1.
    files: Vec<MessageFile>,
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

/// A file of a message.
#[derive(Serialize, ToSchema)]
struct MessageFile {
    /// Its name.
    #[schema(example = "procedure.pdf")]
    name: String,
    /// Its media type, as its sender gave it.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// Its size in bytes.
    #[schema(example = 48_213)]
    size: u64,
}

impl From<announcements::Message> for Message {
    fn from(message: announcements::Message) -> Self {
        Self {
            id: message.id.get(),
            title: message.title,
            html: message.html,
            text: message.text,
            application: message.application,
            files: message.files.into_iter().map(MessageFile::from).collect(),
            zones: message.zones.shown(),
            begins: rfc3339(&message.begins),
            ends: rfc3339(&message.ends),
        }
    }
}

impl From<announcements::AnnouncementFile> for MessageFile {
    fn from(file: announcements::AnnouncementFile) -> Self {
        Self { name: file.name, content_type: file.media_type, size: file.size }
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

/// Send a file of a message
///
/// Only to whom the message is shown now.
#[utoipa::path(get, path = "/v1/messages/{id}/files/{place}", operation_id = "send_message_file", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("id" = u64, Path, description = "GLPI's number of the message.", minimum = 1, maximum = 4_294_967_295_u64, example = 12),
        ("place" = u64, Path, description = "The file's place among those of the message, from 1.", minimum = 1, maximum = 1000, example = 1),
        schemas::Whose,
    ),
    responses(
        (status = 200, content(
            (Vec<u8> = "application/octet-stream"), (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/gif"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (String = "text/plain"),
        ), description = "The file; images, PDF and plain texts under their own type. `Content-Disposition` gives its name.", headers(("Content-Disposition" = String, description = "`attachment` and the file's name (RFC 6266)."))),
        (status = 404, description = "No such file of a message that is shown to this requester."),
        BadCall, Nobody, Reading, LateCall, AnyTime,
    ))]
pub(super) async fn send(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (person, _) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let (message, place) = (number(parts, 3)?, file_number(parts, 5)?);
            let place = usize::try_from(place.get()).unwrap_or_default();
            let (document, content) =
                in_time(deadline, Box::pin(services.portal.message_file(&person, message, place))).await?;
            Ok(file(&document, content))
        })
        .await
}
