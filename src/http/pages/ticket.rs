//! One request: where it stands, what was said, and what its requester has to say to it.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, RawQuery, Request, State as Shared},
    http::StatusCode,
    response::Response,
};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    faq::suggested,
    frame::{self, Frame, Section, page, parameter, see_other},
    mistakes::Mistakes,
    queued,
    state::{Filled, OLD_KEY, PageState, SENT, STALE, TOKEN, Visitor, sent},
};
use crate::{
    announcements::Message,
    http::{api, problem::Problem, values::glpi_number},
    id::{DocumentId, SolutionId, TicketId},
    intake::form,
    knowledge::Article,
    lifecycle::notices::StaffStep,
    portal::{AttachedFile, Author, Entry, Kind, Line, SolutionState, View},
    request::{Address, Decided, Decision, Enclosure, LeftOut, Outcome, Reason, TicketKind},
    text::french::set as french,
};

/// The field of what the requester thinks of a solution.
const OPINION: &str = "avis";
/// The field with the number of the article that answers a request.
const ARTICLE: &str = "fiche";
/// The field with the number of the solution that the page showed.
const SOLUTION: &str = "solution";

/// What was done, as the address says after it and as the page says it.
const DONE: [(&str, &str, StaffStep); 4] = [
    ("suivi", "Votre message est ajouté à la demande.", StaffStep::Answer),
    ("approuvee", "Vous avez approuvé la clôture\u{a0}: la demande est close.", StaffStep::Approval),
    ("retiree", "Vous avez retiré votre demande\u{a0}: elle est close.", StaffStep::Approval),
    ("refusee", "Vous avez refusé la clôture\u{a0}: la demande est rouverte.", StaffStep::Refusal),
];
/// What the address says after it where a file was left out, and what the page then says.
const LEFT_OUT_AFTER: &str = "&fichiers=ecartes";
const LEFT_OUT: &str =
    "Un fichier au moins n’a pas pu y être joint\u{a0}: votre message, plus bas, dit lequel et pourquoi.";
/// What follows, where somebody is told of it by mail; and where not, as far as is known.
const INFORMED: &str = "Le groupe qui la traite en est informé par courriel.";
const NOT_INFORMED: &str = "Le groupe qui la traite le verra en ouvrant la demande.";
/// How long the page waits to know whether somebody is told.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage<'a> {
    frame: Frame<'a>,
    view: View,
    number: TicketId,
    done: Option<String>,
    token: String,
    retry: Retry,
}

/// A form whose request cannot be shown now.
#[derive(Template)]
#[template(path = "retry.html")]
struct RetryPage<'a> {
    frame: Frame<'a>,
    number: TicketId,
    token: String,
    retry: Retry,
}

impl RetryPage<'_> {
    fn solution(&self) -> Option<SolutionId> {
        self.retry.solution
    }
}

/// The page's forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Followup,
    Opinion,
}

/// What of a form is shown again, where it could not be taken.
#[derive(Default)]
struct Retry {
    form: Form,
    /// When it was first sent, where nobody knows what became of it; else empty.
    sent: String,
    mistakes: Mistakes,
    /// Why nothing was recorded, where the fields are right.
    refusal: Option<String>,
    message: String,
    reason: String,
    /// The solution that is refused.
    solution: Option<SolutionId>,
    lost_files: Vec<String>,
    /// Whether nobody knows yet whether it is recorded.
    is_unknown: bool,
}

impl Retry {
    fn new(form: Form) -> Self {
        Self { form, ..Self::default() }
    }
}

#[derive(Template)]
#[template(path = "recap.html")]
struct RecapPage<'a> {
    frame: Frame<'a>,
    view: View,
    documents: Vec<String>,
    left_out: Vec<LeftOut>,
    /// What the academy says now that concerns it.
    messages: Vec<Message>,
    /// Articles that perhaps answer it.
    suggested: Vec<Arc<Article>>,
    token: String,
}

impl RecapPage<'_> {
    fn kind(&self) -> &'static str {
        match self.view.row.kind {
            TicketKind::Incident => "Incident",
            TicketKind::Request => "Demande",
        }
    }

    fn urgency(&self) -> Option<&'static str> {
        let urgency = self.view.row.urgency;
        form::URGENCIES.iter().find(|(value, _)| u64::from(*value) == urgency).map(|(_, label)| *label)
    }
}

