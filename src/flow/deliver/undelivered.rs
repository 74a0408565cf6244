//! Why there is no confirmed ticket, and what is to be done then.

use std::time::Duration;

use crate::{
    glpi::GlpiError,
    id::TicketId,
    request::Reason,
    text::{Bilingual, Language},
};

/// Why there is no confirmed ticket.
#[derive(Debug)]
pub enum Undelivered {
    /// Surely none was made here: the claim does not stand any more.
    TakenOver,
    /// Surely none was made here, but it waited for so long that another instance may have begun.
    TooLate,
    /// Surely none was made.
    NotMade {
        /// What stood in the way.
        reason: Reason,
        /// For the log and the relay, and for who tries a mail.
        cause: Bilingual,
        /// When GLPI wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// One may have been made, or is there in part: GLPI's answer was lost and a search found nothing yet, or what is
    /// missing of it cannot be added now. The next try goes on.
    Unclear {
        /// For the log and the relay.
        cause: String,
    },
    /// One may have been made, and GLPI itself broke on this very creation: it may do so each time.
    Broken {
        /// For the log and the relay.
        cause: String,
    },
}

impl Undelivered {
    /// A request whose ticket is there, and of whose receipt neither the relay nor GLPI is known to know.
    pub fn untold(ticket: TicketId, error: &GlpiError) -> Self {
        Self::Unclear { cause: format!("whether ticket {ticket} was told of cannot be said: {error}") }
    }

    /// The same, of a request that has this ticket.
    pub(super) fn of_a_ticket(self, ticket: TicketId) -> Self {
        match self {
            Self::TakenOver | Self::TooLate => self,
            Self::NotMade { cause, .. } => Self::incomplete(ticket, cause.for_log()),
            Self::Unclear { cause } | Self::Broken { cause } => Self::incomplete(ticket, &cause),
        }
    }

    fn incomplete(ticket: TicketId, cause: &str) -> Self {
        Self::Unclear { cause: format!("ticket {ticket} cannot be completed: {cause}") }
    }
}

pub(super) fn not_made(error: &GlpiError) -> Undelivered {
    let (reason, retry_after) = match error {
        GlpiError::Unavailable { retry_after, .. } => (Reason::GlpiUnavailable, *retry_after),
        GlpiError::Denied { .. } => (Reason::GlpiDenied, None),
        GlpiError::AnswerLost { .. }
        | GlpiError::NotFound
        | GlpiError::NotAddable
        | GlpiError::TooLarge
        | GlpiError::Rejected { .. } => (Reason::GlpiRejected, None),
    };
    let said = error.reason().then(" → ", &error.remedy());
    Undelivered::NotMade { reason, cause: Bilingual::new(error, said.text(Language::French)), retry_after }
}
