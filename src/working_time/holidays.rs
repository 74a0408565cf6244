//! The public holidays of France (Code du travail, articles L3133-1 and L3134-13), computed.
//! The crates there are hold tables that end, or are no longer kept.

use jiff::civil::Date;

/// Days after Easter Sunday that are holidays everywhere: Easter Monday, Ascension, Whit Monday.
const AFTER_EASTER: [i32; 3] = [1, 39, 50];
/// Good Friday, a holiday in Alsace and Moselle (strictly where there is a Protestant church; academies close).
const GOOD_FRIDAY: i32 = -2;

/// Whether the day is a public holiday; `alsace_moselle` counts Good Friday and 26 December, too.
pub(super) fn is_public_holiday(date: Date, alsace_moselle: bool) -> bool {
    match (date.month(), date.day()) {
        (1 | 5 | 11, 1) | (5, 8) | (7, 14) | (8, 15) | (11, 11) | (12, 25) => return true,
        (12, 26) if alsace_moselle => return true,
        _ => {}
    }
    let (month, day) = easter(date.year());
    let Ok(easter) = Date::new(date.year(), month, day) else { return false };
    let after = (date - easter).get_days();
    AFTER_EASTER.contains(&after) || (alsace_moselle && after == GOOD_FRIDAY)
}

/// Month and day of Easter Sunday in the Gregorian calendar: the algorithm of Meeus, Jones and Butcher.
fn easter(year: i16) -> (i8, i8) {
    let year = i32::from(year);
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let correction = (century + 8) / 25;
    let epact = (19 * golden + century - century / 4 - (century - correction + 1) / 3 + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * late + 114;
    let narrow = |number: i32| i8::try_from(number).unwrap_or_default();
    (narrow(sum / 31), narrow(sum % 31 + 1))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::{easter, is_public_holiday};

    #[rstest]
    #[case(1818, (3, 22))] // the earliest there is
    #[case(1943, (4, 25))] // the latest
    #[case(1954, (4, 18))] // an exception of Gauss's rule
    #[case(1981, (4, 19))] // the other
    #[case(2000, (4, 23))]
    #[case(2024, (3, 31))]
    #[case(2025, (4, 20))]
    #[case(2026, (4, 5))]
    #[case(2027, (3, 28))]
    #[case(2028, (4, 16))]
    #[case(2038, (4, 25))]
    fn easter_is_where_it_was_and_will_be(#[case] year: i16, #[case] expected: (i8, i8)) {
        assert_eq!(easter(year), expected);
    }

    #[test]
    fn a_year_has_its_eleven_holidays_and_no_other() {
        let holidays: Vec<_> = date(2027, 1, 1)
            .series(jiff::Span::new().days(1))
            .take_while(|day| day.year() == 2027)
            .filter(|day| is_public_holiday(*day, false))
            .map(|day| day.to_string())
            .collect();
        assert_eq!(
            holidays,
            [
                "2027-01-01",
                "2027-03-29",
                "2027-05-01",
                "2027-05-06",
                "2027-05-08",
                "2027-05-17",
                "2027-07-14",
                "2027-08-15",
                "2027-11-01",
                "2027-11-11",
                "2027-12-25"
            ]
        );
    }

    #[test]
    fn alsace_and_moselle_have_two_more() {
        for day in [date(2027, 3, 26), date(2027, 12, 26)] {
            assert!(is_public_holiday(day, true), "{day}");
            assert!(!is_public_holiday(day, false), "{day}");
        }
    }

    #[test]
    fn the_first_and_the_last_year_there_are_have_holidays_too() {
        assert!(is_public_holiday(jiff::civil::Date::MIN, false));
        assert!(!is_public_holiday(jiff::civil::Date::MAX, false));
    }
}
