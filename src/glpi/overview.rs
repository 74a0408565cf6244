//! One ticket with its people, in one search.

use serde::Deserialize;
use serde_json::Value;

use crate::id::{TicketId, UserId};

use super::criteria::{SHOWN, SearchAnswer, query};
use super::error::GlpiError;
use super::excerpt::EXCERPT;
use super::pages::FoundPage;
use super::requesters::RequestersOf;
use super::{ActorRole, Criterion, Glpi, Requester, TicketStatus, TicketSummary, wire};

/// Search options of a ticket: 4 the accounts that asked for it, 39 what became of its last solution.
const MORE: [u64; 2] = [4, 39];

/// A ticket as a search shows it alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TicketOverview {
    /// The ticket, with its whole description.
    #[serde(flatten)]
    pub summary: TicketSummary,
    /// The accounts among its requesters.
    #[serde(rename = "4", default, deserialize_with = "wire::ids")]
    pub requesters: Vec<UserId>,
    /// What became of its last solution; `None` where GLPI does not say.
    #[serde(rename = "39", default, deserialize_with = "said")]
    last_solution: Option<Value>,
}

impl TicketOverview {
    /// Whether it has a solution, or may have one.
    pub fn may_have_solution(&self) -> bool {
        !matches!(&self.last_solution, Some(Value::Null))
            && !matches!(&self.last_solution, Some(Value::String(text)) if text.is_empty())
    }
}

impl Glpi {
    /// A ticket with its people; `None` for one that a search does not show, as one in the bin.
    pub async fn overview(&self, ticket: TicketId) -> Result<Option<TicketOverview>, GlpiError> {
        let query = query(&[Criterion::Id(ticket)], &[&SHOWN[..], &MORE].concat(), (2, "ASC"));
        let rows: SearchAnswer<TicketOverview> = self.search(&query, usize::MAX).await?;
        Ok(rows.data.into_iter().find(|row| row.summary.id == ticket))
    }

    /// The newest tickets among those below this number (all, without) that were opened in the last `hours` hours, each with
    /// its people and the beginning of its description, at most `size`: one call. Those in GLPI's bin are not found. A GLPI
    /// that cannot gather so many is asked for fewer, now and by this `size` later.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn overviews_of_hours(
        &self,
        hours: u32,
        below: Option<TicketId>,
        size: &mut usize,
    ) -> Result<FoundPage<TicketOverview>, GlpiError> {
        let criteria = [Criterion::OpenedWithin(hours), below.map_or(Criterion::ANY_NUMBER, Criterion::Below)];
        // By number and not by row: what is made or deleted meanwhile moves no ticket out of sight.
        self.page_or_less(&query(&criteria, &[&SHOWN[..], &MORE].concat(), (2, "DESC")), 0, size).await
    }

    /// The last tickets of these categories, full paths, that are solved or closed and that this account wrote (whoever,
    /// without): the newest first, at most so many, each with the beginning of its description. One call.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn last_solved(
        &self,
        categories: &[String],
        writer: Option<UserId>,
        most: usize,
    ) -> Result<Vec<TicketOverview>, GlpiError> {
        let any = Criterion::Any(categories.iter().cloned().map(Criterion::Category).collect());
        let over = Criterion::Status(vec![TicketStatus::Solved, TicketStatus::Closed]);
        let mut criteria = vec![any, over];
        criteria.extend(writer.map(Criterion::Writer));
        let mut query = query(&criteria, &[&SHOWN[..], &MORE].concat(), (2, "DESC"));
        query["range"] = serde_json::json!(format!("0-{}", most.max(1) - 1));
        let rows: SearchAnswer<TicketOverview> = self.search(&query, EXCERPT).await?;
        Ok(rows.data)
    }

    /// Whether one of a ticket's requesters is somebody, known by this account or without one by this address, in lower
    /// case.
    ///
    /// # Errors
    ///
    /// As for any read: a ticket that has accounts among its requesters and the address besides is read, for GLPI may
    /// write to one of them at that address.
    pub async fn is_requester(
        &self,
        ticket: &TicketOverview,
        account: Option<UserId>,
        address: &str,
    ) -> Result<bool, GlpiError> {
        if account.is_some_and(|account| ticket.requesters.contains(&account)) {
            return Ok(true);
        }
        if !ticket.summary.addresses.iter().any(|other| other.to_lowercase() == address) {
            return Ok(false);
        }
        if ticket.requesters.is_empty() {
            return Ok(true);
        }
        let people = self.ticket_users(ticket.summary.id).await?;
        Ok(people.iter().any(|person| {
            person.role == ActorRole::Requester
                && matches!(&person.who, Requester::Email(other) if other.to_lowercase() == address)
        }))
    }

    /// Whether an account is among the requesters of a ticket.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn has_requester(&self, ticket: TicketId) -> Result<bool, GlpiError> {
        match self.shared.requesters.ask_together(&self.connection, RequestersOf(ticket)).await?.get(&ticket) {
            Some(has_one) => Ok(*has_one),
            // A search does not show every ticket, one in the bin for instance.
            None => Ok(self.ticket_users(ticket).await?.iter().any(|user| user.role == ActorRole::Requester)),
        }
    }
}

/// What a search says, be it that there is nothing.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
