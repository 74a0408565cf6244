//! What the relay refuses for good is refused, and ends: an address, or a mail whoever it is for.

use std::collections::BTreeSet;

use passerelle::{
    announcements::{InformError, MailingState},
    request::Enclosure,
};
use rstest::rstest;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    commands::Desk,
    directory,
    sending::{announcement, app, operator, send},
    sink::{Moods, Sink},
};
use crate::support::gateway::sandbox;

fn words(word: &'static str, code: u16) -> Moods {
    Moods { words: [(word, code)].into(), ..Moods::default() }
}

/// Of 40 addresses in four batches: how many the relay refuses, and with which code.
#[rstest]
#[case::an_address(Moods { recipients: [("ce.0003@ac-dijon.fr".to_owned(), 550)].into(), ..Moods::default() }, 1, 550)]
#[case::the_sender(words("MAIL FROM", 550), 40, 550)]
#[case::the_mail_before_it_comes(words("DATA", 554), 40, 554)]
#[case::the_mail(Moods { ends: vec![552; 4], ..Moods::default() }, 40, 552)]
#[case::the_mail_of_one_batch(Moods { ends: vec![250, 554], ..Moods::default() }, 10, 554)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_ends(#[case] moods: Moods, #[case] refused: usize, #[case] code: u16) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("refused", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.pending, progress.under_way), (MailingState::Ended, 0, 0));
    assert_eq!((progress.handed, progress.refused.len()), (40 - refused, refused));
    assert!(progress.refused.iter().all(|(_, of)| *of == code), "{:?}", progress.refused);
    let outcome = progress.mailing.outcome.unwrap();
    assert_eq!((outcome.handed, outcome.refused), (40 - refused, refused));
    let listed = app.informer.mailings().await.unwrap();
    assert_eq!(listed[0].outcome, Some(outcome));
    assert_eq!(sink.copies().len(), 40 - refused);
}

