//! From a ticket, as GLPI shows it, to what is counted of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::{
    account_schools::AccountSchools,
    facts::{NEVER, NO_LEVEL, TicketFacts, WORDS, Way},
    name_list::UNKNOWN,
    names::FigureNames,
    title_words::title_words,
};
use crate::{
    flow::route::{Mapping, Mappings, Opening, requester_of},
    glpi::{CountedTicket, TicketOrigin},
    id::UserId,
    request::{School, code_in, department_number, department_of, is_uai},
    text::{fold::words, french::printed},
    working_time::Calendar,
};

/// Where a ticket is from, as far as it says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    uai: Option<String>,
    /// The school as people read it.
    school: Option<String>,
    department: Option<String>,
    circonscription: Option<String>,
}

/// What is counted of this ticket; its names get numbers. What neither its opening nor its entity nor its requester says
/// stays unknown. Anybody can write what looks like an opening: it counts where `own`, the gateway's account, is the
/// ticket's writer. Of requesters with an account, `accounts` tells the schools.
pub(super) fn facts_of(
    ticket: &CountedTicket,
    origin: Option<&TicketOrigin>,
    own: UserId,
    mappings: &Mappings,
    calendar: &Calendar,
    accounts: &AccountSchools,
    names: &mut FigureNames,
) -> TicketFacts {
    let is_own = is_own(origin, own);
    let opening = opening(ticket, is_own, mappings);
    let mapping = match &opening {
        Some(opening) => mappings.find(&opening.application),
        None => mappings.of_category(&ticket.category),
    };
    let application = opening.as_ref().map(|opening| opening.application.as_str());
    let application = application.or(mapping.map(|mapping| mapping.name.as_str())).unwrap_or_default();
    let nature = opening.as_ref().and_then(|opening| opening.nature.as_deref());
    let nature = nature.or_else(|| ticket.category.rsplit(" > ").next()).unwrap_or_default();
    let place = place(opening.as_ref(), ticket, is_own).or_of(accounts.of(&ticket.requesters));
    let department = names.departments.number(place.department.as_deref().unwrap_or_default());
    let circonscription =
        names.circonscriptions.number(place.circonscription.as_deref().unwrap_or_default(), department);
    let key = place.uai.as_deref().or(place.school.as_deref()).unwrap_or_default();
    let school = names.schools.number(key);
    names.note_school(school, place.school.as_deref().unwrap_or_default(), department, circonscription);
    let mut of_title = [UNKNOWN; WORDS];
    for (place, word) in of_title.iter_mut().zip(title_words(&ticket.name)) {
        *place = names.note_word(&word);
    }
    let (charge, solution) = durations(ticket, origin, calendar);
    TicketFacts {
        opened: ticket.opened.map_or(0, minutes),
        charge,
        solution,
        words: of_title,
        school,
        circonscription,
        department,
        application: names.applications.number(application),
        nature: names.natures.number(&printed(nature)),
        level: mapping.and_then(|mapping| level(mapping, &ticket.groups)).unwrap_or(NO_LEVEL),
        way: match &opening {
            Some(opening) if opening.is_form => Way::Form,
            Some(_) => Way::Mail,
            None if is_mail(&ticket.source) => Way::Mail,
            None => Way::Other,
        },
        is_open: !ticket.status.is_over(),
        ..TicketFacts::default()
    }
}

/// Whether neither a ticket's opening nor its entity nor an address says which school it is from: its requesters' accounts
/// may.
pub(super) fn is_placeless(
    ticket: &CountedTicket,
    origin: Option<&TicketOrigin>,
    own: UserId,
    mappings: &Mappings,
) -> bool {
    let is_own = is_own(origin, own);
    place(opening(ticket, is_own, mappings).as_ref(), ticket, is_own).is_unknown()
}

fn is_own(origin: Option<&TicketOrigin>, own: UserId) -> bool {
    origin.is_some_and(|origin| origin.writer == own)
}

fn opening(ticket: &CountedTicket, is_own: bool, mappings: &Mappings) -> Option<Opening> {
    is_own.then(|| mappings.opening(&ticket.content)).flatten()
}

