//! Forms: every encoding means the same, every wrong field is named.

use data_encoding::BASE64;
use jiff::{Timestamp, ToSpan as _};
use passerelle::request::{FormFields, Origin, Received, Reference, TicketKind};
use reqwest::{
    header,
    multipart::{Form, Part},
};
use rstest::rstest;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Api, FORM_TOKEN, api, fields, problem};

fn texts() -> Vec<(&'static str, &'static str)> {
    vec![
        ("requester", "ce.0210001A@ac-dijon.fr"),
        ("application", "lsun/lsu"),
        ("nature", "LSU : acces et habilitations"),
        ("type", "Demande"),
        ("urgency", "4"),
        ("title", "Validation  des bilans"),
        ("description", "Le bouton <Valider> reste grisé.\r\n\r\nTous les CM2 :\r\n- A & B"),
        ("error_message", "Erreur 500"),
        ("phone", "03 80 00 00 00"),
        ("uai", "0210001a"),
    ]
}

async fn created(request: reqwest::RequestBuilder, api: &Api) -> Received {
    let response = request.send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, 201, "{text}");
    api.seen.last_form()
}

/// Whether each of two forms is known to be a repeat of the other, even if a minute began between them.
fn same_request(a: &Received, b: &Received) -> bool {
    let knows = |one: &Received, other: Reference| one.reference == other || one.aliases.contains(&other);
    let (a_knows_b, b_knows_a) = (knows(a, b.reference), knows(b, a.reference));
    assert_eq!(a_knows_b, b_knows_a, "whichever is claimed first, the other must be found");
    a_knows_b
}

#[tokio::test]
async fn every_encoding_gives_the_same_request() {
    let api = api().await;
    let files = [("capture d'écran.png", "image/png", &b"\x89PNG\r\n--x\r\n"[..]), ("notes.txt", "text/plain", b"a")];

    let mut object: serde_json::Map<String, Value> =
        texts().into_iter().rev().map(|(name, text)| (name.to_owned(), text.into())).collect();
    object.insert("urgency".into(), 4.into());
    let encoded = |(name, content_type, content): &(&str, &str, &[u8])| json!({"name": name, "content_type": content_type, "content": BASE64.encode(content)});
    object.insert("attachments".into(), files.iter().map(encoded).collect());
    let json = created(api.form(&object.into()), &api).await;

    let mut form = Form::new();
    for (content, part) in files.iter().map(|(name, content_type, content)| {
        (content, Part::bytes(content.to_vec()).file_name(*name).mime_str(content_type).unwrap())
    }) {
        form = form.part(if content.len() > 1 { "attachments" } else { "file1" }, part);
    }
    let form = texts().into_iter().fold(form, |form, (name, text)| form.text(name, text));
    let request = api.post("/v1/requests").bearer_auth(FORM_TOKEN).multipart(form);
    let multipart = created(request, &api).await;

    assert!(same_request(&json, &multipart));
    assert_eq!(json.attachments, multipart.attachments);

    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(texts()).finish();
    let request = api
        .post("/v1/requests")
        .bearer_auth(FORM_TOKEN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body);
    let urlencoded = created(request, &api).await;
    let without_files: serde_json::Map<String, Value> =
        texts().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    assert!(same_request(&urlencoded, &created(api.form(&without_files.into()), &api).await));
    assert!(!same_request(&urlencoded, &json), "files are part of the request");

    for received in [json, multipart, urlencoded] {
        assert_eq!(received.subject, "Validation des bilans");
        assert_eq!(received.requester.unwrap().as_str(), "ce.0210001a@ac-dijon.fr");
        assert_eq!(received.body.text, "Le bouton <Valider> reste grisé.\n\nTous les CM2 :\n- A & B");
        assert_eq!(
            received.body.html,
            "<p>Le bouton &lt;Valider&gt; reste grisé.</p><p>Tous les CM2 :<br>- A &amp; B</p>"
        );
        let Origin::Form(form) = received.origin else { panic!("no form") };
        assert_eq!(
            form,
            FormFields {
                application: Some("LSUN / LSU".into()),
                nature: Some("LSU\u{a0}: accès et habilitations".into()),
                kind: Some(TicketKind::Request),
                urgency: Some(4),
                error_message: Some("Erreur 500".into()),
                phone: Some("03 80 00 00 00".into()),
                uai: Some("0210001A".into()),
            }
        );
    }
}

