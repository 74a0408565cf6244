//! The times at which a ticket waited for its requester: pending with a question that nobody had answered, or solved
//! until the solution was refused.

use jiff::civil::DateTime;

use super::past::{Past, Requesters, Speaker};
use crate::glpi::{Happening, TicketStatus};

/// When a ticket waited for its requester.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Whether it is their turn now: it is pending, and the last public word asks them for something.
    pub is_now: bool,
    /// From when to when, in GLPI's time zone and in their order; the last one may last until now.
    pub spans: Vec<(DateTime, Option<DateTime>)>,
}

/// When a ticket of this status, of these requesters, waited for them. `is_said` tells that GLPI's reason for the present
/// wait says so.
pub fn waits(past: &Past, status: TicketStatus, requesters: &Requesters<'_>, is_said: bool) -> Waits {
    let is_pending = status == TicketStatus::Pending;
    // Whose turn it was after each word.
    let turns: Vec<(Option<DateTime>, bool)> = past
        .said
        .iter()
        .filter_map(|said| match requesters.speaker(said) {
            Speaker::Requester => Some((said.at, false)),
            Speaker::Staff => Some((said.at, said.asks)),
            Speaker::Service => None,
        })
        .collect();
    let is_asked = turns.last().is_some_and(|(_, is_asked)| *is_asked);
    let mut spans = Vec::new();
    let mut begun: Option<(DateTime, TicketStatus)> = None;
    for change in &past.changes {
        let Happening::Status { to, .. } = change.what else { continue };
        match begun.take() {
            Some((since, TicketStatus::Pending)) => asked_between(&turns, since, Some(change.at), &mut spans),
            // It was solved, or closed, and is open again.
            Some((since, _)) if !to.is_over() => push(&mut spans, since, Some(change.at)),
            // From solved to closed.
            Some(still) if to.is_over() => begun = Some(still),
            _ => {}
        }
        if begun.is_none() && (to == TicketStatus::Pending || to.is_over()) {
            begun = Some((change.at, to));
        }
    }
    if is_pending {
        // Without a history, from the question on.
        let since = match begun {
            Some((since, TicketStatus::Pending)) => Some(since),
            _ => turns.last().and_then(|(at, _)| *at),
        };
        match since {
            Some(since) if is_said => push(&mut spans, since, None),
            Some(since) => asked_between(&turns, since, None, &mut spans),
            None => {}
        }
    }
    Waits { is_now: is_pending && (is_said || is_asked), spans }
}

/// The parts of a pending time in which the last word was a question.
fn asked_between(
    turns: &[(Option<DateTime>, bool)],
    from: DateTime,
    to: Option<DateTime>,
    spans: &mut Vec<(DateTime, Option<DateTime>)>,
) {
    let dated = turns.iter().filter_map(|(at, is_asked)| Some(((*at)?, *is_asked)));
    let before = dated.clone().take_while(|(at, _)| *at <= from).last();
    let mut since = before.filter(|(_, is_asked)| *is_asked).map(|_| from);
    for (at, is_asked) in dated.filter(|(at, _)| *at > from && to.is_none_or(|to| *at < to)) {
        match (since, is_asked) {
            (None, true) => since = Some(at),
            (Some(begun), false) => {
                push(spans, begun, Some(at));
                since = None;
            }
            _ => {}
        }
    }
    if let Some(begun) = since {
        push(spans, begun, to);
    }
}

