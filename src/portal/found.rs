//! A ticket as a search shows it, with what its opening says and where it stands.

use super::{
    handed_on::{self, HandedOn},
    state::State,
};
use crate::{
    course::{Past, Requesters, Waits, waits, waits_for_requester},
    flow::route::{Mappings, Opening, requester_of},
    glpi::{TicketStatus, TicketSummary},
    id::UserId,
    request::Address,
};

/// A ticket with what is read from its content.
pub(super) struct FoundRequest {
    pub(super) summary: TicketSummary,
    pub(super) opening: Option<Opening>,
    pub(super) handed_on: Option<HandedOn>,
    pub(super) state: State,
    /// Whose it is, where it is another's that the person may see.
    pub(super) made_by: Option<Address>,
    /// What was written, HTML, as far as it was read.
    pub(super) written: String,
    /// When it waited for its requester, as far as that was read.
    pub(super) waits: Waits,
}

impl FoundRequest {
    /// `past` is what is known of its time, where that was read; `requesters` are those whose request it is; `made_by`
    /// says whose it is, by the requester its opening names.
    pub(super) fn new(
        mut summary: TicketSummary,
        mappings: &Mappings,
        past: Option<&Past>,
        (requesters, requester_reasons): (&Requesters<'_>, &[String]),
        made_by: impl FnOnce(Option<Address>) -> Option<Address>,
    ) -> Self {
        let mut content = std::mem::take(&mut summary.content);
        let opening = mappings.opening(&content);
        let made_by = made_by(opening.as_ref().and_then(|_| requester_of(&content)));
        content.drain(..opening.as_ref().map_or(0, |opening| opening.end));
        let handed_on = handed_on::now(&summary, opening.as_ref(), mappings);
        let is_said = waits_for_requester(&summary.pending_reason, requester_reasons);
        let nothing_read = Past::default();
        let waits = waits(past.unwrap_or(&nothing_read), summary.status, requesters, is_said);
        let is_at_work = summary.is_taken() || handed_on.is_some();
        Self {
            state: State::of(summary.status, is_at_work, waits.is_now),
            opening,
            made_by,
            written: content,
            handed_on,
            waits,
            summary,
        }
    }

    /// Who has taken it in charge, or is to.
    pub(super) fn technician(&self) -> Option<UserId> {
        self.summary.technicians.first().copied()
    }

    /// Whether its state or its delay cannot be told without its past: it waits, or once waited, perhaps for its
    /// requester.
    pub(super) fn needs_past(summary: &TicketSummary) -> bool {
        summary.status == TicketStatus::Pending || summary.waited > 0
    }
}

/// The requesters of a person's ticket, as far as a search shows them.
pub(super) struct OwnRequesters {
    accounts: Vec<UserId>,
    addresses: Vec<String>,
    own: UserId,
}

impl OwnRequesters {
    /// These accounts and this person's address, and the others that the ticket names; `own` is the service account.
    pub(super) fn of(
        accounts: impl IntoIterator<Item = UserId>,
        person: &Address,
        summary: &TicketSummary,
        own: UserId,
    ) -> Self {
        let others = summary.addresses.iter().map(|address| address.to_lowercase());
        Self {
            accounts: accounts.into_iter().collect(),
            addresses: std::iter::once(person.as_str().to_owned()).chain(others).collect(),
            own,
        }
    }

    pub(super) fn get(&self) -> Requesters<'_> {
        Requesters { accounts: &self.accounts, addresses: &self.addresses, own: self.own }
    }
}
