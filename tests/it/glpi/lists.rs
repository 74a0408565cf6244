//! Lists longer than one page; on the sandbox only, for a real GLPI takes minutes to make them.

use passerelle::{
    glpi::Glpi,
    sandbox::{Options, Sandbox},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::target::settings;
use crate::support::helpdesk::Helpdesk;

#[tokio::test]
async fn the_newest_follow_up_of_a_long_ticket_is_read() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let glpi = Glpi::new(&settings(&sandbox)).unwrap();
    glpi.ping().await.unwrap();
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let ticket = staff.add("Ticket", json!({"name": "Long", "content": "x"})).await;
    let mut written = 0;
    for (count, calls) in [(1, 1), (999, 1), (1000, 2), (1001, 2), (2000, 3), (2003, 3)] {
        let inputs =
            (written..count).map(|n| json!({"itemtype": "Ticket", "items_id": ticket, "content": format!("n{n}")}));
        staff.call(Method::POST, "ITILFollowup", Value::Array(inputs.collect())).await;
        written = count;
        let before = sandbox.calls();
        let read = glpi.ticket_followups(ticket.into()).await.unwrap();
        assert_eq!(sandbox.calls() - before, calls, "{count}");
        let contents: Vec<_> = read.into_iter().map(|followup| followup.content).collect();
        let expected: Vec<_> = (0..count).map(|n| format!("n{n}")).collect();
        assert_eq!(contents, expected);
    }
}
