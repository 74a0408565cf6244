//! What a look at a step gives.

use super::naming::{of_options, remedy_of};
use crate::{
    config::{self, ConfigError},
    glpi::GlpiError,
    text::Bilingual,
};

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

    /// A mistake of the configuration, told by the options that it comes from.
    pub(super) fn of_configuration(mistake: &ConfigError) -> Self {
        let remedy = mistake.remedy().cloned().unwrap_or_default();
        Self { reason: of_options(&mistake.message()), remedy: remedy_of(mistake.keys().first(), &remedy) }
    }

    /// A file that the system does not let be read or written.
    pub(super) fn of_file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self {
            reason: Bilingual::same(path.display()).saying(&config::of_error(error)),
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
        Self { reason: of_options(&error.reason()), remedy: of_options(&remedy) }
    }
}

/// How a step stands.
#[derive(Debug)]
pub(super) enum State {
    /// It is as it must be.
    There(Bilingual),
    /// It is to be made.
    Create(Bilingual),
    /// It is there and lacks something: what that is, and what is said once it has it.
    Change(Bilingual, Bilingual),
    /// Something else has its name: it is not touched.
    Named(Failed),
    /// It is somebody's own and is kept; what setup would make goes beside it, for a person to compare.
    Beside(Failed),
    /// Only a person can do it.
    ByHand(Failed),
    /// It works, and a person says whether it is to be another way.
    Decide(Failed),
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

    /// What it lacks, and what is said once it has it, in English and in French.
    pub(super) fn change(lacks: (&str, &str), done: (&str, &str)) -> Self {
        Self::Change(Bilingual::new(lacks.0, lacks.1), Bilingual::new(done.0, done.1))
    }

    pub(super) fn named(reason: &Bilingual, remedy: &Bilingual) -> Self {
        Self::Named(Failed::new(reason, remedy))
    }

    pub(super) fn by_hand(reason: &Bilingual, remedy: &Bilingual) -> Self {
        Self::ByHand(Failed::new(reason, remedy))
    }

    pub(super) fn decide(reason: &Bilingual, ways: &Bilingual) -> Self {
        Self::Decide(Failed::new(reason, ways))
    }

    /// Whether something is to be written for it.
    pub(super) fn is_to_make(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Change(..) | Self::Beside(_))
    }

    /// Whether a person has something to do about it.
    pub(super) fn is_left(&self) -> bool {
        matches!(self, Self::Named(_) | Self::Beside(_) | Self::ByHand(_))
    }

    pub(super) fn word(&self) -> Bilingual {
        match self {
            Self::There(_) => Bilingual::new("already there  ", "déjà là        "),
            Self::Create(_) => Bilingual::new("to create      ", "à créer        "),
            Self::Change(..) => Bilingual::new("to change      ", "à changer      "),
            Self::Named(_) | Self::Beside(_) => Bilingual::new("LEFT ALONE     ", "PAS TOUCHÉ     "),
            Self::ByHand(_) => Bilingual::new("BY HAND        ", "À LA MAIN      "),
            Self::Decide(_) => Bilingual::new("TO DECIDE      ", "À DÉCIDER      "),
        }
    }

    pub(super) fn found(&self) -> Bilingual {
        match self {
            Self::There(found) | Self::Create(found) | Self::Change(found, _) => found.clone(),
            Self::Named(failed) | Self::Beside(failed) | Self::ByHand(failed) | Self::Decide(failed) => {
                failed.reason.clone()
            }
        }
    }
}
