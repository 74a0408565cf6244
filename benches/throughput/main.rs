//! How many requests become tickets in a second, against what GLPI itself can do: one table, all figures of one run, in
//! some five minutes.
//!
//! `make bench` runs it against the stand-in, which works at the pace of a GLPI 10 on two cores. With `BENCH_GLPI_URL`,
//! `BENCH_GLPI_LOGIN` and `BENCH_GLPI_PASSWORD` it runs against that GLPI, which needs the stand-in's seed (see
//! CONTRIBUTING.md); with `BENCH_COLLECTOR` too, a command by which that GLPI collects the mailbox
//! `BENCH_MAILBOX_PORT` of 127.0.0.1 once (user and password as in `tests/it/support/dovecot.rs`), GLPI's own collector has
//! its row.
//!
//! `make bench-memory` and `make soak` look at the gateway's memory alone: with a long backlog, over an hour.
//! `make bench-figures` has it read the figures of many tickets, `make bench-faq` a FAQ of many articles;
//! `make bench-announcement` tells thousands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark says what it finds, and what is wrong by panicking"
)]

mod announcement;
mod bare;
mod figures;
mod gateway;
#[path = "../../tests/it/figures/generated.rs"]
mod generated;
mod glpi;
mod knowledge;
mod lmtp;
mod memory;
mod portal;
mod several;
#[path = "../../tests/it/support/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;
mod table;

use std::time::{Duration, Instant};

use crate::{
    gateway::Running,
    glpi::Target,
    support::{
        dovecot::{Dovecot, PASSWORD},
        gateway::{AGENT, ASSISTANCE, DIRECTORS, mail},
        redis::Redis,
    },
    table::{Table, per_second},
};

/// Requests of one row.
const BARE_TICKETS: usize = 200;
const LMTP_MAILS: usize = 300;
const MAILBOX_MAILS: usize = 500;
const CONNECTIONS: usize = 16;
const OPEN_TICKETS: usize = 5000;
const REFUSALS: usize = 20_000;
/// Mails of the long backlog, and the time of a soak, where the command line names no other.
const BACKLOG: usize = 10_000;
const HOUR: u64 = 3600;
/// Tickets of which the figures are.
const MANY_TICKETS: usize = 134_000;
/// Articles of a FAQ.
const MANY_ARTICLES: usize = 1200;
/// Directors of an academy.
const MANY_DIRECTORS: usize = 3000;
/// The way of mails that are read from a mailbox.
pub(crate) const MAILBOX: &str = "boîte";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs it too, with other arguments.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let number = |word: &str| {
        let at = arguments.iter().position(|argument| argument == word)?;
        Some(arguments.get(at + 1).and_then(|number| number.parse().ok()))
    };
    let target = Target::start().await;
    println!("GLPI: {}", target.name());
    if let Some(mails) = number("backlog") {
        return memory::backlog(&target, mails.map_or(BACKLOG, |mails| usize::try_from(mails).unwrap())).await;
    }
    if let Some(seconds) = number("soak") {
        return memory::soak(&target, Duration::from_secs(seconds.unwrap_or(HOUR))).await;
    }
    if let Some(tickets) = number("figures") {
        return figures::of(&target, tickets.map_or(MANY_TICKETS, |tickets| usize::try_from(tickets).unwrap())).await;
    }
    if let Some(articles) = number("faq") {
        return knowledge::of(&target, articles.map_or(MANY_ARTICLES, |many| usize::try_from(many).unwrap())).await;
    }
    if let Some(directors) = number("announcement") {
        return announcement::of(&target, directors.map_or(MANY_DIRECTORS, |many| usize::try_from(many).unwrap()))
            .await;
    }
    let mut table = Table::default();
    table.bare("bare calls, one ticket each, 4 sessions", bare::rate(&target, 1, 4, BARE_TICKETS).await);
    for (together, sessions) in [(8, 3), (25, 2), (25, 4)] {
        let rate = bare::rate(&target, together, sessions, 2 * BARE_TICKETS).await;
        table.bare(&format!("bare calls, arrays of {together}, {sessions} sessions"), rate);
    }
    if let Ok(command) = std::env::var("BENCH_COLLECTOR") {
        table.bare("GLPI's own collector, a mailbox of 500 mails", collector(&command).await);
    }
    // It outlives the gateways, as an academy's does.
    let redis = Redis::start();
    memory::at_rest(&target, &redis).await;
    ways_of_mail(&target, &table, &redis, "").await;
    portal::forms(&target).await;
    portal::pages(&target).await;
    if target.is_stand_in() {
        bare::fill(&target, OPEN_TICKETS).await;
        ways_of_mail(&target, &table, &redis, &format!(", {OPEN_TICKETS} open tickets")).await;
    }
    refusals(&target, &table).await;
    several::instances(&target).await;
}

