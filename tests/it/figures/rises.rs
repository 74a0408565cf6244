//! How often chance alone would be taken for a breakdown, and that a breakdown is not missed.

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use passerelle::figures::{FigureNames, TicketFacts, minutes, sudden_rises};

use crate::support::dice::Dice;

const WEEK: i32 = 7;
/// Requests of an hour that a national application has on a school morning.
const BUSY: f64 = 3.0;
const APPLICATIONS: usize = 4;
/// What is left of a day's requests in holidays.
const HOLIDAYS: f64 = 0.02;

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
fn usual(weekday: i8, hour: i8) -> f64 {
    match (weekday, hour) {
        (0 | 1 | 3 | 4, 8..=11) => 1.0,
        (0 | 1 | 3 | 4, 13..=17) => 0.7,
        (2, 8..=11) => 0.4,
        (5 | 6, _) => 0.02,
        (_, 7 | 12 | 18..=20) => 0.25,
        _ => 0.01,
    }
}

/// How busy a day is beside another of its weekday: as the demo's year, whose September is full and whose summer is not,
/// and with the two weeks of holidays that each season has.
fn season(day: Date) -> f64 {
    match (day.month(), day.day()) {
        (8, _) | (10, 18..) | (11, 1) | (12, 20..) | (1, ..=3) | (2, 14..) | (4, 11..=26) => HOLIDAYS,
        (9, _) => 1.6,
        (7, _) => 0.3,
        _ => 1.0,
    }
}

/// The requests of a school year, and of the twelve weeks before it, by their day: whole weeks are busier or quieter than
/// others by up to a third.
struct Year {
    names: FigureNames,
    first: Date,
    days: Vec<Vec<TicketFacts>>,
}

impl Year {
    fn thrown(dice: &mut Dice, of: i16) -> Self {
        let mut names = FigureNames::default();
        let applications: Vec<u16> =
            (0..APPLICATIONS).map(|place| names.applications.number(&format!("A{place}"))).collect();
        let (first, last) = (date(of, 9, 1) - 84.days(), date(of + 1, 8, 31));
        let (mut days, mut week) = (Vec::new(), 1.0);
        for day in first.series(1.day()).take_while(|day| *day <= last) {
            let weekday = day.weekday().to_monday_zero_offset();
            if weekday == 0 {
                week = 2.0 / 3.0 + dice.share() * 2.0 / 3.0;
            }
            let mut of_day = Vec::new();
            for hour in 0..24 {
                for (place, application) in applications.iter().enumerate() {
                    let size = [1.0, 0.6, 0.3, 0.1][place];
                    for _ in 0..poisson(dice, BUSY * size * season(day) * week * usual(weekday, hour)) {
                        let opened = minutes(day.at(hour, 1, 0, 0));
                        of_day.push(TicketFacts { opened, application: *application, ..TicketFacts::default() });
                    }
                }
            }
            days.push(of_day);
        }
        Self { names, first, days }
    }

    /// The days of the school year.
    fn school_days(&self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take(self.days.len()).skip(84)
    }

    /// What may count on a day: it and the same day of each week before.
    fn looked_at(&self, day: Date) -> Vec<TicketFacts> {
        let back = (0..=12).filter_map(|weeks| usize::try_from((day - self.first).get_days() - weeks * WEEK).ok());
        back.flat_map(|place| &self.days[place]).copied().collect()
    }
}

fn hour_of(day: Date, hour: i8) -> u32 {
    minutes(day.at(hour, 0, 0, 0)) / 60
}

#[test]
fn a_year_without_a_breakdown_has_few_alarms_and_each_breakdown_has_one() {
    let mut dice = Dice::thrown();
    let mut alarms = std::collections::BTreeMap::<i8, usize>::new();
    let years = 5;
    for of in 0..years {
        let year = Year::thrown(&mut dice, 2020 + of);
        for day in year.school_days() {
            let looked_at = year.looked_at(day);
            for hour in 0..24 {
                let rises = sudden_rises(&looked_at, &year.names, hour_of(day, hour));
                *alarms.entry(day.month()).or_default() += rises.len();
            }
        }
        // On a Tuesday morning in school time, many more than usual: of the busiest application and of the smallest.
        let day = date(2020 + of, 11, 24).nth_weekday(1, jiff::civil::Weekday::Tuesday).unwrap();
        for (place, more) in [(0, 25), (3, 12)] {
            let mut broken = year.looked_at(day);
            let application = year.names.applications.find(&format!("A{place}")).unwrap();
            let opened = minutes(day.at(9, 5, 0, 0));
            broken.extend((0..more).map(|_| TicketFacts { opened, application, ..TicketFacts::default() }));
            let rises = sudden_rises(&broken, &year.names, hour_of(day, 9));
            assert!(rises.iter().any(|rise| rise.application == format!("A{place}")), "{place}: {rises:?}");
        }
    }
    // In September the twelve weeks before are the summer's: what is usual then is not known yet.
    let (september, rest) = (alarms.remove(&9).unwrap_or_default(), alarms.values().sum::<usize>());
    eprintln!("false alarms in {years} years of {APPLICATIONS} applications: {september} in September, {rest} else");
    let years = usize::from(years.unsigned_abs());
    assert!(september <= 6 * years && rest <= years, "{september} in September, {rest} else, in {years} years");
}
