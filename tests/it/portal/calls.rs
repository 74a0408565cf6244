//! How many calls to GLPI each thing takes that a person does: whoever adds one must say so here.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use passerelle::sandbox::{Failure, Rule, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

use super::Scene;
use crate::support::{
    gateway::{AGENT, DIRECTORS, mail},
    helpdesk::Helpdesk,
};

/// A green pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12NgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC";
/// Tests share files: each has its own names.
const FILES: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

/// The calls that were made in the meantime, by endpoint.
struct Meantime<'a> {
    sandbox: &'a Sandbox,
    before: BTreeMap<String, usize>,
}

impl<'a> Meantime<'a> {
    fn of(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, before: sandbox.calls_by_endpoint() }
    }

    /// The calls since then.
    fn made(&self) -> BTreeMap<String, usize> {
        let mut made = self.sandbox.calls_by_endpoint();
        for (endpoint, before) in &self.before {
            made.entry(endpoint.clone()).and_modify(|calls| *calls -= before);
        }
        made.retain(|_, calls| *calls > 0);
        made
    }

    /// Fails where there were more.
    fn at_most(&self, what: &str, most: usize) {
        let made = self.made();
        assert!(made.values().sum::<usize>() <= most, "{what}: more than {most} calls: {made:#?}");
    }
}

/// A request with three files of its own, thirteen follow-ups of which two have one each, and a private one with a file.
async fn long_request(scene: &Scene) -> u64 {
    let files: Vec<Value> = FILES
        .iter()
        .map(|name| json!({"name": name, "content": data_encoding::BASE64.encode(name.as_bytes())}))
        .collect();
    let request = scene.deposit(DIRECTORS[0], json!({ "attachments": files })).await;
    for at in 0..11 {
        scene.staff.follow_up(request, &format!("<p>{at}</p>"), false).await;
    }
    for (is_private, name) in [(0, "page.html"), (0, "aide.html"), (1, "secret.txt")] {
        let said =
            json!({"itemtype": "Ticket", "items_id": request, "content": "<p>Voir</p>", "is_private": is_private});
        scene.staff.add_with_file("ITILFollowup", said, name, name.as_bytes()).await;
    }
    request
}

