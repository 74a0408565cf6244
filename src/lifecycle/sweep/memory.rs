//! What a sweep remembers of tickets so as not to read them again in vain. Losing it costs reads, nothing else.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::DateTime};

use crate::{glpi::TicketSummary, id::TicketId, lifecycle::escalation::AllLevels};

/// What is remembered: two small rows a ticket, whatever it says.
#[derive(Debug, Default)]
pub(super) struct SweepMemory {
    /// Tickets that were looked at since they were changed then.
    looked_at: BTreeMap<TicketId, Look>,
    /// The tickets that wait, and when the rules may strike each.
    due: BTreeMap<TicketId, NextLook>,
    /// The levels and delays by which that was said.
    due_by: Option<Arc<AllLevels>>,
    /// When all tickets that wait are to be read again.
    read_again: Option<Timestamp>,
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
    }

    /// Whether it is not known which tickets wait: they were never read, long ago, or by other levels than these.
    pub(super) fn is_to_read(&self, all_levels: &Arc<AllLevels>, now: Timestamp) -> bool {
        !self.due_by.as_ref().is_some_and(|before| Arc::ptr_eq(before, all_levels))
            || self.read_again.is_none_or(|again| again <= now)
    }

    /// All tickets that wait by these levels are to be read now.
    pub(super) fn begin_reading(&mut self, all_levels: &Arc<AllLevels>) {
        self.due.clear();
        self.due_by = Some(Arc::clone(all_levels));
        self.read_again = None;
    }

    /// They were read; to be done again at that moment.
    pub(super) fn read_again_at(&mut self, again: Timestamp) {
        self.read_again = Some(again);
    }

    /// Which tickets wait must be read anew.
    pub(super) fn forget_waiting(&mut self) {
        self.read_again = None;
    }

    /// A search shows a ticket that waits, which the rules do not strike before a moment (`None`: never); nothing new
    /// where it is as it was.
    pub(super) fn waits(&mut self, ticket: &TicketSummary, earliest: impl FnOnce() -> Option<Timestamp>) {
        if self.due.get(&ticket.id).is_none_or(|due| due.modified != ticket.modified) {
            self.due.insert(ticket.id, NextLook { modified: ticket.modified, at: earliest() });
        }
    }

    /// A ticket waits no more.
    pub(super) fn waits_no_more(&mut self, ticket: TicketId) {
        self.due.remove(&ticket);
    }

    /// The tickets a rule may strike now, the oldest first.
    pub(super) fn may_be_due(&self, now: Timestamp) -> Vec<TicketId> {
        self.due.iter().filter(|(_, due)| due.at.is_some_and(|at| at <= now)).map(|(ticket, _)| *ticket).collect()
    }

    /// The rules do not strike a ticket before this moment, as it is; `None`: never.
    pub(super) fn next_due(&mut self, ticket: TicketId, at: Option<Timestamp>) {
        if let Some(due) = self.due.get_mut(&ticket) {
            due.at = at;
        }
    }

    /// Forgets looks at tickets that no search for what has changed since then shows as they were.
    pub(super) fn forget_before(&mut self, since: DateTime) {
        self.looked_at.retain(|_, look| look.modified.is_some_and(|modified| modified >= since));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{Timestamp, civil::DateTime};

    use super::SweepMemory;
    use crate::{
        glpi::{TicketStatus, TicketSummary},
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
            waited: 0,
            pending_reason: String::new(),
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
        let soon = now + std::time::Duration::from_secs(1);
        assert!(memory.may_be_due(Timestamp::MAX).is_empty());
        memory.waits(&waiting, || Some(soon));
        assert!(memory.may_be_due(now).is_empty());
        assert_eq!(memory.may_be_due(soon), [waiting.id]);
        memory.next_due(waiting.id, None);
        memory.waits(&waiting, || panic!("it is as it was"));
        assert!(memory.may_be_due(Timestamp::MAX).is_empty());
        memory.waits(&ticket(1, second(2)), || Some(now));
        assert_eq!(memory.may_be_due(now), [waiting.id]);
        memory.waits_no_more(waiting.id);
        memory.next_due(waiting.id, Some(now));
        assert!(memory.may_be_due(Timestamp::MAX).is_empty());
    }

    #[test]
    fn who_waits_is_read_at_first_by_other_levels_and_after_some_time() {
        let mut memory = SweepMemory::default();
        let (levels, now) = (Arc::new(AllLevels::default()), Timestamp::UNIX_EPOCH);
        let again = now + std::time::Duration::from_secs(9);
        assert!(memory.is_to_read(&levels, now));
        memory.begin_reading(&levels);
        memory.read_again_at(again);
        memory.waits(&ticket(1, second(1)), || Some(now));
        assert!(!memory.is_to_read(&levels, now) && memory.is_to_read(&levels, again));
        assert!(memory.is_to_read(&Arc::new(AllLevels::default()), now));
        memory.begin_reading(&levels);
        memory.read_again_at(again);
        assert!(memory.may_be_due(Timestamp::MAX).is_empty(), "what was known is known no more");
        memory.forget_waiting();
        assert!(memory.is_to_read(&levels, now));
    }

    #[test]
    fn what_no_search_shows_again_is_forgotten() {
        let mut memory = SweepMemory::default();
        for at in [1, 5] {
            memory.looked_at(&ticket(at, second(i8::try_from(at).unwrap())), Some(second(9)));
        }
        memory.forget_before(second(5));
        assert!(memory.is_changed(&ticket(1, second(1))) && !memory.is_changed(&ticket(5, second(5))));
    }
}
