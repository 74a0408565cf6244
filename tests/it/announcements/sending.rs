//! Mailings in this process: what the relay refuses, puts off or loses, and two who send at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use passerelle::{
    announcements::{
        Announcement, Doubt, DoubtDecision, Excess, InformError, LONGEST_SUBJECT, MailingState, Recipients,
        SendingError, Zone, Zones,
    },
    app::App,
    people::{Rights, Role},
    request::{Address, Enclosure, Reference},
    sandbox::{Failure, Rule},
};
use tokio_util::sync::CancellationToken;

use super::{addresses, directory};
use crate::support::{
    gateway::{DIRECTORS, configured, sandbox},
    postfix::Postfix,
    redis::Redis,
    sink::{Moods, Sink},
    wait_until,
};

/// A gateway whose relay is this sink.
pub(super) fn app(url: &str, sink: &Sink, csv: &str, settings: &[(&str, &str)]) -> App {
    let smtp = sink.url();
    let usual = [
        ("announcements.enabled", "true"),
        ("announcements.per_minute", "1000000"),
        ("announcements.confirm_above", "100000"),
        ("announcements.batch", "10"),
        ("announcements.retry", "1ms"),
        ("smtp.url", smtp.as_str()),
        ("smtp.timeout", "500ms"),
        ("glpi.timeout", "2s"),
        ("directory.csv", csv),
        ("directory.sources", "csv"),
    ];
    App::build(configured(url, &[&usual[..], settings].concat())).unwrap()
}

pub(crate) fn announcement(name: &str, zones: &[&str]) -> Announcement {
    let now = Timestamp::now();
    Announcement {
        id: None,
        reference: Reference::new("announcement", "chef@ac-dijon.fr", name.as_bytes()),
        subject: "LSU indisponible".to_owned(),
        markdown: "**LSU** ne répond pas.\n\nUne réponse : <https://ac-dijon.fr>".to_owned(),
        zones: Zones::of(zones.iter().map(|zone| Zone::parse(zone).unwrap())),
        application: Some("LSU".to_owned()),
        by_mail: Some(Recipients::Directors),
        on_portal: false,
        is_held: false,
        files: Vec::new(),
        begins: now,
        ends: None,
        written_by: "chef@ac-dijon.fr".to_owned(),
        written_at: now,
    }
}

pub(super) fn operator() -> Rights {
    Rights::of([Role::Operator])
}

