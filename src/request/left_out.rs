//! Files that did not get into a ticket: how the ticket says so, and how that is read back.

use crate::text::{
    Bilingual, Language,
    french::typed,
    html_text::{escaped, from_html},
};

/// Between a file's name and why.
const WHY: &str = "\u{a0}: ";
/// What a list, and a follow-up that carries a file, begin with, up to the space before their colon.
const HEADING_WORDS: &str = "<p><strong>Pièces jointes non transmises";
const CARRIED_WORDS: &str = "<p><em>Pièce jointe de la demande";
/// That space as it is written, as HTML may encode it, and as earlier versions wrote it.
const SPACES: [&str; 3] = ["\u{a0}", "&nbsp;", " "];

/// A file that did not get into the ticket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The file's name.
    pub name: String,
    /// Why.
    #[serde(serialize_with = "in_french")]
    pub why: Bilingual,
}

impl LeftOut {
    /// Why, in French, for the référents and the requester.
    pub fn french(&self) -> &str {
        self.why.text(Language::French)
    }

    /// Whether a follow-up is one that the gateway writes of its own about files.
    pub fn is_told_by(content: &str) -> bool {
        begins(content, HEADING_WORDS) || begins(content, CARRIED_WORDS)
    }

    /// Where the lists of such files begin in a text, HTML, in bytes.
    pub fn lists(html: &str) -> impl Iterator<Item = usize> {
        html.match_indices(HEADING_WORDS).map(|(at, _)| at).filter(|at| begins(&html[*at..], HEADING_WORDS))
    }

    /// Whether a text has the line of this file.
    pub fn is_listed(&self, html: &str) -> bool {
        typed(html).contains(&typed(&self.item()))
    }

    /// The list for the ticket, HTML; empty when nothing is missing.
    pub fn list(left_out: &[Self]) -> String {
        if left_out.is_empty() {
            return String::new();
        }
        let items: Vec<_> =
            left_out.iter().map(|file| format!("{}{}</li>", file.item(), escaped(file.french()))).collect();
        format!("{HEADING_WORDS}\u{a0}:</strong></p><ul>{}</ul>", items.concat())
    }

    /// How the line of a file begins in [`LeftOut::list`], by which it is found again.
    fn item(&self) -> String {
        format!("<li>{}{WHY}", escaped(&self.name))
    }

    /// What a follow-up says that carries a file of its ticket, HTML; it is known again by it.
    pub fn carried(name: &str) -> String {
        format!("{CARRIED_WORDS}\u{a0}: {}</em></p>", escaped(name))
    }

    /// Whether a follow-up carries a file of its ticket, HTML.
    pub fn names_a_carried(html: &str) -> bool {
        begins(html, CARRIED_WORDS)
    }

    /// The files that a text names as left out, HTML.
    pub fn read(html: &str) -> Vec<Self> {
        let Some(list) = Self::lists(html).last().map(|at| &html[at..]) else { return Vec::new() };
        let list = list.split("</ul>").next().unwrap_or_default();
        let items = list.split("<li>").skip(1).map(|item| from_html(item.split("</li>").next().unwrap_or_default()));
        let files = items.filter_map(|item| {
            let item = item.trim();
            // The name ends at the first of these; from_html has decoded the space.
            let at = SPACES.iter().filter_map(|space| item.find(&format!("{space}: "))).min()?;
            let why = item[at..].split_once(": ")?.1;
            Some(Self { name: item[..at].to_owned(), why: Bilingual::same(why) })
        });
        files.collect()
    }
}

fn in_french<S: serde::Serializer>(why: &Bilingual, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(why.text(Language::French))
}

/// Whether a text begins with these words and their colon.
fn begins(html: &str, words: &str) -> bool {
    let after = html.strip_prefix(words);
    after
        .is_some_and(|after| SPACES.iter().any(|space| after.strip_prefix(space).is_some_and(|it| it.starts_with(':'))))
}

#[cfg(test)]
mod tests {
    use super::{Bilingual, LeftOut, typed};

    #[test]
    fn what_a_ticket_says_of_files_is_read_back() {
        let file = |name: &str, why: &str| LeftOut { name: name.into(), why: Bilingual::same(why) };
        let files = [file("<img src=x>.exe", "type de fichier : non accepté"), file("a & b.mp4", "refusé par GLPI")];
        let html = LeftOut::list(&files);
        assert!(!html.contains("<img"), "{html}");
        assert!(LeftOut::is_told_by(&html) && LeftOut::is_told_by(&LeftOut::carried("a.txt")));
        assert!(!LeftOut::is_told_by(&format!("<p>Voici</p>{html}")));
        assert_eq!(LeftOut::read(&format!("<p>Pièces jointes non transmises : aucune</p>{html}")), files);
        // … and what earlier versions wrote.
        let typed = typed(&html);
        assert_ne!(typed, html);
        assert!(LeftOut::is_told_by(&typed) && LeftOut::names_a_carried(&super::typed(&LeftOut::carried("a.txt"))));
        assert_eq!(LeftOut::read(&typed), files);
        assert!(files.iter().all(|file| file.is_listed(&typed) && file.is_listed(&html)));
        // … and as a sanitiser writes it.
        let encoded = html.replace('\u{a0}', "&nbsp;");
        assert!(LeftOut::is_told_by(&encoded) && files.iter().all(|file| file.is_listed(&encoded)));
        assert_eq!(LeftOut::read(&encoded), files);
        for html in [&html, &typed, &encoded] {
            assert_eq!(LeftOut::lists(&format!("{html}{html}")).collect::<Vec<_>>(), [0, html.len()]);
        }
        for other in ["", "<p>Bonjour</p>", "<p>Pièces jointes non transmises :</p>", &LeftOut::list(&[])] {
            assert_eq!(LeftOut::read(other), [], "{other}");
        }
    }
}
