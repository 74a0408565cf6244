//! How many requests become tickets in a second, against what GLPI itself can do: one table, all figures of one run.
//!
//! `make bench` runs it against the stand-in, which works at the pace of a GLPI 10 on two cores. With `BENCH_GLPI_URL`,
//! `BENCH_GLPI_LOGIN` and `BENCH_GLPI_PASSWORD` it runs against that GLPI, which needs the stand-in's seed (see
//! CONTRIBUTING.md); with `BENCH_COLLECTOR` too, a command by which that GLPI collects the mailbox
//! `BENCH_MAILBOX_PORT` of 127.0.0.1 once (user and password as in `tests/it/support/dovecot.rs`), GLPI's own collector has
//! its row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark says what it finds, and what is wrong by panicking"
)]

mod bare;
mod gateway;
mod glpi;
mod lmtp;
#[path = "../../tests/it/support/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;

use std::time::{Duration, Instant};

use crate::{
    gateway::Running,
    glpi::Target,
    support::{
        dovecot::{Dovecot, PASSWORD},
        gateway::{AGENT, ASSISTANCE, DIRECTORS, mail},
        redis::Redis,
    },
};

/// Requests of one row.
const LMTP_MAILS: usize = 300;
const MAILBOX_MAILS: usize = 500;
const CONNECTIONS: usize = 16;
const OPEN_TICKETS: usize = 5000;
const REFUSALS: usize = 20_000;

/// One row: what was done, how fast.
struct Row {
    what: String,
    per_second: f64,
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs it too, with other arguments.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let target = Target::start().await;
    println!("GLPI: {}", target.name());
    let mut rows = Vec::new();

    let single = bare::rate(&target, 1, 4, 200).await;
    rows.push(Row { what: "bare calls, one ticket each, 4 sessions".to_owned(), per_second: single });
    let mut best = single;
    for (together, sessions) in [(8, 3), (25, 2), (25, 4)] {
        let rate = bare::rate(&target, together, sessions, 400).await;
        best = best.max(rate);
        rows.push(Row { what: format!("bare calls, arrays of {together}, {sessions} sessions"), per_second: rate });
    }
    flow(&target, "", &mut rows).await;
    if target.is_stand_in() {
        bare::fill(&target, OPEN_TICKETS).await;
        flow(&target, &format!(", {OPEN_TICKETS} open tickets"), &mut rows).await;
    }
    if let Ok(command) = std::env::var("BENCH_COLLECTOR") {
        rows.push(collector(&command).await);
    }
    rows.push(refusals(&target).await);
    let added = forms(&target).await;

    println!("\n{:<62} {:>10} {:>12}", "", "a second", "of the best");
    for row in &rows {
        println!("{:<62} {:>10.1} {:>12.2}", row.what, row.per_second, row.per_second / best);
    }
    println!("\n{added}");
}

/// The ways of mail, each from the first second of a gateway.
async fn flow(target: &Target, with: &str, rows: &mut Vec<Row>) {
    let gateway = Running::start(target, &[]).await;
    for when in ["from the first second", "running"] {
        let rate = lmtp::deliver(gateway.lmtp, CONNECTIONS, mails(when, LMTP_MAILS), "created").await;
        rows.push(Row { what: format!("LMTP, {CONNECTIONS} connections, {when}{with}"), per_second: rate });
    }
    let memory = gateway.stop().await;
    println!("resident after {} mails: {memory}", 2 * LMTP_MAILS);

    let dovecot = Dovecot::start();
    dovecot.store(ASSISTANCE, "INBOX", mails("boîte", MAILBOX_MAILS).into_iter().map(|(_, raw)| raw));
    let address = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", ASSISTANCE.replace('@', "%40"), dovecot.port());
    let before = target.calls();
    let began = Instant::now();
    let gateway = Running::start(target, &[("imap.url", &address)]).await;
    while !dovecot.messages(ASSISTANCE, "INBOX").is_empty() {
        assert!(began.elapsed() < Duration::from_mins(5), "the mailbox is not emptied");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let rate = MAILBOX_MAILS as f64 / began.elapsed().as_secs_f64();
    rows.push(Row { what: format!("a mailbox of {MAILBOX_MAILS} mails, start included{with}"), per_second: rate });
    if let (Some(before), Some(after)) = (before, target.calls()) {
        println!("calls for {MAILBOX_MAILS} mails of a mailbox{with}: {}", after - before);
    }
    gateway.stop().await;
}

/// GLPI's own collector on the same mails.
async fn collector(command: &str) -> Row {
    let dovecot = Dovecot::start();
    dovecot.store(ASSISTANCE, "INBOX", mails("collecteur", MAILBOX_MAILS).into_iter().map(|(_, raw)| raw));
    let began = Instant::now();
    while !dovecot.messages(ASSISTANCE, "INBOX").is_empty() {
        assert!(began.elapsed() < Duration::from_mins(10), "the collector does not empty the mailbox");
        let mut collecting = tokio::process::Command::new("sh");
        collecting.args(["-c", command]).env("BENCH_MAILBOX_PORT", dovecot.port().to_string());
        assert!(collecting.status().await.unwrap().success(), "{command} fails");
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let rate = MAILBOX_MAILS as f64 / began.elapsed().as_secs_f64();
    Row { what: "GLPI's own collector on the same mailbox".to_owned(), per_second: rate }
}

/// Mails of somebody who is no director: refused without GLPI making anything.
async fn refusals(target: &Target) -> Row {
    let redis = Redis::start();
    let url = redis.url();
    let settings = [("quota.backend", "redis"), ("redis.url", url.as_str()), ("screen.keywords", "LSU")];
    let gateway = Running::start(target, &settings).await;
    let refused: Vec<_> = (0..REFUSALS)
        .map(|at| (AGENT.to_owned(), mail(AGENT, &format!("refus-{at}"), "Bonjour", "Sans mot-clé")))
        .collect();
    let (rate, processor) = lmtp::deliver_with_processor(&gateway, CONNECTIONS, refused, "refused").await;
    gateway.stop().await;
    Row { what: format!("refusals over LMTP with Redis ({processor:.0}/s of processor time)"), per_second: rate }
}

/// What the gateway adds to the bare call that makes a form's ticket.
async fn forms(target: &Target) -> String {
    let gateway = Running::start(target, &[]).await;
    let bare = bare::latencies(target, 200).await;
    let through = gateway.forms(200).await;
    gateway.stop().await;
    let at = |times: &[Duration], share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    format!(
        "a form adds {:.1} ms in the median, {:.1} ms at the 99th percentile (bare: {:.1} and {:.1} ms)",
        (at(&through, 50).as_secs_f64() - at(&bare, 50).as_secs_f64()) * 1e3,
        (at(&through, 99).as_secs_f64() - at(&bare, 99).as_secs_f64()) * 1e3,
        at(&bare, 50).as_secs_f64() * 1e3,
        at(&bare, 99).as_secs_f64() * 1e3,
    )
}

/// Requests of known directors, each another one, from those who send them.
fn mails(name: &str, count: usize) -> Vec<(String, Vec<u8>)> {
    let run = jiff::Timestamp::now().as_microsecond();
    (0..count)
        .map(|at| {
            let from = DIRECTORS[at % DIRECTORS.len()];
            let text = "Bonjour,\r\n\r\nLe livret de Zoé ne s’ouvre pas depuis lundi. ".repeat(6);
            (from.to_owned(), mail(from, &format!("{run}-{at}"), &format!("LSU : {name} {at}"), &text))
        })
        .collect()
}
