//! A ticket as a search shows it, with what its opening says.

use super::state::State;
use crate::{
    flow::route::{Mappings, Opening, requester_of},
    glpi::TicketSummary,
    request::Address,
};

/// A ticket with what is read from its content.
pub(super) struct FoundRequest {
    pub(super) summary: TicketSummary,
    pub(super) opening: Option<Opening>,
    pub(super) state: State,
    /// Whose it is, where it is another's that the person may see.
    pub(super) made_by: Option<Address>,
    /// What was written, HTML, as far as it was read.
    pub(super) written: String,
}

impl FoundRequest {
    /// A ticket, of which `made_by` says whose it is, by the requester its opening names.
    pub(super) fn new(
        mut summary: TicketSummary,
        mappings: &Mappings,
        made_by: impl FnOnce(Option<Address>) -> Option<Address>,
    ) -> Self {
        let taken = !summary.technicians.is_empty() || summary.taken_after > 0;
        let mut content = std::mem::take(&mut summary.content);
        let opening = Opening::read(&content, |name| mappings.find(name).is_some());
        let made_by = made_by(opening.as_ref().and_then(|_| requester_of(&content)));
        content.drain(..opening.as_ref().map_or(0, |opening| opening.end));
        Self { state: State::of(summary.status, taken), opening, made_by, written: content, summary }
    }
}
