//! What lies in a mailbox and in its folders, for whoever holds it against GLPI. Nothing is changed there.

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
use crate::request::{Channel, Envelope};

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
/// moment, a folder after the other. A folder that is not there holds none.
///
/// # Errors
///
/// What the server or the way to it said.
pub async fn survey(
    settings: &Settings,
    account: &MailboxAccount,
    since: Timestamp,
    mut each: impl AsyncFnMut(StoredMail),
) -> Result<(), ImapError> {
    let mut session = settings.connector.connect(account).await?;
    let inbox = folders::to_read(&mut session, &account.folder).await?;
    session.examine(&inbox).await?;
    let waiting = session.list().await?;
    for message in described(&mut session, &waiting).await? {
        each(stored(settings, None, &account.folder, message, None)).await;
    }
    for place in Destination::ALL {
        let configured = place.configured(&settings.folders);
        let Ok(folder) = folders::find(&mut session, configured).await? else { continue };
        session.examine(&folder).await?;
        // The server counts days in a time zone of its own.
        let day = since.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        let listed = session.list_since(day).await?;
        let mut messages = described(&mut session, &listed).await?;
        messages.retain(|message| message.stored.is_none_or(|stored| stored >= since));
        for batch in batches(&messages, settings.together, settings.max_size) {
            for (message, raw) in fetched(&mut session, batch, settings.max_size).await? {
                each(stored(settings, Some(place), configured, message, raw)).await;
            }
        }
    }
    session.log_out().await;
    Ok(())
}

async fn described(session: &mut Session, uids: &[u32]) -> Result<Vec<Message>, ImapError> {
    let mut messages = Vec::with_capacity(uids.len());
    for uids in uids.chunks(NUMBERS) {
        session.describe(uids, |message| messages.push(message)).await?;
    }
    Ok(messages)
}

/// The messages of a batch, as much of each as the gateway reads.
async fn fetched(
    session: &mut Session,
    batch: &[Message],
    max: u64,
) -> Result<Vec<(Message, Option<Bytes>)>, ImapError> {
    let mut contents: Vec<(Message, Option<Bytes>)> = batch.iter().map(|message| (*message, None)).collect();
    let told = session
        .fetch(batch, max, |uid, raw| {
            if let Some((_, content)) = contents.iter_mut().find(|(message, _)| message.uid == uid) {
                *content = Some(raw);
            }
        })
        .await;
    match told {
        Err(error) if error.ends_connection() => Err(error),
        // Whatever the server says to one of them.
        Ok(()) | Err(_) => Ok(contents),
    }
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
