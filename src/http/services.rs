//! What the API works with, and how a request is answered in time and taken to its end.

use std::{fmt, sync::Arc, time::Instant};

use axum::{
    extract::Request,
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::timeout_at;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use super::{
    body,
    gateway::Gateway,
    lines::Lines,
    oversight::{self, Oversight},
    problem::{BUSY_PAUSE, Problem},
};
use crate::{
    config,
    flow::route,
    id::ArticleId,
    intake::{Room, Taken},
    portal::Portal,
    request::{Address, Reason},
};

/// What the API works with.
pub struct Services {
    pub(super) settings: config::Http,
    pub(super) time_zone: TimeZone,
    pub(super) mappings: route::MappingStore,
    pub(super) portal: Arc<Portal>,
    pub(super) metrics: PrometheusHandle,
    gateway: Arc<dyn Gateway>,
    oversight: Option<Oversight>,
    pub(super) stop: CancellationToken,
    pub(super) rooms: body::Rooms,
    pub(super) running: TaskTracker,
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
        gateway: Arc<dyn Gateway>,
        stop: CancellationToken,
    ) -> Self {
        let rooms = rooms(Room::for_requests(settings.max_size as u64), &settings);
        let running = TaskTracker::new();
        let oversight = None;
        Self { settings, time_zone, mappings, portal, metrics, gateway, oversight, stop, rooms, running }
    }

    /// The API, with what people in charge ask of.
    #[must_use]
    pub fn with(self, oversight: Oversight) -> Self {
        Self { oversight: Some(oversight), ..self }
    }

    /// What people in charge ask of.
    ///
    /// # Errors
    ///
    /// 403 where nobody is.
    pub(super) fn oversight(&self) -> Result<&Oversight, Problem> {
        let named = self.oversight.as_ref().filter(|oversight| !oversight.people.are_nobody());
        named.ok_or_else(oversight::closed)
    }

    /// The API, whose bodies are in memory within this room, which other ways in share.
    #[must_use]
    pub fn within(self, room: Room) -> Self {
        Self { rooms: rooms(room, &self.settings), ..self }
    }

    /// What stands behind the API.
    pub(super) fn gateway(&self) -> Arc<dyn Gateway> {
        Arc::clone(&self.gateway)
    }

    /// Counts that an article has helped this person, once a day; whether it is counted now.
    pub(super) async fn has_helped(&self, person: &Address, article: ArticleId) -> bool {
        let is_first = self.gateway().first_help(person.clone(), article).await;
        if is_first {
            self.portal.has_helped(article);
        }
        is_first
    }

    /// The answer to a request that has a body, as `handle` gives it before the deadline it is told.
    pub(super) async fn answered(
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
    pub(super) async fn finish<T: Send + 'static>(
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
    body::Rooms::new(room, settings.max_size, Lines::default())
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("settings", &self.settings).finish_non_exhaustive()
    }
}
