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
    figures::{ExpectedDelay, Quantiles},
    http::{
        identity::REQUESTER,
        query,
        responses::{AnyTime, BadCall, LateCall, MERGED, NoRequest, Nobody, Reading},
        schemas,
        services::Services,
    },
    id::{DocumentId, SolutionId, TicketId},
    portal::{AttachedFile, Author, Entry, Event, Kind, SolutionState},
    working_time::in_words,
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
    /// What happened, oldest first; the first is the deposit.
    events: Vec<Occurred>,
    /// How long a request of its application usually takes; not known of too few.
    expected: Option<Expected>,
}

/// Something that happened to a request.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct Occurred {
    /// `deposee`, `prise-en-charge`, `transmise`, `mise-en-attente`, `reprise`, `solution-proposee`, `solution-refusee`,
    /// `rouverte` or `cloturee`.
    #[schema(example = "prise-en-charge")]
    kind: &'static str,
    /// The same, as people read it.
    #[schema(example = "Demande prise en charge par Claude Morel")]
    label: String,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T10:05:00+01:00")]
    date: Option<String>,
    /// Who did it, or took it in charge, where that is known.
    #[schema(example = "Claude Morel")]
    by: Option<String>,
    /// The group it was handed on to.
    #[schema(example = json!(null))]
    group: Option<String>,
    /// Why it is on hold, or was handed on.
    #[schema(example = json!(null))]
    reason: Option<String>,
}

/// How long an application's requests usually take, by its last solved ones.
#[derive(Serialize, ToSchema)]
#[schema(as = ExpectedDelay)]
pub(super) struct Expected {
    /// How many requests that is of.
    #[schema(example = 100)]
    requests: usize,
    /// Until somebody takes it in charge.
    charge: Option<Usual>,
    /// Until a solution, without the times at which it waits for the requester.
    solution: Option<Usual>,
}

/// A usual time.
#[derive(Serialize, ToSchema)]
#[schema(as = UsualDelay)]
struct Usual {
    /// One time in two, at most so many seconds of working time.
    #[schema(example = 5400)]
    median: u64,
    /// The same, as people read it.
    #[schema(example = "1 h 30 ouvrées")]
    median_label: String,
    /// Four times in five, at most so many seconds of working time.
    #[schema(example = 14400)]
    p80: u64,
    /// The same, as people read it.
    #[schema(example = "4 h ouvrées")]
    p80_label: String,
}

impl From<ExpectedDelay> for Expected {
    fn from(expected: ExpectedDelay) -> Self {
        let ExpectedDelay { requests, charge, solution } = expected;
        Self { requests, charge: charge.map(Usual::from), solution: solution.map(Usual::from) }
    }
}

impl From<Quantiles> for Usual {
    fn from(Quantiles { median, eightieth }: Quantiles) -> Self {
        Self {
            median: median.as_secs(),
            median_label: in_words(median),
            p80: eightieth.as_secs(),
            p80_label: in_words(eightieth),
        }
    }
}

impl From<Event> for Occurred {
    fn from(event: Event) -> Self {
        Self {
            kind: event.kind.code(),
            label: event.label(),
            date: written(event.at.as_ref()),
            by: event.by,
            group: event.to.map(|to| to.group),
            reason: event.reason,
        }
    }
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
    /// Who said it: «Vous», a référent's name, the group, or the service of its own.
    #[schema(example = "Claude Morel")]
    author: String,
    /// Whether the requester said it.
    own: bool,
    /// Whether the service said it of its own.
    automatic: bool,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T10:05:00+01:00")]
    date: Option<String>,
    /// What was said: sanitised HTML, whose images are this request's documents.
    #[schema(example = "<p>Quelle classe est concernée ?</p>")]
    html: String,
    /// What the service says of it, sanitised HTML: which files were left out, and why. Mostly empty.
    #[schema(example = "")]
    service_html: String,
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
            query::only(parts, &[REQUESTER])?;
            let id = number(parts, 3)?;
            let address = move |document| address(id, document);
            let view = in_time(deadline, services.portal.request(&requester, id, address))
                .await
                .map_err(|problem| problem.leading_to(|into| with_query(&format!("/v1/requests/{into}"), parts)))?;
            Ok(personal(Json(RequestBody {
                summary: view.row.into(),
                solution: view.solution,
                timeline: view.timeline.into_iter().map(|entry| said(id, entry)).collect(),
                events: view.events.into_iter().map(Occurred::from).collect(),
                expected: view.expected.map(Expected::from),
            })))
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
    let file = |document: AttachedFile| File {
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
        automatic: entry.author == Author::Service,
        html: entry.html,
        service_html: entry.service,
        documents: entry.documents.into_iter().map(file).collect(),
    }
}
