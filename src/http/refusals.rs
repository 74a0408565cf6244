//! What was refused, and why: a refusal leaves no ticket, so this instance's own counters are all that is known.

use std::collections::BTreeMap;

use crate::{
    figures::{FigureCell, FigureChart, FigureColumn, FigureTable, grouped},
    request::Reason,
};

/// How the counter of requests begins a line of Prometheus' text, and what its label of refusals is.
const COUNTER: &str = "passerelle_requests_total{";
const REFUSED: &str = "outcome=\"refused\"";
const REASON: &str = "reason=\"";

/// The refusals that these metrics tell of, by their reason.
pub(super) fn refusals(metrics: &str) -> FigureTable {
    let mut by_reason = BTreeMap::<&str, u32>::new();
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(COUNTER)?.rsplit_once("} "));
    for (labels, count) in lines.filter(|(labels, _)| labels.contains(REFUSED)) {
        let reason = labels.split_once(REASON).and_then(|(_, rest)| rest.split_once('"')).map(|(reason, _)| reason);
        let (Some(reason), Ok(count)) = (reason, count.trim().parse::<u32>()) else { continue };
        *by_reason.entry(reason).or_default() += count;
    }
    let mut counted: Vec<(&str, u32)> = by_reason.into_iter().collect();
    counted.sort_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
    let all: u32 = counted.iter().map(|(_, count)| count).sum();
    let sentence = |code: &str| {
        let reason = Reason::ALL.iter().find(|reason| reason.code() == code);
        reason.map_or_else(String::new, |reason| reason.sentence().to_owned())
    };
    let row = |(code, count): &(&str, u32)| {
        let part = (all > 0).then(|| f64::from(*count) * 100.0 / f64::from(all));
        vec![
            FigureCell::Text((*code).to_owned()),
            FigureCell::Count(*count),
            FigureCell::Percent { value: part, is_change: false },
            FigureCell::Text(sentence(code)),
        ]
    };
    FigureTable {
        id: "refusals",
        title: "Refus depuis le démarrage, par motif",
        says: format!(
            "{} depuis le démarrage de cette instance de la passerelle, toutes écoles et applications confondues. Un refus \
             ne laisse pas de ticket\u{a0}: GLPI n’en sait rien, et chaque instance compte les siens. Prometheus en garde \
             l’historique.",
            match all {
                0 => "Aucun refus".to_owned(),
                1 => "1\u{a0}refus".to_owned(),
                all => format!("{}\u{a0}refus", grouped(all)),
            }
        ),
        columns: vec![
            FigureColumn { key: "reason", label: "Motif" },
            FigureColumn { key: "requests", label: "Demandes" },
            FigureColumn { key: "part", label: "Part" },
            FigureColumn { key: "sentence", label: "Ce qui est dit au demandeur" },
        ],
        rows: counted.iter().map(row).collect(),
        chart: Some(FigureChart {
            is_course: false,
            marks: counted.iter().map(|(code, count)| ((*code).to_owned(), *count, None)).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::refusals;

    #[test]
    fn refusals_are_counted_by_reason_whatever_way_they_came() {
        let metrics = "# HELP passerelle_requests_total Requests.\n\
            passerelle_requests_total{channel=\"lmtp\",outcome=\"refused\",reason=\"not-a-director\"} 3\n\
            passerelle_requests_total{channel=\"form\",outcome=\"refused\",reason=\"not-a-director\"} 1\n\
            passerelle_requests_total{channel=\"lmtp\",outcome=\"refused\",reason=\"quota-exceeded\"} 1\n\
            passerelle_requests_total{channel=\"lmtp\",outcome=\"created\",reason=\"created\"} 50\n";
        let table = refusals(metrics);
        let rows: Vec<Vec<String>> =
            table.rows.iter().map(|row| row[..3].iter().map(crate::figures::FigureCell::shown).collect()).collect();
        assert_eq!(rows, [["not-a-director", "4", "80,0\u{a0}%"], ["quota-exceeded", "1", "20,0\u{a0}%"]]);
        assert!(table.says.starts_with("5\u{a0}refus depuis le démarrage"), "{}", table.says);
        assert!(refusals("").rows.is_empty());
    }
}
