//! What tells the notifications of the academy's GLPI from another GLPI's.

use std::time::Duration;

use moka::future::Cache;

use super::Deliverer;

/// How long it is believed: GLPI makes itself another one where somebody asks for it.
const BELIEVED: Duration = Duration::from_mins(10);

/// The mark in GLPI's notifications, as it was read last.
pub(super) struct Uuid(Cache<(), Option<String>>);

impl Default for Uuid {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1).time_to_live(BELIEVED).build())
    }
}

impl Deliverer {
    /// The mark GLPI puts into its notifications' Message-IDs; `None` where it has none or cannot tell.
    pub async fn uuid(&self) -> Option<String> {
        let read = async { self.glpi.server_info().await.map(|info| info.uuid) };
        match self.uuid.0.try_get_with((), read).await {
            Ok(uuid) => uuid,
            Err(error) => {
                tracing::debug!(%error, "GLPI does not tell the mark of its notifications");
                None
            }
        }
    }
}