impl Place {
    fn is_unknown(&self) -> bool {
        self.uai.is_none() && self.school.is_none()
    }

    /// As its requester's school says, where it says nothing itself.
    fn or_of(self, school: Option<&School>) -> Self {
        let Some(school) = school.filter(|_| self.is_unknown()) else { return self };
        let uai = school.uai.as_deref().filter(|uai| is_uai(uai)).map(str::to_uppercase);
        let department = school.department.as_deref().and_then(department_number);
        Self {
            department: self.department.or(department).or_else(|| department_of(uai.as_deref()?)),
            circonscription: self.circonscription.or_else(|| school.circonscription.clone()),
            school: Some(school.shown()).filter(|shown| !shown.is_empty()),
            uai,
        }
    }
}

/// Minutes since 1970 on the academy's clocks.
pub fn minutes(moment: DateTime) -> u32 {
    let since = moment.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    u32::try_from(since.as_mins()).unwrap_or_default()
}

/// What the mailbox that GLPI reads itself calls its tickets.
fn is_mail(source: &str) -> bool {
    words(source).iter().any(|word| ["mail", "courriel", "email"].contains(&word.as_str()))
}

fn place(opening: Option<&Opening>, ticket: &CountedTicket, is_own: bool) -> Place {
    let mut place = opening.map_or_else(Place::default, |opening| Place {
        uai: opening.uai.as_deref().map(str::to_uppercase),
        school: opening.school.clone(),
        department: opening.department.as_deref().and_then(department_number),
        circonscription: opening.circonscription.clone(),
    });
    for part in ticket.entity.rsplit(" > ") {
        if place.school.is_none()
            && let Some(code) = code_in(part)
        {
            place.school = Some(part.to_owned());
            place.uai.get_or_insert(code);
        }
        if place.circonscription.is_none()
            && let Some(name) = part.strip_prefix("Circonscription ")
        {
            let name = ["de ", "d’", "d'"].iter().find_map(|of| name.strip_prefix(of)).unwrap_or(name);
            place.circonscription = Some(name.to_owned());
        }
        if place.department.is_none() && code_in(part).is_none() {
            place.department = department_number(part);
        }
    }
    if place.uai.is_none() && place.school.is_none() {
        let requester = is_own.then(|| requester_of(&ticket.content)).flatten();
        let requester = requester.map(|address| address.as_str().to_owned());
        let addresses = requester.iter().chain(&ticket.addresses);
        place.uai = addresses.filter_map(|address| address.split_once('@')).find_map(|(local, _)| code_in(local));
    }
    place.department = place.department.or_else(|| department_of(place.uai.as_deref()?));
    place
}

