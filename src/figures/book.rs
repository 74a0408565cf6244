//! What is counted of all tickets, in memory: kept up to date by what changes, and asked for figures.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use jiff::Timestamp;

use super::{
    account_schools::AccountSchools,
    facts::{EscalatedBy, TicketFacts},
    name_list::UNKNOWN,
    names::FigureNames,
    reading::{facts_of, is_placeless},
};
use crate::{
    flow::route::Mappings,
    glpi::{CountedTicket, Followup, ReadUntil, Said, Solution, SolutionStatus, TicketOrigin},
    id::{FollowupId, SolutionId, TicketId, UserId},
    lifecycle::note::{Cause, MoveNote, Note},
    request::{Direction, School, department_number, department_of},
    working_time::Calendar,
};

/// An escalation that a note in a ticket tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FirstEscalation {
    note: FollowupId,
    by: EscalatedBy,
    from: u16,
}

/// How far the tickets are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadingProgress {
    /// How many are known.
    pub known: usize,
    /// How many there are, as far as GLPI has said.
    pub total: Option<usize>,
    /// Whether all of them are.
    pub is_whole: bool,
    /// When GLPI was asked last.
    pub as_of: Option<Timestamp>,
    /// Since when it cannot be asked; `None` where it can.
    pub away_since: Option<Timestamp>,
}

impl ReadingProgress {
    /// Whether nothing is known yet, not even that there is nothing.
    pub fn is_nothing(&self) -> bool {
        self.known == 0 && !self.is_whole
    }

    /// Hundredths that are read.
    pub fn percent(&self) -> usize {
        match self.total {
            _ if self.is_whole => 100,
            Some(total) if total > 0 => (self.known * 100 / total).min(99),
            _ => 0,
        }
    }
}

/// All tickets that are read.
#[derive(Default)]
pub struct TicketBook {
    pub(super) names: FigureNames,
    tickets: BTreeMap<u32, TicketFacts>,
    escalations: BTreeMap<u32, FirstEscalation>,
    refusals: BTreeMap<u32, u8>,
    /// The refused solutions that are counted.
    refused: BTreeSet<SolutionId>,
    /// Where requesters are from who have an account.
    pub(super) accounts: AccountSchools,
    /// Until where changes are read; while all is read for the first time, until where that will have been.
    pub(super) until: Option<ReadUntil>,
    /// Until where escalations and refused solutions are.
    pub(super) notes_until: Option<ReadUntil>,
    /// What the last look at changes found: each ticket's row, as [`row_digest`] tells them apart.
    pub(super) last_changed: BTreeMap<TicketId, u64>,
    /// How many tickets were known and how many GLPI had when all numbers were compared last.
    pub(super) compared: Option<(usize, usize)>,
    /// How many tickets GLPI had at the last look at changes.
    pub(super) counted: Option<usize>,
    /// How many of them were not shown when all was read anew for their sake.
    pub(super) unshown: usize,
    pub(super) progress: ReadingProgress,
}

impl TicketBook {
    /// Their facts, in the order of their numbers.
    pub fn facts(&self) -> impl Iterator<Item = &TicketFacts> + Clone {
        self.tickets.values()
    }

    /// Their names.
    pub fn names(&self) -> &FigureNames {
        &self.names
    }

    /// How far they are read.
    pub fn progress(&self) -> ReadingProgress {
        self.progress
    }

    /// The lowest number that is known.
    pub(super) fn lowest(&self) -> Option<TicketId> {
        self.tickets.first_key_value().map(|(number, _)| u64::from(*number).into())
    }

    /// The tickets of an application that were opened in an hour, counted since 1970.
    pub(super) fn tickets_of(&self, application: &str, hour: u32) -> BTreeSet<TicketId> {
        let application = self.names.applications.find(application);
        let is_its = |facts: &TicketFacts| facts.opened / 60 == hour && Some(facts.application) == application;
        let its = self.tickets.iter().filter(|(_, facts)| is_its(facts));
        its.map(|(number, _)| TicketId::new(u64::from(*number))).collect()
    }

    /// Notes schools that the directory knows, whether or not they ever asked anything.
    pub(super) fn note_schools(&mut self, schools: &[School]) {
        for school in schools {
            let Some(uai) = school.uai.as_deref().map(str::to_uppercase) else { continue };
            let department = school.department.as_deref().and_then(department_number).or_else(|| department_of(&uai));
            let department = self.names.departments.number(&department.unwrap_or_default());
            let circonscription = school.circonscription.as_deref().unwrap_or_default();
            let circonscription = self.names.circonscriptions.number(circonscription, department);
            let number = self.names.schools.number(&uai);
            self.names.note_school(number, &school.shown(), department, circonscription);
        }
    }

