//! Why a request cannot be routed now.

use crate::text::Bilingual;

/// Why a request cannot be routed now.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The mapping went away.
    #[error("no mapping serves the application {0}: its file was removed or renamed; put it back and send SIGHUP")]
    NoMapping(String),
    /// A template fails.
    #[error("the {template} of {file} fails: {source:#}; correct it and send SIGHUP")]
    Template {
        /// Which of the mapping's templates.
        template: &'static str,
        /// The mapping's file.
        file: String,
        /// What the template engine says.
        source: minijinja::Error,
    },
}

impl RouteError {
    /// Why, for who tries a mail; the template engine's own words are quoted.
    pub fn said(&self) -> Bilingual {
        let french = match self {
            Self::NoMapping(application) => format!(
                "aucun mapping ne sert l’application {application}\u{a0}: son fichier a été ôté ou renommé\u{a0}; remettez-le et envoyez SIGHUP"
            ),
            Self::Template { template, file, source } => {
                format!(
                    "{template} de {file} échoue\u{a0}: «\u{a0}{source:#}\u{a0}»\u{a0}; corrigez-le et envoyez SIGHUP"
                )
            }
        };
        Bilingual::new(self, french)
    }
}
