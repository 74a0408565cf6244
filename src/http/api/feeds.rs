//! `GET /v1/faq/feed.atom` and `…/feed.json`: the FAQ for other sites.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{
    call::{caller, in_time},
    catalogue::APPLICATION,
};
use crate::{
    http::{
        body::Standing,
        identity::REQUESTER,
        problem::Problem,
        query::Parameters,
        responses::{AnyTime, ByPortal, LateCall},
        services::Services,
    },
    knowledge::Feed,
};

const ATOM: &str = "application/atom+xml; charset=utf-8";
const JSON: &str = "application/feed+json";

/// Feed of the FAQ, Atom
///
/// The articles of GLPI's FAQ that are published to an entity, whole, the one changed last first. Open to everybody where
/// `knowledge.public_feeds` says so.
#[utoipa::path(get, path = "/v1/faq/feed.atom", operation_id = "faq_atom", tag = "portal",
    security((), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    params(
        ("application" = Option<String>, Query, description = "The application the articles must be about.", max_length = 200, example = "LSU"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the feed that the caller has."),
    ),
    responses(
        (status = 200, body = String, content_type = "application/atom+xml", description = "The feed (RFC 4287).", headers(("ETag" = String, description = "Changes with the feed."))),
        (status = 304, description = "The caller has it."),
        (status = 400, description = "A parameter is none of those admitted, or too long (`errors` names each), or the call is broken."),
        (status = 404, description = "There is no such application."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn atom(State(services): State<Arc<Services>>, request: Request) -> Response {
    give(services, request, ATOM, Feed::atom).await
}

/// Feed of the FAQ, JSON Feed
///
/// The same as JSON Feed 1.1.
#[utoipa::path(get, path = "/v1/faq/feed.json", operation_id = "faq_json_feed", tag = "portal",
    security((), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    params(
        ("application" = Option<String>, Query, description = "The application the articles must be about.", max_length = 200, example = "LSU"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the feed that the caller has."),
    ),
    responses(
        (status = 200, body = Object, content_type = "application/feed+json", description = "The feed (jsonfeed.org).", headers(("ETag" = String, description = "Changes with the feed."))),
        (status = 304, description = "The caller has it."),
        (status = 400, description = "A parameter is none of those admitted, or too long (`errors` names each), or the call is broken."),
        (status = 404, description = "There is no such application."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn json(State(services): State<Arc<Services>>, request: Request) -> Response {
    give(services, request, JSON, |feed| feed.json().to_string()).await
}

async fn give(
    services: Arc<Services>,
    request: Request,
    media_type: &'static str,
    write: impl FnOnce(&Feed) -> String + Send + 'static,
) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let is_public = services.portal.feeds_are_public();
            if is_public {
                body.read(&services.rooms, Standing::Unproven).await?;
            } else {
                caller(services, parts, body).await?;
            }
            let mut parameters = Parameters::of(parts, &[REQUESTER, APPLICATION]);
            let application = parameters.words(APPLICATION);
            parameters.end()?;
            let mappings = services.mappings.now();
            let named = || mappings.meant(&application).map_or(application.as_str(), |mapping| &mapping.name);
            let application = (!application.is_empty()).then(named);
            let shelf = in_time(deadline, services.portal.shelf()).await?;
            let articles = shelf.of_application(application, services.portal.now());
            // An article may be of an application that has no mapping.
            if let Some(name) = application.filter(|_| articles.is_empty()) {
                is_known(services, name)?;
            }
            let feed = services.portal.feed(articles, application);
            // Thousands of texts are written.
            let text = tokio::task::spawn_blocking(move || write(&feed)).await.map_err(|_| Problem::internal())?;
            let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(&text)[..16]));
            let scope = if is_public { "public, max-age=300" } else { "private, max-age=300" };
            let mut answer = if has(&parts.headers, &tag) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                ([(header::CONTENT_TYPE, media_type)], text).into_response()
            };
            let headers = answer.headers_mut();
            headers.insert(header::ETAG, HeaderValue::try_from(tag).map_err(|_| Problem::internal())?);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(scope));
            Ok(answer)
        })
        .await
}

/// Refuses an application that no mapping has: a feed of it would stay empty for ever.
fn is_known(services: &Services, name: &str) -> Result<(), Problem> {
    let mappings = services.mappings.now();
    if mappings.meant(name).is_some() {
        return Ok(());
    }
    let near = mappings.nearest(name).map(|near| format!("\u{a0}; s’agit-il de «\u{a0}{near}\u{a0}»\u{a0}?"));
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-application",
        format!("Aucune application ne s’appelle «\u{a0}{name}\u{a0}»{}", near.unwrap_or_else(|| ".".to_owned())),
    ))
}

/// Whether the caller has what bears this tag (RFC 9110 section 13.1.2).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