    /// The requesters' accounts that are to be asked for before these tickets are taken in: those that nothing is known of,
    /// of tickets that do not tell themselves where they are from.
    pub(super) fn accounts_to_ask_for(
        &self,
        tickets: &[CountedTicket],
        origins: &BTreeMap<TicketId, TicketOrigin>,
        own: UserId,
        mappings: &Mappings,
    ) -> Vec<UserId> {
        let lack = tickets.iter().filter(|ticket| self.accounts.lack(&ticket.requesters));
        let placeless = lack.filter(|ticket| is_placeless(ticket, origins.get(&ticket.id), own, mappings));
        self.accounts.unknown(placeless.flat_map(|ticket| ticket.requesters.iter().copied()))
    }

    /// Takes these tickets in, with their origins; those that are known already count as they are now. `own` is the
    /// gateway's account.
    pub(super) fn take(
        &mut self,
        tickets: &[CountedTicket],
        origins: &BTreeMap<TicketId, TicketOrigin>,
        own: UserId,
        mappings: &Mappings,
        calendar: &Calendar,
    ) {
        for ticket in tickets {
            let Some(number) = number(ticket.id) else { continue };
            let mut facts =
                facts_of(ticket, origins.get(&ticket.id), own, mappings, calendar, &self.accounts, &mut self.names);
            self.complete(number, &mut facts);
            self.tickets.insert(number, facts);
        }
        self.progress.known = self.tickets.len();
    }

    /// Whether the last look at changes found this very row.
    pub(super) fn has_row(&self, ticket: &CountedTicket) -> bool {
        self.last_changed.get(&ticket.id) == Some(&row_digest(ticket))
    }

    /// Takes out the tickets that are not to be kept.
    pub(super) fn retain(&mut self, is_kept: impl Fn(TicketId) -> bool) {
        self.tickets.retain(|number, _| is_kept(u64::from(*number).into()));
        self.progress.known = self.tickets.len();
    }

    /// Notes the escalations that these follow-ups tell of, those of the gateway's own account: the first of each ticket
    /// counts.
    pub(super) fn note_escalations(&mut self, mut followups: Vec<Said<Followup>>, own: UserId) {
        followups.sort_by_key(|said| said.what.id);
        for said in followups.iter().filter(|said| said.what.is_note_of(own)) {
            let (Some(number), Some(Note::Move(note))) = (number(said.ticket), Note::parse(&said.what.content)) else {
                continue;
            };
            let MoveNote { direction: Direction::Up, done: true, cause, from, .. } = note else { continue };
            let by = match cause {
                // No page escalates.
                Cause::Api | Cause::Page => EscalatedBy::Api,
                Cause::CommandLine => EscalatedBy::CommandLine,
                Cause::Followup(_) => EscalatedBy::Referent,
                Cause::Rule => EscalatedBy::Rule,
            };
            let from = self.names.groups.number(&from);
            let found = FirstEscalation { note: said.what.id, by, from };
            let first = self.escalations.entry(number).or_insert(found);
            if found.note < first.note {
                *first = found;
            }
            self.complete_known(number);
        }
    }

    /// Notes these refused solutions; those that are known already count once.
    pub(super) fn note_refusals(&mut self, refused: &[Said<Solution>]) {
        for said in refused {
            let Some(number) = number(said.ticket) else { continue };
            if said.what.status != SolutionStatus::Refused || !self.refused.insert(said.what.id) {
                continue;
            }
            let times = self.refusals.entry(number).or_default();
            *times = times.saturating_add(1);
            self.complete_known(number);
        }
    }

    fn complete_known(&mut self, number: u32) {
        let Some(mut facts) = self.tickets.get(&number).copied() else { return };
        self.complete(number, &mut facts);
        self.tickets.insert(number, facts);
    }

    /// What other rows of GLPI's tell of a ticket.
    fn complete(&self, number: u32, facts: &mut TicketFacts) {
        let escalation = self.escalations.get(&number);
        facts.escalated_by = escalation.map(|escalation| escalation.by);
        facts.escalated_from = escalation.map_or(UNKNOWN, |escalation| escalation.from);
        facts.refusals = self.refusals.get(&number).copied().unwrap_or_default();
    }
}

/// Tells a ticket's rows apart: two changes of one second have the same date.
pub(super) fn row_digest(ticket: &CountedTicket) -> u64 {
    let mut hasher = DefaultHasher::new();
    ticket.hash(&mut hasher);
    hasher.finish()
}

fn number(ticket: TicketId) -> Option<u32> {
    u32::try_from(ticket.get()).ok()
}
