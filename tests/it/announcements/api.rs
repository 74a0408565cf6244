//! `/v1/announcements`: who may, what is said of mistakes, and how far one is.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::directory;
use crate::support::{
    gateway::{DIRECTORS, Gateway, PROXY_SECRET, mail, sandbox},
    wait_until,
};

pub(super) const OPERATORS: &str = "token-of-operators-for-tests";
const DEPARTMENT: &str = "token-of-021-for-tests";
const APPLICATION: &str = "token-of-lsu-for-tests";
const TOKENS: &str = "operators:token-of-operators-for-tests,021:token-of-021-for-tests,LSU:token-of-lsu-for-tests";

async fn call(gateway: &Gateway, method: Method, path: &str, token: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut call = gateway.call(method, path).bearer_auth(token);
    if let Some(body) = body {
        call = call.header("Content-Type", "application/json").body(body.to_string());
    }
    let answer = call.send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

pub(super) async fn post(gateway: &Gateway, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
    call(gateway, Method::POST, path, token, Some(body)).await
}

pub(super) async fn get(gateway: &Gateway, path: &str, token: &str) -> (StatusCode, Value) {
    call(gateway, Method::GET, path, token, None).await
}

pub(super) fn announcement(change: &Value) -> Value {
    let mut body = json!({ "subject": "LSU indisponible", "text": "**LSU** ne répond pas.", "by": "ien@ac-dijon.fr" });
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// A gateway that sends what is handed in, into its outbox.
pub(super) async fn gateway(sandbox: &passerelle::sandbox::Sandbox, csv: &str, settings: &[(&str, &str)]) -> Gateway {
    let usual = [
        ("announcements.enabled", "true"),
        ("announcements.per_minute", "1000000"),
        ("announcements.confirm_above", "60"),
        ("people.tokens", TOKENS),
        ("directory.csv", csv),
        ("directory.sources", "csv,glpi"),
    ];
    Gateway::start(sandbox, &[&usual[..], settings].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_writes_to_their_own_and_sees_their_own() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(80);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    gateway.deliver(DIRECTORS[3], &mail(DIRECTORS[3], "lr", "LSU : accès", "Bonjour")).await;
    let path = "/v1/announcements";
    for (token, change, expected) in [
        (OPERATORS, json!({}), StatusCode::OK),
        (OPERATORS, json!({"recipients": "list", "list": ["x@ac-dijon.fr"]}), StatusCode::OK),
        (DEPARTMENT, json!({"zones": ["21", "021/Nord"]}), StatusCode::OK),
        (DEPARTMENT, json!({"zones": ["021", "058"]}), StatusCode::FORBIDDEN),
        (DEPARTMENT, json!({}), StatusCode::FORBIDDEN),
        (DEPARTMENT, json!({"recipients": "list", "list": ["x@ac-dijon.fr"]}), StatusCode::FORBIDDEN),
        (APPLICATION, json!({"application": "LSU"}), StatusCode::FORBIDDEN),
        (APPLICATION, json!({"application": "ONDE", "recipients": "last-requesters"}), StatusCode::FORBIDDEN),
        (APPLICATION, json!({"application": "lsu", "recipients": "last-requesters"}), StatusCode::OK),
        ("another-token-of-nobody", json!({}), StatusCode::UNAUTHORIZED),
    ] {
        let mut body = announcement(&change);
        body["dry_run"] = json!(true);
        let (status, answer) = post(&gateway, path, token, body.clone()).await;
        assert_eq!(status, expected, "{token}: {body} {answer}");
    }
    let mut dry = announcement(&json!({"zones": ["021/Nord", "058"], "dry_run": true}));
    let (_, counted) = post(&gateway, path, OPERATORS, dry.clone()).await;
    let zones = json!([
        {"department": "021", "circonscription": "Nord", "addresses": 10},
        {"department": "058", "circonscription": "Nord", "addresses": 10},
        {"department": "058", "circonscription": "Sud", "addresses": 10},
        {"department": "058", "circonscription": "inconnu", "addresses": 1},
    ]);
    assert_eq!((&counted["addresses"], &counted["zones"], &counted["to_confirm"]), (&json!(31), &zones, &json!(false)));
    dry = announcement(&json!({"application": "LSU", "recipients": "last-requesters", "dry_run": true}));
    let (_, counted) = post(&gateway, path, APPLICATION, dry).await;
    assert_eq!(counted["list"], json!([DIRECTORS[3].to_lowercase()]));
    assert_eq!(get(&gateway, path, OPERATORS).await.1, json!([]), "a dry run keeps nothing");

    let before = gateway.outbox.mails().len();
    let (status, told) = post(&gateway, path, DEPARTMENT, announcement(&json!({"zones": ["021/Nord"]}))).await;
    assert_eq!((status, &told["addresses"]), (StatusCode::ACCEPTED, &json!(10)), "{told}");
    let one = format!("{path}/{}", told["reference"].as_str().unwrap());
    wait_until("it is sent", async || get(&gateway, &one, DEPARTMENT).await.1["state"] == "ended").await;
    let (_, shown) = get(&gateway, &one, OPERATORS).await;
    assert_eq!((&shown["handed"], &shown["pending"], &shown["refused"]), (&json!(10), &json!(0), &json!([])));
    assert_eq!(
        shown["message_id"],
        json!(format!("<{}.information.passerelle@ac-dijon.fr>", told["reference"].as_str().unwrap()))
    );
    assert_eq!(get(&gateway, &one, APPLICATION).await.0, StatusCode::NOT_FOUND, "it is somebody else's");
    assert_eq!(get(&gateway, path, APPLICATION).await.1, json!([]));
    assert_eq!(get(&gateway, path, DEPARTMENT).await.1[0]["reference"], told["reference"]);
    let (status, again) = post(&gateway, path, DEPARTMENT, announcement(&json!({"zones": ["021/Nord"]}))).await;
    assert_eq!(
        (status, &again["reference"], &again["state"]),
        (StatusCode::ACCEPTED, &told["reference"], &json!("ended"))
    );
    assert_eq!(gateway.outbox.mails().len(), before + 10);
    let (status, answer) = post(&gateway, &format!("{one}/stop"), DEPARTMENT, json!({"by": "ien"})).await;
    assert_eq!((status, &answer["reason"]), (StatusCode::CONFLICT, &json!("announcement-ended")));
    let again = format!("{one}/again");
    let (status, answer) = post(&gateway, &again, DEPARTMENT, json!({"by": "ien"})).await;
    assert_eq!((status, &answer["reason"]), (StatusCode::CONFLICT, &json!("nobody-refused")));
    assert_eq!(
        post(&gateway, &again, APPLICATION, json!({"by": "x"})).await.0,
        StatusCode::NOT_FOUND,
        "somebody else's"
    );
    assert_eq!(post(&gateway, &again, OPERATORS, json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY, "by whom");
    let (status, _) =
        post(&gateway, &format!("{one}/doubts"), DEPARTMENT, json!({"by": "ien", "decision": "send"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "operators decide what is in doubt");
    let (status, answer) =
        post(&gateway, &format!("{one}/doubts"), OPERATORS, json!({"by": "ien", "decision": "send"})).await;
    assert_eq!((status, &answer["reason"]), (StatusCode::CONFLICT, &json!("nothing-in-doubt")));
    gateway.finish().await;
}

/// The same name for another text is a mistake, and nobody takes it for sent; nor does the name of somebody else's show it.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_announcement_has_sends_nothing_and_shows_nothing() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(80);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let named = async |token: &str, change: Value| {
        let call = gateway.call(Method::POST, "/v1/announcements").bearer_auth(token).header("Idempotency-Key", "k1");
        let call = call.header("Content-Type", "application/json").body(announcement(&change).to_string());
        let answer = call.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let list = |address: &str| json!({"recipients": "list", "list": [address]});
    let (status, first) = named(OPERATORS, list("x@ac-dijon.fr")).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{first}");
    let message = json!({"recipients": "none", "on_portal": true, "ends": "2036-01-01T00:00:00Z"});
    let mut changes: Vec<Value> = [("text", "Autre texte."), ("subject", "ONDE")]
        .map(|(field, value)| json!({"recipients": "list", "list": ["x@ac-dijon.fr"], field: value}))
        .into();
    changes.extend([list("y@ac-dijon.fr"), message]);
    for change in changes {
        let (status, answer) = named(OPERATORS, change.clone()).await;
        assert_eq!((status, &answer["reason"]), (StatusCode::CONFLICT, &json!("says-something-else")), "{change}");
    }
    for (change, expected) in
        [(list("x@ac-dijon.fr"), StatusCode::FORBIDDEN), (json!({"zones": ["021"]}), StatusCode::CONFLICT)]
    {
        let (status, answer) = named(DEPARTMENT, change).await;
        assert_eq!(status, expected, "{answer}");
        assert!(!answer.to_string().contains("addresses"), "{answer}");
    }
    let (status, again) = named(OPERATORS, list("x@ac-dijon.fr")).await;
    assert_eq!((status, &again["reference"]), (StatusCode::ACCEPTED, &first["reference"]));
    wait_until("it is sent", async || gateway.outbox.mails().len() == 1).await;
    gateway.finish().await;
}

#[tokio::test]
async fn all_mistakes_are_named_at_once() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(80);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let body = json!({
        "text": 3, "zones": ["Dijon"], "recipients": "all", "list": "x", "on_portal": "yes", "begins": "demain", "colour": "red",
    });
    let (status, problem) = post(&gateway, "/v1/announcements", OPERATORS, body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let mut fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["begins", "by", "colour", "list", "on_portal", "recipients", "subject", "text", "zones"]);
    for (change, field) in [
        (json!({"on_portal": true}), "ends"),
        (json!({"recipients": "none"}), "recipients"),
        (json!({"recipients": "list"}), "list"),
        (json!({"list": ["x@ac-dijon.fr"]}), "list"),
        (json!({"recipients": "last-requesters"}), "application"),
    ] {
        let (status, problem) = post(&gateway, "/v1/announcements", OPERATORS, announcement(&change)).await;
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)));
    }
    let (status, problem) = get(&gateway, "/v1/announcements/P-7K3M-Q2XV-9D4T", OPERATORS).await;
    assert_eq!((status, &problem["reason"]), (StatusCode::NOT_FOUND, &json!("announcement-unknown")));
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_the_shape_of_forms() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(8);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[("attachments.max_file_size", "10")]).await;
    let path = "/v1/announcements";
    let file = |name: &str, content: &str| json!({"name": name, "content_type": "text/csv", "content": content});
    let of = |files: Value| announcement(&json!({"zones": ["021"], "attachments": files}));
    for (files, fields) in [
        (json!("a.csv"), vec!["attachments"]),
        (json!([file("a.csv", "é")]), vec!["attachments[0].content"]),
        (
            json!([file("a.csv", "YQ=="), {"name": "b.csv", "size": 3}]),
            vec!["attachments[1].size", "attachments[1].content"],
        ),
        (json!([file("a.exe", "YQ=="), file("b.csv", "YWFhYWFhYWFhYWE=")]), vec!["attachments", "attachments"]),
    ] {
        for is_dry in [true, false] {
            let mut body = of(files.clone());
            body["dry_run"] = json!(is_dry);
            let (status, problem) = post(&gateway, path, OPERATORS, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
            let errors = problem["errors"].as_array().unwrap();
            let named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
            assert_eq!(named, fields, "{problem}");
        }
    }
    assert_eq!(get(&gateway, path, OPERATORS).await.1, json!([]), "nothing is kept");
    let mut body = of(json!([file("liste é.csv", "YTti")]));
    body["dry_run"] = json!(true);
    let shown = json!([{"name": "liste é.csv", "size": 3}]);
    assert_eq!(post(&gateway, path, OPERATORS, body.clone()).await.1["files"], shown);
    body["dry_run"] = json!(false);
    let (status, told) = post(&gateway, path, OPERATORS, body).await;
    assert_eq!((status, &told["files"]), (StatusCode::ACCEPTED, &shown), "{told}");
    let one = format!("{path}/{}", told["reference"].as_str().unwrap());
    wait_until("it is sent", async || get(&gateway, &one, OPERATORS).await.1["state"] == "ended").await;
    assert_eq!(get(&gateway, path, OPERATORS).await.1[0]["files"], shown);
    let mails = gateway.outbox.mails();
    assert!(
        json!(mails.len()) == told["addresses"]
            && mails.iter().all(|mail| String::from_utf8_lossy(&mail.message).contains("YTti"))
    );
    // Another file is another announcement.
    let (_, other) = post(&gateway, path, OPERATORS, of(json!([file("liste é.csv", "YTtj")]))).await;
    assert_ne!(other["reference"], told["reference"]);
    gateway.finish().await;
}

/// A référent sees what of their application went to all directors, and changes none of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_referent_sees_what_went_to_all_about_their_application() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(8);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let path = "/v1/announcements";
    let mut named = Vec::new();
    for change in [
        json!({"application": "LSU"}),
        json!({"application": "LSU", "zones": ["058"]}),
        json!({"application": "ONDE"}),
        json!({}),
        json!({"application": "LSU", "recipients": "list", "list": ["x@ac-dijon.fr"]}),
    ] {
        let (status, told) = post(&gateway, path, OPERATORS, announcement(&change)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{told}");
        named.push(told["reference"].as_str().unwrap().to_owned());
    }
    for (reference, is_seen) in named.iter().zip([true, true, false, false, false]) {
        let one = format!("{path}/{reference}");
        let expected = if is_seen { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(get(&gateway, &one, APPLICATION).await.0, expected);
        let expected = if is_seen { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
        for (deed, body) in [("stop", json!({"by": "x"})), ("confirmation", json!({"by": "x", "code": "X"}))] {
            let (status, problem) = post(&gateway, &format!("{one}/{deed}"), APPLICATION, body).await;
            assert_eq!(status, expected, "{deed}: {problem}");
        }
    }
    let (_, all) = get(&gateway, path, APPLICATION).await;
    let mut listed: Vec<&str> = all.as_array().unwrap().iter().map(|it| it["reference"].as_str().unwrap()).collect();
    listed.sort_unstable();
    let mut expected = named[..2].iter().map(String::as_str).collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    gateway.finish().await;
}

#[tokio::test]
async fn many_addresses_need_a_second_person_and_without_the_section_it_is_closed() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(80);
    let alone = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let (status, problem) = post(&alone, "/v1/announcements", OPERATORS, announcement(&json!({}))).await;
    assert_eq!((status, &problem["reason"]), (StatusCode::CONFLICT, &json!("no-second-person")));
    alone.finish().await;
    let two = gateway(&sandbox, csv.to_str().unwrap(), &[("people.operators", "autre@ac-dijon.fr")]).await;
    let (status, told) = post(&two, "/v1/announcements", OPERATORS, announcement(&json!({}))).await;
    assert_eq!((status, &told["state"]), (StatusCode::ACCEPTED, &json!("to-confirm")), "{told}");
    let one = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    let asked = two.outbox.mails().pop().unwrap();
    assert_eq!(asked.recipient, "autre@ac-dijon.fr");
    let text = String::from_utf8(asked.message).unwrap().replace("=\r\n", "");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    let confirmation = format!("{one}/confirmation");
    for (code, by, reason) in [
        ("X", "autre@ac-dijon.fr", "wrong-code"),
        (code.as_str(), "IEN@ac-dijon.fr", "same-person"),
        (code.as_str(), "autre", "invalid-fields"),
        (code.as_str(), DIRECTORS[0], "invalid-fields"),
    ] {
        let (status, problem) = post(&two, &confirmation, OPERATORS, json!({"code": code, "by": by})).await;
        assert_eq!((status, &problem["reason"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(reason)), "{problem}");
    }
    let (status, going) = post(&two, &confirmation, OPERATORS, json!({"code": code, "by": "autre@ac-dijon.fr"})).await;
    assert_eq!((status, &going["confirmed_by"]), (StatusCode::OK, &json!("autre@ac-dijon.fr")));
    wait_until("it is sent", async || get(&two, &one, OPERATORS).await.1["handed"] == 85).await;
    two.finish().await;
    let off = gateway(&sandbox, csv.to_str().unwrap(), &[("announcements.enabled", "false")]).await;
    let (status, problem) = get(&off, "/v1/announcements", OPERATORS).await;
    assert_eq!((status, &problem["reason"]), (StatusCode::FORBIDDEN, &json!("closed")));
    off.finish().await;
}

/// Who confirms, and who decides what is in doubt, is what a token may, and not whom it names: an operator's name and the
/// right code make nobody an operator.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_gives_a_token_no_right() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(80);
    let settings = [("announcements.confirm_above", "5"), ("people.operators", "autre@ac-dijon.fr")];
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &settings).await;
    let body = announcement(&json!({"zones": ["021/Nord"], "application": "LSU"}));
    let (status, told) = post(&gateway, "/v1/announcements", DEPARTMENT, body).await;
    assert_eq!((status, &told["state"]), (StatusCode::ACCEPTED, &json!("to-confirm")), "{told}");
    let one = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    let text = String::from_utf8(gateway.outbox.mails().pop().unwrap().message).unwrap().replace("=\r\n", "");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    let by = "autre@ac-dijon.fr";
    let deeds = [("confirmation", json!({"code": code, "by": by})), ("doubts", json!({"decision": "sent", "by": by}))];
    for token in [DEPARTMENT, APPLICATION] {
        for (deed, body) in &deeds {
            let (status, answer) = post(&gateway, &format!("{one}/{deed}"), token, body.clone()).await;
            assert_eq!(
                (status, &answer["reason"]),
                (StatusCode::FORBIDDEN, &json!("not-in-charge")),
                "{deed}: {answer}"
            );
        }
    }
    let (_, waiting) = get(&gateway, &one, OPERATORS).await;
    assert_eq!((&waiting["state"], &waiting["confirmed_by"]), (&json!("to-confirm"), &Value::Null), "{waiting}");
    let (status, going) = post(&gateway, &format!("{one}/confirmation"), OPERATORS, deeds[0].1.clone()).await;
    assert_eq!((status, &going["confirmed_by"]), (StatusCode::OK, &json!(by)), "{going}");
    gateway.finish().await;
}

/// What is given and says nothing is a mistake: it does not mean everybody, always or now. Nor is what would count for
/// nothing taken in silence.
#[tokio::test(flavor = "multi_thread")]
async fn what_says_nothing_means_nothing() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(40);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let listed = json!({"recipients": "list", "list": ["x@ac-dijon.fr"]});
    let with = |one: &Value, other: Value| {
        let mut all = one.clone();
        other.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
        all
    };
    let portal = json!({"recipients": "none", "on_portal": true, "ends": "2036-01-01T00:00:00Z"});
    for (change, field) in [
        (json!({"text": "<!-- à écrire -->"}), "text"),
        (json!({"text": "<script>x()</script>"}), "text"),
        (json!({"text": "![Capture](https://ac-dijon.fr/p.png)"}), "text"),
        (json!({"zones": []}), "zones"),
        (json!({"zones": [""]}), "zones"),
        (json!({"zones": ""}), "zones"),
        (json!({"application": ""}), "application"),
        (json!({"application": " \u{a0} "}), "application"),
        (json!({"recipients": ""}), "recipients"),
        (json!({"recipients": "list", "list": []}), "list"),
        (json!({"list": []}), "list"),
        (json!({"by": " "}), "by"),
        (with(&portal, json!({"begins": ""})), "begins"),
        (with(&portal, json!({"ends": " "})), "ends"),
        (json!({"ends": ""}), "ends"),
        // Wholly in the past, and later than GLPI keeps.
        (with(&portal, json!({"begins": "2026-11-01T08:00:00+01:00", "ends": "2026-11-02T08:00:00+01:00"})), "ends"),
        (with(&portal, json!({"ends": "9999-12-31T00:00:00Z"})), "ends"),
        // A list says itself whom it reaches.
        (with(&listed, json!({"zones": ["021"]})), "zones"),
        // To so many addresses somebody else has to confirm it.
        (
            json!({"by": "Le portail", "recipients": "list", "list": (0..61).map(|it| format!("x{it}@ac-dijon.fr")).collect::<Vec<_>>()}),
            "by",
        ),
    ] {
        let (status, answer) = post(&gateway, "/v1/announcements", OPERATORS, announcement(&change)).await;
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{change} {answer}"
        );
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{change} {answer}");
    }
    assert!(gateway.outbox.mails().is_empty());
    assert_eq!(get(&gateway, "/v1/announcements", OPERATORS).await.1, json!([]));
    gateway.finish().await;
}

