//! Files that are not in the ticket, and how the ticket says so: nothing is lost silently.

use crate::{request::LeftOut, text::html_text::escaped};

/// Why a file is not in the ticket, from GLPI's words. That it does not find a file which it did not keep is no reason.
pub(super) fn why(name: &str, words: &str) -> String {
    if words.is_empty() || words.contains(name) {
        "refusé par GLPI".to_owned()
    } else {
        format!("refusé par GLPI ({words})")
    }
}

/// What of a mail its ticket does not show, for the ticket, HTML; empty when nothing is missing.
pub(super) fn cut(phrases: &[String], has_original: bool) -> String {
    if phrases.is_empty() {
        return String::new();
    }
    let phrases: Vec<_> = phrases.iter().map(|phrase| escaped(phrase)).collect();
    let original = if has_original { " Le message d'origine est joint." } else { "" };
    format!("<p><em>Non repris dans ce ticket : {}.{original}</em></p>", phrases.join(" ; "))
}

/// The list for the ticket, HTML; empty when nothing is missing.
pub(super) fn list(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let items: Vec<_> = left_out.iter().map(|file| format!("{}{}</li>", item(file), escaped(&file.why))).collect();
    format!("{}<ul>{}</ul>", LeftOut::HEADING, items.concat())
}

/// What a follow-up says that carries a file of its ticket, HTML; it is known again by it.
pub(super) fn carried(name: &str) -> String {
    format!("{}{}</em></p>", LeftOut::CARRIED, escaped(name))
}

/// How the line of a file begins in [`list`], by which it is found again.
pub(super) fn item(file: &LeftOut) -> String {
    format!("<li>{} : ", escaped(&file.name))
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, carried, cut, list, why};

    #[test]
    fn what_is_cut_is_said_and_where_it_is() {
        assert_eq!(cut(&[], true), "");
        let phrases = ["2 images <b>".to_owned(), "la fin du texte".to_owned()];
        let said = cut(&phrases, true);
        assert!(said.contains("2 images &lt;b&gt; ; la fin du texte. Le message d'origine est joint."), "{said}");
        assert!(!cut(&phrases, false).contains("joint"));
    }

    #[test]
    fn glpis_words_are_the_reason_where_they_are_one() {
        assert_eq!(why("a.heic", ""), "refusé par GLPI");
        assert_eq!(why("a.heic", "Fichier a.heic introuvable."), "refusé par GLPI");
        assert_eq!(why("a.heic", "Type de fichier non autorisé"), "refusé par GLPI (Type de fichier non autorisé)");
    }

    #[test]
    fn names_cannot_break_the_ticket() {
        assert_eq!(list(&[]), "");
        let file = LeftOut { name: "<img src=x>.exe".into(), why: "type refusé".into() };
        let html = list(&[file]);
        assert!(html.contains("type") && !html.contains("<img"), "{html}");
        assert!(LeftOut::is_told_by(&html) && LeftOut::is_told_by(&carried("a.txt")));
        assert!(!LeftOut::is_told_by(&format!("<p>Voici</p>{html}")));
    }
}
