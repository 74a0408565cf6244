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
    /// Their batches: each is in doubt from a moment on, unless its sender says before what became of it.
    pub departing: Vec<Doubt>,
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
    /// From when on an operator can decide: before, the relay may be at it.
    pub from: Timestamp,
}

impl Doubt {
    /// Whether an operator can decide at this moment.
    pub fn is_ripe(&self) -> bool {
        Timestamp::now() >= self.from
    }
}

/// After so long a departure that nobody rewrote is in doubt: before, its sender may be at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled(pub(super) SignedDuration);

impl Settled {
    /// Whether its sender surely has ended, one way or the other.
    pub(super) fn is_over(self, departure: &Departure, now: Timestamp) -> bool {
        now.duration_since(departure.at) > self.0
    }

    /// From when on it has.
    fn moment(self, departure: &Departure) -> Timestamp {
        departure.at.checked_add(self.0).unwrap_or(Timestamp::MAX)
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
            departing: Vec::new(),
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
            let from = settled.moment(&departure);
            let doubt = Doubt { batch: departure.batch, at: departure.at, addresses, from };
            if departure.is_lost || settled.is_over(&departure, now) {
                progress.doubts.push(doubt);
            } else {
                progress.under_way += doubt.addresses.len();
                progress.departing.push(doubt);
            }
        }
        progress
    }
}

impl MailingProgress {
    /// How many addresses are in doubt.
    pub fn in_doubt(&self) -> usize {
        self.doubts.iter().map(|doubt| doubt.addresses.len()).sum()
    }

    /// Addresses with which all is done.
    pub fn done(&self) -> usize {
        self.handed + self.refused.len()
    }
}
