//! «Mes demandes»: all of a person's requests.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State as Shared},
    http::StatusCode,
    response::Response,
};

use super::{
    frame::{Frame, Section, page, see_other},
    state::{PageState, Visitor},
    table::{Table, asked},
};
use crate::http::problem::Problem;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    table: Table,
    /// What the address asks for that there is not.
    ignored: Vec<String>,
    /// Whether other directors' requests of the same school are shown, too.
    shows_school: bool,
}

/// `GET /portail/demandes`
pub(super) async fn show(
    Shared(state): Shared<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (query, ignored) = asked(query.as_deref().unwrap_or_default());
    let listing = state.ask(state.services.portal.requests(&person, &query)).await?;
    let table = Table { query, listing };
    if let Some(last) = table.last_page() {
        return see_other(&last);
    }
    let frame = state.pages.frame("Mes demandes", Some(&person), Section::Requests);
    let shows_school = state.services.portal.shows_school();
    page(StatusCode::OK, &ListPage { frame, table, ignored, shows_school })
}
