//! What all requests say, for Prometheus: by application and by department, of which there is a bounded number.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use jiff::civil::Date;

use super::{
    choice::UNSAID,
    counting::days_since_1970,
    expected::ExpectedDelay,
    facts::{NEVER, TicketFacts},
    name_list::NameList,
    names::FigureNames,
    period::Period,
};

const REQUESTS: &str = "passerelle_figures_requests";
const OPEN: &str = "passerelle_figures_open_requests";
const CHARGE: &str = "passerelle_figures_charge_hours";
const SOLUTION: &str = "passerelle_figures_solution_hours";
const DEPARTMENT_CHARGE: &str = "passerelle_figures_department_charge_hours";
const DEPARTMENT_SOLUTION: &str = "passerelle_figures_department_solution_hours";
const ESCALATED: &str = "passerelle_figures_escalated_requests";
const REFUSED: &str = "passerelle_figures_refused_solutions";
const WITHIN: &str = "passerelle_figures_within_expected";
/// Those that are a number of requests.
const COUNTS: [&str; 4] = [REQUESTS, OPEN, ESCALATED, REFUSED];

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

    /// Sets the gauges by these tickets, with the delays that are `expected` of an application; those of before that are of none of them to nothing: no requests, and no time.
    pub(super) fn set<'t>(
        &self,
        tickets: impl Iterator<Item = &'t TicketFacts> + Clone,
        names: &FigureNames,
        today: Date,
        expected: impl Fn(&str) -> Option<ExpectedDelay>,
    ) {
        let values = values(tickets, names, today, expected);
        let mut were_set = self.were_set.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, labels) in were_set.iter().filter(|gauge| !values.contains_key(*gauge)) {
            metrics::gauge!(*name, labels).set(if COUNTS.contains(name) { 0.0 } else { f64::NAN });
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
        ESCALATED,
        "Requests of this school year that went on to another level, by application and department."
    );
    metrics::describe_gauge!(
        REFUSED,
        "Solved requests of this school year of which a solution was refused, by application and department."
    );
    metrics::describe_gauge!(
        WITHIN,
        "The part (0 to 1) of the requests of the last 30 days that were taken in charge, or solved, within the delay that the portal announces, by application."
    );
    metrics::describe_gauge!(
        DEPARTMENT_CHARGE,
        "Working hours until requests of the last 30 days were taken in charge, by department."
    );
    metrics::describe_gauge!(
        DEPARTMENT_SOLUTION,
        "Working hours until the solution of requests of the last 30 days, by department."
    );
    metrics::describe_gauge!(
        CHARGE,
        "Working hours until requests of the last 30 days were taken in charge, by application."
    );
    metrics::describe_gauge!(
        SOLUTION,
        "Working hours until the solution of requests of the last 30 days, by application."
    );
}

/// What is counted of requests of an application and a department.
#[derive(Default)]
struct Counts {
    requests: u32,
    open: u32,
    escalated: u32,
    refused: u32,
}

/// How long requests took until one of two ends: by application, by department, and within the delay that was to be
/// expected.
#[derive(Default)]
struct Times {
    applications: BTreeMap<String, Vec<u32>>,
    departments: BTreeMap<String, Vec<u32>>,
    /// How many there are of an application whose delay is known, and those within it.
    within: BTreeMap<String, (u32, u32)>,
}

