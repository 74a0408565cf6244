//! What is there at the end, for the account to hold against each other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use passerelle::sandbox::TicketView;

use super::{history::Faults, plan::Planned, portal::Answered};
use crate::support::sink::Taken;

/// What became of one request, as far as who sent it knows.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// When it was sent.
    pub(super) sent: Timestamp,
    /// The last words of the relay for each copy: `created, ticket 7, …`.
    pub(super) relay: Vec<String>,
    /// The folders that the mailbox has it in.
    pub(super) folders: Vec<String>,
    /// The answers to its form, which may have gone twice.
    pub(super) form: Vec<Answered>,
    /// The last words of the relay on each form that was put by, for each of its mails.
    pub(super) returned: Vec<Vec<String>>,
    pub(super) complement: Vec<Answered>,
    /// The last words of the relay on the answer to its ticket.
    pub(super) answer: Vec<String>,
}

/// What is there at the end.
pub(super) struct Evidence<'a> {
    pub(super) planned: &'a [Planned],
    pub(super) told: &'a [Told],
    pub(super) tickets: &'a [TicketView],
    pub(super) letters: &'a [Taken],
    /// The ends of each request by its reference, as the gateways logged them.
    pub(super) handled: &'a BTreeMap<String, Vec<Handled>>,
    pub(super) faults: &'a Faults,
}

/// One end of a request, or of one of its copies, as a gateway logged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Handled {
    pub(super) at: Timestamp,
    pub(super) is_refused: bool,
}

/// The ends of each request by its reference, the oldest first.
pub(super) fn handled(logs: &[String]) -> BTreeMap<String, Vec<Handled>> {
    let mut handled = BTreeMap::<String, Vec<Handled>>::new();
    for line in logs.iter().flat_map(|log| log.lines()) {
        let Some((head, said)) = line.split_once(": request reference=") else { continue };
        let at = head.split(' ').next().and_then(|at| at.parse().ok());
        let (Some(at), Some(reference)) = (at, reference_in(said)) else { continue };
        let is_refused = said.contains("outcome=\"refused\"");
        handled.entry(reference).or_default().push(Handled { at, is_refused });
    }
    for ends in handled.values_mut() {
        ends.sort();
    }
    handled
}

/// A field of a mail.
pub(super) fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let head = mail.split("\r\n\r\n").next().unwrap_or_default();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}

/// The first reference in a text.
pub(super) fn reference_in(text: &str) -> Option<String> {
    text.match_indices("P-").find_map(|(at, _)| text.get(at..at + 16)).map(str::to_uppercase)
}
