//! The client: what all of its calls stand on, and what its clones share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use super::accounts_at::AccountsAt;
use super::connection::Connection;
use super::error::{GlpiError, Trouble};
use super::exchange::{Call, SetupError};
use super::grants::GrantsOf;
use super::group_commit::Creations;
use super::joint_read::Reads;
use super::kept_answers::KeptAnswers;
use super::lists::{MOST_ROWS, PAGE, page};
use super::markers::MarkerSearch;
use super::note_seal::NoteSeal;
use super::own_session::{FullSession, OwnSession};
use super::pieces::Room;
use super::requesters::RequestersOf;
use super::settings::Settings;
use super::shown_accounts::ShownAccounts;
use super::turns::Urgency;
use super::upload::Upload;
use super::verdict::Added;
use crate::id::ReminderId;

/// A GLPI server. Clones share sessions, the circuit breaker and the directory, and what waits for a session goes in one
/// call where it can.
///
/// A call dropped before it has answered (a `timeout` around it, say) counts as
/// [`GlpiError::AnswerLost`] if it writes.
#[derive(Clone)]
pub struct Glpi {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    /// Where nobody waits for its own calls: the same for what others may come to wait for, too.
    awaited: Option<Arc<Self>>,
}

/// What clones of a client share, besides the connection.
pub(super) struct Shared {
    /// Places for documents under way.
    pub(super) downloads: Semaphore,
    /// Room for what is read of them ahead.
    pub(super) ahead: Room,
    /// The service account's session, once GLPI has told of it.
    own_session: OnceCell<OwnSession>,
    pub(super) kept: KeptAnswers,
    /// What tells the gateway's own notes from others.
    pub(super) seal: NoteSeal,
    /// Notes that were named in the log, which only look like its own.
    pub(super) strange_notes: Mutex<BTreeSet<ReminderId>>,
    pub(super) creations: Arc<Creations>,
    pub(super) marker_searches: Reads<MarkerSearch>,
    pub(super) requesters: Reads<RequestersOf>,
    pub(super) accounts_at: Reads<AccountsAt>,
    pub(super) shown_accounts: Reads<ShownAccounts>,
    pub(super) grants: Reads<GrantsOf>,
}

impl Glpi {
    /// Prepares a client; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let creations = Creations::new(settings.sessions, settings.tickets_per_call, settings.timeout);
        let shared = Shared {
            downloads: Semaphore::new((settings.sessions / 2).max(1)),
            ahead: Room::default(),
            own_session: OnceCell::new(),
            kept: KeptAnswers::default(),
            seal: NoteSeal::new(settings),
            strange_notes: Mutex::default(),
            creations: Arc::new(creations),
            marker_searches: Reads::default(),
            requesters: Reads::default(),
            accounts_at: Reads::default(),
            shown_accounts: Reads::default(),
            grants: Reads::default(),
        };
        Ok(Self { connection: Connection::new(settings)?, shared: Arc::new(shared), awaited: None })
    }

    /// The same GLPI for calls that nobody waits for: they take a session only when no other call wants it.
    #[must_use]
    pub fn in_background(&self) -> Self {
        let awaited = self.over(self.connection.waiting(Urgency::Awaited));
        Self { awaited: Some(Arc::new(awaited)), ..self.over(self.connection.waiting(Urgency::Background)) }
    }

    /// The same GLPI with a session that is taken until this one is dropped: its calls, one after the other, wait for
    /// none.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Unavailable`]: every session is busy.
    pub async fn in_turn(&self) -> Result<Self, GlpiError> {
        Ok(self.over(self.connection.in_turn().await?))
    }

    fn over(&self, connection: Connection) -> Self {
        Self { connection, shared: Arc::clone(&self.shared), awaited: None }
    }

    /// This client for a question whose answer is kept: whoever asks the same meanwhile waits for it, and they may be in
    /// front of a page.
    pub(super) fn for_all(&self) -> &Self {
        self.awaited.as_deref().unwrap_or(self)
    }

    /// Closes the open sessions, best effort. A later call opens them again.
    pub async fn close(&self) {
        self.connection.close().await;
    }

    /// What the session of the service account is like, asked for once.
    pub(super) async fn own_session(&self) -> Result<&OwnSession, GlpiError> {
        let asked = Box::pin(async {
            let answer: FullSession = self.get("getFullSession", Vec::new()).await?;
            Ok(answer.session)
        });
        self.shared.own_session.get_or_try_init(|| asked).await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        query: Vec<(String, String)>,
    ) -> Result<T, GlpiError> {
        let answer = self.call(&Call::get(path, query)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// As [`Glpi::get`], but of each text no more than `longest` bytes: the memory a list takes is bounded by its rows.
    pub(super) async fn get_excerpts<T: DeserializeOwned>(
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
    pub(super) async fn list<T: DeserializeOwned>(&self, path: impl Into<String>) -> Result<Vec<T>, GlpiError> {
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
            // What was added in the meantime pushes rows on to the next page. Of each no more is kept than is meant.
            let new = found.into_iter().filter(|row| row.get("id").is_none_or(|id| known.insert(id.to_string())));
            for row in new {
                rows.push(serde_json::from_value(row).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))?);
            }
            if is_last {
                break;
            }
        }
        if rows.len() >= MOST_ROWS {
            tracing::warn!(path, most = MOST_ROWS, "a list of GLPI is longer than is read; its newest rows count");
        }
        rows.reverse();
        Ok(rows)
    }

    /// Creates one item; `files` go along in the same call.
    pub(super) async fn add(&self, item_type: &str, input: &Value, files: &[Upload]) -> Result<Added, GlpiError> {
        let answer = self.call(&Call::create(item_type, input, files)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::interrupted(Trouble::Unexpected, true))
    }

    /// Makes a call, again where that is harmless: reads, and writes that surely did not happen.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Value, GlpiError> {
        self.connection.call(call).await
    }
}
