//! The HTTP API: mails and the portal's forms, health, metrics and the description of it all.
//!
//! | file | what it does |
//! |---|---|
//! | `serve`, `lines` | connections: their number, their time, the end of them |
//! | `auth`, `identity` | who may call, and for whom |
//! | `body` | reads a body within bounds |
//! | `mail`, `requests` | the two ways in |
//! | `api/` | a requester's requests, for a portal |
//! | `tickets` | tickets go to another level |
//! | `webhook` | what GLPI 11 says of its tickets |
//! | `answer`, `problem` | what comes back |
//! | `pages` | the reference portal |
//! | `health`, `openapi` | for machines that watch and people who connect |

mod answer;
mod api;
mod auth;
mod body;
mod health;
mod identity;
mod lines;
mod mail;
mod openapi;
mod pages;
mod problem;
mod requests;
mod serve;
mod tickets;
mod webhook;

use std::{
    any::Any,
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, StatusCode, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::{Zoned, tz::TimeZone};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::timeout_at;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceBuilder;
use tower_http::{
    ServiceBuilderExt as _,
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, RequestId},
    trace::TraceLayer,
};
use tracing::Instrument as _;

pub use pages::Pages;
pub use serve::serve;

use self::problem::Problem;
use crate::{
    config,
    flow::route,
    intake::{Room, Taken},
    lifecycle::escalation::{EscalateError, Moved, Order},
    portal::Portal,
    request::{Address, Decided, Envelope, Outcome, Reason, Received},
};

const RESPONSES: &str = "passerelle_http_responses_total";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// When a sender whose request is still being handled shall ask again.
const BUSY_PAUSE: Duration = Duration::from_secs(30);

type Mail = dyn Fn(Envelope, Bytes) -> BoxFuture<'static, Outcome> + Send + Sync;
type Form = dyn Fn(Received) -> BoxFuture<'static, Outcome> + Send + Sync;
type Complement = dyn Fn(Received, u64) -> BoxFuture<'static, Outcome> + Send + Sync;
type Decide = dyn Fn(Address, u64, Decided) -> BoxFuture<'static, Outcome> + Send + Sync;
type Move = dyn Fn(u64, Order) -> BoxFuture<'static, Result<Moved, EscalateError>> + Send + Sync;
type Hint = dyn Fn(u64) + Send + Sync;
type Ready = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// What the API works with.
pub struct Services {
    settings: config::Http,
    time_zone: TimeZone,
    mappings: route::MappingStore,
    portal: Arc<Portal>,
    metrics: PrometheusHandle,
    handlers: Handlers,
    stop: CancellationToken,
    rooms: body::Rooms,
    running: TaskTracker,
    pages: Option<Pages>,
}

impl Services {
    /// The API with these settings. `time_zone` says when the quota's next day begins, `mappings` which
    /// applications a form may name, `portal` what requesters see, `stop` when to finish.
    pub fn new(
        settings: config::Http,
        time_zone: TimeZone,
        mappings: route::MappingStore,
        portal: Arc<Portal>,
        metrics: PrometheusHandle,
        handlers: Handlers,
        stop: CancellationToken,
    ) -> Self {
        let rooms = rooms(Room::for_requests(settings.max_size as u64), &settings);
        let running = TaskTracker::new();
        Self { settings, time_zone, mappings, portal, metrics, handlers, stop, rooms, running, pages: None }
    }

    /// The API, whose bodies are in memory within this room, which other ways in share.
    #[must_use]
    pub fn within(self, room: Room) -> Self {
        Self { rooms: rooms(room, &self.settings), ..self }
    }

    /// The API with the reference portal's pages beside it.
    #[must_use]
    pub fn with_pages(self, pages: Pages) -> Self {
        Self { pages: Some(pages), ..self }
    }

    /// The answer to a request that has a body, as `handle` gives it before the deadline it is told.
    async fn answered(
        self: &Arc<Self>,
        request: Request,
        handle: impl AsyncFnOnce(&Arc<Self>, &Parts, &mut body::Incoming, Instant) -> Result<Response, Problem>,
    ) -> Response {
        let deadline = Instant::now() + self.settings.timeout;
        let (parts, body) = request.into_parts();
        let mut body = body::Incoming::new(&parts, body, self.settings.max_size, self.settings.timeout);
        handle(self, &parts, &mut body, deadline).await.unwrap_or_else(Problem::into_response)
    }

