//! Personal data, taken out of texts that are to become public: what is known of a ticket's people, and what looks like it.
//!
//! A machine finds what has a form (addresses, telephones, codes), what the ticket says it is, and what stands where names
//! stand. It does not find everything: whoever publishes reads it, and is told what was found.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    request::is_uai,
    text::{
        fold::folded,
        french,
        tags::{Token, Tokens},
    },
};

/// What personal data is, with the word that stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Personal {
    Name,
    Pupil,
    School,
    Address,
    Phone,
    Uai,
    Ine,
    Numen,
    Birth,
}

impl Personal {
    fn placeholder(self) -> &'static str {
        match self {
            Self::Name => "[nom]",
            Self::Pupil => "[élève]",
            Self::School => "[école]",
            Self::Address => "[adresse]",
            Self::Phone => "[téléphone]",
            Self::Uai => "[UAI]",
            Self::Ine => "[INE]",
            Self::Numen => "[NUMEN]",
            Self::Birth => "[date de naissance]",
        }
    }

    fn counted(self, times: usize) -> String {
        let (one, several) = match self {
            Self::Name => ("nom", "noms"),
            Self::Pupil => ("nom d’élève", "noms d’élèves"),
            Self::School => ("école", "écoles"),
            Self::Address => ("adresse", "adresses"),
            Self::Phone => ("téléphone", "téléphones"),
            Self::Uai => ("code UAI", "codes UAI"),
            Self::Ine => ("INE", "INE"),
            Self::Numen => ("NUMEN", "NUMEN"),
            Self::Birth => ("date de naissance", "dates de naissance"),
        };
        french::count(times, one, several)
    }
}

/// What each of the ticket's people and schools is called, and what was masked so far.
#[derive(Debug, Default)]
pub(super) struct Masks {
    names: Vec<String>,
    schools: Vec<String>,
    /// Words in capitals that are no names: applications and the like.
    acronyms: Vec<String>,
    masked: BTreeMap<Personal, usize>,
}

/// Words of a school's name that every school's may have, folded; and of a person's.
const OF_EVERY_SCHOOL: &[&str] = &[
    "ecole",
    "elementaire",
    "maternelle",
    "primaire",
    "publique",
    "privee",
    "application",
    "groupe",
    "scolaire",
    "regroupement",
    "pedagogique",
    "intercommunal",
    "saint",
    "sainte",
    "centre",
    "nord",
    "sud",
    "ouest",
];
/// Words in capitals that stand beside words with a capital and are no names, folded.
const NO_NAMES: &[&str] = &[
    "apae",
    "arena",
    "attention",
    "bnie",
    "bonjour",
    "csv",
    "dasen",
    "dsden",
    "dsi",
    "ececa",
    "edge",
    "educonnect",
    "emc",
    "erreur",
    "firefox",
    "glpi",
    "ien",
    "important",
    "ine",
    "lsu",
    "lsun",
    "merci",
    "mldr",
    "mpp",
    "numen",
    "nota",
    "onde",
    "otp",
    "pdf",
    "ppre",
    "pps",
    "rased",
    "rne",
    "rpi",
    "svp",
    "tps",
    "uai",
    "ulis",
    "upe2a",
    "url",
    "urgent",
    "xml",
];
/// What stands before a name, folded.
const TITLES: &[&str] =
    &["m", "mr", "mme", "mmes", "mm", "mlle", "monsieur", "madame", "mademoiselle", "dr", "maitre", "maitresse"];
/// What stands before a pupil's name, folded.
const PUPILS: &[&str] =
    &["eleve", "eleves", "enfant", "enfants", "fils", "fille", "petit", "petite", "jeune", "frere", "soeur"];
const SHORTEST_NAME: usize = 3;
/// Words of one name, at most.
const LONGEST_NAME: usize = 4;

