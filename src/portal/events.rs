//! What happened to a request, as its requester may know it: deposited, taken in charge, handed on, put on hold, solved,
//! refused, closed.

use jiff::{SignedDuration, Zoned, civil::DateTime};

use super::handed_on::HandedOn;
use crate::{
    course::{Past, Requesters, charges},
    flow::route::Mapping,
    glpi::{Happening, TicketChange, TicketStatus, TicketSummary},
    id::{GroupId, UserId},
};

/// What GLPI writes of one act bears nearly the same date.
const TOGETHER: SignedDuration = SignedDuration::from_secs(5);

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When.
    pub at: Option<Zoned>,
    /// Who did it, or took it in charge, where that is known and is to be told.
    pub by: Option<String>,
    /// Whom it was handed on to.
    pub to: Option<HandedOn>,
    /// Why.
    pub reason: Option<String>,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// It was deposited.
    Deposited,
    /// Somebody took it in charge.
    Taken,
    /// Another group has it from now on.
    HandedOn,
    /// It was put on hold.
    OnHold,
    /// It is at work again.
    Resumed,
    /// A solution was proposed.
    Proposed,
    /// The solution was refused.
    Refused,
    /// Staff opened it again.
    Reopened,
    /// It was closed.
    Closed,
}

impl EventKind {
    /// As the API names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Deposited => "deposee",
            Self::Taken => "prise-en-charge",
            Self::HandedOn => "transmise",
            Self::OnHold => "mise-en-attente",
            Self::Resumed => "reprise",
            Self::Proposed => "solution-proposee",
            Self::Refused => "solution-refusee",
            Self::Reopened => "rouverte",
            Self::Closed => "cloturee",
        }
    }
}

impl Event {
    /// As people read it.
    pub fn label(&self) -> String {
        let by = |what: &str| match &self.by {
            Some(who) => format!("{what} par {who}"),
            None => what.to_owned(),
        };
        let said = match self.kind {
            EventKind::Deposited => "Demande déposée".to_owned(),
            EventKind::Taken => by("Demande prise en charge"),
            EventKind::HandedOn => {
                format!("Demande {}", self.to.as_ref().map_or_else(|| "transmise".to_owned(), HandedOn::label))
            }
            EventKind::OnHold => "Demande mise en attente".to_owned(),
            EventKind::Resumed => "Traitement de la demande repris".to_owned(),
            EventKind::Proposed => by("Solution proposée"),
            EventKind::Refused => "Solution refusée\u{a0}: la demande est rouverte".to_owned(),
            EventKind::Reopened => by("Demande rouverte"),
            EventKind::Closed => "Demande clôturée".to_owned(),
        };
        match &self.reason {
            Some(reason) => format!("{said}\u{a0}: {reason}"),
            None => said,
        }
    }
}

/// Something that happened, before names are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) kind: EventKind,
    pub(super) at: Option<DateTime>,
    pub(super) by: Option<UserId>,
    pub(super) to: Option<HandedOn>,
    pub(super) reason: Option<String>,
}

impl Happened {
    fn new(kind: EventKind, at: Option<DateTime>) -> Self {
        Self { kind, at, by: None, to: None, reason: None }
    }
}

/// A move of the ticket that the gateway noted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotedMove {
    pub(super) at: Option<DateTime>,
    pub(super) to: GroupId,
    pub(super) name: String,
    /// Why, where the requester may read it.
    pub(super) reason: Option<String>,
}

/// What is known of a ticket.
pub(super) struct Known<'a> {
    pub(super) summary: &'a TicketSummary,
    pub(super) past: &'a Past,
    pub(super) requesters: Requesters<'a>,
    pub(super) moves: &'a [NotedMove],
    /// The authors and dates of its solutions.
    pub(super) solutions: &'a [(UserId, Option<DateTime>)],
    pub(super) mapping: Option<&'a Mapping>,
}

