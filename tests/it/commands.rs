//! The program as its users run it: `demo`, `try`, `check`, `ingest`, `healthcheck`, `serve`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use passerelle::sandbox::{Failure, Options, Rule, Sandbox};

use reqwest::Method;
use rstest::rstest;

use crate::support::{
    bilingual::is_french_throughout,
    gateway::{ASSISTANCE, DIRECTORS, FOLLOWUP, mail, sandbox, titled},
    helpdesk::Helpdesk,
};

/// The program, with no setting but these.
pub(crate) fn passerelle(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (key, value) in settings {
        command.env(format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), value);
    }
    command
}

pub(crate) async fn run(mut command: Command, input: &[u8]) -> Output {
    let input = input.to_vec();
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // A program that does not read its input may close it first.
        let _ = child.stdin.take().unwrap().write_all(&input);
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn glpi(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    vec![
        ("glpi.url", sandbox.url().to_string()),
        ("glpi.login", "passerelle".to_owned()),
        ("glpi.password", "passerelle".to_owned()),
        ("glpi.aftermath", "0s".to_owned()),
    ]
}

pub(crate) fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

#[tokio::test]
async fn the_help_of_each_command_says_what_it_does() {
    let commands = [
        "serve",
        "ingest",
        "try",
        "check",
        "audit",
        "config",
        "setup",
        "escalate",
        "export",
        "figures",
        "healthcheck",
        "sandbox",
        "demo",
    ]
    .map(|command| vec![command, "--help"]);
    let mut whole = String::new();
    for arguments in [vec!["--help"]].into_iter().chain(commands) {
        let output = run(passerelle(&arguments, &[]), b"").await;
        assert!(output.status.success(), "{arguments:?}");
        whole = format!("{whole}$ passerelle {}\n{}\n", arguments.join(" "), text(&output.stdout));
    }
    insta::assert_snapshot!("help", whole);
}

#[rstest]
#[case::in_french("fr", [
    "Les demandes de ce.0580004D@ac-dijon.fr sur le portail",
    "la page de ce.0580004D@ac-dijon.fr montre les demandes",
    "0 résultat(s) inattendu(s)",
    "courriel",
])]
#[case::in_english("en", [
    "The requests of ce.0580004D@ac-dijon.fr on the portal",
    "the page of ce.0580004D@ac-dijon.fr shows the requests",
    "0 unexpected result(s)",
    "mail ",
])]
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_gives_every_sample_its_expected_outcome(#[case] language: &str, #[case] said: [&str; 4]) {
    let output = run(passerelle(&["demo", "--exit", "--lang", language], &[]), b"").await;
    let table = text(&output.stdout);
    assert!(said.iter().all(|part| table.contains(part)), "{table}");
    if language == "fr" {
        is_french_throughout(&table.replace("escalated", ""));
    } else {
        let french = ["courriel", "formulaire", "demande", "résultat", "voie", "expéditeur"];
        let left = table
            .lines()
            .filter(|line| !line.contains("  à compléter") && french.iter().any(|word| line.contains(word)));
        let left: Vec<_> = left.collect();
        assert!(left.is_empty(), "{left:#?}");
    }
    assert!(output.status.success(), "{table}\n{}", text(&output.stderr));
    for part in ["created", "duplicate", "refused", "ignored", "quota-exceeded", "Référents-LSU", "DSI-BAI"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    assert_eq!(table.lines().filter(|line| line.starts_with('✓')).count(), 43, "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn try_shows_what_would_become_of_a_mail_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directeurs.csv");
    std::fs::write(&csv, format!("email;name;school\n{};Jeanne Martin;École Voltaire\n", DIRECTORS[0])).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
    };
    file("1.eml", &mail(DIRECTORS[0], "t1", "Accès LSUN", "Bonjour"));
    file("2.eml", &mail("x@example.org", "t2", "LSU", "Bonjour"));
    file("3.eml", b"");
    file("4.eml", &mail(DIRECTORS[0], "t4", "RE: [GLPI #0001234] Nouveau suivi", "Bonjour"));
    let settings = [("directory.csv", csv.to_str().unwrap())];
    let path = folder.path().to_str().unwrap();

    let output = run(passerelle(&["try", path, "--json"], &settings), b"").await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let short: Vec<_> =
        lines.iter().map(|line| (line["outcome"].as_str().unwrap(), line["reason"].as_str().unwrap())).collect();
    assert_eq!(
        short,
        [
            ("created", "created"),
            ("refused", "foreign-sender"),
            ("refused", "no-sender"),
            ("refused", "reply-to-ticket")
        ]
    );
    assert!(lines[3]["sentence"].as_str().unwrap().contains("n°\u{a0}1234"), "{}", lines[3]);
    assert_eq!(lines[0]["application"], "LSU");
    assert_eq!(lines[0]["category"], "Scolarité > LSU");
    assert_eq!(lines[0]["group"], "Référents-LSU");
    assert_eq!(lines[0]["title"], "Accès LSUN");
    assert!(lines[0]["reference"].as_str().unwrap().starts_with("P-"));

    let table = text(&run(passerelle(&["try", path], &settings), b"").await.stdout);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.iter().filter(|row| row.contains(".eml")).count(), 4, "{table}");
    assert!(rows[0].starts_with("outcome    reason"), "{table}");
    for part in ["refused    foreign-sender", "created    created              LSU", "mails  outcome", "4  in all"] {
        assert!(table.contains(part), "{part} in {table}");
    }
    let details = text(&run(passerelle(&["try", path, "--details"], &settings), b"").await.stdout);
    for part in
        ["foreign-sender   ok", "no-keyword       ok", "refused (foreign-sender)", "to ticket 1234", "mails  outcome"]
    {
        assert!(details.contains(part), "{part} in {details}");
    }
    let followup = [&settings[..1], &FOLLOWUP].concat();
    let added = text(&run(passerelle(&["try", &format!("{path}/4.eml")], &followup), b"").await.stdout);
    assert!(added.contains("4.eml: followup (followup)"), "{added}");
}

