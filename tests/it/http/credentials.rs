//! Tokens and signatures: who gets in, and what everybody else is told.

use jiff::Timestamp;
use reqwest::{RequestBuilder, header};
use rstest::rstest;
use secrecy::SecretString;

use super::{Api, FORM_TOKEN, MAIL_TOKEN, SECRET, api, api_with, fields, problem, receipt, sign};
use passerelle::request::Outcome;

/// The seconds from now.
fn at(offset: i64) -> String {
    (Timestamp::now().as_second() + offset).to_string()
}

fn unsigned(api: &Api) -> (RequestBuilder, Vec<u8>) {
    let body = serde_json::to_vec(&fields()).unwrap();
    let request = api.post("/v1/requests").header(header::CONTENT_TYPE, "application/json").body(body.clone());
    (request, body)
}

#[rstest]
#[case::now("secret-du-portail-pia", 0)]
#[case::slow_clock("secret-du-portail-pia", -290)]
#[case::fast_clock("secret-du-portail-pia", 290)]
#[case::new_secret_of_a_rotation("nouveau-secret", 0)]
#[tokio::test]
async fn a_signed_form_gets_in(#[case] secret: &str, #[case] offset: i64) {
    let api = api_with(
        |http| http.portal_secrets.push("nouveau-secret".into()),
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let ((request, body), time) = (unsigned(&api), at(offset));
    let signature = format!("v1={}", sign(secret, &time, &body));
    for signatures in [
        signature.clone(),
        signature.to_uppercase().replace("V1", "v1"),
        format!("v1={}, {signature}", "0".repeat(64)),
        format!("v0=zz,{signature}"),
    ] {
        let request = request.try_clone().unwrap().header("X-Passerelle-Timestamp", &time);
        let response = request.header("X-Passerelle-Signature", signatures).send().await.unwrap();
        assert_eq!(response.status(), 201);
    }
}

#[rstest]
#[case::nothing(None, None, "missing-credentials")]
#[case::no_timestamp(None, Some("v1=00"), "missing-timestamp")]
#[case::no_signature(Some("0"), None, "missing-signature")]
#[case::no_number(Some("demain"), Some("v1=00"), "bad-timestamp")]
#[case::no_plain_number(Some("+0"), Some("v1=00"), "bad-timestamp")]
#[case::too_old(Some("-310"), Some("good"), "stale-timestamp")]
#[case::too_new(Some("310"), Some("good"), "stale-timestamp")]
#[case::no_scheme(Some("0"), Some("good-without-scheme"), "bad-signature")]
#[case::no_hex(Some("0"), Some("v1=signature"), "bad-signature")]
#[case::wrong(Some("0"), Some("v1=0000000000000000000000000000000000000000000000000000000000000000"), "bad-signature")]
#[case::cut(Some("0"), Some("cut"), "bad-signature")]
#[case::another_secret(Some("0"), Some("other-secret"), "bad-signature")]
#[case::another_body(Some("0"), Some("other-body"), "bad-signature")]
#[case::another_time(Some("0"), Some("other-time"), "bad-signature")]
#[tokio::test]
async fn what_is_wrong_with_a_signature_is_named(
    #[case] timestamp: Option<&str>,
    #[case] signature: Option<&str>,
    #[case] reason: &str,
) {
    let api = api().await;
    let (mut request, body) = unsigned(&api);
    let time = timestamp.map(|text| match text.parse::<i64>() {
        Ok(offset) if !text.starts_with('+') => at(offset),
        _ => text.to_owned(),
    });
    let signed = |secret: &str, time: &str, body: &[u8]| format!("v1={}", sign(secret, time, body));
    let good = signed(SECRET, time.as_deref().unwrap_or_default(), &body);
    if let Some(time) = &time {
        request = request.header("X-Passerelle-Timestamp", time);
        request = match signature {
            None => request,
            Some("good") => request.header("X-Passerelle-Signature", good),
            Some("good-without-scheme") => request.header("X-Passerelle-Signature", &good[3..]),
            Some("cut") => request.header("X-Passerelle-Signature", &good[..40]),
            Some("other-secret") => request.header("X-Passerelle-Signature", signed("autre", time, &body)),
            Some("other-body") => request.header("X-Passerelle-Signature", signed(SECRET, time, b"{}")),
            Some("other-time") => request.header("X-Passerelle-Signature", signed(SECRET, &at(1), &body)),
            Some(literal) => request.header("X-Passerelle-Signature", literal),
        };
    } else if let Some(literal) = signature {
        request = request.header("X-Passerelle-Signature", literal);
    }
    problem(request.send().await.unwrap(), 401, reason).await;
    assert!(api.seen.forms.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_signed_form_sent_again_within_the_skew_is_the_same_request() {
    let api = api().await;
    let ((request, body), time) = (unsigned(&api), at(0));
    let request = request
        .header("Idempotency-Key", "k1")
        .header("X-Passerelle-Timestamp", &time)
        .header("X-Passerelle-Signature", format!("v1={}", sign(SECRET, &time, &body)));
    let first = request.try_clone().unwrap().send().await.unwrap().text().await.unwrap();
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), first);
    let forms = api.seen.forms.lock().unwrap();
    assert_eq!(forms[0].reference, forms[1].reference);
}

#[tokio::test]
async fn a_right_token_opens_its_own_way_only() {
    let api = api_with(
        |http| {
            http.form_tokens.push("second".into());
            http.mail_tokens.push(SecretString::from(String::new()));
        },
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    for (path, content_type, body) in [
        ("/v1/mail", "message/rfc822", "Subject: LSU\r\n\r\n".to_owned()),
        ("/v1/requests", "application/json", fields().to_string()),
    ] {
        let send = |authorization: Option<&str>| {
            let request = api.post(path).header(header::CONTENT_TYPE, content_type).body(body.clone());
            authorization.iter().fold(request, |request, value| request.header(header::AUTHORIZATION, *value)).send()
        };
        problem(send(None).await.unwrap(), 401, "missing-credentials").await;
        let (own, other) = if path == "/v1/mail" { (MAIL_TOKEN, FORM_TOKEN) } else { (FORM_TOKEN, MAIL_TOKEN) };
        for wrong in [other, &own[1..], &format!("{own}x"), &own.to_uppercase()] {
            problem(send(Some(&format!("Bearer {wrong}"))).await.unwrap(), 401, "bad-token").await;
        }
        problem(send(Some(&format!("Basic {own}"))).await.unwrap(), 401, "missing-credentials").await;
        for scheme in ["Bearer", "bearer"] {
            assert_eq!(send(Some(&format!("{scheme} {own}"))).await.unwrap().status(), 201);
        }
    }
    let second = api.post("/v1/requests").bearer_auth("second").json(&fields());
    assert_eq!(second.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_way_without_any_secret_is_closed_and_says_what_opens_it() {
    let api = api_with(
        |http| {
            http.mail_tokens.clear();
            http.form_tokens.clear();
            http.portal_secrets = vec![SecretString::from(String::new())];
        },
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let mail = problem(api.mail().body("x").send().await.unwrap(), 403, "closed").await;
    assert!(mail["detail"].as_str().unwrap().contains("http.mail_tokens"));
    let form = problem(api.form(&fields()).send().await.unwrap(), 403, "closed").await;
    for setting in ["http.portal_secrets", "http.form_tokens", "http.trusted_proxies"] {
        assert!(form["detail"].as_str().unwrap().contains(setting));
    }
    let (request, body) = unsigned(&api);
    let time = at(0);
    let request = request
        .header("X-Passerelle-Signature", format!("v1={}", sign("", &time, &body)))
        .header("X-Passerelle-Timestamp", time);
    problem(request.send().await.unwrap(), 403, "closed").await;
}
