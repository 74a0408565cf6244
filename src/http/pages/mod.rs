//! The reference portal, `/portail`: pages for an academy without a portal of its own, and a model for others.
//!
//! They work without a script: forms, links, and a 303 after each change. Who asks is who a trusted proxy has
//! signed in; what they show and do is what the API's routes show and do.
//!
//! | file | what it is about |
//! |---|---|
//! | `deposit` | a new request |
//! | `list`, `ticket`, `faq` | what became of requests, and what is known already |
//! | `mistakes` | what is wrong with a form's fields |
//! | `problem` | whatever went wrong, as a page |
//! | `seal` | that a form comes from a page given to this person |
//! | `files` | style and icon |

mod deposit;
mod faq;
mod files;
mod list;
mod mistakes;
mod problem;
mod seal;
mod ticket;

use std::{sync::Arc, time::Instant};

use askama::Template;
use axum::{
    Router,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware,
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretSlice;
use tower_http::catch_panic::CatchPanicLayer;
use url::form_urlencoded;

use self::seal::Seal;
use super::{
    BUSY_PAUSE, Services, api,
    body::{Incoming, Standing},
    identity, panicked,
    problem::Problem,
    requests,
};
use crate::{
    config,
    intake::{
        Taken,
        form::{self, Submission},
    },
    portal::PortalError,
    request::{Address, Deferral, Outcome, Reason},
    text::french,
};

/// Nothing but the pages' own style, images and forms; nothing may show them inside itself.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the pages need beside what the API has.
#[derive(Debug)]
pub struct Pages {
    site: Site,
    seal: Seal,
    limits: config::Attachments,
}

/// What every page has in common.
#[derive(Debug)]
struct Site {
    name: String,
    contact: String,
    style: String,
    icon: String,
}

impl Pages {
    /// The pages with these settings; `key` keys the tokens in their forms, and is the same in every instance.
    pub fn new(portal: config::Portal, limits: config::Attachments, key: SecretSlice<u8>) -> Self {
        let config::Portal { name, contact } = portal;
        let (name, contact) = (french::set(&name), french::set(&contact));
        Self { site: Site { name, contact, style: files::style(), icon: files::icon() }, seal: Seal::new(key), limits }
    }

    /// The pages' routes, below `/portail`, over what the API works with.
    pub(super) fn routes<S>(self, services: Arc<Services>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let state = Arc::new(PageState { pages: self, services });
        let pages = Router::new()
            .route("/", get(deposit::show).post(deposit::hand_in))
            .route("/demandes", get(list::show))
            .route("/demandes/{number}", get(ticket::show))
            .route("/demandes/{number}/recapitulatif", get(ticket::recap))
            .route("/demandes/{number}/suivis", post(ticket::add))
            .route("/demandes/{number}/avis", post(ticket::decide))
            .route("/demandes/{number}/documents/{document}", get(ticket::document))
            .route("/faq", get(faq::show))
            .route("/fichiers/{name}", get(files::give))
            .fallback(elsewhere)
            .method_not_allowed_fallback(async || {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Cette page ne s'ouvre pas ainsi.")
            })
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn_with_state(Arc::clone(&state), problem::dress))
            .with_state(state);
        // What is nested does not see its own address with a slash.
        let home = get(async || Redirect::permanent("/portail"));
        Router::new().route("/portail/", home).nest("/portail", pages)
    }

    fn frame<'a>(&'a self, title: impl Into<String>, person: Option<&'a Address>, section: Section) -> Frame<'a> {
        Frame { site: &self.site, title: title.into(), person, section }
    }
}

/// What the pages' handlers work with.
#[derive(Debug)]
struct PageState {
    pages: Pages,
    services: Arc<Services>,
}

/// The fields that the pages' forms have for themselves.
const TOKEN: &str = "jeton";
const KEY: &str = "cle";

/// What is said of a form that no page gave to this person, or one too long ago: nothing comes of it.
const STALE: &str = "Ce formulaire n'est plus valable\u{a0}: il a été ouvert il y a plus d'un jour, ou par une autre personne. Vérifiez-le, puis envoyez-le à nouveau.";

/// A form that this person sent.
struct Filled {
    person: Address,
    submission: Submission,
    /// Whether a page gave it to this person lately. Without that, it is shown again, and nothing else.
    is_sealed: bool,
    size: u64,
    room: Option<Taken>,
    now: Timestamp,
}

