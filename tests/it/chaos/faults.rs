//! What goes wrong meanwhile: one hand for each server, each with dice of its own, so that a seed has the same faults in
//! the same order.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use passerelle::sandbox::{Failures, Rule, Sandbox};
use tokio::{task::block_in_place, time::sleep};

use super::{
    fleet::{Fleet, INSTANCES},
    history::Faults,
};
use crate::support::{dice::Dice, dovecot::Dovecot, postfix::Postfix, redis::Redis, sink::Sink, slapd::Slapd};

/// What GLPI does, each for a while; what names a number of calls, for these.
const OF_GLPI: [&str; 21] = [
    "slow=400ms",
    "slow=3s@tickets*2",
    "slow=3s@followups*1",
    "500",
    "502",
    "401*3",
    "maintenance",
    "down",
    "lost@tickets*2",
    "lost@followups*2",
    "garbage*4",
    "garbage@tickets*2",
    "207@tickets*2",
    "partial@tickets*2",
    "partial@tickets*2",
    "file@tickets*4",
    "file@followups*2",
    "dies=0@tickets*2",
    "dies=1@tickets*2",
    "killed=1@tickets*2",
    "dies=0@followups*2",
];

/// Everything that can go wrong.
pub(super) struct Servers<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) glpi: &'a Sandbox,
    pub(super) redis: Mutex<Redis>,
    /// What the gateways send goes there; what is sent to them comes by the other.
    pub(super) relay: &'a Sink,
    pub(super) postfix: &'a Postfix,
    pub(super) directory: Mutex<Slapd>,
    pub(super) mailbox: &'a Dovecot,
}

async fn for_a_while(dice: &mut Dice, from: u64, to: u64) {
    sleep(Duration::from_millis(from + dice.below(to - from))).await;
}

impl Servers<'_> {
    /// Has things go wrong until `over`; then everything works.
    pub(super) async fn trouble(&self, dice: &mut Dice, over: &AtomicBool, faults: &Faults) {
        let [glpi, redis, fleet, relay, others, postfix] = [0; 6].map(|_: u8| Dice::new(dice.next()));
        tokio::join!(
            self.trouble_glpi(glpi, over, faults),
            self.trouble_redis(redis, over, faults),
            self.trouble_fleet(fleet, over, faults),
            self.trouble_relay(relay, over, faults),
            self.trouble_others(others, over, faults),
            self.trouble_postfix(postfix, over, faults),
        );
    }

    async fn trouble_glpi(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 100, 700).await;
            let fault = dice.pick(&OF_GLPI);
            let _lasting = faults.begin(&format!("glpi {fault}"));
            self.glpi.set_failures(fault.parse::<Rule>().unwrap());
            for_a_while(&mut dice, 300, 1200).await;
            self.glpi.set_failures(Failures::none());
        }
    }

    async fn trouble_redis(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        let run = |command: &[&str]| block_in_place(|| self.redis.lock().unwrap().run(command));
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 500, 2000).await;
            let fault = dice.pick(&["flushed", "paused", "evicts", "full", "restarted", "clock"]);
            let _lasting = faults.begin(&format!("redis {fault}"));
            match fault {
                "flushed" => block_in_place(|| self.redis.lock().unwrap().flush_all()),
                // It ends by Redis's clock: one that is set back meanwhile would make hours of it.
                "paused" => {
                    let pause = dice.below(1500);
                    run(&["CLIENT", "PAUSE", &pause.to_string(), "ALL"]);
                    sleep(Duration::from_millis(pause)).await;
                }
                // Hours ahead or back; the next jump begins from the right time again.
                "clock" => {
                    let seconds = dice.pick(&[-90_000, -3600, -5, 5, 3600, 90_000]);
                    block_in_place(|| self.redis.lock().unwrap().set_clock(seconds));
                    for_a_while(&mut dice, 200, 1500).await;
                    if dice.one_in(2) {
                        block_in_place(|| self.redis.lock().unwrap().set_clock(0));
                    }
                }
                "restarted" => {
                    block_in_place(|| self.redis.lock().unwrap().stop());
                    for_a_while(&mut dice, 10, 1200).await;
                    block_in_place(|| self.redis.lock().unwrap().start_again());
                }
                _ => {
                    let policy = if fault == "full" { "noeviction" } else { "allkeys-random" };
                    run(&["CONFIG", "SET", "maxmemory-policy", policy]);
                    run(&["CONFIG", "SET", "maxmemory", "1"]);
                    for_a_while(&mut dice, 200, 1200).await;
                    run(&["CONFIG", "SET", "maxmemory", "0"]);
                }
            }
        }
    }

    async fn trouble_fleet(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 500, 3500).await;
            let at = usize::try_from(dice.below(INSTANCES as u64)).unwrap();
            let killing = faults.begin("gateway killed");
            self.fleet.kill(at).await;
            drop(killing);
            for_a_while(&mut dice, 0, 1500).await;
            self.fleet.launch(at);
        }
    }

    async fn trouble_relay(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 500, 2500).await;
            let fault = dice.pick(&["away", "puts off", "thinks"]);
            let _lasting = faults.begin(&format!("relay {fault}"));
            let set = |fault: &str| {
                let mut moods = self.relay.moods.lock().unwrap();
                moods.away = fault == "away";
                moods.ends = if fault == "puts off" { vec![451; 4] } else { Vec::new() };
                moods.thinks = if fault == "thinks" { vec![Duration::from_millis(1200)] } else { Vec::new() };
            };
            set(fault);
            for_a_while(&mut dice, 300, 2000).await;
            set("");
        }
    }

    /// The directory and the mailbox.
    async fn trouble_others(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 1000, 4000).await;
            if dice.one_in(3) {
                let _lasting = faults.begin("mailbox cut");
                block_in_place(|| self.mailbox.cut_connections());
                continue;
            }
            let _lasting = faults.begin("directory away");
            block_in_place(|| self.directory.lock().unwrap().stop());
            for_a_while(&mut dice, 300, 1500).await;
            block_in_place(|| while !self.directory.lock().unwrap().run() {});
        }
    }

    /// What brings the mails to the gateways goes away with its queue, once in some tens of seconds.
    async fn trouble_postfix(&self, mut dice: Dice, over: &AtomicBool, faults: &Faults) {
        while !over.load(Ordering::Relaxed) {
            for_a_while(&mut dice, 3000, 9000).await;
            let _lasting = faults.begin("postfix stopped");
            let pause = Duration::from_millis(dice.below(2000));
            self.postfix.go_away_for(pause).await;
        }
    }
}
