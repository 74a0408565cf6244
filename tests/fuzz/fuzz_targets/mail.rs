//! Whatever the bytes are, there is a request: small names, clean lines, HTML without a script, and the
//! same reference for the same bytes.
#![no_main]

use bytes::Bytes;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use passerelle::{
    intake::mime,
    request::{Channel, Envelope, Origin},
};

/// The tags of sanitised HTML without the values of their attributes, which are all in double quotes.
fn tags(html: &str) -> Vec<String> {
    let (mut tags, mut in_tag, mut in_value) = (Vec::<String>::new(), false, false);
    for c in html.chars() {
        match c {
            '<' if !in_tag => {
                in_tag = true;
                tags.push(String::new());
            }
            '>' if !in_value => in_tag = false,
            '"' if in_tag => in_value = !in_value,
            _ => {}
        }
        if let Some(tag) = tags.last_mut().filter(|_| in_tag && !in_value) {
            tag.push(c);
        }
    }
    tags
}

fuzz_target!(|input: &[u8]| {
    let envelope = Envelope {
        channel: Channel::Lmtp,
        sender: None,
        recipients: Vec::new(),
        size: input.len() as u64,
        stored: None,
        is_untried: false,
    };
    let raw = Bytes::copy_from_slice(input);
    let received = mime::mail_blocking(&envelope, &raw, Timestamp::UNIX_EPOCH);

    assert!(received.subject.chars().count() <= 250 && !received.subject.contains(char::is_control));
    assert!(received.copies_since <= received.arrived && received.arrived <= Timestamp::UNIX_EPOCH);
    let Origin::Mail(mail) = &received.origin else { panic!("a mail is a mail") };
    assert!(received.requester.iter().all(|requester| mail.from == [requester.clone()]));
    for value in mail.fields.values().chain(mail.head.values()) {
        assert!(value.chars().count() <= 2000 && !value.contains(char::is_control));
    }
    assert!(mail.calendar_method.iter().all(|method| !method.is_empty() && method.chars().count() <= 30));
    // What is cut is said once, and what is opened stays bounded.
    let mut cut = received.cut.clone();
    cut.sort();
    cut.dedup();
    assert_eq!(cut.len(), received.cut.len());
    assert!(received.attachments.len() <= 3000);
    for attachment in &received.attachments {
        let name = &attachment.name;
        assert!((1..=150).contains(&name.len()) && !name.contains(|c: char| c.is_control() || "/\\".contains(c)));
    }
    for html in [Some(&received.body.html), received.body.folded_html.as_ref()].into_iter().flatten() {
        for tag in tags(html) {
            for foreign in ["<script", "<style", "<iframe", "<form", " onerror", " src", " style"] {
                assert!(!tag.contains(foreign), "{html}");
            }
        }
    }
    assert_eq!(mime::mail_blocking(&envelope, &raw, Timestamp::UNIX_EPOCH).reference, received.reference);
});
