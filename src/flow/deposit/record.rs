//! What is sealed of a form: who asked, what, when and under which name, and of each file its name and its digest.

use std::collections::HashMap;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::seal::Seal;
use crate::{
    id::TicketId,
    request::{Address, Attachment, Body, Channel, FormFields, Origin, Reason, Received, Reference},
    text::{Bilingual, html_text::to_html},
};

const VERSION: u8 = 1;
/// A form that was put by longer ago is not taken any more: whoever keeps a copy of the mail cannot have it made a
/// request again for ever. Six times what Postfix keeps a mail for (`maximal_queue_lifetime`, 5 days).
const LONGEST_WAY: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The clocks of two instances may differ.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// A form that came back.
#[derive(Debug)]
pub struct Returned {
    /// It, as it was deposited; what its files enclose is not listed yet.
    pub received: Received,
    /// The request it adds to; `None`: it is one of its own.
    pub ticket: Option<TicketId>,
}

/// Why a mail that calls itself a form that was put by is opened for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unopened {
    /// It holds no record, or one that this gateway has not sealed.
    #[error("its seal is not this gateway's, or what it covers was changed")]
    Forged,
    /// A file is missing or was changed.
    #[error("a file is not the one that was sealed")]
    Altered,
    /// It was put by too long ago.
    #[error("it was put by more than {} days ago", LONGEST_WAY.as_hours() / 24)]
    TooOld,
    /// A newer version has sealed it: that one may read it.
    #[error("a newer version of the gateway has sealed it")]
    Newer,
}

impl Unopened {
    /// What it is, for who tries such a mail.
    pub fn said(self) -> Bilingual {
        let french = match self {
            Self::Forged => "son sceau n’est pas celui de cette passerelle, ou ce qu’il couvre a été changé".to_owned(),
            Self::Altered => "un fichier n’est pas celui qui a été scellé".to_owned(),
            Self::TooOld => format!("il a été mis de côté il y a plus de {} jours", LONGEST_WAY.as_hours() / 24),
            Self::Newer => "une version plus récente de la passerelle l’a scellé".to_owned(),
        };
        Bilingual::new(self, french)
    }

