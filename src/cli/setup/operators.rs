//! Groups that `--operator` names: who is in them is a person's to say, so they are not made.

use serde_json::Value;

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{glpi::ItemRow, text::Bilingual};

/// Those that are named, no address among them.
pub(super) fn groups(setup: &Setup) -> impl Iterator<Item = &str> {
    setup.wanted.operators.iter().map(|name| name.trim()).filter(|name| !name.contains('@'))
}

/// As `[people]` is read: by its name, or by its full path.
pub(super) async fn look(setup: &Setup, group: &str) -> Result<State, Failed> {
    let field = if group.contains(" > ") { "completename" } else { "name" };
    let is_it = |row: &ItemRow| row.get(field).and_then(Value::as_str) == Some(group);
    if setup.admin.all("Group").await?.iter().any(is_it) {
        return Ok(State::there());
    }
    Ok(State::by_hand(
        &Bilingual::new("GLPI has no group of this name", "GLPI n’a pas de groupe de ce nom"),
        &Bilingual::new(
            "correct --operator, or make it in GLPI, Administration > Groups, with its members",
            "corrigez --operator, ou créez-le dans GLPI, Administration > Groupes, avec ses membres",
        ),
    ))
}