impl Masks {
    /// Masks for a ticket with these people and schools; `acronyms` are words in capitals that are none of them.
    pub(super) fn new<'a>(
        people: impl IntoIterator<Item = &'a str>,
        schools: impl IntoIterator<Item = &'a str>,
        acronyms: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let parts = |text: &str| -> Vec<String> {
            let words = words(text);
            words
                .into_iter()
                .map(|word| folded(&text[word]))
                .filter(|word| word.chars().count() >= SHORTEST_NAME)
                .collect()
        };
        let of_every = |word: &String| OF_EVERY_SCHOOL.contains(&word.as_str());
        Self {
            names: people.into_iter().flat_map(parts).collect(),
            schools: schools.into_iter().flat_map(parts).filter(|word| !of_every(word)).collect(),
            acronyms: acronyms.into_iter().flat_map(parts).collect(),
            masked: BTreeMap::new(),
        }
    }

    /// What was masked, in words; `None` where nothing was.
    pub(super) fn said(&self) -> Option<String> {
        let counted: Vec<String> = self.masked.iter().map(|(what, times)| what.counted(*times)).collect();
        (!counted.is_empty()).then(|| counted.join(", "))
    }

    /// A text without personal data.
    pub(super) fn text(&mut self, text: &str) -> String {
        let formed = self.replace(text, forms(text));
        let places = self.names(&formed);
        self.replace(&formed, places)
    }

    /// Sanitised HTML, each of its texts without personal data.
    pub(super) fn html(&mut self, html: &str) -> String {
        let mut masked = String::with_capacity(html.len());
        let mut tokens = Tokens::new(html).peekable();
        while let Some((at, token)) = tokens.next() {
            let end = tokens.peek().map_or(html.len(), |(next, _)| *next);
            match token {
                Token::Text(text) => masked.push_str(&self.text(&text.replace("&nbsp;", "\u{a0}"))),
                Token::Open { .. } | Token::Close { .. } | Token::Hidden => masked.push_str(&html[at..end]),
            }
        }
        masked
    }

    fn replace(&mut self, text: &str, places: Vec<(Range<usize>, Personal)>) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut copied = 0;
        for (place, what) in places {
            if place.start < copied {
                continue;
            }
            masked.push_str(&text[copied..place.start]);
            masked.push_str(what.placeholder());
            copied = place.end;
            *self.masked.entry(what).or_default() += 1;
        }
        masked.push_str(&text[copied..]);
        masked
    }

    /// Where names stand.
    fn names(&self, text: &str) -> Vec<(Range<usize>, Personal)> {
        let words = words(text);
        let mut places: Vec<(Range<usize>, Personal)> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let Some((taken, what)) = self.name_at(text, &words, at) else {
                at += 1;
                continue;
            };
            let last = (at + taken - 1).min(words.len() - 1);
            places.push((words[at].start..words[last].end, what));
            at = last + 1;
        }
        places
    }

    /// The name that begins with this word: how many words it has.
    fn name_at(&self, text: &str, words: &[Range<usize>], at: usize) -> Option<(usize, Personal)> {
        let word = |place: usize| words.get(place).map(|range| &text[range.clone()]);
        let joined = |place: usize| {
            let (Some(one), Some(next)) = (words.get(place), words.get(place + 1)) else { return false };
            let between = &text[one.end..next.start];
            between.chars().count() == 1
                && between.chars().all(|c| c == ' ' || c == '\u{a0}' || c == '-' || c == '\'' || c == '’')
        };
        let this = word(at)?;
        if !begins_with_capital(this) || is_in_brackets(text, &words[at]) {
            return None;
        }
        // How many words with a capital stand together from here.
        let mut together = 1;
        while together < LONGEST_NAME
            && joined(at + together - 1)
            && word(at + together).is_some_and(begins_with_capital)
        {
            together += 1;
        }
        if let Some(before) = at.checked_sub(1).and_then(word).map(folded)
            && stands_before(text, words, at)
        {
            if TITLES.contains(&before.as_str()) {
                return Some((together, Personal::Name));
            }
            if PUPILS.contains(&before.as_str()) && !self.is_acronym(this) {
                return Some((together, Personal::Pupil));
            }
        }
        let is_of = |known: &[String], place: usize| word(place).is_some_and(|word| known.contains(&folded(word)));
        for (known, what) in [(&self.names, Personal::Name), (&self.schools, Personal::School)] {
            let begins = (0..together).take_while(|more| is_of(known, at + more)).count();
            if begins > 0 {
                return Some((begins, what));
            }
        }
        // «MARTIN Lucas», «Lucas MARTIN».
        let is_surname = |place: usize| word(place).is_some_and(|word| is_capitals(word) && !self.is_acronym(word));
        let is_first_name =
            |place: usize| word(place).is_some_and(|word| begins_with_capital(word) && !is_capitals(word));
        let is_pair = |place: usize| {
            joined(place)
                && (is_surname(place) && is_first_name(place + 1)
                    || is_first_name(place) && is_surname(place + 1) && !begins_sentence(text, &words[place]))
        };
        is_pair(at).then_some((2, Personal::Name))
    }

    fn is_acronym(&self, word: &str) -> bool {
        let folded = folded(word);
        let is_level = word.chars().any(|c| c.is_ascii_digit());
        is_level || NO_NAMES.contains(&folded.as_str()) || self.acronyms.contains(&folded)
    }
}

/// The words of a text: letters and digits.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                words.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    words
}

