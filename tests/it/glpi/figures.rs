//! The figures of the GLPI under test, against a count of what was made there, ticket by ticket: of sixty, or of as many as
//! `FIGURES_TICKETS` says.

use std::collections::BTreeMap;

use jiff::{
    Span,
    civil::{DateTime, date},
};
use passerelle::{
    app::App,
    figures::{
        EscalatedBy, FigureChoice, FigureNames, FigureQuestion, NEVER, NO_LEVEL, Period, Sight, TicketFacts, UNKNOWN,
        WORDS, Way, minutes, title_words,
    },
    people::{Rights, Role},
    smtp::Mailer,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    marker,
    target::{Target, account},
};
use crate::{
    figures::{
        brute::check,
        generated::{clock, note, subject},
    },
    support::{
        dice::Dice,
        gateway::{ALWAYS_OPEN, configured},
        helpdesk::Helpdesk,
    },
};

/// Enough that each kind of ticket is among them.
const TICKETS: usize = 60;
/// The groups of ONDE's mapping, each with the level it is of, and none.
const LEVELS: [(Option<&str>, u8); 3] = [(Some("Référents-ONDE"), 0), (Some("DSI-BAI"), 1), (None, NO_LEVEL)];

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

/// The number of each of these groups.
async fn groups(helpdesk: &Helpdesk) -> BTreeMap<&'static str, u64> {
    let mut found = BTreeMap::new();
    for name in LEVELS.iter().filter_map(|(name, _)| *name) {
        let rows = helpdesk.get(&format!("Group?searchText[name]={name}&range=0-99")).await;
        let row = rows.as_array().unwrap().iter().find(|row| row["name"] == name);
        found.insert(name, row.unwrap_or_else(|| panic!("{name} in {rows}"))["id"].as_u64().unwrap());
    }
    found
}

