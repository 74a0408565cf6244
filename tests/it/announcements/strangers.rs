//! What names recipients and finds nobody is said before anything is sent: by the API, the page and the command line alike.

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    api::{OPERATORS, announcement, gateway, get, post},
    commands::Desk,
    directory,
    sink::{Moods, Sink},
};
use crate::support::gateway::sandbox;

/// Each with the field that is wrong, and what is said: what was given, why it is nobody, and what is near.
const STRANGERS: [(&str, &str, &[&str]); 9] = [
    ("zones=021,zones=0Z1", "zones", &["«\u{a0}0Z1\u{a0}» n’est pas une zone", "021"]),
    ("zones=021;0Z1", "zones", &["«\u{a0}021;0Z1\u{a0}» n’est pas une zone", "021"]),
    ("zones=021,zones=088", "zones", &["du département 088", "058"]),
    ("zones=021,zones=021/Norf", "zones", &["«\u{a0}021/Norf\u{a0}»", "021/Nord"]),
    ("zones=021,zones=Sud", "zones", &["«\u{a0}Sud\u{a0}» n’est pas une zone", "021/Sud"]),
    ("application=LSUU", "application", &["«\u{a0}LSUU\u{a0}»", "LSU"]),
    ("application=LSUU,recipients=last-requesters", "application", &["«\u{a0}LSUU\u{a0}»", "LSU"]),
    ("zones=099,recipients=none,on_portal=true", "zones", &["du département 099", "089"]),
    ("recipients=list,list=a@ac-dijon.fr,list=b.ac-dijon.fr", "list", &["«\u{a0}b.ac-dijon.fr\u{a0}»"]),
];

/// What a row asks for, as a body of the API.
fn asked(row: &str) -> Value {
    let mut body = announcement(&json!({}));
    for (name, value) in row.split(',').map(|part| part.split_once('=').unwrap()) {
        match name {
            "zones" | "list" => {
                let several = body[name].as_array().cloned().unwrap_or_default();
                body[name] = several.into_iter().chain([json!(value)]).collect();
            }
            "on_portal" => body["on_portal"] = json!(true),
            name => body[name] = json!(value),
        }
    }
    body["ends"] = json!("2036-01-01T00:00:00Z");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_names_whoever_is_nobody_and_keeps_nothing() {
    let sandbox = sandbox().await;
    let (_folder, csv) = directory(16);
    let gateway = gateway(&sandbox, csv.to_str().unwrap(), &[]).await;
    for (row, field, said) in STRANGERS {
        for is_dry in [true, false] {
            let mut body = asked(row);
            body["dry_run"] = json!(is_dry);
            let (status, problem) = post(&gateway, "/v1/announcements", OPERATORS, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{row}: {problem}");
            let [error] = &problem["errors"].as_array().unwrap()[..] else { panic!("{row}: {problem}") };
            assert_eq!(error["field"], field, "{row}: {problem}");
            let message = error["message"].as_str().unwrap();
            assert!(said.iter().all(|part| message.contains(part)), "{row}: {message}");
        }
    }
    assert_eq!(get(&gateway, "/v1/announcements", OPERATORS).await.1, json!([]));
    gateway.finish().await;
}

#[rstest]
#[case::in_english("en", &["\"0Z1\" is no zone", "nobody in department 088", "\"021/Norf\"", "\"LSUU\"", "b.ac-dijon.fr"])]
#[case::in_french("fr", &["«\u{a0}0Z1\u{a0}» n’est pas une zone", "du département 088", "«\u{a0}021/Norf\u{a0}»", "«\u{a0}LSUU\u{a0}»", "b.ac-dijon.fr"])]
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_too(#[case] language: &str, #[case] said: &[&str]) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let desk = Desk::new(&sandbox, &sink.url(), &[]);
    let (text, list) = (desk.path("lsu.md"), desk.path("liste.txt"));
    std::fs::write(&list, "a@ac-dijon.fr\nb.ac-dijon.fr\n").unwrap();
    let rows: [&[&str]; 5] = [
        &["--zone", "021", "--zone", "0Z1"],
        &["--zone", "021", "--zone", "088"],
        &["--zone", "021", "--zone", "021/Norf"],
        &["--application", "LSUU"],
        &["--list", &list],
    ];
    for (row, expected) in rows.iter().zip(said) {
        for dry in [&["--dry-run"][..], &[]] {
            let (told, code) = desk.said(&[&[text.as_str(), "--lang", language], *row, dry].concat()).await;
            assert!(code == Some(64) && told.contains(expected), "{row:?}: {code:?} {told}");
        }
    }
    assert!(sink.taken().is_empty() && desk.run(&["list"]).await.stdout.is_empty());
}
