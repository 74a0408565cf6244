//! The figures of many tickets: one pass over them, without asking anybody.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::civil::Date;

use super::{
    facts::{EscalatedBy, NEVER, TicketFacts, Way},
    name_list::UNKNOWN,
    names::FigureNames,
    period::{Days, Period},
};

/// Words are looked at that so many requests have at least.
const FEWEST_WITH_WORD: u32 = 5;
/// By so many times the chance deviation a word rises.
const RISES_BY: f64 = 3.0;
/// How many words, schools and natures are shown.
const MOST_WORDS: usize = 15;
const MOST_SCHOOLS: usize = 25;
/// Days of a period that are shown one by one, and in weeks; longer ones in months.
const MOST_DAYS: i32 = 31;
const MOST_IN_WEEKS: i32 = 190;
/// The ages of open tickets: fewer days than these, and more.
pub const AGES: [u32; 4] = [1, 3, 7, 30];

/// What may be seen, by the numbers of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Everything,
    /// What is of one of these departments, or of one of these applications.
    Some {
        /// Departments.
        departments: BTreeSet<u16>,
        /// Applications.
        applications: BTreeSet<u16>,
    },
}

/// What figures are asked for. A choice of [`UNKNOWN`] is of what is not known.
#[derive(Clone, Debug)]
pub struct FigureQuestion {
    /// When requests were opened.
    pub period: Period,
    /// Of this application alone.
    pub application: Option<u16>,
    /// Of this department alone.
    pub department: Option<u16>,
    /// Of this circonscription alone.
    pub circonscription: Option<u16>,
    /// Of this school alone.
    pub school: Option<u16>,
    /// What whoever asks may see.
    pub sight: Sight,
    /// Within how many seconds an application's requests are expected to be taken in charge, and to be solved.
    pub expected: BTreeMap<u16, (Option<u32>, Option<u32>)>,
    /// Today.
    pub today: Date,
}

/// A number of requests, and as many before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// In the period.
    pub now: u32,
    /// In the period before.
    pub before: u32,
    /// A year before.
    pub year_before: u32,
}

/// Requests of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// `None`: that is not known.
    pub name: Option<String>,
    /// How many.
    pub requests: Compared,
}

/// Requests of some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureStep {
    /// Which.
    pub days: Days,
    /// How many.
    pub requests: u32,
    /// How many in those that have the same place in the period before.
    pub before: u32,
}

/// A word of titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RisingWord {
    /// The word, as it is written most often.
    pub word: String,
    /// Requests whose titles have it.
    pub requests: u32,
    /// As many in the period before.
    pub before: u32,
}

/// How long requests took, seconds of working time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTaken {
    /// How many requests that is of.
    pub requests: u32,
    /// One in two took at most so long.
    pub median: u32,
    /// Four in five.
    pub eightieth: u32,
    /// Nineteen in twenty.
    pub ninety_fifth: u32,
    /// Requests of an application whose expected delay is known, and those of them within it.
    pub within: Option<(u32, u32)>,
}

/// Open tickets of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOnLevel {
    /// The level; `None` where no group tells it.
    pub level: Option<u8>,
    /// How many by their age, as [`AGES`] parts them.
    pub by_age: [u32; AGES.len() + 1],
}

/// Escalated requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escalated {
    /// How many of the period's.
    pub requests: u32,
    /// By who or what escalated them first.
    pub by: BTreeMap<EscalatedBy, u32>,
    /// By the group that gave them on first, the most first.
    pub from: Vec<(Option<String>, u32)>,
}

/// The figures of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What they are about.
    pub period: Period,
    /// The days until today.
    pub days: Days,
    /// The days they are compared with.
    pub before: Days,
    /// … and those of the year before; none for a school year.
    pub year_before: Option<Days>,
    /// All requests.
    pub requests: Compared,
    /// By days, weeks or months.
    pub steps: Vec<FigureStep>,
    /// By the hour of the day.
    pub hours: [u32; 24],
    /// By the day of the week, from Monday.
    pub weekdays: [u32; 7],
    /// By application, the most first.
    pub applications: Vec<Share>,
    /// By nature.
    pub natures: Vec<Share>,
    /// By department.
    pub departments: Vec<Share>,
    /// By circonscription.
    pub circonscriptions: Vec<Share>,
    /// By way.
    pub ways: BTreeMap<Way, u32>,
    /// Words of titles that more have than before.
    pub words: Vec<RisingWord>,
    /// Until somebody took them in charge; `None` where nobody took any.
    pub charge: Option<TimeTaken>,
    /// Until their solution.
    pub solution: Option<TimeTaken>,
    /// Open now, whenever they were opened.
    pub open: Vec<OpenOnLevel>,
    /// Those that went on to another level.
    pub escalated: Escalated,
    /// Requests of the period that are solved.
    pub solved: u32,
    /// Those of them of which a solution was refused before.
    pub refused: u32,
    /// The schools that ask most, at most 25.
    pub schools: Vec<Share>,
    /// How many schools asked.
    pub schools_asking: u32,
    /// The schools that are known by earlier requests, and asked nothing in the period.
    pub silent: Vec<String>,
}

