//! What the pipeline decides, as answers.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use passerelle::{
    request::{Address, Channel, Deferral, Envelope, LeftOut, Outcome, Reason, Refusal},
    text::Bilingual,
};
use reqwest::header;
use rstest::rstest;
use serde_json::{Value, json};

use super::{api, api_with, fields, problem, receipt};

#[tokio::test]
async fn a_repeat_gets_the_first_answer_again() {
    let known = Arc::new(Mutex::new(HashSet::new()));
    let api = api_with(
        |_| {},
        move |reference| {
            let is_new = known.lock().unwrap().insert(reference);
            let receipt = receipt(reference);
            async move { if is_new { Outcome::Created(receipt) } else { Outcome::Duplicate(receipt) } }
        },
    )
    .await;
    let form = || api.form(&fields()).header("Idempotency-Key", "k").send();
    let (first, second) = (form().await.unwrap(), form().await.unwrap());
    assert_eq!((first.status(), second.status()), (201.try_into().unwrap(), 200.try_into().unwrap()));
    assert_eq!(first.headers()[header::LOCATION], "http://glpi.example.fr/front/ticket.form.php?id=1234");
    let body: Value = first.json().await.unwrap();
    assert_eq!(body, second.json::<Value>().await.unwrap());
    assert_eq!(
        body,
        json!({
            "status": "created", "ticket": 1234, "reference": api.seen.last_form().reference.to_string(),
            "link": "http://glpi.example.fr/front/ticket.form.php?id=1234", "application": "LSU",
            "category": "Scolarité > LSU", "group": "Référents-LSU", "title": "Validation des bilans", "left_out": [],
        })
    );
}

#[tokio::test]
async fn files_left_out_are_named() {
    let api = api_with(
        |_| {},
        async |reference| {
            let left_out = vec![LeftOut { name: "film.mp4".into(), why: Bilingual::same("type non admis") }];
            Outcome::Created(passerelle::request::Receipt { left_out, ..receipt(reference) })
        },
    )
    .await;
    let body: Value = api.form(&fields()).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["left_out"], json!([{"name": "film.mp4", "why": "type non admis"}]));
}

fn refused(reason: Reason) -> Outcome {
    Outcome::Refused(Refusal { reason, sentence: "La phrase de l'académie.".into() })
}

fn deferred(reason: Reason, seconds: f64) -> Outcome {
    let retry_after = Duration::from_secs_f64(seconds);
    Outcome::Deferred(Deferral { reason, cause: "GLPI: 502".into(), retry_after, own: false })
}

#[rstest]
#[case(refused(Reason::NotADirector), 422, "not-a-director", None)]
#[case(refused(Reason::TooLarge), 422, "too-large", None)]
#[case(refused(Reason::QuotaExceeded), 429, "quota-exceeded", Some(1..=25 * 3600))]
#[case(deferred(Reason::GlpiUnavailable, 30.0), 503, "glpi-unavailable", Some(30..=30))]
#[case(deferred(Reason::Busy, 0.2), 503, "busy", Some(1..=1))]
#[case(deferred(Reason::DirectoryUnknown, 0.0), 503, "directory-unknown", Some(1..=1))]
#[tokio::test]
async fn a_no_or_a_not_now_is_a_problem(
    #[case] outcome: Outcome,
    #[case] status: u16,
    #[case] reason: &str,
    #[case] retry_after: Option<std::ops::RangeInclusive<u64>>,
) {
    let sentence = match &outcome {
        Outcome::Refused(refusal) => refusal.sentence.clone(),
        other => other.reason().sentence().to_owned(),
    };
    let api = api_with(|_| {}, move |_| std::future::ready(outcome.clone())).await;
    for request in [api.form(&fields()), api.mail().body("Subject: LSU\r\n\r\n")] {
        let response = request.send().await.unwrap();
        let wait = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().parse().unwrap());
        assert_eq!(wait.is_some(), retry_after.is_some());
        assert!(wait.is_none_or(|seconds: u64| retry_after.clone().unwrap().contains(&seconds)), "{wait:?}");
        assert_eq!(problem(response, status, reason).await["detail"], sentence);
    }
}

#[tokio::test]
async fn an_ignored_mail_is_done_with() {
    let api = api_with(|_| {}, async |_| Outcome::Ignored(Reason::Bounce)).await;
    let response = api.mail().body("x").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"status": "ignored", "reason": "bounce"}));
}

#[rstest]
#[case(&[], None, &[])]
#[case(&[("X-Envelope-From", "<>")], Some(""), &[])]
#[case(&[("X-Envelope-From", "< >")], Some(""), &[])]
#[case(&[("X-Envelope-From", ""), ("X-Envelope-To", "")], None, &[])]
#[case(&[("X-Envelope-From", " ")], None, &[])]
#[case(
    &[("X-Envelope-From", "<Ecole@ac-dijon.fr>"), ("X-Envelope-To", "<a@ac-dijon.fr>, B@ac-dijon.fr,"), ("X-Envelope-To", "c@ac-dijon.fr")],
    Some("Ecole@ac-dijon.fr"), &["a@ac-dijon.fr", "b@ac-dijon.fr", "c@ac-dijon.fr"],
)]
#[tokio::test]
async fn a_mail_reaches_the_pipeline_byte_for_byte_with_its_envelope(
    #[case] headers: &[(&str, &str)],
    #[case] sender: Option<&str>,
    #[case] recipients: &[&str],
) {
    let api = api().await;
    let raw = b"Subject: LSU\r\n\r\n.\r\n\xe9\0\n".as_slice();
    let request = headers.iter().fold(api.mail(), |request, (name, value)| request.header(*name, *value));
    assert_eq!(request.body(raw).send().await.unwrap().status(), 201);
    let (envelope, bytes) = api.seen.mails.lock().unwrap().pop().unwrap();
    assert_eq!(bytes, raw);
    assert_eq!(
        envelope,
        Envelope {
            channel: Channel::HttpMail,
            sender: sender.map(Into::into),
            recipients: recipients.iter().map(|text| Address::parse(text).unwrap()).collect(),
            size: raw.len() as u64,
            stored: None,
            is_untried: false,
        }
    );
}

#[tokio::test]
async fn an_envelope_recipient_that_is_no_address_is_a_mistake() {
    let api = api().await;
    let request = api.mail().header("X-Envelope-To", "a@ac-dijon.fr, assistance").body("x");
    problem(request.send().await.unwrap(), 400, "bad-envelope").await;
}

#[tokio::test]
async fn handling_that_breaks_is_an_internal_error_and_harms_no_other_request() {
    let api = api_with(|_| {}, async |_| -> Outcome { panic!("a test's panic") }).await;
    for _ in 0..2 {
        problem(api.form(&fields()).send().await.unwrap(), 500, "internal").await;
    }
    assert_eq!(api.get("/healthz").send().await.unwrap().status(), 200);
}
