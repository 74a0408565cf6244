//! The words of a French text as the search compares them: accents and endings off, small words left out.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;

use crate::text::fold::folded;

/// Letters and digits of a word that are looked at.
const LONGEST: usize = 40;

/// Words that say nothing of what a text is about, folded: those of grammar, of politeness, and what every question has.
const SMALL: &[&str] = &[
    "ai",
    "aider",
    "alors",
    "apres",
    "as",
    "au",
    "aucun",
    "aucune",
    "aujourd",
    "aupres",
    "aussi",
    "autre",
    "autres",
    "aux",
    "avant",
    "avec",
    "avez",
    "avoir",
    "avons",
    "bien",
    "bonjour",
    "bonsoir",
    "c",
    "ca",
    "car",
    "ce",
    "ceci",
    "cela",
    "celle",
    "celles",
    "celui",
    "ces",
    "cet",
    "cette",
    "ceux",
    "chaque",
    "chez",
    "comme",
    "comment",
    "cordialement",
    "d",
    "dans",
    "de",
    "depuis",
    "des",
    "deux",
    "dois",
    "doit",
    "doivent",
    "donc",
    "dont",
    "du",
    "elle",
    "elles",
    "en",
    "encore",
    "entre",
    "es",
    "est",
    "et",
    "etaient",
    "etait",
    "etant",
    "ete",
    "etes",
    "etre",
    "eu",
    "faire",
    "fais",
    "fait",
    "falloir",
    "faut",
    "hui",
    "ici",
    "il",
    "ils",
    "j",
    "je",
    "l",
    "la",
    "le",
    "les",
    "leur",
    "leurs",
    "lors",
    "lorsque",
    "lui",
    "m",
    "ma",
    "mais",
    "me",
    "meme",
    "memes",
    "merci",
    "mes",
    "moi",
    "mon",
    "n",
    "ne",
    "ni",
    "non",
    "nos",
    "notre",
    "nous",
    "on",
    "ont",
    "ou",
    "par",
    "parce",
    "pas",
    "peu",
    "peut",
    "peuvent",
    "peux",
    "plus",
    "pour",
    "pourquoi",
    "pouvez",
    "pouvoir",
    "puis",
    "qu",
    "quand",
    "que",
    "quel",
    "quelle",
    "quelles",
    "quels",
    "qui",
    "quoi",
    "s",
    "sa",
    "sans",
    "se",
    "sera",
    "ses",
    "si",
    "son",
    "sont",
    "sous",
    "suis",
    "sur",
    "svp",
    "t",
    "ta",
    "tes",
    "tous",
    "tout",
    "toute",
    "toutes",
    "tres",
    "un",
    "une",
    "vais",
    "vers",
    "veut",
    "veux",
    "voici",
    "vos",
    "votre",
    "voudrais",
    "vouloir",
    "vous",
    "y",
];

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it is written, folded.
    pub(super) written: String,
    /// What it has in common with its other forms: its stem (Snowball, French), folded.
    pub(super) stem: String,
}

/// Parts texts into words.
pub(super) struct Words(Stemmer);

impl Words {
    pub(super) fn new() -> Self {
        Self(Stemmer::create(Algorithm::French))
    }

    /// The words of a text, in their order. An apostrophe parts words, and so does anything else but letters and digits.
    pub(super) fn of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Word> + 'a {
        // Letters with their accents in one, as the stemmer knows them.
        let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let pieces: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|piece| !piece.is_empty() && piece.chars().count() <= LONGEST)
            .map(str::to_owned)
            .collect();
        pieces.into_iter().filter_map(|piece| self.word(&piece))
    }

    fn word(&self, piece: &str) -> Option<Word> {
        let written = folded(piece);
        let is_letter = written.len() == 1 && !written.starts_with(|c: char| c.is_ascii_digit());
        if is_letter || written.is_empty() || SMALL.binary_search(&written.as_str()).is_ok() {
            return None;
        }
        let stem = folded(&self.0.stem(piece));
        Some(Word { written, stem })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{SMALL, Words};

    fn stems(text: &str) -> Vec<String> {
        Words::new().of(text).map(|word| word.stem).collect()
    }

    #[test]
    fn small_words_are_found_by_halves() {
        assert!(SMALL.is_sorted(), "{:?}", SMALL.windows(2).find(|pair| pair[0] >= pair[1]));
    }

    #[rstest]
    #[case("bilans", "BILAN")]
    #[case("valider", "validation")]
    #[case("élèves", "Élève")]
    #[case("inscription de l’élève", "inscriptions d’élèves")]
    fn forms_of_a_word_have_one_stem(#[case] one: &str, #[case] other: &str) {
        assert_eq!(stems(one), stems(other));
    }

    #[test]
    fn an_apostrophe_of_any_kind_parts_words() {
        assert_eq!(stems("l'école d’application"), stems("école application"));
        assert_eq!(stems("l`import j‘ai"), ["import"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in ".{0,200}") {
            for word in Words::new().of(&text) {
                prop_assert!(!word.written.is_empty());
            }
        }
    }
}
