//! The configuration: embedded defaults, then a file, then the environment; one struct per concern.

mod error;
mod file;
mod foreign;
mod hours;
mod in_french;
mod keys;
mod load;
mod mistakes;
mod named_files;
mod origin;
mod pages;
mod print;
mod secret;
mod sections;
mod variables;
mod warning;
mod warnings;

pub use error::{ConfigError, Said};
pub use foreign::{carried, of_error, said};
pub use hours::{Hours, Span};
pub use load::{DEFAULTS, Reading, load, load_from, read, read_from, read_text};
pub use mistakes::LARGEST_BATCH;
pub use named_files::NamedFile;
pub use origin::{Origin, Setting, Settings, Shown};
pub use pages::TicketPages;
pub(crate) use pages::announcing_page;
pub use print::{defaults, effective, listing};
pub use secret::secret_text;
pub use sections::{
    Acknowledge, Announcements, Attachments, Backend, Calendar, Copies, DNS_OFF, Directory, DirectorySource, Encrypted,
    Escalation, Figures, Glpi, HOOK_STEPS, Hooks, Http, Imap, ImapFolders, ImapOauth, Knowledge, Ldap, LdapAttributes,
    Lmtp, Log, LogFormat, Mail, Mappings, Note, Notify, Original, People, Percents, Portal, PortalPages, Quarantine,
    Quota, Redis, Replies, Require, SCREENING_RULES, Screen, Sender, Shutdown, Smtp, Sweep, Teller, Theme, WhenDown,
    WhenGlpiIsDown, mailbox,
};
pub use warning::Warning;
pub use warnings::LONGEST_CREATION_CALLS;

use jiff::tz::TimeZone;
use serde::Deserialize;

/// The whole configuration. Every key is documented in `config/default.toml`, which also gives its default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who tells the requester what became of the request.
    pub acknowledge: Acknowledge,
    /// The academy's time zone.
    #[serde(deserialize_with = "sections::time_zone")]
    pub time_zone: TimeZone,
    /// Logs.
    pub log: Log,
    /// The helpdesk.
    pub glpi: Glpi,
    /// The shared cache.
    pub redis: Redis,
    /// The daily quota.
    pub quota: Quota,
    /// Mail from the relay.
    pub lmtp: Lmtp,
    /// Mail from mailboxes.
    pub imap: Imap,
    /// The API.
    pub http: Http,
    /// The reference portal's pages.
    pub portal: Portal,
    /// What is computed in the background.
    pub figures: Figures,
    /// The knowledge base.
    pub knowledge: Knowledge,
    /// Information to all directors of a zone.
    pub announcements: Announcements,
    /// Who may see and do what is not one requester's.
    pub people: People,
    /// Mail to requesters.
    pub smtp: Smtp,
    /// The applications.
    pub mappings: Mappings,
    /// Working hours.
    pub calendar: Calendar,
    /// Handing tickets on.
    pub escalation: Escalation,
    /// Looking at tickets under way.
    pub sweep: Sweep,
    /// Who tells of each step of a ticket.
    pub notify: Notify,
    /// What the portal is told of the steps of a request.
    pub hooks: Hooks,
    /// Who is a director.
    pub directory: Directory,
    /// The rules.
    pub screen: Screen,
    /// What proves that a mail is its sender's.
    pub sender: Sender,
    /// Files.
    pub attachments: Attachments,
    /// What becomes of mails' originals and of replies.
    pub mail: Mail,
    /// Mails that fail again and again.
    pub quarantine: Quarantine,
    /// Stopping.
    pub shutdown: Shutdown,
    /// Where each value came from.
    #[serde(skip)]
    pub settings: Settings,
}

impl Config {
    /// Who sends the receipt of a new ticket.
    pub fn receipts(&self) -> Acknowledge {
        self.notify.deposit.unwrap_or(self.acknowledge)
    }
}
