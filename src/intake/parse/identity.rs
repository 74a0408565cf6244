//! What a mail is called: the same for every copy of it, however it came.

use sha2::{Digest, Sha256};

use super::{header::Header, parts::Tree};
use crate::request::{Address, Reference};

/// The reference of a mail, by its `Message-ID`; without one, by what the writer wrote.
///
/// Fields that relays add on the way do not count, nor do line ends: a second try gives the same name.
pub(super) fn reference(header: &Header<'_>, requester: Option<&Address>, tree: &Tree) -> Reference {
    let sender = requester.map(Address::as_str).unwrap_or_default();
    match message_id(header) {
        Some(id) => Reference::new("mail", sender, id.as_bytes()),
        None => Reference::new("mail-content", sender, &content(header, tree)),
    }
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
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for name in ["date", "subject", "from", "to"] {
        for value in header.all(name) {
            let value: Vec<&str> = value.split_ascii_whitespace().collect();
            add(name.as_bytes());
            add(value.join(" ").as_bytes());
        }
    }
    for leaf in tree.root.leaves() {
        let content = leaf.content();
        if leaf.has_carried_line_ends() {
            let unix: Vec<u8> = content.iter().copied().filter(|&byte| byte != b'\r').collect();
            add(unix.trim_ascii_end());
        } else {
            add(&content);
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Header, Reference, Tree, reference};

    fn named(mail: &str) -> Reference {
        let raw = Bytes::from(mail.to_owned());
        let copy = raw.clone();
        let (header, body) = Header::cut(&copy);
        reference(&header, None, &Tree::cut(&raw, &header, body))
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
}
