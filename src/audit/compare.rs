//! What was received, held against what GLPI has: values in, findings out.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    finding::{Finding, FindingKind, Place},
    mailboxes::SeenMail,
    records::Records,
    relay_log::{Delivery, End},
};
use crate::{intake::imap::Destination, request::Reference};

/// What an audit asks about time.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// What is no older than this is still on its way.
    pub(super) settled_before: Timestamp,
    /// GLPI's time zone.
    pub(super) zone: TimeZone,
}

impl Clock {
    /// A moment of GLPI's.
    pub(super) fn moment(&self, of_glpi: jiff::civil::DateTime) -> Option<Timestamp> {
        Some(of_glpi.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    /// What no source dates counts as old.
    pub(super) fn is_old(&self, at: Option<Timestamp>) -> bool {
        at.is_none_or(|at| at <= self.settled_before)
    }
}

/// The names of what was accepted and is not among the records.
pub(super) fn unknown(mails: &[SeenMail], deliveries: &[Delivery], records: &Records) -> BTreeSet<Reference> {
    let accepted = mails.iter().filter(|mail| mail.kept == Some(Destination::Handled));
    let lost = accepted.filter(|mail| records.find(&mail.names, mail.fingerprint).is_none());
    let told = deliveries.iter().filter_map(|delivery| match delivery.end {
        End::Ticket(_, reference) => Some(reference),
        _ => None,
    });
    let untold = told.filter(|reference| records.find(&[*reference], None).is_none());
    lost.flat_map(|mail| mail.names.iter().copied()).chain(untold).collect()
}

/// What does not add up of the mails in mailboxes.
pub(super) fn mails(mails: &[SeenMail], records: &Records, clock: &Clock) -> Vec<Finding> {
    let finding = |mail: &SeenMail| {
        let kind = match mail.kept {
            None => clock.is_old(mail.stored).then_some(FindingKind::InHand(None)),
            Some(Destination::Quarantine) => Some(FindingKind::Quarantined),
            Some(kept) if mail.unopened.is_some() => {
                mail.unopened.filter(|_| kept == Destination::Handled).map(FindingKind::Unopened)
            }
            Some(_) if mail.names.is_empty() => Some(FindingKind::Unreadable),
            Some(Destination::Handled) => {
                let is_there = records.find(&mail.names, mail.fingerprint).is_some();
                (!is_there).then_some(FindingKind::NoTicket)
            }
            Some(Destination::Refused | Destination::Ignored) => {
                let is_there = records.find(&mail.names, mail.fingerprint).is_some();
                is_there.then_some(FindingKind::RefusedWithTicket)
            }
        };
        kind.map(|kind| Finding {
            reference: mail.names.first().copied(),
            place: Some(mail.place.clone()),
            since: mail.stored,
            ..Finding::new(kind)
        })
    };
    mails.iter().filter_map(finding).collect()
}

/// What does not add up of the relay's mails, but for tickets it was told of: [`told_of`].
pub(super) fn deliveries(deliveries: &[Delivery], clock: &Clock) -> Vec<Finding> {
    let finding = |delivery: &Delivery| {
        let kind = match &delivery.end {
            End::Waits(words) => {
                clock.is_old(Some(delivery.first)).then(|| FindingKind::InHand(Some(words.clone())))?
            }
            End::GivenBack(words) => FindingKind::GivenBack(words.clone()),
            End::Removed => FindingKind::TakenOut,
            End::PerhapsRemoved(words) => FindingKind::PerhapsTakenOut(words.clone()),
            End::Quarantined => FindingKind::Quarantined,
            End::Ticket(..) | End::Settled => return None,
        };
        Some(of_relay(delivery, kind))
    };
    deliveries.iter().filter_map(finding).collect()
}

/// The mails of which the relay was told of a ticket, and no record has their reference.
pub(super) fn told_of<'a>(deliveries: &'a [Delivery], records: &'a Records) -> impl Iterator<Item = &'a Delivery> {
    deliveries.iter().filter(|delivery| match delivery.end {
        End::Ticket(_, reference) => records.find(&[reference], None).is_none(),
        _ => false,
    })
}

/// A finding about a mail of the relay's.
pub(super) fn of_relay(delivery: &Delivery, kind: FindingKind) -> Finding {
    let Delivery { queue, message_id, first, end } = delivery;
    let (reference, tickets) = match end {
        End::Ticket(ticket, reference) => (Some(*reference), vec![*ticket]),
        _ => (None, Vec::new()),
    };
    let place = Some(Place::Relay { queue: queue.clone(), message_id: message_id.clone() });
    Finding { reference, tickets, place, since: Some(*first), ..Finding::new(kind) }
}

/// What does not add up of GLPI's tickets alone.
pub(super) fn tickets(records: &Records, clock: &Clock) -> Vec<Finding> {
    let half_made = records.tickets.iter().filter_map(|ticket| {
        let since = ticket.opened.and_then(|opened| clock.moment(opened));
        let is_one = !ticket.lacks.is_empty() && clock.is_old(since);
        is_one.then(|| Finding {
            reference: Some(ticket.reference),
            tickets: vec![ticket.id],
            since,
            ..Finding::new(FindingKind::HalfMade(ticket.lacks.clone()))
        })
    });
    let twice = records.tickets_twice().map(|(reference, tickets)| Finding {
        reference: Some(reference),
        tickets,
        ..Finding::new(FindingKind::TicketTwice)
    });
    let followups = records.followups_twice().map(|(reference, ticket)| Finding {
        reference: Some(reference),
        tickets: vec![ticket],
        ..Finding::new(FindingKind::FollowupTwice)
    });
    half_made.chain(twice).chain(followups).collect()
}
