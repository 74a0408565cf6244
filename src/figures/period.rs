//! The time that figures are about, and the times they are compared with.

use jiff::civil::{Date, Weekday};

use crate::text::french::{day, month};

/// As much as one period may be, school years, each of 366 days.
const LONGEST_PERIOD: i32 = 20;
/// The years that days may be of: nobody asks for what is so far away.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// A school year begins in September.
const FIRST_MONTH: i8 = 9;

/// Some days, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Date,
    /// The one after the last.
    pub to: Date,
}

/// What some days are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SchoolYear,
    Month,
    Week,
    Free,
}

/// The days that figures are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    kind: Kind,
    days: Days,
}

impl Days {
    /// How many.
    pub fn count(self) -> i32 {
        (self.to - self.from).get_days()
    }

    /// No more of them than so many.
    fn at_most(self, count: i32) -> Self {
        Self { to: self.to.min(later(self.from, count)), ..self }
    }
}

impl Period {
    /// The school year that this day is in, from September to August.
    pub fn school_year(of: Date) -> Self {
        let year = if of.month() >= FIRST_MONTH { of.year() } else { of.year() - 1 };
        Self {
            kind: Kind::SchoolYear,
            days: Days { from: first_of(year, FIRST_MONTH), to: first_of(year + 1, FIRST_MONTH) },
        }
    }

    /// The month that this day is in.
    pub fn month(of: Date) -> Self {
        let from = of.first_of_month();
        Self { kind: Kind::Month, days: Days { from, to: later(of.last_of_month(), 1) } }
    }

    /// The week that this day is in, from Monday.
    pub fn week(of: Date) -> Self {
        let from = later(of, -i32::from(of.weekday().since(Weekday::Monday)));
        Self { kind: Kind::Week, days: Days { from, to: later(from, 7) } }
    }

    /// From this day to that one; `None` where that one is earlier, or more than twenty years later: each month
    /// is a row, and nobody compares so many. Neither for years before 1900 or after 2100.
    pub fn between(first: Date, last: Date) -> Option<Self> {
        let days = Days { from: first, to: later(last, 1) };
        let is_of_years = [first, last].iter().all(|date| YEARS.contains(&date.year()));
        (is_of_years && first <= last && days.count() <= LONGEST_PERIOD * 366)
            .then_some(Self { kind: Kind::Free, days })
    }

    /// As people and programs name it: `2026-2027` (a school year), `2026-10` (a month), `2026-W48` (a week, ISO 8601),
    /// `2026-11-03..2026-11-15` (both days counted).
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str, length: usize| -> Option<i16> {
            let is_number = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number)
        };
        if let Some((first, last)) = text.split_once("..") {
            return Self::between(first.parse().ok()?, last.parse().ok()?);
        }
        let (year, part) = text.split_once('-')?;
        let year = number(year, 4).filter(|year| YEARS.contains(year))?;
        if let Some(week) = part.strip_prefix('W') {
            let week = i8::try_from(number(week, 2)?).ok()?;
            let monday = jiff::civil::ISOWeekDate::new(year, week, Weekday::Monday).ok()?;
            return Some(Self::week(monday.date()));
        }
        if let Some(next) = number(part, 4) {
            return (next == year + 1).then(|| Self::school_year(first_of(year, FIRST_MONTH)));
        }
        Date::new(year, i8::try_from(number(part, 2)?).ok()?, 1).ok().map(Self::month)
    }

    /// As [`Period::parse`] reads it.
    pub fn code(&self) -> String {
        let Days { from, to } = self.days;
        match self.kind {
            Kind::SchoolYear => format!("{}-{}", from.year(), from.year() + 1),
            Kind::Month => format!("{}-{:02}", from.year(), from.month()),
            Kind::Week => {
                let week = from.iso_week_date();
                format!("{}-W{:02}", week.year(), week.week())
            }
            Kind::Free => format!("{from}..{}", later(to, -1)),
        }
    }

    /// «année scolaire 2026-2027», «octobre 2026», «semaine du 23 au 29 novembre 2026», «du 3 au 15 novembre 2026».
    pub fn label(&self) -> String {
        let Days { from, to } = self.days;
        let last = later(to, -1);
        match self.kind {
            Kind::SchoolYear => format!("année scolaire {}-{}", from.year(), from.year() + 1),
            Kind::Month => format!("{} {}", month(from.month()), from.year()),
            Kind::Week => format!("semaine {}", span(from, last)),
            Kind::Free if from == last => format!("{}\u{a0}{} {}", day(from.day()), month(from.month()), from.year()),
            Kind::Free => span(from, last),
        }
    }

    /// Whether it is a school year.
    pub(super) fn is_school_year(&self) -> bool {
        self.kind == Kind::SchoolYear
    }

    /// Its days.
    pub fn days(&self) -> Days {
        self.days
    }

    /// Its days until today, all of them where it is over or has not begun.
    pub fn so_far(&self, today: Date) -> Days {
        let Days { from, to } = self.days;
        if from <= today && today < to { Days { from, to: later(today, 1) } } else { self.days }
    }

    /// The period before this one: of one that is not over, no more of its days than have passed of this one.
    pub fn before(&self, today: Date) -> Days {
        let from = self.days.from;
        let days = match self.kind {
            Kind::SchoolYear => Self::school_year(later(from, -1)).days,
            Kind::Month => Self::month(later(from, -1)).days,
            Kind::Week => Self::week(later(from, -1)).days,
            Kind::Free => Days { from: later(from, -self.days.count()), to: from },
        };
        self.as_far(days, today)
    }

    /// The same time a year before, cut like [`Period::before`]; a week and free days fall on the same days of the week.
    /// `None` for a school year, before which is just that.
    pub fn year_before(&self, today: Date) -> Option<Days> {
        let Days { from, to } = self.days;
        let days = match self.kind {
            Kind::SchoolYear => return None,
            Kind::Month => Self::month(first_of(from.year() - 1, from.month())).days,
            Kind::Week | Kind::Free => Days { from: later(from, -52 * 7), to: later(to, -52 * 7) },
        };
        Some(self.as_far(days, today))
    }

    fn as_far(&self, days: Days, today: Date) -> Days {
        let so_far = self.so_far(today);
        if so_far == self.days { days } else { days.at_most(so_far.count()) }
    }
}

