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

use super::generated::fill;
use crate::{
    acknowledge::Relay,
    support::{
        dice::Dice,
        gateway::{DIRECTORS, Gateway, configured, mail, sandbox},
        helpdesk::Helpdesk,
    },
};

const CORRESPONDENTS: [(&str, &str); 3] = [
    ("people.correspondents.021", "ien.dijon@ac-dijon.fr,Référents-LSU"),
    ("people.correspondents.058", "ien.nevers@ac-dijon.fr"),
    ("people.operators", "chef@ac-dijon.fr"),
];

fn with_outbox(sandbox: &Sandbox) -> (App, Outbox) {
    with(sandbox, &[])
}

fn with(sandbox: &Sandbox, settings: &[(&str, &str)]) -> (App, Outbox) {
    let (mailer, outbox) = Mailer::memory();
    let settings = [&CORRESPONDENTS[..], settings].concat();
    (App::build_with(configured(sandbox.url().as_str(), &settings), mailer).unwrap(), outbox)
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
async fn a_report_that_the_relay_took_for_some_goes_to_the_others_and_to_nobody_twice() {
    let sandbox = sandbox().await;
    let mut relay = Relay::start(&[]).await;
    let settings = [&CORRESPONDENTS[..], &[("smtp.url", relay.url.as_str()), ("smtp.retries", "0")]].concat();
    let app = App::build(configured(sandbox.url().as_str(), &settings)).unwrap();
    let (now, month) = (at(2, 8), Period::month(at(2, 8).date()));
    relay.fill(Some("tech1@ac-dijon.fr"));
    assert_eq!(app.reports.send("021", month, &now).await.unwrap(), Reported::Failed);
    relay.fill(None);
    let Reported::To(rest) = app.reports.send("021", month, &now).await.unwrap() else { panic!("it is not sent") };
    assert_eq!(rest.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tech1@ac-dijon.fr"]);
    assert_eq!(app.reports.send("021", month, &now).await.unwrap(), Reported::Before);
    let mut taken: Vec<_> = relay.taken().into_iter().flat_map(|mail| mail.envelope).collect();
    taken.sort();
    taken.retain(|line| line.starts_with("RCPT"));
    assert_eq!(taken, ["RCPT TO:<ien.dijon@ac-dijon.fr>", "RCPT TO:<tech1@ac-dijon.fr>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_come_again_are_proposed_to_their_referents_once() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("quota.per_day", "100")]).await;
    let subjects =
        ["LSU : bilan grisé", "LSU : le bilan est grisé", "LSU : bilans grisés", "LSU : import", "ONDE : bilan grisé"];
    for (at, subject) in subjects.iter().enumerate() {
        let reply = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], &format!("q{at}"), subject, "Bonjour")).await;
        assert!(reply.contains("created"), "{reply}");
    }
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    for ticket in sandbox.tickets() {
        staff.solve(u64::try_from(ticket.id).unwrap(), "<p>Clôturez d’abord la période précédente.</p>").await;
    }
    let (mailer, outbox) = Mailer::memory();
    let people = [("people.referents.lsu", "Référents-LSU"), ("people.referents.onde", "onde@ac-dijon.fr")];
    let app = App::build_with(configured(sandbox.url().as_str(), &people), mailer).unwrap();
    let (now, month) = (now(), Period::month(now().date()));
    let sent = app.proposals.send("LSU", month, &now).await.unwrap();
    assert!(matches!(&sent, Reported::To(to) if to.len() == 1), "{sent:?}");
    assert_eq!(app.proposals.send("LSU", month, &now).await.unwrap(), Reported::Before);
    assert_eq!(app.proposals.send("ONDE", month, &now).await.unwrap(), Reported::Nothing);
    let before = Period::month(now.date().first_of_month().yesterday().unwrap());
    assert_eq!(app.proposals.send("LSU", before, &now).await.unwrap(), Reported::Nothing);
    let mails = outbox.mails();
    let [letter] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(letter.recipient, "tech1@ac-dijon.fr");
    let letter = MessageParser::default().parse(&letter.message).unwrap();
    assert!(letter.subject().unwrap().starts_with("Fiches à écrire"), "{:?}", letter.subject());
    let text = letter.body_text(0).unwrap();
    for said in ["bilans grisés", "#fiche", "Fiche\u{a0}: aucune", "front/ticket.form.php?id="] {
        assert!(text.contains(said), "{said} in {text}");
    }
    let csv = String::from_utf8(letter.attachment(0).unwrap().contents().to_vec()).unwrap();
    assert!(csv.contains(";3;;") && csv.contains("Clôturez d’abord") && !csv.contains("import"), "{csv}");
    gateway.finish().await;
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
    assert!(!text.contains("/information"), "no announcement can be written: {text}");
    assert!(text.contains("sauf si la passerelle redémarre"), "nothing remembers it: {text}");
    let (announcing, outbox) = with(&sandbox, &[("announcements.enabled", "true")]);
    announcing.figures.read_anew().await.unwrap();
    announcing.rises.look(hour).await;
    let mail = &outbox.mails()[0].message;
    let proposing = MessageParser::default().parse(mail).unwrap().body_text(0).unwrap().into_owned();
    assert!(proposing.contains("«\u{a0}/information\u{a0}»"), "{proposing}");
    for said in ["12\u{a0}demandes", "d’habitude, 1,0", "«\u{a0}erreur\u{a0}» (12\u{a0}fois)"] {
        assert!(text.contains(said), "{said} in {text}");
    }
}
