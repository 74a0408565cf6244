//! What is stopped, interrupted or handed in several times at once: it ends as people were told.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    announcements::{Announcement, InformError, MailingState, Recipients, SendingError, Unfrozen},
    request::{Address, Enclosure},
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    directory,
    sending::{announcement, app, operator, send},
};
use crate::support::{
    gateway::sandbox,
    helpdesk::Helpdesk,
    sink::{Moods, Sink},
    wait_until,
};

/// Shown on the portal for an hour.
fn shown(announcement: Announcement) -> Announcement {
    let ends = Some(announcement.begins + SignedDuration::from_hours(1));
    Announcement { on_portal: true, ends, ..announcement }
}

/// Whoever stops it, in whatever process, it goes no further than the batch that is on its way, and stays stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_elsewhere_stops_a_mailing_that_is_being_sent() {
    let thinks = vec![Duration::from_millis(20); 40];
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks, ..Moods::default() }).await);
    let (_folder, csv) = directory(400);
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let (one, other) = (instance(), instance());
    let informed = one.informer.inform(announcement("stop", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let stopping = async {
        wait_until("it has begun", async || sink.taken().len() >= 3).await;
        let progress = other.informer.stop(reference, "chef").await.unwrap();
        assert_eq!(progress.mailing.state, MailingState::Stopped);
        sink.taken().len()
    };
    let (sent, before) = tokio::join!(send(&one, reference), stopping);
    let batches = sink.taken().len();
    assert!(batches <= before + 1 && batches < 40, "{before} batches before, {batches} in all");
    assert_eq!(
        (sent.mailing.state, sent.handed, sent.pending),
        (MailingState::Stopped, batches * 10, 400 - batches * 10)
    );
    // Nobody takes it up again.
    for app in [&one, &other] {
        let progress = send(app, reference).await;
        assert_eq!((progress.mailing.state, progress.handed), (MailingState::Stopped, batches * 10));
        app.informer.resume(reference).await.unwrap();
    }
    let listed = other.informer.mailings().await.unwrap();
    assert_eq!(listed.iter().map(|mailing| mailing.state).collect::<Vec<_>>(), [MailingState::Stopped]);
    assert_eq!(sink.taken().len(), batches);
}

/// A relay that takes no mail now is asked again, by `resume` and by a running gateway, until somebody was asked; once.
#[rstest]
#[case::resumed(false)]
#[case::by_a_running_gateway(true)]
#[tokio::test(flavor = "multi_thread")]
async fn the_second_person_is_asked_once_the_relay_takes_mail(#[case] by_a_gateway: bool) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { away: true, ..Moods::default() }).await);
    let (_folder, csv) = directory(40);
    let settings = [("announcements.confirm_above", "30"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    // A running gateway leaves what was handed in this moment to whoever did.
    let written_at = Timestamp::now() - SignedDuration::from_mins(1);
    let announcement = Announcement { written_at, ..announcement("ask", &[]) };
    let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
    let (reference, progress) = (informed.announcement.reference, informed.mailing.unwrap());
    assert_eq!((progress.mailing.state, progress.is_asked), (MailingState::ToConfirm, false));
    sink.moods.lock().unwrap().away = false;
    if by_a_gateway {
        let stop = CancellationToken::new();
        let asked = async {
            wait_until("it is asked", async || app.informer.progress(reference).await.unwrap().is_asked).await;
            stop.cancel();
        };
        tokio::join!(app.informer.keep(&stop), asked);
    } else {
        assert!(app.informer.resume(reference).await.unwrap().is_asked);
    }
    assert!(app.informer.resume(reference).await.unwrap().is_asked);
    let [asked] = &sink.taken()[..] else { panic!("one is asked, once: {:?}", sink.taken()) };
    assert_eq!(asked.to, ["autre@ac-dijon.fr"]);
}

/// Who hands it in does not wait while a relay takes no mail; where it takes some, those that it puts off are tried again.
#[rstest]
#[case::it_takes_none(Moods { words: [("MAIL FROM", 451)].into(), ..Moods::default() }, 2, &[])]
#[case::it_puts_one_off(
    Moods { recipients: [("b@ac-dijon.fr".to_owned(), 451)].into(), ..Moods::default() }, 3, &["a@ac-dijon.fr", "b@ac-dijon.fr"]
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_second_persons_are_asked_in_one_try(
    #[case] moods: Moods,
    #[case] connections: usize,
    #[case] expected: &[&str],
) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let settings = [
        ("announcements.confirm_above", "30"),
        ("people.operators", "chef@ac-dijon.fr,a@ac-dijon.fr,b@ac-dijon.fr"),
        ("smtp.retries", "1"),
    ];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let announcement = announcement("ask", &[]);
    let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(informed.mailing.unwrap().is_asked, !expected.is_empty());
    let mut asked: Vec<String> = sink.taken().into_iter().flat_map(|taken| taken.to).collect();
    asked.sort();
    assert_eq!(asked, expected);
    wait_until("each connection has ended", async || sink.connections() == connections).await;
}

/// Whoever purges the note of a batch while the relay has it holds nobody up: another one says it, and nothing goes twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_departure_that_is_purged_while_it_goes_is_written_anew() {
    let thinks = vec![Duration::from_millis(300), Duration::ZERO];
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks, ..Moods::default() }).await);
    let (_folder, csv) = directory(20);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[("smtp.timeout", "20s")]);
    let informed = app.informer.inform(announcement("purged", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let title = format!("Passerelle, envoi {reference} départ ");
    let departures = async || app.glpi.own_notes(&title, "").await.unwrap();
    let purging = async {
        wait_until("a batch goes", async || !departures().await.is_empty()).await;
        let id = departures().await[0].id;
        own.call(Method::DELETE, &format!("Reminder/{id}?force_purge=true"), json!({})).await;
        id
    };
    let (progress, purged) = tokio::join!(send(&app, reference), purging);
    assert_eq!((progress.mailing.state, progress.handed, progress.is_whole), (MailingState::Ended, 20, true));
    let left = departures().await;
    assert!(left.len() == 2 && left.iter().all(|note| note.id != purged), "{left:?}");
    assert!(sink.copies().len() == 20 && sink.copies().values().all(|copies| *copies == 1), "{:?}", sink.copies());
}

/// Killed between the note and the list, nothing went: it is named so everywhere, and goes on, or is stopped.
#[tokio::test(flavor = "multi_thread")]
async fn killed_before_its_list_is_frozen_it_goes_on_or_is_stopped() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let (informer, stop) = (&app.informer, CancellationToken::new());
    let long_ago = Timestamp::now() - SignedDuration::from_hours(25);
    let table = [
        (shown(announcement("resumed", &["021"])), Unfrozen::Interrupted),
        (shown(announcement("stopped", &["021"])), Unfrozen::Interrupted),
        (Announcement { by_mail: Some(Recipients::List), ..announcement("list", &[]) }, Unfrozen::WithoutAddresses),
        (Announcement { written_at: long_ago, ..announcement("old", &[]) }, Unfrozen::Stale),
    ];
    for (announcement, why) in &table {
        // So far its writer came.
        informer.keeping().keep(announcement.clone(), &[]).await.unwrap();
        let listed = informer.unfrozen(&informer.mailings().await.unwrap()).await.unwrap();
        let named: Vec<_> = listed.iter().map(|(kept, why)| (kept.reference, *why)).collect();
        assert!(named.contains(&(announcement.reference, *why)), "{named:?}");
        let error = informer.progress(announcement.reference).await.unwrap_err();
        assert!(matches!(&error, InformError::Unfrozen(of) if of == why), "{error}");
        assert!(error.to_string().contains("passerelle inform stop") || *why == Unfrozen::Interrupted, "{error}");
        let sent = informer.send(announcement.reference, &stop, |_| {}).await;
        assert!(matches!(sent, Err(SendingError::Unknown)), "{sent:?}");
    }
    let [resumed, stopped, list, old] = table.map(|(announcement, _)| announcement);
    informer.resume(resumed.reference).await.unwrap();
    let progress = send(&app, resumed.reference).await;
    assert_eq!((progress.mailing.state, progress.handed), (MailingState::Ended, 10));
    // With its addresses the same call goes on.
    let error = informer.resume(list.reference).await.unwrap_err();
    assert!(error.to_string().contains("the same addresses"), "{error}");
    let addresses = [Address::parse("a@ac-dijon.fr").unwrap()];
    informer.inform(list.clone(), (&addresses, &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(send(&app, list.reference).await.handed, 1);
    for announcement in [stopped, old] {
        let progress = informer.stop(announcement.reference, "chef").await.unwrap();
        assert_eq!((progress.mailing.state, progress.handed), (MailingState::Stopped, 0));
        let again = informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
        assert_eq!(again.mailing.unwrap().mailing.state, MailingState::Stopped);
        assert_eq!(send(&app, again.announcement.reference).await.handed, 0);
    }
    assert!(informer.unfrozen(&informer.mailings().await.unwrap()).await.unwrap().is_empty());
    assert_eq!(sink.copies().len(), 11);
}

/// Handed in several times at once, in several processes, it is one message and one mailing; its end ends all of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_handed_in_at_once_is_one_announcement() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let apps: Vec<_> = (0..2).map(|_| app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[])).collect();
    let announcement = shown(announcement("at once", &["021"]));
    let nothing = Enclosure::default();
    let rights = operator();
    let calls = (0..8).map(|call| apps[call % 2].informer.inform(announcement.clone(), (&[], &nothing), &rights));
    let informed = futures_util::future::join_all(calls).await;
    let mut ids: Vec<_> = informed.into_iter().map(|informed| informed.unwrap().announcement.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let (glpi, keeping) = (&apps[0].glpi, apps[0].informer.keeping());
    let marked = format!("information {}", announcement.reference);
    let notes = async || glpi.public_notes(&marked).await.unwrap().len();
    assert_eq!((notes().await, keeping.messages(Timestamp::now()).await.unwrap().len()), (1, 1));
    assert_eq!(send(&apps[1], announcement.reference).await.handed, 10);
    assert!(sink.copies().values().all(|count| *count == 1) && sink.copies().len() == 10);
    // One that another version left twice is shown once, and ends.
    let note = glpi.public_note(ids[0].unwrap()).await.unwrap();
    let double = passerelle::glpi::NewPublicNote {
        title: note.title,
        text: note.text,
        begins: note.begins.unwrap(),
        ends: note.ends,
    };
    glpi.write_public_note(&double).await.unwrap();
    let [kept] = &keeping.messages(Timestamp::now()).await.unwrap()[..] else { panic!("it is shown once") };
    assert_eq!((notes().await, kept.id, keeping.all().await.unwrap().len()), (2, ids[0], 1));
    let ended = Announcement { ends: Some(Timestamp::now() - SignedDuration::from_secs(1)), ..kept.clone() };
    keeping.rewrite(ended).await.unwrap();
    assert_eq!((notes().await, keeping.messages(Timestamp::now()).await.unwrap().len()), (1, 0));
}
