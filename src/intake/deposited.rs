//! Forms that come back: mails of the gateway itself, which say by their Message-ID what they are. Only their seal is
//! believed, and nothing else of the mail around it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::mime;
use crate::{
    flow::{
        deposit::{Deposits, Returned, Unopened},
        pipeline::Pipeline,
    },
    offload,
    request::{Envelope, Outcome},
};

/// The form that this mail put by, or why it is opened for nobody who takes it in at that moment; `None` where it does not
/// call itself one.
pub async fn returned(deposits: &Arc<Deposits>, raw: &Bytes, at: Timestamp) -> Option<Result<Returned, Unopened>> {
    if mime::is_of_deposit(raw) { Some(opened(deposits, raw, at).await) } else { None }
}

async fn opened(deposits: &Arc<Deposits>, raw: &Bytes, at: Timestamp) -> Result<Returned, Unopened> {
    let (deposits, mail) = (Arc::clone(deposits), raw.clone());
    let opening = async move {
        let mut returned = deposits.open(&mime::contents(&mail), at)?;
        returned.received.enclosed = mime::enclosed_in(&returned.received.attachments);
        Ok(returned)
    };
    offload::by_size(raw.len(), opening).await
}

impl Pipeline {
    /// Takes a mail that calls itself a form that was put by to its end, as the form it is, if it is one; `None` for any
    /// other mail.
    pub(super) async fn take_back(self: Arc<Self>, envelope: &Envelope, raw: &Bytes) -> Option<Outcome> {
        if !mime::is_of_deposit(raw) {
            return None;
        }
        if envelope.size > raw.len() as u64 {
            return Some(self.cut_off(envelope.channel, raw).await);
        }
        Some(match opened(&self.deposits, raw, Timestamp::now()).await {
            Ok(returned) => self.returned(returned, envelope.channel, raw.clone()).await,
            Err(why) => self.unopened(why, envelope.channel, raw).await,
        })
    }
}
