//! What the pages of announcements have in common: what sends them, why something is not done, moments in fields.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{frame::unknown, state::PageState};
use crate::{
    announcements::{InformError, Informer, KeepingError, Lack, NoList, Stranger},
    http::problem::{BUSY_PAUSE, Problem},
    request::Reference,
    text::{Bilingual, Language, french},
};

/// Where the pages are.
const HERE: &str = "/information";

/// What writes and sends announcements.
///
/// # Errors
///
/// 403 where they are off.
pub(super) fn informer(state: &PageState) -> Result<&Arc<Informer>, Problem> {
    let informer = &state.services.oversight()?.informer;
    if informer.is_on() { Ok(informer) } else { Err(problem(&InformError::Off, Doing::Reading)) }
}

/// The page of an announcement.
pub(super) fn address_of(reference: Reference) -> String {
    format!("{HERE}/{reference}")
}

/// A moment as a browser sends it, in the academy's time zone; none where it is empty.
pub(super) fn moment(state: &PageState, text: &str) -> Result<Option<Timestamp>, ()> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let date: DateTime = text.trim().parse().map_err(|_| ())?;
    // GLPI's database keeps no later one.
    let is_kept = (1971..2038).contains(&date.year());
    let moment = date.to_zoned(state.services.time_zone.clone()).map_err(|_| ())?;
    if is_kept { Ok(Some(moment.timestamp())) } else { Err(()) }
}

/// A moment as a browser's field has it.
pub(super) fn typed_moment(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// «28 novembre 2026 à 18 h 00»
pub(super) fn told(moment: Timestamp, zone: &TimeZone) -> String {
    french::moment(&moment.to_zoned(zone.clone()))
}

/// What somebody does with announcements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Looks at some.
    Reading,
    /// Changes one that is there.
    Changing,
    /// Hands a new one in.
    Writing,
}

/// What is asked of GLPI, in the time a person waits.
pub(super) async fn in_time<T>(
    state: &PageState,
    doing: Doing,
    asked: impl Future<Output = Result<T, InformError>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(state.wait(), asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(problem(&error, doing)),
        Err(_) => Err(not_now(doing)),
    }
}

/// What is not done while GLPI is away.
fn not_now(doing: Doing) -> Problem {
    let detail = match doing {
        Doing::Reading => {
            "L’assistance ne répond pas pour le moment\u{a0}: les informations ne peuvent pas être montrées. Elles ne sont pas perdues\u{a0}; rouvrez cette page dans quelques minutes."
        }
        Doing::Changing => {
            "L’assistance ne répond pas pour le moment, et n’a pas confirmé ce changement\u{a0}: ne le tenez pas pour fait. Rouvrez l’information dans quelques minutes pour voir où elle en est, et recommencez s’il le faut."
        }
        Doing::Writing => {
            "L’assistance ne répond pas pour le moment. Réessayez dans quelques minutes\u{a0}: envoyée à nouveau depuis la même page, une information ne part pas deux fois."
        }
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "glpi-unavailable", detail).retry_after(BUSY_PAUSE)
}

fn sentence(said: &Bilingual) -> String {
    french::sentence(said.text(Language::French))
}