/// Three counters for each number of a name.
struct Counters(Vec<Compared>);

impl Counters {
    /// For so many numbers.
    fn new(numbers: usize) -> Self {
        Self(vec![Compared::default(); numbers])
    }

    fn of(&mut self, number: u16) -> &mut Compared {
        let place = usize::from(number);
        // What the names do not know is not known.
        let place = if place < self.0.len() { place } else { usize::from(UNKNOWN) };
        &mut self.0[place]
    }

    /// Those that there are requests of, the most first.
    fn shares<N: Into<String>>(&self, name: impl Fn(u16) -> Option<N>) -> Vec<Share> {
        let mut shares: Vec<Share> = (0..)
            .zip(&self.0)
            .filter(|(_, requests)| **requests != Compared::default())
            .map(|(number, requests)| Share { name: name(number).map(Into::into), requests: *requests })
            .collect();
        shares.sort_by(|one, other| Self::order(one).cmp(&Self::order(other)));
        shares
    }

    fn order(share: &Share) -> (Reverse<u32>, Reverse<u32>, &Option<String>) {
        (Reverse(share.requests.now), Reverse(share.requests.before), &share.name)
    }
}

/// Days since 1970, negative before.
#[derive(Clone, Copy)]
struct Window {
    from: i32,
    to: i32,
}

impl Window {
    fn of(days: Days) -> Self {
        Self { from: signed_days_since_1970(days.from), to: signed_days_since_1970(days.to) }
    }

    fn has(self, day: i32) -> bool {
        (self.from..self.to).contains(&day)
    }
}

impl FigureQuestion {
    /// Whether a ticket is one of those asked for, whenever it was opened.
    fn is_about(&self, ticket: &TicketFacts) -> bool {
        let is = |wanted: Option<u16>, number: u16| wanted.is_none_or(|wanted| wanted == number);
        is(self.application, ticket.application)
            && is(self.department, ticket.department)
            && is(self.circonscription, ticket.circonscription)
            && is(self.school, ticket.school)
            && self.sight.covers(ticket.department, ticket.application)
    }
}

impl FigureQuestion {
    /// Whether it may be said that a school of this department asked nothing: of a department that may be seen, and for who
    /// may see an application any school may have asked about.
    fn sees_school(&self, department: u16) -> bool {
        match (&self.sight, self.application) {
            (Sight::Some { applications, .. }, None) if !applications.is_empty() => true,
            (sight, application) => sight.covers(department, application.unwrap_or(UNKNOWN)),
        }
    }
}

impl Sight {
    /// Whether what is of this department and this application may be seen.
    pub fn covers(&self, department: u16, application: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Some { departments, applications } => {
                departments.contains(&department) || applications.contains(&application)
            }
        }
    }
}