fn push(spans: &mut Vec<(DateTime, Option<DateTime>)>, from: DateTime, to: Option<DateTime>) {
    if to.is_none_or(|to| from < to) {
        spans.push((from, to));
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Waits, waits};
    use crate::course::{Past, Requesters, Utterance};
    use crate::glpi::{Happening, TicketChange, TicketStatus};
    use crate::id::UserId;

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const TECHNICIAN: UserId = UserId::new(15);

    fn at(minute: i64) -> DateTime {
        date(2026, 11, 25).at(8, 0, 0, 0) + jiff::Span::new().minutes(minute)
    }

    fn status(minute: i64, from: u64, to: u64) -> TicketChange {
        let what = Happening::Status { from: from.into(), to: to.into() };
        TicketChange { at: at(minute), by: Some(TECHNICIAN), what }
    }

    fn said(minute: i64, author: UserId, asks: bool) -> Utterance {
        Utterance { at: Some(at(minute)), author, named: None, is_automatic: author == OWN, asks }
    }

    fn waited(changes: Vec<TicketChange>, said: Vec<Utterance>, status: u64, is_said: bool) -> Waits {
        let requesters = Requesters { accounts: &[DIRECTOR], addresses: &[], own: OWN };
        waits(&Past { changes, said }, status.into(), &requesters, is_said)
    }

    #[rstest]
    #[case::asked(vec![said(10, TECHNICIAN, true)], 4, false, true)]
    #[case::answered(vec![said(10, TECHNICIAN, true), said(11, DIRECTOR, false)], 4, false, false)]
    #[case::asked_back(vec![said(10, TECHNICIAN, true), said(11, DIRECTOR, true)], 4, false, false)]
    #[case::news(vec![said(10, TECHNICIAN, false)], 4, false, false)]
    #[case::the_service_s_own(vec![said(10, TECHNICIAN, true), said(11, OWN, false)], 4, false, true)]
    #[case::nothing_said(vec![], 4, false, false)]
    #[case::by_the_reason(vec![], 4, true, true)]
    #[case::not_pending(vec![said(10, TECHNICIAN, true)], 2, false, false)]
    #[case::not_pending_any_more(vec![], 2, true, false)]
    fn it_is_the_requester_s_turn_by_the_last_public_word_or_the_reason(
        #[case] said: Vec<Utterance>,
        #[case] status: u64,
        #[case] is_said: bool,
        #[case] expected: bool,
    ) {
        assert_eq!(waited(vec![], said, status, is_said).is_now, expected);
    }

    #[test]
    fn pending_time_counts_from_the_question_to_the_answer() {
        let changes = vec![status(10, 2, 4), status(60, 4, 2)];
        let of = |words| waited(changes.clone(), words, 2, false).spans;
        assert_eq!(of(vec![said(5, TECHNICIAN, true)]), [(at(10), Some(at(60)))]);
        assert_eq!(of(vec![said(10, TECHNICIAN, true), said(60, DIRECTOR, false)]), [(at(10), Some(at(60)))]);
        assert_eq!(of(vec![said(20, TECHNICIAN, true), said(30, DIRECTOR, false)]), [(at(20), Some(at(30)))]);
        assert_eq!(of(vec![said(5, TECHNICIAN, false)]), []);
        assert_eq!(of(vec![]), []);
    }

    #[test]
    fn the_present_wait_has_no_end() {
        let changes = vec![status(10, 2, 4)];
        assert_eq!(waited(changes.clone(), vec![said(10, TECHNICIAN, true)], 4, false).spans, [(at(10), None)]);
        assert_eq!(waited(changes, vec![], 4, true).spans, [(at(10), None)]);
        let without_history = waited(vec![], vec![said(12, TECHNICIAN, true)], 4, false);
        assert_eq!(without_history.spans, [(at(12), None)]);
    }

    #[test]
    fn a_solution_waits_until_it_is_refused() {
        let refused = vec![status(10, 2, 5), status(40, 5, 2), status(50, 2, 5)];
        assert_eq!(waited(refused, vec![], 5, false).spans, [(at(10), Some(at(40)))]);
        let closed = vec![status(10, 2, 5), status(40, 5, 6), status(90, 6, 2)];
        assert_eq!(waited(closed, vec![], 2, false).spans, [(at(10), Some(at(90)))]);
        assert_eq!(waited(vec![status(10, 2, 5)], vec![], 5, false).spans, []);
    }

    proptest! {
        #[test]
        fn waits_follow_each_other_and_only_the_last_may_lack_an_end(
            steps in proptest::collection::vec((1_i64..30, 0_usize..5, 0_usize..4), 0..20),
        ) {
            let numbers = [1, 2, 4, 5, 6];
            let (mut minute, mut before, mut changes, mut words) = (0, 1, Vec::new(), Vec::new());
            for (later, to, word) in steps {
                minute += later;
                if numbers[to] != before {
                    changes.push(status(minute, before, numbers[to]));
                    before = numbers[to];
                }
                match word {
                    0 => words.push(said(minute, TECHNICIAN, true)),
                    1 => words.push(said(minute, DIRECTOR, false)),
                    2 => words.push(said(minute, TECHNICIAN, false)),
                    _ => {}
                }
            }
            let Waits { is_now, spans } = waited(changes, words, before, false);
            for pair in spans.windows(2) {
                prop_assert!(pair[0].1.is_some_and(|end| end <= pair[1].0), "{spans:?}");
            }
            prop_assert!(spans.iter().all(|(from, to)| to.is_none_or(|to| *from < to)));
            let is_open = spans.last().is_some_and(|(_, to)| to.is_none());
            prop_assert_eq!(is_now, is_open, "{:?} in status {}", spans, TicketStatus::from(before).number());
        }
    }
}
