//! The monthly report and the news of a sudden rise, as mails.

use jiff::{Timestamp, Zoned};
use mail_parser::{MessageParser, MimeHeaders as _};
use passerelle::{
    app::App,
    figures::{Period, Reported},
    sandbox::Sandbox,
    smtp::{Mailer, Outbox},
};
use serde_json::json;

use super::generated::{Dice, fill};
use crate::support::{
    gateway::{configured, sandbox},
    helpdesk::Helpdesk,
};

const CORRESPONDENTS: [(&str, &str); 3] = [
    ("people.correspondents.021", "ien.dijon@ac-dijon.fr,Référents-LSU"),
    ("people.correspondents.058", "ien.nevers@ac-dijon.fr"),
    ("people.operators", "chef@ac-dijon.fr"),
];

fn with_outbox(sandbox: &Sandbox) -> (App, Outbox) {
    let (mailer, outbox) = Mailer::memory();
    (App::build_with(configured(sandbox.url().as_str(), &CORRESPONDENTS), mailer).unwrap(), outbox)
}

fn now() -> Zoned {
    Timestamp::now().in_tz("Europe/Paris").unwrap()
}

/// A moment of this month.
fn at(day: i8, hour: i8) -> Zoned {
    now().with().day(day).hour(hour).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_correspondent_gets_the_report_once_whatever_instance_sends_it() {
    let sandbox = sandbox().await;
    fill(&sandbox, &mut Dice::new(21), 1500, now().datetime()).await;
    let (app, outbox) = with_outbox(&sandbox);
    app.figures.read_anew().await.unwrap();
    let morning = at(1, 8);
    // In the night and in the middle of the month nothing is sent.
    for quiet in [at(1, 5), at(15, 8)] {
        app.reports.send_due(&quiet).await;
    }
    assert!(outbox.mails().is_empty());
    app.reports.send_due(&morning).await;
    app.reports.send_due(&morning).await;
    let (other, of_other) = with_outbox(&sandbox);
    other.figures.read_anew().await.unwrap();
    other.reports.send_due(&morning).await;
    assert!(of_other.mails().is_empty(), "GLPI has a note of it");
    let month = Period::month(morning.date().yesterday().unwrap());
    assert_eq!(other.reports.send("021", month, &morning).await.unwrap(), Reported::Before);
    assert_eq!(other.reports.send("089", month, &morning).await.unwrap(), Reported::ToNobody);
    let mut mails = outbox.mails();
    mails.sort_by(|one, other| one.recipient.cmp(&other.recipient));
    let recipients: Vec<_> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["ien.dijon@ac-dijon.fr", "ien.nevers@ac-dijon.fr", "tech1@ac-dijon.fr"]);
    let mail = MessageParser::default().parse(&mails[0].message).unwrap();
    let (html, plain) = (mail.body_html(0).unwrap(), mail.body_text(0).unwrap());
    for said in ["Par application", "Délais", "Par circonscription", "Écoles qui ne demandent rien"] {
        assert!(html.contains(said) && plain.contains(said), "{said}");
    }
    assert!(
        html.contains("021 n°") && !html.contains("058 n°") && !plain.contains("058 n°"),
        "only their department's"
    );
    assert!(mail.subject().unwrap().contains("dans le département 021"), "{:?}", mail.subject());
    let file = mail.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some(format!("pilotage-021-{}.csv", month.code()).as_str()));
    let csv = String::from_utf8(file.contents().to_vec()).unwrap();
    assert!(csv.contains("Par application\r\nApplication;Demandes;Part;"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakdown_is_told_to_operators_once() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let hour = now().datetime();
    let at = |weeks: i64, minute: i8| {
        let then = hour.saturating_sub(jiff::Span::new().weeks(weeks));
        then.with().minute(minute).build().unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let usual = (1..=12).map(|week| json!({"name": "LSU : lent", "itilcategories_id": 2, "date": at(week, 5)}));
    let broken = (0..12).map(|_| json!({"name": "LSU : erreur 500 <b>", "itilcategories_id": 2, "date": at(0, 1)}));
    let all: Vec<_> = usual.chain(broken).collect();
    staff.call(reqwest::Method::POST, "Ticket", all.into()).await;
    let (app, outbox) = with_outbox(&sandbox);
    app.rises.look(hour).await;
    assert!(outbox.mails().is_empty(), "nothing is known yet");
    app.figures.read_anew().await.unwrap();
    app.rises.look(hour).await;
    app.rises.look(hour).await;
    let mails = outbox.mails();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.recipient, "chef@ac-dijon.fr");
    let mail = MessageParser::default().parse(&mail.message).unwrap();
    assert!(mail.subject().unwrap().starts_with("LSU"), "{:?}", mail.subject());
    let text = mail.body_text(0).unwrap();
    for said in ["12\u{a0}demandes", "d’habitude, 1,0", "«\u{a0}erreur\u{a0}» (12\u{a0}fois)"] {
        assert!(text.contains(said), "{said} in {text}");
    }
}
