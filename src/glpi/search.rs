//! Tickets by who asked, who has them, their status and their dates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::DateTime;
use serde::Deserialize;

use crate::id::{TicketId, UserId};

use super::criteria::{SHOWN, SURVEYED, query};
use super::error::GlpiError;
use super::joint_read::ask_alone;
use super::markers::{MARKERS_PER_SEARCH, MarkerSearch};
use super::pages::{FoundPage, LARGE_PAGE, PAGE};
use super::{Criterion, FoundTicket, Glpi, TicketStatus, wire};

/// Tickets in GLPI's bin of one search at most.
const MOST_BINNED: usize = 400;

/// A ticket as a search shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TicketSummary {
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
    /// 1 incident, 2 request.
    #[serde(rename = "14", default, deserialize_with = "wire::number")]
    pub kind: u64,
    /// 1 to 5.
    #[serde(rename = "10", default, deserialize_with = "wire::number")]
    pub urgency: u64,
    /// The category's full path; empty for none.
    #[serde(rename = "7", default, deserialize_with = "wire::text")]
    pub category: String,
    /// The full paths of the assigned groups.
    #[serde(rename = "8", default, deserialize_with = "wire::texts")]
    pub groups: Vec<String>,
    /// The addresses of its requesters without account.
    #[serde(rename = "34", default, deserialize_with = "wire::texts")]
    pub addresses: Vec<String>,
    /// The assigned accounts.
    #[serde(rename = "5", default, deserialize_with = "wire::ids")]
    pub technicians: Vec<UserId>,
    /// Seconds after which someone took it into account, 0 while nobody did; GLPI counts an assigned
    /// account's first act.
    #[serde(rename = "150", default, deserialize_with = "wire::number")]
    pub taken_after: u64,
    /// Seconds for which it was pending, or solved before it was opened again, without the present wait.
    #[serde(rename = "153", default, deserialize_with = "wire::number")]
    pub waited: u64,
    /// Why it is pending, in GLPI's words; empty where that is not said, and before GLPI 10.
    #[serde(rename = "400", default, deserialize_with = "wire::text")]
    pub pending_reason: String,
    /// When it was opened, in GLPI's time zone.
    #[serde(rename = "15", default, deserialize_with = "wire::date")]
    pub opened: Option<DateTime>,
    /// When it was changed last, in GLPI's time zone.
    #[serde(rename = "19", default, deserialize_with = "wire::date")]
    pub modified: Option<DateTime>,
    /// When it was solved last, in GLPI's time zone.
    #[serde(rename = "17", default, deserialize_with = "wire::date")]
    pub solved: Option<DateTime>,
    /// When it was closed, in GLPI's time zone.
    #[serde(rename = "16", default, deserialize_with = "wire::date")]
    pub closed: Option<DateTime>,
}

impl TicketSummary {
    /// Whether somebody has taken it in charge: it is assigned to an account, or GLPI counts somebody's first act.
    pub fn is_taken(&self) -> bool {
        !self.technicians.is_empty() || self.taken_after > 0
    }
}

/// In which order tickets are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// As they were made.
    OldestFirst,
    /// What was changed last comes first.
    LastChangedFirst,
}

impl Glpi {
    /// The tickets that meet all criteria, newest first, at most `most`. Those in GLPI's bin are not found.
    pub async fn search_tickets(&self, criteria: &[Criterion], most: usize) -> Result<Vec<TicketSummary>, GlpiError> {
        let mut found = BTreeMap::new();
        self.pages(criteria, "DESC", most, |row| drop(found.insert(row.id, row))).await?;
        Ok(found.into_values().rev().collect())
    }

    /// As [`Glpi::search_tickets`], the oldest first: where there are more than `most`, the newest are left out.
    pub async fn oldest_tickets(&self, criteria: &[Criterion], most: usize) -> Result<Vec<TicketSummary>, GlpiError> {
        let mut found = BTreeMap::new();
        self.pages(criteria, "ASC", most, |row| drop(found.insert(row.id, row))).await?;
        Ok(found.into_values().collect())
    }

