//! The monthly report and the news of a sudden rise, as mails.

use jiff::{Timestamp, Zoned};
use mail_parser::{MessageParser, MimeHeaders as _};
use passerelle::{
    app::App,
    figures::{Period, Reported},
    sandbox::{Failure, Failures, Rule, Sandbox},
    smtp::{Mailer, Outbox},
    telemetry,
};
use serde_json::json;

use super::generated::fill;
use crate::{
    acknowledge::{Behaviour, Relay},
    support::{
        dice::Dice,
        gateway::{DIRECTORS, Gateway, configured, mail, sandbox},
        helpdesk::Helpdesk,
        redis::Redis,
        wait_until,
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
    assert!(bars_are_shares(&html) > 20, "{html}");
    assert!(mail.subject().unwrap().contains("dans le département 021"), "{:?}", mail.subject());
    let file = mail.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some(format!("pilotage-021-{}.csv", month.code()).as_str()));
    let csv = String::from_utf8(file.contents().to_vec()).unwrap();
    assert!(csv.contains("Par application\r\nApplication;Demandes;Part;"), "{csv}");
}

/// Fails unless each bar is as wide as its number is large, by attributes that any mail program knows; gives how many there
/// are.
fn bars_are_shares(html: &str) -> usize {
    let mut bars = 0;
    for part in html.split("<h2 ").skip(1) {
        let row = |row: &str| -> Option<(u32, u32, u32)> {
            let (picture, rest) = row.split_once("</tr></table>")?;
            let width = |cell: Option<&str>| cell.map_or(0, |cell| cell.split_once('%').unwrap().0.parse().unwrap());
            let mut cells = picture.split("<td width=\"").skip(1);
            let filled = picture.contains("bgcolor=\"#4a7fc4\"").then(|| cells.next()).flatten();
            // The number stands beside it.
            let number = rest.split_once("<td ")?.1.split_once('>')?.1.split_once('<')?.0.replace('\u{202f}', "");
            Some((width(filled), width(cells.next()), number.parse().unwrap()))
        };
        let rows: Vec<_> = part.split("<th scope=\"row\"").skip(1).filter_map(row).collect();
        let most = rows.iter().map(|(.., number)| *number).max().unwrap_or_default();
        for (filled, empty, number) in &rows {
            assert_eq!((*filled, filled + empty), (number * 100 / most, 100), "{part}");
        }
        bars += rows.len();
    }
    assert!(!html.contains("<div style=\"width"), "a block has no width in Outlook");
    bars
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
    assert!(!text.contains("Rédiger la fiche"), "{text}");
    let csv = String::from_utf8(letter.attachment(0).unwrap().contents().to_vec()).unwrap();
    assert!(csv.contains(";3;;") && csv.contains("Clôturez d’abord") && !csv.contains("import"), "{csv}");
    // With the page that drafts articles, each ticket leads there.
    let page = ("knowledge.draft_link", "https://assistance.ac-dijon.fr/pilotage/fiches/{id}");
    let settings = [&people[..], &[page]].concat();
    let app = App::build_with(configured(sandbox.url().as_str(), &settings), Mailer::memory().0).unwrap();
    let all = app.proposals.of_month(month).await.unwrap();
    let report = app.proposals.report("LSU", month, &all).unwrap();
    assert!(report.about.contains("«\u{a0}Rédiger la fiche\u{a0}»"), "{}", report.about);
    let tickets = report.parts[0].rows[0].cells.last().unwrap();
    assert!(tickets.starts_with("https://assistance.ac-dijon.fr/pilotage/fiches/"), "{tickets}");
    assert!(!tickets.contains("{id}"), "{tickets}");
    gateway.finish().await;
}