    /// Runs a request to its end, even if its sender hangs up or the time is over: half a delivery would
    /// only have to be found again. `room` is the memory its body takes.
    async fn finish<T: Send + 'static>(
        &self,
        handling: BoxFuture<'static, T>,
        room: Option<Taken>,
        deadline: Instant,
    ) -> Result<T, Problem> {
        let task = self.running.spawn(
            async move {
                let outcome = handling.await;
                drop(room);
                outcome
            }
            .in_current_span(),
        );
        match timeout_at(deadline.into(), task).await {
            Ok(Ok(outcome)) => Ok(outcome),
            // What it said stays out of the log: it may quote the request.
            Ok(Err(_)) => {
                tracing::error!("a request's handling broke");
                Err(Problem::internal())
            }
            Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Reason::Busy.code(), Reason::Busy.sentence())
                .retry_after(BUSY_PAUSE)),
        }
    }
}

fn rooms(room: Room, settings: &config::Http) -> body::Rooms {
    body::Rooms::new(room, settings.max_size, lines::Lines::default())
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What handles the requests that come in.
pub struct Handlers {
    mail: Box<Mail>,
    form: Box<Form>,
    complement: Box<Complement>,
    decide: Box<Decide>,
    move_ticket: Box<Move>,
    ready: Box<Ready>,
    hint: Box<Hint>,
}

impl Handlers {
    /// `mail` and `form` take a request to its outcome, `complement` what is added to the ticket of this number,
    /// `decide` what its requester decides; `move_ticket` takes a ticket to another level; `ready` says, in French,
    /// why nothing can be handled now.
    pub fn new<M, F, C, D, T, R>(
        mail: impl Fn(Envelope, Bytes) -> M + Send + Sync + 'static,
        form: impl Fn(Received) -> F + Send + Sync + 'static,
        complement: impl Fn(Received, u64) -> C + Send + Sync + 'static,
        decide: impl Fn(Address, u64, Decided) -> D + Send + Sync + 'static,
        move_ticket: impl Fn(u64, Order) -> T + Send + Sync + 'static,
        ready: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self
    where
        M: Future<Output = Outcome> + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
        C: Future<Output = Outcome> + Send + 'static,
        D: Future<Output = Outcome> + Send + 'static,
        T: Future<Output = Result<Moved, EscalateError>> + Send + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            mail: Box::new(move |envelope, raw| Box::pin(mail(envelope, raw))),
            form: Box::new(move |received| Box::pin(form(received))),
            complement: Box::new(move |received, ticket| Box::pin(complement(received, ticket))),
            decide: Box::new(move |requester, ticket, decided| Box::pin(decide(requester, ticket, decided))),
            move_ticket: Box::new(move |ticket, order| Box::pin(move_ticket(ticket, order))),
            ready: Box::new(move || Box::pin(ready())),
            hint: Box::new(|_| ()),
        }
    }

    /// Says which tickets to look at, as GLPI's webhooks name them; `hint` returns at once.
    #[must_use]
    pub fn hinting(self, hint: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { hint: Box::new(hint), ..self }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").finish_non_exhaustive()
    }
}

/// The API's routes. Whatever goes wrong behind them is a problem (RFC 9457).
pub fn router(mut services: Services) -> Router {
    metrics::describe_counter!(RESPONSES, "Answers of the HTTP API by route and status.");
    let layers = ServiceBuilder::new()
        .map_request(believe_request_id)
        .set_request_id(REQUEST_ID, MakeRequestUuid)
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .propagate_request_id(REQUEST_ID)
        .layer(middleware::from_fn(body::read_to_the_end))
        .layer(middleware::from_fn(count))
        .layer(CatchPanicLayer::custom(panicked))
        // `body` bounds bodies, and says so as a problem.
        .layer(DefaultBodyLimit::disable());
    let pages = services.pages.take();
    let services = Arc::new(services);
    let mut routes = openapi::routes();
    if let Some(pages) = pages {
        routes = routes.merge(pages.routes(Arc::clone(&services)));
    }
    routes
        .fallback(async || {
            let detail = "Cette adresse n'existe pas. /openapi.json décrit celles qui existent.";
            Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
        })
        .method_not_allowed_fallback(async || {
            let detail = "Cette adresse n'admet pas cette méthode. L'en-tête Allow nomme celles qu'elle admet.";
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
    request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str)
}

async fn count(request: Request, next: Next) -> Response {
    let route = route_of(&request).to_owned();
    let response = next.run(request).await;
    metrics::counter!(RESPONSES, "route" => route, "status" => response.status().as_u16().to_string()).increment(1);
    response
}

/// A moment as machines read it (RFC 3339), with its offset.
fn rfc3339(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A number of GLPI's in a path: plain digits, of 32 bits as GLPI's are, and not 0.
fn glpi_number(segment: &str) -> Option<u64> {
    let is_plain = segment.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = segment.parse().ok().filter(|number| is_plain && *number > 0)?;
    Some(number.into())
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("an answer's making broke");
    Problem::internal().into_response()
}
