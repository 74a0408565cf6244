//! GLPI's REST API, version 1 (`apirest.php`), as GLPI 9.5, 10.0 and 11.0 speak it.
//!
//! This client knows REST, sessions and what a failure means for the caller ([`GlpiError`]); it knows
//! none of our rules. Its calls are in `creation` (tickets and follow-ups, with their files),
//! `tickets` (finding and reading them), `documents` (their files), `links` (which belong together), `search` (lists of them), `overview` (one of them at a glance), `actors` (whose
//! they are), `download` (their documents), `knowledge` (the FAQ), `names` (names and addresses to ids), `owners` and
//! `users` (people's accounts), `account` (what GLPI is and what this account may do) and `notices` (whom GLPI itself tells).
//! `directory` keeps for some minutes who and what is who. Below them, `exchange` is one HTTP exchange and `verdict` what
//! came of it, `session` the pool of sessions, `breaker` the pause after repeated failures, `wire` the JSON.

mod account;
mod actors;
mod breaker;
mod creation;
mod directory;
mod documents;
mod download;
mod error;
mod excerpt;
mod exchange;
mod gather;
mod group_commit;
mod joint_read;
mod knowledge;
mod links;
mod markers;
mod names;
mod notices;
mod overview;
mod owners;
mod pace;
mod recent;
mod requesters;
mod search;
mod session;
mod status;
mod tickets;
mod turns;
mod users;
mod verdict;
mod wire;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

pub use self::account::{DocumentTypes, Profile, ServerInfo};
pub use self::creation::{
    Amendment, Created, Effect, FileFate, FileOutcome, Kind, NewFollowup, NewTicket, Requester, Taken, Upload,
};
pub use self::directory::{GlpiDirectory, ItemKind, nearest};
pub use self::documents::{Document, DocumentHolder};
pub use self::download::Download;
pub use self::error::{GlpiError, Trouble, Underlying};
pub use self::exchange::SetupError;
pub use self::knowledge::FaqArticle;
pub use self::links::LONGEST_MERGE;
pub use self::markers::FoundTicket;
pub use self::names::Item;
pub use self::notices::{Recipient, TicketNotices};
pub use self::overview::TicketOverview;
pub use self::owners::Owner;
pub use self::recent::Said;
pub use self::search::{Criterion, Sorting, TicketSummary};
pub use self::status::{ActorRole, SolutionStatus, TicketStatus};
pub use self::tickets::{Followup, GroupChange, Solution, Ticket, TicketGroup, TicketUser};
pub use self::users::{Account, AccountState, Grant};

use self::breaker::{Breaker, Pass};
use self::directory::KeptAnswers;
use self::exchange::{Answered, Call, Server};
use self::group_commit::Creations;
use self::joint_read::Reads;
use self::markers::MarkerSearch;
use self::owners::ShownAccounts;
use self::requesters::RequestersOf;
use self::session::{Lease, Sessions, Way};
use self::turns::Urgency;
use self::verdict::Failure;

/// The longest pause between two tries of one call; a server that asks for more is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Rows of a list that one call gives.
const PAGE: usize = 1000;
/// Rows of a list that are read at most.
const MOST_ROWS: usize = 20 * PAGE;

/// How to reach GLPI and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// GLPI's address (`https://assistance.example/`) or its API's (`…/apirest.php`,
    /// `…/api.php/v1`).
    pub url: Url,
    /// The application token, if the API client in GLPI asks for one.
    pub app_token: Option<SecretString>,
    /// The service account.
    pub credentials: Credentials,
    /// How many sessions, that is calls at the same time, at most.
    pub sessions: usize,
    /// How many tickets without files one call makes at most, where they wait for a session.
    pub tickets_per_call: usize,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait for one answer, and for a free session.
    pub timeout: Duration,
    /// How often a call is repeated that surely wrote nothing.
    pub retries: u32,
    /// After how many failures in a row calls are paused (0: never).
    pub breaker_failures: u32,
    /// How long they are paused; also how long refused credentials are not tried again.
    pub breaker_pause: Duration,
}

impl Settings {
    /// Settings for one small gateway: 4 sessions, 25 tickets a call, 5 s to connect, 30 s to answer, 2 retries, a pause
    /// of 15 s after 5 failures.
    pub fn new(url: Url, credentials: Credentials) -> Self {
        Self {
            url,
            app_token: None,
            credentials,
            sessions: 4,
            tickets_per_call: 25,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            retries: 2,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(15),
        }
    }
}

/// The service account's way in.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The API token in the account's settings.
    UserToken(SecretString),
    /// Login and password, where GLPI's API allows them.
    Login {
        /// The login.
        login: String,
        /// The password.
        password: SecretString,
    },
}

/// A GLPI server. Clones share sessions, the circuit breaker and the directory, and what waits for a session goes in one
/// call where it can.
///
/// A call dropped before it has answered (a `timeout` around it, say) counts as
/// [`GlpiError::AnswerLost`] if it writes.
#[derive(Clone)]
pub struct Glpi {
    shared: Arc<Shared>,
    way: Way,
}