/// How long a ticket took until it was taken in charge and until its solution, by what GLPI itself says of it.
async fn took(helpdesk: &Helpdesk, ticket: u64) -> (u32, u32) {
    let row = helpdesk.get(&format!("Ticket/{ticket}")).await;
    let moment = |field: &str| {
        let text = row[field].as_str()?;
        Some(DateTime::strptime("%Y-%m-%d %H:%M:%S", text).unwrap())
    };
    let number = |field: &str| row[field].as_i64().or_else(|| row[field].as_str()?.parse().ok()).unwrap_or_default();
    let opened = moment("date").unwrap();
    let charge = match number("takeintoaccount_delay_stat") {
        0 => NEVER,
        seconds => {
            let taken = moment("takeintoaccountdate").map_or(seconds, |taken| clock(opened, taken));
            u32::try_from(taken).unwrap()
        }
    };
    let solution = match moment("solvedate").filter(|_| number("status") >= 5) {
        None => NEVER,
        Some(solved) => {
            let (counted, waited) = (number("solve_delay_stat"), number("waiting_duration"));
            let whole = i128::from(clock(opened, solved));
            u32::try_from(whole * i128::from(counted) / i128::from(counted + waited)).unwrap()
        }
    };
    (charge, solution)
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_what_counting_each_ticket_gives() {
    let target = Target::start().await;
    let (login, password) = account();
    let account = [("glpi.login", login.as_str()), ("glpi.password", password.as_str())];
    let settings = [&ALWAYS_OPEN[..], &account].concat();
    let (mailer, _) = Mailer::memory();
    let app = App::build_with(configured(target.url().as_str(), &settings), mailer).unwrap();
    let own = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let mut dice = Dice::thrown();
    let (categories, groups) = (categories(&own).await, groups(&own).await);
    let many = std::env::var("FIGURES_TICKETS").map_or(TICKETS, |many| many.parse().unwrap());
    // Of this run alone: what is made here is counted by itself, too.
    let run = marker();
    let circonscription = |department: &str| format!("Essai {run} {department}");
    let (mut all, mut names) = (Vec::new(), FigureNames::default());
    let nature = names.natures.number("ONDE\u{a0}: accès");
    let onde = names.applications.number("ONDE");

    // A run before this one may have had the same year.
    let year = 1975 + i16::try_from(dice.below(40)).unwrap();
    let mut expected = told(&app, year).await;
    for at in 0..many {
        let opened: DateTime =
            date(year, 1, 2).at(0, 0, 0, 0) + Span::new().minutes(i64::try_from(dice.below(360 * 1440)).unwrap());
        let (application, category) = categories[usize::try_from(dice.below(2)).unwrap()].clone();
        let department = dice.pick(&["021", "058", "071"]);
        let uai = format!("{department}7{:03}A", dice.below(30));
        let place = circonscription(department);
        let (group, _) = dice.pick(&LEVELS);
        let title = format!("Chiffres {at} : {}", subject(&mut dice));
        let way = dice.pick(&[Way::Mail, Way::Form, Way::Other]);
        let channel = if way == Way::Form { "formulaire" } else { "courriel" };
        let opening = format!(
            "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>({channel} du 03/11/2026 à 10:15)</small></p>\
             <p><strong>École :</strong> École Zola ({uai})<br><strong>Circonscription :</strong> {place}<br>\
             <strong>Application :</strong> ONDE (ONDE : accès)</p><hr>\
             <p>Bonjour</p>"
        );
        // Whoever else writes what looks like the gateway's opening only says so.
        let (writer, content) = match way {
            Way::Other => (&staff, if dice.one_in(3) { opening } else { "<p>Bonjour</p>".to_owned() }),
            Way::Mail | Way::Form => (&own, opening),
        };
        let is_own = way != Way::Other;
        let mut input = json!({
            "name": title, "content": content, "itilcategories_id": category,
            "date": opened.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        });
        if let Some(group) = group {
            input["_groups_id_assign"] = groups[group].into();
        }
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
        if is_own {
            let (charge, solution) = took(&own, ticket).await;
            // GLPI's own rules may give it to others, too.
            let links = own.get(&format!("Ticket/{ticket}/Group_Ticket?range=0-99")).await;
            let assigned = links.as_array().unwrap().iter().filter(|link| link["type"] == 2);
            let assigned: Vec<u64> = assigned.map(|link| link["groups_id"].as_u64().unwrap()).collect();
            let has = |name: Option<&str>| name.is_none_or(|name| assigned.contains(&groups[name]));
            let level = LEVELS.iter().find(|(name, _)| has(*name)).unwrap().1;
            let mut words = [UNKNOWN; WORDS];
            for (place, word) in words.iter_mut().zip(title_words(&title)) {
                *place = names.note_word(&word);
            }
            let its = names.departments.number(department);
            let of = (names.schools.number(&uai), names.circonscriptions.number(&place, its));
            names.note_school(of.0, &format!("École Zola ({uai})"), its, of.1);
            all.push(TicketFacts {
                opened: told.opened,
                charge,
                solution,
                words,
                school: of.0,
                department: its,
                circonscription: of.1,
                application: onde,
                nature,
                escalated_from: told.escalated_from.as_deref().map_or(UNKNOWN, |name| names.groups.number(name)),
                escalated_by,
                refusals,
                level,
                way,
                is_open: told.is_open,
            });
        }
        *expected.entry(told).or_default() += 1;
    }
    assert_eq!(told(&app, year).await, expected);
    let rights = Rights::of([Role::Operator]);
    for department in ["021", "058", "071"] {
        let choice = FigureChoice {
            department: Some(department.to_owned()),
            circonscription: Some(circonscription(department)),
            ..FigureChoice::of(Period::between(date(year, 1, 1), date(year, 12, 31)).unwrap())
        };
        let its = names.departments.number(department);
        let question = FigureQuestion {
            period: choice.period,
            application: None,
            department: Some(its),
            circonscription: Some(names.circonscriptions.number(&circonscription(department), its)),
            school: None,
            sight: Sight::Everything,
            expected: BTreeMap::new(),
            today: app.figures.today(),
        };
        check(&app.figures.answer(&choice, &rights), &all, &names, &question);
    }
}