/// Sends until there is nothing more to do.
pub(super) async fn send(app: &App, reference: Reference) -> passerelle::announcements::MailingProgress {
    let stop = CancellationToken::new();
    loop {
        let sending = app.informer.send(reference, &stop, |_| {}).await.unwrap();
        if sending.again.is_none() {
            return sending.progress;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_zone_gets_one_copy_and_sees_nobody_else() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(100);
    let app =
        app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[("announcements.reply_to", "ien@ac-dijon.fr")]);
    let informed =
        app.informer.inform(announcement("1", &["021"]), (&[], &Enclosure::default()), &operator()).await.unwrap();
    let reference = informed.announcement.reference;
    assert_eq!(informed.mailing.unwrap().mailing.zones, [("021".to_owned(), 25)]);
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.handed, progress.pending), (MailingState::Ended, 25, 0));
    let expected: BTreeSet<String> = addresses(100).into_iter().step_by(4).collect();
    let copies = sink.copies();
    assert_eq!(copies.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(copies.values().all(|count| *count == 1), "{copies:?}");
    let taken = sink.taken();
    assert_eq!(taken.iter().map(|taken| taken.to.len()).collect::<Vec<_>>(), [10, 10, 5]);
    for taken in &taken {
        assert_eq!(taken.from, "assistance1d@ac-dijon.fr");
        for part in [
            format!("Message-ID: <{reference}.information.passerelle@ac-dijon.fr>"),
            "Auto-Submitted: auto-generated".to_owned(),
            "Precedence: bulk".to_owned(),
            format!("Feedback-ID: {reference}:information:passerelle"),
            "Reply-To: ien@ac-dijon.fr".to_owned(),
            "Subject: LSU indisponible".to_owned(),
            "<strong>LSU</strong> ne r=C3=A9pond pas".to_owned(),
        ] {
            assert!(taken.mail.contains(&part), "{part} in {}", taken.mail);
        }
        assert!(!taken.mail.contains("ce.0"), "no recipient's address in {}", taken.mail);
    }
    // The same again is the same, and is sent once.
    let again =
        app.informer.inform(announcement("1", &["021"]), (&[], &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(again.mailing.unwrap().mailing.state, MailingState::Ended);
    send(&app, reference).await;
    assert_eq!(sink.taken().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_relay_refuses_is_listed_and_whom_it_puts_off_gets_it_later() {
    let moods = Moods {
        recipients: [("ce.0003@ac-dijon.fr".to_owned(), 550), ("ce.0007@ac-dijon.fr".to_owned(), 451)].into(),
        ends: vec![451, 250],
        most: Some(8),
        ..Moods::default()
    };
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let reference = app
        .informer
        .inform(announcement("2", &[]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.handed, progress.pending), (MailingState::Ended, 39, 0));
    let refused: Vec<_> = progress.refused.iter().map(|(address, code)| (address.as_str(), *code)).collect();
    assert_eq!(refused, [("ce.0003@ac-dijon.fr", 550)]);
    let copies = sink.copies();
    assert!(copies.len() == 39 && copies.values().all(|count| *count == 1), "{copies:?}");
    assert!(!copies.contains_key("ce.0003@ac-dijon.fr"));
}

/// What a person may write, each reads whole: the mail, and the one that asks a second person.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_goes_whole() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(8);
    let settings = [("announcements.confirm_above", "4"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let longest = "école ".repeat(25).trim_end().to_owned() + "s";
    assert_eq!(longest.chars().count(), LONGEST_SUBJECT);
    for (name, zones) in [("whole", &["021"][..]), ("whole, asked", &[])] {
        let announcement = Announcement { subject: longest.clone(), ..announcement(name, zones) };
        let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
        send(&app, informed.announcement.reference).await;
        let mail = sink.taken().pop().unwrap().mail;
        let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert!(parsed.subject().unwrap().ends_with(&longest), "{:?}", parsed.subject());
    }
    let longer = Announcement { subject: format!("{longest}s"), ..announcement("longer", &["021"]) };
    let error = app.informer.inform(longer, (&[], &Enclosure::default()), &operator()).await.unwrap_err();
    assert!(matches!(error, InformError::TooMuch(Excess::Characters { length: 151, most: 150, .. })), "{error:?}");
}

/// One that looks encoded is no other subject to whoever reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_read_as_it_was_written() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(4);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let many = "=?utf-8?b?w6k=?= ".repeat(8).trim_end().to_owned();
    let long = format!("{}=?x", "école ".repeat(20));
    for subject in
        ["=?utf-8?q?x?=", "a =?utf-8?q?x?= b", "É =?iso-8859-1?q?=E9?=", "=?", "?= =?", &many, &long, "x = y ?"]
    {
        let announcement = Announcement { subject: subject.to_owned(), ..announcement(subject, &["021"]) };
        let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
        send(&app, informed.announcement.reference).await;
        let mail = sink.taken().pop().unwrap().mail;
        let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert_eq!(parsed.subject(), Some(subject), "{mail}");
        assert!(mail.lines().all(|line| line.len() <= 78 || !line.starts_with("Subject")), "{mail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_in_doubt_until_somebody_decides() {
    let slow = std::time::Duration::from_secs(3);
    let moods =
        Moods { thinks: vec![std::time::Duration::ZERO, slow, slow, std::time::Duration::ZERO], ..Moods::default() };
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let reference = app
        .informer
        .inform(announcement("3", &[]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.handed), (MailingState::Going, 20));
    assert_eq!(
        progress.pending + progress.under_way + progress.doubts.iter().map(|it| it.addresses.len()).sum::<usize>(),
        20
    );
    // Who lost the answer knows at once; it is decided once the relay surely is not at it any more.
    assert_eq!((progress.doubts.len(), progress.under_way), (2, 0), "{progress:?}");
    let early = app.informer.decide(reference, None, DoubtDecision::Send, "chef").await;
    assert!(matches!(early, Err(InformError::NothingInDoubt(5))), "{early:?}");
    let is_ripe = async || app.informer.progress(reference).await.unwrap().doubts.iter().all(Doubt::is_ripe);
    wait_until("both can be decided", is_ripe).await;
    // What is in doubt is not sent again by itself.
    send(&app, reference).await;
    assert_eq!(sink.taken().len(), 4);
    let doubts = app.informer.progress(reference).await.unwrap().doubts;
    let batches: Vec<usize> = doubts.iter().map(|doubt| doubt.batch).collect();
    assert_eq!(batches, [2, 3]);
    app.informer.decide(reference, Some(2), DoubtDecision::Sent, "chef").await.unwrap();
    app.informer.decide(reference, Some(3), DoubtDecision::Send, "chef").await.unwrap();
    sink.moods.lock().unwrap().thinks.clear();
    let progress = send(&app, reference).await;
    assert_eq!((progress.mailing.state, progress.handed), (MailingState::Ended, 40));
    let twice: Vec<_> = sink.copies().into_iter().filter(|(_, count)| *count == 2).collect();
    let again: BTreeSet<_> = doubts[1].addresses.iter().map(ToString::to_string).collect();
    assert_eq!(twice.into_iter().map(|(address, _)| address).collect::<BTreeSet<_>>(), again);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_send_at_once_send_each_batch_once() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(300);
    // Without Redis neither knows of the other.
    let apps: Vec<App> = (0..3).map(|_| app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[])).collect();
    let reference = apps[0]
        .informer
        .inform(announcement("4", &[]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    futures_util::future::join_all(apps.iter().map(|app| send(app, reference))).await;
    wait_until("all is sent", async || send(&apps[0], reference).await.mailing.state == MailingState::Ended).await;
    let copies = sink.copies();
    assert!(copies.len() == 300 && copies.values().all(|count| *count == 1), "{copies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_while_glpi_cannot_note_it() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let reference = app
        .informer
        .inform(announcement("5", &[]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    let stop = CancellationToken::new();
    app.informer.send(reference, &stop, |_| {}).await.unwrap_err();
    assert!(sink.taken().is_empty());
    sandbox.set_failures(passerelle::sandbox::Failures::none());
    assert_eq!(send(&app, reference).await.handed, 40);
    assert!(sink.copies().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn above_a_threshold_a_second_person_confirms() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let settings = [
        ("announcements.confirm_above", "30"),
        ("announcements.confirm_link", "https://p.example/information/{reference}/{code}"),
        ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr"),
    ];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let informed =
        app.informer.inform(announcement("6", &[]), (&[], &Enclosure::default()), &operator()).await.unwrap();
    let reference = informed.announcement.reference;
    assert_eq!(informed.mailing.unwrap().mailing.state, MailingState::ToConfirm);
    assert_eq!(send(&app, reference).await.handed, 0);
    let [asked] = &sink.taken()[..] else { panic!("one is asked") };
    assert_eq!(asked.to, ["autre@ac-dijon.fr"]);
    let text = asked.mail.replace("=\r\n", "");
    let before = format!("https://p.example/information/{reference}/");
    let code: String = text.split(&before).nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    for (code, by, expected) in
        [("AAAA", "autre@ac-dijon.fr", "code"), (code.as_str(), "Chef@ac-dijon.fr", "second person")]
    {
        let error = app.informer.confirm(reference, code, by).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    app.informer.confirm(reference, &code, "autre@ac-dijon.fr").await.unwrap();
    let progress = send(&app, reference).await;
    assert_eq!((progress.handed, progress.mailing.confirmed_by.as_deref()), (40, Some("autre@ac-dijon.fr")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_sends_what_was_handed_in_elsewhere() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(40);
    let one = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let other = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let reference = one
        .informer
        .inform(announcement("7", &["058"]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    let stop = CancellationToken::new();
    let keeping = other.informer.keep(&stop);
    let ended = async {
        wait_until("it is sent", async || {
            one.informer.progress(reference).await.unwrap().mailing.state == MailingState::Ended
        })
        .await;
        stop.cancel();
    };
    tokio::join!(keeping, ended);
    assert_eq!(sink.copies().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_so_many_a_minute_go() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(30);
    // Ten addresses take a second.
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[("announcements.per_minute", "600")]);
    let reference = app
        .informer
        .inform(announcement("8", &[]), (&[], &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    let began = std::time::Instant::now();
    assert_eq!(send(&app, reference).await.handed, 30);
    assert!(began.elapsed() >= std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_takes_a_batch_and_delivers_each_a_copy() {
    let (sandbox, postfix) = (sandbox().await, Postfix::start("inet:127.0.0.1:9"));
    let smtp = format!("smtp://127.0.0.1:{}?tls=opportunistic", postfix.smtp_port());
    let settings =
        [("announcements.enabled", "true"), ("smtp.url", smtp.as_str()), ("announcements.return_path", "<>")];
    let app = App::build(configured(sandbox.url().as_str(), &settings)).unwrap();
    let list: Vec<Address> = DIRECTORS.iter().map(|address| Address::parse(address).unwrap()).collect();
    let announcement = Announcement { by_mail: Some(Recipients::List), ..announcement("9", &[]) };
    let reference = app
        .informer
        .inform(announcement, (&list, &Enclosure::default()), &operator())
        .await
        .unwrap()
        .announcement
        .reference;
    assert_eq!(send(&app, reference).await.handed, DIRECTORS.len());
    for address in &list {
        wait_until("it is delivered", async || !postfix.inbox(address.as_str()).is_empty()).await;
        let [copy] = &postfix.inbox(address.as_str())[..] else { panic!("one copy") };
        for part in ["Return-Path: <>", "<assistance1d@ac-dijon.fr>", &format!("Message-ID: <{reference}.information")]
        {
            assert!(copy.contains(part), "{part} in {copy}");
        }
        let others = list.iter().filter(|other| *other != address);
        assert!(others.clone().all(|other| !copy.to_lowercase().contains(other.as_str())), "{copy}");
    }
}

/// With Redis one instance at a time sends; whoever has it goes on until its end, and the other is told so.
#[tokio::test(flavor = "multi_thread")]
async fn one_instance_at_a_time_sends() {
    let (sandbox, sink, redis) = (sandbox().await, Sink::start(Moods::default()).await, Redis::start());
    let (_folder, csv) = directory(40);
    // Each batch takes a fifth of a second by the throttle.
    let settings = [&redis.settings()[..], &[("announcements.per_minute", "3000")]].concat();
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let (one, two) = (instance(), instance());
    let reference = one.informer.inform(announcement("10", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = reference.unwrap().announcement.reference;
    let stop = CancellationToken::new();
    // While the first is at its second batch, the second instance sends nothing; and none while it is at any.
    let mut sending = std::pin::pin!(one.informer.send(reference, &stop, |_| {}));
    tokio::select! {
        ended = &mut sending => panic!("{ended:?}"),
        () = wait_until("it has begun", async || !sink.taken().is_empty()) => {}
    }
    let other = two.informer.send(reference, &stop, |_| {});
    let (first, second) = tokio::join!(sending, other);
    assert!(matches!(second, Err(SendingError::Elsewhere)), "{second:?}");
    assert_eq!(first.unwrap().progress.handed, 40);
    // It has handed the lease back: the other one sends the next.
    let next = two.informer.inform(announcement("11", &[]), (&[], &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(send(&two, next.announcement.reference).await.handed, 40);
    let copies = sink.copies();
    assert!(copies.len() == 40 && copies.values().all(|count| *count == 2), "{copies:?}");
}

/// Whichever of two instances with one Redis is stopped, the other one goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_instance_that_sends_stops_the_other_goes_on() {
    let (sandbox, sink, redis) = (sandbox().await, Sink::start(Moods::default()).await, Redis::start());
    let (_folder, csv) = directory(60);
    let settings = [&redis.settings()[..], &[("announcements.per_minute", "6000")]].concat();
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let (one, two) = (instance(), instance());
    let stop = CancellationToken::new();
    let informing = async {
        let informed =
            one.informer.inform(announcement("12", &[]), (&[], &Enclosure::default()), &operator()).await.unwrap();
        let reference = informed.announcement.reference;
        wait_until("it has begun", async || !sink.taken().is_empty()).await;
        let meanwhile = two.informer.send(reference, &CancellationToken::new(), |_| {}).await;
        assert!(matches!(meanwhile, Err(SendingError::Elsewhere)), "{meanwhile:?}");
        stop.cancel();
        reference
    };
    let ((), reference) = tokio::join!(one.informer.keep(&stop), informing);
    let before = sink.copies().len();
    assert!((10..60).contains(&before), "{before}");
    assert_eq!(send(&two, reference).await.handed, 60);
    let copies = sink.copies();
    assert!(copies.len() == 60 && copies.values().all(|count| *count == 1), "{copies:?}");
}

/// What is handed in for a few while thousands are being told is sent between two of their batches.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_one_does_not_wait_behind_a_large_one() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(400);
    // Forty batches, each of which takes its time by the throttle.
    let settings = [("announcements.per_minute", "3000")];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let stop = CancellationToken::new();
    let informing = async {
        let inform = async |name: &str, zones: &[&str]| {
            let announcement = announcement(name, zones);
            let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await;
            informed.unwrap().announcement.reference
        };
        let large = inform("large", &[]).await;
        wait_until("it has begun", async || !sink.taken().is_empty()).await;
        let small = inform("small", &["021/Nord"]).await;
        let is_over = async || app.informer.progress(small).await.unwrap().mailing.state == MailingState::Ended;
        wait_until("the small one is sent", is_over).await;
        let meanwhile = app.informer.progress(large).await.unwrap();
        assert!(meanwhile.mailing.state == MailingState::Going && meanwhile.pending > 0, "{meanwhile:?}");
        assert!(meanwhile.handed > 10, "the large one goes on in between: {meanwhile:?}");
        app.informer.stop(large, "chef").await.unwrap();
        stop.cancel();
        (large, small)
    };
    let ((), (large, small)) = tokio::join!(app.informer.keep(&stop), informing);
    // Nobody of either got it twice.
    let of = |reference: Reference| {
        let id = format!("Message-ID: <{reference}.information");
        let taken = sink.taken().into_iter().filter(move |taken| taken.mail.contains(&id));
        taken.flat_map(|taken| taken.to).collect::<Vec<_>>()
    };
    for (reference, expected) in [(large, None), (small, Some(50))] {
        let mut told = of(reference);
        let many = told.len();
        told.sort();
        told.dedup();
        assert!(told.len() == many && expected.is_none_or(|expected| expected == many), "{reference}: {many}");
    }
}

/// A command that sends thousands sends in between what was handed in elsewhere: nobody else may at that time.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_one_lets_the_others_have_their_turns() {
    let (sandbox, sink, redis) = (sandbox().await, Sink::start(Moods::default()).await, Redis::start());
    let (_folder, csv) = directory(40);
    let settings = [&redis.settings()[..], &[("announcements.per_minute", "600")]].concat();
    let instance = || app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let (one, two) = (instance(), instance());
    let inform = async |app: &App, name: &str| {
        let informed = app.informer.inform(announcement(name, &[]), (&[], &Enclosure::default()), &operator()).await;
        informed.unwrap().announcement.reference
    };
    let (first, second) = (inform(&one, "13").await, inform(&two, "14").await);
    let stop = CancellationToken::new();
    let mut seen = Vec::new();
    // At the first batch of its own it looks for others.
    one.informer.send(first, &stop, |progress| seen.push(progress.mailing.reference.clone())).await.unwrap();
    assert!(seen.iter().all(|reference| *reference == first.to_string()), "{seen:?}");
    assert!(one.informer.progress(second).await.unwrap().handed > 0);
}
