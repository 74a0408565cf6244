//! Articles, withdrawn requests, and announcements in each state, in a browser.

use std::time::Duration;

use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::{
    DIRECTORS, Portal, TRUSTED,
    browser::{fits_everybody, is_walked_through, proxy},
    looks,
};
use crate::announcements::announcement;
use crate::support::{
    browser::Browser,
    gateway::{Gateway, app},
    helpdesk::Helpdesk,
    sink::{Moods, Sink},
    wait_until,
};

const JEANNE: &str = DIRECTORS[0];
const PNG: &[u8] = include_bytes!("capture.png");

/// Two articles under two categories, one with a picture; gives its number.
async fn publish(portal: &Portal) -> u64 {
    let admin = Helpdesk::sign_in(&portal.sandbox.url(), "glpi", "glpi").await;
    let mut articles = Vec::new();
    for (category, title) in [("LSU", "Valider les bilans du CM2"), ("ONDE", "Admettre un élève")] {
        let category = admin.add("KnowbaseItemCategory", json!({"name": category})).await;
        let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        let article = json!({
            "name": title, "answer": "<p>Remplissez tout.</p>", "is_faq": 1, "_visibility": readers,
            "_categories": [category],
        });
        articles.push(admin.add("KnowbaseItem", article).await);
    }
    let article = articles[0];
    let file = json!({"name": "capture.png", "itemtype": "KnowbaseItem", "items_id": article});
    let document = admin.add_with_file("Document", file, "capture.png", PNG).await;
    let answer =
        format!("<p>Remplissez tout.</p><p><img src=\"/front/document.send.php?docid={document}\" alt=\"\"></p>");
    admin.call(Method::PUT, &format!("KnowbaseItem/{article}"), json!({"answer": answer})).await;
    article
}

#[rstest]
#[case::neutral("neutral", &[])]
#[case::dsfr("dsfr", &looks::THEME)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn articles_are_read_printed_and_withdraw_a_request(#[case] theme: &str, #[case] settings: &[(&str, &str)]) {
    let portal = Portal::with(&[&[TRUSTED][..], settings].concat()).await;
    let article = publish(&portal).await;
    let site = format!("http://{}", proxy(portal.gateway.http).await);
    let browser = Browser::start().await;
    let fits_everybody =
        async |browser: &Browser, name: &str| fits_everybody(browser, &format!("{theme}-{name}")).await;
    browser.open(&format!("{site}/portail/faq")).await;
    let shown = browser.text("main").await;
    assert!(shown.contains("Catégories") && shown.contains("LSU (1)") && shown.contains("ONDE (1)"), "{shown}");
    fits_everybody(&browser, "40-faq-categories").await;
    is_walked_through(&browser, "the FAQ").await;
    browser.follow("a[href='/portail/faq?categorie=LSU']").await;
    let shown = browser.text("main").await;
    assert!(shown.contains("Valider les bilans") && !shown.contains("Admettre un élève"), "{shown}");
    fits_everybody(&browser, "41-faq-une-categorie").await;

    browser.open(&format!("{site}/portail/faq/{article}")).await;
    let loaded = "const img = document.querySelector('article img'); return img.complete && img.naturalWidth > 0";
    wait_until("the picture is loaded", async || browser.script(loaded).await == true).await;
    fits_everybody(&browser, "42-fiche-image").await;
    browser.as_printed(true).await;
    let printed = "return [...document.querySelectorAll('nav, form, button, footer, .tools, .menu')]
        .filter(part => part.getClientRects().length > 0).map(part => part.outerHTML)";
    assert_eq!(browser.script(printed).await, json!([]), "nothing to go to or to press in print");
    assert!(browser.text("main").await.contains("Remplissez tout."));
    browser.picture(&format!("{theme}-43-fiche-imprimee")).await;
    browser.as_printed(false).await;
    assert_eq!(browser.sheets().await, 1);
    browser.follow("form[action$='/utile'] button").await;
    assert_eq!(browser.path().await, format!("/portail/faq/{article}?merci"));
    assert!(browser.text("main").await.contains("Merci de l’avoir dit."));
    fits_everybody(&browser, "44-fiche-merci").await;

    let number = portal.deposit(JEANNE, "Impossible de valider les bilans du CM2").await;
    browser.open(&format!("{site}/portail/demandes/{number}/recapitulatif")).await;
    let shown = browser.text("main").await;
    for said in ["Ces fiches répondent peut-être à votre question", "Valider les bilans du CM2", "Retirer ma demande"]
    {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    fits_everybody(&browser, "45-recapitulatif-fiches").await;
    browser.follow("form[action$='/retrait'] button").await;
    assert!(browser.path().await.starts_with(&format!("/portail/demandes/{number}")));
    assert!(browser.text("main").await.contains("Vous avez retiré votre demande"));
    fits_everybody(&browser, "46-demande-retiree").await;

    // What is for those in charge alone.
    browser.open(&format!("{site}/pilotage")).await;
    assert_eq!(browser.text("h1").await, "Page réservée");
    let _ = browser.complaints().await;
    fits_everybody(&browser, "47-page-reservee").await;
    browser.finish().await;
}

