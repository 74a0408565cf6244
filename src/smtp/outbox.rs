//! The mails that were «sent» nowhere, for who looks into the box.

use std::sync::{Arc, Mutex, PoisonError};

/// The mails that [`super::Mailer::Memory`] has «sent», oldest first.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Vec<Sent>>>);

/// A mail as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Who it goes to.
    pub recipient: String,
    /// Header and body as a relay gets them.
    pub message: Vec<u8>,
}

impl Outbox {
    pub(super) fn keep(&self, mail: Sent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
    }

    /// Every mail so far.
    pub fn mails(&self) -> Vec<Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
