//! A portal that is told what happens: it checks each call as the libraries of Standard Webhooks do.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::wait_until;

const KEY: &[u8] = b"thirty-two bytes, as it should be";
const OTHER_KEY: &[u8] = b"the key that is on its way out...";
/// Its secrets, as `hooks.secrets` takes them.
pub(crate) fn secrets() -> String {
    [KEY, OTHER_KEY].map(|key| format!("whsec_{}", BASE64.encode(key))).join(",")
}

/// An event as the portal got it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) body: Value,
}

impl Got {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// What it is about, and of which request.
    pub(crate) fn of(&self) -> (u64, &str) {
        (self.body["data"]["request"].as_u64().unwrap(), self.kind())
    }
}

/// A portal. Dropping it stops it.
pub(crate) struct Portal {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    /// What it answers; 0: nothing, ever.
    answer: Arc<AtomicU16>,
    /// The request over whose events it fails, and what it answers to them.
    fails_over: Arc<Mutex<Option<(u64, u16)>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    keys: &'static [&'static [u8]],
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<AtomicU16>,
    fails_over: Arc<Mutex<Option<(u64, u16)>>>,
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (text("webhook-id"), text("webhook-timestamp"));
    let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>().unwrap();
    assert!((-5..60).contains(&age), "{age}");
    let signatures = text("webhook-signature");
    assert_eq!(signatures.split(' ').count(), shared.keys.len());
    for (signature, key) in signatures.split(' ').zip(shared.keys) {
        let signature = BASE64.decode(signature.strip_prefix("v1,").unwrap().as_bytes()).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(&body);
        assert!(mac.verify_slice(&signature).is_ok(), "{id}");
    }
    let got = Got { id, body: serde_json::from_slice(&body).unwrap() };
    let request = got.body["data"]["request"].as_u64();
    shared.got.lock().unwrap().push(got);
    let fails_over = *shared.fails_over.lock().unwrap();
    if let Some((_, answer)) = fails_over.filter(|(over, _)| request == Some(*over)) {
        return StatusCode::from_u16(answer).unwrap();
    }
    match shared.answer.load(Ordering::SeqCst) {
        0 => std::future::pending().await,
        answer => StatusCode::from_u16(answer).unwrap(),
    }
}

impl Portal {
    pub(crate) async fn start() -> Self {
        Self::with(&[KEY, OTHER_KEY]).await
    }

    /// One that shares these keys.
    pub(crate) async fn with(keys: &'static [&'static [u8]]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/passerelle", listener.local_addr().unwrap());
        let (got, answer, fails_over) = (Arc::default(), Arc::new(AtomicU16::new(204)), Arc::default());
        let shared =
            Shared { keys, got: Arc::clone(&got), answer: Arc::clone(&answer), fails_over: Arc::clone(&fails_over) };
        let routes = Router::new().fallback(take).with_state(shared);
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, got, answer, fails_over, serving }
    }

    pub(crate) fn answers(&self, status: u16) {
        self.answer.store(status, Ordering::SeqCst);
    }

    /// Answers so to all events of this request from now on, if any, whatever it answers to others.
    pub(crate) fn fails_over(&self, request: Option<(u64, u16)>) {
        *self.fails_over.lock().unwrap() = request;
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until this has come, after all that came before.
    pub(crate) async fn gets(&self, kinds: &[&str]) -> Vec<Got> {
        wait_until(&format!("{kinds:?}"), async || self.got().len() >= kinds.len()).await;
        let got = self.got();
        assert_eq!(got.iter().map(Got::kind).collect::<Vec<_>>(), kinds, "{got:#?}");
        got
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
