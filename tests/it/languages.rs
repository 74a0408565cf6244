//! What operators read of `escalate`, `export`, `figures` and `try`, of help and of what is wrong with a command line, is in
//! one language: that of the locale, or of `--lang`.

use std::path::Path;

use passerelle::sandbox::{Failure, Options, Rule, Sandbox};

use crate::{
    commands::{glpi, passerelle, run, text},
    support::{
        bilingual::foreign_lines,
        gateway::{ASSISTANCE, DIRECTORS, mail, sandbox, titled},
        sink::{Moods, Sink},
    },
};

/// What is typed, the exit code, and what is said in French and in English.
type Row<'a> = (&'a [&'a str], i32, &'a str, &'a str);

/// A site whose commands are tried.
struct Site {
    glpi: Sandbox,
    settings: Vec<(&'static str, String)>,
    wrong: Vec<String>,
}

impl Site {
    async fn new(settings: &[(&'static str, String)]) -> Self {
        let sandbox = sandbox().await;
        let settings = [&glpi(&sandbox)[..], settings, &[("glpi.retries", "0".to_owned())]].concat();
        Self { glpi: sandbox, settings, wrong: Vec::new() }
    }

    /// The exit code and all that is said, in the language of the locale.
    async fn said(&self, arguments: &[&str], locale: &str) -> (Option<i32>, String) {
        let settings: Vec<_> = self.settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let mut command = passerelle(arguments, &settings);
        command.env("LC_ALL", locale);
        let output = run(command, b"").await;
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }

    /// Keeps what is wrong with the French of a command; its English is another one's.
    async fn row(&mut self, (arguments, code, french, _): Row<'_>) {
        let (ended, said) = self.said(arguments, "fr_FR.UTF-8").await;
        let mut faults = foreign_lines(&said);
        if ended != Some(code) {
            faults.push(format!("{ended:?}, not {code}"));
        }
        if !said.contains(french) {
            faults.push(format!("not «{french}»"));
        }
        if !faults.is_empty() {
            self.wrong.push(format!("{arguments:?}: {faults:?}\n{said}"));
        }
    }

    /// The same where nothing is changed: in French by the locale, in English by `--lang`, whatever the locale is.
    async fn both(&mut self, row: Row<'_>) {
        self.row(row).await;
        let (arguments, code, french, english) = row;
        let (ended, said) = self.said(&[arguments, &["--lang", "en"]].concat(), "fr_FR.UTF-8").await;
        if ended != Some(code) || !said.contains(english) || said.contains(french) {
            self.wrong.push(format!("{arguments:?} in English, {ended:?}:\n{said}"));
        }
    }

    fn assert_right(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

const AWAY: (&str, &str) = ("GLPI ne peut pas répondre\u{a0}: ", "GLPI cannot answer: ");

#[tokio::test(flavor = "multi_thread")]
async fn escalate_speaks_one_language() {
    let mut site = Site::new(&[]).await;
    let settings: Vec<_> = site.settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let ingest = passerelle(&["ingest", "--sender", DIRECTORS[0], "--recipient", ASSISTANCE], &settings);
    assert!(run(ingest, &mail(DIRECTORS[0], "langue", "LSU : langue", "Bonjour")).await.status.success());
    let id = titled(&site.glpi, "langue")[0].id.to_string();

    site.both((&["escalate", "--dry-run"], 0, "temps ouvré", "working time")).await;
    site.both((&["escalate", "--dry-run"], 0, "1 en attente", "1 waiting")).await;
    let gone = ("n°\u{a0}99999 n’existe pas", "GLPI has no ticket 99999");
    site.both((&["escalate", "99999", "--reason", "Panne"], 1, gone.0, gone.1)).await;
    let elsewhere = ("irait au groupe «\u{a0}DSI-BAI\u{a0}», pas à", "would go to «DSI-BAI», not to");
    site.both((&["escalate", &id, "--reason", "Panne", "--to", "Ailleurs"], 1, elsewhere.0, elsewhere.1)).await;
    let lowest = ("est déjà au premier niveau", "lowest level");
    site.both((&["escalate", &id, "--back", "--reason", "Panne"], 1, lowest.0, lowest.1)).await;
    let moved = format!("ticket {id}\u{a0}: Référents-LSU → DSI-BAI");
    site.row((&["escalate", &id, "--reason", "Panne"], 0, &moved, "")).await;
    let highest = ("est déjà au niveau le plus élevé", "highest level");
    // Another reason: the same one would be a repeat.
    site.both((&["escalate", &id, "--reason", "Encore"], 1, highest.0, highest.1)).await;
    site.glpi.set_failures(Rule::always(Failure::Maintenance));
    site.both((&["escalate", &id, "--reason", "Panne"], 75, AWAY.0, AWAY.1)).await;
    site.both((&["escalate", "--dry-run"], 75, AWAY.0, AWAY.1)).await;
    site.assert_right();
}

/// What is said of an application that there is not.
const UNKNOWN: (&str, &str) = ("s’agit-il de «\u{a0}LSU\u{a0}»\u{a0}? Il y a ", "is \"LSU\" meant? There are ");

#[tokio::test(flavor = "multi_thread")]
async fn export_speaks_one_language() {
    let mut site = Site::new(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fichier");
    std::fs::write(&file, "").unwrap();
    let below = file.join("fiches");
    site.both((&["export", "articles", "--application", "LSUU"], 64, UNKNOWN.0, UNKNOWN.1)).await;
    let unwritten = ("ne peuvent pas être écrits dans ", "cannot be written to ");
    let to = below.to_str().unwrap();
    site.both((&["export", "articles", "--to", to], 1, unwritten.0, unwritten.1)).await;
    site.glpi.set_failures(Rule::always(Failure::Maintenance));
    site.both((
        &["export", "articles"],
        75,
        "les articles ne peuvent pas être lus\u{a0}: GLPI ne",
        "cannot be read: GLPI",
    ))
    .await;
    site.settings.push(("glpi.timeout", "longtemps".to_owned()));
    site.both((&["export", "articles"], 78, "remède", "help")).await;
    site.assert_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_told_in_one_language() {
    let relay = Sink::start(Moods::default()).await;
    let away = Sink::start(Moods { away: true, ..Moods::default() }).await;
    let people = |key, who: &str| (key, who.to_owned());
    let mut site = Site::new(&[
        people("people.correspondents.021", "ien@ac-dijon.fr"),
        people("people.referents.LSU", "lsu@ac-dijon.fr"),
    ])
    .await;
    let unknown = ("il n’y a pas de tableau «\u{a0}rien\u{a0}»", "there is no table \"rien\"");
    site.both((&["figures", "--table", "rien"], 64, unknown.0, unknown.1)).await;
    site.both((&["figures", "--application", "LSUU"], 64, UNKNOWN.0, UNKNOWN.1)).await;
    let month: &[&str] = &["--month", "2026-10"];
    let articles = |application| [&["figures", "articles", "--application", application], month].concat();
    let report = |department| [&["figures", "report", "--department", department], month].concat();
    site.both((&articles("LSUU"), 64, UNKNOWN.0, UNKNOWN.1)).await;
    let to = ("à\u{a0}: ien@ac-dijon.fr", "to: ien@ac-dijon.fr");
    site.both((&[&report("021")[..], &["--dry-run"]].concat(), 0, to.0, to.1)).await;
    let to = ("à\u{a0}: lsu@ac-dijon.fr", "to: lsu@ac-dijon.fr");
    site.both((&[&articles("LSU")[..], &["--dry-run"]].concat(), 0, to.0, to.1)).await;
    let unknown = (
        "ni une demande ni l’annuaire ne connaît «\u{a0}058\u{a0}»",
        "neither a request nor the directory has \"058\"",
    );
    site.both((&report("058"), 64, unknown.0, unknown.1)).await;
    // One that has a request, and no correspondent.
    let settings: Vec<_> = site.settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let ingest = passerelle(&["ingest", "--sender", DIRECTORS[3], "--recipient", ASSISTANCE], &settings);
    assert!(run(ingest, &mail(DIRECTORS[3], "langue", "LSU : langue", "Bonjour")).await.status.success());
    let nobody = ("personne ne le reçoit\u{a0}: nommez quelqu’un dans people.correspondents.058", "nobody gets it");
    site.both((&report("058"), 1, nobody.0, nobody.1)).await;
    site.both((&articles("LSU"), 0, "il n’y a rien à en dire", "there is nothing to tell")).await;

    site.settings.push(("smtp.url", away.url()));
    site.both((&report("021"), 75, "n’a pas tout pris", "did not take all")).await;
    site.settings.push(("smtp.url", relay.url()));
    site.row((&report("021"), 0, "envoyé à ien@ac-dijon.fr", "")).await;
    site.both((&report("021"), 0, "déjà envoyé\u{a0}: GLPI en a une note", "sent before: GLPI has a note of it")).await;
    assert_eq!(relay.taken().len(), 1);
    site.glpi.set_failures(Rule::always(Failure::Maintenance));
    for asked in [&["figures"][..], &report("021"), &articles("LSU")] {
        site.both((asked, 75, AWAY.0, AWAY.1)).await;
    }
    site.assert_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_is_told_in_one_language() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directeurs.csv");
    std::fs::write(&csv, format!("email\n{}\n", DIRECTORS[0])).unwrap();
    let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    write("1.eml", &mail(DIRECTORS[0], "l1", "LSU", "Bonjour"));
    write("2.eml", &mail("x@example.org", "l2", "LSU", "Bonjour"));
    let mut site =
        Site::new(&[("directory.csv", csv.display().to_string()), ("directory.sources", "csv".to_owned())]).await;
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (all, first) = (path(folder.path()), path(&folder.path().join("1.eml")));
    site.both((&["try", &all], 0, "refusé     foreign-sender", "refused    foreign-sender")).await;
    site.both((&["try", &all], 0, "courriels  suite      motif", "mails  outcome    reason")).await;
    site.both((&["try", &all, "--details"], 0, "2.eml\u{a0}: refusé (foreign-sender)", "2.eml: refused (")).await;
    site.both((&["try", &first], 0, "1.eml\u{a0}: créé (created)", "1.eml: created (created)")).await;
    let missing = path(&folder.path().join("3.eml"));
    let unread = ("ne peut pas être lu\u{a0}: ce fichier", "cannot be read: No such file");
    site.both((&["try", &missing], 1, unread.0, unread.1)).await;
    // A machine reads the same in both.
    let mut json = Vec::new();
    for locale in ["fr_FR.UTF-8", "C"] {
        let said = site.said(&["try", &all, "--json"], locale).await.1;
        json.push(said.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect::<Vec<_>>());
    }
    assert!(json[0] == json[1] && json[0].len() == 2, "{json:?}");
    site.settings.retain(|(key, _)| *key != "directory.csv" && *key != "directory.sources");
    site.glpi.set_failures(Rule::always(Failure::Maintenance));
    site.both((
        &["try", &first],
        0,
        "annuaire dans GLPI\u{a0}: GLPI ne peut pas",
        "directory in GLPI: GLPI cannot answer",
    ))
    .await;
    site.assert_right();
}

/// What is said without the names of a command and of a value that are English words.
fn without_names(said: &str) -> String {
    said.replace("escalate", "").replace("<WHO>", "")
}

/// The exit code and all that is said of these words.
async fn of_words(arguments: &[&str], locale: &str) -> (Option<i32>, String) {
    let mut command = passerelle(arguments, &[]);
    command.env("LC_ALL", locale);
    let output = run(command, b"").await;
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

/// What cannot be understood is told in the language of the locale, with the code of before; each of clap's kinds.
#[tokio::test]
async fn a_mistyped_command_line_is_answered_in_one_language() {
    let rows: &[Row<'_>] = &[
        (&["inform", "--zones", "021"], 64, "l’option «\u{a0}--zones\u{a0}» n’existe pas ici", "unexpected argument"),
        (&["inform", "--zones", "021"], 64, "vouliez-vous dire «\u{a0}--zone\u{a0}»", "similar argument"),
        (&["healthcheck", "x"], 64, "l’argument «\u{a0}x\u{a0}» est de trop", "unexpected argument"),
        (&["informe"], 64, "la commande «\u{a0}informe\u{a0}» n’existe pas", "unrecognized subcommand"),
        (&[], 64, "Commandes\u{a0}:", "Commands:"),
        (&["export", "--lang", "de"], 64, "«\u{a0}de\u{a0}» ne convient pas à", "invalid value"),
        (&["export", "--lang", "de"], 64, "valeurs possibles\u{a0}: fr, en", "possible values"),
        (
            &["inform", "a.md", "--zone"],
            64,
            "il manque une valeur à «\u{a0}--zone <ZONE>\u{a0}»",
            "a value is required",
        ),
        (&["inform", "show", "P-7"], 64, "ce n’est pas une référence, comme P-", "this is no reference"),
        (&["figures", "--period", "hier"], 64, "ce n’est pas une période", "this is no period"),
        (&["figures", "--department", "x"], 64, "ce n’est pas un numéro de département", "this is no department"),
        (&["figures", "report", "--month", "x", "--department", "021"], 64, "ce n’est pas un mois", "this is no month"),
        (&["audit", "--since", "hier"], 64, "ce n’est ni une durée", "neither a time"),
        (&["audit", "--patience", "peu"], 64, "ce n’est pas une durée", "this is no time"),
        (
            &["inform", "resume", "P-7K3M-Q2XV-9D4T", "--doubtful", "x"],
            64,
            "donnez `sent` ou `send`",
            "give sent or send",
        ),
        (&["escalate", "x", "--reason", "y"], 64, "«\u{a0}x\u{a0}» ne convient pas à", "invalid value"),
        (&["escalate", "1"], 64, "il manque\u{a0}: --reason <REASON>", "required arguments were not provided"),
        (&["inform"], 64, "il manque\u{a0}: <FILE>", "required arguments were not provided"),
        (&["escalate", "1", "--dry-run"], 64, "ne va pas avec\u{a0}: --dry-run", "cannot be used with"),
        (&["inform", "a", "--json", "--json"], 64, "ne peut être donné qu’une fois", "cannot be used multiple times"),
        (&["export"], 64, "Commandes\u{a0}:", "Commands:"),
        (&["ingest", "--nothing"], 75, "n’existe pas ici", "unexpected argument"),
    ];
    let mut wrong = Vec::new();
    for (arguments, code, french, english) in rows {
        let (ended, said) = of_words(arguments, "fr_FR.UTF-8").await;
        let foreign = foreign_lines(&without_names(&said));
        if ended != Some(*code) || !said.contains(french) || !foreign.is_empty() {
            wrong.push(format!("{arguments:?}, {ended:?}, {foreign:?}: not «{french}» but\n{said}"));
        }
        let (ended, said) = of_words(arguments, "C").await;
        if ended != Some(*code) || !said.contains(english) {
            wrong.push(format!("{arguments:?}, {ended:?}: not «{english}» but\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each text of every command's help is French under a French locale: none stands there as it does in English.
#[tokio::test]
async fn help_is_in_one_language() {
    let mut wrong = Vec::new();
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    let mut many = 0;
    while let Some(words) = commands.pop() {
        many += 1;
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let (code, english) = of_words(&arguments, "C").await;
        let (ended, french) = of_words(&arguments, "fr_FR.UTF-8").await;
        assert_eq!((code, ended), (Some(0), Some(0)), "{words:?}");
        // What is no text: how to call it, names of options and of values.
        let is_text = |line: &str| {
            let line = line.trim();
            line.split(' ').filter(|word| word.len() > 1 && word.chars().all(char::is_alphabetic)).count() > 2
                && !line.starts_with("passerelle ")
        };
        let same = french.lines().filter(|line| is_text(line) && english.lines().any(|other| other == *line));
        wrong.extend(same.map(|line| format!("{words:?}: {line}")));
        wrong.extend(foreign_lines(&without_names(&french)).into_iter().map(|line| format!("{words:?}: {line}")));
        let list = english.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        let names = names.filter(|name| !name.is_empty() && *name != "help");
        commands.extend(names.map(|name| [&words[..], &[name.to_owned()]].concat()));
    }
    assert!(wrong.is_empty() && many > 20, "{many}: {}", wrong.join("\n"));
}

/// A command's answer has no line of the log before it, unless somebody asks for the log.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directeurs.csv");
    std::fs::write(&csv, format!("email\n{}\n", DIRECTORS[0])).unwrap();
    let file = folder.path().join("1.eml");
    std::fs::write(&file, mail(DIRECTORS[0], "log", "LSU", "Bonjour")).unwrap();
    let mut site =
        Site::new(&[("directory.csv", csv.display().to_string()), ("directory.sources", "csv".to_owned())]).await;
    let arguments = ["try", file.to_str().unwrap()];
    let (_, said) = site.said(&arguments, "C").await;
    assert!(!said.contains("INFO") && said.contains("created"), "{said}");
    site.settings.push(("log.filter", "info".to_owned()));
    let (_, said) = site.said(&arguments, "C").await;
    assert!(said.contains("read the directory file"), "{said}");
}

/// The comments of the configuration that setup writes are in the language of whoever runs it.
#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_that_setup_writes_has_comments_in_one_language() {
    let sandbox = Sandbox::start(Options::eleven()).await.unwrap();
    let url = sandbox.url().to_string();
    for (locale, opening, other) in [
        ("fr_FR.UTF-8", "# Configuration de Passerelle, écrite par", "written by"),
        ("C", "# Passerelle's configuration, written by", "écrite par"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().to_str().unwrap();
        let arguments = [
            ["setup", "--apply", "--announcements", "--new-token"].as_slice(),
            &["--url", &url, "--domain", "ac-dijon.fr", "--recipient", ASSISTANCE, "--academy", "Académie d’ailleurs"],
            &["--lmtp", "127.0.0.1:0", "--webhook", "https://passerelle.example.fr/", "--into", into],
            &["--operator", "chef@ac-dijon.fr", "--profile", "Passerelle (langue)", "--account", "passerelle.langue"],
        ]
        .concat();
        let mut command = passerelle(&arguments, &[]);
        command.envs([("LC_ALL", locale), ("GLPI_ADMIN_LOGIN", "glpi"), ("GLPI_ADMIN_PASSWORD", "glpi")]);
        let output = run(command, b"").await;
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        let written = std::fs::read_to_string(folder.path().join("passerelle.toml")).expect(&said);
        let comments: Vec<&str> = written.lines().filter_map(|line| Some(line.split_once('#')?.1)).collect();
        assert!(written.starts_with(opening) && comments.len() > 12, "{written}");
        assert!(!comments.iter().any(|comment| comment.contains(other)), "{written}");
        let foreign = foreign_lines(&comments.join("\n"));
        assert_eq!(foreign.is_empty(), locale != "C", "{foreign:?} in {written}");
    }
}

/// Where nothing says what the gateway is to do, that is the one mistake, and how to name a file its remedy.
#[test]
fn without_a_configuration_that_is_said() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let commands: &[&[&str]] = &[
        &["serve"],
        &["check"],
        &["audit"],
        &["escalate", "--dry-run"],
        &["figures"],
        &["export", "articles"],
        &["ingest", "--sender", "a@ac-dijon.fr"],
    ];
    for command in commands {
        let said = |locale: &str, more: &[&str]| {
            let mut command = passerelle(&[more, command].concat(), &[]);
            let output = command.env("LANG", locale).stdin(std::process::Stdio::null()).output().unwrap();
            let said = text(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
            (output.status.code(), said, text(&output.stderr))
        };
        let (code, english, _) = said("C", &[]);
        assert!([Some(78), Some(75)].contains(&code), "{command:?}: {english}");
        assert!(english.contains("no configuration is given") && english.contains("--config"), "{english}");
        assert!(!english.contains("relative URL") && !english.contains("GLPI__URL"), "{english}");
        let (_, file, _) = said("C", &["--config", empty.path().to_str().unwrap()]);
        assert!(file.contains("glpi.url is not given") && !file.contains("relative URL"), "{file}");
        if command[0] == "ingest" {
            continue;
        }
        let (_, french, lines) = said("fr_FR.UTF-8", &[]);
        assert!(french.contains("aucune configuration n’est donnée"), "{french}");
        assert_eq!(foreign_lines(&lines), [""; 0]);
        let (_, _, lines) = said("fr_FR.UTF-8", &["--config", empty.path().to_str().unwrap()]);
        assert_eq!(foreign_lines(&lines), [""; 0]);
    }
    // An address that is none is told without another program's English.
    for url in ["glpi.example.fr", "https://", "https://a:99999", "https://[::"] {
        let mut command = passerelle(&["check", "--lang", "fr"], &[("glpi.url", url), ("glpi.user_token", "x")]);
        let said = text(&command.output().unwrap().stderr);
        assert!(said.contains("n’est pas une adresse") && !said.contains("relative"), "{said}");
        assert!(!said.replace(&format!("\"{url}\""), "").contains('«'), "{said}");
    }
}

/// What is wrong with the configuration is said in the operator's language by every command that reads it, `serve` as well;
/// a mail server reads `ingest`, which speaks as the log does.
#[test]
fn what_ends_a_command_is_said_in_the_language_of_the_locale() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let csv = file("nobody.csv", "\0");
    let is_file = folder.path().to_str().unwrap();
    let of_layers = [
        ("[glpi]\ntimeout = \"longtemps\"\n".to_owned(), "là où il faut une durée"),
        ("[glpi]\nurll = \"x\"\n".to_owned(), "clé inconnue"),
        (format!("[glpi]\nuser_token_file = \"{is_file}\"\n"), "impossible de lire"),
        ("[http\n".to_owned(), "illisible"),
    ];
    let of_parts = [
        (
            format!("[glpi]\nurl = \"http://127.0.0.1:9\"\n[directory]\nsources = [\"csv\"]\ncsv = \"{is_file}\"\n"),
            "impossible de lire",
        ),
        (
            format!("[glpi]\nurl = \"http://127.0.0.1:9\"\n[directory]\nsources = [\"csv\"]\ncsv = \"{csv}\"\n"),
            "n’est pas un texte",
        ),
    ];
    let all: &[&[&str]] =
        &[&["serve"], &["check"], &["config"], &["healthcheck"], &["audit"], &["escalate", "--dry-run"], &["figures"]];
    let rows = of_layers.iter().flat_map(|row| all.iter().map(move |command| (row, *command)));
    let rows = rows.chain(of_parts.iter().flat_map(|row| [(row, all[0]), (row, all[1])]));
    let mut wrong = Vec::new();
    for (at, ((toml, french), command)) in rows.enumerate() {
        let config = file(&format!("{at}.toml"), toml);
        let said = |locale: &str| {
            let mut command = passerelle(&[&["--config", config.as_str()], command].concat(), &[]);
            let output = command.env("LANG", locale).output().unwrap();
            (output.status.code(), text(&output.stderr))
        };
        let (code, shown) = said("fr_FR.UTF-8");
        // The file's own lines are shown as they are.
        let own = shown.lines().filter(|line| !line.contains(" │ ")).collect::<Vec<_>>().join("\n");
        let one_line = shown.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        if code != Some(78) || !one_line.contains(french) || !foreign_lines(&own).is_empty() {
            wrong.push(format!("{command:?}, {toml}: {code:?} {:?}\n{shown}", foreign_lines(&own)));
        }
        let (code, shown) = said("C");
        if code != Some(78) || shown.contains(french) {
            wrong.push(format!("{command:?}, {toml} in English: {code:?}\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