impl PageState {
    /// Runs what a form asks for to its end. What does not end in time is put off like what cannot be handled now: the
    /// form is shown again, and sent again it is the same.
    async fn finish(
        &self,
        handling: BoxFuture<'static, Outcome>,
        room: Option<Taken>,
        deadline: Instant,
    ) -> Result<Outcome, Problem> {
        match self.services.finish(handling, room, deadline).await {
            Err(problem) if problem.is_passing() => Ok(Outcome::Deferred(Deferral {
                reason: Reason::Busy,
                cause: "no end in time".to_owned(),
                retry_after: BUSY_PAUSE,
                own: false,
            })),
            result => result,
        }
    }

    /// Reads a form, and looks whether a page gave it to who sends it.
    async fn filled(
        &self,
        parts: &Parts,
        body: &mut Incoming,
        aside: &'static [&'static str],
    ) -> Result<Filled, Problem> {
        let person = identity::signed_in(parts, &self.services.settings)?;
        let encoding = requests::encoding(&parts.headers)?;
        let whole = body.read(&self.services.rooms, Standing::Proven).await?;
        let size = whole.bytes.len() as u64;
        let submission = form::read_page(encoding, whole.bytes, aside).await.map_err(requests::unreadable)?;
        let now = Timestamp::now();
        let is_sealed = self.pages.seal.is_of(&person, submission.aside(TOKEN), now);
        Ok(Filled { person, submission, is_sealed, size, room: whole.room, now })
    }

    /// What the portal says in the time a call has.
    async fn ask<T>(&self, asked: impl Future<Output = Result<T, PortalError>>) -> Result<T, Problem> {
        api::in_time(Instant::now() + self.services.settings.timeout, asked).await
    }
}

impl Filled {
    /// What the page called the form when it was shown: shown again, it is the same.
    fn shown_key(&self) -> String {
        self.submission.aside(KEY).chars().filter(char::is_ascii_digit).take(40).collect()
    }

    /// What the request is called. A second click or a reload sends the same, and does nothing twice; who goes back
    /// and writes something else asks for something else.
    fn key(&self) -> String {
        format!("{}-{}", self.shown_key(), self.submission.digest())
    }
}

/// What the page calls a form that is shown for the first time: with who is signed in and with what they will write,
/// the moment says which one it is.
fn new_key() -> String {
    Timestamp::now().as_nanosecond().to_string()
}

/// What stands around a page's own content.
struct Frame<'a> {
    site: &'a Site,
    /// Names the page in the browser's title.
    title: String,
    /// Who is signed in.
    person: Option<&'a Address>,
    section: Section,
}

/// The entries of the menu, and pages that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Deposit,
    Requests,
    Faq,
    None,
}

impl Frame<'_> {
    /// Address, label, and whether the page is that one.
    fn menu(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("/portail", "Nouvelle demande", Section::Deposit),
            ("/portail/demandes", "Mes demandes", Section::Requests),
            ("/portail/faq", "Consulter la FAQ", Section::Faq),
        ]
        .map(|(address, label, section)| (address, label, section == self.section))
    }
}

/// Who is signed in, for the pages that have no body to read.
struct Visitor(Address);

impl FromRequestParts<Arc<PageState>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<PageState>) -> Result<Self, Problem> {
        identity::signed_in(parts, &state.services.settings).map(Self)
    }
}

/// An address that ends in a slash is meant without.
async fn elsewhere(address: Uri) -> Result<Redirect, Problem> {
    match address.path().strip_suffix('/') {
        Some(path) => Ok(Redirect::permanent(&format!("/portail{}", path.trim_end_matches('/')))),
        None => Err(unknown()),
    }
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "Cette adresse ne mène à aucune page de l'assistance.")
}

/// A page.
fn page(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page's template failed");
        Problem::internal()
    })?;
    Ok((status, Html(text)).into_response())
}

/// Where the browser goes after a change, so that a reload repeats nothing (RFC 9110 section 15.4.4).
fn see_other(address: &str) -> Result<Response, Problem> {
    let address = HeaderValue::from_str(address).map_err(|_| Problem::internal())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

/// A parameter of a page's address.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