fn begins_with_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase) && word.chars().count() > 1
}

fn is_capitals(word: &str) -> bool {
    word.chars().count() >= SHORTEST_NAME && word.chars().all(char::is_uppercase)
}

/// Whether a word stands in one of our own placeholders.
fn is_in_brackets(text: &str, word: &Range<usize>) -> bool {
    text[..word.start].ends_with('[') && text[word.end..].starts_with(']')
}

/// Whether nothing but a space, a point or a colon stands between a word and the one before it.
fn stands_before(text: &str, words: &[Range<usize>], at: usize) -> bool {
    let between = &text[words[at - 1].end..words[at].start];
    between.chars().all(|c| c.is_whitespace() || c == '.' || c == ':') && !between.contains('\n')
}

/// Whether a word is a sentence's first, whose capital says nothing.
fn begins_sentence(text: &str, word: &Range<usize>) -> bool {
    text[..word.start].trim_end().chars().next_back().is_none_or(|c| ".!?:;«\n-–—".contains(c))
}

/// What is told by its form alone, in order.
fn forms(text: &str) -> Vec<(Range<usize>, Personal)> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let is_inside = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let found = if is_inside { None } else { form(rest, &text[..at]) };
        if let Some((length, what)) = found {
            places.push((at..at + length, what));
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    places
}

/// What begins here, and how many bytes it has.
fn form(rest: &str, before: &str) -> Option<(usize, Personal)> {
    if let Some(length) = address(rest) {
        return Some((length, Personal::Address));
    }
    let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let code = &rest[..run];
    if is_uai(code) {
        return Some((run, Personal::Uai));
    }
    let (digits, letters) = split_code(code);
    match (digits, letters, code.len()) {
        (9, 2, 11) | (10, 1, 11) => return Some((run, Personal::Ine)),
        _ => {}
    }
    if is_numen(code) {
        return Some((run, Personal::Numen));
    }
    if let Some(length) = phone(rest) {
        return Some((length, Personal::Phone));
    }
    if is_after_birth(before)
        && let Some(length) = date(rest)
    {
        return Some((length, Personal::Birth));
    }
    None
}

/// A mail address.
fn address(rest: &str) -> Option<usize> {
    let is_of_address = |c: char| c.is_alphanumeric() || "._%+-@".contains(c);
    let end = rest.find(|c| !is_of_address(c)).unwrap_or(rest.len());
    let run = rest[..end].trim_end_matches(['.', '-', '@']);
    let (local, domain) = run.split_once('@')?;
    (!local.is_empty() && domain.contains('.') && !domain.contains('@')).then_some(run.len())
}

/// How many digits a code begins with, and how many letters end it; (0, 0) where it is anything else.
fn split_code(code: &str) -> (usize, usize) {
    let digits = code.bytes().take_while(u8::is_ascii_digit).count();
    let letters = code.len() - digits;
    if code.bytes().skip(digits).all(|byte| byte.is_ascii_alphabetic()) { (digits, letters) } else { (0, 0) }
}

/// `05E1234567ABC`: two digits, a letter, seven digits, three letters.
fn is_numen(code: &str) -> bool {
    let is_like = |(at, byte): (usize, u8)| match at {
        2 | 10..=12 => byte.is_ascii_alphabetic(),
        _ => byte.is_ascii_digit(),
    };
    code.len() == 13 && code.bytes().enumerate().all(is_like)
}

/// A French telephone number: ten digits from 0, or nine behind +33.
fn phone(rest: &str) -> Option<usize> {
    let (prefix, wanted) = match rest {
        _ if rest.starts_with("+33") => (3, 9),
        _ if rest.starts_with("0033") => (4, 9),
        _ if rest.starts_with('0') => (0, 10),
        _ => return None,
    };
    let mut digits = 0;
    for (at, c) in rest[prefix..].char_indices() {
        let at = prefix + at;
        if c.is_ascii_digit() {
            digits += 1;
            if digits == wanted {
                let end = at + 1;
                let goes_on = rest[end..].chars().next().is_some_and(char::is_alphanumeric);
                return (!goes_on).then_some(end);
            }
        } else if !" .-\u{a0}\u{202f}()".contains(c) {
            return None;
        }
    }
    None
}

/// Whether «né le» or «née le» stands before.
fn is_after_birth(before: &str) -> bool {
    let from = before.char_indices().rev().nth(12).map_or(0, |(at, _)| at);
    let before = folded(before[from..].trim_end());
    let mut words = before.rsplit(|c: char| !c.is_alphanumeric());
    words.next() == Some("le")
        && words.next().is_some_and(|word| ["ne", "nee", "nes", "nees", "naissance"].contains(&word))
}