/// Once the cause is mended, those who were refused get it, once, whoever asks for it at the same moment; it is the same
/// mail. What is not mended stays refused.
#[rstest]
#[case::an_address(Moods { recipients: [("ce.0003@ac-dijon.fr".to_owned(), 550)].into(), ..Moods::default() }, 1)]
#[case::the_sender(words("MAIL FROM", 550), 40)]
#[case::the_mail(Moods { ends: vec![552; 4], ..Moods::default() }, 40)]
#[case::the_mail_of_one_batch(Moods { ends: vec![250, 554], ..Moods::default() }, 10)]
#[tokio::test(flavor = "multi_thread")]
async fn those_who_were_refused_get_it_once_the_cause_is_mended(#[case] moods: Moods, #[case] refused: usize) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let (one, other) = (instance(), instance());
    let informed = one.informer.inform(announcement("again", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let early = one.informer.again(reference, "chef").await;
    assert!(matches!(early, Err(InformError::NobodyRefused)), "{early:?}");
    assert_eq!(send(&one, reference).await.refused.len(), refused);
    let is_lasting = !sink.moods.lock().unwrap().words.is_empty() || refused == 1;
    if is_lasting {
        // Not mended yet.
        one.informer.again(reference, "chef").await.unwrap();
        let progress = send(&one, reference).await;
        assert_eq!((progress.mailing.state, progress.refused.len()), (MailingState::Ended, refused));
    }
    *sink.moods.lock().unwrap() = Moods::default();
    let (first, second) = tokio::join!(one.informer.again(reference, "chef"), other.informer.again(reference, "autre"));
    let (begun, late): (Vec<_>, Vec<_>) = [first, second].into_iter().partition(Result::is_ok);
    for progress in begun.iter().flatten() {
        assert_eq!((progress.mailing.state, progress.pending), (MailingState::Going, refused));
    }
    assert!(!begun.is_empty() && late.iter().all(|it| matches!(it, Err(InformError::NobodyRefused))), "{late:?}");
    tokio::join!(send(&one, reference), send(&other, reference));
    let progress = send(&one, reference).await;
    assert_eq!((progress.mailing.state, progress.handed, progress.refused.len()), (MailingState::Ended, 40, 0));
    let outcome = progress.mailing.outcome.unwrap();
    assert_eq!((outcome.handed, outcome.refused), (40, 0));
    assert!(sink.copies().len() == 40 && sink.copies().values().all(|copies| *copies == 1), "{:?}", sink.copies());
    let mails: BTreeSet<String> = sink.taken().into_iter().map(|taken| taken.mail).collect();
    assert_eq!(mails.len(), 1, "the same mail, with the same Message-ID");
    let late = one.informer.again(reference, "chef").await;
    assert!(matches!(late, Err(InformError::NobodyRefused)), "{late:?}");
}

/// What is stopped is not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_does_not_go_again() {
    let (sandbox, sink) = (sandbox().await, Sink::start(words("MAIL FROM", 451)).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("halt", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    app.informer.stop(reference, "chef").await.unwrap();
    let again = app.informer.again(reference, "chef").await;
    assert!(matches!(again, Err(InformError::NotNow(MailingState::Stopped))), "{again:?}");
}

/// What may help later is tried again, and none of it is called refused.
#[rstest]
#[case::put_off(words("MAIL FROM", 451))]
#[case::it_ends_the_connection(words("DATA", 421))]
#[case::it_wants_another_sign_in(words("MAIL FROM", 530))]
#[tokio::test(flavor = "multi_thread")]
async fn what_may_help_later_is_tried_again(#[case] moods: Moods) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("later", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let stop = CancellationToken::new();
    let sending = app.informer.send(reference, &stop, |_| {}).await.unwrap();
    assert!(sending.again.is_some() && sending.why.is_some(), "{sending:?}");
    assert_eq!((sending.progress.pending, sending.progress.refused.len()), (40, 0));
    sink.moods.lock().unwrap().words.clear();
    assert_eq!(send(&app, reference).await.handed, 40);
}

/// The terminal counts both, names who is refused, and says by its exit code that nobody got it.
#[rstest]
#[case::in_english("en", "ended", "38 of 40 handed over, 2 refused", "refused (550): ce.0003@ac-dijon.fr")]
#[case::in_french(
    "fr",
    "terminé",
    "40\u{a0}adresses\u{a0}: 38\u{a0}remises au relais, 2\u{a0}refusées",
    "refusée (550)\u{a0}: ce.0003@ac-dijon.fr"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_counts_them(
    #[case] language: &str,
    #[case] state: &str,
    #[case] counted: &str,
    #[case] named: &str,
) {
    let recipients = [("ce.0003@ac-dijon.fr".to_owned(), 550), ("ce.0007@ac-dijon.fr".to_owned(), 550)];
    let (sandbox, sink) =
        (sandbox().await, Sink::start(Moods { recipients: recipients.into(), ..Moods::default() }).await);
    let desk = Desk::new(&sandbox, &sink.url(), &[]);
    let text = desk.path("lsu.md");
    let (said, code) = desk.said(&[&text, "--lang", language]).await;
    assert!(code == Some(0) && [state, counted, named].iter().all(|part| said.contains(part)), "{said}");
    let (listed, _) = desk.said(&["list", "--lang", language]).await;
    let both = counted.rsplit_once(", ").unwrap().1;
    assert!(listed.contains(state) && listed.contains(both), "{listed}");
    let reference = super::commands::only(&desk).await;
    sink.moods.lock().unwrap().recipients.clear();
    let (again, code) = desk.said(&["again", &reference, "--lang", language]).await;
    assert!(code == Some(0) && again.contains(state) && !again.contains("ce.0003"), "{again}");
    sink.moods.lock().unwrap().words = [("MAIL FROM", 550)].into();
    let all = desk.run(&[&text, "--subject", "Autre", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!((&shown["state"], &shown["handed"], all.status.code()), (&json!("ended"), &json!(0), Some(1)));
    assert_eq!(shown["refused"].as_array().unwrap().len(), 40);
}

/// What is in doubt is said so at once, in the list too, with what happens now; before its time nobody decides it.
#[rstest]
#[case::in_english("en", ["in doubt: batch 1", "can be decided from", "40 in doubt", "or not yet"])]
#[case::in_french("fr", ["en doute\u{a0}: lot 1", "se décide à partir du", "40 en doute", "ou pas encore"])]
#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_says_at_once_what_is_in_doubt(#[case] language: &str, #[case] said: [&str; 4]) {
    let thinks = vec![std::time::Duration::from_secs(5)];
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks, ..Moods::default() }).await);
    let settings = [("SMTP__TIMEOUT", "500ms"), ("ANNOUNCEMENTS__BATCH", "40")];
    let desk = Desk::new(&sandbox, &sink.url(), &settings);
    let (told, code) = desk.said(&[&desk.path("lsu.md"), "--lang", language]).await;
    assert!(code == Some(1) && told.contains(said[0]) && told.contains(said[1]), "{code:?} {told}");
    let (told, _) = desk.said(&["list", "--lang", language]).await;
    assert!(told.contains(said[2]), "{told}");
    let reference = super::commands::only(&desk).await;
    let (told, code) = desk.said(&["resume", &reference, "--doubtful", "send", "--lang", language]).await;
    assert!(code == Some(1) && told.contains(said[3]), "{told}");
}
