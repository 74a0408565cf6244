//! Why a directory cannot answer: what failed, and what to look at.

use std::sync::Arc;

use ldap3::LdapError;

use crate::{
    glpi::GlpiError,
    hindrance,
    text::{Bilingual, Language, chain},
};

/// Why a source cannot answer; cloned, as those who wait for a connection share its failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The LDAP server cannot be asked, or refuses.
    #[error("LDAP directory: {}; {}", chain(source.as_ref()), remedy.text(Language::English))]
    Ldap {
        /// What the server said, or the way to it.
        source: Arc<LdapError>,
        /// What to look at.
        remedy: Bilingual,
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

/// What a server's answer means (RFC 4511 section 4.1.9), where that is worth a word of ours.
fn meaning(code: u32) -> Option<Bilingual> {
    let (english, french) = match code {
        48 | 49 => ("the server refuses this account’s sign-in", "le serveur refuse la connexion de ce compte"),
        32 | 34 => ("the base is not there", "la base de recherche n’existe pas"),
        8 | 13 => ("the server wants TLS", "le serveur veut TLS"),
        50 => ("the server refuses the search", "le serveur refuse la recherche"),
        51 | 52 => ("the server is busy", "le serveur est occupé"),
        53 => ("the server is not willing", "le serveur ne veut pas"),
        _ => return None,
    };
    Some(Bilingual::new(english, french))
}

impl DirectoryError {
    /// Why, for who runs a command; the server's own words are quoted.
    pub fn reason(&self) -> Bilingual {
        match self {
            Self::Ldap { source, remedy } => {
                let why = match source.as_ref() {
                    LdapError::Timeout { .. } => hindrance::Hindrance::Timeout.reason(),
                    error @ LdapError::LdapResult { result } => {
                        let answer = Bilingual::quoted(chain(error));
                        meaning(result.rc).map_or_else(|| answer.clone(), |meaning| meaning.saying(&answer))
                    }
                    error => hindrance::reason(error),
                };
                Bilingual::new("LDAP directory: ", "annuaire LDAP : ")
                    .then("", &why)
                    .then("", &Bilingual::new("; ", " ; "))
                    .then("", remedy)
            }
            Self::Glpi(error) => {
                Bilingual::new("directory in GLPI: ", "annuaire dans GLPI : ").then("", &error.reason())
            }
            Self::NoGroup(name) => Bilingual::new(
                self,
                format!(
                    "GLPI n’a pas de groupe \"{name}\" que ce compte puisse voir\u{a0}; créez-le, ou corrigez \
                     directory.glpi_group"
                ),
            ),
            Self::NoMailAttribute => Bilingual::new(
                self,
                "annuaire LDAP\u{a0}: directory.ldap.attributes.mail est vide\u{a0}; nommez l’attribut qui contient l’adresse",
            ),
            Self::NotSetUp => Bilingual::new(
                self,
                "aucun annuaire n’est configuré\u{a0}; donnez directory.csv, glpi.url ou directory.ldap.url, et nommez-le \
                 dans directory.sources",
            ),
        }
    }
}
