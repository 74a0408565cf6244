//! Every error of the API: RFC 9457 `application/problem+json`, with a reason code for programs and a
//! French sentence for people.

use std::{any::Any, time::Duration};

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    id::TicketId,
    intake::form::FieldError,
    request::{Deferral, Outcome, Reason, ReasonKind, Refusal},
};

/// The media type of a problem (RFC 9457 section 6.1).
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// When a sender whose request is still being handled shall ask again.
pub(super) const BUSY_PAUSE: Duration = Duration::from_secs(30);

/// What went wrong (RFC 9457), and how to do it right.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// `/problems/` and the reason code: names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in a few words, French.
    title: &'static str,
    /// The HTTP status once more.
    status: u16,
    /// What is wrong this time and what to do about it, French.
    detail: String,
    /// The stable code to branch on.
    reason: &'static str,
    /// Each field or parameter that is wrong, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
    /// The request that the one asked for was merged into.
    #[serde(skip)]
    merged_into: Option<TicketId>,
}

/// What a response says of a problem, for whoever says it in another way.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The code.
    pub(super) reason: &'static str,
    /// What is wrong and what to do about it, French.
    pub(super) detail: String,
}

/// Each field that is wrong, and why.
fn each_of(errors: &[FieldError]) -> String {
    let each = |error: &FieldError| format!("«\u{a0}{}\u{a0}» ({})", error.field, error.message.trim_end_matches('.'));
    errors.iter().map(each).collect::<Vec<_>>().join(", ")
}

impl Problem {
    /// A problem with this reason code and French detail.
    pub(super) fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{reason}"),
            title: title(status),
            status: status.as_u16(),
            detail: detail.into(),
            reason,
            errors: Vec::new(),
            header: None,
            merged_into: None,
        }
    }

    /// A form whose fields are wrong.
    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("Le formulaire comporte des champs à corriger\u{a0}: {}.", names.join(", "));
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail) }
    }

    /// A call whose parameters are wrong.
    pub(super) fn parameters(errors: Vec<FieldError>) -> Self {
        let detail = format!("L’adresse comporte des paramètres à corriger\u{a0}: {}.", each_of(&errors));
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "bad-parameter", detail) }
    }

    /// A page's form by which somebody chooses what it shows, with the names its fields have there.
    pub(super) fn chosen(errors: Vec<FieldError>, labels: &[(&str, &str)]) -> Self {
        let label = |field: &str| labels.iter().find(|(name, _)| *name == field).map(|(_, label)| (*label).to_owned());
        let labelled = |error: FieldError| FieldError { field: label(&error.field).unwrap_or(error.field), ..error };
        let errors: Vec<_> = errors.into_iter().map(labelled).collect();
        let detail = format!("Ce choix est à corriger\u{a0}: {}.", each_of(&errors));
        Self { detail, ..Self::parameters(errors) }
    }

    /// A rule's no.
    fn refused(refusal: Refusal) -> Self {
        Self::new(status_of(refusal.reason), refusal.reason.code(), refusal.sentence)
    }

    /// The request was merged into another one of the same person's.
    pub(super) fn merged(into: TicketId) -> Self {
        let detail = format!("Cette demande a été fusionnée avec la demande n°\u{a0}{into}, où elle est suivie.");
        Self { merged_into: Some(into), ..Self::new(StatusCode::SEE_OTHER, "request-merged", detail) }
    }

    /// The request that the one asked for was merged into.
    pub(super) fn merged_into(&self) -> Option<TicketId> {
        self.merged_into
    }

    /// Says where a merged request is now (RFC 9110 section 15.4.4); another problem stays as it is.
    pub(super) fn leading_to(self, address: impl FnOnce(TicketId) -> String) -> Self {
        let address = self.merged_into.and_then(|into| HeaderValue::try_from(address(into)).ok());
        match address {
            Some(address) => Self { header: Some((header::LOCATION, address)), ..self },
            None => self,
        }
    }

    /// How a request ended of which nothing came. One that ended otherwise than it can is the gateway's own failure.
    pub(super) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Refused(refusal) => Self::refused(refusal),
            Outcome::Deferred(deferral) => Self::deferred(&deferral),
            Outcome::Created(_)
            | Outcome::Duplicate(_)
            | Outcome::Followup(_)
            | Outcome::Queued(_)
            | Outcome::Ignored(_)
            | Outcome::Quarantined(_) => Self::internal(),
        }
    }

    /// What cannot be done now, nor was it.
    fn deferred(deferral: &Deferral) -> Self {
        let reason = deferral.reason;
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason.code(), reason.sentence()).retry_after(deferral.retry_after)
    }

    /// Says when another try makes sense (RFC 9110 section 10.2.3), whole seconds and at least one.
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { header: Some((header::RETRY_AFTER, seconds.max(1).into())), ..self }
    }

    /// Says how to authenticate (RFC 9110 section 11.6.1).
    pub(super) fn challenge(self, challenge: &'static str) -> Self {
        Self { header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))), ..self }
    }

    /// Whether it says that a body is too large.
    pub(super) fn is_too_large(&self) -> bool {
        self.status == StatusCode::PAYLOAD_TOO_LARGE.as_u16()
    }

    /// Its stable code.
    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong and what to do about it, French, where a page with the person's form can say it: `None` for what
    /// is unknown to them or failed here.
    pub(super) fn to_tell(&self) -> Option<&str> {
        let is_of_the_form = ![StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR].contains(&self.status());
        is_of_the_form.then_some(&self.detail)
    }

    /// Whether it may be over in a while.
    pub(super) fn is_passing(&self) -> bool {
        self.status() == StatusCode::SERVICE_UNAVAILABLE
    }

    /// The gateway itself failed; the log says how.
    pub(super) fn internal() -> Self {
        let reason = Reason::Internal;
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, reason.code(), reason.sentence())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => tracing::warn!(self.reason, "a caller is turned away"),
            _ => tracing::debug!(self.reason, %status, "a problem is the answer"),
        }
        let extra = self.header.clone();
        let told = Told { reason: self.reason, detail: self.detail.clone() };
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(told);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(extra);
        response
    }
}

