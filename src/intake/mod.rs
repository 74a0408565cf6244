//! Where requests come from; each protocol settles its message only after the pipeline has answered.
//!
//! Mails of all ways in are read and given to the pipeline here ([`TakesMail`]); forms are read by [`form`].

pub mod form;
pub mod imap;
pub mod lmtp;
pub mod mime;
mod room;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub use self::room::{MAPPED, Room, SMALL, Taken};
use crate::{
    flow::pipeline::Pipeline,
    request::{Envelope, Outcome},
};

/// Takes a mail to its outcome. The pipeline does; in the tests of the ways in, a double.
pub trait TakesMail: Send + Sync {
    /// Takes one mail to its end, even where whoever handed it in goes away.
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome>;
}

impl TakesMail for Pipeline {
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.request(mime::mail(envelope, raw, Timestamp::now()).await).await })
    }
}
