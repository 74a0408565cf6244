//! What GLPI has of the gateway's requests, by their references: read in pages, one call after the other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use crate::{
    flow::{
        deliver::{TicketPart, missing_parts},
        route::{Opening, requester_of},
    },
    glpi::{Followup, Glpi, GlpiError, Said},
    id::{FollowupId, TicketId},
    request::{Fingerprint, FollowupOpening, Reference},
};

/// Tickets of one page at first: each shows the accounts of its requesters, which costs GLPI some milliseconds.
const PAGE: usize = 500;
/// Tickets that are read at most.
const MOST_TICKETS: usize = 50_000;
/// How far back the ticket of what came in lately is looked for, hours: people write on in a thread for long.
const FAR_BACK: u32 = 400 * 24;
/// Names that are looked for one by one in the follow-ups of all times, at most.
const MOST_SINGLY: usize = 300;

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The tickets that open with a reference, with the fingerprint of the mail each was made of.
    made: BTreeMap<Reference, BTreeMap<TicketId, Option<Fingerprint>>>,
    /// The follow-ups that open with one.
    written: BTreeMap<Reference, BTreeSet<(TicketId, FollowupId)>>,
    /// What else stands in a follow-up, as what was merged does, or in a ticket in the bin.
    elsewhere: BTreeSet<Reference>,
    /// The tickets of the period.
    pub(super) tickets: Vec<SeenTicket>,
    /// Whether there are more than were read.
    pub(super) is_cut: bool,
}

/// A ticket of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenTicket {
    pub(super) id: TicketId,
    pub(super) reference: Reference,
    /// In GLPI's time zone.
    pub(super) opened: Option<DateTime>,
    pub(super) lacks: Vec<TicketPart>,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Ticket(TicketId),
    Followup(TicketId, FollowupId),
    /// In people's hands: merged, or in the bin.
    Elsewhere,
}

impl Records {
    /// A ticket opens with this reference.
    pub(super) fn add_made(&mut self, reference: Reference, ticket: TicketId, of: Option<Fingerprint>) {
        self.made.entry(reference).or_default().insert(ticket, of);
    }

    /// A follow-up says this.
    pub(super) fn add_followup(&mut self, ticket: TicketId, followup: &Followup) {
        match FollowupOpening::read(&followup.content) {
            Some(opening) => {
                self.written.entry(opening.reference).or_default().insert((ticket, followup.id));
            }
            None => self.elsewhere.extend(Reference::find(&followup.content)),
        }
    }

    /// Where a request of one of these names is, and under which; of a mail with this fingerprint not in a ticket that
    /// was made of another one.
    pub(super) fn find(&self, names: &[Reference], of: Option<Fingerprint>) -> Option<Found> {
        names.iter().find_map(|name| {
            let is_its = |its: &Option<Fingerprint>| match (its, of) {
                (Some(its), Some(of)) => its.is_same_mail(of),
                _ => true,
            };
            let ticket = self.made.get(name).and_then(|all| all.iter().find(|(_, its)| is_its(its)));
            let followup = || self.written.get(name).and_then(BTreeSet::first);
            ticket
                .map(|(ticket, _)| Found::Ticket(*ticket))
                .or_else(|| followup().map(|(ticket, id)| Found::Followup(*ticket, *id)))
                .or_else(|| self.elsewhere.contains(name).then_some(Found::Elsewhere))
        })
    }

    /// The requests that have several tickets, one of them in the period.
    pub(super) fn tickets_twice(&self) -> impl Iterator<Item = (Reference, Vec<TicketId>)> {
        let of_period: BTreeSet<TicketId> = self.tickets.iter().map(|ticket| ticket.id).collect();
        self.made.iter().filter_map(move |(reference, tickets)| {
            let is_one = tickets.len() > 1 && tickets.keys().any(|ticket| of_period.contains(ticket));
            is_one.then(|| (*reference, tickets.keys().copied().collect()))
        })
    }

    /// What was added several times to one ticket.
    pub(super) fn followups_twice(&self) -> impl Iterator<Item = (Reference, TicketId)> {
        self.written.iter().flat_map(|(reference, all)| {
            let mut tickets = BTreeMap::<TicketId, usize>::new();
            for (ticket, _) in all {
                *tickets.entry(*ticket).or_default() += 1;
            }
            let several = tickets.into_iter().filter(|(_, count)| *count > 1);
            several.map(|(ticket, _)| (*reference, ticket)).collect::<Vec<_>>()
        })
    }

