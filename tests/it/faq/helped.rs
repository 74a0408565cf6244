//! That an article helped, or answers a request, as portals of one's own say it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Faq;
use crate::support::{
    gateway::{DIRECTORS, Gateway},
    helpdesk::Helpdesk,
    redis::Redis,
};

async fn post(gateway: &Gateway, path: &str, person: &str, body: &Value) -> (StatusCode, Value) {
    let body = body.to_string();
    let call = gateway.signed(Method::POST, &format!("{path}?requester={person}"), body.as_bytes());
    let answer = call.header("Content-Type", "application/json").send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// How often, by all instances: in a test they count together.
async fn counted(gateway: &Gateway, article: u64) -> u64 {
    let (_, metrics) = gateway.get("/metrics").await;
    let line = format!("passerelle_articles_helped_total{{article=\"{article}\"}} ");
    metrics.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_helped_is_counted_once_a_day_by_whatever_instance() {
    let (faq, redis) = (Faq::start().await, Redis::start());
    let article = faq.publish("Bilan grisé", "<p>Videz le cache.</p>", json!({})).await;
    let settings = redis.settings();
    let (one, two) = (Gateway::start(&faq.sandbox, &settings).await, Gateway::start(&faq.sandbox, &settings).await);
    let path = format!("/v1/faq/{article}/helped");
    let before = counted(&one, article).await;
    for (gateway, person, is_first) in [
        (&one, DIRECTORS[0], true),
        (&two, DIRECTORS[0], false),
        (&two, DIRECTORS[1], true),
        (&one, DIRECTORS[1], false),
        (&one, DIRECTORS[0], false),
    ] {
        let (status, answer) = post(gateway, &path, person, &json!({})).await;
        assert_eq!((status, &answer), (StatusCode::OK, &json!({"article": article, "counted": is_first})), "{person}");
    }
    assert_eq!(counted(&one, article).await - before, 2);
    assert_eq!(post(&one, "/v1/faq/4000000000/helped", DIRECTORS[0], &json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_withdraws_a_request_that_an_article_answers() {
    let faq = Faq::start().await;
    let article = faq.publish("Bilan grisé", "<p>Videz le cache.</p>", json!({})).await;
    let gateway = Gateway::start(&faq.sandbox, &[]).await;
    let deposit = async |title: &str| {
        let form = json!({"requester": DIRECTORS[0], "application": "LSU", "title": title, "description": "Bonjour"});
        let created: Value = gateway.post_form(&form, Some(title)).await.json().await.unwrap();
        created["ticket"].as_u64().unwrap()
    };
    let [request, solved] = [deposit("Une").await, deposit("Deux").await];
    let path = |request: u64| format!("/v1/requests/{request}/withdrawal");
    let before = counted(&gateway, article).await;
    for body in [json!({}), json!({"article": "un"}), json!({"article": 4_000_000_000_u32}), json!({"fiche": article})]
    {
        let (status, problem) = post(&gateway, &path(request), DIRECTORS[0], &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem}");
    }
    let body = json!({"article": article});
    for _ in 0..2 {
        let (status, answer) = post(&gateway, &path(request), DIRECTORS[0], &body).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({"status": "withdrawn", "ticket": request})));
    }
    let staff = Helpdesk::sign_in(&faq.sandbox.url(), "tech1", "tech1").await;
    staff.solve(solved, "<p>Le bilan de Zoé est supprimé.</p>").await;
    let (status, problem) = post(&gateway, &path(solved), DIRECTORS[0], &body).await;
    assert_eq!((status, &problem["reason"]), (StatusCode::CONFLICT, &json!("solution-waiting")), "{problem}");
    let statuses: Vec<(u64, i64)> =
        faq.sandbox.tickets().iter().map(|ticket| (u64::try_from(ticket.id).unwrap(), ticket.status)).collect();
    assert_eq!(statuses, [(request, 6), (solved, 5)]);
    assert_eq!(counted(&gateway, article).await - before, 1);
    gateway.finish().await;
}
