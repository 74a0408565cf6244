//! A request that staff has merged into another: who asks for it is led there.

use super::{access::Portal, error::PortalError, known_requester::KnownRequester};
use crate::glpi::{ActorRole, LONGEST_MERGE};
use crate::id::TicketId;

impl Portal {
    /// Why a search does not show a ticket: it is in the bin, where it may have been merged into another, or there is
    /// none that is this person's.
    pub(super) async fn gone(&self, known: &KnownRequester<'_>, number: TicketId) -> Result<PortalError, PortalError> {
        let (ticket, people) = tokio::try_join!(self.glpi.ticket(number), self.glpi.ticket_users(number))?;
        let is_theirs = people.iter().any(|person| person.role == ActorRole::Requester && known.is(&person.who));
        if !is_theirs || !ticket.deleted {
            return Ok(PortalError::NotFound);
        }
        Ok(PortalError::Merged(self.merged(known, number).await?))
    }

    /// The request that a binned one was merged into, over several merges if need be; it must be this person's, too.
    pub(super) async fn merged(&self, known: &KnownRequester<'_>, binned: TicketId) -> Result<TicketId, PortalError> {
        let mut number = binned;
        for _ in 0..LONGEST_MERGE {
            number = self.glpi.merged_into(number).await?.ok_or(PortalError::NotFound)?;
            let (ticket, people) = tokio::try_join!(self.glpi.ticket(number), self.glpi.ticket_users(number))?;
            if !ticket.deleted {
                let is_theirs =
                    people.iter().any(|person| person.role == ActorRole::Requester && known.is(&person.who));
                return if is_theirs { Ok(number) } else { Err(PortalError::NotFound) };
            }
        }
        Err(PortalError::NotFound)
    }
}
