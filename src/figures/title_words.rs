//! The words of a title that say what it is about.

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

/// The words of a title, folded, each once, in their order: without short and usual ones, and without numbers, which
/// name a school, a year or a child.
pub fn title_words(title: &str) -> impl Iterator<Item = String> {
    let mut seen = Vec::new();
    words(title).into_iter().filter(move |word| {
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
        let words: Vec<String> =
            title_words("LSU : impossible de VALIDER les bilans, bilans 2026 de l’école 0210001A").collect();
        assert_eq!(words, ["impossible", "valider", "bilans"]);
    }

    #[test]
    fn usual_words_are_sorted() {
        let mut sorted = USUAL;
        sorted.sort_unstable();
        assert_eq!(sorted, USUAL);
    }
}
