//! What is said in two languages: whether the second is French, set as it is printed, and names the same things.

use passerelle::{
    config::ConfigError,
    text::{Bilingual, Language},
};

/// Words that no French sentence has.
const ENGLISH: [&str; 60] = [
    "the", "is", "are", "of", "and", "it", "its", "with", "would", "could", "which", "that", "no", "not", "nothing",
    "give", "write", "be", "has", "have", "at", "for", "empty", "every", "must", "make", "below", "where", "who",
    "what", "this", "check", "cannot", "there", "each", "from", "these", "such", "without", "only", "than", "use",
    "same", "twice", "once", "neither", "instead", "since", "waited", "now", "next", "remind", "escalate", "waiting",
    "sent", "nobody", "before", "yes", "mails", "meant",
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

/// The English words in a French sentence, or in a line of French output.
pub(crate) fn foreign_words(french: &str) -> Vec<String> {
    let own = own_words(french);
    let words = own.split_whitespace().filter(|word| !word.starts_with("--"));
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    // A field of mails has its name in every language.
    let words = words.filter(|word| *word != "From").map(str::to_lowercase);
    words.filter(|word| ENGLISH.contains(&word.as_str())).collect()
}

/// The lines of a command's French output that have English words, each with them. What it names is no word: a command,
/// an option, a file. The log, whose lines begin with a moment, is English whatever the output is.
pub(crate) fn foreign_lines(output: &str) -> Vec<String> {
    let is_log = |line: &&str| line.starts_with("20") && line.split(' ').next().is_some_and(|it| it.ends_with('Z'));
    let lines = output.lines().filter(|line| !is_log(line)).map(|line| line.replace(" check", " "));
    let faults = lines.map(|line| ([foreign_words(&line), set_otherwise(&line)].concat(), line));
    faults.filter(|(faults, _)| !faults.is_empty()).map(|(faults, line)| format!("{faults:?} in «{line}»")).collect()
}

/// Where a line may break and must not: quotes, whose words may be somebody's, need their spaces.
fn set_otherwise(line: &str) -> Vec<String> {
    let own = own_words(line);
    let marks = [" ;", " ?", " !", " :"].into_iter().filter(|mark| own.contains(mark)).map(str::to_owned);
    let letters: Vec<char> = line.chars().collect();
    let is_close = |letter: Option<&char>| letter.is_none_or(|it| !['\u{a0}', '\u{202f}'].contains(it));
    let quotes = (0..letters.len()).filter(|&at| match letters[at] {
        '«' => is_close(letters.get(at + 1)),
        '»' => is_close(at.checked_sub(1).and_then(|at| letters.get(at))),
        _ => false,
    });
    marks.chain(quotes.map(|at| letters[at.saturating_sub(9)..letters.len().min(at + 9)].iter().collect())).collect()
}

/// Fails where a line of a command's French output has English words.
pub(crate) fn is_french_throughout(output: &str) {
    let foreign = foreign_lines(output);
    assert!(foreign.is_empty(), "{foreign:#?}");
}

/// Fails where the French of a sentence is none.
pub(crate) fn is_in_both(sentence: &Bilingual) {
    let [english, french] = [Language::English, Language::French].map(|language| sentence.text(language));
    let (own, foreign) = (own_words(french), foreign_words(french));
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
