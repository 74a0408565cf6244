//! Tells the portal of something, as a signed call to an address of its own: [Standard Webhooks] 1.0.
//!
//! One call, one answer: whoever calls sees to it that what was not taken is told again. A portal that cannot be reached
//! is left alone for a while, so that nobody waits for it again and again. One that fails over an event may take the next:
//! a request that it cannot digest keeps no other from being told.
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::Instant;

use crate::{
    config::{self, ConfigError},
    hindrance,
    text::{Bilingual, chain},
};

const EVENTS: &str = "passerelle_hooks_total";
/// What becomes of an event.
const TOLD: &str = "told";
const REFUSED: &str = "refused";
const FAILED: &str = "failed";
/// How long a portal that could not be reached is left alone.
const PAUSE: Duration = Duration::from_mins(1);
/// After so many different events in a row it is the portal that fails, not its reading of one of them.
const MOST_FAILED: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The portal's address for what happens, and what calls to it are signed with.
pub struct PortalHook {
    url: Url,
    client: Client,
    /// Several during a rotation: each signs.
    keys: Vec<SecretSlice<u8>>,
    health: Mutex<Health>,
}

/// How the portal has answered lately.
#[derive(Debug, Default)]
struct Health {
    paused_until: Option<Instant>,
    /// The events over which it failed since it last dealt with one.
    failed: BTreeSet<String>,
}

impl Health {
    /// Takes in how an event ended. Its failure becomes the portal's own where it is one of many in a row.
    fn judge(&mut self, id: &str, told: Result<(), HookError>) -> Result<(), HookError> {
        let told = match told {
            Err(HookError::Refused(status)) if !status.is_client_error() => {
                self.failed.insert(id.to_owned());
                let is_away = self.failed.len() >= MOST_FAILED;
                Err(if is_away { HookError::Unavailable(status) } else { HookError::Refused(status) })
            }
            told => {
                self.failed.clear();
                told
            }
        };
        let is_away = told.as_ref().is_err_and(|error| !error.is_of_this_event());
        if is_away {
            self.failed.clear();
        }
        self.paused_until = is_away.then(|| Instant::now() + PAUSE);
        told
    }
}

/// What is told.
#[derive(Debug, Serialize)]
pub struct HookEvent<T> {
    /// What happened, such as `request.question`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When, RFC 3339.
    pub timestamp: String,
    /// To what.
    pub data: T,
}

/// Why the portal has not taken something.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It does not take this, or fails over it: another event may be taken.
    #[error("the portal answered {0} to an event")]
    Refused(StatusCode),
    /// It answered that it takes nothing now, or has failed over several events in a row.
    #[error("the portal answered {0}")]
    Unavailable(StatusCode),
    /// It cannot be reached, or did not answer in time.
    #[error("the portal's hook cannot be reached: {}", chain(.0))]
    Unreachable(#[source] reqwest::Error),
    /// It has just failed, and is left alone.
    #[error("the portal's hook has just failed")]
    JustFailed,
}

impl HookError {
    /// Why, for who runs a command.
    pub fn reason(&self) -> Bilingual {
        match self {
            Self::Refused(status) => Bilingual::new(self, format!("le portail a répondu {status} à un événement")),
            Self::Unavailable(status) => Bilingual::new(self, format!("le portail a répondu {status}")),
            Self::Unreachable(error) => {
                Bilingual::new("the portal's hook cannot be reached: ", "l’appel n’atteint pas le portail\u{a0}: ")
                    .then("", &hindrance::reason(error))
            }
            Self::JustFailed => Bilingual::new(self, "l’appel vient d’échouer"),
        }
    }

    /// Whether another event may be taken.
    pub fn is_of_this_event(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Refused(status) if status.is_client_error() => REFUSED,
            _ => FAILED,
        }
    }
}

impl PortalHook {
    /// The hook of these settings; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Names the setting that cannot be used.
    pub fn new(settings: &config::Hooks) -> Result<Option<Self>, ConfigError> {
        metrics::describe_counter!(EVENTS, "Events told to the portal's hook, by type and outcome.");
        for step in &settings.steps {
            for outcome in [TOLD, REFUSED, FAILED] {
                metrics::counter!(EVENTS, "type" => format!("request.{step}"), "outcome" => outcome).increment(0);
            }
        }
        let Some(url) = settings.address()? else { return Ok(None) };
        let client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            // What is signed for this address is for no other.
            .redirect(Policy::none())
            .user_agent(concat!("Passerelle/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConfigError::defect(Bilingual::same("hooks"), error))?;
        let keys = settings.keys()?.into_iter().map(SecretSlice::from).collect();
        Ok(Some(Self { url, client, keys, health: Mutex::default() }))
    }

    /// Whether it has just failed, and is left alone.
    pub fn rests(&self) -> bool {
        self.health().paused_until.is_some_and(|until| Instant::now() < until)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells an event under an id by which the portal knows it again; `now` is when this is tried.
    ///
    /// # Errors
    ///
    /// Where the portal has not said that it has taken it, by a 2xx.
    pub async fn tell<T: Serialize>(&self, id: &str, event: &HookEvent<T>, now: Timestamp) -> Result<(), HookError> {
        if self.rests() {
            return Err(HookError::JustFailed);
        }
        let told = self.post(id, event, now).await;
        let told = self.health().judge(id, told);
        let outcome = told.as_ref().map_or_else(HookError::label, |()| TOLD);
        metrics::counter!(EVENTS, "type" => event.kind.clone(), "outcome" => outcome).increment(1);
        told
    }

    async fn post<T: Serialize>(&self, id: &str, event: &HookEvent<T>, now: Timestamp) -> Result<(), HookError> {
        // What is told are numbers, words and moments: they can be written.
        let body = serde_json::to_string(event).unwrap_or_default();
        let timestamp = now.as_second().to_string();
        let signatures: Vec<_> = self.keys.iter().map(|key| signature(key, id, &timestamp, &body)).collect();
        let call = self
            .client
            .post(self.url.clone())
            .header("Content-Type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        let status = call.send().await.map_err(|error| HookError::Unreachable(error.without_url()))?.status();
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE => Err(HookError::Unavailable(status)),
            _ => Err(HookError::Refused(status)),
        }
    }
}

/// `v1,` and the Base64 of the HMAC-SHA256 of id, timestamp and body, with full stops between them.
fn signature(key: &SecretSlice<u8>, id: &str, timestamp: &str, body: &str) -> String {
    match Hmac::<Sha256>::new_from_slice(key.expose_secret()) {
        Ok(mac) => {
            let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
            format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
        }
        Err(never) => never.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretSlice;

    use super::{BASE64, signature};

    /// The example that the libraries of Standard Webhooks share.
    #[test]
    fn calls_are_signed_as_the_standard_s_libraries_check_them() {
        let key = SecretSlice::from(BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
