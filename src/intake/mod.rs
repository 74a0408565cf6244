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
    request::{Envelope, Outcome},
};

/// Handles one mail, to its end.
pub async fn mail(pipeline: &Arc<Pipeline>, envelope: Envelope, raw: Bytes) -> Outcome {
    pipeline.request(mime::mail(envelope, raw, Timestamp::now()).await).await
}
