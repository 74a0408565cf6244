//! Why nothing can be shown.

use std::time::Duration;

use crate::glpi::GlpiError;
use crate::id::TicketId;

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// There is no such thing, or it is not this person's.
    #[error("nothing of this requester's")]
    NotFound,
    /// It was merged into the request of this number, which is this person's, too.
    #[error("merged into {0}")]
    Merged(TicketId),
    /// GLPI cannot answer now.
    #[error("{cause}")]
    Unavailable {
        /// Which server said what; holds nobody's data.
        cause: String,
        /// When GLPI wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// GLPI is not set up for this: an administrator must act.
    #[error("{0}")]
    Denied(String),
}

impl From<GlpiError> for PortalError {
    fn from(error: GlpiError) -> Self {
        let cause = error.to_string();
        match error {
            GlpiError::NotFound => Self::NotFound,
            GlpiError::Unavailable { retry_after, .. } => Self::Unavailable { cause, retry_after },
            GlpiError::AnswerLost { .. } | GlpiError::TooLarge | GlpiError::Rejected { .. } => {
                Self::Unavailable { cause, retry_after: None }
            }
            GlpiError::Denied { .. } => Self::Denied(cause),
        }
    }
}
