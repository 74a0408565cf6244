//! What a person reads whose request the relay keeps until the helpdesk answers: that, and not that it is recorded.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    frame::{Frame, REQUESTS, Section, page},
    state::PageState,
};
use crate::{
    http::problem::Problem,
    id::TicketId,
    request::{Address, Reference},
};

#[derive(Template)]
#[template(path = "queued.html")]
struct QueuedPage<'a> {
    frame: Frame<'a>,
    reference: Reference,
    /// The request that is added to.
    number: Option<TicketId>,
    /// Where it is found once it is recorded.
    later: String,
}

/// The page of a new request that waits.
pub(super) fn of_request(state: &PageState, person: &Address, reference: Reference) -> Result<Response, Problem> {
    let later = format!("{REQUESTS}?q={reference}");
    let frame = state.pages.frame("Demande en attente", Some(person), Section::None);
    shown(&QueuedPage { frame, reference, number: None, later })
}

/// The page of what waits to be added to this request.
pub(super) fn of_complement(
    state: &PageState,
    person: &Address,
    number: TicketId,
    reference: Reference,
) -> Result<Response, Problem> {
    let later = format!("{REQUESTS}/{number}");
    let frame = state.pages.frame("Message en attente", Some(person), Section::None);
    shown(&QueuedPage { frame, reference, number: Some(number), later })
}

/// 202: it is taken, and not done (RFC 9110 section 15.3.3).
fn shown(waiting: &QueuedPage<'_>) -> Result<Response, Problem> {
    page(StatusCode::ACCEPTED, waiting)
}