/// What the gauges are by these tickets.
fn values<'t>(
    tickets: impl Iterator<Item = &'t TicketFacts> + Clone,
    names: &FigureNames,
    today: Date,
    expected: impl Fn(&str) -> Option<ExpectedDelay>,
) -> BTreeMap<(&'static str, Labels), f64> {
    let days = Period::school_year(today).days();
    let (from, now) = (days_since_1970(days.from), days_since_1970(today));
    let applications = labels(tickets.clone().map(|ticket| ticket.application), &names.applications);
    let departments = labels(tickets.clone().map(|ticket| ticket.department), &names.departments);
    let label = |labels: &[String], number: u16| labels.get(usize::from(number)).cloned().unwrap_or_default();
    let expected: HashMap<u16, [Option<u64>; 2]> = names
        .applications
        .all()
        .filter_map(|(number, name)| {
            let expected = expected(name)?;
            Some((number, [expected.charge, expected.solution].map(|delay| Some(delay?.eightieth.as_secs()))))
        })
        .collect();
    let mut counted = BTreeMap::<(String, String), Counts>::new();
    let mut times = <[Times; 2]>::default();
    for ticket in tickets {
        let (application, department) =
            (label(&applications, ticket.application), label(&departments, ticket.department));
        if ticket.day() + LATELY >= now {
            for (place, seconds) in [ticket.charge, ticket.solution].into_iter().enumerate() {
                if seconds == NEVER {
                    continue;
                }
                let times = &mut times[place];
                times.applications.entry(application.clone()).or_default().push(seconds);
                times.departments.entry(department.clone()).or_default().push(seconds);
                if let Some(most) = expected.get(&ticket.application).and_then(|expected| expected[place]) {
                    let (known, within) = times.within.entry(application.clone()).or_default();
                    *known += 1;
                    *within += u32::from(u64::from(seconds) <= most);
                }
            }
        }
        let counts = counted.entry((application, department)).or_default();
        let is_of_year = ticket.day() >= from;
        counts.requests += u32::from(is_of_year);
        counts.open += u32::from(ticket.is_open);
        counts.escalated += u32::from(is_of_year && ticket.escalated_by.is_some());
        counts.refused += u32::from(is_of_year && !ticket.is_open && ticket.refusals > 0);
    }
    let mut values = BTreeMap::new();
    for ((application, department), counts) in counted {
        let labels = [("application", application), ("department", department)];
        for (gauge, count) in COUNTS.into_iter().zip([counts.requests, counts.open, counts.escalated, counts.refused]) {
            values.insert((gauge, labels.clone()), f64::from(count));
        }
    }
    let gauges = [(CHARGE, DEPARTMENT_CHARGE, "charge"), (SOLUTION, DEPARTMENT_SOLUTION, "solution")];
    for ((of_application, of_department, until), times) in gauges.into_iter().zip(times) {
        for (application, (known, within)) in times.within {
            let labels = [("application", application), ("until", until.to_owned())];
            values.insert((WITHIN, labels), f64::from(within) / f64::from(known));
        }
        for (gauge, name, all) in
            [(of_application, "application", times.applications), (of_department, "department", times.departments)]
        {
            for (label, mut seconds) in all {
                seconds.sort_unstable();
                for (quantile, percent) in [("0.5", 50), ("0.8", 80), ("0.95", 95)] {
                    let place = (seconds.len() * percent).div_ceil(100).checked_sub(1);
                    let Some(time) = place.and_then(|place| seconds.get(place)) else { continue };
                    let labels = [(name, label.clone()), ("quantile", quantile.to_owned())];
                    values.insert((gauge, labels), f64::from(*time) / 3600.0);
                }
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
    use std::time::Duration;

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::{FigureGauges, MOST, labels};
    use crate::figures::{EscalatedBy, ExpectedDelay, FigureNames, NEVER, NameList, Quantiles, TicketFacts, minutes};

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
                gauges.set(facts.iter(), &names, today, |_| None);
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
    fn escalations_refusals_and_delays_are_told_by_application_and_department() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (told, gauges) = (recorder.handle(), FigureGauges::default());
        let mut names = FigureNames::default();
        let today = jiff::civil::date(2026, 11, 28);
        let mut ticket = |application, department, hours: u32, escalated_by, refusals| TicketFacts {
            opened: minutes(today.at(9, 0, 0, 0)),
            application: names.applications.number(application),
            department: names.departments.number(department),
            charge: hours * 3600,
            solution: 3 * hours * 3600,
            escalated_by,
            refusals,
            ..TicketFacts::default()
        };
        let by_rule = Some(EscalatedBy::Rule);
        let mut facts = vec![
            ticket("LSU", "021", 1, by_rule, 0),
            ticket("LSU", "021", 2, by_rule, 2),
            ticket("LSU", "058", 3, None, 1),
            ticket("LSU", "058", 4, None, 0),
            ticket("ONDE", "021", 8, by_rule, 0),
        ];
        // Of last school year, and one that is open again: neither counts.
        facts.push(TicketFacts { opened: minutes(jiff::civil::date(2026, 3, 1).at(9, 0, 0, 0)), ..facts[1] });
        facts.push(TicketFacts { is_open: true, solution: NEVER, escalated_by: None, ..facts[2] });
        let hours = |hours| Some(Quantiles { median: Duration::ZERO, eightieth: Duration::from_hours(hours) });
        let lsu = ExpectedDelay { requests: 9, charge: hours(2), solution: hours(9) };
        metrics::with_local_recorder(&recorder, || {
            gauges.set(facts.iter(), &names, today, |application| (application == "LSU").then_some(lsu));
        });
        let told = told.render();
        for line in [
            "escalated_requests{application=\"LSU\",department=\"021\"} 2",
            "escalated_requests{application=\"LSU\",department=\"058\"} 0",
            "escalated_requests{application=\"ONDE\",department=\"021\"} 1",
            "refused_solutions{application=\"LSU\",department=\"021\"} 1",
            "refused_solutions{application=\"LSU\",department=\"058\"} 1",
            "within_expected{application=\"LSU\",until=\"charge\"} 0.4",
            "within_expected{application=\"LSU\",until=\"solution\"} 0.75",
            "department_charge_hours{department=\"021\",quantile=\"0.5\"} 2",
            "department_charge_hours{department=\"021\",quantile=\"0.95\"} 8",
            "department_solution_hours{department=\"058\",quantile=\"0.8\"} 12",
        ] {
            assert!(told.contains(&format!("passerelle_figures_{line}\n")), "{line} in {told}");
        }
        assert!(!told.contains("within_expected{application=\"ONDE\""), "nothing is expected of it: {told}");
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