/// What becomes of a mailing, as the relay's moods have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    ToConfirm,
    /// By the link that a second person was sent.
    Confirming,
    /// Its list was not written.
    Unfrozen,
    Going,
    Refused,
    InDoubt,
    Stopped,
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_is_seen_in_each_state(
    #[values(("neutral", &[][..]), ("dsfr", &looks::THEME[..]))] theme: (&str, &[(&str, &str)]),
    #[values(
        Course::ToConfirm,
        Course::Confirming,
        Course::Unfrozen,
        Course::Going,
        Course::Refused,
        Course::InDoubt,
        Course::Stopped
    )]
    course: Course,
) {
    let (theme, settings) = theme;
    let moods = match course {
        Course::Going | Course::Stopped => Moods { thinks: vec![Duration::from_mins(1); 9], ..Moods::default() },
        Course::Refused => {
            Moods { recipients: [("anne.blanc@ac-dijon.fr".to_owned(), 550)].into(), ..Moods::default() }
        }
        Course::InDoubt => Moods { thinks: vec![Duration::from_mins(1)], ..Moods::default() },
        Course::ToConfirm | Course::Confirming | Course::Unfrozen => Moods::default(),
    };
    let is_to_confirm = matches!(course, Course::ToConfirm | Course::Confirming);
    let sink = Sink::start(moods).await;
    let relay = sink.url();
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directory.csv");
    let list = "email;name;role;uai;school;circonscription\n\
        jeanne.martin@ac-dijon.fr;Jeanne Martin;directrice;0210002B;École Voltaire;Dijon Nord\n\
        anne.blanc@ac-dijon.fr;Anne Blanc;directrice;0210003C;École Zola;Dijon Sud\n";
    std::fs::write(&csv, list).unwrap();
    let second = format!("{JEANNE},adjointe@ac-dijon.fr");
    let own = [
        TRUSTED,
        ("directory.csv", csv.to_str().unwrap()),
        ("directory.sources", "csv"),
        ("announcements.enabled", "true"),
        ("announcements.confirm_above", if is_to_confirm { "1" } else { "100" }),
        ("announcements.confirm_link", "https://assistance.test/information/{reference}?code={code}"),
        ("announcements.retry", "1h"),
        ("people.operators", second.as_str()),
        ("people.tokens", "operators:operators-token-for-tests"),
        ("smtp.url", relay.as_str()),
        // What went is in doubt once the relay and GLPI have had their time.
        ("smtp.timeout", if course == Course::InDoubt { "300ms" } else { "1m" }),
        ("glpi.timeout", if course == Course::InDoubt { "2s" } else { "30s" }),
    ];
    let mut portal = Portal::with(&[TRUSTED]).await;
    portal.gateway = Gateway::sending(portal.sandbox.url().as_str(), &[&own[..], settings].concat()).await;
    let address = if course == Course::Unfrozen { kept_alone(&portal).await } else { told(&portal).await };
    let query = if course == Course::Confirming { code(&sink).await } else { "fixe=oui".to_owned() };
    let (said, name) = match course {
        Course::ToConfirm => ("Une seconde personne doit confirmer", "50-information-a-confirmer"),
        Course::Confirming => ("vous confirmez l’envoi en tant que seconde personne", "55-information-confirmer"),
        Course::Unfrozen => ("La liste des destinataires n’a pas été écrite", "56-information-sans-liste"),
        Course::Going => ("qui n’a pas encore répondu", "51-information-en-cours"),
        Course::Refused => ("Adresses refusées par le relais", "52-information-refusee"),
        Course::InDoubt => ("envoi en doute", "53-information-en-doute"),
        Course::Stopped => ("envoi arrêté", "54-information-arretee"),
    };
    let site = format!("http://{}", proxy(portal.gateway.http).await);
    let browser = Browser::start().await;
    if course == Course::Stopped {
        browser.open(&format!("{site}{address}?fixe=oui")).await;
        browser.follow(&format!("form[action='{address}/arret'] button")).await;
    }
    wait_until("the page says the state", async || {
        browser.open(&format!("{site}{address}?{query}")).await;
        browser.text("main").await.contains(said)
    })
    .await;
    fits_everybody(&browser, &format!("{theme}-{name}")).await;
    is_walked_through(&browser, name).await;
    let onward = match course {
        Course::Confirming => Some("confirmation"),
        Course::Unfrozen => Some("reprise"),
        Course::ToConfirm | Course::Going | Course::Refused | Course::InDoubt | Course::Stopped => None,
    };
    if let Some(deed) = onward {
        browser.open(&format!("{site}{address}?{query}")).await;
        browser.follow(&format!("form[action='{address}/{deed}'] button")).await;
        wait_until("it goes", async || sink.copies().contains_key("anne.blanc@ac-dijon.fr")).await;
    }
    browser.finish().await;
}

/// The page of an announcement that somebody else hands in.
async fn told(portal: &Portal) -> String {
    let body = json!({
        "subject": "Incident en cours sur LSU", "text": "Les **bilans** ne s’ouvrent pas.", "by": "adjointe@ac-dijon.fr",
    });
    let call = portal.gateway.call(Method::POST, "/v1/announcements").bearer_auth("operators-token-for-tests");
    let answer = call.json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    let answer: serde_json::Value = answer.json().await.unwrap();
    format!("/information/{}", answer["reference"].as_str().unwrap())
}

/// The page of one whose writer was killed before its list was written.
async fn kept_alone(portal: &Portal) -> String {
    let app = app(portal.sandbox.url().as_str(), &[("announcements.enabled", "true")]);
    let kept = app.informer.keeping().keep(announcement("sans liste", &[]), &[]).await.unwrap();
    format!("/information/{}", kept.reference)
}

/// What the link that a second person was sent has behind its address.
async fn code(sink: &Sink) -> String {
    wait_until("a second person is asked", async || !sink.taken().is_empty()).await;
    let mail = sink.taken()[0].mail.clone();
    let parsed = mail_parser::MessageParser::default().parse(&mail).unwrap();
    let text = parsed.body_text(0).unwrap();
    let (_, code) = text.split_once("?code=").unwrap();
    format!("code={}", code.split_whitespace().next().unwrap())
}
