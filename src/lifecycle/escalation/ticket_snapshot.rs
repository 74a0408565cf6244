//! A ticket as GLPI shows it now: all that a move, a command and a rule need to know of it.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{AllLevels, ApplicationLevels, UserRow};
use crate::{
    glpi::{ActorRole, Followup, Happening, Requester, Ticket, TicketChange, TicketGroup, TicketUser},
    id::{FollowupId, GroupId, UserId},
    lifecycle::note::{Cause, MoveNote, Note},
    request::{Command, Direction, Reference, asks_for_draft, is_command},
};

/// A ticket, its actors and what is written in it.
#[derive(Clone, Debug)]
pub(super) struct TicketSnapshot {
    pub(super) ticket: Ticket,
    pub(super) history: Vec<TicketChange>,
    pub(super) groups: Vec<TicketGroup>,
    pub(super) users: Vec<TicketUser>,
    pub(super) thread: Conversation,
}

/// What is written in a ticket.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    followups: Vec<Followup>,
    /// The gateway's own notes, each with its follow-up's place.
    notes: Vec<(usize, Note)>,
}

/// A move note and the follow-up it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) followup: &'a Followup,
    pub(super) note: &'a MoveNote,
}

impl TicketSnapshot {
    /// Whether it is solved or closed.
    pub(super) fn is_over(&self) -> bool {
        self.ticket.status.is_over()
    }

    /// Whether the gateway made it.
    pub(super) fn is_ours(&self) -> bool {
        Reference::find(&self.ticket.content).is_some()
    }

    /// When this group was assigned to it last, by its history; `None` where that does not say.
    pub(super) fn assigned_since(&self, group: GroupId) -> Option<DateTime> {
        let is_it = |change: &&TicketChange| matches!(&change.what, Happening::GroupAssigned { group: assigned, .. } if *assigned == group);
        self.history.iter().filter(is_it).map(|change| change.at).max()
    }

    /// The groups in this role, in the order in which they came.
    pub(super) fn groups(&self, role: ActorRole) -> Vec<GroupId> {
        let mut rows: Vec<_> = self.groups.iter().filter(|row| row.role == role).collect();
        rows.sort_by_key(|row| row.row);
        rows.into_iter().map(|row| row.group).collect()
    }

    /// Its application, if it is of one.
    pub(super) fn application_levels<'a>(&self, all_levels: &'a AllLevels) -> Option<&'a ApplicationLevels> {
        all_levels.of(self.ticket.category, &self.groups(ActorRole::Assigned), &self.groups(ActorRole::Observer))
    }

    pub(super) fn is_requester(&self, user: UserId) -> bool {
        self.users.iter().any(|row| row.role == ActorRole::Requester && row.who == Requester::User(user))
    }

    pub(super) fn has_technician(&self) -> bool {
        has_technician(&self.users)
    }

    /// When one of these accounts last answered in it: a command is no answer, nor is what a requester adds.
    pub(super) fn last_answer(&self, members: &BTreeSet<UserId>, own: UserId) -> Option<DateTime> {
        let theirs = self.answers(own).filter(|followup| members.contains(&followup.author));
        theirs.filter_map(|followup| followup.written).max()
    }

    /// Whether anybody wrote in it who may have answered.
    pub(super) fn is_answered(&self, own: UserId) -> bool {
        self.answers(own).next().is_some()
    }

    /// What accounts other than ours and the requesters' wrote in it that is no command.
    fn answers(&self, own: UserId) -> impl Iterator<Item = &Followup> {
        self.thread.followups.iter().filter(move |followup| {
            ![UserId::default(), own].contains(&followup.author)
                && !self.is_requester(followup.author)
                && !is_command(&followup.content)
        })
    }

    /// Whether only this move made GLPI count the ticket as taken in charge: nobody answered it in the meantime.
    pub(super) fn is_taken_by(&self, written: Written<'_>) -> bool {
        let Followup { written: Some(from), modified: Some(to), author: own, .. } = written.followup else {
            return false;
        };
        let Some(taken) = self.ticket.taken_into_account.filter(|taken| (*from..=*to).contains(taken)) else {
            return false;
        };
        let is_then = |answer: &Followup| answer.id > written.followup.id && answer.written == Some(taken);
        written.note.untaken && !self.has_technician() && !self.answers(*own).any(is_then)
    }
}

