//! Who sees what, and what no other site can make a browser do.

use reqwest::{Method, StatusCode, header, multipart::Form};

use super::{DIRECTORS, Portal, TRUSTED, fields, page};

const JEANNE: &str = DIRECTORS[0];
const PAUL: &str = DIRECTORS[1];

#[tokio::test]
async fn nobody_is_believed_but_a_trusted_proxy() {
    let portal = Portal::start().await;
    let pages = [
        "",
        "/nouvelle",
        "/coordonnees",
        "/demandes",
        "/demandes/1",
        "/faq",
        "/faq/1",
        "/faq/propositions",
        "/faq/1/documents/1",
    ];
    for path in pages.map(|path| format!("/portail{path}")) {
        let answer = portal.client.get(format!("http://{}{path}", portal.gateway.http)).send().await.unwrap();
        let nobody = page(answer).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(nobody.has("<h1>Connexion nécessaire</h1>") && nobody.has("portail de l’académie"), "{}", nobody.html);
        assert!(!nobody.has("Menu principal"), "nothing to go to");
    }

    let elsewhere = Portal::with(&[("http.trusted_proxies", "10.0.0.0/8")]).await;
    assert_eq!(elsewhere.get("/portail", JEANNE).await.status, StatusCode::UNAUTHORIZED);

    let without = Portal::with(&[]).await;
    let none = without.get("/portail", JEANNE).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert_eq!(none.headers[header::CONTENT_TYPE], "application/problem+json", "no pages are served at all");
}

#[tokio::test]
async fn a_form_that_was_not_given_to_this_person_changes_nothing() {
    let portal = Portal::start().await;
    let paul_s = portal.get("/portail/nouvelle", PAUL).await;
    let without_token = fields("Sans jeton").text("cle", "1");
    for (case, form) in
        [("no token", without_token), ("another's", fields("Autre").text("jeton", paul_s.hidden("jeton").unwrap()))]
    {
        let refused =
            page(portal.call(Method::POST, "/portail/nouvelle", JEANNE).multipart(form).send().await.unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{case}");
        assert!(refused.has("Ce formulaire n’est plus valable"), "{case}: {}", refused.html);
        assert!(refused.has("Le bouton « Valider » reste grisé."), "{case}: what was typed is kept");
    }
    let own = portal.get("/portail/nouvelle", JEANNE).await;
    let form = fields("D'ailleurs").text("jeton", own.hidden("jeton").unwrap()).text("cle", "1");
    let call =
        portal.call(Method::POST, "/portail/nouvelle", JEANNE).header("Sec-Fetch-Site", "cross-site").multipart(form);
    assert_eq!(page(call.send().await.unwrap()).await.status, StatusCode::FORBIDDEN);
    assert!(portal.sandbox.tickets().is_empty());

    let number = portal.deposit(JEANNE, "À moi").await;
    for (path, field) in [("suivis", "description"), ("avis", "avis"), ("retrait", "fiche")] {
        let form = Form::new().text(field, "oui").text("jeton", "00");
        let call = portal.call(Method::POST, &format!("/portail/demandes/{number}/{path}"), JEANNE).multipart(form);
        let refused = page(call.send().await.unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.has("Ce formulaire n’est plus valable"), "{path}: {}", refused.html);
    }
    assert!(portal.sandbox.tickets()[0].followups.is_empty());
}

#[tokio::test]
async fn a_slash_too_many_is_forgiven() {
    let portal = Portal::start().await;
    for meant in [
        "/portail",
        "/portail/demandes",
        "/portail/demandes/1",
        "/portail/perdue",
        "/pilotage",
        "/pilotage/fiches",
        "/pilotage/donnees/applications.csv",
        "/information",
        "/information/nouvelle",
        "/information/P-7K3M-Q2XV-9D4T",
    ] {
        for slashes in ["/", "//"] {
            let sent = portal.get(&format!("{meant}{slashes}"), JEANNE).await;
            assert_eq!(sent.status, StatusCode::PERMANENT_REDIRECT, "{meant}{slashes}: {}", sent.html);
            assert_eq!(sent.location(), meant);
        }
    }
}

#[tokio::test]
async fn a_request_is_its_requester_s_alone() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Confidentiel").await;
    portal.publish("Confidentiel", "<p>Oui.</p>").await;
    let article = "1";
    assert_eq!(portal.get(&format!("/portail/demandes/{number}"), JEANNE).await.status, StatusCode::OK);
    for path in ["", "/recapitulatif", "/documents/1"] {
        let hidden = portal.get(&format!("/portail/demandes/{number}{path}"), PAUL).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
        assert!(hidden.has("<h1>Demande introuvable</h1>") && !hidden.has("Confidentiel"), "{path}");
    }
    for (path, form) in [
        ("suivis", Form::new().text("description", "de Paul")),
        ("avis", Form::new().text("avis", "oui")),
        ("retrait", Form::new().text("fiche", article)),
    ] {
        let to = format!("/portail/demandes/{number}/{path}");
        let refused = portal.send("/portail/nouvelle", &to, PAUL, form).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}: {}", refused.html);
    }
    assert!(portal.sandbox.tickets()[0].followups.is_empty());
    assert!(portal.get("/portail/demandes", PAUL).await.has("Vous n’avez pas encore de demande"));
}

