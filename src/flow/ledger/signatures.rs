//! The Idempotency-Key that each signed call came with: a signature that does not cover it goes with that one alone.

use std::time::Duration;

use super::Ledger;
use crate::request::Reason;

impl Ledger {
    /// Whether what was signed comes with the key it first came with, here or at another instance within `life`; an
    /// empty key is none. While Redis cannot be asked and the gateway goes on, an instance knows what came to it; it knows
    /// that better than a Redis that was emptied, which may have learned of another key first.
    ///
    /// # Errors
    ///
    /// Where Redis cannot be asked, and is to be waited for.
    pub async fn keep_key(&self, signed: &str, key: &str, life: Duration) -> Result<bool, (Reason, String)> {
        if let Some(redis) = &self.shared {
            let is_own = self.local.came_with(signed, key);
            // What is refused here is not to become Redis's first: it may have been emptied.
            if is_own == Some(false) {
                return Ok(false);
            }
            match redis.keep_key(signed, key, life).await {
                Ok(is_first) if is_first || is_own == Some(true) => {}
                Ok(_) => return Ok(false),
                Err(error) => self.without_redis("key", &error)?,
            }
        }
        Ok(self.local.keep_key(signed, key, life))
    }
}
