//! From names and paths to GLPI's ids, and back.

use crate::id::{EntityId, GroupId};

use super::error::GlpiError;
use super::item::Named;
use super::lists::{PAGE, exactly, whole_list};
use super::remedy::Remedy;
use super::{Glpi, Item};

impl Glpi {
    /// The groups of this name, or with this full path, in whatever entity.
    pub async fn groups_named(&self, name: &str) -> Result<Vec<Item>, GlpiError> {
        if name.contains(" > ") { self.with_path("Group", name).await } else { self.with_name("Group", name).await }
    }

    /// A group's full path; `None` for one that is not there or out of the account's sight.
    pub async fn group_name(&self, id: GroupId) -> Result<Option<String>, GlpiError> {
        match self.get::<Named>(format!("Group/{id}"), Vec::new()).await {
            Ok(group) => Ok(Some(group.completename)),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The categories with this full path, in whatever entity.
    pub async fn categories_at(&self, path: &str) -> Result<Vec<Item>, GlpiError> {
        self.with_path("ITILCategory", path).await
    }

    /// An entity by its full path (`Entité racine > Dijon`).
    pub async fn entity_by_path(&self, path: &str) -> Result<Option<EntityId>, GlpiError> {
        Ok(only(path, &self.with_path("Entity", path).await?)?.map(EntityId::from))
    }

    /// The locations with this full path, in whatever entity.
    pub async fn locations_at(&self, path: &str) -> Result<Vec<Item>, GlpiError> {
        self.with_path("Location", path).await
    }

    /// All items of a type; `None` where one call does not give them all, or the account may not list them.
    pub(super) async fn first_page_of(&self, item_type: &str) -> Result<Option<Vec<Named>>, GlpiError> {
        match self.get::<Vec<Named>>(item_type, whole_list()).await {
            Ok(rows) if rows.len() < PAGE => Ok(Some(rows)),
            Ok(_) | Err(GlpiError::Denied { .. } | GlpiError::Rejected { .. } | GlpiError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn with_name(&self, item_type: &str, name: &str) -> Result<Vec<Item>, GlpiError> {
        let rows: Vec<Named> = self.get(item_type, exactly("name", name)).await?;
        Ok(rows.into_iter().filter(|row| row.name == name).map(|row| row.item).collect())
    }

    async fn with_path(&self, item_type: &str, path: &str) -> Result<Vec<Item>, GlpiError> {
        let rows: Vec<Named> = self.get(item_type, exactly("completename", path)).await?;
        Ok(rows.into_iter().filter(|row| row.completename == path).map(|row| row.item).collect())
    }
}

/// The id of the one item meant. Two of one name would make it chance which is taken.
fn only(name: &str, items: &[Item]) -> Result<Option<u64>, GlpiError> {
    match items {
        [] => Ok(None),
        [item] => Ok(Some(item.id)),
        several => {
            let several: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(GlpiError::Denied {
                code: format!("AMBIGUOUS_NAME «{name}»: {}", several.join(", ")),
                remedy: Remedy::Ambiguous,
            })
        }
    }
}
