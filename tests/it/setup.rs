//! `passerelle setup`: what it shows, what it makes, that it makes nothing twice, and that a gateway works with it.

mod fresh;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use passerelle::{
    app::App,
    cli::demo::lmtp_client::deliver,
    config::{self, Teller},
    sandbox::{Options, Sandbox},
    smtp::Mailer,
    telemetry,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    check::answering,
    commands::{passerelle, run, text},
    support::{
        bilingual::is_french_throughout,
        gateway::{DIRECTORS, mail, sandbox, titled},
        helpdesk::Helpdesk,
    },
};

const RECIPIENT: &str = "assistance1d@ac-dijon.fr";

/// Runs setup as the stand-in's Super-Admin; gives its exit code and what it printed.
async fn setup(sandbox: &Sandbox, into: &Path, more: &[&str]) -> (Option<i32>, String) {
    setup_at(&sandbox.url(), ("glpi", "glpi"), into, more).await
}

async fn setup_at(url: &Url, (login, password): (&str, &str), into: &Path, more: &[&str]) -> (Option<i32>, String) {
    let into = into.to_str().unwrap().to_owned();
    let usual = [
        ("--url", url.as_str()),
        ("--domain", "ac-dijon.fr"),
        ("--recipient", RECIPIENT),
        ("--academy", "Académie d’ailleurs"),
        ("--lmtp", "127.0.0.1:0"),
        ("--profile", "Passerelle (setup)"),
        ("--account", "passerelle.setup"),
        ("--webhook", "https://passerelle.example.fr/"),
        ("--into", &into),
    ];
    let usual = usual.iter().filter(|(option, _)| !more.contains(option)).flat_map(|(option, value)| [*option, *value]);
    let arguments: Vec<&str> = ["setup"].into_iter().chain(usual).chain(more.iter().copied()).collect();
    let mut command = passerelle(&arguments, &[]);
    command.env("GLPI_ADMIN_LOGIN", login).env("GLPI_ADMIN_PASSWORD", password);
    let output = run(command, b"").await;
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

/// The lines of what is to be made.
fn to_make(shown: &str) -> Vec<&str> {
    shown.lines().filter(|line| line.starts_with("to create") || line.starts_with("to change")).collect()
}

/// How many calls wrote something.
fn writes(sandbox: &Sandbox) -> usize {
    let calls = sandbox.calls_by_endpoint();
    calls.iter().filter(|(endpoint, _)| !endpoint.starts_with("GET ")).map(|(_, count)| count).sum()
}

async fn admin(sandbox: &Sandbox) -> Helpdesk {
    Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await
}

/// The number of the item with this value.
async fn id(admin: &Helpdesk, list: &str, is: impl Fn(&Value) -> bool) -> u64 {
    let rows = admin.get(&format!("{list}?range=0-999")).await;
    let row = rows.as_array().unwrap().iter().find(|row| is(row)).unwrap_or_else(|| panic!("{list}: {rows}"));
    row["id"].as_u64().unwrap()
}

fn stand_in(is_eleven: bool) -> Options {
    if is_eleven { Options::eleven() } else { Options::default() }
}

#[rstest]
#[case::ten(false)]
#[case::eleven(true)]
#[tokio::test(flavor = "multi_thread")]
async fn setup_shows_makes_and_then_changes_nothing(#[case] is_eleven: bool) {
    let sandbox = Sandbox::start(stand_in(is_eleven)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("passerelle");
    let (code, shown) = setup(&sandbox, &into, &[]).await;
    assert!(code == Some(0) && shown.contains("Nothing was changed."), "{shown}");
    assert!(shown.contains("already there  group «Référents-LSU»"), "{shown}");
    for made in ["profile «Passerelle (setup)»", "account «passerelle.setup»", "token", "notification", "configuration"]
    {
        assert!(to_make(&shown).iter().any(|line| line.contains(made)), "{made}: {shown}");
    }
    assert_eq!(shown.contains("webhook «Passerelle Ticket new»"), is_eleven, "{shown}");
    assert_eq!(shown.contains("This GLPI has no webhooks"), !is_eleven, "{shown}");
    assert!(writes(&sandbox) == 0 && !into.exists(), "a dry run changes nothing");

    let (code, shown) = setup(&sandbox, &into, &["--apply"]).await;
    assert!(code == Some(0) && shown.contains("Everything is in place."), "{shown}");
    let token = fs::read_to_string(into.join("secrets/glpi-token")).unwrap();
    assert!(!shown.contains(token.trim()), "the token is not printed");
    let mut secrets: Vec<_> = fs::read_dir(into.join("secrets")).unwrap().map(|it| it.unwrap()).collect();
    secrets.sort_by_key(fs::DirEntry::file_name);
    assert_eq!(secrets.len(), if is_eleven { 2 } else { 1 });
    assert!(secrets.iter().all(|it| it.metadata().unwrap().permissions().mode() & 0o777 == 0o600));
    assert_eq!(sandbox.open_sessions(), 0, "every session is closed");

    let (written, before) = (writes(&sandbox), fs::read_to_string(into.join("passerelle.toml")).unwrap());
    let (code, shown) = setup(&sandbox, &into, &["--apply"]).await;
    assert!(code == Some(0) && to_make(&shown).is_empty() && shown.contains("Everything is in place."), "{shown}");
    assert_eq!((writes(&sandbox), fs::read_to_string(into.join("passerelle.toml")).unwrap()), (written, before));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_lets_a_mail_become_a_ticket() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert_eq!(code, Some(0), "{shown}");
    let file = folder.path().join("passerelle.toml");
    let output = run(passerelle(&["--config", file.to_str().unwrap(), "check"], &[]), b"").await;
    let report = text(&output.stdout);
    assert!(output.status.success() && report.contains("has every right needed"), "{report}");
    assert!(!report.contains("samples of the académie"), "{report}");
    assert!(report.contains("ok       new tickets: GLPI tells the members of the assigned group"), "{report}");
    assert!(!report.contains("warning  GLPI notifications"), "{report}");
    becomes_a_ticket(&file, DIRECTORS[0], "setup", "LSU : après setup").await;
    assert_eq!(titled(&sandbox, "après setup").len(), 1);
}

/// Hands a mail of this person to a gateway of this configuration, which takes it.
async fn becomes_a_ticket(file: &Path, from: &str, message_id: &str, subject: &str) {
    let config = config::load_from(Some(file), Vec::new()).unwrap();
    let server = App::build_with(config, Mailer::memory().0).unwrap().bind(telemetry::metrics()).await.unwrap();
    let lmtp = server.lmtp_addresses()[0].parse().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let mail = mail(from, message_id, subject, "Bonjour");
    let replies = deliver(lmtp, from, &[RECIPIENT], &mail).await.unwrap();
    assert!(replies.last().unwrap().starts_with("250"), "{replies:?}");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_made_again_and_nothing_else() {
    let sandbox = Sandbox::start(Options::eleven()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert_eq!(code, Some(0), "{shown}");
    let named = |name: &'static str| move |row: &Value| row["name"] == name;
    let glpi = admin(&sandbox).await;
    let profile = id(&glpi, "Profile", named("Passerelle (setup)")).await;
    let account = id(&glpi, "User", named("passerelle.setup")).await;
    let right = id(&glpi, &format!("Profile/{profile}/ProfileRight"), named("followup")).await;
    let link = id(&glpi, &format!("User/{account}/Profile_User"), |_| true).await;
    let notification = id(&glpi, "Notification", |row| row["event"] == "new" && row["itemtype"] == "Ticket").await;
    let target =
        id(&glpi, &format!("Notification/{notification}/NotificationTarget"), |row| row["items_id"] == 9).await;
    let group = id(&glpi, "Group", named("Référents-ONDE")).await;
    let category = id(&glpi, "ITILCategory", named("LSU")).await;
    let webhook = id(&glpi, "Webhook", named("Passerelle ITILFollowup new")).await;
    let removed = |path: String| (Method::DELETE, format!("{path}?force_purge=1"), json!({}));
    let cases = [
        (removed(format!("Group/{group}")), "to create      group «Référents-ONDE»"),
        (removed(format!("ITILCategory/{category}")), "to create      category «Scolarité > LSU»"),
        (removed(format!("NotificationTarget/{target}")), "to create      notification «New ticket»"),
        (removed(format!("Webhook/{webhook}")), "to create      webhook «Passerelle ITILFollowup new»"),
        (removed(format!("Profile_User/{link}")), "to change      account «passerelle.setup»"),
        (
            (Method::PUT, format!("ProfileRight/{right}"), json!({ "rights": 1 })),
            "to change      profile «Passerelle (setup)»: it lacks «Assistance > ",
        ),
    ];
    for ((method, path, input), expected) in cases {
        glpi.call(method, &path, input).await;
        made_again(&sandbox, folder.path(), expected).await;
    }
    fs::remove_file(folder.path().join("passerelle.toml")).unwrap();
    made_again(&sandbox, folder.path(), "to create      configuration").await;
    let token = folder.path().join("secrets/glpi-token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    made_again(&sandbox, folder.path(), "to change      token of the account").await;
    // Nobody but the file knows a token: another one is made only where that is asked for.
    fs::remove_file(&token).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert!(code == Some(1) && shown.contains("LEFT ALONE     token of the account"), "{shown}");
    assert!(!token.exists());
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply", "--new-token"]).await;
    assert!(code == Some(0) && token.exists(), "{shown}");
    // The secret of webhooks that are there is asked for, not replaced.
    fs::remove_file(folder.path().join("secrets/webhook-secret")).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert!(code == Some(1) && shown.contains("LEFT ALONE     secret of the webhooks"), "{shown}");
}

/// Exactly this is to be made; once made, nothing is.
async fn made_again(sandbox: &Sandbox, folder: &Path, expected: &str) {
    let (_, shown) = setup(sandbox, folder, &[]).await;
    assert!(matches!(to_make(&shown).as_slice(), [one] if one.starts_with(expected)), "{expected}: {shown}");
    let (code, shown) = setup(sandbox, folder, &["--apply"]).await;
    assert!(code == Some(0), "{expected}: {shown}");
    let (_, shown) = setup(sandbox, folder, &[]).await;
    assert!(to_make(&shown).is_empty(), "{expected}: {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_goes_on() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    // The file was written, and GLPI was not told.
    let token = folder.path().join("secrets/glpi-token");
    fs::create_dir(token.parent().unwrap()).unwrap();
    fs::write(&token, "a0123456789b0123456789c0123456789d0123456\n").unwrap();
    // A profile without its rights: GLPI 10 makes it so.
    let profile = json!({ "name": "Passerelle (setup)", "interface": "central" });
    admin(&sandbox).await.add("Profile", profile).await;
    let (_, shown) = setup(&sandbox, folder.path(), &[]).await;
    assert!(shown.contains("to change      profile") && shown.contains("to change      token"), "{shown}");
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert!(code == Some(0), "{shown}");
    assert_eq!(fs::read_to_string(&token).unwrap(), "a0123456789b0123456789c0123456789d0123456\n");
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_name_and_is_something_else_is_left_alone() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    fs::write(&file, "[glpi]\nurl = \"https://autre.example.fr\"\n[quota]\nper_day = 3\n").unwrap();
    let before = fs::read_to_string(&file).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply", "--profile", "Super-Admin", "--lang", "fr"]).await;
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("PAS TOUCHÉ     profil «\u{a0}Super-Admin\u{a0}»\u{a0}: il a"), "{shown}");
    // An account with it would be one too many.
    assert!(
        shown.contains("ERREUR         compte «\u{a0}passerelle.setup\u{a0}»\u{a0}: repose sur ce qui manque"),
        "{shown}"
    );
    assert!(shown.contains("PAS TOUCHÉ     configuration") && shown.contains("glpi.url"), "{shown}");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    let glpi = admin(&sandbox).await;
    let users = glpi.get("User?range=0-99").await;
    assert!(!users.to_string().contains("passerelle.setup"), "{users}");
    for account in ["tech1", "passerelle-admin"] {
        let (code, shown) = setup(&sandbox, folder.path(), &["--account", account]).await;
        assert!(code == Some(1) && shown.contains(&format!("LEFT ALONE     account «{account}»: ")), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_s_configuration_is_replaced_and_its_mappings_are_taken() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, mappings) = (folder.path().join("passerelle.toml"), folder.path().join("mappings"));
    fs::copy("packaging/passerelle.toml", &file).unwrap();
    fs::create_dir(&mappings).unwrap();
    fs::copy("mappings/lsu.toml", mappings.join("lsu.toml")).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("changed        configuration") && shown.contains("as the package brought it"), "{shown}");
    assert!(shown.contains("Référents-LSU") && !shown.contains("Référents-ONDE"), "{shown}");
    let config = config::load_from(Some(&file), Vec::new()).unwrap();
    assert_eq!(config.mappings.dir.as_deref(), Some(mappings.as_path()));
    let mut there: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["mappings", "passerelle.toml", "secrets"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_another_machine_is_made() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = ["--gateway", "192.0.2.7", "--gateway", "2001:db8::7", "--client", "Passerelle d’ailleurs"];
    let (_, shown) = setup(&sandbox, folder.path(), &elsewhere).await;
    let expected = "to create      API client: «Passerelle d’ailleurs» for 192.0.2.7, 2001:db8::7";
    assert!(shown.contains(expected), "{shown}");
    let (code, shown) = setup(&sandbox, folder.path(), &[elsewhere.as_slice(), &["--apply"]].concat()).await;
    assert_eq!(code, Some(0), "{shown}");
    let clients = admin(&sandbox).await.get("APIClient").await;
    let made = clients.as_array().unwrap().iter().find(|it| it["name"] == "Passerelle d’ailleurs").unwrap();
    assert_eq!(made["ipv4_range_start"], 3_221_225_991_u64);
    assert_eq!(made["ipv6"], "2001:db8::7");
    // The same name for another address is another thing.
    let other = ["--gateway", "192.0.2.8", "--client", "Passerelle d’ailleurs"];
    let (code, shown) = setup(&sandbox, folder.path(), &other).await;
    assert!(code == Some(1) && shown.contains("LEFT ALONE     API client"), "{shown}");
}

/// Several gateways are let in, and no machine between them.
#[tokio::test(flavor = "multi_thread")]
async fn each_gateway_has_a_client_of_its_own() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let first = ["--apply", "--gateway", "192.0.2.7"];
    let more =
        [&first[..], &["--gateway", "192.0.2.200", "--gateway", "2001:db8::7", "--gateway", "2001:db8::9"]].concat();
    let (code, shown) = setup(&sandbox, folder.path(), &first).await;
    assert_eq!(code, Some(0), "{shown}");
    let (code, shown) = setup(&sandbox, folder.path(), &more).await;
    assert_eq!(code, Some(0), "{shown}");
    let created = "API client: «Passerelle 2» for 192.0.2.200, 2001:db8::7, «Passerelle 3» for 2001:db8::9";
    assert!(shown.contains(created), "{shown}");
    let clients = admin(&sandbox).await.get("APIClient").await;
    let made = |client: &&Value| client["name"].as_str().unwrap().starts_with("Passerelle");
    let made: Vec<_> = clients.as_array().unwrap().iter().filter(made).collect();
    assert_eq!(made.len(), 3, "{made:?}");
    for client in &made {
        assert_eq!(client["ipv4_range_start"], client["ipv4_range_end"], "{client}");
    }
    let mut sixes: Vec<_> = made.iter().map(|client| client["ipv6"].as_str().unwrap()).collect();
    sixes.sort_unstable();
    assert_eq!(sixes, ["2001:db8::7", "2001:db8::9", "::1"]);
    let (code, shown) = setup(&sandbox, folder.path(), &more).await;
    assert!(code == Some(0) && shown.contains("«Passerelle» admits 192.0.2.7, «Passerelle 2» admits"), "{shown}");
}

/// Runs a command on a terminal that shows what is typed, and types each answer once its question is there; gives the
/// exit code and all that the terminal showed.
fn typed(arguments: &[&str], answers: &[(&str, &str)]) -> (Option<i32>, String) {
    let quoted: Vec<_> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let command = format!("'{}' {}", env!("CARGO_BIN_EXE_passerelle"), quoted.join(" "));
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--echo", "always", "--command", &command, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = Vec::new();
    for (question, answer) in answers {
        let mut byte = [0];
        while !text(&shown).ends_with(question) {
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "«{question}» is not asked: {}", text(&shown));
            shown.push(byte[0]);
        }
        keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    (terminal.wait().unwrap().code(), text(&shown))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_shows_what_is_typed_but_for_the_password() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (url, into) = (sandbox.url().to_string(), folder.path().to_str().unwrap().to_owned());
    let (code, shown) = tokio::task::spawn_blocking(move || {
        let arguments = ["setup", "--url", &url, "--into", &into, "--account", "passerelle.setup", "--lang", "en"];
        typed(
            &arguments,
            &[
                ("Super-Admin’s login: ", "passerelle-admin"),
                ("Its password (not shown): ", "mot-de-passe-de-personne"),
                ("Domain of the senders’ addresses: ", "ac-dijon.fr ac-lyon.fr"),
                ("Address that takes requests: ", RECIPIENT),
                ("The academy’s name: ", "Académie d’ailleurs"),
            ],
        )
    })
    .await
    .unwrap();
    // The terminal shows again what is typed after the password.
    for typed in ["passerelle-admin", "ac-dijon.fr ac-lyon.fr", RECIPIENT, "Académie d’ailleurs"] {
        assert!(shown.contains(typed), "{typed} in {shown}");
    }
    assert!(!shown.contains("mot-de-passe-de-personne"), "{shown}");
    assert!(code == Some(1) && shown.contains("GLPI does not take this login and password"), "{shown}");
    assert_eq!(writes(&sandbox), 0);
}

/// What is typed is judged as what options say.
#[rstest]
#[case::wrong("@ac-dijon.fr", "assistance")]
#[case::nothing(",", " , ")]
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_cannot_be_meant_are_named_at_once(
    #[case] domains: &'static str,
    #[case] recipients: &'static str,
) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (into, shown_into) = (folder.path().join("passerelle"), folder.path().join("passerelle"));
    let (code, shown) = tokio::task::spawn_blocking(move || {
        typed(
            &["setup", "--into", into.to_str().unwrap(), "--apply", "--lang", "fr"],
            &[
                ("Adresse de GLPI\u{a0}: ", "glpi.example.fr"),
                ("Identifiant d’un Super-Admin\u{a0}: ", "glpi"),
                ("Son mot de passe (non affiché)\u{a0}: ", "glpi"),
                ("Domaine des adresses des expéditeurs\u{a0}: ", domains),
                ("Adresse qui reçoit les demandes\u{a0}: ", recipients),
                ("Nom de l’académie\u{a0}: ", " - "),
            ],
        )
    })
    .await
    .unwrap();
    assert_eq!(code, Some(64), "{shown}");
    for option in ["--url", "--domain", "--recipient"] {
        assert!(shown.contains(&format!("ERREUR         setup\u{a0}: {option}")), "{option} in {shown}");
    }
    assert_eq!(shown.matches("ERREUR").count(), 3, "{shown}");
    assert!(sandbox.calls_by_endpoint().is_empty() && !shown_into.exists());
}

/// Somebody's own mappings decide, also after the configuration was written; a mistake in one is shown at its place.
#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_somebody_changed_are_taken() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, mapping) = (folder.path().join("passerelle.toml"), folder.path().join("mappings/lsu.toml"));
    assert_eq!(setup(&sandbox, folder.path(), &["--apply"]).await.0, Some(0));
    let written = fs::read_to_string(&file).unwrap();
    fs::create_dir(mapping.parent().unwrap()).unwrap();
    let shipped = fs::read_to_string("mappings/lsu.toml").unwrap();
    fs::write(&mapping, shipped.replace("Référents-LSU", "Référents-LSU-bis")).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert!(code == Some(0) && shown.contains("created        group «Référents-LSU-bis»"), "{shown}");
    assert!(shown.contains("changed        configuration") && shown.contains("with mappings.dir"), "{shown}");
    assert_ne!(fs::read_to_string(&file).unwrap(), written);
    fs::write(&mapping, format!("{shipped}\ngrup = \"x\"\n")).unwrap();
    let calls = sandbox.calls_by_endpoint();
    for (language, said) in [("en", "grup"), ("fr", "la clé grup n’existe pas")] {
        let (code, shown) = setup(&sandbox, folder.path(), &["--apply", "--lang", language]).await;
        assert!(code == Some(64) && shown.contains(said) && shown.contains("lsu.toml:"), "{shown}");
    }
    assert_eq!(sandbox.calls_by_endpoint(), calls, "nothing is begun");
}

/// What GLPI says before a Super-Admin has switched its API on, and let this machine in.
#[rstest]
#[case::off("[\"ERROR\",\"API désactivée\"]", "GLPI’s REST API is switched off", "Enable Rest API")]
#[case::by_token_alone(
    "[\"ERROR_LOGIN_WITH_CREDENTIALS_DISABLED\",\"…\"]",
    "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED",
    "Enable login with credentials"
)]
#[case::another_machine("[\"ERROR_NOT_ALLOWED_IP\",\"…\"]", "ERROR_NOT_ALLOWED_IP", "API client")]
#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_lets_nobody_in_is_named_with_the_clicks(
    #[case] body: &str,
    #[case] reason: &str,
    #[case] click: &str,
) {
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let url = format!("http://127.0.0.1:{}/", answering(answer.leak()).await);
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("passerelle");
    let sandbox = sandbox().await;
    let (code, shown) = setup(&sandbox, &into, &["--url", &url, "--apply"]).await;
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("ERROR          GLPI: ") && shown.contains(reason) && shown.contains(click), "{shown}");
    assert!(!into.exists(), "nothing is written");
    let (_, french) = setup(&sandbox, &into, &["--url", &url, "--lang", "fr"]).await;
    assert!(french.contains("ERREUR         GLPI") && !french.contains(click), "{french}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_given_or_wrong_is_named() {
    let sandbox = sandbox().await;
    let url = sandbox.url().to_string();
    let with = async |arguments: &[&str], password: &str| {
        let mut command = passerelle(&[&["setup"], arguments].concat(), &[]);
        command.env("GLPI_ADMIN_PASSWORD", password);
        let output = run(command, b"").await;
        (output.status.code(), text(&output.stdout))
    };
    let (code, shown) = with(&["--url", &url], "glpi").await;
    assert!(code == Some(64) && shown.contains("--login is not given"), "{shown}");
    let whole =
        ["--url", &url, "--login", "glpi", "--domain", "a.example", "--recipient", "a@a.example", "--academy", "A"];
    let (code, shown) = with(&whole, "wrong-password-of-a-person").await;
    assert!(code == Some(1) && shown.contains("GLPI does not take this login and password"), "{shown}");
    assert!(!shown.contains("wrong-password-of-a-person"), "{shown}");
    // GLPI would blame the web server for a login without a password.
    let empty = tempfile::NamedTempFile::new().unwrap();
    let of_file = ["--password-file", empty.path().to_str().unwrap()];
    let cases: [(Vec<&str>, String); 3] = [
        (whole.to_vec(), "GLPI_ADMIN_PASSWORD is empty".to_owned()),
        ([whole.as_slice(), &of_file].concat(), format!("--password-file {} is empty", of_file[1])),
        (
            whole.iter().map(|argument| if *argument == "glpi" { "" } else { argument }).collect(),
            "--login is empty".to_owned(),
        ),
    ];
    for (arguments, said) in cases {
        let (code, shown) = with(&arguments, "").await;
        assert!(code == Some(64) && shown.contains(&said) && !shown.contains("CGIPassAuth"), "{said}: {shown}");
    }
    // Reason and remedy are two sentences, and the remedy names the option.
    let wrong_path = format!("{url}ailleurs/");
    for (address, reason) in
        [(wrong_path.as_str(), "no REST API answers there"), ("http://127.0.0.1:9/", "the connection is refused")]
    {
        let arguments: Vec<_> =
            whole.iter().map(|argument| if *argument == url { address } else { argument }).collect();
        let (code, shown) = with(&arguments, "glpi").await;
        assert!(code == Some(1) && shown.contains(reason), "{shown}");
        let remedy = shown.lines().find_map(|line| line.trim().strip_prefix("→ ")).unwrap();
        assert!(remedy.contains("--url") && !remedy.contains(reason), "{shown}");
        assert!(!shown.contains("PASSERELLE_") && !shown.contains("glpi.url"), "{shown}");
    }
    let secret = ["--imap", "imaps://a:geheim@imap.example"];
    let (code, shown) = with(&[whole.as_slice(), &secret].concat(), "glpi").await;
    assert!(code == Some(64) && shown.contains("--imap holds a password") && !shown.contains("geheim"), "{shown}");
}

