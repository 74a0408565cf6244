//! Why something could not be done in a mailbox; no text holds a secret or a mail.

use std::{error::Error, time::Duration};

use imap_proto::Outcome;

use crate::{
    hindrance,
    text::{Bilingual, Language, chain},
};

/// As much of a server's words as a log line holds.
const MAX_TEXT: usize = 200;

/// What went wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The server cannot be reached, or the connection ended: connect again.
    #[error(
        "{}{}",
        words.text(Language::English),
        source.as_ref().map(|error| format!(": {}", chain(error.as_ref()))).unwrap_or_default()
    )]
    Connection {
        /// What failed.
        words: Bilingual,
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
    pub(super) fn connection(words: Bilingual) -> Self {
        Self::Connection { words, source: None }
    }

    /// The same, because of this.
    pub(super) fn because(words: Bilingual, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Connection { words, source: Some(error.into()) }
    }

    /// What went wrong, for who runs a command; a server's own words are quoted.
    pub fn reason(&self) -> Bilingual {
        match self {
            Self::Connection { words, source: None } => words.clone(),
            Self::Connection { words, source: Some(error) } => words.clone().saying(&hindrance::reason(error.as_ref())),
            Self::Silent(time) => Bilingual::new(self, format!("pas de réponse en {} secondes", time.as_secs())),
            Self::SignIn(text) => {
                Bilingual::new("the server refuses to sign in: ", "le serveur refuse la connexion de ce compte\u{a0}: ")
                    .then("", &Bilingual::quoted(text))
            }
            Self::Refused { command, text } => {
                Bilingual::new(format!("the server refuses {command}: "), format!("le serveur refuse {command} : "))
                    .then("", &Bilingual::quoted(text))
            }
        }
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
            std::io::ErrorKind::Other => Self::connection(broke().saying(&not_understood())),
            _ => Self::because(broke(), error),
        }
    }
}

impl From<async_imap::error::Error> for ImapError {
    fn from(error: async_imap::error::Error) -> Self {
        match error {
            async_imap::error::Error::Io(error) => error.into(),
            // RFC 5530: something behind the server is away; the account is not to blame.
            async_imap::error::Error::No(text) if text.to_ascii_uppercase().contains("UNAVAILABLE") => {
                let nobody = Bilingual::new(
                    "the server cannot let anybody sign in now: ",
                    "le serveur ne peut connecter personne pour l’instant\u{a0}: ",
                );
                Self::connection(nobody.then("", &Bilingual::quoted(words(said(&text)))))
            }
            async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => {
                Self::SignIn(words(said(&text)))
            }
            async_imap::error::Error::ConnectionLost => Self::lost(),
            _ => Self::connection(not_understood()),
        }
    }
}

impl ImapError {
    /// The server closed the connection.
    pub(super) fn lost() -> Self {
        Self::connection(Bilingual::new("the server closed the connection", "le serveur a fermé la connexion"))
    }

    /// The server said goodbye (RFC 3501 section 7.1.5).
    pub(super) fn bye(text: Option<&str>) -> Self {
        let ends = Bilingual::new("the server ends the connection: ", "le serveur met fin à la connexion\u{a0}: ");
        let why = text.map_or_else(without_reason, |text| Bilingual::quoted(words(text)));
        Self::connection(ends.then("", &why))
    }
}

fn broke() -> Bilingual {
    Bilingual::new("the connection broke", "la connexion s’est rompue")
}

fn not_understood() -> Bilingual {
    Bilingual::new("the server's answer cannot be understood", "la réponse du serveur est incompréhensible")
}

fn without_reason() -> Bilingual {
    Bilingual::new("without a reason", "sans motif")
}

/// What the server said, of «code: …, info: Some("…")», as the library writes an answer.
fn said(text: &str) -> &str {
    let info = text.split_once("info: Some(\"").and_then(|(_, info)| info.strip_suffix("\")"));
    info.unwrap_or(text)
}

/// One line of a server's words.
fn words(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
