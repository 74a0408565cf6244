//! The way to GLPI: each call in a session, again where that is harmless, and none while calls are paused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use serde_json::Value;

use super::breaker::{Breaker, Pass};
use super::error::{GlpiError, Trouble};
use super::exchange::{Answered, Call, Server, SetupError};
use super::session::{Lease, Sessions, Way};
use super::settings::Settings;
use super::turns::Urgency;
use super::verdict::Failure;

/// The longest pause between two tries of one call; a server that asks for more is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The way to GLPI, for calls that come to their sessions alike. Clones share the sessions and the circuit breaker.
#[derive(Clone)]
pub(super) struct Connection {
    way: Way,
    parts: Arc<Parts>,
}

struct Parts {
    server: Server,
    sessions: Sessions,
    breaker: Breaker,
    retries: usize,
}

/// Where a call gets its session.
pub(super) enum Place<'a> {
    /// It is yet to come to one.
    ToCome,
    /// It has one.
    Here(Lease<'a>),
}

impl Connection {
    /// Prepares the way; nothing is sent yet.
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let parts = Parts {
            server: Server::new(settings)?,
            sessions: Sessions::new(settings.sessions, settings.timeout, settings.breaker_pause),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause),
            retries: settings.retries as usize,
        };
        Ok(Self { way: Way::Waiting(Urgency::Awaited), parts: Arc::new(parts) })
    }

    /// This connection for calls that wait for a session, each for itself.
    pub(super) fn waiting(&self, urgency: Urgency) -> Self {
        self.by(Way::Waiting(urgency))
    }

    /// This connection with a session of its own, which it keeps until it is dropped.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Unavailable`]: every session is busy.
    pub(super) async fn in_turn(&self) -> Result<Self, GlpiError> {
        let Way::Waiting(urgency) = self.way else { return Ok(self.clone()) };
        let turn = self.parts.sessions.turn(urgency).await?;
        Ok(self.by(Way::InTurn(Arc::new(turn))))
    }

    /// How urgent its calls are; `None` where they have their session already.
    pub(super) fn urgency(&self) -> Option<Urgency> {
        match self.way {
            Way::Waiting(urgency) => Some(urgency),
            Way::InTurn(_) => None,
        }
    }

    fn by(&self, way: Way) -> Self {
        Self { way, parts: Arc::clone(&self.parts) }
    }

    /// Closes the open sessions, best effort.
    pub(super) async fn close(&self) {
        self.parts.sessions.close(&self.parts.server).await;
    }

    /// Makes a call, again where that is harmless: reads, and writes that surely did not happen.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Value, GlpiError> {
        // Its future is large, and all who call hold it.
        let (answered, lease) = Box::pin(self.exchange(call)).await?;
        lease.release();
        match answered {
            Answered::Json(answer) => Ok(answer),
            Answered::Document(_) => Err(GlpiError::unavailable(Trouble::Unexpected)),
        }
    }

    /// Makes a call. Gives the session, too, which a document is still coming in.
    pub(super) async fn exchange(&self, call: &Call<'_>) -> Result<(Answered, Lease<'_>), GlpiError> {
        self.exchange_from(Place::ToCome, call).await
    }

    /// Makes a call whose first try may have its session already.
    pub(super) async fn exchange_from<'a>(
        &'a self,
        first: Place<'a>,
        call: &Call<'_>,
    ) -> Result<(Answered, Lease<'a>), GlpiError> {
        let first = Mutex::new(Some(first));
        self.again(|| {
            let place = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.try_once(call, place.unwrap_or(Place::ToCome))
        })
        .await
    }

    /// A session for a call that is yet to be made, tried for as often as any call; none while calls are paused.
    pub(super) async fn session(&self) -> Result<Lease<'_>, GlpiError> {
        self.again(|| self.try_session()).await
    }

    /// Tries, and again where the failure is a brief one.
    async fn again<T, F: Future<Output = Result<T, GlpiError>>>(
        &self,
        attempt: impl FnMut() -> F,
    ) -> Result<T, GlpiError> {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.parts.retries);
        attempt
            .retry(pauses)
            .when(GlpiError::is_brief)
            .adjust(|error, pause| pause.and_then(|pause| respectful(error, pause)))
            .await
    }

    async fn try_session(&self) -> Result<Lease<'_>, GlpiError> {
        let pass = self.admit("a session")?;
        let lease = self.parts.sessions.lease(&self.parts.server, &self.way).await;
        match &lease {
            // Whether GLPI answers, the call will tell.
            Ok(_) | Err(GlpiError::Unavailable { why: Trouble::Busy, .. }) => drop(pass),
            Err(error) => self.settle(pass, error),
        }
        lease
    }

    /// Reports a call that failed.
    fn settle(&self, pass: Pass<'_>, error: &GlpiError) {
        if error.is_outage() {
            self.parts.breaker.note(error);
        }
        pass.settle(!error.is_outage(), Instant::now());
    }

    fn admit(&self, path: &str) -> Result<Pass<'_>, GlpiError> {
        self.parts.breaker.admit(Instant::now()).map_err(|left| {
            tracing::debug!(path, "GLPI is not asked: calls are paused");
            let source = self.parts.breaker.last();
            GlpiError::Unavailable { why: Trouble::Paused, retry_after: Some(left), source }
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
            Err(error) => self.settle(pass, error),
            Ok(_) => pass.settle(true, Instant::now()),
        }
        result
    }

    /// Sends the call in a session of the pool, in a new one if GLPI has forgotten that.
    async fn in_session<'a>(&'a self, call: &Call<'_>, place: Place<'a>) -> Result<(Answered, Lease<'a>), GlpiError> {
        let Parts { server, sessions, .. } = &*self.parts;
        let mut lease = match place {
            Place::Here(lease) => lease,
            Place::ToCome => sessions.lease(server, &self.way).await?,
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
