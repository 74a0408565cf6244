//! Whose addresses are: of one alone GLPI gives a list, of many a search.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    criteria::{SearchAnswer, contains_any},
    exchange::Call,
    joint_read::JointRead,
    lists::{PAGE, exactly},
    wire,
};
use crate::id::UserId;

/// Addresses of one search.
const MOST: usize = 50;

/// An address whose accounts are asked for.
#[derive(Clone)]
pub(super) struct AccountsAt(pub(super) String);

/// The accounts of addresses, and of each whether the address is the one GLPI writes to, where that was told. Addresses
/// are in lower case.
#[derive(Default)]
pub(super) struct Found(BTreeMap<String, BTreeMap<UserId, Option<bool>>>);

/// A row of `UserEmail`; those of an account that is gone stay.
#[derive(Deserialize)]
pub(super) struct UserEmail {
    #[serde(deserialize_with = "wire::number")]
    pub(super) id: u64,
    #[serde(default, deserialize_with = "wire::flag")]
    pub(super) is_default: bool,
    #[serde(deserialize_with = "wire::number")]
    users_id: UserId,
    #[serde(deserialize_with = "wire::text")]
    pub(super) email: String,
}

/// An account as the search shows it: options 2 its id, 5 its addresses that are searched for.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    id: UserId,
    #[serde(rename = "5", default, deserialize_with = "wire::texts")]
    addresses: Vec<String>,
}

impl Found {
    /// The accounts of this address, whatever its case, the oldest first.
    pub(super) fn at(&self, address: &str) -> impl Iterator<Item = (UserId, Option<bool>)> {
        let accounts = self.0.get(&address.to_lowercase());
        accounts.into_iter().flatten().map(|(id, is_default)| (*id, *is_default))
    }

    fn add(&mut self, address: &str, account: UserId, is_default: Option<bool>) {
        let known = self.0.entry(address.to_lowercase()).or_default().entry(account).or_default();
        *known = (*known).max(is_default);
    }
}

impl JointRead for AccountsAt {
    type Answer = Found;
    const AT_ONCE: usize = 2;

    fn fits(these: &[&Self], _: &Self) -> bool {
        these.len() < MOST
    }

    fn call(these: &[&Self]) -> Call<'static> {
        if let [Self(address)] = these {
            return Call::get("UserEmail", exactly("email", address));
        }
        let addresses = contains_any(5, these.iter().map(|Self(address)| address.as_str()));
        let range = format!("0-{}", PAGE - 1);
        Call::search("User", &json!({ "criteria": [addresses], "forcedisplay": [2, 5], "range": range }))
    }

    fn read(these: &[&Self], answer: Value) -> Option<Self::Answer> {
        let mut found = Found::default();
        if these.len() == 1 {
            for row in serde_json::from_value::<Vec<UserEmail>>(answer).ok()? {
                found.add(&row.email, row.users_id, Some(row.is_default));
            }
        } else {
            for row in serde_json::from_value::<SearchAnswer<Row>>(answer).ok()?.data {
                for address in &row.addresses {
                    found.add(address, row.id, None);
                }
            }
        }
        Some(found)
    }
}
