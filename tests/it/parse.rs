//! Whatever bytes come as a mail, none is too strange, too long or too deep. What real mails become is in
//! `corpus`.

use bytes::Bytes;
use jiff::Timestamp;
use passerelle::{
    intake::mime,
    request::{Address, Origin, Received},
};
use proptest::prelude::*;

use crate::support::received::{envelope, received as read};

const MIB: usize = 1024 * 1024;

fn now() -> Timestamp {
    "2026-11-10T12:00:00Z".parse().unwrap()
}

fn received(raw: impl Into<Bytes>) -> Received {
    read(raw, now())
}

#[test]
fn a_second_try_of_the_relay_has_the_same_reference() {
    let mail = "From: a@ac-dijon.fr\nSubject: LSU\nDate: Tue, 10 Nov 2026 08:31:12 +0100\n\nBonjour\n";
    let second =
        format!("Return-Path: <a@ac-dijon.fr>\nReceived: from x by y; Tue, 10 Nov 2026 09:31:12 +0100\n{mail}");
    assert_eq!(received(mail).reference, received(second).reference);
}

#[test]
fn a_report_is_known_in_any_multipart_unless_somebody_passes_it_on() {
    let class = |subject: &str, part: &str| {
        let mail = format!(
            "From: a@ac-dijon.fr\nSubject: {subject}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nBonjour\n--b\n{part}\n\nx: y\n--b--\n"
        );
        let Origin::Mail(mail) = received(mail).origin else { panic!("no mail") };
        mail.message_class
    };
    for (subject, part, expected) in [
        ("LSU", "Content-Type: message/disposition-notification", Some("REPORT.IPM.Note.IPNRN")),
        ("LSU", "Content-Type: message/delivery-status", Some("REPORT.IPM.Note.NDR")),
        ("TR: LSU", "Content-Type: message/delivery-status", None),
        ("LSU", "Content-Type: message/delivery-status\nContent-Disposition: attachment", None),
        ("LSU", "Content-Type: message/rfc822", None),
    ] {
        assert_eq!(class(subject, part).as_deref(), expected, "{subject} {part}");
    }
}

#[test]
fn a_phone_s_layout_is_not_its_text() {
    let mail = "From: a@ac-dijon.fr\nSubject: LSU\nContent-Type: multipart/related; boundary=b; start=\"<smil>\"; \
                type=\"application/smil\"\n\n--b\nContent-Type: application/smil\nContent-ID: <smil>\n\n<smil></smil>\n\
                --b\nContent-Type: image/png\nContent-ID: <1>\n\nx\n--b\nContent-Type: text/plain\n\nLivret vide\n--b--\n";
    let received = received(mail);
    assert_eq!(received.body.text, "Livret vide");
    assert_eq!(received.attachments.len(), 2);
}

#[test]
fn a_text_of_any_kind_and_encoding_is_read() {
    for (part, expected) in [
        ("Content-Type: text/rtf\n\n{\\rtf1\\ansi Livret vide}", "Livret vide"),
        (
            "Content-Type: text/enriched\n\n<bold>Livret</bold>\n<color><param>red</param>vide</color> << 5",
            "Livret vide < 5",
        ),
        (
            "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n+3&EV<F5T('9I9&4 \n`\nend\n",
            "Livret vide",
        ),
    ] {
        let mail = format!("From: a@ac-dijon.fr\nSubject: LSU\n{part}\n");
        assert_eq!(received(mail).body.text, expected, "{part}");
    }
}

#[test]
fn text_around_the_parts_is_told() {
    for (before, after, expected) in [
        ("", "", 0),
        ("This is a multi-part message in MIME format.", "\n \n", 0),
        ("Bonjour,", "", 1),
        ("", "Le CM2 aussi", 1),
    ] {
        let mail = format!(
            "From: a@ac-dijon.fr\nSubject: LSU\nContent-Type: multipart/mixed; boundary=b\n\n{before}\n--b\n\nVide\n--b--\n{after}\n"
        );
        assert_eq!(received(mail).cut.len(), expected, "{before} {after}");
    }
}

#[test]
fn an_image_is_known_by_its_name_or_place_and_an_absent_one_leaves_words() {
    for (source, expected) in [
        ("image001.png", true),
        ("file:///C:/Users/a/image001.png", true),
        ("images/lieu.png", true),
        ("image002.png", false),
    ] {
        let mail = format!(
            "From: a@ac-dijon.fr\nSubject: LSU\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n\
             <p>Voici <img src=\"{source}\"></p>\n--b\nContent-Type: image/png; name=image001.png\n\
             Content-Location: https://x.fr/lieu.png\n\nx\n--b--\n"
        );
        let received = received(mail);
        assert_eq!(received.attachments[0].inline_tag.is_some(), expected, "{source}");
        assert_eq!(received.body.text.contains("image absente"), !expected, "{source}: {}", received.body.text);
    }
}

#[tokio::test]
async fn many_mails_are_read_at_once() {
    let mails = (0..50).map(|number| {
        let mail = format!("From: a@ac-dijon.fr\nMessage-ID: <{number}@x>\nSubject: LSU {number}\n\nBonjour\n");
        mime::mail(envelope(mail.len()), Bytes::from(mail), now())
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
        let mut mail = include_str!("../mail/history/outlook-reponse.eml").to_owned();
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
