//! Header fields: cut out in one pass, unfolded, read with mail-parser's field parsers.
//!
//! mail-parser's own message parser is not used on whole mails: it has no limits. Nested messages recurse
//! until the stack overflows, unclosed multiparts cost the square of the size, and a 30 MiB mail can be
//! made of six million parts. So fields and parts are cut out here and in [`super::parts`], in linear
//! time and bounded numbers, and the library reads what they hold.

use std::borrow::Cow;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use mail_parser::{ContentType, HeaderValue, parsers::MessageStream};

use super::{charset, continued, words};

/// How much of a field is told to the rules and to GLPI as it stands, in [`Mail::fields`](crate::request::Mail).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing: intake itself reads it.
    No,
    /// The topmost one: the others are of earlier hops, or should not be there.
    Topmost,
    /// Every occurrence.
    All,
    /// Every occurrence; of a long one the end, where the newest stands.
    End,
}

/// The fields that are read; others are skipped where they stand.
pub(super) const READ: &[(&str, Told)] = &[
    ("authentication-results", Told::Topmost),
    ("auto-submitted", Told::All),
    ("cc", Told::No),
    ("content-disposition", Told::No),
    ("content-id", Told::No),
    ("content-transfer-encoding", Told::No),
    ("content-type", Told::Topmost),
    ("date", Told::Topmost),
    ("from", Told::No),
    ("in-reply-to", Told::All),
    ("list-help", Told::All),
    ("list-id", Told::All),
    ("list-owner", Told::All),
    ("list-post", Told::All),
    ("list-unsubscribe", Told::All),
    ("message-id", Told::No),
    ("precedence", Told::All),
    ("received", Told::No),
    ("references", Told::End),
    ("reply-to", Told::No),
    ("return-path", Told::Topmost),
    ("subject", Told::No),
    ("to", Told::No),
    ("x-auto-response-suppress", Told::All),
    ("x-autoreply", Told::All),
    ("x-autorespond", Told::All),
    ("x-failed-recipients", Told::All),
    ("x-priority", Told::All),
];

/// How many fields of a header are kept, and how much of each, bytes. Some of the library's field parsers
/// cost the square of their input.
const MAX_FIELDS: usize = 200;
const MAX_VALUE: usize = 16 * 1024;
/// `Content-Type` and `Content-Disposition` are read once per part.
const MAX_PARAMETERS: usize = 3 * 1024;

/// The fields of one header that this gateway reads, in their order.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    fields: Vec<(&'static str, &'a [u8])>,
    /// Whether a line within it was skipped.
    is_incomplete: bool,
}

/// A mailbox as written in an address field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) name: Option<String>,
    pub(super) address: String,
}

impl<'a> Header<'a> {
    /// Cuts the header off the front of `entity` and tells where the body begins.
    ///
    /// An entity that does not begin with a field has no header: it is all body. A later line that is neither a field
    /// nor goes on with one ends the header and begins the body, as for Postfix, so that no text is lost where the
    /// empty line is missing or holds blanks. Only where a well-known field follows directly it is what a badly folded
    /// field leaves, and is skipped; what it said is missing then.
    pub(super) fn cut(entity: &'a [u8]) -> (Self, usize) {
        let mut header = Self::default();
        let mut open: Option<usize> = None;
        let mut at = 0;
        let mut begun = false;
        while at < entity.len() {
            let end = line_end(entity, at);
            let line = trim_line_break(&entity[at..end]);
            if line.is_empty() {
                return (header, end);
            }
            let is_blank = line.trim_ascii().is_empty();
            if is_blank && begun && !begins_known_field(&entity[end..]) {
                return (header, end);
            }
            if matches!(line[0], b' ' | b'\t') {
                if !begun {
                    return (header, 0);
                }
                if let Some((_, value)) = open.and_then(|field| header.fields.get_mut(field)) {
                    let from = value.as_ptr().addr() - entity.as_ptr().addr();
                    *value = &entity[from..at + line.len()];
                }
            } else if let Some(colon) = field_name_end(line) {
                begun = true;
                let name = line[..colon].trim_ascii_end();
                let read = READ.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
                open = read.filter(|_| header.fields.len() < MAX_FIELDS).map(|(known, _)| {
                    header.fields.push((known, &entity[at + colon + 1..at + line.len()]));
                    header.fields.len() - 1
                });
            } else if !begun {
                return (header, 0);
            } else if begins_known_field(&entity[end..]) {
                header.is_incomplete = true;
                open = None;
            } else {
                return (header, at);
            }
            at = end;
        }
        (header, entity.len())
    }

