//! Mails: what is handed over, what is answered, and that nobody smuggles a second one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use passerelle::{
    cli::demo::lmtp_client::deliver,
    intake::lmtp::Settings,
    request::{Channel, Deferral, Outcome, Reason, Refusal},
};
use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::support::{Server, created, settings};

const ENVELOPE: &str = "MAIL FROM:<Ecole@AC-Dijon.fr>\r\nRCPT TO:<assistance1d@ac-dijon.fr>\r\nDATA\r\n";

#[tokio::test]
async fn a_mail_is_handed_over_as_it_came() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    client
        .dialogue(
            "MAIL FROM:<>\r\nRCPT TO:<autre@ac-dijon.fr>\r\nRCPT TO:<Assistance1D@ac-dijon.fr>\r\nDATA\r\n",
            &["250", "550", "250", "354"],
        )
        .await;
    client.say("Subject: LSU\r\n\r\n..\r\n.été\r\n.\r\n").await;
    assert!(client.expect("250 2.0.0 created, ticket 1, reference P-").await.is_ascii());
    client.dialogue("QUIT\r\n", &["221"]).await;

    let mails = mails.lock().unwrap().clone();
    let [(envelope, content)] = mails.as_slice() else { panic!("one mail expected: {}", mails.len()) };
    assert_eq!(content, "Subject: LSU\r\n\r\n.\r\nété\r\n");
    assert_eq!((envelope.channel, envelope.sender.as_deref()), (Channel::Lmtp, Some("")));
    assert_eq!(envelope.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(), ["assistance1d@ac-dijon.fr"]);
    assert_eq!(envelope.size, content.len() as u64);
    server.end().await;
}

#[tokio::test]
async fn each_accepted_recipient_gets_a_reply_and_the_mail_is_handled_once() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    let one = "RCPT TO:<assistance1d@ac-dijon.fr>\r\n";
    let said = format!(
        "MAIL FROM:<a@b.fr>\r\n{one}RCPT TO:<x@b.fr>\r\nRCPT TO:<assistance.1erdegre@ac-dijon.fr>\r\n{one}DATA\r\n"
    );
    client.dialogue(&said, &["250", "250", "550", "250", "250", "354"]).await;
    client.dialogue("x\r\n.\r\nNOOP\r\nQUIT\r\n", &["250 2.0.0 created, ticket 1"; 3]).await;
    client.expect("250 2.0.0 ok").await;
    client.expect("221").await;
    assert_eq!(mails.lock().unwrap().len(), 1);
    server.end().await;
}

#[tokio::test]
async fn what_is_pipelined_after_a_mail_is_done_in_order() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    // More than RFC 2920 allows: even the contents come unasked.
    let said = format!("{ENVELOPE}one\r\n.\r\n{ENVELOPE}two\r\n.\r\nDATA\r\nQUIT\r\n");
    let codes = [
        "250",
        "250",
        "354",
        "250 2.0.0 created, ticket 1,",
        "250",
        "250",
        "354",
        "250 2.0.0 created, ticket 2,",
        "503",
        "221",
    ];
    client.dialogue(&said, &codes).await;
    let contents: Vec<_> = mails.lock().unwrap().iter().map(|(_, content)| content.clone()).collect();
    assert_eq!(contents, ["one\r\n", "two\r\n"]);
    server.end().await;
}

/// A line ending that is none, a dot, and commands that would be a second mail.
#[rstest]
#[case("\n.\n")]
#[case("\n.\r\n")]
#[case("\r\n.\n")]
#[case("\r.\r")]
#[case("\r.\r\n")]
#[case("\r\n.\r")]
#[case("\n.\r")]
#[case("\r\n.\r\r\n")]
#[case("\r\r\n.\r\r\n")]
#[case("\r\n.\n\r\n")]
#[case("\r\n\0.\r\n")]
#[case("\r\n.\0\r\n")]
#[case("\r\n. \r\n")]
#[case("\u{85}.\u{85}")]
#[case("\r\n..\r\n")]
#[tokio::test]
async fn nothing_but_the_lone_dot_ends_a_mail(#[case] end: &str) {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
    client.say(format!("Subject: one{end}{ENVELOPE}Subject: two\r\n.\r\nNOOP\r\n")).await;
    client.expect("250 2.0.0 created, ticket 1").await;
    client.expect("250 2.0.0 ok").await;
    assert_eq!(client.rest().await, "");

    let mails = mails.lock().unwrap().clone();
    assert_eq!(mails.len(), 1);
    let expected = format!("Subject: one{}{ENVELOPE}Subject: two\r\n", end.replace("\r\n.", "\r\n"));
    assert_eq!(mails[0].1, expected);
    server.end().await;
}

#[tokio::test]
async fn a_mail_without_its_end_is_no_mail() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
    client.say("Subject: x\r\n\r\nhello\r\n.").await;
    assert_eq!(client.rest().await, "");
    assert!(mails.lock().unwrap().is_empty());
    server.end().await;
}

fn deferral(cause: &str) -> Outcome {
    let cause = cause.to_owned();
    Outcome::Deferred(Deferral {
        reason: Reason::GlpiUnavailable,
        cause,
        retry_after: Duration::from_mins(1),
        own: false,
    })
}

