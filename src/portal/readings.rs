//! What is read of a request: once for all its person's readers at the same moment, and which files it has for some
//! seconds more, while a browser fetches them. Nobody gets what was read for another person.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::civil::DateTime;

use super::{
    error::PortalError,
    joined::Joined,
    own::{AttachedFile, Own},
};
use crate::{
    glpi::GlpiError,
    id::{DocumentId, TicketId},
    remembered::Remembered,
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
    written: Remembered<Key, Instant>,
    shown: Remembered<Key, Arc<Vec<AttachedFile>>>,
    links: Remembered<(TicketId, Option<DateTime>), Arc<Vec<DocumentId>>, GlpiError>,
}

impl Readings {
    pub(super) fn new() -> Self {
        Self {
            under_way: Joined::new(),
            written: Remembered::new(MOST, WRITTEN),
            shown: Remembered::new(MOST, SHOWN),
            links: Remembered::new(MOST, SHOWN),
        }
    }

    /// What `read` gives of a request, or what is being read of it for this person.
    pub(super) async fn read(
        &self,
        person: &Address,
        request: TicketId,
        read: impl Future<Output = Result<Own, PortalError>> + Send,
    ) -> Result<Arc<Own>, PortalError> {
        let key = (person.clone(), request);
        let written = self.written.get(&key).await;
        let own = self.under_way.read((key.clone(), written), read).await;
        match &own {
            Ok(own) => self.shown.insert(key, Arc::new(own.documents().cloned().collect())).await,
            // Not theirs any more, say.
            Err(_) => self.shown.forget(&key).await,
        }
        own
    }

    /// Which documents are a ticket's own: `read` again once it was changed, as GLPI says of each that comes or goes
    /// (`Document_Item::post_addItem`).
    pub(super) async fn links(
        &self,
        ticket: TicketId,
        modified: Option<DateTime>,
        read: impl Future<Output = Result<Vec<DocumentId>, GlpiError>> + Send,
    ) -> Result<Arc<Vec<DocumentId>>, GlpiError> {
        let read = async { read.await.map(Arc::new) };
        self.links.or_ask((ticket, modified), read).await
    }

    /// One of the documents that this person was shown lately.
    pub(super) async fn document(&self, person: &Address, request: TicketId, id: DocumentId) -> Option<AttachedFile> {
        let shown = self.shown.get(&(person.clone(), request)).await?;
        shown.iter().find(|document| document.id == id).cloned()
    }

    /// What is being read of a request is old for this person: they have written something.
    pub(super) async fn wrote(&self, person: &Address, request: TicketId) {
        let key = (person.clone(), request);
        self.shown.forget(&key).await;
        self.written.insert(key, Instant::now()).await;
    }
}
