//! What a GLPI is, and what an account may do in it.

use std::collections::BTreeMap;

/// GLPI's version and the part of its configuration that matters for tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// `10.0.14`, say; empty if this GLPI does not tell.
    pub version: String,
    /// The address GLPI writes into its links.
    pub url_base: String,
    /// Whether GLPI sends notifications by mail at all.
    pub mails: bool,
    /// The largest document, in MiB.
    pub document_max_size: u64,
    /// What tells its notifications from another GLPI's (`Config::getUuid`); `None` before the first one, and before
    /// 10.0.
    pub uuid: Option<String>,
}

impl ServerInfo {
    /// The first number of the version; `None` where this GLPI does not tell.
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// The profile the account works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// `central` for staff, `helpdesk` for the self-service interface.
    pub interface: String,
    /// A right's name (`ticket`, `document`…) to its bits.
    pub rights: BTreeMap<String, u64>,
}

impl Profile {
    /// The right to read.
    pub const READ: u64 = 1;
    /// The right to change.
    pub const UPDATE: u64 = 2;
    /// The right to create.
    pub const CREATE: u64 = 4;

    /// Whether the profile has all these bits of a right.
    pub fn may(&self, right: &str, bits: u64) -> bool {
        self.rights.get(right).is_some_and(|own| own & bits == bits)
    }

    /// Whether GLPI puts each article that the account makes into the FAQ, whatever is asked
    /// (`KnowbaseItem::prepareInputForAdd`).
    pub fn puts_articles_into_faq(&self) -> bool {
        /// `KnowbaseItem::PUBLISHFAQ`
        const PUBLISH_IN_FAQ: u64 = 4096;
        self.may("knowbase", PUBLISH_IN_FAQ) && !self.may("knowbase", Self::UPDATE)
    }
}

/// The file types GLPI takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTypes {
    /// In lower case; `/…/` is a regular expression on the name, as GLPI allows.
    pub(super) extensions: Vec<String>,
}

impl DocumentTypes {
    /// Whether GLPI takes a file of this name. Where a type is a regular expression, GLPI has the
    /// last word, and `true` is the answer here.
    pub fn accept(&self, file_name: &str) -> bool {
        let name = file_name.to_lowercase();
        self.extensions.iter().any(|extension| {
            let is_expression = extension.len() > 2 && extension.starts_with('/') && extension.ends_with('/');
            is_expression || name.strip_suffix(extension.as_str()).is_some_and(|stem| stem.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_accepted_by_its_extension() {
        let types = DocumentTypes { extensions: vec!["pdf".to_owned(), "tar.gz".to_owned()] };
        for name in ["a.pdf", "A.PDF", "x.tar.gz"] {
            assert!(types.accept(name), "{name}");
        }
        for name in ["pdf", "a.pdf.exe", "apdf", "x.gz", ""] {
            assert!(!types.accept(name), "{name}");
        }
    }
}
