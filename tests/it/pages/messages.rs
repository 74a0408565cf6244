//! What the academy says now: on the home, above the form, on the recap, in receipts and to the portal's developers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use passerelle::{
    announcements::{Announcement, Keeping, Zone, Zones},
    glpi::{Credentials, Glpi, Settings},
    request::Reference,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Portal, TRUSTED, fields};
use crate::support::{
    gateway::{ASSISTANCE, FOLLOWUP, mail},
    helpdesk::Helpdesk,
};

/// Of Dijon Nord, in department 21.
const JEANNE: &str = "jeanne.martin@ac-dijon.fr";
/// Of Nevers, in department 58.
const PAUL: &str = "paul.petit@ac-dijon.fr";
const LIST: &str = "email;name;role;uai;school;circonscription\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;directrice;0210002B;École Voltaire;Dijon Nord\n\
    paul.petit@ac-dijon.fr;Paul Petit;directeur;0580004D;École Zola;Nevers\n";

const ANNOUNCING: [(&str, &str); 2] = [("announcements.enabled", "true"), ("announcements.refresh", "20ms")];

/// A portal with messages, the folder of its directory, and what writes announcements into its GLPI.
struct Scene {
    portal: Portal,
    keeping: Keeping,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("directory.csv");
        std::fs::write(&csv, LIST).unwrap();
        let own = [TRUSTED, ("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
        let portal = Portal::with(&[&own[..], &ANNOUNCING, settings].concat()).await;
        let login = Credentials::Login { login: "passerelle".to_owned(), password: "passerelle".into() };
        let glpi = Glpi::new(&Settings::new(portal.sandbox.url(), login)).unwrap();
        let keeping = Keeping::new(glpi, TimeZone::get("Europe/Paris").unwrap());
        Self { portal, keeping, _folder: folder }
    }

    /// Writes a message that is shown for an hour, and waits until the gateway knows it.
    async fn say(&self, subject: &str, zones: &[&str], application: Option<&str>) -> Announcement {
        let now = Timestamp::now();
        let announcement = Announcement {
            id: None,
            reference: Reference::new("announcement", "test", subject.as_bytes()),
            subject: subject.to_owned(),
            markdown: "Le **rétablissement** est prévu à 14 h !\n\n<script>x</script>\n\n[Suivi](https://ac-dijon.fr)\n\n# Suite\n\n## Détail\n\nÀ 14 h."
                .to_owned(),
            zones: Zones::of(zones.iter().map(|code| Zone::parse(code).unwrap())),
            application: application.map(str::to_owned),
            by_mail: None,
            on_portal: true,
            is_held: false,
            files: Vec::new(),
            begins: now - SignedDuration::from_mins(1),
            ends: Some(now + SignedDuration::from_hours(1)),
            written_by: "dsi@ac-dijon.fr".to_owned(),
            written_at: now,
        };
        let kept = self.keeping.keep(announcement, &[]).await.unwrap();
        self.wait_until(subject, true).await;
        kept
    }

    /// Waits until some director is, or is no longer, told this.
    async fn wait_until(&self, subject: &str, is_said: bool) {
        let told = async {
            loop {
                let told = [self.titles(JEANNE, "").await, self.titles(PAUL, "").await].concat();
                if told.iter().any(|title| title.contains(subject)) == is_said {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), told).await.unwrap_or_else(|_| panic!("«{subject}» {is_said}"));
    }

    async fn answer(&self, person: &str, query: &str) -> Value {
        let address = format!("/v1/messages?requester={person}{query}");
        let answer = self.portal.gateway.signed(Method::GET, &address, b"").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["cache-control"], "private, no-store");
        answer.json().await.unwrap()
    }

    async fn titles(&self, person: &str, query: &str) -> Vec<String> {
        let answer = self.answer(person, query).await;
        let messages = answer["messages"].as_array().unwrap().iter();
        messages.map(|message| message["title"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_message_is_on_the_home_of_its_zone_and_above_the_form_of_its_application() {
    let scene = Scene::start(&[]).await;
    let portal = &scene.portal;
    assert!(!portal.get("/portail", JEANNE).await.has("Information de l’académie"));
    scene.say("Incident en cours sur LSU : bilans indisponibles", &["021"], Some("LSU")).await;
    scene.say("Fermeture du 24 décembre", &[], None).await;
    let home = portal.get("/portail", JEANNE).await;
    for said in [
        ">Incident en cours sur LSU\u{a0}: bilans indisponibles</h2>",
        "<strong>rétablissement</strong> est prévu à 14 h\u{a0}!",
        "href=\"https://ac-dijon.fr\"",
        "Information de l’académie, depuis le",
        ">Fermeture du 24 décembre</h2>",
    ] {
        assert!(home.has(said), "{said} in {}", home.html);
    }
    assert!(!home.html.contains("<script>x"), "{}", home.html);
    let elsewhere = portal.get("/portail", PAUL).await;
    assert!(!elsewhere.has("bilans indisponibles") && elsewhere.has("Fermeture"), "{}", elsewhere.html);
    // Above the form, before anything is typed, also of the form that is shown again.
    for (address, is_said) in [
        ("/portail/nouvelle?application=LSU", true),
        ("/portail/nouvelle", true),
        ("/portail/nouvelle?application=ONDE", false),
    ] {
        let form = portal.get(address, JEANNE).await;
        let before = form.html.split_once("<form class=\"card\"").unwrap().0;
        assert_eq!(before.contains("bilans indisponibles"), is_said, "{address}: {before}");
        assert!(before.contains("Fermeture"), "{address}: {before}");
    }
    let wrong = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, fields("")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("bilans indisponibles"), "{}", wrong.html);
}

/// Headings of a message's text go on from its title, one level at a time, on each page that shows it (RGAA 9.1).
#[tokio::test]
async fn headings_of_a_text_go_on_from_its_title() {
    let scene = Scene::start(&[]).await;
    scene.say("Panne", &[], None).await;
    for address in ["/portail", "/portail/nouvelle"] {
        let page = scene.portal.get(address, JEANNE).await;
        let mut levels = Vec::new();
        for part in page.html.split("<h").skip(1) {
            levels.extend(part.chars().next().and_then(|level| level.to_digit(10)));
        }
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{address}: {levels:?}");
        assert!(page.has("<h3>Suite</h3>") && page.has("<h4>Détail</h4>"), "{address}: {}", page.html);
    }
}

#[tokio::test]
async fn who_asks_meanwhile_reads_it_on_the_recap_and_in_the_receipt() {
    let scene = Scene::start(&FOLLOWUP).await;
    let portal = &scene.portal;
    scene.say("Panne nationale", &["021/Dijon Nord", "058"], Some("LSU")).await;
    scene.say("Maintenance d’ONDE", &[], Some("ONDE")).await;
    scene.say("Fermeture du 24 décembre", &[], None).await;
    let number = portal.deposit(JEANNE, "LSU : bilans").await;
    let recap = portal.get(&format!("/portail/demandes/{number}/recapitulatif"), JEANNE).await;
    assert!(recap.has("LSU\u{a0}: Panne nationale"), "{}", recap.html);
    let of_mail = mail(JEANNE, "m1", "LSU en panne", "Bonjour, LSU ne marche pas.");
    assert!(portal.gateway.deliver(JEANNE, &of_mail).await.starts_with("250"), "{ASSISTANCE}");
    assert!(!recap.html.contains("ONDE") && recap.has("Fermeture du 24 décembre"), "{}", recap.html);
    let mails = portal.gateway.outbox.mails();
    let receipts: Vec<String> = mails.iter().map(|mail| readable(&mail.message)).collect();
    assert_eq!(receipts.len(), 2, "{receipts:?}");
    for receipt in receipts {
        assert!(receipt.contains("LSU : Panne nationale"), "{receipt}");
        assert!(receipt.contains("Le rétablissement est prévu à 14 h !"), "{receipt}");
        assert!(!receipt.contains("Maintenance d’ONDE") && receipt.contains("Fermeture du 24 décembre"), "{receipt}");
    }
}

#[tokio::test]
async fn a_program_lists_the_messages_of_a_requester() {
    let scene = Scene::start(&[]).await;
    let kept = scene.say("Panne nationale", &["021/Dijon Nord"], Some("LSU")).await;
    scene.say("Fermeture", &[], None).await;
    let answer = scene.answer(JEANNE, "&application=lsu").await;
    let message = &answer["messages"][1];
    assert_eq!(message["id"].as_u64(), kept.id.map(passerelle::id::ReminderId::get), "{answer}");
    assert_eq!(message["title"], "LSU\u{a0}: Panne nationale");
    assert_eq!(message["application"], "LSU");
    assert_eq!(message["zones"][0], "circonscription Dijon Nord, département 21");
    assert!(message["text"].as_str().unwrap().starts_with("Le rétablissement est prévu"), "{message}");
    assert!(message["ends"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{message}");
    assert_eq!(scene.titles(JEANNE, "&application=ONDE").await, ["Fermeture"]);
    assert_eq!(scene.titles(PAUL, "").await, ["Fermeture"]);
    assert_eq!(scene.titles("inconnu@ac-dijon.fr", "").await, ["Fermeture"]);
    // Whom nobody proves reads nothing.
    let unsigned = scene.portal.gateway.call(Method::GET, &format!("/v1/messages?requester={JEANNE}"));
    assert_eq!(unsigned.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let wrong = scene.portal.gateway.signed(Method::GET, &format!("/v1/messages?requester={JEANNE}&zone=021"), b"");
    assert_eq!(wrong.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_message_goes_when_it_is_ended_and_when_somebody_removes_it_in_glpi() {
    let scene = Scene::start(&[]).await;
    let kept = scene.say("Panne nationale", &[], Some("LSU")).await;
    let ended = Announcement { ends: Some(Timestamp::now()), ..kept.clone() };
    scene.keeping.rewrite(ended).await.unwrap();
    scene.wait_until("Panne nationale", false).await;
    let longer = kept.ends.unwrap() + SignedDuration::from_hours(24);
    scene.keeping.rewrite(Announcement { ends: Some(longer), ..kept.clone() }).await.unwrap();
    scene.wait_until("Panne nationale", true).await;
    let admin = Helpdesk::sign_in(&scene.portal.sandbox.url(), "glpi", "glpi").await;
    admin.call(Method::DELETE, &format!("Reminder/{}?force_purge=true", kept.id.unwrap()), serde_json::json!({})).await;
    scene.wait_until("Panne nationale", false).await;
}

#[tokio::test]
async fn a_page_makes_no_call_for_messages_and_without_them_glpi_is_not_even_asked() {
    let scene = Scene::start(&[("announcements.enabled", "false")]).await;
    scene.portal.get("/portail", JEANNE).await;
    let by_endpoint = scene.portal.sandbox.calls_by_endpoint();
    assert!(!by_endpoint.keys().any(|endpoint| endpoint.contains("Reminder")), "{by_endpoint:?}");
    let scene = Scene::start(&[("announcements.refresh", "1h")]).await;
    let asked = || scene.portal.sandbox.calls_by_endpoint().get("GET Reminder").copied().unwrap_or_default();
    let looked = async {
        while asked() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looked).await.unwrap();
    for address in ["/portail", "/portail/nouvelle", "/portail/nouvelle?application=LSU"] {
        scene.portal.get(address, JEANNE).await;
    }
    assert_eq!(asked(), 1);
}

/// The plain text of a mail.
fn readable(message: &[u8]) -> String {
    let mail = mail_parser::MessageParser::default().parse(message).unwrap();
    mail.body_text(0).unwrap().replace('\u{a0}', " ")
}
