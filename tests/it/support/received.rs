//! A mail as the gateway reads it from the relay.

use bytes::Bytes;
use jiff::Timestamp;
use passerelle::{
    intake::mime,
    request::{Channel, Envelope, Received},
};

/// What the relay says of a mail of this size: no more.
pub(crate) fn envelope(size: usize) -> Envelope {
    Envelope {
        channel: Channel::Lmtp,
        sender: None,
        recipients: Vec::new(),
        size: size as u64,
        stored: None,
        is_untried: false,
    }
}

/// Reads a mail that came in at this moment.
pub(crate) fn received(raw: impl Into<Bytes>, now: Timestamp) -> Received {
    let raw = raw.into();
    mime::mail_blocking(&envelope(raw.len()), &raw, now)
}
