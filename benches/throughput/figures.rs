//! What the figures of many tickets cost: the time until there is something to see, until all is read, and of a page
//! afterwards; and memory.

use std::time::{Duration, Instant};

use passerelle::sandbox::Machine;
use serde_json::Value;

use crate::{gateway::Running, generated::fill, glpi::Target, support::dice::Dice, table::Table};

const TOKEN: &str = "token-of-operators-for-benches";
/// Pages that are asked for once all is read.
const PAGES: usize = 50;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Fills the stand-in with so many tickets, and has a gateway read them.
pub(crate) async fn of(target: &Target, tickets: usize) {
    let Target::StandIn(sandbox) = target else {
        panic!("the figures are measured on made-up tickets of the stand-in")
    };
    let people = [("people.operators", "chef@ac-dijon.fr"), ("people.tokens", &format!("operators:{TOKEN}"))];
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
    }
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let began = Instant::now();
        assert!(gateway.get_with_token("/v1/figures", TOKEN).await.is_some());
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Table::times("figures answered from memory", &times);
    gateway.stop().await;
}
