//! What was read of a ticket.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{
    mark::Mark,
    steps::{DoneMove, TicketFacts},
};
use crate::{
    glpi::{Followup, Solution, Ticket, TicketUser},
    id::UserId,
};

/// What was read of a ticket.
pub(super) struct Known {
    pub(super) ticket: Ticket,
    pub(super) users: Vec<TicketUser>,
    pub(super) followups: Vec<Followup>,
    pub(super) moves: Vec<DoneMove>,
    pub(super) solutions: Vec<Solution>,
    pub(super) charged: Option<DateTime>,
    pub(super) closed_by: Option<UserId>,
    pub(super) own: UserId,
    pub(super) sent: BTreeSet<Mark>,
    pub(super) since: DateTime,
}

impl Known {
    /// The same, to be looked through.
    pub(super) fn facts(&self) -> TicketFacts<'_> {
        TicketFacts {
            ticket: &self.ticket,
            users: &self.users,
            shows_requesters: true,
            followups: &self.followups,
            moves: &self.moves,
            solutions: &self.solutions,
            charged: self.charged,
            closed_by: self.closed_by,
            own: self.own,
            sent: &self.sent,
            since: self.since,
        }
    }
}
