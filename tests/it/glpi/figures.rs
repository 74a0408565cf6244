//! The figures of the GLPI under test, against a count of what was made there, ticket by ticket.

use std::collections::BTreeMap;

use jiff::{
    Span,
    civil::{DateTime, date},
};
use passerelle::{
    app::App,
    figures::{EscalatedBy, NEVER, Way, minutes},
    smtp::Mailer,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::target::{Target, account};
use crate::{
    figures::generated::note,
    support::{dice::Dice, gateway::configured, helpdesk::Helpdesk},
};

/// Enough that each kind of ticket is among them.
const TICKETS: usize = 60;

/// What is told of a ticket, without the numbers that names have in one book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    opened: u32,
    application: Option<String>,
    school: Option<String>,
    department: Option<String>,
    escalated_by: Option<EscalatedBy>,
    escalated_from: Option<String>,
    refusals: u8,
    way: Way,
    is_open: bool,
    is_solved: bool,
}

/// How many there are of each, opened in a year that no other ticket is of.
async fn told(app: &App, year: i16) -> BTreeMap<Told, usize> {
    app.figures.read_anew().await.unwrap();
    assert!(app.figures.progress().is_whole);
    app.figures.look(|book| {
        let names = book.names();
        let of = |name: Option<&str>| name.map(str::to_owned);
        let (from, to) = (date(year, 1, 1), date(year + 1, 1, 1));
        let days = minutes(from.to_datetime(jiff::civil::Time::midnight()))
            ..minutes(to.to_datetime(jiff::civil::Time::midnight()));
        let mut all = BTreeMap::new();
        for facts in book.facts().filter(|facts| days.contains(&facts.opened)) {
            let told = Told {
                opened: facts.opened,
                application: of(names.applications.name(facts.application)),
                school: of(names.schools.name(facts.school)),
                department: of(names.departments.name(facts.department)),
                escalated_by: facts.escalated_by,
                escalated_from: of(names.groups.name(facts.escalated_from)),
                refusals: facts.refusals,
                way: facts.way,
                is_open: facts.is_open,
                is_solved: facts.solution != NEVER,
            };
            *all.entry(told).or_default() += 1;
        }
        all
    })
}

/// The category of each application that has tickets here, none for other matters.
async fn categories(helpdesk: &Helpdesk) -> Vec<(Option<&'static str>, Value)> {
    let found = helpdesk.get("ITILCategory?searchText[completename]=LSU&range=0-99").await;
    let path = |row: &&Value| row["completename"].as_str().is_some_and(|path| path.ends_with("Scolarité > LSU"));
    let lsu = found.as_array().unwrap().iter().find(path).unwrap_or_else(|| panic!("{found}"))["id"].clone();
    vec![(Some("LSU"), lsu), (None, json!(0))]
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_what_counting_each_ticket_gives() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str())];
    let (mailer, _) = Mailer::memory();
    let app = App::build_with(configured(target.url().as_str(), &settings), mailer).unwrap();
    let own = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let mut dice = Dice::thrown();
    let categories = categories(&own).await;

    // A run before this one may have had the same year.
    let year = 1975 + i16::try_from(dice.below(40)).unwrap();
    let mut expected = told(&app, year).await;
    for at in 0..TICKETS {
        let opened: DateTime =
            date(year, 1, 2).at(0, 0, 0, 0) + Span::new().minutes(i64::try_from(dice.below(360 * 1440)).unwrap());
        let (application, category) = categories[usize::try_from(dice.below(2)).unwrap()].clone();
        let uai = format!("{}{:04}A", dice.pick(&["021", "058", "071"]), dice.below(30));
        let way = dice.pick(&[Way::Mail, Way::Form, Way::Other]);
        let channel = if way == Way::Form { "formulaire" } else { "courriel" };
        let opening = format!(
            "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>({channel} du 03/11/2026 à 10:15)</small></p>\
             <p><strong>École :</strong> École Zola ({uai})<br><strong>Application :</strong> ONDE (ONDE : accès)</p><hr>\
             <p>Bonjour</p>"
        );
        // Whoever else writes what looks like the gateway's opening only says so.
        let (writer, content) = match way {
            Way::Other => (&staff, if dice.one_in(3) { opening } else { "<p>Bonjour</p>".to_owned() }),
            Way::Mail | Way::Form => (&own, opening),
        };
        let is_own = way != Way::Other;
        let input = json!({
            "name": format!("Chiffres {at}"), "content": content, "itilcategories_id": category,
            "date": opened.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        });
        let ticket = writer.add("Ticket", input).await;
        let (mut escalated_by, mut refusals) = (None, 0);
        if dice.one_in(4) {
            let by = dice.pick(&[EscalatedBy::Referent, EscalatedBy::Rule, EscalatedBy::Api, EscalatedBy::CommandLine]);
            let said = note(ticket, by, "Référents-LSU");
            // A note by somebody else is none.
            if dice.one_in(4) {
                staff.add("ITILFollowup", said).await;
            } else {
                own.add("ITILFollowup", said).await;
                escalated_by = Some(by);
            }
        }
        if dice.one_in(6) {
            staff.solve(ticket, "<p>Fait</p>").await;
            let no = json!({"itemtype": "Ticket", "items_id": ticket, "content": "<p>Non</p>", "add_reopen": 1});
            staff.add("ITILFollowup", no).await;
            refusals = 1;
        }
        if dice.one_in(12) {
            // One in the bin is none.
            staff.call(Method::DELETE, &format!("Ticket/{ticket}"), json!({})).await;
            continue;
        }
        let is_solved = dice.one_in(3);
        if is_solved {
            staff.solve(ticket, "<p>Fait</p>").await;
        } else if dice.one_in(2) {
            staff.set_status(ticket, 2).await;
        }
        let told = Told {
            opened: minutes(opened),
            application: if is_own { Some("ONDE".to_owned()) } else { application.map(str::to_owned) },
            school: is_own.then(|| uai.clone()),
            department: is_own.then(|| uai[..3].to_owned()),
            escalated_by,
            escalated_from: escalated_by.map(|_| "Référents-LSU".to_owned()),
            refusals,
            way,
            is_open: !is_solved,
            is_solved,
        };
        *expected.entry(told).or_default() += 1;
    }
    assert_eq!(told(&app, year).await, expected);
}
