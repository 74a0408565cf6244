//! Finding tickets by the markers in their descriptions: one search for all who look for some at the same moment.

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TicketStatus, criteria::SearchAnswer, excerpt::EXCERPT, exchange::Call, joint_read::JointRead, wire};
use crate::id::TicketId;

/// Markers of one search. `MySQL` looks at each description once for each of them.
pub(super) const MARKERS_PER_SEARCH: usize = 120;
/// What goes no farther back than this takes no long. What does, does not hold up the others. Hours.
const NEAR: u32 = 6;
/// Tickets of one search at most. A search that gives so many is made again for each caller alone.
const MOST_FOUND: usize = 400;

/// A search for tickets that hold one of a few markers.
#[derive(Clone)]
pub(super) struct MarkerSearch {
    pub(super) markers: Vec<String>,
    pub(super) hours: u32,
    /// So many are about to be made at this moment, this one included.
    pub(super) expected: usize,
}

/// What several searches found together.
pub(super) struct Found {
    pub(super) tickets: Vec<FoundTicket>,
    /// Whether there are more.
    pub(super) is_full: bool,
}

/// A ticket that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundTicket {
    /// Its id.
    #[serde(rename = "2", deserialize_with = "wire::number")]
    pub id: TicketId,
    /// Its title.
    #[serde(rename = "1", default, deserialize_with = "wire::text")]
    pub name: String,
    /// The beginning of its description, as HTML.
    #[serde(rename = "21", default, deserialize_with = "wire::text")]
    pub content: String,
    /// Its status.
    #[serde(rename = "12", default)]
    pub status: TicketStatus,
    /// When it was opened, in GLPI's time zone.
    #[serde(rename = "15", default, deserialize_with = "wire::date")]
    pub opened: Option<DateTime>,
}

impl JointRead for MarkerSearch {
    type Answer = Found;
    const AT_ONCE: usize = 2;

    fn expected(&self) -> usize {
        self.expected
    }

    fn fits(these: &[&Self], another: &Self) -> bool {
        let markers: usize = these.iter().map(|search| search.markers.len()).sum();
        let farthest = these.iter().map(|search| search.hours).fold(NEAR, u32::max);
        markers + another.markers.len() <= MARKERS_PER_SEARCH && another.hours <= farthest
    }

    fn call(these: &[&Self]) -> Call<'static> {
        Call::search("Ticket", &query(these)).shortened(EXCERPT)
    }

    fn read(these: &[&Self], answer: Value) -> Option<Found> {
        let rows: SearchAnswer<FoundTicket> = serde_json::from_value(answer).ok()?;
        Some(Found { is_full: these.len() > 1 && rows.data.len() == MOST_FOUND, tickets: rows.data })
    }
}

/// Search options of a ticket: 1 name, 2 id, 12 status, 15 opening date, 21 content.
fn query(searches: &[&MarkerSearch]) -> Value {
    let hours = searches.iter().map(|search| search.hours).max().unwrap_or_default();
    let markers = searches.iter().flat_map(|search| &search.markers);
    let each: Vec<Value> =
        markers.map(|marker| json!({ "link": "OR", "field": 21, "searchtype": "contains", "value": marker })).collect();
    json!({
        "criteria": [
            { "field": 15, "searchtype": "morethan", "value": format!("-{hours}HOUR") },
            { "link": "AND", "criteria": each },
        ],
        "forcedisplay": [1, 2, 12, 15, 21],
        "sort": 15,
        "order": "DESC",
        "range": format!("0-{}", MOST_FOUND - 1),
    })
}