struct Shared {
    server: Server,
    sessions: Sessions,
    /// Places for documents under way.
    downloads: Semaphore,
    breaker: Breaker,
    retries: usize,
    /// The service account's session, once GLPI has told of it.
    own_session: OnceCell<wire::OwnSession>,
    kept: KeptAnswers,
    creations: Creations,
    marker_searches: Reads<MarkerSearch>,
    requesters: Reads<RequestersOf>,
    shown_accounts: Reads<ShownAccounts>,
}

impl Glpi {
    /// Prepares a client; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let shared = Shared {
            server: Server::new(settings)?,
            downloads: Semaphore::new((settings.sessions / 2).max(1)),
            sessions: Sessions::new(settings.sessions, settings.timeout, settings.breaker_pause),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause),
            retries: settings.retries as usize,
            own_session: OnceCell::new(),
            kept: KeptAnswers::default(),
            creations: Creations::new(settings.sessions, settings.tickets_per_call, settings.timeout),
            marker_searches: Reads::default(),
            requesters: Reads::default(),
            shown_accounts: Reads::default(),
        };
        Ok(Self { shared: Arc::new(shared), way: Way::Waiting(Urgency::Awaited) })
    }

    /// The same GLPI for calls that nobody waits for: they take a session only when no other call wants it.
    #[must_use]
    pub fn in_background(&self) -> Self {
        self.by(Way::Waiting(Urgency::Background))
    }

    /// The same GLPI with a session that is taken until this one is dropped: its calls, one after the other, wait for
    /// none.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Unavailable`]: every session is busy.
    pub async fn in_turn(&self) -> Result<Self, GlpiError> {
        let Way::Waiting(urgency) = self.way else { return Ok(self.clone()) };
        let turn = self.shared.sessions.turn(urgency).await?;
        Ok(self.by(Way::InTurn(Arc::new(turn))))
    }

    fn by(&self, way: Way) -> Self {
        Self { shared: Arc::clone(&self.shared), way }
    }

    /// Whether GLPI answers this account now.
    pub async fn ping(&self) -> Result<(), GlpiError> {
        self.active_profile().await.map(drop)
    }

    /// Closes the open sessions, best effort. A later call opens them again.
    pub async fn close(&self) {
        self.shared.sessions.close(&self.shared.server).await;
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        query: Vec<(String, String)>,
    ) -> Result<T, GlpiError> {
        let answer = self.call(&Call::get(path, query)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// As [`Glpi::get`], but of each text no more than `longest` bytes: the memory a list takes is bounded by its rows.
    async fn get_excerpts<T: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        query: Vec<(String, String)>,
        longest: usize,
    ) -> Result<T, GlpiError> {
        let answer = self.call(&Call::get(path, query).shortened(longest)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// All rows of a list, oldest first; of more than [`MOST_ROWS`] the newest.
    ///
    /// A list of fewer than [`PAGE`] rows is one call.
    async fn list<T: DeserializeOwned>(&self, path: impl Into<String>) -> Result<Vec<T>, GlpiError> {
        let path = path.into();
        let (mut rows, mut known) = (Vec::new(), BTreeSet::new());
        for from in (0..MOST_ROWS).step_by(PAGE) {
            let mut query = page(from);
            query.push(("order".to_owned(), "DESC".to_owned()));
            let found: Vec<Value> = match self.get(path.clone(), query).await {
                // The page after the last, where rows were removed in the meantime.
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" && from > 0 => break,
                found => found?,
            };
            let is_last = found.len() < PAGE;
            // What was added in the meantime pushes rows on to the next page.
            rows.extend(found.into_iter().filter(|row| row.get("id").is_none_or(|id| known.insert(id.to_string()))));
            if is_last {
                break;
            }
        }
        if rows.len() >= MOST_ROWS {
            tracing::warn!(path, most = MOST_ROWS, "a list of GLPI is longer than is read; its newest rows count");
        }
        let typed = rows.into_iter().rev().map(serde_json::from_value);
        typed.collect::<Result<_, _>>().map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// Creates one item; `files` go along in the same call.
    async fn add(&self, item_type: &str, input: &Value, files: &[Upload]) -> Result<wire::Added, GlpiError> {
        let answer = self.call(&Call::create(item_type, input, files)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::interrupted(Trouble::Unexpected, true))
    }

    /// Makes a call, again where that is harmless: reads, and writes that surely did not happen.
    async fn call(&self, call: &Call<'_>) -> Result<Value, GlpiError> {
        // Its future is large, and all who call hold it.
        let (answered, lease) = Box::pin(self.shared.exchange(call, &self.way)).await?;
        lease.release();
        match answered {
            Answered::Json(answer) => Ok(answer),
            Answered::Document(_) => Err(GlpiError::unavailable(Trouble::Unexpected)),
        }
    }
}

/// Where a call gets its session.
enum Place<'a> {
    /// It is yet to come to one.
    ToCome(&'a Way),
    /// It has one.
    Here(Lease<'a>),
}

impl Shared {
    /// Makes a call, again where that is harmless. Gives the session, too, which a document is still coming in.
    async fn exchange<'a>(&'a self, call: &Call<'_>, way: &'a Way) -> Result<(Answered, Lease<'a>), GlpiError> {
        self.exchange_from(Place::ToCome(way), call, way).await
    }

    /// The same, whose first try has its session already.
    async fn exchange_from<'a>(
        &'a self,
        first: Place<'a>,
        call: &Call<'_>,
        way: &'a Way,
    ) -> Result<(Answered, Lease<'a>), GlpiError> {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.retries);
        let first = Mutex::new(Some(first));
        (|| {
            let place = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.try_once(call, place.unwrap_or(Place::ToCome(way)))
        })
        .retry(pauses)
        .when(GlpiError::is_brief)
        .adjust(|error, pause| pause.and_then(|pause| respectful(error, pause)))
        .await
    }

    /// A session for a call that is yet to be made; none while calls are paused.
    async fn session<'a>(&'a self, way: &'a Way) -> Result<Lease<'a>, GlpiError> {
        let pass = self.admit("a session")?;
        let lease = self.sessions.lease(&self.server, way).await;
        match &lease {
            // Whether GLPI answers, the call will tell.
            Ok(_) | Err(GlpiError::Unavailable { why: Trouble::Busy, .. }) => drop(pass),
            Err(error) => pass.settle(!error.is_outage(), Instant::now()),
        }
        lease
    }

    fn admit(&self, path: &str) -> Result<Pass<'_>, GlpiError> {
        self.breaker.admit(Instant::now()).map_err(|left| {
            tracing::debug!(path, "GLPI is not asked: calls are paused");
            GlpiError::Unavailable { why: Trouble::Paused, retry_after: Some(left), source: None }
        })
    }

    async fn try_once<'a>(&'a self, call: &Call<'_>, place: Place<'a>) -> Result<(Answered, Lease<'a>), GlpiError> {
        let pass = match self.admit(&call.shown_path()) {
            Ok(pass) => pass,
            Err(paused) => {
                if let Place::Here(lease) = place {
                    lease.release();
                }
                return Err(paused);
            }
        };
        let result = self.in_session(call, place).await;
        match &result {
            Err(GlpiError::Unavailable { why: Trouble::Busy, .. }) => {
                tracing::debug!(path = call.shown_path(), "GLPI is not asked: every session is busy");
                drop(pass);
            }
            Err(error) => pass.settle(!error.is_outage(), Instant::now()),
            Ok(_) => pass.settle(true, Instant::now()),
        }
        result
    }

    /// Sends the call in a session of the pool, in a new one if GLPI has forgotten that.
    async fn in_session<'a>(&'a self, call: &Call<'_>, place: Place<'a>) -> Result<(Answered, Lease<'a>), GlpiError> {
        let server = &self.server;
        let mut lease = match place {
            Place::Here(lease) => lease,
            Place::ToCome(way) => self.sessions.lease(server, way).await?,
        };
        let mut sent = server.send(call, &lease.token).await;
        if matches!(sent, Err(Failure::SessionDead)) {
            lease.renew(server).await?;
            sent = server.send(call, &lease.token).await;
        }
        let error = match sent {
            Ok(answered) => return Ok((answered, lease)),
            Err(Failure::Error(error)) => error,
            Err(Failure::SessionDead) => GlpiError::unavailable(Trouble::Unexpected),
        };
        // GLPI may still be working in a session that did not answer
        if !error.is_outage() {
            lease.release();
        }
        Err(error)
    }
}

