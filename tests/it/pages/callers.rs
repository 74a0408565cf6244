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
        "attachments": [{"name": "a.txt", "content": "YQ=="}],
    });
    let call = portal.gateway.call(Method::POST, "/v1/announcements").bearer_auth(OPERATORS_TOKEN);
    let announced = call.json(&form).send().await.unwrap();
    let status = announced.status();
    let announced: Value = announced.json().await.unwrap();
    assert!(status.is_success(), "{announced}");
    let information = format!("/information/{}", announced["reference"].as_str().unwrap());
    let drafting = format!("/pilotage/fiches/{solved}");
    let message_file = format!("/portail/messages/{}/fichiers/1", shown_message(portal).await);
    let staff = portal.technician().await;
    let note = json!({"itemtype": "Ticket", "items_id": solved, "content": "<p>Voici.</p>", "is_private": 0});
    let note = staff.add_with_file("ITILFollowup", note, "a.txt", b"a").await;
    let links = staff.get(&format!("ITILFollowup/{note}/Document_Item")).await;
    let file = format!("/portail/demandes/{solved}/documents/{}", links[0]["documents_id"]);
    let deed = |deed: &str| format!("{information}/{deed}");
    let to_do = |name: &str| format!("/portail/demandes/{solved}/{name}");
    let style = portal.get("/portail", OWNER).await;
    let (_, style) = style.html.split_once("stylesheet\" href=\"").unwrap();
    let (style, _) = style.split_once('"').unwrap();
    vec![
        opening("the home", "/portail", [200; 7]),
        opening("a new request", "/portail/nouvelle", [200; 7]),
        sending("a request that says nothing", "/portail/nouvelle", "title=", [422; 7]),
        opening("one's requests", "/portail/demandes", [200; 7]),
        opening("a request", &format!("/portail/demandes/{solved}"), [200, 404, 404, 404, 404, 404, 404]),
        opening("a file of a request", &file, [200, 404, 404, 404, 404, 404, 404]),
        opening("what the directory knows of oneself", "/portail/coordonnees", [200; 7]),
        opening("the FAQ", "/portail/faq", [200; 7]),
        opening("what answers a title", "/portail/faq/propositions?titre=bilan", [200; 7]),
        opening("an article", "/portail/faq/1", [200; 7]),
        opening("no file of an article", "/portail/faq/1/documents/4000000000", [404; 7]),
        opening("a page that the academy has not written", "/portail/pages/accessibilite", [404; 7]),
        opening("the design system, which is not there", "/portail/dsfr/1/dsfr.css", [404; 7]),
        opening("the style", style, [200; 7]),
        opening("a message's file", &message_file, [200, 200, 404, 404, 404, 404, 404]),
        opening("the same in charge", &deed("fichiers/1"), [403, 403, 200, 404, 200, 200, 403]),
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
        sending(
            "an announcement that says nothing",
            "/information/nouvelle",
            "sujet=",
            [403, 403, 422, 422, 422, 422, 403],
        ),
        sending("prolong it", &deed("prolongation"), "fin=2036-06-01T18:00", [403, 403, 303, 404, 303, 303, 403]),
        sending("end it", &deed("fin"), "", [403, 403, 303, 404, 303, 303, 403]),
        // It goes by no mail: whoever may is told so.
        sending("go on with it", &deed("reprise"), "", [403, 403, 409, 404, 409, 409, 403]),
        sending("stop it", &deed("arret"), "", [403, 403, 409, 404, 409, 409, 403]),
        sending("send it again", &deed("renvoi"), "", [403, 403, 409, 404, 409, 409, 403]),
        sending("confirm it", &deed("confirmation"), "code=X", [403, 403, 403, 404, 403, 409, 403]),
        sending("decide on it", &deed("doutes"), "decision=partis", [403, 403, 403, 404, 403, 409, 403]),
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
        sending("add to a request", &to_do("suivis"), "description=Merci", [303, 404, 404, 404, 404, 404, 404]),
        sending("accept a solution", &to_do("avis"), "avis=oui", [303, 404, 404, 404, 404, 404, 404]),
    ]
}

/// The number of the one message that the owner is shown.
async fn shown_message(portal: &Portal) -> u64 {
    let messages = async || {
        let call = portal.gateway.signed(Method::GET, &format!("/v1/messages?requester={OWNER}"), b"");
        let answer: Value = call.send().await.unwrap().json().await.unwrap();
        answer["messages"][0]["id"].as_u64()
    };
    wait_until("the message is shown", async || messages().await.is_some()).await;
    messages().await.unwrap()
}

/// The routes of the pages as the source has them: method and address, `{…}` for what differs; each deed of an
/// announcement by its name.
fn routes() -> Vec<(Method, String)> {
    let source = include_str!("../../../src/http/pages/mod.rs");
    let deeds = include_str!("../../../src/http/pages/information.rs");
    let (_, deeds) = deeds.split_once("match deed.as_str() {").unwrap();
    let (deeds, _) = deeds.split_once("_ =>").unwrap();
    let deeds: Vec<&str> = deeds.lines().filter_map(|line| line.trim().strip_prefix('"')?.split('"').next()).collect();
    let mut found = Vec::new();
    for (nest, routes) in
        [("/portail", "let routes"), ("/pilotage", "let steering"), ("/information", "let information")]
    {
        let (_, routes) = source.split_once(routes).unwrap();
        let (routes, _) = routes.split_once(".fallback").unwrap();
        for route in routes.split(".route(\"").skip(1) {
            let (path, how) = route.split_once('"').unwrap();
            let path = format!("{nest}{}", path.trim_end_matches('/'));
            for (method, called) in [(Method::GET, "get("), (Method::POST, "post(")] {
                if how.contains(called) {
                    let named = |deed: &&str| (method.clone(), path.replace("{deed}", deed));
                    let is_deed = path.contains("{deed}");
                    found.extend(deeds.iter().filter(|_| is_deed).map(named));
                    found.extend((!is_deed).then(|| (method.clone(), path.clone())));
                }
            }
        }
    }
    found
}

fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (mut path, mut route) = (path.split('/'), route.split('/'));
    loop {
        match (path.next(), route.next()) {
            (None, None) => return true,
            (Some(_), Some(segment)) if segment.starts_with("{*") => return true,
            (Some(_), Some(segment)) if segment.starts_with('{') => {}
            (Some(own), Some(segment)) if own == segment => {}
            _ => return false,
        }
    }
}

/// A new page is nobody's before somebody has said here whose it is.
fn lacking(all: &[What]) -> Vec<String> {
    let routes = routes();
    assert!(routes.len() > 30, "{routes:?}");
    let has = |(method, route): &(Method, String)| {
        // An address that is spelled out is no other one's.
        let spelled =
            |path: &str| routes.iter().any(|(_, other)| other != route && !other.contains('{') && is_of(path, other));
        all.iter().any(|what| what.method == *method && is_of(&what.path, route) && !spelled(&what.path))
    };
    routes.iter().filter(|route| !has(route)).map(|(method, route)| format!("{method} {route}")).collect()
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
            ("announcements.refresh", "20ms"),
            ("figures.refresh", "100ms"),
        ])
        .await;
        portal.publish("Bilan grisé", "<p>Videz le cache.</p>").await;
        // A department and an application are known by requests.
        for director in [DIRECTORS[1], DIRECTORS[3]] {
            portal.deposit(director, "D’ailleurs").await;
        }
        let all = everything(&portal).await;
        assert_eq!(lacking(&all), [""; 0], "pages without a row");
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
