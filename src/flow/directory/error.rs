//! Why a directory cannot answer: what failed, and what to look at.

use std::sync::Arc;

use ldap3::LdapError;

use crate::{glpi::GlpiError, text::chain};

/// Why a source cannot answer; cloned, as those who wait for a connection share its failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The LDAP server cannot be asked, or refuses.
    #[error("LDAP directory: {}; {remedy}", chain(source.as_ref()))]
    Ldap {
        /// What the server said, or the way to it.
        source: Arc<LdapError>,
        /// What to look at.
        remedy: &'static str,
    },
    /// GLPI cannot be asked, or refuses.
    #[error("directory in GLPI: {0}")]
    Glpi(#[from] GlpiError),
    /// Without the group nobody could be a member, so nobody is refused either.
    #[error("GLPI has no group \"{0}\" that this account may see; create it, or correct directory.glpi_group")]
    NoGroup(String),
    /// Directors without addresses are no recipients.
    #[error("LDAP directory: directory.ldap.attributes.mail is empty; name the attribute that holds the address")]
    NoMailAttribute,
    /// No source is set up.
    #[error(
        "no directory is set up; give directory.csv, glpi.url or directory.ldap.url, and name it in directory.sources"
    )]
    NotSetUp,
}
