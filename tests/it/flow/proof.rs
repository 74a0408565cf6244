//! A required proof of the sender: a proven mail becomes a ticket, another is refused in silence, and a
//! failure of DNS puts off.

use std::io::Write as _;

use crate::support::{
    dkim::Signer,
    dns::{Answer, Dns},
    gateway::{AGENT, DIRECTORS, Gateway, form, mail, sandbox, titled},
};

const FIELDS: &[&str] = &["from", "to", "subject", "date", "message-id"];

/// A mail on which a server of this name says this.
fn said(server: &str, result: &str, mail: &[u8]) -> Vec<u8> {
    [format!("Authentication-Results: {server}; {result}\r\n").as_bytes(), mail].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_sender_gets_a_ticket_and_an_unproven_one_silence() {
    let sandbox = sandbox().await;
    let signer = Signer::ed25519("ac-dijon.fr");
    let mut keys = tempfile::NamedTempFile::new().unwrap();
    keys.write_all(signer.line().as_bytes()).unwrap();
    let settings = [
        ("sender.require", "aligned"),
        ("sender.authserv_ids", "mx.ac-dijon.fr"),
        ("sender.dns", "off"),
        ("sender.dkim_keys", keys.path().to_str().unwrap()),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    let passed = "dmarc=pass header.from=ac-dijon.fr";
    let plain = |number: usize, subject: &str| {
        mail(DIRECTORS[number], &format!("p{number}{}", subject.len()), subject, "Bonjour")
    };

    let by_relay = said("mx.ac-dijon.fr", passed, &plain(0, "LSU : relais"));
    assert!(gateway.deliver(DIRECTORS[0], &by_relay).await.contains("created"));
    let by_signature = signer.sign(&plain(1, "LSU : signature"), FIELDS);
    assert!(gateway.deliver(DIRECTORS[1], &by_signature).await.contains("created"));
    assert_eq!((titled(&sandbox, "relais").len(), titled(&sandbox, "signature").len()), (1, 1));

    // Nothing stands behind these, so nothing is sent about them, whatever else is wrong with them.
    let forged_below =
        said("mx.ac-dijon.fr", "dmarc=fail header.from=ac-dijon.fr", &said("mx.ac-dijon.fr", passed, &plain(2, "LSU")));
    for unproven in [
        plain(2, "LSU : rien"),
        said("mx.evil.org", passed, &plain(2, "LSU : ailleurs")),
        forged_below,
        plain(2, "Bonjour"),
        mail(AGENT, "agent", "LSU", "Bonjour"),
    ] {
        assert_eq!(gateway.deliver(DIRECTORS[2], &unproven).await, "250 2.0.0 refused, unproven-sender");
    }
    // Over HTTP it is the same; a form is proven by its signature.
    let answer = gateway.post_mail(&plain(3, "LSU : http")).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().contains("unproven-sender"));
    assert_eq!(gateway.post_form(&form(DIRECTORS[3], "Un formulaire"), None).await.status(), 201);

    // A proven one may be told that something else is wrong.
    let no_keyword = said("mx.ac-dijon.fr", passed, &plain(0, "Bonjour"));
    assert_eq!(gateway.deliver(DIRECTORS[0], &no_keyword).await, "250 2.0.0 refused, no-keyword");

    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let mut told: Vec<_> = outbox.mails().into_iter().map(|sent| sent.recipient.to_lowercase()).collect();
    told.sort();
    let mut expected = [DIRECTORS[0], DIRECTORS[0], DIRECTORS[1], DIRECTORS[3]].map(str::to_lowercase);
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(sandbox.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_dns_a_mail_waits_and_is_refused_by_nobody() {
    let sandbox = sandbox().await;
    let signer = Signer::ed25519("ac-dijon.fr");
    let failing = Dns::start(&[(signer.name(), Answer::Failure)]).await;
    let settings = [
        ("sender.require", "aligned"),
        ("sender.authserv_ids", "autre.test"),
        ("sender.dns", failing.address.as_str()),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    let waiting = signer.sign(&mail(DIRECTORS[0], "dns", "LSU : DNS", "Bonjour"), FIELDS);
    let reply = gateway.deliver(DIRECTORS[0], &waiting).await;
    assert!(reply.starts_with("451") && reply.contains("proof-unknown"), "{reply}");
    assert!(sandbox.tickets().is_empty() && gateway.outbox.mails().is_empty());
    gateway.finish().await;

    let working = Dns::start(&[(signer.name(), Answer::Text(signer.record()))]).await;
    let settings = [
        ("sender.require", "aligned"),
        ("sender.authserv_ids", "autre.test"),
        ("sender.dns", working.address.as_str()),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    assert!(gateway.deliver(DIRECTORS[0], &waiting).await.contains("created"));
    gateway.finish().await;
}
