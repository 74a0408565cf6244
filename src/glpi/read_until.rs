//! Until when GLPI's changes were read, and since when they are read the next time: by GLPI's own clock, which may be
//! another one, shows an hour twice in autumn, and whose dates somebody may have written.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// While GLPI has not shown when it last changed something: so much longer ago than it was one may seem to have been
/// changed, for its time zone may be another one. Nothing it shows is believed that lies farther ahead.
const UNKNOWN_CLOCK: SignedDuration = SignedDuration::from_hours(3);
/// The same by GLPI's own clock: several web servers need not agree to the second.
const SAME_CLOCK: SignedDuration = SignedDuration::from_mins(2);
/// An hour that comes twice is read twice, for so long.
const AFTER_REPEAT: SignedDuration = SignedDuration::from_hours(4);

/// Until where everything was read.
#[derive(Clone, Copy, Debug)]
pub struct ReadUntil {
    /// The moment at which it began to be read, by this machine's clock.
    pub moment: Timestamp,
    /// The newest change that GLPI had shown, by its own.
    pub newest: Option<DateTime>,
}

impl ReadUntil {
    /// From when on a change may not have been read: never after the reading began, whatever date something bears.
    pub fn since(self, now: Timestamp, zone: &TimeZone) -> DateTime {
        let Some(newest) = self.newest else { return earlier(shown(self.moment, zone), UNKNOWN_CLOCK) };
        // What is set back shows less than before.
        let before = now.checked_sub(AFTER_REPEAT).unwrap_or(now);
        let set_back = zone.to_offset(before).duration_since(zone.to_offset(now)).max(SignedDuration::ZERO);
        earlier(newest.min(shown(self.moment, zone)).min(shown(now, zone)), SAME_CLOCK + set_back)
    }

    /// The same where nothing was read yet, of what is `look_back` ago.
    pub fn first_since(look_back: SignedDuration, now: Timestamp, zone: &TimeZone) -> DateTime {
        earlier(shown(now.checked_sub(look_back).unwrap_or(Timestamp::MIN), zone), UNKNOWN_CLOCK)
    }

    /// The newest change among these dates that can be believed: something may have written one that is yet to come.
    pub fn newest(dates: impl Iterator<Item = DateTime>, now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
        let latest = shown(now, zone).checked_add(UNKNOWN_CLOCK).unwrap_or(DateTime::MAX);
        dates.filter(|date| *date <= latest).max()
    }
}

fn shown(moment: Timestamp, zone: &TimeZone) -> DateTime {
    moment.to_zoned(zone.clone()).datetime()
}

fn earlier(moment: DateTime, by: SignedDuration) -> DateTime {
    moment.checked_sub(by).unwrap_or(DateTime::MIN)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at(day: i8, hour: i8, minute: i8) -> DateTime {
        date(2026, 10, day).at(hour, minute, 0, 0)
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    // GLPI in the same zone, one that is behind, one that is ahead: never after its newest change.
    #[case::same("2026-10-20T10:00:00Z", Some(at(20, 11, 59)), at(20, 11, 57))]
    #[case::behind("2026-10-20T10:00:00Z", Some(at(20, 9, 59)), at(20, 9, 57))]
    #[case::ahead("2026-10-20T10:00:00Z", Some(at(20, 14, 0)), at(20, 11, 58))]
    #[case::quiet("2026-10-20T10:00:00Z", Some(at(12, 8, 0)), at(12, 7, 58))]
    #[case::unknown("2026-10-20T10:00:00Z", None, at(20, 9, 0))]
    // 25 October: at 3 o'clock it is 2 o'clock again.
    #[case::before_the_repeat("2026-10-25T00:30:00Z", Some(at(25, 2, 29)), at(25, 2, 27))]
    #[case::in_it("2026-10-25T01:05:00Z", Some(at(25, 2, 59)), at(25, 1, 3))]
    #[case::after_it("2026-10-25T04:05:00Z", Some(at(25, 5, 4)), at(25, 4, 2))]
    #[case::long_after_it("2026-10-25T06:00:00Z", Some(at(25, 6, 59)), at(25, 6, 57))]
    fn everything_is_read_from_the_newest_change_on(
        #[case] now: &str,
        #[case] newest: Option<DateTime>,
        #[case] expected: DateTime,
    ) {
        let now = moment(now);
        assert_eq!(ReadUntil { moment: now, newest }.since(now, &paris()), expected);
    }

    #[test]
    fn what_is_written_in_the_repeated_hour_is_read() {
        let (until, now) = (moment("2026-10-25T00:59:30Z"), moment("2026-10-25T01:00:30Z"));
        let bound = ReadUntil { moment: until, newest: Some(at(25, 2, 59)) }.since(now, &paris());
        assert!(bound < at(25, 2, 0), "{bound}");
    }

    #[test]
    fn at_first_it_goes_back_as_far_as_is_set_and_three_hours() {
        assert_eq!(ReadUntil::first_since(DAY, moment("2026-10-20T10:00:00Z"), &paris()), at(19, 9, 0));
    }

    #[test]
    fn a_date_that_is_yet_to_come_is_not_believed() {
        let now = moment("2026-10-20T10:00:00Z");
        let dates = [at(20, 11, 0), at(20, 14, 59), at(20, 15, 1), at(30, 1, 0)];
        assert_eq!(ReadUntil::newest(dates.into_iter(), now, &paris()), Some(at(20, 14, 59)));
        assert_eq!(ReadUntil::newest([at(30, 1, 0)].into_iter(), now, &paris()), None);
    }
}
