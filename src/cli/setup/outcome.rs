//! What a look at a step gives.

use std::fmt::Display;

use crate::{glpi::GlpiError, text::Bilingual};

/// Why something cannot be done, and what to do about it.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) reason: Bilingual,
    pub(super) remedy: Bilingual,
}

impl Failed {
    pub(super) fn new(reason: &Bilingual, remedy: &Bilingual) -> Self {
        Self { reason: reason.clone(), remedy: remedy.clone() }
    }

    /// A file that the system does not let be read or written.
    pub(super) fn of_file(path: &std::path::Path, error: impl Display) -> Self {
        let shown = path.display();
        Self {
            reason: Bilingual::same(format!("{shown}: {error}")),
            remedy: Bilingual::new(
                "run setup as a user who may write there, or name another folder by --into",
                "lancez setup en tant qu’utilisateur qui peut y écrire, ou donnez un autre dossier par --into",
            ),
        }
    }
}

impl From<GlpiError> for Failed {
    fn from(error: GlpiError) -> Self {
        let remedy = match &error {
            GlpiError::Denied {
                remedy: crate::glpi::Remedy::Right(_) | crate::glpi::Remedy::UnnamedRight(..), ..
            } => {
                Bilingual::new("give setup the login of a Super-Admin", "donnez à setup l’identifiant d’un Super-Admin")
            }
            other => other.remedy(),
        };
        Self { reason: error.reason(), remedy }
    }
}

/// How a step stands.
#[derive(Debug)]
pub(super) enum State {
    /// It is as it must be.
    There(Bilingual),
    /// It is to be made.
    Create(Bilingual),
    /// It is there and lacks something.
    Change(Bilingual),
    /// Something else has its name: it is not touched.
    Named(Failed),
    /// Only a person can do it.
    ByHand(Failed),
}

impl From<Failed> for State {
    fn from(failed: Failed) -> Self {
        Self::ByHand(failed)
    }
}

impl State {
    pub(super) fn there() -> Self {
        Self::There(Bilingual::default())
    }

    pub(super) fn create() -> Self {
        Self::Create(Bilingual::default())
    }

    pub(super) fn named(reason: &Bilingual, remedy: &Bilingual) -> Self {
        Self::Named(Failed::new(reason, remedy))
    }

    pub(super) fn by_hand(reason: &Bilingual, remedy: &Bilingual) -> Self {
        Self::ByHand(Failed::new(reason, remedy))
    }

    pub(super) fn word(&self) -> Bilingual {
        match self {
            Self::There(_) => Bilingual::new("already there  ", "déjà là        "),
            Self::Create(_) => Bilingual::new("to create      ", "à créer        "),
            Self::Change(_) => Bilingual::new("to change      ", "à changer      "),
            Self::Named(_) => Bilingual::new("LEFT ALONE     ", "PAS TOUCHÉ     "),
            Self::ByHand(_) => Bilingual::new("BY HAND        ", "À LA MAIN      "),
        }
    }

    pub(super) fn found(&self) -> Bilingual {
        match self {
            Self::There(found) | Self::Create(found) | Self::Change(found) => found.clone(),
            Self::Named(failed) | Self::ByHand(failed) => failed.reason.clone(),
        }
    }
}
