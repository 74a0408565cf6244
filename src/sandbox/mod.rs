//! A stand-in for GLPI 10.0, or 11.0: its REST API v1 in memory, with failure modes.
//!
//! It answers as recordings of a real GLPI do (`tests/it/sandbox.rs` replays them) and shares no
//! type with our client. The way of a request: `connection` accepts it, `failures` may strike
//! it, `call` parses it as PHP and GLPI would, `routes` finds its endpoint in `session`,
//! `items` (with their `documents`), `changes` or `search` (with its `options`); `tickets`, `actors`,
//! `status`, `timeline`, `rules`, `profiles`, `clients` and `upload` hold what GLPI does beyond storing rows in `store`.
//! `view` and `pages` show the result.
//!
//! Calls of one session run side by side: GLPI gives PHP's lock on the session back before it
//! begins the work.

mod actors;
mod answer;
mod call;
mod caller;
mod changes;
mod clients;
mod connection;
mod documents;
mod failures;
mod helpdesk;
mod items;
mod options;
mod pages;
mod php;
mod profiles;
mod right;
mod roles;
mod routes;
mod rules;
mod search;
mod session;
mod settings;
mod status;
mod store;
mod text;
mod tickets;
mod timeline;
mod upload;
mod uploaded_file;
mod view;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::answer::Answer;
use self::call::Call;
use self::connection::{CuttableListener, Scissors};
use self::helpdesk::Helpdesk;
use self::store::Store;

pub use self::failures::{Failure, Failures, Making, Rule, UnknownFailure};
pub use self::settings::{Limits, Machine, Version};
pub use self::view::{DocumentView, FollowupView, Person, TicketView};

/// The header by which one call asks for a failure: `X-Sandbox-Failure: lost`.
pub const FAILURE_HEADER: &str = "x-sandbox-failure";

/// Room for a request beyond PHP's own limit, which GLPI is to refuse itself.
const SLACK: usize = 4 << 20;

/// How a sandbox starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The failures that are switched on from the start.
    pub failures: Failures,
    /// Which GLPI it answers as.
    pub version: Version,
    /// What PHP allows.
    pub limits: Limits,
    /// The `App-Token` that every call must carry; none by default, and then none may be sent.
    pub app_token: Option<String>,
    /// Whether it is set up as glpi.md advises: the service account may read the types of files, and GLPI takes those
    /// that requests often bring. Stock GLPI is not.
    pub set_up: bool,
    /// Whether it sends notifications by mail at all.
    pub mails: bool,
    /// The machine it works on; none by default, and then it takes no time.
    pub machine: Option<Machine>,
    /// A text that makes PHP die whenever a ticket's description holds it, as a plugin's fault may.
    pub dies_of: Option<String>,
}

impl Default for Options {
    /// A free port of this machine, no failures, PHP's usual limits.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            failures: Failures::none(),
            version: Version::Ten,
            limits: Limits::default(),
            app_token: None,
            set_up: false,
            mails: true,
            machine: None,
            dies_of: None,
        }
    }
}

impl Options {
    /// A GLPI 11 as it is out of the box, PHP's stock limits included.
    pub fn eleven() -> Self {
        Self { version: Version::Eleven, limits: Limits::stock(), ..Self::default() }
    }
}

/// A running GLPI stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    url: Url,
    shared: Arc<Shared>,
    server: JoinHandle<io::Result<()>>,
}

