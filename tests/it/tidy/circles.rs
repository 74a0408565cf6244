//! Files of one room do not know each other in circles: read from the code, over what facades hand on.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::{Sources, room};

/// The file that a path leads to: the module its longest part names, or where that one has the name from.
fn file(path: &[String], sources: &Sources) -> Option<String> {
    let mut path = path.to_vec();
    // A facade of a facade of a facade is none.
    for _ in 0..8 {
        let length = (1..=path.len()).rev().find(|length| sources.contains_key(&path[..*length]))?;
        let (file, references) = &sources[&path[..length]];
        let Some(name) = path.get(length) else { return Some(file.clone()) };
        match references.imported.get(name) {
            Some(from) => path = from.iter().chain(&path[length + 1..]).cloned().collect(),
            None => return Some(file.clone()),
        }
    }
    panic!("{} is handed on without an end", path.join("::"));
}

/// Whom each file of the code knows in its own room.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let sources = super::edges::references();
    let arrows = sources.iter().map(|(here, (from, references))| {
        // What is only handed on is not used here.
        let is_used = |path: &&Vec<String>| {
            let mut names = references.imported.iter().filter(|(_, from)| from == path).map(|(name, _)| name);
            !references.handed_on.contains(*path) || names.any(|name| references.mentioned.contains(name))
        };
        let inside =
            references.found.iter().filter(is_used).filter(|path| room(path) == room(here) || room(path).is_none());
        let files = inside.filter_map(|path| file(path, &sources)).filter(|to| to != from && same_room(from, to));
        (from.clone(), files.collect())
    });
    arrows.collect()
}

fn same_room(one: &str, other: &str) -> bool {
    let room = |file: &str| room(&super::edges::modules(file.as_ref()));
    room(one) == room(other)
}

/// Who can be reached from a file.
fn reached<'a>(from: &'a str, arrows: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        open.extend(arrows[file].iter().map(String::as_str).filter(|to| found.insert(*to)));
    }
    found
}

#[test]
fn files_of_a_room_do_not_know_each_other_in_circles() {
    let arrows = arrows();
    let reached: BTreeMap<&str, _> = arrows.keys().map(|file| (file.as_str(), reached(file, &arrows))).collect();
    let circle = |file: &&str| -> Vec<&str> {
        reached[file].iter().copied().filter(|other| reached[other].contains(file)).collect()
    };
    let circles: BTreeSet<Vec<&str>> = reached.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
    assert!(circles.is_empty(), "these files know each other in circles: {circles:?}");
}
