//! Where requests come from; each protocol settles its message only after the pipeline has answered.

pub mod form;
pub mod imap;
pub mod lmtp;
pub mod mime;
mod room;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

pub use self::room::{MAPPED, Room, SMALL, Taken};
use crate::{
    flow::pipeline::Pipeline,
    request::{Address, Channel, Outcome},
};

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
}

/// Handles one mail, to its end.
pub async fn mail(pipeline: &Arc<Pipeline>, envelope: Envelope, raw: Bytes) -> Outcome {
    pipeline.request(mime::mail(envelope, raw, Timestamp::now()).await).await
}