#[tokio::test(flavor = "multi_thread")]
async fn try_asks_glpi_who_forwards_for_directors() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let (csv, file) = (folder.path().join("directeurs.csv"), folder.path().join("1.eml"));
    std::fs::write(&csv, format!("email\n{}\n", DIRECTORS[1])).unwrap();
    let member = "tech1@ac-dijon.fr";
    let head = format!("Pour vous.\n\nDe : Marc Dupont <{}>\nEnvoyé : lundi", DIRECTORS[1]);
    std::fs::write(&file, mail(member, "t5", "TR: LSU", &head)).unwrap();
    let own = [("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
    let attempt = async |settings: &[(&str, &str)]| {
        let settings = [&own, FOLLOWUP.as_slice(), settings].concat();
        let arguments = ["try", file.to_str().unwrap(), "--sender", member];
        text(&run(passerelle(&arguments, &settings), b"").await.stdout)
    };
    let glpi = glpi(&sandbox);
    let with_glpi = borrowed(&glpi);
    let forwarding = [with_glpi.as_slice(), &[("mail.forwarders", "Référents-LSU")]].concat();
    let shown = attempt(&forwarding).await;
    assert!(shown.contains(": created (created)"), "{shown}");
    let other = [with_glpi.as_slice(), &[("mail.forwarders", "Référents-ONDE")]].concat();
    let shown = attempt(&other).await;
    assert!(shown.contains(": refused (not-a-director)"), "{shown}");
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    for settings in [forwarding.as_slice(), &[("mail.forwarders", "Référents-LSU")]] {
        let shown = attempt(settings).await;
        assert!(shown.contains(": deferred (glpi-unavailable)"), "{shown}");
    }
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_nothing_wrong_with_a_good_set_up() {
    let sandbox = sandbox().await;
    let (_folder, closed) = closed_until("9999-12-31");
    let mut settings = glpi(&sandbox);
    settings.extend([("lmtp.listen", "127.0.0.1:2424".to_owned()), ("calendar.closed", closed)]);
    settings.extend([("screen.domains", "ac-dijon.fr".to_owned()), ("screen.recipients", ASSISTANCE.to_owned())]);
    let output = run(passerelle(&["check"], &borrowed(&settings)), b"").await;
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", text(&output.stderr));
    insta::assert_snapshot!("check_good", report);
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_where_a_stop_cuts_off_a_creation() {
    let sandbox = sandbox().await;
    let mut settings = glpi(&sandbox);
    settings.extend([("shutdown.grace", "25s".to_owned()), ("glpi.timeout", "10s".to_owned())]);
    let report = text(&run(passerelle(&["check"], &borrowed(&settings)), b"").await.stdout);
    let warning = "warning  stop: shutdown.grace is 25s, and a creation in GLPI may take 30s";
    assert!(report.contains(warning), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_who_in_charge_cannot_be_known() {
    let sandbox = sandbox().await;
    let settings = [
        ("people.operators", "DSI-BAI,Pilotage".to_owned()),
        ("people.referents.lsu", "Référents-LSU".to_owned()),
        ("people.referents.latin", "Référents-LSU".to_owned()),
        ("people.referents.lsuu", "lsu@ac-dijon.fr".to_owned()),
        ("people.tokens", "ONED:0123456789abcdef,021:0123456789abcdeg,onde:0123456789abcdeh".to_owned()),
        ("people.correspondents.021", "DSI-BAI".to_owned()),
        ("figures.report", "true".to_owned()),
    ];
    let all = [glpi(&sandbox), settings.to_vec()].concat();
    let report = text(&run(passerelle(&["check"], &borrowed(&all)), b"").await.stdout);
    for said in [
        "ERROR    people: GLPI has no group «Pilotage»",
        "warning  people: people.referents names the application «latin»",
        "warning  people: people.referents names the application «lsuu»",
        "Is «LSU» meant?",
        "warning  people: people.tokens names the application «ONED»",
        "Is «ONDE» meant?",
    ] {
        assert!(report.contains(said), "{said} in {report}");
    }
    for is_there in ["no group «DSI-BAI»", "the application «lsu»", "«021»", "the application «onde»", "0123456789"]
    {
        assert!(!report.contains(is_there), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_shown_in_the_terminal_and_the_report_before_it_is_sent() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    for (date, school) in [
        ("2026-10-05 09:00:00", None),
        ("2026-10-06 10:00:00", None),
        ("2026-09-07 10:00:00", Some("ce.0580001A@ac-dijon.fr")),
    ] {
        let mut ticket = serde_json::json!({"name": "LSU : bilans", "itilcategories_id": 2, "date": date});
        if let Some(address) = school {
            ticket["_users_id_requester"] = serde_json::json!([0]);
            ticket["_users_id_requester_notif"] =
                serde_json::json!({"use_notification": [1], "alternative_email": [address]});
        }
        staff.add("Ticket", ticket).await;
    }
    let settings = [glpi(&sandbox), vec![("people.correspondents.021", "ien@ac-dijon.fr".to_owned())]].concat();
    let shown = async |arguments: &[&str]| {
        let output = run(passerelle(arguments, &borrowed(&settings)), b"").await;
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, table, error) = shown(&["figures", "--period", "2026-10"]).await;
    assert_eq!(code, Some(0), "{error}");
    for said in
        ["octobre 2026", "2\u{a0}demandes pour la période. C’est 100,0\u{a0}% de plus", "Par application", "inconnu"]
    {
        assert!(table.contains(said), "{said} in {table}");
    }
    is_french_throughout(&table);
    let (_, line, _) = shown(&["figures", "--period", "2026-10", "--table", "applications", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((json["rows"][0]["name"].as_str(), json["rows"][0]["requests"].as_u64()), (Some("LSU"), Some(2)));
    let (_, same, _) = shown(&["figures", "--period", "2026-10", "--table", "applications", "--format", "json"]).await;
    assert_eq!(same, line);
    let spreadsheet = ["figures", "--period", "2026-10", "--format", "ods"];
    let file = run(passerelle(&spreadsheet, &borrowed(&settings)), b"").await.stdout;
    // Its entries are not compressed.
    let content = String::from_utf8_lossy(&file);
    assert!(file.starts_with(b"PK") && file.ends_with(&[0, 0]), "nothing stands around it");
    for said in ["table:name=\"Par application\"", "table:name=\"Délais\"", "<text:p>LSU</text:p>"] {
        assert!(content.contains(said), "{said} in {content}");
    }
    let (code, _, error) = shown(&["figures", "--format", "xls"]).await;
    assert!(code == Some(64) && error.contains("text, json, csv or ods"), "{error}");
    let (code, _, error) = shown(&["figures", "--table", "nothing"]).await;
    assert!(code == Some(64) && error.contains("applications"), "{error}");
    for typed in [
        &["figures", "--application", "LSUU"][..],
        &["figures", "articles", "--application", "LSUU", "--month", "2026-10"],
    ] {
        let (code, table, error) = shown(typed).await;
        assert!(code == Some(64) && table.is_empty() && error.contains("is \"LSU\" meant?"), "{error}");
    }
    for known in ["lsu", "ONDE", "inconnu"] {
        assert_eq!(shown(&["figures", "--application", known]).await.0, Some(0), "{known}");
    }
    let (code, _, error) = shown(&["figures", "--period", "2026"]).await;
    assert!(code == Some(64) && error.contains("no period"), "{error}");
    let (code, report, error) =
        shown(&["figures", "report", "--department", "21", "--month", "2026-10", "--dry-run"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(report.starts_with("to: ien@ac-dijon.fr") && report.contains("dans le département 021"), "{report}");
    for dry in [&[][..], &["--dry-run"]] {
        for asked in [&["report", "--department", "58"][..], &["articles", "--application", "lsu"]] {
            let (code, said, error) = shown(&[&["figures"], asked, &["--month", "2026-10"], dry].concat()).await;
            assert!(code == Some(1) && error.contains("nobody gets it"), "{asked:?}, {dry:?}: {error}");
            assert!(!said.contains("to:"), "{said}");
        }
    }
    for dry in [&[][..], &["--dry-run"]] {
        let arguments = [&["figures", "report", "--department", "999", "--month", "2026-10"], dry].concat();
        let (code, report, error) = shown(&arguments).await;
        assert!(code == Some(64) && report.is_empty(), "{report}");
        assert!(error.contains("neither a request nor the directory has \"999\""), "{error}");
    }
    // What is not over would keep the whole of it from being sent.
    let now = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap().date();
    for months in [0, 1, 11] {
        let month = now.saturating_add(jiff::Span::new().months(months)).strftime("%Y-%m").to_string();
        for asked in [&["report", "--department", "21"][..], &["articles", "--application", "LSU"]] {
            let (code, _, error) = shown(&[&["figures"], asked, &["--month", &month]].concat()).await;
            assert!(code == Some(64) && error.contains("is not over"), "{month}: {code:?} {error}");
        }
    }
    for (option, unknown, near) in [
        ("--application", "LSUU", "is \"LSU\" meant?"),
        ("--department", "999", "neither a request nor the directory has \"999\""),
        ("--circonscription", "Nulle part", "\"Nulle part\""),
        ("--school", "9999999Z", "\"9999999Z\""),
    ] {
        let (code, table, error) = shown(&["figures", option, unknown]).await;
        assert!(code == Some(64) && table.is_empty() && error.contains(near), "{option}: {error}");
    }
    let (_, line, _) =
        shown(&["figures", "--period", "2026-10", "--application", "lsu", "--table", "summary", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["rows"][0]["requests"], 2, "whatever its case");
}

/// It breaks off at a file that it does not take.
#[tokio::test(flavor = "multi_thread")]
async fn check_calls_the_right_to_read_file_types_necessary_on_eleven() {
    let sandbox = Sandbox::start(Options::eleven()).await.unwrap();
    let report = text(&run(passerelle(&["check"], &borrowed(&glpi(&sandbox))), b"").await.stdout);
    assert!(report.contains("ok       GLPI: version 11.0"), "{report}");
    let lacks = report.lines().find(|line| line.contains("«Setup > Document types: Read»")).unwrap();
    assert!(lacks.starts_with("ERROR    service account") && lacks.contains("GLPI 11 breaks off"), "{report}");
}

/// As `passerelle sandbox` starts it.
#[tokio::test(flavor = "multi_thread")]
async fn check_finds_nothing_wrong_with_the_stand_in() {
    for of_version in [Options::default(), Options::eleven()] {
        let sandbox = Sandbox::start(Options { set_up: true, ..of_version }).await.unwrap();
        let settings = [glpi(&sandbox), vec![("lmtp.listen", "127.0.0.1:2424".to_owned())]].concat();
        let output = run(passerelle(&["check"], &borrowed(&settings)), b"").await;
        let report = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{report}");
        assert!(report.contains("ok       file types: GLPI takes every usual one"), "{report}");
        assert!(report.contains(" 0 errors"), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_for_what_is_not_set_only() {
    let sandbox = sandbox().await;
    let (relay, operators) = (("smtp.url", "smtp://127.0.0.1:9"), ("quarantine.operators", "ops@ac-dijon.fr"));
    let both = "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read, and PASSERELLE_SMTP__URL.";
    for (more, remedy) in [
        (vec![], both),
        (vec![relay], "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read.\n"),
        (vec![operators], "Set PASSERELLE_SMTP__URL.\n"),
    ] {
        let base = glpi(&sandbox);
        let report = text(&run(passerelle(&["check"], &[borrowed(&base), more].concat()), b"").await.stdout);
        let quarantine = report.split("quarantine: nobody is told").nth(1).unwrap();
        assert!(quarantine.split('→').nth(1).unwrap().trim_start().starts_with(remedy), "{quarantine}");
    }
}

/// The account is there, and GLPI would not write to it.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_why_an_account_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("directeurs.csv");
    std::fs::write(&list, format!("email;role\n{};directeur\n", DIRECTORS[0])).unwrap();
    for (input, why) in [
        (serde_json::json!({"is_active": 0}), Some("inactive")),
        (serde_json::json!({"end_date": "2020-01-01 00:00:00"}), Some("outside its dates of validity")),
        (serde_json::Value::Null, Some("no profile")),
        (serde_json::json!({"is_active": 1}), None),
    ] {
        let sandbox = sandbox().await;
        let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
        if input.is_null() {
            for row in staff.get("User/7/Profile_User").await.as_array().unwrap() {
                staff.call(Method::DELETE, &format!("Profile_User/{}", row["id"]), serde_json::json!({})).await;
            }
        } else {
            staff.call(Method::PUT, "User/7", input).await;
        }
        let mut settings = glpi(&sandbox);
        settings.push(("directory.csv", list.to_str().unwrap().to_owned()));
        let letter = mail(DIRECTORS[0], "unheard", "LSU : accès", "Bonjour");
        let arguments = ["ingest", "--recipient", ASSISTANCE];
        let output = run(passerelle(&arguments, &borrowed(&settings)), &letter).await;
        let log = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert_eq!(sandbox.tickets().len(), 1, "{log}");
        let line = log.lines().find(|line| line.contains("GLPI would not write to this account"));
        assert_eq!(line.is_some(), why.is_some(), "{log}");
        if let (Some(line), Some(why)) = (line, why) {
            assert!(line.contains(why) && line.contains("account=7"), "{line}");
        }
        assert!(!log.to_lowercase().contains("0210001a"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faq_is_exported_in_each_format_to_a_folder_or_the_output() {
    let sandbox = sandbox().await;
    let editor = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let articles = [("LSU : valider \"tout\"", "<ul><li>Un <b>mot</b></li></ul>"), ("ONDE : admettre", "<p>Là</p>")];
    for (title, answer) in articles {
        let readers = serde_json::json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        let article = serde_json::json!({"name": title, "answer": answer, "is_faq": 1, "_visibility": readers});
        editor.add("KnowbaseItem", article).await;
    }
    let settings = glpi(&sandbox);
    let export = async |arguments: &[&str]| {
        let arguments = [&["export", "articles"], arguments].concat();
        let output = run(passerelle(&arguments, &borrowed(&settings)), b"").await;
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let json = export(&["--format", "json"]).await;
    let objects: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 2, "{json}");
    let html = export(&["--format", "html", "--application", "LSU"]).await;
    assert!(html.contains("<h1>LSU : valider &quot;tout&quot;</h1>\n<ul><li>Un <b>mot</b></li></ul>"), "{html}");
    assert!(!html.contains("ONDE"), "{html}");
    let typed = passerelle(&["export", "articles", "--application", "LSUU"], &borrowed(&settings));
    let output = run(typed, b"").await;
    assert!(output.status.code() == Some(64) && output.stdout.is_empty(), "{output:?}");
    assert!(text(&output.stderr).contains("is \"LSU\" meant?"), "{output:?}");
    let folder = tempfile::TempDir::new().unwrap();
    let below = folder.path().join("fiches");
    assert_eq!(export(&["--to", below.to_str().unwrap()]).await, "");
    let mut names: Vec<_> = std::fs::read_dir(&below).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["1-lsu-valider-tout.md", "2-onde-admettre.md"]);
    let markdown = std::fs::read_to_string(below.join("1-lsu-valider-tout.md")).unwrap();
    let head = "---\ntitle: \"LSU : valider \\\"tout\\\"\"\nid: 1\napplication: \"LSU\"\n";
    assert!(markdown.starts_with(head), "{markdown}");
    assert!(markdown.ends_with("\n---\n\n- Un **mot**\n\n"), "{markdown}");

    // What an earlier export wrote and this one does not is named, and nothing of somebody else's.
    std::fs::write(below.join("7-a-moi.txt"), "").unwrap();
    editor.call(Method::PUT, "KnowbaseItem/1", serde_json::json!({"name": "LSU : tout valider"})).await;
    editor.call(Method::PUT, "KnowbaseItem/2", serde_json::json!({"is_faq": 0})).await;
    for (more, expected) in
        [(&["--application", "lsu"][..], "1-lsu-valider-tout.md;"), (&[], "1-lsu-valider-tout.md, 2-onde-admettre.md;")]
    {
        let arguments = [&["export", "articles", "--to", below.to_str().unwrap()], more].concat();
        let output = run(passerelle(&arguments, &borrowed(&settings)), b"").await;
        assert!(output.status.success() && text(&output.stderr).contains(&format!(": {expected}")), "{output:?}");
    }
    drop(sandbox);
    // What fails first is told, not that calls are held back for it.
    for arguments in
        [&["export", "articles"][..], &["figures"], &["figures", "report", "--department", "21", "--month", "2026-10"]]
    {
        for (language, cause, remedy) in [
            ("en", "refused", "check host and port of PASSERELLE_GLPI__URL"),
            ("fr", "refusée", "vérifiez l’hôte et le port de PASSERELLE_GLPI__URL"),
        ] {
            let away = run(passerelle(&[arguments, &["--lang", language]].concat(), &borrowed(&settings)), b"").await;
            let said = text(&away.stderr);
            assert_eq!(away.status.code(), Some(75), "{arguments:?}: {said}");
            assert!(said.contains(cause) && said.contains(remedy), "{arguments:?}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn escalate_without_a_reason_names_both_ways_to_call_it() {
    let output = run(passerelle(&["escalate", "12"], &[]), b"").await;
    let said = text(&output.stderr);
    for part in ["passerelle escalate <TICKET> --reason <REASON>", "passerelle escalate --dry-run [--json]"] {
        assert!(said.contains(part), "{said}");
    }
}

/// A stock GLPI, looked at by its Super-Admin.
#[tokio::test(flavor = "multi_thread")]
async fn check_says_of_each_step_whether_nobody_tells_of_it_or_two_do() {
    let sandbox = sandbox().await;
    let report = async |more: &[(&'static str, &str)]| {
        let mut settings = vec![
            ("glpi.url", sandbox.url().to_string()),
            ("glpi.login", "glpi".to_owned()),
            ("glpi.password", "glpi".to_owned()),
        ];
        settings.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
        text(&run(passerelle(&["check"], &borrowed(&settings)), b"").await.stdout)
    };
    let holds = |report: &str, parts: &[&str]| {
        for part in parts {
            assert!(report.contains(part), "{part} in {report}");
        }
    };
    let stock = report(&[]).await;
    holds(
        &stock,
        &[
            "warning  receipts: GLPI and Passerelle both write to the requester",
            "warning  new tickets: GLPI does not tell the members of the assigned group",
            "add the recipient «Group in charge of the ticket» to «New ticket», active, or set notify.group = \"passerelle\"",
            "warning  charge: GLPI does not tell the requester",
            "«New user in assignees» or «Update of a ticket»",
            "ok       questions: GLPI tells the requester",
            "ok       solutions: GLPI tells the requester",
            "ok       closings: GLPI tells the requester",
            "warning  reminders: GLPI does not tell the members of the assigned group",
            "ok       escalations: GLPI tells the members of the assigned group",
        ],
    );
    let ours = report(&[
        ("notify.deposit", "glpi"),
        ("notify.group", "passerelle"),
        ("notify.charge", "passerelle"),
        ("notify.solution", "passerelle"),
        ("notify.closing", "off"),
        ("notify.reminder", "passerelle"),
    ])
    .await;
    holds(
        &ours,
        &[
            "ok       receipts: GLPI tells the requester",
            "ok       new tickets: Passerelle tells the members of the assigned group",
            "ok       charge: Passerelle tells the requester",
            "warning  solutions: GLPI and Passerelle both write to the requester",
            "ok       reminders: Passerelle tells",
        ],
    );
    assert!(!ours.contains("closings"), "{ours}");
    let blind = report(&[("glpi.login", "passerelle"), ("glpi.password", "passerelle")]).await;
    holds(&blind, &["warning  GLPI notifications: the account may not read them", "«New ticket» needs the recipient"]);
}

/// A file of closed periods, whose last one ends on this day.
fn closed_until(last: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fermetures.toml");
    let period = format!("[[closed]]\nname = \"Toussaint\"\nfrom = 2020-10-17\nto = {last}\n");
    std::fs::write(&file, period).unwrap();
    (folder, file.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_for_the_next_closed_periods_when_the_last_ones_are_over() {
    let sandbox = sandbox().await;
    for (last, found) in [
        ("2020-11-01", "warning  calendar: the closed periods end on 2020-11-01"),
        ("9999-12-31", "ok       calendar: closed periods until 9999-12-31"),
    ] {
        let (_folder, closed) = closed_until(last);
        let mut settings = glpi(&sandbox);
        settings.push(("calendar.closed", closed));
        let report = text(&run(passerelle(&["check"], &borrowed(&settings)), b"").await.stdout);
        assert!(report.contains(found), "{found} in {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_each_thing_that_is_wrong_with_its_remedy() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let mapping = include_str!("../../mappings/lsu.toml")
        .replace("Scolarité > LSU", "Scolarité > LSV")
        .replace("\"Référents-LSU\"", "\"Référents-LSV\"");
    std::fs::write(folder.path().join("lsu.toml"), mapping).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let entity = "entity = \"Entité racine > Dijon\"\nurgency =";
    let mapping = include_str!("../../mappings/lsu.toml").replacen("urgency =", entity, 1);
    std::fs::write(elsewhere.path().join("lsu.toml"), mapping).unwrap();
    let wrong = |changes: &[(&'static str, &str)]| {
        let mut settings = glpi(&sandbox);
        for (key, value) in changes {
            settings.retain(|(other, _)| other != key);
            settings.push((key, (*value).to_owned()));
        }
        settings
    };
    let (_folder, closed) = closed_until("2020-11-01");
    let much = wrong(&[
        ("mappings.dir", folder.path().to_str().unwrap()),
        ("calendar.closed", &closed),
        ("quota.backend", "redis"),
        ("redis.url", "redis://127.0.0.1:9/"),
        ("smtp.url", "smtp://127.0.0.1:9"),
        ("quarantine.operators", "ops@ac-dijon.fr"),
        ("directory.glpi_group", "Nobody"),
        ("mail.forwarders", "Référents-LSU, Inconnus"),
        ("sender.require", "aligned"),
        ("shutdown.grace", "5s"),
        ("http.listen", "127.0.0.1:8080"),
    ]);
    let output = run(passerelle(&["check"], &borrowed(&much)), b"").await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    insta::assert_snapshot!("check_bad", text(&output.stdout).replace(folder.path().to_str().unwrap(), "mappings"));
    let cases = [
        (
            wrong(&[
                ("mappings.dir", elsewhere.path().to_str().unwrap()),
                ("glpi.login", "dir1"),
                ("glpi.password", "dir1"),
            ]),
            "lacks «Administration > Entities: Read», to",
            "items of one name in several entities",
        ),
        (wrong(&[("time_zone", "UTC")]), "ERROR    clock: GLPI's shows", "Set time_zone to the one GLPI counts in"),
        (wrong(&[("glpi.password", "faux")]), "ERROR    GLPI", "→"),
        (wrong(&[("glpi.url", "http://127.0.0.1:9/")]), "ERROR    GLPI", "PASSERELLE_GLPI__URL"),
    ];
    for (settings, found, remedy) in cases {
        let output = run(passerelle(&["check"], &borrowed(&settings)), b"").await;
        let report = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{report}\n{}", text(&output.stderr));
        assert!(report.contains(found) && report.contains(remedy), "{found} and {remedy} in {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_are_no_text_are_arguments_that_cannot_be_used() {
    use std::os::unix::ffi::OsStringExt as _;
    for (arguments, code) in [(&["check"][..], 64), (&[][..], 64), (&["ingest"][..], 75)] {
        let mut command = passerelle(arguments, &[]);
        command.arg(std::ffi::OsString::from_vec(b"--\xff".to_vec()));
        let output = run(command, b"").await;
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(code) && !said.contains("defect"), "{arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_shown_at_its_place_and_ends_with_ex_config() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    std::fs::write(&file, "[glpi]\nurll = \"x\"\n").unwrap();
    let output = run(passerelle(&["serve", "--config", file.to_str().unwrap()], &[]), b"").await;
    assert_eq!(output.status.code(), Some(78));
    let shown = text(&output.stderr);
    assert!(shown.contains("unknown key \"urll\"") && shown.contains("passerelle.toml:2:1"), "{shown}");
    let ingest = run(passerelle(&["ingest", "--config", file.to_str().unwrap()], &[]), b"").await;
    assert_eq!(ingest.status.code(), Some(75), "the relay keeps the mail");
    let nothing = run(passerelle(&["serve"], &[]), b"").await;
    assert!(text(&nothing.stderr).contains("no configuration is given"), "{}", text(&nothing.stderr));
}

/// What may pass by itself is worth another start; for the rest somebody has to change something.
#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_gateway_from_listening_for_now_ends_the_start_with_ex_tempfail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (taken, file) = (other.local_addr().unwrap().to_string(), format!("unix:{}", file.display()));
    for (key, address, code) in [
        ("lmtp.listen", "192.0.2.1:2424", 75),
        ("lmtp.listen", "passerelle.invalid:2424", 75),
        ("lmtp.listen", taken.as_str(), 75),
        ("http.listen", taken.as_str(), 75),
        ("lmtp.listen", file.as_str(), 78),
    ] {
        let settings = [("glpi.url", "http://127.0.0.1:9"), ("glpi.user_token", "jeton"), (key, address)];
        let output = run(passerelle(&["serve"], &settings), b"").await;
        let shown = text(&output.stderr);
        assert!(output.status.code() == Some(code) && shown.contains("cannot listen on"), "{address}: {shown}");
    }
    let unit = include_str!("../../packaging/passerelle.service");
    let stays_down = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
    let stays_down: Vec<_> = stays_down.split(' ').collect();
    assert!(stays_down.contains(&"78") && !stays_down.contains(&"75"), "{stays_down:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_answers_a_pipe_transport_in_sysexits() {
    let sandbox = sandbox().await;
    let settings = glpi(&sandbox);
    let ingest = || passerelle(&["ingest", "--sender", DIRECTORS[0], "--recipient", ASSISTANCE], &borrowed(&settings));
    let request = mail(DIRECTORS[0], "stdin", "LSU : par tube", "Bonjour");

    sandbox.set_failures(Rule::always(Failure::Maintenance));
    assert_eq!(run(ingest(), &request).await.status.code(), Some(75));
    sandbox.set_failures(passerelle::sandbox::Failures::none());
    for _ in 0..2 {
        let output = run(ingest(), &request).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    assert_eq!(titled(&sandbox, "par tube").len(), 1);
    let refused = run(ingest(), &mail(DIRECTORS[0], "stdin2", "Bonjour", "…")).await;
    assert_eq!(refused.status.code(), Some(0));
    assert!(text(&refused.stderr).contains("refused: no-keyword"), "{}", text(&refused.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_becomes_healthy_reloads_its_mappings_and_stops_on_a_signal() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let mapping = folder.path().join("lsu.toml");
    std::fs::write(&mapping, include_str!("../../mappings/lsu.toml")).unwrap();
    let elsewhere = include_str!("../../mappings/onde.toml").replace("Référents-ONDE", "Référents-Ailleurs");
    std::fs::write(folder.path().join("onde.toml"), elsewhere).unwrap();
    let address = free_address();
    let mut settings = glpi(&sandbox);
    settings.push(("http.listen", address.clone()));
    settings.push(("http.form_tokens", "token-of-the-portal".to_owned()));
    settings.push(("mappings.dir", folder.path().to_str().unwrap().to_owned()));
    let serving = passerelle(&["serve"], &borrowed(&settings)).spawn().unwrap();
    let health = || run(passerelle(&["healthcheck", "--ready"], &[("http.listen", &address)]), b"");
    until("healthy", async || health().await.status.success()).await;

    let post = async |title: &str| {
        let fields = crate::support::gateway::form(DIRECTORS[0], title);
        let url = format!("http://{address}/v1/requests");
        reqwest::Client::new().post(url).bearer_auth("token-of-the-portal").json(&fields).send().await.unwrap()
    };
    // A mistake keeps the old rules; a good file replaces them.
    std::fs::write(&mapping, "name = ").unwrap();
    hang_up(serving.id());
    assert_eq!(post("Avec les anciennes règles").await.status(), 201);
    std::fs::write(&mapping, include_str!("../../mappings/lsu.toml").replace("Référents-LSU", "Référents-APAE"))
        .unwrap();
    hang_up(serving.id());
    let mut number = 0;
    until("reloaded", async || {
        number += 1;
        let answer: serde_json::Value = post(&format!("Nouvelles règles {number}")).await.json().await.unwrap();
        answer["group"] == "Référents-APAE"
    })
    .await;

    signal(serving.id(), "TERM");
    let output = tokio::task::spawn_blocking(move || serving.wait_with_output().unwrap()).await.unwrap();
    let log = text(&output.stderr);
    assert!(output.status.success(), "{log}");
    let start = "requests of this mapping will wait: GLPI has no group «Référents-Ailleurs»";
    for line in [start, "mappings not reloaded, the old ones stay", "mappings reloaded"] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(!log.contains("ac-dijon.fr"), "an address in {log}");
    assert!(!health().await.status.success());
}

/// In the language of whoever asks, with the reason and what to look at.
#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_says_what_is_wrong_in_one_language() {
    for (settings, english, french) in [
        (vec![("lmtp.listen", "127.0.0.1:9")], "cannot reach the gateway", "ne se laisse pas joindre"),
        (vec![("http.listen", "127.0.0.1:9")], "«passerelle serve» running?", "est-il en marche ?"),
        (vec![], "neither http.listen nor lmtp.listen", "ni http.listen ni lmtp.listen"),
    ] {
        for (locale, opening, part) in [("C", "not healthy: ", english), ("fr_FR.UTF-8", "en mauvais état : ", french)]
        {
            let mut command = passerelle(&["healthcheck"], &settings);
            command.env("LC_ALL", locale);
            let output = run(command, b"").await;
            let said = text(&output.stderr).replace('\u{a0}', " ");
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.starts_with(opening) && said.contains(part), "{locale}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_finds_lmtp_on_a_socket_a_name_or_an_address() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let port = || free_address().rsplit_once(':').unwrap().1.to_owned();
    let socket = format!("unix:{}", folder.path().join("lmtp.sock").display());
    for address in [socket, format!("localhost:{}", port()), format!("0.0.0.0:{}", port())] {
        let mut settings = glpi(&sandbox);
        settings.push(("lmtp.listen", address.clone()));
        let health = || run(passerelle(&["healthcheck"], &[("lmtp.listen", &address)]), b"");
        assert_eq!(health().await.status.code(), Some(1), "nobody listens on {address} yet");
        let serving = passerelle(&["serve"], &borrowed(&settings)).spawn().unwrap();
        until("healthy", async || health().await.status.success()).await;
        signal(serving.id(), "TERM");
        let ended = tokio::task::spawn_blocking(move || serving.wait_with_output().unwrap()).await.unwrap();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_says_where_it_is_how_to_enter_and_how_to_stop_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut child = passerelle(&["sandbox", "--listen", "127.0.0.1:0"], &[]).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    let said = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        for line in BufReader::new(output).lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
            if said.contains("Ctrl-C") {
                break;
            }
        }
        said
    })
    .await
    .unwrap();
    for part in ["GLPI (bac à sable)  http://127.0.0.1:", "identifiant passerelle, mot de passe passerelle", "Ctrl-C"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let api = said.lines().find_map(|line| line.strip_prefix("API  ")).unwrap();
    let session = reqwest::Client::new().get(format!("{api}/initSession")).basic_auth("passerelle", Some("passerelle"));
    assert_eq!(session.send().await.unwrap().status(), 200);
    signal(child.id(), "TERM");
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
}

/// An address nobody listens on right now.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn hang_up(process: u32) {
    signal(process, "HUP");
}

fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap().success());
}

/// Asks until the answer is yes.
async fn until(what: &str, mut yes: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !yes().await {
        assert!(Instant::now() < deadline, "not {what} in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn the_example_configuration_is_valid() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/example.toml");
    passerelle::config::load_from(Some(&file), []).unwrap();
}

/// A ticket of the référents of LSU, as the gateway makes it.
async fn ticket_of_lsu(sandbox: &Sandbox, title: &str) -> String {
    let settings = glpi(sandbox);
    let command = passerelle(&["ingest", "--sender", DIRECTORS[0], "--recipient", ASSISTANCE], &borrowed(&settings));
    let request = mail(DIRECTORS[0], title, &format!("LSU : {title}"), "Bonjour");
    assert!(run(command, &request).await.status.success());
    titled(sandbox, title)[0].id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn escalate_moves_a_ticket_and_back_or_says_why_not() {
    let sandbox = sandbox().await;
    let id = ticket_of_lsu(&sandbox, "escalade").await;
    let settings = glpi(&sandbox);
    let escalate = async |arguments: &[&str]| {
        let output = run(passerelle(&[&["escalate"], arguments].concat(), &borrowed(&settings)), b"").await;
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let groups = || titled(&sandbox, "escalade")[0].assigned_groups.clone();
    let (code, said, log) = escalate(&[&id, "--reason", "Panne", "--by", "Jeanne Martin"]).await;
    assert_eq!((code, said.as_str()), (Some(0), format!("ticket {id}: Référents-LSU → DSI-BAI\n").as_str()), "{log}");
    assert_eq!(groups(), ["DSI-BAI"]);
    let note = &titled(&sandbox, "escalade")[0].followups[0].content;
    for part in ["Escalade effectuée", "Demandée par Jeanne Martin le ", "en ligne de commande", "Motif\u{a0}: Panne"]
    {
        assert!(note.contains(part), "{part} in {note}");
    }
    // A repeat with its target changes nothing, nor does one that leads nowhere.
    assert_eq!(escalate(&[&id, "--reason", "encore", "--to", "DSI-BAI"]).await.0, Some(0));
    let (code, _, log) = escalate(&[&id, "--reason", "encore"]).await;
    assert!(code == Some(1) && log.contains("highest level"), "{log}");
    assert_eq!(titled(&sandbox, "escalade")[0].followups.len(), 1);
    assert_eq!(escalate(&[&id, "--back", "--reason", "Réglé", "--to", "Référents-LSU"]).await.0, Some(0));
    assert_eq!(groups(), ["Référents-LSU"]);

    let (code, _, log) = escalate(&["99999", "--reason", "Panne"]).await;
    assert!(code == Some(1) && log.contains("GLPI has no ticket 99999"), "{log}");
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    assert_eq!(escalate(&[&id, "--reason", "Panne"]).await.0, Some(75));
    for wrong in [&["escalate"][..], &["escalate", &id], &["escalate", "--dry-run", &id], &["escalate", &id, "--json"]]
    {
        assert_eq!(run(passerelle(wrong, &[]), b"").await.status.code(), Some(64), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn escalate_shows_what_the_rules_would_do_and_changes_nothing() {
    let sandbox = sandbox().await;
    let (waiting, gone) = (ticket_of_lsu(&sandbox, "attend").await, ticket_of_lsu(&sandbox, "parti").await);
    let folder = tempfile::tempdir().unwrap();
    let mapping = |remind: &str, after: &str| {
        let mapping = include_str!("../../mappings/lsu.toml")
            .replace("remind_after = \"8h\"", &format!("remind_after = \"{remind}\""))
            .replace("after = \"16h\"", &format!("after = \"{after}\""));
        std::fs::write(folder.path().join("lsu.toml"), mapping).unwrap();
    };
    let mut settings = glpi(&sandbox);
    settings.push(("mappings.dir", folder.path().to_str().unwrap().to_owned()));
    mapping("8h", "16h");
    let escalated = run(passerelle(&["escalate", &gone, "--reason", "x"], &borrowed(&settings)), b"").await;
    assert!(escalated.status.success());
    let before = sandbox.tickets();
    let output = run(passerelle(&["escalate", "--dry-run"], &borrowed(&settings)), b"").await;
    let table = text(&output.stdout);
    assert!(output.status.success(), "{table}{}", text(&output.stderr));
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].trim_start().starts_with("ticket  since"), "{table}");
    let row = rows.iter().find(|row| row.trim_start().starts_with(&format!("{waiting}  "))).unwrap();
    assert!(row.contains("  nothing   20") && row.ends_with("Référents-LSU"), "{row}");
    assert_eq!(rows.last(), Some(&"1 waiting"), "{table}");

    let json = |output: Output| {
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let lines = json(run(passerelle(&["escalate", "--dry-run", "--json"], &borrowed(&settings)), b"").await);
    assert_eq!(lines[0]["ticket"].to_string(), waiting);
    assert_eq!((&lines[0]["action"], &lines[0]["group"]), (&"nothing".into(), &"Référents-LSU".into()));
    assert!(lines.len() == 1 && lines[0]["next"].is_string(), "{lines:?}");
    assert_eq!(sandbox.tickets(), before);
}
