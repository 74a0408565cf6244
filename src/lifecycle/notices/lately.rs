//! What was written in many tickets lately, read by few calls, and what these tell of each ticket.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use super::{
    mark::Mark,
    steps::{self, DoneMove, TicketFacts},
};
use crate::{
    glpi::{ActorRole, Followup, Requester, Said, Solution, Ticket, TicketSummary, TicketUser},
    id::{CategoryId, RequestTypeId, TicketId, UserId, UserLinkId},
};

/// The follow-ups and solutions since a moment, by ticket.
pub struct Lately {
    /// The service account.
    pub(super) own: UserId,
    /// From when on these are all there are.
    pub(super) since: DateTime,
    followups: BTreeMap<TicketId, Vec<Followup>>,
    solutions: BTreeMap<TicketId, Vec<Solution>>,
}

/// A ticket as far as a search and what was written lately show it: somebody asked, nobody knows who.
pub(super) struct SeenTicket<'a> {
    ticket: Ticket,
    users: Vec<TicketUser>,
    moves: Vec<DoneMove>,
    followups: &'a [Followup],
    solutions: &'a [Solution],
    charged: Option<DateTime>,
    own: UserId,
    since: DateTime,
}

impl Lately {
    /// What was written since a moment, by whomever; `own` is the service account.
    pub fn new(
        own: UserId,
        since: DateTime,
        followups: Vec<Said<Followup>>,
        mut solutions: Vec<Said<Solution>>,
    ) -> Self {
        solutions.sort_by_key(|said| said.what.id);
        Self { own, since, followups: by_ticket(followups), solutions: by_ticket(solutions) }
    }

    /// The follow-ups of a ticket.
    pub(super) fn written(&self, ticket: &TicketSummary) -> &[Followup] {
        self.followups.get(&ticket.id).map_or(&[], Vec::as_slice)
    }

    /// What is known of a ticket.
    pub(super) fn of(&self, ticket: &TicketSummary) -> SeenTicket<'_> {
        let user = |who, role| TicketUser { row: UserLinkId::default(), who, address: String::new(), role };
        let technicians = ticket.technicians.iter().map(|account| user(Requester::User(*account), ActorRole::Assigned));
        let somebody = user(Requester::Email("?".to_owned()), ActorRole::Requester);
        let followups = self.written(ticket);
        SeenTicket {
            ticket: as_shown(ticket),
            users: technicians.chain([somebody]).collect(),
            moves: steps::moves(followups, self.own),
            followups,
            solutions: self.solutions.get(&ticket.id).map_or(&[], Vec::as_slice),
            charged: (!ticket.technicians.is_empty()).then_some(self.since),
            own: self.own,
            since: self.since,
        }
    }
}

impl SeenTicket<'_> {
    /// The facts by which it is said what happened, where this was `sent` before.
    pub(super) fn facts<'a>(&'a self, sent: &'a BTreeSet<Mark>) -> TicketFacts<'a> {
        TicketFacts {
            ticket: &self.ticket,
            users: &self.users,
            shows_requesters: false,
            followups: self.followups,
            moves: &self.moves,
            solutions: self.solutions,
            charged: self.charged,
            closed_by: None,
            own: self.own,
            sent,
            since: self.since,
        }
    }
}

fn by_ticket<T>(said: Vec<Said<T>>) -> BTreeMap<TicketId, Vec<T>> {
    let mut sorted: BTreeMap<TicketId, Vec<T>> = BTreeMap::new();
    for said in said {
        sorted.entry(said.ticket).or_default().push(said.what);
    }
    sorted
}

fn as_shown(ticket: &TicketSummary) -> Ticket {
    Ticket {
        id: ticket.id,
        name: String::new(),
        content: String::new(),
        status: ticket.status,
        deleted: false,
        kind: ticket.kind,
        urgency: ticket.urgency,
        category: CategoryId::default(),
        entity: None,
        request_type: RequestTypeId::default(),
        opened: ticket.opened,
        taken_into_account: None,
        writer: UserId::default(),
        waiting_since: None,
        solved: ticket.solved,
        closed: ticket.closed,
        modified: ticket.modified,
    }
}
