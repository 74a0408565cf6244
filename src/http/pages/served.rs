//! What the academy brings to the pages, as it is asked for: pages of its own, and the State's design system.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};

use super::{
    files::FOR_GOOD,
    frame::{Frame, Section, page, unknown},
    state::PageState,
    texts::Text,
};
use crate::http::{identity, problem::Problem};

#[derive(Template)]
#[template(path = "text.html")]
struct TextPage<'a> {
    frame: Frame<'a>,
    text: &'a Text,
}

/// `GET /portail/pages/{name}`: for everybody, signed in or not.
pub(super) async fn text(
    State(state): State<Arc<PageState>>,
    Path(name): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let text = state.pages.texts.files.find(&name).ok_or_else(unknown)?;
    let person = identity::signed_in(&parts, &state.services.settings).ok();
    let frame = state.pages.frame(text.title, person.as_ref(), Section::None);
    page(StatusCode::OK, &TextPage { frame, text: &text })
}

/// `GET /portail/dsfr/{stamp}/{name}`
pub(super) async fn dsfr(
    State(state): State<Arc<PageState>>,
    Path((stamp, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let missing =
        || Problem::new(StatusCode::NOT_FOUND, "not-found", "Ce fichier n’existe pas, ou plus. Rechargez la page.");
    let file = state.pages.dsfr.as_ref().ok_or_else(missing)?.file(&stamp, &name).await.map_err(|error| {
        tracing::error!(%error, name, "a file of the design system cannot be read");
        missing()
    })?;
    let (media_type, content) = file.ok_or_else(missing)?;
    Ok(([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, FOR_GOOD)], content).into_response())
}
