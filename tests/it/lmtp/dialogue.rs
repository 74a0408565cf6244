//! Commands and their replies: the extensions, the order of things, what is refused and why.

use rstest::rstest;

use super::support::{Server, settings};

#[tokio::test]
async fn the_greeting_and_lhlo_say_who_and_what() {
    let (server, _) = Server::collecting(settings()).await;
    let mut client = server.connect().await;
    assert_eq!(client.expect("220").await, "220 passerelle.test LMTP Passerelle\r\n");
    client.say("LHLO relay.test\r\n").await;
    let reply = client.expect("250").await;
    let lines: Vec<_> = reply.lines().map(|line| &line[4..]).collect();
    assert_eq!(lines, ["passerelle.test", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 100000"]);
    client.dialogue("QUIT\r\n", &["221 2.0.0"]).await;
    assert_eq!(client.closed().await, "");
    server.end().await;
}

const MAIL: &str = "MAIL FROM:<a@ac-dijon.fr>\r\n";
const RCPT: &str = "RCPT TO:<assistance1d@ac-dijon.fr>\r\n";

/// What is said after the greeting, and the beginnings of the replies.
#[rstest]
#[case::helo("HELO relay\r\nEHLO relay\r\n", &["500 5.5.1", "500 5.5.1"])]
#[case::lhlo_without_name("LHLO\r\n", &["501"])]
#[case::mail_first(MAIL, &["503 5.5.1"])]
#[case::rcpt_first(RCPT, &["503 5.5.1"])]
#[case::data_first("DATA\r\n", &["503 5.5.1"])]
#[case::before_lhlo("NOOP\r\nRSET\r\nVRFY a\r\nQUIT\r\n", &["250 2.0.0", "250 2.0.0", "252 2.0.0", "221 2.0.0"])]
#[case::rset_is_no_lhlo(&format!("RSET\r\n{MAIL}"), &["250", "503"])]
#[case::rcpt_without_mail(&format!("LHLO x\r\n{RCPT}"), &["250", "503 5.5.1"])]
#[case::data_without_mail("LHLO x\r\nDATA\r\n", &["250", "503 5.5.1"])]
#[case::data_without_rcpt(&format!("LHLO x\r\n{MAIL}DATA\r\n{RCPT}DATA\r\n"), &["250", "250", "503 5.5.1", "250", "354"])]
#[case::nested_mail(&format!("LHLO x\r\n{MAIL}{MAIL}{RCPT}"), &["250", "250 2.1.0", "503 5.5.1", "250 2.1.5"])]
#[case::rset_forgets(&format!("LHLO x\r\n{MAIL}{RCPT}RSET\r\nDATA\r\n{RCPT}"), &["250", "250", "250", "250", "503", "503"])]
#[case::lhlo_forgets(&format!("LHLO x\r\n{MAIL}{RCPT}LHLO y\r\nDATA\r\n{MAIL}"), &["250", "250", "250", "250", "503", "250"])]
#[case::noop_and_vrfy_do_not(&format!("LHLO x\r\n{MAIL}{RCPT}NOOP x y\r\nVRFY a\r\nDATA\r\n"), &["250", "250", "250", "250", "252", "354"])]
#[case::null_sender("LHLO x\r\nMAIL FROM:<>\r\n", &["250", "250"])]
#[case::postmaster_is_no_null_sender("LHLO x\r\nMAIL FROM:<postmaster>\r\n", &["250", "501 5.1.7"])]
#[case::parameters("LHLO x\r\nMAIL FROM:<é@b.fr> SIZE=100000 BODY=8BITMIME SMTPUTF8\r\n", &["250", "250"])]
#[case::too_large("LHLO x\r\nMAIL FROM:<a@b.fr> SIZE=100001\r\nDATA\r\n", &["250", "552 5.3.4", "503"])]
#[case::unknown_parameter("LHLO x\r\nMAIL FROM:<a@b.fr> XYZ=1\r\n", &["250", "555 5.5.4"])]
#[case::parameter_not_offered("LHLO x\r\nMAIL FROM:<a@b.fr> BODY=BINARYMIME\r\nMAIL FROM:<a@b.fr> RET=FULL\r\n", &["250", "555", "555"])]
#[case::rcpt_parameter(&format!("LHLO x\r\n{MAIL}RCPT TO:<assistance1d@ac-dijon.fr> NOTIFY=NEVER\r\nDATA\r\n"), &["250", "250", "555 5.5.4", "503"])]
#[case::any_case("lhlo X\r\nmail from:<a@b.fr>\r\nrcpt to:<ASSISTANCE.1erdegre@AC-DIJON.FR>\r\ndata\r\n", &["250", "250", "250", "354"])]
#[case::other_recipients(
    &format!("LHLO x\r\n{MAIL}RCPT TO:<autre@ac-dijon.fr>\r\nRCPT TO:<postmaster>\r\nRCPT TO:<assistance1d@ac-dijon.fr.evil.fr>\r\nRCPT TO:<>\r\nDATA\r\n"),
    &["250", "250", "550 5.1.1", "550 5.1.1", "550 5.1.1", "550 5.1.1", "503"]
)]
#[case::too_many_recipients(&format!("LHLO x\r\n{MAIL}{}DATA\r\n", RCPT.repeat(6)), &["250", "250", "250", "250", "250", "250", "250", "452 4.5.3", "354"])]
#[case::not_offered("LHLO x\r\nBDAT 3 LAST\r\nSTARTTLS\r\nAUTH PLAIN AA==\r\nHELP\r\n", &["250", "502 5.5.1", "502", "502", "502"])]
#[case::unknown("LHLO x\r\nXYZZY\r\n\r\nDATAX\r\n", &["250", "500 5.5.1", "500", "500"])]
#[case::parameters_of_data(&format!("LHLO x\r\n{MAIL}{RCPT}DATA now\r\nDATA\r\n"), &["250", "250", "250", "501 5.5.4", "354"])]
#[case::bare_feed("NOOP\nNOOP\r\nNOOP\r\n", &["500 5.5.2", "250"])]
#[case::bare_return("NOOP\rNOOP\r\nNOOP\r\n", &["500 5.5.2", "250"])]
#[case::bare_return_at_the_end("NOOP\r\r\nNOOP\r\n", &["500 5.5.2", "250"])]
#[case::control_character("NOOP\0\r\nNOOP\r\n", &["500 5.5.2", "250"])]
#[case::long_line(&format!("NOOP {}\r\nNOOP\r\n", "x".repeat(3000)), &["500 5.5.2", "250"])]
#[case::nothing_after_quit("QUIT\r\nNOOP\r\n", &["221"])]
#[tokio::test]
async fn each_command_has_its_reply(#[case] said: &str, #[case] codes: &[&str]) {
    let (server, mails) = Server::collecting(settings()).await;
    // At once, as PIPELINING allows, and line by line.
    for pieces in [vec![said], said.split_inclusive('\n').collect()] {
        let mut client = server.connect().await;
        client.expect("220").await;
        for piece in pieces {
            client.say(piece).await;
        }
        for code in codes {
            client.expect(code).await;
        }
        assert_eq!(client.rest().await, "");
    }
    assert!(mails.lock().unwrap().is_empty());
    server.end().await;
}

#[tokio::test]
async fn a_client_without_cr_lf_is_told_at_once() {
    let (server, _) = Server::collecting(settings()).await;
    let mut client = server.connect().await;
    client.expect("220").await;
    client.dialogue("LHLO x\n", &["500 5.5.2"]).await;
    server.end().await;
}

#[tokio::test]
async fn the_tenth_fault_is_the_last() {
    let (server, _) = Server::collecting(settings()).await;
    let mut client = server.introduced().await;
    let rejected = format!("{MAIL}{}RSET\r\n", "RCPT TO:<autre@ac-dijon.fr>\r\n".repeat(20));
    client.say(&rejected).await;
    client.expect("250").await;
    for _ in 0..20 {
        client.expect("550").await;
    }
    client.expect("250").await;
    client.dialogue(&"XYZZY\r\n".repeat(30), &["500"; 9]).await;
    client.expect("421 4.7.0").await;
    assert_eq!(client.rest().await, "");
    server.end().await;
}
