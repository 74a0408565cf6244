//! Accounts as a search shows them: many are asked for in one.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    criteria::{SearchAnswer, equals_any},
    exchange::Call,
    joint_read::JointRead,
    wire,
};
use crate::id::UserId;

/// Accounts of one search.
pub(super) const MOST: usize = 100;

/// Accounts that are asked for by their ids.
#[derive(Clone)]
pub(super) struct ShownAccounts(pub(super) Vec<UserId>);

/// An account as a search shows it: options 1 its login, 2 its id, 5 its addresses, 6 its telephone number, 8 whether it is switched
/// on, 9 and 34 its names, 13 its groups, 62 and 63 its dates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ShownAccount {
    #[serde(rename = "1", default, deserialize_with = "wire::text")]
    pub(super) login: String,
    #[serde(rename = "2", deserialize_with = "wire::number")]
    pub(super) id: UserId,
    #[serde(rename = "8", deserialize_with = "wire::flag")]
    pub(super) is_active: bool,
    #[serde(rename = "5", default, deserialize_with = "wire::texts")]
    pub(super) addresses: Vec<String>,
    #[serde(rename = "6", default, deserialize_with = "wire::text")]
    pub(super) phone: String,
    #[serde(rename = "9", default, deserialize_with = "wire::text")]
    pub(super) first_name: String,
    #[serde(rename = "34", default, deserialize_with = "wire::text")]
    pub(super) last_name: String,
    #[serde(rename = "13", default, deserialize_with = "wire::texts")]
    pub(super) groups: Vec<String>,
    #[serde(rename = "62", default, deserialize_with = "wire::date")]
    pub(super) begins: Option<DateTime>,
    #[serde(rename = "63", default, deserialize_with = "wire::date")]
    pub(super) ends: Option<DateTime>,
}

impl JointRead for ShownAccounts {
    type Answer = BTreeMap<UserId, ShownAccount>;
    const AT_ONCE: usize = 2;

    fn fits(these: &[&Self], another: &Self) -> bool {
        these.iter().map(|asked| asked.0.len()).sum::<usize>() + another.0.len() <= MOST
    }

    fn call(these: &[&Self]) -> Call<'static> {
        let ids = equals_any(2, these.iter().flat_map(|asked| &asked.0).map(|id| id.get()));
        let columns = [2, 5, 6, 8, 9, 13, 34, 62, 63];
        let range = format!("0-{}", MOST - 1);
        Call::search("User", &json!({ "criteria": [ids], "forcedisplay": columns, "range": range }))
    }

    fn read(_: &[&Self], answer: Value) -> Option<Self::Answer> {
        let rows: SearchAnswer<ShownAccount> = serde_json::from_value(answer).ok()?;
        Some(rows.data.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// Whether a moment lies between two dates that need not be there.
pub(super) fn is_in_force(begins: Option<DateTime>, ends: Option<DateTime>, now: DateTime) -> bool {
    begins.is_none_or(|begins| begins <= now) && ends.is_none_or(|ends| ends >= now)
}
