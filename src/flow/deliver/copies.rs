//! Whether a request of a name that has a ticket is a copy of what that was made of.

use super::{
    deliverer::Deliverer,
    ticket_sources::{TicketSource, fingerprint},
    undelivered::{Undelivered, not_made},
};
use crate::{
    flow::{ledger::KnownTicket, route::Opening},
    glpi::GlpiError,
    request::{Fingerprint, Received},
};

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
        if let Some(source) = self.sources.0.get(&key).await {
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
        self.sources.0.insert(key, source.clone()).await;
        Ok(source)
    }
}
