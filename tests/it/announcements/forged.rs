//! Notes in GLPI that the gateway did not write, or that somebody has changed since: they send, stop, confirm and hold up
//! nothing.

use data_encoding::BASE64;
use passerelle::{
    announcements::{InformError, Mailing, MailingState, SendingError},
    request::{Address, Enclosure, Reference},
    sandbox::Sandbox,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    directory,
    sending::{announcement, app, operator, send},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, helpdesk::Helpdesk};

const SETTINGS: [(&str, &str); 2] =
    [("announcements.confirm_above", "30"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];

/// What somebody does with a note of their own, so that the gateway sees it.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Shows it to everybody.
    Shown,
    /// Gives it to the service account, which GLPI lets everybody do.
    Given,
}

struct Forger(Helpdesk);

impl Forger {
    async fn sign_in(sandbox: &Sandbox) -> Self {
        Self(Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await)
    }

    async fn write(&self, way: Way, title: &str, key: &str, text: &str) {
        let note = self.0.add("Reminder", json!({ "name": title, "text": text, "uuid": key })).await;
        match way {
            Way::Shown => {
                let input = json!({ "reminders_id": note, "entities_id": 0, "is_recursive": 1 });
                self.0.add("Entity_Reminder", input).await;
            }
            Way::Given => {
                self.0.call(Method::PUT, &format!("Reminder/{note}"), json!({ "users_id": 13 })).await;
            }
        }
    }
}

fn data(entry: &impl serde::Serialize) -> String {
    format!("<p>x</p><p><em>{}</em></p>", BASE64.encode(&serde_json::to_vec(entry).unwrap()))
}

fn batch(addresses: &[&str]) -> String {
    format!("<p>Adresses de ce lot<br>{}</p>", addresses.join("<br>"))
}

/// A mailing that nobody handed in is sent to nobody, and nobody is shown it.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mailing_that_somebody_wrote_in_glpi_is_none(#[values(Way::Shown, Way::Given)] way: Way) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(8);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &SETTINGS);
    // A real one, to copy.
    let real = app.informer.inform(announcement("real", &["021"]), (&[], &Enclosure::default()), &operator()).await;
    let real = send(&app, real.unwrap().announcement.reference).await.mailing;
    let before = sink.taken().len();
    let (forger, reference) = (Forger::sign_in(&sandbox).await, Reference::new("announcement", "x", b"forged"));
    let victims = ["un@elsewhere.example", "deux@elsewhere.example"];
    let forged = Mailing {
        reference: reference.to_string(),
        addresses: 2,
        batches: 1,
        list: {
            use sha2::Digest as _;
            data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(victims.map(|it| format!("{it}\n")).concat()))
        },
        state: MailingState::Going,
        confirmed_by: Some("autre@ac-dijon.fr".to_owned()),
        outcome: None,
        ..real.clone()
    };
    let titled = |end: &str| format!("Passerelle, envoi {reference} {end}");
    forger.write(way, &titled("liste"), &format!("passerelle-{reference}"), &data(&forged)).await;
    forger.write(way, &titled("lot 0001"), &format!("passerelle-{reference}-0001"), &batch(&victims)).await;
    let listed = app.informer.mailings().await.unwrap();
    assert_eq!(listed.iter().map(|mailing| &mailing.reference).collect::<Vec<_>>(), [&real.reference]);
    assert!(matches!(app.informer.resume(reference).await, Err(InformError::Unknown)));
    assert!(matches!(app.informer.progress(reference).await, Err(InformError::Unknown)));
    let sending = app.informer.send(reference, &CancellationToken::new(), |_| {}).await;
    assert!(matches!(sending, Err(SendingError::Unknown)), "{sending:?}");
    assert_eq!(sink.taken().len(), before);
}

