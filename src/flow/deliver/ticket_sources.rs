//! Whose a ticket is: whether a request that bears its name is a copy of the one it was made of.

use crate::{
    id::TicketId,
    remembered::Remembered,
    request::{Fingerprint, Origin, Received, Reference},
};

/// Tickets that are remembered; of the others GLPI is asked, once for a copy.
const REMEMBERED: u64 = 50_000;

/// What tickets were made of, by the name they carry.
pub(super) struct TicketSources(pub(super) Remembered<(Reference, TicketId), TicketSource>);

/// What a ticket was made of, as far as its opening says.
#[derive(Clone, Debug, Default)]
pub(super) struct TicketSource {
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) application: Option<String>,
}

impl Default for TicketSources {
    fn default() -> Self {
        Self(Remembered::without_end(REMEMBERED))
    }
}

impl TicketSources {
    /// A ticket was made of this request.
    pub(super) async fn remember(&self, ticket: TicketId, received: &Received, application: &str) {
        if let Some(fingerprint) = fingerprint(received) {
            let source = TicketSource { fingerprint: Some(fingerprint), application: Some(application.to_owned()) };
            self.0.insert((received.reference, ticket), source).await;
        }
    }
}

pub(super) fn fingerprint(received: &Received) -> Option<Fingerprint> {
    match &received.origin {
        Origin::Mail(mail) => mail.fingerprint,
        Origin::Form(_) => None,
    }
}
