//! What this GLPI is, and what the service account may do in it.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::error::GlpiError;
use super::{Glpi, wire};

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
    /// The first number of the version; 0 where this GLPI does not tell.
    pub fn major(&self) -> u32 {
        self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default()
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
    /// The right to create.
    pub const CREATE: u64 = 4;

    /// Whether the profile has all these bits of a right.
    pub fn may(&self, right: &str, bits: u64) -> bool {
        self.rights.get(right).is_some_and(|own| own & bits == bits)
    }
}

/// The file types GLPI takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTypes {
    /// In lower case; `/…/` is a regular expression on the name, as GLPI allows.
    extensions: Vec<String>,
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

impl Glpi {
    /// GLPI's version and configuration (`getGlpiConfig`).
    pub async fn server_info(&self) -> Result<ServerInfo, GlpiError> {
        let config: wire::Config = self.get("getGlpiConfig", Vec::new()).await?;
        let config = config.cfg_glpi;
        Ok(ServerInfo {
            mails: config.use_notifications > 0 && config.notifications_mailing > 0,
            version: config.version,
            url_base: config.url_base,
            document_max_size: config.document_max_size,
            uuid: Some(config.notification_uuid).filter(|uuid| !uuid.is_empty()),
        })
    }

    /// What GLPI's clock shows now, in its own time zone (`getFullSession`, as its session was opened).
    pub async fn clock(&self) -> Result<Option<DateTime>, GlpiError> {
        let answer: wire::FullSession = self.get("getFullSession", Vec::new()).await?;
        Ok(answer.session.glpi_currenttime.parse().ok())
    }

    /// The profile in use and its rights (`getActiveProfile`).
    pub async fn active_profile(&self) -> Result<Profile, GlpiError> {
        let answer: wire::ActiveProfile = self.get("getActiveProfile", Vec::new()).await?;
        let profile = answer.active_profile;
        let text = |key| profile.get(key).and_then(|value| value.as_str());
        Ok(Profile {
            name: text("name").unwrap_or_default().to_owned(),
            interface: text("interface").unwrap_or_default().to_owned(),
            rights: profile.iter().filter_map(|(right, bits)| Some((right.clone(), bits.as_u64()?))).collect(),
        })
    }

    /// The file types GLPI takes; `None` when the account may not read them.
    pub async fn uploadable_types(&self) -> Result<Option<DocumentTypes>, GlpiError> {
        let rows: Vec<wire::DocumentType> = match self.list("DocumentType").await {
            Err(GlpiError::Denied { .. }) => return Ok(None),
            rows => rows?,
        };
        let extensions = rows
            .into_iter()
            .filter(|row| row.is_uploadable > 0 && !row.ext.is_empty())
            .map(|row| row.ext.to_lowercase())
            .collect();
        Ok(Some(DocumentTypes { extensions }))
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
