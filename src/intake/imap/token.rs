//! Access tokens for signing in (OAuth 2.0, RFC 6749): the client's own, or by a refresh token.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::error::ImapError;
use crate::{
    config::{ConfigError, ImapOauth},
    text::Bilingual,
};

/// A token is asked for anew this long before it expires: signing in takes a moment.
const MARGIN: Duration = Duration::from_mins(2);
/// How long a token lasts where the server does not say (RFC 6749 section 5.1 only recommends it).
const USUAL_LIFE: Duration = Duration::from_mins(10);
const LONGEST_LIFE: Duration = Duration::from_hours(24);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks a token endpoint, and keeps what it gave for as long as that is valid.
pub(super) struct Tokens {
    config: ImapOauth,
    http: reqwest::Client,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: SecretString,
    until: Instant,
    /// Microsoft gives a new refresh token each time; the old one may end.
    refresh_token: Option<SecretString>,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: Option<u64>,
    refresh_token: Option<SecretString>,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl Tokens {
    /// `None` where no token endpoint is configured.
    pub(super) fn new(config: &ImapOauth) -> Result<Option<Self>, ConfigError> {
        if config.token_url.is_empty() {
            return Ok(None);
        }
        let wrong = |error: Box<dyn Error + Send + Sync>| {
            ConfigError::because(
                Bilingual::new("imap.oauth.token_url", "imap.oauth.token_url"),
                error,
                Bilingual::new(
                    "Give the token endpoint's address, such as https://login.example.fr/oauth2/token.",
                    "Donnez l’adresse d’où viennent les jetons, par exemple https://login.example.fr/oauth2/token.",
                ),
            )
            .about("imap.oauth.token_url")
        };
        url::Url::parse(&config.token_url).map_err(|error| wrong(error.into()))?;
        // A redirection would carry the secret elsewhere.
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let http = http.build().map_err(|error| wrong(error.into()))?;
        Ok(Some(Self { config: config.clone(), http, kept: Mutex::new(None) }))
    }

    /// A token that is valid now. `fresh`: the last one was refused.
    ///
    /// # Errors
    ///
    /// What the endpoint or the way to it said; holds no secret.
    pub(super) async fn get(&self, fresh: bool) -> Result<SecretString, ImapError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| !fresh && Instant::now() < kept.until) {
            return Ok(kept.token.clone());
        }
        let refresh_token = kept.as_ref().and_then(|kept| kept.refresh_token.as_ref());
        let refresh_token = refresh_token.or(self.config.refresh_token.as_ref()).cloned();
        let granted = self.ask(refresh_token.as_ref()).await?;
        let life = granted.expires_in.map_or(USUAL_LIFE, Duration::from_secs).min(LONGEST_LIFE);
        *kept = Some(Kept {
            token: granted.access_token.clone(),
            until: Instant::now() + life.saturating_sub(MARGIN),
            refresh_token: granted.refresh_token.or(refresh_token),
        });
        Ok(granted.access_token)
    }

    async fn ask(&self, refresh_token: Option<&SecretString>) -> Result<Granted, ImapError> {
        let config = &self.config;
        let mut form = vec![("client_id", config.client_id.as_str())];
        match refresh_token {
            Some(token) => form.extend([("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())]),
            None => form.push(("grant_type", "client_credentials")),
        }
        if let Some(secret) = &config.client_secret {
            form.push(("client_secret", secret.expose_secret()));
        }
        if !config.scope.is_empty() {
            form.push(("scope", &config.scope));
        }
        let failed = |error: reqwest::Error| {
            let words = Bilingual::new("the token endpoint does not answer", "le serveur de jetons ne répond pas");
            ImapError::because(words, error.without_url())
        };
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(&config.token_url).header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.map_err(failed)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(failed)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| {
                ImapError::connection(Bilingual::new(
                    "the token endpoint's answer is no token",
                    "la réponse du serveur de jetons n’est pas un jeton",
                ))
            });
        }
        let code = serde_json::from_slice(&body).map_or_else(|_| String::new(), |Denied { error }| error);
        Err(ImapError::connection(Bilingual::new(
            format!("the token endpoint refuses: {status} {code}"),
            format!("le serveur de jetons refuse\u{a0}: {status} {code}"),
        )))
    }
}
