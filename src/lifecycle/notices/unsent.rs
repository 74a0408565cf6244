//! Why a notice is still to be sent.

use crate::{glpi::GlpiError, letters::ComposeError, portal_hook::HookError, smtp::SendError, text::chain};

/// Why not everything that was due was sent. It is still due: to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// GLPI cannot say what is due, or take the note.
    #[error(transparent)]
    Glpi(#[from] GlpiError),
    /// The relay cannot take mail now.
    #[error(transparent)]
    Relay(#[from] SendError),
    /// The portal cannot be told now.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Somebody else is at this ticket all the time.
    #[error("the ticket is in the hands of another call or another instance")]
    Busy,
    /// Another instance is at this ticket, or may be while Redis cannot be asked.
    #[error("another instance may be sending this ticket's notices")]
    Elsewhere,
    /// A text cannot be made: a defect.
    #[error("a notice cannot be composed: {}", chain(.0))]
    Composed(#[from] ComposeError),
}

/// Those that may still be due for the same reason are equal, whatever lies under them.
impl PartialEq for Unsent {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Eq for Unsent {}

impl Unsent {
    /// Whether the others may still be told.
    pub(super) fn is_of_this_mail(&self) -> bool {
        matches!(self, Self::Relay(SendError::PutOff(_)))
    }
}
