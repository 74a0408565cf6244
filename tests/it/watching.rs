//! The alerts are rules that Prometheus takes, and say what they mean to: asked of its own promtool.

use std::{path::Path, process::Command};

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
}
