//! Working time: how much of it lies between two moments, and when a given amount of it has passed.

use std::{path::Path, time::Duration};

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use crate::{
    config::{self, ConfigError, Hours, Span},
    text::{Bilingual, french},
    working_time::holidays::is_public_holiday,
};

/// How far ahead [`Calendar::after`] looks: two years, more than any delay and any closed period.
const HORIZON: Duration = Duration::from_hours(731 * 24);

/// When the academy works: `[calendar]` of the configuration, with the file of closed periods.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    /// From Monday.
    week: [Hours; 7],
    public_holidays: bool,
    alsace_moselle: bool,
    closed: Vec<Closed>,
}

/// Days on which nobody works: school holidays, a bridge. Both ends are closed.
#[derive(Clone, Debug)]
struct Closed {
    from: Date,
    to: Date,
}

impl Calendar {
    /// The calendar in this time zone, which is also that of GLPI's dates. Reads the file of closed periods.
    ///
    /// # Errors
    ///
    /// When no day of the week has hours; when the file of closed periods cannot be read or has a mistake, which
    /// is shown at its place.
    pub fn new(config: &config::Calendar, zone: TimeZone) -> Result<Self, ConfigError> {
        let week = [
            &config.monday,
            &config.tuesday,
            &config.wednesday,
            &config.thursday,
            &config.friday,
            &config.saturday,
            &config.sunday,
        ]
        .map(Clone::clone);
        if week.iter().all(|day| day.spans().is_empty()) {
            return Err(ConfigError::setting(
                Bilingual::new(
                    "[calendar] opens on no day: no delay would ever pass",
                    "[calendar] n’ouvre aucun jour\u{a0}: aucun délai ne passerait jamais",
                ),
                Bilingual::new(
                    "Give one day its hours, such as monday = \"08:00-12:00 13:30-17:30\".",
                    "Donnez ses heures à un jour, par exemple monday = \"08:00-12:00 13:30-17:30\".",
                ),
            )
            .about("calendar"));
        }
        let closed = config.closed.as_deref().map(read).transpose();
        let closed = closed.map_err(|mistake| mistake.about("calendar.closed"))?.unwrap_or_default();
        let (public_holidays, alsace_moselle) = (config.public_holidays, config.alsace_moselle);
        Ok(Self { zone, week, public_holidays, alsace_moselle, closed })
    }

    /// The moment a date of GLPI means: GLPI writes the civil time of its time zone. Of an hour that clocks show
    /// twice, the first; of one they skip, the moment they skip it; `None` beyond the years there are.
    pub fn moment(&self, shown: DateTime) -> Option<Timestamp> {
        let moment = self.zone.to_ambiguous_timestamp(shown);
        let is_skipped = matches!(moment.offset(), AmbiguousOffset::Gap { .. });
        let earlier = moment.earlier().ok()?;
        if is_skipped {
            // For a skipped time, the library's «earlier» lies before the change.
            return self.zone.following(earlier).next().map(|change| change.timestamp());
        }
        Some(earlier)
    }

