//! Four instances that share a memory several Redis servers keep, a cluster or a master that sentinels watch: what is
//! shared is exact, and stays so when the server that has it dies.

use std::time::Instant;

use futures_util::future::join_all;

use crate::support::{
    PATIENCE,
    gateway::{DIRECTORS, Gateway, form, mail, sandbox},
    redis_nodes::Nodes,
};

/// Posts so many forms of a person, told apart by this word, to one instance after the other; gives how many became
/// tickets. Who is told to come again, because Redis was too slow for a moment, does.
async fn made(gateways: &[Gateway], person: &str, word: &str, forms: usize) -> usize {
    let forms: Vec<_> = (0..forms).map(|number| form(person, &format!("{word} {number}"))).collect();
    let post = async |number: usize| {
        let (gateway, began) = (&gateways[number % gateways.len()], Instant::now());
        loop {
            match gateway.post_form(&forms[number], None).await.status().as_u16() {
                503 => assert!(began.elapsed() < PATIENCE, "it is told to come again and again"),
                status => return status,
            }
        }
    };
    let statuses = join_all((0..forms.len()).map(post)).await;
    assert!(statuses.iter().all(|status| [201, 429].contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 201).count()
}

async fn is_exact_and_outlives_a_server(mut nodes: Nodes, settings: &[(&str, &str)]) {
    let sandbox = sandbox().await;
    // However busy this machine is, it does not pass for a Redis that is away.
    let usual = [("quota.backend", "redis"), ("redis.timeout", "20s")];
    let settings = [&usual, settings].concat();
    let gateways = join_all((0..4).map(|_| Gateway::start(&sandbox, &settings))).await;
    let same = mail(DIRECTORS[0], "shared", "LSU : partagé", "Bonjour");
    for _ in 0..2 {
        let replies = join_all(gateways.iter().map(|gateway| gateway.deliver(DIRECTORS[0], &same))).await;
        assert!(replies.iter().all(|reply| reply.starts_with("250")), "{replies:?}");
    }
    assert_eq!(sandbox.tickets().len(), 1);
    assert_eq!(made(&gateways, DIRECTORS[0], "Avant", 40).await, 9);
    assert_eq!(made(&gateways, DIRECTORS[1], "Avant", 40).await, 10);
    let (keys, servers) = nodes.keys();
    assert!(servers == 1 && keys.iter().any(|key| key.ends_with("epoch")), "{servers} {keys:?}");

    tokio::task::block_in_place(|| nodes.kill_the_master());
    let replies = join_all(gateways.iter().map(|gateway| gateway.deliver(DIRECTORS[0], &same))).await;
    assert!(replies.iter().all(|reply| reply.contains("duplicate")), "{replies:?}");
    assert_eq!(made(&gateways, DIRECTORS[1], "Après", 4).await, 0);
    assert_eq!(made(&gateways, DIRECTORS[2], "Après", 40).await, 10);
    assert_eq!(sandbox.tickets().len(), 30);
    let (now, servers) = nodes.keys();
    assert!(
        servers == 1 && now.len() >= keys.len() + 10,
        "it is kept where the new master is: {} {}",
        keys.len(),
        now.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn four_instances_share_a_cluster() {
    let nodes = tokio::task::block_in_place(Nodes::cluster);
    let urls = nodes.urls();
    is_exact_and_outlives_a_server(nodes, &[("redis.cluster", &urls)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_instances_share_a_master_that_sentinels_watch() {
    let nodes = tokio::task::block_in_place(Nodes::watched);
    let urls = nodes.urls();
    let settings = [("redis.url", "redis://passerelle/0"), ("redis.sentinels", urls.as_str())];
    is_exact_and_outlives_a_server(nodes, &settings).await;
}
