//! Receipts while the relay does not take them: noted in the ticket, and sent later.

use std::time::{Duration, Instant};

use passerelle::sandbox::Sandbox;
use tokio::{io::AsyncReadExt as _, net::TcpListener};

use crate::support::{
    gateway::{DIRECTORS, Gateway, mail, sandbox},
    wait_until,
};

/// A relay that takes connections and says nothing.
async fn silent_relay() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { drop(stream.read_to_end(&mut Vec::new()).await) });
        }
    });
    url
}

fn notes_with(sandbox: &Sandbox, mark: &str) -> usize {
    let tickets = sandbox.tickets();
    tickets.iter().filter(|ticket| ticket.followups.iter().any(|note| note.content.contains(mark))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_a_hanging_relay_does_not_take_go_out_after_the_next_start() {
    let sandbox = sandbox().await;
    let relay = silent_relay().await;
    let gateway = Gateway::sending(sandbox.url().as_str(), &[("smtp.url", &relay)]).await;
    let began = Instant::now();
    for (number, director) in DIRECTORS.iter().enumerate() {
        let mail = mail(director, &format!("h{number}"), &format!("LSU : accès {number}"), "Bonjour");
        assert!(gateway.deliver(director, &mail).await.contains("created"));
    }
    assert!(began.elapsed() < Duration::from_secs(5), "each waited for the relay: {:?}", began.elapsed());
    assert_eq!(notes_with(&sandbox, "receipt-due"), DIRECTORS.len());
    let stopping = Instant::now();
    gateway.finish().await;
    assert!(stopping.elapsed() < Duration::from_secs(5), "what is noted holds up no stop: {:?}", stopping.elapsed());

    let next = Gateway::start(&sandbox, &[]).await;
    wait_until("all have their receipt", async || next.outbox.mails().len() == DIRECTORS.len()).await;
    wait_until("the tickets say so", async || notes_with(&sandbox, "receipt-sent") == DIRECTORS.len()).await;
    assert_eq!(notes_with(&sandbox, "receipt-due"), 0);
    let mails = next.outbox.mails();
    let mut told: Vec<_> = mails.iter().map(|mail| mail.recipient.to_lowercase()).collect();
    told.sort();
    assert_eq!(told, DIRECTORS.map(str::to_lowercase));
    let tickets = sandbox.tickets();
    for mail in &mails {
        let text = String::from_utf8_lossy(&mail.message);
        let ticket = tickets.iter().find(|ticket| text.contains(&format!("n=C2=B0=C2=A0{}", ticket.id)));
        assert!(ticket.is_some() || text.contains("ticket"), "{text}");
        assert!(text.contains("Message-ID: <P-") && text.contains("Auto-Submitted: auto-generated"), "{text}");
    }
    next.finish().await;

    let another = Gateway::start(&sandbox, &[]).await;
    assert!(
        another.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "more", "LSU : encore", "Bonjour")).await.contains("created")
    );
    assert_eq!(another.outbox.mails().len(), 1, "nobody is written to twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_works_costs_no_note() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    assert!(gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "ok", "LSU", "Bonjour")).await.contains("created"));
    assert_eq!(gateway.outbox.mails().len(), 1, "it is sent before the relay is answered");
    assert!(sandbox.tickets()[0].followups.is_empty());
}

/// Mails of a relay whose word does not count, in the director's name: at once, and made up for after a stop.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_quoted_to_whom_nothing_proves_to_have_written() {
    let sandbox = sandbox().await;
    let unproven = ("sender.authserv_ids", "autre.test");
    let forged = |id: &str| mail(DIRECTORS[0], id, "LSU : http://pirate.example/ cliquez", "Bonjour");
    let gateway = Gateway::start(&sandbox, &[unproven]).await;
    assert!(gateway.deliver(DIRECTORS[0], &forged("u1")).await.contains("created"));
    let [at_once] = gateway.outbox.mails().try_into().unwrap();
    gateway.finish().await;

    let relay = silent_relay().await;
    let gateway = Gateway::sending(sandbox.url().as_str(), &[("smtp.url", &relay), unproven]).await;
    assert!(gateway.deliver(DIRECTORS[0], &forged("u2")).await.contains("created"));
    gateway.finish().await;
    let next = Gateway::start(&sandbox, &[unproven]).await;
    wait_until("it is made up for", async || next.outbox.mails().len() == 1).await;
    let [late] = next.outbox.mails().try_into().unwrap();

    for (receipt, ticket) in [(at_once, 1), (late, 2)] {
        let parsed = mail_parser::MessageParser::default().parse(&receipt.message).unwrap();
        let subject = parsed.subject().unwrap();
        assert!(subject.starts_with(&format!("Demande d'assistance — ticket n°\u{a0}{ticket} (P-")), "{subject}");
        for text in [subject, &parsed.body_text(0).unwrap(), &parsed.body_html(0).unwrap()] {
            assert!(!text.contains("pirate") && !text.contains("cliquez"), "{text}");
        }
    }
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
}
