//! What the gateway has in memory: at rest, with a long backlog of large mails, over an hour.

use std::time::{Duration, Instant};

use data_encoding::BASE64_MIME;

use crate::{
    MAILBOX, MailboxRun,
    gateway::Running,
    glpi::Target,
    lmtp, mails,
    support::{
        gateway::{AGENT, ASSISTANCE, DIRECTORS, mail},
        redis::Redis,
    },
    table::Table,
};

/// Bytes of a mail of the backlog as it comes, and of the few large ones among them.
const USUAL: usize = 100 * 1024;
const LARGE: usize = 29 * 1024 * 1024;
/// One in so many is large.
const LARGE_EVERY: usize = 1000;
/// How often an hour's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// At rest, right after the start and once it has served.
pub(crate) async fn at_rest(target: &Target, redis: &Redis) {
    let began = Instant::now();
    let gateway = Running::start(target, &redis.settings()).await;
    gateway.ready().await;
    Table::say("from start to ready", &format!("{:>9} ms", began.elapsed().as_millis()));
    tokio::time::sleep(Duration::from_secs(3)).await;
    Table::say("resident at rest", &gateway.memory("VmRSS"));
    lmtp::deliver(gateway.lmtp, 16, mails("mémoire", 200), "created").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    Table::say("resident after 200 mails", &gateway.memory("VmRSS"));
    gateway.stop().await;
}

/// A mail with a file, so large as it comes.
fn with_file(from: &str, id: &str, bytes: usize) -> Vec<u8> {
    let file: Vec<u8> = (0..).map(noise).take(bytes / 78 * 57).collect();
    let mut raw = format!(
        "From: {from}\r\nTo: {ASSISTANCE}\r\nSubject: LSU {id}\r\nMessage-ID: <{id}@ecole.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n--b\r\n\
         Content-Type: application/pdf; name=bilan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    raw.extend(BASE64_MIME.encode(&[b"%PDF-1.4\n".as_slice(), &file].concat()).into_bytes());
    raw.extend(b"\r\n--b--\r\n");
    raw
}

fn noise(at: u32) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 24) as u8
}

/// What so many mails of 100 KiB, with some of 29 MiB among them, take at most, over LMTP and in a mailbox.
pub(crate) async fn backlog(target: &Target, count: usize) {
    if let Target::StandIn(sandbox) = target {
        sandbox.set_machine(None);
    }
    let run = jiff::Timestamp::now().as_microsecond();
    let raw = |way: &str, at: usize| {
        let bytes = if at % LARGE_EVERY == LARGE_EVERY / 2 { LARGE } else { USUAL };
        with_file(DIRECTORS[at % DIRECTORS.len()], &format!("{run}-{way}-{at}"), bytes)
    };
    let gateway = Running::start(target, &[]).await;
    Table::say("resident at rest", &gateway.memory("VmRSS"));
    let from = |at: usize| DIRECTORS[at % DIRECTORS.len()].to_owned();
    let began = Instant::now();
    // So many at a time: the mails themselves would fill this process.
    for start in (0..count).step_by(1000) {
        let some = (start..count.min(start + 1000)).map(|at| (from(at), raw("lmtp", at))).collect();
        lmtp::deliver(gateway.lmtp, 16, some, "created").await;
    }
    let took = began.elapsed().as_secs();
    Table::say(&format!("at most, {count} mails over LMTP in {took} s"), &gateway.memory("VmHWM"));
    gateway.stop().await;

    let began = Instant::now();
    let mut run = MailboxRun::begin(target, (0..count).map(|at| raw(MAILBOX, at)), &[]).await;
    run.end(Duration::from_mins(30)).await;
    let took = began.elapsed().as_secs();
    Table::say(&format!("at most, a mailbox of {count} mails in {took} s"), &run.gateway.memory("VmHWM"));
    run.gateway.stop().await;
}

/// Whether memory stays flat over so much time of all kinds of work.
pub(crate) async fn soak(target: &Target, time: Duration) {
    if let Target::StandIn(sandbox) = target {
        sandbox.set_machine(None);
    }
    let gateway = Running::start(target, &[]).await;
    let (began, mut looked, mut round) = (Instant::now(), Vec::new(), 0_usize);
    let mut next_look = Duration::ZERO;
    while began.elapsed() < time {
        round += 1;
        lmtp::deliver(gateway.lmtp, 4, mails(&format!("endurance {round}"), 8), "created").await;
        let refused =
            (0..8).map(|at| (AGENT.to_owned(), mail(AGENT, &format!("s{round}-{at}"), "Bonjour", "Sans mot-clé")));
        lmtp::deliver(gateway.lmtp, 4, refused.collect(), "refused").await;
        let large =
            with_file(DIRECTORS[round % 5], &format!("grand-{round}"), if round % 20 == 0 { LARGE } else { USUAL * 5 });
        lmtp::deliver(gateway.lmtp, 1, vec![(DIRECTORS[round % 5].to_owned(), large)], "created").await;
        gateway.get_json("/v1/requests", DIRECTORS[round % 5]).await;
        if began.elapsed() >= next_look {
            next_look += LOOK_EVERY;
            let anonymous = gateway.bytes("RssAnon");
            looked.push((began.elapsed().as_secs_f64() / 3600.0, anonymous));
            println!(
                "{:>6} s  {:>4} rounds  RssAnon {:>7.2} MiB  {}",
                began.elapsed().as_secs(),
                round,
                anonymous,
                gateway.memory("VmRSS")
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // What the first requests need once is no growth.
    let settled = &looked[looked.len() / 4..];
    Table::say("growth of its own memory once it has settled", &format!("{:>9.2} MiB an hour", slope(settled)));
    gateway.stop().await;
}

/// The slope of the line that fits these points best.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}
