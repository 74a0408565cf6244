//! Parameters and members that a call does not know: refused, and all of them named in one answer.

use jiff::Timestamp;
use reqwest::{Method, header};
use rstest::rstest;
use serde_json::{Value, json};

use super::{FORM_TOKEN, MAIL_TOKEN, SECRET, TICKET_TOKEN, api, fields, problem, sign_v2};

const REQUESTER: &str = "requester=ce.0210001A@ac-dijon.fr";

/// The names that a problem's list has, in its order.
fn named(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[rstest]
#[case::form(Method::POST, "/v1/requests", None)]
#[case::list(Method::GET, "/v1/requests", None)]
#[case::request(Method::GET, "/v1/requests/7", None)]
#[case::document(Method::GET, "/v1/requests/7/documents/8", None)]
#[case::followup(Method::POST, "/v1/requests/7/followups", None)]
#[case::approval(Method::POST, "/v1/requests/7/approval", None)]
#[case::natures(Method::GET, "/v1/natures", None)]
#[case::faq(Method::GET, "/v1/faq", None)]
#[case::mail(Method::POST, "/v1/mail", Some(MAIL_TOKEN))]
#[case::escalate(Method::POST, "/v1/tickets/7/escalate", Some(TICKET_TOKEN))]
#[case::hand_back(Method::POST, "/v1/tickets/7/return", Some(TICKET_TOKEN))]
#[case::form_by_token(Method::POST, "/v1/requests", Some(FORM_TOKEN))]
#[tokio::test]
async fn every_unknown_parameter_is_named(#[case] method: Method, #[case] path: &str, #[case] token: Option<&str>) {
    let api = api().await;
    let address = format!("{path}?sate=en-cours&{REQUESTER}&Page=2&sate=x&%C3%A9t%C3%A9");
    let body = if method == Method::GET { String::new() } else { fields().to_string() };
    let mut call = api.client.request(method.clone(), format!("{}{address}", api.url)).body(body.clone());
    call = call.header(header::CONTENT_TYPE, if path == "/v1/mail" { "message/rfc822" } else { "application/json" });
    call = if let Some(token) = token {
        call.bearer_auth(token)
    } else {
        let time = Timestamp::now().as_second().to_string();
        let signature = sign_v2(SECRET, &time, method.as_str(), &address, body.as_bytes());
        call.header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", format!("v2={signature}"))
    };
    let problem = problem(call.send().await.unwrap(), 400, "bad-parameter").await;
    let mut expected = vec!["sate", "Page", "été"];
    // A token names nobody but in a form.
    if [Some(MAIL_TOKEN), Some(TICKET_TOKEN)].contains(&token) {
        expected.insert(1, "requester");
    }
    assert_eq!(named(&problem), expected, "{problem}");
    assert!(problem["errors"].as_array().unwrap().iter().all(|error| error["code"] == "unknown-parameter"));
    assert!(api.seen.forms.lock().unwrap().is_empty() && api.seen.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_wrong_parameter_is_named_beside_the_unknown_ones() {
    let api = api().await;
    let wrong = "state=ouvert&sort=Date&order=up&page=0&per_page=101&modified_since=hier&page=2&x=1";
    let address = format!("/v1/requests?{REQUESTER}&{wrong}&q={}", "a".repeat(201));
    let time = Timestamp::now().as_second().to_string();
    let signature = sign_v2(SECRET, &time, "GET", &address, b"");
    let call = api.get(&address).header("X-Passerelle-Timestamp", time);
    let answer = call.header("X-Passerelle-Signature", format!("v2={signature}")).send().await.unwrap();
    let problem = problem(answer, 400, "bad-parameter").await;
    let expected = ["page", "x", "state", "sort", "order", "q", "modified_since", "per_page"];
    assert_eq!(named(&problem), expected, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(expected.iter().all(|name| detail.contains(&format!("«\u{a0}{name}\u{a0}»"))), "{detail}");
}

#[rstest]
#[case::json("application/json", json!({"requester": "ce.0210001A@ac-dijon.fr", "a": 1, "b": {"c": []}, "title": "x", "description": "y", "application": "LSU"}).to_string())]
#[case::urlencoded("application/x-www-form-urlencoded", "requester=ce.0210001A@ac-dijon.fr&a=1&b=2&title=x&description=y&application=LSU".to_owned())]
#[case::multipart("multipart/form-data; boundary=x", ["requester", "a", "b", "title", "description"].map(|name| {
    let value = if name == "requester" { "ce.0210001A@ac-dijon.fr" } else { "x" };
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}).concat() + "--x\r\nContent-Disposition: form-data; name=\"application\"\r\n\r\nLSU\r\n--x--\r\n")]
#[tokio::test]
async fn every_unknown_field_of_a_form_is_named_whatever_its_encoding(#[case] encoding: &str, #[case] body: String) {
    let api = api().await;
    let call = api.post("/v1/requests").bearer_auth(FORM_TOKEN).header(header::CONTENT_TYPE, encoding).body(body);
    let problem = problem(call.send().await.unwrap(), 422, "invalid-fields").await;
    assert_eq!(named(&problem), ["a", "b"], "{problem}");
    assert!(problem["errors"].as_array().unwrap().iter().all(|error| error["code"] == "unknown-field"));
}

#[rstest]
#[case::unknown(json!({"decision": "accept", "motif": "x", "note": 1}), &["motif", "note"])]
#[case::all_at_once(json!({"decision": "refuse", "motif": "x", "solution": "7"}), &["motif", "solution", "reason"])]
#[case::nothing(json!({"raison": "x"}), &["raison", "decision"])]
#[tokio::test]
async fn every_wrong_member_of_a_decision_is_named(#[case] body: Value, #[case] expected: &[&str]) {
    let api = api().await;
    let (address, body) = (format!("/v1/requests/7/approval?{REQUESTER}"), body.to_string());
    let time = Timestamp::now().as_second().to_string();
    let signature = sign_v2(SECRET, &time, "POST", &address, body.as_bytes());
    let call = api.post(&address).header(header::CONTENT_TYPE, "application/json").body(body);
    let call = call.header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", format!("v2={signature}"));
    let problem = problem(call.send().await.unwrap(), 422, "invalid-fields").await;
    assert_eq!(named(&problem), expected, "{problem}");
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_named() {
    let api = api().await;
    let call = api.post("/v1/tickets/7/escalate").bearer_auth(TICKET_TOKEN);
    let body = "{\"reason\": \"a\", \"by\": \"b\", \"reason\": \"c\", \"x\": 1, \"y\": 2}";
    let answer = call.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
    assert_eq!(named(&problem(answer, 422, "invalid-fields").await), ["reason", "x", "y"]);
}
