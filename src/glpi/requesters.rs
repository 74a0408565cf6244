//! Whether new tickets have their requesters: asked of many in one search.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ActorRole, Glpi, Shared,
    error::GlpiError,
    exchange::Call,
    joint_read::{JointRead, Reads},
    search::equals_any,
    wire,
};
use crate::id::{TicketId, UserId};

/// Tickets of one search.
const MOST: usize = 100;

/// A ticket whose requesters are asked for.
#[derive(Clone)]
pub(super) struct RequestersOf(TicketId);

/// A ticket as the search shows it: options 2 its id, 4 the accounts that asked for it.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    id: TicketId,
    #[serde(rename = "4", default, deserialize_with = "wire::ids")]
    requesters: Vec<UserId>,
}

impl JointRead for RequestersOf {
    type Answer = BTreeMap<TicketId, bool>;
    const AT_ONCE: usize = 1;

    fn waiting(shared: &Shared) -> &Reads<Self> {
        &shared.requesters
    }

    fn fits(these: &[&Self], _: &Self) -> bool {
        these.len() < MOST
    }

    fn call(these: &[&Self]) -> Call<'static> {
        let ids = equals_any(2, these.iter().map(|Self(ticket)| ticket.get()));
        let range = format!("0-{}", MOST - 1);
        Call::search("Ticket", &json!({ "criteria": [ids], "forcedisplay": [2, 4], "range": range }))
    }

    fn read(_: &[&Self], answer: Value) -> Option<Self::Answer> {
        let rows: wire::SearchAnswer<Row> = serde_json::from_value(answer).ok()?;
        Some(rows.data.into_iter().map(|row| (row.id, !row.requesters.is_empty())).collect())
    }
}

impl Glpi {
    /// Whether an account is among the requesters of a ticket.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn has_requester(&self, ticket: TicketId) -> Result<bool, GlpiError> {
        match self.ask_together(RequestersOf(ticket)).await?.get(&ticket) {
            Some(has_one) => Ok(*has_one),
            // A search does not show every ticket, one in the bin for instance.
            None => Ok(self.ticket_users(ticket).await?.iter().any(|user| user.role == ActorRole::Requester)),
        }
    }
}