/// A value that cannot be meant, the option that has it, and what is said of it in English.
const NOT_MEANT: [(&str, &str, &str); 27] = [
    ("--url", "glpi.example.fr", "is no address"),
    ("--url", "ftp://glpi.example.fr", "is no address"),
    ("--url", "https://glpi:geheim@glpi.example.fr", "holds a login"),
    ("--domain", "ac dijon", "is no domain"),
    ("--domain", "*.ac-dijon.fr", "is a pattern"),
    ("--recipient", "assistance", "is no mail address"),
    ("--academy", " ", "is empty"),
    ("--academy", "Académie\nd’ailleurs", "holds a line break"),
    ("--lmtp", "2424", "is a port alone"),
    ("--lmtp", "/run/lmtp.sock", "is a path"),
    ("--http", "8080", "is no address and port"),
    ("--smtp", "relais", "--smtp"),
    ("--smtp", "http://relais", "--smtp"),
    ("--from", "Assistance", "is no mail address"),
    ("--directors", "/nowhere/directors.csv", "/nowhere/directors.csv"),
    ("--directors-group", "", "is empty"),
    ("--webhook", "passerelle.example.fr", "is no address"),
    ("--mappings", "/nowhere/mappings", "/nowhere/mappings"),
    ("--into", "/dev/null/passerelle", "/dev/null is a file"),
    ("--gateway", "glpi.example.fr", "is no machine’s IP address"),
    ("--gateway", "0.0.0.0", "is no machine’s IP address"),
    ("--client", "", "is empty"),
    ("--profile", " Passerelle", "begins or ends with a space"),
    ("--account", "passerelle; DROP", "is no login that GLPI takes"),
    ("--account-lang", "français", "is no language"),
    ("--time-zone", "Europe/Dijon", "is no IANA time zone"),
    ("--operator", "chef@", "is no mail address"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_named_before_anything_is_begun() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("passerelle");
    for (option, value, said) in NOT_MEANT {
        let (code, shown) = setup(&sandbox, &into, &["--apply", option, value]).await;
        assert!(code == Some(64) && shown.contains(option) && shown.contains(said), "{option} {value}: {shown}");
        assert!(shown.contains("→") && !shown.contains("geheim"), "{option} {value}: {shown}");
        // An option is no setting to whoever gave it.
        for other in ["PASSERELLE_", "config/default.toml", "2424:2424"] {
            let is_named = shown.contains(other) && !shown.contains("PASSERELLE_SMTP__URL_FILE");
            assert!(!is_named, "{option} {value} names {other}: {shown}");
        }
        assert_eq!(shown.matches("ERROR").count(), 1, "{option} {value}: {shown}");
        let (code, french) = setup(&sandbox, &into, &["--apply", "--lang", "fr", option, value]).await;
        assert!(code == Some(64) && french.contains("ERREUR") && french.contains(option), "{french}");
        is_french_throughout(&french.replace(value, ""));
    }
    // All of them at once, each option with its last one.
    let all: Vec<&str> = NOT_MEANT
        .iter()
        // It says nothing beside --directors.
        .filter(|(option, ..)| *option != "--directors-group")
        .filter(|(option, value, _)| NOT_MEANT.iter().rfind(|it| it.0 == *option).is_some_and(|it| it.1 == *value))
        .flat_map(|(option, value, _)| [*option, *value])
        .collect();
    let (code, shown) = setup(&sandbox, &into, &[&["--apply"], all.as_slice()].concat()).await;
    assert_eq!(code, Some(64), "{shown}");
    for option in all.iter().step_by(2) {
        assert!(shown.contains(option), "{option} is not named in {shown}");
    }
    assert!(sandbox.calls_by_endpoint().is_empty() && !into.exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_found_wherever_the_gateway_is_started() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("directeurs.csv"), "email;name\na@ac-dijon.fr;Anne Petit\n").unwrap();
    fs::create_dir(folder.path().join("ici")).unwrap();
    fs::copy("mappings/lsu.toml", folder.path().join("ici/lsu.toml")).unwrap();
    let url = sandbox.url().to_string();
    let mut command = passerelle(
        &[
            "setup",
            "--url",
            &url,
            "--domain",
            "ac-dijon.fr",
            "--recipient",
            RECIPIENT,
            "--academy",
            "A",
            "--into",
            "là",
            "--account",
            "passerelle.setup",
            "--profile",
            "P",
            "--directors",
            "directeurs.csv",
            "--mappings",
            "ici",
            "--apply",
        ],
        &[],
    );
    command.current_dir(folder.path()).env("GLPI_ADMIN_LOGIN", "glpi").env("GLPI_ADMIN_PASSWORD", "glpi");
    let output = run(command, b"").await;
    assert!(output.status.success(), "{}", text(&output.stdout));
    let config = config::load_from(Some(&folder.path().join("là/passerelle.toml")), Vec::new()).unwrap();
    assert!(config.directory.csv.unwrap().is_absolute() && config.mappings.dir.unwrap().is_absolute());
}

/// A file of directors that cannot be meant is said before everything is called in place, as `check` says it.
#[rstest]
#[case::nobody(
    "email;role\na@ac-dijon.fr;Enseignant\n",
    1,
    "no director is in it: 1 people",
    "director_roles: «Enseignant»"
)]
#[case::nobody_at_all("email\n", 1, "no director is in it: 0 people", "one a line below its heading")]
#[case::no_addresses(
    "email;name\na@ac-dijon.fr;A\nb@;B\n;C\nd@ac-dijon.fr;D\ne@ac-dijon.fr;E\n",
    0,
    "lines that are left out, as they name nobody: 2 (line 3: what stands under \"email\" is no mail address; line 4",
    "Correct these lines"
)]
#[case::some_of_elsewhere(
    "email\na@ac-dijon.fr\nb@ac-lyon.fr\nc@gmail.com\n",
    0,
    "directors with an address of another domain than the academy’s (ac-lyon.fr, gmail.com): 2 of 3;",
    "add their domain to "
)]
#[case::all_of_elsewhere(
    "email\nb@ac-lyon.fr\n",
    1,
    "directors with an address of another domain than the academy’s (ac-lyon.fr): 1 of 1;",
    "add their domain to "
)]
#[case::right("email\na@ac-dijon.fr\n", 0, "", "")]
#[tokio::test(flavor = "multi_thread")]
async fn directors_that_cannot_be_meant_are_said(
    #[case] csv: &str,
    #[case] of_check: i32,
    #[case] reason: &str,
    #[case] remedy: &str,
) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, into) = (folder.path().join("directeurs.csv"), folder.path().join("passerelle"));
    fs::write(&file, csv).unwrap();
    let options = ["--directors", file.to_str().unwrap()];
    let is_wrong = !reason.is_empty();
    for apply in [&[][..], &["--apply"], &["--apply"]] {
        let (code, shown) = setup(&sandbox, &into, &[&options, apply].concat()).await;
        assert_eq!(code, Some(i32::from(is_wrong)), "{shown}");
        assert_eq!(shown.contains("BY HAND        directors, "), is_wrong, "{shown}");
        assert!(shown.contains(reason) && shown.contains(remedy), "{shown}");
        assert!(!is_wrong || !shown.contains("Everything is in place"), "{shown}");
        assert!(!remedy.contains("domain") || shown.contains("add their domain to --domain"), "{shown}");
        let (_, french) = setup(&sandbox, &into, &[&options, &["--lang", "fr"][..], apply].concat()).await;
        is_french_throughout(&french);
    }
    let (code, report) = check(&into).await;
    assert_eq!(code, Some(of_check), "{report}");
    assert!(report.contains(reason) && report.contains(remedy), "{report}");
    let toml = into.join("passerelle.toml");
    let output = run(passerelle(&["--config", toml.to_str().unwrap(), "check", "--lang", "fr"], &[]), b"").await;
    is_french_throughout(&text(&output.stdout));
}

