//! What the figures of many tickets cost: the time until there is something to see, until all is read, and of what is
//! asked for afterwards, by a program and by a person; and memory, which is bounded.

use std::time::{Duration, Instant};

use passerelle::sandbox::Machine;
use serde_json::Value;

use crate::{gateway::Running, generated::fill, glpi::Target, support::dice::Dice, table::Table};

const TOKEN: &str = "token-of-operators-for-benches";
/// How often each is asked for once all is read.
const TIMES: usize = 50;
/// So much more memory than without tickets the figures may take, MiB.
const MOST_MEMORY: f64 = 64.0;
const OPERATOR: &str = "chef@ac-dijon.fr";
const PROXY_SECRET: &str = "proxy-secret-for-benches";
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Fills the stand-in with so many tickets, and has a gateway read them.
pub(crate) async fn of(target: &Target, tickets: usize) {
    let Target::StandIn(sandbox) = target else {
        panic!("the figures are measured on made-up tickets of the stand-in")
    };
    let people = [
        ("people.operators", OPERATOR),
        ("people.tokens", &format!("operators:{TOKEN}")),
        ("http.trusted_proxies", "127.0.0.0/8"),
        ("http.proxy_secret", PROXY_SECRET),
    ];
    let gateway = Running::start(target, &people).await;
    let known = async |gateway: &Running| {
        let figures = gateway.get_with_token("/v1/figures", TOKEN).await;
        figures.map_or(Value::Null, |figures| figures["reading"].clone())
    };
    while known(&gateway).await["is_whole"] != true {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let at_rest = gateway.bytes("VmRSS");
    gateway.stop().await;

    sandbox.set_machine(None);
    fill(sandbox, &mut Dice::thrown(), tickets, jiff::Zoned::now().datetime()).await;
    sandbox.set_machine(Some(Machine::usual()));
    let began = Instant::now();
    let gateway = Running::start(target, &people).await;
    let mut first = None;
    let all = loop {
        let known = known(&gateway).await;
        if known["tickets"].as_u64() > Some(0) {
            first.get_or_insert_with(|| began.elapsed());
        }
        if known["is_whole"] == true {
            assert_eq!(known["tickets"].as_u64(), Some(tickets as u64));
            break began.elapsed();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let what = format!("figures of {tickets} tickets, from the start:");
    Table::say(&format!("{what} the first"), &format!("{:>9.1} s", first.unwrap_or(all).as_secs_f64()));
    Table::say(&format!("{what} all"), &format!("{:>9.1} s", all.as_secs_f64()));
    for (when, figure) in [("at most while it reads", "VmHWM"), ("afterwards", "VmRSS")] {
        let more = gateway.bytes(figure) - at_rest;
        Table::say(&format!("resident more than with none, {when}"), &format!("{more:>9.1} MiB"));
        assert!(more <= MOST_MEMORY, "{more:.1} MiB more, {when}");
    }
    let times = timed(async || assert!(gateway.get_with_token("/v1/figures", TOKEN).await.is_some())).await;
    Table::times("GET /v1/figures, from memory", &times);
    let times = timed(async || {
        let page = gateway.page("/pilotage", OPERATOR, PROXY_SECRET).await;
        assert!(page.contains("<table"), "{page}");
    });
    Table::times("the page /pilotage, from memory", &times.await);
    gateway.stop().await;
}

/// How long it takes each time, the shortest first.
async fn timed(once: impl AsyncFn()) -> Vec<Duration> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        once().await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times
}
