//! The histories of several tickets in one call: GLPI shows each with the ticket itself (`with_logs`).

use std::collections::BTreeMap;

use crate::id::{FollowupId, TicketId};

use super::changes::{TicketChange, WithHistory};
use super::error::{GlpiError, Trouble};
use super::exchange::Call;
use super::{Followup, Glpi};

/// Items of one call: PHP takes a thousand parameters (`max_input_vars`), each has two.
const ITEMS_PER_CALL: usize = 200;

impl Glpi {
    /// What became of these tickets, each with its oldest change first: one call, or one for each two hundred. Of one
    /// that cannot be read nothing is said, nor for an account without the right to read the history (`logs`).
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn histories(&self, tickets: &[TicketId]) -> Result<BTreeMap<TicketId, Vec<TicketChange>>, GlpiError> {
        let mut histories = BTreeMap::new();
        for some in tickets.chunks(ITEMS_PER_CALL) {
            let items: Vec<_> = some.iter().map(|id| ("Ticket", id.get())).collect();
            match self.several::<WithHistory>(&Call::items(&items).with_history()).await {
                Ok(rows) => histories.extend(some.iter().copied().zip(rows.into_iter().map(WithHistory::changes))),
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(histories)
    }

    /// These follow-ups, in their order: one call, or one for each two hundred; `None` where one of them cannot be read.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn followups(&self, ids: &[FollowupId]) -> Result<Option<Vec<Followup>>, GlpiError> {
        let mut followups = Vec::with_capacity(ids.len());
        for some in ids.chunks(ITEMS_PER_CALL) {
            let items: Vec<_> = some.iter().map(|id| ("ITILFollowup", id.get())).collect();
            match self.several::<Followup>(&Call::items(&items)).await {
                Ok(rows) => followups.extend(rows),
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(followups))
    }

    async fn several<T: serde::de::DeserializeOwned>(&self, call: &Call<'_>) -> Result<Vec<T>, GlpiError> {
        serde_json::from_value(self.call(call).await?).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }
}
