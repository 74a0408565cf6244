//! How to reach GLPI, and as whom.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// How to reach GLPI and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// GLPI's address (`https://assistance.example/`) or its API's (`…/apirest.php`,
    /// `…/api.php/v1`).
    pub url: Url,
    /// The application token, if the API client in GLPI asks for one.
    pub app_token: Option<SecretString>,
    /// The service account.
    pub credentials: Credentials,
    /// What the gateway's own notes are sealed with, the same for every instance; without, the account's secret.
    pub note_secret: Option<SecretString>,
    /// How many sessions, that is calls at the same time, at most.
    pub sessions: usize,
    /// How many tickets without files one call makes at most, where they wait for a session.
    pub tickets_per_call: usize,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait for one answer, and for a free session.
    pub timeout: Duration,
    /// How often a call is repeated that surely wrote nothing.
    pub retries: u32,
    /// After how many failures in a row calls are paused (0: never).
    pub breaker_failures: u32,
    /// How long they are paused; also how long refused credentials are not tried again.
    pub breaker_pause: Duration,
}

impl Settings {
    /// Settings for one small gateway: 4 sessions, 25 tickets a call, 5 s to connect, 30 s to answer, 2 retries, a pause
    /// of 15 s after 5 failures.
    pub fn new(url: Url, credentials: Credentials) -> Self {
        Self {
            url,
            app_token: None,
            credentials,
            note_secret: None,
            sessions: 4,
            tickets_per_call: 25,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            retries: 2,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(15),
        }
    }
}

/// The service account's way in.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The API token in the account's settings.
    UserToken(SecretString),
    /// Login and password, where GLPI's API allows them.
    Login {
        /// The login.
        login: String,
        /// The password.
        password: SecretString,
    },
}
