//! What surrounds the two ways in: unknown addresses, health, metrics, the description.

use std::{cell::Cell, sync::Arc};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use passerelle::{
    http::{NotReady, router},
    request::{Channel, Outcome},
    telemetry,
    text::Bilingual,
};
use proptest::prelude::*;
use reqwest::{Method, header};
use rstest::rstest;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{Double, FORM_TOKEN, Seen, api, api_with, fields, problem, receipt, services, settings, start};

/// What stands behind an API that makes tickets, or says why it is not ready.
fn behind(ready: fn() -> Result<(), NotReady>) -> Double {
    Double { ready, ..Double::default() }
}

#[rstest]
#[case(Method::GET, "/", 404, "not-found")]
#[case(Method::GET, "/v1/requests/../x", 404, "not-found")]
#[case(Method::GET, "/v1/mail", 405, "method-not-allowed")]
#[case(Method::DELETE, "/v1/requests", 405, "method-not-allowed")]
#[case(Method::POST, "/healthz", 405, "method-not-allowed")]
#[tokio::test]
async fn where_nothing_is_there_is_a_problem(
    #[case] method: Method,
    #[case] path: &str,
    #[case] status: u16,
    #[case] reason: &str,
) {
    let api = api().await;
    let response = api.client.request(method, format!("{}{path}", api.url)).send().await.unwrap();
    assert_eq!(response.headers().contains_key(header::ALLOW), status == 405);
    problem(response, status, reason).await;
}

#[rstest]
#[case("/v1/mail", "text/plain")]
#[case("/v1/mail", "multipart/form-data; boundary=x")]
#[case("/v1/requests", "message/rfc822")]
#[case("/v1/requests", "application/json; charset=windows-1252")]
#[case("/v1/requests", "multipart/form-data")]
#[case("/v1/requests", "")]
#[tokio::test]
async fn another_content_type_is_not_supported(#[case] path: &str, #[case] content_type: &str) {
    let api = api().await;
    let token = if path == "/v1/mail" { super::MAIL_TOKEN } else { FORM_TOKEN };
    let request = api.post(path).bearer_auth(token).header(header::CONTENT_TYPE, content_type).body("{}");
    problem(request.send().await.unwrap(), 415, "unsupported-content-type").await;
}

