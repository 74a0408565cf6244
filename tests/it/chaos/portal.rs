//! A portal that posts what people deposit, and posts it again until it has an answer.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join;
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::fleet::Fleet;
use crate::support::{gateway::PORTAL_SECRET, signing};

/// How long it waits for an answer, and before it asks again, whatever Retry-After says.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(300);

/// The portal.
pub(super) struct Portal<'a> {
    fleet: &'a Fleet,
    client: Client,
    calls: AtomicUsize,
    /// Calls that had no answer, and those that were told to come again.
    pub(super) unanswered: AtomicUsize,
    pub(super) put_off: AtomicUsize,
    /// Calls that were answered with 202.
    pub(super) queued: AtomicUsize,
    /// What no portal should see.
    pub(super) odd: Mutex<Vec<String>>,
}

/// The answer that ends a call's repeats.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answered {
    /// Whether it is kept until GLPI answers.
    pub(super) fn is_queued(&self) -> bool {
        self.status == 202
    }
}

impl<'a> Portal<'a> {
    pub(super) fn new(fleet: &'a Fleet) -> Self {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let (calls, unanswered, put_off, queued) = Default::default();
        Self { fleet, client, calls, unanswered, put_off, queued, odd: Mutex::default() }
    }

    /// Posts this until it is answered, now to the one, now to the other instance.
    pub(super) async fn post(&self, address: &str, key: &str, body: &Value) -> Answered {
        let body = body.to_string();
        loop {
            match self.try_once(address, key, &body).await {
                Some(answered) if answered.status < 500 => {
                    self.queued.fetch_add(usize::from(answered.is_queued()), Ordering::Relaxed);
                    return answered;
                }
                Some(_) => self.put_off.fetch_add(1, Ordering::Relaxed),
                None => self.unanswered.fetch_add(1, Ordering::Relaxed),
            };
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same until it is known what became of it: who is answered 202 asks again.
    pub(super) async fn post_until_known(&self, address: &str, key: &str, body: &Value) -> Answered {
        loop {
            let answered = self.post(address, key, body).await;
            if !answered.is_queued() {
                return answered;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same twice at once.
    pub(super) async fn post_twice(&self, address: &str, key: &str, body: &Value) -> [Answered; 2] {
        join(self.post(address, key, body), self.post(address, key, body)).await.into()
    }

    async fn try_once(&self, address: &str, key: &str, body: &str) -> Option<Answered> {
        let base = self.fleet.http(self.calls.fetch_add(1, Ordering::Relaxed));
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = signing::v3(PORTAL_SECRET, &timestamp, "POST", address, key, body.as_bytes());
        let call = self
            .client
            .post(format!("{base}{address}"))
            .header("X-Passerelle-Timestamp", timestamp)
            .header("X-Passerelle-Signature", format!("v3={signature}"))
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        let answer = call.send().await.ok()?;
        let status = answer.status();
        // One that is cut off in the middle is none.
        let body = answer.bytes().await.ok()?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            self.odd.lock().unwrap().push(format!("{address}: {status} {body}"));
        }
        Some(Answered { status: status.as_u16(), body })
    }
}
