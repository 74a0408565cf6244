//! What has changed: since which moment, by GLPI's own clock, and which of it is worth a closer look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    glpi::{Criterion, Glpi, GlpiError, TicketSummary},
    id::TicketId,
    lifecycle::{
        escalation::{AllLevels, Escalator},
        notices::{Announcer, Lately, Notifier},
    },
    request::Reference,
};

/// While GLPI has not shown when it last changed a ticket: so much longer ago than it was one may seem to have been
/// changed, for its time zone may be another one. Nothing it shows is believed that lies farther ahead.
const UNKNOWN_CLOCK: SignedDuration = SignedDuration::from_hours(3);
/// The same by GLPI's own clock: several web servers need not agree to the second.
const SAME_CLOCK: SignedDuration = SignedDuration::from_mins(2);
/// An hour that comes twice is read twice, for so long.
const AFTER_REPEAT: SignedDuration = SignedDuration::from_hours(4);

/// Until where everything was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// The moment, by this machine's clock.
    pub(super) moment: Timestamp,
    /// The newest change GLPI had shown by then, by its own.
    pub(super) newest: Option<DateTime>,
}

/// A ticket that a search showed, without its description.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) ticket: TicketSummary,
    /// Whether the gateway made it.
    is_ours: bool,
}

/// From when on a change may not have been looked at; at first, of what is `look_back` ago.
pub(super) fn since(until: Option<Until>, look_back: SignedDuration, now: Timestamp, zone: &TimeZone) -> DateTime {
    let shown = |moment: Timestamp| moment.to_zoned(zone.clone()).datetime();
    let earlier = |moment: DateTime, by: SignedDuration| moment.checked_sub(by).unwrap_or(DateTime::MIN);
    let Some(Until { moment, newest }) = until else {
        return earlier(shown(now.checked_sub(look_back).unwrap_or(Timestamp::MIN)), UNKNOWN_CLOCK);
    };
    let Some(newest) = newest else { return earlier(shown(moment), UNKNOWN_CLOCK) };
    // What is set back shows less than before.
    let before = now.checked_sub(AFTER_REPEAT).unwrap_or(now);
    let set_back = zone.to_offset(before).duration_since(zone.to_offset(now)).max(SignedDuration::ZERO);
    earlier(newest.min(shown(moment)).min(shown(now)), SAME_CLOCK + set_back)
}

/// The newest change among these dates that can be believed: something may have written one that is yet to come.
pub(super) fn newest(dates: impl Iterator<Item = DateTime>, now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let latest = now.to_zoned(zone.clone()).datetime().checked_add(UNKNOWN_CLOCK).unwrap_or(DateTime::MAX);
    dates.filter(|date| *date <= latest).max()
}

impl Changed {
    /// What a search shows of a ticket; `None` for one that is none of the gateway's business.
    pub(super) fn of(mut ticket: TicketSummary, all_levels: &AllLevels) -> Option<Self> {
        let is_ours = Reference::find(&ticket.content).is_some();
        ticket.content = String::new();
        (is_ours || all_levels.concern(&ticket)).then_some(Self { ticket, is_ours })
    }
}

/// Who tells people, and the portal, what has changed.
#[derive(Clone, Copy)]
pub(super) struct Tellers<'a> {
    pub(super) notifier: &'a Notifier,
    pub(super) announcer: &'a Announcer,
}

