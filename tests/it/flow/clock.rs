//! A Redis whose clock goes wrong: what it was to remember for hours is gone at once, or stays for days.

use rstest::rstest;

use crate::support::{
    gateway::{DIRECTORS, Gateway, mail, sandbox},
    redis::Redis,
};

/// The clock jumps by so many seconds, at first and then back; in between and after it, requests come in by two instances.
#[rstest]
#[case::days_ahead(200_000)]
#[case::an_hour_ahead(3600)]
#[case::an_hour_back(-3600)]
#[case::days_back(-200_000)]
#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_ticket_and_a_day_has_its_places_whatever_redis_takes_the_time_for(#[case] jump: i64) {
    let (glpi, redis) = (sandbox().await, Redis::with_a_clock());
    let settings = [&redis.settings()[..], &[("quota.per_day", "3")]].concat();
    let gateways = [Gateway::start(&glpi, &settings).await, Gateway::start(&glpi, &settings).await];
    let director = DIRECTORS[0];
    let mails: Vec<_> = (0..4).map(|at| mail(director, &format!("h{at}"), &format!("LSU {at}"), "Bonjour")).collect();
    let deliver = async |gateway: usize, at: usize| gateways[gateway].deliver(director, &mails[at]).await;
    for (at, seconds) in [0, jump, 0].into_iter().enumerate() {
        redis.set_clock(seconds);
        let (one, other) = (at % 2, (at + 1) % 2);
        let (first, second) = tokio::join!(deliver(one, at), deliver(other, at));
        let ends = [&first, &second].map(|said| said.contains("created"));
        assert!(ends[0] != ends[1], "{at}: {first} {second}");
        assert!([&first, &second].iter().all(|said| said.starts_with("250")), "{at}: {first} {second}");
        // Copies of all before.
        for before in 0..=at {
            let said = deliver(other, before).await;
            assert!(said.contains("duplicate"), "{before} after {at}: {said}");
        }
    }
    for (gateway, seconds) in [(0, jump), (1, 0), (0, -jump)] {
        redis.set_clock(seconds);
        let said = deliver(gateway, 3).await;
        assert!(said.contains("quota-exceeded"), "{seconds}: {said}");
    }
    assert_eq!(glpi.tickets().len(), 3);
}
