//! What a follow-up opens with that the gateway adds for a person: how it is written, and how it is read back.

use std::fmt;

use jiff::Zoned;

use super::{Address, Reference};
use crate::text::html_text::escaped;

/// The opening of a follow-up.
#[derive(Clone, Debug)]
pub struct FollowupOpening<'a> {
    /// The reference of what was written, by which the follow-up is found again.
    pub reference: Reference,
    /// Whether it was written on the portal, not by mail.
    pub on_portal: bool,
    /// When it came.
    pub arrived: &'a Zoned,
    /// Who wrote it, where GLPI has no account to show as its author.
    pub author: Option<&'a Address>,
    /// Whom it was copied to, as a person reads it.
    pub copies: Option<String>,
}

impl fmt::Display for FollowupOpening<'_> {
    /// HTML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.on_portal { "Écrit sur le portail" } else { "Réponse par courriel" };
        write!(f, "<p><em>{how}")?;
        if let Some(author) = self.author {
            write!(f, " de {}", escaped(author.as_str()))?;
        }
        write!(f, ", le {}. Référence : {}", self.arrived.strftime("%d/%m/%Y à %H:%M"), self.reference)?;
        if let Some(copies) = &self.copies {
            write!(f, "<br>Copie à : {}", escaped(copies))?;
        }
        f.write_str("</em></p>")
    }
}

impl FollowupOpening<'_> {
    /// The reference that a follow-up opens with.
    pub fn reference_of(content: &str) -> Option<Reference> {
        Reference::find(content)
    }

    /// Whether a follow-up opens as the gateway's do, and names this address there.
    pub fn names(content: &str, address: &Address) -> bool {
        let head = &content[..content.find("</p>").unwrap_or(0)];
        let mut words = head.split(|c: char| c.is_whitespace() || ",;<>".contains(c));
        Reference::find(head).is_some() && words.any(|word| word == address.as_str())
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::{Address, FollowupOpening, Reference};

    #[test]
    fn an_opening_is_read_as_it_was_written() {
        let address = |text| Address::parse(text).unwrap();
        let (author, copied, nobody) =
            (address("jeanne.o-neil@ac-dijon.fr"), address("ien@ac-dijon.fr"), address("a@b.fr"));
        let reference = Reference::new("mail", "", b"x");
        let arrived = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        for on_portal in [true, false] {
            for author in [Some(&address("ce.0210001a@ac-dijon.fr")), Some(&author), None] {
                for copies in [Some(copied.as_str().to_owned()), None] {
                    let opening = FollowupOpening { reference, on_portal, arrived: &arrived, author, copies };
                    let content = format!("{opening}<p>Bonjour, a@b.fr P-AAAA-AAAA-AAAA</p>");
                    assert_eq!(FollowupOpening::reference_of(&content), Some(reference));
                    assert!(author.is_none_or(|author| FollowupOpening::names(&content, author)), "{content}");
                    assert!(!FollowupOpening::names(&content, &nobody), "{content}");
                    assert_eq!(content.contains("Écrit sur le portail"), on_portal);
                }
            }
        }
    }

    #[test]
    fn what_opens_otherwise_names_nobody() {
        let address = Address::parse("a@b.fr").unwrap();
        for content in ["", "a@b.fr P-7K3M-Q2XV-9D4T", "<p>Bonjour a@b.fr</p>P-7K3M-Q2XV-9D4T"] {
            assert!(!FollowupOpening::names(content, &address), "{content}");
        }
    }
}
