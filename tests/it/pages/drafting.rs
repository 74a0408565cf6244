//! `/pilotage/fiches`: a référent sees what an article of a solved ticket would say, and has it drafted by a button.

use std::time::Duration;

use passerelle::sandbox::{Failure, Rule};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{DIRECTORS, Page, Portal, TRUSTED, page};
use crate::support::helpdesk::Helpdesk;

/// A member of Référents-LSU, with an account.
const REFERENT: &str = "tech1@ac-dijon.fr";
/// Their account.
const TECHNICIAN: u64 = 15;
const OPERATOR: &str = "chef@ac-dijon.fr";

async fn portal() -> Portal {
    Portal::with(&[TRUSTED, ("people.operators", OPERATOR), ("people.referents.LSU", "Référents-LSU")]).await
}

/// A request on LSU that is solved.
async fn solved(portal: &Portal) -> u64 {
    let ticket = portal.deposit(DIRECTORS[0], "Bilan de Lucas Petit grisé").await;
    let solution = "<h1>Ici</h1><p>Videz le cache, puis appelez le 03 80 12 34 56.</p>";
    portal.technician().await.solve(ticket, solution).await;
    ticket
}

fn address(ticket: u64) -> String {
    format!("/pilotage/fiches/{ticket}")
}

/// Presses the button of the page that was shown.
async fn press(portal: &Portal, ticket: u64, person: &str, shown: &Page) -> Page {
    let token = shown.hidden("jeton").unwrap_or_default();
    let body = format!("jeton={token}");
    let call = portal.call(Method::POST, &address(ticket), person);
    page(call.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()).await
}

/// The articles that are linked to a ticket, as who administers GLPI sees them.
async fn articles(portal: &Portal, ticket: u64) -> Vec<Value> {
    Helpdesk::sign_in(&portal.sandbox.url(), "glpi", "glpi").await.articles_of(ticket).await
}

#[tokio::test]
async fn a_referent_sees_what_the_article_would_say_and_has_it_drafted() {
    let portal = portal().await;
    let ticket = solved(&portal).await;
    let shown = portal.get(&address(ticket), REFERENT).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
    for said in [
        "Bilan de Lucas Petit grisé",
        "<dd>LSU</dd>",
        "1\u{a0}téléphone",
        "<h3>Réponse</h3><h4>Ici</h4><p>Videz le cache, puis appelez le [téléphone].</p>",
        ">Rédiger la fiche</button>",
        "front/ticket.form.php?id=",
    ] {
        assert!(shown.has(said), "{said} in {}", shown.html);
    }
    assert!(!shown.has("03 80 12 34 56"), "{}", shown.html);
    assert!(articles(&portal, ticket).await.is_empty(), "looking writes nothing");

    let done = press(&portal, ticket, REFERENT, &shown).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, &*format!("{}?faite", address(ticket))));
    let [article] = articles(&portal, ticket).await.try_into().unwrap();
    assert_eq!((&article["is_faq"], article["users_id"].as_u64()), (&json!(0), Some(TECHNICIAN)), "{article}");
    let done = portal.get(done.location(), REFERENT).await;
    let link = format!("front/knowbaseitem.form.php?id={}", article["id"]);
    assert!(done.has("Le brouillon est rédigé") && done.has(&link) && !done.has("<button"), "{}", done.html);
    let notes = portal.sandbox.tickets()[0].followups.clone();
    let note = notes.iter().find(|note| note.content.contains("Brouillon de fiche préparé")).expect("a note says it");
    assert!(note.content.contains("demande sur une page de la passerelle"), "{}", note.content);

    // A second time it is the same article.
    let again = portal.get(&address(ticket), OPERATOR).await;
    assert!(again.has(">Mettre la fiche à jour</button>") && again.has(&link), "{}", again.html);
    assert_eq!(press(&portal, ticket, OPERATOR, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(articles(&portal, ticket).await.len(), 1);
}

/// Whose the article is that somebody without an account in GLPI has drafted.
#[tokio::test]
async fn who_has_no_account_is_told_whose_the_article_will_be() {
    let portal = portal().await;
    let ticket = solved(&portal).await;
    let shown = portal.get(&address(ticket), OPERATOR).await;
    assert!(shown.has("Vous n’avez pas de compte dans GLPI") && !shown.has("vos fiches"), "{}", shown.html);
    assert_eq!(press(&portal, ticket, OPERATOR, &shown).await.status, StatusCode::SEE_OTHER);
    let [article] = articles(&portal, ticket).await.try_into().unwrap();
    let author = article["users_id"].as_u64().unwrap();
    let admin = Helpdesk::sign_in(&portal.sandbox.url(), "glpi", "glpi").await;
    let account = admin.get(&format!("User/{author}")).await;
    let name = account["realname"].as_str().filter(|name| !name.is_empty()).or(account["name"].as_str()).unwrap();
    assert!(shown.has(name), "{name} in {}", shown.html);
    let done = portal.get(&format!("{}?faite", address(ticket)), OPERATOR).await;
    assert!(done.has("Faites-le relire et publier dans GLPI par son auteur"), "{}", done.html);
}

/// What is late is told as that, and not as work on the ticket.
#[tokio::test]
async fn a_glpi_that_does_not_answer_is_told_as_such() {
    let settings = [TRUSTED, ("people.operators", OPERATOR), ("portal.wait", "1s")];
    let portal = Portal::with(&settings).await;
    let ticket = solved(&portal).await;
    assert_eq!(portal.get(&address(ticket), OPERATOR).await.status, StatusCode::OK);
    portal.sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_mins(10))));
    let late = portal.get(&address(ticket), OPERATOR).await;
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(late.has("GLPI ne répond pas") && !late.has("en cours de traitement"), "{}", late.html);
}

