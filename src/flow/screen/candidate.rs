//! A request that only a directory and the day's quota have yet to judge.

use jiff::Zoned;

use super::copies::Copies;
use crate::request::{Address, DayMark, Received, Reference};

/// A request that passed every rule that needs no more than the request.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub(super) received: Received,
    pub(super) requester: Address,
    pub(super) application: String,
    pub(super) arrived: Zoned,
    pub(super) copies: Copies,
}

impl Candidate {
    /// The request.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// The request under the name that comes after this one, which another mail has; `None` where there is none.
    pub fn renamed(mut self, after: Reference) -> Option<Self> {
        let received = &mut self.received;
        let taken = received.aliases.iter().position(|name| *name == after);
        let next = if after == received.reference { 0 } else { taken? + 1 };
        let mut left = received.aliases.split_off(next.min(received.aliases.len())).into_iter();
        received.reference = left.next()?;
        received.aliases = left.collect();
        Some(self)
    }

    /// Who asks.
    pub fn requester(&self) -> &Address {
        &self.requester
    }

    /// The application's name, as its mapping gives it.
    pub fn application(&self) -> &str {
        &self.application
    }

    /// When it arrived, in the academy's time zone: decides the day it counts for.
    pub fn arrived(&self) -> &Zoned {
        &self.arrived
    }

    /// The code of the school whose mailbox (`ce.0210001A@…`) the requester writes from.
    pub(super) fn of_mailbox(&self) -> Option<String> {
        self.requester.code_of_mailbox()
    }

    /// The mark of the requester's day.
    pub fn day_mark(&self) -> DayMark {
        DayMark::new(&self.requester, self.arrived.date())
    }
}
