//! `passerelle setup`: what it shows, what it makes, that it makes nothing twice, and that a gateway works with it.

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
    config,
    sandbox::{Options, Sandbox},
    smtp::Mailer,
    telemetry,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    check::answering,
    commands::{passerelle, run, text},
    support::{
        gateway::{DIRECTORS, mail, sandbox, titled},
        helpdesk::Helpdesk,
    },
};

const RECIPIENT: &str = "assistance1d@ac-dijon.fr";

/// Runs setup as a Super-Admin; gives its exit code and what it printed.
async fn setup(sandbox: &Sandbox, into: &Path, more: &[&str]) -> (Option<i32>, String) {
    let (url, into) = (sandbox.url().to_string(), into.to_str().unwrap().to_owned());
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
    command.env("GLPI_ADMIN_LOGIN", "glpi").env("GLPI_ADMIN_PASSWORD", "glpi");
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
    let config = config::load_from(Some(&file), Vec::new()).unwrap();
    let server = App::build_with(config, Mailer::memory().0).unwrap().bind(telemetry::metrics()).await.unwrap();
    let lmtp = server.lmtp_addresses()[0].parse().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));
    let mail = mail(DIRECTORS[0], "setup", "LSU : après setup", "Bonjour");
    let replies = deliver(lmtp, DIRECTORS[0], &[RECIPIENT], &mail).await.unwrap();
    assert!(replies.last().unwrap().starts_with("250"), "{replies:?}");
    assert_eq!(titled(&sandbox, "après setup").len(), 1);
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
            "to change      profile «Passerelle (setup)»: lacks followup",
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
    let secret = ["--imap", "imaps://a:geheim@imap.example"];
    let (code, shown) = with(&[whole.as_slice(), &secret].concat(), "glpi").await;
    assert!(code == Some(64) && shown.contains("--imap holds a password") && !shown.contains("geheim"), "{shown}");
}
