//! The home: who is signed in, what awaits them, what they may ask for, and what is told before anything is typed.

use reqwest::StatusCode;
use serde_json::json;

use super::{DIRECTORS, Page, Portal, TRUSTED, fields};
use crate::support::gateway::{AGENT, titled};

const JEANNE: &str = "jeanne.martin@ac-dijon.fr";
const LIST: &str = "email;name;role;uai;school;circonscription;phone\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;directrice;0210002B;École Voltaire;Dijon Nord;03 80 11 22 33\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;directrice;0580004D;École Zola;Nevers;03 80 11 22 33\n\
    paul.petit@ac-dijon.fr;Paul Petit;directeur;0710005E;École Jaurès;Mâcon;\n\
    marie.noir@ac-dijon.fr;Marie Noir;enseignante;0710005E;École Jaurès;Mâcon;\n";

/// A portal with this directory, and the folder it is in.
async fn portal(settings: &[(&str, &str)]) -> (Portal, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directory.csv");
    std::fs::write(&csv, LIST).unwrap();
    let own = [TRUSTED, ("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
    (Portal::with(&[&own[..], settings].concat()).await, folder)
}

#[tokio::test]
async fn the_home_greets_and_says_what_awaits_a_person_first() {
    let (portal, _folder) = portal(&[]).await;
    let home = portal.get("/portail", JEANNE).await;
    for said in [
        "<h1>Bonjour Jeanne Martin</h1>",
        "jeanne.martin@ac-dijon.fr – École Voltaire (0210002B), circonscription Dijon Nord",
        "École Zola (0580004D), circonscription Nevers",
        "Vous pouvez encore déposer 10 demandes aujourd'hui.",
        "<h3>Logicielle</h3>",
        "href=\"/portail/nouvelle?application=ONDE\"",
        "clés OTP",
        "Vous n'avez pas encore de demande",
    ] {
        assert!(home.has(said), "{said} in {}", home.html);
    }
    let (asked, solved, open) = (
        deposit(&portal, "À compléter par moi").await,
        deposit(&portal, "Résolue pour moi").await,
        deposit(&portal, "En attente").await,
    );
    let technician = portal.technician().await;
    technician.follow_up(asked, "<p>Pour quelles classes ?</p>", false).await;
    technician.set_status(asked, 4).await;
    technician.solve(solved, "<p>Fait.</p>").await;
    let home = portal.get("/portail", JEANNE).await;
    assert!(home.has("2 demandes attendent quelque chose de vous"), "{}", home.html);
    let awaits = home.html.split_once("quelque chose de vous").unwrap().1.split_once("</section>").unwrap().0;
    assert!(awaits.contains(&format!("/demandes/{asked}#completer")), "{awaits}");
    assert!(awaits.contains(&format!("/demandes/{solved}#avis")), "{awaits}");
    assert!(!awaits.contains(&format!("/demandes/{open}")), "{awaits}");
    let table = home.html.split_once("<tbody").unwrap().1;
    assert!(table.contains(&format!("href=\"/portail/demandes/{open}#completer\">+")), "{table}");
    assert!(home.has("déposer 7 demandes"), "{}", home.html);
}

async fn deposit(portal: &Portal, title: &str) -> u64 {
    let form = fields(title).text("uai", "0580004D");
    let sent = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    sent.location().split('/').nth(3).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_person_sees_what_the_directory_knows_of_them() {
    let (portal, _folder) = portal(&[]).await;
    let page = portal.get("/portail/coordonnees", JEANNE).await;
    for fact in ["Jeanne Martin", "directrice", "03 80 11 22 33", "École Voltaire", "0210002B", "Dijon Nord", "058"] {
        assert!(page.has(&format!("<dd>{fact}</dd>")), "{fact} in {}", page.html);
    }
    assert!(page.has("Faites-la corriger"));
    let unknown = portal.get("/portail/coordonnees", "inconnu@ac-dijon.fr").await;
    assert!(unknown.status == StatusCode::OK && unknown.has("ne donne rien de plus"), "{}", unknown.html);
}

#[tokio::test]
async fn the_form_knows_the_telephone_and_asks_which_school_of_several() {
    let (portal, _folder) = portal(&[]).await;
    let form = portal.get("/portail/nouvelle", JEANNE).await;
    assert!(form.has("value=\"03 80 11 22 33\""), "{}", form.html);
    assert!(form.has("<option value=\"0210002B\">École Voltaire (0210002B)</option>"), "{}", form.html);
    let without = portal.send_as_shown(&form, "/portail/nouvelle", JEANNE, fields("Sans école")).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(without.has("<a href=\"#ecole\">École\u{a0}: Choisissez l'école") && without.has("id=\"ecole-erreur\""));
    assert!(without.has("value=\"Sans école\"") && titled(&portal.sandbox, "Sans école").is_empty());

    let number = deposit(&portal, "À Nevers").await;
    let [ticket] = titled(&portal.sandbox, "À Nevers").try_into().unwrap();
    assert!(ticket.content.contains("École\u{a0}:</strong> École Zola (0580004D)<br>"), "{}", ticket.content);
    let recap = portal.get(&format!("/portail/demandes/{number}/recapitulatif"), JEANNE).await;
    assert!(recap.has("<dt>École</dt><dd>École Zola (0580004D)</dd>"), "{}", recap.html);

    // Who has one is not asked.
    let paul = portal.get("/portail/nouvelle", "paul.petit@ac-dijon.fr").await;
    assert!(paul.has("École concernée\u{a0}: <strong>École Jaurès (0710005E)</strong>") && !paul.has("name=\"uai\""));
}

#[tokio::test]
async fn what_would_be_refused_is_said_before_anything_is_typed() {
    let (portal, _folder) = portal(&[("quota.per_day", "1")]).await;
    let refuses = |page: &Page, why: &str| {
        assert!(page.has("Aucune demande ne peut être déposée") && page.has(why), "{}", page.html);
        assert!(!page.has("Envoyer la demande"));
    };
    for nobody in ["marie.noir@ac-dijon.fr", AGENT] {
        refuses(&portal.get("/portail/nouvelle", nobody).await, "réservé aux directrices et directeurs");
    }
    refuses(&portal.get("/portail/nouvelle", "paul@ailleurs.fr").await, "Seules les adresses académiques");
    assert!(portal.get("/portail", AGENT).await.has("réservé aux directrices et directeurs"));

    assert!(portal.get("/portail/nouvelle", JEANNE).await.has("C'est la dernière demande"));
    deposit(&portal, "La seule").await;
    refuses(&portal.get("/portail/nouvelle", JEANNE).await, "nombre maximal de demandes");
    assert!(portal.get("/portail/nouvelle", "paul.petit@ac-dijon.fr").await.has("Envoyer la demande"));
}

#[tokio::test]
async fn an_application_s_tile_leads_to_its_form() {
    let portal = Portal::start().await;
    let form = portal.get("/portail/nouvelle?application=ONDE", DIRECTORS[0]).await;
    assert!(form.has("<h1>Nouvelle demande\u{a0}: ONDE</h1>") && form.has("Gestion des élèves"), "{}", form.html);
    assert!(form.has("<optgroup label=\"ONDE\">") && !form.has("<optgroup label=\"LSU\">"));
    let any = portal.get("/portail/nouvelle?application=PRONOTE", DIRECTORS[0]).await;
    assert!(any.has("<h1>Nouvelle demande</h1>") && any.has("<optgroup label=\"LSU\">"));
}

#[tokio::test]
async fn the_table_is_searched_and_sorted_by_each_column() {
    let portal = Portal::start().await;
    let person = DIRECTORS[0];
    let first = portal.deposit(person, "Bilans").await;
    let second = portal.deposit(person, "Accents").await;
    let technician = portal.technician().await;
    technician.add("Ticket_User", json!({"tickets_id": second, "users_id": 15, "type": 2})).await;
    let has = |page: &Page, number: u64| page.has(&format!("href=\"/portail/demandes/{number}\""));
    let today = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap();
    let year = today.year().to_string();
    for (text, both) in [("un tech", false), ("en cours", false), ("valider", true), (year.as_str(), true)] {
        let found = portal.get(&format!("/portail/demandes?q={}", text.replace(' ', "%20")), person).await;
        assert_eq!((has(&found, first), has(&found, second)), (both, true), "{text}");
    }
    let place = |page: &Page, number: u64| page.html.find(&format!("href=\"/portail/demandes/{number}\""));
    for (sort, ascending) in [("taken_by", [first, second]), ("delay", [second, first]), ("state", [first, second])] {
        let up = portal.get(&format!("/portail/demandes?tri={sort}&sens=croissant"), person).await;
        let down = portal.get(&format!("/portail/demandes?tri={sort}&sens=decroissant"), person).await;
        assert!(up.has("aria-sort=\"ascending\"") && down.has("aria-sort=\"descending\""), "{sort}");
        let in_order = |page: &Page| place(page, ascending[0]) < place(page, ascending[1]);
        // Two of the same delay are in the order of their numbers.
        if sort != "delay" {
            assert!(in_order(&up) && !in_order(&down), "{sort}");
        }
        assert_ne!(in_order(&up), in_order(&down), "{sort}");
    }
}
