//! Each metric is described in both READMEs, and what watches them names none that is not there.

use std::{collections::BTreeSet, fs, path::Path};

use super::{code, sources};

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
fn counted() -> BTreeSet<String> {
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
    for readme in ["README.md", "LISEZMOI.md"] {
        let missing: Vec<_> = counted.difference(&named(&file(readme))).cloned().collect();
        assert!(missing.is_empty(), "{readme} does not describe {missing:?}");
    }
    for watching in ["README.md", "LISEZMOI.md", "config/grafana/passerelle.json", "config/prometheus/alerts.yml"] {
        let unknown: Vec<_> = named(&file(watching)).difference(&counted).cloned().collect();
        assert!(unknown.is_empty(), "{watching} names {unknown:?}, which nothing counts");
    }
}
