//! What a mail is called: the same for every copy of it, however it came.

use jiff::Timestamp;
use memchr::memchr_iter;
use sha2::{Digest, Sha256};

use super::{
    header::{Header, date},
    parts::Tree,
};
use crate::{
    request::{Address, Fingerprint, Reference, without_tags},
    text::fold::words,
};

/// A clock that was never set says such a year.
const CLOCKS_BEGIN: Timestamp = Timestamp::constant(946_684_800, 0);
/// How much of each part goes into a mail's fingerprint, bytes, beside its size.
const FINGERED: usize = 64 * 1024;

/// What a mail is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The same for every copy.
    pub(super) reference: Reference,
    /// What it is called where its first name is another mail's already, in their order.
    pub(super) others: Vec<Reference>,
    /// What tells it from another mail of that name.
    pub(super) fingerprint: Option<Fingerprint>,
}

impl Identity {
    /// The identity of a mail: by its `Message-ID`; without one, by what the writer wrote.
    ///
    /// Fields that relays add on the way do not count, nor do line ends: a second try gives the same name.
    pub(super) fn of(header: &Header<'_>, requester: Option<&Address>, subject: &str, tree: &Tree) -> Self {
        let sender = requester.map(Address::as_str).unwrap_or_default();
        let Some(id) = message_id(header) else {
            let reference = Reference::new("mail-content", sender, &content(header, tree));
            return Self { reference, others: Vec::new(), fingerprint: None };
        };
        let written = header.all("date").find_map(|value| date(&value)).filter(|date| *date > CLOCKS_BEGIN);
        let fingerprint = Fingerprint::new(written, &bare(subject), &parts(tree));
        let dated = written.map(|date| Reference::new("mail-dated", sender, format!("{date} {id}").as_bytes()));
        let whole = Reference::new("mail-whole", sender, format!("{fingerprint} {id}").as_bytes());
        Self {
            reference: Reference::new("mail", sender, id.as_bytes()),
            others: dated.into_iter().chain([whole]).collect(),
            fingerprint: Some(fingerprint),
        }
    }
}

/// A subject's words without what lists and gateways put before them.
fn bare(subject: &str) -> String {
    words(without_tags(subject)).join(" ")
}

