//! More requests of an application in an hour than usual: a breakdown of a national application shows there first.
//!
//! Usual is what came at the same hour of the same day of the week in the last twelve weeks, days without any request
//! (holidays) left out. Of `k` such hours with `s` requests in all, the next one has, if requests come independently at a
//! rate of which nothing else is known (a Poisson process, Jeffreys' prior), a negative binomial number of requests
//! with `r = s + 1/2` and `p = k / (k + 1)`. A number that is reached by chance in less than one such hour of 200,000,
//! and by five requests at least, is a sudden rise: with four applications that is a false alarm in some years. Real
//! requests come less evenly: `tests/it/figures/rises.rs` counts the alarms of such years, of which there are some in
//! September, when the weeks before are the summer's.

use std::collections::BTreeMap;

use super::{facts::TicketFacts, name_list::UNKNOWN, names::FigureNames};

/// How far back is looked.
const WEEKS: u32 = 12;
/// Of fewer comparable hours nothing is said.
const FEWEST_WEEKS: u32 = 4;
/// Fewer requests are never a rise.
const FEWEST: u32 = 5;
/// How seldom chance alone reaches such a number.
const CHANCE: f64 = 5e-6;
const HOURS_OF_WEEK: u32 = 7 * 24;
/// How many words are told of, and in how many titles each stands at least.
const MOST_WORDS: usize = 5;
const FEWEST_WITH_WORD: u32 = 2;

/// A sudden rise.
#[derive(Clone, Debug, PartialEq)]
pub struct SuddenRise {
    /// The application's name.
    pub application: String,
    /// Its hour, counted since 1970 on the academy's clocks.
    pub hour: u32,
    /// Requests in it so far.
    pub requests: u32,
    /// As many usually come in a whole one.
    pub usual: f64,
    /// The words that most of their titles have, each with in how many.
    pub words: Vec<(String, u32)>,
}

/// What is known of an application at one hour.
#[derive(Default)]
struct AtHour {
    requests: u32,
    before: u32,
    words: BTreeMap<u16, u32>,
}

/// The rises in this hour (counted since 1970), which may not be over.
pub fn sudden_rises<'t>(
    tickets: impl IntoIterator<Item = &'t TicketFacts>,
    names: &FigureNames,
    hour: u32,
) -> Vec<SuddenRise> {
    let mut applications = BTreeMap::<u16, AtHour>::new();
    let mut has_requests = [false; WEEKS as usize];
    for ticket in tickets {
        let of_ticket = ticket.opened / 60;
        let days_back = (hour / 24).checked_sub(of_ticket / 24);
        if let Some(week) = days_back.filter(|days| days % 7 == 0).map(|days| days / 7)
            && (1..=WEEKS).contains(&week)
        {
            has_requests[week as usize - 1] = true;
        }
        let back =
            hour.checked_sub(of_ticket).filter(|back| back % HOURS_OF_WEEK == 0).map(|back| back / HOURS_OF_WEEK);
        let Some(week) = back.filter(|week| *week <= WEEKS && ticket.application != UNKNOWN) else { continue };
        let known = applications.entry(ticket.application).or_default();
        if week > 0 {
            known.before += 1;
            continue;
        }
        known.requests += 1;
        for word in ticket.words.into_iter().filter(|word| *word != UNKNOWN) {
            *known.words.entry(word).or_default() += 1;
        }
    }
    let weeks = u32::try_from(has_requests.iter().filter(|has| **has).count()).unwrap_or(WEEKS);
    if weeks < FEWEST_WEEKS {
        return Vec::new();
    }
    let risen = applications
        .into_iter()
        .filter(|(_, at)| at.requests >= FEWEST && chance_of_at_least(at.requests, at.before, weeks) < CHANCE);
    risen
        .filter_map(|(application, at)| {
            Some(SuddenRise {
                application: names.applications.name(application)?.to_owned(),
                hour,
                requests: at.requests,
                usual: f64::from(at.before) / f64::from(weeks),
                words: most_frequent(&at.words, names),
            })
        })
        .collect()
}

