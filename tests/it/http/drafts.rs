//! Tickets that become articles: who may ask, with what, and what is answered.

use passerelle::{
    glpi::GlpiError,
    id::{ArticleId, TicketId},
    lifecycle::{
        drafts::{DraftError, DraftOrder, Drafted},
        note::Cause,
    },
};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{FORM_TOKEN, MAIL_TOKEN, TICKET_TOKEN, api, problem};

/// Stands in for the drafter: the ticket's number says what becomes of it.
pub(super) fn drafted(ticket: TicketId, order: &DraftOrder) -> Result<Drafted, DraftError> {
    assert_eq!((order.cause, order.author), (Cause::Api, None));
    let article = ArticleId::new(56);
    match ticket.get() {
        1 => Err(DraftError::NotFound(ticket)),
        2 => Err(DraftError::Unsolved),
        3 => Err(DraftError::Changed(article)),
        4 => Err(DraftError::Busy),
        5 => Err(DraftError::Glpi(GlpiError::NotFound)),
        6 => Err(DraftError::Denied),
        number => Ok(Drafted {
            ticket,
            article,
            is_new: number == 1234,
            title: format!("Pour {}", order.by),
            masked: None,
            link: "https://glpi.example/56".to_owned(),
        }),
    }
}

#[rstest]
#[case(1234, StatusCode::CREATED)]
#[case(1235, StatusCode::OK)]
#[tokio::test]
async fn a_draft_is_answered_with_its_article(#[case] ticket: u64, #[case] status: StatusCode) {
    let api = api().await;
    let call = api.post(&format!("/v1/tickets/{ticket}/article")).bearer_auth(TICKET_TOKEN);
    let answer = call.json(&json!({"by": " Jeanne Martin "})).send().await.unwrap();
    assert_eq!(answer.status(), status);
    let expected = json!({
        "ticket": ticket, "article": 56, "title": "Pour Jeanne Martin", "masked": null, "link": "https://glpi.example/56",
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[rstest]
#[case("1", 404, "no-such-ticket")]
#[case("2", 409, "no-solution")]
#[case("3", 409, "article-changed")]
#[case("4", 503, "busy")]
#[case("5", 503, "glpi-unavailable")]
#[case("6", 409, "glpi-denied")]
#[case("x", 404, "no-such-ticket")]
#[tokio::test]
async fn a_draft_that_cannot_be_is_a_problem(#[case] ticket: &str, #[case] status: u16, #[case] reason: &str) {
    let api = api().await;
    let call = api.post(&format!("/v1/tickets/{ticket}/article")).bearer_auth(TICKET_TOKEN);
    let answer = call.json(&json!({"by": "Jeanne"})).send().await.unwrap();
    problem(answer, status, reason).await;
}

#[rstest]
#[case(json!({}), "missing")]
#[case(json!({"by": "  "}), "missing")]
#[case(json!({"by": 7}), "invalid")]
#[case(json!({"by": "x".repeat(201)}), "too-long")]
#[case(json!({"by": "Jeanne", "reason": "x"}), "unknown-field")]
#[tokio::test]
async fn each_wrong_field_is_named(#[case] body: Value, #[case] code: &str) {
    let api = api().await;
    let call = api.post("/v1/tickets/1234/article").bearer_auth(TICKET_TOKEN);
    let answer = call.json(&body).send().await.unwrap();
    let problem = problem(answer, 422, "invalid-fields").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    assert_eq!(problem["errors"][0]["code"], code, "{problem}");
}

#[tokio::test]
async fn no_other_token_drafts() {
    let api = api().await;
    for token in [MAIL_TOKEN, FORM_TOKEN, "x"] {
        let call = api.post("/v1/tickets/1234/article").bearer_auth(token);
        let answer = call.json(&json!({"by": "Jeanne"})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token}");
    }
}
