//! The deposit: one ticket for one request, and nothing typed is lost.

use reqwest::{
    Method, StatusCode,
    multipart::{Form, Part},
};

use super::{DIRECTORS, Portal, QUEUE, TRUSTED, deposits, fields, file, page};
use crate::support::gateway::titled;

const JEANNE: &str = DIRECTORS[0];

#[tokio::test]
async fn a_request_becomes_a_ticket_with_its_files_and_is_summed_up() {
    let portal = Portal::start().await;
    let form = fields("Validation des bilans")
        .text("error_message", "Erreur 500")
        .text("phone", "03 80 00 00 00")
        .part("attachments", file("capture d'écran.txt", "a"))
        .part("attachments", file("outil.exe", "MZ"));
    let sent = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);

    let [ticket] = titled(&portal.sandbox, "Validation des bilans").try_into().unwrap();
    assert_eq!(ticket.assigned_groups, ["Référents-LSU"]);
    assert!(
        ticket.content.contains("LSU\u{a0}: saisie des bilans périodiques") && ticket.content.contains("Erreur 500")
    );
    let files: Vec<_> = ticket.documents.iter().map(|document| document.filename.as_str()).collect();
    assert_eq!(files.len(), 1, "{files:?}");

    let recap = portal.get(sent.location(), JEANNE).await;
    assert_eq!(recap.status, StatusCode::OK);
    let today = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap();
    for said in [
        "Votre demande est enregistrée",
        &format!(">{}<", ticket.id),
        ">P-",
        "LSU\u{a0}: saisie des bilans périodiques",
        "Référents-LSU",
        files[0],
        "Un fichier n’est pas dans la demande",
        "outil.exe",
        "Le bouton « Valider » reste grisé.",
        "<dt>Type</dt><dd>Incident</dd>",
        "<dt>Urgence</dt><dd>Moyenne</dd>",
        "<dt>École</dt><dd>0210001A</dd>",
        "<dt>Téléphone</dt><dd>03 80 00 00 00</dd>",
        &format!("<dt>Par</dt><dd>{}</dd>", JEANNE.to_lowercase()),
        &format!("{} à\u{a0}", passerelle::text::french::date(&today)),
    ] {
        assert!(recap.has(said), "{said} in {}", recap.html);
    }
    // Which file, and why.
    let left_out = recap.html.split_once("<li>outil.exe\u{a0}: ").expect("the file is named").1;
    assert!(left_out.split_once("</li>").unwrap().0.len() > 5, "{left_out}");
}

#[tokio::test]
async fn a_second_click_and_a_reload_make_no_second_ticket_and_another_text_does() {
    let portal = Portal::start().await;
    let shown = portal.get("/portail/nouvelle", JEANNE).await;
    let send = async |title: &str| portal.send_as_shown(&shown, "/portail/nouvelle", JEANNE, fields(title)).await;
    let (first, second) = tokio::join!(send("Une fois"), send("Une fois"));
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", second.html);
    assert_eq!(first.location(), second.location());
    let reloaded = send("Une fois").await;
    assert_eq!(reloaded.location(), first.location());
    assert_eq!(titled(&portal.sandbox, "Une fois").len(), 1);

    let other = send("Une autre fois").await;
    assert_ne!(
        other.location(),
        reloaded.location(),
        "who goes back and writes something else asks for something else"
    );
    assert_eq!(titled(&portal.sandbox, "Une autre fois").len(), 1);
}