#[rstest]
#[case::created(created(7), "250 2.0.0 created, ticket 7, reference P-")]
#[case::refused(Outcome::Refused(Refusal { reason: Reason::NotADirector, sentence: "Réservé…".into() }), "250 2.0.0 refused, not-a-director\r\n")]
#[case::ignored(Outcome::Ignored(Reason::Automatic), "250 2.0.0 ignored, automatic\r\n")]
#[case::deferred(deferral("GLPI: 503"), "451 4.3.0 deferred, glpi-unavailable: GLPI: 503\r\n")]
#[case::deferred_in_many_lines(deferral("a\r\n250 é"), "451 4.3.0 deferred, glpi-unavailable: a  250 e\r\n")]
#[tokio::test]
async fn each_outcome_is_answered(#[case] outcome: Outcome, #[case] reply: &str) {
    let server = Server::start(settings(), move |_, _| std::future::ready(outcome.clone())).await;
    let mut client = server.introduced().await;
    client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
    client.say("x\r\n.\r\n").await;
    client.expect(reply).await;
    server.end().await;
}

#[tokio::test]
async fn when_the_handling_panics_the_relay_keeps_the_mail_and_goes_on() {
    let server = Server::start(settings(), |_, content| async move {
        assert_ne!(content, "bad\r\n", "this one breaks");
        created(1)
    })
    .await;
    let mut client = server.introduced().await;
    client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
    client.dialogue("bad\r\n.\r\n", &["451 4.3.0"]).await;
    client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
    client.dialogue("good\r\n.\r\n", &["250 2.0.0 created"]).await;
    server.end().await;
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_cut_and_says_so() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    let line = format!("{}\r\n", "x".repeat(98));
    for (lines, kept) in [(999, 99_900), (1000, 100_000), (5000, 100_000)] {
        client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
        client.dialogue(&format!("{}.\r\n", line.repeat(lines)), &["250 2.0.0 created"]).await;
        let (envelope, content) = mails.lock().unwrap().pop().unwrap();
        assert_eq!((envelope.size, content.len()), (lines as u64 * 100, kept));
    }
    server.end().await;
}

fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

const SESSION: &[u8] =
    b"LHLO x\r\nMAIL FROM:<a@b.fr> SIZE=9\r\nRCPT TO:<assistance1d@ac-dijon.fr>\r\nRCPT TO:<x@y.fr>\r\n\
    DATA\r\nSubject: LSU\r\n\r\n..\r\n\n.\n\r.\r\r\n.\r\r\n.a\r\n.\r\nNOOP\nx\r\nNOPE\r\nMAIL FROM:<>\r\n\
    RCPT TO:<assistance.1erdegre@ac-dijon.fr>\r\nDATA\r\n.\r\nRSET\r\nQUIT\r\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_pieces_in_which_it_comes_make_no_difference(lengths in vec(1_usize..40, 0..60)) {
        let (replies, mails) = run(async {
            let (server, mails) = Server::collecting(settings()).await;
            let mut client = server.connect().await;
            let mut left = SESSION;
            for length in lengths {
                let (piece, rest) = left.split_at(length.min(left.len()));
                client.say(piece).await;
                tokio::task::yield_now().await;
                left = rest;
            }
            client.say(left).await;
            let replies = client.closed().await;
            server.end().await;
            let mails = mails.lock().unwrap().clone();
            (replies, mails)
        });
        let codes: Vec<_> = replies.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
        prop_assert_eq!(
            codes,
            ["220", "250", "250", "250", "550", "354", "250", "500", "500", "250", "250", "354", "250", "250", "221"]
        );
        let contents: Vec<_> = mails.iter().map(|(_, content)| content.clone()).collect();
        prop_assert_eq!(contents, ["Subject: LSU\r\n\r\n.\r\n\n.\n\r.\r\r\n\r\r\na\r\n", ""]);
    }

    #[test]
    fn garbage_neither_stops_the_listener_nor_makes_a_mail(garbage: Vec<u8>) {
        run(async {
            let (server, mails) = Server::collecting(settings()).await;
            let mut client = server.introduced().await;
            client.say(&garbage).await;
            client.rest().await;
            let mut client = server.introduced().await;
            client.dialogue(ENVELOPE, &["250", "250", "354"]).await;
            client.say(&garbage).await;
            client.rest().await;
            assert!(mails.lock().unwrap().is_empty());
            server.introduced().await.dialogue("QUIT\r\n", &["221"]).await;
            server.end().await;
        });
    }
}

#[tokio::test]
async fn byte_by_byte_is_as_good_as_at_once() {
    let (server, mails) = Server::collecting(settings()).await;
    let mut at_once = server.connect().await;
    at_once.say(SESSION).await;
    let at_once = at_once.closed().await;
    let first = std::mem::take(&mut *mails.lock().unwrap());

    let mut slow = server.connect().await;
    for byte in SESSION {
        slow.say([*byte]).await;
        tokio::task::yield_now().await;
    }
    let slow = slow.closed().await;
    assert_eq!(at_once, slow);
    assert_eq!(first, *mails.lock().unwrap());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_large_mails_than_there_is_room_for_are_all_taken_in_turn() {
    const MAILS: usize = 12;
    let at_once = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (at_once.clone(), most.clone());
    let settings = Settings { max_size: 2 << 20, max_connections: 50, ..settings() };
    let server = Server::start(settings, move |_, _| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(200)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            created(1)
        }
    })
    .await;
    let mail = format!("Subject: x\r\n\r\n{}", "une ligne de texte\r\n".repeat(100_000));
    let deliveries = (0..MAILS).map(|_| {
        let (address, mail) = (server.addresses[0].parse().unwrap(), mail.clone());
        async move { deliver(address, "a@ac-dijon.fr", &["assistance1d@ac-dijon.fr"], mail.as_bytes()).await.unwrap() }
    });
    for replies in futures_util::future::join_all(deliveries).await {
        assert!(replies[0].starts_with("250"), "{replies:?}");
    }
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
    server.end().await;
}