#[tokio::test]
async fn health_is_told_from_readiness() {
    let ready = start(settings(|_| {}), Double::default(), Seen::default()).await;
    let away = || {
        Err(NotReady {
            why: Bilingual::new("GLPI refuses connections", "GLPI refuse les connexions"),
            remedy: Bilingual::new("start srv-glpi", "démarrez srv-glpi"),
        })
    };
    let unready = start(settings(|_| {}), behind(away), Seen::default()).await;
    for (api, path) in [(&ready, "/healthz"), (&ready, "/readyz"), (&unready, "/healthz")] {
        assert_eq!(api.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    let problem = problem(unready.get("/readyz").send().await.unwrap(), 503, "not-ready").await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("GLPI refuse les connexions. À faire\u{a0}: démarrez srv-glpi."), "{detail}");

    let stop = CancellationToken::new();
    stop.cancel();
    let stopping = router(Arc::new(services(settings(|_| {}), Double::default(), stop)), None);
    let answer = stopping.oneshot(Request::get("/readyz").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_answer_that_breaks_is_an_internal_error() {
    let broken = behind(|| panic!("a test's panic"));
    let api = start(settings(|_| {}), broken, Seen::default()).await;
    problem(api.get("/readyz").send().await.unwrap(), 500, "internal").await;
    assert_eq!(api.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_id_is_kept_where_it_is_plain_and_made_where_not() {
    let api = api().await;
    let id_of = async |given: Option<&str>| {
        let request = given.iter().fold(api.get("/healthz"), |request, id| request.header("X-Request-Id", *id));
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_of(Some("portail-42")).await, "portail-42");
    assert_eq!(id_of(None).await.len(), 36);
    assert_eq!(id_of(Some("jeanne@ac-dijon.fr")).await.len(), 36);
    assert_eq!(id_of(Some(&"x".repeat(65))).await.len(), 36);
}

#[tokio::test]
async fn metrics_count_outcomes_and_answers() {
    let api = api_with(
        |_| {},
        async |reference| {
            let outcome = Outcome::Created(receipt(reference));
            telemetry::count(Channel::Form, &outcome, std::time::Duration::from_millis(120));
            outcome
        },
    )
    .await;
    api.form(&fields()).send().await.unwrap();
    api.form(&Value::Object(serde_json::Map::new())).send().await.unwrap();
    let response = api.get("/metrics").send().await.unwrap();
    assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = response.text().await.unwrap();
    for line in [
        "# TYPE passerelle_requests_total counter",
        "passerelle_requests_total{channel=\"form\",outcome=\"created\",reason=\"created\"} ",
        "passerelle_request_seconds_count{channel=\"form\",outcome=\"created\"} ",
        "passerelle_http_responses_total{route=\"/v1/requests\",status=\"201\"} ",
        "passerelle_http_responses_total{route=\"/v1/requests\",status=\"422\"} ",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn the_description_names_every_route_and_the_ways_to_prove_oneself() {
    let api = api().await;
    let description: Value = api.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let mut paths: Vec<_> = description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "/healthz",
            "/metrics",
            "/openapi.json",
            "/readyz",
            "/v1/announcements",
            "/v1/announcements/{reference}",
            "/v1/announcements/{reference}/again",
            "/v1/announcements/{reference}/confirmation",
            "/v1/announcements/{reference}/doubts",
            "/v1/announcements/{reference}/end",
            "/v1/announcements/{reference}/stop",
            "/v1/faq",
            "/v1/faq/feed.atom",
            "/v1/faq/feed.json",
            "/v1/faq/{id}/documents/{document}",
            "/v1/faq/{id}/helped",
            "/v1/figures",
            "/v1/figures/{table}",
            "/v1/glpi/webhook",
            "/v1/mail",
            "/v1/messages",
            "/v1/messages/{id}/files/{place}",
            "/v1/natures",
            "/v1/requests",
            "/v1/requests/{id}",
            "/v1/requests/{id}/approval",
            "/v1/requests/{id}/documents/{document}",
            "/v1/requests/{id}/followups",
            "/v1/requests/{id}/withdrawal",
            "/v1/tickets/{id}/article",
            "/v1/tickets/{id}/escalate",
            "/v1/tickets/{id}/return",
        ]
    );
    let form = &description["paths"]["/v1/requests"]["post"];
    assert_eq!(
        form["security"],
        serde_json::json!([
            {"form_token": []},
            {"portal_timestamp": [], "portal_signature": []},
            {"proxy_identity": []},
        ])
    );
    let encodings: Vec<_> = form["requestBody"]["content"].as_object().unwrap().keys().collect();
    assert_eq!(encodings.len(), 3, "{encodings:?}");
    let schemes = description["components"]["securitySchemes"].as_object().unwrap();
    let names = [
        "mail_token",
        "form_token",
        "ticket_token",
        "people_token",
        "portal_timestamp",
        "portal_signature",
        "proxy_identity",
    ];
    for scheme in names {
        assert!(schemes.contains_key(scheme), "{scheme}");
    }
    check_references(&description, &description);
    let operations =
        description["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations {
        assert!(operation["summary"].is_string(), "{operation}");
        for response in operation["responses"].as_object().unwrap().values() {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{operation}");
        }
    }
}

/// Whoever changes what portals rely on sees it here.
#[tokio::test]
async fn the_description_is_as_it_was_published() {
    let api = api().await;
    let description: Value = api.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&description).unwrap());
}

#[tokio::test]
async fn the_described_example_is_a_valid_form() {
    let api = api().await;
    let description: Value = api.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    let content = &description["paths"]["/v1/requests"]["post"]["requestBody"]["content"];
    let example = &content["application/json"]["example"];
    assert_eq!(api.form(example).send().await.unwrap().status(), 201, "{example}");
    assert_eq!(api.seen.last_form().attachments.len(), 1);
}

/// Every `$ref` points at something.
fn check_references(node: &Value, root: &Value) {
    match node {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                assert!(root.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            }
            members.values().for_each(|member| check_references(member, root));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(item, root)),
        _ => {}
    }
}

/// JSON as it might come: the form's own names with any values, and anything else.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["ce.0210001A@ac-dijon.fr", "LSU", "incident", "3", "AAAA", "0210001A"])
            .prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "requester",
            "application",
            "nature",
            "type",
            "urgency",
            "title",
            "description",
            "error_message",
            "phone",
            "uai",
            "attachments",
            "name",
            "content",
            "content_type",
        ])
        .prop_map(str::to_owned),
        ".{0,5}",
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// How the API answers a form with this body, without a connection in between.
fn status_of(content_type: &str, body: Vec<u8>) -> StatusCode {
    thread_local! {
        static API: (tokio::runtime::Runtime, axum::Router) = (
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            router(Arc::new(services(settings(|_| {}), Double::default(), CancellationToken::new())), None),
        );
    }
    let request = Request::post("/v1/requests")
        .header(header::AUTHORIZATION, format!("Bearer {FORM_TOKEN}"))
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .unwrap();
    API.with(|(runtime, router)| runtime.block_on(router.clone().oneshot(request)).unwrap().status())
}

#[test]
fn no_json_makes_the_api_fail() {
    let created = Cell::new(0);
    proptest!(|(mut form in any_json(), complete: bool)| {
        if let (true, Value::Object(members)) = (complete, &mut form) {
            members.extend(fields().as_object().unwrap().clone());
        }
        let status = status_of("application/json", form.to_string().into_bytes());
        prop_assert!(status.is_success() || status.is_client_error(), "{} for {}", status, form);
        created.set(created.get() + usize::from(status.is_success()));
    });
    assert!(created.get() > 0);
}

proptest! {
    #[test]
    fn no_bytes_make_the_api_fail(
        content_type in prop::sample::select(vec![
            "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        ]),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(--x|\r\n|Content-Disposition: form-data; name=\"title\"|; filename=\"a\"|[{}\\[\\]\":,=&%a-f0-9]){0,30}".prop_map(String::into_bytes),
        ],
    ) {
        let status = status_of(content_type, body);
        prop_assert!(status.is_client_error(), "{}", status);
    }
}
