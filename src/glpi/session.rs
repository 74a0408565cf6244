//! A pool of GLPI sessions: PHP locks a session's file, so each carries one call at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;

use super::error::{GlpiError, Trouble};
use super::exchange::Server;
use super::turns::{Turn, Turns, Urgency};

pub(super) struct Sessions {
    turns: Turns,
    idle: Mutex<Vec<HeaderValue>>,
    /// Held while a session is opened, so that a crowd of callers does not log in all at once; what
    /// it holds is the last failure, which answers all who waited meanwhile.
    opening: tokio::sync::Mutex<Option<Failed>>,
    /// The longest wait for a turn.
    patience: Duration,
    /// How long wrong credentials are not tried again: directories lock accounts.
    denied_for: Duration,
}

struct Failed {
    at: Instant,
    error: GlpiError,
}

/// A session in use. Dropped without [`Lease::release`] (the call was abandoned, or GLPI may still
/// be busy with it), the session is forgotten.
pub(super) struct Lease<'a> {
    sessions: &'a Sessions,
    pub(super) token: HeaderValue,
    _permit: Permit<'a>,
}

/// A turn that is kept for several calls, one after the other.
pub(super) struct KeptTurn {
    _turn: Turn,
    one_call: tokio::sync::Mutex<()>,
}

/// How a call comes to a session.
#[derive(Clone)]
pub(super) enum Way {
    /// It waits for its turn.
    Waiting(Urgency),
    /// It is one of several calls of a turn.
    InTurn(Arc<KeptTurn>),
}

/// What lets a call take a session.
enum Permit<'a> {
    Own { _turn: Turn },
    OfTurn { _call: tokio::sync::MutexGuard<'a, ()> },
}

impl Sessions {
    pub(super) fn new(count: usize, patience: Duration, denied_for: Duration) -> Self {
        Self {
            turns: Turns::new(count, patience),
            idle: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            patience,
            denied_for,
        }
    }

    /// Waits for a turn, to make several calls in it.
    pub(super) async fn turn(&self, urgency: Urgency) -> Result<KeptTurn, GlpiError> {
        Ok(KeptTurn { _turn: self.wait(urgency).await?, one_call: tokio::sync::Mutex::default() })
    }

    async fn wait(&self, urgency: Urgency) -> Result<Turn, GlpiError> {
        let waiting = tokio::time::timeout(self.patience, self.turns.wait(urgency));
        waiting.await.ok().flatten().ok_or_else(|| GlpiError::unavailable(Trouble::Busy))
    }

    /// Takes an idle session, or opens one, when it is its turn.
    pub(super) async fn lease<'a>(&'a self, server: &Server, way: &'a Way) -> Result<Lease<'a>, GlpiError> {
        let permit = match way {
            Way::Waiting(urgency) => Permit::Own { _turn: self.wait(*urgency).await? },
            Way::InTurn(turn) => Permit::OfTurn { _call: turn.one_call.lock().await },
        };
        let idle = self.idle().pop();
        let token = match idle {
            Some(token) => token,
            None => self.open(server).await?,
        };
        Ok(Lease { sessions: self, token, _permit: permit })
    }

    /// Ends every idle session, best effort.
    pub(super) async fn close(&self, server: &Server) {
        let idle = std::mem::take(&mut *self.idle());
        let closing = idle.iter().map(|token| server.close_session(token));
        futures_util::future::join_all(closing).await;
    }

    async fn open(&self, server: &Server) -> Result<HeaderValue, GlpiError> {
        let asked = Instant::now();
        let mut last = self.opening.lock().await;
        if let Some(failed) = &*last {
            let denied = matches!(failed.error, GlpiError::Denied { .. });
            if failed.at >= asked || (denied && failed.at.elapsed() < self.denied_for) {
                return Err(failed.error.clone());
            }
        }
        let opened = server.open_session().await;
        *last = opened.as_ref().err().map(|error| Failed { at: Instant::now(), error: error.clone() });
        opened
    }

    fn idle(&self) -> MutexGuard<'_, Vec<HeaderValue>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Replaces a session that GLPI has forgotten.
    pub(super) async fn renew(&mut self, server: &Server) -> Result<(), GlpiError> {
        tracing::debug!("GLPI forgot a session: opening another");
        self.token = self.sessions.open(server).await?;
        Ok(())
    }

    /// Gives the session back for the next call.
    pub(super) fn release(self) {
        self.sessions.idle().push(self.token.clone());
    }
}
