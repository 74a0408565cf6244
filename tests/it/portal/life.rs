//! What became of a request, as its requester sees it: its state, what happened, how long it took.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::Scene;
use crate::support::{
    gateway::{ALWAYS_OPEN, DIRECTORS},
    helpdesk::Helpdesk,
};

fn page(request: u64) -> String {
    format!("/v1/requests/{request}")
}

/// Each event's kind and label.
fn events(shown: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let events = shown["events"].as_array().unwrap().iter();
    events.map(|event| (text(&event["kind"]), text(&event["label"]))).collect()
}

fn kinds(shown: &Value) -> Vec<String> {
    events(shown).into_iter().map(|(kind, _)| kind).collect()
}

async fn admin(scene: &Scene) -> Helpdesk {
    Helpdesk::sign_in(&scene.sandbox.url(), "passerelle-admin", "passerelle").await
}

#[rstest]
#[case::without_a_word(&[], None, "en-attente", Some("mise en attente"))]
#[case::news(&["L’éditeur a été saisi."], None, "en-attente", Some("mise en attente"))]
#[case::asked(&["Quelle classe ?"], None, "a-completer", Some("une réponse de votre part est attendue"))]
#[case::asked_first(&["Quelle classe ?", "L’éditeur a été saisi."], None, "en-attente", Some("mise en attente"))]
#[case::for_the_editor(&[], Some("Attente de l’éditeur"), "en-attente", Some("mise en attente\u{a0}: Attente de l’éditeur"))]
#[case::for_the_requester(&[], Some("Attente du demandeur"), "a-completer", Some("une réponse de votre part est attendue"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_request_is_the_requester_s_to_complete_only_where_they_are_asked(
    #[case] said: &[&str],
    #[case] reason: Option<&str>,
    #[case] state: &str,
    #[case] detail: Option<&str>,
) {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    for text in said {
        scene.staff.follow_up(request, &format!("<p>{text}</p>"), false).await;
    }
    match reason {
        None => scene.staff.set_status(request, 4).await,
        Some(name) => {
            let admin = admin(&scene).await;
            let reason = admin.add("PendingReason", json!({ "name": name })).await;
            let said = json!({
                "itemtype": "Ticket", "items_id": request, "content": "<p>En pause</p>", "is_private": 1,
                "pending": 1, "pendingreasons_id": reason,
            });
            admin.add("ITILFollowup", said).await;
        }
    }
    let shown = scene.json(&page(request), "").await;
    let listed = scene.json("/v1/requests", "").await;
    for row in [&shown, &listed["requests"][0]] {
        assert_eq!((row["state"].as_str(), row["state_detail"].as_str()), (Some(state), detail), "{row}");
        assert_eq!(row["pending_reason"].as_str(), reason, "{row}");
    }
    assert_eq!(listed["counts"][state], 1, "{listed}");
    assert_eq!(kinds(&shown).last().map(String::as_str), Some("mise-en-attente"), "{shown}");

    // Their answer ends the wait, and staff's next hold is another one.
    let answer = json!({"description": "Les CM2"});
    assert_eq!(scene.post(&format!("{}/followups", page(request)), &answer, None).await.status(), 201);
    let shown = scene.json(&page(request), "").await;
    assert_ne!(shown["state"], "a-completer");
    // Why it waited is still told.
    let hold = events(&shown).into_iter().find(|(kind, _)| kind == "mise-en-attente").unwrap().1;
    let said = reason.map_or_else(String::new, |reason| format!("\u{a0}: {reason}"));
    assert_eq!(hold, format!("Demande mise en attente{said}"), "{shown}");
    scene.staff.set_status(request, 4).await;
    assert_eq!(scene.json(&page(request), "").await["state"], "en-attente");
    assert_eq!(scene.json("/v1/requests", "").await["requests"][0]["state"], "en-attente");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_at_work_only_with_who_took_it_or_where_it_was_handed_on() {
    let scene = Scene::with(&[("escalation.note", "public"), ("http.ticket_tokens", "ticket-token-for-tests")]).await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let shown = scene.json(&page(request), "").await;
    assert_eq!((&shown["state"], &shown["state_detail"]), (&json!("en-attente"), &Value::Null), "{shown}");
    assert_eq!(events(&shown), [("deposee".to_owned(), "Demande déposée".to_owned())]);

    // Staff's first act is GLPI's «prise en compte»: GLPI's history says whose.
    scene.staff.follow_up(request, "<p>SECRET</p>", true).await;
    let shown = scene.json(&page(request), "").await;
    assert_eq!((&shown["state"], &shown["taken_by"]), (&json!("en-cours"), &json!("Référents-LSU")), "{shown}");
    let taken = ("prise-en-charge".to_owned(), "Demande prise en charge par Un Tech".to_owned());
    assert_eq!(events(&shown)[1], taken, "{shown}");

    let order = json!({"reason": "Panne du serveur", "by": "jeanne.martin@ac-dijon.fr"});
    let call = scene.gateway.call(reqwest::Method::POST, &format!("/v1/tickets/{request}/escalate"));
    let answer = call.bearer_auth("ticket-token-for-tests").json(&order).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    let shown = scene.json(&page(request), "").await;
    let detail = "transmise à l’assistance informatique académique";
    assert_eq!((&shown["state"], &shown["state_detail"]), (&json!("en-cours"), &json!(detail)), "{shown}");
    assert_eq!((&shown["handed_on_to"], &shown["taken_by"]), (&json!("DSI-BAI"), &Value::Null), "{shown}");
    let last = shown["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["kind"], &last["group"]), (&json!("transmise"), &json!("DSI-BAI")), "{shown}");
    assert!(!shown["timeline"].to_string().contains("Passerelle"), "{shown}");
    assert!(!shown.to_string().contains("SECRET"), "{shown}");
    let listed = scene.json("/v1/requests", "").await;
    assert_eq!(listed["requests"][0]["state_detail"], detail, "{listed}");

    scene.staff.add("Ticket_User", json!({"tickets_id": request, "users_id": 15, "type": 2})).await;
    let shown = scene.json(&page(request), "").await;
    assert_eq!(shown["state_detail"], "prise en charge par Un Tech", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_told_from_the_deposit_to_the_end() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let (own, approval) = (page(request), format!("{}/approval", page(request)));
    scene.staff.add("Ticket_User", json!({"tickets_id": request, "users_id": 15, "type": 2})).await;
    scene.staff.solve(request, "<p>Fait.</p>").await;
    let file = json!([{"name": "preuve.txt", "content": "YQ=="}]);
    let refusal = json!({"decision": "refuse", "reason": "Encore grisé", "attachments": file});
    for _ in 0..2 {
        assert_eq!(scene.post(&approval, &refusal, None).await.status(), 200);
    }
    let shown = scene.json(&own, "").await;
    let refused =
        shown["timeline"].as_array().unwrap().iter().find(|entry| entry["own"] == true && entry["kind"] == "followup");
    assert_eq!(refused.unwrap()["documents"][0]["name"], "preuve.txt", "{shown}");
    let all = ["deposee", "prise-en-charge", "solution-proposee", "solution-refusee"];
    assert_eq!(kinds(&shown), all, "{shown}");
    scene.staff.solve(request, "<p>Refait.</p>").await;
    assert_eq!(scene.post(&approval, &json!({"decision": "accept"}), None).await.status(), 200);
    let shown = scene.json(&own, "").await;
    assert_eq!(kinds(&shown), [&all[..], &["solution-proposee", "cloturee"]].concat(), "{shown}");
    assert!(shown["events"].as_array().unwrap().iter().all(|event| event["date"].is_string()), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_s_words_have_the_gateway_s_own_among_them() {
    let scene = Scene::with(&[("attachments.max_file_size", "10")]).await;
    // One director without an account in GLPI.
    let person = "ce.0210009Z@ac-dijon.fr";
    for requester in [DIRECTORS[0], person] {
        let request = if requester == person {
            let input = json!({
                "name": "Sans compte", "content": "<p>x</p>", "_users_id_requester": 0,
                "_users_id_requester_notif": {"use_notification": [1], "alternative_email": [person]},
            });
            scene.staff.add("Ticket", input).await
        } else {
            scene.deposit(requester, json!({})).await
        };
        let long = data_encoding::BASE64.encode(b"more than ten bytes");
        let body = json!({"description": "Les CM2", "attachments": [{"name": "long.txt", "content": long}]});
        let address = format!("{}/followups?requester={requester}", page(request));
        let call = scene.gateway.signed(reqwest::Method::POST, &address, body.to_string().as_bytes());
        assert_eq!(call.header("Content-Type", "application/json").send().await.unwrap().status(), 201);
        let shown = scene.get_as(requester, &page(request), "").await.json::<Value>().await.unwrap();
        let said = shown["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&said["html"], &said["own"]), (&json!("<p>Les CM2</p>"), &json!(true)), "{shown}");
        assert!(said["service_html"].as_str().unwrap().contains("long.txt"), "{shown}");
        for plumbing in ["Écrit sur le portail", "Référence", "Référents-LSU a écrit"] {
            assert!(!shown["timeline"].to_string().contains(plumbing), "{plumbing} in {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_looks_again_only_at_pending_requests_that_were_changed() {
    let scene = Scene::start().await;
    let mut pending = Vec::new();
    for _ in 0..3 {
        let request = scene.deposit(DIRECTORS[0], json!({})).await;
        scene.staff.follow_up(request, "<p>Quelle classe ?</p>", false).await;
        scene.staff.set_status(request, 4).await;
        pending.push(request);
    }
    scene.json("/v1/requests", "").await;
    let before: usize = scene.sandbox.calls_by_endpoint().values().sum();
    let listed = scene.json("/v1/requests", "").await;
    let after: usize = scene.sandbox.calls_by_endpoint().values().sum();
    assert_eq!(listed["counts"]["a-completer"], 3, "{listed}");
    assert!(after - before <= 4, "{} calls for {pending:?}", after - before);
}

/// Also where the proxy's listener is the only one.
#[rstest]
#[case(&[])]
#[case(&[("http.listen", ""), ("http.identity_listen", "127.0.0.1:0")])]
#[tokio::test(flavor = "multi_thread")]
async fn what_to_expect_is_as_the_last_requests_took(#[case] listeners: &[(&str, &str)]) {
    let settings = [&ALWAYS_OPEN[..], &[("figures.every", "1s"), ("quota.per_day", "100")], listeners].concat();
    let scene = Scene::with(&settings).await;
    assert_eq!(scene.json("/v1/natures", "").await["applications"][0]["expected"], Value::Null);
    for minutes in [10_i64, 20, 30, 40, 50] {
        let request = scene.deposit(DIRECTORS[0], json!({})).await;
        let opened = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get("Europe/Paris").unwrap());
        let opened = opened.datetime() - jiff::Span::new().minutes(minutes);
        let opened = opened.strftime("%Y-%m-%d %H:%M:%S").to_string();
        scene.staff.call(reqwest::Method::PUT, &format!("Ticket/{request}"), json!({ "date": opened })).await;
        scene.staff.add("Ticket_User", json!({"tickets_id": request, "users_id": 15, "type": 2})).await;
        scene.staff.solve(request, "<p>Fait.</p>").await;
    }
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let mut expected = Value::Null;
    for _ in 0..200 {
        expected = scene.json(&page(request), "").await["expected"].clone();
        if expected["requests"] == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for part in ["charge", "solution"] {
        let minutes = |name: &str| expected[part][name].as_u64().unwrap() / 60;
        assert_eq!((minutes("median"), minutes("p80")), (30, 40), "{part} in {expected}");
    }
    assert_eq!(expected["solution"]["median_label"], "30\u{a0}min ouvrées", "{expected}");
    let natures = scene.json("/v1/natures", "").await;
    let lsu = natures["applications"].as_array().unwrap().iter().find(|application| application["name"] == "LSU");
    assert_eq!(lsu.unwrap()["expected"]["requests"], 5, "{natures}");
}
