//! The documentation: it is whole in both languages, leads somewhere, and is as the program is.

mod blocks;
mod reference;
mod threats;

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::documentation::{LANGUAGES, PAGES, page, pages, parted};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_page_is_there_in_both_languages_and_none_beside_them() {
    let listed: BTreeSet<_> = PAGES.iter().flat_map(|(english, french)| [*english, *french]).collect();
    let mut there = BTreeSet::new();
    for folder in ["docs/en", "docs/fr"] {
        let names = fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        there.extend(names.map(|name| format!("{folder}/{}", name.to_string_lossy())));
    }
    let unlisted: Vec<_> = there.iter().filter(|path| !listed.contains(path.as_str())).collect();
    assert!(unlisted.is_empty(), "tests/it/support/documentation.rs does not list {unlisted:?}");
    for (english, french) in PAGES {
        let [english, french] =
            [english, french].map(|path| fs::read_to_string(project().join(path)).expect("a page of the list"));
        let headings = |text: &str| parted(text).1.lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(headings(&english), headings(&french), "one has more sections than the other: {english:.60}");
    }
}

#[test]
fn a_readme_is_read_in_a_few_minutes() {
    for language in LANGUAGES {
        let readme = page(language, "README.md");
        assert!(readme.text.len() <= 10_000, "{} has {} bytes", readme.path, readme.text.len());
    }
    for picture in fs::read_dir(project().join("docs/images")).unwrap() {
        let picture = picture.unwrap();
        let size = picture.metadata().unwrap().len();
        assert!(size <= 150_000, "{} has {size} bytes", picture.path().display());
    }
}

/// The name that a heading has in an address, as forges make it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || ['_', '-', ' '].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_to_what_is_there() {
    let mut followed = 0;
    for page in LANGUAGES.into_iter().flat_map(pages) {
        let folder = project().join(page.path);
        let folder = folder.parent().unwrap();
        for link in parted(&page.text).1.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.contains("://") {
                continue;
            }
            let (path, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { project().join(page.path) } else { folder.join(path) };
            assert!(target.exists(), "{} leads to {link}, which is not there", page.path);
            if !part.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let has = parted(&text).1.lines().any(|line| line.starts_with('#') && anchor(line) == part);
                assert!(has, "{} leads to {link}, which has no such section", page.path);
            }
            followed += 1;
        }
    }
    assert!(followed > 150, "only {followed} links were found");
}
