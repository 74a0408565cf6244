//! French as it is written and set: months, dates, durations, sizes, and the spaces at which no line may break.

use std::time::Duration;

use jiff::Zoned;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A text with no-break spaces before `: ; ? !` and `»`, and after `«` and `n°`.
pub fn set(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(' ') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let holds = before.ends_with('«') || before.ends_with("n°") || after.starts_with([':', ';', '?', '!', '»']);
        shown.push_str(before);
        shown.push(if holds { '\u{a0}' } else { ' ' });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// A text with no-break spaces within its «…» where there are none.
pub fn quotes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if before == '«' && !letter.is_whitespace() || letter == '»' && !before.is_whitespace() && before != '«' {
            shown.push('\u{a0}');
        }
        shown.push(letter);
        before = letter;
    }
    shown
}

/// The same as [`set`], with typographic apostrophes as well: for text without markup.
pub fn printed(text: &str) -> String {
    let between_letters = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + 1..].chars().next();
        before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic)
    };
    let mut shown = text.to_owned();
    for (at, _) in text.rmatch_indices('\'').filter(|(at, _)| between_letters(*at)) {
        shown.replace_range(at..=at, "’");
    }
    set(&shown)
}

/// A text, or HTML, with plain spaces and apostrophes, as tickets had it before their texts were set as printed: both
/// are one.
pub fn typed(text: &str) -> String {
    text.replace('\u{a0}', " ").replace("&nbsp;", " ").replace('’', "'")
}

/// Words as a sentence: with a large first letter and a full stop.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A day of a month: «1er», «2».
pub fn day(number: i8) -> String {
    if number == 1 { "1er".to_owned() } else { number.to_string() }
}

/// The month of this number, from 1.
pub fn month(number: i8) -> &'static str {
    let place = usize::try_from(number - 1).ok();
    place.and_then(|place| MONTHS.get(place)).copied().unwrap_or_default()
}

/// «au bureau», «aux référents», «à l’assistance», «à DSI-BAI»: to somebody, whose name may begin with its article.
pub fn to(whom: &str) -> String {
    let contracted = [("le ", "au "), ("les ", "aux ")];
    let found = contracted.iter().find_map(|(article, with)| Some(format!("{with}{}", whom.strip_prefix(article)?)));
    found.unwrap_or_else(|| format!("à {whom}"))
}

/// «1\u{a0}destinataire», «2\u{a0}destinataires»: French has no plural below two.
pub fn count(number: usize, one: &str, several: &str) -> String {
    format!("{}\u{a0}{}", grouped(number), if number < 2 { one } else { several })
}

/// «1\u{202f}234»: a narrow no-break space before each three digits.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// «24 novembre 2026»
pub fn date(moment: &Zoned) -> String {
    format!("{}\u{a0}{} {}", day(moment.day()), month(moment.month()), moment.year())
}

/// «14\u{a0}h\u{a0}05»
pub fn time(moment: &Zoned) -> String {
    format!("{}\u{a0}h\u{a0}{:02}", moment.hour(), moment.minute())
}

/// «24 novembre 2026 à\u{a0}14\u{a0}h\u{a0}05»
pub fn moment(moment: &Zoned) -> String {
    format!("{} à\u{a0}{}", date(moment), time(moment))
}

/// A time of work: «25\u{a0}min», «3\u{a0}h\u{a0}05», «40\u{a0}h».
pub fn delay(worked: &Duration) -> String {
    let minutes = worked.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "moins d’une minute".to_owned(),
        (0, minutes) => format!("{minutes}\u{a0}min"),
        (hours, 0) => format!("{hours}\u{a0}h"),
        (hours, minutes) => format!("{hours}\u{a0}h\u{a0}{minutes:02}"),
    }
}

/// A number of bytes in the largest unit that leaves it whole, rounded down.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes}\u{a0}octets"),
        1024..1_048_576 => format!("{}\u{a0}Ko", bytes / 1024),
        _ => format!("{}\u{a0}Mo", bytes / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{delay, printed, set, size, typed};

    #[test]
    fn moments_are_said_as_people_say_them() {
        let moment = "2026-08-01T09:05:30+02:00[Europe/Paris]".parse().unwrap();
        assert_eq!(super::moment(&moment), "1er\u{a0}août 2026 à\u{a0}9\u{a0}h\u{a0}05");
    }

    #[test]
    fn times_of_work_are_said_in_hours() {
        for (minutes, said) in [
            (0, "moins d’une minute"),
            (1, "1\u{a0}min"),
            (59, "59\u{a0}min"),
            (60, "1\u{a0}h"),
            (185, "3\u{a0}h\u{a0}05"),
            (2400, "40\u{a0}h"),
        ] {
            assert_eq!(delay(&Duration::from_mins(minutes)), said);
        }
    }

    #[test]
    fn words_agree() {
        let to =
            [("le bureau", "au bureau"), ("les référents", "aux référents"), ("l’aide", "à l’aide"), ("BAI", "à BAI")];
        assert!(to.iter().all(|(whom, said)| super::to(whom) == *said));
        let count = |number| super::count(number, "destinataire", "destinataires");
        assert_eq!([0, 1, 2].map(count), ["0\u{a0}destinataire", "1\u{a0}destinataire", "2\u{a0}destinataires"]);
        assert_eq!(count(20_000), "20\u{202f}000\u{a0}destinataires");
    }

    #[test]
    fn large_numbers_are_parted() {
        assert_eq!(
            [0, 999, 1000, 134_000, 1_000_000].map(super::grouped),
            ["0", "999", "1\u{202f}000", "134\u{202f}000", "1\u{202f}000\u{202f}000"]
        );
    }

    #[test]
    fn what_is_typed_is_printed_and_back() {
        for (plain, expected) in [
            ("APAE : demande d'information", "APAE\u{a0}: demande d’information"),
            ("l'", "l'"),
            ("'cité'", "'cité'"),
            ("", ""),
        ] {
            assert_eq!((printed(plain).as_str(), typed(&printed(plain)).as_str()), (expected, plain));
        }
        assert_eq!(typed("n°&nbsp;1\u{a0}: l’accès"), "n° 1 : l'accès");
    }

    #[test]
    fn no_line_begins_with_a_mark_or_ends_with_an_opening_one() {
        for (plain, expected) in [
            (
                "Une question ? Non : « oui » ; n° 12 !",
                "Une question\u{a0}? Non\u{a0}: «\u{a0}oui\u{a0}»\u{a0}; n°\u{a0}12\u{a0}!",
            ),
            ("", ""),
            (" a ", " a "),
        ] {
            assert_eq!(set(plain), expected);
        }
    }

    #[test]
    fn sizes_are_said_in_their_unit() {
        assert_eq!(size(31_457_280), "30\u{a0}Mo");
        assert_eq!(size(20_480), "20\u{a0}Ko");
        assert_eq!(size(12), "12\u{a0}octets");
    }
}
