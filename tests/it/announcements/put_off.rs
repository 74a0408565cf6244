//! Whom the relay puts off: for a day of tries, and no other day; and nobody else for the sake of one.

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    announcements::{Doubt, DoubtDecision, MailingState},
    app::App,
    glpi::NewNote,
    request::{Enclosure, Reference},
};
use rstest::rstest;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    addresses,
    commands::Desk,
    directory,
    sending::{announcement, app, operator, send},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, wait_until};

fn words(word: &'static str, code: u16) -> Moods {
    Moods { words: [(word, code)].into(), ..Moods::default() }
}

/// Each of these is put off for good, one could say.
fn each(answer: &str) -> Moods {
    Moods { lasting: addresses(20).into_iter().map(|it| (it, answer.to_owned())).collect(), ..Moods::default() }
}

async fn once(app: &App, reference: Reference) -> passerelle::announcements::Sending {
    app.informer.send(reference, &CancellationToken::new(), |_| {}).await.unwrap()
}

/// So much time passes over a mailing: each moment in its notes lies so much further back.
async fn pass(app: &App, reference: Reference, time: SignedDuration) {
    fn earlier(value: &mut Value, time: SignedDuration) {
        match value {
            Value::String(text) => {
                if let Ok(moment) = text.parse::<Timestamp>() {
                    *text = (moment - time).to_string();
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| earlier(value, time)),
            Value::Object(fields) => fields.values_mut().for_each(|value| earlier(value, time)),
            _ => {}
        }
    }
    let title = format!("Passerelle, envoi {reference} ");
    let mut moved = 0;
    for note in app.glpi.own_notes(&title, "").await.unwrap() {
        let Some((before, data)) = note.text.rsplit_once("<p><em>") else { continue };
        let data = BASE64.decode(data.split_once("</em></p>").unwrap().0.as_bytes()).unwrap();
        let mut data: Value = serde_json::from_slice(&data).unwrap();
        earlier(&mut data, time);
        let text = format!("{before}<p><em>{}</em></p>", BASE64.encode(data.to_string().as_bytes()));
        let key = match note.name.strip_prefix(&title).unwrap().strip_prefix("départ ") {
            Some(departure) => format!("passerelle-{reference}-{}", departure.replace('.', "-")),
            None => format!("passerelle-{reference}"),
        };
        app.glpi.rewrite_own_note(note.id, &NewNote { key, name: note.name, text }).await.unwrap();
        moved += 1;
    }
    assert!(moved > 0);
}

/// What is put off is tried for a day, whatever puts it off and however often the gateway is started anew; then it is
/// refused, with the code that the relay gave, and ends.
#[rstest]
#[case::each_address(each("451 4.3.0 later"), 451)]
#[case::the_sender(words("MAIL FROM", 451), 451)]
#[case::the_mail_before_it_comes(words("DATA", 452), 452)]
#[case::the_mail(Moods { ends: vec![452; 400], ..Moods::default() }, 452)]
#[case::it_ends_the_connection(words("DATA", 421), 421)]
#[case::it_is_away(Moods { away: true, ..Moods::default() }, 421)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_for_a_day_of_tries_is_refused(#[case] moods: Moods, #[case] code: u16) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(20);
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed =
        instance().informer.inform(announcement("old", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let (pause, mut tried) = (SignedDuration::from_mins(100), SignedDuration::ZERO);
    let progress = loop {
        let app = instance();
        let progress = once(&app, reference).await.progress;
        if progress.mailing.state == MailingState::Ended {
            break progress;
        }
        let is_day = tried > SignedDuration::from_hours(24);
        assert!(is_day || progress.refused.is_empty() && progress.pending == 20, "{tried}: {progress:?}");
        assert!(tried < SignedDuration::from_hours(32), "{progress:?}");
        pass(&app, reference, pause).await;
        tried += pause;
    };
    assert!(tried > SignedDuration::from_hours(24), "{tried}");
    assert_eq!((progress.handed, progress.refused.len(), progress.in_doubt()), (0, 20, 0));
    assert!(progress.refused.iter().all(|(_, given)| *given == code), "{:?}", progress.refused);
    assert!(sink.copies().is_empty());
}

/// What the relay keeps back is said, with its answer where the instance knows it and with when it is asked again; another
/// process says what the notes say. Once the relay takes all, nothing is said of it.
#[rstest]
#[case::each_address(each("451 4.3.0 later"), Some(451), true)]
#[case::the_sender(words("MAIL FROM", 451), Some(451), false)]
#[case::the_mail_before_it_comes(words("DATA", 452), Some(452), false)]
#[case::the_mail(Moods { ends: vec![452; 1], ..Moods::default() }, Some(452), false)]
#[case::it_ends_the_connection(words("DATA", 421), Some(421), false)]
#[case::it_is_away(Moods { away: true, ..Moods::default() }, None, false)]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_keeps_back_is_said(#[case] moods: Moods, #[case] code: Option<u16>, #[case] is_noted: bool) {
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(20);
    let settings = [("announcements.retry", "1h"), ("announcements.batch", "20")];
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let app = instance();
    let informed = app.informer.inform(announcement("kept", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    assert_eq!(app.informer.progress(reference).await.unwrap().relay, None, "nobody has asked it");
    let began = Timestamp::now();
    once(&app, reference).await;
    let pause = app.informer.progress(reference).await.unwrap().relay.expect("it is said");
    assert_eq!((pause.code, pause.is_of_all), (code, true));
    assert!(pause.again.is_some_and(|again| again > began), "{pause:?}");
    let elsewhere = instance().informer.progress(reference).await.unwrap().relay.expect("the notes say it");
    assert_eq!(elsewhere.code, code.filter(|_| is_noted));
    let desk = Desk::new(&sandbox, &sink.url(), &[]);
    for (language, words) in
        [("en", "at the last try the mail relay took nothing"), ("fr", "le relais de messagerie n’a rien pris")]
    {
        let (said, _) = desk.said(&["show", &reference.to_string(), "--lang", language]).await;
        assert!(said.contains(words), "{said}");
    }
    *sink.moods.lock().unwrap() = Moods::default();
    pass(&app, reference, SignedDuration::from_hours(2)).await;
    let progress = once(&app, reference).await.progress;
    assert_eq!((progress.handed, progress.relay), (20, None), "{progress:?}");
}

/// What came before the try at which the relay puts off.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// Nobody tried: a second person had not confirmed, or no gateway ran.
    Nothing,
    /// One try, which was put off; then no gateway ran.
    OneTry,
    /// It was in doubt until an operator said that the relay does not have it.
    Doubt,
}

/// A time at which nobody tried is no patience: what then is put off is tried again.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_tried_for_days_is_not_given_up(
    #[values(Before::Nothing, Before::OneTry, Before::Doubt)] before: Before,
    #[values(
        each("451 4.3.0 later"),
        words("MAIL FROM", 451),
        Moods { ends: vec![452; 400], ..Moods::default() },
        Moods { away: true, ..Moods::default() },
    )]
    moods: Moods,
) {
    let first = match before {
        Before::Doubt => Moods { thinks: vec![std::time::Duration::from_secs(2)], ..Moods::default() },
        Before::Nothing | Before::OneTry => moods.clone(),
    };
    let (sandbox, sink) = (sandbox().await, Sink::start(first).await);
    let (_folder, csv) = directory(20);
    let settings = [("announcements.batch", "20")];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let informed = app.informer.inform(announcement("away", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    if !matches!(before, Before::Nothing) {
        once(&app, reference).await;
    }
    pass(&app, reference, SignedDuration::from_hours(65)).await;
    let taken = sink.taken().len();
    if matches!(before, Before::Doubt) {
        let is_ripe = async || app.informer.progress(reference).await.unwrap().doubts.iter().all(Doubt::is_ripe);
        wait_until("it can be decided", is_ripe).await;
        app.informer.decide(reference, None, DoubtDecision::Send, "chef").await.unwrap();
        *sink.moods.lock().unwrap() = moods;
    }
    let progress = once(&app, reference).await.progress;
    assert_eq!((progress.refused.len(), progress.pending), (0, 20), "{progress:?}");
    assert_eq!(progress.mailing.state, MailingState::Going);
    *sink.moods.lock().unwrap() = Moods::default();
    let progress = send(&app, reference).await;
    assert_eq!((progress.handed, progress.refused.len()), (20, 0), "{progress:?}");
    assert_eq!(sink.taken().len(), taken + 1);
}

/// One address that the relay puts off costs no other one its mail, wherever it stands; and where the relay does not say
/// that it means this address alone, the others get it with the next try. The sizes of the mails that it takes.
#[rstest]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 0, &[9])]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 4, &[9])]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 9, &[9])]
#[case::a_full_disk("452 4.3.1 insufficient storage", 4, &[9])]
#[case::without_a_word("452 full", 0, &[9])]
#[case::without_a_word("452 full", 4, &[4, 5])]
#[case::without_a_word("452 full", 9, &[9])]
#[case::without_its_status("452 5 mailboxes are full", 0, &[9])]
#[case::without_its_status("452 4.2 full", 4, &[4, 5])]
#[case::many("452 4.5.3 too many recipients", 4, &[4])]
#[case::another_code("450 4.2.1 busy", 0, &[9])]
#[case::another_code("450 4.5.3 busy", 4, &[9])]
#[case::another_code("451 4.7.1 greylisted", 4, &[9])]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_put_off_costs_nobody_else_their_mail(
    #[case] answer: &str,
    #[case] place: usize,
    #[case] sizes: &[usize],
) {
    let lasting = [(format!("ce.{place:04}@ac-dijon.fr"), answer.to_owned())].into();
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { lasting, ..Moods::default() }).await);
    let (_folder, csv) = directory(10);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("full", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let wanted: usize = sizes.iter().sum();
    wait_until("so many have it", async || once(&app, reference).await.progress.handed >= wanted).await;
    let mut all: Vec<usize> = sink.taken().iter().map(|taken| taken.to.len()).collect();
    all.truncate(sizes.len());
    assert_eq!(all, sizes);
    assert!(sink.copies().values().all(|copies| *copies == 1));
    assert!(app.informer.progress(reference).await.unwrap().refused.is_empty());
}
