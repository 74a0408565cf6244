//! How often a request failed.

use super::{Failures, Ledger};
use crate::request::Reference;

impl Ledger {
    /// Notes that a request could not be delivered.
    pub async fn failed(&self, reference: Reference) -> Failures {
        let mut failures = self.local.failed(reference);
        if let (Some(alone), Some(redis)) = (&mut failures.alone, &self.shared) {
            // Other instances may have counted, too.
            *alone = redis.failed(reference).await.unwrap_or_default().max(*alone);
        }
        failures
    }

    /// Forgets a request's failures: it was put aside, and may come back mended.
    pub async fn forgive(&self, reference: Reference) {
        self.local.forgive(reference);
        if let Some(redis) = &self.shared
            && let Err(error) = redis.forgive(reference).await
        {
            tracing::debug!(%error, "Redis was not told to forget the failures of a request");
        }
    }
}
