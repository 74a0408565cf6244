//! Lists longer than one page; on the sandbox only, for a real GLPI takes minutes to make them.

use passerelle::{
    glpi::{Criterion, Glpi},
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

#[tokio::test]
async fn a_busy_day_s_tickets_are_read_in_pages_and_each_once() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let glpi = Glpi::new(&settings(&sandbox)).unwrap();
    glpi.ping().await.unwrap();
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let mut made = 0;
    for (count, calls) in [(3, 1), (2000, 1), (2001, 2), (4500, 3)] {
        let inputs = (made..count).map(|n| json!({"name": format!("n{n}"), "content": format!("texte {n}")}));
        staff.call(Method::POST, "Ticket", Value::Array(inputs.collect())).await;
        made = count;
        let (before, mut read) = (sandbox.calls(), Vec::new());
        let are_all = glpi.openings(Criterion::OpenedWithin(24), 10_000, |found| read.push(found)).await.unwrap();
        assert_eq!((are_all, sandbox.calls() - before), (true, calls), "{count}");
        let texts: Vec<_> = read.into_iter().map(|found| found.content).collect();
        let expected: Vec<_> = (0..count).rev().map(|n| format!("texte {n}")).collect();
        assert_eq!(texts, expected);
    }
    let mut read = 0;
    assert!(!glpi.openings(Criterion::OpenedWithin(24), 4000, |_| read += 1).await.unwrap());
    assert_eq!(read, 4000);
}
