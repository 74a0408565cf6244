//! Categories, groups, locations and entities: what GLPI has under a name, in each entity once more.

use std::fmt;

use serde::Deserialize;

use super::wire;
use crate::id::EntityId;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A category, by its full path.
    Category,
    /// A group, by its name or full path.
    Group,
    /// A location, by its full path.
    Location,
}

impl ItemKind {
    /// Its class in GLPI.
    pub(super) fn item_type(self) -> &'static str {
        match self {
            Self::Category => "ITILCategory",
            Self::Group => "Group",
            Self::Location => "Location",
        }
    }
}

/// One of the items of a name, which GLPI allows in every entity once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Item {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: u64,
    /// The entity it is of.
    #[serde(rename = "entities_id", default, deserialize_with = "wire::number")]
    pub entity: EntityId,
    /// Whether the entities below that one may use it, too.
    #[serde(rename = "is_recursive", default, deserialize_with = "wire::flag")]
    pub recursive: bool,
}

/// An item with a name, and for trees the path from the root.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(flatten)]
    pub item: Item,
    #[serde(default, deserialize_with = "wire::text")]
    pub name: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub completename: String,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, entity, recursive } = self;
        write!(f, "n°{id} (entity {entity}{})", if *recursive { ", recursive" } else { "" })
    }
}

/// Of several things of one name, the one that a ticket of an entity, given as itself and those above it, may have:
/// the nearest, unless there are two.
pub fn nearest(items: &[Item], lineage: &[EntityId]) -> Option<u64> {
    lineage.iter().enumerate().find_map(|(above, entity)| {
        let mut here = items.iter().filter(|item| item.entity == *entity && (above == 0 || item.recursive));
        here.next().map(|first| here.next().is_none().then_some(first.id))
    })?
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Item, nearest};
    use crate::id::EntityId;

    /// In root 0: 1, recursive, and 2, not; in academy 3: 30; in department 5 below it: 50; twice in 7: 70, 71.
    #[rstest]
    #[case::its_own(&[5, 3, 0], &[1, 30, 50], Some(50))]
    #[case::the_recursive_one_above(&[6, 3, 0], &[1, 50], Some(1))]
    #[case::not_one_that_is_for_its_entity_alone(&[6, 3, 0], &[1, 30], Some(1))]
    #[case::the_root_s(&[0], &[1, 50], Some(1))]
    #[case::the_root_s_own(&[0], &[2, 50], Some(2))]
    #[case::none_in_reach(&[6, 3, 0], &[2, 50], None)]
    #[case::two_in_one_entity(&[7, 0], &[70, 71, 1], None)]
    fn of_one_name_the_nearest_is_meant(#[case] lineage: &[u64], #[case] ids: &[u64], #[case] expected: Option<u64>) {
        let all = [(1, 0, true), (2, 0, false), (30, 3, false), (50, 5, false), (70, 7, false), (71, 7, true)];
        let of_name = |(id, entity, recursive)| Item { id, entity: EntityId::new(entity), recursive };
        let items: Vec<_> = all.into_iter().map(of_name).filter(|item| ids.contains(&item.id)).collect();
        let lineage: Vec<_> = lineage.iter().copied().map(EntityId::new).collect();
        assert_eq!(nearest(&items, &lineage), expected);
    }
}
