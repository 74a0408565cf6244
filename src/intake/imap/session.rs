//! One signed-in connection: the commands a mailbox is read and put in order with.
//!
//! `async-imap` brings the connection and the parser, but its own FETCH, STORE and SEARCH take a tagged NO,
//! or the end of the connection, for an empty answer. So each command is sent here and read to its tagged
//! end ([`Session::command`]).

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use imap_proto::{AttributeValue, Capability, MailboxDatum, NameAttribute, Response, ResponseCode, Status};
use jiff::{Timestamp, civil::Date};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::error::ImapError;
use crate::text::Bilingual;

/// What a slow server may take for each mebibyte of an answer, beside the usual timeout.
const TIME_PER_MIB: Duration = Duration::from_secs(30);
/// Message numbers in one command: its line stays below the 8 KiB that servers take.
pub(super) const NUMBERS: usize = 500;

/// The keyword of messages that a gateway has begun to handle.
const TRIED: &str = "$PasserelleTried";

/// The connection to a server, as it is after TLS, or without.
pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// A signed-in connection.
pub(super) struct Session {
    inner: async_imap::Session<Stream>,
    timeout: Duration,
    /// What the server can, in upper case.
    capabilities: HashSet<String>,
    /// The server has told of new mail since the folder was listed last.
    has_news: bool,
    /// The selected folder keeps keywords that nobody has used before (RFC 3501 section 7.1, PERMANENTFLAGS).
    keeps_keywords: bool,
}

/// A message of the selected folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) uid: u32,
    /// Bytes (RFC822.SIZE).
    pub(super) size: u64,
    /// INTERNALDATE.
    pub(super) stored: Option<Timestamp>,
    /// Whether it was marked as tried, where the folder keeps marks.
    pub(super) is_marked: Option<bool>,
}

impl Session {
    /// Asks a signed-in server what it can.
    pub(super) async fn open(inner: async_imap::Session<Stream>, timeout: Duration) -> Result<Self, ImapError> {
        let mut session = Self { inner, timeout, capabilities: HashSet::new(), has_news: false, keeps_keywords: false };
        let mut capabilities = HashSet::new();
        session
            .simple("CAPABILITY", |answer| {
                if let Response::Capabilities(told) = answer {
                    capabilities.extend(told.iter().filter_map(|capability| match capability {
                        Capability::Atom(name) => Some(name.to_ascii_uppercase()),
                        Capability::Imap4rev1 | Capability::Auth(_) => None,
                    }));
                }
            })
            .await?;
        session.capabilities = capabilities;
        Ok(session)
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Opens a folder; gives its UIDVALIDITY.
    pub(super) async fn select(&mut self, folder: &str) -> Result<u32, ImapError> {
        self.open_folder("SELECT", folder).await
    }

    /// Opens a folder to read in it alone (RFC 3501 section 6.3.2): no message becomes an old one by that.
    pub(super) async fn examine(&mut self, folder: &str) -> Result<(), ImapError> {
        self.open_folder("EXAMINE", folder).await.map(drop)
    }

    async fn open_folder(&mut self, command: &str, folder: &str) -> Result<u32, ImapError> {
        let (mut validity, mut keeps_keywords) = (None, false);
        self.simple(&format!("{command} {}", quoted(folder)), |answer| {
            if let Response::Data { outcome, .. } = answer {
                match &outcome.code {
                    Some(ResponseCode::UidValidity(number)) => validity = Some(*number),
                    Some(ResponseCode::PermanentFlags(flags)) => {
                        keeps_keywords = flags.iter().any(|flag| flag == "\\*");
                    }
                    _ => {}
                }
            }
        })
        .await?;
        self.keeps_keywords = keeps_keywords;
        // RFC 3501 section 2.3.1.1: without it there are no lasting UIDs.
        validity.ok_or_else(|| {
            ImapError::connection(Bilingual::new(
                "the server gives no UIDVALIDITY",
                "le serveur ne donne pas d’UIDVALIDITY",
            ))
        })
    }

    /// What parts the levels of folder names; `None`: there are no levels.
    pub(super) async fn delimiter(&mut self) -> Result<Option<String>, ImapError> {
        let mut delimiter = None;
        self.simple("LIST \"\" \"\"", |answer| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = answer {
                delimiter = folder.delimiter.as_deref().map(str::to_owned);
            }
        })
        .await?;
        Ok(delimiter)
    }

