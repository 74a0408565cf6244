//! What the readers of mailboxes are told.

use std::time::Duration;

use super::{account::MailboxAccount, connect::Connector, folders::Destination, token::Tokens};
use crate::{
    config::{self, Backend, ConfigError, ImapFolders},
    intake::Room,
    request::Address,
    text::Bilingual,
};

/// Mails of one batch at most.
const MOST_TOGETHER: usize = 50;
/// Batches that are handled side by side: two full calls that GLPI is at, and a third that is searched for and written.
const BATCHES: usize = 3;
/// Mails of all mailboxes that are handled side by side at most.
pub const MOST_AT_ONCE: usize = MOST_TOGETHER * BATCHES;

/// What the readers are told.
pub struct Settings {
    pub(super) accounts: Vec<MailboxAccount>,
    pub(super) connector: Connector,
    pub(super) folders: ImapFolders,
    /// The addresses a mail in such a mailbox was sent to: its way in has no envelope.
    pub(super) recipients: Vec<Address>,
    /// The largest mail that is fetched whole, bytes.
    pub(super) max_size: u64,
    pub(super) poll: Duration,
    /// Mails that are handled at a time.
    pub(super) parallel: usize,
    /// Mails that are fetched together, and go to GLPI together.
    pub(super) together: usize,
    /// Whether messages are marked as tried: an instance with a memory of its own alone knows by that of which messages
    /// no try of an earlier one can be under way.
    pub(super) marks: bool,
    /// So many in a row that fail are an outage.
    pub(super) outage: usize,
    /// Failures to fetch a message after which it is put aside.
    pub(super) attempts: u32,
    /// Bytes of mails in memory at a time.
    pub(super) room: Room,
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
        let accounts =
            imap.url.iter().map(|url| MailboxAccount::parse(url, password)).collect::<Result<Vec<_>, _>>()?;
        let tokens = Tokens::new(&imap.oauth)?;
        if let Some(account) = accounts.iter().find(|account| account.password.is_none() && tokens.is_none()) {
            return Err(ConfigError::setting(
                Bilingual::new(
                    format!("imap.url: {account} has no password"),
                    format!("imap.url\u{a0}: {account} n’a pas de mot de passe"),
                ),
                Bilingual::new(
                    "Give it in the address, in PASSERELLE_IMAP__PASSWORD, or set imap.oauth for signing in by token.",
                    "Donnez-le dans l’adresse, dans PASSERELLE_IMAP__PASSWORD, ou réglez imap.oauth pour une connexion par jeton.",
                ),
            )
            .about("imap.url")
            .about("imap.password")
            .about("imap.oauth"));
        }
        if let Some(place) = Destination::ALL.iter().find(|place| place.configured(&imap.folders).trim().is_empty()) {
            return Err(ConfigError::setting(
                Bilingual::new(
                    format!("imap.folders.{} is empty", place.label()),
                    format!("imap.folders.{} est vide", place.label()),
                ),
                Bilingual::new("Give the folder a name.", "Donnez un nom au dossier."),
            )
            .about(&format!("imap.folders.{}", place.label())));
        }
        let together = config.glpi.tickets_per_call.clamp(config.glpi.sessions.clamp(1, MOST_TOGETHER), MOST_TOGETHER);
        Ok(Self {
            accounts,
            connector: Connector::new(imap.ca.as_deref(), tokens, imap.timeout)?,
            folders: imap.folders.clone(),
            recipients,
            max_size: config.screen.max_size,
            poll: imap.poll,
            parallel: together * BATCHES,
            together,
            marks: config.quota.backend == Backend::Memory,
            outage: config.glpi.sessions * 2,
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
    pub fn accounts(&self) -> &[MailboxAccount] {
        &self.accounts
    }
}