/// The status of a rule's no: the request is unknown to the person, in another state, over the day's number; else
/// what was sent is not taken.
fn status_of(reason: Reason) -> StatusCode {
    match reason.kind() {
        ReasonKind::Portal if reason == Reason::RequestUnknown => StatusCode::NOT_FOUND,
        ReasonKind::Portal => StatusCode::CONFLICT,
        ReasonKind::Rule if reason == Reason::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        ReasonKind::Sender
        | ReasonKind::Rule
        | ReasonKind::Reply
        | ReasonKind::Done
        | ReasonKind::Machine
        | ReasonKind::Outage
        | ReasonKind::Failure => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The answer in place of one whose making broke.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("an answer's making broke");
    Problem::internal().into_response()
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::SEE_OTHER => "Demande fusionnée",
        StatusCode::BAD_REQUEST => "Requête illisible",
        StatusCode::UNAUTHORIZED => "Authentification requise",
        StatusCode::FORBIDDEN => "Accès fermé",
        StatusCode::NOT_FOUND => "Introuvable",
        StatusCode::METHOD_NOT_ALLOWED => "Méthode non admise",
        StatusCode::CONFLICT => "Demande dans un autre état",
        StatusCode::REQUEST_TIMEOUT => "Délai dépassé",
        StatusCode::PAYLOAD_TOO_LARGE => "Requête trop volumineuse",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Type de contenu non pris en charge",
        StatusCode::UNPROCESSABLE_ENTITY => "Demande refusée",
        StatusCode::TOO_MANY_REQUESTS => "Nombre maximal de demandes atteint",
        StatusCode::SERVICE_UNAVAILABLE => "Service momentanément indisponible",
        _ => "Erreur interne",
    }
}