/// Why it is not done, as people read it.
pub(super) fn problem(error: &InformError, doing: Doing) -> Problem {
    let refused = |detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "announcement-refused", detail);
    let conflict = |detail: String| Problem::new(StatusCode::CONFLICT, "announcement-state", detail);
    match error {
        InformError::Off => Problem::new(
            StatusCode::FORBIDDEN,
            "announcements-off",
            "L’information des directeurs n’est pas ouverte. L’exploitation l’ouvre par announcements.enabled = true.",
        ),
        InformError::NotYours => Problem::new(
            StatusCode::FORBIDDEN,
            "not-in-charge",
            "Ces destinataires ne sont pas tous les vôtres\u{a0}: un correspondant écrit à son département, un référent aux derniers demandeurs de son application.",
        ),
        InformError::NoRelay => {
            refused("Aucun relais de courriel n’est configuré\u{a0}: affichez l’information sur le portail seulement.")
        }
        InformError::Missing(Lack::End) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-fields",
            "Indiquez jusqu’à quand le portail l’affiche\u{a0}: une date et une heure à venir, par exemple 2026-11-28T18:00.",
        ),
        InformError::Missing(_) => refused("Il manque l’objet, le texte ou l’application de l’information."),
        InformError::NobodyElse(most) => refused(&format!(
            "Au-delà de {most} adresses, une seconde personne confirme l’envoi, et la configuration ne nomme aucun autre exploitant (people.operators)."
        )),
        InformError::NoList(NoList::Strangers(strangers)) => refused(&Stranger::told(strangers)),
        InformError::SaysSomethingElse(reference) => conflict(format!(
            "Cette page a déjà servi\u{a0}: l’information {reference} en est partie, avec un autre contenu. Celle-ci n’est pas partie\u{a0}; copiez son texte dans une nouvelle page."
        )),
        InformError::Files(files) => {
            let each: Vec<String> =
                files.iter().map(|file| format!("«\u{a0}{}\u{a0}»\u{a0}: {}", file.name, file.french())).collect();
            refused(&format!("Ces fichiers ne peuvent pas être joints\u{a0}: {}.", each.join("\u{a0}; ")))
        }
        InformError::Keeping(why @ (KeepingError::FileRefused { .. } | KeepingError::TooLarge { .. })) => {
            refused(&sentence(&why.said()))
        }
        InformError::TooMuch(excess) => refused(&sentence(&excess.said())),
        InformError::NotAnOperator(_) => Problem::new(StatusCode::FORBIDDEN, "not-in-charge", sentence(&error.said())),
        InformError::Nobody(_) | InformError::NoBatch { .. } | InformError::Unnamed(_) => {
            refused(&sentence(&error.said()))
        }
        InformError::OtherRecipients => conflict(
            "Les destinataires ont changé depuis l’aperçu, et rien n’est parti. Regardez-les à nouveau.".to_owned(),
        ),
        InformError::MailOnly => Problem::new(
            StatusCode::CONFLICT,
            "not-on-portal",
            "Le portail n’affiche pas cette information\u{a0}: elle n’est partie que par courriel.",
        ),
        InformError::PortalOnly => {
            conflict("Cette information n’est que sur le portail\u{a0}: aucun courriel ne part.".to_owned())
        }
        InformError::Keeping(KeepingError::Unknown) | InformError::Unknown => unknown(),
        InformError::Unfrozen(_) => Problem::new(
            StatusCode::NOT_FOUND,
            "not-frozen",
            "La liste des destinataires n’a pas été écrite\u{a0}: personne n’a reçu ce courriel. Reprenez l’envoi, ou arrêtez-le.",
        ),
        error if error.is_denied() => {
            tracing::error!(cause = %error, "GLPI does not let the service account write public notes");
            Problem::new(
                StatusCode::FORBIDDEN,
                "glpi-denied",
                "GLPI ne laisse pas le compte de service écrire de notes publiques. Donnez à son profil «\u{a0}Outils > Notes publiques\u{a0}: Lecture, Création, Mise à jour\u{a0}».",
            )
        }
        InformError::NotNow(state) => conflict(format!("L’envoi est {}\u{a0}: ce n’est plus possible.", state.label())),
        InformError::Changed => conflict(sentence(&error.said())),
        InformError::WrongCode => Problem::new(
            StatusCode::FORBIDDEN,
            "wrong-code",
            "Ce code ne confirme pas cet envoi. Suivez le lien du courriel qui vous demande de confirmer.",
        ),
        InformError::SamePerson => Problem::new(
            StatusCode::FORBIDDEN,
            "same-person",
            "Qui a écrit l’information ne la confirme pas\u{a0}: c’est à une seconde personne de le faire.",
        ),
        InformError::NobodyRefused => conflict(
            "Le relais n’a refusé aucune adresse, ou l’envoi n’est pas terminé\u{a0}: il n’y a rien à renvoyer."
                .to_owned(),
        ),
        InformError::NothingInDoubt(seconds) => conflict(format!(
            "Aucun envoi n’est en doute, ou pas encore\u{a0}: ce qui part en ce moment ne l’est qu’après {seconds} secondes."
        )),
        InformError::NoList(_) | InformError::NotFrozen(_) | InformError::Keeping(_) | InformError::Glpi(_) => {
            tracing::warn!(cause = %error, "an announcement cannot be read or written now");
            not_now(doing)
        }
    }
}
