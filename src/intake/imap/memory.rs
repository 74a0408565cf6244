//! What one mailbox's reader remembers of its messages between two looks: nothing that the mailbox and GLPI
//! would not tell it again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use super::folders::Destination;

/// The pause after a message could not be fetched; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

#[derive(Debug, Default)]
pub(super) struct MessageMemory {
    /// The folder's UIDVALIDITY: a UID means something only together with it.
    validity: u32,
    /// Messages that are being handled.
    under_way: BTreeSet<u32>,
    /// Final outcomes whose message is still in its folder.
    settled: BTreeMap<u32, Destination>,
    /// When a message that was deferred or could not be fetched is due again.
    later: HashMap<u32, Instant>,
    /// The messages that could not be fetched.
    unfetched: HashMap<u32, Unfetched>,
    /// How many messages were fetched.
    fetched: u64,
}

/// A message that could not be fetched.
#[derive(Clone, Copy, Debug)]
struct Unfetched {
    /// How often that happened.
    times: u32,
    /// How often it did although others were fetched since the time before: a server that gives nothing out says
    /// nothing about a message.
    alone: u32,
    /// [`MessageMemory::fetched`] when it last happened.
    fetched: u64,
}

impl MessageMemory {
    /// Begins with a folder: what is remembered of another one of this name is void (RFC 3501 section 2.3.1.1).
    pub(super) fn begin(&mut self, validity: u32) {
        if self.validity != validity {
            *self = Self { validity, ..Self::default() };
        }
    }

    pub(super) fn validity(&self) -> u32 {
        self.validity
    }

    /// Of the messages listed, those to be handled now: first those that were not tried yet, so that none
    /// waits for others that fail. Forgets what is no longer listed.
    pub(super) fn due(&mut self, listed: &[u32], now: Instant) -> Vec<u32> {
        let is_listed = |uid: &u32| listed.binary_search(uid).is_ok();
        self.settled.retain(|uid, _| is_listed(uid));
        self.later.retain(|uid, _| is_listed(uid));
        self.unfetched.retain(|uid, _| is_listed(uid));
        let is_due = |uid: &&u32| {
            !self.under_way.contains(uid)
                && !self.settled.contains_key(uid)
                && self.later.get(uid).is_none_or(|at| *at <= now)
        };
        let (tried, new): (Vec<u32>, Vec<u32>) =
            listed.iter().filter(is_due).partition(|uid| self.later.contains_key(uid));
        [new, tried].concat()
    }

