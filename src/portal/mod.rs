//! What a requester may see of their requests: read from GLPI each time, in the words of the academy's centre de
//! services.
//!
//! Everything here is asked for on behalf of one person, and shows what is theirs: the tickets they are a requester
//! of, without what staff keeps to itself. Anything else is [`PortalError::NotFound`], whether it is there or not.
//!
//! | file | what it does |
//! |---|---|
//! | `access`, `error` | what the portal is built from, and why it shows nothing |
//! | `state` | the five states |
//! | `events` | what happened to a request |
//! | `handed_on` | whom it was handed on to |
//! | `listing` | a person's requests: found, sorted, in pages |
//! | `found` | a ticket as a search shows it |
//! | `own`, `reading` | what of one request its requester may see, and how it is read from GLPI |
//! | `readings`, `joined` | what is read once for several who ask |
//! | `view` | one request with its timeline |
//! | `messages` | what the academy says to this person now |
//! | `merged` | where a merged request went |
//! | `known_requester` | whether a ticket is theirs |

mod access;
mod error;
mod events;
mod found;
mod handed_on;
mod joined;
mod known_requester;
mod listing;
mod merged;
mod messages;
mod own;
mod reading;
mod readings;
mod state;
mod view;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use jiff::civil::DateTime;

pub use self::{
    access::Portal,
    error::PortalError,
    events::{Event, EventKind},
    handed_on::HandedOn,
    listing::{Listing, Overview, Query, Row, Sort},
    own::{AttachedFile, Kind, SolutionState},
    state::{Counts, State},
    view::{Author, Entry, Line, View},
};
use crate::glpi::{Glpi, GlpiError};
use crate::id::{ArticleId, DocumentId, TicketId};
use crate::knowledge::{Article, Feed, Shelf};
use crate::request::Address;

impl Portal {
    /// The articles of GLPI's FAQ that are published to everybody.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn shelf(&self) -> Result<Arc<Shelf>, PortalError> {
        Ok(self.knowledge.shelf().await?)
    }

    /// The same as they are known, without asking GLPI; `None` where nothing is known yet.
    pub fn shelf_at_hand(&self) -> Option<Arc<Shelf>> {
        self.knowledge.at_hand()
    }

    /// Now, as articles have their dates.
    pub fn now(&self) -> DateTime {
        self.knowledge.now()
    }

    /// A public article.
    ///
    /// # Errors
    ///
    /// [`PortalError::NotFound`] also for one that is not public, or not now.
    pub async fn article(&self, article: ArticleId) -> Result<Arc<Article>, PortalError> {
        self.shelf().await?.article(article, self.now()).ok_or(PortalError::NotFound)
    }

    /// Counts that an article has helped somebody.
    pub fn has_helped(&self, article: ArticleId) {
        self.knowledge.has_helped(article);
    }

    /// Whether feeds of the FAQ are for everybody.
    pub fn feeds_are_public(&self) -> bool {
        self.places.are_public()
    }

    /// A feed of these articles, all of this application where one is named.
    pub fn feed(&self, articles: Vec<Arc<Article>>, application: Option<&str>) -> Feed {
        let of = application.map(|application| format!(" – {application}")).unwrap_or_default();
        let title = format!("{}\u{a0}: questions fréquentes{of}", self.name);
        let application = application.map(str::to_owned);
        Feed { title, application, author: self.name.clone(), articles, places: self.places.clone() }
    }

    /// A picture or file of a public article, as GLPI gives it.
    ///
    /// # Errors
    ///
    /// [`PortalError::NoFile`] also for a document that the article names and that is not its own.
    pub async fn article_document(
        &self,
        article: ArticleId,
        document: DocumentId,
    ) -> Result<(AttachedFile, Content), PortalError> {
        if !self.article(article).await?.documents.contains(&document) {
            return Err(PortalError::NoFile);
        }
        // Strangers do not go before those who wait for their requests.
        let glpi = if self.feeds_are_public() { &self.glpi.in_background() } else { &self.glpi };
        let own = glpi.article_documents(article).await?;
        let known = own.into_iter().find(|own| own.id == document).ok_or(PortalError::NoFile)?;
        let file = AttachedFile { id: known.id, name: known.name, media_type: known.mime, is_shown: true };
        Ok((file, content(glpi, document).await?))
    }

    /// One of this person's documents of this request, as GLPI gives it. Those of a request that they were shown in the
    /// last seconds are theirs without another look.
    ///
    /// # Errors
    ///
    /// [`PortalError::NoFile`] also for a document that only staff sees.
    pub async fn document(
        &self,
        requester: &Address,
        request: TicketId,
        document: DocumentId,
    ) -> Result<(AttachedFile, Content), PortalError> {
        let known = if let Some(known) = self.readings.document(requester, request, document).await {
            known
        } else {
            // Not seen lately, or added since.
            let own = self.own(requester, request).await?;
            own.documents().find(|known| known.id == document).cloned().ok_or(PortalError::NoFile)?
        };
        Ok((known, content(&self.glpi, document).await?))
    }
}

async fn content(glpi: &Glpi, document: DocumentId) -> Result<Content, PortalError> {
    let download = glpi.download(document).await.map_err(no_file)?;
    Ok(Content { length: download.length, pieces: download.into_stream().map_err(Into::into).boxed() })
}

impl Portal {
    /// This person has written something about this request: what was being read of it before that is old.
    pub async fn wrote(&self, requester: &Address, request: TicketId) {
        self.readings.wrote(requester, request).await;
    }
}

/// One that GLPI does not have any more is no file of anything.
fn no_file(error: GlpiError) -> PortalError {
    match error {
        GlpiError::NotFound => PortalError::NoFile,
        other => other.into(),
    }
}

/// What a document holds, as GLPI sends it.
pub struct Content {
    /// Its size in bytes, where GLPI says so.
    pub length: Option<u64>,
    /// Its bytes. An error ends them early.
    pub pieces: BoxStream<'static, Result<Bytes, PortalError>>,
}
