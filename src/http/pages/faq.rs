//! The FAQ: GLPI's public questions and answers, searched, and each on a page of its own.

use std::sync::Arc;

use askama::Template;
use axum::{
    Json,
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use url::form_urlencoded;

use super::{
    deposit,
    frame::{self, Frame, Section, page, parameter, see_other, unknown},
    state::{Filled, PageState, TOKEN, Visitor},
};
use crate::{
    http::{api, problem::Problem, query::LONGEST_SEARCH},
    knowledge::Article,
    text::headings,
};

/// What an article's address says behind it once it has helped.
const SAID: &str = "merci";
/// Where the FAQ is.
pub(super) const FAQ: &str = "/portail/faq";

#[derive(Template)]
#[template(path = "faq.html")]
struct FaqPage<'a> {
    frame: Frame<'a>,
    text: String,
    /// The applications that have articles, and whether each is the one that is asked for.
    applications: Vec<(String, bool)>,
    /// The categories: address, name, how many articles; only where nothing is searched for.
    categories: Vec<(String, String, usize)>,
    /// The application whose articles are shown, where nothing else is searched for.
    application: Option<String>,
    /// The category whose articles are shown.
    category: Option<String>,
    articles: Vec<Arc<Article>>,
}

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage<'a> {
    frame: Frame<'a>,
    article: &'a Article,
    /// Its answer, whose headings come right below its title.
    html: String,
    /// Its categories: address and name.
    categories: Vec<(String, String)>,
    related: Vec<Arc<Article>>,
    token: String,
    /// Whether the person has just said that it helped.
    is_said: bool,
}

/// `GET /portail/faq`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = |name: &str| parameter(query.as_deref(), name).filter(|value| !value.is_empty());
    let text = given("q").unwrap_or_default();
    let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
    let (application, category) = (given("application"), given("categorie"));
    let mappings = state.services.mappings.now();
    let application = application.map(|name| mappings.meant(&name).map_or(name, |mapping| mapping.name.clone()));
    let portal = &state.services.portal;
    let (shelf, now) = (state.ask(portal.shelf()).await?, portal.now());
    let is_searched = !text.is_empty() || application.is_some();
    let articles = match &category {
        Some(category) if !is_searched => {
            let mut all = shelf.all(now);
            all.retain(|article| article.categories.contains(category));
            all
        }
        _ => shelf.search(&text, application.as_deref(), now),
    };
    let categories = if is_searched { Vec::new() } else { shelf.categories(now) };
    let categories = categories.into_iter().map(|(path, articles)| (below(&path), path, articles)).collect();
    let names = mappings.all().iter().map(|mapping| &mapping.name);
    let applications = names
        .filter(|name| !shelf.of_application(Some(name), now).is_empty())
        .map(|name| (name.clone(), application.as_ref() == Some(name)))
        .collect();
    let frame = state.pages.frame("Consulter la FAQ", Some(&person), Section::Faq);
    let category = category.filter(|_| !is_searched);
    let application = application.filter(|_| text.is_empty());
    page(StatusCode::OK, &FaqPage { frame, text, applications, categories, application, category, articles })
}

/// `GET /portail/faq/{number}`
pub(super) async fn article(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let portal = &state.services.portal;
    let (shelf, now) = (state.ask(portal.shelf()).await?, portal.now());
    let article = shelf.article(frame::number(&number)?, now).ok_or_else(unknown)?;
    let related = shelf.related(&article, now);
    let categories = article.categories.iter().map(|path| (below(path), path.clone())).collect();
    let frame = state.pages.frame(article.title.clone(), Some(&person), Section::Faq);
    let token = state.pages.tokens.token(&person, Timestamp::now());
    let is_said = query.as_deref() == Some(SAID);
    let html = headings::from_level(&article.html_below(FAQ), 2);
    page(StatusCode::OK, &ArticlePage { frame, article: &article, html, categories, related, token, is_said })
}

/// `POST /portail/faq/{number}/utile`: it has helped.
pub(super) async fn helped(
    State(state): State<Arc<PageState>>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |services, parts, body, _| {
            let Filled { person, is_from_our_page, .. } = state.filled(parts, body, &[TOKEN]).await?;
            let number = frame::number(&number)?;
            let article = state.ask(services.portal.article(number)).await?;
            if !is_from_our_page {
                // An old page: it can be said again from this one.
                return see_other(&format!("{FAQ}/{number}"));
            }
            services.has_helped(&person, article.id).await;
            see_other(&format!("{FAQ}/{number}?{SAID}"))
        })
        .await
}

/// `GET /portail/faq/{number}/documents/{document}`
pub(super) async fn document(
    State(state): State<Arc<PageState>>,
    Visitor(_): Visitor,
    Path((number, document)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let document = frame::number(&document)?;
    let asked = state.services.portal.article_document(frame::number(&number)?, document);
    let (document, content) = state.ask(Box::pin(asked)).await?;
    Ok(api::file(&document, content))
}

/// What the form's script is told.
#[derive(Serialize)]
struct Proposed {
    articles: Vec<Proposal>,
}

/// An article, as the form's script shows it.
#[derive(Serialize)]
struct Proposal {
    title: String,
    address: String,
}

/// `GET /portail/faq/propositions`: the articles that perhaps answer what is being typed. GLPI is not asked.
pub(super) async fn propose(
    State(state): State<Arc<PageState>>,
    Visitor(_): Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let given = |name: &str| parameter(query.as_deref(), name).unwrap_or_default();
    let title: String = given("titre").chars().take(LONGEST_SEARCH).collect();
    let mappings = state.services.mappings.now();
    let choice = given("choix");
    let application = deposit::meant(&mappings, &choice).map(|(mapping, _)| mapping.name.as_str());
    let portal = &state.services.portal;
    let articles = portal.shelf_at_hand().map(|shelf| shelf.suggested_while_typing(&title, application, portal.now()));
    let proposal =
        |article: Arc<Article>| Proposal { title: article.title.clone(), address: format!("{FAQ}/{}", article.id) };
    Json(Proposed { articles: articles.unwrap_or_default().into_iter().map(proposal).collect() }).into_response()
}

/// The articles that perhaps answer a request. GLPI is not asked.
pub(super) fn suggested(state: &PageState, title: &str, application: Option<&str>) -> Vec<Arc<Article>> {
    let portal = &state.services.portal;
    portal.shelf_at_hand().map_or_else(Vec::new, |shelf| shelf.suggested(title, application, portal.now()))
}

/// The page of a category.
fn below(category: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("categorie", category).finish();
    format!("{FAQ}?{query}")
}
