//! The words of a title that say what it is about.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::text::fold::words;

/// Of fewer letters, words say little.
const SHORTEST: usize = 4;

/// Words that any title may have, folded.
const USUAL: [&str; 49] = [
    "alors",
    "apres",
    "aucun",
    "aucune",
    "autre",
    "avant",
    "avec",
    "bonjour",
    "cela",
    "cette",
    "chez",
    "comme",
    "comment",
    "cordialement",
    "dans",
    "demande",
    "depuis",
    "deux",
    "dont",
    "ecole",
    "elle",
    "elles",
    "encore",
    "entre",
    "etre",
    "faire",
    "fait",
    "leur",
    "leurs",
    "mais",
    "meme",
    "merci",
    "notre",
    "nous",
    "objet",
    "plus",
    "pour",
    "quand",
    "quel",
    "sans",
    "sont",
    "sous",
    "suite",
    "tous",
    "tout",
    "toute",
    "urgent",
    "vers",
    "votre",
];

/// A word of a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleWord {
    /// As it is compared.
    pub folded: String,
    /// As it is written, in small letters.
    pub written: String,
}

/// The words of a title, each once, in their order: without short and usual ones, and without numbers, which name a
/// school, a year or a child.
pub fn title_words(title: &str) -> impl Iterator<Item = TitleWord> {
    let mut seen = Vec::new();
    let parts = title.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    let words = parts.flat_map(|part| {
        let written: String = part.nfc().flat_map(char::to_lowercase).collect();
        match <[String; 1]>::try_from(words(part)) {
            Ok([folded]) => vec![TitleWord { folded, written }],
            // Signs that stand for several words.
            Err(several) => several.into_iter().map(|word| TitleWord { folded: word.clone(), written: word }).collect(),
        }
    });
    words.filter(move |TitleWord { folded: word, .. }| {
        let is_one = word.chars().count() >= SHORTEST
            && !word.chars().any(|letter| letter.is_ascii_digit())
            && USUAL.binary_search(&word.as_str()).is_err()
            && !seen.contains(word);
        if is_one {
            seen.push(word.clone());
        }
        is_one
    })
}

#[cfg(test)]
mod tests {
    use super::{USUAL, title_words};

    #[test]
    fn a_title_s_words_are_what_it_is_about() {
        let words: Vec<_> =
            title_words("LSU : e\u{301}cran bloqué, VALIDÉ, les bilans, bilans 2026 de l’école 0210001A").collect();
        let words: Vec<_> = words.iter().map(|word| (word.folded.as_str(), word.written.as_str())).collect();
        assert_eq!(words, [("ecran", "écran"), ("bloque", "bloqué"), ("valide", "validé"), ("bilans", "bilans")]);
    }

    #[test]
    fn usual_words_are_sorted() {
        let mut sorted = USUAL;
        sorted.sort_unstable();
        assert_eq!(sorted, USUAL);
    }
}