/// Whoever calls as a person is that one: another name is refused, and not put aside.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_names_nobody_else() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(40);
    let settings = [("http.trusted_proxies", "127.0.0.1"), ("people.operators", "chef@ac-dijon.fr")];
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &settings).await;
    let call = async |path: &str, body: Value| {
        let call = gateway.call(Method::POST, path).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
        let call = call.header("X-Remote-Mail", "chef@ac-dijon.fr").header("Content-Type", "application/json");
        let answer = call.body(body.to_string()).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let path = "/v1/announcements";
    let mut told = announcement(&json!({"zones": ["021"]}));
    for by in ["autre@ac-dijon.fr", "Le portail", "chef"] {
        told["by"] = json!(by);
        let (status, answer) = call(path, told.clone()).await;
        let error = &answer["errors"][0];
        let expected = (StatusCode::UNPROCESSABLE_ENTITY, &json!("by"), &json!("not-you"));
        assert_eq!((status, &error["field"], &error["code"]), expected, "{by}: {answer}");
    }
    assert_eq!(get(&gateway, path, OPERATORS).await.1, json!([]), "nothing is kept");
    told["by"] = json!("Chef@AC-Dijon.fr");
    let (status, kept) = call(path, told).await;
    assert_eq!((status, &kept["written_by"]), (StatusCode::ACCEPTED, &json!("chef@ac-dijon.fr")), "{kept}");
    let one = format!("{path}/{}", kept["reference"].as_str().unwrap());
    for (deed, mut body) in [
        ("confirmation", json!({"code": "X"})),
        ("stop", json!({})),
        ("again", json!({})),
        ("doubts", json!({"decision": "sent"})),
    ] {
        body["by"] = json!("autre@ac-dijon.fr");
        let (status, answer) = call(&format!("{one}/{deed}"), body).await;
        assert_eq!(
            (status, &answer["errors"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("not-you")),
            "{deed}"
        );
    }
    gateway.finish().await;
}

/// Whom nobody asked for help has no last requester; of directors nothing is said then.
#[tokio::test(flavor = "multi_thread")]
async fn who_would_be_nobody_is_named() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(40);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let asked = announcement(&json!({"application": "LSU", "recipients": "last-requesters"}));
    let (status, answer) = post(&gateway, "/v1/announcements", OPERATORS, asked).await;
    assert_eq!((status, &answer["reason"]), (StatusCode::CONFLICT, &json!("nobody")), "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.contains("n’a demandé d’aide pour cette application") && !detail.contains("directeur"), "{detail}");
    gateway.finish().await;
}

/// Each call on somebody else's announcement says the same; who may not decide is told so.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_of_announcements() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(40);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    for (zone, expected, said) in
        [("058", 404, "Aucune information de ce nom"), ("021", 403, "Seule l’exploitation confirme un envoi et décide")]
    {
        let told = post(&gateway, "/v1/announcements", OPERATORS, announcement(&json!({"zones": [zone]}))).await.1;
        let path = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
        let doubts = json!({"decision": "sent", "by": "x"});
        let (status, answer) = post(&gateway, &format!("{path}/doubts"), DEPARTMENT, doubts).await;
        assert_eq!(status.as_u16(), expected, "{answer}");
        assert!(answer["detail"].as_str().unwrap().starts_with(said), "{answer}");
    }
    gateway.finish().await;
}

