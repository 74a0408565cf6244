//! The routes, and what every request and every answer goes through.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, StatusCode},
    middleware::{self, Next},
    response::Response,
};
use tower::ServiceBuilder;
use tower_http::{
    ServiceBuilderExt as _,
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, RequestId},
    trace::TraceLayer,
};

use super::{
    body, health,
    lines::Lines,
    openapi,
    pages::{self, Pages},
    problem::{self, Problem},
    services::Services,
    tally,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The API's routes. Whatever goes wrong behind them is a problem (RFC 9457). Those for who watches the gateway are
/// among them unless `http.admin_listen` has them.
pub fn router(services: Arc<Services>, pages: Option<Pages>) -> Router {
    let mut routes = openapi::routes(services.settings.admin_listen.is_none());
    if let Some(pages) = pages {
        routes = routes.merge(pages::routes(pages, Arc::clone(&services)));
    }
    dressed(routes, services)
}

/// The routes of `http.admin_listen`: health and metrics.
pub(super) fn for_operators(services: Arc<Services>) -> Router {
    dressed(health::calls(Router::new()), services)
}

fn dressed(routes: Router<Arc<Services>>, services: Arc<Services>) -> Router {
    tally::describe_metrics();
    Lines::describe_metrics();
    let layers = ServiceBuilder::new()
        .map_request(believe_request_id)
        .set_request_id(REQUEST_ID, MakeRequestUuid)
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .propagate_request_id(REQUEST_ID)
        .layer(middleware::from_fn(body::read_to_the_end))
        .layer(middleware::from_fn(count))
        .layer(CatchPanicLayer::custom(problem::panicked))
        // `body` bounds bodies, and says so as a problem.
        .layer(DefaultBodyLimit::disable());
    routes
        .fallback(async || {
            let detail = "Cette adresse n’existe pas. /openapi.json décrit celles qui existent.";
            Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
        })
        .method_not_allowed_fallback(async || {
            let detail = "Cette adresse n’admet pas cette méthode. L’en-tête Allow nomme celles qu’elle admet.";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
        })
        .with_state(services)
        .layer(layers)
}

/// A caller's request id is taken over where it is short and plain: it goes into logs.
fn believe_request_id<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    if request.headers().get(REQUEST_ID).is_some_and(|id| id.len() > 64 || !id.as_bytes().iter().all(plain)) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// Names the route, never the path, the query or the caller.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("http", method = %request.method(), route = route_of(request), id)
}

fn route_of<B>(request: &axum::http::Request<B>) -> &str {
    request.extensions().get::<MatchedPath>().map_or(tally::NO_ROUTE, MatchedPath::as_str)
}

async fn count(request: Request, next: Next) -> Response {
    let route = route_of(&request).to_owned();
    let response = next.run(request).await;
    tally::count(route, response.status());
    response
}
