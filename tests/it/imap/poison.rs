//! A mail that fails again and again is put aside in the end, and holds up no other.

use std::fs;

use mail_parser::MessageParser;
use passerelle::sandbox::Sandbox;

use super::support::{USER, count, each_has_one_ticket, emptied, mails, reading};
use crate::support::{
    dovecot::{Dovecot, Options},
    gateway::{ASSISTANCE, DIRECTORS, Gateway, mail, sandbox},
    wait_until,
};

const OPERATORS: &str = "exploitation@ac-dijon.fr";

/// The LSU mapping, with a template that fails on subjects with «poison».
fn mappings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lsu = include_str!("../../../mappings/lsu.toml");
    let template = "title = '{% if \"poison\" in subject %}{{ subject.nothing.there }}{% endif %}{{ subject }}'\n";
    fs::write(folder.path().join("lsu.toml"), format!("{template}{lsu}")).unwrap();
    folder
}

fn poison(number: usize) -> Vec<u8> {
    mail(DIRECTORS[0], &format!("poison-{number}"), &format!("LSU : poison {number}"), "Bonjour")
}

/// A gateway that fails on poison, three times and in quick succession.
async fn failing(dovecot: &Dovecot, sandbox: &Sandbox, mappings: &tempfile::TempDir) -> Gateway {
    let settings = [
        ("mappings.dir", mappings.path().to_str().unwrap()),
        ("quarantine.attempts", "3"),
        ("quarantine.first_delay", "200ms"),
        ("quarantine.operators", OPERATORS),
    ];
    reading(dovecot, sandbox, &settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_put_aside_and_the_operators_are_told() {
    let (dovecot, sandbox, mappings) = (Dovecot::start(), sandbox().await, mappings());
    // More of them than are handled at a time, before the others.
    let poisons = 12;
    dovecot.store(USER, "INBOX", (0..poisons).map(poison).chain(mails("sain", 20)));
    let gateway = failing(&dovecot, &sandbox, &mappings).await;
    wait_until("the others have passed", async || count(&dovecot, "Traités") == 20).await;
    // It is the others that pass which show that the fault is its own.
    let mut passed = 20;
    while count(&dovecot, "Quarantaine") < poisons {
        passed += 1;
        assert!(passed < 200, "not put aside after so many others");
        dovecot.store(USER, "INBOX", mails("sain", passed).split_off(passed - 1));
        wait_until("another one has passed", async || count(&dovecot, "Traités") == passed).await;
    }
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "sain", passed);
    let aside = dovecot.messages(USER, "Quarantaine");
    assert_eq!(aside.len(), poisons);
    assert!(aside.iter().all(|message| message.flags.is_empty()), "whoever looks into the folder sees what is new");
    let outbox = gateway.outbox.clone();
    gateway.finish().await;

    let told: Vec<_> = outbox.mails().into_iter().filter(|mail| mail.recipient == OPERATORS).collect();
    assert_eq!(told.len(), poisons);
    let told = String::from_utf8_lossy(&told[0].message).replace("=\r\n", "");
    for part in ["Message-ID: <P-", "internal", "Quarantaine", "tentatives"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_relay_it_goes_to_the_operators_before_the_relay_is_told() {
    let (sandbox, mappings) = (sandbox().await, mappings());
    let settings = [
        ("mappings.dir", mappings.path().to_str().unwrap()),
        ("quarantine.attempts", "2"),
        ("quarantine.operators", OPERATORS),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    for other in mails("sain", 2) {
        assert!(gateway.deliver(DIRECTORS[0], &poison(0)).await.starts_with("451 4.3.0 deferred, internal"));
        assert!(gateway.deliver(DIRECTORS[0], &other).await.contains("created"));
    }
    assert_eq!(gateway.deliver(DIRECTORS[0], &poison(0)).await, "250 2.0.0 quarantined, internal");
    let mut sent = gateway.outbox.mails();
    sent.retain(|mail| mail.recipient == OPERATORS);
    assert_eq!(sent.len(), 1);
    let told = String::from_utf8_lossy(&sent[0].message);
    assert!(told.contains("message-original.eml"), "{told}");
    let subject = MessageParser::default().parse(&sent[0].message).unwrap().subject().unwrap().to_owned();
    assert!(subject.starts_with("Passerelle\u{a0}: courriel mis de côté"), "{subject}");

    // Nobody to tell: the relay keeps it.
    let gateway = Gateway::start(&sandbox, &settings[..2]).await;
    for other in mails("autre", 4) {
        assert!(gateway.deliver(DIRECTORS[0], &poison(1)).await.starts_with("451"));
        assert!(gateway.deliver(DIRECTORS[0], &other).await.contains("created"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_server_cannot_give_out_holds_up_no_other() {
    let dovecot = Dovecot::start_with(Options { file_for_each: true, ..Options::default() });
    let sandbox = sandbox().await;
    dovecot.store(USER, "INBOX", mails("lisible", 5));
    // Dovecot hangs up whenever it is asked for it, or to move it.
    dovecot.make_unreadable(USER, "INBOX", 3);
    let settings = [("quarantine.attempts", "1"), ("quarantine.operators", OPERATORS)];
    let gateway = reading(&dovecot, &sandbox, &settings).await;
    wait_until("the others are handled", async || count(&dovecot, "Traités") == 4).await;
    dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], "après", "LSU lisible 5", "Bonjour")]);
    wait_until("later ones, too", async || count(&dovecot, "Traités") == 5).await;
    emptied(&dovecot).await;
    assert_eq!((count(&dovecot, "Quarantaine"), sandbox.tickets().len()), (1, 5));
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let told: Vec<_> = outbox.mails().into_iter().filter(|mail| mail.recipient == OPERATORS).collect();
    assert_eq!(told.len(), 1);
    assert!(String::from_utf8_lossy(&told[0].message).contains("message 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_by_its_header() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    let mut large = mail(DIRECTORS[0], "grand", "LSU : très grand", "Bonjour");
    large.extend(b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\r\n".repeat(40_000));
    dovecot.store(USER, "INBOX", [large.clone()].into_iter().chain(mails("petit", 3)));
    let gateway = reading(&dovecot, &sandbox, &[("screen.max_size", "1000000")]).await;
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "petit", 3);
    assert_eq!(dovecot.messages(USER, "Refusés")[0].raw.len(), large.len());
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let notices = outbox.mails().into_iter().filter(|mail| {
        mail.recipient.eq_ignore_ascii_case(DIRECTORS[0])
            && String::from_utf8_lossy(&mail.message).contains("volumineu")
    });
    assert_eq!(notices.count(), 1, "to the person who wrote to {ASSISTANCE}");
}
