//! The groups and categories that the mappings name; entities and locations, which are an academy's own to make.

use serde_json::{Value, json};

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
    glpi::{ItemRow, number},
    text::Bilingual,
};

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Entity,
    Location,
    Group,
    Category,
}

impl Kind {
    fn item_type(self) -> &'static str {
        match self {
            Self::Entity => "Entity",
            Self::Location => "Location",
            Self::Group => "Group",
            Self::Category => "ITILCategory",
        }
    }

    /// The field that names the item above, and those without which the name is of no use.
    fn fields(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Entity | Self::Location => ("", &[]),
            Self::Group => ("groups_id", &["is_assign", "is_watcher"]),
            Self::Category => ("itilcategories_id", &["is_incident", "is_request"]),
        }
    }

    /// The path itself after those above it, where they are made here.
    pub(super) fn levels(self, path: &str) -> Vec<String> {
        if matches!(self, Self::Entity | Self::Location) {
            return vec![path.to_owned()];
        }
        let ends = path.match_indices(" > ").map(|(at, _)| path[..at].to_owned());
        ends.chain([path.to_owned()]).collect()
    }

    pub(super) fn named(self, path: &str) -> Bilingual {
        let (english, french) = match self {
            Self::Entity => ("entity", "entité"),
            Self::Location => ("location", "lieu"),
            Self::Group => ("group", "groupe"),
            Self::Category => ("category", "catégorie"),
        };
        Bilingual::new(format!("{english} «{path}»"), format!("{french} «\u{a0}{path}\u{a0}»"))
    }
}

/// The item of this full path; of several the first.
async fn find(setup: &Setup, kind: Kind, path: &str) -> Result<Option<ItemRow>, Failed> {
    let rows = setup.admin.all(kind.item_type()).await?;
    let is = |row: &ItemRow, field: &str| row.get(field).and_then(Value::as_str) == Some(path);
    // An entity's full path begins with the root's name, which a mapping may leave out.
    let end = format!(" > {path}");
    let below_root = |row: &ItemRow| {
        let whole = row.get("completename").and_then(Value::as_str).unwrap_or_default();
        kind == Kind::Entity && whole.ends_with(&end)
    };
    Ok(rows.into_iter().find(|row| is(row, "completename") || below_root(row)))
}

pub(super) async fn look(setup: &Setup, kind: Kind, path: &str) -> Result<State, Failed> {
    let Some(row) = find(setup, kind, path).await? else {
        return Ok(match kind {
            Kind::Group | Kind::Category => State::create(),
            Kind::Entity => missing("Administration > Entities", "Administration > Entités"),
            Kind::Location => missing("Setup > Dropdowns > Locations", "Configuration > Intitulés > Lieux"),
        });
    };
    let off: Vec<_> = kind.fields().1.iter().copied().filter(|field| number(&row, field) == 0).collect();
    if !off.is_empty() {
        let off = off.join(", ");
        return Ok(State::named(
            &Bilingual::new(format!("it is there with {off} = no"), format!("il existe avec {off} = non")),
            &Bilingual::new(
                "switch that on in GLPI, or name another one in the mapping",
                "activez cela dans GLPI, ou nommez-en un autre dans le mapping",
            ),
        ));
    }
    if number(&row, "entities_id") == 0 && number(&row, "is_recursive") == 0 && kind != Kind::Entity {
        return Ok(State::There(Bilingual::new(
            "of the root entity alone, not recursive",
            "de l’entité racine seule, non récursif",
        )));
    }
    Ok(State::there())
}

fn missing(english: &str, french: &str) -> State {
    State::by_hand(
        &Bilingual::new("GLPI has none of this name", "GLPI n’en a pas de ce nom"),
        &Bilingual::new(
            format!("make it in GLPI, {english}, or correct the mapping"),
            format!("créez-le dans GLPI, {french}, ou corrigez le mapping"),
        ),
    )
}

/// On the root entity and recursive: so it is of every entity's tickets.
pub(super) async fn make(setup: &Setup, kind: Kind, path: &str) -> Result<(), Failed> {
    let (above, name) = path.rsplit_once(" > ").map_or((None, path), |(above, name)| (Some(above), name));
    let parent = match above {
        Some(above) => find(setup, kind, above).await?.map(|row| number(&row, "id")),
        None => None,
    };
    let (parent_field, switches) = kind.fields();
    let mut input = json!({ "name": name, "entities_id": 0, "is_recursive": 1 });
    input[parent_field] = parent.unwrap_or_default().into();
    for switch in switches {
        input[*switch] = 1.into();
    }
    setup.admin.add(kind.item_type(), &input).await?;
    Ok(())
}
