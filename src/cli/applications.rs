//! Applications that an option names.

use std::collections::BTreeSet;

use crate::{figures::UNSAID, flow::route::Mappings, people::Role};

/// What is said of an application that neither a mapping nor one of these `others` has; case and accents do not matter.
pub(super) fn unknown(mappings: &Mappings, name: &str, others: &[String]) -> Option<String> {
    let known = || mappings.all().iter().map(|it| &it.name).chain(others);
    if name == UNSAID || known().any(|it| Role::referent(it) == Role::referent(name)) {
        return None;
    }
    let names: BTreeSet<&str> = known().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let near = mappings.nearest(name).map(|near| format!(" is \"{near}\" meant?")).unwrap_or_default();
    Some(format!("no mapping has the application \"{name}\";{near} there are {}", names.join(", ")))
}
