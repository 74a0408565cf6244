//! Which articles answer a question: BM25 over three fields (BM25F), words forgiven their typing errors.
//!
//! A whole search engine would bring a hundred crates and megabytes for some thousand short texts that fit into memory;
//! ranking them is what stands here. The stems come from `rust-stemmers`, the distances of words from `strsim`.

use std::collections::HashMap;

use super::{
    lexicon::{Lexicon, Term},
    words::{Word, Words},
};

/// The usual constants of BM25: how soon a repeated word counts no more.
const SATURATION: f32 = 1.2;
/// What a field counts, and how much its length takes off (0 to 1): a title that has the word says what it is about.
const TITLE: Field = Field { weight: 4.0, by_length: 0.5 };
const BODY: Field = Field { weight: 1.0, by_length: 0.75 };
const ABOUT: Field = Field { weight: 1.0, by_length: 0.0 };
/// How much it counts that an article has all words of a question and not only some.
const COMPLETENESS: f32 = 0.7;

struct Field {
    weight: f32,
    by_length: f32,
}

/// The texts of an article.
pub(super) struct Texts<'a> {
    /// The question.
    pub(super) title: &'a str,
    /// The answer, as plain text.
    pub(super) body: &'a str,
    /// What it is filed under: categories, and all that its application is called.
    pub(super) about: &'a str,
}

/// That an article has a term: how often in each field.
#[derive(Clone, Copy, Default)]
struct Posting {
    article: u32,
    title: u8,
    body: u8,
    about: u8,
}

#[derive(Clone, Copy, Default)]
struct Lengths {
    title: f32,
    body: f32,
}

/// The words of all articles.
pub(super) struct Index {
    words: Words,
    terms: HashMap<String, Term>,
    lexicon: Lexicon,
    postings: Vec<Vec<Posting>>,
    lengths: Vec<Lengths>,
    usual: Lengths,
}

/// An article that answers a question, perhaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    /// Its place among the articles.
    pub(super) place: usize,
    /// How well it answers; only to be compared within one question.
    pub(super) score: f32,
    /// How much of what the question says is in it, 0 to 1: rare words say more.
    pub(super) share: f32,
    /// How many of the question's words are in its title.
    pub(super) in_title: usize,
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is written to its end.
    Whole,
    /// Its last word may not be.
    WhileTyping,
}