/// On the first days of a month, from seven on, once, whatever instance: of the month before, each application's own.
#[tokio::test(flavor = "multi_thread")]
async fn the_lists_go_out_on_the_first_days_of_a_month_by_one_instance() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let gateway = Gateway::start(&sandbox, &[("quota.per_day", "100")]).await;
    for at in 0..3 {
        let form = json!({
            "requester": DIRECTORS[0], "application": "LSU", "title": "Bilan grisé", "description": format!("Bonjour {at}"),
        });
        assert_eq!(gateway.post_form(&form, None).await.status(), 201);
    }
    gateway.finish().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    for ticket in sandbox.tickets() {
        staff.solve(u64::try_from(ticket.id).unwrap(), "<p>Clôturez d’abord la période précédente.</p>").await;
    }
    let people = [("people.referents.lsu", "lsu@ac-dijon.fr"), ("people.referents.onde", "onde@ac-dijon.fr")];
    let people = [&redis.settings()[..], &people].concat();
    let with_outbox = || {
        let (mailer, outbox) = Mailer::memory();
        (App::build_with(configured(sandbox.url().as_str(), &people), mailer).unwrap(), outbox)
    };
    let ((one, of_one), (other, of_other)) = (with_outbox(), with_outbox());
    let next_month = now().datetime().date().last_of_month().tomorrow().unwrap();
    let at = |day: i8, hour: i8| {
        next_month.with().day(day).build().unwrap().at(hour, 0, 0, 0).in_tz("Europe/Paris").unwrap()
    };
    for (app, quiet) in [(&one, at(1, 6)), (&one, at(11, 8)), (&other, at(28, 8))] {
        app.proposals.send_due(&quiet).await;
    }
    assert!(of_one.mails().is_empty() && of_other.mails().is_empty());
    let morning = at(10, 7);
    tokio::join!(one.proposals.send_due(&morning), other.proposals.send_due(&morning));
    // Whoever lost looks again, and finds that it is done.
    for app in [&one, &other, &one] {
        app.proposals.send_due(&morning).await;
    }
    let sent: Vec<String> =
        [&of_one, &of_other].iter().flat_map(|outbox| outbox.mails()).map(|mail| mail.recipient).collect();
    assert_eq!(sent, ["lsu@ac-dijon.fr"], "nothing comes again and again on ONDE");
    // A new instance is told by GLPI.
    let (fresh, of_fresh) = with_outbox();
    fresh.proposals.send_due(&morning).await;
    assert!(of_fresh.mails().is_empty());
    // And a month later there is nothing to tell.
    let later = next_month.last_of_month().tomorrow().unwrap().at(8, 0, 0, 0).in_tz("Europe/Paris").unwrap();
    fresh.proposals.send_due(&later).await;
    assert!(of_fresh.mails().is_empty());
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
    let metrics = telemetry::metrics();
    let counted = || {
        let rendered = metrics.render();
        let line = rendered.lines().find(|line| line.starts_with("passerelle_sudden_rises_total{application=\"LSU\"}"));
        line.and_then(|line| line.rsplit_once(' ')).unwrap().1.to_owned()
    };
    let (app, outbox) = with_outbox(&sandbox);
    assert_eq!(counted(), "0");
    app.rises.look(hour).await;
    assert!(outbox.mails().is_empty(), "nothing is known yet");
    app.figures.read_anew().await.unwrap();
    app.rises.look(hour).await;
    app.rises.look(hour).await;
    let mails = outbox.mails();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(counted(), "1");
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

/// An instance whose mails go to this relay, which may take three seconds.
fn by_relay(sandbox: &Sandbox, relay: &Relay, more: &[(&str, &str)]) -> App {
    let settings = [("smtp.url", relay.url.as_str()), ("smtp.retries", "0"), ("smtp.timeout", "3s")];
    App::build(configured(sandbox.url().as_str(), &[&CORRESPONDENTS[..], &settings, more].concat())).unwrap()
}

