//! Who of a ticket's people and groups is told of a step.

use super::{
    mark::{Mark, Step},
    steps::{Audience, requesters, technicians},
};
use crate::{
    glpi::{ActorRole, Requester, TicketUser},
    id::{GroupId, UserId},
    lifecycle::note::fit_name,
};

/// Between the names of groups, in a move's note.
const BETWEEN: &str = ", ";

/// The groups around a ticket, with their members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Crew {
    /// The members of those it was made for.
    pub(super) first: Vec<UserId>,
    /// What these are called, as a person reads it.
    pub(super) first_names: String,
    /// The groups it is assigned to.
    pub(super) assigned: Vec<CrewGroup>,
    /// The groups that watch it.
    pub(super) watching: Vec<CrewGroup>,
}

/// A group around a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CrewGroup {
    pub(super) id: GroupId,
    pub(super) name: String,
    pub(super) members: Vec<UserId>,
}

/// Who is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipients {
    /// Requesters.
    Requesters(Vec<Requester>),
    /// Accounts of those who work on tickets: the first ones who can be reached, and these besides.
    Staff {
        /// Who is told first of all…
        first: Vec<UserId>,
        /// … or, where no mail reaches one of them, who instead.
        otherwise: Vec<UserId>,
        /// Who is told in any case.
        besides: Vec<UserId>,
    },
}

/// Who is told of what `by` did, of a ticket with these people and groups; `own` is the service account. Nobody is told
/// of what they did themselves, or as one who works on it of their own request.
pub(super) fn recipients(
    audience: Audience<'_>,
    by: &[UserId],
    (users, own): (&[TicketUser], UserId),
    crew: &Crew,
) -> Recipients {
    let is_told = |account: &UserId| {
        *account != own
            && !by.contains(account)
            && !requesters(users).any(|requester| *requester == Requester::User(*account))
    };
    let each = |accounts: Vec<UserId>| -> Vec<UserId> {
        let mut each = Vec::new();
        for account in accounts.into_iter().filter(is_told) {
            if !each.contains(&account) {
                each.push(account);
            }
        }
        each
    };
    let members = |groups: &[CrewGroup]| groups.iter().flat_map(|group| group.members.clone()).collect::<Vec<_>>();
    let staff = |first, otherwise, besides| Recipients::Staff {
        first: each(first),
        otherwise: each(otherwise),
        besides: each(besides),
    };
    match audience {
        Audience::Requesters => {
            let acted = |who: &&Requester| matches!(who, Requester::User(account) if by.contains(account));
            Recipients::Requesters(requesters(users).filter(|who| !acted(who)).cloned().collect())
        }
        Audience::FirstGroups => staff(crew.first.clone(), Vec::new(), Vec::new()),
        Audience::Workers => {
            // One who acted is no reason to wake the whole group.
            let (working, watching) = (technicians(users, own), members(&crew.watching));
            if working.iter().any(|account| by.contains(account)) {
                staff(working, Vec::new(), watching)
            } else {
                staff(working, members(&crew.assigned), watching)
            }
        }
        Audience::Watchers => staff(Vec::new(), Vec::new(), members(&crew.watching)),
        Audience::Receivers(target, giving) => {
            let receiving = crew.assigned.iter().filter(|group| group.id == target);
            let gives = |group: &&CrewGroup| giving.split(BETWEEN).any(|name| is_called(name, &group.name));
            let watching: Vec<_> = crew.watching.iter().filter(|group| !gives(group)).cloned().collect();
            staff(members(&receiving.cloned().collect::<Vec<_>>()), Vec::new(), members(&watching))
        }
    }
}

/// Whether a note's name, which may be a full path, means the group of this name.
fn is_called(noted: &str, name: &str) -> bool {
    let name = fit_name(name);
    // Where a note has it, an angle bracket is another one.
    noted == name || noted.rsplit_once(" › ").is_some_and(|(_, last)| last == name)
}

/// Where a requester is to be written to who asked from another address than their account's own.
pub(super) fn answer_to<'a>(users: &'a [TicketUser], who: &Requester) -> Option<&'a str> {
    let theirs = users.iter().find(|user| user.role == ActorRole::Requester && user.who == *who)?;
    Some(theirs.address.as_str()).filter(|address| !address.is_empty() && matches!(who, Requester::User(_)))
}

/// What a note says of a step that was told: to these accounts alone while others still wait, else to all.
pub(super) fn marks(step: Step, also: Option<Step>, told: &[UserId], is_whole: bool) -> Vec<Mark> {
    match step {
        // Of a new ticket, who comes to the group later is told as well.
        Step::Group => told.iter().map(|account| step.told(*account)).collect(),
        _ if is_whole => std::iter::once(step).chain(also).map(Mark::from).collect(),
        _ => told.iter().map(|account| step.told(*account)).collect(),
    }
}
