//! What one instance at a time does: the right to do it, for a few seconds.

use std::{pin::pin, time::Duration};

use tokio::time::sleep;

use super::Ledger;
use crate::config::WhenDown;

/// How long a lease lasts that is not renewed: after that a crashed instance's work is taken over.
const LIFE: Duration = Duration::from_secs(15);
/// It is renewed so often.
const RENEWED_EVERY: Duration = Duration::from_secs(5);

impl Ledger {
    /// Gets or keeps, for a few seconds, the right to do something that one instance at a time should do, such as
    /// reading a mailbox: what has waited for the time given, which is none where the right is sure.
    ///
    /// A single instance always has it. While Redis cannot be asked, and the gateway is to go on without it, every
    /// instance may go on with what has waited so long that another one surely has finished it, the last holder
    /// first: GLPI then knows of it. Else nobody goes on until Redis is back.
    pub async fn lease(&self, name: &str) -> Option<Duration> {
        let Some(redis) = &self.shared else { return Some(Duration::ZERO) };
        match redis.lease(name, LIFE).await {
            Ok(granted) => self.leases.answered(name, granted).then_some(Duration::ZERO),
            Err(error) => {
                metrics::counter!(super::REDIS_FAILURES).increment(1);
                tracing::warn!(%error, "Redis cannot be asked for a lease");
                (self.when_down == WhenDown::AskGlpi).then(|| self.leases.unanswered(name, self.give_up))
            }
        }
    }

    /// Does what one instance at a time should do, and gives the right to it back; `None` where another one is at it.
    pub async fn alone<T>(&self, name: &str, deed: impl Future<Output = T>) -> Option<T> {
        self.lease(name).await?;
        let mut deed = pin!(deed);
        let done = loop {
            tokio::select! {
                done = &mut deed => break done,
                () = sleep(RENEWED_EVERY) => {
                    self.lease(name).await;
                }
            }
        };
        self.hand_back(name).await;
        Some(done)
    }

    /// Gives a lease back, so that another instance need not wait for its end.
    pub async fn hand_back(&self, name: &str) {
        if self.leases.forget(name)
            && let Some(redis) = &self.shared
            && let Err(error) = redis.hand_back(name).await
        {
            tracing::debug!(%error, "a lease could not be given back; it lapses");
        }
    }
}
