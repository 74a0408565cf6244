//! What became of requests: found in the list, read with their timeline, completed, approved or not.

use reqwest::{Method, StatusCode, header, multipart::Form};
use serde_json::json;

use super::{DIRECTORS, Page, Portal, file, page};
use crate::support::helpdesk::Helpdesk;

const JEANNE: &str = DIRECTORS[0];
const PAUL: &str = DIRECTORS[1];

#[tokio::test]
async fn the_list_counts_filters_searches_and_sorts() {
    let portal = Portal::start().await;
    let first = portal.deposit(JEANNE, "Bilans du CM1").await;
    let second = portal.deposit(JEANNE, "Accents : élève en double").await;
    let technician = portal.technician().await;
    technician.follow_up(second, "<p>Quel élève ?</p>", false).await;
    technician.set_status(second, 4).await;

    let list = portal.get("/portail/demandes", JEANNE).await;
    assert!(list.has("<strong>0</strong> À approuver</a>") && list.has("une réponse de votre part est attendue"));
    assert!(list.has("<strong>1</strong> En attente</a>") && list.has("<strong>1</strong> À compléter</a>"));
    assert!(list.has("<strong>0</strong> En cours</a>") && list.has("<strong>0</strong> Clôturée</a>"));
    assert!(
        list.has("href=\"/portail/demandes\" aria-current=\"true\"><strong>2</strong> Toutes</a>"),
        "{}",
        list.html
    );
    let place = |page: &Page, number: u64| page.html.find(&format!("href=\"/portail/demandes/{number}\""));
    assert!(place(&list, second) < place(&list, first), "the latest first");
    assert!(list.has("aria-sort=\"descending\"><a href=\"/portail/demandes?tri=date&#38;sens=croissant\">"));

    let to_complete = portal.get("/portail/demandes?etat=a-completer", JEANNE).await;
    assert!(place(&to_complete, second).is_some() && place(&to_complete, first).is_none());
    assert!(to_complete.has("Une demande correspond à l’état") && to_complete.has("aria-current=\"true\""));
    let found = portal.get("/portail/demandes?q=ELEVE", JEANNE).await;
    assert!(place(&found, second).is_some() && place(&found, first).is_none() && found.has("value=\"ELEVE\""));
    let none = portal.get("/portail/demandes?q=introuvable", JEANNE).await;
    assert!(none.has("Aucune demande ne correspond") && none.has("Voir toutes mes demandes"));
    let by_title = portal.get("/portail/demandes?tri=title&sens=croissant", JEANNE).await;
    assert!(by_title.has("aria-sort=\"ascending\"") && place(&by_title, second) < place(&by_title, first));
}

#[tokio::test]
async fn a_long_list_has_pages_that_keep_what_was_asked() {
    let portal = Portal::start().await;
    let technician = portal.technician().await;
    // More than anybody may send in a day.
    for number in 0..21 {
        let ticket = json!({
            "name": format!("Ancienne {number:02}"), "content": "<p>x</p>", "type": 1, "_users_id_requester": 7,
        });
        technician.add("Ticket", ticket).await;
    }
    let first = portal.get("/portail/demandes?q=ancienne", JEANNE).await;
    assert!(
        first.has("Page 1 sur 2") && first.has("href=\"/portail/demandes?q=ancienne&#38;page=2\""),
        "{}",
        first.html
    );
    assert!(!first.has("Page précédente"));
    let second = portal.get("/portail/demandes?q=ancienne&page=2", JEANNE).await;
    assert!(
        second.has("Page 2 sur 2") && second.has("href=\"/portail/demandes?q=ancienne\"") && second.has("Ancienne 00")
    );
    assert!(!second.has("Page suivante"));
    let fifty = portal.get("/portail/demandes?q=ancienne&par=50", JEANNE).await;
    assert!(!fifty.has("Page suivante") && fifty.has("Ancienne 00") && fifty.has("Ancienne 20"), "{}", fifty.html);
    assert!(fifty.has("href=\"/portail/demandes?q=ancienne\">15<") && fifty.has("par=100\">100<"), "{}", fifty.html);
    let beyond = portal.get("/portail/demandes?q=ancienne&page=99", JEANNE).await;
    assert_eq!((beyond.status, beyond.location()), (StatusCode::SEE_OTHER, "/portail/demandes?q=ancienne&page=2"));
}

