//! The structure is what `lib.rs` says it is: who may know whom, and each file says what it is for.

mod circles;
mod edges;
mod french;
pub(crate) mod metrics;
mod names;

use std::path::{Path, PathBuf};

/// Every Rust file below a folder of the project.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
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
pub(crate) fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    for (path, text) in sources("src").into_iter().chain(sources("tests/it")) {
        assert!(text.starts_with("//! "), "{} does not open with a //! line", path.display());
    }
}

/// What decides without asking anybody knows none of these: of GLPI its words, but nothing that calls it.
const PURE: &[&str] = &["Glpi", "tokio::", "std::fs", "std::net", "async fn"];

#[test]
fn no_stage_does_what_it_may_not() {
    // Which room may know which other one is `edges`; this is what crates and words a room may use.
    let bans: [(&str, &[&str], &str); 13] = [
        ("src/flow/screen", &["tokio::", "reqwest", "redis", "std::fs", "std::net", "async fn"], "screening is pure"),
        ("src/flow/route", &["tokio::", "reqwest", "redis"], "routing asks nobody"),
        ("src/flow/deliver", &["mail_parser", "lettre", "axum", "reqwest"], "delivery knows neither mail nor HTTP"),
        ("src/portal", &["axum", "lettre"], "what a requester sees does not depend on how it is asked"),
        ("src/working_time", &["tokio::", "async fn"], "working time is pure"),
        ("src/text", &["tokio::", "std::fs", "async fn"], "texts are pure"),
        ("src/request", &["tokio::", "std::fs", "async fn"], "the words know no stage"),
        ("src/lifecycle/escalation/levels.rs", PURE, "levels are pure"),
        ("src/lifecycle/escalation/plan.rs", PURE, "a plan is pure"),
        ("src/lifecycle/escalation/delays.rs", PURE, "rules in time are pure"),
        ("src/lifecycle/note.rs", PURE, "notes are pure"),
        ("src/lifecycle/notices/steps.rs", &["async ", "tokio::", "smtp::", "Glpi,"], "which notices are due is pure"),
        ("src/http", &["reqwest"], "the API asks the pipeline and the portal"),
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
fn each_engine_renders_what_it_is_for() {
    let askama = ["src/letters", "src/http/pages", "src/http/docs.rs", "src/sandbox", "src/cli/demo"];
    for (path, text) in sources("src") {
        let (code, is_in) = (code(&text), |folder: &&str| path.starts_with(folder));
        assert!(!code.contains("minijinja::") || is_in(&"src/flow/route"), "{} is no mapping's text", path.display());
        assert!(!code.contains("askama::") || askama.iter().any(is_in), "{} is no letter and no page", path.display());
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
