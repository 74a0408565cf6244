//! What lies in a mailbox and in its folders, for whoever holds it against GLPI. Nothing is changed there.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::{
    account::MailboxAccount,
    error::ImapError,
    folders::{self, Destination},
    mailbox::batches,
    session::{Message, NUMBERS, Session},
    settings::Settings,
};
use crate::{
    request::{Channel, Envelope},
    text::Bilingual,
};

/// A server may hang up so often on one account's messages: each that is damaged costs a connection or two. One that goes
/// on is out of order.
const HANG_UPS: usize = 50;

/// A message as it lies in a mailbox.
#[derive(Clone, Debug)]
pub struct StoredMail {
    /// What became of it; `None`: it waits in the folder that is read.
    pub place: Option<Destination>,
    /// The folder, as it is configured.
    pub folder: String,
    /// The message's number in that folder.
    pub uid: u32,
    /// What the mailbox says of it.
    pub envelope: Envelope,
    /// The message, as much of it as the gateway reads; `None` where the server does not give it out, and for one that
    /// waits.
    pub raw: Option<Bytes>,
}

/// Hands over each message that waits in a mailbox, and each that lies in one of its folders and was stored since that
/// moment, or nobody knows when, a folder after the other. A folder that is not there holds none.
///
/// # Errors
///
/// What the server or the way to it said; not what it says to single messages.
pub async fn survey(
    settings: &Settings,
    account: &MailboxAccount,
    since: Timestamp,
    mut each: impl AsyncFnMut(StoredMail),
) -> Result<(), ImapError> {
    let mut looking = Looking::begin(settings, account).await?;
    let inbox = folders::to_read(&mut looking.session, &account.folder).await?;
    looking.open(inbox).await?;
    let waiting = looking.session.list().await?;
    for (uid, message) in looking.described(&waiting).await? {
        each(stored(settings, None, &account.folder, message.unwrap_or_else(|| untold(uid)), None)).await;
    }
    for place in Destination::ALL {
        let configured = place.configured(&settings.folders);
        let Ok(folder) = folders::find(&mut looking.session, configured).await? else { continue };
        looking.open(folder).await?;
        let listed = looking.list_since(since).await?;
        let mut messages = Vec::with_capacity(listed.len());
        for (uid, message) in looking.described(&listed).await? {
            match message {
                Some(message) if message.stored.is_none_or(|stored| stored >= since) => messages.push(message),
                Some(_) => {}
                None => each(stored(settings, Some(place), configured, untold(uid), None)).await,
            }
        }
        for batch in batches(&messages, settings.together, settings.max_size) {
            let mut contents = looking.fetched(batch).await?;
            for message in batch {
                if let Some(raw) = contents.remove(&message.uid) {
                    each(stored(settings, Some(place), configured, *message, raw)).await;
                }
            }
        }
    }
    looking.session.log_out().await;
    Ok(())
}

/// A mailbox that is looked into, on one connection after the other where the server hangs up on messages.
struct Looking<'a> {
    settings: &'a Settings,
    account: &'a MailboxAccount,
    session: Session,
    /// The name on the server of the folder that is open.
    folder: String,
    hang_ups: usize,
}

impl<'a> Looking<'a> {
    async fn begin(settings: &'a Settings, account: &'a MailboxAccount) -> Result<Self, ImapError> {
        let session = settings.connector.connect(account).await?;
        Ok(Self { settings, account, session, folder: String::new(), hang_ups: 0 })
    }

    async fn open(&mut self, folder: String) -> Result<(), ImapError> {
        self.folder = folder;
        self.session.examine(&self.folder).await
    }

    /// The messages of the open folder, at least those that were stored since this moment.
    async fn list_since(&mut self, since: Timestamp) -> Result<Vec<u32>, ImapError> {
        // The server counts days in a time zone of its own.
        let day = since.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        match self.session.list_since(day).await {
            // It may have to open a message for its date, and fail at one.
            Err(error) if !error.ends_connection() => self.session.list().await,
            listed => listed,
        }
    }

