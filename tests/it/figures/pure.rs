//! The figures of any tickets are what counting each for itself gives.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use passerelle::figures::{
    EscalatedBy, FigureNames, FigureQuestion, NEVER, NO_LEVEL, Period, Sight, TicketFacts, UNKNOWN, WORDS, Way,
    figures, minutes, ods,
};
use proptest::prelude::*;

use super::{
    brute::check,
    cells::{check_csv, check_json, check_ods},
};

/// Each kind has so many names.
const NAMES: u16 = 4;

/// Names, with the places of the schools.
fn names() -> FigureNames {
    let mut names = FigureNames::default();
    for number in 1..=NAMES {
        let name = |what: &str| format!("{what} {number}");
        names.applications.number(&name("application"));
        names.natures.number(&name("nature"));
        names.departments.number(&name("department"));
        names.circonscriptions.number(&name("circonscription"), UNKNOWN);
        names.groups.number(&name("group"));
        names.words.number(&name("word"));
        let school = names.schools.number(&name("school"));
        names.note_school(school, "", number % 3, number % 2);
    }
    names
}

fn number() -> impl Strategy<Value = u16> {
    UNKNOWN..=NAMES
}

fn seconds() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0_u32..100_000, 1 => Just(NEVER)]
}

prop_compose! {
    fn ticket(first: Date)(
        days in 0_i64..900, minute in 0_i64..1440, charge in seconds(), solution in seconds(),
        words in proptest::array::uniform6(number()),
        (school, circonscription, department, application, nature, escalated_from)
            in (number(), number(), number(), number(), number(), number()),
        escalated_by in proptest::option::weighted(0.2, prop_oneof![
            Just(EscalatedBy::Referent), Just(EscalatedBy::Rule), Just(EscalatedBy::Api), Just(EscalatedBy::CommandLine),
        ]),
        refusals in 0_u8..3, level in prop_oneof![0_u8..3, Just(NO_LEVEL)],
        way in prop_oneof![Just(Way::Mail), Just(Way::Form), Just(Way::Other)],
        is_open in any::<bool>(),
    ) -> TicketFacts {
        let opened = first.at(0, 0, 0, 0).saturating_add(jiff::Span::new().days(days).minutes(minute));
        let mut distinct = [UNKNOWN; WORDS];
        for (place, word) in distinct.iter_mut().zip(std::collections::BTreeSet::from(words)) {
            *place = word;
        }
        TicketFacts {
            opened: minutes(opened), charge, solution, words: distinct, school, circonscription, department, application,
            nature, escalated_from, escalated_by, refusals, level, way, is_open,
        }
    }
}

fn period(first: Date) -> impl Strategy<Value = Period> {
    let day = (0_i32..900).prop_map(move |days| -> Date { first.saturating_add(jiff::Span::new().days(days)) });
    (day, 0_i64..300, 0_u8..4).prop_map(|(day, long, kind)| match kind {
        0 => Period::school_year(day),
        1 => Period::month(day),
        2 => Period::week(day),
        _ => Period::between(day, day.saturating_add(jiff::Span::new().days(long))).unwrap(),
    })
}

/// The first of the days that tickets are of: with a leap day among them, and before the days that are counted.
fn first() -> impl Strategy<Value = Date> {
    prop_oneof![3 => Just(date(2026, 9, 1)), 2 => Just(date(2024, 9, 1)), 1 => Just(date(1969, 6, 1))]
}

fn sight() -> impl Strategy<Value = Sight> {
    let some = || proptest::collection::btree_set(number(), 0..3);
    prop_oneof![
        2 => Just(Sight::Everything),
        1 => (some(), some()).prop_map(|(departments, applications)| Sight::Some { departments, applications }),
    ]
}

proptest! {
    #[test]
    fn figures_are_what_counting_each_for_itself_gives(
        (tickets, period, today) in first().prop_flat_map(|first| {
            let today = (300_i64..1000).prop_map(move |days| -> Date { first.saturating_add(jiff::Span::new().days(days)) });
            (proptest::collection::vec(ticket(first), 0..400), period(first), today)
        }),
        (application, department, circonscription, school) in (
            proptest::option::weighted(0.3, number()), proptest::option::weighted(0.3, number()),
            proptest::option::weighted(0.1, number()), proptest::option::weighted(0.1, number()),
        ),
        sight in sight(),
        expected in proptest::collection::btree_map(number(),
            (proptest::option::of(0_u32..100_000), proptest::option::of(0_u32..100_000)), 0..4),
    ) {
        let names = names();
        let expected: BTreeMap<_, _> = expected;
        let question = FigureQuestion { period, application, department, circonscription, school, sight, expected, today };
        let figures = figures(&tickets, &names, &question);
        check(&figures, &tickets, &names, &question);
        let tables = figures.tables();
        for table in &tables {
            check_json(&table.json(), table);
            check_csv(&table.csv(), table);
        }
        check_ods(&ods(&tables).unwrap(), &tables);
    }
}
