//! Whose a ticket is: whether a request that bears its name is a copy of the one it was made of.

use moka::sync::Cache;

use super::{Deliverer, Undelivered, not_made};
use crate::{
    flow::{ledger::KnownTicket, route::Opening},
    glpi::GlpiError,
    id::TicketId,
    request::{Fingerprint, Origin, Received, Reference},
};

/// Tickets that are remembered; of the others GLPI is asked, once for a copy.
const REMEMBERED: u64 = 50_000;

/// What tickets were made of, by the name they carry.
pub(super) struct TicketSources(Cache<(Reference, TicketId), TicketSource>);

/// What a ticket was made of, as far as its opening says.
#[derive(Clone, Debug, Default)]
struct TicketSource {
    fingerprint: Option<Fingerprint>,
    application: Option<String>,
}

impl Default for TicketSources {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl TicketSources {
    /// A ticket was made of this request.
    pub(super) fn remember(&self, ticket: TicketId, received: &Received, application: &str) {
        if let Some(fingerprint) = fingerprint(received) {
            let source = TicketSource { fingerprint: Some(fingerprint), application: Some(application.to_owned()) };
            self.0.insert((received.reference, ticket), source);
        }
    }
}

fn fingerprint(received: &Received) -> Option<Fingerprint> {
    match &received.origin {
        Origin::Mail(mail) => mail.fingerprint,
        Origin::Form(_) => None,
    }
}

impl Deliverer {
    /// Whether the ticket that bears a request's name was made of another mail: some copiers and applications give
    /// every mail the same Message-ID. GLPI is asked only for a copy of what another process, or an earlier one, made.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer: nobody may say then that the request has its ticket.
    pub async fn is_of_another(&self, received: &Received, known: KnownTicket) -> Result<bool, Undelivered> {
        let Some(own) = fingerprint(received) else { return Ok(false) };
        let source = self.source(known).await.map_err(|error| not_made(&error))?;
        Ok(source.fingerprint.is_some_and(|its| !its.is_same_mail(own)))
    }

    /// Tells the operators of a copy that names another application than its ticket: it may be no copy.
    pub async fn doubt_copy(&self, received: &Received, known: KnownTicket, application: &str) {
        if fingerprint(received).is_some()
            && let Ok(TicketSource { application: Some(of_ticket), .. }) = self.source(known).await
            && of_ticket != application
        {
            let (reference, ticket) = (known.reference, known.ticket.get());
            tracing::warn!(
                %reference,
                ticket,
                application,
                of_ticket,
                "a duplicate names another application than its ticket: its sender may name every mail alike"
            );
        }
    }

    async fn source(&self, known: KnownTicket) -> Result<TicketSource, GlpiError> {
        let key = (known.reference, known.ticket);
        if let Some(source) = self.sources.0.get(&key) {
            return Ok(source);
        }
        let content = match self.glpi.ticket(known.ticket).await {
            Ok(ticket) => ticket.content,
            // Purged since: what it was made of nobody knows.
            Err(GlpiError::NotFound) => String::new(),
            Err(error) => return Err(error),
        };
        let opening = Opening::read(&content, |_| true);
        let source = TicketSource {
            fingerprint: opening.as_ref().and_then(|opening| Fingerprint::find(&content[..opening.end])),
            application: opening.map(|opening| opening.application),
        };
        self.sources.0.insert(key, source.clone());
        Ok(source)
    }
}