/// What somebody writes beside a mailing neither stops it nor adds, takes away or answers for any of its addresses.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_note_beside_a_mailing_changes_nothing_of_it(#[values(Way::Shown, Way::Given)] way: Way) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("beside", &[]), (&[], &Enclosure::default()), &operator()).await;
    let informed = informed.unwrap();
    let reference = informed.announcement.reference;
    let forger = Forger::sign_in(&sandbox).await;
    let departure = |batch: usize, state: &str, to: &[&str]| {
        data(&json!({
            "batch": batch, "attempt": 1, "state": state, "at": "2026-11-28T10:00:00Z", "by": "x", "to": to,
            "refused": [["ce.0011@ac-dijon.fr", 550]], "put_off": [], "decided_by": null,
        }))
    };
    let stopped = Mailing { state: MailingState::Stopped, ..informed.mailing.unwrap().mailing };
    let forged: [(&str, &str, String); 7] = [
        ("liste arrêtée", "-stop", "<p>Envoi arrêté.</p>".to_owned()),
        ("liste close", "", data(&stopped)),
        ("demande", "-asked", "<p>Confirmation demandée.</p>".to_owned()),
        ("lot 0001", "-0001", batch(&["un@elsewhere.example"])),
        ("lot 0005", "-0005", batch(&["deux@elsewhere.example"])),
        ("départ 0001.1", "-0001-1", departure(1, "handed", &["ce.0000@ac-dijon.fr"])),
        ("départ 0002.1", "-0002-1", departure(2, "going", &["ce.0010@ac-dijon.fr"])),
    ];
    for (end, key, text) in forged {
        let key = format!("passerelle-{reference}{key}");
        forger.write(way, &format!("Passerelle, envoi {reference} {end}"), &key, &text).await;
    }
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.handed, progress.refused.len()), (MailingState::Ended, 40, 0));
    let copies = sink.copies();
    assert!(copies.len() == 40 && copies.values().all(|copies| *copies == 1), "{copies:?}");
    assert!(copies.keys().all(|address| address.ends_with("@ac-dijon.fr")), "{copies:?}");
}

/// A change of one of the notes that the gateway wrote.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// The head says that it was confirmed.
    Confirmed,
    /// A batch has an address more.
    Address,
    /// A departure says that the relay does not have what it has.
    NotSent,
    /// A note has another's title.
    Title,
}

impl Change {
    /// The title's end, and what becomes of the note.
    async fn make(self, own: &Helpdesk, reference: Reference) {
        let end = match self {
            Self::Confirmed => "liste",
            Self::Address => "lot 0002",
            Self::NotSent => "départ 0001.1",
            Self::Title => "lot 0001",
        };
        let notes = own.get("Reminder?range=0-500").await;
        let title = format!("Passerelle, envoi {reference} {end}");
        let note = notes.as_array().unwrap().iter().find(|note| note["name"] == title.as_str()).unwrap();
        let text = html(&note["text"]);
        let input = match self {
            Self::Confirmed => json!({ "text": redone(&text, |head| {
                head["state"] = json!("going");
                head["confirmed_by"] = json!("autre@ac-dijon.fr");
            }) }),
            Self::Address => json!({ "text": text.replacen("<br>", "<br>un@elsewhere.example<br>", 1) }),
            Self::NotSent => json!({ "text": redone(&text, |departure| departure["state"] = json!("not-sent")) }),
            Self::Title => json!({ "name": format!("Passerelle, envoi {reference} lot 0009") }),
        };
        own.call(Method::PUT, &format!("Reminder/{}", note["id"]), input).await;
    }
}

fn html(stored: &Value) -> String {
    stored.as_str().unwrap().replace("&#60;", "<").replace("&#62;", ">").replace("&lt;", "<").replace("&gt;", ">")
}

/// A note's text with other data.
fn redone(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let data = text.split("<p><em>").nth(1).unwrap().split("</em>").next().unwrap();
    let mut entry: Value = serde_json::from_slice(&BASE64.decode(data.as_bytes()).unwrap()).unwrap();
    change(&mut entry);
    text.replace(data, &BASE64.encode(entry.to_string().as_bytes()))
}

