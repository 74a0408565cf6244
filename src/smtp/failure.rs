//! Why a mail was not sent, named by what the sender does next.

use std::{error::Error, time::Duration};

use lettre::transport::smtp::{Error as LettreError, response::Code};

use crate::{
    hindrance,
    text::{Bilingual, chain},
};

/// Mails that wait for the relay, and bytes of them, at most: a relay that hangs must not fill the memory. One that finds
/// no room is not sent; whoever needs it sent tries again.
pub(super) const WAITING: usize = 500;
pub(super) const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// Why a mail was not sent. `Display` holds no address: it can be logged.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The relay refuses this mail or this client for good; another try would not help.
    #[error("the mail relay refuses: {}", chain(.0))]
    Refused(#[source] Fault),
    /// The relay puts this mail off, for its recipient perhaps: another mail may go.
    #[error("the mail relay puts this mail off: {}", chain(.0))]
    PutOff(#[source] Fault),
    /// The relay cannot take any now.
    #[error("the mail relay does not take mail now: {}", chain(.0))]
    Unavailable(#[source] Fault),
    /// Too many mails wait for the relay already; this one was not tried.
    #[error("{WAITING} mails, or {WAITING_BYTES} bytes of them, wait for the mail relay already")]
    NoRoom,
    /// No end of the exchange in the configured time.
    #[error("the mail relay did not answer within {} seconds", .0.as_secs_f32())]
    Timeout(Duration),
}

/// What stood in a mail's way.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The relay's answer. Its text often holds the address: only the code is kept.
    #[error("it answered {0}")]
    Answered(Code),
    /// An answer that may quote the mail, so nothing of it is kept.
    #[error("its answer is no SMTP")]
    NoSmtp,
    /// A connection that is open and of no use.
    #[error("it does not answer NOOP")]
    Silent,
    /// The relay failed so lately that this mail was not tried.
    #[error("it could not be reached a moment ago")]
    JustFailed,
    /// The mail cannot be written.
    #[error(transparent)]
    Mail(Box<dyn Error + Send + Sync>),
    /// No connection, no TLS, or no end of the exchange.
    #[error(transparent)]
    Exchange(LettreError),
}

/// What is wrong with how the gateway signs in (RFC 4954 section 6), and with no mail: 530, 534, 535, 538.
const OF_SIGNING_IN: [u16; 4] = [530, 534, 535, 538];

impl SendError {
    /// The code of an answer by which the relay refuses this mail for good: the same again gets the same answer.
    pub fn for_good(&self) -> Option<u16> {
        let Self::Refused(Fault::Answered(code)) = self else { return None };
        Some(u16::from(*code)).filter(|code| !OF_SIGNING_IN.contains(code))
    }

    /// The code of the relay's answer, whatever it means; none where it gave none.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(Fault::Answered(code))
            | Self::PutOff(Fault::Answered(code))
            | Self::Unavailable(Fault::Answered(code)) => Some((*code).into()),
            _ => None,
        }
    }

    /// What was wrong, for who runs a command.
    pub fn reason(&self) -> Bilingual {
        let (english, french, fault) = match self {
            Self::Refused(fault) => ("the mail relay refuses: ", "le relais refuse : ", fault),
            Self::PutOff(fault) => ("the mail relay puts this mail off: ", "le relais remet ce courriel : ", fault),
            Self::Unavailable(fault) => {
                ("the mail relay does not take mail now: ", "le relais n’accepte pas de courriel\u{a0}: ", fault)
            }
            Self::NoRoom => {
                return Bilingual::new(
                    self,
                    format!("{WAITING} courriels, ou {WAITING_BYTES} octets, attendent déjà le relais"),
                );
            }
            Self::Timeout(time) => {
                return Bilingual::new(
                    self,
                    format!("le relais n’a pas répondu en moins de {} secondes", time.as_secs_f32()),
                );
            }
        };
        Bilingual::new(english, french).then("", &fault.reason())
    }
}

impl Fault {
    fn reason(&self) -> Bilingual {
        match self {
            Self::Answered(code) => Bilingual::new(self, format!("il a répondu {code}")),
            Self::NoSmtp => Bilingual::new(self, "sa réponse n’est pas du SMTP"),
            Self::Silent => Bilingual::new(self, "il ne répond pas à NOOP"),
            Self::JustFailed => Bilingual::new(self, "il était hors d’atteinte il y a un instant"),
            Self::Mail(error) => Bilingual::quoted(error),
            Self::Exchange(error) => hindrance::reason(error),
        }
    }
}

impl From<LettreError> for SendError {
    fn from(error: LettreError) -> Self {
        if let Some(code) = error.status() {
            let answer = Fault::Answered(code);
            return match u16::from(code) {
                // RFC 5321 section 3.8: it ends the connection.
                421 => Self::Unavailable(answer),
                400..500 => Self::PutOff(answer),
                _ => Self::Refused(answer),
            };
        }
        if error.is_client() {
            return Self::Refused(Fault::Exchange(error));
        }
        Self::Unavailable(if error.is_response() { Fault::NoSmtp } else { Fault::Exchange(error) })
    }
}

/// Bounds a step, or a whole exchange: the library's own timeout covers the connect only.
pub(super) async fn bounded<T>(
    timeout: Duration,
    step: impl Future<Output = Result<T, LettreError>>,
) -> Result<T, SendError> {
    match tokio::time::timeout(timeout, step).await {
        Ok(result) => result.map_err(SendError::from),
        Err(_) => Err(SendError::Timeout(timeout)),
    }
}
