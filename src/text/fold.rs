//! Texts as they are compared: neither case nor accents matter.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A text without accents, ligatures and full-width forms (Unicode NFKD), in lower case.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    without_accents(text).flat_map(char::to_lowercase).collect()
}

/// The words of a text, folded; anything but letters and digits separates words.
pub fn words(text: &str) -> Vec<String> {
    let folded = folded(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A text folded, with one kind of apostrophe and single spaces.
pub(crate) fn phrase(text: &str) -> String {
    let apostrophe = |c| if matches!(c, '’' | '‘' | 'ʼ' | '`' | '´') { '\'' } else { c };
    let plain: String = without_accents(text).map(apostrophe).flat_map(char::to_lowercase).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The characters of a text, each accent taken off.
fn without_accents(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|c| !is_combining_mark(*c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{folded, phrase, words};

    #[test]
    fn case_and_accents_do_not_matter() {
        assert_eq!(folded("Évaluation à REFAIRE"), "evaluation a refaire");
        assert_eq!(folded("E\u{301}COLE"), folded("école"));
    }

    #[rstest]
    #[case("Directrice d'école", "directrice d'ecole")]
    #[case("  DIRECTEUR   D’ÉCOLE ", "directeur d'ecole")]
    #[case("directeur d'e\u{301}cole", "directeur d'ecole")]
    #[case("", "")]
    fn phrases_are_compared_without_case_accents_and_spacing(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(phrase(text), expected);
    }

    proptest! {
        /// The short way of ASCII is the long one.
        #[test]
        fn ascii_is_folded_as_any_text(text in "[ -~\\t\\r\\n]*") {
            let long: String = super::without_accents(&text).flat_map(char::to_lowercase).collect();
            prop_assert_eq!(folded(&text), long);
        }

        #[test]
        fn words_are_stable(text in ".*") {
            let once = words(&text);
            prop_assert_eq!(words(&once.join(" ")), once);
        }
    }
}
