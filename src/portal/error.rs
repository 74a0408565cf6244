//! Why nothing can be shown.

use std::time::Duration;

use crate::glpi::GlpiError;
use crate::id::TicketId;

/// Why nothing can be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PortalError {
    /// There is no such thing, or it is not this person's.
    #[error("nothing of this requester's")]
    NotFound,
    /// The request or article is there, and has no such file.
    #[error("no such file")]
    NoFile,
    /// It was merged into the request of this number, which is this person's, too.
    #[error("merged into {0}")]
    Merged(TicketId),
    /// GLPI cannot answer now.
    #[error(transparent)]
    Unavailable(GlpiError),
    /// GLPI is not set up for this: an administrator must act.
    #[error(transparent)]
    Denied(GlpiError),
}

impl PortalError {
    /// When GLPI wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(GlpiError::Unavailable { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

impl From<GlpiError> for PortalError {
    fn from(error: GlpiError) -> Self {
        match error {
            GlpiError::NotFound => Self::NotFound,
            GlpiError::Denied { .. } | GlpiError::NotAddable => Self::Denied(error),
            GlpiError::Unavailable { .. }
            | GlpiError::AnswerLost { .. }
            | GlpiError::TooLarge
            | GlpiError::Rejected { .. } => Self::Unavailable(error),
        }
    }
}
