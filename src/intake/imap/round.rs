//! Catching up: the messages that are due are fetched in batches, handled side by side while the next batch
//! comes in, and moved in groups as their outcomes become final.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::Instrument as _;

use super::{
    ImapError, MEMORY_KIB,
    folders::Place,
    reader::Reader,
    session::{Message, NUMBERS, Session},
};
use crate::{
    intake::Envelope,
    request::{Channel, Outcome, Reason},
};

/// Messages, and bytes of them, in one batch; a larger message is a batch of its own.
const BATCH_MESSAGES: usize = 50;
const BATCH_BYTES: u64 = 4 * 1024 * 1024;
/// Settled messages that are moved together.
const MOVED_TOGETHER: usize = 25;
/// As much as is fetched of a message that is too large: its header, for the notice.
const BEGINNING: u64 = 64 * 1024;
/// A server that all requests need is left alone no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How a message's handling ended.
pub(super) struct Done {
    uid: u32,
    validity: u32,
    outcome: Outcome,
}

/// Handles and moves every message that is due, as long as `may_go_on`.
pub(super) async fn catch_up(
    reader: &mut Reader,
    session: &mut Session,
    may_go_on: impl Fn() -> bool,
) -> Result<(), ImapError> {
    loop {
        reader.move_settled(session).await?;
        let listed = session.list().await?;
        reader.waiting(listed.len());
        let is_paused = reader.paused_until.is_some_and(|until| Instant::now() < until);
        let due = reader.memory.due(&listed, Instant::now());
        if due.is_empty() || is_paused || !may_go_on() {
            return Ok(());
        }
        for uids in due.chunks(NUMBERS) {
            let messages = describe(reader, session, uids).await?;
            for batch in batches(&messages, reader.settings.max_size) {
                while reader.running.len() >= reader.settings.parallel {
                    next_done(reader, session).await?;
                }
                let is_paused = reader.paused_until.is_some_and(|until| Instant::now() < until);
                if is_paused || !may_go_on() {
                    break;
                }
                fetch(reader, session, batch).await?;
            }
        }
        while !reader.running.is_empty() {
            next_done(reader, session).await?;
        }
    }
}

/// What is known of messages beside their content, in the order of `uids`.
async fn describe(reader: &mut Reader, session: &mut Session, uids: &[u32]) -> Result<Vec<Message>, ImapError> {
    let mut described: HashMap<u32, Message> = HashMap::with_capacity(uids.len());
    let told = session
        .describe(uids, |message| {
            described.insert(message.uid, message);
        })
        .await;
    if let Err(error) = told {
        let missing = uids.iter().copied().filter(|uid| !described.contains_key(uid));
        blame_next(reader, &error, missing).await;
        return Err(error);
    }
    Ok(uids.iter().filter_map(|uid| described.get(uid).copied()).collect())
}

/// Waits for the next message to end, and moves settled ones when there are enough.
async fn next_done(reader: &mut Reader, session: &mut Session) -> Result<(), ImapError> {
    if let Some(done) = reader.running.join_next().await {
        reader.note(done);
    }
    while let Some(done) = reader.running.try_join_next() {
        reader.note(done);
    }
    let settled: usize = reader.memory.to_move().values().map(Vec::len).sum();
    if settled >= MOVED_TOGETHER { reader.move_settled(session).await } else { Ok(()) }
}

/// Fetches a batch and has each message handled as soon as it is here.
async fn fetch(reader: &mut Reader, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
    let told = match fetch_together(reader, session, batch).await {
        // One of them may be what the server stumbles over.
        Err(error) if !error.ends_connection() => fetch_singly(reader, session, batch).await,
        told => told,
    };
    let uids = batch.iter().map(|message| message.uid);
    let missing: Vec<u32> = uids.filter(|uid| !reader.memory.is_known(*uid)).collect();
    if let Err(error) = told {
        blame_next(reader, &error, missing.into_iter()).await;
        return Err(error);
    }
    for uid in missing {
        not_given_out(reader, uid).await;
    }
    Ok(())
}

