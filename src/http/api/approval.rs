//! `POST /v1/requests/{id}/approval`: the requester accepts or refuses the solution.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::call::{number, personal, requester, settled};
use crate::{
    http::{
        answer::FileLeftOut,
        fields::Fields,
        identity::REQUESTER,
        keys,
        problem::Problem,
        query, requests,
        responses::{Adding, AnyTime, LateBody, NoRequest, Nobody},
        schemas,
        services::Services,
    },
    id::{SolutionId, TicketId},
    intake::form,
    request::{Decided, Decision, Enclosure},
};

/// What the requester decides.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct Approval {
    /// `accept`: the request is closed. `refuse`: it is open again.
    #[schema(pattern = "^(accept|refuse)$", example = "refuse")]
    decision: String,
    /// Why it is refused, in plain text; then it is required. An approval gives none.
    #[schema(max_length = 20000, example = "Le bouton reste grisé pour les CM2.")]
    reason: Option<String>,
    /// Files that show what is not right yet, with a refusal.
    attachments: Option<Vec<schemas::JsonFile>>,
    /// The `solution` that the request showed: another one that was proposed since is not decided on unseen.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 4_294_967_295_u64, example = json!(null))]
    solution: Option<SolutionId>,
}

/// What was decided.
#[derive(Serialize, ToSchema)]
pub(super) struct Ruling {
    /// `accepted` or `refused`.
    #[schema(example = "refused")]
    status: &'static str,
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
    /// The files of a refusal that are not in the ticket, and why. The answer to a repeat does not name those that
    /// GLPI dropped.
    left_out: Vec<FileLeftOut>,
}

/// Accept or refuse a solution
///
/// The same decision on the same solution once more gets the same answer. A call that names no `solution` decides on none
/// that was proposed after it was signed.
#[utoipa::path(post, path = "/v1/requests/{id}/approval", operation_id = "decide", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Numbered, schemas::Whose),
    request_body(content = Approval, content_type = "application/json"),
    responses(
        (status = 200, body = Ruling, description = "It is decided so, now or by an earlier copy."),
        (status = 400, description = "The body or the requester cannot be read, or a parameter is unknown (`errors` names each)."),
        (status = 409, description = "The request waits for no approval, or another solution than `solution` waits (`nothing-to-approve`); or the solution that waits was proposed after the call was signed (`newer-solution`)."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "The decision is none, a refusal gives no reason, an approval gives one, or fields are unknown (`errors` names each)."),
        Nobody, Adding, NoRequest, LateBody, AnyTime,
    ))]
pub(super) async fn decide(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, whole) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let id = number(parts, 3)?;
            let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if form::Encoding::of(content_type.unwrap_or_default()) != Some(form::Encoding::Json) {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported-content-type",
                    "Envoyez la décision en application/json, en UTF-8.",
                ));
            }
            let signed = keys::signed_call(parts, &whole.bytes, &services.settings).await;
            let decided = Decided { signed, ..decided(&whole.bytes).await? };
            let status = match decided.decision {
                Decision::Accept => "accepted",
                Decision::Refuse(_) => "refused",
            };
            let handling = services.gateway().decide(requester.clone(), id, decided);
            let outcome = services.finish(handling, whole.room, deadline).await?;
            services.portal.wrote(&requester, id).await;
            settled(outcome, |addition| {
                let left_out = addition.left_out.into_iter().map(FileLeftOut::from).collect();
                personal(Json(Ruling { status, ticket: addition.ticket, left_out }))
            })
        })
        .await
}

/// Whether a field holds more than nothing.
fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

/// What a body decides; all that is wrong with it is named at once.
async fn decided(body: &[u8]) -> Result<Decided, Problem> {
    let mut fields = Fields::of(body, &["decision", "reason", "attachments", "solution"]).ok_or_else(|| {
        let detail =
            "Le corps n’est pas un objet JSON avec «\u{a0}decision\u{a0}» (accept ou refuse) et, pour un refus, «\u{a0}reason\u{a0}» et «\u{a0}attachments\u{a0}»\u{a0}; «\u{a0}solution\u{a0}» est un nombre.";
        Problem::new(StatusCode::BAD_REQUEST, "bad-form", detail)
    })?;
    let solution = fields.take("solution").and_then(|given| {
        let number = given.as_u64().filter(|number| u32::try_from(*number).is_ok_and(|number| number > 0));
        if number.is_none() {
            fields.note(
                "solution",
                "invalid",
                "Donnez le numéro de la solution, tel que la demande le montre.".to_owned(),
            );
        }
        number.map(SolutionId::from)
    });
    let (reason, attachments) = (fields.take("reason"), fields.take("attachments"));
    let decision = match fields.take("decision") {
        Some(Value::String(word)) if word == "accept" => {
            for (field, given) in [("reason", &reason), ("attachments", &attachments)] {
                if given.as_ref().is_some_and(says_something) {
                    let message = "Ce champ est celui d’un refus. Retirez-le, ou écrivez ce texte ou ce fichier en complément de la demande, avant de l’approuver.";
                    fields.note(field, "unknown-field", message.to_owned());
                }
            }
            Some(Ok((Decision::Accept, Enclosure::default())))
        }
        Some(Value::String(word)) if word == "refuse" => {
            let form = json!({ "description": reason, "attachments": attachments });
            let form = form::read(form::Encoding::Json, form.to_string().into()).await.map_err(requests::unreadable)?;
            let refusal = form::refusal(form, body.len() as u64).await;
            Some(refusal.map(|(reason, files)| (Decision::Refuse(reason), files)))
        }
        given => {
            let code = if given.is_none() { "missing" } else { "unknown-value" };
            fields.note("decision", code, "Donnez «\u{a0}accept\u{a0}» ou «\u{a0}refuse\u{a0}».".to_owned());
            None
        }
    };
    let mut wrong = fields.wrong();
    match decision {
        Some(Ok((decision, enclosure))) if wrong.is_empty() => {
            Ok(Decided { decision, solution, enclosure, signed: None })
        }
        Some(Err(errors)) => {
            wrong.extend(errors);
            Err(Problem::fields(wrong))
        }
        _ => Err(Problem::fields(wrong)),
    }
}
