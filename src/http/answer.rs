//! What became of a request, as an HTTP answer.

use std::time::Duration;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::id::TicketId;
use crate::request::{Addition, LeftOut, Outcome, Reason, Receipt, Reference, Refusal};

/// The ticket of a request. A repeat of the request gets the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Created {
    /// Always `created`.
    #[schema(pattern = "^created$", example = "created")]
    status: &'static str,
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
    /// The request's reference, short enough for the telephone.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// The page where its requester follows it: on the portal (`notify.portal_link`), else in GLPI. Not given where the
    /// requester has an account in neither.
    #[schema(example = "https://glpi.example.fr/front/ticket.form.php?id=1234", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// The application.
    #[schema(example = "LSU")]
    application: String,
    /// The category's full path.
    #[schema(example = "Scolarité > LSU")]
    category: String,
    /// The assigned group.
    #[schema(example = "Référents-LSU")]
    group: String,
    /// The ticket's title.
    #[schema(example = "Impossible de valider les bilans")]
    title: String,
    /// The files that are not in the ticket, and why. The answer to a repeat does not name those that
    /// GLPI dropped.
    left_out: Vec<FileLeftOut>,
}

/// A file that did not get into the ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileLeftOut {
    /// The file's name.
    #[schema(example = "macro.exe")]
    name: String,
    /// Why, in French.
    #[schema(example = "les programmes ne sont pas acceptés")]
    why: String,
}

/// The ticket that a mail, a reply to its notification, was added to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Added {
    /// Always `followup`.
    #[schema(pattern = "^followup$", example = "followup")]
    status: &'static str,
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    ticket: TicketId,
    /// The reply's own reference.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// The files that are not in the ticket, and why. The answer to a repeat does not name those that
    /// GLPI dropped.
    left_out: Vec<FileLeftOut>,
}

/// A mail that gets no ticket and is not to be sent again: a bounce, an automatic reply, or one that was
/// handed to the operators after it had failed again and again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Without {
    /// `ignored` or `quarantined`.
    #[schema(pattern = "^(ignored|quarantined)$", example = "ignored")]
    status: &'static str,
    /// Why.
    #[schema(example = "automatic")]
    reason: &'static str,
}

/// What the academy's own relay keeps while the helpdesk cannot answer. A repeat gets the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queued {
    /// Always `queued`.
    #[schema(pattern = "^queued$", example = "queued")]
    status: &'static str,
    /// The reference it has, and will have in the helpdesk; short enough for the telephone.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// What happens now, French, for the requester to read.
    #[schema(
        example = "L’assistance ne répond pas pour le moment. Votre demande est mise en attente : elle sera enregistrée d’elle-même dès que l’assistance répondra, sous cette référence. Il est inutile de la renvoyer."
    )]
    detail: &'static str,
}

/// What is said of a mail that has its ticket already or needs none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Settled {
    /// Its ticket.
    Created(Created),
    /// The ticket it was added to.
    Added(Added),
    /// Why it has none.
    Without(Without),
}

/// The answer to an outcome: 201 for a new ticket or a follow-up, 202 for what is kept meanwhile, 200 with the same body for a repeat or with a reason
/// for what is ignored, 422 or 429 for a refusal, 503 for what cannot be decided now.
pub(super) fn of(outcome: Outcome, time_zone: &TimeZone) -> Response {
    match outcome {
        Outcome::Created(receipt) => {
            let location = receipt.link.clone().map(|link| [(header::LOCATION, link)]);
            (StatusCode::CREATED, location, Json(Created::from(receipt))).into_response()
        }
        Outcome::Duplicate(receipt) => Json(Settled::Created(receipt.into())).into_response(),
        Outcome::Followup(addition) => added(addition),
        Outcome::Queued(reference) => queued(reference, Reason::Queued.sentence()),
        Outcome::Ignored(_) | Outcome::Quarantined(_) => {
            Json(Settled::Without(Without { status: outcome.label(), reason: outcome.reason().code() })).into_response()
        }
        Outcome::Refused(Refusal { reason: Reason::QuotaExceeded, .. }) => {
            Problem::of(outcome).retry_after(until_tomorrow(time_zone)).into_response()
        }
        Outcome::Refused(_) | Outcome::Deferred(_) => Problem::of(outcome).into_response(),
    }
}

/// 201 for what was added to a ticket, 200 with the same body for a repeat.
pub(super) fn added(addition: Addition) -> Response {
    let status = if addition.is_new { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(Settled::Added(addition.into()))).into_response()
}

/// 202 for what is kept until the helpdesk answers.
pub(super) fn queued(reference: Reference, detail: &'static str) -> Response {
    let body = Queued { status: "queued", reference: reference.to_string(), detail };
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// How long it is until the academy's next day begins.
fn until_tomorrow(time_zone: &TimeZone) -> Duration {
    let now = Timestamp::now().to_zoned(time_zone.clone());
    let tomorrow = now.checked_add(1.day()).and_then(|next| next.start_of_day());
    tomorrow.ok().and_then(|midnight| midnight.duration_since(&now).try_into().ok()).unwrap_or_default()
}

impl From<LeftOut> for FileLeftOut {
    fn from(file: LeftOut) -> Self {
        let why = file.french().to_owned();
        Self { name: file.name, why }
    }
}

impl From<Addition> for Added {
    fn from(addition: Addition) -> Self {
        let left_out = addition.left_out.into_iter();
        Self {
            status: "followup",
            ticket: addition.ticket,
            reference: addition.reference.to_string(),
            left_out: left_out.map(FileLeftOut::from).collect(),
        }
    }
}

impl From<Receipt> for Created {
    fn from(receipt: Receipt) -> Self {
        let left_out = receipt.left_out.into_iter();
        Self {
            status: "created",
            ticket: receipt.ticket,
            reference: receipt.reference.to_string(),
            link: receipt.link,
            application: receipt.application,
            category: receipt.category,
            group: receipt.group,
            title: receipt.title,
            left_out: left_out.map(FileLeftOut::from).collect(),
        }
    }
}
