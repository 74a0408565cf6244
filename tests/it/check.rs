//! `passerelle check` against its surroundings: why GLPI cannot be reached, which right is missing, who is a director,
//! and what would become of a person's request or of a mail.

use std::{fs, path::Path, sync::Arc};

use passerelle::{
    glpi::{Credentials, Glpi, GlpiError, Right, Settings},
    sandbox::{Failure, Failures, Options, Sandbox},
    text::Language,
};
use reqwest::Method;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    commands::{borrowed, glpi, passerelle, run, text},
    support::{
        bilingual::is_french_throughout,
        certificates::certificates,
        documentation::{LANGUAGES, page},
        free_port,
        gateway::{DIRECTORS, PORTAL_SECRET, mail, sandbox},
        helpdesk::Helpdesk,
        served::Served,
    },
};

/// A server that gives this answer to whatever it is asked; its port.
pub(crate) async fn answering(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

/// A server whose certificate is of an authority that nobody knows; its port.
async fn of_an_unknown_authority(folder: &Path) -> u16 {
    certificates(folder);
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
        }
    });
    port
}

async fn failure(url: &str) -> GlpiError {
    let settings = Settings { retries: 0, ..Settings::new(url.parse().unwrap(), Credentials::UserToken("x".into())) };
    Glpi::new(&settings).unwrap().ping().await.unwrap_err()
}

macro_rules! page {
    ($status:literal, $headers:literal, $body:literal) => {
        concat!("HTTP/1.1 ", $status, "\r\nconnection: close\r\n", $headers, "\r\n\r\n", $body)
    };
}

