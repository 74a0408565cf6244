//! What a follow-up opens with that the gateway adds for a person: how it is written, and how it is read back.

use std::fmt;

use jiff::Zoned;

use super::{Address, Reference};
use crate::text::html_text::{escaped, from_html};

/// How an opening begins, as it tells of the portal and of a mail.
const ON_PORTAL: &str = "Écrit sur le portail";
const BY_MAIL: &str = "Réponse par courriel";
const COPIES: &str = "Copie à\u{a0}: ";
/// The same as earlier versions wrote it.
const TYPED_COPIES: &str = "Copie à : ";

/// What an opening says, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOpening {
    /// The reference of what was written.
    pub reference: Reference,
    /// Who wrote it, where GLPI has no account to show as its author.
    pub author: Option<Address>,
    /// Whom it was copied to, HTML.
    pub copies: Option<String>,
    /// Where what was written begins in the content, bytes.
    pub end: usize,
}

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
        write!(f, "<p><em>{how}")?;
        if let Some(author) = self.author {
            write!(f, " de {}", escaped(author.as_str()))?;
        }
        write!(f, ", le {}. Référence\u{a0}: {}", self.arrived.strftime("%d/%m/%Y à %H:%M"), self.reference)?;
        if let Some(copies) = &self.copies {
            write!(f, "<br>{COPIES}{}", escaped(copies))?;
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
        Self::read(content).map_or(content, |opening| content[opening.end..].trim_start())
    }

    /// What the opening says that a follow-up begins with; `None` where it begins otherwise.
    pub fn read(content: &str) -> Option<ReadOpening> {
        let inner = content.trim_start().strip_prefix("<p>")?.trim_start().strip_prefix("<em>")?;
        let (told, rest) = inner.split_once("</p>")?;
        let told = told.trim_end().strip_suffix("</em>")?;
        let after = told.strip_prefix(ON_PORTAL).or_else(|| told.strip_prefix(BY_MAIL))?;
        let reference = Reference::find(after)?;
        let author = after.strip_prefix(" de ").and_then(|after| Address::parse(&from_html(after.split_once(',')?.0)));
        let copies = [COPIES, TYPED_COPIES]
            .into_iter()
            .find_map(|copies| told.split_once(copies))
            .map(|(_, copies)| copies.to_owned());
        Some(ReadOpening { reference, author, copies, end: content.len() - rest.len() })
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::{Address, FollowupOpening, Reference};

    #[test]
    fn an_opening_is_read_as_it_was_written() {
        let address = |text| Address::parse(text).unwrap();
        let (author, copied) = (address("jeanne.o-neil@ac-dijon.fr"), address("ien@ac-dijon.fr"));
        let reference = Reference::new("mail", "", b"x");
        let arrived = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        for on_portal in [true, false] {
            for author in [Some(&address("ce.0210001a@ac-dijon.fr")), Some(&author), None] {
                for copies in [Some(copied.as_str().to_owned()), None] {
                    let has_copies = copies.is_some();
                    let opening = FollowupOpening { reference, on_portal, arrived: &arrived, author, copies };
                    let content = format!("{opening}<p>Bonjour, a@b.fr P-AAAA-AAAA-AAAA</p>");
                    assert_eq!(FollowupOpening::reference_of(&content), Some(reference));
                    let read = FollowupOpening::read(&content).unwrap();
                    assert_eq!((read.reference, read.author.as_ref()), (reference, author), "{content}");
                    assert_eq!(FollowupOpening::without(&content), "<p>Bonjour, a@b.fr P-AAAA-AAAA-AAAA</p>");
                    assert_eq!(&content[read.end..], "<p>Bonjour, a@b.fr P-AAAA-AAAA-AAAA</p>");
                    assert_eq!(read.copies.as_deref().is_some_and(|it| it.contains(copied.as_str())), has_copies);
                    assert_eq!(content.contains("Écrit sur le portail"), on_portal);
                }
            }
        }
    }

    #[test]
    fn an_opening_of_an_earlier_version_is_read() {
        let content = "<p><em>Réponse par courriel de ce.0210001a@ac-dijon.fr, le 27/11/2026 à 10:00. Référence : \
                       P-7K3M-Q2XV-9D4T<br>Copie à : ien@ac-dijon.fr</em></p><p>Bonjour</p>";
        let read = FollowupOpening::read(content).unwrap();
        assert_eq!(read.reference.to_string(), "P-7K3M-Q2XV-9D4T");
        assert_eq!((read.copies.as_deref(), &content[read.end..]), (Some("ien@ac-dijon.fr"), "<p>Bonjour</p>"));
        assert!(read.author.is_some());
    }

    #[test]
    fn what_opens_otherwise_is_no_opening() {
        for content in [
            "",
            "a@b.fr P-7K3M-Q2XV-9D4T",
            "<p>Bonjour a@b.fr</p>P-7K3M-Q2XV-9D4T",
            "<p><em>Écrit sur le portail, le 27/11/2026 à 10:00.</em></p>",
            "<p>Écrit sur le portail P-7K3M-Q2XV-9D4T</p>",
            "<p><em>Bonjour P-7K3M-Q2XV-9D4T</em></p>",
        ] {
            assert_eq!(
                (FollowupOpening::read(content), FollowupOpening::without(content)),
                (None, content),
                "{content}"
            );
        }
    }
}
