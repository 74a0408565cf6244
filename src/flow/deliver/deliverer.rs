//! What a delivery needs, and what every kind of it asks.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::tz::TimeZone;

use super::{
    attachments::{self, Chosen},
    dropped,
    learned::{AcceptedFiles, Learned},
    names::Names,
    ticket_sources::TicketSources,
};
use crate::{
    config::{self, TicketPages},
    glpi::{DocumentTypes, Glpi, GlpiError},
    id::{EntityId, UserId},
    offload,
    remembered::{Remembered, RememberedOne},
    request::Received,
};

/// How many timeouts of one call a creation may take, repeats and the wait for a session included: then its
/// answer counts as lost.
pub const LONGEST_CREATION_CALLS: u32 = config::LONGEST_CREATION_CALLS;
/// How long it is believed whether GLPI drops requesters.
const BELIEVED: Duration = Duration::from_mins(10);
/// How long an account whose ticket was read back is believed to be there still.
const THERE: Duration = Duration::from_mins(1);

/// Makes tickets and follow-ups.
pub struct Deliverer {
    pub(super) glpi: Glpi,
    pub(super) names: Names,
    pub(super) learned: Learned,
    /// Whether GLPI drops requesters whose accounts are there.
    pub(super) drops: RememberedOne<bool>,
    /// Accounts, with the entity, that GLPI has taken as requesters after what was known of them.
    pub(super) accepted: Remembered<(UserId, Option<EntityId>), (), Option<GlpiError>>,
    /// The path of GLPI's pages on its server, without a slash at the end.
    pub(super) root: String,
    pub(super) limits: config::Attachments,
    pub(super) original: config::Original,
    pub(super) pages: TicketPages,
    pub(super) longest_creation: Duration,
    pub(super) sources: TicketSources,
}

impl Deliverer {
    /// A deliverer over `glpi`.
    pub fn new(
        glpi: Glpi,
        glpi_config: &config::Glpi,
        limits: config::Attachments,
        original: config::Original,
        time_zone: TimeZone,
        pages: TicketPages,
    ) -> Self {
        dropped::describe_metrics();
        Self {
            names: Names::new(glpi.clone(), time_zone),
            learned: Learned::new(),
            drops: RememberedOne::new(BELIEVED),
            accepted: Remembered::new(20_000, THERE),
            root: url::Url::parse(glpi_config.site())
                .map(|site| site.path().trim_end_matches('/').to_owned())
                .unwrap_or_default(),
            glpi,
            limits,
            original,
            pages,
            longest_creation: glpi_config.timeout * LONGEST_CREATION_CALLS,
            sources: TicketSources::default(),
        }
    }

    /// The ids of GLPI's names, for checking the mappings at start.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The mark GLPI puts into its notifications' Message-IDs, which tells them from another GLPI's; `None` where it has
    /// none or cannot tell.
    pub(super) async fn uuid(&self) -> Option<String> {
        match self.glpi.directory().server().await {
            Ok(server) => server.uuid.clone(),
            Err(error) => {
                tracing::debug!(%error, "GLPI does not tell the mark of its notifications");
                None
            }
        }
    }

    /// The types of files GLPI takes; `None` where that cannot be known: GLPI's answer then tells.
    pub(super) async fn document_types(&self) -> Option<Arc<DocumentTypes>> {
        self.glpi.directory().document_types().await.ok().flatten()
    }

    /// Chooses a request's files by what is known of GLPI now.
    pub(super) async fn choose(&self, received: &Received) -> Chosen {
        let types = self.document_types().await;
        let files = received.attachments.iter().map(|file| file.content.len());
        let bytes = files.chain(received.original.as_ref().map(Bytes::len)).sum();
        if !offload::is_large(bytes) {
            return attachments::choose(received, &self.limits, self.original, &self.learned.taken(types.as_deref()));
        }
        let (received, limits, original) = (received.clone(), self.limits.clone(), self.original);
        let learned = self.learned.taken(None);
        offload::by_size(bytes, async move {
            let taken = AcceptedFiles { types: types.as_deref(), ..learned };
            attachments::choose(&received, &limits, original, &taken)
        })
        .await
    }
}