async fn check(into: &Path) -> (Option<i32>, String) {
    let file = into.join("passerelle.toml");
    let output = run(passerelle(&["--config", file.to_str().unwrap(), "check"], &[]), b"").await;
    (output.status.code(), text(&output.stdout))
}

/// What setup writes passes `check`, whatever it switches on; a switch that somebody sets later needs no more than another
/// run.
#[rstest]
#[case::announcements(&["--announcements", "--operator", "chef@ac-dijon.fr", "--operator", "DSI-BAI"], "")]
#[case::drafts(&["--drafts"], "")]
#[case::both(&["--drafts", "--announcements", "--operator", "DSI-BAI"], "")]
#[case::set_later(&[], "\n[announcements]\nenabled = true\n[figures]\nreport = true\n")]
#[tokio::test(flavor = "multi_thread")]
async fn the_account_has_the_rights_of_all_that_is_switched_on(#[case] options: &[&str], #[case] later: &str) {
    for is_eleven in [false, true] {
        let sandbox = Sandbox::start(stand_in(is_eleven)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let apply = [&["--apply"], options].concat();
        let (code, shown) = setup(&sandbox, folder.path(), &apply).await;
        assert_eq!(code, Some(0), "{shown}");
        if !later.is_empty() {
            let file = folder.path().join("passerelle.toml");
            fs::write(&file, fs::read_to_string(&file).unwrap() + later).unwrap();
            let (code, report) = check(folder.path()).await;
            assert!(code == Some(1) && report.contains("Public reminders"), "{report}");
            let (code, shown) = setup(&sandbox, folder.path(), &apply).await;
            assert!(code == Some(0) && shown.contains("changed        profile"), "{shown}");
        }
        let (code, report) = check(folder.path()).await;
        assert!(code == Some(0) && !report.contains("lacks") && !report.contains("GLPI refuses"), "{report}");
        let may_draft = !report.contains("«Tools > Knowledge base: Create»");
        assert_eq!(may_draft, options.contains(&"--drafts"), "{report}");
        assert_eq!(report.contains("announcements"), options.contains(&"--announcements") || !later.is_empty());
    }
}

/// Somebody's own configuration is kept; where it is not what the options say, a person is told what differs, once setup's
/// own is beside it, and all else goes on.
#[rstest]
#[case::another_value(("ac-dijon.fr\"]", "ac-lyon.fr\"]"), "it says something else for screen.domains")]
#[case::another_file(("[directory]", "[directory]\ndirector_roles = [\"directrice\"]"), "")]
#[case::a_key_less(("academy = \"Académie d’ailleurs\"\n", ""), "it lacks portal.academy")]
#[case::a_comment(("[glpi]", "# C’est le nôtre.\n[glpi]"), "")]
#[case::a_whole_section_less(("[portal]", "[quota]\nper_day = 3\n#"), "it lacks portal.academy")]
#[case::steps(("[notify]", "[notify]\ncharge = \"passerelle\""), "")]
#[case::another_teller(("reminder = \"passerelle\"", "reminder = \"off\""), "something else for notify.reminder")]
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_somebody_changed_is_kept(#[case] (from, to): (&str, &str), #[case] said: &str) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(setup(&sandbox, folder.path(), &["--apply"]).await.0, Some(0));
    let (file, beside) = (folder.path().join("passerelle.toml"), folder.path().join("passerelle.toml.new"));
    let written = fs::read_to_string(&file).unwrap();
    // A section that is commented out takes its first line with it.
    let changed =
        written.replacen(from, to, 1).replace("#                # how the pages name the academy\nacademy", "\n#");
    assert_ne!(changed, written);
    fs::write(&file, &changed).unwrap();
    let glpi = admin(&sandbox).await;
    let group = id(&glpi, "Group", |row| row["name"] == "Référents-ONDE").await;
    glpi.call(Method::DELETE, &format!("Group/{group}?force_purge=1"), json!({})).await;

    let differs = !said.is_empty();
    let is_told = |(code, shown): (Option<i32>, String), then: &str| {
        assert_eq!(code, Some(i32::from(differs)), "{shown}");
        assert_eq!(shown.contains("LEFT ALONE     configuration"), differs, "{shown}");
        assert_eq!(shown.contains(" 1 for you"), differs, "{shown}");
        assert!(shown.contains(said) && shown.contains("yours is kept") == differs, "{shown}");
        assert_eq!(shown.contains(then), differs, "{then}: {shown}");
        assert_eq!(fs::read_to_string(&file).unwrap(), changed);
        shown
    };
    is_told(setup(&sandbox, folder.path(), &[]).await, "--apply writes setup’s own beside it");
    assert!(!beside.exists());
    let shown = is_told(setup(&sandbox, folder.path(), &["--apply"]).await, "diff -u ");
    assert!(shown.contains("created        group «Référents-ONDE»"), "{shown}");
    assert_eq!(fs::read_to_string(&beside).ok(), differs.then(|| written.clone()));
    let shown = is_told(setup(&sandbox, folder.path(), &["--apply"]).await, "diff -u ");
    assert!(to_make(&shown).is_empty() && shown.contains("Everything is in place.") != differs, "{shown}");
    let (_, french) = setup(&sandbox, folder.path(), &["--lang", "fr"]).await;
    is_french_throughout(&french);
    // Whoever takes setup's own is where setup left them.
    if differs {
        fs::rename(&beside, &file).unwrap();
        let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
        assert!(code == Some(0) && to_make(&shown).is_empty(), "{shown}");
    }
}

/// Other options give another configuration, as long as nobody changed the one that setup wrote; the one before stays
/// beside it.
#[rstest]
#[case::one_more(&[], &["--http", "127.0.0.1:8080"], "with http.listen")]
#[case::announcements(
    &[],
    &["--announcements", "--operator", "chef@ac-dijon.fr"],
    "with announcements.enabled, people.operators"
)]
#[case::receipts(
    &["--smtp", "smtp://127.0.0.1:9"],
    &["--smtp", "smtp://127.0.0.1:9", "--receipts", "glpi"],
    "with notify.deposit"
)]
#[case::another_value(&[], &["--academy", "Académie de Dijon"], "another value for portal.academy")]
#[case::one_less(&["--http", "127.0.0.1:8080"], &[], "without http.listen")]
#[case::another_way_in(
    &[],
    &["--lmtp", "127.0.0.1:2525", "--smtp", "smtp://127.0.0.1:9"],
    "another value for lmtp.listen; with smtp.url"
)]
#[tokio::test(flavor = "multi_thread")]
async fn other_options_replace_the_configuration_that_setup_wrote(
    #[case] before: &[&str],
    #[case] then: &[&str],
    #[case] said: &str,
) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let [file, old, beside] =
        ["toml", "toml.old", "toml.new"].map(|end| folder.path().join(format!("passerelle.{end}")));
    let (code, shown) = setup(&sandbox, folder.path(), &[&["--apply"], before].concat()).await;
    assert_eq!(code, Some(0), "{shown}");
    let first = fs::read_to_string(&file).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), then).await;
    let line = shown.lines().find(|line| line.starts_with("to change      configuration")).unwrap_or_default();
    assert!(code == Some(0) && line.contains(said), "{shown}");
    assert_eq!(fs::read_to_string(&file).unwrap(), first, "a dry run changes nothing");
    let (code, shown) = setup(&sandbox, folder.path(), &[&["--apply", "--lang", "fr"], then].concat()).await;
    assert!(code == Some(0) && shown.contains("changé         configuration"), "{shown}");
    is_french_throughout(&shown);
    let second = fs::read_to_string(&file).unwrap();
    assert!(second != first && fs::read_to_string(&old).unwrap() == first && !beside.exists());
    config::load_from(Some(&file), Vec::new()).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &[&["--apply"], then].concat()).await;
    assert!(code == Some(0) && to_make(&shown).is_empty(), "{shown}");
    assert_eq!((fs::read_to_string(&file).unwrap(), fs::read_to_string(&old).unwrap()), (second, first));
}

