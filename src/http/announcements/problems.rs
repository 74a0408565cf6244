//! Why an announcement is not sent, or not changed, as whoever asked reads it.

use axum::http::StatusCode;

use super::super::problem::{BUSY_PAUSE, Problem};
use crate::{
    announcements::{Excess, ExcessPart, InformError, KeepingError, Lack, NoList, NotFrozen, Stranger, StrangerKind},
    intake::form::FieldError,
    request::{LeftOut, Reason},
    text::{Bilingual, Language, french},
};

/// Why an announcement is not sent, or not changed, as whoever asked reads it.
pub(super) fn problem(error: &InformError) -> Problem {
    let (status, reason, detail) = match error {
        InformError::Files(files) => return Problem::fields(files.iter().map(wrong).collect()),
        InformError::Unnamed(_) => {
            let message =
                "À tant d’adresses, une deuxième personne doit confirmer\u{a0}: donnez l’adresse de qui écrit.";
            let wrong = FieldError { field: "by".to_owned(), code: "invalid", message: message.to_owned() };
            return Problem::fields(vec![wrong]);
        }
        InformError::Keeping(why @ KeepingError::FileRefused { .. }) => {
            return Problem::fields(vec![field("attachments", "invalid", &why.said())]);
        }
        InformError::Keeping(why @ KeepingError::TooLarge { .. }) => {
            return Problem::fields(vec![field("attachments", "too-large", &why.said())]);
        }
        InformError::TooMuch(excess) => {
            let name = match excess {
                Excess::Characters { part, .. } | Excess::Letter(part, _) => match part {
                    ExcessPart::Subject => "subject",
                    ExcessPart::Application => "application",
                    ExcessPart::Author => "by",
                },
                Excess::Text { .. } => "text",
                Excess::Addresses { .. } => "list",
            };
            let code = if matches!(excess, Excess::Letter(..)) { "invalid" } else { "too-long" };
            return Problem::fields(vec![field(name, code, &excess.said())]);
        }
        InformError::NotAnOperator(_) => return Problem::fields(vec![field("by", "not-an-operator", &error.said())]),
        InformError::NoBatch { .. } => return Problem::fields(vec![field("batch", "unknown-value", &error.said())]),
        InformError::Missing(Lack::End) => return Problem::fields(vec![field("ends", "invalid", &error.said())]),
        InformError::Off => (
            StatusCode::FORBIDDEN,
            "closed",
            "Cette entrée est fermée\u{a0}: les informations ne sont pas activées. Mettez announcements.enabled à true pour l’ouvrir.",
        ),
        InformError::NoRelay => (
            StatusCode::CONFLICT,
            "no-relay",
            "Aucun relais de messagerie n’est configuré (smtp.url). Ne la montrez que sur le portail, ou faites configurer le relais.",
        ),
        InformError::NoList(NoList::Strangers(strangers)) => return Problem::fields(strange(strangers)),
        InformError::Missing(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-announcement",
            "Il manque à l’information un objet, un texte, une destination ou une application connue.",
        ),
        InformError::NotYours => (
            StatusCode::FORBIDDEN,
            "not-in-charge",
            "Ces zones, ou cette application, ne sont pas les vôtres. Choisissez les vôtres.",
        ),
        InformError::Nobody(_) => {
            return Problem::new(StatusCode::CONFLICT, "nobody", french::sentence(error.said().text(Language::French)));
        }
        InformError::NobodyElse(_) => (
            StatusCode::CONFLICT,
            "no-second-person",
            "À tant d’adresses, une deuxième personne doit confirmer, et l’exploitation n’en compte aucune autre. Faites inscrire quelqu’un dans people.operators.",
        ),
        InformError::SaysSomethingElse(_) => (
            StatusCode::CONFLICT,
            "says-something-else",
            "Une autre information a été confiée sous le même nom, et celle-ci n’est pas partie. Confiez-la sous un autre\u{a0}: une autre Idempotency-Key, ou une nouvelle page.",
        ),
        InformError::OtherRecipients => (
            StatusCode::CONFLICT,
            "other-recipients",
            "Les destinataires ont changé entre-temps, et rien n’est parti. Comptez-les à nouveau, puis envoyez.",
        ),
        InformError::MailOnly => (
            StatusCode::CONFLICT,
            "not-on-portal",
            "Le portail n’affiche pas cette information\u{a0}: elle n’est partie que par courriel. Arrêtez son envoi, s’il dure encore.",
        ),
        InformError::PortalOnly => (
            StatusCode::CONFLICT,
            "portal-only",
            "Cette information n’est que sur le portail\u{a0}: aucun courriel ne part. Terminez-la sur le portail.",
        ),
        InformError::Unknown | InformError::Keeping(KeepingError::Unknown) => (
            StatusCode::NOT_FOUND,
            "announcement-unknown",
            "Aucune information de ce nom n’est la vôtre. Vérifiez sa référence dans la liste.",
        ),
        InformError::Unfrozen(_) => (
            StatusCode::CONFLICT,
            "not-frozen",
            "Sa liste de destinataires n’a pas été écrite\u{a0}: personne ne l’a reçue par courriel. Envoyez à nouveau la même information pour continuer, ou arrêtez-la.",
        ),
        InformError::NotNow(_) => (
            StatusCode::CONFLICT,
            "announcement-ended",
            "Son envoi est arrêté ou terminé\u{a0}: cela n’est plus possible.",
        ),
        InformError::Changed => (
            StatusCode::CONFLICT,
            "changed-in-glpi",
            "Son journal a été changé dans GLPI\u{a0}: plus rien n’en part. Arrêtez-la et écrivez-en une nouvelle, ou faites rétablir ses notes par l’exploitation.",
        ),
        InformError::WrongCode => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong-code",
            "Ce code ne confirme pas cette information. Recopiez celui du courriel qui demande la confirmation.",
        ),
        InformError::SamePerson => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "same-person",
            "Qui l’a écrite ne peut pas la confirmer\u{a0}: une deuxième personne le fait.",
        ),
        InformError::NobodyRefused => (
            StatusCode::CONFLICT,
            "nobody-refused",
            "Le relais n’a refusé aucune adresse, ou l’envoi n’est pas terminé\u{a0}: il n’y a rien à renvoyer. Attendez qu’il le soit.",
        ),
        InformError::NothingInDoubt(_) => (
            StatusCode::CONFLICT,
            "nothing-in-doubt",
            "Rien n’est en doute, ou pas encore\u{a0}: ce qui part en ce moment peut encore arriver. Réessayez dans quelques minutes.",
        ),
        InformError::NoList(_) | InformError::NotFrozen(NotFrozen::InPart) => {
            return not_now(error, Reason::DirectoryUnknown);
        }
        InformError::NotFrozen(NotFrozen::Glpi(_)) | InformError::Keeping(_) | InformError::Glpi(_) => {
            return not_now(error, Reason::GlpiUnavailable);
        }
    };
    Problem::new(status, reason, detail)
}

