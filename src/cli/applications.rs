//! Applications that an option names.

use std::collections::BTreeSet;

use crate::{figures::UNSAID, flow::route::Mappings, people::Role, text::Bilingual};

/// What is said of an application that neither a mapping nor one of these `others` has; case and accents do not matter.
pub(super) fn unknown(mappings: &Mappings, name: &str, others: &[String]) -> Option<Bilingual> {
    let mut known = mappings.all().iter().map(|it| &it.name).chain(others);
    let is_known = name == UNSAID || known.any(|it| Role::referent(it) == Role::referent(name));
    (!is_known).then(|| missing(mappings, name, others))
}

/// What is said of an application that neither a mapping nor one of these `others` has: which is meant, which there are.
pub(super) fn missing(mappings: &Mappings, name: &str, others: &[String]) -> Bilingual {
    let names: BTreeSet<&str> = mappings.all().iter().map(|it| &it.name).chain(others).map(String::as_str).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let near = mappings.nearest(name).map_or_else(
        || Bilingual::new("; there are ", "\u{a0}; il y a "),
        |near| {
            Bilingual::new(
                format!("; is \"{near}\" meant? There are "),
                format!("\u{a0}; s’agit-il de «\u{a0}{near}\u{a0}»\u{a0}? Il y a "),
            )
        },
    );
    Bilingual::new(
        format!("no mapping has the application \"{name}\""),
        format!("aucun mapping n’a l’application «\u{a0}{name}\u{a0}»"),
    )
    .then("", &near)
    .then("", &Bilingual::same(names))
}
