//! Tickets as figures count them: all there are, in pages, each with the few columns that say something of it.

use jiff::civil::DateTime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Criterion, Followup, Glpi, Said, Solution, SolutionStatus, TicketStatus,
    criteria::query,
    error::GlpiError,
    excerpt::{EXCERPT, NO_TEXT},
    lists::{MOST_ROWS, PAGE, page},
    pages::{FoundPage, LARGE_PAGE},
    wire,
};
use crate::id::{TicketId, UserId};

/// Search options of a ticket: 9 how it came in, 80 its entity; for the others see `criteria`. Requesters (4) cost GLPI 2.5 ms each,
/// and tell where a ticket is from that the gateway did not make.
const COUNTED: [u64; 16] = [1, 2, 4, 7, 8, 9, 12, 15, 16, 17, 19, 21, 34, 80, 150, 153];

/// A ticket as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct CountedTicket {
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
    /// The category's full path; empty for none.
    #[serde(rename = "7", default, deserialize_with = "wire::text")]
    pub category: String,
    /// The full paths of the assigned groups.
    #[serde(rename = "8", default, deserialize_with = "wire::texts")]
    pub groups: Vec<String>,
    /// How it came in, in GLPI's words.
    #[serde(rename = "9", default, deserialize_with = "wire::text")]
    pub source: String,
    /// The accounts that asked for it.
    #[serde(rename = "4", default, deserialize_with = "wire::ids")]
    pub requesters: Vec<UserId>,
    /// The addresses of its requesters without account.
    #[serde(rename = "34", default, deserialize_with = "wire::texts")]
    pub addresses: Vec<String>,
    /// Its entity's full path.
    #[serde(rename = "80", default, deserialize_with = "wire::text")]
    pub entity: String,
    /// Seconds after which someone took it into account, 0 while nobody did.
    #[serde(rename = "150", default, deserialize_with = "wire::number")]
    pub taken_after: u64,
    /// Seconds for which it was pending, or solved before it was opened again.
    #[serde(rename = "153", default, deserialize_with = "wire::number")]
    pub waited: u64,
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

/// A ticket of which nothing else is asked.
#[derive(Deserialize)]
struct NumberedTicket {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    id: TicketId,
}

impl Glpi {
    /// The newest tickets among those below this number (all, without), that were changed after a moment (whenever,
    /// without), at most `size`: one call, whose cost does not grow with the pages before. Those in GLPI's bin are not
    /// found. A GLPI that cannot gather so many, because of its memory, is asked for fewer, now and by this `size` later.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn counted_tickets(
        &self,
        below: Option<TicketId>,
        changed_after: Option<DateTime>,
        size: &mut usize,
    ) -> Result<FoundPage<CountedTicket>, GlpiError> {
        let mut criteria = vec![below.map_or(Criterion::ANY_NUMBER, Criterion::Below)];
        criteria.extend(changed_after.map(Criterion::ModifiedAfter));
        self.page_or_less(&query(&criteria, &COUNTED, (2, "DESC")), 0, size).await
    }

    /// How many tickets there are, those in GLPI's bin left out; `None` where GLPI does not say.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn ticket_total(&self) -> Result<Option<usize>, GlpiError> {
        let query = query(&[Criterion::ANY_NUMBER], &[2], (2, "DESC"));
        let total = self.page::<NumberedTicket>(&query, 0, 1).await?.total;
        Ok(total.and_then(|total| usize::try_from(total).ok()))
    }

    /// The newest numbers of tickets among those below this one, as [`Glpi::counted_tickets`].
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn ticket_numbers(
        &self,
        below: Option<TicketId>,
        size: &mut usize,
    ) -> Result<(Vec<TicketId>, bool), GlpiError> {
        let criteria = [below.map_or(Criterion::ANY_NUMBER, Criterion::Below)];
        let page = self.page_or_less::<NumberedTicket>(&query(&criteria, &[2], (2, "DESC")), 0, size).await?;
        Ok((page.rows.iter().map(|ticket| ticket.id).collect(), page.is_last))
    }

    /// The tickets in GLPI's bin that were changed after a moment, a page of them: what is put there is changed then.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn tickets_binned_after(&self, moment: DateTime) -> Result<Vec<TicketId>, GlpiError> {
        let mut query = query(&[Criterion::ModifiedAfter(moment)], &[2], (2, "DESC"));
        query["is_deleted"] = serde_json::json!(1);
        let page = self.page::<NumberedTicket>(&query, 0, LARGE_PAGE).await?;
        Ok(page.rows.iter().map(|ticket| ticket.id).collect())
    }

    /// All solutions that were refused, without their texts; nothing where the account may not read them.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn refused_solutions(&self) -> Result<Vec<Said<Solution>>, GlpiError> {
        self.said_with("ITILSolution", ("status", SolutionStatus::REFUSED), NO_TEXT).await
    }

    /// The follow-ups of tickets that hold this (ASCII without what HTML encodes), each with the beginning of its text;
    /// nothing where the account may not read them.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn followups_that_say(&self, text: &str) -> Result<Vec<Said<Followup>>, GlpiError> {
        self.said_with("ITILFollowup", ("content", text), EXCERPT).await
    }

    /// What is said in tickets and has a field of this pattern: the newest, at most [`MOST_ROWS`]; the log says so
    /// where that is not all.
    async fn said_with<T: DeserializeOwned>(
        &self,
        item_type: &str,
        (field, pattern): (&str, &str),
        longest: usize,
    ) -> Result<Vec<Said<T>>, GlpiError> {
        let mut said = Vec::new();
        for from in (0..MOST_ROWS).step_by(PAGE) {
            let mut query = page(from);
            query.push((format!("searchText[{field}]"), pattern.to_owned()));
            query.push(("order".to_owned(), "DESC".to_owned()));
            let found: Vec<Value> = match self.get_excerpts(item_type, query, longest).await {
                // Behind the last, or not shown to this account.
                Err(GlpiError::Denied { .. } | GlpiError::Rejected { .. } | GlpiError::NotFound) => Vec::new(),
                found => found?,
            };
            let is_last = found.len() < PAGE;
            // Of each page no more is kept than is meant: what JSON has beside that would take several times as much.
            let of_tickets = found.into_iter().filter(|row| row["itemtype"] == "Ticket");
            said.extend(of_tickets.filter_map(|row| serde_json::from_value(row).ok()));
            if is_last {
                break;
            }
            if from + PAGE == MOST_ROWS {
                tracing::warn!(
                    item_type,
                    field,
                    most = MOST_ROWS,
                    "GLPI has more of these than are read; the newest count"
                );
            }
        }
        Ok(said)
    }
}
