//! The opening hours of a day, as `[calendar]` gives them: "08:00-12:00 13:30-17:30".

use serde::{Deserialize, Deserializer, de::Error as _};

use super::foreign::carried;
use crate::text::Bilingual;

/// The last minute there is: «24:00», the next day's midnight.
const DAY: u16 = 24 * 60;

/// When a day is open: spans in their order, none of which touches another but at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<Span>);

/// From one time of the day to a later one, in minutes since midnight by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first minute.
    pub from: u16,
    /// The minute after the last one; 1440 is the next day's midnight.
    pub to: u16,
}

impl Hours {
    /// The spans, from morning to evening; none where the day is closed.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, Bilingual> {
        let mut spans = text.split_whitespace().map(span).collect::<Result<Vec<_>, _>>()?;
        spans.sort_unstable();
        match spans.windows(2).find(|pair| pair[1].from < pair[0].to) {
            Some(pair) => {
                let at = clock(pair[1].from);
                Err(Bilingual::new(
                    format!("\"{text}\" opens twice at {at}"),
                    format!("\"{text}\" ouvre deux fois à {at}"),
                ))
            }
            None => Ok(Self(spans)),
        }
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(|mistake| D::Error::custom(carried(&mistake)))
    }
}

fn span(text: &str) -> Result<Span, Bilingual> {
    let (from, to) =
        text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?))).ok_or_else(|| {
            Bilingual::new(
                format!("\"{text}\" is no span of hours, such as \"08:00-12:00\""),
                format!("\"{text}\" n’est pas une plage horaire, comme \"08:00-12:00\""),
            )
        })?;
    if from >= to {
        return Err(Bilingual::new(
            format!("\"{text}\" ends before it begins; hours past midnight belong to the next day"),
            format!("\"{text}\" finit avant de commencer\u{a0}; les heures après minuit sont du jour suivant"),
        ));
    }
    Ok(Span { from, to })
}

/// «8:00», «08:00», up to «24:00».
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_number = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    let whole = hour * 60 + minute;
    (minute < 60 && whole <= DAY).then_some(whole)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Hours;
    use crate::text::Language;

    #[rstest]
    #[case("", &[])]
    #[case("08:00-12:00 13:30-17:30", &[(480, 720), (810, 1050)])]
    #[case("  13:30-17:30   8:00-12:00 ", &[(480, 720), (810, 1050)])]
    #[case("08:00-12:00 12:00-14:00", &[(480, 720), (720, 840)])]
    #[case("00:00-24:00", &[(0, 1440)])]
    fn hours_are_spans_from_morning_to_evening(#[case] text: &str, #[case] expected: &[(u16, u16)]) {
        let hours = Hours::parse(text).unwrap();
        let spans: Vec<_> = hours.spans().iter().map(|span| (span.from, span.to)).collect();
        assert_eq!(spans, expected);
    }

    #[rstest]
    #[case("08:00-12:00 11:30-14:00", "opens twice at 11:30")]
    #[case("08:00-12:00 08:00-12:00", "opens twice at 08:00")]
    #[case("12:00-08:00", "ends before it begins")]
    #[case("08:00-08:00", "ends before it begins")]
    #[case("22:00-02:00", "past midnight")]
    #[case("8h-12h", "no span of hours")]
    #[case("08:00", "no span of hours")]
    #[case("08:60-12:00", "no span of hours")]
    #[case("08:00-24:01", "no span of hours")]
    #[case("+8:00-12:00", "no span of hours")]
    #[case("fermé", "08:00-12:00")]
    fn a_mistake_is_named(#[case] text: &str, #[case] expected: &str) {
        let error = Hours::parse(text).unwrap_err();
        let error = error.text(Language::English);
        assert!(error.contains(expected), "{error}");
    }
}
