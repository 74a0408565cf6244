//! What the pages' handlers work with, and what they read.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretSlice;

use super::{
    dsfr::{self, Dsfr},
    files,
    frame::{Frame, Section, Site},
    page_tokens::PageTokens,
    texts::{PageTexts, Place, Texts, is_address},
};
use crate::{
    announcements::Message,
    config::{self, ConfigError, Theme},
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
    request::{Address, Deferral, Outcome, Prospect, Reason},
    text::{Bilingual, french},
};

/// How long a page waits for what a person may know before they write: it is shown without.
const FORESIGHT: Duration = Duration::from_secs(2);
/// What an accessibility statement may say (RGAA, «Obligations»).
const CONFORMITIES: [&str; 3] = ["non conforme", "partiellement conforme", "totalement conforme"];

/// What the pages need beside what the API has.
#[derive(Debug)]
pub struct Pages {
    site: Site,
    pub(super) tokens: PageTokens,
    pub(super) limits: config::Attachments,
    pub(super) texts: Texts,
    pub(super) dsfr: Option<Dsfr>,
    /// What is said below a form of personal data.
    pub(super) data_notice: String,
    /// Whom to ask where the directory is wrong.
    pub(super) corrections: String,
    /// How long a person waits for a page.
    pub(super) wait: Duration,
}

impl Pages {
    /// The pages with these settings; `key` keys the tokens in their forms, and is the same in every instance.
    ///
    /// # Errors
    ///
    /// Where a file or an address that they name cannot be used.
    pub fn new(portal: config::Portal, limits: config::Attachments, key: SecretSlice<u8>) -> Result<Self, ConfigError> {
        let config::Portal {
            name, academy, contact, wait, theme, dsfr, sign_out, data_notice, corrections, pages, ..
        } = portal;
        let texts = Texts::read(&pages)?;
        let dsfr = match (theme, &dsfr) {
            (Theme::Neutral, _) => None,
            (Theme::Dsfr, Some(folder)) => Some(Dsfr::open(folder)?),
            (Theme::Dsfr, None) => {
                return Err(ConfigError::setting(
                    Bilingual::new(
                        "portal.theme is \"dsfr\" and portal.dsfr is empty",
                        "portal.theme vaut \"dsfr\" et portal.dsfr est vide",
                    ),
                    dsfr::its_folder(),
                )
                .about("portal.theme")
                .about("portal.dsfr"));
            }
        };
        let is_path = sign_out.starts_with('/') && !sign_out.starts_with("//");
        if !(sign_out.is_empty() || is_path || is_address(&sign_out)) {
            return Err(ConfigError::setting(
                Bilingual::new(
                    format!("portal.sign_out is no address: \"{sign_out}\""),
                    format!("portal.sign_out n’est pas une adresse\u{a0}: \"{sign_out}\""),
                ),
                Bilingual::new(
                    "Give it as /oauth2/sign_out or https://…",
                    "Donnez-la ainsi : /oauth2/sign_out ou https://…",
                ),
            )
            .about("portal.sign_out"));
        }
        let accessibility = match pages.conformity.as_str() {
            "" => "Déclaration d’accessibilité".to_owned(),
            known if CONFORMITIES.contains(&known) => format!("Accessibilité\u{a0}: {known}"),
            other => {
                return Err(ConfigError::setting(
                    Bilingual::new(
                        format!("portal.pages.conformity is \"{other}\""),
                        format!("portal.pages.conformity vaut \"{other}\""),
                    ),
                    Bilingual::new(
                        format!("Give it one of: {}.", CONFORMITIES.join(", ")),
                        format!("Donnez l’une de ces valeurs\u{a0}: {}.", CONFORMITIES.join(", ")),
                    ),
                )
                .about("portal.pages.conformity"));
            }
        };
        let help = texts.help.clone().map(|Place(address)| (address, "Aide"));
        let sign_out = (!sign_out.is_empty()).then_some((sign_out, "Se déconnecter"));
        let foot = [
            (&texts.accessibility, accessibility),
            (&texts.legal, "Mentions légales".to_owned()),
            (&texts.personal_data, "Données personnelles".to_owned()),
        ];
        let foot = foot.into_iter().filter_map(|(place, label)| Some((place.as_ref()?.0.clone(), label)));
        let styles = match &dsfr {
            None => vec![files::style()],
            Some(dsfr) => dsfr.styles().into_iter().chain([files::style_beside_dsfr()]).collect(),
        };
        let site = Site {
            name: french::set(&name),
            academy: academy.lines().map(french::set).collect(),
            contact: french::set(&contact),
            styles,
            icon: files::icon(),
            tools: help.into_iter().chain(sign_out).collect(),
            foot: foot.collect(),
        };
        let (data_notice, corrections) = (french::set(&data_notice), french::set(&corrections));
        Ok(Self { site, tokens: PageTokens::new(key), limits, texts, dsfr, data_notice, corrections, wait })
    }

