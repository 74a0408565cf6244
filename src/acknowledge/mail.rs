//! A text becomes a mail that no machine answers and that shows where it belongs (RFC 3834, RFC 5322).

use lettre::{
    Address as Recipient, Message,
    message::{
        Mailbox, MessageBuilder, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::texts::Text;
use crate::request::{Mail, Origin, Received, Reference};

/// What a Message-ID of the gateway ends with before the `@`: screening knows its own mails by it.
const OWN_MARK: &str = ".passerelle";
/// References named at most, and the length of one; longer chains and stranger identifiers are cut.
const REFERENCES: usize = 20;
const LONGEST_ID: usize = 250;

/// The mail that tells the requester how a request ended. The same end of the same request, which a copy may know by
/// another reference, always has the same Message-ID, so that a mail that had to be sent twice is recognised.
pub(super) fn compose(
    from: &Mailbox,
    to: Recipient,
    received: &Received,
    (reference, reason_code): (Reference, &str),
    text: Text,
) -> Result<Message, lettre::error::Error> {
    let id = own_id(from, reference, reason_code);
    let (auto_submitted, thread) = match &received.origin {
        Origin::Mail(mail) => ("auto-replied", thread(mail)),
        Origin::Form(_) => ("auto-generated", Vec::new()),
    };
    let mut builder = automatic(from, to, &text.subject, id, auto_submitted);
    if let Some(last) = thread.last() {
        builder = builder.in_reply_to(last.clone()).references(thread.join(" "));
    }
    text.into_body(builder)
}

/// The same mail where the request is not at hand: it answers none.
pub(super) fn unasked(
    from: &Mailbox,
    to: Recipient,
    reference: Reference,
    reason_code: &str,
    text: Text,
) -> Result<Message, lettre::error::Error> {
    let id = own_id(from, reference, reason_code);
    let builder = automatic(from, to, &text.subject, id, "auto-generated");
    text.into_body(builder)
}

/// A Message-ID of the gateway's own: the request, and what the mail says of it.
pub(crate) fn own_id(from: &Mailbox, reference: Reference, name: &str) -> String {
    format!("<{reference}.{name}{OWN_MARK}@{}>", from.email.domain())
}

/// The header of a mail that a program writes and none answers; `auto_submitted` as in RFC 3834 section 5.
pub(crate) fn automatic(
    from: &Mailbox,
    to: Recipient,
    subject: &str,
    id: String,
    auto_submitted: &'static str,
) -> MessageBuilder {
    // No `Precedence`: RFC 3834 section 3.1.8 recommends no value, and «bulk» sends mail to the spam folder.
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .date_now()
        .message_id(Some(id))
        .raw_header(field("Auto-Submitted", auto_submitted))
        .raw_header(field("X-Auto-Response-Suppress", "All"))
}

impl Text {
    /// The mail with these two bodies.
    pub(crate) fn into_body(self, builder: MessageBuilder) -> Result<Message, lettre::error::Error> {
        builder.multipart(MultiPart::alternative_plain_html(self.plain, self.html))
    }
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The mails before this one, the mail that is answered last (RFC 5322 section 3.6.4); empty when that mail
/// has no usable identifier.
fn thread(mail: &Mail) -> Vec<String> {
    let Some(answered) = mail.message_id.as_deref().map(str::trim).filter(|id| is_id(id)) else { return Vec::new() };
    let before = mail.fields.get("references").map(String::as_str).unwrap_or_default();
    let mut ids: Vec<String> =
        before.split_whitespace().filter(|id| is_id(id) && *id != answered).map(str::to_owned).collect();
    // Of a mail whose sender is not proven nothing goes along but what shows which one is meant.
    ids.drain(..if mail.unproven { ids.len() } else { ids.len().saturating_sub(REFERENCES) });
    ids.push(answered.to_owned());
    ids
}

/// Whether this is an identifier that can be put into a header field as it is.
fn is_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    text.len() <= LONGEST_ID
        && inner.is_some_and(|inner| {
            inner.contains('@') && inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is_id, thread};
    use crate::request::Mail;

    #[rstest]
    #[case("<1@ac-dijon.fr>", true)]
    #[case("1@ac-dijon.fr", false)]
    #[case("<1@ac-dijon.fr>\r\nBcc: x@y.fr", false)]
    #[case("<é@ac-dijon.fr>", false)]
    #[case("<a@b><c@d>", false)]
    #[case("<>", false)]
    fn only_an_identifier_is_referred_to(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_id(text), expected);
    }

    #[test]
    fn the_thread_ends_with_the_mail_that_is_answered() {
        let mut mail = Mail { message_id: Some("<3@b.fr>".into()), ..Mail::default() };
        mail.fields.insert("references".into(), "<1@b.fr>\r\n <2@b.fr> garbage <3@b.fr>".into());
        assert_eq!(thread(&mail), ["<1@b.fr>", "<2@b.fr>", "<3@b.fr>"]);
        mail.fields.insert("references".into(), "<1@b.fr> ".repeat(5000));
        assert_eq!(thread(&mail).len(), 21);
        mail.message_id = None;
        assert_eq!(thread(&mail), [""; 0]);
    }
}
