//! Personal data that is told by its form alone: addresses, telephones, codes, dates of birth.

use std::{ops::Range, sync::LazyLock};

use regex_lite::Regex;

use super::personal::Personal;
use crate::{request::is_uai, text::fold::folded};

/// What stands between the digits of a number, or nothing.
const GAP: &str = r"[ \u{a0}\u{202f}.\-]?";
/// A space.
const SPACE: &str = r"[ \u{a0}\u{202f}]";
/// A character of a mail address's words.
const OF_ADDRESS: &str = "[^\\s\\u{a0}\\u{202f}@<>()\\[\\]{},;:!\"'’‘=&?/\\\\«».\\-]";
/// A word with a capital.
const CAPITALISED: &str = r"[A-ZÀ-ÖØ-Þ][^\s\u{a0}\u{202f},.;:!?()\[\]<&]*";

/// A kind of personal data, as it is written.
struct Form {
    what: Personal,
    pattern: Regex,
    /// What else must hold, of what stands before and of what was found.
    holds: fn(&str, &str) -> bool,
}

/// Earlier ones count where two begin at the same place.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let always = |_: &str, _: &str| true;
    let form = |what, pattern: String, holds| Form { what, pattern: compiled(&pattern), holds };
    let street = r"(?i:rue|avenue|av\.?|boulevard|bd\.?|place|impasse|all[ée]es?|chemin|route|cours|quai|square|faubourg|lotissement|r[ée]sidence|hameau|sentier)";
    let particle = format!(r"(?:(?:de|du|des|la|le|les){SPACE}|[dl]['’])");
    let town = format!(r"\d{{5}}{SPACE}{CAPITALISED}(?:{SPACE}{CAPITALISED}){{0,3}}");
    vec![
        form(Personal::Address, address(), always),
        form(
            Personal::Nir,
            format!(
                r"[1-478]{GAP}\d\d{GAP}(?:0[1-9]|1[0-2]|[2-9]\d){GAP}(?:\d\d|2[ABab]){GAP}\d{{3}}{GAP}\d{{3}}(?:{GAP}\d\d)?"
            ),
            always,
        ),
        form(Personal::Ine, format!(r"\d(?:{GAP}\d){{8}}{GAP}[A-Z]{{2}}|\d(?:{GAP}\d){{9}}{GAP}[A-Z]"), always),
        form(Personal::Ine, r"\d{9}[a-z]{2}|\d{10}[a-z]".to_owned(), always),
        form(Personal::Uai, format!(r"\d{{3}}{GAP}\d{{4}}{GAP}[A-Z]|\d{{7}}[a-z]"), |_, found| {
            is_uai(&found.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
        }),
        form(Personal::Numen, format!(r"\d\d{GAP}[A-Za-z]{GAP}\d\d{GAP}\d{{5}}{GAP}[A-Za-z]{{3}}"), always),
        form(
            Personal::Phone,
            format!(
                r"(?:\+33|0033){SPACE}?(?:\(0\)|0)?{SPACE}?[1-9](?:[ \u{{a0}}\u{{202f}}.\-()/]{{0,2}}\d){{8}}|0[1-9](?:[ \u{{a0}}\u{{202f}}.\-()]{{0,2}}\d){{8}}|0[1-9](?:/\d\d){{4}}|\+\d{{1,3}}(?:{GAP}\d){{7,12}}"
            ),
            always,
        ),
        form(Personal::Birth, date(), |before, _| is_after_birth(before)),
        form(
            Personal::Postal,
            format!(
                r"\d{{1,4}}(?:{SPACE}?(?:bis|ter|quater))?,?{SPACE}{street}{SPACE}{particle}*(?:{CAPITALISED}(?:[ \u{{a0}}\-]{particle}*{CAPITALISED}){{0,4}}|[^\s\u{{a0}},.;:!?()\[\]<&]+)(?:,?{SPACE}(?:{town}|\d{{5}}))?"
            ),
            always,
        ),
        form(Personal::Postal, town, |_, found| !found.starts_with("00") && found < "99"),
    ]
});

/// What is told by its form alone, in order.
pub(super) fn forms(text: &str) -> Vec<(Range<usize>, Personal)> {
    let mut places: Vec<(Range<usize>, Personal)> = Vec::new();
    for form in FORMS.iter() {
        let mut from = 0;
        while let Some(found) = form.pattern.find_at(text, from) {
            let place = found.range();
            let is_free = places.iter().all(|(taken, _)| taken.end <= place.start || place.end <= taken.start);
            if is_free && stands_alone(text, &place) && (form.holds)(&text[..place.start], found.as_str()) {
                from = place.end;
                places.push((place, form.what));
            } else {
                from = place.start + text[place.start..].chars().next().map_or(1, char::len_utf8);
            }
        }
    }
    places.sort_by_key(|(place, _)| place.start);
    places
}

/// Whether neither a letter nor a digit goes on with it, and no time of day.
fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let (before, after) = (&text[..place.start], &text[place.end..]);
    let is_time = after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric) && !is_time
}

/// A mail address, also one that is written so that machines do not find it.
fn address() -> String {
    let at = format!(r"(?:@|{SPACE}?(?:\[at\]|\(at\)|\[arobase\]|\(arobase\)){SPACE}?)");
    format!(r"{OF_ADDRESS}(?:{OF_ADDRESS}|[.'’\-])*{at}{OF_ADDRESS}+(?:[.\-]+{OF_ADDRESS}+)*\.{OF_ADDRESS}{{2,}}")
}

/// «12/03/2015», «2015-03-12», «12 mars 2015», «1er mars».
fn date() -> String {
    let month = "(?i:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre)";
    let between = r"[ \u{a0}/.\-]";
    format!(
        r"\d{{4}}-\d\d-\d\d|\d\d?{between}\d\d?{between}(?:\d{{4}}|\d\d)|\d\d?(?:er)?{SPACE}{month}(?:{SPACE}\d{{4}})?"
    )
}

/// Whether the sentence says before this that somebody was born.
fn is_after_birth(before: &str) -> bool {
    let from = before.rfind(['\n', '\t', ';', '!', '?']).map_or(0, |at| at + 1);
    let sentence = before[from..].rsplit(". ").next().unwrap_or_default();
    let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let near = &words[words.len().saturating_sub(8)..];
    let says_so = |word: &&str| {
        // Without its accent, «né» is «ne».
        matches!(word.to_lowercase().as_str(), "né" | "nés")
            || matches!(folded(word).as_str(), "nee" | "nees" | "naissance" | "ddn")
    };
    near.iter().any(says_so) || matches!(near, [.., ne, last] if folded(ne) == "ne" && *last == "le")
}

#[allow(clippy::expect_used, reason = "the patterns are this file's own, and every test of it compiles them")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}
