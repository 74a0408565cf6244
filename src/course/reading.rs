//! The time of many tickets at once: read from GLPI in two calls, and remembered as long as the tickets are not changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, civil::DateTime};

use super::past::Past;
use crate::{
    glpi::{Followup, Glpi, GlpiError, Happening, TicketChange, TicketSummary},
    id::{FollowupId, TicketId},
    remembered::Remembered,
    working_time::Calendar,
};

/// Tickets whose time is remembered.
const MOST: u64 = 10_000;
const KEPT: Duration = Duration::from_hours(12);
/// GLPI's dates have seconds: of one that was changed a moment ago, another change may bear the same date.
const SETTLED: Duration = Duration::from_secs(10);

/// The time of tickets, as it was read lately.
pub struct Pasts {
    calendar: Arc<Calendar>,
    known: Remembered<(TicketId, DateTime), Arc<Past>>,
}

impl Pasts {
    /// Nothing is known yet; `calendar` knows what moment a date of GLPI means.
    pub fn new(calendar: Arc<Calendar>) -> Self {
        Self { calendar, known: Remembered::new(MOST, KEPT) }
    }

    /// What is known of these tickets, read where it is not: two calls, or two for each two hundred. One that is deleted
    /// in the meantime may be left out.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn of(
        &self,
        glpi: &Glpi,
        tickets: &[&TicketSummary],
    ) -> Result<BTreeMap<TicketId, Arc<Past>>, GlpiError> {
        let (mut found, mut unknown) = (BTreeMap::new(), Vec::new());
        for &ticket in tickets {
            let known = match ticket.modified {
                Some(modified) => self.known.get(&(ticket.id, modified)).await,
                None => None,
            };
            match known {
                Some(past) => drop(found.insert(ticket.id, past)),
                None => unknown.push(ticket),
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let ids: Vec<TicketId> = unknown.iter().map(|ticket| ticket.id).collect();
        let mut histories = glpi.histories(&ids).await?;
        let written: Vec<FollowupId> = histories.values().flat_map(|changes| followups_in(changes)).collect();
        let mut followups: BTreeMap<FollowupId, Followup> = match glpi.followups(&written).await? {
            Some(followups) => followups.into_iter().map(|followup| (followup.id, followup)).collect(),
            // One was deleted without a word in the history.
            None => self.singly(glpi, &histories).await?,
        };
        for ticket in unknown {
            let Some(changes) = histories.remove(&ticket.id) else { continue };
            let said: Vec<_> = followups_in(&changes).iter().filter_map(|id| followups.remove(id)).collect();
            let past = Arc::new(Past::of(changes, &said));
            self.remember(ticket, &past).await;
            found.insert(ticket.id, past);
        }
        Ok(found)
    }

    /// Remembers what was read of a ticket, unless it was changed a moment ago.
    pub async fn remember(&self, ticket: &TicketSummary, past: &Arc<Past>) {
        let Some(modified) = ticket.modified else { return };
        let moment = self.calendar.moment(modified);
        let is_settled = moment.is_some_and(|moment| Timestamp::now().duration_since(moment).unsigned_abs() > SETTLED);
        if is_settled {
            self.known.insert((ticket.id, modified), Arc::clone(past)).await;
        }
    }

    async fn singly(
        &self,
        glpi: &Glpi,
        histories: &BTreeMap<TicketId, Vec<TicketChange>>,
    ) -> Result<BTreeMap<FollowupId, Followup>, GlpiError> {
        let mut followups = BTreeMap::new();
        for ticket in histories.keys() {
            let of_ticket = match glpi.ticket_followups(*ticket).await {
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Vec::new(),
                of_ticket => of_ticket?,
            };
            followups.extend(of_ticket.into_iter().map(|followup| (followup.id, followup)));
        }
        Ok(followups)
    }
}

/// The follow-ups that were written and are still there, in their order.
fn followups_in(changes: &[TicketChange]) -> Vec<FollowupId> {
    let of = |gone: bool| {
        changes.iter().filter_map(move |change| match change.what {
            Happening::Followup { id, is_gone } if is_gone == gone => Some(id),
            _ => None,
        })
    };
    let gone: BTreeSet<FollowupId> = of(true).collect();
    of(false).filter(|id| !gone.contains(id)).collect()
}
