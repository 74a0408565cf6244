//! What several tests need: a gateway, and the real servers around it.

pub(crate) mod bilingual;
pub(crate) mod browser;
pub(crate) mod captured;
pub(crate) mod certificates;
pub(crate) mod deposit;
pub(crate) mod dice;
pub(crate) mod dkim;
pub(crate) mod dns;
pub(crate) mod documentation;
pub(crate) mod dovecot;
pub(crate) mod emptying;
pub(crate) mod gateway;
pub(crate) mod helpdesk;
pub(crate) mod hooked_portal;
pub(crate) mod imap_client;
pub(crate) mod meddler;
pub(crate) mod oauth;
pub(crate) mod postfix;
pub(crate) mod received;
pub(crate) mod redis;
pub(crate) mod redis_nodes;
pub(crate) mod served;
pub(crate) mod signing;
pub(crate) mod sink;
pub(crate) mod slapd;
pub(crate) mod unreliable;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    time::{Duration, Instant},
};

/// How long anything awaited may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// Asks again and again until `condition` holds; fails, saying `what` was awaited, when it never does.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "not within {} seconds: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Who runs the tests; 0 is root.
fn my_user() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

/// A port of 127.0.0.1 that nobody uses yet; another test may take it before its use.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
