//! `POST /v1/requests/{id}/followups`: something more about a request.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;

use super::call::{number, personal, requester, settled};
use crate::{
    http::{
        answer,
        problem::{AnyTime, Problem},
        requests, schemas,
        services::Services,
    },
    intake::form,
};

/// Add to a request
///
/// What is pending is at work again with it. After a 503, another 5xx or no answer, send the same once more with the
/// same `Idempotency-Key`: it is added once. Without a key, the same text and files within ten minutes are a repeat.
#[utoipa::path(post, path = "/v1/requests/{id}/followups", operation_id = "add_followup", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("id" = u64, Path, description = "GLPI's number.", minimum = 1, maximum = 4_294_967_295_u64, example = 1234),
        ("requester" = Option<String>, Query, description = "Whose request, in a signed call; a trusted proxy names the person itself.", format = "email", max_length = 318, example = "ce.0210001A@ac-dijon.fr"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names what is added: 1 to 255 visible ASCII characters. Never reuse a key for anything else; it is remembered for at least 24 hours.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "0c1f7f0e-6d2b-4b53-9a56-3a7e9be0d8a1"),
    ),
    request_body(content(
        (schemas::JsonFollowup = "application/json", example = json!({
            "description": "Toutes les classes de CM2 sont concernées.",
            "attachments": [{"name": "capture.png", "content_type": "image/png", "content": "iVBORw0KGgo="}],
        })),
        (schemas::FormFollowup = "application/x-www-form-urlencoded"),
        (schemas::MultipartFollowup = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = answer::Added, description = "It is in the request, now or by an earlier copy."),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body, the requester or the Idempotency-Key cannot be read."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "Nobody is named, or not so that it may be believed; `reason` says which."),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Nothing is configured that could name anybody, the person named is not the one signed in, or another site made a browser send this."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No request of this number is this requester's."),
        (status = 408, body = Problem, content_type = "application/problem+json", description = "The body did not come in time."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The request waits for an approval (`request-solved`) or is over (`request-closed`)."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "Not a form."),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Fields are wrong (`errors` names each), or a rule says no (`reason` says which)."),
        AnyTime,
    ))]
pub(super) async fn add(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let key = requests::idempotency_key(&parts.headers)?;
            let (requester, whole) = requester(services, parts, body).await?;
            let id = number(parts, 3)?;
            let encoding = requests::encoding(&parts.headers)?;
            let size = whole.bytes.len() as u64;
            let submission = form::read(encoding, whole.bytes).await.map_err(requests::unreadable)?;
            let now = Timestamp::now();
            let received = form::complement(submission, size, key, &requester, id, now).map_err(Problem::fields)?;
            let outcome = services.finish(services.gateway().complement(received, id), whole.room, deadline).await?;
            settled(outcome, |addition| {
                personal((StatusCode::CREATED, Json(answer::Added::from(addition))).into_response())
            })
        })
        .await
}
