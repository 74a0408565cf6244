//! A real Postfix hands the mails over by LMTP, and keeps them while GLPI is away.

use std::os::unix::fs::PermissionsExt as _;

use passerelle::sandbox::{Failure, Failures, Rule};

use crate::support::{
    gateway::{AGENT, ASSISTANCE, DIRECTORS, Gateway, mail, sandbox, titled},
    postfix::Postfix,
    wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_both_addresses_through_postfix_becomes_one_ticket() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    let both = [ASSISTANCE, "assistance.1erdegre@ac-dijon.fr"];
    postfix.submit(DIRECTORS[0], &both, &mail(DIRECTORS[0], "px", "LSUN : accès", "Bonjour")).await;
    postfix.submit(AGENT, &[ASSISTANCE], &mail(AGENT, "px2", "LSU", "Bonjour")).await;
    wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    assert_eq!(titled(&sandbox, "LSUN").len(), 1);
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_notices_reach_the_requesters_through_postfix() {
    let sandbox = sandbox().await;
    // Postfix must be known before the gateway, and the gateway's port before Postfix.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let postfix = Postfix::start(&format!("inet:{port}"));
    let smtp = format!("smtp://127.0.0.1:{}", postfix.smtp_port());
    let gateway =
        Gateway::sending(sandbox.url().as_str(), &[("lmtp.listen", &port.to_string()), ("smtp.url", &smtp)]).await;
    postfix.submit(DIRECTORS[1], &[ASSISTANCE], &mail(DIRECTORS[1], "rx", "ONDE : accès", "Bonjour")).await;
    postfix.submit(AGENT, &[ASSISTANCE], &mail(AGENT, "rx2", "LSU", "Bonjour")).await;
    let director = DIRECTORS[1].to_lowercase();
    wait_until("both have been written to", async || {
        !postfix.inbox(&director).is_empty() && !postfix.inbox(AGENT).is_empty()
    })
    .await;
    let receipt = &postfix.inbox(&director)[0];
    for part in
        ["Return-Path: <>", "Auto-Submitted: auto-replied", "In-Reply-To: <rx@ecole.test>", "Content-Type: text/html"]
    {
        assert!(receipt.contains(part), "{part} in {receipt}");
    }
    assert!(postfix.inbox(AGENT)[0].contains("Auto-Submitted: auto-replied"));
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_relays_over_a_unix_socket_too() {
    let passable = std::fs::Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(passable).tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("lmtp.sock").display());
    let (postfix, sandbox) = (Postfix::start(&socket), sandbox().await);
    let gateway = Gateway::start(&sandbox, &[("lmtp.listen", &format!("127.0.0.1:0,{socket}"))]).await;
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "unix", "LSU : relayé", "Bonjour")).await;
    wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    assert!(postfix.log().contains("status=sent (250 2.0.0 created, ticket 1"), "{}", postfix.log());
    gateway.finish().await;
}

/// Postfix keeps the mail while GLPI fails so, and it makes one ticket when GLPI is back.
async fn postfix_keeps_the_mail_while(failure: Failure) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("glpi.timeout", "2s")]).await;
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    sandbox.set_failures(Rule::always(failure));
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "kept", "LSU : gardé", "Bonjour")).await;
    wait_until("Postfix was told to try later", async || postfix.log().contains("451 4.3.0 deferred")).await;
    assert_eq!((postfix.queue_len(), sandbox.tickets().len()), (1, 0));
    sandbox.set_failures(Failures::none());
    wait_until("Postfix has delivered it", async || {
        postfix.flush();
        postfix.queue_len() == 0
    })
    .await;
    assert_eq!(titled(&sandbox, "gardé").len(), 1);
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_keeps_the_mail_while_glpi_is_down() {
    postfix_keeps_the_mail_while(Failure::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_keeps_the_mail_while_glpi_is_in_maintenance() {
    postfix_keeps_the_mail_while(Failure::Maintenance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_write_is_one_ticket_for_postfix_too() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    sandbox.set_failures(Rule::next(1, Failure::AnswerLost).on_new_tickets());
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "lost", "LSU : perdu", "Bonjour")).await;
    wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    assert_eq!(sandbox.tickets().len(), 1);
}

/// What is logged of a mail that the pipe transport put off: the reason, before what the program says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_a_pipe_s_deferral_is_what_postfix_keeps_first() {
    let passable = std::fs::Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(passable).tempdir().unwrap();
    // Whoever runs it there reaches it: the folder of the build may be anywhere.
    let program = folder.path().join("passerelle");
    std::fs::copy(env!("CARGO_BIN_EXE_passerelle"), &program).unwrap();
    let settings = folder.path().join("passerelle.toml");
    let configure = |glpi: &str, more: &str| {
        let file = format!(
            "log.filter = \"trace\"\n[glpi]\nurl = \"{glpi}\"\nlogin = \"passerelle\"\npassword = \"passerelle\"\n{more}"
        );
        std::fs::write(&settings, file).unwrap();
    };
    let sandbox = sandbox().await;
    configure("http://127.0.0.1:9/", "");
    let postfix = Postfix::piping(&format!(
        "{} --config {} ingest --sender ${{sender}} --recipient ${{recipient}}",
        program.display(),
        settings.display()
    ));
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "pipe", "LSU : par tube", "Bonjour")).await;
    let kept =
        |reason: &str| postfix.log().contains(&format!("status=deferred (temporary failure. Command output: {reason}"));
    wait_until("GLPI's absence is logged", async || kept("deferred: directory-unknown (directory in GLPI")).await;
    configure("http://127.0.0.1:9/", "urll = \"x\"\n");
    wait_until("the configuration's mistake is logged", async || kept("deferred: configuration (")).await;
    configure(sandbox.url().as_str(), "");
    wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    assert_eq!(titled(&sandbox, "par tube").len(), 1);
}