/// What no run can set right is a person's.
#[rstest]
#[case::no_toml("[glpi", "yours cannot be used")]
#[case::a_mistake("[glpi]\nurl = \"URL\"\n[quota]\nper_day = 0\n", "quota.per_day is 0")]
#[case::another_glpi("[glpi]\nurl = \"https://autre.example.fr\"\n", "for another GLPI")]
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_serve_is_named_and_kept(#[case] content: &str, #[case] said: &str) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    let content = content.replace("URL", sandbox.url().as_str());
    fs::write(&file, &content).unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), &["--apply"]).await;
    assert!(code == Some(1) && shown.contains("LEFT ALONE     configuration") && shown.contains(said), "{shown}");
    assert!(shown.contains("created        token"), "the rest goes on: {shown}");
    assert_eq!(fs::read_to_string(&file).unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn glpi_tells_only_what_the_configuration_leaves_to_it() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url();
    let own = format!("[glpi]\nurl = \"{url}\"\n[notify]\ncharge = \"passerelle\"\nhandover = \"off\"\n");
    fs::write(folder.path().join("passerelle.toml"), own).unwrap();
    let (_, shown) = setup(&sandbox, folder.path(), &[]).await;
    assert!(shown.contains("notification «New ticket», recipient «Group in charge"), "{shown}");
    assert!(!shown.contains("«New user in assignees»"), "{shown}");
    assert!(!shown.contains("«New group in assignees», recipient «Requester»"), "{shown}");
}

