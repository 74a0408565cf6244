//! The words that the articles have, as they are written, so that one with a typing error is found among them.

use std::collections::{BTreeMap, HashMap};

use strsim::osa_distance;

/// A term's place in the index.
pub(super) type Term = u32;

/// From so many letters on, one error is forgiven, and two: shorter words are too many that are nearly the same.
const FORGIVES_ONE: usize = 4;
const FORGIVES_TWO: usize = 8;
/// What an error costs a word's weight.
const COST_OF_ERROR: f32 = 0.25;
/// The weight of a word of which only the beginning is typed, and from how many letters on it is one.
const WEIGHT_OF_BEGINNING: f32 = 0.7;
const SHORTEST_BEGINNING: usize = 3;

/// The words by how they are written.
#[derive(Default)]
pub(super) struct Lexicon {
    terms: HashMap<String, Vec<Term>>,
    /// The same by their lengths in letters: a typing error changes that by one.
    by_length: BTreeMap<usize, Vec<String>>,
}

impl Lexicon {
    /// Adds a word, which stands for this term: one written without accents may stand for several.
    pub(super) fn add(&mut self, written: &str, term: Term) {
        if let Some(terms) = self.terms.get_mut(written) {
            if !terms.contains(&term) {
                terms.push(term);
            }
            return;
        }
        self.terms.insert(written.to_owned(), vec![term]);
        self.by_length.entry(written.chars().count()).or_default().push(written.to_owned());
    }

    /// The terms of a word that is written like this.
    pub(super) fn exact(&self, written: &str) -> &[Term] {
        self.terms.get(written).map_or(&[], Vec::as_slice)
    }

    /// The terms of the words that it may have been meant for, each with what it weighs against an exact one: those with
    /// the fewest errors.
    pub(super) fn near(&self, written: &str) -> Vec<(Term, f32)> {
        let length = written.chars().count();
        let forgiven = match length {
            FORGIVES_TWO.. => 2,
            FORGIVES_ONE.. => 1,
            _ => return Vec::new(),
        };
        let (mut fewest, mut nearest) = (forgiven, Vec::new());
        for word in self.by_length.range(length - forgiven..=length + forgiven).flat_map(|(_, words)| words) {
            let errors = osa_distance(written, word);
            if errors < fewest {
                nearest.clear();
                fewest = errors;
            }
            if errors == fewest {
                nearest.extend_from_slice(self.exact(word));
            }
        }
        let weight = if fewest > 1 { 1.0 - 2.0 * COST_OF_ERROR } else { 1.0 - COST_OF_ERROR };
        nearest.into_iter().map(|term| (term, weight)).collect()
    }

    /// The terms of the words that begin like this, as [`Lexicon::near`].
    pub(super) fn beginning(&self, written: &str) -> Vec<(Term, f32)> {
        let length = written.chars().count();
        if length < SHORTEST_BEGINNING {
            return Vec::new();
        }
        let longer = self.by_length.range(length + 1..).flat_map(|(_, words)| words);
        let begun = longer.filter(|word| word.starts_with(written)).flat_map(|word| self.exact(word));
        begun.map(|term| (*term, WEIGHT_OF_BEGINNING)).collect()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Lexicon;

    #[rstest]
    #[case("valdier", &[0])]
    #[case("valider", &[0])]
    #[case("vallider", &[0])]
    #[case("habiliattions", &[1])]
    #[case("abilitation", &[1])]
    #[case("ond", &[])]
    #[case("onse", &[2])]
    #[case("parfaitement", &[])]
    fn a_typing_error_is_forgiven_in_words_that_are_long_enough(#[case] typed: &str, #[case] expected: &[u32]) {
        let mut lexicon = Lexicon::default();
        for (term, word) in (0..).zip(["valider", "habilitations", "onde"]) {
            lexicon.add(word, term);
        }
        let found: Vec<_> = lexicon.near(typed).into_iter().map(|(term, _)| term).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_beginning_stands_for_all_words_that_go_on() {
        let mut lexicon = Lexicon::default();
        for (term, word) in (0..).zip(["admission", "admettre", "radiation"]) {
            lexicon.add(word, term);
        }
        let terms = |typed: &str| lexicon.beginning(typed).into_iter().map(|(term, _)| term).collect::<Vec<_>>();
        assert_eq!(terms("adm"), [1, 0]);
        assert_eq!((terms("ad"), terms("radiation")), (vec![], vec![]));
    }
}
