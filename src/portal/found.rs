//! A ticket as a search shows it, with what its opening says.

use super::state::State;
use crate::{
    flow::route::{Mappings, Opening},
    glpi::TicketSummary,
};

/// A ticket with what is read from its content, which itself is not kept.
pub(super) struct FoundRequest {
    pub(super) summary: TicketSummary,
    pub(super) opening: Option<Opening>,
    pub(super) state: State,
}

impl FoundRequest {
    pub(super) fn new(mut summary: TicketSummary, mappings: &Mappings) -> Self {
        let taken = !summary.technicians.is_empty() || summary.taken_after > 0;
        let content = std::mem::take(&mut summary.content);
        Self {
            state: State::of(summary.status, taken),
            opening: Opening::read(&content, |name| mappings.find(name).is_some()),
            summary,
        }
    }
}