/// Reminders reach the group that nobody took the ticket in charge of: by the gateway, unless GLPI tells it of follow-ups.
#[rstest]
#[case::as_glpi_comes(false)]
#[case::where_glpi_tells_the_group(true)]
#[tokio::test(flavor = "multi_thread")]
async fn somebody_tells_the_group_of_reminders(#[case] by_glpi: bool) {
    for is_eleven in [false, true] {
        let sandbox = Sandbox::start(stand_in(is_eleven)).await.unwrap();
        if by_glpi {
            let glpi = admin(&sandbox).await;
            let of_followups =
                id(&glpi, "Notification", |row| row["event"] == "add_followup" && row["itemtype"] == "Ticket").await;
            glpi.add("NotificationTarget", json!({ "notifications_id": of_followups, "items_id": 9, "type": 1 })).await;
        }
        let folder = tempfile::tempdir().unwrap();
        let apply = ["--apply", "--smtp", "smtp://127.0.0.1:9"];
        let (code, shown) = setup(&sandbox, folder.path(), &apply).await;
        assert_eq!(code, Some(0), "{shown}");
        let config = config::load_from(Some(&folder.path().join("passerelle.toml")), Vec::new()).unwrap();
        assert_eq!(config.notify.reminder == Teller::Glpi, by_glpi);
        let (_, report) = check(folder.path()).await;
        let teller = if by_glpi { "GLPI" } else { "Passerelle" };
        let told = format!("ok       reminders: {teller} tells the members of the assigned group");
        assert!(report.contains(&told) && !report.contains("does not tell"), "{report}");
        let (code, shown) = setup(&sandbox, folder.path(), &apply).await;
        assert!(code == Some(0) && to_make(&shown).is_empty(), "{shown}");
    }
}

