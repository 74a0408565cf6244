//! What is read of a request: once for all its person's readers at the same moment, and which files it has for some
//! seconds more, while a browser fetches them. Nobody gets what was read for another person.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::civil::DateTime;
use moka::future::Cache;

use super::{
    error::PortalError,
    joined::Joined,
    own::{Document, Own},
};
use crate::{
    glpi::GlpiError,
    id::{DocumentId, TicketId},
    request::Address,
};

/// How long the documents that a person was shown are theirs without another look.
const SHOWN: Duration = Duration::from_secs(10);
/// Longer than a reading takes.
const WRITTEN: Duration = Duration::from_mins(5);
/// Requests of people that are known.
const MOST: u64 = 10_000;

/// A person's request.
type Key = (Address, TicketId);

/// Readings under way, and the documents of those of the last seconds.
pub(super) struct Readings {
    /// By when the person wrote last, too: what was begun before that is not for who asks after it.
    under_way: Joined<(Key, Option<Instant>), Own>,
    written: Cache<Key, Instant>,
    shown: Cache<Key, Arc<Vec<Document>>>,
    links: Cache<(TicketId, Option<DateTime>), Arc<Vec<DocumentId>>>,
}

impl Readings {
    pub(super) fn new() -> Self {
        Self {
            under_way: Joined::new(),
            written: Cache::builder().max_capacity(MOST).time_to_live(WRITTEN).build(),
            shown: Cache::builder().max_capacity(MOST).time_to_live(SHOWN).build(),
            links: Cache::builder().max_capacity(MOST).time_to_live(SHOWN).build(),
        }
    }

    /// What `read` gives of a request, or what is being read of it for this person.
    pub(super) async fn read(
        &self,
        person: &Address,
        request: TicketId,
        read: impl Future<Output = Result<Own, PortalError>>,
    ) -> Result<Arc<Own>, PortalError> {
        let key = (person.clone(), request);
        let written = self.written.get(&key).await;
        let own = self.under_way.read((key.clone(), written), read).await;
        match &own {
            Ok(own) => self.shown.insert(key, Arc::new(own.documents().cloned().collect())).await,
            // Not theirs any more, say.
            Err(_) => self.shown.invalidate(&key).await,
        }
        own
    }

    /// Which documents are a ticket's own: `read` again once it was changed, as GLPI says of each that comes or goes
    /// (`Document_Item::post_addItem`).
    pub(super) async fn links(
        &self,
        ticket: TicketId,
        modified: Option<DateTime>,
        read: impl Future<Output = Result<Vec<DocumentId>, GlpiError>>,
    ) -> Result<Arc<Vec<DocumentId>>, GlpiError> {
        let read = async { read.await.map(Arc::new) };
        let links = self.links.try_get_with((ticket, modified), read).await;
        links.map_err(|error: Arc<GlpiError>| GlpiError::clone(&error))
    }

    /// One of the documents that this person was shown lately.
    pub(super) async fn document(&self, person: &Address, request: TicketId, id: DocumentId) -> Option<Document> {
        let shown = self.shown.get(&(person.clone(), request)).await?;
        shown.iter().find(|document| document.id == id).cloned()
    }

    /// What is being read of a request is old for this person: they have written something.
    pub(super) async fn wrote(&self, person: &Address, request: TicketId) {
        let key = (person.clone(), request);
        self.shown.invalidate(&key).await;
        self.written.insert(key, Instant::now()).await;
    }
}
