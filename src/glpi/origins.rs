//! Who wrote each ticket, and when it was taken in charge: a search would name its writer at 3 ms a ticket and does not
//! have that date at all; GLPI's plain list has both.

use jiff::civil::DateTime;
use serde::Deserialize;

use super::{
    Glpi,
    error::{GlpiError, Trouble},
    excerpt::NO_TEXT,
    pages::PAGE,
    wire,
};
use crate::id::{TicketId, UserId};

/// What a plain list tells of a ticket, beside what a search does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct TicketOrigin {
    /// The ticket.
    #[serde(deserialize_with = "wire::number")]
    pub id: TicketId,
    /// The account that wrote it, which whoever makes a ticket cannot choose.
    #[serde(rename = "users_id_recipient", default, deserialize_with = "wire::number")]
    pub writer: UserId,
    /// When it was changed last, in GLPI's time zone.
    #[serde(rename = "date_mod", default, deserialize_with = "wire::date")]
    pub modified: Option<DateTime>,
    /// When somebody took it into account, in GLPI's time zone; GLPI says so since 10.0.4.
    #[serde(rename = "takeintoaccountdate", default, deserialize_with = "wire::date")]
    pub taken: Option<DateTime>,
    /// Seconds until its solution without those that it waited: of the clock, or of GLPI's calendar where its entity has
    /// one, as those that it waited are.
    #[serde(rename = "solve_delay_stat", default, deserialize_with = "wire::number")]
    pub solved_in: u64,
    /// The same until it was closed.
    #[serde(rename = "close_delay_stat", default, deserialize_with = "wire::number")]
    pub closed_in: u64,
}

/// In which order tickets are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginOrder {
    /// The newest first.
    Newest,
    /// What was changed last comes first.
    LastChanged,
}

impl Glpi {
    /// The origins of so many tickets from a row on, and whether there are none behind. A GLPI that cannot gather so many,
    /// because of its memory, is asked for fewer, now and by this `size` later.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn ticket_origins(
        &self,
        order: OriginOrder,
        from: usize,
        size: &mut usize,
    ) -> Result<(Vec<TicketOrigin>, bool), GlpiError> {
        let field = match order {
            OriginOrder::Newest => "id",
            OriginOrder::LastChanged => "date_mod",
        };
        loop {
            let query = [
                ("range", format!("{from}-{}", from + *size - 1)),
                ("get_hateoas", "false".to_owned()),
                ("sort", field.to_owned()),
                ("order", "DESC".to_owned()),
            ];
            let query = query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            return match self.get_excerpts::<Vec<TicketOrigin>>("Ticket", query, NO_TEXT).await {
                // Behind the last.
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => Ok((Vec::new(), true)),
                Err(GlpiError::Unavailable { why: Trouble::Status(_) | Trouble::Unexpected, .. }) if *size > PAGE => {
                    *size = PAGE;
                    continue;
                }
                found => found.map(|rows| {
                    let is_last = rows.len() < *size;
                    (rows, is_last)
                }),
            };
        }
    }
}