/// What a portal of people in charge shows before it sends: what the mail and the message will say.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_mail_and_the_message_as_they_would_be_read() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(8);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[("announcements.reply_to", "ien@ac-dijon.fr")]).await;
    let both = json!({
        "subject": "Incident en cours", "application": "LSU", "on_portal": true, "ends": "2037-01-01T00:00:00Z",
        "begins": "2036-01-01T00:00:00Z",
    });
    let dry = |change: &Value| {
        let mut body = announcement(change);
        body["dry_run"] = json!(true);
        body
    };
    let (status, shown) = post(&gateway, "/v1/announcements", OPERATORS, dry(&both)).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    let mail = &shown["mail"];
    assert_eq!((&mail["subject"], &mail["reply_to"]), (&json!("Incident en cours"), &json!("ien@ac-dijon.fr")));
    assert!(mail["html"].as_str().unwrap().contains("<strong>LSU</strong> ne répond pas"), "{mail}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("LSU ne répond pas.") && !text.contains("**"), "{text}");
    let message = &shown["message"];
    assert_eq!(message["title"], "LSU\u{a0}: Incident en cours");
    assert!(message["html"].as_str().unwrap().starts_with("<p><strong>LSU</strong>"), "{message}");
    assert_eq!(message["begins"], "2036-01-01T01:00:00+01:00");
    // Each only where it goes there.
    let (_, by_mail) = post(&gateway, "/v1/announcements", OPERATORS, dry(&json!({}))).await;
    assert!(by_mail["mail"].is_object() && by_mail["message"].is_null(), "{by_mail}");
    let mut alone = both;
    alone["recipients"] = json!("none");
    let (_, on_portal) = post(&gateway, "/v1/announcements", OPERATORS, dry(&alone)).await;
    assert!(on_portal["mail"].is_null() && on_portal["message"].is_object(), "{on_portal}");

    // What goes says the same.
    let (_, told) = post(&gateway, "/v1/announcements", OPERATORS, announcement(&json!({"zones": ["021"]}))).await;
    let one = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    wait_until("it is sent", async || get(&gateway, &one, OPERATORS).await.1["state"] == "ended").await;
    let mails = gateway.outbox.mails();
    let sent = mail_parser::MessageParser::default().parse(&mails[0].message).unwrap();
    assert_eq!(sent.body_text(0).unwrap().replace("\r\n", "\n").trim(), text.trim());
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_ends_a_message_and_prolongs_it() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(8);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    let message = json!({
        "zones": ["021"], "recipients": "none", "on_portal": true, "ends": "2036-01-01T00:00:00Z",
    });
    let (status, told) = post(&gateway, "/v1/announcements", DEPARTMENT, announcement(&message)).await;
    assert_eq!((status, &told["ends"]), (StatusCode::ACCEPTED, &json!("2036-01-01T01:00:00+01:00")), "{told}");
    let one = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    let end = format!("{one}/end");
    let shown = async || {
        let address = format!("/v1/messages?requester={}", DIRECTORS[0]);
        let answer: Value = gateway.signed(Method::GET, &address, b"").send().await.unwrap().json().await.unwrap();
        answer["messages"].as_array().unwrap().len()
    };
    let (_, longer) = post(&gateway, &end, DEPARTMENT, json!({"by": "ien", "ends": "2037-01-01T00:00:00Z"})).await;
    assert_eq!(longer["ends"], "2037-01-01T01:00:00+01:00", "{longer}");
    assert_eq!((get(&gateway, &one, OPERATORS).await.1["ends"].clone(), shown().await), (longer["ends"].clone(), 1));
    for (wrong, field) in [
        (json!({"by": "ien", "ends": "2020-01-01T00:00:00Z"}), "ends"),
        (json!({"by": "ien", "ends": "demain"}), "ends"),
        (json!({"by": "ien", "ends": "2040-01-01T00:00:00Z"}), "ends"),
        (json!({"ends": "2037-01-01T00:00:00Z"}), "by"),
        (json!({"by": "ien", "until": "2037-01-01T00:00:00Z"}), "until"),
    ] {
        let (status, problem) = post(&gateway, &end, DEPARTMENT, wrong.clone()).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{wrong}"
        );
    }
    let (status, ended) = post(&gateway, &end, DEPARTMENT, json!({"by": "ien"})).await;
    let moment = ended["ends"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(status == StatusCode::OK && moment <= jiff::Timestamp::now(), "{ended}");
    assert_eq!(shown().await, 0);
    // And it can be shown again.
    post(&gateway, &end, DEPARTMENT, json!({"by": "ien", "ends": "2037-01-01T00:00:00Z"})).await;
    assert_eq!(shown().await, 1);
    // What went by mail alone is nowhere to be ended.
    let (_, mailed) = post(&gateway, "/v1/announcements", DEPARTMENT, announcement(&json!({"zones": ["021"]}))).await;
    let end = format!("/v1/announcements/{}/end", mailed["reference"].as_str().unwrap());
    let (status, problem) = post(&gateway, &end, DEPARTMENT, json!({"by": "ien"})).await;
    assert_eq!((status, &problem["reason"]), (StatusCode::CONFLICT, &json!("not-on-portal")), "{problem}");
    gateway.finish().await;
}