/// A date: «12/03/2015», «12 mars 2015».
fn date(rest: &str) -> Option<usize> {
    let mut end = 0;
    let mut years = 0;
    for (at, piece) in rest.split_inclusive([' ', '/', '.', '-', '\u{a0}']).scan(0, |from, piece| {
        let at = *from;
        *from += piece.len();
        Some((at, piece))
    }) {
        let word = piece.trim_end_matches([' ', '/', '.', '-', '\u{a0}']);
        let plain: String = word.chars().take_while(|c| c.is_alphanumeric()).collect();
        let number = plain.trim_end_matches("er").parse::<u32>().ok();
        let is_month = (1..=12).any(|month| french::month(month) == plain.to_lowercase());
        if number.is_none() && !is_month {
            break;
        }
        end = at + plain.len();
        if number.is_some_and(|number| number > 1900) {
            years += 1;
            break;
        }
    }
    (years > 0).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::Masks;

    fn masks() -> Masks {
        Masks::new(["Jeanne Martin", "DUPOND Éric"], ["École élémentaire Voltaire"], ["LSU", "ONDE"])
    }

    #[rstest]
    #[case("Écrivez à jeanne.martin@ac-dijon.fr.", "Écrivez à [adresse].")]
    #[case(
        "Appelez le 03 80 12 34 56 ou +33 6 12 34 56 78, poste 12",
        "Appelez le [téléphone] ou [téléphone], poste 12"
    )]
    #[case("0380123456", "[téléphone]")]
    #[case("L’école 0210001A, INE 1234567890A et 123456789AB", "L’école [UAI], INE [INE] et [INE]")]
    #[case("NUMEN 05E1234567ABC", "NUMEN [NUMEN]")]
    #[case("Bonjour Mme Martin, M. Dupond-Moretti et Mme Le Goff", "Bonjour Mme [nom], M. [nom] et Mme [nom]")]
    #[case("Vu avec Jeanne puis MARTIN, voir Éric Dupond", "Vu avec [nom] puis [nom], voir [nom]")]
    #[case("le martin-pêcheur", "le martin-pêcheur")]
    #[case("L’élève Lucas Petit est né le 12/03/2015.", "L’élève [élève] est né le [date de naissance].")]
    #[case("Élève : Léa, née le 1er mars 2016 à Dijon", "Élève : [élève], née le [date de naissance] à Dijon")]
    #[case("Pour BERNARD Chloé et pour Hugo LEROY", "Pour [nom] et pour [nom]")]
    #[case("À l’école Voltaire, dans LSU Bilans", "À l’école [école], dans LSU Bilans")]
    #[case("Ouvrez ONDE puis Élèves, exportez en PDF Paysage", "Ouvrez ONDE puis Élèves, exportez en PDF Paysage")]
    #[case("Les élèves de CM2 et les CE1", "Les élèves de CM2 et les CE1")]
    #[case("Version 10.0.14 du 12/03/2026, 1234567 lignes", "Version 10.0.14 du 12/03/2026, 1234567 lignes")]
    fn what_names_a_person_goes_and_nothing_else(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(masks().text(text), expected);
    }

    #[test]
    fn what_was_masked_is_said() {
        let mut masks = masks();
        assert_eq!(masks.said(), None);
        masks.text("Mme Martin et M. Leroy, 03 80 12 34 56");
        assert_eq!(masks.said().unwrap(), "2\u{a0}noms, 1\u{a0}téléphone");
    }

    #[test]
    fn html_keeps_its_tags() {
        let html = "<p>Pour&nbsp;<b>Mme&nbsp;Martin</b> : <a href=\"https://ac-dijon.fr/Martin\">ici</a> &amp; là</p>";
        let expected =
            "<p>Pour\u{a0}<b>Mme\u{a0}[nom]</b> : <a href=\"https://ac-dijon.fr/Martin\">ici</a> &amp; là</p>";
        assert_eq!(masks().html(html), expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "(?s).{0,200}") {
            masks().html(&text);
            masks().text(&text);
        }

        #[test]
        fn no_address_telephone_or_code_is_left(
            before in "[a-z ]{0,20}", name in "[a-z]{1,10}", digits in "[0-9]{8}", letter in "[A-HJ-NP-Z]",
        ) {
            let uai = format!("021{}{letter}", &digits[..4]);
            let text = format!("{before} {name}@ac-dijon.fr puis 03{digits} {uai}");
            let masked = masks().text(&text);
            prop_assert!(!masked.contains('@') && !masked.contains(&digits), "{masked}");
        }
    }
}
