//! What a follow-up opens with that the gateway adds for a person: how it is written, and how it is read back.

use std::fmt;

use jiff::Zoned;

use super::{Address, Reference};
use crate::text::html_text::escaped;

const BEGINNING: &str = "<p><em>";
const END: &str = "</p>";
const ON_PORTAL: &str = "Écrit sur le portail";
const BY_MAIL: &str = "Réponse par courriel";

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
        let how = if self.on_portal { ON_PORTAL } else { BY_MAIL };
        write!(f, "{BEGINNING}{how}")?;
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

    /// What somebody wrote in a follow-up, without the opening that the gateway added.
    pub fn without(content: &str) -> &str {
        head(content).map_or(content, |head| content[head.len() + END.len()..].trim_start())
    }

    /// Who wrote a follow-up, where its opening names somebody without an account.
    pub fn author_of(content: &str) -> Option<Address> {
        let head = head(content)?;
        let named = [ON_PORTAL, BY_MAIL].iter().find_map(|how| head.strip_prefix(BEGINNING)?.strip_prefix(how));
        Address::parse(named?.strip_prefix(" de ")?.split_once(',')?.0)
    }

    /// Whether a follow-up opens as the gateway's do, and names this address there.
    pub fn names(content: &str, address: &Address) -> bool {
        let head = &content[..content.find("</p>").unwrap_or(0)];
        let mut words = head.split(|c: char| c.is_whitespace() || ",;<>".contains(c));
        Reference::find(head).is_some() && words.any(|word| word == address.as_str())
    }
}

/// The opening of a follow-up that has one, up to its end.
fn head(content: &str) -> Option<&str> {
    let head = &content[..content.find(END)?];
    let words = head.strip_prefix(BEGINNING)?;
    let is_ours = [ON_PORTAL, BY_MAIL].iter().any(|how| words.starts_with(how));
    Some(head).filter(|head| is_ours && Reference::find(head).is_some())
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
                    assert_eq!(FollowupOpening::author_of(&content).as_ref(), author);
                    assert_eq!(FollowupOpening::without(&content), "<p>Bonjour, a@b.fr P-AAAA-AAAA-AAAA</p>");
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
            assert_eq!((FollowupOpening::without(content), FollowupOpening::author_of(content)), (content, None));
        }
    }
}