impl TicketPage<'_> {
    /// The solution that waits for the requester's word.
    fn solution(&self) -> Option<SolutionId> {
        self.view.solution
    }

    fn proposed(&self) -> Option<&Entry> {
        self.view.timeline.iter().rfind(|entry| entry.kind == Kind::Solution(SolutionState::Waiting))
    }

    fn document(&self, document: &AttachedFile) -> String {
        document_address(self.number, document.id)
    }
}

fn heading(entry: &Entry) -> String {
    match (entry.kind, &entry.author) {
        (Kind::Opening, _) => "Demande déposée".to_owned(),
        (Kind::Followup, Author::You) => "Votre message".to_owned(),
        (Kind::Followup, Author::Service) => Author::Service.label().to_owned(),
        (Kind::Followup, Author::Person(name) | Author::Group(name)) => format!("{name} a écrit"),
        (Kind::Solution(verdict), author) => {
            let verdict = match verdict {
                SolutionState::Waiting => "",
                SolutionState::Accepted => ", approuvée",
                SolutionState::Refused => ", refusée",
            };
            format!("Solution proposée par {}{verdict}", author.label())
        }
    }
}

fn class(entry: &Entry) -> &'static str {
    match (entry.kind, &entry.author) {
        (Kind::Solution(SolutionState::Waiting | SolutionState::Accepted), _) => "solution",
        (_, Author::You) => "mine",
        (_, Author::Service) => "service",
        _ => "theirs",
    }
}

/// The files that the text itself does not show.
fn listed(entry: &Entry) -> Vec<&AttachedFile> {
    entry.documents.iter().filter(|document| !document.is_shown).collect()
}

fn document_address(number: TicketId, document: DocumentId) -> String {
    format!("/portail/demandes/{number}/documents/{document}")
}

/// `GET /portail/demandes/{number}`
pub(super) async fn show(
    Shared(state): Shared<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let has_left_out = parameter(query.as_deref(), "fichiers").is_some();
    let done = parameter(query.as_deref(), "fait");
    let done = DONE.iter().find(|(code, ..)| Some(*code) == done.as_deref());
    let view = match view(&state, &person, frame::number(&number)?).await {
        Ok(view) => view,
        Err(problem) => {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            return onward(problem, |into| format!("/portail/demandes/{into}{query}"));
        }
    };
    let done = match done {
        Some((_, sentence, step)) => {
            let left_out = if has_left_out { format!(" {LEFT_OUT}") } else { String::new() };
            Some(format!("{sentence}{left_out} {}", informed(&state, view.row.number, *step).await))
        }
        None => None,
    };
    page(StatusCode::OK, &ticket_page(&state, &person, view, done, Retry::new(Form::Followup)))
}

/// Whether those who work on a request are told of what its requester did.
async fn informed(state: &PageState, number: TicketId, step: StaffStep) -> &'static str {
    let informs = state.services.gateway().informs(number, step);
    if timeout(PATIENCE, informs).await.unwrap_or(false) { INFORMED } else { NOT_INFORMED }
}

/// `GET /portail/demandes/{number}/recapitulatif`
pub(super) async fn recap(
    Shared(state): Shared<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let view = match view(&state, &person, frame::number(&number)?).await {
        Ok(view) => view,
        Err(problem) => return onward(problem, |into| format!("/portail/demandes/{into}")),
    };
    // GLPI may not have taken all files with the request itself: those come with what is said after it, or are named.
    let of_request = |entry: &&Entry| entry.kind == Kind::Opening || entry.carries_a_file_of_the_request();
    let documents = view.timeline.iter().filter(of_request).flat_map(|entry| &entry.documents);
    let documents = documents.map(|document| document.name.clone()).collect();
    let left_out = view.timeline.iter().flat_map(|entry| [&entry.html, &entry.service]);
    let left_out = left_out.flat_map(|html| LeftOut::read(html)).collect();
    let title = format!("Demande n°\u{a0}{number} enregistrée");
    let frame = state.pages.frame(title, Some(&person), Section::None);
    let token = state.pages.tokens.token(&person, Timestamp::now());
    let suggested = suggested(&state, &view.row.title, view.row.application.as_deref());
    let application = view.row.application.as_deref().unwrap_or_default();
    let messages = state.messages(&person, Some(application)).await;
    page(StatusCode::OK, &RecapPage { frame, view, documents, left_out, messages, suggested, token })
}

