//! Who asked for the tickets of some categories of late.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::json;

use super::criteria::{SearchAnswer, query};
use super::error::GlpiError;
use super::excerpt::EXCERPT;
use super::{Criterion, Glpi, wire};
use crate::id::{TicketId, UserId};

/// Tickets of one page; requesters cost GLPI 2.5 ms each.
const PAGE: usize = 500;
/// Tickets that are looked at, at most, the newest.
const MOST: usize = 40 * PAGE;

/// A ticket as the search shows it: options 2 its id, 4 the accounts that asked for it, 21 its description where that is
/// asked for, 34 addresses without account.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    _id: TicketId,
    #[serde(rename = "4", default, deserialize_with = "wire::ids")]
    requesters: Vec<UserId>,
    #[serde(rename = "21", default, deserialize_with = "wire::text")]
    content: String,
    #[serde(rename = "34", default, deserialize_with = "wire::texts")]
    addresses: Vec<String>,
}

impl Glpi {
    /// The accounts, and the addresses without account, that asked for tickets of one of these categories (full paths)
    /// opened after this moment; of more than 20,000 tickets the newest. `since` is in GLPI's time zone.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn requesters_since(
        &self,
        categories: &[String],
        since: DateTime,
    ) -> Result<(BTreeSet<UserId>, BTreeSet<String>), GlpiError> {
        let criteria = [of_one_of(categories), Criterion::OpenedAfter(since)];
        self.requesters(&criteria, &[2, 4, 34], usize::MAX, |_| true).await
    }

    /// The same of those tickets alone that the service account wrote and whose description, by its beginning, counts.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn requesters_by_us_since(
        &self,
        categories: &[String],
        since: DateTime,
        counts: impl Fn(&str) -> bool,
    ) -> Result<(BTreeSet<UserId>, BTreeSet<String>), GlpiError> {
        let by_us = Criterion::Writer(self.own_account().await?);
        let criteria = [of_one_of(categories), Criterion::OpenedAfter(since), by_us];
        self.requesters(&criteria, &[2, 4, 21, 34], EXCERPT, counts).await
    }

    async fn requesters(
        &self,
        criteria: &[Criterion],
        shown: &[u64],
        longest: usize,
        counts: impl Fn(&str) -> bool,
    ) -> Result<(BTreeSet<UserId>, BTreeSet<String>), GlpiError> {
        let mut query = query(criteria, shown, (2, "DESC"));
        let (mut accounts, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        for from in (0..MOST).step_by(PAGE) {
            query["range"] = json!(format!("{from}-{}", from + PAGE - 1));
            let SearchAnswer::<Row> { data, .. } = match self.search(&query, longest).await {
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => break,
                found => found?,
            };
            let is_last = data.len() < PAGE;
            for row in data.into_iter().filter(|row| counts(&row.content)) {
                accounts.extend(row.requesters);
                addresses.extend(row.addresses);
            }
            if is_last {
                break;
            }
        }
        Ok((accounts, addresses))
    }
}

fn of_one_of(categories: &[String]) -> Criterion {
    Criterion::Any(categories.iter().map(|path| Criterion::Category(path.clone())).collect())
}
