//! `POST /v1/faq/{id}/helped` and `POST /v1/requests/{id}/withdrawal`: an article answers a person's question.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{in_time, number, personal, requester, settled};
use crate::{
    http::{
        fields::Fields,
        identity::REQUESTER,
        keys,
        orders::{check_content_type, no_object},
        problem::Problem,
        query,
        responses::{Adding, AnyTime, BadCall, LateBody, NoRequest, Nobody},
        schemas,
        services::Services,
    },
    id::{ArticleId, TicketId},
    intake::form::FieldError,
    request::Outcome,
};

/// That an article helped.
#[derive(Serialize, ToSchema)]
pub(super) struct Helped {
    /// GLPI's number of the article.
    #[schema(value_type = u64, example = 12)]
    article: ArticleId,
    /// Whether it is counted now: false where this person said so today already.
    #[schema(example = true)]
    counted: bool,
}

/// The article that answers a request.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct Withdrawal {
    /// GLPI's number of it.
    #[schema(minimum = 1, maximum = 4_294_967_295_u64, example = 12)]
    article: u64,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Withdrawn {
    /// `withdrawn`: the request is closed. `added`: it was merged into `ticket`, which has what was said of it, and stays as
    /// it is.
    #[schema(example = "withdrawn")]
    status: &'static str,
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
}

/// Say that an article helped
///
/// Counted once a day for each person; nothing of it is kept.
#[utoipa::path(post, path = "/v1/faq/{id}/helped", operation_id = "article_helped", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("id" = u64, Path, description = "GLPI's number of the article.", minimum = 1, maximum = 4_294_967_295_u64, example = 12),
        schemas::Whose,
    ),
    responses(
        (status = 200, body = Helped, description = "It is counted, now or earlier today."),
        (status = 404, description = "No such public article."),
        BadCall, Nobody, Adding, LateBody, AnyTime,
    ))]
pub(super) async fn helped(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (person, _) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let article = in_time(deadline, services.portal.article(number(parts, 3)?)).await?.id;
            let counted = services.has_helped(&person, article).await;
            Ok(personal(Json(Helped { article, counted })))
        })
        .await
}

/// Withdraw a request that an article answers
///
/// A follow-up and a solution say so, and it is closed; that the article helped is counted. The same once more gets the same
/// answer. Nobody approves unread: while somebody else's solution waits, it is refused.
#[utoipa::path(post, path = "/v1/requests/{id}/withdrawal", operation_id = "withdraw", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Numbered, schemas::Whose),
    request_body(content = Withdrawal, content_type = "application/json"),
    responses(
        (status = 200, body = Withdrawn, description = "It is withdrawn, now or by an earlier copy."),
        (status = 400, description = "The body or the requester cannot be read, or a parameter is unknown (`errors` names each)."),
        (status = 409, description = "A solution waits to be read and decided on (`solution-waiting`), or the request is over (`request-closed`)."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "`article` is no public article, or fields are unknown (`errors` names each)."),
        Nobody, Adding, NoRequest, LateBody, AnyTime,
    ))]
pub(super) async fn withdraw(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, whole) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let id: TicketId = number(parts, 3)?;
            check_content_type(&parts.headers)?;
            let article = article(&whole.bytes)?;
            let shelf = in_time(deadline, services.portal.shelf()).await?;
            let article =
                article.and_then(|article| shelf.article(article, services.portal.now())).ok_or_else(wrong)?;
            let signed = keys::signed_call(parts, &whole.bytes, &services.settings).await;
            let handling = services.gateway().withdraw(requester.clone(), id, article.title.clone(), signed);
            let outcome = services.finish(handling, whole.room, deadline).await?;
            services.portal.wrote(&requester, id).await;
            let is_withdrawn = matches!(&outcome, Outcome::Followup(addition) if addition.ticket == id);
            if is_withdrawn {
                services.has_helped(&requester, article.id).await;
            }
            let status = if is_withdrawn { "withdrawn" } else { "added" };
            settled(outcome, |addition| personal(Json(Withdrawn { status, ticket: addition.ticket })))
        })
        .await
}

/// The article that a body names; none where it is no number.
fn article(body: &[u8]) -> Result<Option<ArticleId>, Problem> {
    let mut fields = Fields::of(body, &["article"]).ok_or_else(|| no_object("{\"article\": 12}"))?;
    let given = fields.take("article").and_then(|given| given.as_u64());
    let wrong = fields.wrong();
    if wrong.is_empty() { Ok(given.map(ArticleId::from)) } else { Err(Problem::fields(wrong)) }
}

fn wrong() -> Problem {
    let message = "Donnez le numéro d’une fiche publiée, tel que la FAQ le montre.";
    let article = FieldError { field: "article".to_owned(), code: "unknown-value", message: message.to_owned() };
    Problem::fields(vec![article])
}
