//! A request's whole life in a browser, with GLPI looked at after each step.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use passerelle::sandbox::{Failure, Rule};
use rstest::rstest;
use serde_json::json;
use tokio::net::TcpListener;

use super::{DIRECTORS, IDENTITY, Portal, TRUSTED, looks};
use crate::{
    figures::generated::fill,
    support::{
        browser::{BACKSPACE, Browser, DOWN, END, ENTER, TAB, UP},
        dice::Dice,
        gateway::{Gateway, PROXY_SECRET, sandbox},
        wait_until,
    },
};

const JEANNE: &str = DIRECTORS[0];
/// Their number in the helpdesk.
const TECHNICIAN: u64 = 15;
const PNG: &[u8] = include_bytes!("capture.png");

/// The academy's sign-in, in front of the gateway: everybody is Jeanne.
pub(super) async fn proxy(gateway: SocketAddr) -> SocketAddr {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(forward).with_state((client, gateway));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn forward(State((client, gateway)): State<(reqwest::Client, SocketAddr)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    headers.insert(IDENTITY, JEANNE.parse().unwrap());
    headers.insert("X-Passerelle-Proxy-Secret", PROXY_SECRET.parse().unwrap());
    let call = client.request(parts.method, format!("http://{gateway}{}", parts.uri)).headers(headers).body(body);
    let answer = call.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Nobody is kept out of the page: on any screen, with the system's own colours or with text of twice the size, axe finds
/// nothing, nothing is wider than the screen, and the browser has nothing to complain about. Leaves its pictures.
pub(super) async fn fits_everybody(browser: &Browser, name: &str) {
    let widest = || browser.script("return document.documentElement.scrollWidth");
    for (screen, width, scheme) in [("petit", 320, "light"), ("sombre", 1200, "dark"), ("grand", 1200, "light")] {
        browser.screen(width, scheme).await;
        browser.picture(&format!("{name}-{screen}")).await;
        let widest = widest().await;
        assert!(widest.as_u64().unwrap() <= u64::from(width), "{name}: {widest} wide on a screen of {width}");
        let barriers = browser.barriers().await;
        assert!(barriers.is_empty(), "{name}, {screen}: {barriers:#?}");
    }
    browser.forced_colors().await;
    browser.picture(&format!("{name}-contraste")).await;
    // How well those contrast is the system's, and axe measures the page's own.
    let mut barriers = browser.barriers().await;
    barriers.retain(|barrier| !barrier.starts_with("color-contrast: "));
    assert!(barriers.is_empty(), "{name}, the system's colours: {barriers:#?}");
    for width in [1200, 640] {
        browser.screen(width, "light").await;
        browser.script("document.documentElement.style.fontSize = '200%'").await;
        let widest = widest().await;
        browser.picture(&format!("{name}-200-{width}")).await;
        assert!(widest.as_u64().unwrap() <= u64::from(width), "{name}: {widest} wide at 200 % on {width}");
        browser.script("document.documentElement.style.fontSize = ''").await;
    }
    browser.screen(1200, "light").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

/// All of the page is reached by the keyboard, each thing once, and shows when it is.
pub(super) async fn is_walked_through(browser: &Browser, name: &str) {
    let walked = browser.walk().await;
    let all = browser
        .script(
            "const all = 'a[href], button, select, textarea, summary, input:not([type=hidden]):not([type=radio])';
             const radios = new Set([...document.querySelectorAll('[type=radio]')].map(radio => radio.name));
             // What is folded away is reached once it is unfolded.
             const isFolded = at => at.closest('details:not([open])') && !at.matches('summary');
             return [...document.querySelectorAll(all)].filter(at => !isFolded(at)).length + radios.size",
        )
        .await;
    assert_eq!(walked.len() as u64, all.as_u64().unwrap(), "{name}: {walked:#?}");
    let unseen: Vec<_> = walked.iter().filter(|(_, is_shown)| !is_shown).collect();
    assert!(unseen.is_empty(), "{name}: {unseen:#?}");
}

#[rstest]
#[case::neutral("neutral", &[])]
#[case::dsfr("dsfr", &looks::THEME)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_deposited_followed_completed_refused_and_approved(
    #[case] theme: &str,
    #[case] settings: &[(&str, &str)],
) {
    let pages = [
        ("portal.sign_out", "/oauth2/sign_out"),
        ("portal.pages.accessibility", "https://ac.test/accessibilite"),
        ("portal.pages.conformity", "non conforme"),
        ("portal.pages.legal", "https://ac.test/mentions"),
    ];
    let portal = Portal::with(&[&[TRUSTED][..], &pages, settings].concat()).await;
    let fits_everybody =
        async |browser: &Browser, name: &str| fits_everybody(browser, &format!("{theme}-{name}")).await;
    portal.publish("Où trouver LSU ?", "<p>Dans le portail ARENA, rubrique Scolarité.</p>").await;
    portal.publish("Valider les bilans du CM2", "<h1>Ici</h1><p>Remplissez tout.</p>").await;
    let site = format!("http://{}", proxy(portal.gateway.http).await);
    let browser = Browser::start().await;
    let only = || {
        let [ticket] = portal.sandbox.tickets().try_into().unwrap();
        ticket
    };

    // Nothing yet; and the FAQ.
    browser.open(&format!("{site}/portail/demandes")).await;
    assert!(browser.text("main").await.contains("Vous n’avez pas encore de demande"));
    fits_everybody(&browser, "01-aucune-demande").await;
    browser.open(&format!("{site}/portail")).await;
    assert!(browser.text("main").await.contains("Que souhaitez-vous demander"));
    fits_everybody(&browser, "00-accueil").await;
    is_walked_through(&browser, "the home").await;
    browser.open(&format!("{site}/portail/coordonnees")).await;
    fits_everybody(&browser, "12-coordonnees").await;
    browser.open(&format!("{site}/portail/faq?q=lsu")).await;
    assert!(browser.text("main").await.contains("portail ARENA"));
    fits_everybody(&browser, "02-faq").await;
    browser.open(&format!("{site}/portail/faq/2")).await;
    assert!(browser.text("main").await.contains("Remplissez tout."));
    fits_everybody(&browser, "13-fiche").await;

    // The deposit, by the keyboard alone. What is forgotten is said first.
    browser.open(&format!("{site}/portail/nouvelle")).await;
    fits_everybody(&browser, "03-nouvelle-demande").await;
    is_walked_through(&browser, "the form").await;
    browser.open(&format!("{site}/portail/nouvelle")).await;
    browser.tab_to("choix").await;
    browser.press(DOWN).await;
    browser.press(DOWN).await;
    browser.press(TAB).await;
    browser.press(UP).await;
    browser.press(UP).await;
    browser.tab_to("titre").await;
    browser.press("Impossible de valider les bilans du CM2").await;
    let proposed = async || browser.text("#propositions").await.contains("Valider les bilans du CM2");
    wait_until("the script proposes an article", proposed).await;
    fits_everybody(&browser, "14-propositions").await;
    browser.tab_to("description").await;
    browser.press("Le bouton Valider reste grisé.").await;
    browser.tab_to("telephone").await;
    browser.press("sur mon portable").await;
    browser.tab_to("Envoyer la demande").await;
    browser.enter().await;
    assert!(browser.title().await.starts_with("Erreur\u{a0}: nouvelle demande"), "{}", browser.title().await);
    assert_eq!(browser.script("return document.activeElement.getAttribute('role')").await, "alert");
    let _ = browser.complaints().await;
    fits_everybody(&browser, "04-champ-a-corriger").await;
    browser.press(TAB).await;
    browser.press(ENTER).await;
    let focus = "return document.activeElement.id";
    assert_eq!(browser.script(focus).await, "telephone", "the list leads to the field");
    browser.press(END).await;
    browser.press(&BACKSPACE.repeat("sur mon portable".len())).await;
    browser.press("03 80 00 00 00").await;
    browser.tab_to("fichiers").await;
    // The dialog of files is the system's own: the driver answers in its place.
    browser.write("#fichiers", &browser.file("capture.png", PNG)).await;
    browser.tab_to("Envoyer la demande").await;
    browser.enter().await;

    let ticket = only();
    assert_eq!(browser.path().await, format!("/portail/demandes/{}/recapitulatif", ticket.id));
    let recap = browser.text("main").await;
    for said in ["Votre demande est enregistrée", &ticket.id.to_string(), "P-", "LSU", "Référents-LSU", "capture.png"]
    {
        assert!(recap.contains(said), "{said} in {recap}");
    }
    assert_eq!(ticket.name, "Impossible de valider les bilans du CM2");
    assert_eq!((ticket.kind, ticket.status), (1, 2));
    assert_eq!(ticket.requesters[0].name, "Nom1 Prenom1");
    assert!(
        ticket.content.contains("LSU\u{a0}: saisie des bilans périodiques")
            && ticket.content.contains("03 80 00 00 00")
    );
    let [document] = ticket.documents.try_into().unwrap();
    assert_eq!((document.filename.as_str(), document.bytes.as_slice()), ("capture.png", PNG));
    fits_everybody(&browser, "05-recapitulatif").await;
    assert_eq!(browser.sheets().await, 1, "the acknowledgement is one sheet");

    // Somebody takes it and asks.
    let id = u64::try_from(ticket.id).unwrap();
    let technician = portal.technician().await;
    technician.add("Ticket_User", json!({"tickets_id": id, "users_id": TECHNICIAN, "type": 2})).await;
    technician.follow_up(id, "<p>Pour quelles classes ?</p>", false).await;
    technician.follow_up(id, "<p>Entre nous.</p>", true).await;
    browser.open(&format!("{site}/portail/demandes")).await;
    let list = browser.text("main").await;
    assert!(list.contains("Impossible de valider") && list.contains("Un Tech") && list.contains("En cours"), "{list}");
    fits_everybody(&browser, "06-mes-demandes").await;
    is_walked_through(&browser, "the list").await;
    browser.follow("table tbody a").await;
    let shown = browser.text("main").await;
    assert!(shown.contains("Pour quelles classes ?") && !shown.contains("Entre nous"), "{shown}");
    assert!(shown.contains("Demande prise en charge par Un Tech"), "{shown}");

    // While it waits for the answer, it says so.
    technician.set_status(id, 4).await;
    browser.open(&format!("{site}/portail/demandes/{id}")).await;
    let waiting = browser.text("main").await;
    assert!(waiting.contains("une réponse de votre part est attendue"), "{waiting}");
    assert!(waiting.contains("À compléter") && waiting.contains("Demande mise en attente"), "{waiting}");
    fits_everybody(&browser, "06b-a-completer").await;

    // It is completed, with a file.
    browser.write("#message", "Pour les deux classes de CM2.").await;
    browser.write("#fichiers", &browser.file("classes.txt", b"CM2 A, CM2 B")).await;
    browser.follow("form[action$=suivis] button").await;
    assert_eq!(browser.path().await, format!("/portail/demandes/{id}?fait=suivi"));
    assert_eq!(
        browser.text("[role=status]").await,
        "Votre message est ajouté à la demande. Le groupe qui la traite le verra en ouvrant la demande."
    );
    assert!(browser.text(".timeline").await.contains("Pour les deux classes de CM2."));
    let followups = only().followups;
    let added = followups.iter().find(|followup| followup.content.contains("Pour les deux classes")).unwrap();
    assert_eq!(
        (added.author_name.as_str(), added.documents[0].bytes.as_slice()),
        ("Nom1 Prenom1", &b"CM2 A, CM2 B"[..])
    );
    fits_everybody(&browser, "07-completee").await;

    // A solution that is none, and one that is.
    technician.solve(id, "<p>Le bouton est rétabli.</p>").await;
    browser.open(&format!("{site}/portail/demandes/{id}")).await;
    assert!(browser.text("main").await.contains("La solution vous convient-elle"));
    fits_everybody(&browser, "08-a-approuver").await;
    is_walked_through(&browser, "the request").await;
    browser.open(&format!("{site}/portail")).await;
    assert!(browser.text("main").await.contains("Une demande attend quelque chose de vous"));
    fits_everybody(&browser, "13-accueil-rempli").await;
    browser.open(&format!("{site}/portail/demandes/{id}")).await;
    browser.write("#raison", "Le bouton est encore grisé.").await;
    browser.write("#pieces", &browser.file("ecran.txt", b"gris")).await;
    browser.follow("form[action$=avis] button.second").await;
    assert!(browser.text("[role=status]").await.contains("Vous avez refusé la clôture"));
    let reopened = only();
    assert_eq!(reopened.status, 2);
    let refusal = reopened.followups.iter().find(|it| it.content.contains("Le bouton est encore grisé.")).unwrap();
    assert_eq!(refusal.documents[0].filename, "ecran.txt");
    fits_everybody(&browser, "09-cloture-refusee").await;

    technician.solve(id, "<p>Le bouton est rétabli.</p>").await;
    browser.open(&format!("{site}/portail/demandes/{id}")).await;
    browser.follow("form[action$=avis] button:not(.second)").await;
    assert!(browser.text("[role=status]").await.contains("Vous avez approuvé la clôture"));
    assert_eq!(only().status, 6);
    assert!(!browser.has("form[action$=suivis]").await && !browser.has("form[action$=avis]").await);
    fits_everybody(&browser, "10-cloturee").await;

    // What is not there is said in the same way.
    browser.open(&format!("{site}/portail/demandes/999999")).await;
    assert_eq!(browser.text("h1").await, "Demande introuvable");
    let _ = browser.complaints().await;
    fits_everybody(&browser, "11-introuvable").await;
    browser.finish().await;
}

#[rstest]
#[case::neutral("neutral", &[])]
#[case::dsfr("dsfr", &looks::THEME)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_for_everybody_in_charge(#[case] theme: &str, #[case] settings: &[(&str, &str)]) {
    let sandbox = sandbox().await;
    let now = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    fill(&sandbox, &mut Dice::new(9), 1500, now).await;
    let in_charge = [TRUSTED, ("people.operators", JEANNE), ("figures.refresh", "1s")];
    let gateway = Gateway::start(&sandbox, &[&in_charge[..], settings].concat()).await;
    let site = format!("http://{}", proxy(gateway.http).await);
    let browser = Browser::start().await;
    wait_until("all tickets are counted", async || {
        browser.open(&format!("{site}/pilotage?fixe=oui")).await;
        !browser.text("main").await.contains("Lecture de GLPI en cours")
    })
    .await;
    browser.open(&format!("{site}/pilotage")).await;
    let shown = browser.text("main").await;
    for said in [
        "Demandes",
        "Par application",
        "Délais",
        "Écoles qui ne demandent rien",
        "Refus depuis le démarrage, par motif",
    ] {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    let charts = browser.script("return document.querySelectorAll('figure svg[role=img]').length").await;
    assert!(charts.as_u64().unwrap() >= 8, "{charts} charts");
    // A chart has the page's colours, not those it is drawn in.
    let colour = "return getComputedStyle(document.querySelector('.chart [fill=\"#1D4F91\"]')).fill";
    browser.screen(1200, "light").await;
    let light = browser.script(colour).await;
    browser.screen(1200, "dark").await;
    assert_ne!(browser.script(colour).await, light);
    fits_everybody(&browser, &format!("{theme}-13-pilotage")).await;
    prints_its_tables(&browser).await;
    browser.open(&format!("{site}/pilotage?department=021&application=LSU")).await;
    assert!(browser.text("main").await.contains("département 021, LSU"));
    fits_everybody(&browser, &format!("{theme}-13-pilotage-choix")).await;
    // Another instance that has not read GLPI.
    let gateway = Gateway::start(&sandbox, &[&in_charge[..2], settings].concat()).await;
    sandbox.set_failures(Rule::always(Failure::Down));
    let site = format!("http://{}", proxy(gateway.http).await);
    browser.open(&format!("{site}/pilotage?fixe=oui")).await;
    assert!(browser.has("progress").await && !browser.has("a[href^='/pilotage/donnees']").await);
    fits_everybody(&browser, &format!("{theme}-13-pilotage-lecture")).await;
    browser.finish().await;
}

/// Fails unless what is printed of the figures are their tables and charts, and nothing that only a screen is for.
async fn prints_its_tables(browser: &Browser) {
    browser.as_printed(true).await;
    let seen =
        "const seen = selector => [...document.querySelectorAll(selector)].filter(it => it.getClientRects().length);
                return [seen('main section table tbody tr').length, seen('main figure svg').length,
                        seen('nav, form, .menu, .skip, .unprinted, main a').map(it => it.outerHTML)];";
    let shown = browser.script(seen).await;
    browser.as_printed(false).await;
    assert!(shown[0].as_u64().unwrap() > 50 && shown[1].as_u64().unwrap() >= 8, "{shown}");
    assert_eq!(shown[2], json!([]));
    assert!(browser.sheets().await > 2, "all of it is printed");
    // Nothing scrolls on paper: each table is as wide as its sheet at most.
    browser.as_printed(true).await;
    let cut = "return [...document.querySelectorAll('.scrolls')].filter(it => getComputedStyle(it).overflowX !== 'visible').length";
    assert_eq!(browser.script(cut).await, 0);
    browser.as_printed(false).await;
}

/// A solved ticket becomes the draft of an article, by a button.
#[rstest]
#[case::neutral("neutral", &[])]
#[case::dsfr("dsfr", &looks::THEME)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_article_is_previewed_and_drafted(#[case] theme: &str, #[case] settings: &[(&str, &str)]) {
    let own = [TRUSTED, ("people.operators", JEANNE)];
    let portal = Portal::with(&[&own[..], settings].concat()).await;
    let ticket = portal.deposit(JEANNE, "Bilan de Lucas Petit grisé").await;
    let solution = "<h1>Dans LSU</h1><ul><li>Videz le cache</li><li>Appelez le 03 80 12 34 56</li></ul>";
    portal.technician().await.solve(ticket, solution).await;
    let site = format!("http://{}", proxy(portal.gateway.http).await);
    let browser = Browser::start().await;
    let fits_everybody =
        async |browser: &Browser, name: &str| fits_everybody(browser, &format!("{theme}-{name}")).await;
    browser.open(&format!("{site}/pilotage/fiches")).await;
    fits_everybody(&browser, "30-fiches").await;
    browser.write("#ticket", "pas un numéro").await;
    browser.follow("form.card button").await;
    assert!(browser.title().await.starts_with("Erreur\u{a0}: rédiger une fiche"), "{}", browser.title().await);
    let _ = browser.complaints().await;
    fits_everybody(&browser, "31-fiches-a-corriger").await;
    // What was typed stays there to be put right.
    browser.script("document.querySelector('#ticket').value = ''").await;
    browser.write("#ticket", &ticket.to_string()).await;
    browser.follow("form.card button").await;
    assert_eq!(browser.path().await, format!("/pilotage/fiches/{ticket}"));
    let shown = browser.text("main").await;
    for said in ["Ce que dirait la fiche", "Appelez le [téléphone]", "1 téléphone", "Rédiger la fiche"] {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    fits_everybody(&browser, "32-fiche-apercu").await;
    is_walked_through(&browser, "the preview of an article").await;
    browser.follow("form button").await;
    assert!(browser.text("main").await.contains("Le brouillon est rédigé"));
    fits_everybody(&browser, "33-fiche-redigee").await;
    browser.open(&format!("{site}/pilotage/fiches/{ticket}")).await;
    assert!(browser.text("main").await.contains("Mettre la fiche à jour"));
    let open = portal.deposit(JEANNE, "Pas encore résolue").await;
    browser.open(&format!("{site}/pilotage/fiches/{open}")).await;
    assert!(browser.text("main").await.contains("Ce ticket n’a pas de solution"));
    fits_everybody(&browser, "34-fiche-impossible").await;
    browser.finish().await;
}

/// What is said to all directors, as who writes it and who reads it see it.
#[rstest]
#[case::neutral("neutral", &[])]
#[case::dsfr("dsfr", &looks::THEME)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn information_is_written_previewed_and_ended(#[case] theme: &str, #[case] settings: &[(&str, &str)]) {
    let own = [TRUSTED, ("people.operators", JEANNE), ("announcements.enabled", "true")];
    let portal = Portal::with(&[&own[..], settings].concat()).await;
    let site = format!("http://{}", proxy(portal.gateway.http).await);
    let browser = Browser::start().await;
    let fits_everybody =
        async |browser: &Browser, name: &str| fits_everybody(browser, &format!("{theme}-{name}")).await;
    browser.open(&format!("{site}/information/nouvelle")).await;
    fits_everybody(&browser, "20-information-formulaire").await;
    // What the browser would ask for itself, the server names.
    browser.script("document.querySelector('form.card').noValidate = true").await;
    browser.write("#texte", "Les **bilans** ne s’ouvrent pas.\n\n- Nous y travaillons.").await;
    browser.follow("button[name=apercu]").await;
    assert!(browser.title().await.starts_with("Erreur\u{a0}: nouvelle information"), "{}", browser.title().await);
    assert_eq!(browser.script("return document.activeElement.getAttribute('role')").await, "alert");
    let _ = browser.complaints().await;
    fits_everybody(&browser, "21-information-a-corriger").await;
    browser.write("#sujet", "Incident en cours sur LSU").await;
    browser.script("document.querySelector('#portee-academie').checked = true").await;
    browser.script("document.querySelector('#application').value = 'LSU'").await;
    browser.script("document.querySelector('#courriel').value = 'directors'").await;
    browser.follow("button[name=apercu]").await;
    let preview = browser.text("main").await;
    for said in ["Rien n’est encore parti", "Incident en cours sur LSU", "Destinataires", "Sur le portail"] {
        assert!(preview.contains(said), "{said} in {preview}");
    }
    browser.script("document.querySelectorAll('details').forEach(details => details.open = true)").await;
    fits_everybody(&browser, "22-information-apercu").await;
    browser.follow("button[name=envoyer]").await;
    let address = browser.path().await;
    assert!(address.starts_with("/information/P-"), "{address}");
    let is_done = async || {
        browser.open(&format!("{site}{address}?fixe=oui")).await;
        browser.text("main").await.contains("envoi terminé")
    };
    wait_until("the mailing has ended", is_done).await;
    fits_everybody(&browser, "23-information").await;
    browser.open(&format!("{site}/information")).await;
    assert!(browser.text("main").await.contains("Incident en cours sur LSU"));
    fits_everybody(&browser, "24-informations").await;
    is_walked_through(&browser, "the announcements").await;
    // Its readers, at home and above the form.
    browser.open(&format!("{site}/portail")).await;
    assert!(browser.text("main").await.contains("Nous y travaillons."));
    fits_everybody(&browser, "25-accueil-message").await;
    browser.open(&format!("{site}/portail/nouvelle?application=LSU")).await;
    assert!(browser.text("main").await.contains("Incident en cours sur LSU"));
    fits_everybody(&browser, "26-formulaire-message").await;
    browser.open(&format!("{site}{address}?fixe=oui")).await;
    browser.follow(&format!("form[action='{}/fin'] button", address.split('?').next().unwrap())).await;
    assert!(browser.text("main").await.contains("terminée le"));
    browser.open(&format!("{site}/portail")).await;
    assert!(!browser.text("main").await.contains("Incident en cours"));
    browser.finish().await;
}
