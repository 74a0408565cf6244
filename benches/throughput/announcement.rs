//! How long an announcement to thousands takes with the settings that are shipped: from the call that hands it in until
//! the relay has it for everybody.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    gateway::Running,
    glpi::Target,
    support::sink::{Moods, Sink},
    table::Table,
};

const TOKEN: &str = "token-of-operators-for-benches";
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Tells so many directors.
pub(crate) async fn of(target: &Target, directors: usize) {
    let sink = Sink::start(Moods::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directors.csv");
    let mut rows = String::from("email;name;uai;school;department\n");
    for number in 0..directors {
        writeln!(rows, "ce.{number:05}@ac-dijon.fr;D {number};021{number:04}A;École {number};021").unwrap();
    }
    std::fs::write(&csv, rows).unwrap();
    let (relay, tokens) = (sink.url(), format!("operators:{TOKEN}"));
    let settings = [
        ("announcements.enabled", "true"),
        // A second person's time is none of the gateway's.
        ("announcements.confirm_above", "1000000"),
        ("smtp.url", relay.as_str()),
        ("directory.sources", "csv"),
        ("directory.csv", csv.to_str().unwrap()),
        ("people.tokens", tokens.as_str()),
    ];
    let gateway = Running::start(target, &settings).await;
    let before = target.calls();
    let began = Instant::now();
    let body = json!({"subject": "LSU indisponible", "text": "**LSU** ne répond pas.", "by": "chef@ac-dijon.fr"});
    let told = gateway.post_with_token("/v1/announcements", TOKEN, &body).await;
    let handed_in = began.elapsed();
    let one = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    while sink.copies().len() < directors {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let all = began.elapsed();
    let calls = before.zip(target.calls()).map(|(before, after)| after - before);
    while gateway.get_with_token(&one, TOKEN).await.is_none_or(|shown| shown["state"] != "ended") {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    assert!(sink.copies().values().all(|copies| *copies == 1), "each once");
    let what = format!("an announcement to {directors} directors, as shipped:");
    Table::say(&format!("{what} kept, its list frozen"), &format!("{:>9.1} s", handed_in.as_secs_f64()));
    Table::say(&format!("{what} with the relay"), &format!("{:>9.1} s", all.as_secs_f64()));
    if let Some(calls) = calls {
        Table::say(&format!("{what} calls of GLPI"), &format!("{calls:>9}"));
    }
    gateway.stop().await;
}
