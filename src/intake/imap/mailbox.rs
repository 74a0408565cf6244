//! The messages of one mailbox that are at hand: what is due is fetched in batches, handled side by side while
//! the next batch comes in, and moved in groups as outcomes become final.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::Instant,
};
use tracing::Instrument as _;

use super::{
    account::MailboxAccount,
    error::ImapError,
    figures::{MOVED, WAITING},
    folders::{self, Destination},
    memory::MessageMemory,
    session::{Message, NUMBERS, Session},
    settings::Settings,
};
use crate::{
    company::Company,
    flow::pipeline::Pipeline,
    intake::{Taken, TakesMail as _},
    request::{Channel, Envelope, Outcome, Reason},
};

/// Bytes of messages in one batch; a larger message is a batch of its own.
const BATCH_BYTES: u64 = 4 * 1024 * 1024;
/// Settled messages that are moved together.
const MOVED_TOGETHER: usize = 25;
/// How long the mails of a batch wait for each other on their way.
const TOGETHER: Duration = Duration::from_secs(1);
/// As much as is fetched of a message that is too large: its header, for the notice.
const BEGINNING: u64 = 64 * 1024;
/// A server that all requests need is left alone no longer than this, and so long a message whose handling
/// broke down.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The pause after messages could not be moved; it doubles with each further failure, up to the longest.
const FIRST_MOVE_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_MOVE_PAUSE: Duration = Duration::from_mins(5);

/// One mailbox's messages at hand. It outlives connections: what is being handled goes on when one breaks.
pub(super) struct Mailbox {
    pub(super) account: MailboxAccount,
    pub(super) settings: Arc<Settings>,
    pub(super) pipeline: Arc<Pipeline>,
    memory: MessageMemory,
    /// The messages that are being handled.
    running: JoinSet<Done>,
    /// Mails handled at a time, over all mailboxes.
    places: Arc<Semaphore>,
    /// Requests in a row that failed because of a server they all need.
    failed_in_a_row: usize,
    /// Such a server is left alone until then.
    paused_until: Option<Instant>,
    /// The names of the folders on the server.
    folders: BTreeMap<Destination, String>,
    /// Places that messages could not be moved to.
    stuck: BTreeMap<Destination, Stuck>,
}

/// What a message takes while it is handled.
struct Held {
    /// Its batch's: held until the whole batch is handled.
    _room: Arc<Taken>,
    _place: Option<OwnedSemaphorePermit>,
}

/// How a message's handling ended; without an outcome it broke down.
struct Done {
    uid: u32,
    validity: u32,
    outcome: Option<Outcome>,
}

/// A place that messages could not be moved to.
#[derive(Clone, Copy)]
struct Stuck {
    failures: u32,
    /// When it is tried again.
    until: Instant,
}

impl Mailbox {
    /// An empty mailbox. `places` bound what is handled at a time over all mailboxes.
    pub(super) fn new(
        account: MailboxAccount,
        settings: Arc<Settings>,
        pipeline: Arc<Pipeline>,
        places: Arc<Semaphore>,
    ) -> Self {
        Self {
            account,
            settings,
            pipeline,
            memory: MessageMemory::default(),
            running: JoinSet::new(),
            places,
            failed_in_a_row: 0,
            paused_until: None,
            folders: BTreeMap::new(),
            stuck: BTreeMap::new(),
        }
    }

    /// Opens the mailbox on a new connection, with its folders at hand.
    pub(super) async fn open(&mut self, session: &mut Session) -> Result<(), ImapError> {
        for place in Destination::ALL {
            let name = folders::ensure(session, place.configured(&self.settings.folders)).await?;
            self.folders.insert(place, name);
        }
        let folder = folders::to_read(session, &self.account.folder).await?;
        self.memory.begin(session.select(&folder).await?);
        Ok(())
    }