    async fn pages(
        &self,
        criteria: &[Criterion],
        order: &str,
        most: usize,
        mut each: impl FnMut(TicketSummary),
    ) -> Result<(), GlpiError> {
        let base = query(criteria, &SHOWN, (2, order));
        for from in (0..most).step_by(PAGE) {
            let upto = most.min(from + PAGE);
            let FoundPage { rows, is_last, .. } = self.page::<TicketSummary>(&base, from, upto).await?;
            rows.into_iter().for_each(&mut each);
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Hands over each ticket that meets all criteria, at most about `most`, with the few things of it that who looks at
    /// many needs: no title, kind, urgency nor address. Some may come twice. It ends after a page of which `each` says of
    /// none that it goes on. Says whether there were no more than `most`.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn survey_tickets(
        &self,
        criteria: &[Criterion],
        most: usize,
        sorting: Sorting,
        mut each: impl FnMut(TicketSummary) -> bool,
    ) -> Result<bool, GlpiError> {
        let base = match sorting {
            Sorting::OldestFirst => query(criteria, &SURVEYED, (2, "ASC")),
            Sorting::LastChangedFirst => query(criteria, &SURVEYED, (19, "DESC")),
        };
        let (mut from, mut size) = (0, LARGE_PAGE);
        while from < most {
            let FoundPage { rows, is_last, .. } = self.page_or_less::<TicketSummary>(&base, from, &mut size).await?;
            let mut goes_on = false;
            for row in rows {
                goes_on |= each(row);
            }
            if is_last || !goes_on {
                return Ok(true);
            }
            from += size;
        }
        Ok(false)
    }

    /// The tickets that meet all criteria; `None` where there are more than `most`.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn tickets_that(
        &self,
        criteria: &[Criterion],
        most: usize,
    ) -> Result<Option<BTreeSet<TicketId>>, GlpiError> {
        let base = query(criteria, &[2], (2, "DESC"));
        let mut found = BTreeSet::new();
        for from in (0..most).step_by(LARGE_PAGE) {
            let FoundPage { rows, is_last, .. } = self.page::<TicketSummary>(&base, from, from + LARGE_PAGE).await?;
            found.extend(rows.iter().map(|row| row.id));
            if is_last {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Hands over each ticket that meets this, newest first, with the beginning of its description, at most about `most`;
    /// says whether these were all. Those in GLPI's bin are not found.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn openings(
        &self,
        criterion: Criterion,
        most: usize,
        mut each: impl FnMut(FoundTicket),
    ) -> Result<bool, GlpiError> {
        let (mut below, mut known, mut size) = (Criterion::ANY_NUMBER, 0, LARGE_PAGE);
        while known < most {
            let base = query(&[criterion.clone(), below], &[2, 15, 21], (2, "DESC"));
            // By number and not by row: what is made or deleted meanwhile moves no ticket out of sight.
            let FoundPage { rows, is_last, .. } = self.page_or_less::<FoundTicket>(&base, 0, &mut size).await?;
            let Some(last) = rows.last() else { return Ok(true) };
            below = Criterion::Below(last.id);
            known += rows.len();
            rows.into_iter().for_each(&mut each);
            if is_last {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The tickets in GLPI's bin whose description holds any of these markers, at most 400, opened in the last `hours` hours;
    /// as [`Glpi::tickets_containing`], which finds the others.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn binned_tickets_containing(&self, markers: &[&str], hours: u32) -> Result<Vec<FoundTicket>, GlpiError> {
        let mut tickets = Vec::new();
        for markers in markers.chunks(MARKERS_PER_SEARCH) {
            let says = markers.iter().map(|&marker| Criterion::Says(marker.to_owned())).collect();
            let criteria = [Criterion::OpenedWithin(hours), Criterion::Any(says)];
            let mut base = query(&criteria, &[1, 2, 12, 15, 21], (2, "DESC"));
            base["is_deleted"] = serde_json::json!(1);
            let FoundPage { rows, .. } = self.page::<FoundTicket>(&base, 0, MOST_BINNED).await?;
            tickets.extend(rows);
        }
        Ok(tickets)
    }

    /// The tickets whose description begins with any of these markers, within its first eight kilobytes, opened in the
    /// last `hours` hours, newest first, at most 400 for 120 markers. Deleted ones (in GLPI's bin) are not found.
    ///
    /// A marker is ASCII letters, digits and `-` (GLPI encodes much else before storing it). The
    /// date bound makes this fast: GLPI has an index on the date, none on the content.
    pub async fn tickets_containing(&self, markers: &[&str], hours: u32) -> Result<Vec<FoundTicket>, GlpiError> {
        self.tickets_containing_among(markers, hours, 1).await
    }

    /// The same, where so many are about to search at this moment, this one included.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn tickets_containing_among(
        &self,
        markers: &[&str],
        hours: u32,
        expected: usize,
    ) -> Result<Vec<FoundTicket>, GlpiError> {
        let mut tickets: Vec<FoundTicket> = Vec::new();
        for markers in markers.chunks(MARKERS_PER_SEARCH) {
            let words = markers.iter().map(|&marker| marker.to_owned()).collect();
            let search = MarkerSearch { markers: words, hours, expected };
            let found = self.shared.marker_searches.ask_together(&self.connection, search.clone()).await?;
            let found = if found.is_full { Arc::new(ask_alone(&self.connection, &search).await?) } else { found };
            // MySQL minds neither case nor accents.
            let holds_one = |ticket: &&FoundTicket| markers.iter().any(|marker| ticket.content.contains(marker));
            tickets.extend(found.tickets.iter().filter(holds_one).cloned());
        }
        tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.id));
        tickets.dedup_by_key(|ticket| ticket.id);
        Ok(tickets)
    }
}
