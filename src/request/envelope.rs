//! What a mail protocol knows of a mail.

use jiff::Timestamp;

use super::{Address, Channel};

/// What the protocol says of a mail, beside the mail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The way it came.
    pub channel: Channel,
    /// The reverse-path: `Some("")` is the null sender (RFC 5321 section 4.5.5), `None` is unknown.
    pub sender: Option<String>,
    /// The recipients the relay named, those this gateway serves; empty when the way in does not say.
    pub recipients: Vec<Address>,
    /// The size of the mail as it came, bytes; larger than what is at hand when the rest was thrown away
    /// for being over the limit.
    pub size: u64,
    /// When a mailbox took it in (IMAP `INTERNALDATE`).
    pub stored: Option<Timestamp>,
    /// Whether the mailbox says that no gateway has tried it before.
    pub is_untried: bool,
}
