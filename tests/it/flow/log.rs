//! The log of a request: its reference alone shows the whole way, each call to GLPI included.

use passerelle::sandbox::{Failure, Rule};
use serde_json::Value;

use crate::support::{
    captured::Captured,
    gateway::{DIRECTORS, Gateway, form, sandbox},
};

/// On one thread: the log is captured there.
#[tokio::test]
async fn one_reference_shows_every_call_to_glpi_that_its_request_made() {
    let captured = Captured::default();
    let _capturing = captured.begin();
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("sweep.every", "1h"), ("glpi.retries", "1")]).await;
    // What the gateway asks for itself as it starts is asked by then.
    assert_eq!(gateway.post_form(&form(DIRECTORS[1], "Avant"), None).await.status(), 201);
    sandbox.set_failures(Rule::next(1, Failure::BadGateway));
    let answer = gateway.post_form(&form(DIRECTORS[0], "En panne"), None).await;
    assert_eq!(answer.status(), 201, "{:#?}", captured.lines("GLPI call"));
    let answer: Value = answer.json().await.unwrap();
    let reference = answer["reference"].as_str().unwrap().to_owned();
    gateway.finish().await;

    let calls = captured.lines("GLPI call");
    assert_eq!(calls.len(), sandbox.calls(), "each call has its line");
    let span = format!("request{{reference={reference} channel=\"form\"}}");
    let (own, others): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.contains(&span));
    for part in [
        "path=\"UserEmail\" status=200",
        "path=\"User/…/Profile_User\" status=200",
        "method=\"POST\" path=\"Ticket\" status=201",
        "path=\"search/Ticket\" status=200",
        "status=502",
    ] {
        assert!(own.iter().any(|call| call.contains(part)), "{part}: {own:#?}");
    }
    assert!(own.iter().all(|call| call.contains(" ms=")), "{own:#?}");
    // What is asked for no request changes nothing, and is about nobody.
    for call in others.iter().filter(|call| !call.contains("request{reference=")) {
        assert!(call.contains("method=\"GET\"") && !call.contains("path=\"User"), "{call}");
    }
}
