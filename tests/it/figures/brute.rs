//! Figures counted once more, each for itself and the plain way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use passerelle::figures::{
    AGES, Compared, Days, FigureCell, FigureNames, FigureQuestion, Figures, NEVER, NO_LEVEL, Period, Share, Sight,
    TicketFacts, TimeTaken, UNKNOWN,
};

use super::cells::{Counted, check_cells};

/// The day a ticket was opened.
pub(super) fn day(ticket: &TicketFacts) -> Date {
    date(1970, 1, 1).saturating_add(jiff::Span::new().days(i64::from(ticket.opened / 1440)))
}

fn is_in(days: Days, ticket: &TicketFacts) -> bool {
    days.from <= day(ticket) && day(ticket) < days.to
}

fn is_seen(question: &FigureQuestion, department: u16, application: u16) -> bool {
    match &question.sight {
        Sight::Everything => true,
        Sight::Some { departments, applications } => {
            departments.contains(&department) || applications.contains(&application)
        }
    }
}

fn is_asked_for(question: &FigureQuestion, ticket: &TicketFacts) -> bool {
    question.application.is_none_or(|number| number == ticket.application)
        && question.department.is_none_or(|number| number == ticket.department)
        && question.circonscription.is_none_or(|number| number == ticket.circonscription)
        && question.school.is_none_or(|number| number == ticket.school)
        && is_seen(question, ticket.department, ticket.application)
}

fn count<'t>(tickets: &[&'t TicketFacts], is_one: impl Fn(&'t TicketFacts) -> bool) -> u32 {
    tickets.iter().filter(|ticket| is_one(ticket)).count().try_into().unwrap()
}