/// The pause before the next try: ours, or the longer one that the server asked for. None if that is
/// too long to sit out here.
fn respectful(error: &GlpiError, pause: Duration) -> Option<Duration> {
    let asked = match error {
        GlpiError::Unavailable { retry_after, .. } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    (asked <= LONGEST_PAUSE).then_some(pause.max(asked))
}

/// `range` and the other parameters of a list that has no more rows than one page, without links.
fn whole_list() -> Vec<(String, String)> {
    page(0)
}

/// The parameters of the page of a list that begins with this row.
fn page(from: usize) -> Vec<(String, String)> {
    let range = format!("{from}-{}", from + PAGE - 1);
    vec![("range".to_owned(), range), ("get_hateoas".to_owned(), "false".to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_time_gets_it() {
        let pause = Duration::from_secs(1);
        let busy = |seconds| GlpiError::Unavailable {
            why: Trouble::Status(503),
            retry_after: Some(Duration::from_secs(seconds)),
            source: None,
        };
        assert_eq!(respectful(&busy(0), pause), Some(pause));
        assert_eq!(respectful(&busy(3), pause), Some(Duration::from_secs(3)));
        assert_eq!(respectful(&busy(120), pause), None);
        let silent = GlpiError::unavailable(Trouble::Connection);
        assert_eq!(respectful(&silent, pause), Some(pause));
    }
}