#[tokio::test]
async fn a_message_and_its_files_are_added_once_and_shown() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "À compléter").await;
    let path = format!("/portail/demandes/{number}");
    let to = format!("{path}/suivis");
    let shown = portal.get(&path, JEANNE).await;
    let message = || {
        let file = file("classe é.txt", "CM2");
        Form::new().text("description", "Voici <le> fichier").part("attachments", file)
    };
    for _ in 0..2 {
        let sent = portal.send_as_shown(&shown, &to, JEANNE, message()).await;
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, format!("{path}?fait=suivi").as_str()));
    }
    let [ticket] = portal.sandbox.tickets().try_into().unwrap();
    let [followup] = ticket.followups.try_into().unwrap();
    assert_eq!(followup.author_name, "Nom1 Prenom1");
    let [document] = followup.documents.try_into().unwrap();

    let done = portal.get(&format!("{path}?fait=suivi"), JEANNE).await;
    assert!(done.has("role=\"status\"") && done.has("Votre message est ajouté à la demande."), "{}", done.html);
    assert!(done.has("Voici &lt;le&gt; fichier") && done.has("<h3>Votre message</h3>"), "{}", done.html);
    let address = format!("{path}/documents/{}", document.id);
    assert!(done.has(&format!("href=\"{address}\"")));
    let file = portal.get(&address, JEANNE).await;
    assert_eq!((file.status, file.html.as_str()), (StatusCode::OK, "CM2"));
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment; "));
    assert!(file.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox"));
}

#[tokio::test]
async fn a_file_that_is_left_out_of_a_message_is_told() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "À compléter").await;
    let path = format!("/portail/demandes/{number}");
    let shown = portal.get(&path, JEANNE).await;
    let message = Form::new().text("description", "Voici").part("attachments", file("macro.exe", "MZ"));
    let sent = portal.send_as_shown(&shown, &format!("{path}/suivis"), JEANNE, message).await;
    assert_eq!(sent.location(), format!("{path}?fait=suivi&fichiers=ecartes"), "{}", sent.html);
    let done = portal.get(sent.location(), JEANNE).await;
    assert!(done.has("Un fichier au moins n’a pas pu y être joint") && done.has("macro.exe"), "{}", done.html);
    assert!(!portal.get(&format!("{path}?fait=suivi"), JEANNE).await.has("n’a pas pu y être joint"));
}

#[tokio::test]
async fn an_empty_message_is_nothing_and_one_that_cannot_be_taken_is_kept() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Muette").await;
    let path = format!("/portail/demandes/{number}");
    let to = format!("{path}/suivis");
    let empty = portal.send(&path, &to, JEANNE, Form::new().text("description", "  ")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.has("<a href=\"#message\">") && empty.has("id=\"message-erreur\""), "{}", empty.html);

    let shown = portal.get(&path, JEANNE).await;
    portal.sandbox.set_failures("maintenance".parse::<passerelle::sandbox::Rule>().unwrap());
    let message = || Form::new().text("description", "Ne me perdez pas");
    let away = portal.send_as_shown(&shown, &to, JEANNE, message()).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.has("Rien n’est encore enregistré") && away.has("Ne me perdez pas"), "{}", away.html);
    portal.sandbox.set_failures(passerelle::sandbox::Failures::none());
    let sent = portal.send_as_shown(&away, &to, JEANNE, message()).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.sandbox.tickets()[0].followups.len(), 1);
}

