//! The reference is made from the program: `PASSERELLE_UPDATE=1` writes it anew, without it a difference is a failure.

use std::{collections::BTreeSet, fmt::Write as _, fs, process::Command};

use passerelle::{
    cli::exit,
    request::{Reason, ReasonKind},
    text::Language,
};

use super::project;
use crate::support::documentation::{LANGUAGES, PAGES};

const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// What it says, in French, as far as that is translated.
const IN_FRENCH: &str = include_str!("../../../config/comments.fr.toml");

/// What stands around what is made, in a language.
struct Frame {
    opening: &'static str,
    settings: &'static str,
    columns: &'static str,
    commands: &'static str,
    metrics: &'static str,
    reasons: &'static str,
    codes: &'static str,
    exits: [(u8, &'static str); 5],
}

const ENGLISH: Frame = Frame {
    opening: "# Reference\n\nMade from the program itself (`PASSERELLE_UPDATE=1 cargo test documentation::reference`); a test holds it equal. How these layers come together is told in [install](install.md#configuration).\n",
    settings: "## Settings\n\nEach key with its default, as [config/default.toml](../../config/default.toml) has it. In the environment `glpi.url` is `PASSERELLE_GLPI__URL`.\n",
    columns: "| key | default | |\n|---|---|---|\n",
    commands: "## Commands\n\n",
    metrics: "## Metrics\n\nTheir names, as the program counts them; what each says is told in [operations](operations.md#metrics-alerts-and-logs).\n\n",
    reasons: "## Outcomes and reasons\n\nThe codes in logs, metrics, answers of the API and `try --json`. Outcomes are told in [requests](requests.md#outcomes-and-rules). A sentence may be replaced in `[screen.sentences]`.\n\n| code | what it says of a request | what the requester reads, where anybody is written to |\n|---|---|---|\n",
    codes: "## Exit codes\n\nThose of BSD's `sysexits.h`, as a relay's pipe reads them.\n\n| code | |\n|---|---|\n",
    exits: [
        (exit::OK, "done; a mail is settled"),
        (exit::FAILED, "a check failed, or it cannot be done"),
        (exit::USAGE, "the arguments cannot be used"),
        (exit::TEMPFAIL, "not now: keep the mail and try again"),
        (exit::CONFIG, "the configuration cannot be used"),
    ],
};

const FRENCH: Frame = Frame {
    opening: "# Référence\n\nFaite à partir du programme (`PASSERELLE_UPDATE=1 cargo test documentation::reference`) ; un test la tient égale. Comment se superposent les réglages est dit dans [installation](installation.md#configuration).\n",
    settings: "## Réglages\n\nChaque clé avec sa valeur par défaut, comme dans [config/default.toml](../../config/default.toml). Dans l’environnement, `glpi.url` est `PASSERELLE_GLPI__URL`.\n",
    columns: "| clé | par défaut | |\n|---|---|---|\n",
    commands: "## Commandes\n\n",
    metrics: "## Mesures\n\nLeurs noms, tels que le programme les compte ; ce que dit chacune est dans [exploitation](exploitation.md#mesures-alertes-et-journaux).\n\n",
    reasons: "## Issues et motifs\n\nLes codes des journaux, des mesures, des réponses de l’API et de `try --json`. Les issues sont dans [demandes](demandes.md#issues-et-règles). Une phrase se remplace dans `[screen.sentences]`.\n\n| code | ce qu’il dit d’une demande | ce que lit le demandeur, là où quelqu’un est averti |\n|---|---|---|\n",
    codes: "## Codes de sortie\n\nCeux de `sysexits.h` (BSD), tels que les lit le tube d’un relais.\n\n| code | |\n|---|---|\n",
    exits: [
        (exit::OK, "fait ; un courriel est réglé"),
        (exit::FAILED, "une vérification a échoué, ou ce n’est pas possible"),
        (exit::USAGE, "les arguments ne conviennent pas"),
        (exit::TEMPFAIL, "pas maintenant : garder le courriel et réessayer"),
        (exit::CONFIG, "la configuration ne convient pas"),
    ],
};

/// A key of `default.toml` or the opening of one of its sections, as the file writes it.
#[derive(Default)]
struct Entry {
    section: String,
    key: String,
    value: String,
    comment: String,
}

impl Entry {
    /// `section.key`, or `[section]`.
    fn name(&self) -> String {
        match (self.section.as_str(), self.key.as_str()) {
            ("", key) => key.to_owned(),
            (section, "") => format!("[{section}]"),
            (section, key) => format!("{section}.{key}"),
        }
    }
}

/// Where the comment behind a value begins: at the first `#` that no string holds.
fn comment_at(line: &str) -> Option<usize> {
    let mut is_quoted = false;
    line.char_indices().find_map(|(at, c)| {
        is_quoted ^= c == '"';
        (c == '#' && !is_quoted).then_some(at)
    })
}

/// The file's keys in their order. A comment goes with what it stands behind; one above goes with what follows.
fn entries() -> Vec<Entry> {
    let (mut entries, mut above, mut section): (Vec<Entry>, String, String) = Default::default();
    let body = DEFAULTS.split_once("\n\n").expect("the file opens with what it is").1;
    let mut is_open = false;
    for line in body.lines() {
        let (code, comment) = comment_at(line).map_or((line, ""), |at| (&line[..at], line[at + 1..].trim()));
        let (code, is_behind) = (code.trim(), line.starts_with(' '));
        if is_open {
            entries.last_mut().unwrap().value += code;
            is_open = code != "]";
        } else if let Some(name) = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            let comment = format!("{above} {comment}").trim().to_owned();
            above.clear();
            entries.push(Entry { section: section.clone(), comment, ..Entry::default() });
        } else if let Some((key, value)) = code.split_once('=') {
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            is_open = value == "[";
            let comment = format!("{above} {comment}").trim().to_owned();
            above.clear();
            entries.push(Entry { section: section.clone(), key, value, comment });
        } else if is_behind && let Some(last) = entries.last_mut() {
            last.comment = format!("{} {comment}", last.comment);
        } else if !comment.is_empty() {
            above = [above.as_str(), comment].join(" ").trim().into();
        }
    }
    entries
}

/// Text as it may stand in a cell.
fn cell(text: &str) -> String {
    let text: Vec<_> = text.split('`').map(|part| part.replace('|', "\\|")).collect();
    let outside = |part: String| part.replace('<', "\\<").replace('*', "\\*").replace('[', "\\[");
    let text = text.into_iter().enumerate().map(|(at, part)| if at % 2 == 0 { outside(part) } else { part });
    text.collect::<Vec<_>>().join("`")
}

/// What is known of a key or a section, in a language.
fn said(entry: &Entry, language: Language, french: &toml::Table) -> String {
    let translated = french.get(&entry.name()).filter(|_| language == Language::French);
    translated.map_or_else(|| entry.comment.clone(), |text| text.as_str().unwrap().to_owned())
}

fn settings(frame: &Frame, language: Language) -> String {
    let french: toml::Table = IN_FRENCH.parse().unwrap();
    let mut text = format!(
        "{}\n{}",
        if language == Language::French { typeset(frame.settings) } else { frame.settings.to_owned() },
        frame.columns
    );
    for entry in entries() {
        let comment = said(&entry, language, &french);
        let Entry { section, key, value, .. } = entry;
        if key.is_empty() {
            let table = if comment.is_empty() { String::new() } else { format!("\n{}\n", cell(&comment)) };
            write!(text, "\n### `[{section}]`\n{table}\n{}", frame.columns).unwrap();
        } else {
            writeln!(text, "| `{key}` | `{value}` | {} |", cell(&comment)).unwrap();
        }
    }
    // A section without a key has no table.
    text.replace(&format!("{}\n###", frame.columns), "\n###").replace("\n\n\n", "\n\n")
}

fn help(words: &[&str], language: Language) -> String {
    let locale = if language == Language::French { "fr_FR.UTF-8" } else { "C" };
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    let output = command.args(words).arg("--help").env_clear().env("LC_ALL", locale).output().unwrap();
    assert!(output.status.success(), "{words:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The commands that a help names below «Commands:».
fn commands(help: &str) -> Vec<&str> {
    let list = help
        .split("Commands:\n")
        .nth(1)
        .or_else(|| help.split("Commandes\u{a0}:\n").nth(1))
        .unwrap_or_default()
        .split("\n\n")
        .next()
        .unwrap_or_default();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

fn helps(words: &[&str], level: usize, language: Language) -> String {
    let help = help(words, language);
    let name = [&["passerelle"], words].concat().join(" ");
    let mut text = format!("{} `{name}`\n\n```text\n{help}\n```\n\n", "#".repeat(level));
    for command in commands(&help) {
        text += &helps(&[words, &[command]].concat(), 4.min(level + 1), language);
    }
    text
}

fn metrics() -> String {
    let mut names = BTreeSet::new();
    for (_, text) in crate::tidy::sources("src") {
        let code = crate::tidy::code(&text);
        let quoted = code.split('"').filter(|text| text.starts_with("passerelle_"));
        names.extend(quoted.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).map(str::to_owned));
    }
    names.into_iter().fold(String::new(), |text, name| text + "- `" + &name + "`\n")
}

/// What a reason says of a request.
fn kind(kind: ReasonKind, language: Language) -> &'static str {
    let (english, french) = match kind {
        ReasonKind::Done => ("it is in GLPI", "elle est dans GLPI"),
        ReasonKind::Sender => ("refused: who wrote; no notice", "refusée : qui a écrit ; sans avis"),
        ReasonKind::Rule => ("refused: a rule; a notice", "refusée : une règle ; un avis"),
        ReasonKind::Reply => (
            "refused: a reply that cannot go into its ticket",
            "refusée : une réponse qui ne peut aller dans son ticket",
        ),
        ReasonKind::Portal => ("refused: the portal asked for it", "refusée : le portail l’a demandé"),
        ReasonKind::Machine => ("ignored: no person wrote", "ignorée : personne n’a écrit"),
        ReasonKind::Outage => ("deferred: something is away", "différée : quelque chose est absent"),
        ReasonKind::Failure => {
            ("deferred, at last quarantined: it failed", "différée, enfin mise de côté : elle a échoué")
        }
    };
    if language == Language::English { english } else { french }
}

/// No-break spaces, where the frame is French.
fn typeset(text: &str) -> String {
    [" :", " ;", " ?", " !"].iter().fold(text.to_owned(), |text, mark| text.replace(mark, &mark.replace(' ', "\u{a0}")))
}

fn reference(language: Language) -> String {
    let frame = if language == Language::English { ENGLISH } else { FRENCH };
    let set = |text: &str| if language == Language::English { text.to_owned() } else { typeset(text) };
    let mut text = format!("{}\n{}\n", set(frame.opening), settings(&frame, language));
    write!(text, "{}{}", frame.commands, helps(&[], 3, language)).unwrap();
    writeln!(text, "{}{}", set(frame.metrics), metrics()).unwrap();
    text += frame.reasons;
    for reason in Reason::ALL {
        let kind = set(kind(reason.kind(), language));
        writeln!(text, "| `{}` | {kind} | {} |", reason.code(), reason.sentence()).unwrap();
    }
    write!(text, "\n{}", frame.codes).unwrap();
    for (code, said) in frame.exits {
        writeln!(text, "| {code} | {} |", set(said)).unwrap();
    }
    text
}

#[test]
fn the_reference_is_as_the_program_is() {
    for language in LANGUAGES {
        let (english, french) = PAGES.iter().find(|(english, _)| *english == "docs/en/reference.md").unwrap();
        let path = project().join(if language == Language::English { english } else { french });
        let made = reference(language);
        if std::env::var_os("PASSERELLE_UPDATE").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        let differs = made.lines().zip(there.lines()).find(|(made, there)| made != there);
        assert!(
            made == there,
            "{} is not as the program is: {differs:?}; PASSERELLE_UPDATE=1 writes it anew",
            path.display()
        );
    }
}

#[test]
fn no_translation_is_of_a_key_that_is_gone() {
    let french: toml::Table = IN_FRENCH.parse().unwrap();
    let names: BTreeSet<_> = entries().iter().map(Entry::name).collect();
    let gone: Vec<_> = french.keys().filter(|name| !names.contains(*name)).collect();
    assert!(gone.is_empty(), "config/comments.fr.toml speaks of {gone:?}");
}

#[test]
fn each_sentence_on_a_setting_has_its_french() {
    let french: toml::Table = IN_FRENCH.parse().unwrap();
    // An address, or a word that stands for one, is the same in both.
    let is_a_sentence =
        |entry: &&Entry| entry.comment.split_whitespace().any(|word| word.chars().all(char::is_alphabetic));
    let entries = entries();
    let missing: Vec<_> = entries.iter().filter(is_a_sentence).map(Entry::name).collect();
    let missing: Vec<_> = missing.into_iter().filter(|name| !french.contains_key(name)).collect();
    assert!(missing.is_empty(), "config/comments.fr.toml lacks {missing:?}");
}

#[test]
fn every_setting_is_in_the_reference_with_its_default() {
    let defaults: toml::Table = DEFAULTS.parse().unwrap();
    let mut expected = 0;
    let mut open: Vec<(String, &toml::Table)> = vec![(String::new(), &defaults)];
    let entries = entries();
    while let Some((section, table)) = open.pop() {
        for (key, value) in table {
            let name = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
            if let toml::Value::Table(inner) = value {
                open.push((name, inner));
                continue;
            }
            let entry = entries.iter().find(|entry| entry.section == section && entry.key == *key);
            let entry = entry.unwrap_or_else(|| panic!("{name} is not in the reference"));
            let read: toml::Table = format!("value = {}", entry.value).parse().unwrap();
            assert_eq!(&read["value"], value, "{name}");
            expected += 1;
        }
    }
    assert_eq!(entries.iter().filter(|entry| !entry.key.is_empty()).count(), expected);
}
