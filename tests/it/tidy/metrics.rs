//! Each metric is described in the documentation of both languages, and what watches them names none that is not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{code, sources};
use crate::{
    support::documentation::{LANGUAGES, page, whole},
    watching::asked,
};

/// The names of metrics in a text.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let names = words.filter(|word| word.starts_with("passerelle_"));
    // What Prometheus makes of a histogram.
    let whole = |name: &str| {
        ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    names.map(whole).collect()
}

/// The names of metrics in the code: what stands alone in quotes.
pub(crate) fn counted() -> BTreeSet<String> {
    let files = sources("src");
    let texts = files.iter().map(|(_, text)| code(text)).collect::<Vec<_>>().join("\n");
    let quoted = texts.split('"').filter(|text| text.starts_with("passerelle_"));
    quoted.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).map(str::to_owned).collect()
}

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn metrics_are_described_and_what_is_watched_is_there() {
    let counted = counted();
    assert!(counted.len() > 30, "{counted:?}");
    for language in LANGUAGES {
        // The reference names them all; what they say is told here.
        let operations = page(language, "docs/en/operations.md");
        let missing: Vec<_> = counted.difference(&named(&operations.text)).cloned().collect();
        assert!(missing.is_empty(), "{} does not describe {missing:?}", operations.path);
        let unknown: Vec<_> = named(&whole(language)).difference(&counted).cloned().collect();
        assert!(unknown.is_empty(), "the pages in {language:?} name {unknown:?}, which nothing counts");
    }
    for watching in ["config/grafana/operations.json", "config/grafana/passerelle.json", "config/prometheus/alerts.yml"]
    {
        let unknown: Vec<_> = named(&file(watching)).difference(&counted).cloned().collect();
        assert!(unknown.is_empty(), "{watching} names {unknown:?}, which nothing counts");
    }
}

/// The labels of each metric as the documentation has them: `name{label,label}`; `{…}` has those of the one before.
pub(crate) fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let mut documented = BTreeMap::<String, BTreeSet<String>>::new();
    let mut before = BTreeSet::new();
    let operations = page(LANGUAGES[0], "docs/en/operations.md");
    for quoted in operations.text.split('`').filter(|text| text.starts_with("passerelle_")) {
        let (name, labels) = quoted.split_once('{').unwrap_or((quoted, ""));
        let labels = labels.trim_end_matches('}');
        if labels != "…" {
            before = labels.split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect();
        }
        documented.entry(name.to_owned()).or_default().extend(before.clone());
    }
    documented
}

/// The labels that a question names: in what is chosen, grouped by, and shown.
fn labels_of(expression: &str, legend: &str) -> BTreeSet<String> {
    let inside = |text: &str, open: &str, close: char| -> Vec<String> {
        let parts = text.split(open).skip(1).filter_map(|rest| rest.split_once(close));
        parts.flat_map(|(inside, _)| inside.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>()).collect()
    };
    let chosen =
        inside(expression, "{", '}').into_iter().filter_map(|it| it.split(['=', '!']).next().map(str::to_owned));
    let grouped = inside(expression, "by (", ')');
    chosen.chain(grouped).chain(inside(legend, "{{", '}')).filter(|label| !label.is_empty()).collect()
}

#[test]
fn what_is_watched_is_told_apart_by_labels_that_are_there() {
    let documented = documented();
    let alerts = file("config/prometheus/alerts.yml");
    let of_alerts = alerts.split("- alert: ").skip(1).map(|alert| {
        let (name, rest) = alert.split_once('\n').unwrap();
        let said = rest.split_once("annotations:").unwrap();
        (name.to_owned(), said.0.split_once("expr:").unwrap().1.to_owned(), said.1.replace("{{ $labels.", "{{"))
    });
    for (place, expression, shown) in asked().into_iter().chain(of_alerts) {
        let of_metrics = named(&expression).into_iter().flat_map(|metric| documented[&metric].clone());
        // Prometheus's own, and those of a histogram's buckets.
        let there: BTreeSet<String> = of_metrics.chain(["instance", "job", "le"].map(str::to_owned)).collect();
        let expression = expression.split("labels:").next().unwrap();
        let labels = labels_of(expression, &shown.replace(" }}", "}}"));
        let wrong: Vec<_> = labels.iter().filter(|label| !there.contains(*label) && !label.starts_with('$')).collect();
        assert!(wrong.is_empty(), "{place} names {wrong:?}; there are {there:?}");
    }
}
