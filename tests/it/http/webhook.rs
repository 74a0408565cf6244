//! GLPI 11's webhooks: who is believed, what is taken from them, and the challenge.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use reqwest::Response;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

use super::{Api, Double, Seen, problem, settings, sign, start};

const OLD: &str = "secret-du-webhook-ancien";
const NEW: &str = "secret-du-webhook-nouveau";
const PATH: &str = "/v1/glpi/webhook";

/// Tickets that were to be looked at.
type Hinted = Arc<Mutex<Vec<u64>>>;

async fn hinting(secrets: &[&str]) -> (Api, Hinted) {
    let hinted = Hinted::default();
    let gateway = Double { hinted: Arc::clone(&hinted), ..Double::default() };
    let secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    (start(settings(|http| http.webhook_secrets = secrets), gateway, Seen::default()).await, hinted)
}

/// The hexadecimal HMAC-SHA256 that GLPI makes: PHP's `hash_hmac`.
fn mac(secret: &str, text: &str) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text);
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// As GLPI's `Webhook::getWebhookBody` writes it: over several lines.
fn body() -> String {
    let followup = json!({"id": 34, "itemtype": "Ticket", "items_id": 1234, "content": "<p>Où en est-on ?</p>"});
    serde_json::to_string_pretty(&json!({"item": followup, "event": "new"})).unwrap()
}

async fn post(api: &Api, signature: &str, timestamp: &str, body: &str) -> Response {
    let request = api.post(PATH).header("X-GLPI-signature", signature).header("X-GLPI-timestamp", timestamp);
    request.body(body.to_owned()).send().await.unwrap()
}

#[rstest]
#[case::fresh(0, NEW)]
#[case::the_other_secret(0, OLD)]
#[case::a_retry_of_last_week(-7 * 24 * 3600, NEW)]
#[case::a_clock_slightly_ahead(60, NEW)]
#[tokio::test]
async fn a_signed_event_has_its_ticket_looked_at(#[case] off: i64, #[case] secret: &str) {
    let (api, hinted) = hinting(&[OLD, NEW]).await;
    let (body, timestamp) = (body(), (now() + off).to_string());
    let signature = mac(secret, &format!("{body}{timestamp}"));
    for _ in 0..2 {
        let answer = post(&api, &signature, &timestamp, &body).await;
        assert_eq!(answer.status(), 204);
        assert!(answer.bytes().await.unwrap().is_empty());
    }
    assert_eq!(*hinted.lock().unwrap(), [1234, 1234], "a replay is a hint like another");
}

#[tokio::test]
async fn what_is_not_signed_by_glpi_is_not_believed() {
    let (api, hinted) = hinting(&[NEW]).await;
    let (body, fresh) = (body(), now().to_string());
    let signed = |timestamp: &str| mac(NEW, &format!("{body}{timestamp}"));
    let (old, ahead) = ((now() - 31 * 24 * 3600).to_string(), (now() + 3600).to_string());
    let whole = signed(&fresh);
    let cases = [
        ("another secret", mac(OLD, &format!("{body}{fresh}")), fresh.as_str(), "bad-signature"),
        ("another body", mac(NEW, &format!("{body} {fresh}")), &fresh, "bad-signature"),
        ("another moment", signed("1"), &fresh, "bad-signature"),
        ("the portal's form", sign(NEW, &fresh, body.as_bytes()), &fresh, "bad-signature"),
        ("cut", whole[..62].to_owned(), &fresh, "bad-signature"),
        ("empty", String::new(), &fresh, "bad-signature"),
        ("no hexadecimal", "z".repeat(64), &fresh, "bad-signature"),
        ("too old", signed(&old), &old, "stale-timestamp"),
        ("ahead", signed(&ahead), &ahead, "stale-timestamp"),
        ("no number", signed("hier"), "hier", "bad-timestamp"),
        ("signed number", signed("+1"), "+1", "bad-timestamp"),
        ("beyond all time", signed("99999999999999999"), "99999999999999999", "bad-timestamp"),
        ("beyond all numbers", signed("99999999999999999999"), "99999999999999999999", "bad-timestamp"),
    ];
    for (what, signature, timestamp, reason) in cases {
        eprintln!("{what}");
        problem(post(&api, &signature, timestamp, &body).await, 401, reason).await;
    }
    for missing in ["X-GLPI-signature", "X-GLPI-timestamp"] {
        let value = if missing == "X-GLPI-signature" { &fresh } else { &whole };
        let other = if missing == "X-GLPI-signature" { "X-GLPI-timestamp" } else { "X-GLPI-signature" };
        let answer = api.post(PATH).header(other, value).body(body.clone()).send().await.unwrap();
        problem(answer, 401, "missing-signature").await;
    }
    assert!(hinted.lock().unwrap().is_empty());
}

#[rstest]
#[case::computer(r#"{"event":"update","item":{"id":9,"name":"PC","type":{"id":1}}}"#)]
#[case::change(r#"{"event":"new","item":{"id":34,"itemtype":"Change","items_id":1234}}"#)]
#[case::own_payload("Ticket 1234 modifié")]
#[case::nothing("")]
#[tokio::test]
async fn an_event_of_no_ticket_is_taken_and_ignored(#[case] body: &str) {
    let (api, hinted) = hinting(&[NEW]).await;
    let timestamp = now().to_string();
    let answer = post(&api, &mac(NEW, &format!("{body}{timestamp}")), &timestamp, body).await;
    assert_eq!(answer.status(), 204);
    assert!(hinted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_secret_the_way_is_closed() {
    let (api, hinted) = hinting(&[""]).await;
    let (body, timestamp) = (body(), now().to_string());
    problem(post(&api, &mac("", &format!("{body}{timestamp}")), &timestamp, &body).await, 403, "closed").await;
    problem(
        api.get(&format!("{PATH}?crc_token={}", mac("", "validate_cra_challenge"))).send().await.unwrap(),
        403,
        "closed",
    )
    .await;
    assert!(hinted.lock().unwrap().is_empty());
}

/// As GLPI's `Webhook::validateCRAChallenge` asks and compares.
#[tokio::test]
async fn the_challenge_is_answered_with_the_secret_that_asked() {
    let (api, _) = hinting(&[OLD, NEW]).await;
    for secret in [OLD, NEW] {
        let token = mac(secret, "validate_cra_challenge");
        let answer = api.get(&format!("{PATH}?crc_token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), mac(secret, &token));
    }
}

/// Else anybody could have a payload of their own signed.
#[tokio::test]
async fn no_other_challenge_is_answered() {
    let (api, _) = hinting(&[NEW]).await;
    let payload = format!("{}{}", body(), now());
    let query = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect::<String>();
    for query in [
        format!("?crc_token={query}"),
        format!("?crc_token={}", mac(NEW, "autre chose")),
        format!("?crc_token={}", mac(OLD, "validate_cra_challenge")),
        "?crc_token=".to_owned(),
        "?autre=1".to_owned(),
        String::new(),
    ] {
        problem(api.get(&format!("{PATH}{query}")).send().await.unwrap(), 401, "bad-challenge").await;
    }
}
