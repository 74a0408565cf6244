//! What can go wrong with GLPI, named by what the caller does next.

use std::{error::Error, fmt, sync::Arc, time::Duration};

pub use super::trouble::Trouble;
use super::{
    obstacle::{self, Obstacle},
    remedy::Remedy,
    rights::Action,
};
use crate::text::Bilingual;

/// Why a call to GLPI failed, as an instruction to the caller.
///
/// `Display` never holds what a person wrote, but where GLPI's own sentence for a refusal quotes it: it can be logged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GlpiError {
    /// Try later: GLPI cannot answer now, and nothing was written.
    #[error("GLPI cannot answer now: {why}{}{}", root(source.as_ref()), told(*why, source.as_ref()))]
    Unavailable {
        /// What stands in the way.
        why: Trouble,
        /// How long the server asked to wait (`Retry-After`).
        retry_after: Option<Duration>,
        /// What lies under it, where it is known.
        source: Option<Underlying>,
    },
    /// The write may have happened: look for it before repeating it.
    #[error("GLPI's answer to a write was lost: {why}{}", root(source.as_ref()))]
    AnswerLost {
        /// What became of the answer.
        why: Trouble,
        /// How many inputs went in the same call.
        together: usize,
        /// What lies under it, where it is known.
        source: Option<Underlying>,
    },
    /// Configuration or rights: an administrator must act, repeating does not help.
    #[error("GLPI does not allow this ({code}): {remedy}")]
    Denied {
        /// GLPI's error code, or `HTTP 403` and the like when the answer was not GLPI's.
        code: String,
        /// What an administrator can do about it.
        remedy: Remedy,
    },
    /// There is no such item, or this account may not know of it.
    #[error("GLPI has no such item")]
    NotFound,
    /// GLPI adds nothing to this item: it is gone, or closed and this account may not open it again, or the account may not
    /// add to it. GLPI says the same of all three; nothing was written.
    #[error("GLPI adds nothing to this item: it is gone, or closed, or the account may not add to it")]
    NotAddable,
    /// More bytes than PHP (`post_max_size`) or the web server takes; nothing was written.
    /// The same call with fewer files may work.
    #[error("the request is larger than GLPI takes")]
    TooLarge,
    /// GLPI refuses this very input; nothing was written and the same input fails again.
    #[error("GLPI refuses this input ({code}){}", sentence(message))]
    Rejected {
        /// GLPI's error code.
        code: String,
        /// GLPI's own sentence, or a plugin's, as one short line of plain text: which field is missing, say. Empty where
        /// it gave none.
        message: String,
    },
}

/// What lies under a failure: that a connection was refused, a host is unknown, a certificate is not trusted.
#[derive(Debug, Clone)]
pub struct Underlying(Arc<dyn Error + Send + Sync>);

impl Underlying {
    /// An error of the HTTP client, without the address, which may name a person.
    pub(super) fn new(error: reqwest::Error) -> Self {
        Self(Arc::new(error.without_url()))
    }

    /// The failure for which calls are paused.
    pub(super) fn before(why: Trouble, source: Option<&Self>) -> Self {
        Self(Arc::new(obstacle::Before { why, under: source.map(|source| Arc::clone(&source.0)) }))
    }

    /// A page where GLPI's API should have answered, by its title.
    pub(super) fn page(title: String) -> Self {
        Self(Arc::new(obstacle::Page(title)))
    }
}

impl fmt::Display for Underlying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Underlying {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Failures of one kind are equal, whatever lies under them.
impl PartialEq for GlpiError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unavailable { why, retry_after, .. }, Self::Unavailable { why: other, retry_after: later, .. }) => {
                (why, retry_after) == (other, later)
            }
            (Self::AnswerLost { why, .. }, Self::AnswerLost { why: other, .. }) => why == other,
            (Self::Denied { code, remedy }, Self::Denied { code: other, remedy: another }) => {
                (code, remedy) == (other, another)
            }
            (Self::Rejected { code, message }, Self::Rejected { code: other, message: another }) => {
                (code, message) == (other, another)
            }
            (Self::NotFound, Self::NotFound)
            | (Self::NotAddable, Self::NotAddable)
            | (Self::TooLarge, Self::TooLarge) => true,
            _ => false,
        }
    }
}

impl Eq for GlpiError {}

/// What lies under all, as it follows on our words: the errors above it say no more than those.
fn root(source: Option<&Underlying>) -> String {
    let Some(source) = source else { return String::new() };
    let mut root: &dyn Error = source;
    while let Some(below) = root.source() {
        root = below;
    }
    format!(" ({root})")
}

