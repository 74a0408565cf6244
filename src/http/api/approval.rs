//! `POST /v1/requests/{id}/approval`: the requester accepts or refuses the solution.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::call::{number, personal, requester, settled};
use crate::{
    http::{
        problem::Problem,
        requests,
        responses::{Adding, AnyTime, LateBody, NoRequest, Nobody},
        schemas,
        services::Services,
    },
    id::{SolutionId, TicketId},
    intake::form::{self, FieldError},
    request::{Decided, Decision, Enclosure},
};

/// What the requester decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// `accept`: the request is closed. `refuse`: it is open again.
    #[schema(pattern = "^(accept|refuse)$", example = "refuse")]
    decision: String,
    /// Why it is refused, in plain text; then it is required.
    #[serde(default)]
    #[schema(max_length = 20000, example = "Le bouton reste grisé pour les CM2.")]
    reason: Option<String>,
    /// Files that show what is not right yet, with a refusal.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schemas::JsonFile>>)]
    attachments: Option<Value>,
    /// The `solution` that the request showed: another one that was proposed since is not decided on unseen.
    #[serde(default)]
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
}

/// Accept or refuse a solution
///
/// The same decision on the same solution once more gets the same answer.
#[utoipa::path(post, path = "/v1/requests/{id}/approval", operation_id = "decide", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Numbered, schemas::Whose),
    request_body(content = Approval, content_type = "application/json"),
    responses(
        (status = 200, body = Ruling, description = "It is decided so, now or by an earlier copy."),
        (status = 400, description = "The body or the requester cannot be read."),
        (status = 409, description = "The request waits for no approval, or another solution than `solution` waits."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "The decision is none, or a refusal gives no reason (`errors` names each)."),
        Nobody, Adding, NoRequest, LateBody, AnyTime,
    ))]
pub(super) async fn decide(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, whole) = requester(services, parts, body).await?;
            let id = number(parts, 3)?;
            let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if form::Encoding::of(content_type.unwrap_or_default()) != Some(form::Encoding::Json) {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported-content-type",
                    "Envoyez la décision en application/json, en UTF-8.",
                ));
            }
            let decided = decided(&whole.bytes).await?;
            let status = match decided.decision {
                Decision::Accept => "accepted",
                Decision::Refuse(_) => "refused",
            };
            let handling = services.gateway().decide(requester.clone(), id, decided);
            let outcome = services.finish(handling, whole.room, deadline).await?;
            services.portal.wrote(&requester, id).await;
            settled(outcome, |addition| personal(Json(Ruling { status, ticket: addition.ticket })))
        })
        .await
}

async fn decided(body: &[u8]) -> Result<Decided, Problem> {
    let approval: Approval = serde_json::from_slice(body).map_err(|_| {
        let detail =
            "Le corps n’est pas un objet JSON avec «\u{a0}decision\u{a0}» (accept ou refuse) et, pour un refus, «\u{a0}reason\u{a0}» et «\u{a0}attachments\u{a0}»\u{a0}; «\u{a0}solution\u{a0}» est un nombre.";
        Problem::new(StatusCode::BAD_REQUEST, "bad-form", detail)
    })?;
    let (decision, enclosure) = match approval.decision.as_str() {
        "accept" => Ok((Decision::Accept, Enclosure::default())),
        "refuse" => {
            let form = json!({ "description": approval.reason, "attachments": approval.attachments });
            let form = form::read(form::Encoding::Json, form.to_string().into()).await.map_err(requests::unreadable)?;
            let refusal = form::refusal(form, body.len() as u64).await;
            refusal.map(|(reason, files)| (Decision::Refuse(reason), files)).map_err(Problem::fields)
        }
        _ => Err(Problem::fields(vec![FieldError {
            field: "decision".to_owned(),
            code: "unknown-value",
            message: "Donnez « accept » ou « refuse ».".to_owned(),
        }])),
    }?;
    Ok(Decided { decision, solution: approval.solution, enclosure })
}
