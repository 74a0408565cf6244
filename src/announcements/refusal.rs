//! Why an announcement is not sent, or not changed, in both languages: the thing, the reason and the remedy.

use jiff::{SignedDuration, Timestamp};

use super::{
    announcement::{Announcement, Recipients},
    excess::Excess,
    journal::MailingState,
    keeping::KeepingError,
    recipients::NoList,
    record::NotFrozen,
};
use crate::{
    glpi::GlpiError,
    request::{LeftOut, Reference},
    text::{Bilingual, Language},
};

/// An announcement whose list is not frozen is not sent any more when it is older: its list may have been removed after it
/// was sent, and what it says may be over.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// Why the list of an announcement that is kept is not there, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfrozen {
    /// Its writer was interrupted: it can be frozen now.
    Interrupted,
    /// The same, and the addresses came along with it: only whoever has them can go on.
    WithoutAddresses,
    /// It is more than a day old.
    Stale,
}

impl Unfrozen {
    pub(super) fn of(announcement: &Announcement) -> Self {
        if Timestamp::now().duration_since(announcement.written_at) > STALE {
            Self::Stale
        } else if announcement.by_mail == Some(Recipients::List) {
            Self::WithoutAddresses
        } else {
            Self::Interrupted
        }
    }

    /// What helps.
    pub fn remedy(self) -> Bilingual {
        match self {
            Self::Interrupted => Bilingual::new(
                "`passerelle inform resume` freezes its list and sends it, `stop` gives it up",
                "`passerelle inform resume` fige sa liste et l’envoie, `stop` y renonce",
            ),
            Self::WithoutAddresses => Bilingual::new(
                "hand in the same announcement with the same addresses again today, or give it up with `passerelle inform stop`",
                "redonnez aujourd’hui la même information avec les mêmes adresses, ou renoncez-y par `passerelle inform stop`",
            ),
            Self::Stale => Bilingual::new(
                "it is more than a day old: give it up with `passerelle inform stop`, and hand in a new one",
                "elle a plus d’un jour\u{a0}: renoncez-y par `passerelle inform stop`, et écrivez-en une nouvelle",
            ),
        }
    }
}

/// What an announcement lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A subject.
    Subject,
    /// A text.
    Text,
    /// Mail or portal.
    Way,
    /// An end after its begin, which what the portal shows has.
    End,
    /// The application whose last requesters are meant.
    Application,
}

impl Lack {
    fn said(self) -> Bilingual {
        match self {
            Self::Subject => Bilingual::new(
                "it has no subject; give one line: --subject, or `# …` as the first line of the text",
                "elle n’a pas d’objet\u{a0}; donnez une ligne\u{a0}: --subject, ou `# …` en première ligne du texte",
            ),
            Self::Text => Bilingual::new("it has no text; write one", "elle n’a pas de texte\u{a0}; écrivez-le"),
            Self::Way => Bilingual::new(
                "it goes neither by mail nor on the portal; choose one, or both",
                "elle ne va ni par courriel ni sur le portail\u{a0}; choisissez l’un, ou les deux",
            ),
            Self::End => Bilingual::new(
                "what the portal shows ends after its begin, and after now; say until when",
                "ce que le portail montre finit après son début, et après maintenant\u{a0}; dites jusqu’à quand",
            ),
            Self::Application => Bilingual::new(
                "it has no application, whose last requesters are meant; name it",
                "elle n’a pas d’application, dont les derniers demandeurs sont prévenus\u{a0}; nommez-la",
            ),
        }
    }
}

