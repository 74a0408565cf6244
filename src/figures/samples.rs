//! How long a ticket took, in working time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use crate::{
    course::{Past, Requesters, Waits, charges, waits},
    glpi::TicketSummary,
    working_time::Calendar,
};

/// How long a ticket took; `None` for what has not happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// From its opening until somebody took it in charge.
    pub charge: Option<Duration>,
    /// From its opening to its solution, without the times at which it waited for its requester.
    pub solution: Option<Duration>,
}

/// How long this ticket took, by what is known of its time.
pub fn sample(ticket: &TicketSummary, past: &Past, requesters: &Requesters<'_>, calendar: &Calendar) -> Sample {
    let moment = |date: DateTime| calendar.moment(date);
    let Some(opened) = ticket.opened.and_then(moment) else { return Sample { charge: None, solution: None } };
    // Where the history is not told: GLPI's own count, which is of seconds unless its entity has a calendar.
    let counted = || {
        let seconds = i64::try_from(ticket.taken_after).ok().filter(|seconds| *seconds > 0)?;
        opened.checked_add(SignedDuration::from_secs(seconds)).ok()
    };
    let taken = charges(past, requesters).first().and_then(|charge| moment(charge.at)).or_else(counted);
    let solved = ticket.solved.or(ticket.closed).filter(|_| ticket.status.is_over()).and_then(moment);
    Sample {
        charge: taken.map(|taken| calendar.between(opened, taken)),
        solution: solved.map(|solved| {
            let waits = waits(past, ticket.status, requesters, false);
            worked(calendar, opened, solved, &waits)
        }),
    }
}

/// The working time between two moments without those waits.
pub fn worked(calendar: &Calendar, from: Timestamp, to: Timestamp, waits: &Waits) -> Duration {
    let waited: Duration = waits
        .spans
        .iter()
        .filter_map(|(begun, ended)| {
            let begun = calendar.moment(*begun)?.max(from);
            let ended = ended.and_then(|ended| calendar.moment(ended)).unwrap_or(to).min(to);
            Some(calendar.between(begun, ended))
        })
        .sum();
    calendar.between(from, to).saturating_sub(waited)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, civil::DateTime};
    use proptest::prelude::*;

    use super::{Sample, sample, worked};
    use crate::{
        config,
        course::{Past, Requesters, Utterance, Waits},
        glpi::{Happening, TicketChange, TicketSummary},
        id::UserId,
        working_time::Calendar,
    };

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const MOREL: UserId = UserId::new(15);

    /// Open from 8 to 12 and from 13:30 to 17:30.
    fn calendar() -> Calendar {
        let config = config::load_from(None, []).unwrap();
        Calendar::new(&config.calendar, config.time_zone).unwrap()
    }

    fn date(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn moment(calendar: &Calendar, text: &str) -> Timestamp {
        calendar.moment(date(text)).unwrap()
    }

    #[test]
    fn opening_hours_count_and_the_requester_s_turn_does_not() {
        let calendar = calendar();
        let [from, to] = ["2026-11-24 09:00:00", "2026-11-25 09:00:00"].map(|text| moment(&calendar, text));
        let of = |spans: Vec<(&str, Option<&str>)>| {
            let spans = spans.into_iter().map(|(from, to)| (date(from), to.map(date))).collect();
            worked(&calendar, from, to, &Waits { is_now: false, spans })
        };
        assert_eq!(of(vec![]), Duration::from_hours(8));
        // Lunch and the night are nobody's turn.
        assert_eq!(of(vec![("2026-11-24 11:00:00", Some("2026-11-24 14:00:00"))]), Duration::from_mins(8 * 60 - 90));
        assert_eq!(of(vec![("2026-11-24 17:00:00", None)]), Duration::from_mins(8 * 60 - 90));
        assert_eq!(of(vec![("2026-11-20 08:00:00", Some("2026-11-24 10:00:00"))]), Duration::from_hours(7));
        assert_eq!(of(vec![("2026-11-26 08:00:00", None)]), Duration::from_hours(8));
    }

    #[test]
    fn a_ticket_is_measured_to_its_charge_and_to_its_solution() {
        let row = serde_json::json!({
            "2": 1, "12": 5, "15": "2026-11-24 09:00:00", "17": "2026-11-24 16:30:00", "150": 36_000,
        });
        let summary: TicketSummary = serde_json::from_value(row).unwrap();
        let change = |at: &str, what: Happening| TicketChange { at: date(at), by: Some(MOREL), what };
        let status = |at: &str, from: u64, to: u64| change(at, Happening::Status { from: from.into(), to: to.into() });
        let changes = vec![
            change("2026-11-24 10:00:00", Happening::Assigned(MOREL)),
            status("2026-11-24 10:30:00", 2, 4),
            status("2026-11-24 11:30:00", 4, 2),
            status("2026-11-24 16:30:00", 2, 5),
        ];
        let asked = |asks| Utterance {
            at: Some(date("2026-11-24 10:30:00")),
            author: MOREL,
            named: None,
            is_automatic: false,
            asks,
        };
        let requesters = Requesters { accounts: &[DIRECTOR], addresses: &[], own: OWN };
        let of = |past: Past| sample(&summary, &past, &requesters, &calendar());
        let hours = |hours| Some(Duration::from_hours(hours));
        let charge = hours(1);
        let past = |asks| Past { changes: changes.clone(), said: vec![asked(asks)] };
        assert_eq!(of(past(true)), Sample { charge, solution: hours(5) });
        assert_eq!(of(past(false)), Sample { charge, solution: hours(6) });
        // Without its history, by GLPI's own count: ten hours after nine o'clock.
        assert_eq!(of(Past::default()), Sample { charge: Some(Duration::from_mins(7 * 60)), solution: hours(6) });
    }

    proptest! {
        #[test]
        fn waiting_never_makes_it_longer(
            spans in proptest::collection::vec((0_i64..5000, 1_i64..600), 0..10),
        ) {
            let calendar = calendar();
            let begin = date("2026-11-23 06:00:00");
            let (mut minute, mut waits) = (0, Vec::new());
            for (later, long) in spans {
                let from = begin + jiff::Span::new().minutes(minute + later);
                minute += later + long;
                waits.push((from, Some(begin + jiff::Span::new().minutes(minute))));
            }
            let from = calendar.moment(begin).unwrap();
            let to = moment(&calendar, "2026-12-10 18:00:00");
            let without = worked(&calendar, from, to, &Waits::default());
            let with = worked(&calendar, from, to, &Waits { is_now: false, spans: waits.clone() });
            let waited: Duration = waits.iter().map(|(from, to)| {
                let [from, to] = [*from, to.unwrap()].map(|date| calendar.moment(date).unwrap());
                calendar.between(from, to.min(moment(&calendar, "2026-12-10 18:00:00")))
            }).sum();
            prop_assert_eq!(with, without.saturating_sub(waited));
        }
    }
}
