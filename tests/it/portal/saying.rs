//! What a requester adds to a request, and what they decide on its solution.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use passerelle::{
    intake::form::{self, Encoding},
    request::{Address, Outcome},
    sandbox::{Failure, Rule, TicketView},
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Scene, reason};
use crate::support::{
    gateway::{DIRECTORS, Gateway, app, sandbox},
    meddler::{Fate, Meddler},
};

fn seen(scene: &Scene, request: u64) -> TicketView {
    let number = i64::try_from(request).unwrap();
    scene.sandbox.tickets().into_iter().find(|view| view.id == number).unwrap()
}

fn status(scene: &Scene, request: u64) -> (i64, usize) {
    let view = seen(scene, request);
    (view.status, view.followups.len())
}

fn followups(request: u64) -> String {
    format!("/v1/requests/{request}/followups")
}

fn approval(request: u64) -> String {
    format!("/v1/requests/{request}/approval")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followup_is_added_once_in_the_requester_s_name() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let body = json!({"description": "Les CM2\n\n<b>", "attachments": [{"name": "a.txt", "content": "YQ=="}]});
    let path = followups(request);
    let all = join_all((0..4).map(|_| scene.post(&path, &body, Some("k1")))).await;
    let statuses: Vec<_> = all.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    let mut answers = Vec::new();
    for answer in all {
        answers.push(answer.json::<Value>().await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer["status"] == "followup"), "{answers:?}");
    let view = seen(&scene, request);
    let [followup] = view.followups.as_slice() else { panic!("{view:?}") };
    assert!(followup.content.contains("<p>Les CM2</p><p>&lt;b&gt;</p>"), "{}", followup.content);
    assert!(followup.content.contains(answers[0]["reference"].as_str().unwrap()), "{}", followup.content);
    assert_eq!(followup.author, view.requesters[0].user);
    assert_eq!(followup.documents[0].bytes, b"a");
    assert!(view.taken_into_account.is_none());
    // Another key is another word; the same text and no key is one for ten minutes.
    assert_eq!(scene.post(&path, &body, Some("k2")).await.status(), 201);
    for status in [201, 200] {
        assert_eq!(scene.post(&path, &json!({"description": "Merci"}), None).await.status(), status);
    }
    assert_eq!(seen(&scene, request).followups.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_left_out_of_a_followup_is_named() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let files = json!([{"name": "macro.exe", "content": "TVo="}, {"name": "a.txt", "content": "YQ=="}]);
    let body = json!({"description": "Voici", "attachments": files});
    for status in [201, 200] {
        let answer = scene.post(&followups(request), &body, Some("k")).await;
        assert_eq!(answer.status(), status);
        let answer: Value = answer.json().await.unwrap();
        let [file] = answer["left_out"].as_array().unwrap().as_slice() else { panic!("{answer}") };
        assert_eq!(file["name"], "macro.exe", "{answer}");
        assert!(!file["why"].as_str().unwrap().is_empty(), "{answer}");
    }
    let [followup] = seen(&scene, request).followups.try_into().unwrap();
    assert_eq!((followup.documents.len(), followup.documents[0].bytes.as_slice()), (1, &b"a"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_left_out_of_a_refusal_is_named() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    scene.staff.solve(request, "<p>Fait.</p>").await;
    let files = json!([{"name": "macro.exe", "content": "TVo="}, {"name": "a.txt", "content": "YQ=="}]);
    let body = json!({"decision": "refuse", "reason": "Encore grisé", "attachments": files});
    for _ in 0..2 {
        let answer = scene.post(&approval(request), &body, None).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let [file] = answer["left_out"].as_array().unwrap().as_slice() else { panic!("{answer}") };
        assert_eq!(file["name"], "macro.exe", "{answer}");
        assert!(!file["why"].as_str().unwrap().is_empty(), "{answer}");
    }
    let [followup] = seen(&scene, request).followups.try_into().unwrap();
    assert_eq!((followup.documents.len(), followup.documents[0].bytes.as_slice()), (1, &b"a"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_s_forms_are_read_too() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let address = format!("{}?requester={}", followups(request), DIRECTORS[0]);
    let call = scene.gateway.signed(Method::POST, &address, b"description=Les+CM2");
    let call = call.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(call.send().await.unwrap().status(), 201);
    let body = "--x\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n\r\n--x\r\n\
                Content-Disposition: form-data; name=\"attachments\"; filename=\"b.txt\"\r\n\r\nb\r\n--x--\r\n";
    let call = scene.gateway.signed(Method::POST, &address, body.as_bytes());
    let call = call.header("Content-Type", "multipart/form-data; boundary=x");
    assert_eq!(call.send().await.unwrap().status(), 201);
    let view = seen(&scene, request);
    assert!(view.followups[0].content.contains("Les CM2"));
    assert_eq!(view.followups[1].documents[0].filename, "b.txt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followup_puts_what_is_pending_to_work_and_decides_on_no_solution() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let (path, body) = (followups(request), json!({"description": "Voici"}));
    scene.staff.set_status(request, 4).await;
    assert_eq!(scene.post(&path, &body, Some("a")).await.status(), 201);
    assert_eq!(status(&scene, request), (2, 1));
    scene.staff.solve(request, "<p>Fait.</p>").await;
    // What was added before is added; something more is added, and the solution goes on waiting.
    assert_eq!(scene.post(&path, &body, Some("a")).await.status(), 200);
    assert_eq!(status(&scene, request), (5, 1));
    let file = json!([{"name": "suite.txt", "content": "YQ=="}]);
    let more = json!({"description": "Encore ceci", "attachments": file});
    assert_eq!(scene.post(&path, &more, Some("c")).await.status(), 201);
    assert_eq!(status(&scene, request), (5, 2));
    assert_eq!(seen(&scene, request).followups[1].documents[0].filename, "suite.txt");
    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    assert_eq!((&shown["state"], &shown["to_approve"]), (&json!("a-approuver"), &json!(true)), "{shown}");
    scene.staff.set_status(request, 6).await;
    assert_eq!(reason(scene.post(&path, &body, Some("b")).await, 409).await, "request-closed");
    assert_eq!(scene.post(&path, &body, Some("a")).await.status(), 200);
    assert_eq!(status(&scene, request), (6, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_followup_is_named() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    for (body, field, code) in [
        (json!({}), "description", "missing"),
        (json!({"description": " \n "}), "description", "missing"),
        (json!({"description": "a".repeat(20_001)}), "description", "too-long"),
        (json!({"description": "a", "title": "b"}), "title", "unknown-field"),
        (json!({"description": "a", "reponse": "b"}), "reponse", "unknown-field"),
        (
            json!({"description": "a", "attachments": [{"name": "a", "content": "?"}]}),
            "attachments[0].content",
            "invalid",
        ),
    ] {
        let answer = scene.post(&followups(request), &body, None).await;
        assert_eq!(answer.status(), 422, "{body}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
        if code == "unknown-field" {
            let message = problem["errors"][0]["message"].as_str().unwrap();
            assert!(message.ends_with("Champs admis\u{a0}: description, attachments."), "{problem}");
        }
    }
    let answer = scene.post(&followups(request), &json!([]), None).await;
    assert_eq!(reason(answer, 400).await, "bad-form");
    let answer = scene.post(&followups(request), &json!({"description": "a"}), Some("é")).await;
    assert_eq!(reason(answer, 400).await, "bad-idempotency-key");
    assert!(seen(&scene, request).followups.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followup_whose_answer_was_lost_is_found_again() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    scene.sandbox.set_failures(Rule::next(1, Failure::AnswerLost).on_new_followups());
    let answer = scene.post(&followups(request), &json!({"description": "Les CM2"}), Some("k")).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(seen(&scene, request).followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_is_refused_with_a_reason_and_then_accepted() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let path = approval(request);
    let (accept, refuse) = (json!({"decision": "accept"}), json!({"decision": "refuse", "reason": "Encore grisé"}));
    for decision in [&accept, &refuse] {
        assert_eq!(reason(scene.post(&path, decision, None).await, 409).await, "nothing-to-approve");
    }
    scene.staff.solve(request, "<p>Fait.</p>").await;
    for unsaid in [json!({"decision": "refuse"}), json!({"decision": "refuse", "reason": " "})] {
        let answer = scene.post(&path, &unsaid, None).await;
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((&problem["status"], &problem["errors"][0]["field"]), (&json!(422), &json!("reason")));
    }
    // Once and again: the same answer, and one word in the ticket.
    for _ in 0..2 {
        let answer = scene.post(&path, &refuse, None).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.json::<Value>().await.unwrap(),
            json!({"status": "refused", "ticket": request, "left_out": []})
        );
        assert_eq!(status(&scene, request), (2, 1));
    }
    assert_eq!(reason(scene.post(&path, &accept, None).await, 409).await, "nothing-to-approve");
    let view = seen(&scene, request);
    assert!(view.followups[0].content.contains("Motif\u{a0}:</p><p>Encore grisé</p>"), "{}", view.followups[0].content);
    assert_eq!(view.followups[0].author, view.requesters[0].user);

    scene.staff.solve(request, "<p>Refait.</p>").await;
    for _ in 0..2 {
        let answer = scene.post(&path, &accept, None).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap()["status"], "accepted");
        assert_eq!(status(&scene, request), (6, 2));
    }
    assert_eq!(reason(scene.post(&path, &refuse, None).await, 409).await, "nothing-to-approve");
    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    let verdicts: Vec<_> =
        shown["timeline"].as_array().unwrap().iter().filter_map(|it| it["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["refused", "accepted"]);
    // In the same second, the solution stands before its approval.
    let last = shown["timeline"].as_array().unwrap().last().unwrap();
    assert!(last["html"].as_str().unwrap().contains("Clôture approuvée."), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_nobody_saw_is_not_decided_on() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let (path, address) = (approval(request), format!("/v1/requests/{request}"));
    assert_eq!(scene.json(&address, "").await["solution"], json!(null));
    let first = scene.staff.solve(request, "<p>Fait.</p>").await;
    assert_eq!(scene.json(&address, "").await["solution"], json!(first));
    scene.staff.set_status(request, 2).await;
    let second = scene.staff.solve(request, "<p>Autrement.</p>").await;
    for decision in [json!({"decision": "accept"}), json!({"decision": "refuse", "reason": "Non"})] {
        let mut unseen = decision.clone();
        unseen["solution"] = json!(first);
        assert_eq!(reason(scene.post(&path, &unseen, None).await, 409).await, "nothing-to-approve");
        assert_eq!(status(&scene, request).0, 5);
    }
    let refusal = json!({"decision": "refuse", "reason": "Non", "solution": second});
    assert_eq!(scene.post(&path, &refusal, None).await.status(), 200);
    // Its answer may be lost, and staff propose something else meanwhile.
    scene.staff.solve(request, "<p>Encore autrement.</p>").await;
    assert_eq!(scene.post(&path, &refusal, None).await.status(), 200);
    assert_eq!(status(&scene, request), (5, 1), "the third solution still waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_decision_counts_again_where_an_old_solution_is_proposed_again() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    scene.staff.solve(request, "<p>Fait.</p>").await;
    let accept = json!({"decision": "accept"});
    for followups in 1..=2 {
        assert_eq!(scene.post(&approval(request), &accept, None).await.status(), 200);
        assert_eq!(status(&scene, request), (6, followups));
        // GLPI's dates are whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        scene.staff.set_status(request, 2).await;
        scene.staff.set_status(request, 5).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_decision_is_refused() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    assert_eq!(reason(scene.post(&approval(request), &json!([]), None).await, 400).await, "bad-form");
    for body in [
        json!({}),
        json!({"decision": 1}),
        json!({"decision": "accept", "motif": "x"}),
        json!({"decision": "accept", "reason": "Merci"}),
        json!({"decision": "accept", "attachments": [{"name": "a.txt", "content": "YQ=="}]}),
        json!({"decision": "peut-être"}),
    ] {
        assert_eq!(reason(scene.post(&approval(request), &body, None).await, 422).await, "invalid-fields", "{body}");
    }
    let address = format!("{}?requester={}", approval(request), DIRECTORS[0]);
    let form = scene.gateway.signed(Method::POST, &address, b"decision=accept");
    let form = form.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(reason(form, 415).await, "unsupported-content-type");
}

/// A scene whose GLPI cannot be asked to make or change what begins so, while it is away.
async fn without(paths: &'static [&'static str], is_away: bool) -> (Scene, Arc<AtomicBool>, Meddler) {
    let (sandbox, away) = (sandbox().await, Arc::new(AtomicBool::new(is_away)));
    let now = Arc::clone(&away);
    let meddler = Meddler::start(sandbox.url(), "10.0.14", move |making| {
        let is_hit = paths.iter().any(|path| making.path.starts_with(path));
        if is_hit && now.load(Ordering::SeqCst) { Fate::Dies(502) } else { Fate::Passes }
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    (Scene::of(sandbox, gateway).await, away, meddler)
}

/// GLPI dies when it has written what was decided, and has not done it: the same try does it, or the next one.
#[rstest]
#[case::accepted(json!({"decision": "accept"}), 6, "accepted")]
#[case::refused(json!({"decision": "refuse", "reason": "Encore grisé"}), 2, "refused")]
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_done_though_glpi_died_before_it(
    #[case] decision: Value,
    #[case] becomes: i64,
    #[case] verdict: &str,
    #[values(false, true)] by_the_next_try: bool,
) {
    let (mut scene, away, _meddler) = without(&["Ticket/"], by_the_next_try).await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    scene.staff.solve(request, "<p>Fait.</p>").await;
    scene.sandbox.set_failures(Rule::next(1, Failure::Dies(0)).on_new_followups());
    let mut answer = scene.post(&approval(request), &decision, None).await;
    if by_the_next_try {
        assert_eq!(answer.status(), 503);
        assert_eq!(status(&scene, request), (5, 1));
        away.store(false, Ordering::SeqCst);
        scene.gateway = Gateway::start(&scene.sandbox, &[]).await;
        answer = scene.post(&approval(request), &decision, None).await;
    }
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], verdict);
    assert_eq!(status(&scene, request), (becomes, 1));
    let shown = scene.json(&format!("/v1/requests/{request}"), "").await;
    let verdicts: Vec<_> =
        shown["timeline"].as_array().unwrap().iter().filter_map(|it| it["verdict"].as_str()).collect();
    assert_eq!(verdicts, [verdict]);
}

#[rstest]
#[case::solved(5)]
#[case::closed(6)]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_in_part_is_completed_though_its_request_is_over_by_now(#[case] stage: u64) {
    let (mut scene, away, _meddler) = without(&["Document"], true).await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let body = json!({"description": "Voici", "attachments": [{"name": "a.txt", "content": "YQ=="}]});
    scene.sandbox.set_failures(Rule::next(1, Failure::Dies(0)).on_new_followups());
    assert_eq!(scene.post(&followups(request), &body, Some("k")).await.status(), 503);
    scene.staff.set_status(request, stage).await;
    away.store(false, Ordering::SeqCst);
    scene.gateway = Gateway::start(&scene.sandbox, &[]).await;
    assert_eq!(scene.post(&followups(request), &body, Some("k")).await.status(), 200);
    let view = seen(&scene, request);
    assert_eq!(view.status.cast_unsigned(), stage);
    let [followup] = view.followups.as_slice() else { panic!("{view:?}") };
    assert_eq!(followup.documents.iter().map(|file| file.bytes.as_slice()).collect::<Vec<_>>(), [b"a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_within_ten_minutes_are_one_whoever_remembers_and_later_they_are_others() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let person = Address::parse(DIRECTORS[0]).unwrap();
    let began = jiff::Timestamp::now();
    // Each by an instance of its own that remembers nothing of the others.
    for (minutes, followups) in [(0, 1), (1, 1), (9, 1), (12, 2)] {
        let app = app(scene.sandbox.url().as_str(), &[]);
        let body = json!({"description": "Les CM2"}).to_string();
        let form = form::read(Encoding::Json, body.into()).await.unwrap();
        let now = began - jiff::SignedDuration::from_mins(12 - minutes);
        let received = form::complement(form, 0, None, &person, request.into(), now).await.unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
        let outcome = app.pipeline.deposit(received, Some(request.into()), until).await;
        assert!(matches!(outcome, Outcome::Followup(_)), "{outcome:?}");
        assert_eq!(seen(&scene, request).followups.len(), followups, "{minutes} min");
    }
}