    /// Handles and moves every message that is due and has lain there for as long as `granted` says, while it
    /// says so.
    pub(super) async fn catch_up(
        &mut self,
        session: &mut Session,
        granted: impl Fn() -> Option<Duration>,
    ) -> Result<(), ImapError> {
        loop {
            self.move_settled(session).await?;
            let listed = session.list().await?;
            self.waiting(listed.len());
            let due = self.memory.due(&listed, Instant::now());
            if due.is_empty() || self.is_paused() || granted().is_none() {
                return Ok(());
            }
            'due: for uids in due.chunks(NUMBERS) {
                let messages = self.describe(session, uids).await?;
                for batch in batches(&messages, self.settings.together, self.settings.max_size) {
                    while self.running.len() + batch.len() > self.settings.parallel {
                        self.next_done(session).await?;
                    }
                    let Some(age) = granted().filter(|_| !self.is_paused()) else { break 'due };
                    let ripe: Vec<Message> =
                        batch.iter().filter(|message| self.is_ripe(message, age)).copied().collect();
                    if !ripe.is_empty() {
                        self.fetch(session, &ripe).await?;
                    }
                }
            }
            while !self.running.is_empty() {
                self.next_done(session).await?;
            }
        }
    }

    /// Waits for what is being handled; it ends in GLPI all the same, and its messages are found again.
    pub(super) async fn finish(&mut self) {
        while let Some(done) = self.running.join_next().await {
            self.note(done);
        }
    }

    /// When there is something to do next, at the latest after `usual`.
    pub(super) fn next_look(&self, usual: Duration) -> Instant {
        let now = Instant::now();
        let due = self.memory.next_due().map(|due| due.max(self.paused_until.unwrap_or(now)));
        let waiting = self.memory.to_move();
        let moves = self.stuck.iter().filter(|(place, _)| waiting.contains_key(place)).map(|(_, stuck)| stuck.until);
        due.into_iter().chain(moves).fold(now + usual, Instant::min)
    }

    /// Whether a message has lain in the mailbox for so long; one that has not waits.
    fn is_ripe(&mut self, message: &Message, age: Duration) -> bool {
        let lain = message
            .stored
            .map_or(Duration::ZERO, |stored| Timestamp::now().duration_since(stored).try_into().unwrap_or_default());
        let left = age.saturating_sub(lain);
        if left > Duration::ZERO {
            self.memory.defer(message.uid, Instant::now() + left);
        }
        left == Duration::ZERO
    }

    fn is_paused(&self) -> bool {
        self.paused_until.is_some_and(|until| Instant::now() < until)
    }

    /// What is known of messages beside their content, in the order of `uids`.
    async fn describe(&mut self, session: &mut Session, uids: &[u32]) -> Result<Vec<Message>, ImapError> {
        let mut described: HashMap<u32, Message> = HashMap::with_capacity(uids.len());
        let told = session
            .describe(uids, |message| {
                described.insert(message.uid, message);
            })
            .await;
        let missing = uids.iter().copied().filter(|uid| !described.contains_key(uid));
        match told {
            Err(error) if error.ends_connection() => {
                self.blame_next(missing);
                return Err(error);
            }
            // Whatever the server says to it, the others go on.
            Ok(()) | Err(_) => {
                for uid in missing {
                    self.not_given_out(uid);
                }
            }
        }
        Ok(uids.iter().filter_map(|uid| described.get(uid).copied()).collect())
    }

    /// Waits for the next message to end, and moves settled ones when there are enough.
    async fn next_done(&mut self, session: &mut Session) -> Result<(), ImapError> {
        if let Some(done) = self.running.join_next().await {
            self.note(done);
        }
        while let Some(done) = self.running.try_join_next() {
            self.note(done);
        }
        let settled: usize = self.memory.to_move().values().map(Vec::len).sum();
        if settled >= MOVED_TOGETHER { self.move_settled(session).await } else { Ok(()) }
    }

    /// Fetches a batch and has each message handled as soon as it is here.
    async fn fetch(&mut self, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
        let told = match self.fetch_together(session, batch).await {
            // One of them may be what the server stumbles over.
            Err(error) if !error.ends_connection() => self.fetch_singly(session, batch).await,
            told => told,
        };
        let missing: Vec<u32> = uids(batch).filter(|uid| !self.memory.is_known(*uid)).collect();
        // Its only errors left are the connection's.
        if let Err(error) = told {
            self.blame_next(missing.into_iter());
            return Err(error);
        }
        for uid in missing {
            self.not_given_out(uid);
        }
        Ok(())
    }

