//! The reference portal, `/portail`, and what people in charge see, `/pilotage`, and say, `/information`: pages for an academy without a portal of its own, and a model for others.
//!
//! They work without a script: forms, links, and a 303 after each change. The form for a new request has a small one,
//! which proposes articles. Who asks is who a trusted proxy has
//! signed in; what they show and do is what the API's routes show and do.
//!
//! | file | what it is about |
//! |---|---|
//! | `home`, `tiles` | what awaits a person, and what they may ask for |
//! | `deposit`, `schools` | a new request, and the school it is about |
//! | `list`, `table`, `ticket`, `faq` | what became of requests, and what is known already |
//! | `person` | what the directory knows of a person |
//! | `steering` | `/pilotage`: what all requests say, to people in charge |
//! | `drafting` | `/pilotage/fiches`: a solved ticket becomes the draft of an article, by a button |
//! | `information`, `composing`, `informing` | `/information`: what is said to all directors of a zone, by people in charge |
//! | `texts`, `served` | the academy's own pages, and how they and the design system are asked for |
//! | `expected` | how long requests take |
//! | `mistakes` | what is wrong with a form's fields |
//! | `problem` | whatever went wrong, as a page |
//! | `posted` | a small form of theirs |
//! | `page_tokens` | that a form comes from a page given to this person |
//! | `state`, `frame` | what the pages work with, and what stands around each |
//! | `files`, `dsfr` | styles and icon, and the State's design system |

mod composing;
mod deposit;
mod drafting;
mod dsfr;
mod enclosed;
mod expected;
mod faq;
mod files;
mod frame;
mod home;
mod information;
mod informing;
mod list;
mod mistakes;
mod page_tokens;
mod person;
mod posted;
mod problem;
mod queued;
mod schools;
mod served;
mod state;
mod steering;
mod table;
mod texts;
mod ticket;
mod tiles;

use std::sync::Arc;

use axum::{
    Router,
    http::{StatusCode, Uri},
    middleware,
    response::Redirect,
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use self::{frame::unknown, state::PageState};
pub use self::{state::Pages, texts::PageTexts};
use super::{
    problem::{Problem, panicked},
    services::Services,
};

/// Where the pages are.
const PORTAL: &str = "/portail";
const STEERING: &str = "/pilotage";
const INFORMATION: &str = "/information";

/// The pages' routes, below `/portail`, over what the API works with.
pub(super) fn routes<S>(pages: Pages, services: Arc<Services>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let state = Arc::new(PageState { pages, services });
    let routes = Router::new()
        .route("/", get(home::show))
        .route("/nouvelle", get(deposit::show).post(deposit::hand_in))
        .route("/demandes", get(list::show))
        .route("/demandes/{number}", get(ticket::show))
        .route("/demandes/{number}/recapitulatif", get(ticket::recap))
        .route("/demandes/{number}/suivis", post(ticket::add))
        .route("/demandes/{number}/avis", post(ticket::decide))
        .route("/demandes/{number}/retrait", post(ticket::withdraw))
        .route("/demandes/{number}/documents/{document}", get(ticket::document))
        .route("/messages/{number}/fichiers/{place}", get(enclosed::of_message))
        .route("/faq", get(faq::show))
        .route("/faq/propositions", get(faq::propose))
        .route("/faq/{number}", get(faq::article))
        .route("/faq/{number}/documents/{document}", get(faq::document))
        .route("/faq/{number}/utile", post(faq::helped))
        .route("/coordonnees", get(person::show))
        .route("/pages/{name}", get(served::text))
        .route("/dsfr/{stamp}/{*name}", get(served::dsfr))
        .route("/fichiers/{name}", get(files::give))
        .fallback(async |address: Uri| elsewhere(PORTAL, &address))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Cette page ne s'ouvre pas ainsi.")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), problem::dress))
        .with_state(Arc::clone(&state));
    let steering = Router::new()
        .route("/", get(steering::show))
        .route("/donnees/{name}", get(steering::file))
        .route("/fiches", get(drafting::ask))
        .route("/fiches/{number}", get(drafting::show).post(drafting::draft))
        .fallback(async |address: Uri| elsewhere(STEERING, &address))
        .method_not_allowed_fallback(async || unknown())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), problem::dress))
        .with_state(Arc::clone(&state));
    let information = Router::new()
        .route("/", get(information::list))
        .route("/nouvelle", get(composing::show).post(composing::hand_in))
        .route("/{reference}", get(information::show))
        .route("/{reference}/{deed}", post(information::act))
        .route("/{reference}/fichiers/{place}", get(enclosed::of_announcement))
        .fallback(async |address: Uri| elsewhere(INFORMATION, &address))
        .method_not_allowed_fallback(async || unknown())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), problem::dress))
        .with_state(state);
    // What is nested does not see its own address with a slash.
    let home = |place: &'static str| get(async move || Redirect::permanent(place));
    Router::new()
        .route("/portail/", home(PORTAL))
        .route("/pilotage/", home(STEERING))
        .route("/information/", home(INFORMATION))
        .nest(PORTAL, routes)
        .nest(STEERING, steering)
        .nest(INFORMATION, information)
}

/// An address that ends in a slash is meant without.
fn elsewhere(place: &str, address: &Uri) -> Result<Redirect, Problem> {
    match address.path().strip_suffix('/') {
        Some(path) => Ok(Redirect::permanent(&format!("{place}{}", path.trim_end_matches('/')))),
        None => Err(unknown()),
    }
}
