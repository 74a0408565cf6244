//! For which entities GLPI takes accounts: of one alone it gives a list, of many a search.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Grant,
    criteria::{SearchAnswer, equals_any},
    exchange::Call,
    joint_read::JointRead,
    lists::{PAGE, whole_list},
    wire,
};
use crate::id::UserId;

/// Accounts of one search.
const MOST: usize = 100;

/// An account whose profiles are asked for. A search shows accounts by their logins.
#[derive(Clone)]
pub(super) struct GrantsOf {
    pub(super) user: UserId,
    pub(super) login: String,
}

/// What was told of profiles.
pub(super) enum Told {
    /// Of one account.
    OfOne(Vec<Grant>),
    /// Of several, each by its login.
    ByLogin(BTreeMap<String, Vec<Row>>),
}

/// A profile as the search shows it: options 5 its account's login, 80 the full path of its entity, 86 whether it counts
/// below that.
#[derive(Deserialize)]
pub(super) struct Row {
    #[serde(rename = "5", deserialize_with = "wire::text")]
    login: String,
    #[serde(rename = "80", deserialize_with = "wire::text")]
    pub(super) entity: String,
    #[serde(rename = "86", deserialize_with = "wire::flag")]
    pub(super) recursive: bool,
}

impl JointRead for GrantsOf {
    type Answer = Told;
    const AT_ONCE: usize = 2;

    /// Two accounts have the same login where they come from two directories.
    fn fits(these: &[&Self], another: &Self) -> bool {
        these.len() < MOST && !another.login.is_empty() && these.iter().all(|asked| asked.login != another.login)
    }

    fn call(these: &[&Self]) -> Call<'static> {
        if let [one] = these {
            return Call::get(format!("User/{}/Profile_User", one.user), whole_list());
        }
        let users = equals_any(5, these.iter().map(|asked| asked.user.get()));
        let range = format!("0-{}", PAGE - 1);
        Call::search("Profile_User", &json!({ "criteria": [users], "forcedisplay": [5, 80, 86], "range": range }))
    }

    fn read(these: &[&Self], answer: Value) -> Option<Self::Answer> {
        if these.len() == 1 {
            return serde_json::from_value(answer).ok().map(Told::OfOne);
        }
        let answer: SearchAnswer<Row> = serde_json::from_value(answer).ok()?;
        let mut by_login: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        // Of those that are cut off, each asks for itself.
        if answer.totalcount.is_none_or(|total| total <= PAGE as u64) {
            for row in answer.data {
                by_login.entry(row.login.clone()).or_default().push(row);
            }
        }
        Some(Told::ByLogin(by_login))
    }
}