#[tokio::test]
async fn a_solution_is_refused_with_a_reason_and_approved_and_never_twice() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "À approuver").await;
    let path = format!("/portail/demandes/{number}");
    let to = format!("{path}/avis");
    let status = || portal.sandbox.tickets()[0].status;
    assert!(!portal.get(&path, JEANNE).await.has("La solution vous convient-elle"));
    let early = portal.send(&path, &to, JEANNE, Form::new().text("avis", "oui")).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.has("n’attend pas votre approbation"), "{}", early.html);

    let technician = portal.technician().await;
    technician.solve(number, "<p>Le bouton est rétabli.</p>").await;
    let solved = portal.get(&path, JEANNE).await;
    assert!(solved.has("La solution vous convient-elle") && solved.has("Le bouton est rétabli."), "{}", solved.html);
    assert!(solved.has("À approuver") && solved.has("Solution proposée par Un Tech"), "{}", solved.html);
    // What is added meanwhile decides nothing.
    assert!(solved.has("n'approuve ni ne refuse la solution") && solved.has("Ajouter à la demande"));
    let added =
        portal.send(&path, &format!("{path}/suivis"), JEANNE, Form::new().text("description", "Je teste.")).await;
    assert_eq!((added.status, status()), (StatusCode::SEE_OTHER, 5), "{}", added.html);
    let mute = portal.send(&path, &to, JEANNE, Form::new().text("avis", "non").text("description", " ")).await;
    assert_eq!((mute.status, status()), (StatusCode::UNPROCESSABLE_ENTITY, 5));
    assert!(mute.has("<a href=\"#raison\">") && mute.has("id=\"raison-erreur\""), "{}", mute.html);
    let refusal = Form::new().text("avis", "non").text("description", "Toujours grisé");
    let refusal = refusal.part("attachments", file("écran.txt", "grisé"));
    let refused = portal.send(&path, &to, JEANNE, refusal).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, format!("{path}?fait=refusee").as_str()));
    assert_eq!(status(), 2);
    let reopened = portal.get(refused.location(), JEANNE).await;
    assert!(reopened.has("Vous avez refusé la clôture") && reopened.has("Toujours grisé"), "{}", reopened.html);
    assert!(reopened.has(">écran.txt</a>") && reopened.has("Solution refusée"), "{}", reopened.html);

    technician.solve(number, "<p>Cette fois, oui.</p>").await;
    for _ in 0..2 {
        let approved = portal.send("/portail/nouvelle", &to, JEANNE, Form::new().text("avis", "oui")).await;
        assert_eq!(approved.location(), format!("{path}?fait=approuvee"), "{}", approved.html);
        assert_eq!(status(), 6);
    }
    let closed = portal.get(&path, JEANNE).await;
    assert!(closed.has("Cette demande est close.") && !closed.has("Ajouter à la demande"));
    // It goes on in a new one that names it.
    let more = closed.html.split("href=\"/portail/nouvelle?suite=").nth(1).unwrap().split('"').next().unwrap();
    let more = more.replace("&amp;", "&");
    assert_eq!(more, format!("{}&application=LSU", path.rsplit('/').next().unwrap()));
    let form = portal.get(&format!("/portail/nouvelle?suite={more}"), JEANNE).await;
    let number = more.split('&').next().unwrap();
    assert!(form.has(&format!("Suite de la demande n°\u{a0}{number}.")), "{}", form.html);
    for none in ["suite=", "suite=x", "suite=%3Cb%3E", "suite=0"] {
        assert!(!portal.get(&format!("/portail/nouvelle?{none}"), JEANNE).await.has("Suite de la demande"), "{none}");
    }
    let followups = portal.sandbox.tickets()[0].followups.len();
    let late =
        portal.send("/portail/nouvelle", &format!("{path}/suivis"), JEANNE, Form::new().text("description", "x")).await;
    assert_eq!((late.status, portal.sandbox.tickets()[0].followups.len()), (StatusCode::CONFLICT, followups));
}

#[tokio::test]
async fn the_page_tells_what_happened_and_nothing_of_the_plumbing() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Suivie").await;
    let path = format!("/portail/demandes/{number}");
    let technician = portal.technician().await;
    technician.add("Ticket_User", json!({"tickets_id": number, "users_id": 15, "type": 2})).await;
    technician.follow_up(number, "<p>L’éditeur est saisi.</p>", false).await;
    technician.set_status(number, 4).await;
    let held = portal.get(&path, JEANNE).await;
    for said in [
        "<h3>Demande déposée</h3>",
        "Demande prise en charge par Un Tech",
        "Demande mise en attente",
        "En attente</span>",
        "<span class=\"detail\">mise en attente</span>",
    ] {
        assert!(held.has(said), "{said} in {}", held.html);
    }
    let place = |text: &str| held.html.find(text).unwrap();
    assert!(place("Demande déposée") < place("prise en charge par") && place("est saisi") < place("Demande mise en"));
    let added = portal.send(&path, &format!("{path}/suivis"), JEANNE, Form::new().text("description", "Merci")).await;
    let answered = portal.get(added.location(), JEANNE).await;
    assert!(answered.has("Traitement de la demande repris") && answered.has("<p>Merci</p>"), "{}", answered.html);
    assert!(!answered.has("Écrit sur le portail"), "{}", answered.html);
}