    /// The working time between two moments; none where the second is not after the first. Time that clocks skip
    /// or repeat counts as it passes. Takes as long as there are days between them.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        self.open(from, to).map(|(opens, closes)| closes.duration_since(opens).unsigned_abs()).sum()
    }

    /// The first moment at which this working time has passed since `from`; `None` where that is more than two
    /// years away.
    pub fn after(&self, from: Timestamp, working: Duration) -> Option<Timestamp> {
        if working.is_zero() {
            return Some(from);
        }
        let mut left = working;
        for (opens, closes) in self.open(from, from.checked_add(HORIZON).unwrap_or(Timestamp::MAX)) {
            let open = closes.duration_since(opens).unsigned_abs();
            if left <= open {
                return opens.checked_add(left).ok();
            }
            left -= open;
        }
        None
    }

    /// The last day of the closed periods; delays after it count days that may be holidays. `None` without a file.
    pub fn closed_until(&self) -> Option<Date> {
        self.closed.iter().map(|period| period.to).max()
    }

    /// Whether nobody works on this day, whatever its hours.
    fn is_closed(&self, date: Date) -> bool {
        (self.public_holidays && is_public_holiday(date, self.alsace_moselle))
            || self.closed.iter().any(|period| (period.from..=period.to).contains(&date))
    }

    /// The open times between two moments, in their order: each from when to when, never empty.
    fn open(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let [first, last] = [from, to].map(|moment| self.zone.to_datetime(moment).date());
        std::iter::successors(Some(first), |date| date.tomorrow().ok())
            .take_while(move |date| *date <= last)
            .filter(|date| !self.is_closed(*date))
            .flat_map(move |date| {
                let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
                self.week[weekday].spans().iter().filter_map(move |span| self.open_on(date, *span))
            })
            .map(move |(opens, closes)| (opens.max(from), closes.min(to)))
            .filter(|(opens, closes)| opens < closes)
    }

    fn open_on(&self, date: Date, span: Span) -> Option<(Timestamp, Timestamp)> {
        Some((self.moment(at(date, span.from)?)?, self.moment(at(date, span.to)?)?))
    }
}

/// A date at a minute of its day, 1440 being the next day's midnight.
fn at(date: Date, minute: u16) -> Option<DateTime> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    match hour {
        24 => Some(date.tomorrow().ok()?.to_datetime(Time::midnight())),
        _ => Some(date.to_datetime(Time::new(hour, minute, 0, 0).ok()?)),
    }
}

/// How texts name a working time, whole minutes: «3 h 30 ouvrées», «45 min ouvrées», «1 h ouvrée».
pub fn in_words(working: Duration) -> String {
    let minutes = working.as_secs() / 60;
    let agreed = if minutes <= 1 || minutes == 60 { "ouvrée" } else { "ouvrées" };
    format!("{} {agreed}", french::delay(&working))
}

/// The file of closed periods.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedFile {
    #[serde(default)]
    closed: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(deserialize_with = "day")]
    from: Date,
    #[serde(deserialize_with = "day")]
    to: Date,
}

/// A date as TOML has it, or the same in quotes.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Date::strptime("%Y-%m-%d", &text).map_err(|_| {
        D::Error::custom(config::carried(&Bilingual::new(
            format!("\"{text}\" is no date, such as 2026-10-17"),
            format!("\"{text}\" n’est pas une date, comme 2026-10-17"),
        )))
    })
}