/// Fails unless these are the figures of these tickets.
pub(crate) fn check(figures: &Figures, tickets: &[TicketFacts], names: &FigureNames, question: &FigureQuestion) {
    let all: Vec<&TicketFacts> = tickets.iter().filter(|ticket| is_asked_for(question, ticket)).collect();
    let (now, before) = (figures.days, figures.before);
    let compared = |is_one: &dyn Fn(&TicketFacts) -> bool| Compared {
        now: count(&all, |ticket| is_in(now, ticket) && is_one(ticket)),
        before: count(&all, |ticket| is_in(before, ticket) && is_one(ticket)),
        year_before: figures.year_before.map_or(0, |days| count(&all, |ticket| is_in(days, ticket) && is_one(ticket))),
    };
    assert_eq!(figures.requests, compared(&|_| true));

    for step in &figures.steps {
        assert_eq!(step.requests, count(&all, |ticket| is_in(step.days, ticket)), "{:?}", step.days);
    }
    assert_eq!(figures.steps.iter().map(|step| step.requests).sum::<u32>(), figures.requests.now);
    steps(figures, &all);
    assert_eq!(figures.steps.first().map(|step| step.days.from), Some(now.from));
    assert_eq!(figures.steps.last().map(|step| step.days.to), Some(now.to));
    assert!(figures.steps.windows(2).all(|pair| pair[0].days.to == pair[1].days.from));
    for (hour, requests) in figures.hours.iter().enumerate() {
        let of_hour = |ticket: &TicketFacts| (ticket.opened % 1440) as usize / 60 == hour;
        assert_eq!(*requests, count(&all, |ticket| is_in(now, ticket) && of_hour(ticket)), "{hour} h");
    }
    for (place, requests) in figures.weekdays.iter().enumerate() {
        let of_day =
            |ticket: &TicketFacts| usize::from(day(ticket).weekday().to_monday_zero_offset().unsigned_abs()) == place;
        assert_eq!(*requests, count(&all, |ticket| is_in(now, ticket) && of_day(ticket)), "day {place}");
    }

    let shares = |shares: &[Share], name: &dyn Fn(&TicketFacts) -> Option<String>, whole: bool| {
        for share in shares {
            assert_eq!(share.requests, compared(&|ticket| name(ticket) == share.name), "{:?}", share.name);
        }
        let distinct: BTreeSet<_> = shares.iter().map(|share| &share.name).collect();
        assert_eq!(distinct.len(), shares.len());
        assert!(shares.windows(2).all(|pair| pair[0].requests.now >= pair[1].requests.now));
        if whole {
            // What is not known is counted, too.
            assert_eq!(shares.iter().map(|share| share.requests.now).sum::<u32>(), figures.requests.now);
        }
    };
    let owned = |name: Option<&str>| name.map(str::to_owned);
    shares(&figures.applications, &|ticket| owned(names.applications.name(ticket.application)), true);
    shares(&figures.natures, &|ticket| owned(names.natures.name(ticket.nature)), true);
    shares(&figures.departments, &|ticket| owned(names.departments.name(ticket.department)), true);
    shares(&figures.circonscriptions, &|ticket| owned(names.circonscriptions.name(ticket.circonscription)), true);
    shares(&figures.schools, &|ticket| owned(names.school(ticket.school)), false);
    let asking: BTreeSet<u16> = all
        .iter()
        .filter(|ticket| is_in(now, ticket) && ticket.school != UNKNOWN)
        .map(|ticket| ticket.school)
        .collect();
    assert_eq!(figures.schools_asking as usize, asking.len());
    let mut silent: Vec<String> = names
        .schools_with_places()
        .filter(|(school, place)| {
            !asking.contains(school)
                && question.department.is_none_or(|number| number == place.department)
                && question.circonscription.is_none_or(|number| number == place.circonscription)
                && question.school.is_none_or(|number| number == *school)
                && may_be_told_of(question, place.department)
        })
        .map(|(school, _)| names.school(school).unwrap().to_owned())
        .collect();
    silent.sort();
    assert_eq!(figures.silent, silent);

    for word in &figures.words {
        let is_it = |number: &u16| names.word(*number) == Some(word.word.as_str());
        let number = names.words.all().map(|(number, _)| number).find(is_it).unwrap();
        let has = compared(&|ticket| ticket.words.contains(&number));
        assert_eq!((word.requests, word.before), (has.now, has.before), "{}", word.word);
        let (all_now, all_before) = (f64::from(figures.requests.now), f64::from(figures.requests.before));
        assert!(word.requests >= 5 && f64::from(word.requests) * all_before > f64::from(word.before) * all_now);
    }

    let of_period: Vec<&TicketFacts> = all.iter().copied().filter(|ticket| is_in(now, ticket)).collect();
    taken(figures.charge, &of_period, |ticket| ticket.charge, |application| question.expected.get(&application)?.0);
    taken(figures.solution, &of_period, |ticket| ticket.solution, |application| question.expected.get(&application)?.1);
    assert_eq!(figures.solved, count(&of_period, |ticket| !ticket.is_open));
    assert_eq!(figures.refused, count(&of_period, |ticket| !ticket.is_open && ticket.refusals > 0));
    parts_of_a_hundred(figures);
    for (way, requests) in &figures.ways {
        assert_eq!(*requests, count(&of_period, |ticket| ticket.way == *way));
    }
    assert_eq!(figures.ways.values().sum::<u32>(), figures.requests.now);

    assert_eq!(figures.escalated.requests, count(&of_period, |ticket| ticket.escalated_by.is_some()));
    for (by, requests) in &figures.escalated.by {
        assert_eq!(*requests, count(&of_period, |ticket| ticket.escalated_by == Some(*by)));
    }
    assert_eq!(figures.escalated.by.values().sum::<u32>(), figures.escalated.requests);
    for (group, requests) in &figures.escalated.from {
        let is_from = |ticket: &TicketFacts| owned(names.groups.name(ticket.escalated_from)) == *group;
        assert_eq!(*requests, count(&of_period, |ticket| ticket.escalated_by.is_some() && is_from(ticket)));
    }

    let mut open = BTreeMap::<u8, [u32; AGES.len() + 1]>::new();
    for ticket in all.iter().filter(|ticket| ticket.is_open) {
        let days = (question.today - day(ticket)).get_days().max(0);
        let age = AGES.iter().filter(|least| days >= i32::try_from(**least).unwrap()).count();
        open.entry(ticket.level).or_default()[age] += 1;
    }
    let counted: BTreeMap<u8, [u32; AGES.len() + 1]> =
        figures.open.iter().map(|open| (open.level.unwrap_or(NO_LEVEL), open.by_age)).collect();
    assert_eq!(counted, open);
    check_cells(figures, &Counted { all: all.clone(), of_period, compared: &compared }, names, question);
}