#[tokio::test]
async fn the_same_message_from_two_pages_is_one() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Deux fois").await;
    let path = format!("/portail/demandes/{number}");
    let message = || Form::new().text("description", "Les CM2").part("attachments", file("a.txt", "CM2"));
    for _ in 0..2 {
        let sent = portal.send(&path, &format!("{path}/suivis"), JEANNE, message()).await;
        assert_eq!(sent.location(), format!("{path}?fait=suivi"), "{}", sent.html);
    }
    let other = Form::new().text("description", "Les CM1");
    portal.send(&path, &format!("{path}/suivis"), JEANNE, other).await;
    assert_eq!(portal.sandbox.tickets()[0].followups.len(), 2);
}

#[tokio::test]
async fn the_faq_is_searched() {
    let portal = Portal::start().await;
    portal.publish("Mot de passe perdu", "<p>Passez par Macadam.</p>").await;
    let found = portal.get("/portail/faq?q=macadam", JEANNE).await;
    assert!(
        found.has("<summary>Mot de passe perdu</summary>") && found.has("<p>Passez par Macadam.</p>"),
        "{}",
        found.html
    );
    let none = portal.get("/portail/faq?q=xyzzy", JEANNE).await;
    assert!(none.has("Aucune réponse ne correspond") && none.has("Déposez une demande"));
    for (query, said) in [
        ("application=ZZZ", "La FAQ n’a pas de réponse sur l’application «\u{a0}ZZZ\u{a0}»."),
        ("application=onde", "La FAQ n’a pas de réponse sur l’application «\u{a0}ONDE\u{a0}»."),
        ("categorie=x", "La FAQ n’a pas de réponse dans la catégorie «\u{a0}x\u{a0}»."),
    ] {
        let none = portal.get(&format!("/portail/faq?{query}"), JEANNE).await;
        assert!(none.has(said) && !none.has("<summary>"), "{query}: {}", none.html);
    }
}

