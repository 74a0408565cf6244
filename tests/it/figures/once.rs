//! A monthly mail goes once, though its sender ends, or GLPI is away, between the relay and the note.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use jiff::{Timestamp, Zoned};
use passerelle::{
    app::App,
    figures::{Period, Reported},
    sandbox::{Failure, Failures, Rule, Sandbox},
};
use tokio::process::Command;

use crate::support::{
    gateway::{configured, sandbox},
    helpdesk::Helpdesk,
    sink::{Moods, Sink},
    wait_until,
};

const CORRESPONDENT: &str = "ien.dijon@ac-dijon.fr";
/// Long enough that something happens before the relay answers.
const THINKS: Duration = Duration::from_secs(3);

fn now() -> Zoned {
    Timestamp::now().in_tz("Europe/Paris").unwrap()
}

/// The month before.
fn month() -> Period {
    Period::month(now().date().first_of_month().yesterday().unwrap())
}

fn app(sandbox: &Sandbox, sink: &Sink) -> App {
    let relay = sink.url();
    let settings = [("people.correspondents.021", CORRESPONDENT), ("smtp.url", &relay), ("smtp.timeout", "20s")];
    App::build(configured(sandbox.url().as_str(), &settings)).unwrap()
}

/// Waits until GLPI has a note that a mail goes.
async fn departed(sandbox: &Sandbox) {
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    wait_until("a mail goes", async || {
        let notes = own.get("Reminder?range=0-99").await;
        notes.as_array().is_some_and(|notes| !notes.is_empty())
    })
    .await;
}

async fn send(app: &App) -> Reported {
    app.reports.send("021", month(), &now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_took_while_glpi_went_away_is_not_sent_again() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks: vec![THINKS], ..Moods::default() }).await);
    let one = app(&sandbox, &sink);
    let reports = std::sync::Arc::clone(&one.reports);
    let sending = tokio::spawn(async move { reports.send("021", month(), &now()).await });
    departed(&sandbox).await;
    sandbox.set_failures(Rule::always(Failure::Down));
    assert!(sending.await.unwrap().is_err(), "GLPI is not told");
    assert_eq!(sink.taken().len(), 1);
    sandbox.set_failures(Failures::none());
    // Another one does not know what became of it, whoever sent it does.
    let other = app(&sandbox, &sink);
    let Reported::InDoubt(of) = send(&other).await else { panic!("it is known") };
    assert_eq!(of.iter().map(ToString::to_string).collect::<Vec<_>>(), [CORRESPONDENT]);
    for app in [&one, &other] {
        assert_eq!(send(app).await, Reported::Before);
    }
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_note_that_it_goes_nothing_goes() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let app = app(&sandbox, &sink);
    app.glpi.own_account().await.unwrap();
    for lost in [false, true] {
        // Two looks at its notes go well.
        let fails = if lost { Failure::Garbled } else { Failure::Down };
        sandbox.set_failures(Failures(vec![Rule::next(2, Failure::Slow(Duration::ZERO)), Rule::always(fails)]));
        assert!(app.reports.send("021", month(), &now()).await.is_err());
        assert_eq!(sink.taken().len(), 0);
        sandbox.set_failures(Failures::none());
    }
    assert!(matches!(send(&app).await, Reported::To(to) if to.len() == 1));
    assert_eq!(send(&app).await, Reported::Before);
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_puts_off_behind_the_mail_is_tried_again_once() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { ends: vec![451, 554], ..Moods::default() }).await);
    let app = app(&sandbox, &sink);
    assert_eq!(send(&app).await, Reported::Failed);
    assert!(matches!(send(&app).await, Reported::To(to) if to.is_empty()), "it is refused for good");
    assert_eq!(send(&app).await, Reported::Before);
    assert_eq!(sink.taken().len(), 0);
}

/// A process is killed while the relay has the mail and has not said so; an operator decides by the relay's log.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_killed_leaves_a_doubt_and_no_second_copy() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { thinks: vec![THINKS], ..Moods::default() }).await);
    let settings = [
        ("GLPI__URL", sandbox.url().to_string()),
        ("GLPI__LOGIN", "passerelle".to_owned()),
        ("GLPI__PASSWORD", "passerelle".to_owned()),
        ("SMTP__URL", sink.url()),
        ("PEOPLE__CORRESPONDENTS__021", CORRESPONDENT.to_owned()),
        ("LOG__FILTER", "error".to_owned()),
    ];
    let month = month().code();
    let report = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        let asked = ["figures", "report", "--department", "021", "--month", &month, "--lang", "en"];
        command.args(asked).args(more);
        command.envs(settings.iter().map(|(key, value)| (format!("PASSERELLE_{key}"), value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    };
    let said = |output: &Output| {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let mut killed = report(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    departed(&sandbox).await;
    killed.start_kill().unwrap();
    killed.wait().await.unwrap();
    let taken = sink.taken().len();
    let again = report(&[]).output().await.unwrap();
    assert!(said(&again).contains("--again") && said(&again).contains(CORRESPONDENT), "{}", said(&again));
    assert_eq!((again.status.code(), sink.taken().len()), (Some(1), taken), "{}", said(&again));
    let again = report(&["--again"]).output().await.unwrap();
    assert_eq!((again.status.code(), sink.taken().len()), (Some(0), taken + 1), "{}", said(&again));
    let again = report(&["--again"]).output().await.unwrap();
    assert!(said(&again).contains("sent before"), "{}", said(&again));
    assert_eq!(sink.taken().len(), taken + 1);
}