/// Whether a school of this department may be told of as one that asked nothing: who sees an application sees what any
/// school asks about it.
fn may_be_told_of(question: &FigureQuestion, department: u16) -> bool {
    let applications: Vec<u16> = match question.application {
        Some(application) => vec![application],
        None => (0..20).collect(),
    };
    applications.into_iter().any(|application| is_seen(question, department, application))
}

/// What the steps are beside: each day before stands in one of them at most, months beside months of the same name.
fn steps(figures: &Figures, all: &[&TicketFacts]) {
    let (now, before) = (figures.days, figures.before);
    let is_school_year = figures.period == Period::school_year(now.from);
    let count_in = |from: Date, to: Date| {
        let days = Days { from: from.max(before.from), to: to.min(before.to) };
        count(all, |ticket| is_in(days, ticket))
    };
    for (place, step) in figures.steps.iter().enumerate() {
        if now.count() > 190 && is_school_year {
            let first = step.days.from.first_of_month();
            let first = first.saturating_sub(jiff::Span::new().years(1));
            let next = first.saturating_add(jiff::Span::new().months(1));
            // What is left of a year before that has a day more stands beside the last one.
            let to = if place + 1 == figures.steps.len() { before.to } else { next };
            assert_eq!(step.before, count_in(first, to), "{:?}", step.days);
        } else {
            let same = |date: Date| before.from.saturating_add(jiff::Span::new().days((date - now.from).get_days()));
            assert_eq!(step.before, count_in(same(step.days.from), same(step.days.to)), "{:?}", step.days);
        }
        let is_inner = place > 0 && place + 1 < figures.steps.len();
        if is_inner && (32..=190).contains(&now.count()) {
            assert_eq!((step.days.from.weekday(), step.days.count()), (jiff::civil::Weekday::Monday, 7));
        }
    }
    if is_school_year {
        assert_eq!(figures.steps.iter().map(|step| step.before).sum::<u32>(), figures.requests.before);
    }
}

/// No part is more than the whole.
fn parts_of_a_hundred(figures: &Figures) {
    for table in figures.tables() {
        for cell in table.rows.iter().flatten() {
            if let FigureCell::Percent { value: Some(value), is_change: false } = cell {
                assert!((0.0..=100.0).contains(value), "{value} in {table:?}");
            }
        }
    }
}

/// So many take at most so long, and no shorter time would do.
fn taken(
    found: Option<TimeTaken>,
    tickets: &[&TicketFacts],
    of: impl Fn(&TicketFacts) -> u32,
    expected: impl Fn(u16) -> Option<u32>,
) {
    let all: Vec<(u32, u16)> =
        tickets.iter().map(|ticket| (of(ticket), ticket.application)).filter(|(taken, _)| *taken != NEVER).collect();
    let Some(found) = found else { return assert!(all.is_empty()) };
    assert_eq!(found.requests as usize, all.len());
    for (percent, time) in [(50, found.median), (80, found.eightieth), (95, found.ninety_fifth)] {
        let within = |most: &dyn Fn(u32) -> bool| all.iter().filter(|(taken, _)| most(*taken)).count() * 100;
        assert!(within(&|taken| taken <= time) >= all.len() * percent, "{percent} %");
        assert!(within(&|taken| taken < time) < all.len() * percent, "{percent} %");
    }
    let known: Vec<bool> =
        all.iter().filter_map(|(taken, application)| Some(*taken <= expected(*application)?)).collect();
    let within = known.iter().filter(|is_within| **is_within).count();
    let counted = (!known.is_empty()).then(|| (known.len().try_into().unwrap(), within.try_into().unwrap()));
    assert_eq!(found.within, counted);
}
