//! What is said in two languages: whether the second is French, set as it is printed, and names the same things.

use passerelle::{
    config::ConfigError,
    text::{Bilingual, Language},
};

/// Words that no French sentence has.
const ENGLISH: [&str; 47] = [
    "the", "is", "are", "of", "and", "it", "its", "with", "would", "could", "which", "that", "no", "not", "nothing",
    "give", "write", "be", "has", "have", "at", "for", "empty", "every", "must", "make", "below", "where", "who",
    "what", "this", "check", "cannot", "there", "each", "from", "these", "such", "without", "only", "than", "use",
    "same", "twice", "once", "neither", "instead",
];

/// A sentence without what it quotes: values, and other programs' words.
fn own_words(sentence: &str) -> String {
    let mut kept = String::new();
    let mut until = None;
    for letter in sentence.chars() {
        match until {
            Some(end) if letter == end => until = None,
            Some(_) => {}
            None => match letter {
                '"' | '`' => until = Some(letter),
                '«' => until = Some('»'),
                _ => kept.push(letter),
            },
        }
    }
    kept
}

/// The names of settings, variables and files in a sentence.
fn names(sentence: &str) -> Vec<&str> {
    let words =
        sentence.split(|c: char| c.is_whitespace() || ",;:()[]\"".contains(c)).map(|word| word.trim_matches('.'));
    words.filter(|word| word.contains(['.', '_']) && word.contains(char::is_alphabetic)).collect()
}

/// Fails where the French of a sentence is none.
pub(crate) fn is_in_both(sentence: &Bilingual) {
    let [english, french] = [Language::English, Language::French].map(|language| sentence.text(language));
    let own = own_words(french);
    let words = own.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase());
    let foreign: Vec<_> = words.filter(|word| ENGLISH.contains(&word.as_str())).collect();
    assert!(foreign.is_empty(), "{foreign:?} in «{french}»");
    for fault in [" :", " ;", " ?", " !", "« ", " »"] {
        assert!(!own.contains(fault), "a line may break at «{fault}» of «{french}»");
    }
    let letters: Vec<char> = own.chars().collect();
    let typed = letters.windows(3).any(|it| it[0].is_alphabetic() && it[1] == '\'' && it[2].is_alphabetic());
    assert!(!typed, "a straight apostrophe in «{french}»");
    for name in names(&own_words(english)) {
        assert!(
            french.contains(name) || name.starts_with("docs/en") || name == "e.g",
            "{name} is not named in «{french}»"
        );
    }
}

/// Each mistake of an error.
pub(crate) fn each(error: ConfigError) -> Vec<ConfigError> {
    match error {
        ConfigError::Several { mistakes } => mistakes,
        one => vec![one],
    }
}

/// Fails where a mistake is not said in French as well, remedy included.
pub(crate) fn is_said_in_both(mistake: &ConfigError) {
    is_in_both(&mistake.message());
    if let Some(remedy) = mistake.remedy() {
        is_in_both(remedy);
    }
}
