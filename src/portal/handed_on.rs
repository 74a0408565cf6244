//! Whom a request was handed on to, in words that a director knows.

use crate::{
    flow::route::{Mapping, Mappings, Opening},
    glpi::TicketSummary,
    text::french,
};

/// A group a request was handed on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOn {
    /// Its name, without what it stands below.
    pub group: String,
    /// What the mapping has requesters told of it; `None` where it says nothing of this group.
    told: Option<String>,
    /// Whether it is one of the application's first groups: then the request came back to them.
    pub is_back: bool,
}

impl HandedOn {
    /// To the group of this full path, of a request of this mapping's.
    pub(super) fn to(path: &str, mapping: Option<&Mapping>) -> Self {
        let is_back = mapping.is_some_and(|mapping| is_first(path, mapping));
        Self { group: last_part(path).to_owned(), told: told(path, mapping), is_back }
    }

    /// As people read it: «transmise à l’assistance informatique académique».
    pub fn label(&self) -> String {
        match &self.told {
            _ if self.is_back => format!("rendue aux référents de l’application ({})", self.group),
            Some(told) => format!("transmise {}", french::to(told)),
            None => format!("transmise à une équipe spécialisée ({})", self.group),
        }
    }
}

/// The group that has a request now, where it is none of those that its application's requests go to first. Of a request
/// whose application is not known, nothing can be said.
pub(super) fn now(summary: &TicketSummary, opening: Option<&Opening>, mappings: &Mappings) -> Option<HandedOn> {
    let mapping = mappings.find(&opening?.application)?;
    let path = summary.groups.first()?;
    let is_with_first = summary.groups.iter().any(|path| is_first(path, mapping));
    (!is_with_first).then(|| HandedOn::to(path, Some(mapping)))
}

/// What requesters are told of a group, by its full path or its name.
fn told(path: &str, mapping: Option<&Mapping>) -> Option<String> {
    let names = [path, last_part(path)].map(|name| (name, mapping.map(|mapping| mapping.public_name(name))));
    names.into_iter().find_map(|(name, told)| told.filter(|told| told != name))
}

/// Whether a mapping names this group among the first ones: by its name or its full path.
fn is_first(path: &str, mapping: &Mapping) -> bool {
    mapping.first_groups().iter().any(|name| *name == path || *name == last_part(path))
}

/// `Assistance > DSI-BAI` → `DSI-BAI`
fn last_part(path: &str) -> &str {
    path.rsplit(" > ").next().unwrap_or(path).trim()
}

#[cfg(test)]
mod tests {
    use super::HandedOn;
    use crate::flow::route::Mappings;

    #[test]
    fn a_group_is_named_in_words_that_a_director_knows() {
        let mappings = Mappings::load(None).unwrap();
        let lsu = mappings.find("LSU");
        let label = |path| HandedOn::to(path, lsu).label();
        assert_eq!(label("Assistance > DSI-BAI"), "transmise à l’assistance informatique académique");
        assert_eq!(label("DSI-BAI"), "transmise à l’assistance informatique académique");
        assert_eq!(label("Assistance > Réseau"), "transmise à une équipe spécialisée (Réseau)");
        assert_eq!(HandedOn::to("Référents-LSU", lsu).label(), "rendue aux référents de l’application (Référents-LSU)");
        assert!(!HandedOn::to("Référents-LSU", None).is_back);
    }
}
