//! `POST /v1/requests`: a form of the portal.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use super::{
    answer,
    identity::{self, REQUESTER},
    keys,
    problem::Problem,
    query,
    responses::{AnyTime, LateBody, OfForms, OverTheDay},
    schemas,
    services::Services,
};
use crate::intake::form::{self, Encoding, Unreadable};

/// Hand in a form
///
/// Answered only when the helpdesk has confirmed the ticket, or when it cannot and somebody else keeps the form (202). After a 503, another 5xx or no answer, send
/// the same form again with the same `Idempotency-Key`: it never makes a second ticket. A repeat gets the
/// first ticket, whatever else the form then says. Without a key, an identical form of the same requester
/// within ten minutes is a repeat.
#[utoipa::path(post, path = "/v1/requests", operation_id = "hand_in_form", tag = "requests",
    security(("form_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("requester" = Option<String>, Query, description = "Who asks, in a call signed by v3 or v2; without it, the form says it. A trusted proxy names the person itself.", format = "email", max_length = 318, example = "ce.0210001A@ac-dijon.fr"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the form: 1 to 255 visible ASCII characters. Never reuse a key for another form; it is remembered for at least 24 hours.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "4d0c8f7e-3b1a-4a55-9d5e-6f2b1f0f7a11"),
    ),
    request_body(content(
        (schemas::JsonForm = "application/json", example = json!({
            "requester": "ce.0210001A@ac-dijon.fr", "application": "LSUN / LSU", "type": "Incident", "urgency": 3,
            "title": "Impossible de valider les bilans", "description": "Le bouton « Valider » reste grisé.\nTous les CM2 sont concernés.",
            "error_message": "Erreur 500", "phone": "03 80 00 00 00", "uai": "0210001A",
            "attachments": [{"name": "capture.png", "content_type": "image/png", "content": "iVBORw0KGgo="}],
        })),
        (form::Fields = "application/x-www-form-urlencoded"),
        (schemas::MultipartForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = answer::Created, description = "A new ticket.", headers(("Location" = String, description = "The page where its requester follows it: on the portal (`notify.portal_link`), else in GLPI."))),
        (status = 200, body = answer::Created, description = "A ticket was there already: the same body as the first time."),
        (status = 202, body = answer::Queued, description = "The helpdesk cannot answer, and the academy's own relay keeps the form until it can (`portal.when_down`). Its ticket will have this reference, is told of by the hook `created`, and is found by `GET /v1/requests?q=` once it is made; a rule that refuses it then is told to the requester by mail. It need not be sent again."),
        (status = 400, description = "The body, the requester in the query or the Idempotency-Key cannot be read, or a parameter is unknown (`errors` names each)."),
        (status = 401, description = "No proof, or a wrong one, or a trusted proxy names nobody; `signature-reused`: a signature v1 or v2 came with another Idempotency-Key before, or without one. `reason` says which."),
        (status = 403, description = "Neither a secret nor a token nor a trusted proxy is configured, the form names another person than the call, or another site made a browser send this."),
        LateBody, OfForms, OverTheDay, AnyTime,
    ))]
pub(super) async fn create(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let depositor = identity::depositor(parts, &services.settings, Timestamp::now())?;
            let encoding = encoding(&parts.headers)?;
            let key = keys::idempotency_key(&parts.headers)?;
            let whole = body.read(&services.rooms, depositor.standing()).await?;
            let named = depositor.confirm(parts, &whole.bytes, &services.settings).await?;
            query::only(parts, &[REQUESTER])?;
            keys::keep(services, parts, &whole.bytes, key).await?;
            let size = whole.bytes.len() as u64;
            let mut submission = form::read(encoding, whole.bytes).await.map_err(unreadable)?;
            if let Some(person) = &named {
                submission.default_requester(person);
            }
            let mappings = services.mappings.now();
            // Not earlier: a body may take minutes, and a form is named by the minute it came in.
            let now = Timestamp::now();
            let received = form::receive(submission, size, key, mappings.applications(), now).await;
            let received = received.map_err(Problem::fields)?;
            if named.is_some() && received.requester != named {
                return Err(identity::other_requester(
                    "Le champ «\u{a0}requester\u{a0}» du formulaire nomme une autre personne que l’appel, qui est signé pour quelqu’un ou vient d’une personne connectée. Retirez-le.",
                ));
            }
            let outcome = services.finish(services.gateway().form(received, deadline), whole.room, deadline).await?;
            Ok(answer::of(outcome, &services.time_zone))
        })
        .await
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
pub(super) fn unreadable(unreadable: Unreadable) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-form", unreadable.to_string())
}

pub(super) fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Encoding::of(value).ok_or_else(|| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-content-type",
            "Envoyez le formulaire en application/json, application/x-www-form-urlencoded ou multipart/form-data, en UTF-8.",
        )
    })
}
