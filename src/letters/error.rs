//! Why a letter cannot be composed.

use lettre::address::AddressError;

use crate::smtp::{Fault, SendError};

/// Why a letter cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The address is fit for a request's sender, and not for SMTP.
    #[error("the address is none a mail can be sent to")]
    Address(#[from] AddressError),
    /// Its text cannot be made.
    #[error(transparent)]
    Text(#[from] askama::Error),
    /// Its head cannot be made.
    #[error(transparent)]
    Head(#[from] lettre::error::Error),
}

/// No relay would take it.
impl From<ComposeError> for SendError {
    fn from(error: ComposeError) -> Self {
        Self::Refused(Fault::Mail(error.into()))
    }
}
