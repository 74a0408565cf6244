//! The monthly report: counted from the GLPI under test, and sent once as its notes say.

use jiff::Timestamp;
use mail_parser::MessageParser;
use passerelle::{
    app::App,
    figures::{Period, Reported},
    smtp::{Mailer, Outbox},
};

use reqwest::Method;
use serde_json::json;

use super::{
    marker,
    target::{Target, account},
};
use crate::support::{
    gateway::{DIRECTORS, Gateway, configured, mail},
    helpdesk::Helpdesk,
};

/// An instance whose correspondent of the Côte-d'Or is this address, beside a group of GLPI's.
fn instance(target: &Target, correspondent: &str) -> (App, Outbox) {
    let (login, password) = account();
    let people = format!("{correspondent},Référents-LSU");
    let settings = [
        ("glpi.login", login.as_str()),
        ("glpi.password", password.as_str()),
        ("people.correspondents.021", people.as_str()),
    ];
    let (mailer, outbox) = Mailer::memory();
    (App::build_with(configured(target.url().as_str(), &settings), mailer).unwrap(), outbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_counted_from_glpi_and_reaches_each_once() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", &password), ("quota.per_day", "1000000")];
    let gateway = Gateway::in_front_of(target.url().as_str(), &settings).await;
    let request = mail(DIRECTORS[0], &marker(), "LSU : rapport", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &request).await.contains("created"));
    gateway.finish().await;

    // Nobody's address of another run; with an apostrophe, which GLPI writes in its own way.
    let correspondent = format!("o'neil.{}@ac-dijon.fr", marker());
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap();
    let month = Period::month(now.date());
    let (one, outbox) = instance(&target, &correspondent);
    // A note by somebody else that it was sent is none.
    let forger = Helpdesk::sign_in(&target.url(), "tech1", "tech1").await;
    let own = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let owner = own.get("getFullSession").await["session"]["glpiID"].clone();
    let title = format!("Passerelle\u{a0}: rapport de pilotage 021 {}, {correspondent}", month.code());
    let note = forger.add("Reminder", json!({ "name": title, "text": "<p>Envoyé.</p>" })).await;
    forger.call(Method::PUT, &format!("Reminder/{note}"), json!({ "users_id": owner })).await;
    one.figures.read_anew().await.unwrap();
    assert!(one.figures.progress().is_whole);
    let Reported::To(told) = one.reports.send("021", month, &now).await.unwrap() else { panic!("it is not sent") };
    assert!(told.iter().any(|address| address.as_str() == correspondent), "{told:?}");
    let mails = outbox.mails();
    assert_eq!(mails.len(), told.len());
    let own = mails.iter().find(|mail| mail.recipient == correspondent).unwrap();
    let text = MessageParser::default().parse(&own.message).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("LSU"), "{text}");

    let (other, of_other) = instance(&target, &correspondent);
    for app in [&one, &other] {
        assert_eq!(app.reports.send("021", month, &now).await.unwrap(), Reported::Before);
    }
    assert_eq!((outbox.mails().len(), of_other.mails().len()), (told.len(), 0), "GLPI has a note of it");
}
