//! What became of the mails that another one answers.

use tokio::time::Instant;

use super::{
    LOOK_EVERY, Ledger, WAIT_FOR_OTHER,
    in_flight::{End, end_of},
    oldest::oldest_ticket,
    reason_of,
    redis::Seen,
};
use crate::{
    glpi::{Glpi, GlpiError},
    id::TicketId,
    request::{FollowupOpening, Reason, Received, Reference},
};

/// How far back the ticket of an answered mail is looked for, hours: as long as people write on in one thread.
const LONGEST_THREAD: u32 = 60 * 24;

impl Ledger {
    /// The ticket of one of these requests, the first one that has any. One that is being made is waited for.
    ///
    /// # Errors
    ///
    /// Where it cannot be said now.
    pub async fn ticket_of(&self, references: &[Reference]) -> Result<Option<TicketId>, (Reason, String)> {
        let busy = || (Reason::Busy, "the mail that this one answers is not finished".to_owned());
        loop {
            if let Some((_, ticket)) = self.local.ticket(references.iter().copied()) {
                return Ok(Some(ticket));
            }
            match self.in_flight.any(references) {
                Some(flight) => match end_of(flight).await {
                    End::Ticket(_, ticket) => return Ok(Some(ticket)),
                    End::NoTicket => {}
                    End::Open => return Err(busy()),
                },
                None => break,
            }
        }
        if self.local.is_open(references, self.give_up) {
            return Err(busy());
        }
        if let Some(redis) = &self.shared {
            let give_up_at = Instant::now() + WAIT_FOR_OTHER;
            let mut is_busy = false;
            loop {
                match redis.look(references).await {
                    Ok(Seen::Ticket(ticket)) => return Ok(Some(ticket)),
                    Ok(Seen::Busy) if Instant::now() >= give_up_at => return Err(busy()),
                    Ok(Seen::Busy) => {
                        is_busy = true;
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                    Ok(Seen::Nothing) => break,
                    Err(_) if is_busy => return Err(busy()),
                    Err(error) => {
                        self.without_redis("look", &error)?;
                        break;
                    }
                }
            }
        }
        let found = oldest_ticket(&self.glpi, references, LONGEST_THREAD).await;
        Ok(found.map_err(|error| (reason_of(&error), error.to_string()))?.map(|ticket| ticket.number))
    }

    /// Whether a follow-up of this ticket opens with one of the references that this, or an earlier copy, has, asking GLPI.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn is_in(&self, ticket: TicketId, received: &Received) -> Result<bool, GlpiError> {
        let names: Vec<Reference> = received.names().collect();
        Ok(found_in(&self.glpi, ticket, &names).await?.is_some())
    }
}

/// The first of these references that a follow-up of this ticket opens with, in a session of `glpi`.
pub(super) async fn found_in(
    glpi: &Glpi,
    ticket: TicketId,
    names: &[Reference],
) -> Result<Option<Reference>, GlpiError> {
    let followups = glpi.ticket_followups(ticket).await?;
    let mut opened = followups.iter().filter_map(|followup| FollowupOpening::reference_of(&followup.content));
    Ok(opened.find(|reference| names.contains(reference)))
}
