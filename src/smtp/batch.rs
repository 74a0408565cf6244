//! One mail for many recipients in one transaction, which stands still before its end: whoever sends it writes down that
//! it goes, and only then gives the relay the mail and the final dot (RFC 5321 section 4.1.1.4).

use std::time::Duration;

use lettre::{
    Address,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{
    failure::{Fault, SendError},
    outbox::{Outbox, Sent},
};
use crate::config::ConfigError;

/// RFC 5321 section 4.5.3.1.10: no more recipients in this transaction; those that were taken stay.
const TOO_MANY: u16 = 452;
/// How long a relay is waited for that takes its leave.
const LEAVE: Duration = Duration::from_secs(2);

/// How the relay is reached for transactions that stand still.
pub(super) struct Way {
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    sign_in: Option<(String, SecretString)>,
}

/// When the connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Never,
    Offered,
    Required,
    FromTheStart,
}

/// A mail's recipients as the relay took them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchRecipients {
    /// It takes the mail for these.
    pub taken: Vec<Address>,
    /// It refuses these for good, each with its answer's code.
    pub refused: Vec<(Address, u16)>,
    /// It puts these off, each with its answer's code: another try may help.
    pub put_off: Vec<(Address, u16)>,
}

/// A transaction that stands still before the mail itself. Dropped, nothing is sent: a relay forgets a mail whose end it
/// has not seen (RFC 5321 section 4.1.1.4).
pub struct OpenBatch {
    recipients: BatchRecipients,
    end: End,
}

/// What the end of a transaction does.
enum End {
    /// The relay waits for the mail.
    Relay(Box<AsyncSmtpConnection>, Duration),
    /// The mails are kept.
    Memory(Outbox),
    /// No recipient was taken.
    Nobody,
}

/// Why a mail was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum NotHandedOver {
    /// The relay said no: it surely has not taken it.
    #[error(transparent)]
    Refused(SendError),
    /// Its answer was lost: it may have taken it.
    #[error("the mail relay's answer was lost: {0}")]
    InDoubt(SendError),
}

impl Way {
    /// The way that `smtp.url` describes, as [`super::Mailer::new`] reads it.
    ///
    /// # Errors
    ///
    /// Where it is no address of a relay.
    pub(super) fn of(url: &SecretString) -> Result<Self, ConfigError> {
        let mistake = || {
            ConfigError::setting(
                "smtp.url is no address of a mail relay",
                "Give it as smtp://host:25, smtp://host:587?tls=required or smtps://user:password@host.",
            )
        };
        let url = Url::parse(url.expose_secret()).map_err(|_| mistake())?;
        let wanted = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
        let (tls, port) = match (url.scheme(), wanted.as_deref()) {
            ("smtp", None) => (Tls::Never, 25),
            ("smtp", Some("opportunistic")) => (Tls::Offered, 587),
            ("smtp", Some("required")) => (Tls::Required, 587),
            ("smtps", _) => (Tls::FromTheStart, 465),
            _ => return Err(mistake()),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let sign_in = match url.password() {
            Some(password) => {
                let user = decoded(url.username()).map_err(|_| mistake())?;
                Some((user, SecretString::from(decoded(password).map_err(|_| mistake())?)))
            }
            None => None,
        };
        let name = url.path().trim_matches('/');
        Ok(Self {
            host: url.host_str().ok_or_else(mistake)?.to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            hello: if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) },
            sign_in,
        })
    }

    async fn connect(&self, timeout: Duration) -> Result<AsyncSmtpConnection, SendError> {
        let parameters = || TlsParameters::new(self.host.clone()).map_err(SendError::from);
        let from_the_start = if self.tls == Tls::FromTheStart { Some(parameters()?) } else { None };
        let server = (self.host.trim_matches(['[', ']']), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(timeout), &self.hello, from_the_start, None);
        let mut connection = bounded(timeout, connecting).await?;
        if self.tls == Tls::Required || self.tls == Tls::Offered && connection.can_starttls() {
            bounded(timeout, connection.starttls(parameters()?, &self.hello)).await?;
        }
        if let Some((user, password)) = &self.sign_in {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            bounded(timeout, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    /// Begins a transaction with these recipients.
    pub(super) async fn open(
        &self,
        from: Option<Address>,
        to: &[Address],
        timeout: Duration,
    ) -> Result<OpenBatch, SendError> {
        let mut connection = self.connect(timeout).await?;
        let mut parameters = Vec::new();
        if connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        bounded(timeout, connection.command(Mail::new(from, parameters))).await?;
        let mut recipients = BatchRecipients::default();
        let mut is_full = false;
        for address in to {
            if is_full {
                recipients.put_off.push((address.clone(), TOO_MANY));
                continue;
            }
            match bounded(timeout, connection.command(Rcpt::new(address.clone(), Vec::new()))).await {
                Ok(_) => recipients.taken.push(address.clone()),
                Err(SendError::Refused(Fault::Answered(code))) => {
                    recipients.refused.push((address.clone(), code.into()));
                }
                Err(SendError::PutOff(Fault::Answered(code))) => {
                    is_full = u16::from(code) == TOO_MANY;
                    recipients.put_off.push((address.clone(), code.into()));
                }
                Err(error) => return Err(error),
            }
        }
        if recipients.taken.is_empty() {
            leave(connection);
            return Ok(OpenBatch { recipients, end: End::Nobody });
        }
        bounded(timeout, connection.command(Data)).await?;
        Ok(OpenBatch { recipients, end: End::Relay(Box::new(connection), timeout) })
    }
}

impl OpenBatch {
    /// One that keeps a mail for each of these.
    pub(super) fn kept(outbox: Outbox, to: &[Address]) -> Self {
        let recipients = BatchRecipients { taken: to.to_vec(), ..BatchRecipients::default() };
        Self { recipients, end: End::Memory(outbox) }
    }

    /// One for nobody.
    pub(super) fn nobody() -> Self {
        Self { recipients: BatchRecipients::default(), end: End::Nobody }
    }

    /// Which recipients the relay takes.
    pub fn recipients(&self) -> &BatchRecipients {
        &self.recipients
    }

    /// Hands the mail over, and waits for the relay's word.
    ///
    /// # Errors
    ///
    /// Whether the relay surely has not taken it, or may have.
    pub async fn finish(self, mail: &[u8]) -> Result<(), NotHandedOver> {
        match self.end {
            End::Relay(mut connection, timeout) => {
                match bounded(timeout, connection.message(mail)).await {
                    Ok(_) => {}
                    // Also a relay that answers 421 has not taken it.
                    Err(
                        error @ (SendError::Refused(Fault::Answered(_))
                        | SendError::PutOff(Fault::Answered(_))
                        | SendError::Unavailable(Fault::Answered(_))),
                    ) => return Err(NotHandedOver::Refused(error)),
                    Err(error) => return Err(NotHandedOver::InDoubt(error)),
                }
                leave(*connection);
            }
            End::Memory(outbox) => {
                for recipient in &self.recipients.taken {
                    outbox.keep(Sent { recipient: recipient.to_string(), message: mail.to_vec() });
                }
            }
            End::Nobody => {}
        }
        Ok(())
    }
}

/// Ends a connection politely, without waiting for it.
fn leave(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move { tokio::time::timeout(LEAVE, connection.quit()).await });
}

/// Bounds one step.
async fn bounded<T>(
    timeout: Duration,
    step: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, SendError> {
    match tokio::time::timeout(timeout, step).await {
        Ok(result) => result.map_err(SendError::from),
        Err(_) => Err(SendError::Timeout(timeout)),
    }
}
