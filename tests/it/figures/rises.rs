//! How often chance alone would be taken for a breakdown, and that a breakdown is not missed.

use passerelle::figures::{FigureNames, TicketFacts, sudden_rises};

use crate::support::dice::Dice;

const WEEK: u32 = 7 * 24;
/// Requests of an hour that a national application has on a school morning.
const BUSY: f64 = 3.0;
const APPLICATIONS: usize = 4;

/// A number of independent events of this mean (Knuth, TAOCP 3.4.1).
fn poisson(dice: &mut Dice, mean: f64) -> u32 {
    let (limit, mut product, mut number) = ((-mean).exp(), dice.share(), 0);
    while product > limit {
        product *= dice.share();
        number += 1;
    }
    number
}

/// How many requests come in an hour of the week, a part of the busiest.
fn usual(hour: u32) -> f64 {
    let (day, hour) = (hour / 24 % 7, hour % 24);
    match (day, hour) {
        (0 | 1 | 3 | 4, 8..=11) => 1.0,
        (0 | 1 | 3 | 4, 13..=17) => 0.7,
        (2, 8..=11) => 0.4,
        (5 | 6, _) => 0.02,
        (_, 7 | 12 | 18..=20) => 0.25,
        _ => 0.01,
    }
}

/// Requests of a year and twelve weeks, hour by hour: whole weeks are busier or quieter than others by up to a third,
/// and sixteen are holidays.
fn year(dice: &mut Dice) -> (FigureNames, Vec<TicketFacts>, std::ops::Range<u32>) {
    let mut names = FigureNames::default();
    let applications: Vec<u16> =
        (0..APPLICATIONS).map(|place| names.applications.number(&format!("A{place}"))).collect();
    // A Monday: the first day of 1970 was a Thursday.
    let first = 2900 * WEEK + 4 * 24;
    let mut facts = Vec::new();
    for week in 0..64 {
        let is_holiday = week % 8 >= 6;
        let factor = if is_holiday { 0.0 } else { 2.0 / 3.0 + dice.share() * 2.0 / 3.0 };
        for hour in 0..WEEK {
            for (place, application) in applications.iter().enumerate() {
                let size = [1.0, 0.6, 0.3, 0.1][place];
                let mean = BUSY * size * factor * usual(hour);
                for _ in 0..poisson(dice, mean) {
                    let opened = (first + week * WEEK + hour) * 60 + 1;
                    facts.push(TicketFacts { opened, application: *application, ..TicketFacts::default() });
                }
            }
        }
    }
    (names, facts, first + 12 * WEEK..first + 64 * WEEK)
}

#[test]
fn a_year_without_a_breakdown_has_hardly_an_alarm_and_each_breakdown_has_one() {
    let mut dice = Dice::thrown();
    let (mut alarms, years) = (0, 3);
    for _ in 0..years {
        let (names, facts, hours) = year(&mut dice);
        // Only what may count is looked at, or it would take minutes.
        let looked_at = |hour: u32| -> Vec<TicketFacts> {
            let back = |facts: &&TicketFacts| hour >= facts.opened / 60 && (hour - facts.opened / 60) <= 12 * WEEK + 24;
            facts
                .iter()
                .filter(back)
                .filter(|facts| (hour / 24 - facts.opened / 1440).is_multiple_of(7))
                .copied()
                .collect()
        };
        for hour in hours.clone().filter(|hour| usual(*hour) > 0.02) {
            alarms += sudden_rises(&looked_at(hour), &names, hour).len();
        }
        // On a Tuesday morning in school time, many more than usual: of the busiest application and of the smallest.
        let week = hours.start + 7 * WEEK;
        let hour = week + 24 + 9;
        for (place, more) in [(0, 25), (3, 12)] {
            let mut broken = looked_at(hour);
            let application = names.applications.find(&format!("A{place}")).unwrap();
            broken.extend((0..more).map(|_| TicketFacts {
                opened: hour * 60 + 5,
                application,
                ..TicketFacts::default()
            }));
            let rises = sudden_rises(&broken, &names, hour);
            assert!(rises.iter().any(|rise| rise.application == format!("A{place}")), "{place}: {rises:?}");
        }
    }
    eprintln!("{alarms} false alarms in {years} years of {APPLICATIONS} applications");
    assert!(alarms <= years, "{alarms} false alarms in {years} years");
}
