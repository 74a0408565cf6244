//! Changing a ticket that is there.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::{CategoryId, TicketId};

use super::criteria::query;
use super::error::GlpiError;
use super::exchange::Call;
use super::{Criterion, Glpi, TicketStatus, wire};

/// What is to be changed of a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The description, as sanitised HTML.
    pub content_html: Option<String>,
    /// `ITILCategory` id.
    pub category: Option<CategoryId>,
    /// Its status.
    pub status: Option<TicketStatus>,
    /// Whether its last solution counts as accepted (`ParentStatus::updateParentStatus`).
    pub accepted: bool,
    /// When it was taken in charge.
    pub taken: Option<TakenInCharge>,
}

/// When a ticket was taken in charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenInCharge {
    /// The moment, in GLPI's time zone.
    pub at: DateTime,
    /// Seconds from its opening until then, at least one: GLPI takes 0 for «not yet».
    pub after: u64,
}

impl Glpi {
    /// Changes fields of a ticket. GLPI tells nobody of it, and it does not count as taking the ticket in charge by itself.
    pub async fn amend_ticket(&self, ticket: TicketId, changes: &Amendment) -> Result<(), GlpiError> {
        let mut input = json!({ "_do_not_compute_takeintoaccount": 1, "_disablenotif": true });
        if let Some(content) = &changes.content_html {
            input["content"] = json!(content);
        }
        if let Some(category) = changes.category {
            input["itilcategories_id"] = json!(category);
        }
        if let Some(status) = changes.status {
            input["status"] = json!(status.number());
        }
        if changes.accepted {
            input["_accepted"] = json!(true);
        }
        if let Some(TakenInCharge { at, after }) = changes.taken {
            // As `Ticket::updateDateMod` writes it.
            input["takeintoaccount_delay_stat"] = json!(after);
            input["takeintoaccountdate"] = json!(at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        }
        self.call(&Call::update(format!("Ticket/{ticket}"), &input)).await.map(drop)
    }

    /// Adds a solution of the service account: the ticket is solved, or closed where GLPI closes at once. GLPI tells
    /// nobody of it (`_disablenotif`).
    ///
    /// # Errors
    ///
    /// As for any write; [`GlpiError::Denied`] where the ticket cannot be solved.
    pub async fn solve(&self, ticket: TicketId, content_html: &str) -> Result<(), GlpiError> {
        let input = json!({
            "itemtype": "Ticket", "items_id": ticket, "content": content_html, "_disablenotif": true,
            "_do_not_compute_takeintoaccount": 1,
        });
        self.add("ITILSolution", &input, &[]).await.map(drop)
    }

    /// Takes back that somebody took the ticket in charge: GLPI counts as that every act of an account that
    /// may work on tickets, also where it removes an actor or rewrites a follow-up, and has no way to forbid
    /// it there as [`Glpi::add_groups`] does.
    pub async fn untake(&self, ticket: TicketId) -> Result<(), GlpiError> {
        self.untake_all(&[ticket]).await
    }

    /// The same of several tickets, in one call.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where GLPI does it for some of them only, or for none.
    pub async fn untake_all(&self, tickets: &[TicketId]) -> Result<(), GlpiError> {
        let input = |ticket: &TicketId| {
            json!({
                "id": ticket,
                "takeintoaccount_delay_stat": 0,
                // or this very update would count
                "_do_not_compute_takeintoaccount": 1,
                "_disablenotif": true,
            })
        };
        let inputs = tickets.iter().map(input).collect();
        self.call(&Call::update("Ticket".to_owned(), &Value::Array(inputs))).await.map(drop)
    }

    /// Those of these tickets that somebody has taken in charge, in one search.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn taken_in_charge(&self, tickets: &[TicketId]) -> Result<BTreeSet<TicketId>, GlpiError> {
        /// Number, and seconds until it was taken in charge: `Ticket::rawSearchOptions`.
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "2", deserialize_with = "wire::number")]
            id: TicketId,
            #[serde(rename = "150", default, deserialize_with = "wire::number")]
            taken_after: u64,
        }
        let these = Criterion::Any(tickets.iter().copied().map(Criterion::Id).collect());
        let found = self.page::<Row>(&query(&[these], &[2, 150], (2, "ASC")), 0, tickets.len()).await?;
        Ok(found.rows.into_iter().filter(|row| row.taken_after > 0).map(|row| row.id).collect())
    }
}
