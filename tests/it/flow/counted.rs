//! What is received is in hand or has ended, whoever goes away meanwhile.

use std::time::Duration;

use passerelle::sandbox::{Failure, Failures, Rule};

use crate::support::{
    gateway::{DIRECTORS, Gateway, form, sandbox},
    wait_until,
};

/// The sum of a metric over all requests by the portal's form.
fn sum(figures: &str, metric: &str) -> u64 {
    let lines = figures.lines().filter(|line| line.starts_with(metric) && line.contains("channel=\"form\""));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_sender_goes_away_is_counted_all_the_same() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Avant"), None).await.status(), 201);
    let (_, before) = gateway.get("/metrics").await;
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(300))));
    let impatient = form(DIRECTORS[0], "Impatiente");
    let post = gateway.post_form(&impatient, Some("impatient"));
    assert!(tokio::time::timeout(Duration::from_millis(200), post).await.is_err(), "nobody is answered so soon");
    wait_until("its ticket is there", async || sandbox.tickets().len() == 2).await;
    sandbox.set_failures(Failures::none());
    wait_until("it is counted", async || {
        let (_, now) = gateway.get("/metrics").await;
        let [received, ended, in_hand] =
            ["passerelle_received_total", "passerelle_requests_total", "passerelle_in_hand"].map(|it| sum(&now, it));
        received > sum(&before, "passerelle_received_total") && received == ended && in_hand == 0
    })
    .await;
}
