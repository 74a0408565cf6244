//! What the pages' handlers work with, and what they read.

use std::{sync::Arc, time::Instant};

use axum::{extract::FromRequestParts, http::request::Parts};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretSlice;

use super::{
    files,
    frame::{Frame, Section, Site},
    page_tokens::PageTokens,
};
use crate::{
    config,
    http::{
        api,
        body::{Incoming, Standing},
        identity,
        problem::{BUSY_PAUSE, Problem},
        requests,
        services::Services,
    },
    intake::{
        Taken,
        form::{self, Submission},
    },
    portal::PortalError,
    request::{Address, Deferral, Outcome, Reason},
    text::french,
};

/// What the pages need beside what the API has.
#[derive(Debug)]
pub struct Pages {
    site: Site,
    pub(super) tokens: PageTokens,
    pub(super) limits: config::Attachments,
}

impl Pages {
    /// The pages with these settings; `key` keys the tokens in their forms, and is the same in every instance.
    pub fn new(portal: config::Portal, limits: config::Attachments, key: SecretSlice<u8>) -> Self {
        let config::Portal { name, contact } = portal;
        let (name, contact) = (french::set(&name), french::set(&contact));
        Self {
            site: Site { name, contact, style: files::style(), icon: files::icon() },
            tokens: PageTokens::new(key),
            limits,
        }
    }

    pub(super) fn frame<'a>(
        &'a self,
        title: impl Into<String>,
        person: Option<&'a Address>,
        section: Section,
    ) -> Frame<'a> {
        Frame { site: &self.site, title: title.into(), person, section }
    }
}

/// What the pages' handlers work with.
#[derive(Debug)]
pub(super) struct PageState {
    pub(super) pages: Pages,
    pub(super) services: Arc<Services>,
}

/// The fields that the pages' forms have for themselves.
pub(super) const TOKEN: &str = "jeton";
pub(super) const KEY: &str = "cle";

/// What is said of a form that no page gave to this person, or one too long ago: nothing comes of it.
pub(super) const STALE: &str = "Ce formulaire n’est plus valable\u{a0}: il a été ouvert il y a plus d’un jour, ou par une autre personne. Vérifiez-le, puis envoyez-le à nouveau.";

/// A form that this person sent.
pub(super) struct Filled {
    pub(super) person: Address,
    pub(super) submission: Submission,
    /// Whether a page gave it to this person lately. Without that, it is shown again, and nothing else.
    pub(super) is_from_our_page: bool,
    pub(super) size: u64,
    pub(super) room: Option<Taken>,
    pub(super) now: Timestamp,
}

impl PageState {
    /// Runs what a form asks for to its end. What does not end in time is put off like what cannot be handled now: the
    /// form is shown again, and sent again it is the same.
    pub(super) async fn finish(
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
    pub(super) async fn filled(
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
        let is_from_our_page = self.pages.tokens.is_of(&person, submission.aside(TOKEN), now);
        Ok(Filled { person, submission, is_from_our_page, size, room: whole.room, now })
    }

    /// What the portal says in the time a call has.
    pub(super) async fn ask<T>(&self, asked: impl Future<Output = Result<T, PortalError>>) -> Result<T, Problem> {
        api::in_time(Instant::now() + self.services.settings.timeout, asked).await
    }
}

impl Filled {
    /// What the page called the form when it was shown: shown again, it is the same.
    pub(super) fn shown_key(&self) -> String {
        self.submission.aside(KEY).chars().filter(char::is_ascii_digit).take(40).collect()
    }

    /// What the request is called. A second click or a reload sends the same, and does nothing twice; who goes back
    /// and writes something else asks for something else.
    pub(super) async fn key(&self) -> String {
        format!("{}-{}", self.shown_key(), self.submission.digest().await)
    }
}

/// What the page calls a form that is shown for the first time: with who is signed in and with what they will write,
/// the moment says which one it is.
pub(super) fn new_key() -> String {
    Timestamp::now().as_nanosecond().to_string()
}

/// Who is signed in, for the pages that have no body to read.
pub(super) struct Visitor(pub(super) Address);

impl FromRequestParts<Arc<PageState>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<PageState>) -> Result<Self, Problem> {
        identity::signed_in(parts, &state.services.settings).map(Self)
    }
}
