//! The profile of least rights: those of [`RIGHTS`] that this gateway needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
    cli::needs::{Lack, Needs},
    glpi::{ItemRow, Needed, RIGHTS, Right, number},
    text::Bilingual,
};

/// The bits of each right that the gateway needs as it is set up: what `check` would miss, and what was asked for.
fn needed(setup: &Setup) -> BTreeMap<&'static str, u64> {
    let needs = Needs { config: &setup.config, mappings: &setup.mappings, is_eleven: setup.has_webhooks() };
    let is_needed = |right: &Right| match right.needed {
        // `check` is of no use without what it reads.
        Needed::FileTypes | Needed::Faq | Needed::Notifications => true,
        Needed::Locations => needs.has_locations(),
        Needed::Drafts => setup.wanted.drafts,
        Needed::Announcements if setup.wanted.announcements => true,
        _ => matches!(needs.lack(right), Lack::Error | Lack::Warning),
    };
    bits(is_needed)
}

fn bits(is_needed: impl Fn(&Right) -> bool) -> BTreeMap<&'static str, u64> {
    let mut bits = BTreeMap::new();
    for right in RIGHTS.iter().filter(|right| is_needed(right)) {
        *bits.entry(right.name).or_default() |= right.bits;
    }
    bits
}

/// The profile of that name, with its rights.
async fn find(setup: &Setup) -> Result<Option<(ItemRow, Vec<ItemRow>)>, Failed> {
    let rows = setup.admin.with("Profile", "name", &setup.wanted.profile).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let rights = setup.admin.all(&format!("Profile/{}/ProfileRight", number(&row, "id"))).await?;
    Ok(Some((row, rights)))
}

/// Its number, once it is there.
pub(super) async fn id(setup: &Setup) -> Result<Option<u64>, Failed> {
    let rows = setup.admin.with("Profile", "name", &setup.wanted.profile).await?;
    Ok(rows.first().map(|row| number(row, "id")))
}

fn name(row: &ItemRow) -> &str {
    row.get("name").and_then(Value::as_str).unwrap_or_default()
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    let needed = needed(setup);
    let Some((profile, rights)) = find(setup).await? else {
        return Ok(State::Create(Bilingual::new(
            format!("{} rights, the least", needed.len()),
            format!("{} droits, le strict nécessaire", needed.len()),
        )));
    };
    if profile.get("interface").and_then(Value::as_str) != Some("central") {
        return Ok(other(&Bilingual::new("it is of the simplified interface", "il est de l’interface simplifiée")));
    }
    // Those of what may be switched on later are no mistake.
    let known = bits(|_| true);
    let beyond = |row: &&ItemRow| number(row, "rights") & !known.get(name(row)).copied().unwrap_or_default() != 0;
    let beyond: Vec<_> = rights.iter().filter(beyond).map(name).collect();
    if !beyond.is_empty() {
        let few = beyond.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        return Ok(other(&Bilingual::new(
            format!("it has {} rights beyond what the gateway needs: {few}…", beyond.len()),
            format!("il a {} droits de plus que nécessaire\u{a0}: {few}…", beyond.len()),
        )));
    }
    let held = |right: &str| rights.iter().find(|row| name(row) == right).map_or(0, |row| number(row, "rights"));
    let wanted = |right: &Right| needed.get(right.name).is_some_and(|bits| bits & right.bits == right.bits);
    let lacking = RIGHTS.iter().filter(|right| wanted(right) && held(right.name) & right.bits != right.bits);
    // What is part of another is not named beside it.
    let mut named: Vec<&Right> = Vec::new();
    for right in lacking {
        let within = |one: &Right, other: &Right| one.name == other.name && one.bits & other.bits == one.bits;
        if !named.iter().any(|other| within(right, other)) {
            named.retain(|other| !within(other, right));
            named.push(right);
        }
    }
    let lacking = named.into_iter().map(Right::label).reduce(|all, next| all.then(", ", &next));
    Ok(lacking.map_or_else(State::there, |lacking| {
        State::Change(
            Bilingual::new("it lacks ", "il lui manque ").then("", &lacking),
            Bilingual::new("it was given ", "il a reçu ").then("", &lacking),
        )
    }))
}

fn other(reason: &Bilingual) -> State {
    State::named(
        reason,
        &Bilingual::new(
            "give another name by --profile, or take these rights off in GLPI, Administration > Profiles",
            "donnez un autre nom par --profile, ou ôtez ces droits dans GLPI, Administration > Profils",
        ),
    )
}

/// GLPI 10 does not take the rights of a profile with the profile: each has a row of its own.
pub(super) async fn make(setup: &Setup) -> Result<(), Failed> {
    let (profile, rights) = if let Some(found) = find(setup).await? {
        found
    } else {
        let input = json!({ "name": setup.wanted.profile, "interface": "central", "comment": "Passerelle" });
        setup.admin.add("Profile", &input).await?;
        find(setup).await?.unwrap_or_default()
    };
    let mut changes = Vec::new();
    for (right, bits) in needed(setup) {
        match rights.iter().find(|row| name(row) == right) {
            Some(row) if number(row, "rights") & bits == bits => {}
            Some(row) => changes.push(json!({ "id": number(row, "id"), "rights": number(row, "rights") | bits })),
            None => {
                let input = json!({ "profiles_id": number(&profile, "id"), "name": right, "rights": bits });
                setup.admin.add("ProfileRight", &input).await?;
            }
        }
    }
    if !changes.is_empty() {
        setup.admin.change("ProfileRight", &changes).await?;
    }
    Ok(())
}