#[tokio::test]
async fn wrong_fields_are_named_beside_them_and_in_a_list_and_what_was_typed_is_kept() {
    let portal = Portal::start().await;
    let form = Form::new()
        .text("choix", "PRONOTE")
        .text("type", "demande")
        .text("urgency", "4")
        .text("title", " ")
        .text("description", "Deux <b>lignes</b>\r\nde texte")
        .text("error_message", "")
        .text("phone", "sur mon portable")
        .part("attachments", file("capture.txt", "a"));
    let shown = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.has("<title>Erreur\u{a0}: nouvelle demande – "), "{}", shown.html);
    assert!(shown.has("3 champs sont à corriger"));
    for place in ["choix", "titre", "telephone"] {
        assert!(shown.has(&format!("<a href=\"#{place}\">")), "{place} in the list");
        assert!(shown.has(&format!(" id=\"{place}\"")), "{place} in the page");
        assert!(shown.has(&format!("id=\"{place}-erreur\"")), "{place}'s own message");
    }
    assert!(shown.has("aria-describedby=\"telephone-aide telephone-erreur\" aria-invalid=\"true\""));
    for kept in [
        "value=\"demande\" checked",
        "<option value=\"4\" selected>",
        "Deux &#60;b&#62;lignes&#60;/b&#62;",
        "value=\"sur mon portable\"",
        "Choisissez à nouveau vos fichiers",
        "capture.txt",
    ] {
        assert!(shown.has(kept), "{kept} in {}", shown.html);
    }
    assert!(portal.sandbox.tickets().is_empty());

    // Mended in the page that was shown again, it is sent.
    let sent = portal.send_as_shown(&shown, "/portail/nouvelle", JEANNE, fields("Corrigée")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_rule_s_no_and_a_helpdesk_that_is_away_leave_the_form_as_it_was() {
    let portal = Portal::with(&[TRUSTED, ("quota.per_day", "2")]).await;
    let opened = portal.get("/portail/nouvelle", JEANNE).await;
    for title in ["Première", "Deuxième"] {
        portal.deposit(JEANNE, title).await;
    }
    let shown = portal.send_as_shown(&opened, "/portail/nouvelle", JEANNE, fields("Refusée")).await;
    assert_eq!(shown.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(shown.has("Votre demande n’est pas enregistrée"));
    assert!(shown.has("nombre maximal de demandes") && shown.has("value=\"Refusée\""), "{}", shown.html);
    let wrong = portal.send_as_shown(&opened, "/portail/nouvelle", JEANNE, fields("")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("nombre maximal de demandes") && !wrong.has("encore déposer"), "{}", wrong.html);
    assert!(!wrong.has("Renvoyez"), "{}", wrong.html);

    let portal = Portal::start().await;

    let form = portal.get("/portail/nouvelle", JEANNE).await;
    portal.sandbox.set_failures("maintenance".parse::<passerelle::sandbox::Rule>().unwrap());
    let away = portal.send_as_shown(&form, "/portail/nouvelle", JEANNE, fields("Plus tard")).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.has("value=\"Plus tard\"") && away.has("pas encore enregistrée"), "{}", away.html);
    assert!(form.hidden("envoi").is_none() && away.hidden("envoi").is_some(), "sent again, it is the same request");
    portal.sandbox.set_failures(passerelle::sandbox::Failures::none());
    let sent = portal.send_as_shown(&away, "/portail/nouvelle", JEANNE, fields("Plus tard")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(titled(&portal.sandbox, "Plus tard").len(), 1);
}

#[tokio::test]
async fn what_the_relay_keeps_is_said_to_wait_and_not_to_be_recorded() {
    let portal = Portal::with(&[TRUSTED, QUEUE[0], QUEUE[1]]).await;
    let number = portal.deposit(JEANNE, "Avant la panne").await;
    let opened = portal.get("/portail/nouvelle", JEANNE).await;
    let request = format!("/portail/demandes/{number}");
    let shown = portal.get(&request, JEANNE).await;
    portal.sandbox.set_failures("maintenance".parse::<passerelle::sandbox::Rule>().unwrap());
    let form = || fields("Pendant la panne").part("attachments", file("capture.txt", "a"));
    let waiting = portal.send_as_shown(&opened, "/portail/nouvelle", JEANNE, form()).await;
    assert_eq!(waiting.status, StatusCode::ACCEPTED, "{}", waiting.html);
    let reference = waiting.html.split("class=\"number\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    for said in [
        "<title>Demande en attente – ",
        "Votre demande est en attente",
        "Elle ne l’est pas encore, et n’a pas encore de numéro",
        "Il est inutile de la renvoyer",
        &format!("<a href=\"/portail/demandes?q={reference}\">"),
    ] {
        assert!(waiting.has(said), "{said} in {}", waiting.html);
    }
    assert!(!waiting.has("est enregistrée</h1>"), "{}", waiting.html);
    let again = portal.send_as_shown(&opened, "/portail/nouvelle", JEANNE, form()).await;
    assert!(again.status == StatusCode::ACCEPTED && again.has(&reference), "a second click: {}", again.html);

    let word = || Form::new().text("description", "Encore ceci").part("attachments", file("suite.txt", "b"));
    let added = portal.send_as_shown(&shown, &format!("{request}/suivis"), JEANNE, word()).await;
    assert_eq!(added.status, StatusCode::ACCEPTED, "{}", added.html);
    for said in ["Votre message est en attente", &format!("demande n°\u{a0}{number}"), "Il n’y est pas encore"] {
        assert!(added.has(said), "{said} in {}", added.html);
    }

    portal.sandbox.set_failures(passerelle::sandbox::Failures::none());
    let mails = deposits(portal.gateway.outbox.mails());
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(portal.gateway.deliver("", &mail).await.starts_with("250 2.0.0 "));
    }
    let [ticket] = titled(&portal.sandbox, "Pendant la panne").try_into().unwrap();
    assert!(ticket.content.contains(&reference) && ticket.documents.len() == 1);
    let found = portal.get(&format!("/portail/demandes?q={reference}"), JEANNE).await;
    assert!(found.has("Pendant la panne"), "the link works now: {}", found.html);
    let request = portal.get(&request, JEANNE).await;
    assert!(request.has("Encore ceci") && request.has("suite.txt"), "{}", request.html);
}

#[tokio::test]
async fn the_same_form_from_two_pages_is_one_request_and_one_place_of_the_day() {
    let portal = Portal::with(&[TRUSTED, ("quota.per_day", "2")]).await;
    let mut places = Vec::new();
    let open = || portal.get("/portail/nouvelle", JEANNE);
    // A page of its own each time, as after «Back», opened while the day has room.
    for (title, shown) in
        [("Encore", open().await), ("Encore", open().await), ("Autre", open().await), ("Encore", open().await)]
    {
        let sent = portal.send_as_shown(&shown, "/portail/nouvelle", JEANNE, fields(title)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
        places.push(sent.location().to_owned());
    }
    assert!(places[0] == places[1] && places[0] == places[3] && places[0] != places[2], "{places:?}");
    assert_eq!((titled(&portal.sandbox, "Encore").len(), portal.sandbox.tickets().len()), (1, 2));
}

#[tokio::test]
async fn a_form_names_no_other_requester_than_who_is_signed_in() {
    let portal = Portal::start().await;
    let form = fields("Au nom d'une autre").text("requester", DIRECTORS[1]);
    portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    let [ticket] = titled(&portal.sandbox, "Au nom d'une autre").try_into().unwrap();
    assert_eq!(ticket.requesters[0].name, "Nom1 Prenom1");
}

#[tokio::test]
async fn more_than_the_api_takes_is_not_taken() {
    let portal = Portal::with(&[TRUSTED, ("http.max_size", "20000"), ("screen.max_size", "20000")]).await;
    let form = fields("Trop lourd").part("attachments", file("gros.txt", &"a".repeat(30_000)));
    let refused = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.has("<h1>Envoi trop volumineux</h1>") && refused.has("19\u{a0}Ko"), "{}", refused.html);
    let other = portal.call(Method::POST, "/portail/nouvelle", JEANNE).body("x").send().await.unwrap();
    assert_eq!(page(other).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(portal.sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_thirty_megabytes_in_all_fit() {
    // However slow the machine is.
    let portal = Portal::with(&[TRUSTED, ("portal.wait", "80s")]).await;
    let form = fields("Trente mégaoctets");
    let half = |byte| Part::bytes(vec![byte; 15 * 1024 * 1024]).mime_str("text/plain").unwrap();
    let form = form.part("attachments", half(b'a').file_name("un.txt"));
    let form = form.part("attachments", half(b'b').file_name("deux.txt"));
    assert!(portal.get("/portail/nouvelle", JEANNE).await.has("20\u{a0}Mo chacun, 30\u{a0}Mo en tout"));
    let sent = portal.send("/portail/nouvelle", "/portail/nouvelle", JEANNE, form).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let [ticket] = titled(&portal.sandbox, "Trente mégaoctets").try_into().unwrap();
    let recap = portal.get(sent.location(), JEANNE).await;
    assert!(recap.has("un.txt, deux.txt") && !recap.has("pas dans la demande"), "{}", recap.html);
    assert_eq!(ticket.documents.len(), 2);
}
