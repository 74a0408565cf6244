//! Malformed and outsized mails end in an outcome, and the next mail is handled as ever.

use crate::support::gateway::{ASSISTANCE, DIRECTORS, Gateway, mail, sandbox};

/// The reply for a hostile mail; then an honest one must become a ticket.
async fn reply_to(mail_bytes: &[u8]) -> String {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let reply = gateway.deliver(DIRECTORS[0], mail_bytes).await;
    let after = gateway.deliver(DIRECTORS[1], &mail(DIRECTORS[1], "after", "LSU : après", "Bonjour")).await;
    assert!(after.contains("created"), "{after}");
    reply
}

fn with_body(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "From: {}\r\nTo: {ASSISTANCE}\r\nSubject: LSU\r\nMessage-ID: <h@ecole.test>\r\n{headers}\r\n{body}",
        DIRECTORS[0]
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_refused() {
    assert_eq!(reply_to(b"").await, "250 2.0.0 refused, no-sender");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_mail_are_refused() {
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1])
        .filter(|byte| *byte != b'\r')
        .collect();
    assert_eq!(reply_to(&noise).await, "250 2.0.0 refused, no-sender");
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_mebibytes_become_a_ticket() {
    let line = "A".repeat(76) + "\r\n";
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n--b\r\nContent-Type: text/plain; name=gros.txt\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--b--\r\n",
        line.repeat((30 * 1024 * 1024 - 2000) / line.len())
    );
    let mail = with_body("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", &body);
    assert!(reply_to(&mail).await.contains("created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_header_fields_do_not_hurt() {
    let fields = (0..10_000).map(|n| format!("X-Field-{n}: {n}\r\n")).collect::<Vec<_>>().concat();
    assert!(reply_to(&with_body(&fields, "Bonjour\r\n")).await.contains("created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_attachments_are_taken_or_named() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let parts = (0..500)
        .map(|n| {
            format!("--b\r\nContent-Type: text/plain; name=f{n}.txt\r\nContent-Disposition: attachment\r\n\r\n{n}\r\n")
        })
        .collect::<Vec<_>>()
        .concat();
    let headers = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let mail = with_body(headers, &format!("--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n{parts}--b--\r\n"));
    let reply = gateway.deliver(DIRECTORS[0], &mail).await;
    assert!(reply.contains("created"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    let named = (0..500).filter(|n| ticket.content.contains(&format!("f{n}.txt"))).count();
    assert_eq!((ticket.documents.len(), ticket.documents.len() + named), (20, 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_becomes_a_ticket_with_the_original() {
    let depth = 30_000;
    let opening: String = (0..depth).map(|_| "Content-Type: message/rfc822\r\n\r\n").collect();
    assert!(reply_to(&with_body("MIME-Version: 1.0\r\n", "")).await.contains("created"));
    let mail = format!(
        "From: {}\r\nTo: {ASSISTANCE}\r\nSubject: LSU\r\nMessage-ID: <deep@ecole.test>\r\nMIME-Version: 1.0\r\n{opening}fin\r\n",
        DIRECTORS[0]
    );
    assert!(reply_to(mail.as_bytes()).await.contains("created"));
}