    /// What is known of messages beside their content.
    async fn described(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, Option<Message>>, ImapError> {
        let mut described = BTreeMap::new();
        for uids in uids.chunks(NUMBERS) {
            let describe = async |session: &mut Session, uids: &[u32], told: &mut BTreeMap<u32, Message>| {
                session.describe(uids, |message| told.extend([(message.uid, message)])).await
            };
            described.extend(self.told(uids, describe).await?);
        }
        Ok(described)
    }

    /// The messages of a batch, as much of each as the gateway reads.
    async fn fetched(&mut self, batch: &[Message]) -> Result<BTreeMap<u32, Option<Bytes>>, ImapError> {
        let max = self.settings.max_size;
        let uids: Vec<u32> = batch.iter().map(|message| message.uid).collect();
        let fetch = async |session: &mut Session, uids: &[u32], told: &mut BTreeMap<u32, Bytes>| {
            let asked: Vec<Message> = batch.iter().filter(|message| uids.contains(&message.uid)).copied().collect();
            session.fetch(&asked, max, |uid, raw| told.extend([(uid, raw)])).await
        };
        self.told(&uids, fetch).await
    }

    /// What the server says when it is asked for messages together; where it stumbles over one, when it is asked for each.
    /// `None` of those that it lists and says nothing of; nothing of those that are gone meanwhile.
    async fn told<T>(
        &mut self,
        uids: &[u32],
        ask: impl AsyncFn(&mut Session, &[u32], &mut BTreeMap<u32, T>) -> Result<(), ImapError>,
    ) -> Result<BTreeMap<u32, Option<T>>, ImapError> {
        let mut told = BTreeMap::new();
        if let Err(error) = ask(&mut self.session, uids, &mut told).await {
            self.recover(error).await?;
            for uid in uids {
                if !told.contains_key(uid)
                    && let Err(error) = ask(&mut self.session, &[*uid], &mut told).await
                {
                    self.recover(error).await?;
                }
            }
        }
        let mut told: BTreeMap<u32, Option<T>> = told.into_iter().map(|(uid, said)| (uid, Some(said))).collect();
        let missing: Vec<u32> = uids.iter().copied().filter(|uid| !told.contains_key(uid)).collect();
        if !missing.is_empty() {
            let there = self.session.list().await?;
            told.extend(missing.into_iter().filter(|uid| there.binary_search(uid).is_ok()).map(|uid| (uid, None)));
        }
        Ok(told)
    }

    /// Goes on after an error about messages, on another connection if need be.
    async fn recover(&mut self, error: ImapError) -> Result<(), ImapError> {
        if !error.ends_connection() {
            return Ok(());
        }
        self.hang_ups += 1;
        if self.hang_ups > HANG_UPS {
            return Err(ImapError::connection(Bilingual::new(
                format!("the server hung up more than {HANG_UPS} times when asked for messages"),
                format!("le serveur a raccroché plus de {HANG_UPS} fois à la demande de messages"),
            )));
        }
        self.session = self.settings.connector.connect(self.account).await?;
        self.session.examine(&self.folder).await
    }
}

/// A message that the server lists and says nothing of.
fn untold(uid: u32) -> Message {
    Message { uid, size: 0, stored: None, is_marked: None }
}

fn stored(
    settings: &Settings,
    place: Option<Destination>,
    folder: &str,
    message: Message,
    raw: Option<Bytes>,
) -> StoredMail {
    let envelope = Envelope {
        channel: Channel::Imap,
        sender: None,
        recipients: settings.recipients.clone(),
        size: message.size.max(raw.as_ref().map_or(0, |raw| raw.len() as u64)),
        stored: message.stored,
        is_untried: false,
    };
    StoredMail { place, folder: folder.to_owned(), uid: message.uid, envelope, raw }
}