/// What the log says of the way to GLPI, with its remedy.
fn told(why: Trouble, source: Option<&Underlying>) -> String {
    obstacle::told(why, source.map(|source| source as &(dyn Error + 'static)))
}

/// GLPI's sentence, where there is one, as it follows on ours.
fn sentence(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl GlpiError {
    /// Why it failed, in a few words.
    pub fn reason(&self) -> Bilingual {
        let under = |source: &Option<Underlying>, why: Trouble| {
            Obstacle::of(why, source.as_ref().map(|it| it as &(dyn Error + 'static))).reason()
        };
        match self {
            Self::Unavailable { why, source, .. } => {
                Bilingual::new("GLPI cannot answer: ", "GLPI ne peut pas répondre\u{a0}: ")
                    .then("", &under(source, *why))
            }
            Self::AnswerLost { why, source, .. } => Bilingual::new(
                "GLPI’s answer to a write was lost: ",
                "la réponse de GLPI à une écriture s’est perdue\u{a0}: ",
            )
            .then("", &under(source, *why)),
            Self::Denied { code, remedy } => remedy.reason().then("", &Bilingual::same(format!(" ({code})"))),
            Self::NotFound => Bilingual::new("GLPI has no such item", "GLPI n’a pas cet élément"),
            Self::NotAddable => Bilingual::new(
                "GLPI adds nothing to this item: it is gone, or closed, or the account may not add to it",
                "GLPI n’ajoute rien à cet élément\u{a0}: il n’existe plus, il est clos, ou le compte n’a pas le droit d’y ajouter",
            ),
            Self::TooLarge => Bilingual::new(
                "the request is larger than GLPI takes",
                "la requête est plus grande que ce que GLPI accepte",
            ),
            Self::Rejected { code, message } => {
                let message = if message.is_empty() { String::new() } else { format!(" : {message}") };
                Bilingual::new(
                    format!("GLPI refuses this input ({code}){message}"),
                    format!("GLPI refuse ces données ({code}){message}"),
                )
            }
        }
    }

    /// What to do about it. Names the proxy variables that are set, where they may be the cause.
    pub fn remedy(&self) -> Bilingual {
        let proxies = if self.may_be_of_a_proxy() { obstacle::proxies() } else { Vec::new() };
        if proxies.is_empty() {
            return self.own_remedy();
        }
        let proxies = proxies.join(", ");
        self.own_remedy().then("", &Bilingual::new(
            format!("; calls go by the proxy that {proxies} name: take GLPI out by NO_PROXY where it needs none"),
            format!("\u{a0}; les appels passent par le mandataire que donnent {proxies}\u{a0}: exceptez-en GLPI par NO_PROXY s’il n’en faut pas"),
        ))
    }

    /// Whether a proxy may be what fails, or what answers in GLPI's place.
    fn may_be_of_a_proxy(&self) -> bool {
        match self {
            Self::Unavailable { why, .. } | Self::AnswerLost { why, .. } => {
                !matches!(why, Trouble::Paused | Trouble::Busy)
            }
            Self::Denied { remedy, .. } => {
                matches!(remedy, Remedy::ServerInFront(_) | Remedy::Address(_) | Remedy::Redirect(_))
            }
            Self::NotFound | Self::NotAddable | Self::TooLarge | Self::Rejected { .. } => false,
        }
    }

    fn own_remedy(&self) -> Bilingual {
        match self {
            Self::Denied { remedy, .. } => remedy.line(),
            Self::Unavailable { why, source, .. } | Self::AnswerLost { why, source, .. } => {
                Obstacle::of(*why, source.as_ref().map(|it| it as &(dyn Error + 'static))).remedy()
            }
            Self::NotAddable => Remedy::of_call("ITILFollowup", Action::Create).line(),
            Self::NotFound | Self::TooLarge | Self::Rejected { .. } => Bilingual::new(
                "check that PASSERELLE_GLPI__URL is GLPI’s address, and its version: 9.5, 10.0 or 11.0",
                "vérifiez que PASSERELLE_GLPI__URL est l’adresse de GLPI, et sa version\u{a0}: 9.5, 10.0 ou 11.0",
            ),
        }
    }
}

impl GlpiError {
    /// Why, and what to do about it.
    pub fn line(&self) -> Bilingual {
        self.reason().then("", &Bilingual::new("; ", " ; ")).then("", &self.remedy())
    }

    /// An [`GlpiError::Unavailable`] without a `Retry-After`.
    pub(super) fn unavailable(why: Trouble) -> Self {
        Self::Unavailable { why, retry_after: None, source: None }
    }

    /// A failure in the middle of a call: harmless for a read, uncertain for a write.
    pub(super) fn interrupted(why: Trouble, write: bool) -> Self {
        if write { Self::AnswerLost { why, together: 1, source: None } } else { Self::unavailable(why) }
    }

    /// This error, with what lies under it.
    pub(super) fn because(self, error: reqwest::Error) -> Self {
        let source = Some(Underlying::new(error));
        match self {
            Self::Unavailable { why, retry_after, .. } => Self::Unavailable { why, retry_after, source },
            Self::AnswerLost { why, together, .. } => Self::AnswerLost { why, together, source },
            other => other,
        }
    }

    /// This error, where a page of this title came instead of an answer.
    pub(super) fn with_page(self, title: Option<String>) -> Self {
        let source = title.map(Underlying::page);
        match self {
            Self::Unavailable { why, retry_after, .. } => Self::Unavailable { why, retry_after, source },
            Self::AnswerLost { why, together, .. } => Self::AnswerLost { why, together, source },
            other => other,
        }
    }

    /// This error, of a call with so many inputs.
    pub(super) fn of_several(self, inputs: usize) -> Self {
        match self {
            Self::AnswerLost { why, source, .. } => Self::AnswerLost { why, together: inputs, source },
            other => other,
        }
    }

    /// Whether GLPI itself is in trouble, as opposed to this request or this process.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable { why, .. } => !matches!(why, Trouble::Paused | Trouble::Busy),
            Self::AnswerLost { .. } => true,
            Self::Denied { .. } | Self::NotFound | Self::NotAddable | Self::TooLarge | Self::Rejected { .. } => false,
        }
    }

    /// Whether the same call may work within seconds. A maintenance lasts longer.
    pub(super) fn is_brief(&self) -> bool {
        match self {
            Self::Unavailable { why, .. } => !matches!(why, Trouble::Paused | Trouble::Busy | Trouble::Maintenance),
            Self::AnswerLost { .. }
            | Self::Denied { .. }
            | Self::NotFound
            | Self::NotAddable
            | Self::TooLarge
            | Self::Rejected { .. } => false,
        }
    }
}
