//! The FAQ: GLPI's public questions and answers, searched.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};

use super::{
    frame::{Frame, Section, page, parameter},
    state::{PageState, Visitor},
};
use crate::{
    http::{problem::Problem, query::LONGEST_SEARCH},
    portal::Article,
};

#[derive(Template)]
#[template(path = "faq.html")]
struct FaqPage<'a> {
    frame: Frame<'a>,
    text: String,
    articles: Vec<Article>,
}

/// `GET /portail/faq`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let text = parameter(query.as_deref(), "q").unwrap_or_default();
    let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
    let articles = state.ask(state.services.portal.faq(&text)).await?;
    let frame = state.pages.frame("Consulter la FAQ", Some(&person), Section::Faq);
    page(StatusCode::OK, &FaqPage { frame, text, articles })
}