/// What names recipients and finds nobody, as the fields that name it.
fn strange(strangers: &[Stranger]) -> Vec<FieldError> {
    let (applications, zones): (Vec<Stranger>, Vec<Stranger>) =
        strangers.iter().cloned().partition(|stranger| stranger.kind == StrangerKind::Application);
    let named =
        [("application", applications), ("zones", zones)].into_iter().filter(|(_, strangers)| !strangers.is_empty());
    let wrong = |(field, strangers): (&str, Vec<Stranger>)| FieldError {
        field: field.to_owned(),
        code: "unknown-value",
        message: Stranger::told(&strangers),
    };
    named.map(wrong).collect()
}

/// A field that is wrong, as it is said in French.
fn field(name: &str, code: &'static str, said: &Bilingual) -> FieldError {
    FieldError { field: name.to_owned(), code, message: french::sentence(said.text(Language::French)) }
}

/// A file that does not go, as a field that is wrong.
fn wrong(file: &LeftOut) -> FieldError {
    let message = format!(
        "«\u{a0}{}\u{a0}»\u{a0}: {}. Retirez ce fichier ou changez-le\u{a0}; rien n’est parti.",
        file.name,
        file.french()
    );
    FieldError { field: "attachments".to_owned(), code: "invalid", message }
}

fn not_now(error: &InformError, reason: Reason) -> Problem {
    tracing::warn!(%error, "an announcement cannot be handled now");
    let detail = "L’assistance ou l’annuaire ne répond pas pour le moment, ou GLPI refuse à la passerelle les notes publiques. Réessayez dans quelques minutes\u{a0}; l’exploitation trouve la cause dans le journal et par «\u{a0}passerelle check\u{a0}».";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason.code(), detail).retry_after(BUSY_PAUSE)
}
