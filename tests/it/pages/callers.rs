//! Who may open and send what of the pages: everybody whom a proxy may have signed in, over every page that is not for all.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{DIRECTORS, Portal, TRUSTED, fields, page};
use crate::support::{helpdesk::Helpdesk, wait_until};

const OWNER: &str = DIRECTORS[0];
const OPERATORS_TOKEN: &str = "operators-token-for-tests";

/// Whom the proxy has signed in.
const CALLERS: [(&str, &str); 7] = [
    ("the requester", OWNER),
    ("another director", DIRECTORS[1]),
    ("a référent of LSU", "tech1@ac-dijon.fr"),
    ("a référent of ONDE", "onde@ac-dijon.fr"),
    ("the correspondent of 021", "ien.dijon@ac-dijon.fr"),
    ("an operator", "chef@ac-dijon.fr"),
    ("a stranger", "inconnue@ac-dijon.fr"),
];

/// What is asked for, with the status for each of the callers, in their order.
struct What {
    name: &'static str,
    method: Method,
    path: String,
    /// The fields of a form, beside the token of a page that the caller was given.
    fields: &'static str,
    expected: [u16; 7],
}

fn opening(name: &'static str, path: &str, expected: [u16; 7]) -> What {
    What { name, method: Method::GET, path: path.to_owned(), fields: "", expected }
}

fn sending(name: &'static str, path: &str, fields: &'static str, expected: [u16; 7]) -> What {
    What { method: Method::POST, fields, ..opening(name, path, expected) }
}

