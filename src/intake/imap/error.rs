//! Why something could not be done in a mailbox; no text holds a secret or a mail.

use std::{borrow::Cow, time::Duration};

use imap_proto::Outcome;

/// As much of a server's words as a log line holds.
const MAX_TEXT: usize = 200;

/// What went wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The server cannot be reached, or the connection ended: connect again.
    #[error("{0}")]
    Connection(String),
    /// No answer in time: connect again.
    #[error("no answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// The account is refused: nothing helps but another password or token.
    #[error("the server refuses to sign in: {0}")]
    SignIn(String),
    /// The server says no to one command; the connection goes on.
    #[error("the server refuses {command}: {text}")]
    Refused {
        /// The command's name.
        command: String,
        /// The server's words.
        text: String,
    },
}

impl ImapError {
    /// A tagged NO or BAD.
    pub(super) fn refused(command: &str, outcome: &Outcome<'_>) -> Self {
        Self::Refused {
            command: command.to_owned(),
            text: words(outcome.information.as_deref().unwrap_or("without a reason")),
        }
    }

    /// Whether the connection is of no further use.
    pub(super) fn ends_connection(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

impl From<std::io::Error> for ImapError {
    fn from(error: std::io::Error) -> Self {
        // The library quotes what it cannot parse: a mail, perhaps.
        let text: Cow<'_, str> = match error.kind() {
            std::io::ErrorKind::Other => "the server's answer cannot be understood".into(),
            _ => error.to_string().into(),
        };
        Self::Connection(format!("the connection broke: {text}"))
    }
}

impl From<async_imap::error::Error> for ImapError {
    fn from(error: async_imap::error::Error) -> Self {
        match error {
            async_imap::error::Error::Io(error) => error.into(),
            // RFC 5530: something behind the server is away; the account is not to blame.
            async_imap::error::Error::No(text) if text.to_ascii_uppercase().contains("UNAVAILABLE") => {
                Self::Connection(format!("the server cannot let anybody sign in now: {}", words(&text)))
            }
            async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => Self::SignIn(words(&text)),
            async_imap::error::Error::ConnectionLost => Self::lost(),
            _ => Self::Connection("the server's answer cannot be understood".to_owned()),
        }
    }
}

impl ImapError {
    /// The server closed the connection.
    pub(super) fn lost() -> Self {
        Self::Connection("the server closed the connection".to_owned())
    }

    /// The server said goodbye (RFC 3501 section 7.1.5).
    pub(super) fn bye(text: Option<&str>) -> Self {
        Self::Connection(format!("the server ends the connection: {}", words(text.unwrap_or("without a reason"))))
    }
}

/// One line of a server's words.
fn words(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