/// Addresses where no GLPI can be reached: each with a word of the reason and of the remedy, in English and in French.
pub(crate) async fn out_of_reach(folder: &Path) -> Vec<(String, [&'static str; 4])> {
    let tls = of_an_unknown_authority(folder).await;
    let plain = answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let sign_in = page!("302 Found", "location: https://cas.ac-dijon.fr/login?service=secret", "");
    let maintenance = page!(
        "200 OK",
        "content-type: text/html",
        "<!DOCTYPE html><title>WARTUNGSMODUS - GLPI</title><i class=\"ti ti-tools fs-3x\"></i>"
    );
    let html = page!("200 OK", "content-type: text/html", "<html><title>Portail &amp; accueil</title></html>");
    let off = page!("400 Bad Request", "", r#"["ERROR","API désactivée"]"#);
    let client = page!("400 Bad Request", "", r#"["ERROR_NOT_ALLOWED_IP","x"]"#);
    let app_token = page!("400 Bad Request", "", r#"["ERROR_WRONG_APP_TOKEN_PARAMETER","x"]"#);
    let user_token = page!("401 Unauthorized", "", r#"["ERROR_GLPI_LOGIN_USER_TOKEN","x"]"#);
    let password = page!("400 Bad Request", "", r#"["ERROR_LOGIN_WITH_CREDENTIALS_DISABLED","x"]"#);
    let gone = page!("404 Not Found", "content-type: text/html", "<title>Introuvable</title>");
    let gateway = page!("502 Bad Gateway", "content-type: text/html", "<title>Panne</title>");
    let at = |port: u16| format!("http://127.0.0.1:{port}/");
    vec![
        ("http://127.0.0.1:9/".to_owned(), ["connection is refused", "firewall", "est refusée", "pare-feu"]),
        ("http://glpi.invalid/".to_owned(), ["no such host", "resolv.conf", "n’existe pas", "DNS"]),
        (
            format!("https://127.0.0.1:{tls}/"),
            ["authority that this machine does not trust", "SSL_CERT_FILE", "autorité", "update-ca-certificates"],
        ),
        (
            format!("https://127.0.0.1:{plain}/"),
            ["plain HTTP behind an https", "the port that speaks TLS", "HTTP simple", "parle TLS"],
        ),
        (
            at(answering(sign_in).await),
            [
                "redirects to https://cas.ac-dijon.fr/login",
                "sign-in page",
                "renvoie vers https://cas",
                "page de connexion",
            ],
        ),
        (
            at(answering(maintenance).await),
            ["titled «WARTUNGSMODUS - GLPI»", "nothing is lost", "maintenance", "rien n’est perdu"],
        ),
        (
            at(answering(html).await),
            ["titled «Portail & accueil»", "GLPI’s address", "une page HTML", "l’adresse de GLPI"],
        ),
        (
            at(answering(off).await),
            ["switched off", "GLPI 11: «Enable Legacy REST API»", "désactivée", "« Activer l’API REST legacy »"],
        ),
        (at(answering(client).await), ["no active API client", "IPv4", "aucun client de l’API", "plage"]),
        (at(answering(app_token).await), ["glpi.app_token", "API client", "glpi.app_token", "client de l’API"]),
        (
            at(answering(user_token).await),
            ["glpi.user_token", "«Enable login with external token»", "glpi.user_token", "jeton externe"],
        ),
        (
            at(answering(password).await),
            ["no login with a password", "«Enable login with credentials»", "identifiants", "identifiants"],
        ),
        (
            at(answering(gone).await),
            ["no REST API answers there, with the page «Introuvable»", "address", "aucune API REST", "glpi.url"],
        ),
        (at(answering(gateway).await), ["HTTP status 502, titled «Panne»", "log", "statut HTTP 502", "journal"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn why_glpi_cannot_be_reached_is_said_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for (url, [reason, remedy, raison, remede]) in out_of_reach(folder.path()).await {
        let error = failure(&url).await;
        let said = |language| (error.reason().text(language).to_owned(), error.remedy().text(language).to_owned());
        let (why, what) = said(Language::English);
        assert!(why.contains(reason) && what.contains(remedy), "{url}: {why} → {what}");
        let (why, what) = said(Language::French);
        let (why, what) = (why.replace('\u{a0}', " "), what.replace('\u{a0}', " "));
        assert!(why.contains(raison) && what.contains(remede), "{url}: {why} → {what}");
        for text in [error.to_string(), why, what] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
    // What the log says.
    let tls = of_an_unknown_authority(folder.path()).await;
    let shown = failure(&format!("https://127.0.0.1:{tls}/")).await.to_string();
    assert!(shown.contains("no connection") && shown.contains("SSL_CERT_FILE"), "{shown}");
}

/// Each that is set, whether the proxy stands still or answers in GLPI's place.
#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_proxy_variables_in_force() {
    let token = ("glpi.user_token", "jeton-de-seize-lettres");
    let said = async |url: &str, variables: &[(&str, &str)]| {
        let mut command = passerelle(&["check"], &[("glpi.url", url), token]);
        command.envs(variables.iter().copied());
        text(&run(command, b"").await.stdout)
    };
    let report = said("http://127.0.0.1:9/", &[("HTTPS_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "127.0.0.1")]).await;
    assert!(report.contains("HTTPS_PROXY, NO_PROXY"), "{report}");
    let report = said("http://127.0.0.1:9/", &[("http_proxy", "http://127.0.0.1:9"), ("no_proxy", "127.0.0.1")]).await;
    assert!(report.contains("http_proxy, no_proxy name"), "{report}");
    for refusal in [
        page!("403 Forbidden", "content-type: text/html", "<title>Accès refusé</title>"),
        page!("404 Not Found", "content-type: text/html", "<title>Introuvable</title>"),
        page!("405 Method Not Allowed", "content-type: text/html", "<title>Non</title>"),
        page!("302 Found", "location: https://mandataire.ac-dijon.fr/", ""),
    ] {
        let proxy = format!("http://127.0.0.1:{}", answering(refusal).await);
        let report = said("http://glpi.invalid/", &[("HTTP_PROXY", &proxy), ("http_proxy", &proxy)]).await;
        assert!(report.contains("by the proxy that HTTP_PROXY, http_proxy name"), "{refusal}: {report}");
    }
}

/// `/readyz` and the log say the same reason and remedy, each in its language, with the proxy variables in force.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_why_and_what_to_do_as_the_log_does() {
    let folder = tempfile::tempdir().unwrap();
    let asked = async |url: &str, variables: &[(&str, &str)]| {
        let settings = [
            ("glpi.url", url),
            ("glpi.user_token", "jeton-de-seize-lettres"),
            ("http.portal_secrets", PORTAL_SECRET),
            ("glpi.breaker_failures", "0"),
        ];
        let gateway = Served::start_among(folder.path(), &settings, variables).await;
        let (status, said) = gateway.get("/readyz").await.unwrap();
        assert!(status == 503 && said.contains("not-ready"), "{url}: {status} {said}");
        let log = gateway.log();
        let line = log.lines().find(|line| line.contains("not ready")).unwrap_or_else(|| panic!("{url}: {log}"));
        assert!(!line.contains("secret") && !said.contains("secret"), "{url}: {line} {said}");
        (said.replace('\u{a0}', " "), line.to_owned())
    };
    for (url, [reason, remedy, raison, remede]) in out_of_reach(folder.path()).await {
        let (said, line) = asked(&url, &[]).await;
        assert!(said.contains(raison) && said.contains(remede) && !said.contains("PROXY"), "{url}: {said}");
        assert!(line.contains(reason) && line.contains(remedy) && !line.contains("PROXY"), "{url}: {line}");
    }
    let proxies = [("HTTPS_PROXY", "http://moi:secret@127.0.0.1:9"), ("NO_PROXY", "127.0.0.1")];
    // One that stands still is waited for as long as one that answers nothing.
    let still = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let still = format!("http://{}/", still.local_addr().unwrap());
    for url in ["http://127.0.0.1:9/", still.as_str()] {
        let (said, line) = asked(url, &proxies).await;
        assert!(said.contains("le mandataire que donnent HTTPS_PROXY, NO_PROXY"), "{said}");
        assert!(line.contains("the proxy that HTTPS_PROXY, NO_PROXY name"), "{line}");
    }
}

/// What is watched of GLPI follows what it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_s_figures_say_whether_glpi_answers() {
    const UP: &str = "passerelle_glpi_up";
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let base = glpi(&sandbox);
    let more = [("glpi.retries", "0"), ("glpi.breaker_failures", "0"), ("sweep.every", "1h"), ("figures.every", "0s")];
    let gateway = Served::start(folder.path(), &with(&base, &more)).await;
    for (failure, status, up) in [
        (None, 200, 1),
        (Some(Failure::Down), 503, 0),
        (None, 200, 1),
        (Some(Failure::ServerError), 503, 0),
        (Some(Failure::Maintenance), 503, 0),
        (None, 200, 1),
    ] {
        sandbox.set_failures(failure.map_or(Failures::none(), Failures::from));
        assert_eq!(gateway.get("/readyz").await.unwrap().0, status, "{failure:?}");
        let figures = gateway.figures().await;
        assert_eq!(figures.of(UP).map(|(_, value)| value).collect::<Vec<_>>(), [up], "{failure:?}");
    }
}

/// A mistake hides neither what is warned of nor what is wrong elsewhere: one run names all of it, and says what it could
/// not look at.
#[tokio::test(flavor = "multi_thread")]
async fn one_run_names_mistakes_and_what_is_wrong_elsewhere() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("directeurs.csv");
    fs::write(&file, "email;role\n").unwrap();
    let mistaken = [
        ("lmtp.listen", "127.0.0.1"),
        ("directory.csv", file.to_str().unwrap()),
        ("http.listen", "127.0.0.1:8080"),
        ("http.timeout", "20s"),
        ("glpi.login", "dir1"),
        ("glpi.password", "dir1"),
    ];
    let said = async |more: &[(&str, &str)], language: &str| {
        let settings = with(&base, &[&mistaken[..], more].concat());
        let output = run(passerelle(&["check", "--lang", language], &settings), b"").await;
        assert_eq!(output.status.code(), Some(78));
        (text(&output.stdout), text(&output.stderr))
    };
    let (report, errors) = said(&[], "en").await;
    assert!(errors.contains("lmtp.listen: \"127.0.0.1\" has no port"), "{errors}");
    for part in [
        "warning  http.timeout",
        "ok       GLPI: version",
        "ERROR    service account",
        "directory csv: ",
        "warning  not looked at: ways in\n",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    // Where GLPI cannot be asked, the file can be read.
    let (report, errors) = said(&[("glpi.url", "glpi")], "fr").await;
    assert!(errors.contains("lmtp.listen") && errors.contains("glpi.url"), "{errors}");
    assert!(report.contains("annuaire csv") && report.contains("pas regardé\u{a0}: GLPI, "), "{report}");
    assert!(!report.contains("compte de service"), "{report}");
    is_french_throughout(&report);
}

/// Settings beside the usual ones.
type Changes<'a> = &'a [(&'a str, &'a str)];

/// A report, and whether all is well.
pub(crate) async fn report(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(passerelle(arguments, settings), b"").await;
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn with<'a>(base: &'a [(&'static str, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [borrowed(base).as_slice(), more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_directors_is_not_well() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("directeurs.csv");
    let csv = file.to_str().unwrap().to_owned();
    for (content, found, remedy) in [
        ("email;role\n", "0 people, 0 of them directors", "one a line below its heading"),
        (
            "email;role\na@ac-dijon.fr;Chef\nb@ac-dijon.fr;Adjointe\n",
            "2 people, 0 of them directors",
            "director_roles: «Adjointe», «Chef»",
        ),
    ] {
        fs::write(&file, content).unwrap();
        let alone = with(&base, &[("directory.csv", &csv), ("directory.sources", "csv")]);
        let (code, shown) = report(&["check"], &alone).await;
        let error = format!("ERROR    directory csv: no director is in it: {found}");
        assert!(code == Some(1) && shown.contains(&error) && shown.contains(remedy), "{shown}");
        // Another source has some.
        let (_, shown) = report(&["check"], &with(&base, &[("directory.csv", &csv)])).await;
        assert!(shown.contains("warning  directory csv: no director is in it"), "{shown}");
    }
    let (code, shown) = report(&["check"], &with(&base, &[("directory.glpi_group", "DSI-BAI")])).await;
    assert!(code == Some(1) && shown.contains("ERROR    directory glpi: no director is in it"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_read_are_no_proof() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let unreachable = [
        ("sender.require", "aligned"),
        ("sender.dkim", "true"),
        ("sender.dns", "127.0.0.1:9"),
        ("sender.dns_timeout", "1s"),
    ];
    let (code, shown) = report(&["check"], &with(&base, &unreachable)).await;
    assert!(code == Some(1) && shown.contains("ERROR    sender: DKIM’s keys cannot be read"), "{shown}");
    let and_relay = [unreachable.as_slice(), &[("sender.authserv_ids", "mx.ac-dijon.fr")]].concat();
    let (_, shown) = report(&["check"], &with(&base, &and_relay)).await;
    assert!(shown.contains("warning  sender: DKIM’s keys cannot be read"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_each_source_knows_of_a_person() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("directeurs.csv");
    fs::write(&file, "email;name;role;school\nnouvelle@ac-dijon.fr;Anne Petit;directrice;École Hugo\n").unwrap();
    let csv = file.to_str().unwrap().to_owned();
    let settings = with(&base, &[("directory.csv", &csv)]);
    for (who, parts) in [
        (
            "nouvelle@ac-dijon.fr",
            [
                "directory csv: a director (Anne Petit, directrice, École Hugo)",
                "GLPI: no account has this address",
                "would become a ticket",
            ],
        ),
        (DIRECTORS[0], ["directory csv: does not know", "directory glpi: a director", "GLPI: account "]),
        (
            "tech1@ac-dijon.fr",
            ["directory glpi: known, and no director", "GLPI: account ", "would be refused (not-a-director)"],
        ),
        ("x@example.org", ["directory csv: does not know", "GLPI: no account", "would be refused (foreign-sender)"]),
    ] {
        let (code, shown) = report(&["check", "--who", who], &settings).await;
        assert_eq!(code, Some(0), "{shown}");
        for part in parts {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(!shown.contains("mappings"), "{shown}");
    }
    let (code, shown) = report(&["check", "--who", "personne", "--lang", "fr"], &settings).await;
    assert!(code == Some(64) && shown.contains("pas une adresse"), "{shown}");
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_would_become_of_a_mail() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let try_mail = async |name: &str, content: Vec<u8>, more: &[(&str, &str)], language: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        report(&["check", "--lang", language, "--mail", path.to_str().unwrap()], &with(&base, more)).await
    };
    let (code, shown) = try_mail("1.eml", mail(DIRECTORS[0], "c1", "Accès LSUN", "Bonjour"), &[], "en").await;
    assert_eq!(code, Some(0), "{shown}");
    for part in
        ["outcome: a new ticket (created)", "application: LSU", "category: Scolarité > LSU", "group: Référents-LSU"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let files = b"From: ce.0210001A@ac-dijon.fr\r\nTo: assistance1d@ac-dijon.fr\r\nSubject: LSU\r\nMessage-ID: <c2@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF-1.4\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=b.exe\r\n\r\nMZ\r\n--b--\r\n";
    let files = String::from_utf8_lossy(files).replace("ce.0210001A@ac-dijon.fr", DIRECTORS[0]);
    let (_, shown) = try_mail("2.eml", files.into_bytes(), &[], "fr").await;
    let shown = shown.replace('\u{a0}', " ");
    for part in ["suite : un nouveau ticket", "fichier joint : a.pdf", "fichier écarté : b.exe (fichier exécutable"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let reply = mail(DIRECTORS[0], "c3", "RE: [GLPI #0001234] Nouveau suivi", "Bonjour");
    let (code, shown) = try_mail("3.eml", reply, &[], "en").await;
    assert!(code == Some(0) && shown.contains("to ticket 1234") && shown.contains("outcome: refused"), "{shown}");
    let (code, shown) = report(&["check", "--mail", "/nowhere.eml"], &with(&base, &[])).await;
    assert!(code == Some(1) && shown.contains("cannot be read"), "{shown}");
    assert!(sandbox.tickets().is_empty());
}

/// A mail of a director's with these fields before its own.
fn with_fields(fields: &str, from: &str) -> Vec<u8> {
    [fields.as_bytes(), &mail(from, "f1", "Accès LSUN", "Bonjour")].concat()
}

/// What would become of a mail and of a person's request, in every situation: in French throughout, but for what is
/// quoted.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_become_of_a_mail_or_a_person_is_said_in_french() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let ldap = format!("ldap://127.0.0.1:{}", free_port());
    let no_directory =
        [("directory.sources", "ldap"), ("directory.ldap.url", ldap.as_str()), ("directory.ldap.start_tls", "false")];
    let no_glpi = [("glpi.url", "http://127.0.0.1:9/")];
    let proven = [("sender.require", "aligned"), ("sender.authserv_ids", "relais.test"), ("sender.dkim", "false")];
    let signed = [("sender.require", "aligned"), ("sender.dns", "127.0.0.1:9"), ("sender.dns_timeout", "1s")];
    let forwarders = [("mail.forwarders", "DSI-BAI")];
    let failing = [proven.as_slice(), &forwarders, &no_glpi].concat();
    let (director, reply) = (DIRECTORS[0], "RE: [GLPI #0001234] Nouveau suivi");
    let plain = |from: &str, subject: &str| mail(from, "p1", subject, "Bonjour");
    let spf = |from: &str| String::from_utf8(plain(from, "Accès LSUN")).unwrap();
    let no_relay = spf(director).replacen("Authentication-Results: ", "X-Results: ", 1).into_bytes();
    let named =
        spf(director).replacen("From: ", "From: \"recteur@ac-dijon.fr\" <", 1).replacen("\r\nTo: ", ">\r\nTo: ", 1);
    let another = spf(director).replacen("From: ", "Reply-To: x@example.org\r\nFrom: ", 1).into_bytes();
    let dmarc = spf(director).replacen("spf=pass", "dmarc=fail", 1).into_bytes();
    let temporary = spf(director).replacen("spf=pass", "spf=temperror", 1).into_bytes();
    let of_others = spf(director).replacen(director, "x@example.org", 1).into_bytes();
    let signature = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; d=ac-dijon.fr; s=s; h=from:subject:date; bh={}; b=eHh4\r\n",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    );
    let mails: Vec<(Vec<u8>, Changes<'_>, &str)> = vec![
        (plain(director, "Accès LSUN"), &[], "suite : un nouveau ticket"),
        (plain(director, "Bonjour"), &[], "refusé (no-keyword)"),
        (plain("x@example.org", "Accès LSUN"), &[], "(foreign-sender)"),
        (plain("tech1@ac-dijon.fr", "Accès LSUN"), &[], "refusé (not-a-director)"),
        (with_fields("Auto-Submitted: auto-replied\r\n", director), &[], "ignoré"),
        (plain(director, reply), &[], "au ticket 1234"),
        (plain(director, reply), &no_glpi, "cause : "),
        (plain(director, "Accès LSUN"), &no_directory, "cause : annuaire LDAP : la connexion est refusée"),
        (plain(director, "Accès LSUN"), &failing, "cause : "),
        (plain(director, "Accès LSUN"), &proven, "suite : un nouveau ticket"),
        (no_relay.clone(), &proven, "doute : le relais n’en dit rien"),
        (named.into_bytes(), &proven, "doute : le nom de l’expéditeur est l’adresse d’un autre"),
        (another, &proven, "doute : Reply-To est hors de l’académie"),
        (dmarc, &proven, "doute : le relais dit dmarc=fail"),
        (temporary, &proven, "cause : le relais dit spf=temperror"),
        (of_others, &proven, "doute : ce qui est prouvé n’est pas du domaine de From"),
        (no_relay, &signed, "doute : il n’est pas signé"),
        (with_fields(&signature, director), &signed, "cause : "),
    ];
    for (number, (content, more, said)) in mails.iter().enumerate() {
        let path = folder.path().join(format!("{number}.eml"));
        fs::write(&path, content).unwrap();
        let arguments = ["check", "--lang", "fr", "--mail", path.to_str().unwrap()];
        let (_, shown) = report(&arguments, &with(&base, more)).await;
        assert!(shown.replace('\u{a0}', " ").contains(said), "{said} in {shown}");
        is_french_throughout(&shown);
    }
    let (code, shown) = report(&["check", "--lang", "fr", "--mail", "/nulle/part.eml"], &with(&base, &[])).await;
    assert!(code == Some(1) && shown.contains("n’existe pas"), "{shown}");
    is_french_throughout(&shown);
    for who in [director, "tech1@ac-dijon.fr", "personne@ac-dijon.fr", "x@example.org", "personne"] {
        for more in [&[][..], &no_directory, &no_glpi] {
            let (_, shown) = report(&["check", "--lang", "fr", "--who", who], &with(&base, more)).await;
            assert!(!shown.is_empty(), "{who}");
            is_french_throughout(&shown);
        }
    }
}

/// A profile that ends at its entity leaves the tickets of those below out of sight.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_recursive_is_told_of() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let admin = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let accounts = admin.get("User?searchText[name]=^passerelle$").await;
    let links = admin.get(&format!("User/{}/Profile_User", accounts[0]["id"])).await;
    let link = format!("Profile_User/{}", links[0]["id"]);
    for is_recursive in [true, false, true] {
        admin.call(Method::PUT, &link, json!({ "is_recursive": u8::from(is_recursive) })).await;
        for (language, found, remedy) in [
            (
                "en",
                "service account: it is not recursive on its entity",
                "the profile on the root entity, «Recursive»: yes",
            ),
            (
                "fr",
                "compte de service : il n’est pas récursif sur son entité",
                "sur l’entité racine, « Récursif » : oui",
            ),
        ] {
            let (_, said) = report(&["check", "--lang", language], &with(&base, &[])).await;
            let said = said.replace('\u{a0}', " ");
            assert_eq!((said.contains(found), said.contains(remedy)), (!is_recursive, !is_recursive), "{said}");
        }
    }
}

/// Whole reports in French: none of the words of the English ones, and spaces at which no line breaks.
#[tokio::test(flavor = "multi_thread")]
async fn check_speaks_french_where_it_is_asked_to_or_the_locale_says_so() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let settings = with(
        &base,
        &[
            ("smtp.url", "smtp://127.0.0.1:9"),
            ("http.listen", "127.0.0.1:8080"),
            ("announcements.enabled", "true"),
            ("portal.when_down", "queue"),
        ],
    );
    let (_, asked) = report(&["check", "--lang", "fr"], &settings).await;
    let mut command = passerelle(&["check"], &settings);
    command.env("LANG", "fr_FR.UTF-8");
    let by_locale = text(&run(command, b"").await.stdout);
    let first = |report: &str| report.lines().next().unwrap().to_owned();
    assert_eq!(first(&asked), first(&by_locale));
    for part in ["calendrier\u{a0}: ", "compte de service\u{a0}: ", "«\u{a0}Scolarité > LSU\u{a0}»", "en erreur"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    for english in ["warning", "ERROR", " : «"] {
        assert!(!asked.contains(english), "{english} in {asked}");
    }
    is_french_throughout(&asked);
}

/// A server that greets whoever comes, and gives each line of theirs this answer, `{tag}` being its first word; its port.
async fn greeting(greeting: &'static str, answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (input, mut output) = stream.split();
                let _ = output.write_all(greeting.as_bytes()).await;
                let mut lines = BufReader::new(input).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let tag = line.split(' ').next().unwrap_or_default();
                    let _ = output.write_all(answer.replace("{tag}", tag).as_bytes()).await;
                }
            });
        }
    });
    port
}

/// What cannot be reached, and why: the frame in French, the servers' own words as they are.
#[tokio::test(flavor = "multi_thread")]
async fn check_says_in_french_why_a_server_cannot_be_used() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let base = glpi(&sandbox);
    let closed = free_port();
    let refusing = greeting("* OK prêt\r\n", "{tag} NO Identifiants inconnus\r\n").await;
    let leaving = greeting("* BYE trop de monde\r\n", "").await;
    let strange = of_an_unknown_authority(folder.path()).await;
    let mailboxes = format!(
        "imap://a:b@127.0.0.1:{closed}/1?tls=off,imap://a:b@rien.invalid/2?tls=off,imaps://a:b@localhost:{strange}/3,\
         imaps://a:b@localhost:{refusing}/4,imap://a:b@127.0.0.1:{refusing}/5?tls=off,imap://a:b@127.0.0.1:{leaving}/6?tls=off"
    );
    let relay = format!("smtp://127.0.0.1:{}", greeting("554 pas de service\r\n", "").await);
    let redis = format!("redis://:x@127.0.0.1:{}", greeting("", "-WRONGPASS mauvais mot de passe\r\n").await);
    let (ldap, hook) = (format!("ldap://127.0.0.1:{closed}"), format!("http://127.0.0.1:{closed}/"));
    let settings = with(
        &base,
        &[
            ("imap.url", &mailboxes),
            ("smtp.url", &relay),
            ("quota.backend", "redis"),
            ("redis.url", &redis),
            ("directory.sources", "ldap"),
            ("directory.ldap.url", &ldap),
            ("directory.ldap.start_tls", "false"),
            ("hooks.url", &hook),
            ("hooks.secrets", "whsec_bWFycXVlLW1hcnF1ZS1tYXJxdWUtbWFycXVl"),
        ],
    );
    let (code, shown) = report(&["check", "--lang", "fr"], &settings).await;
    assert_eq!(code, Some(1), "{shown}");
    let printed = shown;
    let shown = printed.replace('\u{a0}', " ");
    let mailbox = format!(
        "ERREUR   boîte a@127.0.0.1:{closed}/1 : connexion impossible à 127.0.0.1:{closed} : la connexion est refusée"
    );
    for part in [
        mailbox.as_str(),
        "/2 : connexion impossible à rien.invalid:143 : cet hôte n’existe pas",
        "/3 : connexion impossible à localhost:",
        "son certificat vient d’une autorité que cette machine ne connaît pas",
        "il ne parle pas TLS sur ce port",
        "/5 : le serveur refuse la connexion de ce compte : « Identifiants inconnus »",
        "→ Vérifiez l’utilisateur et le mot de passe",
        "/6 : le serveur met fin à la connexion : « trop de monde »",
        "courriels aux demandeurs : le relais refuse : il a répondu 554",
        "annuaire ldap : annuaire LDAP : la connexion est refusée",
        "vérifiez directory.ldap.url et que le serveur est en marche",
        "Redis : Redis refuse la connexion de ce compte, ou veut un mot de passe : «",
        "appel du portail : l’appel n’atteint pas le portail : la connexion est refusée",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let servers: Vec<_> = ["boîte", "courriels", "annuaire", "Redis", "appel"].into_iter().collect();
    for line in printed.lines().filter(|line| servers.iter().any(|server| line.contains(server))) {
        for english in ["onnection refused", "os error", " server "] {
            assert!(!line.contains(english), "{english} in {line}");
        }
        is_french_throughout(line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_announcements_lack() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let (_, shown) =
        report(&["check"], &with(&base, &[("announcements.enabled", "true"), ("announcements.confirm_above", "60")]))
            .await;
    for part in [
        "warning  announcements: smtp.url is not set: none goes by mail",
        "ok       announcements: would reach 5 directors",
        "warning  announcements: 0 operators have an address: nobody could confirm what one of them sends to more than 60",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let (_, off) = report(&["check"], &with(&base, &[])).await;
    assert!(!off.contains("announcements") && !off.contains("Public reminders"), "{off}");
}

/// What no announcement could go by although each key is sound by itself: what GLPI, the relay and the directory say.
#[tokio::test(flavor = "multi_thread")]
async fn check_names_what_of_announcements_cannot_work_with_what_is_around() {
    let sandbox = Sandbox::start(Options::eleven()).await.unwrap();
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let csv = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let without_zones = csv("a.csv", "email;name\na@ac-dijon.fr;Anne Petit\nb@ac-dijon.fr;Luc Roy\n");
    let with_zones =
        csv("b.csv", "email;name;uai\na@ac-dijon.fr;Anne Petit;0210001A\nb@ac-dijon.fr;Luc Roy;0580001B\n");
    let small = format!("smtp://127.0.0.1:{}", greeting("220 relais\r\n", "250-relais\r\n250 SIZE 3000000\r\n").await);
    let large = format!("smtp://127.0.0.1:{}", greeting("220 relais\r\n", "250-relais\r\n250 SIZE 0\r\n").await);
    let on = [("announcements.enabled", "true"), ("directory.sources", "csv"), ("acknowledge", "off")];
    let cases: [(Changes<'_>, &str, &str); 8] = [
        (&[("directory.csv", &without_zones)], "the directory tells no director’s department", "aucun directeur"),
        (
            &[("directory.csv", &with_zones), ("people.correspondents.071", "ien@ac-dijon.fr")],
            "people.correspondents.071: the directory has no director",
            "l’annuaire n’a aucun directeur",
        ),
        (&[("directory.csv", &with_zones)], "and GLPI takes 2 MiB", "et GLPI prend 2 Mio"),
        (
            &[("directory.csv", &with_zones), ("smtp.url", &small)],
            "and the relay takes mails with",
            "et le relais prend",
        ),
        (
            &[("directory.csv", &with_zones), ("announcements.confirm_above", "1")],
            "ERROR    announcements: nobody can confirm what goes to more than 1 addresses",
            "personne ne peut confirmer",
        ),
        (
            &[
                ("directory.csv", &with_zones),
                ("announcements.confirm_above", "1"),
                ("people.operators", "chef@ac-dijon.fr"),
            ],
            "warning  announcements: 1 operators have an address",
            "opérateurs avec une adresse",
        ),
        (
            &[("directory.csv", &with_zones), ("people.referents.lsu", "Personne")],
            "warning  people: nobody of people.referents.lsu has an address",
            "personne de people.referents.lsu",
        ),
        (
            &[("directory.csv", &with_zones), ("announcements.reply_to", "nulle part")],
            "announcements.reply_to",
            "n’est pas",
        ),
    ];
    Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi")
        .await
        .add("Group", json!({ "name": "Personne", "entities_id": 0, "is_recursive": 1 }))
        .await;
    for (settings, said, french) in cases {
        let all = with(&base, &[on.as_slice(), settings].concat());
        let (_, shown) = report(&["check"], &all).await;
        assert!(shown.contains(said), "{said} in {shown}");
        let (_, shown) = report(&["check", "--lang", "fr"], &all).await;
        assert!(shown.contains(french), "{french} in {shown}");
        is_french_throughout(&shown);
    }
    let sound = [
        ("directory.csv", with_zones.as_str()),
        ("smtp.url", large.as_str()),
        ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr"),
        ("people.correspondents.021", "ien@ac-dijon.fr"),
        ("announcements.max_size", "2000000"),
        ("announcements.confirm_above", "1"),
    ];
    let (_, shown) = report(&["check"], &with(&base, &[on.as_slice(), &sound].concat())).await;
    for line in shown.lines().filter(|line| line.contains("announcements: ") || line.contains("people: ")) {
        assert!(line.starts_with("ok "), "{line}");
    }
    assert!(shown.contains("ok       announcements: would reach 2 directors"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_keeps_forms_while_glpi_is_away_and_tries_it() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let queue = [("portal.when_down", "queue"), ("smtp.url", "smtp://127.0.0.1:9"), ("acknowledge", "off")];
    let (code, shown) = report(&["check"], &with(&base, &queue)).await;
    for part in [
        "ok       forms while GLPI is away: the relay keeps them, as mails to assistance1d@ac-dijon.fr",
        "ERROR    mail to requesters: ",
        "warning  redis.key_secret: ",
        "and what the relay keeps may never come back",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(code, Some(1));
    let (_, off) = report(&["check"], &with(&base, &[])).await;
    assert!(!off.contains("forms while GLPI"), "{off}");
}

/// A relay that is asked for TLS and has a certificate of nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn check_says_that_the_relay_cannot_be_trusted() {
    let sandbox = sandbox().await;
    let base = glpi(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let port = of_an_unknown_authority(folder.path()).await;
    let relay = format!("smtps://127.0.0.1:{port}");
    let (code, shown) = report(&["check"], &with(&base, &[("smtp.url", &relay)])).await;
    let line = shown.lines().find(|line| line.starts_with("ERROR    mail to requesters")).unwrap_or_default();
    assert!(code == Some(1) && line.to_lowercase().contains("certificate"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rights_are_warned_of_and_none_tried_by_writing() {
    let sandbox: Sandbox = sandbox().await;
    let (_, shown) =
        report(&["check"], &[("glpi.url", sandbox.url().as_str()), ("glpi.login", "glpi"), ("glpi.password", "glpi")])
            .await;
    assert!(shown.contains("warning  service account: its profile «Super-Admin» may change"), "{shown}");
    assert!(shown.contains("tried"), "{shown}");
    assert!(sandbox.tickets().is_empty());
}

#[test]
fn the_documentation_has_the_table_of_rights() {
    for language in LANGUAGES {
        let table = Right::table(language).replace('\u{a0}', " ");
        let table: Vec<String> = table.lines().map(|row| format!("   {row}")).collect();
        let page = page(language, "docs/en/glpi.md");
        let text = page.text.replace('\u{a0}', " ");
        assert!(text.contains(&table.join("\n")), "{} has not:\n{}", page.path, table.join("\n"));
    }
}
