//! What every page has in common: its head, its menu, and how it is answered.
//!
//! Askama, because these templates are compiled in and checked with the code; what the academy edits is minijinja's.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use url::form_urlencoded;

use crate::{http::problem::Problem, request::Address};

/// What every page has in common.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) style: String,
    pub(super) icon: String,
}

/// What stands around a page's own content.
pub(super) struct Frame<'a> {
    pub(super) site: &'a Site,
    /// Names the page in the browser's title.
    pub(super) title: String,
    /// Who is signed in.
    pub(super) person: Option<&'a Address>,
    pub(super) section: Section,
}

/// The entries of the menu, and pages that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Deposit,
    Requests,
    Faq,
    None,
}

impl Frame<'_> {
    /// Address, label, and whether the page is that one.
    pub(super) fn menu(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("/portail", "Nouvelle demande", Section::Deposit),
            ("/portail/demandes", "Mes demandes", Section::Requests),
            ("/portail/faq", "Consulter la FAQ", Section::Faq),
        ]
        .map(|(address, label, section)| (address, label, section == self.section))
    }
}

pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "Cette adresse ne mène à aucune page de l’assistance.")
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page's template failed");
        Problem::internal()
    })?;
    Ok((status, Html(text)).into_response())
}

/// Where the browser goes after a change, so that a reload repeats nothing (RFC 9110 section 15.4.4).
pub(super) fn see_other(address: &str) -> Result<Response, Problem> {
    let address = HeaderValue::from_str(address).map_err(|_| Problem::internal())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

/// A parameter of a page's address.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
