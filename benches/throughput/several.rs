//! Four instances that share one Redis against one alone, in front of a GLPI that scales: only the stand-in does here.

use std::time::Duration;

use passerelle::sandbox::Machine;

use crate::{
    gateway::Running,
    glpi::Target,
    lmtp, mails,
    support::redis::Redis,
    table::{Table, per_second},
};

/// So many wait at once for one instance: calls of several tickets on each of its four sessions.
const CONNECTIONS: usize = 32;
const MAILS: usize = 200;
const INSTANCES: usize = 4;

pub(crate) async fn instances(target: &Target) {
    let Target::StandIn(sandbox) = target else { return };
    // As many cores as calls can come, each a fifth as fast as usual: this machine has to carry four gateways, too.
    let usual = Machine::usual();
    sandbox.set_machine(Some(Machine { cores: 64, call: usual.call * 5, item: usual.item * 5 }));
    let redis = Redis::start();
    let mut rates = Vec::new();
    for instances in [1, INSTANCES] {
        let mut gateways = Vec::new();
        for _ in 0..instances {
            gateways.push(Running::start(target, &redis.settings()).await);
        }
        // Mails tell whole seconds: so that these are written after the start.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = std::time::Instant::now();
        let deliveries = gateways.iter().enumerate().map(|(at, gateway)| {
            lmtp::deliver(gateway.lmtp, CONNECTIONS, mails(&format!("instance {at} de {instances}"), MAILS), "created")
        });
        futures_util::future::join_all(deliveries).await;
        let rate = per_second(MAILS * instances, began.elapsed().max(Duration::from_millis(1)));
        Table::say(&format!("LMTP, {instances} instance(s), a GLPI that scales"), &format!("{rate:>9.1} /s"));
        rates.push(rate);
        for gateway in gateways {
            gateway.stop().await;
        }
    }
    Table::say("four instances, of one", &format!("{:>9.2}", rates[1] / rates[0]));
    sandbox.set_machine(Some(Machine::usual()));
}