#[tokio::test]
async fn other_names_for_a_field_are_understood_and_empty_fields_are_absent() {
    let api = api().await;
    let received = created(
        api.form(&json!({
            "Courriel": "ecole@ac-dijon.fr", "Nature de la demande": "LSU : import et export", "application": null,
            "Objet": "x", "Message": "y", "messageErreur": "", "Téléphone": " ", "RNE": "", "pièces-jointes": null,
        })),
        &api,
    )
    .await;
    assert_eq!((received.subject.as_str(), received.body.text.as_str()), ("x", "y"));
    let Origin::Form(form) = received.origin else { panic!("no form") };
    assert_eq!(form, FormFields { nature: Some("LSU\u{a0}: import et export".into()), ..FormFields::default() });
}

#[tokio::test]
async fn what_is_not_seen_is_taken_out_of_texts_and_names() {
    let api = api().await;
    let received = created(
        api.form(&json!({
            "requester": " ecole@ac-dijon.fr\n", "application": "ONDE",
            "title": "accès\u{202e}\r\nONDE\u{0}", "description": "\n\n a\u{7}\tb\rc\u{200b}\n\n",
            "attachments": [
                {"name": "../../x\u{202e}gnp.exe", "content": ""}, {"name": "", "content_type": "Image/PNG; q=1", "content": "AAAA"},
                {"content": "AAAA"},
            ],
        })),
        &api,
    )
    .await;
    assert_eq!((received.subject.as_str(), received.body.text.as_str()), ("accès ONDE", " a\tb\nc"));
    let files: Vec<_> =
        received.attachments.iter().map(|file| (file.name.as_str(), file.content_type.as_str())).collect();
    assert_eq!(
        files,
        [
            ("xgnp.exe", "application/octet-stream"),
            ("piece-jointe-2.png", "image/png"),
            ("piece-jointe-3.bin", "application/octet-stream"),
        ]
    );
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let api = api().await;
    let response = api
        .form(&json!({
            "requester": "Jeanne <ecole@ac-dijon.fr>", "application": "PRONOTE", "nature": "Autre", "type": "panne", "urgency": 6,
            "title": "x".repeat(201), "error_message": ["a"], "phone": "sur mon portable", "uai": "021-0001A", "couleur": "bleu",
            "attachments": [{"name": "a.txt"}, {"content": "pas du base64", "poids": 3}, "x"],
        }))
        .send()
        .await
        .unwrap();
    let problem = problem(response, 422, "invalid-fields").await;
    let named: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            ("application", "unknown-value"),
            ("attachments[0].content", "invalid"),
            ("attachments[1].content", "invalid"),
            ("attachments[1].poids", "invalid"),
            ("attachments[2]", "invalid"),
            ("couleur", "unknown-field"),
            ("description", "missing"),
            ("error_message", "invalid"),
            ("nature", "unknown-value"),
            ("phone", "invalid"),
            ("requester", "invalid"),
            ("title", "too-long"),
            ("type", "unknown-value"),
            ("uai", "invalid"),
            ("urgency", "invalid"),
        ]
    );
    let message = |field: &str| {
        let at = named.iter().position(|(name, _)| *name == field).unwrap();
        problem["errors"][at]["message"].as_str().unwrap()
    };
    assert!(message("application").contains("«\u{a0}LSUN / LSU\u{a0}», "), "{}", message("application"));
    assert!(message("nature").contains("«\u{a0}LSU\u{a0}: import et export\u{a0}»"));
    assert!(message("couleur").contains("requester, application, nature, type, urgency, title"));
    assert!(api.seen.forms.lock().unwrap().is_empty());
}

/// Of a nature that there is not, those that may be meant are named: of the application that was asked for, else all.
#[rstest]
#[case::of_one(json!({"application": "ONDE", "nature": "Autre"}), "ONDE\u{a0}: ", "LSU\u{a0}: ")]
#[case::of_another_name_of_it(json!({"application": "LSUN / LSU", "nature": "Autre"}), "LSU\u{a0}: ", "ONDE\u{a0}: ")]
#[tokio::test]
async fn the_natures_of_the_application_are_named(#[case] change: Value, #[case] theirs: &str, #[case] others: &str) {
    let api = api().await;
    let mut form = fields();
    form.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let problem = problem(api.form(&form).send().await.unwrap(), 422, "invalid-fields").await;
    let [error] = &problem["errors"].as_array().unwrap()[..] else { panic!("{problem}") };
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("«\u{a0}{theirs}")) && !message.contains(&format!("«\u{a0}{others}")),
        "{message}"
    );
}

