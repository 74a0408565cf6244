//! Tickets by who asked, who has them, their status and their dates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::id::{GroupId, TicketId, UserId};

use super::error::{GlpiError, Trouble};
use super::exchange::Call;
use super::{Glpi, TicketStatus, wire};

/// Rows of one page: the answer to one call.
const PAGE: usize = 200;
/// The same for who looks at many tickets: GLPI takes 0.1 s for 200 rows and 0.4 s for 2000. One that cannot gather so
/// much, because of its memory, is asked for less.
const LARGE_PAGE: usize = 2000;
/// What a list shows of a ticket, and what is enough for who looks at many of them. An option that shows the accounts of
/// a ticket costs GLPI 2.5 ms for each of them, so requesters are not among them.
pub(super) const SHOWN: [u64; 15] = [1, 2, 5, 7, 8, 10, 12, 14, 15, 16, 17, 19, 21, 34, 150];
const SURVEYED: [u64; 11] = [2, 5, 7, 8, 12, 15, 16, 17, 19, 21, 150];
/// As much of each text as is read, bytes: the gateway's own words open a ticket's content, and GLPI would send all of
/// it, megabytes for some.
const EXCERPT: usize = 8 * 1024;

/// Something a ticket must be to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criterion {
    /// It is this one.
    Id(TicketId),
    /// One of its requesters is this account.
    Requester(UserId),
    /// One of its requesters without account has nearly this address: the database minds neither case nor accents,
    /// so the caller compares [`TicketSummary::addresses`].
    Address(String),
    /// One of these groups is assigned; none of them finds none.
    AssignedTo(Vec<GroupId>),
    /// Its status is one of these.
    Status(Vec<TicketStatus>),
    /// It was changed after this moment, in GLPI's time zone.
    ModifiedAfter(DateTime),
    /// It was opened after this moment, in GLPI's time zone.
    OpenedAfter(DateTime),
    /// One of its follow-ups, private ones included, holds this: ASCII without what HTML encodes.
    FollowupSays(&'static str),
    /// One of these holds.
    Any(Vec<Criterion>),
    /// All of these hold.
    All(Vec<Criterion>),
}

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

/// In which order tickets are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// As they were made.
    OldestFirst,
    /// What was changed last comes first.
    LastChangedFirst,
}

/// A page of a search.
struct Page {
    rows: Vec<TicketSummary>,
    is_last: bool,
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
            let Page { rows, is_last } = self.page(&base, from, upto).await?;
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
            let Page { rows, is_last } = match self.page(&base, from, from + size).await {
                Err(GlpiError::Unavailable { why: Trouble::Status(_) | Trouble::Unexpected, .. }) if size > PAGE => {
                    size = PAGE;
                    continue;
                }
                rows => rows?,
            };
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
            let Page { rows, is_last } = self.page(&base, from, from + LARGE_PAGE).await?;
            found.extend(rows.iter().map(|row| row.id));
            if is_last {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What a search for tickets finds; of each of their texts, so many bytes at most.
    pub(super) async fn search<T: DeserializeOwned>(
        &self,
        query: &Value,
        longest: usize,
    ) -> Result<wire::SearchAnswer<T>, GlpiError> {
        let answer = self.call(&Call::search("Ticket", query).shortened(longest)).await?;
        serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))
    }

    /// The rows from one on and before another.
    async fn page(&self, base: &Value, from: usize, to: usize) -> Result<Page, GlpiError> {
        let mut query = base.clone();
        query["range"] = json!(format!("{from}-{}", to - 1));
        match self.search(&query, EXCERPT).await {
            // the page after the last, where their number is a multiple of a page's
            Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => {
                Ok(Page { rows: Vec::new(), is_last: true })
            }
            rows => {
                let wire::SearchAnswer { data: rows, totalcount } = rows?;
                let is_last = rows.len() < to - from || totalcount.is_some_and(|total| total <= to as u64);
                Ok(Page { rows, is_last })
            }
        }
    }
}

/// Search options of a ticket: 1 name, 2 id, 4 requester, 5 technician, 7 category, 8 assigned group, 10
/// urgency, 12 status, 14 type, 15 opening, 16 closing, 17 solution and 19 change date, 21 content, 25 text of a follow-up, 34 address
/// of a requester without account, 150 delay until taken into account.
pub(super) fn query(criteria: &[Criterion], shown: &[u64], (sort, order): (u64, &str)) -> Value {
    json!({ "criteria": linked("AND", criteria), "forcedisplay": shown, "sort": sort, "order": order })
}

/// A nested criterion: the option equals one of the values. No id is 0, so that finds nothing.
pub(super) fn equals_any(option: u64, values: impl IntoIterator<Item = u64>) -> Value {
    let equals = |value| json!({ "link": "OR", "field": option, "searchtype": "equals", "value": value });
    let mut each: Vec<Value> = values.into_iter().map(equals).collect();
    if each.is_empty() {
        each.push(equals(0));
    }
    json!({ "criteria": each })
}

/// These criteria, each linked to the others by AND or OR.
fn linked(link: &str, criteria: &[Criterion]) -> Vec<Value> {
    let each = criteria.iter().map(|criterion| {
        let mut parameters = criterion.parameters();
        parameters["link"] = json!(link);
        parameters
    });
    each.collect()
}

impl Criterion {
    fn parameters(&self) -> Value {
        let one =
            |option: u64, kind: &str, value: Value| json!({ "field": option, "searchtype": kind, "value": value });
        match self {
            Self::Id(id) => one(2, "equals", json!(id)),
            Self::Requester(user) => one(4, "equals", json!(user)),
            Self::Address(address) => one(34, "contains", json!(super::names::pattern(address))),
            Self::ModifiedAfter(moment) => one(19, "morethan", json!(written(*moment))),
            Self::OpenedAfter(moment) => one(15, "morethan", json!(written(*moment))),
            Self::FollowupSays(text) => one(25, "contains", json!(text)),
            Self::Any(these) => json!({ "criteria": linked("OR", these) }),
            Self::All(these) => json!({ "criteria": linked("AND", these) }),
            Self::AssignedTo(groups) => equals_any(8, groups.iter().map(|group| group.get())),
            Self::Status(statuses) => equals_any(12, statuses.iter().map(|status| status.number())),
        }
    }
}

fn written(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
