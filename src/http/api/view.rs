//! `GET /v1/requests/{id}`: one request with its timeline.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::{in_time, number, personal, requester, with_query, written},
    listing::Summary,
};
use crate::{
    http::{
        responses::{AnyTime, BadCall, LateCall, MERGED, NoRequest, Nobody, Reading},
        schemas,
        services::Services,
    },
    id::{DocumentId, SolutionId, TicketId},
    portal::{Author, Document, Entry, Kind, SolutionState},
};

/// A request with its timeline.
#[derive(Serialize, ToSchema)]
#[schema(as = Shown)]
pub(super) struct RequestBody {
    #[serde(flatten)]
    summary: Summary,
    /// GLPI's number of the solution that waits for approval, to be sent with the decision on it.
    #[schema(value_type = Option<u64>, example = json!(null))]
    solution: Option<SolutionId>,
    /// What was said, oldest first; the first is the request itself.
    timeline: Vec<Said>,
}

/// Something said about a request.
#[derive(Serialize, ToSchema)]
struct Said {
    /// `opening`, `followup` or `solution`.
    #[schema(example = "followup")]
    kind: &'static str,
    /// What became of a solution: `waiting`, `accepted` or `refused`.
    #[schema(example = json!(null))]
    verdict: Option<&'static str>,
    /// Who said it: «Vous», a référent's name, or the group.
    #[schema(example = "Claude Morel")]
    author: String,
    /// Whether the requester said it.
    own: bool,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T10:05:00+01:00")]
    date: Option<String>,
    /// What was said: sanitised HTML, whose images are this request's documents.
    #[schema(example = "<p>Quelle classe est concernée ?</p>")]
    html: String,
    /// Its files.
    documents: Vec<File>,
}

/// A file.
#[derive(Serialize, ToSchema)]
struct File {
    /// GLPI's number of it.
    #[schema(value_type = u64, example = 56)]
    id: DocumentId,
    /// The file's name.
    #[schema(example = "capture.png")]
    name: String,
    /// Its media type.
    #[schema(example = "image/png")]
    media_type: String,
    /// Where it is, in this API.
    #[schema(example = "/v1/requests/1234/documents/56")]
    address: String,
    /// Whether the text shows or links to it.
    shown: bool,
}

/// Show a request
///
/// Only to its requesters: it is unknown to anybody else. What staff keeps to itself is never part of it.
#[utoipa::path(get, path = "/v1/requests/{id}", operation_id = "show_request", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Numbered, schemas::Whose),
    responses(
        (status = 200, body = RequestBody, description = "The request."),
        (status = 303, description = MERGED, headers(("Location" = String, description = "The other request's address."))),
        BadCall, Nobody, Reading, NoRequest, LateCall, AnyTime,
    ))]
pub(super) async fn show(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, _) = requester(services, parts, body).await?;
            let id = number(parts, 3)?;
            let address = move |document| address(id, document);
            let view = in_time(deadline, services.portal.request(&requester, id, address))
                .await
                .map_err(|problem| problem.leading_to(|into| with_query(&format!("/v1/requests/{into}"), parts)))?;
            let (solution, timeline) =
                (view.solution, view.timeline.into_iter().map(|entry| said(id, entry)).collect());
            Ok(personal(Json(RequestBody { summary: view.row.into(), solution, timeline })))
        })
        .await
}

/// A document's address in this API.
fn address(request: TicketId, document: DocumentId) -> String {
    format!("/v1/requests/{request}/documents/{document}")
}

fn said(request: TicketId, entry: Entry) -> Said {
    let (kind, verdict) = match entry.kind {
        Kind::Opening => ("opening", None),
        Kind::Followup => ("followup", None),
        Kind::Solution(verdict) => (
            "solution",
            Some(match verdict {
                SolutionState::Waiting => "waiting",
                SolutionState::Accepted => "accepted",
                SolutionState::Refused => "refused",
            }),
        ),
    };
    let file = |document: Document| File {
        id: document.id,
        name: document.name,
        media_type: document.media_type,
        address: address(request, document.id),
        shown: document.is_shown,
    };
    Said {
        kind,
        verdict,
        author: entry.author.label().to_owned(),
        own: entry.author == Author::You,
        date: written(entry.written.as_ref()),
        html: entry.html,
        documents: entry.documents.into_iter().map(file).collect(),
    }
}
