//! Why something could not be done in a mailbox; no text holds a secret or a mail.

use std::{error::Error, time::Duration};

use imap_proto::Outcome;

use crate::text::chain;

/// As much of a server's words as a log line holds.
const MAX_TEXT: usize = 200;

/// What went wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The server cannot be reached, or the connection ended: connect again.
    #[error("{words}{}", source.as_ref().map(|error| format!(": {}", chain(error.as_ref()))).unwrap_or_default())]
    Connection {
        /// What failed.
        words: String,
        /// Why, where the system or a library said so.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
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
    /// The connection is of no use.
    pub(super) fn connection(words: impl Into<String>) -> Self {
        Self::Connection { words: words.into(), source: None }
    }

    /// The same, because of this.
    pub(super) fn because(words: impl Into<String>, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Connection { words: words.into(), source: Some(error.into()) }
    }

    /// A tagged NO or BAD.
    pub(super) fn refused(command: &str, outcome: &Outcome<'_>) -> Self {
        Self::Refused {
            command: command.to_owned(),
            text: words(outcome.information.as_deref().unwrap_or("without a reason")),
        }
    }

    /// A NO or BAD to this command, with these words.
    pub(super) fn refused_in(command: &str, text: &str) -> Self {
        Self::Refused { command: command.to_owned(), text: words(text) }
    }

    /// Whether the connection is of no further use.
    pub(super) fn ends_connection(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

impl From<std::io::Error> for ImapError {
    fn from(error: std::io::Error) -> Self {
        // The library quotes what it cannot parse: a mail, perhaps.
        match error.kind() {
            std::io::ErrorKind::Other => {
                Self::connection("the connection broke: the server's answer cannot be understood")
            }
            _ => Self::because("the connection broke", error),
        }
    }
}

impl From<async_imap::error::Error> for ImapError {
    fn from(error: async_imap::error::Error) -> Self {
        match error {
            async_imap::error::Error::Io(error) => error.into(),
            // RFC 5530: something behind the server is away; the account is not to blame.
            async_imap::error::Error::No(text) if text.to_ascii_uppercase().contains("UNAVAILABLE") => {
                Self::connection(format!("the server cannot let anybody sign in now: {}", words(&text)))
            }
            async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => Self::SignIn(words(&text)),
            async_imap::error::Error::ConnectionLost => Self::lost(),
            _ => Self::connection("the server's answer cannot be understood"),
        }
    }
}

impl ImapError {
    /// The server closed the connection.
    pub(super) fn lost() -> Self {
        Self::connection("the server closed the connection")
    }

    /// The server said goodbye (RFC 3501 section 7.1.5).
    pub(super) fn bye(text: Option<&str>) -> Self {
        Self::connection(format!("the server ends the connection: {}", words(text.unwrap_or("without a reason"))))
    }
}

/// One line of a server's words.
fn words(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