/// For each caller anew, as some calls change things.
async fn everything(portal: &Portal) -> Vec<What> {
    let own = portal.deposit(OWNER, "À retirer").await;
    let solved = portal.deposit(OWNER, "Bilan grisé").await;
    portal.technician().await.solve(solved, "<p>Videz le cache.</p>").await;
    let form = json!({
        "application": "LSU", "subject": "Incident", "text": "Les bilans ne s’ouvrent pas.", "by": "chef@ac-dijon.fr",
        "on_portal": true, "ends": "2037-06-01T18:00:00+02:00", "zones": ["021"], "recipients": "none",
    });
    let call = portal.gateway.call(Method::POST, "/v1/announcements").bearer_auth(OPERATORS_TOKEN);
    let announced = call.json(&form).send().await.unwrap();
    let status = announced.status();
    let announced: Value = announced.json().await.unwrap();
    assert!(status.is_success(), "{announced}");
    let information = format!("/information/{}", announced["reference"].as_str().unwrap());
    let drafting = format!("/pilotage/fiches/{solved}");
    vec![
        opening("figures", "/pilotage?fixe=oui", [403, 403, 200, 200, 200, 200, 403]),
        opening("all figures as a file", "/pilotage/donnees/all.ods", [403, 403, 200, 200, 200, 200, 403]),
        opening(
            "a department's figures as a file",
            "/pilotage/donnees/applications.csv?department=021",
            [403, 403, 403, 403, 200, 200, 403],
        ),
        opening(
            "another department's",
            "/pilotage/donnees/applications.csv?department=058",
            [403, 403, 403, 403, 403, 200, 403],
        ),
        opening(
            "an application's figures as a file",
            "/pilotage/donnees/departments.csv?application=LSU",
            [403, 403, 200, 403, 200, 200, 403],
        ),
        opening("which ticket to draft from", "/pilotage/fiches", [403, 403, 200, 200, 403, 200, 403]),
        opening("what an article would say", &drafting, [403, 403, 200, 404, 403, 200, 403]),
        sending("draft an article", &drafting, "", [403, 403, 303, 404, 403, 303, 403]),
        opening("the announcements", "/information", [403, 403, 200, 200, 200, 200, 403]),
        opening("a new announcement", "/information/nouvelle", [403, 403, 200, 200, 200, 200, 403]),
        opening("an announcement to 021 on LSU", &information, [403, 403, 200, 404, 200, 200, 403]),
        sending("end it", &format!("{information}/fin"), "", [403, 403, 303, 404, 303, 303, 403]),
        sending("say that an article helped", "/portail/faq/1/utile", "", [303; 7]),
        sending(
            "withdraw a request",
            &format!("/portail/demandes/{own}/retrait"),
            "fiche=1",
            [303, 404, 404, 404, 404, 404, 404],
        ),
        opening(
            "the page behind a deposit",
            &format!("/portail/demandes/{own}/recapitulatif"),
            [200, 404, 404, 404, 404, 404, 404],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_is_for_those_whom_it_concerns() {
    let mut wrong = Vec::new();
    for (place, (who, address)) in CALLERS.into_iter().enumerate() {
        let portal = Portal::with(&[
            TRUSTED,
            ("quota.per_day", "1000"),
            ("people.operators", "chef@ac-dijon.fr"),
            ("people.correspondents.021", "ien.dijon@ac-dijon.fr"),
            ("people.referents.LSU", "Référents-LSU"),
            ("people.referents.ONDE", "onde@ac-dijon.fr"),
            ("people.tokens", "operators:operators-token-for-tests"),
            ("announcements.enabled", "true"),
            ("figures.refresh", "100ms"),
        ])
        .await;
        portal.publish("Bilan grisé", "<p>Videz le cache.</p>").await;
        // A department and an application are known by requests.
        for director in [DIRECTORS[1], DIRECTORS[3]] {
            portal.deposit(director, "D’ailleurs").await;
        }
        let all = everything(&portal).await;
        for department in ["021", "058"] {
            let asked = format!("/v1/figures/applications.csv?department={department}");
            wait_until("a department is known", async || {
                let call = portal.gateway.call(Method::GET, &asked).bearer_auth(OPERATORS_TOKEN);
                call.send().await.unwrap().status() == StatusCode::OK
            })
            .await;
        }
        portal.gateway.has_counted(OPERATORS_TOKEN).await;
        // Anybody is given a form, and so a token, of their own.
        let token = portal.get("/portail/faq/1", address).await.hidden("jeton").unwrap();
        for What { name, method, path, fields, expected } in all {
            let mut call = portal.call(method.clone(), &path, address);
            if method == Method::POST {
                let body = format!("jeton={token}&{fields}");
                call = call.header("Content-Type", "application/x-www-form-urlencoded").body(body);
            }
            let answer = page(call.send().await.unwrap()).await;
            if answer.status != expected[place] {
                let said: String = answer.html.lines().filter(|line| line.contains("<p>")).map(str::trim).collect();
                wrong.push(format!("{who}, {name}: {} instead of {}: {said}", answer.status, expected[place]));
            }
        }
        // Whoever may not has changed nothing.
        let tickets = portal.sandbox.tickets();
        let to_withdraw = tickets.iter().find(|ticket| ticket.name == "À retirer").unwrap();
        assert_eq!(to_withdraw.followups.is_empty(), address != OWNER, "{who}");
        let admin = Helpdesk::sign_in(&portal.sandbox.url(), "passerelle-admin", "passerelle").await;
        let solved = tickets.iter().find(|ticket| ticket.name == "Bilan grisé").unwrap().id;
        let links = admin.get(&format!("Ticket/{solved}/KnowbaseItem_Item")).await;
        let drafts = usize::from(["tech1@ac-dijon.fr", "chef@ac-dijon.fr"].contains(&address));
        assert_eq!(links.as_array().unwrap().len(), drafts, "{who}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The one token of programs that drafts is none of a person's and none of another program's.
#[tokio::test(flavor = "multi_thread")]
async fn no_person_drafts_by_the_programs_call() {
    let settings = [
        TRUSTED,
        ("http.ticket_tokens", "ticket-token-for-tests"),
        ("people.operators", "chef@ac-dijon.fr"),
        ("people.referents.LSU", "Référents-LSU"),
    ];
    let portal = Portal::with(&settings).await;
    let ticket = portal.deposit(OWNER, "Bilan grisé").await;
    portal.technician().await.solve(ticket, "<p>Videz le cache.</p>").await;
    for (who, address) in CALLERS {
        let call = portal.call(Method::POST, &format!("/v1/tickets/{ticket}/article"), address);
        let answer = call.json(&json!({"by": "Jeanne"})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{who}");
    }
    // Nor does a form of the portal's.
    let sent = portal.call(Method::POST, &format!("/v1/tickets/{ticket}/article"), OWNER).multipart(fields("x"));
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
