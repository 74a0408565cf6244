//! What all requests say, for Prometheus: by application and by department, of which there is a bounded number.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use super::{
    choice::UNSAID,
    counting::days_since_1970,
    facts::{NEVER, TicketFacts},
    names::{FigureNames, NameList},
    period::Period,
};

const REQUESTS: &str = "passerelle_figures_requests";
const OPEN: &str = "passerelle_figures_open_requests";
const CHARGE: &str = "passerelle_figures_charge_hours";
const SOLUTION: &str = "passerelle_figures_solution_hours";

/// So many applications and departments have a label of their own, those with most requests; the others share one.
const MOST: usize = 20;
pub(super) const OTHERS: &str = "autres";
/// The time that working times are of, days.
const LATELY: u32 = 30;

/// Says what the gauges are.
pub(super) fn describe() {
    metrics::describe_gauge!(REQUESTS, "Requests of this school year by application and department.");
    metrics::describe_gauge!(OPEN, "Requests that are neither solved nor closed, by application and department.");
    metrics::describe_gauge!(
        CHARGE,
        "Working hours until requests of the last 30 days were taken in charge, by application."
    );
    metrics::describe_gauge!(
        SOLUTION,
        "Working hours until the solution of requests of the last 30 days, by application."
    );
}

/// Sets the gauges by these tickets.
pub(super) fn set<'t>(tickets: impl Iterator<Item = &'t TicketFacts> + Clone, names: &FigureNames, today: Date) {
    let days = Period::school_year(today).days();
    let (from, now) = (days_since_1970(days.from), days_since_1970(today));
    let applications = labels(tickets.clone().map(|ticket| ticket.application), &names.applications);
    let departments = labels(tickets.clone().map(|ticket| ticket.department), &names.departments);
    let label = |labels: &[String], number: u16| labels.get(usize::from(number)).cloned().unwrap_or_default();
    let mut counted = BTreeMap::<(String, String), (u32, u32)>::new();
    let mut times = BTreeMap::<String, [Vec<u32>; 2]>::new();
    for ticket in tickets {
        let application = label(&applications, ticket.application);
        let counts = counted.entry((application.clone(), label(&departments, ticket.department))).or_default();
        counts.0 += u32::from(ticket.day() >= from);
        counts.1 += u32::from(ticket.is_open);
        if ticket.day() + LATELY >= now {
            let [charges, solutions] = times.entry(application).or_default();
            charges.extend((ticket.charge != NEVER).then_some(ticket.charge));
            solutions.extend((ticket.solution != NEVER).then_some(ticket.solution));
        }
    }
    for ((application, department), (requests, open)) in counted {
        let labels = [("application", application), ("department", department)];
        metrics::gauge!(REQUESTS, &labels).set(f64::from(requests));
        metrics::gauge!(OPEN, &labels).set(f64::from(open));
    }
    for (application, both) in times {
        for (gauge, mut seconds) in [CHARGE, SOLUTION].into_iter().zip(both) {
            seconds.sort_unstable();
            for (quantile, percent) in [("0.5", 50), ("0.8", 80), ("0.95", 95)] {
                let place = (seconds.len() * percent).div_ceil(100).checked_sub(1);
                let Some(time) = place.and_then(|place| seconds.get(place)) else { continue };
                let labels = [("application", application.clone()), ("quantile", quantile.to_owned())];
                metrics::gauge!(gauge, &labels).set(f64::from(*time) / 3600.0);
            }
        }
    }
}

/// The label of each number of these names.
fn labels(numbers: impl Iterator<Item = u16>, names: &NameList) -> Vec<String> {
    let mut counts = vec![0_u32; names.len_with_unknown()];
    for number in numbers {
        if let Some(count) = counts.get_mut(usize::from(number)) {
            *count += 1;
        }
    }
    let mut most: Vec<u16> = names.all().map(|(number, _)| number).collect();
    most.sort_by_key(|number| std::cmp::Reverse(counts[usize::from(*number)]));
    let own: HashSet<u16> = most.into_iter().take(MOST).collect();
    let label = |(number, name): (u16, &str)| if own.contains(&number) { name.to_owned() } else { OTHERS.to_owned() };
    // The first number is what is not known.
    std::iter::once(UNSAID.to_owned()).chain(names.all().map(label)).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST, labels};
    use crate::figures::NameList;

    #[test]
    fn there_are_so_many_labels_however_many_names() {
        let mut names = NameList::default();
        for name in 0..100 {
            names.number(&format!("A{name}"));
        }
        let labels = labels((0..=100).chain([7; 5]), &names);
        assert_eq!((labels.len(), labels[0].as_str(), labels[7].as_str()), (101, "inconnu", "A6"));
        let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
        assert_eq!(distinct.len(), MOST + 2, "their own, the others and the unknown");
    }
}