/// The figures that are asked for, of these tickets.
pub fn figures<'t>(
    tickets: impl IntoIterator<Item = &'t TicketFacts>,
    names: &FigureNames,
    question: &FigureQuestion,
) -> Figures {
    let (period, today) = (question.period, question.today);
    let (days, before, year_before) = (period.so_far(today), period.before(today), period.year_before(today));
    let [in_period, in_before] = [days, before].map(Window::of);
    let in_year_before = year_before.map(Window::of);
    let (now_day, steps) = (signed_days_since_1970(today), steps_of(days));
    let (step_of, step_of_before) = (by_day(&steps), by_day_before(&steps, period, before));
    let mut step_counts = vec![(0_u32, 0_u32); steps.len()];
    let mut all = Compared::default();
    let [mut applications, mut natures, mut departments, mut circonscriptions, mut schools, mut words] = [
        names.applications.len_with_unknown(),
        names.natures.len_with_unknown(),
        names.departments.len_with_unknown(),
        names.circonscriptions.len_with_unknown(),
        names.schools.len_with_unknown(),
        names.words.len_with_unknown(),
    ]
    .map(Counters::new);
    let (mut hours, mut weekdays) = ([0; 24], [0; 7]);
    let mut ways = BTreeMap::new();
    let (mut charges, mut solutions) = (Vec::new(), Vec::new());
    let mut open: BTreeMap<u8, [u32; AGES.len() + 1]> = BTreeMap::new();
    let (mut escalated, mut escalated_from) = (Escalated::default(), BTreeMap::<u16, u32>::new());
    let (mut solved, mut refused) = (0, 0);
    for ticket in tickets.into_iter().filter(|ticket| question.is_about(ticket)) {
        let day = i32::try_from(ticket.day()).unwrap_or(i32::MAX);
        if ticket.is_open {
            let age = u32::try_from(now_day - day).unwrap_or_default();
            let place = AGES.iter().position(|most| age < *most).unwrap_or(AGES.len());
            open.entry(ticket.level).or_default()[place] += 1;
        }
        let is_in = [in_period.has(day), in_before.has(day), in_year_before.is_some_and(|window| window.has(day))];
        let add = |counter: &mut Compared| {
            let [now, before, year_before] = is_in.map(u32::from);
            counter.now += now;
            counter.before += before;
            counter.year_before += year_before;
        };
        add(&mut all);
        add(applications.of(ticket.application));
        add(natures.of(ticket.nature));
        add(departments.of(ticket.department));
        add(circonscriptions.of(ticket.circonscription));
        add(schools.of(ticket.school));
        for word in ticket.words.into_iter().filter(|word| *word != UNKNOWN) {
            add(words.of(word));
        }
        let step = |places: &[usize], from: i32| places.get(usize::try_from(day - from).unwrap_or(usize::MAX)).copied();
        if is_in[1]
            && let Some(place) = step(&step_of_before, in_before.from)
        {
            step_counts[place].1 += 1;
        }
        if !is_in[0] {
            continue;
        }
        if let Some(place) = step(&step_of, in_period.from) {
            step_counts[place].0 += 1;
        }
        hours[ticket.hour()] += 1;
        weekdays[ticket.weekday()] += 1;
        *ways.entry(ticket.way).or_default() += 1;
        charges.extend((ticket.charge != NEVER).then_some((ticket.charge, ticket.application)));
        solutions.extend((ticket.solution != NEVER).then_some((ticket.solution, ticket.application)));
        solved += u32::from(!ticket.is_open);
        refused += u32::from(!ticket.is_open && ticket.refusals > 0);
        if let Some(by) = ticket.escalated_by {
            escalated.requests += 1;
            *escalated.by.entry(by).or_default() += 1;
            *escalated_from.entry(ticket.escalated_from).or_default() += 1;
        }
    }
    escalated.from =
        escalated_from.into_iter().map(|(group, count)| (names.groups.name(group).map(str::to_owned), count)).collect();
    escalated.from.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    let until_charge = |application: &u16| question.expected.get(application)?.0;
    let until_solution = |application: &u16| question.expected.get(application)?.1;
    let silent = silent(names, question, &schools);
    let words = rising(&words, names, &all);
    let schools = schools.shares(|number| names.school(number));
    let asking = schools.iter().filter(|share| share.requests.now > 0 && share.name.is_some()).count();
    Figures {
        period,
        days,
        before,
        year_before,
        requests: all,
        steps: steps
            .into_iter()
            .zip(step_counts)
            .map(|(days, (requests, before))| FigureStep { days, requests, before })
            .collect(),
        hours,
        weekdays,
        applications: applications.shares(|number| names.applications.name(number)),
        natures: natures.shares(|number| names.natures.name(number)),
        departments: departments.shares(|number| names.departments.name(number)),
        circonscriptions: circonscriptions.shares(|number| names.circonscriptions.label(number, &names.departments)),
        ways,
        words,
        charge: taken(charges, until_charge),
        solution: taken(solutions, until_solution),
        open: open
            .into_iter()
            .map(|(level, by_age)| OpenOnLevel { level: (level != super::facts::NO_LEVEL).then_some(level), by_age })
            .collect(),
        escalated,
        solved,
        refused,
        schools_asking: u32::try_from(asking).unwrap_or(u32::MAX),
        schools: schools.into_iter().filter(|share| share.requests.now > 0).take(MOST_SCHOOLS).collect(),
        silent,
    }
}

/// Days since 1970; 0 before.
pub(super) fn days_since_1970(date: Date) -> u32 {
    u32::try_from(signed_days_since_1970(date)).unwrap_or_default()
}

fn signed_days_since_1970(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}

