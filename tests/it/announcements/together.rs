//! The same announcement with files, handed in several times at the same moment, over HTTP and by two gateways.

use passerelle::sandbox::Sandbox;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    api::{OPERATORS, announcement, gateway, get},
    directory,
};
use crate::support::{
    gateway::{Gateway, sandbox},
    helpdesk::Helpdesk,
    wait_until,
};

/// The documents of a note, each with how often it is linked to it.
async fn documents(sandbox: &Sandbox, note: u64) -> Vec<u64> {
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let links = own.get(&format!("Reminder/{note}/Document_Item")).await;
    let mut ids: Vec<u64> =
        links.as_array().unwrap().iter().map(|link| link["documents_id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

async fn posted(gateway: &Gateway, key: Option<&str>, body: &Value) -> (StatusCode, Value) {
    let call = gateway.call(Method::POST, "/v1/announcements").bearer_auth(OPERATORS);
    let call = match key {
        Some(key) => call.header("Idempotency-Key", key),
        None => call,
    };
    let answer = call.header("Content-Type", "application/json").body(body.to_string()).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// One announcement, one note, each file once, each address one mail, also of two gateways that share nothing but GLPI.
#[rstest]
#[case::by_its_name(Some("k-files"), 1)]
#[case::by_its_body(None, 1)]
#[case::by_two_gateways(Some("k-files"), 2)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_once_it_is_one_announcement_with_each_file_once(#[case] key: Option<&str>, #[case] many: usize) {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(40);
    let csv = csv.to_str().unwrap();
    let mut gateways = Vec::new();
    for _ in 0..many {
        gateways.push(gateway(&sandbox, csv, &[]).await);
    }
    let file = |name: &str, content: &str| json!({"name": name, "content_type": "text/csv", "content": content});
    let body = announcement(&json!({
        "zones": ["021"], "attachments": [file("a.csv", "YTti"), file("b.csv", "YztkO2U=")],
        "on_portal": true, "ends": "2036-01-01T00:00:00Z",
    }));
    let calls = (0..12).map(|call| posted(&gateways[call % many], key, &body));
    let answers = futures_util::future::join_all(calls).await;
    let first = answers[0].1["reference"].clone();
    for (status, told) in &answers {
        assert_eq!((*status, &told["reference"]), (StatusCode::ACCEPTED, &first), "{told}");
        assert_eq!(told["files"].as_array().map(Vec::len), Some(2), "{told}");
    }
    let one = format!("/v1/announcements/{}", first.as_str().unwrap());
    wait_until("it is sent", async || get(&gateways[0], &one, OPERATORS).await.1["state"] == "ended").await;
    let listed = get(&gateways[many - 1], "/v1/announcements", OPERATORS).await.1;
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let mails: Vec<_> = gateways.iter().flat_map(|gateway| gateway.outbox.mails()).collect();
    let mut told: Vec<_> = mails.iter().map(|mail| mail.recipient.clone()).collect();
    told.sort();
    told.dedup();
    assert_eq!((json!(told.len()), json!(mails.len())), (answers[0].1["addresses"].clone(), json!(told.len())));
    for mail in &mails {
        let parsed = mail_parser::MessageParser::default().parse(&mail.message).unwrap();
        assert_eq!(parsed.attachment_count(), 2, "each file once");
    }
    // One public note is an announcement, and it has two documents.
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let notes = own.get("Reminder?range=0-200").await;
    let marked = format!("information {}", first.as_str().unwrap());
    let is_it = |note: &&Value| note["text"].as_str().is_some_and(|text| text.contains(&marked));
    let notes: Vec<&Value> = notes.as_array().unwrap().iter().filter(is_it).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let documents = documents(&sandbox, notes[0]["id"].as_u64().unwrap()).await;
    assert_eq!(documents.len(), 2, "{documents:?}");
    for gateway in gateways {
        gateway.finish().await;
    }
}
