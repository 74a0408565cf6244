//! `POST /v1/tickets/{id}/article`: a solved ticket becomes the draft of an article.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    auth,
    body::Standing,
    fields::Fields,
    orders,
    problem::Problem,
    query,
    responses::{AnyTime, ByToken, LateBody, Moving},
    services::Services,
};
use crate::{
    id::{ArticleId, TicketId},
    lifecycle::{
        drafts::{DraftError, DraftOrder, Drafted},
        note::Cause,
    },
};

/// What is asked for.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct DraftAsked {
    /// Who asks: the ticket says it.
    #[schema(example = "Jeanne Martin", max_length = 200)]
    by: String,
}

/// The article.
#[derive(Serialize, ToSchema)]
pub(super) struct DraftMade {
    /// GLPI's number of the ticket.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
    /// GLPI's number of the article.
    #[schema(value_type = u64, example = 56)]
    article: ArticleId,
    /// Its title.
    #[schema(example = "Bilan de [nom] grisé")]
    title: String,
    /// What was masked in it; missing where nothing was. Whoever publishes it reads it.
    #[schema(example = "2 noms, 1 téléphone")]
    masked: Option<String>,
    /// Its page in GLPI.
    #[schema(example = "https://glpi.example.fr/front/knowbaseitem.form.php?id=56")]
    link: String,
}

/// Draft an article
///
/// Makes an article of GLPI's knowledge base from a solved ticket: its title and question, its solution, the category of
/// its application; addresses, telephones, codes and names are masked. It is in no FAQ and published to nobody; the
/// solution's author finds it among their own articles. The same call again writes the same draft again, unless somebody
/// has changed or published it.
#[utoipa::path(post, path = "/v1/tickets/{id}/article", operation_id = "draft_article", tag = "tickets",
    security(("ticket_token" = [])),
    params(("id" = u64, Path, description = "GLPI's number.", minimum = 1, maximum = 4_294_967_295_u64, example = 1234)),
    request_body(content((DraftAsked = "application/json", example = json!({"by": "Jeanne Martin"})))),
    responses(
        (status = 200, body = DraftMade, description = "The earlier draft is up to date."),
        (status = 201, body = DraftMade, description = "The draft is made."),
        (status = 409, description = "There can be none: `reason` is `no-solution`, `article-changed`, `article-locked`, `article-in-faq`, `article-not-noted`, `glpi-denied` or `too-intricate`."),
        Moving, ByToken, LateBody, AnyTime,
    ))]
pub(super) async fn draft(State(services): State<Arc<Services>>, Path(id): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            auth::ticket(&parts.headers, &services.settings)?;
            query::only(parts, &[])?;
            let ticket = orders::ticket(&id, "article")?;
            orders::check_content_type(&parts.headers)?;
            let whole = body.read(&services.rooms, Standing::Proven).await?;
            let order = DraftOrder { by: by(&whole.bytes)?, author: None, cause: Cause::Api };
            let drafting = services.gateway().draft_article(ticket, order);
            match services.finish(drafting, whole.room, deadline).await? {
                Ok(Drafted { ticket, article, is_new, title, masked, link }) => {
                    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
                    Ok((status, Json(DraftMade { ticket, article, title, masked, link })).into_response())
                }
                Err(error) => {
                    let is_unknown = matches!(error, DraftError::NotFound(_));
                    Err(orders::refusal(&error, is_unknown, error.is_passing(), error.code(), error.sentence()))
                }
            }
        })
        .await
}

/// Who asks; every wrong field is named.
fn by(body: &[u8]) -> Result<String, Problem> {
    let mut fields = Fields::of(body, &["by"]).ok_or_else(|| orders::no_object("{\"by\": \"…\"}"))?;
    let by = orders::by(&mut fields);
    let wrong = fields.wrong();
    by.filter(|_| wrong.is_empty()).ok_or_else(|| Problem::fields(wrong))
}