impl Index {
    pub(super) fn new<'a>(articles: impl Iterator<Item = Texts<'a>>) -> Self {
        let mut index = Self {
            words: Words::new(),
            terms: HashMap::new(),
            lexicon: Lexicon::default(),
            postings: Vec::new(),
            lengths: Vec::new(),
            usual: Lengths { title: 1.0, body: 1.0 },
        };
        let words = Words::new();
        for (article, texts) in (0..).zip(articles) {
            let title = index.add(&words, article, texts.title, |posting| &mut posting.title);
            let body = index.add(&words, article, texts.body, |posting| &mut posting.body);
            index.add(&words, article, texts.about, |posting| &mut posting.about);
            index.lengths.push(Lengths { title, body });
        }
        let mean = |of: fn(&Lengths) -> f32| {
            let sum: f32 = index.lengths.iter().map(of).sum();
            (sum / count(index.lengths.len().max(1))).max(1.0)
        };
        index.usual = Lengths { title: mean(|it| it.title), body: mean(|it| it.body) };
        index
    }

    /// Adds the words of a field; gives how many they are.
    fn add(&mut self, words: &Words, article: u32, text: &str, field: fn(&mut Posting) -> &mut u8) -> f32 {
        let mut length = 0;
        for Word { written, stem } in words.of(text) {
            length += 1;
            let next = Term::try_from(self.postings.len()).unwrap_or(Term::MAX);
            let term = *self.terms.entry(stem).or_insert(next);
            if term == next {
                self.postings.push(Vec::new());
            }
            self.lexicon.add(&written, term);
            let Some(postings) = self.postings.get_mut(term as usize) else { continue };
            if postings.last().is_none_or(|posting| posting.article != article) {
                postings.push(Posting { article, ..Posting::default() });
            }
            if let Some(posting) = postings.last_mut() {
                let times = field(posting);
                *times = times.saturating_add(1);
            }
        }
        count(length)
    }

    /// The articles that have a word of the question, the best first.
    pub(super) fn search(&self, question: &str, asked: Asked) -> Vec<Hit> {
        let mut words: Vec<Word> = self.words.of(question).collect();
        let last = words.last().cloned();
        words.sort_by(|a, b| a.stem.cmp(&b.stem));
        words.dedup_by(|a, b| a.stem == b.stem);
        let mut hits: HashMap<u32, Hit> = HashMap::new();
        let mut all = 0.0;
        for word in &words {
            let is_begun = asked == Asked::WhileTyping && last.as_ref() == Some(word);
            let terms = self.meant(word, is_begun);
            let found = self.found(&terms);
            // What a word says: the rarer it is, the more; one that no article has, as much as one that one has.
            let says = self.rarity(found.len().max(1));
            all += says;
            for (article, (frequency, weight, is_in_title)) in found {
                let hit =
                    hits.entry(article).or_insert(Hit { place: article as usize, score: 0.0, share: 0.0, in_title: 0 });
                hit.score += says * weight * frequency * (SATURATION + 1.0) / (frequency + SATURATION);
                hit.share += says * weight;
                hit.in_title += usize::from(is_in_title);
            }
        }
        let mut hits: Vec<Hit> = hits.into_values().collect();
        for hit in &mut hits {
            hit.share /= all;
            hit.score *= hit.share.powf(COMPLETENESS);
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
        hits
    }

    /// The terms that a word of a question stands for, each with its weight. Another form is as good as the word itself;
    /// errors are only looked for where no article has it.
    fn meant(&self, word: &Word, is_begun: bool) -> Vec<(Term, f32)> {
        let exact = self.terms.get(&word.stem).into_iter().chain(self.lexicon.exact(&word.written));
        let mut terms: Vec<(Term, f32)> = exact.map(|term| (*term, 1.0)).collect();
        if is_begun {
            terms.extend(self.lexicon.beginning(&word.written));
        }
        if terms.is_empty() {
            terms = self.lexicon.near(&word.written);
        }
        terms.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        terms.dedup_by_key(|(term, _)| *term);
        terms
    }

    /// The articles that have one of these terms: of the best, how much it counts there, its weight, and whether it is in
    /// the title.
    fn found(&self, terms: &[(Term, f32)]) -> HashMap<u32, (f32, f32, bool)> {
        let mut found: HashMap<u32, (f32, f32, bool)> = HashMap::new();
        for (term, weight) in terms {
            for posting in self.postings.get(*term as usize).into_iter().flatten() {
                let frequency = self.frequency(*posting);
                let best = found.entry(posting.article).or_insert((0.0, 0.0, false));
                best.2 |= posting.title > 0;
                if frequency * weight > best.0 * best.1 {
                    (best.0, best.1) = (frequency, *weight);
                }
            }
        }
        found
    }

    /// How often an article has a term, over its fields.
    fn frequency(&self, posting: Posting) -> f32 {
        let lengths = self.lengths.get(posting.article as usize).copied().unwrap_or_default();
        let of = |field: &Field, times: u8, length: f32, usual: f32| {
            field.weight * f32::from(times) / (1.0 - field.by_length + field.by_length * length / usual)
        };
        of(&TITLE, posting.title, lengths.title, self.usual.title)
            + of(&BODY, posting.body, lengths.body, self.usual.body)
            + of(&ABOUT, posting.about, 1.0, 1.0)
    }

    /// Robertson and Spärck Jones' weight of a word that so many articles have, never below 0.
    fn rarity(&self, articles: usize) -> f32 {
        let (all, with) = (count(self.lengths.len()), count(articles));
        (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln()
    }
}

/// Counts here are of words and articles: far below what a float holds.
#[allow(clippy::cast_precision_loss, reason = "articles and words are far fewer than 2^24")]
fn count(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::{Asked, Index, Texts};

    const ARTICLES: [(&str, &str, &str); 4] = [
        ("Valider les bilans périodiques", "Ouvrez le menu des bilans.", "LSU LSUN"),
        ("Imprimer le livret", "Les bilans validés s’impriment en PDF. Les bilans sont prêts.", "LSU LSUN"),
        ("Admettre un élève", "Ouvrez la fiche de l’élève, puis « Admission ».", "ONDE"),
        ("Radier un élève", "Un élève qui quitte l’école est radié.", "ONDE"),
    ];

    fn index() -> Index {
        Index::new(ARTICLES.iter().map(|(title, body, about)| Texts { title, body, about }))
    }

    fn places(question: &str, asked: Asked) -> Vec<usize> {
        index().search(question, asked).into_iter().map(|hit| hit.place).collect()
    }

    #[test]
    fn a_title_goes_before_a_text_and_any_word_is_ranked() {
        assert_eq!(places("bilan", Asked::Whole), [0, 1]);
        assert_eq!(places("Comment valider un bilan ?", Asked::Whole), [0, 1]);
        // Its text has all of it, its title the rarest word.
        assert_eq!(places("Comment valider un bilan avant d'imprimer ?", Asked::Whole), [1, 0]);
        assert_eq!(places("livret introuvable", Asked::Whole), [1]);
        assert_eq!(places("de la", Asked::Whole), [0; 0]);
    }

    #[test]
    fn accents_errors_and_other_names_find_the_same() {
        for question in ["élève radié", "eleve radie", "ÉLÈVE RADIÉ", "éleve raddié"] {
            assert_eq!(places(question, Asked::Whole)[0], 3, "{question}");
        }
        assert_eq!(places("LSUN", Asked::Whole), [0, 1]);
    }

    #[test]
    fn while_typing_a_beginning_is_enough() {
        assert_eq!(places("adm", Asked::WhileTyping), [2]);
        assert_eq!(places("adm", Asked::Whole), [0; 0]);
    }

    #[test]
    fn the_share_says_how_much_of_a_question_is_answered() {
        let all = index().search("radier un élève", Asked::Whole)[0];
        let some = index().search("radier un élève du fichier des cantines", Asked::Whole)[0];
        assert!(all.share > 0.99 && some.share < 0.7, "{all:?} {some:?}");
        assert_eq!(all.in_title, 2);
    }
}
