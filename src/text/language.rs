//! What the command line says: each sentence in both languages, beside each other where it is made.

use std::fmt::Display;

/// A language of the command line's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// French.
    #[value(name = "fr")]
    French,
    /// English.
    #[default]
    #[value(name = "en")]
    English,
}

impl Language {
    /// The one that was asked for, else the locale's (`LC_ALL`, `LC_MESSAGES`, `LANG`: POSIX.1, 8.2), else English.
    pub fn chosen(asked: Option<Self>) -> Self {
        asked.unwrap_or_else(|| Self::of_locale(|name| std::env::var(name).ok()))
    }

    /// The first of the variables that is set and not empty decides.
    fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|it| !it.is_empty());
        let name = locale.unwrap_or_default().to_lowercase();
        let language = name.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if matches!(language, "fr" | "french") { Self::French } else { Self::English }
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bilingual {
    english: String,
    french: String,
}

impl Bilingual {
    /// A sentence, in English and in French, whose spaces before `: ; ? ! »` and after `«` become no-break ones; within
    /// «…» they are put where there are none.
    pub fn new(english: impl Display, french: impl Display) -> Self {
        Self { english: english.to_string(), french: super::french::quotes(&super::french::set(&french.to_string())) }
    }

    /// What is the same in both: a name, an address, another program's own words.
    pub fn same(words: impl Display) -> Self {
        let words = words.to_string();
        Self { english: words.clone(), french: words }
    }

    /// Another program's own words, quoted in French.
    pub fn quoted(words: impl Display) -> Self {
        let words = words.to_string();
        Self { french: format!("«\u{a0}{words}\u{a0}»"), english: words }
    }

    /// The sentence in one language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::French => &self.french,
            Language::English => &self.english,
        }
    }

    /// The sentence as the log and other programs have it: in English.
    pub fn for_log(&self) -> &str {
        &self.english
    }

    /// Both lines, one after the other, with `between` between them.
    #[must_use]
    pub fn then(self, between: &str, next: &Self) -> Self {
        Self {
            english: format!("{}{between}{}", self.english, next.english),
            french: format!("{}{between}{}", self.french, next.french),
        }
    }

    /// What this says: it, a colon as each language sets it, and the words.
    #[must_use]
    pub fn saying(self, words: &Self) -> Self {
        self.then("", &Self::new(": ", " : ")).then("", words)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Bilingual, Language};

    #[rstest]
    #[case(&[("LANG", "fr_FR.UTF-8")], Language::French)]
    #[case(&[("LANG", "fr")], Language::French)]
    #[case(&[("LANG", "fur_IT")], Language::English)]
    #[case(&[("LC_ALL", "C.UTF-8"), ("LANG", "fr_FR")], Language::English)]
    #[case(&[("LC_ALL", ""), ("LC_MESSAGES", "fr_CH@euro"), ("LANG", "en_GB")], Language::French)]
    #[case(&[], Language::English)]
    fn the_locale_decides(#[case] variables: &[(&str, &str)], #[case] language: Language) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Language::of_locale(variable), language);
    }

    #[test]
    fn what_is_quoted_in_french_stands_apart() {
        for french in ["«x»", "« x »", "«x »", "«\u{a0}x\u{a0}»", "«\u{202f}x»"] {
            let said = Bilingual::new("«x»", format!("dit {french}, {french}."));
            assert_eq!(
                said.text(Language::French).replace('\u{202f}', "\u{a0}"),
                "dit «\u{a0}x\u{a0}», «\u{a0}x\u{a0}»."
            );
            assert_eq!(said.text(Language::English), "«x»");
        }
        assert_eq!(Bilingual::new("", "de « à »").text(Language::French), "de «\u{a0}à\u{a0}»");
    }

    #[test]
    fn a_line_is_said_in_one_language() {
        let line = Bilingual::new("no file", "aucun fichier").then(", ", &Bilingual::same("a.csv"));
        assert_eq!(line.text(Language::French), "aucun fichier, a.csv");
        assert_eq!(line.text(Language::English), "no file, a.csv");
    }
}