/// Fetches what is missing of a batch one by one, whatever the server says to each.
async fn fetch_singly(reader: &mut Reader, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
    for message in batch {
        match fetch_together(reader, session, std::slice::from_ref(message)).await {
            Err(error) if error.ends_connection() => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Where the connection ended amid an answer, the message that was to come next may be why: servers also hang
/// up on what they cannot read. It waits, so that the others need not.
async fn blame_next(reader: &mut Reader, error: &ImapError, missing: impl Iterator<Item = u32>) {
    if error.ends_connection()
        && let Some(next) = missing.min()
    {
        not_given_out(reader, next).await;
    }
}

/// Notes that the server did not give out a message; in the end it is put aside.
async fn not_given_out(reader: &mut Reader, uid: u32) {
    let times = reader.memory.not_fetched(uid, Instant::now());
    tracing::warn!(uid, times, "the server lists a message and does not give it out");
    if times >= reader.settings.attempts {
        reader.memory.settle(uid, Place::Quarantine);
        (reader.handlers.unreadable)(format!("{}, message {uid}", reader.account)).await;
    }
}

async fn fetch_together(reader: &mut Reader, session: &mut Session, batch: &[Message]) -> Result<(), ImapError> {
    let batch: Vec<Message> = batch.iter().filter(|message| !reader.memory.is_known(message.uid)).copied().collect();
    let max = if batch.iter().any(|message| message.size > reader.settings.max_size) {
        BEGINNING
    } else {
        reader.settings.max_size
    };
    let bytes: u64 = batch.iter().map(|message| message.size.min(max)).sum();
    let room = u32::try_from(bytes / 1024 + 1).unwrap_or(MEMORY_KIB).min(MEMORY_KIB);
    // Never closed; without a permit only the bound is gone. Held until the whole batch is handled.
    let room = reader.room.clone().acquire_many_owned(room).await.ok().map(Arc::new);
    session
        .fetch(&batch, max, |uid, raw| {
            if let Some(message) = batch.iter().find(|message| message.uid == uid) {
                start(reader, *message, raw, room.clone());
            }
        })
        .await
}

/// Has a message handled beside the others.
fn start(reader: &mut Reader, message: Message, raw: Bytes, room: Option<Arc<OwnedSemaphorePermit>>) {
    let envelope = Envelope {
        channel: Channel::Imap,
        sender: None,
        recipients: reader.settings.recipients.clone(),
        size: message.size.max(raw.len() as u64),
        stored: message.stored,
    };
    let (uid, validity) = (message.uid, reader.memory.validity());
    let (handlers, places) = (reader.handlers.clone(), reader.places.clone());
    reader.memory.start(uid);
    let handle = async move {
        let _place = places.acquire_owned().await.ok();
        let outcome = (handlers.mail)(envelope, raw).await;
        drop(room);
        Done { uid, validity, outcome }
    };
    reader.running.spawn(handle.in_current_span());
}

/// Notes how a message ended, and whether a server that all need is away.
pub(super) fn note(reader: &mut Reader, done: &Done) {
    let is_of_this_folder = done.validity == reader.memory.validity();
    if let Some(place) = Place::of(&done.outcome) {
        reader.failed_in_a_row = 0;
        reader.paused_until = None;
        if is_of_this_folder {
            reader.memory.settle(done.uid, place);
        }
    }
    let Outcome::Deferred(deferral) = &done.outcome else { return };
    let until = Instant::now() + deferral.retry_after;
    if is_of_this_folder {
        reader.memory.defer(done.uid, until);
    }
    if matches!(deferral.reason, Reason::GlpiUnavailable | Reason::CacheUnavailable) {
        reader.failed_in_a_row += 1;
        // A single message that GLPI stumbles over stops no other; so many in a row are an outage.
        if reader.failed_in_a_row >= reader.settings.parallel {
            reader.paused_until = Some(until.min(Instant::now() + LONGEST_PAUSE));
        }
    }
}

/// Cuts messages into batches, in their order. `max`: a larger one is not fetched whole, so it stands alone.
fn batches(messages: &[Message], max: u64) -> Vec<&[Message]> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (at, message) in messages.iter().enumerate() {
        let is_alone = message.size > max;
        let is_full = at - start >= BATCH_MESSAGES || bytes + message.size > BATCH_BYTES;
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
    use super::{BATCH_BYTES, BATCH_MESSAGES, Message, batches};

    fn sizes(messages: &[u64], max: u64) -> Vec<Vec<u64>> {
        let numbered = messages.iter().zip(1..).map(|(&size, uid)| Message { uid, size, stored: None });
        let messages: Vec<Message> = numbered.collect();
        let batches = batches(&messages, max);
        batches.iter().map(|batch| batch.iter().map(|message| message.size).collect()).collect()
    }

    #[test]
    fn a_batch_has_so_many_messages_and_bytes() {
        let small = sizes(&vec![1; BATCH_MESSAGES * 2 + 1], 100);
        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [BATCH_MESSAGES, BATCH_MESSAGES, 1]);
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
