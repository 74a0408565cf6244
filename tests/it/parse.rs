//! Mails as French schools' programs write them become the requests they should, and no bytes are too
//! strange, too many or too deep.

use std::{collections::BTreeMap, fs, path::Path};

use bytes::Bytes;
use jiff::Timestamp;
use passerelle::{
    intake::{Envelope, parse},
    request::{Address, Channel, Origin, Received},
};
use proptest::prelude::*;

/// The number of `.eml` files in `tests/mail/parse`: none is skipped in silence.
const CORPUS: usize = 47;
const MIB: usize = 1024 * 1024;

/// What is expected of a mail; each `.eml` has a `.toml` beside it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// None: nobody.
    requester: Option<String>,
    display_name: Option<String>,
    /// Only where it is not the requester alone.
    from: Option<Vec<String>>,
    subject: String,
    arrived: Option<Timestamp>,
    copies_since: Option<Timestamp>,
    /// Pieces of the text that is seen.
    #[serde(default)]
    visible: Vec<String>,
    /// Pieces that are not in it.
    #[serde(default)]
    hidden: Vec<String>,
    /// Pieces of what is folded; none: nothing is.
    #[serde(default)]
    folded: Vec<String>,
    #[serde(default)]
    html: Vec<String>,
    /// Pieces that are in no HTML, folded or not.
    #[serde(default)]
    not_html: Vec<String>,
    /// The names of all files, in order.
    attachments: Vec<String>,
    /// How many of them are shown inside the text.
    #[serde(default)]
    inline: usize,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

fn now() -> Timestamp {
    "2026-11-10T12:00:00Z".parse().unwrap()
}

fn envelope(size: usize) -> Envelope {
    Envelope { channel: Channel::Lmtp, sender: None, recipients: Vec::new(), size: size as u64, stored: None }
}

fn received(raw: impl Into<Bytes>) -> Received {
    let raw = raw.into();
    parse::mail_blocking(&envelope(raw.len()), &raw, now())
}

/// The HTML without tags and entities, well enough for finding pieces of text in it.
fn bare(html: &str) -> String {
    let pieces = html
        .split('<')
        .enumerate()
        .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |it| it.1) });
    pieces.collect::<String>().replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn check(name: &str, received: &Received, expected: &Expected) {
    let Origin::Mail(mail) = &received.origin else { panic!("{name}: not a mail") };
    assert_eq!(received.requester.as_ref().map(Address::as_str), expected.requester.as_deref(), "{name}");
    if let Some(display_name) = &expected.display_name {
        assert_eq!(received.display_name.as_ref(), Some(display_name), "{name}");
    }
    let from: Vec<&str> = mail.from.iter().map(Address::as_str).collect();
    assert_eq!(from, expected.from.clone().unwrap_or(expected.requester.iter().cloned().collect()), "{name}");
    assert_eq!(received.subject, expected.subject, "{name}");
    if let Some(arrived) = expected.arrived {
        assert_eq!(received.arrived, arrived, "{name}");
    }
    if let Some(copies_since) = expected.copies_since {
        assert_eq!(received.copies_since, copies_since, "{name}");
    }

    let body = &received.body;
    let folded = body.folded_html.as_deref().unwrap_or_default();
    for piece in &expected.visible {
        assert!(body.text.contains(piece), "{name}: {piece:?} is not in {:?}", body.text);
    }
    for piece in &expected.hidden {
        assert!(!body.text.contains(piece), "{name}: {piece:?} is in {:?}", body.text);
    }
    assert_eq!(folded.is_empty(), expected.folded.is_empty(), "{name}: {folded}");
    for piece in &expected.folded {
        assert!(bare(folded).contains(piece), "{name}: {piece:?} is not in {folded:?}");
    }
    for piece in &expected.html {
        assert!(body.html.contains(piece), "{name}: {piece:?} is not in {:?}", body.html);
    }
    for piece in &expected.not_html {
        assert!(!body.html.contains(piece) && !folded.contains(piece), "{name}: {piece:?} is in {:?}", body.html);
    }

    let names: Vec<&str> = received.attachments.iter().map(|attachment| attachment.name.as_str()).collect();
    assert_eq!(names, expected.attachments, "{name}");
    let tags: Vec<&String> =
        received.attachments.iter().filter_map(|attachment| attachment.inline_tag.as_ref()).collect();
    assert_eq!(tags.len(), expected.inline, "{name}");
    for tag in tags {
        assert!(format!("{}{folded}", body.html).contains(&format!("<img id=\"{tag}\">")), "{name}");
    }
    for (field, value) in &expected.fields {
        assert_eq!(mail.fields.get(field), Some(value), "{name}: {field}");
    }
}

