//! `POST /v1/tickets/{id}/escalate` and `…/return`: a ticket goes to another level of its application.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    auth,
    body::Standing,
    fields::Fields,
    orders::{self, LONGEST_NAME},
    problem::Problem,
    query,
    responses::{AnyTime, ByToken, LateBody, Moving},
    services::Services,
};
use crate::{
    id::TicketId,
    lifecycle::{
        escalation::{EscalateError, Moved, Order},
        note::Cause,
    },
    request::Direction,
};

/// Characters of a reason; a longer one is a mistake.
const LONGEST_REASON: usize = 1000;

/// What is asked for.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct Asked {
    /// Why: the ticket says it.
    #[schema(example = "Le serveur ne répond plus pour toute la circonscription", max_length = 1000)]
    reason: String,
    /// Who asks: the ticket says it.
    #[schema(example = "Jeanne Martin", max_length = 200)]
    by: String,
    /// The group it shall go to. A ticket that has it already stays as it is, so that the call may be repeated at any
    /// time; without, the same call within ten minutes is a repeat.
    #[schema(example = "DSI-BAI", max_length = 200)]
    to: Option<String>,
}

/// Where a ticket went.
#[derive(Serialize, ToSchema)]
pub(super) struct Gone {
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
    /// The group that had it, now an observer; the same as `to` where it stayed.
    #[schema(example = "Référents-LSU")]
    from: String,
    /// The group that has it now.
    #[schema(example = "DSI-BAI")]
    to: String,
}

/// Escalate a ticket
///
/// The next group of its application gets it; the one that had it watches, its technician leaves, everybody else
/// stays. The ticket says who asked, when and why. Answered when GLPI shows it so; what a 503 or a lost answer
/// leaves unfinished is finished by the same call made again, or else by the gateway itself.
#[utoipa::path(post, path = "/v1/tickets/{id}/escalate", operation_id = "escalate_ticket", tag = "tickets",
    security(("ticket_token" = [])),
    params(("id" = u64, Path, description = "GLPI's number.", minimum = 1, maximum = 4_294_967_295_u64, example = 1234)),
    request_body(content((Asked = "application/json", example = json!({"reason": "Le serveur ne répond plus", "by": "Jeanne Martin", "to": "DSI-BAI"})))),
    responses(
        (status = 200, body = Gone, description = "The group has it.", example = json!({"ticket": 1234, "from": "Référents-LSU", "to": "DSI-BAI"})),
        (status = 409, description = "It cannot go there: `reason` is `highest-level`, `no-level`, `another-group` or `ticket-over`."),
        Moving, ByToken, LateBody, AnyTime,
    ))]
pub(super) async fn escalate(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    go(services, id, Direction::Up, request).await
}

/// Return a ticket
///
/// The group of the level below that had it gets it back; else as escalating.
#[utoipa::path(post, path = "/v1/tickets/{id}/return", operation_id = "return_ticket", tag = "tickets",
    security(("ticket_token" = [])),
    params(("id" = u64, Path, description = "GLPI's number.", minimum = 1, maximum = 4_294_967_295_u64, example = 1234)),
    request_body(content((Asked = "application/json", example = json!({"reason": "Réglé de notre côté, à vérifier avec l'école", "by": "Paul Durand", "to": "Référents-LSU"})))),
    responses(
        (status = 200, body = Gone, description = "The group has it.", example = json!({"ticket": 1234, "from": "DSI-BAI", "to": "Référents-LSU"})),
        (status = 409, description = "It cannot go there: `reason` is `lowest-level`, `no-level`, `another-group` or `ticket-over`."),
        Moving, ByToken, LateBody, AnyTime,
    ))]
pub(super) async fn hand_back(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    go(services, id, Direction::Down, request).await
}

async fn go(services: Arc<Services>, id: String, direction: Direction, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            auth::ticket(&parts.headers, &services.settings)?;
            query::only(parts, &[])?;
            let ticket = orders::ticket(&id, if direction == Direction::Up { "escalate" } else { "return" })?;
            orders::check_content_type(&parts.headers)?;
            let whole = body.read(&services.rooms, Standing::Proven).await?;
            let order = order(&whole.bytes, direction)?;
            let moving = services.gateway().move_ticket(ticket, order);
            match services.finish(moving, whole.room, deadline).await? {
                Ok(Moved { ticket, from, to }) => Ok(Json(Gone { ticket, from, to }).into_response()),
                Err(error) => {
                    let is_unknown = matches!(error, EscalateError::NotFound(_));
                    Err(orders::refusal(&error, is_unknown, error.is_passing(), error.code(), error.sentence()))
                }
            }
        })
        .await
}

/// What the body asks for; every wrong field is named.
fn order(body: &[u8], direction: Direction) -> Result<Order, Problem> {
    let mut fields = Fields::of(body, &["reason", "by", "to"])
        .ok_or_else(|| orders::no_object("{\"reason\": \"…\", \"by\": \"…\"}"))?;
    let reason = fields.text("reason", LONGEST_REASON);
    if reason.is_none() {
        fields.note("reason", "missing", "Dites pourquoi\u{a0}: le ticket le montre.".to_owned());
    }
    let (by, to) = (orders::by(&mut fields), fields.text("to", LONGEST_NAME));
    let wrong = fields.wrong();
    match (reason, by) {
        (Some(reason), Some(by)) if wrong.is_empty() => Ok(Order { direction, by, reason, cause: Cause::Api, to }),
        _ => Err(Problem::fields(wrong)),
    }
}