    /// Reads the tickets of so many hours, of which those opened since that moment are looked at closely, and the
    /// follow-ups since then.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub(super) async fn read(&mut self, glpi: &Glpi, hours: u32, since: DateTime) -> Result<(), GlpiError> {
        let (mut below, mut known, mut size) = (None, 0, PAGE);
        while known < MOST_TICKETS {
            let page = glpi.overviews_of_hours(hours, below, &mut size).await?;
            let Some(last) = page.rows.last() else { break };
            below = Some(last.summary.id);
            known += page.rows.len();
            for row in &page.rows {
                let (id, content) = (row.summary.id, &row.summary.content);
                let Some(opening) = Opening::read(content, |_| true) else { continue };
                let reference = opening.reference;
                self.add_made(reference, id, Fingerprint::find(&content[..opening.end]));
                if row.summary.opened.is_none_or(|opened| opened >= since) {
                    let lacks = missing_parts(row, requester_of(content).as_ref());
                    self.tickets.push(SeenTicket { id, reference, opened: row.summary.opened, lacks });
                }
            }
            if page.is_last {
                break;
            }
        }
        self.is_cut = known >= MOST_TICKETS;
        // Where these are too many, what is looked for is asked for by its name.
        for Said { ticket, what } in glpi.followups_since(since).await?.unwrap_or_default() {
            self.add_followup(ticket, &what);
        }
        Ok(())
    }

    /// Looks for these names, which nothing that was read has, in older tickets, in follow-ups of all times and in the bin.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub(super) async fn look_for(&mut self, glpi: &Glpi, names: &BTreeSet<Reference>) -> Result<(), GlpiError> {
        let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if texts.is_empty() {
            return Ok(());
        }
        for ticket in glpi.tickets_containing(&texts, FAR_BACK).await? {
            if let Some(opening) = Opening::read(&ticket.content, |_| true) {
                self.add_made(opening.reference, ticket.id, Fingerprint::find(&ticket.content[..opening.end]));
            }
        }
        for ticket in glpi.binned_tickets_containing(&texts, FAR_BACK).await? {
            self.elsewhere.extend(Opening::read(&ticket.content, |_| true).map(|opening| opening.reference));
        }
        let left: Vec<Reference> = names.iter().filter(|name| self.find(&[**name], None).is_none()).copied().collect();
        self.is_cut |= left.len() > MOST_SINGLY;
        for name in left.into_iter().take(MOST_SINGLY) {
            for Said { ticket, what } in glpi.followups_that_say(&name.to_string()).await? {
                self.add_followup(ticket, &what);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Followup, Found, Records, SeenTicket};
    use crate::{
        id::{FollowupId, TicketId, UserId},
        request::{Fingerprint, Reference},
    };

    fn named(name: &str) -> Reference {
        Reference::new("test", "", name.as_bytes())
    }

    fn followup(id: u64, content: String) -> Followup {
        Followup {
            id: FollowupId::new(id),
            author: UserId::new(1),
            content,
            private: false,
            written: None,
            modified: None,
        }
    }

    #[test]
    fn a_request_is_found_by_any_of_its_names_but_not_in_another_mail_s_ticket() {
        let print = |text: &str| Fingerprint::new(Some(Timestamp::UNIX_EPOCH), text, text.as_bytes());
        let (one, other) = (print("un"), Fingerprint::new(None, "autre", b"x"));
        let mut records = Records::default();
        records.add_made(named("a"), TicketId::new(1), Some(one));
        records.add_made(named("a2"), TicketId::new(2), Some(other));
        let names = [named("a"), named("a2")];
        assert_eq!(records.find(&names, Some(one)), Some(Found::Ticket(TicketId::new(1))));
        assert_eq!(records.find(&names, Some(other)), Some(Found::Ticket(TicketId::new(2))));
        assert_eq!(records.find(&names[..1], Some(other)), None);
        assert_eq!(records.find(&names[..1], None), Some(Found::Ticket(TicketId::new(1))));
        assert_eq!(records.find(&[named("b")], Some(one)), None);
    }

    #[test]
    fn what_is_said_in_follow_ups_is_found_and_what_is_there_twice() {
        let mut records = Records::default();
        let opening =
            |name| format!("<p><em>Réponse par courriel, le 27/11/2026 à 10:00. Référence : {}</em></p>", named(name));
        records.add_followup(TicketId::new(1), &followup(10, opening("a")));
        records.add_followup(TicketId::new(1), &followup(11, format!("<p>Fusionné : {}</p>", named("b"))));
        records.add_followup(TicketId::new(2), &followup(12, opening("a")));
        assert_eq!(records.find(&[named("a")], None), Some(Found::Followup(TicketId::new(1), FollowupId::new(10))));
        assert_eq!(records.find(&[named("b")], None), Some(Found::Elsewhere));
        assert_eq!(records.followups_twice().count(), 0, "in two tickets, as merging makes it");
        records.add_followup(TicketId::new(2), &followup(13, opening("a")));
        assert_eq!(records.followups_twice().collect::<Vec<_>>(), [(named("a"), TicketId::new(2))]);
    }

    #[test]
    fn tickets_that_were_doubled_before_the_period_are_not_told_of() {
        let mut records = Records::default();
        for (name, ticket) in [("a", 1), ("a", 2), ("b", 3), ("b", 4), ("c", 5)] {
            records.add_made(named(name), TicketId::new(ticket), None);
        }
        let seen = |id| SeenTicket { id: TicketId::new(id), reference: named("x"), opened: None, lacks: vec![] };
        records.tickets = vec![seen(4), seen(5)];
        let twice: Vec<_> = records.tickets_twice().collect();
        assert_eq!(twice, [(named("b"), vec![TicketId::new(3), TicketId::new(4)])]);
    }
}