    /// Fetches what is missing of a batch one by one, whatever the server says to each.
    async fn fetch_singly(&mut self, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
        for message in batch.iter().filter(|message| !self.memory.is_known(message.uid)).copied().collect::<Vec<_>>() {
            match self.fetch_together(session, &[message]).await {
                Err(error) if error.ends_connection() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn fetch_together(&mut self, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
        let most = self.settings.max_size;
        let max = if batch.iter().any(|message| message.size > most) { BEGINNING } else { most };
        let bytes: u64 = batch.iter().map(|message| message.size.min(max)).sum();
        let room = Arc::new(self.settings.room.take(bytes).await);
        let is_marked = self.settings.marks && session.mark(batch).await?;
        let mut places = self.places.clone().acquire_many_owned(u32::try_from(batch.len()).unwrap_or(1)).await.ok();
        // Of those that are not given out, the others do not wait for any.
        let mut company: HashMap<u32, Company> = uids(batch).zip(Company::of(batch.len(), TOGETHER)).collect();
        session
            .fetch(batch, max, |uid, raw| {
                if let Some(message) = batch.iter().find(|message| message.uid == uid) {
                    let message = Message { is_marked: message.is_marked.filter(|_| is_marked), ..*message };
                    let company = company.remove(&uid).unwrap_or_default();
                    let held = Held { _room: room.clone(), _place: places.as_mut().and_then(|places| places.split(1)) };
                    self.start(message, raw, company, held);
                }
            })
            .await
    }

    /// Where the connection ended amid an answer, the message that was to come next may be why: servers also hang
    /// up on what they cannot read. It waits, so that the others need not.
    fn blame_next(&mut self, missing: impl Iterator<Item = u32>) {
        if let Some(next) = missing.min() {
            self.not_given_out(next);
        }
    }

    /// Notes that the server did not give out a message; in the end it is put aside.
    fn not_given_out(&mut self, uid: u32) {
        let times = self.memory.not_fetched(uid, Instant::now());
        tracing::warn!(uid, times, "the server lists a message and does not give it out");
        if times >= self.settings.attempts {
            self.memory.settle(uid, Destination::Quarantine);
            self.pipeline.quarantine.unreadable(format!("{}, message {uid}", self.account));
        }
    }

    /// Has a message handled beside the others.
    fn start(&mut self, message: Message, raw: Bytes, company: Company, held: Held) {
        let envelope = Envelope {
            channel: Channel::Imap,
            sender: None,
            recipients: self.settings.recipients.clone(),
            size: message.size.max(raw.len() as u64),
            stored: message.stored,
            is_untried: message.is_marked == Some(false),
        };
        let (uid, validity) = (message.uid, self.memory.validity());
        let pipeline = self.pipeline.clone();
        self.memory.start(uid);
        let handle = async move {
            // A task of its own: whatever becomes of it, the message is known.
            let handling = pipeline.mail_among(envelope, raw, company);
            let handled = tokio::spawn(handling.in_current_span()).await;
            let outcome = handled
                .inspect_err(|error| tracing::error!(uid, panic = error.is_panic(), "handling a message broke down"))
                .ok();
            drop(held);
            Done { uid, validity, outcome }
        };
        self.running.spawn(handle.in_current_span());
    }

    /// Notes how a message ended, and whether a server that all need is away.
    fn note(&mut self, done: Result<Done, JoinError>) {
        let Ok(Done { uid, validity, outcome }) = done else { return };
        let is_of_this_folder = validity == self.memory.validity();
        let place = outcome.as_ref().and_then(Destination::of);
        if let Some(place) = place {
            self.failed_in_a_row = 0;
            self.paused_until = None;
            if is_of_this_folder {
                self.memory.settle(uid, place);
            }
            return;
        }
        let now = Instant::now();
        let (retry_after, is_outage) = match outcome {
            Some(Outcome::Deferred(deferral)) => {
                (deferral.retry_after, matches!(deferral.reason, Reason::GlpiUnavailable | Reason::CacheUnavailable))
            }
            // The others have their place; here nobody knows how it ended.
            Some(
                Outcome::Created(_)
                | Outcome::Duplicate(_)
                | Outcome::Followup(_)
                | Outcome::Queued(_)
                | Outcome::Refused(_)
                | Outcome::Ignored(_)
                | Outcome::Quarantined(_),
            )
            | None => (LONGEST_PAUSE, false),
        };
        if is_of_this_folder {
            self.memory.defer(uid, now + retry_after);
        }
        if is_outage {
            self.failed_in_a_row += 1;
            // A single message that GLPI stumbles over stops no other; so many in a row are an outage.
            if self.failed_in_a_row >= self.settings.outage {
                self.paused_until = Some(now + retry_after.min(LONGEST_PAUSE));
            }
        }
    }

    /// Moves every settled message. Those that cannot be moved stay settled, and are tried again later.
    async fn move_settled(&mut self, session: &mut Session) -> Result<(), ImapError> {
        for (place, uids) in self.memory.to_move() {
            let now = Instant::now();
            let failures = match self.stuck.get(&place) {
                Some(stuck) if now < stuck.until => continue,
                stuck => stuck.map_or(0, |stuck| stuck.failures),
            };
            // Noted beforehand: should this end the connection, the next one has better to do first.
            let pause = FIRST_MOVE_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_MOVE_PAUSE);
            self.stuck.insert(place, Stuck { failures: failures + 1, until: now + pause });
            match self.move_to(session, place, &uids).await {
                Ok(()) => {
                    self.stuck.remove(&place);
                    self.memory.moved(&uids);
                    metrics::counter!(MOVED, "mailbox" => self.account.to_string(), "folder" => place.label())
                        .increment(uids.len() as u64);
                }
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        %error, folder = place.label(), messages = uids.len(),
                        "settled messages cannot be moved and stay in the mailbox; none is handled twice"
                    );
                }
            }
        }
        Ok(())
    }

