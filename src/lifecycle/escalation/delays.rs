//! The rules in time: what is due for a ticket that nobody has taken in charge.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    config::Percents,
    flow::route::Level,
    glpi::TicketStatus,
    working_time::{Calendar, Wait},
};

/// The statuses of a ticket that nobody has begun with.
pub(super) const WAITING: [TicketStatus; 2] = [TicketStatus::New, TicketStatus::Assigned];

/// What is known of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its status: the rules leave those alone that are neither new nor assigned.
    pub status: TicketStatus,
    /// GLPI's urgency, 1 (very low) to 5 (very high).
    pub urgency: u8,
    /// When it was opened.
    pub opened: Timestamp,
    /// When the group of its level was assigned; `None` where that was at its opening.
    pub arrived: Option<Timestamp>,
    /// GLPI's `takeintoaccountdate`, or the last follow-up of a member of the level's groups. GLPI writes its date once
    /// in a ticket's life: what the level below took in charge before it was escalated, the level above has not; and
    /// who gets it back takes it in charge by answering.
    pub taken: Option<Timestamp>,
    /// Whether a person is assigned.
    pub has_technician: bool,
    /// Whether the level was reminded of it since it arrived there.
    pub reminded: bool,
}

/// After how much working time the rules strike, as the next level of the mapping says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// … the groups of the ticket's level are reminded of it.
    pub remind_after: Option<Duration>,
    /// … the ticket goes to the next level.
    pub after: Option<Duration>,
}

