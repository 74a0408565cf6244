//! What every call of the portal's API has in common: who asks, its parameters, its answer.

use std::time::Instant;

use axum::{
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, Zoned};
use tokio::time::timeout_at;

use crate::{
    http::{
        body::{Incoming, Whole},
        identity,
        problem::{BUSY_PAUSE, Problem},
        services::Services,
        values::{glpi_number, rfc3339},
    },
    id::DocumentId,
    portal::PortalError,
    request::{Addition, Address, Outcome, Reason},
};

/// Whose requests a call is about, and its body.
pub(in crate::http) async fn requester(
    services: &Services,
    parts: &Parts,
    body: &mut Incoming,
) -> Result<(Address, Whole), Problem> {
    let claimed = identity::claimed(parts, &services.settings, Timestamp::now())?;
    let whole = body.read(&services.rooms, claimed.standing()).await?;
    let requester = claimed.requester(parts, &whole.bytes, &services.settings).await?;
    Ok((requester, whole))
}

/// Lets nobody in who is no portal, no proxy and no person.
pub(super) async fn caller(services: &Services, parts: &Parts, body: &mut Incoming) -> Result<(), Problem> {
    let claimed = identity::caller(parts, &services.settings, Timestamp::now())?;
    let whole = body.read(&services.rooms, claimed.standing()).await?;
    claimed.confirm(parts, &whole.bytes, &services.settings).await
}

/// What the portal says before the deadline.
pub(in crate::http) async fn in_time<T>(
    deadline: Instant,
    asked: impl Future<Output = Result<T, PortalError>>,
) -> Result<T, Problem> {
    match timeout_at(deadline.into(), asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(problem(&error)),
        Err(_) => Err(unavailable(Reason::GlpiUnavailable).retry_after(BUSY_PAUSE)),
    }
}

fn problem(error: &PortalError) -> Problem {
    match error {
        PortalError::NotFound => unknown(),
        PortalError::NoFile => no_file(),
        PortalError::Merged(into) => Problem::merged(*into),
        PortalError::Denied(_) => {
            tracing::error!(cause = %error, "a requester cannot be shown their requests");
            unavailable(Reason::GlpiDenied).retry_after(BUSY_PAUSE)
        }
        PortalError::Unavailable(_) => {
            tracing::warn!(cause = %error, "a requester cannot be shown their requests");
            unavailable(Reason::GlpiUnavailable).retry_after(error.retry_after().unwrap_or(BUSY_PAUSE))
        }
    }
}

/// Nothing is lost where something was only to be read.
fn unavailable(reason: Reason) -> Problem {
    let detail = "L’assistance ne répond pas pour le moment. Réessayez dans quelques minutes.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason.code(), detail)
}

/// The same words, whether there is no such request or it is somebody else's.
fn unknown() -> Problem {
    let reason = Reason::RequestUnknown;
    Problem::new(StatusCode::NOT_FOUND, reason.code(), reason.sentence())
}

/// The same words, whether there is no such file or only staff sees it.
fn no_file() -> Problem {
    let detail = "Ce fichier n’existe pas, ou plus, ou n’est pas de ceux que vous pouvez voir. Prenez l’adresse que donne la demande ou la fiche.";
    Problem::new(StatusCode::NOT_FOUND, "document-unknown", detail)
}

/// The number of a file in a call's path, by its place.
pub(super) fn file_number(parts: &Parts, place: usize) -> Result<DocumentId, Problem> {
    number(parts, place).map_err(|_| no_file())
}

/// What became of something said about a request.
pub(super) fn settled(outcome: Outcome, done: impl FnOnce(Addition) -> Response) -> Result<Response, Problem> {
    match outcome {
        Outcome::Followup(addition) => Ok(done(addition)),
        other => Err(Problem::of(other)),
    }
}

/// An answer for this one person.
pub(in crate::http) fn personal(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// A number in a call's path, by its place. What is no number is nobody's request.
pub(super) fn number<I: From<u64>>(parts: &Parts, place: usize) -> Result<I, Problem> {
    let segment = parts.uri.path().split('/').nth(place).unwrap_or_default();
    glpi_number(segment).ok_or_else(unknown)
}

/// This path with a call's own query.
pub(super) fn with_query(path: &str, parts: &Parts) -> String {
    match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// RFC 3339, with the academy's offset.
pub(super) fn written(moment: Option<&Zoned>) -> Option<String> {
    moment.map(rfc3339)
}
