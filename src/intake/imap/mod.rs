//! The assistance mailboxes, over IMAP, for academies whose relay hands nothing over.
//!
//! RFC 3501 with UIDs only, and IDLE (2177), MOVE (6851), UIDPLUS (4315) where the server has them. From the
//! inside out: `session` is the commands, `connect` signs in (`account`, `token`), `folders` is where settled
//! messages go, `memory` is what is known of messages between two looks, `mailbox` fetches what is due in batches,
//! has it handled side by side and moves it, `reader` is a mailbox's life: connect, catch up, wait for news.
//!
//! A message stays as it is, unread, until its outcome is final; only then is it moved. So the mailbox is the
//! queue: whatever breaks in between, the message is found again, and its reference tells whether it has its
//! ticket. Of several instances, the one that holds a mailbox's lease reads it.

mod account;
mod connect;
mod error;
mod folders;
mod mailbox;
mod memory;
mod reader;
mod session;
mod token;

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use self::{account::Account, error::ImapError};
use self::{connect::Connector, folders::Destination, mailbox::Mailbox, token::Tokens};
use super::Room;
use crate::{
    config::{self, ConfigError, ImapFolders},
    flow::pipeline::Pipeline,
    request::Address,
};

/// Mailboxes that are connected, 1 or 0 each.
const CONNECTED: &str = "passerelle_imap_connected";
/// Connections that broke or could not be made.
const FAILURES: &str = "passerelle_imap_failures_total";
/// Messages put into a folder.
const MOVED: &str = "passerelle_imap_moved_total";
/// Messages that lie in the mailbox and wait.
const WAITING: &str = "passerelle_imap_waiting";

/// The pause before a reader that broke down begins anew.
const BEGIN_ANEW: Duration = Duration::from_mins(1);

/// What the readers are told.
pub struct Settings {
    accounts: Vec<Account>,
    connector: Connector,
    folders: ImapFolders,
    /// The addresses a mail in such a mailbox was sent to: its way in has no envelope.
    recipients: Vec<Address>,
    /// The largest mail that is fetched whole, bytes.
    max_size: u64,
    poll: Duration,
    /// Mails that are handled at a time.
    parallel: usize,
    /// Failures to fetch a message after which it is put aside.
    attempts: u32,
    /// Bytes of mails in memory at a time.
    room: Room,
}

impl Settings {
    /// The settings of a configuration whose mails are for `recipients`.
    ///
    /// # Errors
    ///
    /// Names the address or the file that cannot be used.
    pub fn new(config: &config::Config, recipients: Vec<Address>) -> Result<Self, ConfigError> {
        let imap = &config.imap;
        let password = imap.password.as_ref();
        let accounts = imap.url.iter().map(|url| Account::parse(url, password)).collect::<Result<Vec<_>, _>>()?;
        let tokens = Tokens::new(&imap.oauth)?;
        if let Some(account) = accounts.iter().find(|account| account.password.is_none() && tokens.is_none()) {
            return Err(ConfigError::setting(
                format!("imap.url: {account} has no password"),
                "Give it in the address, in PASSERELLE_IMAP__PASSWORD, or set imap.oauth for signing in by token.",
            ));
        }
        if let Some(place) = Destination::ALL.iter().find(|place| place.configured(&imap.folders).trim().is_empty()) {
            return Err(ConfigError::setting(
                format!("imap.folders.{} is empty", place.label()),
                "Give the folder a name.",
            ));
        }
        Ok(Self {
            accounts,
            connector: Connector::new(imap.ca.as_deref(), tokens, imap.timeout)?,
            folders: imap.folders.clone(),
            recipients,
            max_size: config.screen.max_size,
            poll: imap.poll,
            // One in GLPI, one on its way there.
            parallel: config.glpi.sessions * 2,
            attempts: config.quarantine.attempts,
            room: Room::for_requests(config.screen.max_size),
        })
    }

    /// The settings of readers whose mails are in memory within this room, which other ways in share.
    #[must_use]
    pub fn within(self, room: Room) -> Self {
        Self { room, ..self }
    }

    /// The mailboxes.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}

/// Reads every mailbox until `stop`, then waits for what is under way, and moves what is settled. How long
/// that may take is up to the caller: whatever is cut off is found again in its mailbox.
pub async fn serve(settings: Settings, pipeline: Arc<Pipeline>, stop: CancellationToken) {
    describe_metrics();
    let settings = Arc::new(settings);
    let places = Arc::new(Semaphore::new(settings.parallel));
    let readers = settings.accounts.iter().map(|account| {
        let span = tracing::info_span!("imap", mailbox = %account);
        let mailbox = {
            let (account, settings, pipeline) = (account.clone(), settings.clone(), pipeline.clone());
            let places = places.clone();
            move || Mailbox::new(account.clone(), settings.clone(), pipeline.clone(), places.clone())
        };
        read_on(mailbox, stop.clone()).instrument(span)
    });
    futures_util::future::join_all(readers).await;
}

/// Reads a mailbox until `stop`, beginning anew where that breaks down: one mailbox must not stop for a defect.
async fn read_on(mailbox: impl Fn() -> Mailbox, stop: CancellationToken) {
    while let Err(error) = tokio::spawn(reader::read(mailbox(), stop.clone()).in_current_span()).await {
        tracing::error!(panic = error.is_panic(), "reading a mailbox broke down; it begins anew");
        if stop.run_until_cancelled(tokio::time::sleep(BEGIN_ANEW)).await.is_none() {
            return;
        }
    }
}

/// Signs in to a mailbox and looks for its folders, changing nothing; gives how many messages wait and which
/// folders are missing.
///
/// # Errors
///
/// What the server or the way to it said.
pub async fn probe(settings: &Settings, account: &Account) -> Result<(usize, Vec<String>), ImapError> {
    let mut session = settings.connector.connect(account).await?;
    let folder = folders::to_read(&mut session, &account.folder).await?;
    session.select(&folder).await?;
    let waiting = session.list().await?.len();
    let mut missing = Vec::new();
    for place in Destination::ALL {
        let name = place.configured(&settings.folders);
        if folders::find(&mut session, name).await?.is_err() {
            missing.push(name.to_owned());
        }
    }
    session.log_out().await;
    Ok((waiting, missing))
}

fn describe_metrics() {
    metrics::describe_gauge!(CONNECTED, "whether a mailbox is connected");
    metrics::describe_counter!(FAILURES, "connections to a mailbox that broke or could not be made");
    metrics::describe_counter!(MOVED, "messages moved, by the folder they went to");
    metrics::describe_gauge!(WAITING, "messages that lie in a mailbox and wait");
}
