//! Whether new tickets have their requesters: asked of many in one search.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    criteria::{SearchAnswer, equals_any},
    exchange::Call,
    joint_read::JointRead,
    wire,
};
use crate::id::{TicketId, UserId};

/// Tickets of one search.
const MOST: usize = 100;

/// A ticket whose requesters are asked for.
#[derive(Clone)]
pub(super) struct RequestersOf(pub(super) TicketId);

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

    fn fits(these: &[&Self], _: &Self) -> bool {
        these.len() < MOST
    }

    fn call(these: &[&Self]) -> Call<'static> {
        let ids = equals_any(2, these.iter().map(|Self(ticket)| ticket.get()));
        let range = format!("0-{}", MOST - 1);
        Call::search("Ticket", &json!({ "criteria": [ids], "forcedisplay": [2, 4], "range": range }))
    }

    fn read(_: &[&Self], answer: Value) -> Option<Self::Answer> {
        let rows: SearchAnswer<Row> = serde_json::from_value(answer).ok()?;
        Some(rows.data.into_iter().map(|row| (row.id, !row.requesters.is_empty())).collect())
    }
}
