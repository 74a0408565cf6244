//! Files that did not get into a ticket: how the ticket says so, and how that is read back.

use crate::text::html_text::{escaped, from_html};

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
    /// What heads the list of such files in a ticket or a follow-up, HTML, and is known again by.
    pub const HEADING: &str = "<p><strong>Pièces jointes non transmises :</strong></p>";
    /// How a follow-up begins that carries a file of its ticket, HTML.
    pub const CARRIED: &str = "<p><em>Pièce jointe de la demande : ";

    /// Whether a follow-up is one that the gateway writes of its own about files.
    pub fn is_told_by(content: &str) -> bool {
        [Self::HEADING, Self::CARRIED].iter().any(|beginning| content.starts_with(beginning))
    }

    /// The list for the ticket, HTML; empty when nothing is missing.
    pub fn list(left_out: &[Self]) -> String {
        if left_out.is_empty() {
            return String::new();
        }
        let items: Vec<_> = left_out.iter().map(|file| format!("{}{}</li>", file.item(), escaped(&file.why))).collect();
        format!("{}<ul>{}</ul>", Self::HEADING, items.concat())
    }

    /// How the line of a file begins in [`LeftOut::list`], by which it is found again.
    pub fn item(&self) -> String {
        format!("<li>{}{WHY}", escaped(&self.name))
    }

    /// What a follow-up says that carries a file of its ticket, HTML; it is known again by it.
    pub fn carried(name: &str) -> String {
        format!("{}{}</em></p>", Self::CARRIED, escaped(name))
    }

    /// Whether a follow-up carries a file of its ticket, HTML.
    pub fn names_a_carried(html: &str) -> bool {
        html.starts_with(Self::CARRIED)
    }

    /// The files that a text names as left out, HTML.
    pub fn read(html: &str) -> Vec<Self> {
        let Some((_, list)) = html.rsplit_once(Self::HEADING) else { return Vec::new() };
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
        assert!(LeftOut::is_told_by(&html) && LeftOut::is_told_by(&LeftOut::carried("a.txt")));
        assert!(!LeftOut::is_told_by(&format!("<p>Voici</p>{html}")));
        assert_eq!(LeftOut::read(&format!("<p>Pièces jointes non transmises : aucune</p>{html}")), files);
        for other in ["", "<p>Bonjour</p>", "<p>Pièces jointes non transmises :</p>", &LeftOut::list(&[])] {
            assert_eq!(LeftOut::read(other), [], "{other}");
        }
    }
}
