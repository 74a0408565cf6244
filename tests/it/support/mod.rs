//! What several tests need: a gateway, and the real servers around it.

pub(crate) mod dkim;
pub(crate) mod dns;
pub(crate) mod gateway;
pub(crate) mod postfix;
pub(crate) mod redis;

use std::time::{Duration, Instant};

/// How long anything awaited may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until `condition` holds; fails, saying `what` was awaited, when it never does.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "not within {} seconds: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
