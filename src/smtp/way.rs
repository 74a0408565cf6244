//! How the academy's relay is reached, as `smtp.url` says it.

use std::{borrow::Cow, time::Duration};

use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    transport::smtp::{
        PoolConfig,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Tls, TlsParameters},
        commands::Ehlo,
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::failure::{SendError, bounded};
use crate::{config::ConfigError, text::Bilingual};

/// A relay's address, and how it is spoken to.
pub(super) struct Way {
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    sign_in: Option<Credentials>,
}

impl Way {
    /// The way that this `smtp.url` describes.
    ///
    /// `smtp://` speaks plain, with `?tls=required` STARTTLS, with `?tls=opportunistic` STARTTLS where it is offered;
    /// `smtps://` is TLS from the start. A path is the name it greets with.
    ///
    /// # Errors
    ///
    /// Where it is no address of a relay.
    pub(super) fn of(url: &SecretString) -> Result<Self, ConfigError> {
        Self::parse(url.expose_secret()).ok_or_else(|| {
            ConfigError::setting(
                Bilingual::new(
                    "smtp.url is no address of a mail relay",
                    "smtp.url n’est pas l’adresse d’un relais de courriel",
                ),
                Bilingual::new(
                    "Give it as smtp://host:25, smtp://host:587?tls=required or smtps://user:password@host; \
                 in user and password write @ as %40, : as %3A, / as %2F.",
                    "Donnez-la ainsi\u{a0}: smtp://host:25, smtp://host:587?tls=required ou smtps://user:password@host\u{a0}; dans \
                 l’utilisateur et le mot de passe, écrivez @ comme %40,\u{a0}: comme %3A, / comme %2F.",
                ),
            )
            .about("smtp.url")
        })
    }

    fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        // An IPv6 address stands in brackets in a URL alone.
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let parameters = || TlsParameters::new(host.clone()).ok();
        let wanted = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
        let (tls, port) = match (url.scheme(), wanted.as_deref()) {
            ("smtp", None) => (Tls::None, 25),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic(parameters()?), 587),
            ("smtp", Some("required")) => (Tls::Required(parameters()?), 587),
            ("smtps", _) => (Tls::Wrapper(parameters()?), 465),
            _ => return None,
        };
        let sign_in = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) };
        let port = url.port().unwrap_or(port);
        Some(Self { host, port, tls, hello, sign_in })
    }

    /// What sends whole mails this way, each over a connection of its own: one that was given up in the middle of an
    /// exchange would otherwise be used again, out of step.
    pub(super) fn transport(&self, timeout: Duration) -> AsyncSmtpTransport<Tokio1Executor> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.clone())
            .port(self.port)
            .tls(self.tls.clone())
            .hello_name(self.hello.clone())
            .timeout(Some(timeout))
            .pool_config(PoolConfig::new().max_size(0));
        match &self.sign_in {
            Some(credentials) => builder.credentials(credentials.clone()),
            None => builder,
        }
        .build()
    }

    /// A connection that is greeted and signed in, each step within `timeout`.
    ///
    /// # Errors
    ///
    /// Where the relay takes no connection.
    pub(super) async fn connect(&self, timeout: Duration) -> Result<AsyncSmtpConnection, SendError> {
        let from_the_start = if let Tls::Wrapper(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let server = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(timeout), &self.hello, from_the_start, None);
        let mut connection = bounded(timeout, connecting).await?;
        let upgrade = match &self.tls {
            Tls::Required(parameters) => Some(parameters),
            Tls::Opportunistic(parameters) if connection.can_starttls() => Some(parameters),
            _ => None,
        };
        if let Some(parameters) = upgrade {
            bounded(timeout, connection.starttls(parameters.clone(), &self.hello)).await?;
        }
        if let Some(credentials) = &self.sign_in {
            bounded(timeout, connection.auth(DEFAULT_MECHANISMS, credentials)).await?;
        }
        Ok(connection)
    }
}

impl Way {
    /// The largest mail that the relay says it takes, in bytes (RFC 1870); `None` where it does not say.
    ///
    /// # Errors
    ///
    /// Where the relay takes no connection.
    pub(super) async fn largest(&self, timeout: Duration) -> Result<Option<u64>, SendError> {
        let mut connection = self.connect(timeout).await?;
        let answer = bounded(timeout, connection.command(Ehlo::new(self.hello.clone()))).await?;
        let size = |line: &str| line.to_uppercase().strip_prefix("SIZE ")?.trim().parse().ok();
        // 0 is no bound.
        Ok(answer.message().find_map(size).filter(|size| *size > 0))
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}