/// How probable so many requests or more are in an hour, after so many in `hours` such ones.
fn chance_of_at_least(requests: u32, before: u32, hours: u32) -> f64 {
    let (r, p) = (f64::from(before) + 0.5, f64::from(hours) / f64::from(hours + 1));
    let (mut exactly, mut fewer) = (p.powf(r), 0.0);
    for number in 0..requests {
        fewer += exactly;
        exactly *= (r + f64::from(number)) / f64::from(number + 1) * (1.0 - p);
    }
    (1.0 - fewer).max(0.0)
}

fn most_frequent(words: &BTreeMap<u16, u32>, names: &FigureNames) -> Vec<(String, u32)> {
    let repeated = words.iter().filter(|(_, count)| **count >= FEWEST_WITH_WORD);
    let mut repeated: Vec<(String, u32)> =
        repeated.filter_map(|(word, count)| Some((names.word(*word)?.to_owned(), *count))).collect();
    repeated.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    repeated.truncate(MOST_WORDS);
    repeated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HOURS_OF_WEEK, WEEKS, chance_of_at_least, sudden_rises};
    use crate::figures::{FigureNames, TicketFacts};

    #[test]
    fn the_chance_is_the_negative_binomial_s() {
        // Of one hour without a request: r = 1/2, p = 1/2. P(0) = 2^-1/2, P(1) = P(0)/4, P(2) = P(0) · 3/32.
        let none = 0.5_f64.sqrt();
        for (requests, expected) in
            [(0, 1.0), (1, 1.0 - none), (2, 1.0 - none * 1.25), (3, 1.0 - none * (1.25 + 3.0 / 32.0))]
        {
            assert!((chance_of_at_least(requests, 0, 1) - expected).abs() < 1e-12, "{requests}");
        }
        // Of very many hours it is a Poisson distribution's: of rate 2, five or more in 5.27 %.
        assert!((chance_of_at_least(5, 2_000_000, 1_000_000) - 0.052_653).abs() < 1e-5);
    }

    proptest! {
        #[test]
        fn more_requests_are_less_probable_and_more_before_make_them_more_so(
            requests in 1_u32..60, before in 0_u32..200, hours in 1_u32..13,
        ) {
            let chance = chance_of_at_least(requests, before, hours);
            prop_assert!((0.0..=1.0).contains(&chance));
            prop_assert!(chance_of_at_least(requests + 1, before, hours) <= chance);
            prop_assert!(chance_of_at_least(requests, before + 1, hours) >= chance - 1e-12);
        }
    }

    #[test]
    fn a_breakdown_is_seen_with_what_it_is_about() {
        let mut names = FigureNames::default();
        let [lsu, onde] = ["LSU", "ONDE"].map(|name| names.applications.number(name));
        let [error, slow] = ["erreur", "lent"].map(|word| names.words.number(word));
        let hour = 20_000 * HOURS_OF_WEEK + 10;
        let ticket = |application, weeks_ago: u32, word| {
            let mut facts = TicketFacts {
                opened: (hour - weeks_ago * HOURS_OF_WEEK) * 60 + 7,
                application,
                ..TicketFacts::default()
            };
            facts.words[0] = word;
            facts
        };
        let usual =
            (1..=WEEKS).flat_map(|week| [ticket(lsu, week, slow), ticket(lsu, week, slow), ticket(onde, week, slow)]);
        let now = |many| (0..many).map(|place| ticket(lsu, 0, if place % 3 == 0 { slow } else { error }));
        let mut all: Vec<TicketFacts> = usual.chain(now(5)).chain([ticket(onde, 0, slow); 3]).collect();
        assert_eq!(sudden_rises(&all, &names, hour), [], "five where two are usual may be chance");
        all.extend(now(15));
        let rises = sudden_rises(&all, &names, hour);
        assert_eq!(rises.len(), 1, "{rises:?}");
        assert_eq!((rises[0].application.as_str(), rises[0].requests, rises[0].usual), ("LSU", 20, 2.0));
        assert_eq!(rises[0].words, [("erreur".to_owned(), 13), ("lent".to_owned(), 7)]);
        // Of three weeks nothing is said.
        all.retain(|facts| facts.opened / 60 + 3 * HOURS_OF_WEEK >= hour);
        assert_eq!(sudden_rises(&all, &names, hour), []);
    }
}
