//! What all requests say, for Prometheus: by application and by department, of which there is a bounded number.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Mutex, PoisonError},
};

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

/// The labels of a gauge, each with its value.
type Labels = [(&'static str, String); 2];

/// The gauges, and which of them were set: one that nothing is counted for any more would keep its value for ever.
#[derive(Default)]
pub(super) struct FigureGauges {
    were_set: Mutex<BTreeSet<(&'static str, Labels)>>,
}

impl FigureGauges {
    /// Says what the gauges are.
    pub(super) fn describe() {
        describe();
    }

    /// Sets the gauges by these tickets; those of before that are of none of them to nothing: no requests, and no time.
    pub(super) fn set<'t>(
        &self,
        tickets: impl Iterator<Item = &'t TicketFacts> + Clone,
        names: &FigureNames,
        today: Date,
    ) {
        let values = values(tickets, names, today);
        let mut were_set = self.were_set.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, labels) in were_set.iter().filter(|gauge| !values.contains_key(*gauge)) {
            metrics::gauge!(*name, labels).set(if [REQUESTS, OPEN].contains(name) { 0.0 } else { f64::NAN });
        }
        for ((name, labels), value) in values {
            metrics::gauge!(name, &labels).set(value);
            were_set.insert((name, labels));
        }
    }
}

fn describe() {
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

/// What the gauges are by these tickets.
fn values<'t>(
    tickets: impl Iterator<Item = &'t TicketFacts> + Clone,
    names: &FigureNames,
    today: Date,
) -> BTreeMap<(&'static str, Labels), f64> {
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
    let mut values = BTreeMap::new();
    for ((application, department), (requests, open)) in counted {
        let labels = [("application", application), ("department", department)];
        values.insert((REQUESTS, labels.clone()), f64::from(requests));
        values.insert((OPEN, labels), f64::from(open));
    }
    for (application, both) in times {
        for (gauge, mut seconds) in [CHARGE, SOLUTION].into_iter().zip(both) {
            seconds.sort_unstable();
            for (quantile, percent) in [("0.5", 50), ("0.8", 80), ("0.95", 95)] {
                let place = (seconds.len() * percent).div_ceil(100).checked_sub(1);
                let Some(time) = place.and_then(|place| seconds.get(place)) else { continue };
                let labels = [("application", application.clone()), ("quantile", quantile.to_owned())];
                values.insert((gauge, labels), f64::from(*time) / 3600.0);
            }
        }
    }
    values
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
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::{FigureGauges, MOST, labels};
    use crate::figures::{FigureNames, NameList, TicketFacts, minutes};

    /// The sum of what is told of a gauge.
    fn sum(told: &str, gauge: &str) -> f64 {
        let values = told.lines().filter(|line| line.starts_with(&format!("{gauge}{{")));
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        values.map(value).filter(|value| !value.is_nan()).sum()
    }

    #[test]
    fn what_is_told_is_of_the_tickets_there_are() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (told, gauges) = (recorder.handle(), FigureGauges::default());
        let mut names = FigureNames::default();
        let today = jiff::civil::date(2026, 11, 28);
        // The application and the department of each ticket, and whether it is open: each time other ones.
        let times: [&[(&str, &str, bool)]; 4] = [
            &[("LSU", "021", true), ("LSU", "058", false), ("FAUX", "058", true)],
            &[("LSU", "021", true), ("ONDE", "058", true)],
            &[],
            &[("FAUX", "058", false), ("FAUX", "058", true)],
        ];
        metrics::with_local_recorder(&recorder, || {
            for tickets in times {
                let facts: Vec<TicketFacts> = tickets
                    .iter()
                    .map(|(application, department, is_open)| TicketFacts {
                        opened: minutes(today.at(9, 0, 0, 0)),
                        application: names.applications.number(application),
                        department: names.departments.number(department),
                        solution: 7200,
                        is_open: *is_open,
                        ..TicketFacts::default()
                    })
                    .collect();
                gauges.set(facts.iter(), &names, today);
                let told = told.render();
                let open = tickets.iter().filter(|(.., is_open)| *is_open).count();
                for (gauge, expected) in
                    [("passerelle_figures_requests", tickets.len()), ("passerelle_figures_open_requests", open)]
                {
                    assert!(
                        (sum(&told, gauge) - f64::from(u32::try_from(expected).unwrap())).abs() < 1e-9,
                        "{gauge} of {tickets:?}: {told}"
                    );
                }
                // Two hours, by three quantiles of each application there is.
                let applications: std::collections::BTreeSet<_> = tickets.iter().map(|(name, ..)| name).collect();
                let hours = sum(&told, "passerelle_figures_solution_hours");
                assert!(
                    (hours - 6.0 * f64::from(u32::try_from(applications.len()).unwrap())).abs() < 1e-9,
                    "{tickets:?}: {told}"
                );
            }
        });
    }

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
