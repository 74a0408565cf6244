//! A helpdesk that is slow: within seconds a person is told what is known, and what they sent goes on.

use std::time::{Duration, Instant};

use passerelle::sandbox::{Failure, Failures, Rule};
use reqwest::{StatusCode, multipart::Form};

use super::{DIRECTORS, Portal, TRUSTED, fields, file};
use crate::support::{gateway::titled, wait_until};

const JEANNE: &str = DIRECTORS[0];
/// How long the helpdesk needs for a call, and how long a person waits.
const SLOW: Duration = Duration::from_secs(3);
const WAIT: (&str, &str) = ("portal.wait", "500ms");

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_end_is_not_known_is_the_same_when_it_is_sent_again() {
    let portal = Portal::with(&[TRUSTED, WAIT]).await;
    let form = portal.get("/portail/nouvelle", JEANNE).await;
    let filled = || fields("Lente").part("attachments", file("capture.txt", "a"));
    portal.sandbox.set_failures(Rule::next(1, Failure::Slow(SLOW)).on_new_tickets());
    let began = Instant::now();
    let unknown = portal.send_as_shown(&form, "/portail/nouvelle", JEANNE, filled()).await;
    assert!(began.elapsed() < SLOW, "told after {:?}", began.elapsed());
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(unknown.has("Nous ne savons pas encore si votre demande est enregistrée"), "{}", unknown.html);
    assert!(unknown.has("value=\"Lente\"") && !unknown.has("n'est pas enregistrée</h2>"), "{}", unknown.html);
    let search = unknown.html.split_once("/portail/demandes?q=P-").expect("a way to look").1;
    let search = format!("/portail/demandes?q=P-{}", search.split_once('"').unwrap().0);

    // It went on, and is found under the name that was told.
    wait_until("the ticket is made", async || titled(&portal.sandbox, "Lente").len() == 1).await;
    portal.sandbox.set_failures(Failures::none());
    let [ticket] = titled(&portal.sandbox, "Lente").try_into().unwrap();
    assert!(portal.get(&search, JEANNE).await.has(&format!("/portail/demandes/{}\"", ticket.id)));

    // The browser has lost the file; with it chosen again, it is the same request.
    let location = format!("/portail/demandes/{}/recapitulatif", ticket.id);
    wait_until("its end is known", async || {
        let again = portal.send_as_shown(&unknown, "/portail/nouvelle", JEANNE, filled()).await;
        again.status == StatusCode::SEE_OTHER
    })
    .await;
    let sent = portal.send_as_shown(&unknown, "/portail/nouvelle", JEANNE, filled()).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, location.as_str()), "{}", sent.html);
    assert_eq!(titled(&portal.sandbox, "Lente").len(), 1);
    // What says something else is another one.
    let other = portal.send_as_shown(&unknown, "/portail/nouvelle", JEANNE, fields("Lente, suite")).await;
    assert_ne!(other.location(), location);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_end_is_not_known_is_not_said_to_be_lost() {
    let portal = Portal::with(&[TRUSTED, WAIT]).await;
    let number = portal.deposit(JEANNE, "Suivie").await;
    let (path, to) = (format!("/portail/demandes/{number}"), format!("/portail/demandes/{number}/suivis"));
    let shown = portal.get(&path, JEANNE).await;
    portal.sandbox.set_failures(Rule::next(1, Failure::Slow(SLOW)).on_new_followups());
    let message = || Form::new().text("description", "Ne me perdez pas");
    let unknown = portal.send_as_shown(&shown, &to, JEANNE, message()).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(unknown.has("Nous ne savons pas encore si votre message est enregistré"), "{}", unknown.html);
    assert!(!unknown.has("Rien n'") && unknown.has("Ne me perdez pas"), "{}", unknown.html);
    wait_until("it is written", async || portal.sandbox.tickets()[0].followups.len() == 1).await;
    portal.sandbox.set_failures(Failures::none());
    wait_until("its end is known", async || {
        portal.send_as_shown(&unknown, &to, JEANNE, message()).await.status == StatusCode::SEE_OTHER
    })
    .await;
    assert_eq!(portal.sandbox.tickets()[0].followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_made_in_time_says_so_in_time() {
    let portal = Portal::with(&[TRUSTED, WAIT]).await;
    portal.sandbox.set_failures(Rule::always(Failure::Slow(SLOW)));
    let began = Instant::now();
    let list = portal.get("/portail/demandes", JEANNE).await;
    assert_eq!(list.status, StatusCode::SERVICE_UNAVAILABLE);
    let home = portal.get("/portail", JEANNE).await;
    assert!(home.status == StatusCode::OK && home.has("ne peuvent pas être affichées"), "{}", home.html);
    let form = portal.get("/portail/nouvelle", JEANNE).await;
    assert!(form.status == StatusCode::OK && form.has("Envoyer la demande"), "{}", form.html);
    assert!(began.elapsed() < SLOW, "three pages took {:?}", began.elapsed());
}