/// Why an announcement is not sent, or not changed.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said().text(Language::English))]
pub enum InformError {
    /// `announcements.enabled` is false.
    Off,
    /// No mail goes anywhere.
    NoRelay,
    /// It says nothing, or not where it goes.
    Missing(Lack),
    /// It is another's department or application.
    NotYours,
    /// Nobody is among those who would get it.
    Nobody(Recipients),
    /// Nobody but its writer could confirm it.
    NobodyElse(usize),
    /// Who wrote it is not named by an address, and a second person has to be another one.
    Unnamed(usize),
    /// These files cannot go, for these reasons.
    Files(Vec<LeftOut>),
    /// One that says something else has its name.
    SaysSomethingElse(Reference),
    /// Who gets it cannot be said.
    NoList(NoList),
    /// Its list is not frozen.
    NotFrozen(NotFrozen),
    /// GLPI does not keep it.
    Keeping(KeepingError),
    /// GLPI cannot, or may not.
    Glpi(GlpiError),
    /// There is none of this name.
    Unknown,
    /// It is kept, but its list is not.
    Unfrozen(Unfrozen),
    /// Its state is another.
    NotNow(MailingState),
    /// Somebody has changed its journal in GLPI.
    Changed,
    /// The code is wrong.
    WrongCode,
    /// The person who wrote it confirms.
    SamePerson,
    /// Whoever confirms is no operator.
    NotAnOperator(String),
    /// It says more than GLPI keeps.
    TooMuch(Excess),
    /// It would go to others than those who were shown.
    OtherRecipients,
    /// It goes by no mail.
    PortalOnly,
    /// The portal does not show it.
    MailOnly,
    /// There is no such batch.
    NoBatch {
        /// The one that was meant.
        batch: usize,
        /// How many there are.
        of: usize,
    },
    /// The relay refused nobody, or it has not ended.
    NobodyRefused,
    /// No batch is in doubt, or its sender may be at it still.
    NothingInDoubt(i64),
}

impl InformError {
    /// Whether GLPI does not let the service account keep it.
    pub fn is_denied(&self) -> bool {
        matches!(
            self,
            Self::Glpi(GlpiError::Denied { .. }) | Self::Keeping(KeepingError::Glpi(GlpiError::Denied { .. }))
        )
    }