#[rstest]
#[case(json!({"application": null}), &["application"])]
#[case(json!({"nature": "ONDE : accès et habilitations"}), &["nature"])]
#[case(json!({"requester": "  "}), &["requester"])]
#[case(json!({"requester": 3}), &["requester"])]
#[case(json!({"title": "\u{200b}\n"}), &["title"])]
#[case(json!({"title": {"a": [[[[1]]]]}}), &["title"])]
#[case(json!({"Objet": "encore"}), &["title"])]
#[case(json!({"description": "x".repeat(20_001)}), &["description"])]
#[case(json!({"urgency": 0}), &["urgency"])]
#[case(json!({"urgency": 2.5}), &["urgency"])]
#[case(json!({"urgency": true}), &["urgency"])]
#[case(json!({"phone": "+33 (0)3.80-00 00 00 00 00 00 00"}), &["phone"])]
#[case(json!({"phone": "()"}), &["phone"])]
#[case(json!({"uai": "0210001"}), &["uai"])]
#[case(json!({"attachments": "capture.png"}), &["attachments"])]
#[case(json!({"attachments": vec![json!({"content": ""}); 102]}), &["attachments"])]
#[case(json!({"": "x", "\u{7}x": 1}), &["", "x"])]
#[tokio::test]
async fn one_wrong_field_is_one_error(#[case] change: Value, #[case] expected: &[&str]) {
    let api = api().await;
    let mut form = fields();
    form.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let problem = problem(api.form(&form).send().await.unwrap(), 422, "invalid-fields").await;
    let named: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(named, expected);
}

#[rstest]
#[case(json!({"urgency": "5", "type": "INCIDENT"}))]
#[case(json!({"urgency": 1, "type": "request"}))]
#[case(json!({"phone": "+33 (0)3.80-00", "uai": " 0580002b "}))]
#[case(json!({"title": "x".repeat(200), "description": "é".repeat(20_000)}))]
#[case(json!({"application": null, "nature": "LSU : import et export"}))]
#[tokio::test]
async fn what_is_allowed_is_taken(#[case] change: Value) {
    let api = api().await;
    let mut form = fields();
    form.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    created(api.form(&form), &api).await;
}

#[rstest]
#[case("application/json", "")]
#[case("application/json", "[]")]
#[case("application/json", "\"x\"")]
#[case("application/json", "{\"title\": \"x\"")]
#[case("application/json", "{} {}")]
#[case("application/json", "{'title': 1}")]
#[case("multipart/form-data; boundary=x", "title=x")]
#[case("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx")]
#[tokio::test]
async fn a_body_that_is_not_what_it_says_cannot_be_read(#[case] content_type: &str, #[case] body: &'static str) {
    let api = api().await;
    let request = api.post("/v1/requests").bearer_auth(FORM_TOKEN).header(header::CONTENT_TYPE, content_type);
    problem(request.body(body).send().await.unwrap(), 400, "bad-form").await;
}

#[tokio::test]
async fn endless_fields_are_refused_in_every_encoding() {
    let api = api().await;
    let many = 2_000;
    let json: serde_json::Map<_, _> = (0..many).map(|n| (n.to_string(), Value::Null)).collect();
    problem(api.form(&json.into()).send().await.unwrap(), 400, "bad-form").await;
    let request = |content_type: &str| {
        api.post("/v1/requests").bearer_auth(FORM_TOKEN).header(header::CONTENT_TYPE, content_type)
    };
    let urlencoded = request("application/x-www-form-urlencoded").body("a=&".repeat(many));
    problem(urlencoded.send().await.unwrap(), 400, "bad-form").await;
    let part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\na\r\n";
    let multipart = request("multipart/form-data; boundary=x").body(format!("{}--x--\r\n", part.repeat(many)));
    problem(multipart.send().await.unwrap(), 400, "bad-form").await;
}

#[tokio::test]
async fn the_key_names_the_form_whatever_it_says() {
    let api = api().await;
    let keyed = |key: &'static str, form: &Value| api.form(form).header("Idempotency-Key", key);
    let mut other = fields();
    other["description"] = "Autre chose.".into();
    let first = created(keyed("4d0c8f7e", &fields()), &api).await;
    let second = created(keyed("4d0c8f7e", &other), &api).await;
    assert_eq!(first.reference, second.reference);
    assert!(first.aliases.is_empty());
    let age = Timestamp::now() - first.copies_since;
    assert!(age.compare(24.hours()).unwrap().is_ge(), "{age}");
    other["requester"] = "ce.0580002B@ac-dijon.fr".into();
    assert_ne!(created(keyed("4d0c8f7e", &other), &api).await.reference, first.reference);
    assert_ne!(created(keyed("4d0c8f7f", &fields()), &api).await.reference, first.reference);

    let longest: &'static str = "k".repeat(256).leak();
    created(keyed(&longest[1..], &fields()), &api).await;
    for bad in ["", "a b", longest] {
        problem(keyed(bad, &fields()).send().await.unwrap(), 400, "bad-idempotency-key").await;
    }
    let twice = keyed("a", &fields()).header("Idempotency-Key", "b");
    problem(twice.send().await.unwrap(), 400, "bad-idempotency-key").await;
}