/// Of these tickets, which are among those that meet `scope`, those into which to look closer: by a few calls, however
/// many they are. `None`: all of them.
pub(super) async fn worth_a_look(
    glpi: &Glpi,
    escalator: &Escalator,
    Tellers { notifier, announcer }: Tellers<'_>,
    (scope, since): (&[Criterion], DateTime),
    changed: &[Changed],
) -> Result<Option<BTreeSet<TicketId>>, GlpiError> {
    let tells_since = notifier.tells_since();
    let tells = notifier.is_on() || announcer.is_on();
    let recent = if tells { since.min(tells_since) } else { since };
    let Some(recent) = glpi.followups_since(recent).await? else { return Ok(None) };
    // Nobody who works on them has taken them, and GLPI counts them as taken.
    let taken = |changed: &&Changed| changed.ticket.taken_after > 0 && changed.ticket.technicians.is_empty();
    let taken = changed.iter().filter(taken).map(|changed| changed.ticket.id).collect();
    let Some(mut found) = escalator.with_work(scope, &recent, &taken).await? else { return Ok(None) };
    if tells {
        let all_levels = escalator.all_levels().await?;
        let is_told = |changed: &&Changed| {
            changed.is_ours && changed.ticket.modified.is_none_or(|modified| modified >= tells_since)
        };
        let tickets: Vec<&TicketSummary> = changed.iter().filter(is_told).map(|changed| &changed.ticket).collect();
        let needs_solutions = notifier.tells_of_solutions() || announcer.is_on();
        let solutions = if needs_solutions { glpi.solutions_since(tells_since).await? } else { Some(Vec::new()) };
        let Some(solutions) = solutions else {
            found.extend(tickets.iter().map(|ticket| ticket.id));
            return Ok(Some(found));
        };
        let lately = Lately::new(glpi.own_account().await?, tells_since, recent, solutions);
        if notifier.is_on() {
            let told = Criterion::ModifiedAfter(tells_since.checked_sub(SAME_CLOCK).unwrap_or(tells_since));
            found.extend(notifier.with_news(&[told], &tickets, &lately, |path| all_levels.named(path)).await?);
        }
        if announcer.is_on() {
            found.extend(announcer.with_news(&tickets, &lately));
        }
    }
    Ok(Some(found))
}

/// Changed tickets by their ids.
pub(super) type ChangedTickets = BTreeMap<TicketId, Changed>;

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at(day: i8, hour: i8, minute: i8) -> DateTime {
        date(2026, 10, day).at(hour, minute, 0, 0)
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    // GLPI in the same zone, one that is behind, one that is ahead: never after its newest change.
    #[case::same("2026-10-20T10:00:00Z", Some(at(20, 11, 59)), at(20, 11, 57))]
    #[case::behind("2026-10-20T10:00:00Z", Some(at(20, 9, 59)), at(20, 9, 57))]
    #[case::ahead("2026-10-20T10:00:00Z", Some(at(20, 14, 0)), at(20, 11, 58))]
    #[case::quiet("2026-10-20T10:00:00Z", Some(at(12, 8, 0)), at(12, 7, 58))]
    #[case::unknown("2026-10-20T10:00:00Z", None, at(20, 9, 0))]
    // 25 October: at 3 o'clock it is 2 o'clock again.
    #[case::before_the_repeat("2026-10-25T00:30:00Z", Some(at(25, 2, 29)), at(25, 2, 27))]
    #[case::in_it("2026-10-25T01:05:00Z", Some(at(25, 2, 59)), at(25, 1, 3))]
    #[case::after_it("2026-10-25T04:05:00Z", Some(at(25, 5, 4)), at(25, 4, 2))]
    #[case::long_after_it("2026-10-25T06:00:00Z", Some(at(25, 6, 59)), at(25, 6, 57))]
    fn everything_is_read_from_the_newest_change_on(
        #[case] now: &str,
        #[case] newest: Option<DateTime>,
        #[case] expected: DateTime,
    ) {
        let now = moment(now);
        assert_eq!(since(Some(Until { moment: now, newest }), DAY, now, &paris()), expected);
    }

    #[test]
    fn what_is_written_in_the_repeated_hour_is_read() {
        let (until, now) = (moment("2026-10-25T00:59:30Z"), moment("2026-10-25T01:00:30Z"));
        let bound = since(Some(Until { moment: until, newest: Some(at(25, 2, 59)) }), DAY, now, &paris());
        assert!(bound < at(25, 2, 0), "{bound}");
    }

    #[test]
    fn at_first_it_goes_back_as_far_as_is_set_and_three_hours() {
        assert_eq!(since(None, DAY, moment("2026-10-20T10:00:00Z"), &paris()), at(19, 9, 0));
    }

    #[test]
    fn a_date_that_is_yet_to_come_is_not_believed() {
        let now = moment("2026-10-20T10:00:00Z");
        let dates = [at(20, 11, 0), at(20, 14, 59), at(20, 15, 1), at(30, 1, 0)];
        assert_eq!(newest(dates.into_iter(), now, &paris()), Some(at(20, 14, 59)));
        assert_eq!(newest([at(30, 1, 0)].into_iter(), now, &paris()), None);
    }
}
