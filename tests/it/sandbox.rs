//! The GLPI stand-in answers as the recordings of a real GLPI do, and fails as it is told to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod eleven;
mod half_made;
mod replay;

use std::time::Duration;

use passerelle::sandbox::{FAILURE_HEADER, Failure, Failures, Limits, Options, Rule, Sandbox};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response};
use rstest::rstest;
use serde_json::{Value, json};

/// A sandbox and someone who talks to it.
struct Talk {
    sandbox: Sandbox,
    client: Client,
}

impl Talk {
    async fn with(options: Options) -> Self {
        // another test of the same process may have installed it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(options).await.unwrap();
        let client = Client::new();
        Self { sandbox, client }
    }

    async fn start() -> Self {
        Self::with(Options::default()).await
    }

    fn call(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}apirest.php/{path}", self.sandbox.url());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, url)
    }

    async fn session(&self, login: &str, password: &str) -> String {
        let call = self.call("GET", "initSession");
        let answer = call.basic_auth(login, Some(password)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        body["session_token"].as_str().unwrap().to_owned()
    }

    async fn gateway(&self) -> String {
        self.session("passerelle", "passerelle").await
    }

    fn new_ticket(&self, session: &str, input: &Value) -> RequestBuilder {
        self.call("POST", "Ticket").header("Session-Token", session).json(&json!({ "input": input }))
    }

    async fn get(&self, session: &str, path: &str) -> Value {
        let call = self.call("GET", path).header("Session-Token", session);
        call.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn a_ticket_can_be_looked_at() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let input = json!({
        "name": "Accès <LSU>", "content": "<p>é & co</p>", "type": 2, "itilcategories_id": 2,
        "requesttypes_id": 2, "_groups_id_assign": 1, "_groups_id_observer": 3,
        "_users_id_requester": 0, "_do_not_compute_takeintoaccount": 1,
        "_users_id_requester_notif": {
            "use_notification": [1], "alternative_email": ["inconnu@ac-dijon.fr"],
        },
    });
    assert_eq!(talk.new_ticket(&session, &input).send().await.unwrap().status(), 201);
    let tickets = talk.sandbox.tickets();
    let [ticket] = tickets.as_slice() else { panic!("{tickets:?}") };
    assert_eq!(ticket.name, "Accès <LSU>");
    assert_eq!(ticket.content, "<p>é & co</p>");
    assert_eq!(ticket.category.as_deref(), Some("Scolarité > LSU"));
    assert_eq!(ticket.assigned_groups, ["Référents-LSU"]);
    assert_eq!(ticket.observer_groups, ["Directeurs d'école"]);
    assert_eq!(ticket.requesters[0].email, "inconnu@ac-dijon.fr");
    assert_eq!(ticket.request_type.as_deref(), Some("E-Mail"));
    assert_eq!((ticket.status, ticket.kind), (2, 2));
    assert_eq!(ticket.taken_into_account, None);
}

#[tokio::test]
async fn a_rule_takes_the_place_of_the_group_that_was_asked_for() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let input = json!({ "name": "x", "itilcategories_id": 2, "_groups_id_assign": 4 });
    talk.new_ticket(&session, &input).send().await.unwrap();
    let input = json!({ "name": "y", "itilcategories_id": 3, "_groups_id_assign": [4, 2] });
    talk.new_ticket(&session, &input).send().await.unwrap();
    let groups: Vec<_> = talk.sandbox.tickets().into_iter().map(|t| t.assigned_groups).collect();
    assert_eq!(groups, [vec!["Référents-LSU"], vec!["Référents-ONDE", "DSI-BAI"]]);
}

