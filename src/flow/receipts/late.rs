//! Which receipts are late and in this process's hands.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::id::TicketId;

/// The tickets whose receipts are late, as far as this process has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Late(Arc<Mutex<InHand>>);

/// The tickets whose receipts wait for the relay, those that are sent while a note may still say that they are due, and
/// those of which neither the relay nor GLPI would know.
#[derive(Debug, Default)]
struct InHand {
    waiting: HashSet<TicketId>,
    sent: HashSet<TicketId>,
    in_doubt: HashSet<TicketId>,
}

/// One ticket among the late ones, until this is dropped.
#[derive(Debug)]
pub(super) struct Held(Late, TicketId);

impl Late {
    fn lock(&self) -> MutexGuard<'_, InHand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it is in hand already.
    pub(super) fn hold(&self, ticket: TicketId) -> Option<Held> {
        let mut in_hand = self.lock();
        let new = !in_hand.sent.contains(&ticket) && in_hand.waiting.insert(ticket);
        new.then(|| Held(self.clone(), ticket))
    }

    /// Whether a try before this one ended without the relay or GLPI knowing of this receipt, as far as is known.
    pub(super) fn is_in_doubt(&self, ticket: TicketId) -> bool {
        self.lock().in_doubt.contains(&ticket)
    }

    /// Whether the relay keeps none waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }
}

impl Held {
    pub(super) fn ticket(&self) -> TicketId {
        self.1
    }

    pub(super) fn is_sent(&self) {
        let mut in_hand = self.0.lock();
        in_hand.waiting.remove(&self.1);
        in_hand.sent.insert(self.1);
    }

    /// Nobody knows of it.
    pub(super) fn doubt(self) {
        self.0.lock().in_doubt.insert(self.1);
    }

    /// GLPI knows of it.
    pub(super) fn is_known(&self) {
        self.0.lock().in_doubt.remove(&self.1);
    }

    /// Never let go of: its note will always say that it is due.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut in_hand = self.0.lock();
        in_hand.waiting.remove(&self.1);
        in_hand.sent.remove(&self.1);
    }
}
