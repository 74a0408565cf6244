//! The origins of the tickets that are being read: a list beside the search that finds them.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use crate::{
    glpi::{CountedTicket, Glpi, GlpiError, OriginOrder, TicketOrigin},
    id::TicketId,
};

/// Tickets of a page: what comes of more takes more memory while it is read than is kept of all in the end.
pub(super) const TICKETS_OF_A_PAGE: usize = 1000;
/// What is deleted meanwhile moves rows by some.
const OVERLAP: usize = 200;

/// What is read of a list of origins and not yet used.
pub(super) struct Origins {
    order: OriginOrder,
    known: BTreeMap<TicketId, TicketOrigin>,
    /// When the last one that was read was changed.
    reached: Option<DateTime>,
    from: usize,
    size: usize,
    is_last: bool,
}

impl Origins {
    /// Of all tickets, the newest first, behind so many.
    pub(super) fn newest(behind: usize) -> Self {
        Self::of(OriginOrder::Newest, behind.saturating_sub(OVERLAP))
    }

    /// Of those that were changed last.
    pub(super) fn last_changed() -> Self {
        Self::of(OriginOrder::LastChanged, 0)
    }

    fn of(order: OriginOrder, from: usize) -> Self {
        Self { order, known: BTreeMap::new(), reached: None, from, size: TICKETS_OF_A_PAGE, is_last: false }
    }

    /// Reads on until this ticket is among them.
    pub(super) async fn read_down_to(&mut self, glpi: &Glpi, lowest: TicketId) -> Result<(), GlpiError> {
        while !self.is_last && self.known.first_key_value().is_none_or(|(ticket, _)| *ticket > lowest) {
            self.read_on(glpi).await?;
        }
        Ok(())
    }

    /// Reads on until what was changed after this moment is among them.
    pub(super) async fn read_back_to(&mut self, glpi: &Glpi, moment: DateTime) -> Result<(), GlpiError> {
        while !self.is_last && self.reached.is_none_or(|reached| reached > moment) {
            self.read_on(glpi).await?;
        }
        Ok(())
    }

    async fn read_on(&mut self, glpi: &Glpi) -> Result<(), GlpiError> {
        let (rows, is_last) = glpi.ticket_origins(self.order, self.from, &mut self.size).await?;
        self.from += rows.len();
        self.is_last = is_last || rows.is_empty();
        self.reached = rows.last().and_then(|row| row.modified).or(self.reached);
        self.known.extend(rows.into_iter().map(|row| (row.id, row)));
        Ok(())
    }

    /// By their tickets.
    pub(super) fn known(&self) -> &BTreeMap<TicketId, TicketOrigin> {
        &self.known
    }

    /// Forgets those of tickets that are taken in.
    pub(super) fn forget(&mut self, tickets: &[CountedTicket]) {
        for ticket in tickets {
            self.known.remove(&ticket.id);
        }
    }
}
