//! What may be asked for: the applications under their rubrics, each with what it is for.

use url::form_urlencoded;

use super::frame::DEPOSIT;
use crate::{
    flow::route::{Mapping, Mappings},
    text::french,
};

/// The rubric of applications whose mapping names none.
const OTHERS: &str = "Autres demandes";

/// A heading, and the applications under it.
pub(super) struct Rubric {
    pub(super) name: String,
    pub(super) tiles: Vec<Tile>,
}

/// An application, and the form for it.
pub(super) struct Tile {
    pub(super) application: String,
    pub(super) help: Option<String>,
    pub(super) address: String,
}

/// The rubrics in the order of the mappings; last, what has none.
pub(super) fn rubrics(mappings: &Mappings) -> Vec<Rubric> {
    let mut rubrics: Vec<Rubric> = Vec::new();
    let (named, others): (Vec<_>, Vec<_>) = mappings.all().iter().partition(|mapping| mapping.rubric.is_some());
    for mapping in named.into_iter().chain(others) {
        let name = mapping.rubric.as_deref().unwrap_or(OTHERS);
        match rubrics.iter_mut().find(|rubric| rubric.name == name) {
            Some(rubric) => rubric.tiles.push(tile(mapping)),
            None => rubrics.push(Rubric { name: name.to_owned(), tiles: vec![tile(mapping)] }),
        }
    }
    rubrics
}

fn tile(mapping: &Mapping) -> Tile {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("application", &mapping.name).finish();
    Tile {
        application: mapping.name.clone(),
        help: mapping.help.as_deref().map(french::set),
        address: format!("{DEPOSIT}?{query}"),
    }
}