#[tokio::test]
async fn where_there_can_be_none_the_page_says_why_and_has_no_button() {
    let portal = portal().await;
    let open = portal.deposit(DIRECTORS[0], "Pas encore résolue").await;
    let unsolved = portal.get(&address(open), REFERENT).await;
    assert_eq!(unsolved.status, StatusCode::OK);
    assert!(unsolved.has("Ce ticket n’a pas de solution") && !unsolved.has("<button"), "{}", unsolved.html);

    let ticket = solved(&portal).await;
    let shown = portal.get(&address(ticket), REFERENT).await;
    assert_eq!(press(&portal, ticket, REFERENT, &shown).await.status, StatusCode::SEE_OTHER);
    let admin = Helpdesk::sign_in(&portal.sandbox.url(), "glpi", "glpi").await;
    let [article] = articles(&portal, ticket).await.try_into().unwrap();
    let rewritten = json!({"name": "Mieux dit"});
    admin.call(Method::PUT, &format!("KnowbaseItem/{}", article["id"]), rewritten).await;
    let changed = portal.get(&address(ticket), REFERENT).await;
    assert!(changed.has("a été modifiée ou publiée depuis") && !changed.has("<button"), "{}", changed.html);
    // From a page that was shown before, it is refused, and nothing is written.
    let refused = press(&portal, ticket, REFERENT, &shown).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("a été modifiée ou publiée depuis") && !refused.has("<button"), "{}", refused.html);
    assert_eq!(articles(&portal, ticket).await[0]["name"], "Mieux dit");
}

#[tokio::test]
async fn a_form_that_was_not_given_to_this_person_drafts_nothing() {
    let portal = portal().await;
    let ticket = solved(&portal).await;
    let operators = portal.get(&address(ticket), OPERATOR).await;
    assert_eq!(press(&portal, ticket, REFERENT, &operators).await.status, StatusCode::FORBIDDEN);
    let own = portal.get(&address(ticket), REFERENT).await;
    let token = own.hidden("jeton").unwrap();
    let call = portal.call(Method::POST, &address(ticket), REFERENT).header("Sec-Fetch-Site", "cross-site");
    let call = call.header("Content-Type", "application/x-www-form-urlencoded").body(format!("jeton={token}"));
    assert_eq!(call.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(articles(&portal, ticket).await.is_empty());
}

#[tokio::test]
async fn a_ticket_is_found_by_its_number() {
    let portal = portal().await;
    assert!(portal.get("/pilotage?fixe=oui", REFERENT).await.has("href=\"/pilotage/fiches\""));
    let asked = portal.get("/pilotage/fiches", REFERENT).await;
    assert_eq!(asked.status, StatusCode::OK);
    let found = portal.get("/pilotage/fiches?ticket=+42+", REFERENT).await;
    assert_eq!((found.status, found.location()), (StatusCode::SEE_OTHER, "/pilotage/fiches/42"));
    for wrong in ["x", "-1", "0", "4.5", "99999999999"] {
        let page = portal.get(&format!("/pilotage/fiches?ticket={wrong}"), REFERENT).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.has("Ce n’est pas un numéro de ticket") && page.has(&format!("value=\"{wrong}\"")), "{wrong}");
    }
    let none = portal.get("/pilotage/fiches/42", REFERENT).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.has("Ce ticket n’existe pas"), "{}", none.html);
}
