//! Each metric is described in the documentation of both languages, and what watches them names none that is not there.

use std::{collections::BTreeSet, fs, path::Path};

use super::{code, sources};
use crate::support::documentation::{LANGUAGES, page, whole};

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
    for watching in ["config/grafana/passerelle.json", "config/prometheus/alerts.yml"] {
        let unknown: Vec<_> = named(&file(watching)).difference(&counted).cloned().collect();
        assert!(unknown.is_empty(), "{watching} names {unknown:?}, which nothing counts");
    }
}