/// The files of a request as the API shows them.
fn files(shown: &Value) -> Vec<String> {
    let entries = shown["timeline"].as_array().unwrap().iter();
    let all = entries.flat_map(|entry| entry["documents"].as_array().unwrap());
    all.map(|file| file["address"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_all_that_hangs_on_it_takes_few_calls() {
    let scene = Scene::start().await;
    let request = long_request(&scene).await;
    let (list, page) = ("/v1/requests", format!("/v1/requests/{request}"));
    // Who asks, and who answered, is known.
    scene.json(&page, "").await;

    let calls = Meantime::of(&scene.sandbox);
    let listed = scene.json(list, "").await;
    calls.at_most("the list", 2);
    assert_eq!(listed["total"], 1, "{listed}");

    scene.staff.follow_up(request, "<p>Et encore</p>", false).await;
    let calls = Meantime::of(&scene.sandbox);
    let shown = scene.json(&page, "").await;
    calls.at_most("a page", 4);
    assert_eq!(shown["timeline"].as_array().unwrap().len(), 1 + 14, "{shown}");
    let files = files(&shown);
    assert_eq!(files.len(), 5, "{shown}");
    assert!(!shown.to_string().contains("secret"), "{shown}");

    let calls = Meantime::of(&scene.sandbox);
    for file in &files {
        assert_eq!(scene.get(file, "").await.status(), 200, "{file}");
    }
    calls.at_most("five files", 5);

    scene.staff.solve(request, "<p>Fait.</p>").await;
    scene.json(&page, "").await;
    let calls = Meantime::of(&scene.sandbox);
    let shown = scene.json(&page, "").await;
    calls.at_most("a page with a solution", 4);
    assert_eq!(shown["to_approve"], true, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_was_shown_is_not_another_s() {
    let scene = Scene::start().await;
    let request = long_request(&scene).await;
    let page = format!("/v1/requests/{request}");
    let files = files(&scene.json(&page, "").await);
    for file in files.iter().chain([&page]) {
        assert_eq!(scene.get_as(DIRECTORS[1], file, "").await.status(), 404, "{file}");
    }
    // A file that came after they looked is theirs at once.
    let said = json!({"itemtype": "Ticket", "items_id": request, "content": "<p>Voir</p>", "is_private": 0});
    scene.staff.add_with_file("ITILFollowup", said, "new.txt", b"new").await;
    let newest = scene.sandbox.tickets()[0].followups.last().unwrap().documents[0].id;
    assert_eq!(scene.get(&format!("{page}/documents/{newest}"), "").await.status(), 200);
    // … and what staff keeps to itself never is, looked at or not.
    let followups = &scene.sandbox.tickets()[0].followups;
    let secret = followups.iter().find(|followup| followup.private).unwrap().documents[0].id;
    assert_eq!(scene.get(&format!("{page}/documents/{secret}"), "").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_a_school_take_a_call_more_and_its_mailbox_s_none() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directory.csv");
    std::fs::write(&csv, "email;uai\nce.0210001A@ac-dijon.fr;0210001A\nce.0210002B@ac-dijon.fr;0210001A\n").unwrap();
    let directory = [("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
    for (view, most) in [("false", 2), ("true", 3)] {
        let scene = Scene::with(&[&directory[..], &[("portal.school_view", view)]].concat()).await;
        scene.deposit(DIRECTORS[0], json!({})).await;
        scene.get_as(DIRECTORS[1], "/v1/requests", "").await;
        let calls = Meantime::of(&scene.sandbox);
        let listed = scene.get_as(DIRECTORS[1], "/v1/requests", "").await.json::<Value>().await.unwrap();
        calls.at_most(view, most);
        assert_eq!(listed["total"], 1, "{listed}");
    }
}

async fn read_by_forty(scene: &Scene, path: &str) {
    let address = format!("{path}?requester={}", DIRECTORS[0]);
    let readers = (0..40).map(|_| scene.gateway.signed(Method::GET, &address, b"").send());
    assert!(join_all(readers).await.into_iter().all(|answer| answer.unwrap().status() == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_readers_at_once_read_once() {
    let scene = Scene::start().await;
    let request = long_request(&scene).await;
    let page = format!("/v1/requests/{request}");
    scene.json(&page, "").await;
    // All have asked before the first call is answered.
    scene.sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(500))));
    let calls = Meantime::of(&scene.sandbox);
    read_by_forty(&scene, &page).await;
    calls.at_most("a page, forty times at once", 4);
    let calls = Meantime::of(&scene.sandbox);
    read_by_forty(&scene, "/v1/requests").await;
    calls.at_most("a list, forty times at once", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_takes_few_calls() {
    let scene = Scene::start().await;
    let request = scene.deposit(DIRECTORS[0], json!({})).await;
    let page = format!("/v1/requests/{request}");
    scene.json(&page, "").await;

    let calls = Meantime::of(&scene.sandbox);
    let said = json!({"description": "Les CM2"});
    assert_eq!(scene.post(&format!("{page}/followups"), &said, None).await.status(), 201);
    calls.at_most("a complement", 3);

    let calls = Meantime::of(&scene.sandbox);
    let said = json!({"description": "Voici", "attachments": [{"name": "a.txt", "content": "YQ=="}, {"name": "b.png", "content": PNG}]});
    assert_eq!(scene.post(&format!("{page}/followups"), &said, None).await.status(), 201);
    calls.at_most("a complement with files", 4);

    for decision in [json!({"decision": "refuse", "reason": "Encore grisé"}), json!({"decision": "accept"})] {
        scene.staff.solve(request, "<p>Fait.</p>").await;
        let calls = Meantime::of(&scene.sandbox);
        assert_eq!(scene.post(&format!("{page}/approval"), &decision, None).await.status(), 200, "{decision}");
        calls.at_most("a decision", 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_new_takes_three_calls_more() {
    let scene = Scene::start().await;
    for director in &DIRECTORS[..2] {
        scene.gateway.deliver(director, &mail(director, &format!("{director}-0"), "LSU : d'abord", "Bonjour")).await;
    }
    let calls = Meantime::of(&scene.sandbox);
    let known = mail(DIRECTORS[0], "known", "LSU : connue", "Bonjour");
    assert!(scene.gateway.deliver(DIRECTORS[0], &known).await.contains("created"));
    let of_known: usize = calls.made().values().sum();

    let calls = Meantime::of(&scene.sandbox);
    let new = mail(DIRECTORS[2], "new", "LSU : nouvelle", "Bonjour");
    assert!(scene.gateway.deliver(DIRECTORS[2], &new).await.contains("created"));
    calls.at_most("a new director's mail", of_known + 3);

    let calls = Meantime::of(&scene.sandbox);
    let other = mail(AGENT, "other", "LSU : agent", "Bonjour");
    assert!(!scene.gateway.deliver(AGENT, &other).await.contains("created"));
    calls.at_most("the mail of somebody who is no director", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_with_files_is_made_and_read_back() {
    let scene = Scene::start().await;
    scene.deposit(DIRECTORS[0], json!({})).await;
    let files: Vec<Value> = (0..5)
        .map(|at| json!({"name": format!("{at}.txt"), "content": data_encoding::BASE64.encode(&[b'0' + at])}))
        .collect();
    let calls = Meantime::of(&scene.sandbox);
    scene.deposit(DIRECTORS[0], json!({})).await;
    let without_files: usize = calls.made().values().sum();
    let calls = Meantime::of(&scene.sandbox);
    scene.deposit(DIRECTORS[0], json!({ "attachments": files })).await;
    calls.at_most("a ticket with five files", without_files + 1);
    assert_eq!(scene.sandbox.tickets().last().unwrap().documents.len(), 5);
}

/// As many of those who take requests in charge, and who answer them.
const TECHNICIANS: usize = 12;

/// Requests of one person, each of a technician of its own; one of them is answered by all. GLPI shows one of these no
/// more: their account is in its bin.
async fn requests_of_many_technicians(scene: &Scene) -> (u64, Vec<String>) {
    let admin = Helpdesk::sign_in(&scene.sandbox.url(), "glpi", "glpi").await;
    let (mut names, mut last) = (Vec::new(), 0);
    let mut accounts = Vec::new();
    for at in 0..TECHNICIANS {
        let user = json!({"name": format!("t{at}"), "firstname": format!(" Léa{at} "), "realname": "D'Arc & fils"});
        let id = admin.add("User", user).await;
        last = scene.deposit(DIRECTORS[0], json!({})).await;
        admin.add("Ticket_User", json!({"tickets_id": last, "users_id": id, "type": 2})).await;
        accounts.push(id);
        names.push(format!("Léa{at} D'Arc & fils"));
    }
    for id in &accounts {
        let said = json!({"itemtype": "Ticket", "items_id": last, "content": "<p>Voir</p>", "users_id": id});
        admin.add("ITILFollowup", said).await;
    }
    admin.call(Method::DELETE, &format!("User/{}", accounts[0]), json!({})).await;
    (last, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_technicians_names_take_one_call_more() {
    for path in ["list", "sorted", "searched", "page"] {
        let scene = Scene::with(&[("quota.per_day", "1000")]).await;
        let other = scene.deposit(DIRECTORS[0], json!({})).await;
        scene.staff.follow_up(other, "<p>Bonjour</p>", false).await;
        // Who asks is known.
        scene.json(&format!("/v1/requests/{other}"), "").await;
        let (request, names) = requests_of_many_technicians(&scene).await;
        let calls = Meantime::of(&scene.sandbox);
        let shown = match path {
            "list" => scene.json("/v1/requests", "").await,
            "sorted" => scene.json("/v1/requests", "&sort=taken_by").await,
            "searched" => scene.json("/v1/requests", "&q=arc%20fils").await,
            _ => scene.json(&format!("/v1/requests/{request}"), "").await,
        };
        // The one in the bin is asked for alone.
        calls.at_most(path, if path == "page" { 4 } else { 2 } + 2);
        let shown = shown.to_string();
        let missing: Vec<_> = names.iter().filter(|name| !shown.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{path}: {missing:?} in {shown}");
    }
}
