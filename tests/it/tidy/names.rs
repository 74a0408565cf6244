//! A public type's name means one thing.

use std::collections::BTreeMap;

use syn::{Item, Visibility};

/// Names that several rooms have: what a part is set up by, and what a subcommand is given.
const SHARED: &[&str] = &["Args", "Settings"];

/// The public types of a file.
fn public_types(text: &str) -> Vec<String> {
    let named = |item: Item| match item {
        Item::Struct(item) => Some((item.vis, item.ident)),
        Item::Enum(item) => Some((item.vis, item.ident)),
        Item::Trait(item) => Some((item.vis, item.ident)),
        Item::Type(item) => Some((item.vis, item.ident)),
        _ => None,
    };
    let items = syn::parse_file(text).unwrap().items.into_iter().filter_map(named);
    items.filter(|(vis, _)| matches!(vis, Visibility::Public(_))).map(|(_, name)| name.to_string()).collect()
}

#[test]
fn a_name_is_one_type_s() {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for (path, text) in super::sources("src") {
        // A section of the configuration has the name of what it sets; the stand-in says GLPI's words once more.
        if !["src/config", "src/sandbox"].iter().any(|room| path.starts_with(room)) {
            for name in public_types(&text) {
                places.entry(name).or_default().push(path.display().to_string());
            }
        }
    }
    let several: BTreeMap<_, _> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    for (name, places) in &several {
        assert!(SHARED.contains(&name.as_str()), "{name} has two meanings: {places:?}");
    }
}
