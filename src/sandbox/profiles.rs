//! The rights of profiles: a row each (`ProfileRight`), as sessions have them together.

use serde_json::{Value, json};

use super::helpdesk::Helpdesk;
use super::php::{Row, int_of, text_of};
use super::settings::Version;
use super::store::Store;

/// Fields of a profile that are numbers and no rights.
const FIELDS: [&str; 7] = [
    "id",
    "is_default",
    "helpdesk_hardware",
    "create_ticket_on_login",
    "tickettemplates_id",
    "changetemplates_id",
    "problemtemplates_id",
];

/// The names of all rights.
fn names(store: &Store) -> Vec<String> {
    let mut names: Vec<String> = store
        .profiles
        .values()
        .flat_map(|profile| {
            profile.iter().filter(|(name, value)| value.is_number() && !FIELDS.contains(&name.as_str()))
        })
        .map(|(name, _)| name.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Gives each profile a row for each right, 0 where it has none.
pub(super) fn give_rights_rows(store: &mut Store) {
    let profiles: Vec<i64> = store.profiles.keys().copied().collect();
    for profile in profiles {
        add_rows(store, profile);
    }
}

fn add_rows(store: &mut Store, profile: i64) {
    let rights = store.profiles.get(&profile).cloned().unwrap_or_default();
    for name in names(store) {
        let row = json!({ "profiles_id": profile, "name": name, "rights": int_of(&rights, &name) });
        store.insert("ProfileRight", row.as_object().unwrap_or(&Row::new()));
    }
}

/// A new profile has no rights; from 11 on those that its input has.
pub(super) fn begin(desk: &mut Helpdesk, id: i64, input: &Row) {
    let mut rights = desk.store.get("Profile", id).cloned().unwrap_or_default();
    for name in names(&desk.store) {
        let given = if desk.version == Version::Eleven { int_of(input, &name) } else { 0 };
        rights.insert(name, given.into());
    }
    desk.store.profiles.insert(id, rights);
    add_rows(&mut desk.store, id);
}

/// Lets sessions that are opened from now on have what this row says.
pub(super) fn follow(store: &mut Store, row: i64) {
    let Some(row) = store.get("ProfileRight", row).cloned() else { return };
    let rights: Value = int_of(&row, "rights").into();
    if let Some(profile) = store.profiles.get_mut(&int_of(&row, "profiles_id")) {
        profile.insert(text_of(&row, "name"), rights);
    }
}
