//! A mail of the gateway itself that comes back: known by its Message-ID, and read part by part, as the parts are.

use bytes::Bytes;
use memchr::memmem;

use super::{header::Header, identity::message_id, leaf::Leaf, parts::Tree, top};
use crate::request::message_id::is_of_deposit as names_a_deposit;

/// What every such Message-ID holds; most mails need not be looked at further.
const TRACE: &[u8] = b".depot.passerelle@";
/// A header is searched so far, bytes: relays add fields above.
const FARTHEST: usize = 64 * 1024;

/// Whether a mail calls itself a form that was put by.
pub(in crate::intake) fn is_of_deposit(raw: &Bytes) -> bool {
    let beginning = &raw[..raw.len().min(FARTHEST)];
    memmem::find(beginning, TRACE).is_some()
        && message_id(&Header::cut(top(raw)).0).is_some_and(|id| names_a_deposit(&id))
}

/// What each part holds, decoded, in the order of the mail.
pub(in crate::intake) fn contents(raw: &Bytes) -> Vec<Bytes> {
    let (header, body) = Header::cut(top(raw));
    let skipped = raw.len() - top(raw).len();
    let tree = Tree::cut(raw, &header, skipped + body);
    tree.root.leaves().into_iter().map(Leaf::content).collect()
}