    /// Why, for who runs a command.
    pub fn said(&self) -> Bilingual {
        match self {
            Self::Off => Bilingual::new(
                "announcements are off; set announcements.enabled = true",
                "les informations ne sont pas activées\u{a0}; mettez announcements.enabled = true",
            ),
            Self::NoRelay => Bilingual::new(
                "no mail relay is configured; set smtp.url, or write a message for the portal only",
                "aucun relais de courriel n’est configuré\u{a0}; donnez smtp.url, ou écrivez pour le portail seulement",
            ),
            Self::Missing(lack) => lack.said(),
            Self::NotYours => Bilingual::new(
                "these zones, or this application, are somebody else’s",
                "ces zones, ou cette application, sont à quelqu’un d’autre",
            ),
            Self::Nobody(Recipients::Directors) => Bilingual::new(
                "nobody would get it: the directory has no director of these zones with an address; choose others",
                "personne ne la recevrait\u{a0}: l’annuaire ne connaît aucune adresse de directeur dans ces zones\u{a0}; \
                 choisissez-en d’autres",
            ),
            Self::Nobody(Recipients::LastRequesters) => Bilingual::new(
                "nobody would get it: nobody of these zones asked for help with this application lately; choose others",
                "personne ne la recevrait\u{a0}: personne, dans ces zones, n’a demandé d’aide pour cette application ces \
                 90 derniers jours\u{a0}; choisissez-en d’autres",
            ),
            Self::Nobody(Recipients::List) => Bilingual::new(
                "nobody would get it: its list is empty; give addresses",
                "personne ne la recevrait\u{a0}: sa liste est vide\u{a0}; donnez des adresses",
            ),
            Self::NobodyElse(most) => Bilingual::new(
                format!(
                    "more than {most} addresses: a second person has to confirm; name another operator in people.operators"
                ),
                format!(
                    "plus de {most} adresses\u{a0}: une seconde personne doit confirmer\u{a0}; nommez un autre exploitant dans people.operators"
                ),
            ),
            Self::Unnamed(most) => Bilingual::new(
                format!(
                    "more than {most} addresses: a second person has to confirm, so whoever writes it is named by their mail \
                     address; give --by ADDRESS"
                ),
                format!(
                    "plus de {most} adresses\u{a0}: une seconde personne doit confirmer, et qui écrit est donc nommé par son \
                     adresse\u{a0}; donnez --by ADRESSE"
                ),
            ),
            Self::Files(files) => {
                let named = named(files);
                Bilingual::new(
                    "nothing was sent, for these files cannot go",
                    "rien n’est parti, car ces fichiers ne peuvent pas être joints",
                )
                .saying(&named)
            }
            Self::SaysSomethingElse(reference) => Bilingual::new(
                format!(
                    "{reference} was handed in before and says something else; nothing was sent of this one: hand it in under another name"
                ),
                format!(
                    "{reference} a été donnée auparavant et dit autre chose\u{a0}; rien n’est parti de celle-ci\u{a0}: donnez-la sous un autre nom"
                ),
            ),
            Self::NoList(why) => why.said(),
            Self::NotFrozen(why) => why.said(),
            Self::Keeping(why) => why.said(),
            Self::Glpi(why) => why.line(),
            Self::Unknown => Bilingual::new(
                "there is no announcement of this name; `passerelle inform list` names all",
                "aucune information n’a ce nom\u{a0}; `passerelle inform list` les nomme toutes",
            ),
            Self::Unfrozen(why) => Bilingual::new(
                "its list is not frozen, and nobody got it by mail; ",
                "sa liste n’est pas figée, et personne ne l’a reçue par courriel\u{a0}; ",
            )
            .then("", &why.remedy()),
            Self::NotNow(state) => Bilingual::new("it is ", "son envoi est ")
                .then("", &state.said())
                .then("", &Bilingual::new(", and this is not for now", ", et ce n’est plus possible")),
            Self::Changed => Bilingual::new(
                "somebody has changed its notes «Passerelle, envoi …» in GLPI, and nothing more of it goes; restore them, or \
                 stop it and hand in a new one",
                "ses notes «\u{a0}Passerelle, envoi …\u{a0}» ont été changées dans GLPI, et plus rien n’en part\u{a0}; \
                 rétablissez-les, ou arrêtez-la et écrivez-en une nouvelle",
            ),
            Self::WrongCode => Bilingual::new(
                "this code does not confirm it; copy the one of the mail that asked for it",
                "ce code ne la confirme pas\u{a0}; recopiez celui du courriel qui le demande",
            ),
            Self::SamePerson => Bilingual::new(
                "whoever wrote it cannot confirm it: a second person does",
                "qui l’a écrite ne peut pas la confirmer\u{a0}: une seconde personne le fait",
            ),
            Self::NotAnOperator(by) => Bilingual::new(
                format!("\"{by}\" is no operator: only one of people.operators confirms, by their address"),
                format!(
                    "«\u{a0}{by}\u{a0}» n’est pas de l’exploitation\u{a0}: seule une adresse de people.operators confirme"
                ),
            ),
            Self::TooMuch(excess) => excess.said(),
            Self::OtherRecipients => Bilingual::new(
                "it would go to others than those who were shown; look at them again",
                "elle irait à d’autres que ceux qui ont été montrés\u{a0}; regardez-les à nouveau",
            ),
            Self::PortalOnly => Bilingual::new(
                "it is on the portal alone, and no mail goes; `passerelle inform end` takes it off",
                "elle n’est que sur le portail, et aucun courriel ne part\u{a0}; `passerelle inform end` l’en retire",
            ),
            Self::MailOnly => Bilingual::new(
                "it is not on the portal; `passerelle inform stop` stops its mails",
                "elle n’est pas sur le portail\u{a0}; `passerelle inform stop` arrête ses courriels",
            ),
            Self::NoBatch { batch, of } => Bilingual::new(
                format!("there is no batch {batch}; they are numbered from 1 to {of}"),
                format!("il n’y a pas de lot {batch}\u{a0}; ils sont numérotés de 1 à {of}"),
            ),
            Self::NobodyRefused => Bilingual::new(
                "the relay refused nobody of it, or it has not ended; `passerelle inform show` says how far it is",
                "le relais n’en a refusé aucune adresse, ou son envoi n’est pas terminé\u{a0}; `passerelle inform show` dit où \
                 il en est",
            ),
            Self::NothingInDoubt(seconds) => Bilingual::new(
                format!("nothing is in doubt, or not yet: what is on its way now is in doubt after {seconds} seconds"),
                format!(
                    "rien n’est en doute, ou pas encore\u{a0}: ce qui part en ce moment ne l’est qu’après {seconds} secondes"
                ),
            ),
        }
    }
}

impl From<NoList> for InformError {
    fn from(why: NoList) -> Self {
        Self::NoList(why)
    }
}

impl From<NotFrozen> for InformError {
    fn from(why: NotFrozen) -> Self {
        Self::NotFrozen(why)
    }
}

impl From<KeepingError> for InformError {
    fn from(why: KeepingError) -> Self {
        Self::Keeping(why)
    }
}

impl From<GlpiError> for InformError {
    fn from(why: GlpiError) -> Self {
        Self::Glpi(why)
    }
}

/// Files with why they cannot go.
fn named(files: &[LeftOut]) -> Bilingual {
    let mut named = files.iter().map(|file| Bilingual::same(&file.name).saying(&file.why));
    let first = named.next().unwrap_or_default();
    named.fold(first, |all, next| all.then("", &Bilingual::new("; ", " ; ")).then("", &next))
}
