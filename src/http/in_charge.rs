//! Who asks for what is not one requester's, and what they may see: operators, correspondents, référents, and programs
//! by their token.

use std::time::Duration;

use axum::http::{StatusCode, request::Parts};
use tokio::time::timeout;

use super::{
    api, auth,
    body::Incoming,
    identity,
    problem::{BUSY_PAUSE, Problem},
    services::Services,
};
use crate::{
    people::Rights,
    request::{Address, Reason},
};

/// How long GLPI is waited for to say whose member somebody is.
const PATIENCE: Duration = Duration::from_secs(10);

/// What whoever calls may see: by a token, else as the person that the portal or a trusted proxy names.
///
/// # Errors
///
/// 401 where nobody is named, or not so that it may be believed; 403 for who is in charge of nothing; 503 where GLPI
/// cannot say now.
pub(super) async fn rights(services: &Services, parts: &Parts, body: &mut Incoming) -> Result<Rights, Problem> {
    let people = &services.oversight()?.people;
    if let Some(token) = auth::bearer(&parts.headers) {
        // It names nobody, but what is said has to be right.
        identity::requester(parts)?;
        return people.rights_of_token(token).ok_or_else(|| auth::bad_token("people.tokens"));
    }
    let (person, _) = api::requester(services, parts, body).await?;
    of_person(services, &person).await
}

/// What this person may see.
///
/// # Errors
///
/// As [`rights`].
pub(super) async fn of_person(services: &Services, person: &Address) -> Result<Rights, Problem> {
    let rights = match timeout(PATIENCE, services.oversight()?.people.rights(person)).await {
        Ok(Ok(rights)) => rights,
        Ok(Err(error)) => {
            tracing::warn!(%error, "GLPI cannot say now who is in charge");
            return Err(not_now());
        }
        Err(_) => return Err(not_now()),
    };
    if rights.is_none() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-in-charge",
            "Cette page est réservée à l’exploitation, aux correspondants des départements et aux référents des applications. Demandez à l’exploitation d’inscrire votre adresse ou votre groupe dans [people].",
        ));
    }
    Ok(rights)
}

fn not_now() -> Problem {
    let detail = "L’assistance ne répond pas pour le moment. Réessayez dans quelques minutes.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Reason::GlpiUnavailable.code(), detail).retry_after(BUSY_PAUSE)
}

/// Lets those go on who may decide for everybody: they confirm mailings, and decide what is in doubt.
///
/// # Errors
///
/// 403 for everybody else, whomever they name.
pub(super) fn operators_only(rights: &Rights) -> Result<(), Problem> {
    if rights.is_everything() {
        return Ok(());
    }
    let detail = "Seule l’exploitation confirme un envoi et décide de ce qui est en doute. Demandez-le-lui.";
    Err(Problem::new(StatusCode::FORBIDDEN, "not-in-charge", detail))
}

/// 403 for who asks for what is somebody else's.
pub(super) fn anothers() -> Problem {
    let detail = "Ces chiffres ne sont pas ceux de votre département ni de votre application. Choisissez l’un des vôtres, ou n’en choisissez aucun\u{a0}: la réponse se limite alors aux vôtres.";
    Problem::new(StatusCode::FORBIDDEN, "not-in-charge", detail)
}
