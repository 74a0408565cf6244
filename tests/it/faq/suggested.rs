//! Articles that perhaps answer a request: where they are named, and that this costs no call.

use mail_parser::MessageParser;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Faq;
use crate::support::{
    gateway::{DIRECTORS, Gateway, PROXY_SECRET},
    wait_until,
};

const PAGE: &str = "https://assistance.example/portail/faq/{id}";
const ASKED: &str = "bouton valider du bilan grisé";

/// A gateway that knows its FAQ: an article on LSU, and one on ONDE; gives the number of the first.
async fn scene(settings: &[(&str, &str)]) -> (Faq, Gateway, u64) {
    let faq = Faq::start().await;
    let lsu = faq.publish("LSU\u{a0}: le bouton Valider d’un bilan reste grisé", "<p>Tout.</p>", json!({})).await;
    faq.publish("ONDE\u{a0}: le bouton Valider d’un bilan grisé", "<p>Attendez.</p>", json!({})).await;
    let gateway = Gateway::start(&faq.sandbox, settings).await;
    let known = gateway.signed(Method::GET, "/v1/faq", b"").send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(known["articles"].as_array().unwrap().len(), 2, "{known}");
    (faq, gateway, lsu)
}

async fn deposit(gateway: &Gateway, title: &str) -> u64 {
    let form = json!({"requester": DIRECTORS[0], "application": "LSU", "title": title, "description": "Bonjour"});
    let answer = gateway.post_form(&form, None).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.unwrap()["ticket"].as_u64().unwrap()
}

/// A page as the portal shows it to the first director.
async fn page(gateway: &Gateway, path: &str) -> (StatusCode, String) {
    let call = gateway.call(Method::GET, path).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
    let answer = call.header("X-Remote-Mail", DIRECTORS[0]).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_articles_of_its_application_where_they_have_pages() {
    for (settings, is_named) in [(&[("knowledge.link", PAGE)][..], true), (&[], false)] {
        let (faq, gateway, lsu) = scene(settings).await;
        let of_articles = || {
            let mut calls = faq.sandbox.calls_by_endpoint();
            calls.retain(|endpoint, _| endpoint.contains("Knowbase") || endpoint.contains("ITILFollowup"));
            calls
        };
        let before = of_articles();
        deposit(&gateway, "Chauffage en panne").await;
        deposit(&gateway, ASKED).await;
        assert_eq!(of_articles(), before, "no call is for the articles");
        let letters = gateway.outbox.mails();
        let bodies: Vec<_> = letters
            .iter()
            .map(|letter| {
                let parsed = MessageParser::default().parse(&letter.message).unwrap();
                (parsed.body_text(0).unwrap().into_owned(), parsed.body_html(0).unwrap().into_owned())
            })
            .collect();
        let link = PAGE.replace("{id}", &lsu.to_string());
        let [(none, _), (text, html)] = bodies.as_slice() else { panic!("{bodies:?}") };
        assert!(!none.contains("Ces fiches"), "{none}");
        for body in [text, html] {
            assert_eq!(body.contains(&link), is_named, "{body}");
            assert!(!body.contains("ONDE"), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_referents_are_told_by_a_private_note_where_that_is_wanted() {
    for (settings, expected) in [(&[("knowledge.suggest", "true")][..], 1), (&[], 0)] {
        let (faq, gateway, lsu) = scene(settings).await;
        deposit(&gateway, ASKED).await;
        deposit(&gateway, "Chauffage en panne").await;
        let notes = || -> Vec<_> {
            let tickets = faq.sandbox.tickets().into_iter();
            tickets.flat_map(|ticket| ticket.followups).collect()
        };
        // A stop waits for what is on its way.
        gateway.finish().await;
        let notes = notes();
        assert_eq!(notes.len(), expected, "{notes:?}");
        for note in notes {
            assert!(note.private && note.content.contains(&format!("helpdesk.faq.php?id={lsu}\"")), "{note:?}");
            assert!(!note.content.contains("ONDE"), "{note:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_behind_a_deposit_and_the_form_s_script_are_told() {
    let (faq, gateway, lsu) = scene(&[("http.trusted_proxies", "127.0.0.1")]).await;
    let request = deposit(&gateway, ASKED).await;
    let (_, recap) = page(&gateway, &format!("/portail/demandes/{request}/recapitulatif")).await;
    assert!(recap.contains(&format!("<a href=\"/portail/faq/{lsu}\">")) && !recap.contains("ONDE"), "{recap}");
    let other = deposit(&gateway, "Chauffage en panne").await;
    let (_, recap) = page(&gateway, &format!("/portail/demandes/{other}/recapitulatif")).await;
    assert!(!recap.contains("Ces fiches"), "{recap}");

    let before = faq.sandbox.calls();
    for (query, expected) in [
        ("titre=le%20bouton%20vali&choix=LSU", vec![format!("/portail/faq/{lsu}")]),
        ("titre=le%20bouton%20vali&choix=APAE", vec![]),
        ("titre=&choix=LSU", vec![]),
        ("", vec![]),
    ] {
        let (status, text) = page(&gateway, &format!("/portail/faq/propositions?{query}")).await;
        assert_eq!(status, StatusCode::OK);
        let told: Value = serde_json::from_str(&text).unwrap();
        let addresses: Vec<_> =
            told["articles"].as_array().unwrap().iter().map(|it| it["address"].as_str().unwrap().to_owned()).collect();
        assert_eq!(addresses, expected, "{query}");
    }
    assert_eq!(faq.sandbox.calls(), before, "what is typed costs no call");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faq_is_read_in_the_background_and_followed() {
    let faq = Faq::start().await;
    faq.publish("LSU\u{a0}: premier bilan", "<p>a</p>", json!({})).await;
    let gateway = Gateway::start(&faq.sandbox, &[("knowledge.every", "100ms")]).await;
    let found = async |question: &str| {
        let path = format!("/v1/faq?q={question}");
        let found: Value = gateway.signed(Method::GET, &path, b"").send().await.unwrap().json().await.unwrap();
        found["articles"].as_array().unwrap().len()
    };
    wait_until("it is read", async || found("premier").await == 1).await;
    faq.publish("LSU\u{a0}: second bilan", "<p>a</p>", json!({})).await;
    wait_until("it is followed", async || found("second").await == 1).await;
}