    /// The academy's own pages, to be read again on reload.
    pub fn texts(&self) -> Arc<PageTexts> {
        Arc::clone(&self.texts.files)
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

/// The fields that the pages' forms have for themselves: that the page is this person's, and when what it holds was first
/// sent, where it was and nobody knows what became of it.
pub(super) const TOKEN: &str = "jeton";
pub(super) const SENT: &str = "envoi";
/// A field that pages of earlier versions have: one may have been open while this one was installed.
pub(super) const OLD_KEY: &str = "cle";
/// For how long a form that is sent again from the page that could not say what became of it is the same.
const SAME_FOR: SignedDuration = SignedDuration::from_hours(24);

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
        let deadline = self.until(deadline);
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

    /// How long a person waits for a page that GLPI is asked for.
    pub(super) fn wait(&self) -> Duration {
        self.pages.wait.min(self.services.settings.timeout)
    }

    /// Until when a person waits for a page that is to be answered before this moment.
    pub(super) fn until(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.pages.wait)
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

    /// What the portal says in the time a person waits.
    pub(super) async fn ask<T>(&self, asked: impl Future<Output = Result<T, PortalError>>) -> Result<T, Problem> {
        api::in_time(Instant::now() + self.wait(), asked).await
    }

    /// What this person may know before they write; nothing, where that takes too long.
    pub(super) async fn prospect(&self, person: &Address) -> Prospect {
        let asked = self.services.gateway().prospect(person.clone());
        tokio::time::timeout(FORESIGHT.min(self.pages.wait), asked).await.unwrap_or_default()
    }

    /// What the academy says to this person now, of an application where one is named; nothing, where the directory
    /// takes too long to say which schools are theirs.
    pub(super) async fn messages(&self, person: &Address, application: Option<&str>) -> Vec<Message> {
        let asked = Box::pin(self.services.portal.messages(person, application));
        tokio::time::timeout(FORESIGHT.min(self.pages.wait), asked).await.unwrap_or_default()
    }
}

impl Filled {
    /// When this very form was first sent. Its person, what it says and brings, and this moment say which one it is: a
    /// second click, a reload, and the same written again within ten minutes do nothing twice. Sent again from a page
    /// that could not say what became of it, it is the same for a day.
    pub(super) fn first_sent(&self) -> Timestamp {
        let said = self.submission.aside(SENT).parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let is_lately = |said: &Timestamp| *said <= self.now && self.now.duration_since(*said) <= SAME_FOR;
        said.filter(is_lately).unwrap_or(self.now)
    }
}

/// As a page gives that moment back.
pub(super) fn sent(moment: Timestamp) -> String {
    moment.as_second().to_string()
}

/// Who is signed in, for the pages that have no body to read.
pub(super) struct Visitor(pub(super) Address);

impl FromRequestParts<Arc<PageState>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<PageState>) -> Result<Self, Problem> {
        identity::signed_in(parts, &state.services.settings).map(Self)
    }
}
