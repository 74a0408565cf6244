//! How far a mailing is.

use jiff::{SignedDuration, Timestamp};

use super::journal::{Departure, Journal, Mailing};
use crate::request::Address;

/// How far a mailing is, of all that GLPI has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailingProgress {
    /// What is sent, by whom.
    pub mailing: Mailing,
    /// The whole list is in GLPI, as it was frozen, and where somebody looks at it the files, too; else nothing is sent.
    pub is_whole: bool,
    /// The mail that asks a second person to confirm it went to somebody.
    pub is_asked: bool,
    /// To so many addresses it was handed over.
    pub handed: usize,
    /// So many are to come.
    pub pending: usize,
    /// So many are on their way at this moment.
    pub under_way: usize,
    /// The relay refuses these, with its answers' codes.
    pub refused: Vec<(Address, u16)>,
    /// Whether the relay has it for these cannot be said.
    pub doubts: Vec<Doubt>,
}

/// A batch of which nobody knows whether the relay has it: an operator decides, who has looked into the relay's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The batch's number.
    pub batch: usize,
    /// When it went.
    pub at: Timestamp,
    /// For whom the relay would take it.
    pub addresses: Vec<Address>,
}

/// After so long a departure that nobody rewrote is in doubt: before, its sender may be at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled(pub(super) SignedDuration);

impl Settled {
    /// Whether its sender surely has ended, one way or the other.
    pub(super) fn is_over(self, departure: &Departure, now: Timestamp) -> bool {
        now.duration_since(departure.at) > self.0
    }
}

impl Journal {
    /// How far it is at this moment.
    pub(super) fn progress(&self, settled: Settled, now: Timestamp) -> MailingProgress {
        let mut progress = MailingProgress {
            mailing: self.mailing.clone(),
            is_whole: self.is_whole(),
            is_asked: self.is_asked,
            handed: 0,
            pending: 0,
            under_way: 0,
            refused: Vec::new(),
            doubts: Vec::new(),
        };
        for batch in self.batches.values() {
            let standing = self.standing(batch);
            progress.handed += standing.handed.len();
            progress.refused.extend(standing.refused);
            progress.pending += standing.pending.len();
            let Some(departure) = standing.doubtful else { continue };
            let addresses: Vec<Address> = departure.to.iter().filter_map(|address| Address::parse(address)).collect();
            progress.pending = progress.pending.saturating_sub(addresses.len());
            if settled.is_over(&departure, now) {
                progress.doubts.push(Doubt { batch: departure.batch, at: departure.at, addresses });
            } else {
                progress.under_way += addresses.len();
            }
        }
        progress
    }
}

impl MailingProgress {
    /// Addresses with which all is done.
    pub fn done(&self) -> usize {
        self.handed + self.refused.len()
    }
}
