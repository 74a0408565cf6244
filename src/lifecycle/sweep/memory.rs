//! What a sweep remembers of tickets so as not to read them again in vain. Losing it costs reads, nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::DateTime};

use crate::{glpi::TicketSummary, id::TicketId, lifecycle::escalation::AllLevels};

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct SweepMemory {
    /// Tickets that were looked at since they were changed then.
    looked_at: BTreeMap<TicketId, Look>,
    /// When the rules may strike a ticket that has not been changed since.
    due: BTreeMap<TicketId, NextLook>,
    /// The levels and delays by which that was said.
    due_by: Option<Arc<AllLevels>>,
    /// Tickets that could not be dealt with, to be looked at again whether or not they change.
    owed: BTreeSet<TicketId>,
}

#[derive(Debug)]
struct Look {
    modified: Option<DateTime>,
    /// Whether no change of that same second can have come after it.
    settled: bool,
}

#[derive(Debug)]
struct NextLook {
    modified: Option<DateTime>,
    /// `None`: never.
    at: Option<Timestamp>,
}

impl SweepMemory {
    /// Whether a ticket is to be looked at for what has changed.
    pub(super) fn is_changed(&self, ticket: &TicketSummary) -> bool {
        let known = self.looked_at.get(&ticket.id);
        !known.is_some_and(|look| look.settled && look.modified == ticket.modified)
    }

    /// A ticket was looked at, as a search had shown it whose newest change was `newest`. GLPI's dates are in seconds:
    /// what was changed in the newest one is looked at once more.
    pub(super) fn looked_at(&mut self, ticket: &TicketSummary, newest: Option<DateTime>) {
        let before = self.looked_at.get(&ticket.id);
        let settled = ticket.modified < newest || before.is_some_and(|look| look.modified == ticket.modified);
        self.looked_at.insert(ticket.id, Look { modified: ticket.modified, settled });
        self.owed.remove(&ticket.id);
    }

    /// Whether a rule may strike a ticket now; `None` where nothing is known of it as it is.
    pub(super) fn may_be_due(&self, ticket: &TicketSummary, now: Timestamp) -> Option<bool> {
        let due = self.due.get(&ticket.id).filter(|due| due.modified == ticket.modified)?;
        Some(due.at.is_some_and(|at| at <= now))
    }

    /// Forgets when tickets are due if that was said by other levels and delays than these.
    pub(super) fn judge_by(&mut self, all_levels: &Arc<AllLevels>) {
        if !self.due_by.as_ref().is_some_and(|before| Arc::ptr_eq(before, all_levels)) {
            self.due.clear();
            self.due_by = Some(Arc::clone(all_levels));
        }
    }

    /// The rules do not strike a ticket before this moment, as it is; `None`: never.
    pub(super) fn next_due(&mut self, ticket: &TicketSummary, at: Option<Timestamp>) {
        self.due.insert(ticket.id, NextLook { modified: ticket.modified, at });
    }

    /// A ticket could not be dealt with; whether for the first time in a row.
    pub(super) fn owe(&mut self, ticket: TicketId) -> bool {
        self.owed.insert(ticket)
    }

    /// A ticket was dealt with, or is gone.
    pub(super) fn settle(&mut self, ticket: TicketId) {
        self.owed.remove(&ticket);
    }

    /// The tickets that could not be dealt with.
    pub(super) fn owed(&self) -> Vec<TicketId> {
        self.owed.iter().copied().collect()
    }

    /// Forgets looks at all tickets but these.
    pub(super) fn keep_changed(&mut self, found: &BTreeMap<TicketId, TicketSummary>) {
        self.looked_at.retain(|ticket, _| found.contains_key(ticket));
    }

    /// Forgets when all tickets but these are due.
    pub(super) fn keep_waiting(&mut self, found: &[TicketSummary]) {
        let ids: BTreeSet<TicketId> = found.iter().map(|ticket| ticket.id).collect();
        self.due.retain(|ticket, _| ids.contains(ticket));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{Timestamp, civil::DateTime};

    use super::SweepMemory;
    use crate::{
        glpi::{TicketStatus, TicketSummary},
        id::TicketId,
        lifecycle::escalation::AllLevels,
    };

    fn second(second: i8) -> DateTime {
        jiff::civil::datetime(2026, 11, 25, 10, 0, second, 0)
    }

    fn ticket(id: u64, modified: DateTime) -> TicketSummary {
        TicketSummary {
            addresses: Vec::new(),
            id: id.into(),
            name: String::new(),
            content: String::new(),
            status: TicketStatus::New,
            kind: 1,
            urgency: 3,
            category: String::new(),
            groups: Vec::new(),
            technicians: Vec::new(),
            taken_after: 0,
            opened: None,
            modified: Some(modified),
            solved: None,
            closed: None,
        }
    }

    #[test]
    fn a_ticket_is_looked_at_again_when_it_changes() {
        let mut memory = SweepMemory::default();
        let old = ticket(1, second(1));
        assert!(memory.is_changed(&old));
        memory.looked_at(&old, Some(second(9)));
        assert!(!memory.is_changed(&old));
        assert!(memory.is_changed(&ticket(1, second(2))));
    }

    #[test]
    fn what_changed_in_the_newest_second_is_looked_at_twice() {
        let mut memory = SweepMemory::default();
        let newest = ticket(1, second(9));
        memory.looked_at(&newest, Some(second(9)));
        assert!(memory.is_changed(&newest));
        memory.looked_at(&newest, Some(second(9)));
        assert!(!memory.is_changed(&newest));
    }

    #[test]
    fn a_ticket_is_weighed_again_when_it_changes_or_is_due() {
        let mut memory = SweepMemory::default();
        let (waiting, now) = (ticket(1, second(1)), Timestamp::UNIX_EPOCH);
        assert_eq!(memory.may_be_due(&waiting, now), None);
        memory.next_due(&waiting, Some(now + std::time::Duration::from_secs(1)));
        assert_eq!(memory.may_be_due(&waiting, now), Some(false));
        assert_eq!(memory.may_be_due(&waiting, now + std::time::Duration::from_secs(1)), Some(true));
        assert_eq!(memory.may_be_due(&ticket(1, second(2)), now), None);
        memory.next_due(&waiting, None);
        assert_eq!(memory.may_be_due(&waiting, Timestamp::MAX), Some(false));
        memory.keep_waiting(&[ticket(2, second(1))]);
        assert_eq!(memory.may_be_due(&waiting, now), None);
    }

    #[test]
    fn other_delays_make_every_ticket_be_weighed_again() {
        let mut memory = SweepMemory::default();
        let (waiting, all_levels) = (ticket(1, second(1)), Arc::new(AllLevels::default()));
        memory.judge_by(&all_levels);
        memory.next_due(&waiting, None);
        memory.judge_by(&all_levels);
        assert_eq!(memory.may_be_due(&waiting, Timestamp::MAX), Some(false));
        memory.judge_by(&Arc::new(AllLevels::default()));
        assert_eq!(memory.may_be_due(&waiting, Timestamp::MAX), None);
    }

    #[test]
    fn what_failed_is_owed_until_it_is_dealt_with() {
        let mut memory = SweepMemory::default();
        assert!(memory.owe(TicketId::new(7)) && !memory.owe(TicketId::new(7)));
        assert_eq!(memory.owed(), [TicketId::new(7)]);
        memory.settle(TicketId::new(7));
        assert!(memory.owed().is_empty() && memory.owe(TicketId::new(7)));
        memory.looked_at(&ticket(7, second(1)), Some(second(1)));
        assert!(memory.owed().is_empty());
    }
}