/// What happened to a ticket, oldest first.
pub(super) fn happened(known: &Known<'_>) -> Vec<Happened> {
    let Known { summary, past, requesters, .. } = known;
    let mut events = vec![Happened::new(EventKind::Deposited, summary.opened)];
    let mut taken: Vec<_> = charges(past, requesters)
        .into_iter()
        .map(|charge| Happened { by: charge.by, ..Happened::new(EventKind::Taken, Some(charge.at)) })
        .collect();
    // GLPI counts a handing on as taking in charge; nobody has taken it by that.
    let may_be_taken = summary.is_taken() && (known.moves.is_empty() || !summary.technicians.is_empty());
    if taken.is_empty() && past.changes.is_empty() && may_be_taken {
        taken.push(Happened {
            by: summary.technicians.first().copied(),
            ..Happened::new(EventKind::Taken, counted(summary))
        });
    }
    events.extend(taken);
    events.extend(handed_on(known));
    events.extend(changes_of_status(known));
    events.sort_by_key(|event| (event.kind != EventKind::Deposited, event.at));
    events
}

/// When it was taken into account, by GLPI's count.
fn counted(summary: &TicketSummary) -> Option<DateTime> {
    let seconds = i64::try_from(summary.taken_after).ok().filter(|seconds| *seconds > 0)?;
    summary.opened?.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// Each time another group got it; the groups that it went to first are no such.
fn handed_on(known: &Known<'_>) -> Vec<Happened> {
    let mut events: Vec<Happened> = Vec::new();
    let mut first = None;
    for (index, change) in known.past.changes.iter().enumerate() {
        let Happening::GroupAssigned { group, name } = &change.what else { continue };
        let is_first = first.is_none();
        let first: DateTime = *first.get_or_insert(change.at);
        let noted = known.moves.iter().rev().find(|noted| noted.to == *group && noted.at <= Some(change.at + TOGETHER));
        // At its creation it may go to several groups, none of which leaves it then.
        let mut next = known.past.changes[index + 1..].iter();
        let leaves = next.any(|next| {
            let is_another = matches!(next.what, Happening::GroupGone(gone) if gone != *group);
            is_another && next.at.duration_since(change.at) <= TOGETHER
        });
        if is_first || change.at.duration_since(first) <= TOGETHER && !leaves && noted.is_none() {
            continue;
        }
        let (to, reason) = (Some(HandedOn::to(name, known.mapping)), noted.and_then(|noted| noted.reason.clone()));
        events.push(Happened { to, reason, ..Happened::new(EventKind::HandedOn, Some(change.at)) });
    }
    if known.past.changes.is_empty() {
        events.extend(known.moves.iter().map(|noted| {
            let to = Some(HandedOn::to(&noted.name, known.mapping));
            Happened { to, reason: noted.reason.clone(), ..Happened::new(EventKind::HandedOn, noted.at) }
        }));
    }
    events
}

fn changes_of_status(known: &Known<'_>) -> Vec<Happened> {
    let (summary, requesters) = (known.summary, &known.requesters);
    let is_staff = |by: &UserId| by.get() != 0 && *by != requesters.own && !requesters.accounts.contains(by);
    let mut events: Vec<Happened> = Vec::new();
    let proposed = |(author, written): &(UserId, Option<DateTime>)| Happened {
        by: Some(*author).filter(is_staff),
        ..Happened::new(EventKind::Proposed, *written)
    };
    let mut solutions = known.solutions.iter().peekable();
    for (index, change) in known.past.changes.iter().enumerate() {
        let Happening::Status { from, to } = change.what else { continue };
        let by = change.by.filter(is_staff);
        let of = |kind| Happened::new(kind, Some(change.at));
        let event = match (from, to) {
            (_, TicketStatus::Closed) => of(EventKind::Closed),
            (_, TicketStatus::Solved) => {
                let is_its = |(_, written): &&(UserId, Option<DateTime>)| {
                    written.is_some_and(|written| written <= change.at + TOGETHER)
                };
                match solutions.next_if(is_its) {
                    Some(solution) => proposed(solution),
                    None => Happened { by, ..of(EventKind::Proposed) },
                }
            }
            (TicketStatus::Solved, _) if by.is_none() => of(EventKind::Refused),
            (TicketStatus::Solved | TicketStatus::Closed, _) => Happened { by, ..of(EventKind::Reopened) },
            (_, TicketStatus::Pending) => {
                Happened { reason: hold_reason(&known.past.changes, index), ..of(EventKind::OnHold) }
            }
            (TicketStatus::Pending, _) => of(EventKind::Resumed),
            _ => continue,
        };
        events.push(event);
    }
    let is_on_hold = summary.status == TicketStatus::Pending;
    if is_on_hold
        && !summary.pending_reason.is_empty()
        && let Some(last) = events.last_mut().filter(|event| event.kind == EventKind::OnHold)
    {
        last.reason = Some(summary.pending_reason.clone());
    }
    events.extend(solutions.map(proposed));
    if known.past.changes.is_empty() && summary.status == TicketStatus::Closed {
        events.push(Happened::new(EventKind::Closed, summary.closed));
    }
    events
}

/// Why it was put on hold by this change, as GLPI's history has it: the reason may stand before the status, and staff may
/// give another one while it lasts.
fn hold_reason(changes: &[TicketChange], hold: usize) -> Option<String> {
    let since = changes.get(hold)?.at;
    let is_its_end = |change: &&TicketChange| matches!(change.what, Happening::Status { .. });
    let during = changes[hold + 1..].iter().take_while(|change| !is_its_end(change));
    let before = changes[..hold].iter().rev().take_while(|change| !is_its_end(change));
    let mut before = before.take_while(|change| since.duration_since(change.at) <= TOGETHER);
    let reason = |change: &TicketChange| match &change.what {
        Happening::HoldReason(reason) if !reason.is_empty() => Some(reason.clone()),
        _ => None,
    };
    during.filter_map(reason).last().or_else(|| before.find_map(reason))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;

    use super::{EventKind, Happened, Known, NotedMove, happened};
    use crate::course::{Past, Requesters};
    use crate::flow::route::Mappings;
    use crate::glpi::{Happening, TicketChange, TicketSummary};
    use crate::id::{GroupId, UserId};

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const MOREL: UserId = UserId::new(15);

    fn at(minute: i64) -> DateTime {
        date(2026, 11, 25).at(8, 0, 0, 0) + jiff::Span::new().minutes(minute)
    }

    fn summary(status: u64) -> TicketSummary {
        let row = serde_json::json!({
            "2": 1, "12": status, "15": "2026-11-25 08:00:00", "16": "2026-11-25 10:00:00", "400": "Attente de l’éditeur",
        });
        serde_json::from_value(row).unwrap()
    }

    fn change(minute: i64, by: UserId, what: Happening) -> TicketChange {
        TicketChange { at: at(minute), by: Some(by), what }
    }

    fn status(minute: i64, by: UserId, from: u64, to: u64) -> TicketChange {
        change(minute, by, Happening::Status { from: from.into(), to: to.into() })
    }

    fn group(minute: i64, id: u64, name: &str) -> TicketChange {
        change(minute, OWN, Happening::GroupAssigned { group: id.into(), name: name.to_owned() })
    }

    fn of(status: u64, changes: Vec<TicketChange>, moves: &[NotedMove]) -> Vec<Happened> {
        let mappings = Mappings::load(None).unwrap();
        happened(&Known {
            summary: &summary(status),
            past: &Past { changes, said: Vec::new() },
            requesters: Requesters { accounts: &[DIRECTOR], addresses: &[], own: OWN },
            moves,
            solutions: &[(MOREL, Some(at(50)))],
            mapping: mappings.find("LSU"),
        })
    }

    fn kinds(events: &[Happened]) -> Vec<EventKind> {
        events.iter().map(|event| event.kind).collect()
    }

    #[test]
    fn a_whole_life_is_told_in_its_order() {
        let changes = vec![
            group(0, 1, "Référents-LSU"),
            status(0, OWN, 1, 2),
            change(10, MOREL, Happening::Assigned(MOREL)),
            status(20, MOREL, 2, 4),
            status(30, OWN, 4, 2),
            group(40, 2, "Assistance > DSI-BAI"),
            change(40, OWN, Happening::GroupGone(GroupId::new(1))),
            status(50, MOREL, 2, 5),
            status(60, OWN, 5, 2),
            group(65, 1, "Référents-LSU"),
            status(70, MOREL, 2, 5),
            status(80, MOREL, 5, 2),
            status(90, MOREL, 2, 6),
        ];
        let noted = NotedMove {
            at: Some(at(40)),
            to: GroupId::new(2),
            name: "DSI-BAI".to_owned(),
            reason: Some("Panne".to_owned()),
        };
        let events = of(6, changes, &[noted]);
        assert_eq!(
            kinds(&events),
            [
                EventKind::Deposited,
                EventKind::Taken,
                EventKind::OnHold,
                EventKind::Resumed,
                EventKind::HandedOn,
                EventKind::Proposed,
                EventKind::Refused,
                EventKind::HandedOn,
                EventKind::Proposed,
                EventKind::Reopened,
                EventKind::Closed,
            ]
        );
        assert_eq!(events[1].by, Some(MOREL));
        let to = |index: usize| events[index].to.as_ref().map(|to| (to.group.as_str(), to.is_back));
        assert_eq!((to(4), events[4].reason.as_deref()), (Some(("DSI-BAI", false)), Some("Panne")));
        assert_eq!(to(7), Some(("Référents-LSU", true)));
        assert_eq!((events[8].by, events[9].by, events[10].by), (Some(MOREL), Some(MOREL), None));
    }

    #[test]
    fn why_it_is_on_hold_is_said_of_the_present_hold_alone() {
        let events = of(4, vec![status(10, MOREL, 2, 4), status(20, MOREL, 4, 2), status(30, MOREL, 2, 4)], &[]);
        let reasons: Vec<_> = events.iter().map(|event| event.reason.as_deref()).collect();
        assert_eq!(reasons, [None, None, None, Some("Attente de l’éditeur"), None]);
    }

    #[test]
    fn why_it_was_on_hold_is_said_when_that_is_over_too() {
        let reason = |minute, name: &str| change(minute, MOREL, Happening::HoldReason(name.to_owned()));
        let changes = vec![
            status(10, MOREL, 2, 4),
            reason(10, "Attente du demandeur"),
            status(20, DIRECTOR, 4, 2),
            // GLPI may write the reason first, and staff may change it.
            reason(30, "Attente du mainteneur"),
            status(30, MOREL, 2, 4),
            reason(35, "Attente de l’éditeur"),
            status(40, MOREL, 4, 2),
            reason(50, "Attente du mainteneur"),
            status(50, MOREL, 2, 4),
            status(60, MOREL, 4, 5),
            status(70, MOREL, 5, 2),
            status(80, MOREL, 2, 4),
            status(90, MOREL, 4, 6),
        ];
        let events = of(6, changes, &[]);
        let holds = events.iter().filter(|event| event.kind == EventKind::OnHold);
        let reasons: Vec<_> = holds.map(|event| event.reason.as_deref()).collect();
        assert_eq!(
            reasons,
            [Some("Attente du demandeur"), Some("Attente de l’éditeur"), Some("Attente du mainteneur"), None]
        );
    }

    #[test]
    fn without_a_history_what_the_ticket_and_our_notes_say_is_told() {
        let noted = NotedMove { at: Some(at(40)), to: GroupId::new(2), name: "DSI-BAI".to_owned(), reason: None };
        let events = of(6, vec![], &[noted]);
        assert_eq!(kinds(&events), [EventKind::Deposited, EventKind::HandedOn, EventKind::Proposed, EventKind::Closed]);
    }

    proptest! {
        #[test]
        fn events_are_in_their_order_and_begin_with_the_deposit(
            steps in proptest::collection::vec((1_i64..30, 0_usize..5, any::<bool>()), 0..20),
        ) {
            let numbers = [1, 2, 4, 5, 6];
            let (mut minute, mut before, mut changes) = (0, 1, Vec::new());
            for (later, to, is_own) in steps {
                minute += later;
                if numbers[to] != before {
                    changes.push(status(minute, if is_own { OWN } else { MOREL }, before, numbers[to]));
                    before = numbers[to];
                }
            }
            let closings = changes.iter().filter(|change| {
                matches!(change.what, Happening::Status { to, .. } if to.number() == 6)
            }).count();
            let is_told = !changes.is_empty();
            let events = of(before, changes, &[]);
            prop_assert_eq!(events[0].kind, EventKind::Deposited);
            prop_assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
            let told = events.iter().filter(|event| event.kind == EventKind::Closed).count();
            prop_assert!(!is_told || told == closings);
        }
    }
}