/// The ways of mail, each from the first second of a gateway.
async fn ways_of_mail(target: &Target, table: &Table, redis: &Redis, with: &str) {
    let gateway = Running::start(target, &redis.settings()).await;
    // Mails tell whole seconds: so that these are written after the start.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for when in ["from the first second", "running"] {
        let before = target.calls();
        let rate = lmtp::deliver(gateway.lmtp, CONNECTIONS, mails(when, LMTP_MAILS), "created").await;
        table.rate(&format!("LMTP, {CONNECTIONS} connections, {when}{with}"), rate);
        calls(target, before, LMTP_MAILS);
    }
    gateway.stop().await;

    let before = target.calls();
    let all = mails(MAILBOX, MAILBOX_MAILS).into_iter().map(|(_, raw)| raw);
    let mut run = MailboxRun::begin(target, all, &redis.settings()).await;
    let took = run.end(Duration::from_mins(5)).await;
    table.rate(&format!("a mailbox of {MAILBOX_MAILS} mails, start included{with}"), per_second(MAILBOX_MAILS, took));
    calls(target, before, MAILBOX_MAILS);
    run.gateway.stop().await;
}

/// How many calls so many tickets took since then, where that is known.
fn calls(target: &Target, before: Option<usize>, tickets: usize) {
    if let (Some(before), Some(after)) = (before, target.calls()) {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let of_each = (after - before) as f64 / tickets as f64;
        Table::say("… GLPI calls of each", &format!("{of_each:>9.2}"));
    }
}

/// A gateway that reads a mailbox.
pub(crate) struct MailboxRun {
    dovecot: Dovecot,
    began: Instant,
    pub(crate) gateway: Running,
}

impl MailboxRun {
    /// Fills a mailbox, and starts a gateway that reads it.
    pub(crate) async fn begin(
        target: &Target,
        mails: impl Iterator<Item = Vec<u8>>,
        settings: &[(&str, &str)],
    ) -> Self {
        let dovecot = Dovecot::start();
        dovecot.store(ASSISTANCE, "INBOX", mails);
        let user = ASSISTANCE.replace('@', "%40");
        let address = format!("imap://{user}:{PASSWORD}@127.0.0.1:{}?tls=off", dovecot.port());
        let began = Instant::now();
        let settings = [&[("imap.url", address.as_str())], settings].concat();
        Self { gateway: Running::start(target, &settings).await, dovecot, began }
    }

    /// Waits until every mail has become what it becomes; gives the time since the gateway's start.
    pub(crate) async fn end(&mut self, longest: Duration) -> Duration {
        while holds_mail(&self.dovecot) {
            assert!(self.began.elapsed() < longest, "the mailbox is not emptied");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.began.elapsed()
    }
}

fn holds_mail(dovecot: &Dovecot) -> bool {
    let status = dovecot.sign_in(ASSISTANCE).run("STATUS \"INBOX\" (MESSAGES)");
    !status.lines.iter().any(|line| line.text.contains("(MESSAGES 0)"))
}

/// GLPI's own collector on as many mails as the gateway's mailbox holds. Gives mails a second.
async fn collector(command: &str) -> f64 {
    let dovecot = Dovecot::start();
    dovecot.store(ASSISTANCE, "INBOX", mails("collecteur", MAILBOX_MAILS).into_iter().map(|(_, raw)| raw));
    let began = Instant::now();
    while holds_mail(&dovecot) {
        assert!(began.elapsed() < Duration::from_mins(10), "the collector does not empty the mailbox");
        let mut collecting = tokio::process::Command::new("sh");
        collecting.args(["-c", command]).env("BENCH_MAILBOX_PORT", dovecot.port().to_string());
        assert!(collecting.status().await.unwrap().success(), "{command} fails");
    }
    per_second(MAILBOX_MAILS, began.elapsed())
}

/// Mails of somebody who is no director: refused without GLPI making anything.
async fn refusals(target: &Target, table: &Table) {
    let redis = Redis::start();
    let gateway = Running::start(target, &redis.settings()).await;
    let refused: Vec<_> = (0..REFUSALS)
        .map(|at| (AGENT.to_owned(), mail(AGENT, &format!("refus-{at}"), "Bonjour", "Sans mot-clé")))
        .collect();
    let (rate, of_core) = lmtp::deliver_with_processor(&gateway, CONNECTIONS, refused, "refused").await;
    gateway.stop().await;
    table.rate("refusals over LMTP with a real Redis", rate);
    Table::say("… for each second of the gateway's processor time", &format!("{of_core:>9.0} /s"));
}

/// Requests of known directors, each another one, from those who send them.
pub(crate) fn mails(name: &str, count: usize) -> Vec<(String, Vec<u8>)> {
    let run = jiff::Timestamp::now().as_microsecond();
    (0..count)
        .map(|at| {
            let from = DIRECTORS[at % DIRECTORS.len()];
            let text = "Bonjour,\r\n\r\nLe livret de Zoé ne s’ouvre pas depuis lundi. ".repeat(6);
            (from.to_owned(), mail(from, &format!("{run}-{at}"), &format!("LSU : {name} {at}"), &text))
        })
        .collect()
}
