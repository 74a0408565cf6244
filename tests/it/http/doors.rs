//! The listeners: whom each believes, and what is behind it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use passerelle::{config, request::Outcome};
use reqwest::{Client, header};
use rstest::rstest;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use super::{Api, PROXY_SECRET, api_with, fields, problem, receipt};

const PERSON: &str = "ce.0210001a@ac-dijon.fr";

/// An API that makes a ticket of everything, with these settings.
async fn api(change: impl FnOnce(&mut config::Http)) -> Api {
    api_with(change, async |reference| Outcome::Created(receipt(reference))).await
}

/// A form that leaves its requester to the proxy.
fn form() -> Value {
    let mut form = fields();
    form.as_object_mut().unwrap().remove("requester");
    form
}

#[rstest]
#[case::no_secret(&[], 401, "unproven-proxy")]
#[case::a_wrong_one(&["autre-secret-de-seize"], 401, "unproven-proxy")]
#[case::the_beginning_of_it(&[&PROXY_SECRET[..16]], 401, "unproven-proxy")]
#[case::an_empty_one(&[""], 401, "unproven-proxy")]
#[case::the_visitor_s_and_the_proxy_s(&["du-visiteur", PROXY_SECRET], 201, "")]
#[case::the_right_one(&[PROXY_SECRET], 201, "")]
#[tokio::test]
async fn a_proxy_is_believed_by_its_secret(#[case] secrets: &[&str], #[case] status: u16, #[case] reason: &str) {
    let api = api(|http| http.trusted_proxies.push("127.0.0.0/8".parse().unwrap())).await;
    let call = api.post("/v1/requests").json(&form()).header("X-Remote-Mail", PERSON);
    let call = secrets.iter().fold(call, |call, secret| call.header("X-Passerelle-Proxy-Secret", *secret));
    let answer = call.send().await.unwrap();
    if status == 201 {
        assert_eq!(answer.status(), status);
        assert_eq!(api.seen.last_form().requester.unwrap().to_string(), PERSON);
    } else {
        problem(answer, status, reason).await;
        assert!(api.seen.forms.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_address_without_a_secret_is_no_proof() {
    let api = api(|http| {
        http.trusted_proxies.push("127.0.0.1/32".parse().unwrap());
        http.proxy_secret = None;
    })
    .await;
    for secret in [None, Some(""), Some("null")] {
        let call = api.post("/v1/requests").json(&form()).header("X-Remote-Mail", PERSON);
        let call = secret.iter().fold(call, |call, secret| call.header("X-Passerelle-Proxy-Secret", *secret));
        problem(call.send().await.unwrap(), 401, "unproven-proxy").await;
    }
}

#[tokio::test]
async fn only_the_proxy_s_listener_believes_without_a_secret() {
    let api = api(|http| {
        http.identity_listen = Some("127.0.0.1:0".to_owned());
        http.proxy_secret = None;
    })
    .await;
    let by = |url: &str| Client::new().post(format!("{url}/v1/requests")).json(&form()).header("X-Remote-Mail", PERSON);
    assert_eq!(by(&api.identity_url.clone().unwrap()).send().await.unwrap().status(), 201);
    assert_eq!(api.seen.last_form().requester.unwrap().to_string(), PERSON);
    problem(by(&api.url).send().await.unwrap(), 401, "missing-credentials").await;
}

/// Whoever reaches a port may call there; a secret is set so that the proxy proves itself.
#[tokio::test]
async fn a_port_of_the_proxy_s_is_no_proof_where_there_is_a_secret() {
    let api = api(|http| http.identity_listen = Some("127.0.0.1:0".to_owned())).await;
    let port = api.identity_url.clone().unwrap();
    let call = |person: bool| {
        let call = Client::new().post(format!("{port}/v1/requests")).json(&form());
        if person { call.header("X-Remote-Mail", PERSON) } else { call }
    };
    for secret in [None, Some(""), Some("autre-secret-de-seize")] {
        let call = secret.iter().fold(call(true), |call, secret| call.header("X-Passerelle-Proxy-Secret", *secret));
        problem(call.send().await.unwrap(), 401, "unproven-proxy").await;
    }
    problem(call(false).send().await.unwrap(), 401, "missing-credentials").await;
    assert!(api.seen.forms.lock().unwrap().is_empty());
    let proven = call(true).header("X-Passerelle-Proxy-Secret", PROXY_SECRET).send().await.unwrap();
    assert_eq!(proven.status(), 201);
    assert_eq!(api.seen.last_form().requester.unwrap().to_string(), PERSON);
}

#[tokio::test]
async fn the_proxy_may_come_by_a_socket_that_its_group_alone_reaches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.sock");
    let api = api(|http| http.identity_listen = Some(format!("unix:{}", path.display()))).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let body = form().to_string();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let call = format!(
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nX-Remote-Mail: {PERSON}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(api.seen.last_form().requester.unwrap().to_string(), PERSON);
}

#[tokio::test]
async fn who_watches_has_a_listener_of_their_own() {
    let api = api(|http| http.admin_listen = Some("127.0.0.1:0".parse().unwrap())).await;
    let admin = api.admin_url.clone().unwrap();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let there = Client::new().get(format!("{admin}{path}")).send().await.unwrap();
        assert_eq!(there.status(), 200, "{path}");
        problem(api.get(path).send().await.unwrap(), 404, "not-found").await;
    }
    let described: Value = api.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    let described = described["paths"].as_object().unwrap();
    assert!(described.contains_key("/v1/requests") && !described.contains_key("/metrics"), "{:?}", described.keys());
    let form = Client::new().post(format!("{admin}/v1/requests")).json(&fields()).header(header::AUTHORIZATION, "x");
    problem(form.send().await.unwrap(), 404, "not-found").await;
}