/// `GET /portail/demandes/{number}/documents/{document}`
pub(super) async fn document(
    Shared(state): Shared<Arc<PageState>>,
    Visitor(person): Visitor,
    Path((number, document)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (number, document) = (frame::number(&number)?, frame::number(&document)?);
    match state.ask(Box::pin(state.services.portal.document(&person, number, document))).await {
        Ok((document, content)) => Ok(api::file(&document, content)),
        Err(problem) => onward(problem, |into| document_address(into, document)),
    }
}

/// Leads to the request that one was merged into.
fn onward(problem: Problem, address: impl FnOnce(TicketId) -> String) -> Result<Response, Problem> {
    match problem.merged_into() {
        Some(into) => see_other(&address(into)),
        None => Err(problem),
    }
}

async fn view(state: &PageState, person: &Address, number: TicketId) -> Result<View, Problem> {
    let address = move |document| document_address(number, document);
    // A future of many reads: boxed, it makes no other one large.
    state.ask(Box::pin(state.services.portal.request(person, number, address))).await
}

/// `POST /portail/demandes/{number}/suivis`
pub(super) async fn add(
    Shared(state): Shared<Arc<PageState>>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |services, parts, body, deadline| {
            let filled = state.filled(parts, body, &[TOKEN, SENT, OLD_KEY]).await?;
            let number = frame::number(&number)?;
            let first_sent = filled.first_sent();
            let mut retry = Retry {
                message: filled.submission.fields().get("description").to_owned(),
                lost_files: filled.submission.file_names().map(str::to_owned).collect(),
                ..Retry::new(Form::Followup)
            };
            let Filled { person, submission, is_from_our_page, size, room, .. } = filled;
            if !is_from_our_page {
                return stale(&state, &person, number, retry).await;
            }
            let received = match form::complement(submission, size, None, &person, number, first_sent).await {
                Ok(received) => received,
                Err(errors) => {
                    for error in errors {
                        let is_text = error.field == "description";
                        let (place, label) =
                            if is_text { ("message", "Votre message") } else { ("fichiers", "Fichiers") };
                        retry.mistakes.add(place, label, french(&error.message));
                    }
                    return shown_again(&state, &person, number, StatusCode::UNPROCESSABLE_ENTITY, retry).await;
                }
            };
            let handling = services.gateway().complement(received, number, state.until(deadline));
            let outcome = state.finish(handling, room, deadline).await?;
            if let Outcome::Queued(reference) = outcome {
                return queued::of_complement(&state, &person, number, reference);
            }
            let is_unknown = is_unknown(&outcome);
            let retry = Retry { sent: sent(first_sent), is_unknown, ..retry };
            settled(&state, &person, number, outcome, "suivi", retry).await
        })
        .await
}

/// `POST /portail/demandes/{number}/avis`
pub(super) async fn decide(
    Shared(state): Shared<Arc<PageState>>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |services, parts, body, deadline| {
            let Filled { person, submission, is_from_our_page, size, room, .. } =
                state.filled(parts, body, &[TOKEN, OPINION, SOLUTION]).await?;
            let number = frame::number(&number)?;
            let reason = submission.fields().get("description").to_owned();
            let solution = glpi_number(submission.aside(SOLUTION));
            let opinion = submission.aside(OPINION).to_owned();
            let lost_files = submission.file_names().map(str::to_owned).collect();
            let mut retry = Retry { reason, solution, lost_files, ..Retry::new(Form::Opinion) };
            if !is_from_our_page {
                return stale(&state, &person, number, retry).await;
            }
            let (decision, enclosure, done) = match opinion.as_str() {
                "oui" => (Decision::Accept, Enclosure::default(), "approuvee"),
                _ => match form::refusal(submission, size).await {
                    Ok((reason, files)) => (Decision::Refuse(reason), files, "refusee"),
                    Err(errors) => {
                        for error in errors {
                            let is_text = error.field == "reason";
                            let (place, label) = if is_text {
                                ("raison", "Ce qui ne va pas encore")
                            } else {
                                ("pieces", "Fichiers à l’appui")
                            };
                            retry.mistakes.add(place, label, french(&error.message));
                        }
                        return shown_again(&state, &person, number, StatusCode::UNPROCESSABLE_ENTITY, retry).await;
                    }
                },
            };
            let handling = services.gateway().decide(
                person.clone(),
                number,
                Decided { decision, solution, enclosure, signed: None },
            );
            let outcome = state.finish(handling, room, deadline).await?;
            let is_unknown = is_unknown(&outcome);
            settled(&state, &person, number, outcome, done, Retry { is_unknown, ..retry }).await
        })
        .await
}

