//! `POST /v1/requests/{id}/followups`: something more about a request.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use jiff::Timestamp;

use super::call::{number, personal, requester, settled};
use crate::{
    http::{
        answer,
        identity::REQUESTER,
        keys,
        problem::Problem,
        query, requests,
        responses::{Adding, AnyTime, LateBody, NoRequest, Nobody, OfForms},
        schemas,
        services::Services,
    },
    intake::form,
    request::Outcome,
};

/// What is said of what the relay keeps.
const WAITS: &str = "L’assistance ne répond pas pour le moment. Votre message est mis en attente\u{a0}: il sera ajouté à la demande de lui-même dès que l’assistance répondra. Il est inutile de le renvoyer.";

/// Add to a request
///
/// What is pending is at work again with it; while a solution waits, it decides nothing. After a 503, another 5xx or no answer, send the same once more with the
/// same `Idempotency-Key`: it is added once. Without a key, the same text and files within ten minutes are a repeat.
#[utoipa::path(post, path = "/v1/requests/{id}/followups", operation_id = "add_followup", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        schemas::Numbered, schemas::Whose,
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
        (status = 201, body = answer::Added, description = "It is in the request now."),
        (status = 200, body = answer::Added, description = "It was there already, by an earlier copy: the same body as the first time."),
        (status = 202, body = answer::Queued, description = "The helpdesk cannot answer, and the academy's own relay keeps this until it can (`portal.when_down`). It will have this reference; whether the request is theirs and takes it is decided then, and a refusal is told to the requester by mail. It need not be sent again."),
        (status = 400, description = "The body, the requester or the Idempotency-Key cannot be read, or a parameter is unknown (`errors` names each)."),
        (status = 409, description = "The request is over (`request-closed`)."),
        Nobody, Adding, NoRequest, LateBody, OfForms, AnyTime,
    ))]
pub(super) async fn add(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let key = keys::idempotency_key(&parts.headers)?;
            let (requester, whole) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            keys::keep(services, parts, &whole.bytes, key).await?;
            let id = number(parts, 3)?;
            let encoding = requests::encoding(&parts.headers)?;
            let size = whole.bytes.len() as u64;
            let submission = form::read(encoding, whole.bytes).await.map_err(requests::unreadable)?;
            let now = Timestamp::now();
            let received =
                form::complement(submission, size, key, &requester, id, now).await.map_err(Problem::fields)?;
            let adding = services.gateway().complement(received, id, deadline);
            let outcome = services.finish(adding, whole.room, deadline).await?;
            services.portal.wrote(&requester, id).await;
            if let Outcome::Queued(reference) = outcome {
                return Ok(personal(answer::queued(reference, WAITS)));
            }
            settled(outcome, |addition| personal(answer::added(addition)))
        })
        .await
}