    /// Why such a mail is refused; `None` where it is put off, as another instance may read it.
    pub fn refusal(self) -> Option<Reason> {
        match self {
            Self::Forged | Self::Altered => Some(Reason::ForgedDeposit),
            Self::TooOld => Some(Reason::OldDeposit),
            Self::Newer => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    version: u8,
    sealed: Timestamp,
    reference: String,
    aliases: Vec<String>,
    arrived: Timestamp,
    copies_since: Timestamp,
    requester: Option<String>,
    /// The number of the request that is added to.
    ticket: Option<u64>,
    subject: String,
    text: String,
    size: u64,
    form: FormFields,
    files: Vec<FileRecord>,
}

#[derive(Serialize, Deserialize)]
struct FileRecord {
    name: String,
    content_type: String,
    sha256: String,
}

/// The only thing that every version's records have in common.
#[derive(Deserialize)]
struct Versioned {
    version: u8,
}

/// What is to be sealed of a form, or of what is added to this ticket.
pub(super) fn written(received: &Received, ticket: Option<TicketId>, now: Timestamp) -> serde_json::Result<Vec<u8>> {
    let form = match &received.origin {
        Origin::Form(form) => form.clone(),
        Origin::Mail(_) => FormFields::default(),
    };
    let file = |file: &Attachment| FileRecord {
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        sha256: digest(&file.content),
    };
    serde_json::to_vec(&Record {
        version: VERSION,
        sealed: now,
        reference: received.reference.to_string(),
        aliases: received.aliases.iter().map(ToString::to_string).collect(),
        arrived: received.arrived,
        copies_since: received.copies_since,
        requester: received.requester.as_ref().map(ToString::to_string),
        ticket: ticket.map(TicketId::get),
        subject: received.subject.clone(),
        text: received.body.text.clone(),
        size: received.size,
        form,
        files: received.attachments.iter().map(file).collect(),
    })
}

/// Reads a form again from a mail's parts, in whatever order they came: a relay may have added some.
pub(super) fn opened(seal: &Seal, parts: &[Bytes], now: Timestamp) -> Result<Returned, Unopened> {
    let record = parts.iter().filter(|part| Seal::is_sealed(part)).find_map(|part| seal.opened(part));
    let record = record.ok_or(Unopened::Forged)?;
    // What is sealed was written by this gateway, or by a later one.
    let version = serde_json::from_slice::<Versioned>(record).map_err(|_| Unopened::Forged)?.version;
    if version > VERSION {
        return Err(Unopened::Newer);
    }
    let record = serde_json::from_slice::<Record>(record).map_err(|_| Unopened::Forged)?;
    let age = now.duration_since(record.sealed);
    if age > LONGEST_WAY {
        return Err(Unopened::TooOld);
    }
    if age < -CLOCK_MARGIN {
        return Err(Unopened::Forged);
    }
    received(record, parts)
}

fn received(record: Record, parts: &[Bytes]) -> Result<Returned, Unopened> {
    let contents: HashMap<String, &Bytes> =
        if record.files.is_empty() { HashMap::new() } else { parts.iter().map(|part| (digest(part), part)).collect() };
    let file = |file: FileRecord| {
        let content = match contents.get(&file.sha256) {
            Some(content) => Bytes::clone(content),
            // A part without content may be lost on the way.
            None if file.sha256 == digest(b"") => Bytes::new(),
            None => return Err(Unopened::Altered),
        };
        Ok(Attachment { name: file.name, content_type: file.content_type, content, inline_tag: None })
    };
    let attachments = record.files.into_iter().map(file).collect::<Result<_, _>>()?;
    let reference = |text: &String| Reference::parse(text).ok_or(Unopened::Forged);
    let requester = match record.requester {
        Some(requester) => Some(Address::parse(&requester).ok_or(Unopened::Forged)?),
        None => None,
    };
    let received = Received {
        channel: Channel::Returned,
        reference: reference(&record.reference)?,
        aliases: record.aliases.iter().map(reference).collect::<Result<_, _>>()?,
        arrived: record.arrived,
        copies_since: record.copies_since,
        requester,
        forwarder: None,
        display_name: None,
        subject: record.subject,
        body: Body { html: to_html(&record.text), folded_html: None, text: record.text },
        attachments,
        cut: Vec::new(),
        original: None,
        enclosed: Vec::new(),
        size: record.size,
        origin: Origin::Form(record.form),
    };
    Ok(Returned { received, ticket: record.ticket.map(TicketId::new) })
}

fn digest(content: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::{Timestamp, ToSpan as _};
    use proptest::prelude::*;

    use super::{LONGEST_WAY, Seal, Unopened, opened, written};
    use crate::{
        id::TicketId,
        request::{Address, Attachment, Body, Channel, FormFields, Origin, Received, Reference, TicketKind},
        text::html_text::to_html,
    };

    fn seal() -> Seal {
        Seal::new(b"key".to_vec().into())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_764_227_000 + second).unwrap()
    }

    fn form(text: &str, files: Vec<(String, Vec<u8>)>) -> Received {
        let reference = |name: &str| Reference::new("form", "x", name.as_bytes());
        let attachment = |(name, content): (String, Vec<u8>)| Attachment {
            name,
            content_type: "text/plain".to_owned(),
            content: content.into(),
            inline_tag: None,
        };
        Received {
            channel: Channel::Form,
            reference: reference("this"),
            aliases: vec![reference("one"), reference("other")],
            arrived: at(0),
            copies_since: at(-660),
            requester: Address::parse("ce.0210001a@ac-dijon.fr"),
            forwarder: None,
            display_name: None,
            subject: "Accès à l’élève 😀".to_owned(),
            body: Body { html: to_html(text), folded_html: None, text: text.to_owned() },
            attachments: files.into_iter().map(attachment).collect(),
            cut: Vec::new(),
            original: None,
            enclosed: Vec::new(),
            size: 4321,
            origin: Origin::Form(FormFields {
                application: Some("LSU".to_owned()),
                kind: Some(TicketKind::Request),
                urgency: Some(4),
                ..FormFields::default()
            }),
        }
    }

    fn parts(received: &Received, ticket: Option<TicketId>) -> Vec<Bytes> {
        let record = seal().sealed(&written(received, ticket, at(1)).unwrap());
        let files = received.attachments.iter().map(|file| file.content.clone());
        [Bytes::from_static(b"words"), record.into()].into_iter().chain(files).collect()
    }

    proptest! {
        #[test]
        fn a_form_comes_back_as_it_was(
            text: String,
            names in prop::collection::vec("[^/\\p{C}]{1,20}", 0..4),
            content: Vec<u8>,
            ticket in prop::option::of(1_u64..1_000_000),
        ) {
            let files = names.into_iter().enumerate().map(|(at, name)| (name, [&content[..], &[u8::try_from(at).unwrap()]].concat()));
            let sent = form(&text, files.collect());
            let ticket = ticket.map(TicketId::new);
            let mut parts = parts(&sent, ticket);
            parts.reverse();
            let back = opened(&seal(), &parts, at(3600)).unwrap();
            prop_assert_eq!(back.ticket, ticket);
            let expected = Received { channel: Channel::Returned, ..sent };
            prop_assert_eq!(format!("{:?}", back.received), format!("{expected:?}"));
            prop_assert_eq!(back.received.attachments, expected.attachments);
        }
    }

    #[test]
    fn what_is_not_as_it_was_sealed_is_opened_for_nobody() {
        let sent = form("Bonjour", vec![("a.txt".to_owned(), b"un".to_vec()), ("vide".to_owned(), Vec::new())]);
        let whole = parts(&sent, None);
        let open = |parts: &[Bytes], now| opened(&seal(), parts, now).map(|back| back.received.reference);
        assert_eq!(open(&whole, at(5)), Ok(sent.reference));
        assert_eq!(open(&whole[..3], at(5)), Ok(sent.reference), "a file without content may be lost");
        assert_eq!(open(&whole[..2], at(5)), Err(Unopened::Altered));
        let changed: Vec<Bytes> = [&whole[..2], &[Bytes::from_static(b"deux")]].concat();
        assert_eq!(open(&changed, at(5)), Err(Unopened::Altered));
        assert_eq!(open(&whole[2..], at(5)), Err(Unopened::Forged));
        assert_eq!(open(&[], at(5)), Err(Unopened::Forged));
        let other = String::from_utf8(whole[1].to_vec()).unwrap().replace("0210001a", "0210002b");
        assert_eq!(open(&[other.into()], at(5)), Err(Unopened::Forged));
        assert_eq!(open(&whole, at(1) + LONGEST_WAY), Ok(sent.reference));
        assert_eq!(open(&whole, at(2) + LONGEST_WAY), Err(Unopened::TooOld));
        assert_eq!(open(&whole, at(0) - 2.hours()), Err(Unopened::Forged), "it was sealed in the future");
        let newer = seal().sealed(br#"{"version":2,"what":"else"}"#);
        assert_eq!(open(&[newer.into()], at(5)), Err(Unopened::Newer));
    }
}
