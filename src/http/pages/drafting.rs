//! `/pilotage/fiches`: a solved ticket becomes the draft of an article, by a button: what it would say is shown before.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    response::Response,
};
use jiff::Timestamp;

use super::{
    frame::{self, Frame, Section, page, parameter, see_other},
    state::{PageState, Visitor},
};
use crate::{
    http::{in_charge, orders, problem::Problem, values::glpi_number},
    id::TicketId,
    lifecycle::drafts::{DraftError, DraftPreview, WouldSay},
    people::Rights,
    request::Address,
    text::headings,
};

const HERE: &str = "/pilotage/fiches";
/// What the page's address ends with once the draft is written.
const DONE: &str = "faite";

#[derive(Template)]
#[template(path = "drafting_ask.html")]
struct AskPage<'a> {
    frame: Frame<'a>,
    typed: String,
}

#[derive(Template)]
#[template(path = "drafting.html")]
struct DraftingPage<'a> {
    frame: Frame<'a>,
    token: String,
    ticket: TicketId,
    preview: &'a DraftPreview,
    is_done: bool,
    /// Why the draft was not written.
    mistake: Option<String>,
}

impl DraftingPage<'_> {
    fn would_say(&self) -> Option<&WouldSay> {
        self.preview.would_say.as_ref().ok()
    }

    fn why_not(&self) -> Option<String> {
        self.preview.would_say.as_ref().err().map(DraftError::sentence)
    }
}

/// The draft's text, whose headings are below the page's own.
fn below_ours(said: &WouldSay) -> String {
    headings::from_level(&said.html, 3)
}

/// Whether somebody with these rights drafts articles: as `#fiche`, for those who work on an application's tickets.
pub(super) fn may_draft(rights: &Rights) -> bool {
    rights.is_everything() || rights.is_referent()
}

/// `GET /pilotage/fiches`: which ticket.
pub(super) async fn ask(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    drafters(&state, &person).await?;
    let typed = parameter(query.as_deref(), "ticket").unwrap_or_default().trim().to_owned();
    if let Some(ticket) = glpi_number::<TicketId>(&typed) {
        return see_other(&format!("{HERE}/{ticket}"));
    }
    let (status, title) = if typed.is_empty() {
        (StatusCode::OK, "Rédiger une fiche")
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, "Erreur\u{a0}: rédiger une fiche")
    };
    page(status, &AskPage { frame: state.pages.frame(title, Some(&person), Section::None), typed })
}

/// `GET /pilotage/fiches/{number}`: what the article would say.
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let rights = drafters(&state, &person).await?;
    let ticket = frame::number(&number)?;
    let preview = preview(&state, &rights, &person, ticket).await?;
    shown(&state, &person, ticket, &preview, query.as_deref() == Some(DONE), None)
}

/// `POST /pilotage/fiches/{number}`: the draft is written.
pub(super) async fn draft(
    State(state): State<Arc<PageState>>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |services, parts, body, deadline| {
            let posted = state.posted(parts, body).await?.of_our_page()?;
            let rights = drafters(&state, &posted.person).await?;
            let ticket = frame::number(&number)?;
            let preview = preview(&state, &rights, &posted.person, ticket).await?;
            let drafting = services.gateway().draft_article_for(ticket, posted.person.clone());
            match services.finish(drafting, None, state.until(deadline)).await? {
                Ok(_) => see_other(&format!("{HERE}/{ticket}?{DONE}")),
                Err(error) if error.is_passing() => Err(not_now(&error)),
                Err(error) => shown(&state, &posted.person, ticket, &preview, false, Some(error.sentence())),
            }
        })
        .await
}

fn shown(
    state: &PageState,
    person: &Address,
    ticket: TicketId,
    preview: &DraftPreview,
    is_done: bool,
    mistake: Option<String>,
) -> Result<Response, Problem> {
    let status = if mistake.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let title = format!("Fiche du ticket n°\u{a0}{ticket}");
    let frame = state.pages.frame(title, Some(person), Section::None);
    let token = state.pages.tokens.token(person, Timestamp::now());
    page(status, &DraftingPage { frame, token, ticket, preview, is_done, mistake })
}

/// What somebody may see who drafts articles.
async fn drafters(state: &PageState, person: &Address) -> Result<Rights, Problem> {
    let rights = in_charge::of_person(&state.services, person).await?;
    if may_draft(&rights) {
        return Ok(rights);
    }
    let detail = "Les référents d’une application et l’exploitation rédigent des fiches à partir de tickets.";
    Err(Problem::new(StatusCode::FORBIDDEN, "not-in-charge", detail))
}

/// What the article of a ticket would say, for somebody with these rights.
async fn preview(
    state: &PageState,
    rights: &Rights,
    person: &Address,
    ticket: TicketId,
) -> Result<DraftPreview, Problem> {
    let asked = state.services.gateway().preview_article(ticket, person.clone());
    match tokio::time::timeout(state.wait(), asked).await {
        Ok(Ok(preview)) if rights.cover(None, preview.application.as_deref()) => Ok(preview),
        // The same words, whether there is none or it is somebody else's.
        Ok(Ok(_) | Err(DraftError::NotFound(_))) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-ticket",
            "Ce ticket n’existe pas, il est à la corbeille, ou il n’est pas d’une application dont vous êtes référent.",
        )),
        Ok(Err(error)) => Err(not_now(&error)),
        Err(_) => Err(not_now(&DraftError::late())),
    }
}

fn not_now(error: &DraftError) -> Problem {
    orders::refusal(error, false, true, error.code(), error.sentence())
}
