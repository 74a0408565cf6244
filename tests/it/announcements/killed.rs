//! 3,000 addresses, the sender killed ten times: each address gets the mail exactly once.

use std::{
    collections::BTreeMap,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{addresses, directory};
use crate::support::{
    dice::Dice,
    gateway::sandbox,
    sink::{Moods, Sink},
    wait_until,
};

const DIRECTORS: usize = 3000;
const KILLS: usize = 10;
/// The text.
const TEXT: &str = "# LSU indisponible\n\nBonjour,\n\n**LSU** ne répond pas.\n";

fn passerelle(settings: &BTreeMap<String, String>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command.args(arguments).envs(settings).stdin(Stdio::null());
    command
}

async fn output(settings: &BTreeMap<String, String>, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(passerelle(settings, arguments));
    command.output().await.unwrap()
}

async fn progress(settings: &BTreeMap<String, String>, reference: &str) -> Value {
    let shown = output(settings, &["inform", "show", reference, "--json"]).await;
    serde_json::from_slice(&shown.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&shown.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_get_it_once_though_the_sender_is_killed_ten_times() {
    let mut dice = Dice::thrown();
    // The relay takes its time, so that a kill strikes while it thinks now and then.
    let thinks = (0..64).map(|_| Duration::from_millis(dice.below(60))).collect();
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks, ..Moods::default() }).await);
    let (folder, csv) = directory(DIRECTORS);
    let text = folder.path().join("lsu.md");
    std::fs::write(&text, TEXT).unwrap();
    let settings: BTreeMap<String, String> = [
        ("GLPI__URL", sandbox.url().as_str()),
        ("GLPI__LOGIN", "passerelle"),
        ("GLPI__PASSWORD", "passerelle"),
        ("GLPI__TIMEOUT", "3s"),
        ("SMTP__URL", sink.url().as_str()),
        ("SMTP__TIMEOUT", "2s"),
        ("DIRECTORY__CSV", csv.to_str().unwrap()),
        ("DIRECTORY__SOURCES", "csv"),
        ("ANNOUNCEMENTS__ENABLED", "true"),
        ("ANNOUNCEMENTS__PER_MINUTE", "1000000"),
        ("ANNOUNCEMENTS__CONFIRM_ABOVE", "5000"),
        ("ANNOUNCEMENTS__BATCH", "20"),
        ("LOG__FILTER", "warn"),
    ]
    .into_iter()
    .map(|(key, value)| (format!("PASSERELLE_{key}"), value.to_owned()))
    .collect();

    // The first is killed while it sends, the others while they go on.
    let mut reference: Option<String> = None;
    let mut before = 0;
    for kill in 0..KILLS {
        let command = match &reference {
            None => passerelle(&settings, &["inform", text.to_str().unwrap(), "--json"]),
            Some(reference) => passerelle(&settings, &["inform", "resume", reference, "--json"]),
        };
        let mut sender =
            tokio::process::Command::from(command).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let ended = wait_until("something is sent", async || {
            sink.taken().len() > before || sender.try_wait().unwrap().is_some()
        });
        ended.await;
        tokio::time::sleep(Duration::from_millis(dice.below(400))).await;
        sender.start_kill().unwrap();
        sender.wait().await.unwrap();
        before = sink.taken().len();
        eprintln!("kill {}: {before} batches", kill + 1);
        if reference.is_none() {
            let listed = output(&settings, &["inform", "list", "--json"]).await;
            let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
            reference = Some(listed["reference"].as_str().unwrap().to_owned());
        }
    }
    let reference = reference.unwrap();

    // Each resumes what it can; what is in doubt is answered from the relay's log.
    wait_until("it has ended", async || {
        output(&settings, &["inform", "resume", &reference, "--json"]).await;
        let shown = progress(&settings, &reference).await;
        for doubt in shown["doubts"].as_array().unwrap() {
            let known = sink.copies();
            let has = |address: &Value| known.contains_key(address.as_str().unwrap());
            let addresses = doubt["addresses"].as_array().unwrap();
            let is_sent = has(&addresses[0]);
            assert!(addresses.iter().all(|address| has(address) == is_sent), "a transaction is whole, or not at all");
            let batch = doubt["batch"].to_string();
            let word = if is_sent { "sent" } else { "send" };
            eprintln!("batch {batch} is in doubt: {word}");
            let arguments = ["inform", "resume", &reference, "--doubtful", word, "--batch", &batch, "--json"];
            output(&settings, &arguments).await;
        }
        shown["state"] == "ended"
    })
    .await;
    let shown = progress(&settings, &reference).await;
    assert_eq!((&shown["handed"], &shown["pending"]), (&DIRECTORS.into(), &0.into()));
    let copies = sink.copies();
    let wrong: Vec<_> = addresses(DIRECTORS).into_iter().filter(|address| copies.get(address) != Some(&1)).collect();
    assert!(wrong.is_empty() && copies.len() == DIRECTORS, "{wrong:?}");
}
