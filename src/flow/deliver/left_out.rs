//! Files that are not in the ticket, and how the ticket says so: nothing is lost silently.

use crate::text::{Bilingual, html_text::escaped};

/// That GLPI refuses a file.
pub(super) fn refused() -> Bilingual {
    Bilingual::new("refused by GLPI", "refusé par GLPI")
}

/// Why a file is not in the ticket, from GLPI's words. That it does not find a file which it did not keep is no reason.
pub(super) fn why(name: &str, words: &str) -> Bilingual {
    if words.is_empty() || words.contains(name) {
        refused()
    } else {
        refused().then("", &Bilingual::same(format!(" ({words})")))
    }
}

/// What of a mail its ticket does not show, for the ticket, HTML; empty when nothing is missing.
pub(super) fn cut(phrases: &[String], has_original: bool) -> String {
    if phrases.is_empty() {
        return String::new();
    }
    let phrases: Vec<_> = phrases.iter().map(|phrase| escaped(phrase)).collect();
    let original = if has_original { " Le message d’origine est joint." } else { "" };
    format!("<p><em>Non repris dans ce ticket\u{a0}: {}.{original}</em></p>", phrases.join("\u{a0}; "))
}

#[cfg(test)]
mod tests {
    use super::{cut, why};
    use crate::text::Language;

    #[test]
    fn what_is_cut_is_said_and_where_it_is() {
        assert_eq!(cut(&[], true), "");
        let phrases = ["2 images <b>".to_owned(), "la fin du texte".to_owned()];
        let said = cut(&phrases, true);
        assert!(said.contains("2 images &lt;b&gt;\u{a0}; la fin du texte. Le message d’origine est joint."), "{said}");
        assert!(!cut(&phrases, false).contains("joint"));
    }

    #[test]
    fn glpis_words_are_the_reason_where_they_are_one() {
        let why = |words| why("a.heic", words).text(Language::French).to_owned();
        assert_eq!(why(""), "refusé par GLPI");
        assert_eq!(why("Fichier a.heic introuvable."), "refusé par GLPI");
        assert_eq!(why("Type de fichier non autorisé"), "refusé par GLPI (Type de fichier non autorisé)");
    }
}
