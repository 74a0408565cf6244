//! What ties tickets to each other.

use serde::Deserialize;

use crate::id::TicketId;

use super::error::GlpiError;
use super::lists::{pattern, whole_list};
use super::{Glpi, wire};

/// GLPI's `Ticket_Ticket`: kinds of links that merging makes, the plainest first.
const KINDS: [u64; 3] = [LINK_TO, SON_OF, DUPLICATE_WITH];
const LINK_TO: u64 = 1;
const DUPLICATE_WITH: u64 = 2;
const SON_OF: u64 = 3;

/// How many merges may lead from one ticket to another.
pub const LONGEST_MERGE: usize = 5;

/// A row of `Ticket_Ticket`
#[derive(Deserialize)]
struct TicketLink {
    #[serde(deserialize_with = "wire::number")]
    id: u64,
    #[serde(rename = "tickets_id_1", deserialize_with = "wire::number")]
    first: TicketId,
    #[serde(rename = "tickets_id_2", deserialize_with = "wire::number")]
    second: TicketId,
    #[serde(rename = "link", deserialize_with = "wire::number")]
    kind: u64,
}

impl Glpi {
    /// The ticket a binned one was merged into: `Ticket::merge` links it as the first one, mostly as a duplicate, and
    /// bins it. `None` where nothing says so, for an account that may not read links, too.
    pub async fn merged_into(&self, ticket: TicketId) -> Result<Option<TicketId>, GlpiError> {
        let links = self.links("tickets_id_1", ticket).await?;
        let into = links.iter().filter(|link| link.first == ticket && KINDS.contains(&link.kind));
        let best = into.max_by_key(|link| (KINDS.iter().position(|kind| *kind == link.kind), link.id));
        if let Some(link) = best {
            return Ok(Some(link.second));
        }
        // Who links two duplicates by hand begins with either.
        let links = self.links("tickets_id_2", ticket).await?;
        let into = links.iter().filter(|link| link.second == ticket && link.kind == DUPLICATE_WITH);
        Ok(into.max_by_key(|link| link.id).map(|link| link.first))
    }

    async fn links(&self, side: &str, ticket: TicketId) -> Result<Vec<TicketLink>, GlpiError> {
        let mut query = whole_list();
        query.push((format!("searchText[{side}]"), pattern(&ticket.to_string())));
        match self.get("Ticket_Ticket", query).await {
            Err(GlpiError::Denied { .. } | GlpiError::NotFound) => Ok(Vec::new()),
            rows => rows,
        }
    }
}