impl Conversation {
    /// What these follow-ups hold; `own` is the gateway's account.
    pub(super) fn new(followups: Vec<Followup>, own: UserId) -> Self {
        let ours = followups.iter().enumerate().filter(|(_, followup)| followup.author == own);
        let notes = ours.filter_map(|(place, followup)| Some((place, Note::parse(&followup.content)?))).collect();
        Self { followups, notes }
    }

    /// The moves, oldest first.
    pub(super) fn moves(&self) -> impl DoubleEndedIterator<Item = Written<'_>> {
        self.notes.iter().filter_map(|(place, note)| match note {
            Note::Move(note) => Some(Written { followup: &self.followups[*place], note }),
            Note::Reminder(_) | Note::Refusal(_) | Note::Draft(_) | Note::NoDraft(_) => None,
        })
    }

    /// The moves of which not every step is known to be done, and that nobody gave up.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = Written<'_>> {
        self.moves().filter(|written| written.note.is_open())
    }

    /// The last move that is done or given up.
    pub(super) fn last_settled(&self) -> Option<Written<'_>> {
        self.moves().rfind(|written| !written.note.is_open())
    }

    /// The last move that is done.
    pub(super) fn last_done(&self) -> Option<Written<'_>> {
        self.moves().rfind(|written| written.note.done)
    }

    /// When the last move that was made to one of these groups was begun.
    pub(super) fn moved_to(&self, groups: &[GroupId]) -> Option<DateTime> {
        let last = self.moves().rfind(|written| written.note.done && groups.contains(&written.note.target))?;
        last.followup.written
    }

    /// The reminders of a level: when each was written.
    pub(super) fn reminders(&self, level: usize) -> impl Iterator<Item = DateTime> {
        self.notes.iter().filter_map(move |(place, note)| match note {
            Note::Reminder(reminder) if reminder.level == level => self.followups[*place].written,
            Note::Reminder(_) | Note::Move(_) | Note::Refusal(_) | Note::Draft(_) | Note::NoDraft(_) => None,
        })
    }

    /// The commands that no note answers, oldest first.
    pub(super) fn commands(&self, own: UserId) -> Vec<(&Followup, Command)> {
        let is_answered = |id: FollowupId| {
            self.notes.iter().any(|(_, note)| match note {
                Note::Move(note) => note.cause == Cause::Followup(id),
                Note::Refusal(refusal) => refusal.followup == id,
                Note::Reminder(_) | Note::Draft(_) | Note::NoDraft(_) => false,
            })
        };
        let mut commands: Vec<_> = self
            .followups
            .iter()
            .filter(|followup| followup.author != own && followup.author.get() > 0 && !is_answered(followup.id))
            .filter_map(|followup| Some((followup, Command::find(&followup.content)?)))
            .collect();
        commands.sort_by_key(|(followup, _)| followup.id);
        commands
    }

    /// The follow-ups that ask for an article to be drafted and that no note answers, oldest first.
    pub(super) fn draft_orders(&self, own: UserId) -> Vec<&Followup> {
        let is_answered = |id: FollowupId| {
            self.notes.iter().any(|(_, note)| match note {
                Note::Draft(note) => note.cause == Cause::Followup(id),
                Note::NoDraft(note) => note.followup == id,
                Note::Move(_) | Note::Reminder(_) | Note::Refusal(_) => false,
            })
        };
        let mut orders: Vec<_> = self
            .followups
            .iter()
            .filter(|followup| followup.author != own && followup.author.get() > 0 && !is_answered(followup.id))
            .filter(|followup| asks_for_draft(&followup.content))
            .collect();
        orders.sort_by_key(|followup| followup.id);
        orders
    }

    /// Whether the ticket was moved this way after that follow-up was written.
    pub(super) fn moved_since(&self, followup: FollowupId, direction: Direction) -> bool {
        self.moves().any(|written| {
            let Written { followup: intent, note } = written;
            note.direction == direction && note.given_up.is_none() && intent.id > followup
        })
    }
}

pub(super) fn has_technician(users: &[TicketUser]) -> bool {
    users.iter().any(|row| row.role == ActorRole::Assigned)
}

/// The people as a plan reads them, with the members of the group the ticket goes to.
pub(super) fn user_rows(users: &[TicketUser], members: &[UserId]) -> Vec<UserRow> {
    let in_target = |who: &Requester| matches!(who, Requester::User(user) if members.contains(user));
    users.iter().map(|it| UserRow { row: it.row, role: it.role, in_target: in_target(&it.who) }).collect()
}