/// The days one by one, or in weeks from Monday, or in months; the first and the last may be a part.
fn steps_of(days: Days) -> Vec<Days> {
    let next = |from: Date| {
        let span = jiff::Span::new();
        if days.count() <= MOST_DAYS {
            from.saturating_add(span.days(1))
        } else if days.count() <= MOST_IN_WEEKS {
            Period::week(from).days().to
        } else {
            from.first_of_month().saturating_add(span.months(1))
        }
    };
    let mut steps = Vec::new();
    let mut from = days.from;
    while from < days.to {
        let to = next(from).min(days.to);
        steps.push(Days { from, to });
        from = to;
    }
    steps
}

/// The place of each day's step, from the first day on.
fn by_day(steps: &[Days]) -> Vec<usize> {
    let places = steps.iter().enumerate();
    let counted =
        places.flat_map(|(place, days)| std::iter::repeat_n(place, usize::try_from(days.count()).unwrap_or_default()));
    counted.collect()
}

/// The place of each day before in these steps, from its first day on. Months of a school year are compared by their
/// names: one has a day more now and then. Otherwise days are compared one by one, and those that this period does not
/// have are beside none of its days.
fn by_day_before(steps: &[Days], period: Period, before: Days) -> Vec<usize> {
    let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
    let is_by_month = steps.iter().map(|days| months(days.from)).collect::<BTreeSet<_>>().len() == steps.len();
    if !period.is_school_year() || !is_by_month {
        return by_day(steps);
    }
    let mut places = Vec::new();
    let mut date = before.from;
    while date < before.to {
        let place = usize::try_from(months(date) - months(before.from)).unwrap_or_default();
        places.push(place.min(steps.len().saturating_sub(1)));
        date = date.saturating_add(jiff::Span::new().days(1));
    }
    places
}

/// How long these took, each with its application.
fn taken(mut all: Vec<(u32, u16)>, expected: impl Fn(&u16) -> Option<u32>) -> Option<TimeTaken> {
    all.sort_unstable();
    // The nearest rank.
    let at =
        |percent: usize| all.get(((all.len() * percent).div_ceil(100)).checked_sub(1)?).map(|(seconds, _)| *seconds);
    let (median, eightieth, ninety_fifth) = (at(50)?, at(80)?, at(95)?);
    let of_known = all.iter().filter_map(|(seconds, application)| Some(*seconds <= expected(application)?));
    let (known, within) =
        of_known.fold((0, 0), |(known, within), is_within| (known + 1, within + u32::from(is_within)));
    let requests = u32::try_from(all.len()).unwrap_or(u32::MAX);
    Some(TimeTaken { requests, median, eightieth, ninety_fifth, within: (known > 0).then_some((known, within)) })
}

/// Words that more titles have than chance would bring, those that rise most first: as many were expected as before,
/// among as many requests; that many vary by their square root.
fn rising(words: &Counters, names: &FigureNames, all: &Compared) -> Vec<RisingWord> {
    let part = if all.before == 0 { return Vec::new() } else { f64::from(all.now) / f64::from(all.before) };
    let rise = |requests: &Compared| {
        let expected = f64::from(requests.before) * part;
        (f64::from(requests.now) - expected) / (expected + 1.0).sqrt()
    };
    let counted = (0..).zip(&words.0).filter(|(_, requests)| requests.now >= FEWEST_WITH_WORD);
    let mut risen: Vec<_> = counted
        .map(|(number, requests)| (rise(requests), number, requests))
        .filter(|(rise, ..)| *rise >= RISES_BY)
        .collect();
    risen.sort_by(|(one, first, _), (other, second, _)| other.total_cmp(one).then(first.cmp(second)));
    let word = |(_, number, requests): (f64, u16, &Compared)| {
        let word = names.word(number)?.to_owned();
        Some(RisingWord { word, requests: requests.now, before: requests.before })
    };
    risen.into_iter().filter_map(word).take(MOST_WORDS).collect()
}

/// The schools that may be seen and asked nothing.
fn silent(names: &FigureNames, question: &FigureQuestion, asked: &Counters) -> Vec<String> {
    let is = |wanted: Option<u16>, number: u16| wanted.is_none_or(|wanted| wanted == number);
    let of_question = names.schools_with_places().filter(|(number, place)| {
        is(question.department, place.department)
            && is(question.circonscription, place.circonscription)
            && is(question.school, *number)
            && question.sees_school(place.department)
            && asked.0.get(usize::from(*number)).is_none_or(|requests| requests.now == 0)
    });
    let mut silent: Vec<String> =
        of_question.filter_map(|(number, _)| names.school(number).map(str::to_owned)).collect();
    silent.sort();
    silent
}
