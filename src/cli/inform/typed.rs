//! What was typed as arguments and cannot be used, said in the language of the output.

use crate::{
    announcements::{InformError, KeepingError, NoList},
    cli::exit,
    request::Address,
    text::Bilingual,
};

/// Characters of who does something, as GLPI keeps them.
const LONGEST_NAME: usize = 150;

/// Why a command ends without having done what it was asked.
pub(super) enum Unable {
    /// Its arguments, or the files that they name, cannot be used.
    Typed(Vec<Bilingual>),
    /// It is not done.
    Inform(InformError),
}

impl Unable {
    /// One mistake.
    pub(super) fn typed(english: impl std::fmt::Display, french: impl std::fmt::Display) -> Self {
        Self::Typed(vec![Bilingual::new(english, french)])
    }

    /// Why, each a line.
    pub(super) fn said(&self) -> Vec<Bilingual> {
        match self {
            Self::Typed(mistakes) => mistakes.clone(),
            Self::Inform(error) => vec![error.said()],
        }
    }

    /// What it says to whoever called.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Typed(_)
            | Self::Inform(
                InformError::Missing(_)
                | InformError::TooMuch(_)
                | InformError::Unnamed(_)
                | InformError::Files(_)
                | InformError::NoBatch { .. }
                | InformError::MailOnly
                | InformError::NoList(NoList::Strangers(_))
                | InformError::Keeping(KeepingError::FileRefused { .. } | KeepingError::TooLarge { .. }),
            ) => exit::USAGE,
            Self::Inform(
                InformError::NoList(_) | InformError::NotFrozen(_) | InformError::Keeping(_) | InformError::Glpi(_),
            ) => exit::TEMPFAIL,
            Self::Inform(_) => exit::FAILED,
        }
    }
}

impl From<InformError> for Unable {
    fn from(error: InformError) -> Self {
        Self::Inform(error)
    }
}

/// Who writes, stops or decides: one line that is not empty.
pub(super) fn person(by: &str) -> Result<String, Unable> {
    let by = by.trim();
    if by.is_empty() {
        return Err(Unable::typed("--by is empty; say who does it", "--by est vide\u{a0}; dites qui le fait"));
    }
    if by.chars().any(char::is_control) || by.chars().count() > LONGEST_NAME {
        return Err(Unable::typed(
            format!("--by is one line of at most {LONGEST_NAME} characters; shorten it"),
            format!("--by est une ligne de {LONGEST_NAME} caractères au plus\u{a0}; raccourcissez-le"),
        ));
    }
    Ok(by.to_owned())
}

/// Who confirms: an address, by which operators are known.
pub(super) fn confirmer(by: &str) -> Result<String, Unable> {
    let by = person(by)?;
    if Address::parse(&by).is_none() {
        return Err(Unable::typed(
            format!("--by \"{by}\" is no mail address; give that of the operator who confirms"),
            format!("--by «\u{a0}{by}\u{a0}» n’est pas une adresse\u{a0}; donnez celle de l’exploitant qui confirme"),
        ));
    }
    Ok(by)
}

/// What confirms.
pub(super) fn code(code: &str) -> Result<&str, Unable> {
    let code = code.trim();
    if code.is_empty() {
        return Err(Unable::typed(
            "--code is empty; copy it from the mail that asked to confirm",
            "--code est vide\u{a0}; recopiez celui du courriel qui demande de confirmer",
        ));
    }
    Ok(code)
}