fn first_of(year: i16, month: i8) -> Date {
    Date::new(year, month, 1).unwrap_or(Date::MIN)
}

/// So many days later. At the ends of the calendar, there.
fn later(date: Date, days: i32) -> Date {
    date.saturating_add(jiff::Span::new().days(days))
}

/// «du 23 au 29 novembre 2026»
fn span(from: Date, last: Date) -> String {
    let end = format!("{}\u{a0}{} {}", day(last.day()), month(last.month()), last.year());
    let is_same = |same: bool, shown: String| if same { String::new() } else { shown };
    let month_of = is_same(from.first_of_month() == last.first_of_month(), format!("\u{a0}{}", month(from.month())));
    let year_of = is_same(from.year() == last.year(), format!(" {}", from.year()));
    format!("du {}{month_of}{year_of} au {end}", day(from.day()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Days, Period};

    fn days(from: Date, to: Date) -> Days {
        Days { from, to }
    }

    #[rstest]
    #[case("2026-2027", date(2026, 9, 1), date(2027, 9, 1), "année scolaire 2026-2027")]
    #[case("2026-02", date(2026, 2, 1), date(2026, 3, 1), "février 2026")]
    #[case("2026-W48", date(2026, 11, 23), date(2026, 11, 30), "semaine du 23 au 29\u{a0}novembre 2026")]
    #[case("2026-W01", date(2025, 12, 29), date(2026, 1, 5), "semaine du 29\u{a0}décembre 2025 au 4\u{a0}janvier 2026")]
    #[case("2026-11-03..2026-11-15", date(2026, 11, 3), date(2026, 11, 16), "du 3 au 15\u{a0}novembre 2026")]
    #[case("2026-11-01..2026-11-01", date(2026, 11, 1), date(2026, 11, 2), "1er\u{a0}novembre 2026")]
    fn a_period_is_named(#[case] code: &str, #[case] from: Date, #[case] to: Date, #[case] label: &str) {
        let period = Period::parse(code).unwrap();
        assert_eq!((period.days(), period.label().as_str()), (days(from, to), label));
        assert_eq!(period.code(), code);
    }

    #[rstest]
    fn anything_else_is_none(
        #[values(
            "",
            "2026",
            "2026-2028",
            "2026-13",
            "2026-W54",
            "2026-11-15..2026-11-03",
            "0001-01-01..9999-12-31",
            "2000-01-01..2100-01-01",
            "-009999-01-01..2026-11-28",
            "9999-12-31..9999-12-31",
            "-000005-01-01..-000004-01-01",
            "0000-01-01..0000-12-31",
            "1899-12-31..1900-01-01",
            "2100-12-31..2101-01-01",
            "2101-01",
            "2101-2102",
            "2101-W01",
            "1899-12",
            "26-10",
            "2026-1",
            "-",
            "2026-+1"
        )]
        code: &str,
    ) {
        assert_eq!(Period::parse(code), None);
    }

    #[test]
    fn a_period_is_compared_with_the_one_before_and_the_year_before() {
        let period = |code| Period::parse(code).unwrap();
        let later = date(2030, 1, 1);
        let year = period("2026-2027");
        assert_eq!(year.before(later), days(date(2025, 9, 1), date(2026, 9, 1)));
        assert_eq!(year.year_before(later), None);
        let march = period("2026-03");
        assert_eq!(march.before(later), days(date(2026, 2, 1), date(2026, 3, 1)));
        assert_eq!(march.year_before(later), Some(days(date(2025, 3, 1), date(2025, 4, 1))));
        let week = period("2026-W48");
        assert_eq!(week.year_before(later), Some(days(date(2025, 11, 24), date(2025, 12, 1))));
        let free = period("2026-11-10..2026-11-12");
        assert_eq!(free.before(later), days(date(2026, 11, 7), date(2026, 11, 10)));
    }

    #[test]
    fn one_that_is_not_over_is_compared_with_as_many_days() {
        let today = date(2026, 11, 27);
        let year = Period::school_year(today);
        assert_eq!(year.so_far(today), days(date(2026, 9, 1), date(2026, 11, 28)));
        assert_eq!(year.before(today), days(date(2025, 9, 1), date(2025, 11, 28)));
        let month = Period::month(date(2026, 3, 30));
        assert_eq!(month.before(date(2026, 3, 30)), days(date(2026, 2, 1), date(2026, 3, 1)), "February has no more");
    }

    proptest! {
        #[test]
        fn periods_follow_each_other(offset in 0_i32..20_000) {
            let day = date(1980, 1, 1).saturating_add(jiff::Span::new().days(offset));
            let later = date(9000, 1, 1);
            for period in [Period::school_year(day), Period::month(day), Period::week(day)] {
                prop_assert!(period.days().from <= day && day < period.days().to);
                prop_assert_eq!(period.before(later).to, period.days().from);
                prop_assert_eq!(Period::parse(&period.code()), Some(period));
            }
        }
    }
}