    /// When the next message that waits is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.iter().filter(|(uid, _)| !self.under_way.contains(uid)).map(|(_, at)| *at).min()
    }

    /// Whether a message is being handled or settled.
    pub(super) fn is_known(&self, uid: u32) -> bool {
        self.under_way.contains(&uid) || self.settled.contains_key(&uid)
    }

    /// A message is being handled.
    pub(super) fn start(&mut self, uid: u32) {
        self.under_way.insert(uid);
        self.unfetched.remove(&uid);
        self.fetched += 1;
    }

    /// A message that was being handled has this outcome.
    pub(super) fn settle(&mut self, uid: u32, place: Destination) {
        self.under_way.remove(&uid);
        self.later.remove(&uid);
        self.settled.insert(uid, place);
    }

    /// A message that was being handled waits.
    pub(super) fn defer(&mut self, uid: u32, until: Instant) {
        self.under_way.remove(&uid);
        self.later.insert(uid, until);
    }

    /// A listed message could not be fetched; gives how often that happened to it alone, while others were.
    pub(super) fn not_fetched(&mut self, uid: u32, now: Instant) -> u32 {
        let fetched = self.fetched;
        let this = self.unfetched.entry(uid).or_insert(Unfetched { times: 0, alone: 0, fetched });
        this.times += 1;
        this.alone += u32::from(this.fetched < fetched);
        this.fetched = fetched;
        let pause = FIRST_PAUSE.saturating_mul(1 << (this.times - 1).min(10)).min(LONGEST_PAUSE);
        self.later.insert(uid, now + pause);
        this.alone
    }

    /// The messages that are to be moved, by where.
    pub(super) fn to_move(&self) -> BTreeMap<Destination, Vec<u32>> {
        let mut places: BTreeMap<Destination, Vec<u32>> = BTreeMap::new();
        for (&uid, &place) in &self.settled {
            places.entry(place).or_default().push(uid);
        }
        places
    }

    pub(super) fn moved(&mut self, uids: &[u32]) {
        for uid in uids {
            self.settled.remove(uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Destination, MessageMemory};

    #[test]
    fn new_messages_come_before_those_that_failed() {
        let (mut memory, now) = (MessageMemory::default(), Instant::now());
        memory.begin(7);
        assert_eq!(memory.due(&[1, 2, 3, 4], now), [1, 2, 3, 4]);
        memory.start(1);
        memory.start(2);
        memory.start(3);
        memory.defer(1, now + Duration::from_mins(1));
        memory.defer(2, now);
        memory.settle(3, Destination::Handled);
        assert_eq!(memory.due(&[1, 2, 3, 4], now), [4, 2]);
        assert_eq!(memory.next_due(), Some(now));
        assert_eq!(memory.due(&[1, 2, 3, 4], now + Duration::from_mins(1)), [4, 1, 2]);
    }

    #[test]
    fn what_is_settled_is_moved_once_and_then_forgotten() {
        let (mut memory, now) = (MessageMemory::default(), Instant::now());
        memory.begin(7);
        memory.settle(5, Destination::Refused);
        memory.settle(6, Destination::Handled);
        memory.settle(7, Destination::Handled);
        let places: Vec<_> = memory.to_move().into_iter().collect();
        assert_eq!(places, [(Destination::Handled, vec![6, 7]), (Destination::Refused, vec![5])]);
        memory.moved(&[6, 7]);
        assert_eq!(memory.due(&[5, 6], now), [6], "a message that is there again is a message");
        assert_eq!(memory.due(&[6], now), [6]);
        assert!(memory.to_move().is_empty(), "what somebody else moved is not moved again");
    }

    #[test]
    fn another_validity_voids_everything() {
        let (mut memory, now) = (MessageMemory::default(), Instant::now());
        memory.begin(7);
        memory.settle(1, Destination::Handled);
        memory.start(2);
        memory.begin(7);
        assert_eq!(memory.due(&[1, 2], now), [0; 0]);
        memory.begin(8);
        assert_eq!(memory.due(&[1, 2], now), [1, 2]);
    }

    #[test]
    fn a_message_that_cannot_be_fetched_waits_longer_each_time() {
        let (mut memory, now) = (MessageMemory::default(), Instant::now());
        memory.begin(7);
        memory.not_fetched(1, now);
        assert_eq!(memory.next_due(), Some(now + Duration::from_secs(5)));
        memory.not_fetched(1, now);
        assert_eq!(memory.next_due(), Some(now + Duration::from_secs(10)));
        for _ in 0..40 {
            memory.not_fetched(1, now);
        }
        assert_eq!(memory.next_due(), Some(now + Duration::from_hours(1)));
    }

    #[test]
    fn only_while_others_are_fetched_it_is_the_message_s_own_fault() {
        let (mut memory, now) = (MessageMemory::default(), Instant::now());
        memory.begin(7);
        assert_eq!([memory.not_fetched(1, now), memory.not_fetched(1, now), memory.not_fetched(1, now)], [0, 0, 0]);
        memory.start(2);
        assert_eq!([memory.not_fetched(1, now), memory.not_fetched(1, now)], [1, 1]);
        memory.start(3);
        assert_eq!(memory.not_fetched(1, now), 2);
        memory.start(1);
        assert_eq!(memory.not_fetched(1, now), 0, "it was fetched in between");
    }
}
