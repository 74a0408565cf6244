//! One request with its timeline and its files.

use reqwest::header;
use serde_json::{Value, json};

use super::{Scene, reason};
use crate::support::{gateway::DIRECTORS, helpdesk::Helpdesk};

/// A green pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12NgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC";

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_shows_what_the_requester_may_see_and_nothing_else() {
    let scene = Scene::start().await;
    let file = json!([{"name": "capture é.png", "content_type": "image/png", "content": PNG}]);
    let request = scene.deposit(DIRECTORS[0], json!({"description": "Bonjour <script>", "attachments": file})).await;
    let question = "<p onclick=\"x\">Quelle classe ?<script>alert(1)</script></p>";
    scene.staff.follow_up(request, question, false).await;
    scene.staff.follow_up(request, "<p>SECRET entre nous</p>", true).await;
    let secret = json!({"itemtype": "Ticket", "items_id": request, "content": "<p>SECRET</p>", "is_private": 1});
    scene.staff.add_with_file("ITILFollowup", secret, "secret.txt", b"SECRET").await;
    let public =
        json!({"itemtype": "Ticket", "items_id": request, "content": "<p>Voir le fichier</p>", "is_private": 0});
    scene.staff.add_with_file("ITILFollowup", public, "aide.html", b"<script>x</script>").await;
    let said = scene.post(&format!("/v1/requests/{request}/followups"), &json!({"description": "Les CM2"}), None).await;
    assert_eq!(said.status(), 201);
    scene.staff.solve(request, "<p>Fait.</p>").await;

    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    assert!(!shown.to_string().contains("SECRET") && !shown.to_string().contains("secret.txt"), "{shown}");
    assert_eq!(
        (&shown["number"], &shown["state"], &shown["to_approve"]),
        (&json!(request), &json!("a-approuver"), &json!(true))
    );
    let timeline = shown["timeline"].as_array().unwrap();
    let kinds: Vec<_> = timeline.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opening", "followup", "followup", "followup", "solution"], "{shown}");
    let [opening, asked, helped, answered, solution] = timeline.as_slice() else { panic!("{shown}") };
    assert_eq!(opening["author"], "Vous");
    // Who asks is known to whoever asked: only what was written is shown.
    assert!(opening["html"].as_str().unwrap().starts_with("<p>Bonjour &lt;script&gt;</p>"), "{opening}");
    assert_eq!(opening["documents"][0]["name"], "capture é.png");
    assert_eq!((&asked["html"], &asked["own"]), (&json!("<p>Quelle classe ?</p>"), &json!(false)));
    assert!(!["", "Vous"].contains(&asked["author"].as_str().unwrap()), "{asked}");
    assert_eq!(helped["documents"][0]["name"], "aide.html");
    assert_eq!((&answered["author"], &answered["own"]), (&json!("Vous"), &json!(true)));
    assert!(answered["html"].as_str().unwrap().contains("<p>Les CM2</p>"), "{answered}");
    assert_eq!((&solution["html"], &solution["verdict"]), (&json!("<p>Fait.</p>"), &json!("waiting")));
    assert!(timeline.iter().all(|entry| entry["date"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_passed_on_as_something_to_save() {
    let scene = Scene::start().await;
    let file = json!([{"name": "capture é.png", "content_type": "image/png", "content": PNG}]);
    let request = scene.deposit(DIRECTORS[0], json!({"attachments": file})).await;
    let large = vec![b'x'; 3_000_000];
    let text = json!({"itemtype": "Ticket", "items_id": request, "content": "<p>x</p>", "is_private": 0});
    scene.staff.add_with_file("ITILFollowup", text.clone(), "page.html", b"<script>x</script>").await;
    scene.staff.add_with_file("ITILFollowup", text, "long.txt", &large).await;
    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    let file = |entry: usize| shown["timeline"][entry]["documents"][0]["address"].as_str().unwrap().to_owned();

    let picture = scene.get(&file(0), "").await;
    let headers = picture.headers().clone();
    assert_eq!(headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(
        headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"capture _.png\"; filename*=UTF-8''capture%20%C3%A9.png"
    );
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox"));
    let bytes = data_encoding::BASE64.decode(PNG.as_bytes()).unwrap();
    assert_eq!(picture.bytes().await.unwrap(), bytes);
    assert_eq!(scene.get(&file(1), "").await.headers()[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(scene.get(&file(2), "").await.bytes().await.unwrap(), large);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_address_is_a_request() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    for path in [
        "/v1/requests/0".to_owned(),
        "/v1/requests/4294967296".to_owned(),
        "/v1/requests/99999999999999999999".to_owned(),
        "/v1/requests/+1".to_owned(),
        "/v1/requests/%FF".to_owned(),
        format!("/v1/requests/{request}%2F"),
        format!("/v1/requests/0x{request}"),
        "/v1/requests/4294967295/documents/1".to_owned(),
    ] {
        assert_eq!(reason(scene.get(&path, "").await, 404).await, "request-unknown", "{path}");
    }
    for document in ["1", "x", "4294967295"] {
        let path = format!("/v1/requests/{request}/documents/{document}");
        assert_eq!(reason(scene.get(&path, "").await, 404).await, "document-unknown", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_glpi_is_away_nothing_is_shown_and_another_try_is_suggested() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    scene.sandbox.stop().await.unwrap();
    for path in ["/v1/requests".to_owned(), format!("/v1/requests/{request}"), "/v1/faq".to_owned()] {
        let answer = scene.gateway.signed(reqwest::Method::GET, &format!("{path}?requester={}", DIRECTORS[0]), b"");
        let answer = answer.send().await.unwrap();
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{path}");
        assert_eq!(reason(answer, 503).await, "glpi-unavailable", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_are_those_described() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let description: Value = serde_json::from_str(&scene.gateway.get("/openapi.json").await.1).unwrap();
    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    let schema = &description["components"]["schemas"]["Summary"]["properties"];
    let mut described: Vec<_> = schema
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .chain(["solution", "timeline", "events", "expected"])
        .collect();
    let mut given: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    described.sort_unstable();
    given.sort_unstable();
    assert_eq!(given, described);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_request_leads_to_the_one_it_was_merged_into_whoever_may_see_both() {
    let scene = Scene::start().await;
    let admin = Helpdesk::sign_in(&scene.sandbox.url(), "passerelle-admin", "passerelle").await;
    let file = json!([{"name": "capture.png", "content_type": "image/png", "content": PNG}]);
    let first = scene.deposit(DIRECTORS[0], json!({"attachments": file})).await;
    let document = scene.json(&format!("/v1/requests/{first}"), "").await["timeline"][0]["documents"][0]["id"].clone();
    let second = scene.deposit(DIRECTORS[0], json!({"title": "Bilans, suite"})).await;
    let last = scene.deposit(DIRECTORS[0], json!({"title": "Bilans, fin"})).await;
    let another_s = scene.deposit(DIRECTORS[1], json!({})).await;
    let theirs = scene.deposit(DIRECTORS[0], json!({"title": "Bilans d'une autre"})).await;
    admin.merge(first, second).await;
    admin.merge(second, last).await;
    admin.merge(theirs, another_s).await;
    for request in [first, second] {
        let answer = scene.get(&format!("/v1/requests/{request}"), "").await;
        let expected = format!("/v1/requests/{last}?requester={}", DIRECTORS[0]);
        assert_eq!(answer.headers()[header::LOCATION], expected);
        assert_eq!(reason(answer, 303).await, "request-merged");
    }
    let answer = scene.get(&format!("/v1/requests/{first}/documents/{document}"), "").await;
    let expected = format!("/v1/requests/{last}/documents/{document}?requester={}", DIRECTORS[0]);
    assert_eq!(answer.headers()[header::LOCATION], expected);
    // What is added goes where it leads.
    let said = scene.post(&format!("/v1/requests/{first}/followups"), &json!({"description": "Encore"}), None).await;
    assert_eq!(said.json::<Value>().await.unwrap()["ticket"], last);
    // Nobody learns of another's.
    let stranger = scene.get_as(DIRECTORS[1], &format!("/v1/requests/{first}"), "").await;
    assert_eq!(reason(stranger, 404).await, "request-unknown");
    let into_another_s = scene.get(&format!("/v1/requests/{theirs}"), "").await;
    assert_eq!(reason(into_another_s, 404).await, "request-unknown");
}