/// The topmost `Message-ID`, without the whitespace that folding may have put into it.
pub(super) fn message_id(header: &Header<'_>) -> Option<String> {
    header
        .all("message-id")
        .map(|value| value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
        // Nothing between the brackets names nothing.
        .find(|id| !id.trim_matches(['<', '>']).is_empty())
}

/// A digest of the writer's fields and of every part's content.
fn content(header: &Header<'_>, tree: &Tree) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in ["date", "subject", "from", "to"] {
        for value in header.all(name) {
            let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            for text in [name, &value] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
    }
    each_part(tree, usize::MAX, |bytes| hash.update(bytes));
    hash.finalize().into()
}

/// A digest of the parts' beginnings and sizes.
fn parts(tree: &Tree) -> [u8; 32] {
    let mut hash = Sha256::new();
    each_part(tree, FINGERED, |bytes| hash.update(bytes));
    hash.finalize().into()
}

/// Every part's length and so many bytes of its content at most, as they are whichever way the mail came.
fn each_part(tree: &Tree, most: usize, mut with: impl FnMut(&[u8])) {
    for leaf in tree.root.leaves() {
        part(&leaf.content(), leaf.has_carried_line_ends(), most, &mut with);
    }
}

/// Such a part, its content in pieces: no copy is made of it. On its way, lines may come to end otherwise, and blanks
/// be added or lost behind the last one.
fn part(content: &[u8], is_carried: bool, most: usize, mut with: impl FnMut(&[u8])) {
    let (written, returns) = if is_carried {
        let written = content.trim_ascii_end();
        (written, memchr_iter(b'\r', written).count())
    } else {
        (content, 0)
    };
    with(&((written.len() - returns) as u64).to_be_bytes());
    let mut left = most;
    for piece in written.split(|&byte| is_carried && byte == b'\r') {
        let piece = &piece[..piece.len().min(left)];
        with(piece);
        left -= piece.len();
        if left == 0 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::{super::header_facts, Header, Identity, Reference, Tree, part};

    fn identity(mail: &str) -> Identity {
        let raw = Bytes::from(mail.to_owned());
        let copy = raw.clone();
        let (header, body) = Header::cut(&copy);
        Identity::of(&header, None, &header_facts::subject(&header), &Tree::cut(&raw, &header, body))
    }

    fn named(mail: &str) -> Reference {
        identity(mail).reference
    }

    #[test]
    fn what_a_way_changes_leaves_the_fingerprint_of_one_mail() {
        let mail = "Message-ID: <a@b>\nDate: Fri, 27 Nov 2026 08:00:00 +0100\nSubject: LSU : envoi\n\ntexte\n";
        let one = identity(mail);
        let same = |other: &Identity| one.fingerprint.unwrap().is_same_mail(other.fingerprint.unwrap());
        for copy in [
            mail.replace('\n', "\r\n"),
            format!("Received: from x\nReturn-Path: <y@z>\n{mail}\n"),
            mail.replace("LSU : envoi", "[directeurs] LSU : envoi"),
            mail.replace("LSU : envoi", "[EXTERNE] LSU : envoi").replace("texte", "texte\n-- \nListe directeurs"),
            mail.replace("Subject: LSU", "Subject: =?utf-8?Q?LSU?="),
            mail.replace("Subject", "Content-Transfer-Encoding: quoted-printable\nSubject").replace("texte", "t=65xte"),
        ] {
            let copy = identity(&copy);
            assert!(same(&copy), "{copy:?}");
            assert_eq!((copy.reference, copy.others[0]), (one.reference, one.others[0]));
        }
        let next = mail.replace("08:00", "09:30").replace("texte", "autre");
        let other = identity(&next);
        assert!(!same(&other) && other.reference == one.reference && other.others != one.others);
        let undated = identity(&mail.replace("2026", "1970"));
        assert_eq!(undated.others.len(), 1);
    }

    #[test]
    fn the_message_id_names_the_mail_whatever_else_changes() {
        let one = named("Message-ID: <a.b@c>\nSubject: x\n\ntext");
        assert_eq!(one, named("Received: y\r\nMessage-Id:\r\n <a.\r\n b@c>\r\nSubject: z\r\n\r\nother"));
        assert_ne!(one, named("Message-ID: <a.c@c>\nSubject: x\n\ntext"));
    }

    #[test]
    fn without_it_the_content_does_and_the_way_does_not() {
        let mail =
            "Date: d\nFrom: f\nSubject: a\n b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b--\n";
        let one = named(mail);
        for same in [
            mail.replace('\n', "\r\n"),
            format!("Received: from x\nReturn-Path: <y@z>\nDelivered-To: q@z\n{mail}"),
            format!("Message-ID:\n{mail}\n\n"),
            format!("Message-ID: <>\n{mail}"),
            format!("Message-ID: <\t >\nMessage-ID: < >\n{mail}"),
            mail.replace("a\n b", "a b"),
        ] {
            assert_eq!(named(&same), one, "{same}");
        }
        for other in
            [mail.replace("text", "texte"), mail.replace("Date: d", "Date: e"), mail.replace("From: f", "To: f")]
        {
            assert_ne!(named(&other), one, "{other}");
        }
    }

    proptest! {
        /// As it is written down: no carriage return, no blank at the end, the length before the content.
        #[test]
        fn a_part_is_told_in_pieces_as_it_would_be_copied(
            content in vec(select(b"a\r\n \t\x0b\x0c\0".as_slice()), 0..60),
            is_carried: bool,
            most in prop_oneof![0_usize..40, Just(usize::MAX)],
        ) {
            let mut copy = content.clone();
            if is_carried {
                copy.retain(|&byte| byte != b'\r');
                copy.truncate(copy.trim_ascii_end().len());
            }
            let mut told = Vec::new();
            part(&content, is_carried, most, |bytes| told.extend_from_slice(bytes));
            let length = (copy.len() as u64).to_be_bytes();
            prop_assert_eq!(told, [&length, &copy[..copy.len().min(most)]].concat());
        }
    }
}
