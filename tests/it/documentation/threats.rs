//! Each threat that SECURITY.md names has its tests.

use std::collections::BTreeSet;

use crate::support::documentation::{LANGUAGES, page};

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in ["src", "tests/it"].into_iter().flat_map(crate::tidy::sources) {
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if ["#[test]", "#[tokio::test", "#[rstest]"].iter().any(|mark| line.starts_with(mark)) {
                is_test = true;
            }
            let name = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            if let Some(name) = name.and_then(|rest| rest.split(['(', '<']).next())
                && std::mem::take(&mut is_test)
            {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn each_threat_has_tests_that_exist() {
    let tests = tests();
    assert!(tests.len() > 1000, "only {} tests were found", tests.len());
    let [english, french] = LANGUAGES.map(|language| {
        let page = page(language, "SECURITY.md");
        let rows = page.text.split("\n| threat |").nth(1).or_else(|| page.text.split("\n| menace |").nth(1)).unwrap();
        let rows: Vec<_> = rows.lines().skip(2).take_while(|line| line.starts_with('|')).map(str::to_owned).collect();
        rows.iter().map(|row| named(row, &tests, page.path)).collect::<Vec<_>>()
    });
    assert!(english.len() >= 20, "only {} threats", english.len());
    assert_eq!(english, french, "the same threats with the same tests in both languages");
}

/// The tests of a threat's row.
fn named(row: &str, tests: &BTreeSet<String>, path: &str) -> Vec<String> {
    let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
    let named: Vec<_> = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(!named.is_empty(), "{path} names no test: {row}");
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "{path} names tests that are not there: {missing:?}");
    named
}
