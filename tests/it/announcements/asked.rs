//! Second persons are asked once, whoever could ask them, and whatever GLPI knows of it.

use std::time::Duration;

use passerelle::{
    app::App,
    request::{Enclosure, Reference},
    sandbox::Sandbox,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::{
    directory,
    sending::{announcement, app, operator},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, helpdesk::Helpdesk, redis::Redis, wait_until};

const SETTINGS: [(&str, &str); 2] =
    [("announcements.confirm_above", "30"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];

/// Hands one in that has to be confirmed.
async fn waiting(app: &App) -> Reference {
    let informed = app.informer.inform(announcement("ask", &[]), (&[], &Enclosure::default()), &operator()).await;
    informed.unwrap().announcement.reference
}

/// Of two instances that would ask at the same moment one does.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_at_once_ask_once() {
    let redis = Redis::start();
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { away: true, ..Moods::default() }).await);
    let (_folder, csv) = directory(40);
    let settings = [&SETTINGS[..], &redis.settings()].concat();
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let (one, two) = (instance(), instance());
    let reference = waiting(&one).await;
    *sink.moods.lock().unwrap() = Moods { thinks: vec![Duration::from_millis(200)], ..Moods::default() };
    let (first, second) = tokio::join!(one.informer.resume(reference), two.informer.resume(reference));
    first.unwrap();
    second.unwrap();
    wait_until("it is asked", async || one.informer.progress(reference).await.unwrap().is_asked).await;
    two.informer.resume(reference).await.unwrap();
    assert_eq!(sink.taken().len(), 1, "{:?}", sink.taken());
}

/// What somebody does to the note that says who was asked.
#[derive(Clone, Copy)]
enum Harm {
    /// It is another's title.
    Renamed,
    /// It is gone.
    Purged,
}

async fn harm(sandbox: &Sandbox, app: &App, reference: Reference, harm: Harm) {
    let notes = app.glpi.own_notes(&format!("Passerelle, envoi {reference} demande"), "").await.unwrap();
    let [note] = &notes[..] else { panic!("one says it: {notes:?}") };
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let path = format!("Reminder/{}", note.id);
    match harm {
        Harm::Renamed => own.call(Method::PUT, &path, json!({ "name": "à confirmer" })).await,
        Harm::Purged => own.call(Method::DELETE, &format!("{path}?force_purge=true"), json!({})).await,
    };
}

/// Where GLPI does not say any more that they were asked, whoever asked them knows.
#[rstest]
#[case::renamed(Harm::Renamed)]
#[case::purged(Harm::Purged)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_again_and_again(#[case] done: Harm) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &SETTINGS);
    let reference = waiting(&app).await;
    assert_eq!(sink.taken().len(), 1);
    harm(&sandbox, &app, reference, done).await;
    for _ in 0..3 {
        assert!(app.informer.resume(reference).await.unwrap().is_asked);
    }
    assert_eq!(sink.taken().len(), 1, "{:?}", sink.taken());
}
