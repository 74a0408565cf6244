//! How the pages look, without a browser: the theme's files, the academy's own pages, headings.

use std::path::Path;

use passerelle::{app::App, smtp::Mailer};
use reqwest::{Method, StatusCode, header};

use super::{DIRECTORS, Portal, TRUSTED, page};
use crate::support::gateway::configured;

const JEANNE: &str = DIRECTORS[0];
/// The design system, as tests/install.sh fetched it.
pub(super) const DSFR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/dsfr/node_modules/@gouvfr/dsfr");
pub(super) const THEME: [(&str, &str); 2] = [("portal.theme", "dsfr"), ("portal.dsfr", DSFR)];

#[tokio::test]
async fn the_design_system_is_served_from_its_folder_and_nothing_beside_it() {
    assert!(Path::new(DSFR).is_dir(), "{DSFR}: run tests/install.sh");
    let portal = Portal::with(&[&[TRUSTED][..], &THEME].concat()).await;
    let home = portal.get("/portail", JEANNE).await;
    let policy = home.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("font-src 'self'") && !policy.contains("unsafe") && !policy.contains("script-src"));
    assert!(!home.has("<script") && !home.has(" style=\""), "{}", home.html);
    let styles: Vec<_> = home.html.split("rel=\"stylesheet\" href=\"").skip(1).collect();
    let [own, dark, ours] =
        styles.iter().map(|style| style.split_once('"').unwrap().0).collect::<Vec<_>>().try_into().unwrap();
    for (address, said) in [(own, ".fr-btn"), (dark, "prefers-color-scheme: dark"), (ours, "--background-default-grey")]
    {
        let style = portal.get(address, JEANNE).await;
        assert_eq!(style.status, StatusCode::OK, "{address}");
        assert_eq!(style.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(style.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(style.has(said), "{said} in {address}");
    }
    let base = own.strip_suffix("dsfr.min.css").unwrap();
    let font = portal.get(&format!("{base}fonts/Marianne-Regular.woff2"), JEANNE).await;
    assert_eq!((font.status, font.headers[header::CONTENT_TYPE].to_str().unwrap()), (StatusCode::OK, "font/woff2"));
    for beside in [
        "../package.json",
        "%2e%2e/package.json",
        "fonts/..%2f..%2fpackage.json",
        "dsfr.module.min.js",
        "fonts",
        "",
        "fonts/../../../../../../../../etc/passwd",
    ] {
        let call = portal.call(Method::GET, &format!("{base}{beside}"), JEANNE);
        let status = page(call.send().await.unwrap()).await.status;
        assert!([StatusCode::NOT_FOUND, StatusCode::PERMANENT_REDIRECT].contains(&status), "{beside}: {status}");
    }
    let neutral = Portal::start().await;
    assert_eq!(neutral.get(own, JEANNE).await.status, StatusCode::NOT_FOUND);
    assert!(!neutral.get("/portail", JEANNE).await.has("/portail/dsfr/"));
}

#[tokio::test]
async fn the_academy_s_own_pages_are_read_and_linked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let help = file("aide.md", "# Aide\n\n## Déposer\n\nChoisissez l'application.\n");
    let statement = file("accessibilite.md", "# Déclaration\n\nEn cours : <script>x</script>\n");
    let portal = Portal::with(&[
        TRUSTED,
        ("portal.academy", "Académie\nde Nulle-Part"),
        ("portal.sign_out", "/oauth2/sign_out"),
        ("portal.data_notice", "Pourquoi ces données ? Pour répondre."),
        ("portal.pages.help", &help),
        ("portal.pages.accessibility", &statement),
        ("portal.pages.conformity", "non conforme"),
        ("portal.pages.personal_data", "https://ac.test/donnees"),
    ])
    .await;
    let form = portal.get("/portail/nouvelle", JEANNE).await;
    for said in [
        "Académie <br>de Nulle-Part",
        "href=\"/oauth2/sign_out\">Se déconnecter</a>",
        "href=\"/portail/pages/aide\">Aide</a>",
        "href=\"/portail/pages/accessibilite\">Accessibilité\u{a0}: non conforme</a>",
        "href=\"https://ac.test/donnees\">Données personnelles</a>",
        "Pourquoi ces données\u{a0}? Pour répondre. <a href=\"https://ac.test/donnees\">",
    ] {
        assert!(form.has(said), "{said} in {}", form.html);
    }
    assert!(!form.has("Mentions légales"));
    let help = portal.get("/portail/pages/aide", JEANNE).await;
    assert!(help.has("<h1>Aide</h1>") && help.has("<h2>Déposer</h2>"), "{}", help.html);
    // The statement is for everybody.
    let call = portal.client.get(format!("http://{}/portail/pages/accessibilite", portal.gateway.http));
    let statement = page(call.send().await.unwrap()).await;
    assert_eq!(statement.status, StatusCode::OK);
    assert!(statement.has("En cours\u{a0}:") && !statement.has("<script"), "{}", statement.html);
    assert_eq!(portal.get("/portail/pages/mentions-legales", JEANNE).await.status, StatusCode::NOT_FOUND);
}

#[test]
fn what_cannot_be_used_is_named_at_start() {
    for (settings, named) in [
        (vec![("portal.theme", "dsfr")], "portal.dsfr"),
        (vec![("portal.theme", "dsfr"), ("portal.dsfr", "/nulle/part")], "@gouvfr/dsfr"),
        (vec![("portal.pages.legal", "/nulle/part.md")], "portal.pages.legal"),
        (vec![("portal.pages.conformity", "bien")], "portal.pages.conformity"),
        (vec![("portal.sign_out", "javascript:x")], "portal.sign_out"),
    ] {
        let config = configured("http://127.0.0.1:9/", &[&[TRUSTED][..], &settings].concat());
        let error = App::build_with(config, Mailer::memory().0).err().expect("this cannot be used");
        let shown = format!("{:?}", miette::Report::new(error));
        assert!(shown.contains(named), "{named} in {shown}");
    }
}

#[tokio::test]
async fn a_page_has_one_title_whatever_technicians_write() {
    let portal = Portal::start().await;
    let number = portal.deposit(JEANNE, "Titres").await;
    let technician = portal.technician().await;
    technician.follow_up(number, "<h1>Procédure</h1><h2>Un</h2><h3>Deux</h3>", false).await;
    technician.solve(number, "<h1>Résolu</h1>").await;
    portal.publish("Où ?", "<h1>Ici</h1>").await;
    for path in [format!("/portail/demandes/{number}"), "/portail/faq".to_owned()] {
        let page = portal.get(&path, JEANNE).await;
        assert_eq!(page.html.matches("<h1").count(), 1, "{path}: {}", page.html);
    }
    let ticket = portal.get(&format!("/portail/demandes/{number}"), JEANNE).await;
    assert!(ticket.has("<h4>Procédure</h4><h5>Un</h5><h6>Deux</h6>"), "{}", ticket.html);
}