/// Whom the mails that were taken are for, in order.
fn recipients(relay: &mut Relay) -> Vec<String> {
    let lines = relay.taken().into_iter().flat_map(|mail| mail.envelope);
    let mut all: Vec<_> =
        lines.filter_map(|line| Some(line.split_once("RCPT TO:<")?.1.trim_end_matches('>').to_owned())).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_sent_while_a_letter_took_long_is_not_sent_again() {
    let sandbox = sandbox().await;
    let mut relay = Relay::start(&[Behaviour::Hang]).await;
    // Each of them believes that it alone sends, as where a right has lapsed.
    let [slow, other] = [0, 1].map(|_| by_relay(&sandbox, &relay, &[]));
    let (now, month) = (at(2, 8), Period::month(at(2, 8).date()));
    let (reports, at) = (std::sync::Arc::clone(&slow.reports), now.clone());
    let sending = tokio::spawn(async move { reports.send("021", month, &at).await.unwrap() });
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    wait_until("its first letter is under way", async || {
        own.get("Reminder?range=0-99").await.as_array().is_some_and(|notes| !notes.is_empty())
    })
    .await;
    let Reported::InDoubt(of) = other.reports.send("021", month, &now).await.unwrap() else { panic!("it is known") };
    assert_eq!(of.iter().map(ToString::to_string).collect::<Vec<_>>(), ["ien.dijon@ac-dijon.fr"]);
    // The relay never answered about its first letter; the other one has sent the second.
    assert_eq!(sending.await.unwrap(), Reported::InDoubt(of));
    assert_eq!(recipients(&mut relay), ["tech1@ac-dijon.fr"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_sends_each_kind_of_monthly_mail() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let relay = Relay::start(&[Behaviour::Hang]).await;
    let shared = [&redis.settings()[..], &[("people.referents.lsu", "onde@ac-dijon.fr")]].concat();
    let [one, other] = [0, 1].map(|_| by_relay(&sandbox, &relay, &shared));
    let (now, month) = (at(2, 8), Period::month(at(2, 8).date()));
    let (reports, at) = (std::sync::Arc::clone(&one.reports), now.clone());
    let sending = tokio::spawn(async move { reports.send("021", month, &at).await.unwrap() });
    wait_until("its first letter is under way", async || relay.connections() == 1).await;
    for _ in 0..2 {
        assert_eq!(other.reports.send("021", month, &now).await.unwrap(), Reported::Elsewhere);
        // The other kind goes its own way, and gives back nothing of this one's.
        assert_eq!(other.proposals.send("LSU", month, &now).await.unwrap(), Reported::Nothing);
    }
    assert!(matches!(sending.await.unwrap(), Reported::InDoubt(of) if of.len() == 1));
    let sent = other.reports.send("021", month, &now).await.unwrap();
    assert!(matches!(sent, Reported::InDoubt(_)), "the right is given back: {sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_gets_or_has_nothing_to_tell_is_looked_at_again() {
    let sandbox = sandbox().await;
    let people = [("people.correspondents.089", "Référents-LSU"), ("people.referents.lsu", "lsu@ac-dijon.fr")];
    let (app, outbox) = with(&sandbox, &people);
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let switch = async |is_active: u8| {
        staff.call(reqwest::Method::PUT, "User/15", json!({"is_active": is_active})).await;
    };
    let of = |recipient: &str| outbox.mails().iter().filter(|mail| mail.recipient == recipient).count();
    app.figures.read_anew().await.unwrap();
    // Of next month, so that what is solved today is of the month before.
    let next = now().first_of_month().unwrap().checked_add(jiff::Span::new().months(1)).unwrap();
    let at = |day: i8, hour: i8| next.with().day(day).hour(hour).build().unwrap();
    switch(0).await;
    let look = async |now: Zoned| {
        app.reports.send_due(&now).await;
        app.proposals.send_due(&now).await;
    };
    look(at(1, 8)).await;
    assert_eq!((of("tech1@ac-dijon.fr"), of("lsu@ac-dijon.fr")), (0, 0));
    switch(1).await;
    let content = "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>(courriel du 03/11/2026)</small></p>\
                   <p><strong>Application :</strong> LSU (LSU : bilans)</p><hr><p>Bonjour</p>";
    let again = ["LSU : bilan grisé", "LSU : le bilan est grisé", "LSU : bilans grisés"];
    let again = again.map(|title| json!({"name": title, "content": content, "itilcategories_id": 2}));
    // An opening is believed of the gateway's own account alone.
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    own.call(reqwest::Method::POST, "Ticket", again.to_vec().into()).await;
    for ticket in sandbox.tickets() {
        staff.solve(u64::try_from(ticket.id).unwrap(), "<p>Clôturez d’abord la période précédente.</p>").await;
    }
    // Not at each look: that would ask GLPI for ever.
    look(at(1, 9)).await;
    assert_eq!((of("tech1@ac-dijon.fr"), of("lsu@ac-dijon.fr")), (0, 0));
    for _ in 0..2 {
        look(at(3, 8)).await;
    }
    // The one of 089 and the one of 021, whose group it is, too.
    assert_eq!((of("tech1@ac-dijon.fr"), of("lsu@ac-dijon.fr")), (1, 1));
}

/// So many requests of LSU in this hour, and one in the same hour of each week before.
async fn breakdown(sandbox: &Sandbox, hour: jiff::civil::DateTime) {
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let at = |weeks: i64, minute: i8| {
        let then = hour.saturating_sub(jiff::Span::new().weeks(weeks));
        then.with().minute(minute).build().unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let usual = (1..=12).map(|week| json!({"name": "LSU : lent", "itilcategories_id": 2, "date": at(week, 5)}));
    let broken = (0..12).map(|place| {
        let title = ["LSU : Erreur 500 !", "LSU : erreur 500", "LSU : page blanche, erreur"][place % 4 % 3];
        json!({"name": title, "itilcategories_id": 2, "date": at(0, 1)})
    });
    let all: Vec<_> = usual.chain(broken).collect();
    staff.call(reqwest::Method::POST, "Ticket", all.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakdown_that_cannot_be_told_now_is_told_later_once() {
    let hour = now().datetime();
    let later = |hours: i64| hour.saturating_add(jiff::Span::new().hours(hours));
    for is_glpi_away in [false, true] {
        let sandbox = sandbox().await;
        breakdown(&sandbox, hour).await;
        let mut relay = Relay::start(&[]).await;
        let app = by_relay(&sandbox, &relay, &[("people.operators", "chef@ac-dijon.fr,Référents-LSU")]);
        app.figures.read_anew().await.unwrap();
        if is_glpi_away {
            sandbox.set_failures(Rule::always(Failure::Down));
        } else {
            relay.fill(Some("tech1@ac-dijon.fr"));
        }
        app.rises.look(hour).await;
        app.rises.look(later(1)).await;
        let told_at_once: &[&str] = if is_glpi_away { &[] } else { &["chef@ac-dijon.fr"] };
        assert_eq!(recipients(&mut relay), told_at_once);
        sandbox.set_failures(Failures::none());
        relay.fill(None);
        app.rises.look(later(3)).await;
        app.rises.look(later(4)).await;
        let rest: &[&str] =
            if is_glpi_away { &["chef@ac-dijon.fr", "tech1@ac-dijon.fr"] } else { &["tech1@ac-dijon.fr"] };
        assert_eq!(recipients(&mut relay), rest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakdown_s_mail_names_its_titles_and_leads_to_the_page_of_announcements() {
    let sandbox = sandbox().await;
    let hour = now().datetime();
    breakdown(&sandbox, hour).await;
    let settings = [
        ("announcements.enabled", "true"),
        ("notify.portal_link", "https://assistance.ac-dijon.fr/portail/demandes/{id}"),
    ];
    let (app, outbox) = with(&sandbox, &settings);
    app.figures.read_anew().await.unwrap();
    let calls = sandbox.calls();
    app.rises.look(hour).await;
    assert!(sandbox.calls() - calls <= 1, "one search for titles");
    let mail = &outbox.mails()[0].message;
    let text = MessageParser::default().parse(mail).unwrap().body_text(0).unwrap().into_owned();
    let titles = "Objets qui reviennent\u{a0}: «\u{a0}LSU : Erreur 500 !\u{a0}» (9\u{a0}fois), «\u{a0}LSU : page blanche, erreur\u{a0}» (3\u{a0}fois).";
    assert!(text.contains(titles), "{titles} in {text}");
    let link = "https://assistance.ac-dijon.fr/information/nouvelle?application=LSU&subject=Incident+en+cours+sur+LSU%C2%A0%3A+Erreur+500+%21";
    assert!(text.contains(link), "{link} in {text}");
}