    /// Whether what a line of it said is missing.
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// The raw values of a field, topmost first, unfolded and in Unicode, encoded words as they are.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        let name = name.to_owned();
        self.fields.iter().filter(move |(known, _)| *known == name).map(|(_, value)| unfold(value, MAX_VALUE))
    }

    /// The topmost value of a field, unfolded and as it stands; `None` where it is longer than what is read.
    pub(super) fn whole(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.fields.iter().find(|(known, _)| *known == name)?;
        (value.len() <= MAX_VALUE).then(|| unfold(value, MAX_VALUE))
    }

    /// The topmost value of a field that is not empty, encoded words decoded (RFC 2047), on one line of
    /// at most `max` characters.
    pub(super) fn text(&self, name: &str, max: usize) -> Option<String> {
        self.all(name).map(|value| charset::line(&words::decode(&value), max)).find(|value| !value.is_empty())
    }

    /// Every mailbox in the fields of this name; entries without `@` are no mailbox.
    pub(super) fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        self.all(name).flat_map(|value| mailboxes(&value)).collect()
    }

    /// An extended file name, also in several pieces, which [`Self::parameters`] would not read well.
    pub(super) fn continued_parameter(&self, name: &str, parameter: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(known, _)| *known == name)?;
        continued::parameter(&unfold(value, MAX_PARAMETERS), parameter)
    }

    /// The media type or disposition with its parameters (RFC 2045, 2231), the type in lower case.
    pub(super) fn parameters(&self, name: &str) -> Option<ContentType<'static>> {
        let (_, value) = self.fields.iter().find(|(known, _)| *known == name)?;
        let line = format!("{}\n", words::safe(&unfold(value, MAX_PARAMETERS)));
        match MessageStream::new(line.as_bytes()).parse_content_type().into_owned() {
            HeaderValue::ContentType(parameters) => Some(parameters),
            _ => None,
        }
    }
}

/// Reads a date (RFC 5322 section 3.3, obsolete forms and comments included); `None` when it is none.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    // Not mail-parser's reader: it takes any three letters for a month.
    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    PARSER.parse_timestamp(value.trim()).ok()
}

/// Where the next line begins.
pub(super) fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| from + at + 1)
}

/// A line without its CRLF or LF.
pub(super) fn trim_line_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Where the colon of a field is, if the line begins one (RFC 5322 section 2.2; blanks before the colon
/// are the obsolete form).
fn field_name_end(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte))).then_some(colon)
}

/// Whether a header goes on here: with a field that mails have, not with a sentence like «Bonjour : …».
fn begins_known_field(entity: &[u8]) -> bool {
    const OTHERS: &[&str] =
        &["mime-version", "return-path", "delivered-to", "sender", "user-agent", "organization", "bcc"];
    const FAMILIES: &[&str] = &["x-", "list-", "content-", "arc-", "dkim-", "resent-", "thread-", "received-"];
    let line = trim_line_break(&entity[..line_end(entity, 0)]);
    let Some(end) = field_name_end(line) else { return false };
    let name = String::from_utf8_lossy(line[..end].trim_ascii_end()).to_ascii_lowercase();
    READ.iter().any(|(known, _)| *known == name)
        || OTHERS.contains(&name.as_str())
        || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The first `max` bytes of a value as one line of text.
fn unfold(value: &[u8], max: usize) -> Cow<'_, str> {
    let value = value[..value.len().min(max)].trim_ascii();
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        let line: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        Cow::Owned(charset::guess(&line).into_owned())
    } else {
        charset::guess(value)
    }
}

/// Reads the mailboxes of an address field's value.
fn mailboxes(value: &str) -> Vec<Mailbox> {
    if let Some(mailbox) = without_brackets(value) {
        return vec![mailbox];
    }
    let line = format!("{}\n", words::safe(value));
    let HeaderValue::Address(addresses) = MessageStream::new(line.as_bytes()).parse_address() else {
        return Vec::new();
    };
    let mailbox = |entry: &mail_parser::Addr<'_>| {
        let address = entry.address.as_deref()?.trim();
        address
            .contains('@')
            .then(|| Mailbox { name: entry.name.as_deref().map(str::to_owned), address: address.to_owned() })
    };
    addresses.iter().filter_map(mailbox).collect()
}

