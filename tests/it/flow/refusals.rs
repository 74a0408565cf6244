//! Each refusal has its notice or its silence, and never a 5xx for the relay.

use rstest::rstest;

use crate::support::gateway::{AGENT, DIRECTORS, Gateway, mail, sandbox};

/// What the requester gets, once everything has ended.
async fn notices_after(deliveries: &[(&str, Vec<u8>)], settings: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, settings).await;
    let mut replies = Vec::new();
    for (sender, mail) in deliveries {
        replies.push(gateway.deliver(sender, mail).await);
    }
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    assert_eq!(sandbox.tickets().len(), replies.iter().filter(|reply| reply.contains("created")).count());
    (replies, outbox.mails().into_iter().map(|sent| sent.recipient).collect())
}

#[rstest]
#[case::no_keyword(DIRECTORS[0], "Bonjour", "no-keyword", true)]
#[case::not_a_director(AGENT, "LSU", "not-a-director", true)]
#[case::foreign("dir@gmail.com", "LSU", "foreign-sender", false)]
#[case::look_alike("dir@ac-dijon.fr.example.org", "LSU", "foreign-sender", false)]
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_answers_250_and_only_an_academic_address_gets_the_notice(
    #[case] from: &str,
    #[case] subject: &str,
    #[case] reason: &str,
    #[case] notice: bool,
) {
    let mail = mail(from, "r", subject, "Bonjour");
    let (replies, notices) = notices_after(&[(from, mail)], &[]).await;
    assert_eq!(replies, [format!("250 2.0.0 refused, {reason}")]);
    assert_eq!(notices.len(), usize::from(notice), "{notices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_notice_per_person_reason_and_day() {
    let deliveries: Vec<_> = (0..3)
        .map(|number| (DIRECTORS[0], mail(DIRECTORS[0], &format!("n{number}"), "Bonjour", "…")))
        .chain([(AGENT, mail(AGENT, "n9", "LSU", "…"))])
        .collect();
    let (_, notices) = notices_after(&deliveries, &[]).await;
    assert_eq!(notices.len(), 2, "{notices:?}");
}

#[rstest]
#[case::null_sender("", None, "bounce")]
#[case::automatic(DIRECTORS[0], Some("Auto-Submitted: auto-replied"), "automatic")]
#[case::list(DIRECTORS[0], Some("List-Id: <x.ac-dijon.fr>"), "bulk")]
#[case::own(DIRECTORS[0], Some("Message-ID: <1.passerelle@ac-dijon.fr>"), "own-mail")]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_answer_to_automatic_mail(
    #[case] sender: &str,
    #[case] header: Option<&str>,
    #[case] reason: &str,
) {
    let mut mail = mail(DIRECTORS[0], "a", "LSU", "Bonjour");
    if let Some(header) = header {
        if header.starts_with("Message-ID") {
            mail = String::from_utf8(mail).unwrap().replace("Message-ID: <a@ecole.test>\r\n", "").into_bytes();
        }
        mail.splice(0..0, format!("{header}\r\n").into_bytes());
    }
    let (replies, notices) = notices_after(&[(sender, mail)], &[]).await;
    assert_eq!(replies, [format!("250 2.0.0 ignored, {reason}")]);
    assert!(notices.is_empty(), "{notices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_mail_is_refused_with_a_notice_not_with_a_bounce() {
    let mail = mail(DIRECTORS[0], "big", "LSU", &"une ligne\r\n".repeat(20_000));
    let settings = [("lmtp.max_size", "100000"), ("screen.max_size", "100000")];
    let (replies, notices) = notices_after(&[(DIRECTORS[0], mail)], &settings).await;
    assert_eq!(replies, ["250 2.0.0 refused, too-large"]);
    assert_eq!(notices.len(), 1);
}

#[rstest]
#[case::receipts_and_notices("passerelle", 2)]
#[case::notices_only("glpi", 1)]
#[case::silence("off", 0)]
#[tokio::test(flavor = "multi_thread")]
async fn who_acknowledges_is_configured(#[case] acknowledge: &str, #[case] expected: usize) {
    let deliveries = [
        (DIRECTORS[0], mail(DIRECTORS[0], "x1", "LSU", "…")),
        (DIRECTORS[1], mail(DIRECTORS[1], "x2", "Bonjour", "…")),
    ];
    let (_, mails) = notices_after(&deliveries, &[("acknowledge", acknowledge)]).await;
    assert_eq!(mails.len(), expected, "{mails:?}");
}

/// Over HTTP, too, though its own limit ends the request before the rules do.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_large_a_mail_is_told_whichever_way_it_came() {
    for (disabled, told) in [("", 1), ("too-large", 0)] {
        let sandbox = sandbox().await;
        let mut settings = vec![("http.max_size", "100000")];
        if !disabled.is_empty() {
            settings.push(("screen.disabled", disabled));
        }
        let gateway = Gateway::start(&sandbox, &settings).await;
        let large = mail(DIRECTORS[0], "large", "LSU : accès", &"x".repeat(300_000));
        for _ in 0..2 {
            assert_eq!(gateway.post_mail(&large).await.status(), 413);
        }
        // What has no whole head names nobody.
        let headless = format!("From: {}\r\nSubject: LSU {}", DIRECTORS[0], "x".repeat(300_000));
        assert_eq!(gateway.post_mail(headless.as_bytes()).await.status(), 413);
        let outbox = gateway.outbox.clone();
        gateway.finish().await;
        assert!(sandbox.tickets().is_empty());
        let letters = outbox.mails();
        assert_eq!(letters.len(), told, "{disabled}");
        for letter in letters {
            assert_eq!(letter.recipient, DIRECTORS[0].to_lowercase());
            let parsed = mail_parser::MessageParser::default().parse(&letter.message).unwrap();
            assert!(parsed.body_text(0).unwrap().contains("taille de la demande"));
        }
    }
}