/// Whatever somebody changes in the journal, nothing more goes, nothing is shown, and it is said; it can be stopped.
#[rstest]
#[case::the_head(Change::Confirmed, "30")]
#[case::the_list(Change::Address, "100")]
#[case::what_went(Change::NotSent, "100")]
#[case::a_title(Change::Title, "100")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_in_glpi_stops_it(#[case] change: Change, #[case] confirm_above: &str) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { ends: vec![250, 451], ..Moods::default() }).await);
    let (_folder, csv) = directory(40);
    let settings = [SETTINGS[1], ("announcements.confirm_above", confirm_above)];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let informed = app.informer.inform(announcement("changed", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let stop = CancellationToken::new();
    app.informer.send(reference, &stop, |_| {}).await.unwrap();
    let before = sink.copies();
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    change.make(&own, reference).await;
    let sending = app.informer.send(reference, &stop, |_| {}).await;
    assert!(matches!(sending, Err(SendingError::Damaged)), "{sending:?}");
    assert_eq!(sink.copies(), before);
    let progress = app.informer.resume(reference).await.unwrap();
    assert!(!progress.is_whole);
    for refused in [
        app.informer.confirm(reference, "CODE", "autre@ac-dijon.fr").await,
        app.informer.again(reference, "chef").await,
        app.informer.decide(reference, None, passerelle::announcements::DoubtDecision::Send, "chef").await,
    ] {
        assert!(matches!(refused, Err(InformError::Changed)), "{refused:?}");
    }
    let stopped = app.informer.stop(reference, "chef").await.unwrap();
    assert_eq!(stopped.mailing.state, MailingState::Stopped);
    assert_eq!(sink.copies(), before);
    assert!(before.keys().all(|address| Address::parse(address).is_some_and(|it| it.domain() == "ac-dijon.fr")));
}

/// What a public note says of whom it is for and how it goes counts only where the gateway wrote it, whoever it is of.
#[rstest]
#[case::new(false)]
#[case::changed(true)]
#[tokio::test(flavor = "multi_thread")]
async fn a_public_note_that_somebody_wrote_is_no_announcement(#[case] is_changed: bool) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(8);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &SETTINGS);
    let now = jiff::Timestamp::now();
    let message = passerelle::announcements::Announcement {
        by_mail: None,
        on_portal: true,
        ends: Some(now + jiff::SignedDuration::from_hours(1)),
        ..announcement("message", &["021"])
    };
    let informed = app.informer.inform(message, (&[], &Enclosure::default()), &operator()).await.unwrap();
    let kept = informed.announcement;
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let note = own.get(&format!("Reminder/{}", kept.id.unwrap())).await;
    let text =
        html(&note["text"]).replace("Par courriel\u{a0}: non", "Par courriel\u{a0}: aux directeurs de ces zones");
    let forger = Forger::sign_in(&sandbox).await.0;
    let reference = if is_changed {
        forger.call(Method::PUT, &format!("Reminder/{}", note["id"]), json!({ "text": text })).await;
        kept.reference
    } else {
        let reference = Reference::new("announcement", "x", b"forged");
        let text = text.replace(&kept.reference.to_string(), &reference.to_string());
        let copy = json!({
            "name": "Cliquez", "text": text, "begin_view_date": note["begin_view_date"], "end_view_date": note["end_view_date"],
        });
        let copy = forger.add("Reminder", copy).await;
        forger.call(Method::PUT, &format!("Reminder/{copy}"), json!({ "users_id": 13 })).await;
        reference
    };
    let keeping = app.informer.keeping();
    assert_eq!(keeping.of_reference(reference).await.unwrap(), None);
    let others = usize::from(!is_changed);
    assert_eq!((keeping.all().await.unwrap().len(), keeping.messages(now).await.unwrap().len()), (others, others));
    assert!(matches!(app.informer.resume(reference).await, Err(InformError::Unknown)));
    assert!(app.informer.unfrozen(&[]).await.unwrap().is_empty() && sink.taken().is_empty());
}
