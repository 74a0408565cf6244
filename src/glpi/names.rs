//! From names, paths and addresses to GLPI's ids.

use std::fmt;

use serde::Deserialize;

use crate::id::{EntityId, GroupId, UserId};

use super::error::GlpiError;
use super::{Glpi, wire};

/// What GLPI shows of an account; what it does not know is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// First and last name.
    pub name: String,
    /// The telephone number.
    pub phone: String,
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

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, entity, recursive } = self;
        write!(f, "n°{id} (entity {entity}{})", if *recursive { ", recursive" } else { "" })
    }
}

impl Glpi {
    /// The groups of this name, or with this full path, in whatever entity.
    pub async fn groups_named(&self, name: &str) -> Result<Vec<Item>, GlpiError> {
        if name.contains(" > ") { self.with_path("Group", name).await } else { self.with_name("Group", name).await }
    }

    /// A group's full path; `None` for one that is not there or out of the account's sight.
    pub async fn group_name(&self, id: GroupId) -> Result<Option<String>, GlpiError> {
        match self.get::<wire::Named>(format!("Group/{id}"), Vec::new()).await {
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

    /// The active account with this e-mail address, whatever its case. Of several, the oldest.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserId>, GlpiError> {
        Ok(self.owners_of(email).await?.iter().find(|owner| owner.is_active()).map(|owner| owner.id))
    }

    /// Every account with this address, the oldest first, and whether it is the one GLPI writes to; an address
    /// outlives its account.
    pub(super) async fn users_with_email(&self, email: &str) -> Result<Vec<(UserId, bool)>, GlpiError> {
        let mut rows: Vec<wire::UserEmail> = self.get("UserEmail", exactly("email", email)).await?;
        rows.retain(|row| row.email.to_lowercase() == email.to_lowercase());
        rows.sort_by_key(|row| (row.users_id, row.is_default == 0));
        rows.dedup_by_key(|row| row.users_id);
        Ok(rows.into_iter().map(|row| (row.users_id, row.is_default > 0)).collect())
    }

    /// The first and last name of an account; empty where it is gone, or out of our sight.
    pub async fn name_of_user(&self, id: UserId) -> Result<String, GlpiError> {
        match self.user(id).await {
            Ok(user) => Ok(user.name),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// What GLPI shows of an account.
    pub async fn user(&self, id: UserId) -> Result<User, GlpiError> {
        let user: wire::User = self.get(format!("User/{id}"), Vec::new()).await?;
        let name = format!("{} {}", user.firstname.trim(), user.realname.trim());
        Ok(User { name: name.trim().to_owned(), phone: user.phone.trim().to_owned() })
    }

    /// The groups an account is a member of, directly.
    pub async fn groups_of_user(&self, user: UserId) -> Result<Vec<GroupId>, GlpiError> {
        let rows: Vec<wire::GroupUser> = self.get(format!("User/{user}/Group_User"), super::whole_list()).await?;
        Ok(rows.into_iter().map(|row| row.groups_id).collect())
    }

    /// All items of a type; `None` where one call does not give them all, or the account may not list them.
    pub(super) async fn first_page_of(&self, item_type: &str) -> Result<Option<Vec<wire::Named>>, GlpiError> {
        match self.get::<Vec<wire::Named>>(item_type, super::whole_list()).await {
            Ok(rows) if rows.len() < super::PAGE => Ok(Some(rows)),
            Ok(_) | Err(GlpiError::Denied { .. } | GlpiError::Rejected { .. } | GlpiError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn with_name(&self, item_type: &str, name: &str) -> Result<Vec<Item>, GlpiError> {
        let rows: Vec<wire::Named> = self.get(item_type, exactly("name", name)).await?;
        Ok(rows.into_iter().filter(|row| row.name == name).map(|row| row.item).collect())
    }

    async fn with_path(&self, item_type: &str, path: &str) -> Result<Vec<Item>, GlpiError> {
        let rows: Vec<wire::Named> = self.get(item_type, exactly("completename", path)).await?;
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
                remedy: "several items of GLPI have this name: rename one, or give the full path",
            })
        }
    }
}

/// A list's parameters that narrow it to rows whose `field` is `value`, or nearly so: the caller
/// compares, since the database minds neither case nor accents.
fn exactly(field: &str, value: &str) -> Vec<(String, String)> {
    let mut query = super::whole_list();
    query.push((format!("searchText[{field}]"), pattern(value)));
    query
}

/// GLPI's `searchText` is a pattern: `^` and `$` anchor it, `%` stands for anything. What GLPI escapes
/// or encodes differently from version to version (`&`, `<`, quotes, `_`…) becomes `%`.
pub(super) fn pattern(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " -.@,:()".contains(c);
    let middle: String = value.trim().chars().map(|c| if plain(c) { c } else { '%' }).collect();
    format!("^{middle}$")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::pattern;

    #[rstest]
    #[case("Référents-LSU", "^Référents-LSU$")]
    #[case("Scolarité > LSU", "^Scolarité % LSU$")]
    #[case("Directeurs d'école", "^Directeurs d%école$")]
    #[case("a_b^c$d%e\\f\"g&h", "^a%b%c%d%e%f%g%h$")]
    #[case("", "^$")]
    fn what_glpi_would_read_as_a_pattern_is_not_sent(#[case] name: &str, #[case] sent: &str) {
        assert_eq!(pattern(name), sent);
    }
}