/// Announcements need somebody who may send them, and a group that GLPI has.
#[rstest]
#[case::nobody(&["--announcements"], 64, "--announcements needs somebody who may send them")]
#[case::an_unknown_group(&["--announcements", "--operator", "DSI-BIA"], 1, "BY HAND        group «DSI-BIA», --operator: GLPI has no group")]
#[case::an_operator_alone(&["--operator", "Nulle > Part"], 1, "BY HAND        group «Nulle > Part», --operator")]
#[case::a_group(&["--announcements", "--operator", "DSI-BAI"], 0, "already there  group «DSI-BAI», --operator")]
#[case::a_person(&["--announcements", "--operator", "chef@ac-dijon.fr"], 0, "")]
#[tokio::test(flavor = "multi_thread")]
async fn who_may_send_announcements_is_looked_for_first(
    #[case] options: &[&str],
    #[case] expected: i32,
    #[case] said: &str,
) {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    for apply in [&[][..], &["--apply"], &["--apply"]] {
        let (code, shown) = setup(&sandbox, folder.path(), &[options, apply].concat()).await;
        assert!(code == Some(expected) && shown.contains(said), "{shown}");
        let (_, french) = setup(&sandbox, folder.path(), &[options, apply, &["--lang", "fr"]].concat()).await;
        is_french_throughout(&french);
    }
}