/// What the counter of this article says of how often it helped.
async fn helped(portal: &Portal, article: u64) -> u64 {
    let (_, metrics) = portal.gateway.get("/metrics").await;
    let line = format!("passerelle_articles_helped_total{{article=\"{article}\"}} ");
    metrics.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn an_article_has_a_page_of_its_own_with_what_is_near() {
    let portal = Portal::start().await;
    portal.publish("LSU\u{a0}: valider un bilan", "<h1>Où\u{a0}?</h1><p>Ici.</p>").await;
    portal.publish("LSU\u{a0}: imprimer un bilan", "<p>Là.</p>").await;
    portal.publish("ONDE\u{a0}: admettre un élève", "<p>Ailleurs.</p>").await;
    let shown = portal.get("/portail/faq/1", JEANNE).await;
    assert!(shown.has("<h1>LSU\u{a0}: valider un bilan</h1>") && shown.has("<h2>Où\u{a0}?</h2>"), "{}", shown.html);
    assert!(shown.has("Mise à jour le <time") && shown.has("<a href=\"/portail/faq/2\">"), "{}", shown.html);
    assert!(!shown.has("/portail/faq/3"), "{}", shown.html);
    assert_eq!(portal.get("/portail/faq/4", JEANNE).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/portail/faq/x", JEANNE).await.status, StatusCode::NOT_FOUND);
    for name in ["ONDE", "onde"] {
        let of_onde = portal.get(&format!("/portail/faq?application={name}"), JEANNE).await;
        assert!(of_onde.has("admettre un élève") && !of_onde.has("valider un bilan"), "{}", of_onde.html);
    }
}

#[tokio::test]
async fn that_an_article_helped_is_counted_once_for_each_person() {
    let portal = Portal::start().await;
    for question in ["Un", "Deux", "Macadam"] {
        portal.publish(question, "<p>Oui.</p>").await;
    }
    let before = helped(&portal, 3).await;
    for person in [JEANNE, JEANNE, PAUL] {
        let said = portal.send("/portail/faq/3", "/portail/faq/3/utile", person, Form::new()).await;
        assert_eq!((said.status, said.location()), (StatusCode::SEE_OTHER, "/portail/faq/3?merci"));
    }
    assert!(portal.get("/portail/faq/3?merci", JEANNE).await.has("Merci de l'avoir dit"));
    // Other tests count other articles.
    assert_eq!(helped(&portal, 3).await - before, 2);
    let forged = Form::new().text("jeton", "00");
    let forged =
        page(portal.call(Method::POST, "/portail/faq/3/utile", JEANNE).multipart(forged).send().await.unwrap()).await;
    assert_eq!(forged.location(), "/portail/faq/3");
    assert_eq!(helped(&portal, 3).await - before, 2);
}

#[tokio::test]
async fn a_request_that_an_article_answers_is_withdrawn_and_closed_as_such() {
    let portal = Portal::start().await;
    portal.publish("LSU\u{a0}: valider un bilan grisé", "<p>Ici.</p>").await;
    portal.get("/portail/faq", JEANNE).await;
    let number = portal.deposit(JEANNE, "Valider un bilan grisé").await;
    let recap = format!("/portail/demandes/{number}/recapitulatif");
    let shown = portal.get(&recap, JEANNE).await;
    assert!(shown.has("Retirer ma demande"), "{}", shown.html);
    let to = format!("/portail/demandes/{number}/retrait");
    let form = || Form::new().text("fiche", "1");
    let stranger = portal.send("/portail/nouvelle", &to, PAUL, form()).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let done = portal.send_as_shown(&shown, &to, JEANNE, form()).await;
        let after = format!("/portail/demandes/{number}?fait=retiree");
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
        assert_eq!(done.location(), after);
    }
    let [ticket] = portal.sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.status, 6);
    let solutions = portal.technician().await.get(&format!("Ticket/{number}/ITILSolution")).await;
    let [solution] = solutions.as_array().unwrap().as_slice() else { panic!("{solutions}") };
    let content = solution["content"].as_str().unwrap();
    assert!(content.contains("Demande retirée") && content.contains("valider un bilan grisé"), "{content}");
    assert!(ticket.followups.iter().any(|followup| followup.content.contains("Je retire ma demande")));
    let page = portal.get(&format!("/portail/demandes/{number}?fait=retiree"), JEANNE).await;
    assert!(page.has("Vous avez retiré votre demande"), "{}", page.html);
    // Nothing is left to withdraw.
    assert!(!portal.get(&recap, JEANNE).await.has("Retirer ma demande"));
}

#[tokio::test]
async fn who_withdraws_a_request_approves_no_solution_that_they_have_not_read() {
    let portal = Portal::start().await;
    portal.publish("LSU\u{a0}: valider un bilan grisé", "<p>Ici.</p>").await;
    portal.get("/portail/faq", JEANNE).await;
    let number = portal.deposit(JEANNE, "Valider un bilan grisé").await;
    let request = format!("/portail/demandes/{number}");
    let recap = portal.get(&format!("{request}/recapitulatif"), JEANNE).await;
    let technician = portal.technician().await;
    technician.solve(number, "<p>Le bilan de Zoé est supprimé.</p>").await;
    let withdraw = async || {
        portal.send_as_shown(&recap, &format!("{request}/retrait"), JEANNE, Form::new().text("fiche", "1")).await
    };
    for _ in 0..2 {
        let refused = withdraw().await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.html);
        assert!(refused.has("qui n’a donc pas été retirée") && refused.has("Le bilan de Zoé"), "{}", refused.html);
    }
    let [ticket] = portal.sandbox.tickets().try_into().unwrap();
    assert_eq!((ticket.status, ticket.followups.len()), (5, 0), "{:?}", ticket.followups);

    // Refused, it is open again, and can be withdrawn; opened again after that, too, and closed again each time.
    for _ in 0..2 {
        technician.set_status(number, 2).await;
        let done = withdraw().await;
        assert_eq!(done.location(), format!("{request}?fait=retiree"), "{}", done.html);
        let [ticket] = portal.sandbox.tickets().try_into().unwrap();
        assert_eq!(ticket.status, 6);
    }
}

