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
//! | `merged` | where a merged request went |
//! | `html` | texts from GLPI, as they may be shown |
//! | `known_requester` | whether a ticket is theirs |
//! | `faq` | GLPI's public questions and answers |

mod access;
mod error;
mod events;
mod faq;
mod found;
mod handed_on;
mod html;
mod joined;
mod known_requester;
mod listing;
mod merged;
mod own;
mod reading;
mod readings;
mod state;
mod view;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use jiff::Timestamp;

pub use self::{
    access::Portal,
    error::PortalError,
    events::{Event, EventKind},
    faq::Article,
    handed_on::HandedOn,
    listing::{Listing, Overview, Query, Row, Sort},
    own::{AttachedFile, Kind, SolutionState},
    state::{Counts, State},
    view::{Author, Entry, Line, View},
};
use crate::id::{DocumentId, TicketId};
use crate::request::Address;

impl Portal {
    /// The public articles that hold each of these words, those with all of them in the title first; neither case nor
    /// accents matter. Without words, the first there are.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn faq(&self, text: &str) -> Result<Vec<Article>, PortalError> {
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        Ok(self.faq.found(text, now).await?)
    }

    /// One of this person's documents of this request, as GLPI gives it. Those of a request that they were shown in the
    /// last seconds are theirs without another look.
    ///
    /// # Errors
    ///
    /// [`PortalError::NotFound`] also for a document that only staff sees.
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
            own.documents().find(|known| known.id == document).cloned().ok_or(PortalError::NotFound)?
        };
        let download = self.glpi.download(document).await?;
        let length = download.length;
        Ok((known, Content { length, pieces: download.into_stream().map_err(Into::into).boxed() }))
    }
}

impl Portal {
    /// This person has written something about this request: what was being read of it before that is old.
    pub async fn wrote(&self, requester: &Address, request: TicketId) {
        self.readings.wrote(requester, request).await;
    }
}

/// What a document holds, as GLPI sends it.
pub struct Content {
    /// Its size in bytes, where GLPI says so.
    pub length: Option<u64>,
    /// Its bytes. An error ends them early.
    pub pieces: BoxStream<'static, Result<Bytes, PortalError>>,
}