/// What was done is told as done, in the words that GLPI's pages have, and the next command can be typed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_told_as_changed() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("chez nous");
    assert_eq!(setup(&sandbox, &into, &["--apply"]).await.0, Some(0));
    let glpi = admin(&sandbox).await;
    let account = id(&glpi, "User", |row| row["name"] == "passerelle.setup").await;
    let link = id(&glpi, &format!("User/{account}/Profile_User"), |_| true).await;
    glpi.call(Method::DELETE, &format!("Profile_User/{link}?force_purge=1"), json!({})).await;
    let token = into.join("secrets/glpi-token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let more = ["--drafts", "--announcements", "--operator", "DSI-BAI", "--smtp", "smtp://127.0.0.1:9"];
    let more = [&more[..], &["--receipts", "passerelle"]].concat();
    let (_, before) = setup(&sandbox, &into, &[&more[..], &["--lang", "fr"]].concat()).await;
    let (code, shown) = setup(&sandbox, &into, &[&more[..], &["--apply", "--lang", "fr"]].concat()).await;
    assert_eq!(code, Some(0), "{shown}");
    is_french_throughout(&shown);
    let lines = |shown: &str, word: &str| -> Vec<String> {
        let lines = shown.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let (to_change, changed) = (lines(&before, "à changer "), lines(&shown, "changé "));
    assert!(to_change.len() == 5 && changed.len() == 5, "{before}\n{shown}");
    for (before, after) in to_change.iter().zip(&changed) {
        assert_ne!(before, after);
        for present in ["il manque", "lui manque", "est à ôter", "n’a pas encore", "tout le monde peut"] {
            assert!(!after.contains(present), "{after}");
        }
    }
    // A right that is part of another is not named beside it.
    assert_eq!(shown.matches("Notes publiques").count(), 2, "{shown}");
    let right = "«\u{a0}Outils > Notes publiques\u{a0}: Lecture, Mettre à jour, Créer\u{a0}»";
    assert!(changed.iter().any(|line| line.contains("il a reçu") && line.contains(right)), "{changed:?}");
    assert!(!before.contains("reminder_public") && !shown.contains("reminder_public"), "{shown}");
    let next = format!("passerelle --config '{}' check", into.join("passerelle.toml").display());
    assert!(shown.contains(&next), "{shown}");
}

/// Whether GLPI tells the requester of a new ticket.
async fn tells_of_new(sandbox: &Sandbox) -> bool {
    let glpi = admin(sandbox).await;
    let notification = id(&glpi, "Notification", |row| row["event"] == "new" && row["itemtype"] == "Ticket").await;
    let targets = glpi.get(&format!("Notification/{notification}/NotificationTarget?range=0-99")).await;
    targets.as_array().unwrap().iter().any(|row| row["items_id"] == 3 && row["type"] == 1)
}

/// Requesters hear of a new ticket once, by whom that was asked for; what GLPI tells is changed for nobody who did not ask.
#[rstest]
#[case::not_asked(&["--smtp", "smtp://127.0.0.1:9"], true, "TO DECIDE      receipt of a new ticket", true)]
#[case::by_the_gateway(&["--smtp", "smtp://127.0.0.1:9", "--receipts", "passerelle"], true, "changed        receipt of a new ticket", false)]
#[case::by_glpi(&["--smtp", "smtp://127.0.0.1:9", "--receipts", "glpi"], true, "notification «New ticket», recipient «Requester»", true)]
#[case::without_a_relay(&[], true, "", true)]
#[case::mails_off(&["--smtp", "smtp://127.0.0.1:9"], false, "GLPI sends no mail: the gateway tells of each step", true)]
#[case::mails_off_and_by_glpi(&["--smtp", "smtp://127.0.0.1:9", "--receipts", "glpi"], false, "would leave requesters without a word", true)]
#[case::mails_off_by_the_gateway(&["--smtp", "smtp://127.0.0.1:9", "--receipts", "passerelle"], false, "the gateway tells of each step", true)]
#[tokio::test(flavor = "multi_thread")]
async fn requesters_are_told_of_a_new_ticket_by_whom_was_asked_for(
    #[case] options: &[&str],
    #[case] mails: bool,
    #[case] said: &str,
    #[case] glpi_tells: bool,
) {
    let sandbox = Sandbox::start(Options { mails, ..Options::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (code, shown) = setup(&sandbox, folder.path(), options).await;
    assert!(code == Some(0) && tells_of_new(&sandbox).await, "{shown}");
    let (code, shown) = setup(&sandbox, folder.path(), &[&["--apply"], options].concat()).await;
    assert!(code == Some(0) && shown.contains(said), "{shown}");
    assert_eq!(shown.contains("--receipts passerelle: the gateway alone"), said.starts_with("TO DECIDE"), "{shown}");
    assert_eq!(tells_of_new(&sandbox).await, glpi_tells, "{shown}");
    let (_, report) = check(folder.path()).await;
    let (is_twice, is_asked) = (report.contains("receipts: GLPI and Passerelle both"), options.contains(&"--receipts"));
    assert!(!(is_twice && is_asked), "{report}");
    let is_written_to = !options.is_empty();
    assert!(!is_written_to || !report.contains("GLPI sends no mail: nobody is told"), "{report}");
    let (code, again) = setup(&sandbox, folder.path(), &[&["--apply", "--lang", "fr"], options].concat()).await;
    assert!(code == Some(0) && !again.contains("à créer") && !again.contains("à changer "), "{again}");
    is_french_throughout(&again);
    // Only that recipient was taken off.
    let glpi = admin(&sandbox).await;
    let targets = glpi.get("NotificationTarget?range=0-999").await;
    let of_administrators = targets.as_array().unwrap().iter().filter(|row| row["items_id"] == 1).count();
    assert!(of_administrators > 3, "{targets}");
}
