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
    request::{Channel, Envelope, Outcome, Reason, Refusal},
};

/// Handles one mail, to its end.
pub async fn mail(pipeline: &Arc<Pipeline>, mut envelope: Envelope, raw: Bytes) -> Outcome {
    if envelope.channel == Channel::HttpMail && envelope.size > raw.len() as u64 {
        // Its beginning only, for its sender to be told: it is too large for its way in, whatever the rule says.
        let Some(most) = pipeline.rules.largest() else {
            let reason = Reason::TooLarge;
            return Outcome::Refused(Refusal { reason, sentence: reason.sentence().to_owned() });
        };
        envelope.size = envelope.size.max(most.saturating_add(1));
    }
    pipeline.request(mime::mail(envelope, raw, Timestamp::now()).await).await
}