#[test]
fn realistic_mails_are_understood_with_either_line_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/parse");
    let mut mails: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    mails.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.sort();
    assert_eq!(mails.len(), CORPUS);
    let mut references = BTreeMap::new();
    for path in mails {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = fs::read_to_string(path.with_extension("toml")).unwrap();
        let expected: Expected = toml::from_str(&expected).unwrap_or_else(|error| panic!("{name}: {error}"));
        let unix = fs::read(&path).unwrap();
        assert!(!unix.contains(&b'\r'), "{name} is kept with LF");
        let network = unix.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);

        let unix = received(unix);
        let network = received(network);
        check(&name, &unix, &expected);
        check(&format!("{name} with CRLF"), &network, &expected);
        assert_eq!(unix.reference, network.reference, "{name}");
        assert_eq!(unix.body, network.body, "{name}");
        if let Some(other) = references.insert(unix.reference, name.clone()) {
            panic!("{name} and {other} have one reference");
        }
    }
}

#[test]
fn a_second_try_of_the_relay_has_the_same_reference() {
    let mail = "From: a@ac-dijon.fr\nSubject: LSU\nDate: Tue, 10 Nov 2026 08:31:12 +0100\n\nBonjour\n";
    let second =
        format!("Return-Path: <a@ac-dijon.fr>\nReceived: from x by y; Tue, 10 Nov 2026 09:31:12 +0100\n{mail}");
    assert_eq!(received(mail).reference, received(second).reference);
}

#[tokio::test]
async fn many_mails_are_read_at_once() {
    let mails = (0..50).map(|number| {
        let mail = format!("From: a@ac-dijon.fr\nMessage-ID: <{number}@x>\nSubject: LSU {number}\n\nBonjour\n");
        parse::mail(envelope(mail.len()), Bytes::from(mail), now())
    });
    let received = futures_util::future::join_all(mails).await;
    for (number, received) in received.iter().enumerate() {
        assert_eq!(received.subject, format!("LSU {number}"));
    }
}

/// Every abuse gives a request that still names its sender, and loses nothing in silence.
fn abuse(mail: impl Into<Bytes>) -> Received {
    let received = received(mail);
    assert_eq!(received.requester.as_ref().map(Address::as_str), Some("a@ac-dijon.fr"));
    assert_eq!(received.subject, "LSU");
    received
}

/// Pieces of a mail, one for each number.
fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

const HEADER: &str = "From: a@ac-dijon.fr\nSubject: LSU\n";

#[test]
fn nothing_is_a_request_of_nobody() {
    for nothing in [&b""[..], b"\n", b"\r\n\r\n", b"\0", b"\xff\xfe", b":", b"\n\n\nFrom\n"] {
        let received = received(nothing);
        assert_eq!((received.requester, received.subject.as_str()), (None, ""));
        assert!(received.attachments.is_empty());
    }
}

#[test]
fn ten_thousand_header_fields_do_no_harm() {
    let fields = numbered(10_000, |number| {
        format!(
            "X-Field-{number}: value
Received: x
To: y@z.fr
"
        )
    });
    assert_eq!(abuse(format!("{HEADER}{fields}\nBonjour")).body.text, "Bonjour");
}

