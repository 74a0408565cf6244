//! The FAQ: GLPI's public questions and answers, searched.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use url::form_urlencoded;

use super::{Desk, Frame, LONGEST_SEARCH, Section, Visitor, page};
use crate::{http::problem::Problem, portal::Article};

#[derive(Template)]
#[template(path = "faq.html")]
struct FaqPage<'a> {
    frame: Frame<'a>,
    text: String,
    articles: Vec<Article>,
}

/// `GET /portail/faq`
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let text = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    let text: String = text.map(|(_, text)| text.trim().chars().take(LONGEST_SEARCH).collect()).unwrap_or_default();
    let articles = desk.ask(desk.services.portal.faq(&text)).await?;
    let frame = desk.pages.frame("Consulter la FAQ", Some(&person), Section::Faq);
    page(StatusCode::OK, &FaqPage { frame, text, articles })
}
