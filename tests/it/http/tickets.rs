//! Tickets that go to another level: who may ask, with what, and what is answered.

use passerelle::{
    config,
    glpi::GlpiError,
    lifecycle::escalation::{EscalateError, Immovable, Moved, Order},
    request::Direction,
};
use reqwest::{StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};

use super::{MAIL_TOKEN, TICKET_TOKEN, api, api_with, problem, receipt};
use passerelle::request::Outcome;

/// Stands in for the escalator: the ticket's number says what becomes of it.
pub(super) fn moved(ticket: u64, order: Order) -> Result<Moved, EscalateError> {
    match ticket {
        1 => Err(EscalateError::NotFound(ticket.into())),
        2 => Err(EscalateError::Immovable(Immovable::Highest)),
        3 => Err(EscalateError::AnotherGroup { wanted: order.to.unwrap_or_default(), next: "DSI-BAI".to_owned() }),
        4 => Err(EscalateError::Busy),
        5 => Err(EscalateError::Glpi(GlpiError::NotFound)),
        6 => Err(EscalateError::Over),
        _ => {
            let way = if order.direction == Direction::Up { "escalade" } else { "retour" };
            Ok(Moved {
                ticket: ticket.into(),
                from: format!("{} ({}), {way}", order.by, order.reason),
                to: order.to.unwrap_or_default(),
            })
        }
    }
}

fn asked() -> Value {
    json!({"reason": " Panne ", "by": "Jeanne Martin", "to": "DSI-BAI"})
}

#[rstest]
#[case("escalate", "escalade")]
#[case("return", "retour")]
#[tokio::test]
async fn a_move_is_answered_with_where_the_ticket_went(#[case] path: &str, #[case] way: &str) {
    let api = api().await;
    let request = api.post(&format!("/v1/tickets/1234/{path}")).bearer_auth(TICKET_TOKEN).json(&asked());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer, json!({"ticket": 1234, "from": format!("Jeanne Martin (Panne), {way}"), "to": "DSI-BAI"}));
}

#[rstest]
#[case("1", 404, "no-such-ticket")]
#[case("2", 409, "highest-level")]
#[case("3", 409, "another-group")]
#[case("4", 503, "busy")]
#[case("5", 503, "glpi-unavailable")]
#[case("6", 409, "ticket-over")]
#[case("x", 404, "no-such-ticket")]
#[case("-1", 404, "no-such-ticket")]
#[case("99999999999999999999", 404, "no-such-ticket")]
#[tokio::test]
async fn why_a_ticket_cannot_go_is_a_problem(#[case] ticket: &str, #[case] status: u16, #[case] reason: &str) {
    let api = api().await;
    let request = api.post(&format!("/v1/tickets/{ticket}/escalate")).bearer_auth(TICKET_TOKEN).json(&asked());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers().contains_key(header::RETRY_AFTER), status == 503);
    problem(answer, status, reason).await;
}

/// What is no number is told with the call that was made.
#[rstest]
#[case("escalate")]
#[case("return")]
#[case("article")]
#[tokio::test]
async fn what_is_no_ticket_is_told_by_the_call_s_own_address(#[case] order: &str) {
    let api = api().await;
    for ticket in ["0", "x"] {
        let call = api.post(&format!("/v1/tickets/{ticket}/{order}")).bearer_auth(TICKET_TOKEN).json(&asked());
        let answer: Value = call.send().await.unwrap().json().await.unwrap();
        let said = answer["detail"].as_str().unwrap();
        assert!(said.ends_with(&format!("comme /v1/tickets/1234/{order}.")), "{said}");
    }
}

#[tokio::test]
async fn only_a_ticket_token_opens() {
    let api = api().await;
    let post = || api.post("/v1/tickets/1234/escalate").json(&asked());
    problem(post().send().await.unwrap(), 401, "missing-credentials").await;
    problem(post().bearer_auth(MAIL_TOKEN).send().await.unwrap(), 401, "bad-token").await;
    let closed = api_with(
        |settings: &mut config::Http| settings.ticket_tokens.clear(),
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let answer = closed.post("/v1/tickets/1234/return").bearer_auth(TICKET_TOKEN).json(&asked()).send().await.unwrap();
    let problem = problem(answer, 403, "closed").await;
    assert!(problem["detail"].as_str().unwrap().contains("PASSERELLE_HTTP__TICKET_TOKENS"), "{problem}");
}

#[rstest]
#[case(json!({}), &[("reason", "missing"), ("by", "missing")])]
#[case(json!({"reason": "", "by": null}), &[("reason", "missing"), ("by", "missing")])]
#[case(json!({"reason": 3, "by": ["x"], "to": true}), &[("reason", "invalid"), ("by", "invalid"), ("to", "invalid")])]
#[case(json!({"reason": "x", "by": "y", "group": "z"}), &[("group", "unknown-field")])]
#[case(json!({"reason": "é".repeat(1001), "by": "x".repeat(201)}), &[("reason", "too-long"), ("by", "too-long")])]
#[tokio::test]
async fn every_wrong_field_is_named(#[case] body: Value, #[case] expected: &[(&str, &str)]) {
    let api = api().await;
    let answer = api.post("/v1/tickets/1234/escalate").bearer_auth(TICKET_TOKEN).json(&body).send().await.unwrap();
    let problem = problem(answer, 422, "invalid-fields").await;
    let errors: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    assert_eq!(errors, expected);
}

#[rstest]
#[case("application/json", "[]", 400, "bad-json")]
#[case("application/json", "{", 400, "bad-json")]
#[case("text/plain", "{}", 415, "unsupported-content-type")]
#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused(
    #[case] content_type: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] reason: &str,
) {
    let api = api().await;
    let request = api.post("/v1/tickets/1234/escalate").bearer_auth(TICKET_TOKEN);
    let answer = request.header(header::CONTENT_TYPE, content_type).body(body).send().await.unwrap();
    problem(answer, status, reason).await;
}