#[rstest]
#[case::counted(json!({}), true)]
#[case::not_counted(json!({ "_do_not_compute_takeintoaccount": 1 }), false)]
#[tokio::test]
async fn a_follow_up_takes_the_ticket_into_account(#[case] extra: Value, #[case] taken: bool) {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let input = json!({ "name": "x", "_users_id_requester": 7 });
    talk.new_ticket(&session, &input).send().await.unwrap();
    let mut input = json!({ "itemtype": "Ticket", "items_id": 1, "content": "mot", "users_id": 7 });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let call = talk.call("POST", "ITILFollowup");
    let call = call.header("Session-Token", &session);
    let answer = call.json(&json!({ "input": input })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let ticket = talk.sandbox.tickets().remove(0);
    assert_eq!(ticket.taken_into_account.is_some(), taken);
    assert_eq!(ticket.followups[0].author, 7);
    assert_eq!(ticket.followups[0].content, "mot");
}

#[rstest]
#[case::nobody(json!({}), 403)]
#[case::its_author(json!({ "users_id": 13 }), 200)]
#[case::everyone(json!({ "_visibility": { "_type": "Entity", "entities_id": 0 } }), 200)]
#[tokio::test]
async fn an_article_needs_readers(#[case] extra: Value, #[case] status: u16) {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let mut input = json!({ "name": "mot de passe", "answer": "<p>ainsi</p>", "is_faq": 1 });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let call = talk.call("POST", "KnowbaseItem");
    let call = call.header("Session-Token", &session);
    let answer = call.json(&json!({ "input": input })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let call = talk.call("GET", "KnowbaseItem/1");
    let answer = call.header("Session-Token", &session).send().await.unwrap();
    assert_eq!(answer.status(), status);
}

#[tokio::test]
async fn php_takes_twenty_files_and_tells_of_the_first() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let mut form = Form::new().text("uploadManifest", r#"{"input":{"name":"25 files"}}"#);
    for at in 0..25 {
        let part = Part::bytes(format!("content {at}").into_bytes());
        form = form.part(format!("file{at}"), part.file_name(format!("n{at}.txt")));
    }
    let call = talk.call("POST", "Ticket").header("Session-Token", session);
    let answer = call.multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.unwrap();
    let told: Vec<_> = body["upload_result"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(told, ["file0"]);
    let names: Vec<_> = talk.sandbox.tickets()[0].documents.iter().map(|document| document.filename.clone()).collect();
    let expected: Vec<_> = (0..20).map(|at| format!("n{at}.txt")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn files_over_the_limits() {
    let limits = Limits { file: 1000, request: 5000, files: 20 };
    let talk = Talk::with(Options { limits, ..Options::default() }).await;
    let session = talk.gateway().await;
    for (size, status, documents) in [(999, 201, 1), (1001, 201, 0), (6000, 400, 0)] {
        let part = Part::bytes(vec![b'x'; size]).file_name("a.txt");
        let form = Form::new().text("uploadManifest", r#"{"input":{"name":"big"}}"#).part("file0", part);
        let call = talk.call("POST", "Ticket").header("Session-Token", &session);
        let answer = call.multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), status, "{size}");
        let body: Value = answer.json().await.unwrap();
        if status == 400 {
            assert_eq!(body[0], "ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE");
            continue;
        }
        let refused = body["upload_result"]["file0"][0]["error"].is_string();
        assert_eq!(refused, documents == 0, "{size}: {body}");
        let last = talk.sandbox.tickets().pop().unwrap();
        assert_eq!(last.documents.len(), documents, "{size}");
    }
    assert_eq!(talk.sandbox.tickets().len(), 2);
}

#[tokio::test]
async fn a_refused_file_beyond_the_first_shows_in_the_message_only() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let form = Form::new()
        .text("uploadManifest", r#"{"input":{"name":"x"}}"#)
        .part("file0", Part::bytes(b"hello".to_vec()).file_name("a.txt"))
        .part("file1", Part::bytes(b"x".to_vec()).file_name("mail.eml"));
    let call = talk.call("POST", "Ticket").header("Session-Token", session);
    let body: Value = call.multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["message"], "Fichier mail.eml introuvable.");
    assert!(body["upload_result"]["file1"].is_null());
    assert_eq!(talk.sandbox.tickets()[0].documents.len(), 1);
}

#[tokio::test]
async fn a_list_of_inputs_may_succeed_in_part() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    for (inputs, status) in [
        (json!([{ "name": "a" }, { "name": "b" }]), 201),
        (json!([{ "name": "c" }, { "name": "d", "entities_id": 99 }]), 207),
        (json!([{ "name": "e", "entities_id": 99 }]), 400),
    ] {
        let answer = talk.new_ticket(&session, &inputs).send().await.unwrap();
        assert_eq!(answer.status(), status, "{inputs}");
    }
    let names: Vec<_> = talk.sandbox.tickets().into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[rstest]
#[case::unknown_field("Group?searchText[nope]=1")]
#[case::rules("RuleTicket")]
#[tokio::test]
async fn a_php_error_is_an_empty_page(#[case] path: &str) {
    let talk = Talk::start().await;
    let session = talk.session("glpi", "glpi").await;
    let call = talk.call("GET", path).header("Session-Token", session);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=UTF-8");
    assert_eq!(answer.text().await.unwrap(), "");
}

#[rstest]
#[case::gateway("passerelle", "DocumentType", 403)]
#[case::gateway("passerelle", "Notification", 403)]
#[case::gateway("passerelle", "ITILCategory", 200)]
#[case::admin("passerelle-admin", "DocumentType", 206)]
#[case::admin("passerelle-admin", "Notification", 403)]
#[tokio::test]
async fn rights_follow_the_profile(#[case] login: &str, #[case] path: &str, #[case] status: u16) {
    let talk = Talk::start().await;
    let session = talk.session(login, "passerelle").await;
    let call = talk.call("GET", path).header("Session-Token", &session);
    assert_eq!(call.send().await.unwrap().status(), status);
    let profile = talk.get(&session, "getActiveProfile").await;
    let right = match path {
        "DocumentType" => "typedoc",
        "Notification" => "notification",
        _ => "itilcategory",
    };
    let readable = profile["active_profile"][right].as_i64().unwrap() & 1 == 1;
    assert_eq!(readable, status < 400);
}

#[tokio::test]
async fn a_director_sees_her_own_tickets() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    for requester in [7, 8] {
        let input = json!({ "name": "x", "_users_id_requester": requester });
        talk.new_ticket(&session, &input).send().await.unwrap();
    }
    let director = talk.session("dir1", "dir1").await;
    let seen = talk.get(&director, "Ticket?only_id=true&get_hateoas=false").await;
    assert_eq!(seen, json!([{ "id": 1 }]));
    assert_eq!(talk.get(&director, "Ticket/2").await[0], "ERROR_RIGHT_MISSING");
    assert_eq!(talk.get(&director, "search/Ticket").await["totalcount"], 1);
}

#[tokio::test]
async fn an_app_token_can_be_asked_for() {
    let app_token = Some("secret".to_owned());
    let talk = Talk::with(Options { app_token, ..Options::default() }).await;
    for (token, status) in [(None, 400), (Some("wrong"), 400), (Some("secret"), 200)] {
        let mut call = talk.call("GET", "initSession");
        call = call.header("Authorization", "user_token passerelleTOKEN0123456789abcdefghijklmnop");
        if let Some(token) = token {
            call = call.header("App-Token", token);
        }
        assert_eq!(call.send().await.unwrap().status(), status, "{token:?}");
    }
}

async fn code(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = answer.json::<Value>().await.map(|body| body[0].clone());
    (status, body.unwrap_or_default())
}

#[rstest]
#[case::server_error(Failure::ServerError, 500, Value::Null)]
#[case::bad_gateway(Failure::BadGateway, 502, Value::Null)]
#[case::maintenance(Failure::Maintenance, 200, Value::Null)]
#[case::session(Failure::SessionForgotten, 401, json!("ERROR_SESSION_TOKEN_INVALID"))]
#[tokio::test]
async fn a_failure_that_answers_does_nothing(#[case] failure: Failure, #[case] status: u16, #[case] expected: Value) {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    talk.sandbox.set_failures(Rule::next(1, failure).on_new_tickets());
    // another call is not hit
    assert!(talk.get(&session, "Group").await.is_array());
    let answer = talk.new_ticket(&session, &json!({ "name": "x" })).send().await.unwrap();
    assert_eq!(code(answer).await, (status, expected));
    assert!(talk.sandbox.tickets().is_empty());
    // and neither is the next one
    let session = talk.gateway().await;
    let answer = talk.new_ticket(&session, &json!({ "name": "x" })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

#[rstest]
#[case::lost(Failure::AnswerLost, 1)]
#[case::down(Failure::Down, 0)]
#[tokio::test]
async fn a_cut_connection_has_no_answer(#[case] failure: Failure, #[case] written: usize) {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    talk.sandbox.set_failures(Failures::from(failure));
    let error = talk.new_ticket(&session, &json!({ "name": "x" })).send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(talk.sandbox.tickets().len(), written);
    talk.sandbox.set_failures(Failures::none());
    assert!(talk.get(&session, "Group").await.is_array());
}

#[tokio::test]
async fn a_slow_answer_comes_after_the_work() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    talk.sandbox.set_failures(Failure::Slow(Duration::from_hours(1)));
    let call = talk.new_ticket(&session, &json!({ "name": "x" }));
    let written = async {
        while talk.sandbox.tickets().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = call.send() => panic!("{answer:?}"),
        () = written => {}
    }
    // and a stop does not wait for the answer
    talk.sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_file_can_be_left_out_of_a_created_ticket() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    talk.sandbox.set_failures(Rule::next(1, Failure::FileLeftOut));
    let form = Form::new()
        .text("uploadManifest", r#"{"input":{"name":"x"}}"#)
        .part("file0", Part::bytes(b"hello".to_vec()).file_name("a.txt"));
    let call = talk.call("POST", "Ticket").header("Session-Token", session);
    let answer = call.multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.unwrap();
    assert!(body["upload_result"]["file0"][0]["error"].is_string());
    assert!(talk.sandbox.tickets()[0].documents.is_empty());
}

#[tokio::test]
async fn a_header_makes_one_call_fail() {
    let talk = Talk::start().await;
    let call = talk.call("GET", "initSession").header(FAILURE_HEADER, "502");
    assert_eq!(call.send().await.unwrap().status(), 502);
    let call = talk.call("GET", "initSession").header(FAILURE_HEADER, "nope");
    assert_eq!(call.send().await.unwrap().status(), 400);
    talk.gateway().await;
}

#[tokio::test]
async fn pages_show_strangers_words_as_words() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let input = json!({
        "name": "<script>alert(1)</script>", "content": "<p onclick=\"x()\">\"é\"</p>",
        "itilcategories_id": 2, "_users_id_requester": 7,
    });
    talk.new_ticket(&session, &input).send().await.unwrap();
    for path in ["", "front/ticket.form.php?id=1"] {
        let url = format!("{}{path}", talk.sandbox.url());
        let answer = talk.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers().contains_key("content-security-policy"), "{path}");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<script") && !page.contains("<p onclick"), "{page}");
        for words in ["Scolarité", "Référents-LSU", "Nom1 Prenom1"] {
            assert!(page.contains(words), "{path}: {page}");
        }
    }
    let url = format!("{}front/ticket.form.php?id=9", talk.sandbox.url());
    assert_eq!(talk.client.get(url).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_stopped_sandbox_is_gone() {
    let talk = Talk::start().await;
    let session = talk.gateway().await;
    let url = format!("{}apirest.php/Group", talk.sandbox.url());
    drop(talk.client);
    talk.sandbox.stop().await.unwrap();
    let call = Client::new().get(url).header("Session-Token", session);
    assert!(call.send().await.unwrap_err().is_connect());
}
