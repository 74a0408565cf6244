//! Notices beside the pass: a relay or a portal that is slow, or a mailbox that is full, holds up no other ticket.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{id::TicketId, lifecycle::notices::Unsent};

/// Tickets whose notices are being sent, and such as wait for that, at most. One that finds no room is told of later.
const AT_ONCE: usize = 4;
const MOST: usize = 1000;

/// What became of a ticket's notices; `None`: the gateway stops, and they are still due.
pub(super) type Told = (TicketId, Option<Result<(), Unsent>>);

/// Sends what is due for a ticket.
pub(super) type Sending = Arc<dyn Fn(TicketId) -> BoxFuture<'static, Result<(), Unsent>> + Send + Sync>;

/// The tickets whose notices are being sent.
pub(super) struct Letters {
    sending: Sending,
    stop: CancellationToken,
    places: Arc<Semaphore>,
    under_way: BTreeSet<TicketId>,
    tasks: JoinSet<Told>,
}

impl Letters {
    pub(super) fn new(sending: Sending, stop: CancellationToken) -> Self {
        let (under_way, tasks) = (BTreeSet::new(), JoinSet::new());
        Self { sending, stop, places: Arc::new(Semaphore::new(AT_ONCE)), under_way, tasks }
    }

    /// Has what is due for a ticket sent. Returns at once; whether there was room for it.
    pub(super) fn look_at(&mut self, ticket: TicketId) -> bool {
        if self.under_way.len() >= MOST || !self.under_way.insert(ticket) {
            return false;
        }
        let (sending, places, stop) = (Arc::clone(&self.sending), Arc::clone(&self.places), self.stop.clone());
        self.tasks.spawn(async move {
            // Never closed: only a stop ends the wait without a place.
            let place = stop.run_until_cancelled(places.acquire()).await;
            let told = if place.is_some() { Some(sending(ticket).await) } else { None };
            (ticket, told)
        });
        true
    }

    /// Whether a ticket's notices are being sent.
    pub(super) fn is_at(&self, ticket: TicketId) -> bool {
        self.under_way.contains(&ticket)
    }

    /// One that has ended, if any has.
    pub(super) fn ended(&mut self) -> Option<Told> {
        let told = self.tasks.try_join_next()?;
        self.settled(told)
    }

    /// The next one that ends; none where all have ended.
    pub(super) async fn next(&mut self) -> Option<Told> {
        let told = self.tasks.join_next().await?;
        self.settled(told)
    }

    /// The next one that ends by then.
    pub(super) async fn next_by(&mut self, deadline: Instant) -> Option<Told> {
        timeout_at(deadline, self.next()).await.ok().flatten()
    }

    /// Whether none is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for those that have begun.
    pub(super) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    fn settled(&mut self, told: Result<Told, tokio::task::JoinError>) -> Option<Told> {
        match told {
            Ok((ticket, told)) => {
                self.under_way.remove(&ticket);
                Some((ticket, told))
            }
            Err(error) => {
                // Which one is not known: each is looked at again when it changes.
                tracing::error!(%error, "a look at a ticket's notices broke");
                self.under_way.clear();
                None
            }
        }
    }
}

/// How long a pass waits in the end for what is being sent: it goes on beside the next one.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
