//! The alerts are rules that Prometheus takes, and say what they mean to; the boards ask what it understands: asked of its
//! own promtool.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use serde_json::{Value, json};

/// What promtool says of a file of the project; it must be content.
fn promtool(arguments: &[&str]) -> String {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = project.join("target/promtool/promtool");
    let output = Command::new(&program).args(arguments).current_dir(project).output().unwrap_or_else(|error| {
        panic!("{} cannot be run: {error}; tests/install.sh installs it", program.display());
    });
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn prometheus_takes_every_alert() {
    let rules = include_str!("../../config/prometheus/alerts.yml").matches("- alert: ").count();
    assert!(rules >= 9, "{rules}");
    let said = promtool(&["check", "rules", "config/prometheus/alerts.yml"]);
    assert!(said.contains(&format!("{rules} rules found")), "{said}");
}

#[test]
fn alerts_come_when_they_should_and_go_again() {
    let said = promtool(&["test", "rules", "tests/prometheus/alerts.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
    let (alerts, tried) =
        (include_str!("../../config/prometheus/alerts.yml"), include_str!("../prometheus/alerts.yml"));
    let names = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let untried: Vec<_> = names.filter(|name| !tried.contains(&format!("alertname: {name}\n"))).collect();
    assert_eq!(untried, [""; 0]);
}

/// What the boards of Grafana ask: each with its board and panel, and what it is shown as.
pub(crate) fn asked() -> Vec<(String, String, String)> {
    let mut asked = Vec::new();
    for board in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/grafana")).unwrap() {
        let board: Value = serde_json::from_str(&fs::read_to_string(board.unwrap().path()).unwrap()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let word = |word: &str| target[word].as_str().unwrap().to_owned();
                asked.push((format!("{}, {}", board["title"], panel["title"]), word("expr"), word("legendFormat")));
            }
        }
    }
    asked
}

#[test]
fn prometheus_understands_what_the_boards_ask() {
    let asked = asked();
    assert!(asked.len() > 20, "{asked:?}");
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("boards.yml");
    let mut text = "groups:\n- name: boards\n  rules:\n".to_owned();
    for (at, (_, expression, _)) in asked.iter().enumerate() {
        // What is chosen on a board stands between quotes.
        writeln!(text, "  - record: asked:{at}\n    expr: {}", json!(expression.replace('$', ""))).unwrap();
    }
    fs::write(&rules, text).unwrap();
    let said = promtool(&["check", "rules", &rules.to_string_lossy()]);
    assert!(said.contains(&format!("{} rules found", asked.len())), "{said}");
}
