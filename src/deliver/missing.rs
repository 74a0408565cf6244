//! Files that are not in the ticket, and how the ticket says so: nothing is lost silently.

use minijinja::HtmlEscape;

use crate::{
    clients::glpi::{FileFate, FileOutcome},
    request::LeftOut,
};

/// The files GLPI did not take, although it made the ticket.
pub(super) fn named(files: &[FileOutcome]) -> Vec<LeftOut> {
    files
        .iter()
        .filter_map(|file| {
            let why = match &file.fate {
                FileFate::NotTaken(why) if why.is_empty() => "refusé par GLPI".to_owned(),
                FileFate::NotTaken(why) => format!("refusé par GLPI ({why})"),
                FileFate::Taken | FileFate::Unknown => return None,
            };
            Some(LeftOut { name: file.name.clone(), why })
        })
        .collect()
}

/// What of a mail its ticket does not show, for the ticket, HTML; empty when nothing is missing.
pub(super) fn cut(phrases: &[String], has_original: bool) -> String {
    if phrases.is_empty() {
        return String::new();
    }
    let phrases: Vec<_> = phrases.iter().map(|phrase| HtmlEscape(phrase).to_string()).collect();
    let original = if has_original { " Le message d'origine est joint." } else { "" };
    format!("<p><em>Non repris dans ce ticket : {}.{original}</em></p>", phrases.join(" ; "))
}

/// The list for the ticket, HTML; empty when nothing is missing.
pub(super) fn list(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let item = |file: &LeftOut| format!("{} : {}", HtmlEscape(&file.name), HtmlEscape(&file.why));
    let items: Vec<_> = left_out.iter().map(item).collect();
    format!("<p><strong>Pièces jointes non transmises :</strong></p><ul><li>{}</li></ul>", items.join("</li><li>"))
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, cut, list};

    #[test]
    fn what_is_cut_is_said_and_where_it_is() {
        assert_eq!(cut(&[], true), "");
        let phrases = ["2 images <b>".to_owned(), "la fin du texte".to_owned()];
        let said = cut(&phrases, true);
        assert!(said.contains("2 images &lt;b&gt; ; la fin du texte. Le message d'origine est joint."), "{said}");
        assert!(!cut(&phrases, false).contains("joint"));
    }

    #[test]
    fn names_cannot_break_the_ticket() {
        assert_eq!(list(&[]), "");
        let file = LeftOut { name: "<img src=x>.exe".into(), why: "type refusé".into() };
        let html = list(&[file]);
        assert!(html.contains("type") && !html.contains("<img"), "{html}");
    }
}
