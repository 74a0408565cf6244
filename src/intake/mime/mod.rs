//! MIME to `Received`: whatever the bytes are, there is a request to judge.
//!
//! One way for every mail: the top header and the tree of parts are cut out in linear time
//! (`header`, `parts`, `boundaries`), each part with what it holds (`leaf`, `transfer`); the header gives the facts
//! (`header_facts`, `dates`, `identity`); parts that wrap others are opened (`unwrap`: `cms`, `tnef`, `rtf`), and all are
//! sorted into texts and files (`texts`, `body`), with appointments and attached mails told in words (`appointment`,
//! `forwarded`); texts become sanitised HTML (`html`) with what they repeat folded away (`history`; `repeated`
//! finds it by `marks` and `attribution`) but for what the person typed inside it (`answered`). What all of it encloses is listed beside
//! (`enclosed`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use jiff::Timestamp;

mod answer_signs;
mod answered;
mod appointment;
mod attribution;
mod body;
mod boundaries;
mod charset;
mod cms;
mod colours;
mod continued;
mod dates;
mod enclosed;
mod flowed;
mod forwarded;
mod header;
mod header_facts;
mod history;
mod html;
mod identity;
mod leaf;
mod marked;
mod marks;
mod msg;
mod names;
mod own;
mod parts;
mod quoted_header;
mod repeated;
mod returned;
mod rows;
mod rtf;
#[cfg(test)]
mod samples;
mod signature;
mod split_html;
mod texts;
mod tnef;
mod transfer;
mod unwrap;
mod words;

// Texts and file names are cleaned alike whichever way they come.
pub(in crate::intake) use self::{
    charset::{is_disguise, line},
    enclosed::in_files as enclosed_in,
    names::FileNames,
    own::{contents, is_of_deposit},
};
use self::{dates::Dates, header::Header, header_facts::Mailboxes, history::Kind, identity::Identity, parts::Tree};
use crate::{
    offload,
    request::{Envelope, Mail, Origin, Received, Reference, is_forward, is_reply},
};

/// What is missing where a line of the header is no field.
const INCOMPLETE_HEADER: &str = "une ligne de l'en-tête du message, qui n'a pas pu être lue";

/// Reads a mail, a large one on a thread for blocking work.
///
/// Never fails and never panics: what cannot be read is named in [`Received::cut`].
pub async fn mail(envelope: Envelope, raw: Bytes, now: Timestamp) -> Received {
    offload::by_size(raw.len(), async move { mail_blocking(&envelope, &raw, now) }).await
}

/// Reads a mail on this thread, in time and memory proportional to its size.
pub fn mail_blocking(envelope: &Envelope, raw: &Bytes, now: Timestamp) -> Received {
    // No panic is known in the libraries underneath; a mail that finds one must not stop the others.
    let attempt = |raw: &Bytes| catch_unwind(AssertUnwindSafe(|| read(envelope, raw, now)));
    attempt(raw).unwrap_or_else(|_| {
        tracing::error!(bytes = raw.len(), "a mail could not be read; its original goes along");
        let end_of_header = catch_unwind(|| raw.len() - top(raw).len() + Header::cut(top(raw)).1);
        let header = end_of_header.map(|end| raw.slice(..end)).unwrap_or_default();
        let mut received = attempt(&header).unwrap_or_else(|_| {
            let nothing = read(envelope, &Bytes::new(), now);
            Received { reference: Reference::new("mail-content", "", raw), ..nothing }
        });
        received.cut = vec![unwrap::INCOMPLETE.to_owned()];
        received.original = Some(raw.clone());
        received.enclosed =
            std::iter::once(enclosed::in_mail(raw)).chain(enclosed::in_files(&received.attachments)).collect();
        received
    })
}

fn read(envelope: &Envelope, raw: &Bytes, now: Timestamp) -> Received {
    let (header, body_start) = Header::cut(top(raw));
    let skipped = raw.len() - top(raw).len();
    let tree = Tree::cut(raw, &header, skipped + body_start);
    let mailboxes = Mailboxes::of(&header);
    let (requester, display_name) = mailboxes.requester();
    let subject = header_facts::subject(&header);
    let Identity { reference, others, fingerprint } = Identity::of(&header, requester.as_ref(), &subject, &tree);
    let dates = Dates::of(&header, envelope, now);
    let in_itself = enclosed::in_tree(&tree);
    let opened = unwrap::open(tree);
    let calendar = appointment::of(&opened.root);
    let mut written = body::write(&opened, calendar.as_ref(), reference, kind(&header, &subject));
    if let Some(whole) = header_facts::long_subject(&header) {
        body::begin_with_subject(&mut written.body, &whole);
    }
    if header.is_incomplete() {
        written.cut.push(INCOMPLETE_HEADER.to_owned());
    }
    let report = || opened.report_class().filter(|_| !is_forward(&subject)).map(str::to_owned);
    let message_class = opened.class.clone().or_else(report);
    let returned = returned::message_id(&opened);
    let facts = Mail {
        fingerprint,
        message_class,
        returned,
        ..header_facts::mail(&header, &mailboxes, envelope.clone(), &subject)
    };
    Received {
        channel: envelope.channel,
        reference,
        aliases: others,
        arrived: dates.arrived,
        copies_since: dates.copies_since,
        requester,
        forwarder: None,
        display_name,
        origin: Origin::Mail(Mail { calendar_method: calendar.and_then(|calendar| calendar.method), ..facts }),
        subject,
        body: written.body,
        enclosed: std::iter::once(in_itself).chain(enclosed::in_files(&written.attachments)).collect(),
        attachments: written.attachments,
        cut: [opened.cut, written.cut].concat(),
        original: Some(raw.clone()),
        size: envelope.size,
    }
}

/// What a mail is to others. Every program says in one way at least what it answers: by the field, or in the subject.
fn kind(header: &Header<'_>, subject: &str) -> Kind {
    let names_another = || ["in-reply-to", "references"].iter().any(|name| header.text(name, 1000).is_some());
    if is_forward(subject) {
        Kind::Forward
    } else if is_reply(subject) || names_another() {
        Kind::Reply
    } else {
        Kind::Own
    }
}

/// A mail begins with its first field: an envelope line of an mbox file, a byte order mark or blank lines
/// above it are none.
fn top(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let mut start = 0;
    while start < raw.len() && raw[start..header::line_end(raw, start)].trim_ascii().is_empty() {
        start = header::line_end(raw, start);
    }
    let raw = &raw[start..];
    if raw.starts_with(b"From ") || raw.starts_with(b">From ") { &raw[header::line_end(raw, 0)..] } else { raw }
}