    /// Whether there is a folder that can hold messages.
    pub(super) async fn has_folder(&mut self, name: &str) -> Result<bool, ImapError> {
        let mut found = false;
        self.simple(&format!("LIST \"\" {}", quoted(name)), |answer| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = answer {
                found |= !folder.name_attributes.contains(&NameAttribute::NoSelect);
            }
        })
        .await?;
        Ok(found)
    }

    /// Makes a folder and shows it in people's mail programs.
    pub(super) async fn create(&mut self, name: &str) -> Result<(), ImapError> {
        self.simple(&format!("CREATE {}", quoted(name)), |_| ()).await?;
        match self.simple(&format!("SUBSCRIBE {}", quoted(name)), |_| ()).await {
            Err(error) if error.ends_connection() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The UIDs of the selected folder's messages, oldest first, without those marked as deleted.
    pub(super) async fn list(&mut self) -> Result<Vec<u32>, ImapError> {
        self.has_news = false;
        self.search("UID SEARCH UNDELETED").await
    }

    /// The same, of those that were stored on this day or later: by the day that the server says, in its own time zone
    /// (RFC 3501 section 6.4.4, SINCE).
    pub(super) async fn list_since(&mut self, day: Date) -> Result<Vec<u32>, ImapError> {
        self.search(&format!("UID SEARCH UNDELETED SINCE {}", day.strftime("%-d-%b-%Y"))).await
    }

    async fn search(&mut self, command: &str) -> Result<Vec<u32>, ImapError> {
        let mut uids = Vec::new();
        self.simple(command, |answer| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = answer {
                uids.extend_from_slice(found);
            }
        })
        .await?;
        uids.sort_unstable();
        Ok(uids)
    }

    /// Tells what is known of messages beside their content; of those that are gone, nothing.
    pub(super) async fn describe(&mut self, uids: &[u32], mut each: impl FnMut(Message)) -> Result<(), ImapError> {
        self.simple(&format!("UID FETCH {} (UID FLAGS RFC822.SIZE INTERNALDATE)", set(uids)), |answer| {
            if let Response::Fetch(_, attributes) = answer {
                message(attributes).into_iter().for_each(&mut each);
            }
        })
        .await
    }

    /// Marks messages as tried, those that are not yet. Whether the folder keeps that.
    pub(super) async fn mark(&mut self, messages: &[Message]) -> Result<bool, ImapError> {
        if !self.keeps_keywords {
            return Ok(false);
        }
        let unmarked = messages.iter().filter(|message| message.is_marked == Some(false));
        let uids: Vec<u32> = unmarked.map(|message| message.uid).collect();
        if uids.is_empty() {
            return Ok(true);
        }
        match self.simple(&format!("UID STORE {} +FLAGS.SILENT ({TRIED})", set(&uids)), |_| ()).await {
            Err(error) if error.ends_connection() => Err(error),
            marked => Ok(marked.is_ok()),
        }
    }

    /// Fetches whole messages, at most `max` bytes of each, without marking them as read; hands each over as
    /// soon as it is here. The server may leave out messages that are gone.
    pub(super) async fn fetch(
        &mut self,
        messages: &[Message],
        max: u64,
        mut each: impl FnMut(u32, Bytes),
    ) -> Result<(), ImapError> {
        let uids: Vec<u32> = messages.iter().map(|message| message.uid).collect();
        let largest = messages.iter().map(|message| message.size.min(max)).max().unwrap_or_default();
        let wait = self.timeout + TIME_PER_MIB * u32::try_from(largest >> 20).unwrap_or(u32::MAX);
        let partial =
            if messages.iter().any(|message| message.size > max) { format!("<0.{max}>") } else { String::new() };
        self.command(&format!("UID FETCH {} (UID BODY.PEEK[]{partial})", set(&uids)), wait, |answer| {
            let Response::Fetch(_, attributes) = answer else { return };
            let uid = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::Uid(uid) => Some(*uid),
                _ => None,
            });
            let content = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::BodySection { section: None, data: Some(data), .. } => Some(data),
                _ => None,
            });
            if let (Some(uid), Some(content)) = (uid, content)
                && uids.contains(&uid)
            {
                each(uid, Bytes::copy_from_slice(content));
            }
        })
        .await
    }

    /// Moves messages into another folder (RFC 6851), marked as read if `read`, and without the mark of
    /// [`Session::mark`] if `marked`. Where the server has no MOVE
    /// they are copied and marked as deleted, and expunged where that can be said of them alone (RFC 4315).
    pub(super) async fn move_to(
        &mut self,
        uids: &[u32],
        folder: &str,
        read: bool,
        marked: bool,
    ) -> Result<(), ImapError> {
        for uids in uids.chunks(NUMBERS) {
            let set = set(uids);
            let seen = read.then_some("+FLAGS.SILENT (\\Seen)".to_owned());
            let unmarked = (marked && self.keeps_keywords).then(|| format!("-FLAGS.SILENT ({TRIED})"));
            for change in seen.into_iter().chain(unmarked) {
                if let Err(error) = self.simple(&format!("UID STORE {set} {change}"), |_| ()).await
                    && error.ends_connection()
                {
                    return Err(error);
                }
            }
            if self.can("MOVE") {
                self.simple(&format!("UID MOVE {set} {}", quoted(folder)), |_| ()).await?;
                continue;
            }
            self.simple(&format!("UID COPY {set} {}", quoted(folder)), |_| ()).await?;
            self.simple(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), |_| ()).await?;
            if self.can("UIDPLUS") {
                self.simple(&format!("UID EXPUNGE {set}"), |_| ()).await?;
            }
        }
        Ok(())
    }

    /// Puts a mail into a folder (RFC 3501 section 6.3.11), unread.
    pub(super) async fn append(&mut self, folder: &str, mail: &[u8]) -> Result<(), ImapError> {
        let mib = u32::try_from(mail.len() >> 20).unwrap_or(u32::MAX);
        let appending = self.inner.append(folder, None, None, mail);
        match bounded(self.timeout + TIME_PER_MIB * mib, appending).await? {
            Ok(()) => Ok(()),
            Err(async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text)) => {
                Err(ImapError::refused_in("APPEND", &text))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for news of the selected folder (RFC 2177) until `end`; where the server cannot tell, or has
    /// told already, this returns at once.
    ///
    /// Returns whether it waited: without IDLE, waiting is the caller's.
    pub(super) async fn idle(&mut self, end: impl Future<Output = ()>) -> Result<bool, ImapError> {
        if !self.can("IDLE") {
            return Ok(self.has_news);
        }
        if self.has_news {
            return Ok(true);
        }
        let tag = bounded(self.timeout, self.inner.run_command("IDLE")).await??;
        let mut end = std::pin::pin!(end);
        let mut asked_to_end = false;
        loop {
            let answer = tokio::select! {
                () = &mut end, if !asked_to_end => None,
                // Dropped in between, nothing of an answer is lost: the stream keeps what it has read.
                answer = self.inner.read_response() => Some(answer?.ok_or_else(ImapError::lost)?),
                () = tokio::time::sleep(self.timeout), if asked_to_end => return Err(ImapError::Silent(self.timeout)),
            };
            if let Some(answer) = answer {
                match answer.parsed() {
                    Response::Done { tag: ended, status, outcome } if *ended == tag => {
                        return if *status == Status::Ok { Ok(true) } else { Err(ImapError::refused("IDLE", outcome)) };
                    }
                    Response::Data { status: Status::Bye, outcome } => {
                        return Err(ImapError::bye(outcome.information.as_deref()));
                    }
                    Response::MailboxData(MailboxDatum::Exists(_)) => self.has_news = true,
                    _ => {}
                }
                if !self.has_news {
                    continue;
                }
            }
            if !asked_to_end {
                asked_to_end = true;
                bounded(self.timeout, self.inner.run_command_untagged("DONE")).await??;
            }
        }
    }

    /// Says goodbye; whether that is heard does not matter.
    pub(super) async fn log_out(mut self) {
        let _ = bounded(self.timeout, self.inner.run_command("LOGOUT")).await;
    }

    async fn simple(&mut self, text: &str, each: impl FnMut(&Response<'_>)) -> Result<(), ImapError> {
        self.command(text, self.timeout, each).await
    }

    /// Sends a command and reads all that comes up to its tagged end, waiting so long for each answer.
    async fn command(
        &mut self,
        text: &str,
        wait: Duration,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), ImapError> {
        let tag = bounded(self.timeout, self.inner.run_command(text)).await??;
        loop {
            let answer = bounded(wait, self.inner.read_response()).await??.ok_or_else(ImapError::lost)?;
            match answer.parsed() {
                Response::Done { tag: ended, status, outcome } if *ended == tag => {
                    return if *status == Status::Ok { Ok(()) } else { Err(ImapError::refused(name(text), outcome)) };
                }
                Response::Data { status: Status::Bye, outcome } => {
                    return Err(ImapError::bye(outcome.information.as_deref()));
                }
                Response::MailboxData(MailboxDatum::Exists(_)) => self.has_news = true,
                other => each(other),
            }
        }
    }
}

async fn bounded<T>(time: Duration, exchange: impl Future<Output = T>) -> Result<T, ImapError> {
    tokio::time::timeout(time, exchange).await.map_err(|_| ImapError::Silent(time))
}

/// What a FETCH answer says of a message.
fn message(attributes: &[AttributeValue<'_>]) -> Option<Message> {
    let (mut uid, mut size, mut stored, mut is_marked) = (None, None, None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(bytes) => size = Some(u64::from(*bytes)),
            AttributeValue::InternalDate(date) => stored = internal_date(date),
            AttributeValue::Flags(flags) => {
                is_marked = Some(flags.iter().any(|flag| flag.eq_ignore_ascii_case(TRIED)));
            }
            _ => {}
        }
    }
    Some(Message { uid: uid?, size: size?, stored, is_marked })
}

/// RFC 3501 section 9, `date-time`: ` 3-Nov-2026 10:15:00 +0100`.
fn internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()
}

/// The command's name, for saying which one was refused.
fn name(command: &str) -> &str {
    let words = if command.starts_with("UID ") { 2 } else { 1 };
    command.match_indices(' ').nth(words - 1).map_or(command, |(end, _)| &command[..end])
}

/// A `sequence-set`, runs of numbers as ranges. `uids` is in order.
fn set(uids: &[u32]) -> String {
    let runs = uids.chunk_by(|one, next| one + 1 == *next);
    let run = |run: &[u32]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}:{last}"),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(",")
}

/// A folder's name as a `quoted` string; it is in modified UTF-7, so without control characters.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{internal_date, name, quoted, set};

    #[test]
    fn numbers_are_written_as_ranges() {
        assert_eq!(set(&[1, 2, 3, 5, 9, 10]), "1:3,5,9:10");
        assert_eq!(set(&[4_294_967_295]), "4294967295");
    }

    #[test]
    fn a_mailbox_s_date_is_read() {
        let expected = Some("2026-11-03T09:15:00Z".parse().unwrap());
        assert_eq!(internal_date(" 3-Nov-2026 10:15:00 +0100"), expected);
        assert_eq!(internal_date("03-Nov-2026 04:15:00 -0500"), expected);
        assert_eq!(internal_date("hier"), None);
    }

    #[test]
    fn a_refused_command_is_named_without_what_it_was_about() {
        assert_eq!(name("UID MOVE 1:3 \"Traités\""), "UID MOVE");
        assert_eq!(name("SELECT \"a b\""), "SELECT");
        assert_eq!(name("CAPABILITY"), "CAPABILITY");
    }

    #[test]
    fn a_folder_s_name_cannot_end_its_string() {
        assert_eq!(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    }
}
