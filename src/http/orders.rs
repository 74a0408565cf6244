//! What all orders about a ticket have in common that a program gives with a token: `POST /v1/tickets/{id}/…`.

use std::error::Error;

use axum::http::{HeaderMap, StatusCode, header};

use super::{
    fields::Fields,
    problem::{BUSY_PAUSE, Problem},
    values::glpi_number,
};
use crate::{id::TicketId, text::chain};

/// Characters of a name; a longer one is a mistake.
pub(super) const LONGEST_NAME: usize = 200;

/// The ticket an order is about, which the call's address names before this last part of it.
pub(super) fn ticket(id: &str, order: &str) -> Result<TicketId, Problem> {
    glpi_number(id).ok_or_else(|| {
        let detail =
            format!("Le numéro du ticket n’est pas un nombre. Donnez celui de GLPI, comme /v1/tickets/1234/{order}.");
        Problem::new(StatusCode::NOT_FOUND, "no-such-ticket", detail)
    })
}

/// 415 for what is no JSON.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-content-type",
        "Envoyez la demande en application/json, en UTF-8.",
    ))
}

/// 400 for a body that has another form than this one.
pub(super) fn no_object(form: &str) -> Problem {
    let detail = format!("Le corps n’est pas un objet JSON. Sa forme est {form}.");
    Problem::new(StatusCode::BAD_REQUEST, "bad-json", detail)
}

/// Who gives the order; noted as missing where they do not say.
pub(super) fn by(fields: &mut Fields) -> Option<String> {
    let by = fields.text("by", LONGEST_NAME);
    if by.is_none() {
        fields.note("by", "missing", "Dites qui le demande\u{a0}: le ticket le montre.".to_owned());
    }
    by
}

/// Why an order was not carried out: the ticket is unknown, that passes, or it cannot be for what the ticket is.
pub(super) fn refusal(
    error: &(dyn Error + 'static),
    is_unknown: bool,
    is_passing: bool,
    code: &'static str,
    sentence: String,
) -> Problem {
    if is_unknown {
        return Problem::new(StatusCode::NOT_FOUND, code, sentence);
    }
    if !is_passing {
        return Problem::new(StatusCode::CONFLICT, code, sentence);
    }
    tracing::warn!(error = %chain(error), "an order about a ticket could not be carried out now");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, sentence).retry_after(BUSY_PAUSE)
}
