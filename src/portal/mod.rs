//! What a requester may see of their requests: read from GLPI each time, in the words of the academy's centre de
//! services.
//!
//! Everything here is asked for on behalf of one person, and shows what is theirs: the tickets they are a requester
//! of, without what staff keeps to itself. Anything else is [`PortalError::NotFound`], whether it is there or not.
//!
//! | file | what it does |
//! |---|---|
//! | `state` | the four states |
//! | `listing` | a person's requests: found, sorted, in pages |
//! | `view` | one request with its timeline |
//! | `merged` | where a merged request went |
//! | `html` | texts from GLPI, as they may be shown |
//! | `known_requester` | whether a ticket is theirs |
//! | `faq` | GLPI's public questions and answers |

mod faq;
mod html;
mod known_requester;
mod listing;
mod merged;
mod state;
mod view;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};

pub use faq::Article;
pub use listing::{Listing, Query, Row, Sort};
pub use state::{Counts, State};
pub use view::{Author, Document, Entry, Kind, SolutionState, View};

use self::faq::Faq;
use crate::{
    config::Config,
    flow::route::MappingStore,
    glpi::{Glpi, GlpiError},
    request::Address,
    working_time::Calendar,
};

/// A requester's view of the helpdesk.
pub struct Portal {
    glpi: Glpi,
    mappings: MappingStore,
    calendar: Arc<Calendar>,
    time_zone: TimeZone,
    faq: Faq,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// There is no such thing, or it is not this person's.
    #[error("nothing of this requester's")]
    NotFound,
    /// It was merged into the request of this number, which is this person's, too.
    #[error("merged into {0}")]
    Merged(u64),
    /// GLPI cannot answer now.
    #[error("{cause}")]
    Unavailable {
        /// Which server said what; holds nobody's data.
        cause: String,
        /// When GLPI wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// GLPI is not set up for this: an administrator must act.
    #[error("{0}")]
    Denied(String),
}

impl Portal {
    /// The portal over `glpi`, with the mappings in force; `calendar` counts the delays.
    pub fn new(config: &Config, glpi: Glpi, mappings: MappingStore, calendar: Arc<Calendar>) -> Self {
        Self {
            faq: Faq::new(glpi.clone(), &config.glpi),
            glpi,
            mappings,
            calendar,
            time_zone: config.time_zone.clone(),
        }
    }

    /// One of this person's documents of this request, as GLPI gives it.
    ///
    /// # Errors
    ///
    /// [`PortalError::NotFound`] also for a document that only staff sees.
    pub async fn document(
        &self,
        requester: &Address,
        request: u64,
        document: u64,
    ) -> Result<(Document, Content), PortalError> {
        let own = self.own(requester, request).await?;
        let known = own.documents().find(|known| known.id == document).cloned().ok_or(PortalError::NotFound)?;
        let download = self.glpi.download(document).await?;
        let length = download.length;
        Ok((known, Content { length, pieces: download.into_stream().map_err(Into::into).boxed() }))
    }

    /// The moment a date of GLPI means, as the academy writes it.
    fn moment(&self, shown: Option<DateTime>) -> Option<Zoned> {
        let moment: Timestamp = self.calendar.moment(shown?)?;
        Some(moment.to_zoned(self.time_zone.clone()))
    }
}

/// What a document holds, as GLPI sends it.
pub struct Content {
    /// Its size in bytes, where GLPI says so.
    pub length: Option<u64>,
    /// Its bytes. An error ends them early.
    pub pieces: BoxStream<'static, Result<Bytes, PortalError>>,
}

impl From<GlpiError> for PortalError {
    fn from(error: GlpiError) -> Self {
        let cause = error.to_string();
        match error {
            GlpiError::NotFound => Self::NotFound,
            GlpiError::Unavailable { retry_after, .. } => Self::Unavailable { cause, retry_after },
            GlpiError::AnswerLost { .. } | GlpiError::TooLarge | GlpiError::Rejected { .. } => {
                Self::Unavailable { cause, retry_after: None }
            }
            GlpiError::Denied { .. } => Self::Denied(cause),
        }
    }
}