impl From<&Level> for Delays {
    /// The delays before a ticket goes to this level.
    fn from(next: &Level) -> Self {
        Self { remind_after: next.remind_after, after: next.after }
    }
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayVerdict {
    /// Nothing.
    Nothing {
        /// When a rule will strike, if nobody takes the ticket in charge until then.
        next: Option<Timestamp>,
    },
    /// Its level is reminded.
    Remind {
        /// What the reminder says.
        wait: Wait,
        /// When the ticket goes to the next level, if nobody takes it in charge until then.
        escalation: Option<Timestamp>,
    },
    /// It goes to the next level.
    Escalate {
        /// What the note says.
        wait: Wait,
    },
}

/// What is due for a ticket now. `delays` are those of the next level; the highest has none. Where an outage has made
/// both due, it is escalated at once: a reminder that nobody has time to follow helps nobody.
pub fn judge(facts: &Facts, delays: Delays, percents: &Percents, calendar: &Calendar, now: Timestamp) -> DelayVerdict {
    let since = facts.arrived.unwrap_or(facts.opened);
    if !is_waiting(facts, since) {
        return DelayVerdict::Nothing { next: None };
    }
    let percent = percent(facts.urgency, percents);
    // A delay with the moment at which it ends; none that ends beyond what the calendar looks ahead.
    let due = |delay: Option<Duration>| {
        let delay = delay?.saturating_mul(percent) / 100;
        Some((delay, calendar.after(since, delay)?))
    };
    let wait = |delay: Duration| Wait { since, waited: calendar.between(since, now), delay };

    let escalation = due(delays.after);
    if let Some((delay, moment)) = escalation
        && moment <= now
    {
        return DelayVerdict::Escalate { wait: wait(delay) };
    }
    let escalation = escalation.map(|(_, moment)| moment);
    match due(delays.remind_after).filter(|_| !facts.reminded) {
        Some((delay, moment)) if moment <= now => DelayVerdict::Remind { wait: wait(delay), escalation },
        reminder => {
            let reminder = reminder.map(|(_, moment)| moment);
            DelayVerdict::Nothing { next: [reminder, escalation].into_iter().flatten().min() }
        }
    }
}

/// Whether nobody has taken the ticket in charge since it arrived at its level.
fn is_waiting(facts: &Facts, since: Timestamp) -> bool {
    let is_taken = facts.has_technician || facts.taken.is_some_and(|taken| taken >= since);
    WAITING.contains(&facts.status) && !is_taken
}

/// The percentage of the delays for an urgency; one that GLPI does not have leaves them as they are.
fn percent(urgency: u8, percents: &Percents) -> u32 {
    match urgency {
        1 => percents.very_low,
        2 => percents.low,
        3 => percents.medium,
        4 => percents.high,
        5 => percents.very_high,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{DelayVerdict, Delays, Facts, judge};
    use crate::{config, glpi::TicketStatus, working_time::Calendar};

    /// A reminder after a working day, escalation after two.
    const BOTH: Delays = Delays { remind_after: Some(Duration::from_hours(8)), after: Some(Duration::from_hours(16)) };

    fn moment(paris: &str) -> Timestamp {
        paris.parse::<DateTime>().unwrap().to_zoned(TimeZone::get("Europe/Paris").unwrap()).unwrap().timestamp()
    }

    /// A new ticket of Monday 23 November 2026, 10:00, that nobody has taken.
    fn waiting() -> Facts {
        Facts {
            status: TicketStatus::New,
            urgency: 3,
            opened: moment("2026-11-23 10:00"),
            arrived: None,
            taken: None,
            has_technician: false,
            reminded: false,
        }
    }

    /// By the defaults: open from 08:00 to 12:00 and from 13:30 to 17:30, Monday to Friday; 75 % at urgency 4, 50 %
    /// at 5.
    fn verdict(facts: &Facts, delays: Delays, now: &str) -> DelayVerdict {
        let config = config::load_from(None, []).unwrap();
        let calendar = Calendar::new(&config.calendar, config.time_zone).unwrap();
        judge(facts, delays, &config.escalation.urgency, &calendar, moment(now))
    }

    /// «rappel 8 h, escalade 2026-11-25 10:00», in short what is due.
    fn snapshot(verdict: DelayVerdict) -> String {
        let paris = |moment: Option<Timestamp>| {
            let zone = TimeZone::get("Europe/Paris").unwrap();
            moment.map_or("never".to_owned(), |moment| moment.to_zoned(zone).strftime("%d/%m %H:%M").to_string())
        };
        let hours = |time: Duration| format!("{:.2} h", time.as_secs_f64() / 3600.0);
        match verdict {
            DelayVerdict::Nothing { next } => format!("nothing until {}", paris(next)),
            DelayVerdict::Remind { wait, escalation } => {
                format!("remind: {} of {}, escalated {}", hours(wait.waited), hours(wait.delay), paris(escalation))
            }
            DelayVerdict::Escalate { wait } => {
                format!("escalate: {} of {} since {}", hours(wait.waited), hours(wait.delay), paris(Some(wait.since)))
            }
        }
    }

    #[rstest]
    #[case::a_minute_before("2026-11-24 09:59", "nothing until 24/11 10:00")]
    #[case::after_a_working_day("2026-11-24 10:00", "remind: 8.00 h of 8.00 h, escalated 25/11 10:00")]
    #[case::later_that_day("2026-11-24 15:30", "remind: 12.00 h of 8.00 h, escalated 25/11 10:00")]
    #[case::after_two("2026-11-25 10:00", "escalate: 16.00 h of 16.00 h since 23/11 10:00")]
    #[case::after_an_outage("2026-11-30 10:00", "escalate: 40.00 h of 16.00 h since 23/11 10:00")]
    #[case::a_clock_that_is_behind("2026-11-22 10:00", "nothing until 24/11 10:00")]
    fn who_waits_is_reminded_of_and_then_escalated(#[case] now: &str, #[case] expected: &str) {
        assert_eq!(snapshot(verdict(&waiting(), BOTH, now)), expected);
    }

    #[rstest]
    #[case::someone_is_assigned(|facts: &mut Facts| facts.has_technician = true)]
    #[case::taken_into_account(|facts: &mut Facts| facts.taken = Some(moment("2026-11-23 11:00")))]
    #[case::taken_as_it_arrived(|facts: &mut Facts| facts.taken = Some(moment("2026-11-23 10:00")))]
    #[case::planned(|facts: &mut Facts| facts.status = 3.into())]
    #[case::pending(|facts: &mut Facts| facts.status = 4.into())]
    #[case::solved(|facts: &mut Facts| facts.status = 5.into())]
    #[case::closed(|facts: &mut Facts| facts.status = 6.into())]
    #[case::to_be_validated(|facts: &mut Facts| facts.status = 10.into())]
    fn what_is_taken_or_no_longer_waits_is_left_alone(#[case] change: fn(&mut Facts)) {
        let mut facts = waiting();
        change(&mut facts);
        assert_eq!(verdict(&facts, BOTH, "2026-12-01 10:00"), DelayVerdict::Nothing { next: None });
    }

    #[test]
    fn a_reminder_comes_once_and_the_escalation_all_the_same() {
        let facts = Facts { reminded: true, ..waiting() };
        assert_eq!(snapshot(verdict(&facts, BOTH, "2026-11-24 12:00")), "nothing until 25/11 10:00");
        assert_eq!(
            snapshot(verdict(&facts, BOTH, "2026-11-25 10:00")),
            "escalate: 16.00 h of 16.00 h since 23/11 10:00"
        );
    }

    #[test]
    fn who_gets_an_escalated_ticket_has_the_whole_delay() {
        let arrived = moment("2026-11-25 10:00");
        let facts = Facts {
            status: TicketStatus::Assigned,
            arrived: Some(arrived),
            taken: Some(moment("2026-11-23 11:00")),
            ..waiting()
        };
        assert_eq!(snapshot(verdict(&facts, BOTH, "2026-11-25 17:00")), "nothing until 26/11 10:00");
        assert_eq!(
            snapshot(verdict(&facts, BOTH, "2026-11-27 10:00")),
            "escalate: 16.00 h of 16.00 h since 25/11 10:00"
        );
    }

    #[rstest]
    #[case(1, "nothing until 24/11 10:00")]
    #[case(3, "nothing until 24/11 10:00")]
    #[case(4, "nothing until 23/11 17:30")]
    #[case(5, "nothing until 23/11 15:30")]
    #[case(0, "nothing until 24/11 10:00")]
    fn urgency_shortens_the_delays(#[case] urgency: u8, #[case] expected: &str) {
        let facts = Facts { urgency, ..waiting() };
        assert_eq!(snapshot(verdict(&facts, BOTH, "2026-11-23 10:00")), expected);
    }

    #[rstest]
    #[case::neither(None, None, "nothing until never")]
    #[case::reminder_only(Some(8), None, "remind: 40.00 h of 8.00 h, escalated never")]
    #[case::escalation_only(None, Some(16), "escalate: 40.00 h of 16.00 h since 23/11 10:00")]
    #[case::a_delay_nobody_lives_to_see(Some(8), Some(1_000_000), "remind: 40.00 h of 8.00 h, escalated never")]
    fn a_rule_that_the_mapping_does_not_have_never_strikes(
        #[case] remind: Option<u64>,
        #[case] escalate: Option<u64>,
        #[case] expected: &str,
    ) {
        let delays =
            Delays { remind_after: remind.map(Duration::from_hours), after: escalate.map(Duration::from_hours) };
        assert_eq!(snapshot(verdict(&waiting(), delays, "2026-11-30 10:00")), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whoever looks at the moment that was foretold finds the rule striking, and a second before nothing.
        #[test]
        fn a_rule_strikes_exactly_when_it_said(
            opened in 0..300 * 86_400_i64, urgency in 1..=5_u8, reminded in prop::bool::ANY, remind in 1..40_u64, more in 1..40_u64,
        ) {
            let config = config::load_from(None, []).unwrap();
            let calendar = Calendar::new(&config.calendar, config.time_zone).unwrap();
            let opened = Timestamp::from_second(1_767_225_600 + opened).unwrap();
            let facts = Facts { urgency, opened, reminded, ..waiting() };
            let delays = Delays {
                remind_after: Some(Duration::from_hours(remind)),
                after: Some(Duration::from_hours(remind + more)),
            };
            let judge = |now| judge(&facts, delays, &config.escalation.urgency, &calendar, now);
            let DelayVerdict::Nothing { next: Some(next) } = judge(opened) else { panic!("strikes at once") };
            prop_assert_eq!(judge(next - Duration::from_secs(1)), DelayVerdict::Nothing { next: Some(next) });
            match judge(next) {
                DelayVerdict::Remind { wait, escalation } => {
                    prop_assert!(!reminded && wait.waited == wait.delay);
                    prop_assert!(escalation > Some(next));
                }
                DelayVerdict::Escalate { wait } => prop_assert!(reminded && wait.waited == wait.delay),
                nothing @ DelayVerdict::Nothing { .. } => panic!("{nothing:?}"),
            }
        }
    }
}