/// `POST /portail/demandes/{number}/retrait`: an article answers it.
pub(super) async fn withdraw(
    Shared(state): Shared<Arc<PageState>>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |services, parts, body, deadline| {
            let Filled { person, submission, is_from_our_page, room, .. } =
                state.filled(parts, body, &[TOKEN, ARTICLE]).await?;
            let number = frame::number(&number)?;
            let retry = Retry::new(Form::Followup);
            if !is_from_our_page {
                return stale(&state, &person, number, retry).await;
            }
            let article = frame::number(submission.aside(ARTICLE))?;
            let article = state.ask(services.portal.article(article)).await?;
            let handling = services.gateway().withdraw(person.clone(), number, article.title.clone(), None);
            let outcome = state.finish(handling, room, deadline).await?;
            // One that was merged meanwhile has what they say, and goes on.
            let is_withdrawn = matches!(&outcome, Outcome::Followup(addition) if addition.ticket == number);
            if is_withdrawn {
                services.has_helped(&person, article.id).await;
            }
            let is_unknown = is_unknown(&outcome);
            let done = if is_withdrawn { "retiree" } else { "suivi" };
            settled(&state, &person, number, outcome, done, Retry { is_unknown, ..retry }).await
        })
        .await
}

/// Whether nobody knows yet what became of it.
fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Deferred(deferral) if deferral.reason == Reason::Busy)
}

async fn stale(state: &PageState, person: &Address, number: TicketId, retry: Retry) -> Result<Response, Problem> {
    let retry = Retry { refusal: Some(STALE.to_owned()), ..retry };
    shown_again(state, person, number, StatusCode::FORBIDDEN, retry).await
}

/// The answer to what was said about a request: its page, with what was typed where it was not taken.
async fn settled(
    state: &PageState,
    person: &Address,
    number: TicketId,
    outcome: Outcome,
    done: &str,
    retry: Retry,
) -> Result<Response, Problem> {
    // A request that was merged meanwhile has it where it is now.
    if let Outcome::Followup(addition) = outcome {
        state.services.portal.wrote(person, addition.ticket).await;
        let left_out = if addition.left_out.is_empty() { "" } else { LEFT_OUT_AFTER };
        return see_other(&format!("/portail/demandes/{}?fait={done}{left_out}", addition.ticket));
    }
    let problem = Problem::of(outcome);
    let Some(refusal) = problem.to_tell().map(french) else { return Err(problem) };
    shown_again(state, person, number, problem.status(), Retry { refusal: Some(refusal), ..retry }).await
}

/// The request's page with what was typed; where GLPI cannot show the request now, what was typed alone.
async fn shown_again(
    state: &PageState,
    person: &Address,
    number: TicketId,
    status: StatusCode,
    retry: Retry,
) -> Result<Response, Problem> {
    match view(state, person, number).await {
        Ok(view) => page(status, &ticket_page(state, person, view, None, retry)),
        Err(problem) if problem.is_passing() => {
            let frame = state.pages.frame("Erreur\u{a0}: message non enregistré", Some(person), Section::Requests);
            let token = state.pages.tokens.token(person, Timestamp::now());
            page(status, &RetryPage { frame, number, token, retry })
        }
        Err(problem) => match problem.merged_into() {
            Some(into) => Box::pin(shown_again(state, person, into, status, retry)).await,
            None => Err(problem),
        },
    }
}

fn ticket_page<'a>(
    state: &'a PageState,
    person: &'a Address,
    view: View,
    done: Option<String>,
    retry: Retry,
) -> TicketPage<'a> {
    let is_wrong = !retry.mistakes.is_empty() || retry.refusal.is_some();
    let title = format!("{}Demande n°\u{a0}{}", if is_wrong { "Erreur\u{a0}: " } else { "" }, view.row.number);
    TicketPage {
        frame: state.pages.frame(title, Some(person), Section::Requests),
        token: state.pages.tokens.token(person, Timestamp::now()),
        number: view.row.number,
        view,
        done,
        retry,
    }
}