#[tokio::test]
async fn a_request_that_was_merged_is_not_said_to_be_withdrawn() {
    let portal = Portal::start().await;
    portal.publish("LSU\u{a0}: valider un bilan grisé", "<p>Ici.</p>").await;
    portal.get("/portail/faq", JEANNE).await;
    let first = portal.deposit(JEANNE, "Valider un bilan grisé").await;
    let last = portal.deposit(JEANNE, "Autre chose").await;
    let recap = portal.get(&format!("/portail/demandes/{first}/recapitulatif"), JEANNE).await;
    let admin = Helpdesk::sign_in(&portal.sandbox.url(), "passerelle-admin", "passerelle").await;
    admin.merge(first, last).await;
    let to = format!("/portail/demandes/{first}/retrait");
    let said = portal.send_as_shown(&recap, &to, JEANNE, Form::new().text("fiche", "1")).await;
    assert_eq!(said.location(), format!("/portail/demandes/{last}?fait=suivi"), "{}", said.html);
    let ticket = portal.sandbox.tickets().into_iter().find(|ticket| u64::try_from(ticket.id) == Ok(last)).unwrap();
    assert!(ticket.status < 5, "{}", ticket.status);
}

#[tokio::test]
async fn a_helpdesk_that_is_away_is_said_in_a_page() {
    let portal = Portal::start().await;
    portal.sandbox.set_failures("maintenance".parse::<passerelle::sandbox::Rule>().unwrap());
    let away = portal.get("/portail/demandes", JEANNE).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.headers.contains_key(header::RETRY_AFTER));
    assert!(away.has("<h1>Service momentanément indisponible</h1>"), "{}", away.html);
    let home = portal.get("/portail", JEANNE).await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.has("vos demandes ne peuvent pas être affichées") && home.has("application=LSU"), "{}", home.html);
    let form = portal.get("/portail/nouvelle", JEANNE).await;
    assert!(form.status == StatusCode::OK && form.has("Envoyer la demande"), "a form can be filled in meanwhile");
}

#[tokio::test]
async fn the_page_of_a_merged_request_leads_to_the_one_it_was_merged_into() {
    let portal = Portal::start().await;
    let first = portal.deposit(JEANNE, "Bilans du CM1").await;
    let last = portal.deposit(JEANNE, "Bilans du CM1, suite").await;
    let shown = portal.get(&format!("/portail/demandes/{first}"), JEANNE).await;
    let admin = Helpdesk::sign_in(&portal.sandbox.url(), "passerelle-admin", "passerelle").await;
    admin.merge(first, last).await;
    for (of, to) in [
        (format!("{first}?fait=suivi"), format!("/portail/demandes/{last}?fait=suivi")),
        (format!("{first}/recapitulatif"), format!("/portail/demandes/{last}")),
        (format!("{first}/documents/5"), format!("/portail/demandes/{last}/documents/5")),
    ] {
        let led = portal.get(&format!("/portail/demandes/{of}"), JEANNE).await;
        assert_eq!((led.status, led.location()), (StatusCode::SEE_OTHER, to.as_str()), "{}", led.html);
    }
    let stranger = portal.get(&format!("/portail/demandes/{first}"), DIRECTORS[1]).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);

    // A form that was open meanwhile: what is wrong is shown at the other request, what is right is added there.
    let to = format!("/portail/demandes/{first}/suivis");
    let empty = portal.send_as_shown(&shown, &to, JEANNE, Form::new().text("description", "")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.has(&format!("Demande n°\u{a0}{last}")), "{}", empty.html);
    let sent = portal.send_as_shown(&shown, &to, JEANNE, Form::new().text("description", "Encore")).await;
    let expected = format!("/portail/demandes/{last}?fait=suivi");
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, expected.as_str()), "{}", sent.html);
}