#[test]
fn thirty_mebibytes_are_read() {
    let file = abuse(format!(
        "{HEADER}Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n{}",
        format!("{}\n", "QUJD".repeat(19)).repeat(30 * MIB / 77)
    ));
    assert_eq!(file.attachments[0].content.len(), 30 * MIB / 77 * 57);

    let line = abuse(format!("{HEADER}\n{}", "a ".repeat(10 * MIB)));
    assert_eq!((line.attachments[0].name.as_str(), line.attachments[0].content.len()), ("message.txt", 20 * MIB));

    let html = abuse(format!("{HEADER}Content-Type: text/html\n\n{}", "<p>x</p>".repeat(MIB / 4)));
    assert_eq!(html.attachments[0].name, "message.html");

    let subject = received(format!("Subject: {}\n\n", "x".repeat(20 * MIB)));
    assert_eq!(subject.subject.len(), 250);
}

#[test]
fn five_hundred_files_are_handed_over() {
    let files = numbered(500, |number| {
        format!(
            "--b
Content-Type: image/png; name=a.png

{number}
"
        )
    });
    let received =
        abuse(format!("{HEADER}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nBonjour\n{files}--b--\n"));
    assert_eq!((received.body.text.as_str(), received.attachments.len()), ("Bonjour", 500));
    assert_eq!(received.attachments[499].name, "a (500).png");
}

#[test]
fn deep_or_endless_structures_go_along_as_the_original() {
    let repeated = |piece: &str| format!("{HEADER}{}", piece.repeat(20 * MIB / piece.len()));
    let nested =
        numbered(100_000, |number| format!("Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n"));
    let nested = format!("{HEADER}{nested}");
    for mail in [
        nested,
        repeated("Content-Type: multipart/mixed; boundary=b\n\n--b\n"),
        repeated("Content-Type: multipart/x; boundary=b\n\n--b\n\nx\n"),
    ] {
        let length = mail.len();
        let received = abuse(mail);
        assert_eq!(received.original.map(|original| original.len()), Some(length));
        assert_eq!(received.cut, ["une partie du message, qui n'a pas pu être lue en entier"]);
    }
    // A mail in a mail in a mail is one file.
    let mails = abuse(repeated("Content-Type: message/rfc822\n\n"));
    assert_eq!(mails.attachments.len(), 1);
    assert_eq!(mails.attachments[0].content_type, "message/rfc822");
}

#[test]
fn costly_fields_and_html_are_bounded() {
    let costly = [
        format!("{HEADER}Content-Type: text/plain{}\n\nx", "; a*0=b".repeat(2 * MIB)),
        format!("{HEADER}To: {}\n\nx", "=?aa?q?x".repeat(2 * MIB)),
        format!("{HEADER}Cc: {}\n\nx", "(".repeat(10 * MIB)),
        format!("{HEADER}Content-Type: text/html\n\n{}x", "<div>".repeat(MIB)),
        format!("{HEADER}Content-Type: text/html\n\n{}x", "<p><font color=1>".repeat(100_000)),
        format!("{HEADER}Content-Type: text/html\n\n<p {}>x", "a1 ".repeat(MIB)),
        format!("{HEADER}Content-Type: text/html\n\nx{}", "<!--".repeat(MIB)),
        format!("{HEADER}Content-Type: text/html\n\nx{}", "<script></scrip".repeat(MIB)),
        format!("{HEADER}\nx\n{}", "> a\n".repeat(MIB)),
        format!("{HEADER}\nx\n{}", "Le 1, x\n".repeat(MIB)),
    ];
    for mail in costly {
        assert!(abuse(mail).body.text.contains('x'));
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_request(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let length = bytes.len();
        prop_assert_eq!(received(bytes).size, length as u64);
    }

    #[test]
    fn a_damaged_mail_gives_the_same_request_with_either_line_end(
        cuts in prop::collection::vec((0_usize..4000, 0_usize..40, "[\\PC\n]{0,6}"), 0..8),
    ) {
        let mut mail = include_str!("../mail/parse/outlook-reponse.eml").to_owned();
        for (at, length, inserted) in cuts {
            let start = mail.floor_char_boundary(at.min(mail.len()));
            let end = mail.floor_char_boundary((start + length).min(mail.len()));
            mail.replace_range(start..end.max(start), &inserted);
        }
        let unix = received(mail.clone());
        let network = received(mail.replace('\n', "\r\n"));
        prop_assert_eq!(unix.reference, network.reference);
        prop_assert_eq!(unix.body, network.body);
        prop_assert_eq!(unix.requester, network.requester);
    }
}