#[tokio::test]
async fn every_answer_is_protected() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Protégée").await;
    let shown = portal.get("/portail", JEANNE).await;
    for path in [
        "/portail".to_owned(),
        "/portail/nouvelle".to_owned(),
        "/portail/coordonnees".to_owned(),
        "/portail/demandes".to_owned(),
        format!("/portail/demandes/{number}"),
        format!("/portail/demandes/{number}/recapitulatif"),
        "/portail/faq".to_owned(),
        "/portail/faq/1".to_owned(),
        "/portail/perdue".to_owned(),
        "/portail/demandes/x".to_owned(),
    ] {
        let page = portal.get(&path, JEANNE).await;
        let header = |name: header::HeaderName| page.headers[name].to_str().unwrap().to_owned();
        let policy = header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{path}");
        // The form alone has a script, of our own, and is whole without it.
        let is_scripted = path == "/portail/nouvelle";
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'self'; connect-src 'self'"), is_scripted, "{path}: {policy}");
        assert_eq!(policy.contains("script-src"), is_scripted, "{path}: {policy}");
        assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(header(header::REFERRER_POLICY), "same-origin", "{path}");
        assert_eq!(header(header::CACHE_CONTROL), "no-store", "{path}");
        assert!(header(header::CONTENT_TYPE).starts_with("text/html"), "{path}");
        assert_eq!(page.html.matches("<script").count(), usize::from(is_scripted), "{path}");
        assert!(!page.has("<script>") && !page.has(" style=\""), "{path}");
    }
    for (attribute, media_type) in [("stylesheet\" href=\"", "text/css"), ("svg+xml\" href=\"", "image/svg+xml")] {
        let address = shown.html.split_once(attribute).unwrap().1.split_once('"').unwrap().0;
        let file = portal.get(address, JEANNE).await;
        assert!(file.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with(media_type));
        assert_eq!(file.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let older = address.replace('-', "-0");
        assert_eq!(portal.get(&older, JEANNE).await.status, StatusCode::NOT_FOUND, "another content, another name");
    }
}

#[tokio::test]
async fn hostile_texts_are_shown_as_they_were_typed() {
    let portal = Portal::with(&[TRUSTED, ("portal.name", "Assistance <b>&</b>")]).await;
    let title = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let number = portal.deposit(JEANNE, title).await;
    let followup =
        "<p onclick=\"alert(1)\">Bonjour<script>alert(1)</script><img src=\"https://ailleurs.example/a.gif\"></p>";
    portal.technician().await.follow_up(number, followup, false).await;
    portal.publish("<script>alert(1)</script>", "<p onclick=\"alert(1)\">Réponse<script>alert(1)</script></p>").await;
    for path in [
        "/portail".to_owned(),
        "/portail/demandes".to_owned(),
        "/portail/demandes?q=%22%3E%3Cscript%3E".to_owned(),
        format!("/portail/demandes/{number}"),
        format!("/portail/demandes/{number}/recapitulatif"),
        "/portail/faq".to_owned(),
        "/portail/faq/1".to_owned(),
        "/portail/faq?q=%22%3E%3Cscript%3E".to_owned(),
    ] {
        let page = portal.get(&path, JEANNE).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for live in ["<script", "<img src=x", "onclick=", "ailleurs.example", "<b>&</b>"] {
            assert!(!page.has(live), "{live} in {path}: {}", page.html);
        }
    }
    let ticket = portal.get(&format!("/portail/demandes/{number}"), JEANNE).await;
    assert!(ticket.has("&#60;script&#62;alert(1)") && ticket.has("Bonjour"), "{}", ticket.html);
}
