//! The kinds of personal data that a draft is rid of.

use crate::text::french;

/// What personal data is, with the word that stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Personal {
    Name,
    Pupil,
    School,
    Address,
    Phone,
    Uai,
    Ine,
    Numen,
    Nir,
    Birth,
    Postal,
}

impl Personal {
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::Name => "[nom]",
            Self::Pupil => "[élève]",
            Self::School => "[école]",
            Self::Address => "[adresse]",
            Self::Phone => "[téléphone]",
            Self::Uai => "[UAI]",
            Self::Ine => "[INE]",
            Self::Numen => "[NUMEN]",
            Self::Nir => "[numéro de sécurité sociale]",
            Self::Birth => "[date de naissance]",
            Self::Postal => "[adresse postale]",
        }
    }

    pub(super) fn counted(self, times: usize) -> String {
        let (one, several) = match self {
            Self::Name => ("nom", "noms"),
            Self::Pupil => ("nom d’élève", "noms d’élèves"),
            Self::School => ("école", "écoles"),
            Self::Address => ("adresse", "adresses"),
            Self::Phone => ("téléphone", "téléphones"),
            Self::Uai => ("code UAI", "codes UAI"),
            Self::Ine => ("INE", "INE"),
            Self::Numen => ("NUMEN", "NUMEN"),
            Self::Nir => ("numéro de sécurité sociale", "numéros de sécurité sociale"),
            Self::Birth => ("date de naissance", "dates de naissance"),
            Self::Postal => ("adresse postale", "adresses postales"),
        };
        french::count(times, one, several)
    }
}
