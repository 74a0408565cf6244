//! Where names stand in a text: those of a ticket's people and schools, and what stands where names stand.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::{
    learnt::{Alone, Learnt, Sign, Usage},
    personal::Personal,
};
use crate::text::fold;

/// What each of a ticket's people and schools is called.
#[derive(Debug, Default)]
pub(super) struct Names {
    people: Vec<String>,
    schools: Vec<String>,
    /// Words in capitals that are no names: applications and the like.
    acronyms: Vec<String>,
    /// The names that the ticket's own texts tell.
    learnt: Learnt,
}

/// A name in a text.
struct Found {
    /// How many words it has.
    words: usize,
    what: Personal,
    sign: Sign,
}

/// Words of a school's name that every school's may have, folded; and of a person's.
const OF_EVERY_SCHOOL: &[&str] = &[
    "accueil",
    "assistance",
    "contact",
    "direction",
    "ecole",
    "elementaire",
    "mairie",
    "maternelle",
    "primaire",
    "publique",
    "privee",
    "application",
    "groupe",
    "scolaire",
    "secretariat",
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
/// … that may have a point.
const SHORT_TITLES: &[&str] = &["m", "mr", "mme", "mmes", "mm", "mlle", "dr"];
/// … in full: what follows in small letters is a name, too.
const FULL_TITLES: &[&str] = &["mme", "mmes", "mlle", "monsieur", "madame", "mademoiselle"];
/// What follows a title and is no name, folded.
const NO_NAMES_AFTER_TITLES: &[&str] = &[
    "ai",
    "avait",
    "avec",
    "avez",
    "avoir",
    "dans",
    "dasen",
    "directeur",
    "directrice",
    "dit",
    "doit",
    "est",
    "et",
    "etait",
    "ien",
    "inspecteur",
    "inspectrice",
    "je",
    "les",
    "maire",
    "nous",
    "ont",
    "par",
    "peut",
    "pour",
    "presidente",
    "president",
    "principal",
    "principale",
    "proviseur",
    "que",
    "qui",
    "recteur",
    "rectrice",
    "secretaire",
    "sont",
    "sur",
    "une",
    "veut",
    "vous",
];
/// What stands within a name, in small letters.
const PARTICLES: &[&str] =
    &["al", "ben", "d", "da", "de", "del", "der", "des", "di", "dos", "du", "el", "l", "la", "le", "o", "van", "von"];
/// What a sentence begins with before a name, folded.
const BEFORE_NAMES: &[&str] = &[
    "appeler",
    "appelez",
    "avec",
    "bonjour",
    "bonsoir",
    "cas",
    "cher",
    "chere",
    "chez",
    "concernant",
    "contacter",
    "contactez",
    "demande",
    "demander",
    "demandez",
    "dossier",
    "ecrire",
    "ecrivez",
    "et",
    "merci",
    "objet",
    "par",
    "pour",
    "prevenir",
    "prevenez",
    "quand",
    "selon",
    "si",
    "suite",
    "voir",
    "vu",
];
/// The end of a letter, folded: its last word, before who signs.
const CLOSINGS: &[&str] =
    &["amicalement", "avance", "cordialement", "cordiales", "distinguees", "respectueusement", "salutations", "vous"];
/// What stands before a word that is no name there, in small letters.
const DETERMINERS: &[&str] = &[
    "au", "aux", "ce", "ces", "cet", "cette", "d", "de", "des", "du", "l", "la", "le", "les", "leur", "ma", "mes",
    "mon", "moins", "notre", "plus", "quel", "sa", "ses", "si", "son", "tout", "tres", "trop", "un", "une", "votre",
];
/// What stands before a pupil's name, folded.
const PUPILS: &[&str] =
    &["eleve", "eleves", "enfant", "enfants", "fils", "fille", "petit", "petite", "jeune", "frere", "soeur", "sœur"];
const SHORTEST_NAME: usize = 3;
/// Words of one name, at most.
const LONGEST_NAME: usize = 4;
/// How often texts are read for names that others tell.
const MOST_ROUNDS: usize = 4;

impl Names {
    /// The names of these people and schools; `acronyms` are words in capitals that are none of them.
    pub(super) fn new<'a>(
        people: impl IntoIterator<Item = &'a str>,
        schools: impl IntoIterator<Item = &'a str>,
        acronyms: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let parts = |text: &str| -> Vec<String> {
            let words = words(text).into_iter().map(|word| folded(&text[word]));
            words.filter(|word| word.chars().count() >= SHORTEST_NAME).collect()
        };
        let of_every = |word: &String| OF_EVERY_SCHOOL.contains(&word.as_str());
        Self {
            people: people.into_iter().flat_map(parts).filter(|word| !of_every(word)).collect(),
            schools: schools.into_iter().flat_map(parts).filter(|word| !of_every(word)).collect(),
            acronyms: acronyms.into_iter().flat_map(parts).collect(),
            learnt: Learnt::default(),
        }
    }

    /// Keeps what these texts tell of names, so that each is found wherever it stands: what is known by one place may tell
    /// another name beside it.
    pub(super) fn learn(&mut self, texts: &[String]) {
        let mut usage = Usage::default();
        for text in texts {
            let words = words(text);
            for (at, word) in words.iter().enumerate().filter(|(_, word)| is_small(&text[(*word).clone()])) {
                let before = at.checked_sub(1).map(|before| &words[before]);
                let before = before.filter(|before| is_beside(&text[before.end..word.start]));
                let before = before.map(|before| folded(&text[before.clone()]));
                usage.note(&folded(&text[word.clone()]), before.as_deref());
            }
        }
        for _ in 0..MOST_ROUNDS {
            let known = self.learnt.len();
            for text in texts {
                self.learn_from(text, &usage);
            }
            if self.learnt.len() == known {
                return;
            }
        }
    }

    fn learn_from(&mut self, text: &str, usage: &Usage) {
        let reading = Reading { names: self, text, words: words(text) };
        let is_told = |found: &Found| found.sign != Sign::Known && found.what != Personal::School;
        let told: Vec<_> = reading
            .found()
            .filter(|(_, found)| is_told(found))
            .map(|(at, found)| {
                let words = reading.words[at..at + found.words].iter().map(|word| &text[word.clone()]);
                let words = words.filter(|word| !PARTICLES.contains(word));
                let words: Vec<_> = words.map(|word| (folded(word), !is_small(word))).collect();
                (words, found)
            })
            .collect();
        let Self { learnt, acronyms, .. } = self;
        for (words, Found { what, sign, .. }) in told {
            learnt.keep(&words, what, sign, usage, |word| is_no_name(word, acronyms));
        }
    }

    /// Where names stand, in order.
    pub(super) fn places(&self, text: &str) -> Vec<(Range<usize>, Personal)> {
        let reading = Reading { names: self, text, words: words(text) };
        let place = |(at, found): (usize, Found)| {
            (reading.words[at].start..reading.words[at + found.words - 1].end, found.what)
        };
        reading.found().map(place).collect()
    }

    fn is_acronym(&self, word: &str) -> bool {
        is_acronym(word, &self.acronyms)
    }
}