/// Seconds of working time until it was taken in charge, and until its solution.
///
/// What GLPI counts are seconds of the clock, or of a calendar of its own where the ticket's entity has one: its date is
/// right in both cases. It tells how long a ticket waited, not when: the working time it took is shortened by the same
/// part as the time that GLPI counted.
fn durations(ticket: &CountedTicket, origin: Option<&TicketOrigin>, calendar: &Calendar) -> (u32, u32) {
    let moment = |date: Option<DateTime>| calendar.moment(date?);
    let Some(opened) = moment(ticket.opened) else { return (NEVER, NEVER) };
    let seconds = |worked: Duration| u32::try_from(worked.as_secs()).unwrap_or(NEVER - 1);
    let by_clock = |seconds: u64| opened.checked_add(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok();
    let taken: Option<Timestamp> = match ticket.taken_after {
        0 => None,
        taken_after => moment(origin.and_then(|origin| origin.taken)).or_else(|| by_clock(taken_after)),
    };
    let solved = moment(ticket.solved.or(ticket.closed).filter(|_| ticket.status.is_over()));
    let until_solved = solved.map(|solved| {
        let counted = match (origin, ticket.solved) {
            (None, _) => 0,
            (Some(origin), Some(_)) => origin.solved_in,
            (Some(origin), None) => origin.closed_in,
        };
        let (without_waiting, whole) = match counted {
            // GLPI has counted nothing: the clock.
            0 => {
                let clock = solved.duration_since(opened).as_secs().max(0).unsigned_abs();
                (clock.saturating_sub(ticket.waited), clock)
            }
            counted => (counted, counted.saturating_add(ticket.waited)),
        };
        let worked = u64::from(seconds(calendar.between(opened, solved)));
        let part = (u128::from(worked) * u128::from(without_waiting)).checked_div(u128::from(whole)).unwrap_or(0);
        u32::try_from(part).unwrap_or(NEVER - 1)
    });
    (taken.map_or(NEVER, |taken| seconds(calendar.between(opened, taken))), until_solved.unwrap_or(NEVER))
}

/// The lowest level of an application that has one of these groups, which are full paths.
fn level(mapping: &Mapping, groups: &[String]) -> Option<u8> {
    let has = |name: &str| {
        groups.iter().any(|path| path == name || !name.contains(" > ") && path.rsplit(" > ").next() == Some(name))
    };
    if mapping.first_groups().into_iter().any(has) {
        return Some(0);
    }
    let above = mapping.levels.iter().position(|level| has(&level.group))?;
    u8::try_from(above + 1).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{facts_of, minutes};
    use crate::{
        config,
        figures::{
            account_schools::AccountSchools,
            facts::{NEVER, NO_LEVEL, TicketFacts, Way},
            name_list::UNKNOWN,
            names::FigureNames,
        },
        flow::route::Mappings,
        id::UserId,
        request::School,
        working_time::Calendar,
    };

    const OPENED: &str = "2026-11-24 09:00:00";

    const OWN: UserId = UserId::new(13);

    /// Of a ticket that the gateway made.
    fn read(row: &Value) -> (TicketFacts, FigureNames) {
        read_with(row, &json!({"users_id_recipient": 13}))
    }

    /// Of one whose origin is told so.
    fn read_with(row: &Value, origin: &Value) -> (TicketFacts, FigureNames) {
        let mut all = json!({"2": 7, "12": 2, "15": OPENED});
        all.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        let config = config::load_from(None, []).unwrap();
        let calendar = Calendar::new(&config.calendar, config.time_zone).unwrap();
        let mut names = FigureNames::default();
        let ticket = serde_json::from_value(all).unwrap();
        let mut told = json!({"id": 7});
        told.as_object_mut().unwrap().extend(origin.as_object().unwrap().clone());
        let origin = serde_json::from_value(told).unwrap();
        let mut accounts = AccountSchools::default();
        let school = School {
            uai: Some("0710005e".to_owned()),
            name: Some("École Zola".to_owned()),
            circonscription: Some("Autun".to_owned()),
            department: None,
        };
        let nobody_s = School { name: Some("École Hugo".to_owned()), ..School::default() };
        accounts
            .note([(UserId::new(40), Some(school)), (UserId::new(41), None), (UserId::new(42), Some(nobody_s))].into());
        let mappings = Mappings::load(None).unwrap();
        (facts_of(&ticket, Some(&origin), OWN, &mappings, &calendar, &accounts, &mut names), names)
    }

    fn opening(channel: &str, lines: &str) -> String {
        format!(
            "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>({channel} du 03/11/2026)</small></p><p>{lines}\
             <strong>Application :</strong> LSU (LSU : bilans)</p><hr><p>Bonjour</p>"
        )
    }

    #[test]
    fn a_ticket_of_the_gateway_says_all_of_it() {
        let lines = "<strong>École :</strong> École Voltaire (0210001A)<br><strong>Circonscription :</strong> Dijon \
                     Nord<br><strong>Département :</strong> 021<br>";
        let (facts, names) =
            read(&json!({"1": "LSU : bilans grisés", "21": opening("formulaire", lines), "8": "Référents-LSU"}));
        assert_eq!(names.applications.name(facts.application), Some("LSU"));
        assert_eq!(names.natures.name(facts.nature), Some("LSU\u{a0}: bilans"), "as it is printed");
        assert_eq!(names.departments.name(facts.department), Some("021"));
        assert_eq!(names.circonscriptions.name(facts.circonscription), Some("Dijon Nord"));
        assert_eq!(names.schools.name(facts.school), Some("0210001A"));
        assert_eq!(names.school(facts.school), Some("École Voltaire (0210001A)"));
        assert_eq!(
            facts.words.map(|word| names.words.name(word)),
            [Some("bilans"), Some("grises"), None, None, None, None]
        );
        assert_eq!((facts.way, facts.level, facts.is_open), (Way::Form, 0, true));
        assert_eq!(facts.opened, minutes(OPENED.parse::<DateTime>().unwrap()));
        assert_eq!((facts.charge, facts.solution), (NEVER, NEVER));
    }

    #[rstest]
    #[case::the_entity(json!({"80": "Académie > 58 - Nièvre > Circonscription de Nevers"}), Some("058"), Some("Nevers"), None)]
    #[case::the_school_s_entity(json!({"80": "Académie > École Zola (0710005e)"}), Some("071"), None, Some("0710005E"))]
    #[case::the_requester_s_address(json!({"34": "ce.0890003c@ac-dijon.fr"}), Some("089"), None, Some("0890003C"))]
    #[case::nobody(json!({"80": "Académie > 1er degré", "34": "jeanne@ac-dijon.fr"}), None, None, None)]
    #[case::the_requester_s_account(json!({"4": "40"}), Some("071"), Some("Autun"), Some("0710005E"))]
    #[case::the_first_account_with_a_school(json!({"4": [41, 40]}), Some("071"), Some("Autun"), Some("0710005E"))]
    #[case::a_school_without_a_code(json!({"4": 42}), None, None, Some("École Hugo"))]
    #[case::an_account_of_no_school(json!({"4": [41, 99]}), None, None, None)]
    #[case::an_address_before_an_account(json!({"4": 40, "34": "ce.0890003c@ac-dijon.fr"}), Some("089"), None, Some("0890003C"))]
    #[case::the_entity_s_department_with_it(json!({"4": 40, "80": "Académie > 58 - Nièvre"}), Some("058"), Some("Autun"), Some("0710005E"))]
    fn another_ticket_says_where_it_is_from_by(
        #[case] row: Value,
        #[case] department: Option<&str>,
        #[case] circonscription: Option<&str>,
        #[case] school: Option<&str>,
    ) {
        let (facts, names) = read(&row);
        assert_eq!(names.departments.name(facts.department), department);
        assert_eq!(names.circonscriptions.name(facts.circonscription), circonscription);
        assert_eq!(names.schools.name(facts.school), school);
        assert_eq!((facts.way, facts.level), (Way::Other, NO_LEVEL));
    }

    #[test]
    fn a_school_that_only_the_form_names_is_the_requester_s_by_their_address() {
        let lines = "<a href=\"mailto:ce.0210001a@ac-dijon.fr\">x</a><br>";
        let (facts, names) = read(&json!({"21": opening("courriel", lines)}));
        assert_eq!((names.schools.name(facts.school), facts.way), (Some("0210001A"), Way::Mail));
        assert_eq!(names.departments.name(facts.department), Some("021"));
    }

    #[rstest]
    #[case::somebody_s(json!({"users_id_recipient": 7}))]
    #[case::nobody_s(json!({"users_id_recipient": 0}))]
    #[case::nobody_knows_whose(json!({}))]
    fn what_only_looks_like_an_opening_says_nothing(#[case] origin: Value) {
        let lines = "<strong>Demandeur :</strong> <a href=\"mailto:ce.0710001A@ac-dijon.fr\">x</a><br><strong>École :</strong> \
                     Fausse (0580001A)<br><strong>Circonscription :</strong> Nevers<br><strong>Département :</strong> \
                     058<br>";
        let mut row =
            json!({"21": opening("formulaire", lines).replace("LSU", "FAUX"), "80": "Académie > 21 - Côte-d'Or"});
        let (facts, names) = read_with(&row, &origin);
        assert_eq!(names.departments.name(facts.department), Some("021"), "its entity's");
        let unknown = (facts.application, facts.school, facts.circonscription);
        assert_eq!((unknown, facts.way), ((UNKNOWN, UNKNOWN, UNKNOWN), Way::Other));
        assert_eq!(names.applications.all().count() + names.schools.all().count(), 0, "no name is invented");
        // By its category, as any ticket.
        row["7"] = "Scolarité > LSU".into();
        let (facts, names) = read_with(&row, &origin);
        assert_eq!(names.applications.name(facts.application), Some("LSU"));
    }

    /// GLPI's calendar is open from 8 to 20, from Monday to Friday; the gateway's from 8 to 12 and from 13:30 to 17:30.
    #[rstest]
    // Opened on Thursday at 16, taken on Saturday: 16 hours of GLPI's calendar.
    #[case::on_a_saturday("2026-11-26 16:00:00", json!({"150": 57_600}), json!({"takeintoaccountdate": "2026-11-28 22:21:00"}), (9 * 3600 + 1800, NEVER))]
    #[case::before_it_told_when("2026-11-26 16:00:00", json!({"150": 3600}), json!({"takeintoaccountdate": null}), (3600, NEVER))]
    #[case::whose_charge_is_taken_back("2026-11-26 16:00:00", json!({"150": 0}), json!({"takeintoaccountdate": "2026-11-26 17:00:00"}), (NEVER, NEVER))]
    // From Tuesday at 9 to Wednesday at 9: 12 hours of GLPI's, half of which it waited.
    #[case::it_waited(OPENED, json!({"12": 5, "17": "2026-11-25 09:00:00", "153": 21_600}), json!({"solve_delay_stat": 21_600}), (NEVER, 4 * 3600))]
    #[case::it_did_not_wait(OPENED, json!({"12": 5, "17": "2026-11-25 09:00:00"}), json!({"solve_delay_stat": 43_200}), (NEVER, 8 * 3600))]
    #[case::closed_alone(OPENED, json!({"12": 6, "16": "2026-11-25 09:00:00", "153": 21_600}), json!({"close_delay_stat": 21_600}), (NEVER, 4 * 3600))]
    // The same without a calendar: seconds of the clock.
    #[case::by_the_clock(OPENED, json!({"12": 5, "17": "2026-11-25 09:00:00", "153": 43_200}), json!({"solve_delay_stat": 43_200}), (NEVER, 4 * 3600))]
    fn what_glpi_counts_by_its_own_calendar_is_working_time_by_the_gateway_s(
        #[case] opened: &str,
        #[case] row: Value,
        #[case] origin: Value,
        #[case] expected: (u32, u32),
    ) {
        let mut all = json!({"15": opened});
        all.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        let (facts, _) = read_with(&all, &origin);
        assert_eq!((facts.charge, facts.solution), expected);
    }

    #[rstest]
    #[case::nobody_has_it(json!({}), NEVER, NEVER)]
    // From nine to noon, and from half past one.
    #[case::taken(json!({"150": 5 * 3600}), 3 * 3600 + 1800, NEVER)]
    #[case::solved(json!({"12": 5, "150": 3600, "17": "2026-11-25 09:00:00"}), 3600, 8 * 3600)]
    // Half of the day it waited.
    #[case::waited(json!({"12": 6, "150": 60, "153": 12 * 3600, "17": "2026-11-25 09:00:00"}), 60, 4 * 3600)]
    #[case::waited_always(json!({"12": 6, "153": 90_000, "17": "2026-11-25 09:00:00"}), NEVER, 0)]
    #[case::closed_without_a_solution(json!({"12": 6, "16": "2026-11-24 10:00:00"}), NEVER, 3600)]
    // A solution that was refused is none.
    #[case::open_again(json!({"12": 2, "17": "2026-11-25 09:00:00"}), NEVER, NEVER)]
    fn it_takes_working_time(#[case] row: Value, #[case] charge: u32, #[case] solution: u32) {
        let (facts, _) = read(&row);
        assert_eq!((facts.charge, facts.solution), (charge, solution));
    }
}
