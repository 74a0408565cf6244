//! The rows of a search for tickets, a page a call.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Glpi,
    criteria::SearchAnswer,
    error::{GlpiError, Trouble},
    excerpt::EXCERPT,
    exchange::Call,
};

/// Rows of one page.
pub(super) const PAGE: usize = 200;
/// Rows of one page for a caller that looks at many tickets: GLPI takes 0.1 s for 200 rows and 0.4 s for 2000. One that cannot gather so
/// much, because of its memory, is asked for less.
pub const LARGE_PAGE: usize = 2000;

/// Some of the rows that a search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage<T> {
    /// They, in the order that was asked for.
    pub rows: Vec<T>,
    /// How many there are on all pages, where GLPI says so.
    pub total: Option<u64>,
    /// Whether there are none behind.
    pub is_last: bool,
}

impl Glpi {
    /// What a search for tickets finds; of each of their texts, so many bytes at most.
    pub(super) async fn search<T: DeserializeOwned>(
        &self,
        query: &Value,
        longest: usize,
    ) -> Result<SearchAnswer<T>, GlpiError> {
        let answer = self.call(&Call::search("Ticket", query).shortened(longest)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// The rows from one on and before another.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        query: &Value,
        from: usize,
        to: usize,
    ) -> Result<FoundPage<T>, GlpiError> {
        let mut query = query.clone();
        query["range"] = json!(format!("{from}-{}", to - 1));
        match self.search(&query, EXCERPT).await {
            // the page after the last, where their number is a multiple of a page's
            Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => {
                Ok(FoundPage { rows: Vec::new(), total: None, is_last: true })
            }
            answer => {
                let SearchAnswer { data: rows, totalcount: total } = answer?;
                let is_last = rows.len() < to - from || total.is_some_and(|total| total <= to as u64);
                Ok(FoundPage { rows, total, is_last })
            }
        }
    }

    /// So many rows from one on. A GLPI that cannot gather so many, because of its memory, is asked for fewer, now and by
    /// this `size` later.
    pub(super) async fn page_or_less<T: DeserializeOwned>(
        &self,
        query: &Value,
        from: usize,
        size: &mut usize,
    ) -> Result<FoundPage<T>, GlpiError> {
        loop {
            match self.page(query, from, from + *size).await {
                Err(GlpiError::Unavailable { why: Trouble::Status(_) | Trouble::Unexpected, .. }) if *size > PAGE => {
                    *size = PAGE;
                }
                page => return page,
            }
        }
    }
}
