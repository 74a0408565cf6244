//! What was written in tickets lately, whichever they are: in few calls, where each ticket's own list would be one.

use jiff::civil::DateTime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Followup, Glpi, Solution, SolutionStatus,
    error::GlpiError,
    excerpt::{EXCERPT, NO_TEXT},
    lists::{PAGE, page},
    wire,
};
use crate::id::TicketId;

/// Rows that are read at most: who wants to know of more looks into each ticket.
const MOST: usize = 5 * PAGE;
/// As much of each text as is read, bytes as JSON writes them.
const LONGEST: usize = 64 * 1024;

/// A list of what is written in tickets, the last first by one of its dates.
struct RecentList {
    item_type: &'static str,
    date: &'static str,
    /// As much of each text as is read.
    longest: usize,
    /// What all of its rows have: a field and its pattern.
    narrowed: Option<(&'static str, &'static str)>,
}

/// Something written, and the ticket it was written in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Said<T> {
    /// The ticket.
    #[serde(rename = "items_id", deserialize_with = "wire::number")]
    pub ticket: TicketId,
    /// What was written.
    #[serde(flatten)]
    pub what: T,
}

impl Glpi {
    /// The follow-ups of all tickets that were changed at this moment or later, in GLPI's time zone. Their texts may be
    /// cut. `None` where GLPI does not say, or these are too many.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn followups_since(&self, since: DateTime) -> Result<Option<Vec<Said<Followup>>>, GlpiError> {
        let list = RecentList { item_type: "ITILFollowup", date: "date_mod", longest: LONGEST, narrowed: None };
        self.since(&list, since).await
    }

    /// The same, of each text no more than its beginning.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn followups_begun_since(&self, since: DateTime) -> Result<Option<Vec<Said<Followup>>>, GlpiError> {
        let list = RecentList { item_type: "ITILFollowup", date: "date_mod", longest: EXCERPT, narrowed: None };
        self.since(&list, since).await
    }

    /// The solutions that were written at this moment or later, as [`Glpi::followups_since`].
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn solutions_since(&self, since: DateTime) -> Result<Option<Vec<Said<Solution>>>, GlpiError> {
        let list = RecentList { item_type: "ITILSolution", date: "date_creation", longest: LONGEST, narrowed: None };
        self.since(&list, since).await
    }

    /// The solutions that were refused at this moment or later, without their texts, as [`Glpi::followups_since`]. GLPI
    /// writes a refusal beside the date of the last change, which stays what it was.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn solutions_refused_since(&self, since: DateTime) -> Result<Option<Vec<Said<Solution>>>, GlpiError> {
        let refused = ("status", SolutionStatus::REFUSED);
        let list =
            RecentList { item_type: "ITILSolution", date: "date_approval", longest: NO_TEXT, narrowed: Some(refused) };
        self.since(&list, since).await
    }

    async fn since<T: DeserializeOwned>(
        &self,
        list: &RecentList,
        since: DateTime,
    ) -> Result<Option<Vec<Said<T>>>, GlpiError> {
        let RecentList { item_type, date, longest, narrowed } = *list;
        let mut said = Vec::new();
        for from in (0..MOST).step_by(PAGE) {
            let mut query = page(from);
            query.extend([("sort", date), ("order", "DESC")].map(|(key, value)| (key.to_owned(), value.to_owned())));
            query.extend(narrowed.map(|(field, pattern)| (format!("searchText[{field}]"), pattern.to_owned())));
            let rows: Vec<Value> = match self.get_excerpts(item_type, query, longest).await {
                // Behind the last.
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" && from > 0 => Vec::new(),
                Err(GlpiError::Denied { .. } | GlpiError::Rejected { .. } | GlpiError::NotFound) => return Ok(None),
                rows => rows?,
            };
            let mut is_last = rows.len() < PAGE;
            for row in rows {
                // What has no date may be of any.
                if row[date].as_str().and_then(|date| date.parse().ok()).is_some_and(|date: DateTime| date < since) {
                    is_last = true;
                    break;
                }
                if row["itemtype"] == "Ticket" {
                    let Ok(row) = serde_json::from_value(row) else { return Ok(None) };
                    said.push(row);
                }
            }
            if is_last {
                return Ok(Some(said));
            }
        }
        Ok(None)
    }
}