    async fn move_to(&mut self, session: &mut Session, place: Destination, uids: &[u32]) -> Result<(), ImapError> {
        let folder = self.folders.get(&place).cloned().unwrap_or_default();
        // Who looks into the quarantine sees what is new there.
        let read = place != Destination::Quarantine;
        match session.move_to(uids, &folder, read, self.settings.marks).await {
            // Somebody may have deleted the folder.
            Err(error) if !error.ends_connection() => {
                let folder = folders::ensure(session, place.configured(&self.settings.folders)).await?;
                self.folders.insert(place, folder.clone());
                session.move_to(uids, &folder, read, self.settings.marks).await
            }
            moved => moved,
        }
    }

    /// How many messages lie in the mailbox.
    fn waiting(&self, messages: usize) {
        #[expect(clippy::cast_precision_loss, reason = "no mailbox holds so many")]
        metrics::gauge!(WAITING, "mailbox" => self.account.to_string()).set(messages as f64);
    }
}

fn uids(batch: &[Message]) -> impl Iterator<Item = u32> {
    batch.iter().map(|message| message.uid)
}

/// Cuts messages into batches of so many at most, in their order. `max`: a larger one is not fetched whole, so it stands
/// alone.
pub(super) fn batches(messages: &[Message], together: usize, max: u64) -> Vec<&[Message]> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (at, message) in messages.iter().enumerate() {
        let is_alone = message.size > max;
        let is_full = at - start >= together || bytes + message.size > BATCH_BYTES;
        if at > start && (is_full || is_alone || messages[at - 1].size > max) {
            batches.push(&messages[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += message.size;
    }
    if start < messages.len() {
        batches.push(&messages[start..]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES, Message, batches};

    const MOST: usize = 25;

    fn sizes(messages: &[u64], max: u64) -> Vec<Vec<u64>> {
        let numbered =
            messages.iter().zip(1..).map(|(&size, uid)| Message { uid, size, stored: None, is_marked: None });
        let messages: Vec<Message> = numbered.collect();
        let batches = batches(&messages, MOST, max);
        batches.iter().map(|batch| batch.iter().map(|message| message.size).collect()).collect()
    }

    #[test]
    fn a_batch_has_so_many_messages_and_bytes() {
        let small = sizes(&vec![1; MOST * 2 + 1], 100);
        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [MOST, MOST, 1]);
        let half = BATCH_BYTES / 2;
        assert_eq!(sizes(&[half, half, 1, half], u64::MAX), [vec![half, half], vec![1, half]]);
        assert_eq!(sizes(&[BATCH_BYTES * 3, 1], u64::MAX), [vec![BATCH_BYTES * 3], vec![1]]);
        assert_eq!(sizes(&[], 1), Vec::<Vec<u64>>::new());
    }

    #[test]
    fn a_message_that_is_too_large_stands_alone() {
        assert_eq!(
            sizes(&[1, 200, 2, 3, 300, 400, 4], 100),
            [vec![1], vec![200], vec![2, 3], vec![300], vec![400], vec![4]]
        );
    }
}