/// «Jeanne Martin jeanne@ac-dijon.fr»: the brackets were forgotten. One address and no other, at the end, and nothing
/// that could be read in another way.
fn without_brackets(value: &str) -> Option<Mailbox> {
    let value = value.trim();
    let (name, address) = value.rsplit_once([' ', '\t'])?;
    let name = charset::line(&words::decode(name), MAX_VALUE);
    let is_plain = !value.contains(['<', '>', '"', ',', ';', ':', '(', ')', '[', ']', '\\']);
    let is_only = !name.is_empty() && !name.contains(['@', '<', '>', '＠', '﹫']) && address.matches('@').count() == 1;
    let is_address = !address.starts_with('@') && !address.ends_with('@') && !address.contains(['=', '?']);
    (is_plain && is_only && is_address).then(|| Mailbox { name: Some(name), address: address.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Header, Mailbox, Timestamp, date, mailboxes};

    fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
        Mailbox { name: name.map(str::to_owned), address: address.to_owned() }
    }

    #[test]
    fn fields_are_cut_out_and_unfolded() {
        let mail = b"Received: a\r\n\tb; c\r\nSUBJECT : Objet\r\n  suite\r\nbad line\r\nX-Other: 1\r\n folded\r\nFrom: x\r\n\r\nbody";
        let (header, body) = Header::cut(mail);
        assert_eq!(&mail[body..], b"body");
        assert_eq!(header.text("subject", 250).unwrap(), "Objet suite");
        assert_eq!(header.all("received").collect::<Vec<_>>(), ["a\tb; c"]);
        assert_eq!(header.text("from", 250).unwrap(), "x");
        assert_eq!(header.text("to", 250), None);
    }

    #[test]
    fn what_does_not_begin_with_a_field_is_all_body() {
        for entity in [&b"Bonjour,\n\nFrom: x"[..], b" folded: no\n", b"\nFrom: x\n", b""] {
            let (header, body) = Header::cut(entity);
            assert_eq!(header.text("from", 9), None);
            assert!(body <= 1);
        }
    }

    #[test]
    fn a_line_that_is_no_field_ends_the_header_and_is_not_lost() {
        for (mail, expected, is_incomplete) in [
            ("Subject: x\nFrom: y\n \nBonjour\nfin", "Bonjour\nfin", false),
            (
                "Subject: x\nFrom: y\n\t \n--b\nContent-Type: text/plain\n\na",
                "--b\nContent-Type: text/plain\n\na",
                false,
            ),
            ("Subject: x\nFrom: y\nBonjour,\n\nfin", "Bonjour,\n\nfin", false),
            ("Subject: x\nFrom: y\n \nBonjour : voici\n\nfin", "Bonjour : voici\n\nfin", false),
            ("Subject: x\n \nFrom: y\n\nfin", "fin", false),
            ("Subject: x\nmal plié\nFrom: y\n\nfin", "fin", true),
        ] {
            for mail in [mail.to_owned(), mail.replace('\n', "\r\n")] {
                let (header, body) = Header::cut(mail.as_bytes());
                assert_eq!(mail[body..].replace("\r\n", "\n"), expected, "{mail}");
                assert_eq!(header.text("from", 9).as_deref(), Some("y"), "{mail}");
                assert_eq!(header.is_incomplete(), is_incomplete, "{mail}");
            }
        }
    }

    #[test]
    fn an_address_without_brackets_is_one_only_where_nothing_else_may_be_meant() {
        for value in [
            "chef@ac.fr pirate@ailleurs.fr",
            "Chef, pirate@ailleurs.fr",
            "=?utf-8?Q?chef=40ac.fr?= pirate@ailleurs.fr",
            "Jeanne jeanne@ac.fr@ailleurs.fr",
            "Jeanne =?utf-8?Q?jeanne=40ac.fr?=",
            "Chef : pirate@ailleurs.fr",
        ] {
            assert_eq!(super::without_brackets(value), None, "{value}");
        }
    }

    #[test]
    fn a_header_without_body_is_read_to_its_end() {
        let (header, body) = Header::cut(b"Subject: x\nFrom: y");
        assert_eq!((header.text("from", 9).as_deref(), body), (Some("y"), 18));
    }

    #[test]
    fn mailboxes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("jeanne@ac.fr", vec![mailbox(None, "jeanne@ac.fr")]),
            ("<jeanne@ac.fr>", vec![mailbox(None, "jeanne@ac.fr")]),
            ("Jeanne MARTIN <jeanne@ac.fr>", vec![mailbox(Some("Jeanne MARTIN"), "jeanne@ac.fr")]),
            ("\"Martin, Jeanne\" <jeanne@ac.fr>", vec![mailbox(Some("Martin, Jeanne"), "jeanne@ac.fr")]),
            ("Martin, Jeanne <jeanne@ac.fr>", vec![mailbox(Some("Jeanne"), "jeanne@ac.fr")]),
            ("=?utf-8?Q?H=C3=A9l=C3=A8ne?= <h@ac.fr>", vec![mailbox(Some("Hélène"), "h@ac.fr")]),
            ("\"=?utf-8?Q?H=C3=A9l=C3=A8ne?=\" <h@ac.fr>", vec![mailbox(Some("Hélène"), "h@ac.fr")]),
            ("jeanne@ac.fr (Jeanne Martin)", vec![mailbox(Some("Jeanne Martin"), "jeanne@ac.fr")]),
            ("a@ac.fr, B <b@ac.fr>", vec![mailbox(None, "a@ac.fr"), mailbox(Some("B"), "b@ac.fr")]),
            ("École: a@ac.fr, b@ac.fr;", vec![mailbox(None, "a@ac.fr"), mailbox(None, "b@ac.fr")]),
            ("undisclosed-recipients:;", vec![]),
            ("chef@ac.fr <pirate@ailleurs.fr>", vec![mailbox(Some("chef@ac.fr"), "pirate@ailleurs.fr")]),
            ("\"chef@ac.fr\" <pirate@ailleurs.fr>", vec![mailbox(Some("chef@ac.fr"), "pirate@ailleurs.fr")]),
            ("\"<chef@ac.fr>\" <pirate@ailleurs.fr>", vec![mailbox(Some("<chef@ac.fr>"), "pirate@ailleurs.fr")]),
            ("Jeanne Martin jeanne@ac.fr", vec![mailbox(Some("Jeanne Martin"), "jeanne@ac.fr")]),
            ("=?utf-8?Q?H=C3=A9l=C3=A8ne?= h@ac.fr", vec![mailbox(Some("Hélène"), "h@ac.fr")]),
            ("", vec![]),
        ] {
            assert_eq!(mailboxes(text), expected, "{text}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let header = "Content-Disposition: attachment;\r\n filename*0*=utf-8''r%C3%A9sultats;\r\n filename*1=\".pdf\"\r\n\
            Content-Type: Application/PDF; name=\"=?utf-8?Q?r=C3=A9s?=\r\n =?utf-8?Q?ultats.pdf?=\"\r\n\r\n";
        let (header, _) = Header::cut(header.as_bytes());
        let disposition = header.parameters("content-disposition").unwrap();
        assert_eq!(disposition.attribute("filename"), Some("résultats.pdf"));
        let media = header.parameters("content-type").unwrap();
        assert_eq!((media.ctype(), media.subtype()), ("application", Some("pdf")));
        assert_eq!(media.attribute("name"), Some("résultats.pdf"));
    }

    #[test]
    fn dates_are_read_and_garbage_is_not() {
        let expected: Timestamp = "2026-11-03T09:15:00Z".parse().unwrap();
        for text in [
            "Tue, 3 Nov 2026 10:15:00 +0100",
            "Tue, 03 Nov 2026 10:15:00 +0100 (CET)",
            "3 Nov 2026 09:15:00 GMT",
            "Tue, 3 Nov 26 04:15:00 EST",
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
        for text in ["", "hier", "Tue, 3 Foo 2026 10:15:00 +0100", "99 Nov 2026 99:99:99 +0000", "2026"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_fail(value in "(?s).{0,200}") {
            let field = |name: &str| format!("{name}: {value}\n\nbody");
            for name in ["from", "content-type", "subject", "date"] {
                let mail = field(name);
                let (header, _) = Header::cut(mail.as_bytes());
                let _ = header.mailboxes(name);
                let _ = header.parameters(name);
                let _ = header.text(name, 100);
                let _ = date(&value);
            }
        }
    }
}
