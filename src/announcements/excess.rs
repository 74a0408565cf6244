//! More than GLPI keeps of an announcement: said before anything is sent, since nobody’s words are cut in silence.

use crate::text::Bilingual;

/// Bytes of a body.
pub const LONGEST_BODY: usize = 15_000;
/// Addresses of a list.
pub const LONGEST_LIST: usize = 20_000;

/// What is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcessPart {
    /// The subject.
    Subject,
    /// The application.
    Application,
    /// Who writes it.
    Author,
}

/// What GLPI would not keep, or no list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// A line has more characters than it may.
    Characters {
        /// Which.
        part: ExcessPart,
        /// How many it has.
        length: usize,
        /// How many it may have.
        most: usize,
    },
    /// A line has a character that older databases do not keep.
    Letter(ExcessPart, char),
    /// The text is longer than what GLPI keeps.
    Text {
        /// Characters that would be kept.
        kept: usize,
        /// Characters it has.
        of: usize,
    },
    /// The list has more addresses than one may.
    Addresses {
        /// How many it has.
        of: usize,
    },
}

impl ExcessPart {
    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Subject => ("the subject", "l’objet"),
            Self::Application => ("the application’s name", "le nom de l’application"),
            Self::Author => ("the writer’s name", "le nom de qui écrit"),
        }
    }
}

impl Excess {
    /// What is too much of a list with so many addresses.
    pub fn of_list(addresses: usize) -> Option<Self> {
        (addresses > LONGEST_LIST).then_some(Self::Addresses { of: addresses })
    }

    /// What is too much, and what helps.
    pub fn said(self) -> Bilingual {
        match self {
            Self::Characters { part, length, most } => {
                let (english, french) = part.named();
                Bilingual::new(
                    format!("{english} has {length} characters, and {most} at most are kept; shorten it"),
                    format!("{french} a {length} caractères, et {most} au plus sont gardés\u{a0}; raccourcissez-le"),
                )
            }
            Self::Letter(part, letter) => {
                let (english, french) = part.named();
                Bilingual::new(
                    format!("{english} has \"{letter}\", which GLPI does not keep; take it out"),
                    format!("{french} contient «\u{a0}{letter}\u{a0}», que GLPI ne garde pas\u{a0}; retirez-le"),
                )
            }
            Self::Text { kept, of } => Bilingual::new(
                format!(
                    "the text has {of} characters, and GLPI keeps the first {kept} of it ({LONGEST_BODY} bytes at most, of which \
                     an accented letter takes two); shorten it, or attach a file"
                ),
                format!(
                    "le texte a {of} caractères, et GLPI n’en garderait que {kept} ({LONGEST_BODY} octets au plus, dont une \
                     lettre accentuée prend deux)\u{a0}; raccourcissez-le, ou joignez un fichier"
                ),
            ),
            Self::Addresses { of } => Bilingual::new(
                format!("the list has {of} addresses, and {LONGEST_LIST} at most go at once; divide it"),
                format!("la liste a {of} adresses, et {LONGEST_LIST} au plus partent à la fois\u{a0}; partagez-la"),
            ),
        }
    }
}
