//! Where requests come from; each protocol settles its message only after the pipeline has answered.
//!
//! Mails of all ways in are read and given to the pipeline here ([`TakesMail`]); forms are read by [`form`], and those
//! that come back as mails, put by while GLPI could not answer, are known again before anything else (`deposited`).

mod deposited;
pub mod form;
pub mod imap;
pub mod lmtp;
pub mod mime;
mod room;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub use self::{
    deposited::returned,
    room::{MAPPED, Room, SMALL, Taken},
};
use crate::{
    company::Company,
    flow::pipeline::Pipeline,
    request::{Channel, Envelope, Origin, Outcome},
};

/// Takes a mail to its outcome. The pipeline does; in the tests of the ways in, a double.
pub trait TakesMail: Send + Sync {
    /// Takes one mail to its end, even where whoever handed it in goes away.
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome>;

    /// The same for one of several that came together.
    fn mail_among(self: Arc<Self>, envelope: Envelope, raw: Bytes, _: Company) -> BoxFuture<'static, Outcome> {
        self.mail(envelope, raw)
    }
}

impl TakesMail for Pipeline {
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome> {
        self.mail_among(envelope, raw, Company::default())
    }

    fn mail_among(
        self: Arc<Self>,
        mut envelope: Envelope,
        raw: Bytes,
        company: Company,
    ) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            if envelope.channel == Channel::HttpMail && envelope.size > raw.len() as u64 {
                // Its beginning only, for its sender to be told: it is too large for its way in, whatever the rule says.
                let Some(most) = self.rules.largest() else {
                    let received = mime::mail(envelope, raw, Timestamp::now()).await;
                    return self.too_large(received.channel, received.reference).await;
                };
                envelope.size = envelope.size.max(most.saturating_add(1));
            }
            if let Some(outcome) = Arc::clone(&self).take_back(&envelope, &raw).await {
                return outcome;
            }
            let mut received = mime::mail(envelope, raw, Timestamp::now()).await;
            if let Origin::Mail(mail) = &mut received.origin {
                mail.company = company;
            }
            self.request(received).await
        })
    }
}
