//! One mail for many recipients in one transaction, which stands still before its end: whoever sends it writes down that
//! it goes, and only then gives the relay the mail and the final dot (RFC 5321 section 4.1.1.4).

use std::{error::Error as _, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};

use super::{
    failure::{Fault, SendError, bounded},
    outbox::{Outbox, Sent},
    way::Way,
};

/// RFC 5321 section 4.5.3.1.10: no more recipients in this transaction; those that were taken stay. What has no room
/// for one of them answers the same.
const TOO_MANY: u16 = 452;
/// What tells the two apart, where the relay says it (RFC 3463 section 3.6): the subject and the detail of «too many
/// recipients».
const OF_TOO_MANY: &str = "5.3";
/// How long a relay is waited for that takes its leave.
const LEAVE: Duration = Duration::from_secs(2);

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

/// Begins a transaction with these recipients.
pub(super) async fn open(
    way: &Way,
    from: Option<Address>,
    to: &[Address],
    timeout: Duration,
) -> Result<OpenBatch, SendError> {
    let mut connection = way.connect(timeout).await?;
    let mut parameters = Vec::new();
    if connection.server_info().supports_feature(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    if let Err(error) = bounded(timeout, connection.command(Mail::new(from, parameters))).await {
        let code = error.for_good().ok_or(error)?;
        leave(connection);
        return Ok(OpenBatch::refused(to, code));
    }
    let mut recipients = BatchRecipients::default();
    let mut is_full = false;
    for address in to {
        if is_full {
            recipients.put_off.push((address.clone(), TOO_MANY));
            continue;
        }
        let mut words = None;
        let answer = async {
            let answer = connection.command(Rcpt::new(address.clone(), Vec::new())).await;
            answer.inspect_err(|error| words = error.source().map(ToString::to_string))
        };
        match bounded(timeout, answer).await {
            Ok(_) => recipients.taken.push(address.clone()),
            Err(SendError::Refused(Fault::Answered(code))) => {
                recipients.refused.push((address.clone(), code.into()));
            }
            Err(SendError::PutOff(Fault::Answered(code))) => {
                is_full = u16::from(code) == TOO_MANY
                    && is_of_the_transaction(words.as_deref().unwrap_or_default(), !recipients.taken.is_empty());
                recipients.put_off.push((address.clone(), code.into()));
            }
            Err(error) => return Err(error),
        }
    }
    if recipients.taken.is_empty() {
        leave(connection);
        return Ok(OpenBatch { recipients, end: End::Nobody });
    }
    if let Err(error) = bounded(timeout, connection.command(Data)).await {
        let code = error.for_good().ok_or(error)?;
        leave(connection);
        recipients.refused.extend(recipients.taken.drain(..).map(|address| (address, code)));
        return Ok(OpenBatch { recipients, end: End::Nobody });
    }
    Ok(OpenBatch { recipients, end: End::Relay(Box::new(connection), timeout) })
}

impl OpenBatch {
    /// One that keeps a mail for each of these.
    pub(super) fn kept(outbox: Outbox, to: &[Address]) -> Self {
        let recipients = BatchRecipients { taken: to.to_vec(), ..BatchRecipients::default() };
        Self { recipients, end: End::Memory(outbox) }
    }

    /// One that the relay refuses for good, whoever it is for.
    fn refused(to: &[Address], code: u16) -> Self {
        let refused = to.iter().map(|address| (address.clone(), code)).collect();
        Self { recipients: BatchRecipients { refused, ..BatchRecipients::default() }, end: End::Nobody }
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

/// Whether a relay that answers [`TOO_MANY`] means the whole transaction, by its words; where these do not say it, a
/// transaction without anybody is not full.
fn is_of_the_transaction(words: &str, has_recipients: bool) -> bool {
    enhanced(words).map_or(has_recipients, |status| status == OF_TOO_MANY)
}

/// The subject and the detail of the enhanced status that a relay's words begin with (RFC 2034).
fn enhanced(words: &str) -> Option<&str> {
    let status = words.split_ascii_whitespace().next()?;
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_status = status.split('.').count() == 3 && status.split('.').all(is_number);
    status.split_once('.').map(|(_, rest)| rest).filter(|_| is_status)
}

/// Ends a connection politely, without waiting for it.
fn leave(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move { tokio::time::timeout(LEAVE, connection.quit()).await });
}
