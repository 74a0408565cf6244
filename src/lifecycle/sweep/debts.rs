//! The tickets that could not be dealt with, and when each is tried again.

use std::collections::BTreeMap;

use crate::id::TicketId;

/// Passes until a ticket is tried again, at most: about an hour of them.
const MOST_PASSES: u64 = 64;

/// Tickets to be looked at again, whether or not they change. Losing them costs reads, nothing else.
#[derive(Debug, Default)]
pub(super) struct Debts {
    owed: BTreeMap<TicketId, Owed>,
    /// How many passes have begun.
    passes: u64,
}

/// A ticket that could not be dealt with.
#[derive(Clone, Copy, Debug)]
struct Owed {
    /// How often in a row, once in each pass.
    failures: u32,
    /// In which pass it is tried again.
    again: u64,
}

impl Debts {
    /// A pass begins.
    pub(super) fn begin_pass(&mut self) {
        self.passes += 1;
    }

    /// A ticket could not be dealt with; whether for the first time in a row. It is tried again by the next pass, then
    /// less and less often: a mailbox that stays full costs some calls each time.
    pub(super) fn owe(&mut self, ticket: TicketId) -> bool {
        let owed = self.owed.entry(ticket).or_insert(Owed { failures: 0, again: self.passes });
        if owed.again <= self.passes {
            let pause = 1_u64.checked_shl(owed.failures).unwrap_or(MOST_PASSES).min(MOST_PASSES);
            *owed = Owed { failures: owed.failures + 1, again: self.passes + pause };
            return owed.failures == 1;
        }
        false
    }

    /// A ticket could not be dealt with for what is none of its own fault; whether that is new. It is tried again by the next
    /// pass, however often; what it had failed for on its own account still counts.
    pub(super) fn put_off(&mut self, ticket: TicketId) -> bool {
        let (is_new, again) = (!self.owed.contains_key(&ticket), self.passes + 1);
        self.owed.entry(ticket).or_insert(Owed { failures: 0, again }).again = again;
        is_new
    }

    /// A ticket was dealt with, or is gone.
    pub(super) fn settle(&mut self, ticket: TicketId) {
        self.owed.remove(&ticket);
    }

    /// The tickets that are to be tried again in this pass, so many at most.
    pub(super) fn owed(&self, most: usize) -> impl Iterator<Item = TicketId> {
        let due = self.owed.iter().filter(|(_, owed)| owed.again <= self.passes);
        due.map(|(ticket, _)| *ticket).take(most)
    }
}

#[cfg(test)]
mod tests {
    use super::Debts;
    use crate::id::TicketId;

    #[test]
    fn what_failed_is_owed_until_it_is_dealt_with_and_tried_less_and_less_often() {
        let (mut debts, ticket) = (Debts::default(), TicketId::new(7));
        debts.begin_pass();
        assert!(debts.owe(ticket) && !debts.owe(ticket), "once in each pass");
        let mut tried = Vec::new();
        for pass in 2..=200 {
            debts.begin_pass();
            if debts.owed(1).any(|owed| owed == ticket) {
                tried.push(pass);
                assert!(!debts.owe(ticket));
            }
        }
        assert_eq!(tried, [2, 4, 8, 16, 32, 64, 128, 192]);
        for _ in 0..9 {
            debts.put_off(ticket);
            assert!(debts.owed(1).next().is_none());
            debts.begin_pass();
            assert!(debts.owed(1).next().is_some() && !debts.put_off(ticket), "by each pass");
        }
        debts.begin_pass();
        assert!(!debts.owe(ticket), "not for the first time");
        debts.begin_pass();
        assert!(debts.owed(1).next().is_none(), "as rarely as before");
        debts.settle(ticket);
        assert!(debts.owed(1).next().is_none() && debts.owe(ticket));
    }
}
