//! Files that did not get into a ticket: how the ticket says so, and how that is read back.

use crate::text::html_text::{escaped, from_html};

/// What stands before the list of them.
const HEADING: &str = "Pièces jointes non transmises :";
/// What stands before the name of a file that comes after its request.
const CARRIED: &str = "Pièce jointe de la demande :";
/// Between a file's name and why.
const WHY: &str = " : ";

/// A file that did not get into the ticket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The file's name.
    pub name: String,
    /// Why, in French, for the référents and the requester.
    pub why: String,
}

impl LeftOut {
    /// The list for the ticket, HTML; empty when nothing is missing.
    pub fn list(left_out: &[Self]) -> String {
        if left_out.is_empty() {
            return String::new();
        }
        let items: Vec<_> = left_out.iter().map(|file| format!("{}{}</li>", file.item(), escaped(&file.why))).collect();
        format!("<p><strong>{HEADING}</strong></p><ul>{}</ul>", items.concat())
    }

    /// How the line of a file begins in [`LeftOut::list`], by which it is found again.
    pub fn item(&self) -> String {
        format!("<li>{}{WHY}", escaped(&self.name))
    }

    /// What a follow-up says that carries a file of its ticket, HTML; it is known again by it.
    pub fn carried(name: &str) -> String {
        format!("<p><em>{CARRIED} {}</em></p>", escaped(name))
    }

    /// Whether a follow-up carries a file of its ticket, HTML.
    pub fn names_a_carried(html: &str) -> bool {
        html.trim_start().starts_with("<p><em>") && html.contains(CARRIED)
    }

    /// The files that a text names as left out, HTML.
    pub fn read(html: &str) -> Vec<Self> {
        let Some((_, list)) = html.rsplit_once(HEADING) else { return Vec::new() };
        let list = list.split("</ul>").next().unwrap_or_default();
        let items = list.split("<li>").skip(1).map(|item| from_html(item.split("</li>").next().unwrap_or_default()));
        let files = items.filter_map(|item| {
            let (name, why) = item.trim().split_once(WHY)?;
            Some(Self { name: name.to_owned(), why: why.to_owned() })
        });
        files.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::LeftOut;

    #[test]
    fn what_a_ticket_says_of_files_is_read_back() {
        let file = |name: &str, why: &str| LeftOut { name: name.into(), why: why.into() };
        let files = [file("<img src=x>.exe", "type de fichier : non accepté"), file("a & b.mp4", "refusé par GLPI")];
        let html = LeftOut::list(&files);
        assert!(!html.contains("<img"), "{html}");
        assert_eq!(LeftOut::read(&format!("<p>Pièces jointes non transmises : aucune</p>{html}")), files);
        for other in ["", "<p>Bonjour</p>", "<p>Pièces jointes non transmises :</p>", &LeftOut::list(&[])] {
            assert_eq!(LeftOut::read(other), [], "{other}");
        }
    }
}