fn is_acronym(word: &str, acronyms: &[String]) -> bool {
    let folded = folded(word);
    let is_level = word.chars().any(|c| c.is_ascii_digit());
    is_level || NO_NAMES.contains(&folded.as_str()) || acronyms.contains(&folded)
}

/// Whether a word, folded, is no name alone.
fn is_no_name(word: &str, acronyms: &[String]) -> bool {
    let lists =
        [PARTICLES, TITLES, PUPILS, DETERMINERS, BEFORE_NAMES, CLOSINGS, NO_NAMES_AFTER_TITLES, OF_EVERY_SCHOOL];
    is_acronym(word, acronyms) || lists.iter().any(|list| list.contains(&word))
}

/// A text whose names are looked for.
struct Reading<'a> {
    names: &'a Names,
    text: &'a str,
    words: Vec<Range<usize>>,
}

impl Reading<'_> {
    /// All names, each with the place of its first word.
    fn found(&self) -> impl Iterator<Item = (usize, Found)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < self.words.len() {
                let begin = at;
                let Some(mut found) = self.name_at(at).filter(|found| found.words > 0) else {
                    at += 1;
                    continue;
                };
                found.words = found.words.min(self.words.len() - begin);
                at += found.words;
                return Some((begin, found));
            }
            None
        })
    }

    /// The name that begins with this word.
    fn name_at(&self, at: usize) -> Option<Found> {
        let told = |sign| move |(words, what)| Found { words, what, sign };
        let by_place = self.after_a_title(at).or_else(|| self.after_a_pupil(at)).or_else(|| self.signed(at));
        by_place
            .map(told(Sign::Place))
            .or_else(|| self.known(at))
            .or_else(|| self.learnt(at))
            .or_else(|| self.is_pair(at).then_some((2, Personal::Name)).map(told(Sign::Capitals)))
    }

    fn after_a_title(&self, at: usize) -> Option<(usize, Personal)> {
        let before = self.stands_behind(at)?;
        if !TITLES.contains(&before.as_str()) {
            return None;
        }
        let particles = (at..self.words.len())
            .take_while(|place| self.is_particle(*place) && self.is_joined(*place))
            .take(3)
            .count();
        let first = at + particles;
        let is_none = |place: usize| self.is_one_of(place, NO_NAMES_AFTER_TITLES);
        let run = self.run(first);
        if run > 0 {
            return (!is_none(first)).then_some((particles + run, Personal::Name));
        }
        let is_small = self.word(at).is_some_and(|word| word.chars().count() >= SHORTEST_NAME && is_of_letters(word));
        let is_name = is_small && FULL_TITLES.contains(&before.as_str()) && !is_none(at) && !self.is_particle(at);
        is_name.then_some((1, Personal::Name))
    }

    fn after_a_pupil(&self, at: usize) -> Option<(usize, Personal)> {
        let before = self.stands_behind(at)?;
        let is_name = PUPILS.contains(&before.as_str()) && !self.names.is_acronym(self.word(at)?);
        Some((self.run(at), Personal::Pupil)).filter(|(run, _)| is_name && *run > 0)
    }

    /// A name that ends a letter, alone in its line.
    fn signed(&self, at: usize) -> Option<(usize, Personal)> {
        let before = at.checked_sub(1)?;
        let between = &self.text[self.words[before].end..self.words[at].start];
        let is_near = between.chars().count() <= 6 && between.chars().all(|c| c.is_whitespace() || ",.!".contains(c));
        let run = self.run(at);
        if run == 0 || !is_near || !between.contains(['\n', ',']) || !self.is_one_of(before, CLOSINGS) {
            return None;
        }
        let after = self.text[self.words[at + run - 1].end..].trim_start_matches([' ', '\u{a0}']);
        let ends_line = after.is_empty() || after.starts_with(['\n', '\t', ',', '.', '-', '–', '—']);
        let is_name = !self.is_one_of(at, OF_EVERY_SCHOOL) && !self.is_one_of(at, NO_NAMES_AFTER_TITLES);
        (ends_line && is_name && !self.names.is_acronym(self.word(at)?)).then_some((run, Personal::Name))
    }

    /// A name of the ticket's people or schools. What stands with it is a part of it that was not known.
    fn known(&self, at: usize) -> Option<Found> {
        let has_capital = self.word(at).is_some_and(begins_with_capital);
        let run = (at..self.words.len())
            .take_while(|place| self.is_person(*place) && (*place == at || self.is_joined(place - 1)))
            .count();
        if run > 0 && (has_capital || run > 1 || self.may_be_small(at)) {
            let known = run;
            let mut run = run;
            while run < LONGEST_NAME && self.is_pair(at + run - 1) {
                run += 1;
            }
            let sign = if run > known { Sign::Capitals } else { Sign::Known };
            return Some(Found { words: run, what: Personal::Name, sign });
        }
        // «Lucas MARTIN», where MARTIN is known.
        if self.is_first_name_before(at, |word| self.names.people.contains(word)) {
            return Some(Found { words: 2, what: Personal::Name, sign: Sign::Capitals });
        }
        let is_school = |place: usize| self.word(place).is_some_and(|word| self.names.schools.contains(&folded(word)));
        let run = (at..self.words.len())
            .take_while(|place| is_school(*place) && (*place == at || self.is_joined(place - 1)))
            .count();
        let is_named = has_capital || at.checked_sub(1).is_some_and(|before| self.is_one_of(before, OF_EVERY_SCHOOL));
        (run > 0 && is_named).then_some(Found { words: run, what: Personal::School, sign: Sign::Known })
    }

    /// Whether a word is a first name: the next one is a name, as `is_surname` knows it.
    fn is_first_name_before(&self, at: usize, is_surname: impl Fn(&String) -> bool) -> bool {
        let is_one = |word: &str| is_surname(&folded(word));
        let is_written_so = |word: &str| {
            is_capitals(word) && !self.is_one_of(at, BEFORE_NAMES)
                || begins_with_capital(word) && !self.begins_sentence(at)
        };
        self.word(at).is_some_and(|word| begins_with_capital(word) && !self.names.is_acronym(word))
            && !self.is_one_of(at, TITLES)
            && self.is_joined(at)
            && self.word(at + 1).is_some_and(|word| is_one(word) && is_written_so(word))
    }

    /// A name that the ticket tells elsewhere: several of its parts in any order, or one alone where that is no other word.
    fn learnt(&self, at: usize) -> Option<Found> {
        let part_at = |place: usize| self.names.learnt.part(&folded(self.word(place)?));
        let has_capital = self.word(at).is_some_and(begins_with_capital);
        let Some(part) = part_at(at) else {
            let is_name = |word: &String| self.names.learnt.part(word).is_some_and(|part| part.alone == Alone::Always);
            let what = part_at(at + 1)?.what;
            let is_before = self.is_first_name_before(at, is_name);
            return is_before.then_some(Found { words: 2, what, sign: Sign::Capitals });
        };
        let (mut end, mut parts, mut can_be_alone) = (at + 1, vec![at], part.alone != Alone::Never);
        while self.is_joined(end - 1) {
            let next = self.behind_particles(end);
            // «la pierre de Pierre»
            let is_other = |place: &usize| self.word(*place).map(folded) != self.word(next).map(folded);
            let Some(other) = part_at(next).filter(|other| part.belongs_with(other)) else { break };
            if !parts.iter().all(is_other) {
                break;
            }
            can_be_alone |= other.alone != Alone::Never;
            parts.push(next);
            end = next + 1;
        }
        let known = |words| Some(Found { words, what: part.what, sign: Sign::Known });
        if parts.len() > 1 && (has_capital || can_be_alone) {
            return known(end - at);
        }
        match part.alone {
            Alone::Always if has_capital => match self.run(at) {
                run if run > 1 => Some(Found { words: run, what: part.what, sign: Sign::Capitals }),
                _ => known(1),
            },
            Alone::Always => (!self.is_hyphened(at)).then(|| known(1))?,
            Alone::WithCapital => (has_capital && !self.is_hyphened(at)).then(|| known(1))?,
            Alone::Never => None,
        }
    }

    /// Whether a word is a part of one with a hyphen.
    fn is_hyphened(&self, at: usize) -> bool {
        let range = &self.words[at];
        self.text[..range.start].ends_with('-') || self.text[range.end..].starts_with('-')
    }

    /// Whether a word in small letters, which is the name of one of the ticket's people, is meant as that: nothing stands
    /// before it that makes it another word, and it is no part of one.
    fn may_be_small(&self, at: usize) -> bool {
        let before = at.checked_sub(1).filter(|_| self.stands_behind(at).is_some());
        !self.is_hyphened(at) && before.is_none_or(|before| !self.is_one_of(before, DETERMINERS))
    }

    /// How many words a name has that begins with this word: words with a capital that stand together, and what stands
    /// in small letters between them.
    fn run(&self, at: usize) -> usize {
        if !self.is_name_like(at) {
            return 0;
        }
        let (mut end, mut names) = (at + 1, 1);
        while names < LONGEST_NAME && self.is_joined(end - 1) {
            let next = self.behind_particles(end);
            let goes_on = next - end <= 2 && self.is_name_like(next);
            if !goes_on || self.word(next).is_some_and(|word| self.names.is_acronym(word)) {
                break;
            }
            (end, names) = (next + 1, names + 1);
        }
        end - at
    }

    /// This word, or the first behind it that is none of those that stand in small letters within a name.
    fn behind_particles(&self, at: usize) -> usize {
        (at..self.words.len()).find(|place| !(self.is_particle(*place) && self.is_joined(*place))).unwrap_or(at)
    }

    /// Whether a word has a capital as names have it: «Neil», «J.», the O of «O’Neil».
    fn is_name_like(&self, at: usize) -> bool {
        let Some(word) = self.word(at) else { return false };
        let after = &self.text[self.words[at].end..];
        begins_with_capital(word) || word.chars().all(char::is_uppercase) && after.starts_with(['\'', '’', '.'])
    }

    /// «MARTIN Lucas», «Lucas MARTIN».
    fn is_pair(&self, at: usize) -> bool {
        let is_surname =
            |place: usize| self.word(place).is_some_and(|word| is_capitals(word) && !self.names.is_acronym(word));
        let is_first_name =
            |place: usize| self.word(place).is_some_and(|word| begins_with_capital(word) && !is_capitals(word));
        self.is_joined(at)
            && (is_surname(at) && is_first_name(at + 1)
                || is_first_name(at) && is_surname(at + 1) && !self.begins_sentence(at))
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.words.get(at).map(|range| &self.text[range.clone()])
    }

    fn is_one_of(&self, at: usize, these: &[&str]) -> bool {
        self.word(at).is_some_and(|word| these.contains(&folded(word).as_str()))
    }

    fn is_person(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| self.names.people.contains(&folded(word)))
    }

    fn is_particle(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| PARTICLES.contains(&word))
    }

    /// Whether a word and the next one stand together.
    fn is_joined(&self, at: usize) -> bool {
        let (Some(one), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else { return false };
        let is_initial = self.text[one.clone()].chars().count() == 1;
        match &self.text[one.end..next.start] {
            " " | "\u{a0}" | "\u{202f}" | "-" | "'" | "’" => true,
            "." | ". " | ".-" => is_initial,
            _ => false,
        }
    }

    /// The word before this one, folded, where nothing but spaces, a colon or the point of a short title stands between
    /// them: any other point ends a sentence.
    fn stands_behind(&self, at: usize) -> Option<String> {
        let before = self.words.get(at.checked_sub(1)?)?;
        let between = &self.text[before.end..self.words[at].start];
        let before = folded(&self.text[before.clone()]);
        let may_have_point = SHORT_TITLES.contains(&before.as_str());
        let is_near = |c: char| c.is_whitespace() && c != '\n' || c == ':' || c == '.' && may_have_point;
        between.chars().all(is_near).then_some(before)
    }

    /// Whether a word is a sentence's first, whose capital says nothing.
    fn begins_sentence(&self, at: usize) -> bool {
        let before = self.text[..self.words[at].start].trim_end();
        before.chars().next_back().is_none_or(|c| ".!?:;«\n-–—".contains(c))
    }
}

/// The words of a text: letters and digits, with the accents that stand behind their letters and what nobody sees.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) if !is_unseen(c) => {
                words.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    words
}

/// A word as words are compared.
fn folded(word: &str) -> String {
    let folded = fold::folded(word);
    if folded.contains(is_unseen) { folded.replace(is_unseen, "") } else { folded }
}

/// Whether a character is no letter of its own within a word.
fn is_unseen(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Whether nothing but spaces and an apostrophe parts two words.
fn is_beside(between: &str) -> bool {
    between.chars().all(|c| c.is_whitespace() && c != '\n' || matches!(c, '\'' | '’'))
}

fn is_small(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_lowercase)
}

fn begins_with_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase) && word.chars().count() > 1
}

fn is_capitals(word: &str) -> bool {
    word.chars().count() >= SHORTEST_NAME && word.chars().all(|c| c.is_uppercase() || is_unseen(c))
}

fn is_of_letters(word: &str) -> bool {
    word.chars().all(|c| c.is_alphabetic() || is_unseen(c))
}