fn read(path: &Path) -> Result<Vec<Closed>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))?;
    let name = path.display().to_string();
    let file: ClosedFile = toml::from_str(&text).map_err(|error| {
        let help = Bilingual::new(
            "Each period is [[closed]] with name, from and to, both days included.",
            "Chaque période est [[closed]] avec name, from et to, ces deux jours compris.",
        );
        ConfigError::in_file(&name, &text, error.span(), config::said(error.message()), Some(help))
    })?;
    let periods = file.closed.into_iter().map(|entry| {
        let place = entry.span();
        let Entry { name: period, from, to } = entry.into_inner();
        if to < from {
            return Err(ConfigError::in_file(
                &name,
                &text,
                Some(place),
                Bilingual::new(
                    format!("«{period}» ends on {to}, before it begins on {from}"),
                    format!("«\u{a0}{period}\u{a0}» finit le {to}, avant de commencer le {from}"),
                ),
                Some(Bilingual::new(
                    "Give its first day in from and its last one in to.",
                    "Donnez son premier jour dans from et le dernier dans to.",
                )),
            ));
        }
        Ok(Closed { from, to })
    });
    periods.collect()
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, time::Duration};

    use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Calendar, in_words};
    use crate::config::{self, ConfigError};

    /// A calendar with these lines in `[calendar]` instead of the defaults, and this file of closed periods.
    fn calendar(lines: &str, closed: &str) -> Result<Calendar, ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(closed.as_bytes()).unwrap();
        let mut settings = tempfile::NamedTempFile::new().unwrap();
        writeln!(settings, "[calendar]\nclosed = \"{}\"\n{lines}", file.path().display()).unwrap();
        let config = config::load_from(Some(settings.path()), []).unwrap();
        Calendar::new(&config.calendar, config.time_zone)
    }

    /// Open from 08:00 to 12:00 and from 13:30 to 17:30, Monday to Friday, closed for All Saints.
    fn plain() -> Calendar {
        calendar("", "[[closed]]\nname = \"Toussaint\"\nfrom = 2026-10-17\nto = 2026-11-01\n").unwrap()
    }

    fn moment(paris: &str) -> Timestamp {
        paris.parse::<DateTime>().unwrap().to_zoned(TimeZone::get("Europe/Paris").unwrap()).unwrap().timestamp()
    }

    fn minutes(number: u64) -> Duration {
        Duration::from_secs(number * 60)
    }

    #[rstest]
    #[case::within_a_morning("2026-11-25 08:30", "2026-11-25 10:00", 90)]
    #[case::over_lunch("2026-11-25 11:00", "2026-11-25 14:00", 90)]
    #[case::at_night("2026-11-25 18:00", "2026-11-26 07:00", 0)]
    #[case::over_midnight("2026-11-25 17:00", "2026-11-26 08:10", 40)]
    #[case::over_a_weekend("2026-11-27 17:00", "2026-11-30 09:00", 90)]
    #[case::a_whole_week("2026-11-23 00:00", "2026-11-30 00:00", 5 * 8 * 60)]
    #[case::armistice_day("2026-11-10 17:00", "2026-11-12 08:30", 60)]
    #[case::school_holidays("2026-10-16 17:00", "2026-11-02 08:30", 60)]
    #[case::first_and_last_closed_day("2026-10-17 00:00", "2026-11-02 00:00", 0)]
    #[case::clocks_go_back("2026-10-24 00:00", "2026-10-26 23:00", 0)]
    #[case::backwards("2026-11-25 10:00", "2026-11-25 09:00", 0)]
    fn working_time_is_what_lies_in_open_hours(#[case] from: &str, #[case] to: &str, #[case] expected: u64) {
        assert_eq!(plain().between(moment(from), moment(to)), minutes(expected));
    }

    #[rstest]
    #[case::at_once("2026-11-25 19:00", 0, "2026-11-25 19:00")]
    #[case::the_same_morning("2026-11-25 08:30", 90, "2026-11-25 10:00")]
    #[case::exactly_at_closing("2026-11-25 08:00", 240, "2026-11-25 12:00")]
    #[case::a_minute_more("2026-11-25 08:00", 241, "2026-11-25 13:31")]
    #[case::written_in_the_evening("2026-11-25 20:00", 60, "2026-11-26 09:00")]
    #[case::eight_hours_from_friday_afternoon("2026-11-27 15:30", 480, "2026-11-30 15:30")]
    #[case::over_school_holidays("2026-10-16 17:00", 60, "2026-11-02 08:30")]
    fn a_delay_ends_when_its_working_time_has_passed(#[case] from: &str, #[case] working: u64, #[case] expected: &str) {
        assert_eq!(plain().after(moment(from), minutes(working)), Some(moment(expected)));
    }

    #[rstest]
    // Clocks jump from 02:00 to 03:00 on 29 March 2026 and from 03:00 back to 02:00 on 25 October 2026.
    #[case::a_skipped_hour_does_not_pass("2026-03-29 00:00", "00:00-06:00", 5 * 60)]
    #[case::a_repeated_hour_passes_twice("2026-10-25 00:00", "00:00-06:00", 7 * 60)]
    #[case::spans_that_meet_in_the_skipped_hour("2026-03-29 00:00", "01:00-02:30 02:30-04:00", 2 * 60)]
    #[case::spans_that_meet_where_it_begins("2026-03-29 00:00", "01:00-02:00 02:00-04:00", 2 * 60)]
    #[case::spans_that_meet_where_it_ends("2026-03-29 00:00", "01:00-03:00 03:00-04:00", 2 * 60)]
    #[case::a_span_within_the_skipped_hour("2026-03-29 00:00", "02:15-02:45", 0)]
    #[case::spans_around_the_skipped_hour("2026-03-29 00:00", "02:15-02:45 03:15-03:45", 30)]
    #[case::spans_that_meet_in_the_repeated_hour("2026-10-25 00:00", "01:00-02:30 02:30-04:00", 4 * 60)]
    #[case::the_whole_day("2026-10-25 00:00", "00:00-24:00", 25 * 60)]
    fn clocks_that_change_count_as_time_passes(#[case] from: &str, #[case] sunday: &str, #[case] expected: u64) {
        let calendar = calendar(&format!("sunday = \"{sunday}\""), "").unwrap();
        let from = moment(from);
        let monday = from + Duration::from_hours(26);
        assert_eq!(calendar.between(from, monday), minutes(expected));
    }

    #[test]
    fn public_holidays_may_be_working_days() {
        let calendar = calendar("public_holidays = false", "").unwrap();
        let (from, to) = (moment("2026-11-11 00:00"), moment("2026-11-12 00:00"));
        assert_eq!(calendar.between(from, to), minutes(480));
        assert_eq!(plain().between(from, to), Duration::ZERO);
    }

    #[test]
    fn a_date_of_glpi_is_a_moment_also_where_clocks_change() {
        let calendar = plain();
        let utc = |shown: &str| calendar.moment(shown.parse().unwrap()).unwrap().to_string();
        assert_eq!(utc("2026-11-25 08:00:00"), "2026-11-25T07:00:00Z");
        for skipped in ["2026-03-29 02:00:00", "2026-03-29 02:30:00", "2026-03-29 02:59:59"] {
            assert_eq!(utc(skipped), "2026-03-29T01:00:00Z", "{skipped}");
        }
        assert_eq!(utc("2026-10-25 02:30:00"), "2026-10-25T00:30:00Z");
        assert_eq!(calendar.moment(DateTime::MAX), None);
    }

    #[test]
    fn what_never_opens_again_within_two_years_is_never_reached() {
        let closed = "[[closed]]\nname = \"longtemps\"\nfrom = \"2026-01-01\"\nto = \"2030-01-01\"\n";
        assert_eq!(calendar("", closed).unwrap().after(moment("2026-11-25 08:00"), minutes(1)), None);
        assert_eq!(plain().after(moment("2026-11-25 08:00"), Duration::MAX), None);
        assert_eq!(plain().after(Timestamp::MAX, minutes(1)), None);
    }

    #[test]
    fn a_calendar_that_never_opens_is_refused() {
        let lines: String =
            ["monday", "tuesday", "wednesday", "thursday", "friday"].map(|day| format!("{day} = \"\"\n")).concat();
        assert!(calendar(&lines, "").unwrap_err().to_string().contains("opens on no day"));
    }

    #[rstest]
    #[case("[[closed]]\nname = \"x\"\nfrom = 2026-10-17\nto = 2026-10-16\n", "before it begins", 1)]
    #[case("[[closed]]\nname = \"x\"\nfrom = 2026-10-17\nto = \"1er novembre\"\n", "no date, such as 2026-10-17", 4)]
    #[case("[[closed]]\nname = \"x\"\nfrom = 2026-10-17T08:00:00\nto = 2026-11-01\n", "no date", 3)]
    #[case("[[closed]]\nname = \"x\"\nfrom = 2026-10-17\nto = 2026-11-01\nzone = \"A\"\n", "unknown field `zone`", 5)]
    #[case("[[closed]]\nname = \"x\"\nfrom = 2026-10-17\n", "missing field `to`", 1)]
    #[case("[[ferme]]\nname = \"x\"\n", "unknown field `ferme`", 1)]
    #[case("closed = 3\n", "closed", 1)]
    fn a_mistake_in_the_file_is_shown_at_its_line(#[case] closed: &str, #[case] message: &str, #[case] line: usize) {
        for closed in [closed.to_owned(), closed.replace('\n', "\r\n")] {
            let text = format!("{:?}", miette::Report::new(calendar("", &closed).unwrap_err()));
            assert!(text.contains(message) && text.contains(&format!(":{line}:")), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let mut config = config::load_from(None, []).unwrap();
        config.calendar.closed = Some("/nowhere/vacances.toml".into());
        let error = Calendar::new(&config.calendar, config.time_zone).unwrap_err();
        assert!(error.to_string().contains("/nowhere/vacances.toml"));
    }

    #[test]
    fn the_shipped_school_year_is_a_calendar() {
        let calendar = calendar("", include_str!("../../config/calendar.example.toml")).unwrap();
        assert_eq!(calendar.closed_until().unwrap().to_string(), "2027-08-31");
        // The bridge of Ascension: Friday 7 May 2027.
        assert_eq!(calendar.between(moment("2027-05-06 00:00"), moment("2027-05-10 00:00")), Duration::ZERO);
        assert_eq!(calendar.between(moment("2027-01-04 00:00"), moment("2027-01-05 00:00")), minutes(480));
    }

    #[rstest]
    #[case(0, "moins d’une minute ouvrée")]
    #[case(59, "moins d’une minute ouvrée")]
    #[case(60, "1 min ouvrée")]
    #[case(45 * 60, "45 min ouvrées")]
    #[case(3600, "1 h ouvrée")]
    #[case(3900, "1 h 05 ouvrées")]
    #[case(12_600, "3 h 30 ouvrées")]
    #[case(28_800, "8 h ouvrées")]
    #[case(144_000, "40 h ouvrées")]
    fn a_working_time_is_said_in_french(#[case] seconds: u64, #[case] expected: &str) {
        assert_eq!(in_words(Duration::from_secs(seconds)).replace('\u{a0}', " "), expected);
    }

    /// Any moment of 2026 and 2027.
    fn moments() -> impl Strategy<Value = Timestamp> {
        (0..730 * 86_400_i64).prop_map(|second| Timestamp::from_second(1_767_225_600 + second).unwrap())
    }

    /// Calendars with hours by day and by night.
    fn calendars() -> impl Strategy<Value = Calendar> {
        let hours =
            ["", "08:00-12:00 13:30-17:30", "00:00-24:00", "00:30-02:30 02:45-03:15 22:00-24:00", "09:00-09:01"];
        let day = || prop::sample::select(hours.to_vec());
        (day(), day(), prop::bool::ANY, prop::bool::ANY).prop_map(|(saturday, sunday, holidays, school)| {
            let closed = "[[closed]]\nname = \"x\"\nfrom = 2026-12-19\nto = 2027-01-03\n";
            let lines = format!("saturday = \"{saturday}\"\nsunday = \"{sunday}\"\npublic_holidays = {holidays}");
            calendar(&lines, if school { closed } else { "" }).unwrap()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn time_adds_up_and_never_runs_back(calendar in calendars(), mut three in [moments(), moments(), moments()]) {
            three.sort();
            let [a, b, c] = three;
            prop_assert_eq!(calendar.between(a, b) + calendar.between(b, c), calendar.between(a, c));
            prop_assert!(calendar.between(a, b) <= calendar.between(a, c));
            prop_assert!(calendar.between(a, c) <= c.duration_since(a).unsigned_abs());
        }

        #[test]
        fn the_moment_a_delay_ends_is_the_first_at_which_it_has_passed(
            calendar in calendars(), from in moments(), seconds in 1..400_000_u64,
        ) {
            let delay = Duration::from_secs(seconds);
            let end = calendar.after(from, delay).unwrap();
            prop_assert_eq!(calendar.between(from, end), delay);
            prop_assert!(calendar.between(from, end - Duration::from_secs(1)) < delay);
        }
    }
}
