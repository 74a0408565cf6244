//! GLPI away, in maintenance, slow, or losing its answers: nothing is lost, nothing is made twice.

use std::time::Duration;

use passerelle::sandbox::{Failure, Failures, Rule, Sandbox};

use crate::support::gateway::{DIRECTORS, Gateway, form, mail, sandbox};

/// The mail waits while GLPI fails so, and makes one ticket when it is back.
async fn waits_and_comes_once(failure: Failure) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("glpi.timeout", "1s")]).await;
    let mail = mail(DIRECTORS[0], "later", "LSU : plus tard", "Bonjour");
    sandbox.set_failures(Rule::always(failure));
    for _ in 0..2 {
        let reply = gateway.deliver(DIRECTORS[0], &mail).await;
        assert!(reply.starts_with("451 4.3.0 deferred"), "{failure:?}: {reply}");
    }
    sandbox.set_failures(Failures::none());
    assert_eq!(sandbox.tickets().len(), 0);
    let reply = gateway.deliver(DIRECTORS[0], &mail).await;
    assert!(reply.contains("created"), "{failure:?}: {reply}");
    let reply = gateway.deliver(DIRECTORS[0], &mail).await;
    assert!(reply.contains("duplicate"), "{failure:?}: {reply}");
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_maintenance_the_relay_keeps_the_mail() {
    waits_and_comes_once(Failure::Maintenance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_glpi_is_down_the_relay_keeps_the_mail() {
    waits_and_comes_once(Failure::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_php_is_down_the_relay_keeps_the_mail() {
    waits_and_comes_once(Failure::BadGateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_write_makes_one_ticket_and_a_positive_answer() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    sandbox.set_failures(Rule::next(1, Failure::AnswerLost).on_new_tickets());
    let answer = gateway.post_form(&form(DIRECTORS[0], "Perdue"), Some("lost")).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Perdue"), Some("lost")).await.status(), 200);
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_makes_one_ticket_however_often_it_is_tried() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("glpi.timeout", "1s")]).await;
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(5))).on_new_tickets());
    let mail = mail(DIRECTORS[0], "slow", "LSU : lent", "Bonjour");
    // The stand-in writes at once and answers late: the search finds what the answer did not tell.
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_nobody_can_account_for_is_not_repeated_but_found_when_glpi_is_back() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("glpi.timeout", "1s")]).await;
    warm_up(&gateway).await;
    let mail = mail(DIRECTORS[0], "open", "LSU : sans réponse", "Bonjour");
    let made = || sandbox.tickets().iter().filter(|ticket| ticket.name.contains("sans réponse")).count();

    // The ticket is written, its answer does not come in time, and then GLPI cannot be searched.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(3))).on_new_tickets());
    let away = async {
        while made() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sandbox.set_failures(Rule::always(Failure::Maintenance));
    };
    let (reply, ()) = tokio::join!(gateway.deliver(DIRECTORS[0], &mail), away);
    assert!(reply.starts_with("451"), "{reply}");
    sandbox.set_failures(Failures::none());

    // Until the creation surely has ended, another try waits; then the ticket is found and acknowledged.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let reply = loop {
        let reply = gateway.deliver(DIRECTORS[0], &mail).await;
        if reply.starts_with("250") {
            break reply;
        }
        assert!(reply.contains("busy") && tokio::time::Instant::now() < deadline, "{reply}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(reply.contains("created"), "{reply}");
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    assert_eq!(made(), 1);
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    assert_eq!(outbox.mails().len(), 2, "one receipt for each ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_session_is_opened_anew_and_the_request_never_notices() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    warm_up(&gateway).await;
    sandbox.forget_sessions();
    assert_eq!(gateway.post_form(&form(DIRECTORS[1], "Session"), None).await.status(), 201);
    assert_eq!(tickets_titled(&sandbox, "Session"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_glpi_and_liveness_does_not() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    assert_eq!(gateway.get("/readyz").await.0, 200);
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    assert_eq!(gateway.get("/readyz").await.0, 503);
    assert_eq!(gateway.get("/healthz").await.0, 200);
}

/// Lets the gateway learn GLPI's names and open its sessions.
async fn warm_up(gateway: &Gateway) {
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Avant"), None).await.status(), 201);
}

fn tickets_titled(sandbox: &Sandbox, title: &str) -> usize {
    sandbox.tickets().iter().filter(|ticket| ticket.name.contains(title)).count()
}

/// A good mail that comes only while the breaker is open, others passing in between, fails often and is never to blame.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_puts_aside_no_mail_however_often_it_meets_one() {
    let sandbox = sandbox().await;
    let settings = [
        ("glpi.breaker_failures", "1"),
        ("glpi.breaker_pause", "1s"),
        ("quarantine.attempts", "3"),
        ("quarantine.operators", "exploitation@ac-dijon.fr"),
        ("quota.per_day", "100"),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    // What is to be known of its sender is known, so that nothing but its ticket is asked for.
    let first = mail(DIRECTORS[0], "first", "LSU : avant", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &first).await.contains("created"));
    let good = mail(DIRECTORS[0], "good", "LSU : bonne", "Bonjour");
    let mut met_an_open_breaker = 0;
    for round in 0..8 {
        sandbox.set_failures(Rule::always(Failure::Down));
        let tripping = mail(DIRECTORS[1], &format!("trip{round}"), "LSU : panne", "Bonjour");
        assert!(gateway.deliver(DIRECTORS[1], &tripping).await.starts_with("451"));
        let before = sandbox.calls();
        let reply = gateway.deliver(DIRECTORS[0], &good).await;
        assert!(reply.starts_with("451"), "round {round}: {reply}");
        met_an_open_breaker += u32::from(sandbox.calls() == before);
        sandbox.set_failures(Failures::none());
        let other = mail(DIRECTORS[2], &format!("other{round}"), "LSU : autre", "Bonjour");
        crate::support::wait_until("another one passes", async || {
            gateway.deliver(DIRECTORS[2], &other).await.starts_with("250")
        })
        .await;
    }
    assert!(met_an_open_breaker > 3, "{met_an_open_breaker}");
    assert!(gateway.deliver(DIRECTORS[0], &good).await.contains("created"));
    let to_operators = |sent: &passerelle::clients::smtp::Sent| sent.recipient.contains("exploitation");
    assert!(!gateway.outbox.mails().iter().any(to_operators));
}
