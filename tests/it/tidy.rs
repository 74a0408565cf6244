//! The structure is what `lib.rs` says it is: who may know whom, and each file says what it is for.

use std::path::{Path, PathBuf};

/// Every Rust file below a folder of the project.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(root).unwrap().to_owned(), text));
        }
    }
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

/// The code of a file, without comments and without its tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    for (path, text) in sources("src").into_iter().chain(sources("tests/it")) {
        assert!(text.starts_with("//! "), "{} does not open with a //! line", path.display());
    }
}

/// What decides without asking anybody knows none of these.
const PURE: &[&str] = &["clients::", "tokio::", "async fn"];

#[test]
fn no_stage_knows_what_it_may_not() {
    let bans: [(&str, &[&str], &str); 18] = [
        (
            "src/screen",
            &["tokio::", "reqwest", "redis", "clients::", "std::fs", "std::net", "async fn"],
            "screening is pure",
        ),
        ("src/route", &["clients::", "tokio::", "reqwest", "redis"], "routing does not know GLPI"),
        (
            "src/deliver",
            &["mail_parser", "lettre", "axum", "reqwest", "intake::"],
            "delivery knows neither mail nor HTTP",
        ),
        (
            "src/clients/glpi",
            &["crate::screen", "crate::route", "crate::request", "crate::ledger", "crate::deliver", "crate::config"],
            "the client knows REST, not our rules",
        ),
        (
            "src/intake",
            &["crate::ledger", "crate::deliver", "clients::", "crate::directory"],
            "intake does not screen or deliver",
        ),
        ("src/http", &["crate::ledger", "crate::deliver", "clients::"], "the API asks the pipeline and the portal"),
        ("src/portal", &["axum", "lettre", "crate::http"], "what a requester sees does not depend on how it is asked"),
        (
            "src/proof",
            &["crate::intake", "crate::ledger", "crate::deliver", "crate::directory", "clients::"],
            "the proof asks the mail and DNS",
        ),
        (
            "src/sandbox",
            &["crate::clients", "crate::request", "crate::screen"],
            "a shared type would hide a wrong field name",
        ),
        ("src/escalate/calendar.rs", PURE, "working time is pure"),
        ("src/escalate/holidays.rs", PURE, "holidays are pure"),
        ("src/escalate/levels.rs", PURE, "levels are pure"),
        ("src/escalate/plan.rs", PURE, "a plan is pure"),
        ("src/escalate/rules.rs", PURE, "rules in time are pure"),
        ("src/escalate/note.rs", PURE, "notes are pure"),
        ("src/escalate/command.rs", PURE, "commands are pure"),
        ("src/notify/steps.rs", &["async ", "tokio::", "clients::smtp", "Glpi,"], "which notices are due is pure"),
        ("src/request", &["crate::screen", "crate::clients", "crate::intake", "tokio::"], "the words know no stage"),
    ];
    for (folder, banned, why) in bans {
        for (path, text) in sources(folder) {
            let code = code(&text);
            for word in banned {
                assert!(!code.contains(word), "{} uses {word}: {why}", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // Written in two parts, so that this file does not find itself.
    let banned = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ig", "nore"), concat!("FIX", "ME")];
    for (path, text) in sources("src").into_iter().chain(sources("tests/it")) {
        for word in banned {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}
