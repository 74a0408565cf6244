//! Names that one place tells, such as «l’élève Kévin Dupont», kept so that they are known in every text of a draft.

use std::collections::{HashMap, HashSet};

use super::{
    everyday::{EVERYDAY, NEVER},
    personal::Personal,
};

/// Fewer letters stand for too much alone.
const SHORTEST_ALONE: usize = 3;
/// Words that are kept at most: no ticket names more people.
const MOST_WORDS: usize = 4000;
/// What stands before a word that is no name, folded.
const ARTICLES: &[&str] = &[
    "au", "aux", "ce", "ces", "cet", "cette", "des", "du", "l", "la", "le", "les", "leur", "leurs", "ma", "mes", "mon",
    "nos", "notre", "sa", "ses", "son", "un", "une", "vos", "votre",
];
/// How small words end that may be verbs: «madame souhaite».
const ENDS_OF_VERBS: &[&str] = &["a", "ait", "e", "ent", "er", "it"];

/// When a part of a name is that name without its other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alone {
    /// Never: it is too short, or a word of every ticket.
    Never,
    /// Where it has a capital: it is a word as well, like «Pierre».
    WithCapital,
    /// However it is written.
    Always,
}

/// How it was told that a name is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// By the word before it, or the end of the letter.
    Place,
    /// By its capitals alone: «MARTIN Lucas».
    Capitals,
    /// It was known.
    Known,
}

/// A part of a name.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) what: Personal,
    pub(super) alone: Alone,
    /// The names that it is a part of, by their numbers.
    of: HashSet<usize>,
}

/// Names that were told.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    parts: HashMap<String, Part>,
    names: HashSet<Vec<String>>,
}

/// How words are used in the texts of a ticket, beside its names: folded.
#[derive(Debug, Default)]
pub(super) struct Usage {
    small: HashSet<String>,
    behind_articles: HashSet<String>,
}

impl Usage {
    /// Notes a word in small letters, and the one before it.
    pub(super) fn note(&mut self, word: &str, before: Option<&str>) {
        if before.is_some_and(|before| ARTICLES.contains(&before)) {
            self.behind_articles.insert(word.to_owned());
        }
        self.small.insert(word.to_owned());
    }
}

impl Learnt {
    /// What is known of a word, folded.
    pub(super) fn part(&self, word: &str) -> Option<&Part> {
        self.parts.get(word)
    }

    /// How many names are known.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Keeps a name, given by its words, each folded and with whether it has a capital.
    pub(super) fn keep(
        &mut self,
        words: &[(String, bool)],
        what: Personal,
        sign: Sign,
        usage: &Usage,
        is_no_name: impl Fn(&str) -> bool,
    ) {
        let mut name: Vec<String> = words.iter().map(|(word, _)| word.clone()).collect();
        name.sort_unstable();
        if self.parts.len() >= MOST_WORDS || self.names.contains(&name) {
            return;
        }
        let number = self.names.len();
        self.names.insert(name);
        for (word, has_capital) in words.iter().filter(|(word, _)| word.chars().count() > 1) {
            let is_none = word.chars().count() < SHORTEST_ALONE
                || is_no_name(word)
                || is_one_of(NEVER, word)
                || sign == Sign::Capitals && usage.small.contains(word);
            let is_word = sign == Sign::Capitals
                || is_one_of(EVERYDAY, word)
                || usage.behind_articles.contains(word)
                || !has_capital && ENDS_OF_VERBS.iter().any(|end| word.ends_with(end));
            let alone = match (is_none, is_word) {
                (true, _) => Alone::Never,
                (false, true) => Alone::WithCapital,
                (false, false) => Alone::Always,
            };
            let part = self.parts.entry(word.clone()).or_insert_with(|| Part { what, alone, of: HashSet::new() });
            part.alone = part.alone.max(alone);
            if what == Personal::Pupil {
                part.what = what;
            }
            part.of.insert(number);
        }
    }
}

impl Part {
    /// Whether both are parts of one name.
    pub(super) fn belongs_with(&self, other: &Self) -> bool {
        self.of.intersection(&other.of).next().is_some()
    }
}

fn is_one_of(sorted: &[&str], word: &str) -> bool {
    sorted.binary_search(&word).is_ok()
}
