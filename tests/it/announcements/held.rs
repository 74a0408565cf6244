//! What waits for a second person is shown nowhere before: not in GLPI, not on the portal; and after it was confirmed it is,
//! whenever whoever confirmed it was interrupted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    announcements::{Announcement, MailingState},
    app::App,
    request::{Enclosure, Reference},
    sandbox::{Failure, Failures, Rule, Sandbox},
};
use tokio_util::sync::CancellationToken;

use super::{
    directory,
    sending::{announcement, app, operator},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, helpdesk::Helpdesk};

const SETTINGS: [(&str, &str); 2] =
    [("announcements.confirm_above", "30"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];

fn shown(name: &str) -> Announcement {
    let announcement = announcement(name, &[]);
    Announcement { on_portal: true, ends: Some(announcement.begins + SignedDuration::from_hours(1)), ..announcement }
}

/// Hands one in that has to be confirmed; gives its name and the code that confirms it.
async fn waiting(app: &App, sink: &Sink, name: &str) -> (Reference, String) {
    let informed = app.informer.inform(shown(name), (&[], &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(informed.mailing.unwrap().mailing.state, MailingState::ToConfirm);
    let text = sink.taken().pop().unwrap().mail.replace("=\r\n", "");
    let code = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    (informed.announcement.reference, code)
}

/// Whether the portal shows it, and whether GLPI shows its users the note.
async fn is_shown(app: &App, own: &Helpdesk, reference: Reference) -> (bool, bool) {
    let keeping = app.informer.keeping();
    let messages = keeping.messages(Timestamp::now()).await.unwrap();
    let note = keeping.of_reference(reference).await.unwrap().unwrap().id.unwrap();
    let targets = own.get(&format!("Reminder/{note}/Entity_Reminder")).await;
    (
        messages.iter().any(|message| message.reference == reference),
        targets.as_array().is_some_and(|targets| !targets.is_empty()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_before_a_second_person_has_confirmed_it() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &SETTINGS);
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let (reference, code) = waiting(&app, &sink, "waits").await;
    assert_eq!(is_shown(&app, &own, reference).await, (false, false));
    // Not by handing it in once more, by a resume, nor by a longer end.
    let kept = app.informer.keeping().of_reference(reference).await.unwrap().unwrap();
    app.informer.inform(kept.clone(), (&[], &Enclosure::default()), &operator()).await.unwrap();
    app.informer.resume(reference).await.unwrap();
    app.informer.keeping().rewrite(kept).await.unwrap();
    assert_eq!(is_shown(&app, &own, reference).await, (false, false));
    app.informer.confirm(reference, &code, "autre@ac-dijon.fr").await.unwrap();
    assert_eq!(is_shown(&app, &own, reference).await, (true, true));
    // One that is stopped before is never shown.
    let (stopped, code) = waiting(&app, &sink, "stopped").await;
    app.informer.stop(stopped, "chef").await.unwrap();
    app.informer.confirm(stopped, &code, "autre@ac-dijon.fr").await.unwrap_err();
    app.informer.resume(stopped).await.unwrap();
    assert_eq!(is_shown(&app, &own, stopped).await, (false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_at_any_call_it_is_shown_once_it_is_confirmed() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &SETTINGS);
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let mut given_up = 0;
    for calls in 1.. {
        let (reference, code) = waiting(&app, &sink, &format!("given up {calls}")).await;
        // Answers come late, so that each call is seen before the next one.
        sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(50))));
        let until = sandbox.calls() + calls;
        let has_ended = tokio::select! {
            biased;
            () = async { while sandbox.calls() < until { tokio::task::yield_now().await } } => false,
            confirmed = app.informer.confirm(reference, &code, "autre@ac-dijon.fr") => confirmed.is_ok(),
        };
        sandbox.set_failures(Failures::none());
        let state = app.informer.progress(reference).await.unwrap().mailing.state;
        if state == MailingState::ToConfirm {
            assert_eq!(is_shown(&app, &own, reference).await, (false, false), "{calls}");
        }
        app.informer.confirm(reference, &code, "autre@ac-dijon.fr").await.unwrap();
        assert_eq!(is_shown(&app, &own, reference).await, (true, true), "{calls}");
        if has_ended {
            break;
        }
        given_up += 1;
    }
    assert!(given_up > 5, "the journal, its head, the note: {given_up}");
}

/// One pass of a running gateway; its calls.
async fn pass(app: &App, sandbox: &Sandbox) -> usize {
    let (stop, before) = (CancellationToken::new(), sandbox.calls());
    let begun = async {
        while sandbox.calls() == before {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(app.informer.keep(&stop), begun);
    sandbox.calls() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_asks_of_what_is_confirmed_until_it_is_shown_and_then_no_more() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let one_batch = [("announcements.batch", "100"), ("announcements.retry", "1h"), ("glpi.retries", "0")];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[&SETTINGS[..], &one_batch].concat());
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let (reference, code) = waiting(&app, &sink, "waits").await;
    app.informer.confirm(reference, &code, "autre@ac-dijon.fr").await.unwrap();
    // So far whoever confirmed it comes who is interrupted then.
    let kept = app.informer.keeping().of_reference(reference).await.unwrap().unwrap();
    app.informer.keeping().rewrite(Announcement { is_held: true, ..kept }).await.unwrap();
    assert_eq!(is_shown(&app, &own, reference).await, (false, false));
    // For an hour there is nothing to send.
    sink.moods.lock().unwrap().away = true;
    let sending = app.informer.send(reference, &CancellationToken::new(), |_| {}).await.unwrap();
    assert!(sending.again.is_some_and(|again| again > Timestamp::now()), "{sending:?}");
    // That it is open is known, and no more.
    let passing = Rule::next(1, Failure::Slow(Duration::ZERO));
    sandbox.set_failures(Failures(vec![passing, Rule::always(Failure::Down)]));
    pass(&app, &sandbox).await;
    sandbox.set_failures(Failures::none());
    assert_eq!(is_shown(&app, &own, reference).await, (false, false));
    pass(&app, &sandbox).await;
    assert_eq!(is_shown(&app, &own, reference).await, (true, true));
    for _ in 0..5 {
        // What is open, and its journal.
        assert_eq!(pass(&app, &sandbox).await, 2, "{:?}", sandbox.calls_by_endpoint());
    }
    assert_eq!(app.informer.progress(reference).await.unwrap().mailing.state, MailingState::Going);
}
