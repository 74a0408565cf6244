//! The mail that a report gives back, whole or its header alone (RFC 3462): of what could not be delivered.

use super::{forwarded, header::Header, unwrap::Opened};

/// As much of it as is read, bytes: its header.
const BEGINNING: usize = 64 * 1024;
/// Characters of its name.
const LONGEST_ID: usize = 1000;

/// The Message-ID of the first mail that is part of this one.
pub(super) fn message_id(opened: &Opened) -> Option<String> {
    let is_mail =
        |kind: &str| forwarded::is_mail_type(kind) || matches!(kind, "text/rfc822-headers" | "message/global-headers");
    let given_back = opened.root.leaves().into_iter().find(|leaf| is_mail(&leaf.content_type))?;
    let beginning = given_back.beginning(BEGINNING);
    Header::cut(&beginning).0.text("message-id", LONGEST_ID)
}