struct Shared {
    helpdesk: Mutex<Helpdesk>,
    failures: Mutex<Failures>,
    limits: Limits,
    version: Version,
    calls: Mutex<BTreeMap<String, usize>>,
    machine: Mutex<Option<(Machine, Arc<Semaphore>)>>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    fn helpdesk(&self) -> MutexGuard<'_, Helpdesk> {
        self.helpdesk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes as long as this call does on its machine.
    async fn work(&self, call: &Call) {
        let machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((machine, cores)) = machine else { return };
        let items = match call.parameters.get("input") {
            Some(serde_json::Value::Array(inputs)) => inputs.len(),
            Some(_) => 1,
            None => 0,
        };
        let Ok(_core) = cores.acquire().await else { return };
        let work = machine.call + machine.item * u32::try_from(items).unwrap_or(u32::MAX);
        // A stop does not wait for it.
        let _ = tokio::time::timeout(work, self.stop.cancelled()).await;
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_cores(machine: Option<Machine>) -> Option<(Machine, Arc<Semaphore>)> {
    machine.map(|machine| (machine, Arc::new(Semaphore::new(machine.cores))))
}

impl Sandbox {
    /// Starts to listen; errs when the address cannot be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let url = Url::parse(&base).map_err(io::Error::other)?;
        let mut store = Store::seeded(options.version)?;
        profiles::give_rights_rows(&mut store);
        if options.set_up {
            store.set_up_types();
        }
        let helpdesk = Helpdesk {
            store,
            sessions: BTreeMap::new(),
            base,
            app_token: options.app_token,
            limits: options.limits,
            version: options.version,
            mails: options.mails,
            dies_of: options.dies_of,
            told: Vec::new(),
        };
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            helpdesk: Mutex::new(helpdesk),
            failures: Mutex::new(options.failures),
            limits: options.limits,
            version: options.version,
            calls: Mutex::default(),
            machine: Mutex::new(with_cores(options.machine)),
            stop: stop.clone(),
        });
        let routes = Router::new()
            .route("/", get(ticket_list))
            .route("/front/ticket.form.php", get(ticket_page))
            .route("/front/document.send.php", get(document))
            .fallback(any(api))
            .with_state(Arc::clone(&shared));
        let service = routes.into_make_service_with_connect_info::<Scissors>();
        let server = axum::serve(CuttableListener(listener), service);
        let server = server.with_graceful_shutdown(stop.cancelled_owned());
        let server = tokio::spawn(server.into_future());
        Ok(Self { url, shared, server })
    }

    /// The address of the server; the API is below `apirest.php`.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// Switches failures on or, with [`Failures::none`], off.
    pub fn set_failures(&self, failures: impl Into<Failures>) {
        *self.shared.failures() = failures.into();
    }

    /// Moves it to another machine, or to none: then it takes no time.
    pub fn set_machine(&self, machine: Option<Machine>) {
        *self.shared.machine.lock().unwrap_or_else(PoisonError::into_inner) = with_cores(machine);
    }

    /// The tickets that are not in the bin, oldest first.
    pub fn tickets(&self) -> Vec<TicketView> {
        view::tickets(&self.shared.helpdesk().store)
    }

    /// Has all tickets look as if they had been there for long: none was changed since it was opened.
    pub fn age_tickets(&self) {
        self.shared.helpdesk().store.age_tickets();
    }

    /// Dates the last change of a ticket, as whoever writes into the database past GLPI's rules, or another web server
    /// whose clock differs.
    pub fn date_change(&self, ticket: i64, moment: &str) {
        self.shared.helpdesk().store.date_change(ticket, moment);
    }

    /// How many calls the API was asked, whatever became of them.
    pub fn calls(&self) -> usize {
        self.shared.calls().values().sum()
    }

    /// The same by endpoint: `GET search/Ticket`, `GET Ticket/…/ITILFollowup`.
    pub fn calls_by_endpoint(&self) -> BTreeMap<String, usize> {
        self.shared.calls().clone()
    }

    /// The events of groups on this ticket of which GLPI would tell by its notifications, oldest first.
    pub fn told(&self, ticket: i64) -> Vec<&'static str> {
        let helpdesk = self.shared.helpdesk();
        helpdesk.told.iter().filter(|(of, _)| *of == ticket).map(|(_, event)| *event).collect()
    }

    /// How many sessions are open.
    pub fn open_sessions(&self) -> usize {
        self.shared.helpdesk().sessions.len()
    }

    /// Forgets every session, as a restarted GLPI may.
    pub fn forget_sessions(&self) {
        self.shared.helpdesk().sessions.clear();
    }

    /// Stops, after the calls that are under way.
    pub async fn stop(mut self) -> io::Result<()> {
        self.shared.stop.cancel();
        (&mut self.server).await.map_err(io::Error::other)?
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    if !Call::is_api(request.uri().path()) {
        return pages::not_found().into_response();
    }
    let endpoint = format!("{} {}", request.method(), Call::endpoint(request.uri().path()));
    *shared.calls().entry(endpoint).or_default() += 1;
    let asked = request.headers().get(FAILURE_HEADER);
    let failure = match asked.map(|value| value.to_str().unwrap_or_default().parse::<Rule>()) {
        Some(Ok(rule)) => Some(rule.failure),
        Some(Err(unknown)) => {
            return (StatusCode::BAD_REQUEST, unknown.to_string()).into_response();
        }
        None => {
            let making = Call::making(request.uri().path()).filter(|_| request.method() == Method::POST);
            shared.failures().strike(making)
        }
    };
    if failure == Some(Failure::Down) {
        scissors.cut();
        return Response::default();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, shared.limits.request + SLACK).await else {
        let page = "<html><head><title>413 Request Entity Too Large</title></head></html>";
        return Answer::html(StatusCode::PAYLOAD_TOO_LARGE, page).into_response();
    };
    match failure {
        Some(Failure::ServerError) => {
            return Answer::html(StatusCode::INTERNAL_SERVER_ERROR, "").into_response();
        }
        Some(Failure::BadGateway) => {
            let page = "<html><head><title>502 Bad Gateway</title></head>\
                <body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>";
            return Answer::html(StatusCode::BAD_GATEWAY, page).into_response();
        }
        Some(Failure::Maintenance) => {
            return Answer::html(StatusCode::OK, pages::maintenance(shared.version)).into_response();
        }
        _ => {}
    }
    let mut call = Call::read(parts, body, shared.limits).await;
    call.failure = failure;
    call.dies_after = failure.and_then(Failure::files_before_the_end);
    // 11 knows no other content than the one that was sent.
    call.sanitized &= shared.version == Version::Ten;
    shared.work(&call).await;
    let answer = {
        let mut helpdesk = shared.helpdesk();
        if failure == Some(Failure::SessionForgotten) {
            helpdesk.sessions.remove(&call.session_token);
        }
        helpdesk.answer(&call)
    };
    match failure {
        Some(Failure::AnswerLost) => scissors.cut(),
        Some(Failure::Garbled) => return answer.broken_off(None).into_response(),
        Some(Failure::GarbledInPart) => return answer.broken_off(Some(StatusCode::MULTI_STATUS)).into_response(),
        Some(Failure::Killed(_)) if answer.status == StatusCode::INTERNAL_SERVER_ERROR => scissors.cut(),
        Some(Failure::Slow(delay)) => {
            // a stop does not wait for it
            let stopped = shared.stop.cancelled();
            let _ = tokio::time::timeout(delay, stopped).await;
        }
        _ => {}
    }
    answer.into_response()
}

async fn ticket_list(State(shared): State<Arc<Shared>>) -> Response {
    let tickets = view::tickets(&shared.helpdesk().store);
    pages::list(tickets).into_response()
}

#[derive(Deserialize)]
struct TicketQuery {
    id: i64,
}

async fn ticket_page(State(shared): State<Arc<Shared>>, Query(TicketQuery { id }): Query<TicketQuery>) -> Response {
    let tickets = view::tickets(&shared.helpdesk().store);
    let ticket = tickets.iter().find(|ticket| ticket.id == id);
    ticket.map_or_else(pages::not_found, pages::ticket).into_response()
}

#[derive(Deserialize)]
struct DocumentQuery {
    docid: i64,
}

async fn document(State(shared): State<Arc<Shared>>, Query(DocumentQuery { docid }): Query<DocumentQuery>) -> Response {
    let store = &shared.helpdesk().store;
    let bytes = store.files.get(&docid).cloned();
    match (store.get("Document", docid), bytes) {
        (Some(row), Some(bytes)) => items::document(row, bytes).into_response(),
        _ => pages::not_found().into_response(),
    }
}
