//! From names, paths and addresses to GLPI's ids.

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

impl Glpi {
    /// A group by its name, or by its full path (`DSI > BAI`).
    pub async fn group_by_name(&self, name: &str) -> Result<Option<u64>, GlpiError> {
        if name.contains(" > ") { self.by_path("Group", name).await } else { self.by_name("Group", name).await }
    }

    /// A group's full path; `None` for one that is not there or out of the account's sight.
    pub async fn group_name(&self, id: u64) -> Result<Option<String>, GlpiError> {
        match self.get::<wire::Named>(format!("Group/{id}"), Vec::new()).await {
            Ok(group) => Ok(Some(group.completename)),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A ticket category by its full path (`Scolarité > LSU`).
    pub async fn category_by_path(&self, path: &str) -> Result<Option<u64>, GlpiError> {
        self.by_path("ITILCategory", path).await
    }

    /// An entity by its full path (`Entité racine > Dijon`).
    pub async fn entity_by_path(&self, path: &str) -> Result<Option<u64>, GlpiError> {
        self.by_path("Entity", path).await
    }

    /// A location by its full path.
    pub async fn location_by_path(&self, path: &str) -> Result<Option<u64>, GlpiError> {
        self.by_path("Location", path).await
    }

    /// A request source (`E-Mail`, `Formulaire`…) by its name.
    pub async fn request_type_by_name(&self, name: &str) -> Result<Option<u64>, GlpiError> {
        self.by_name("RequestType", name).await
    }

    /// The active account with this e-mail address, whatever its case. Of several, the oldest.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<u64>, GlpiError> {
        let mut rows: Vec<wire::UserEmail> = self.get("UserEmail", exactly("email", email)).await?;
        rows.retain(|row| row.email.to_lowercase() == email.to_lowercase());
        rows.sort_by_key(|row| row.users_id);
        for row in rows {
            if self.is_active(row.users_id).await? {
                return Ok(Some(row.users_id));
            }
        }
        Ok(None)
    }

    /// Whether an account may be used, and is in our sight; an address outlives its account.
    pub(super) async fn is_active(&self, user: u64) -> Result<bool, GlpiError> {
        match self.get(format!("User/{user}"), Vec::new()).await {
            Ok(wire::User { is_active, is_deleted, .. }) => Ok(is_active > 0 && is_deleted == 0),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The first and last name of an account; empty where it is gone, or out of our sight.
    pub async fn name_of_user(&self, id: u64) -> Result<String, GlpiError> {
        match self.user(id).await {
            Ok(user) => Ok(user.name),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// What GLPI shows of an account.
    pub async fn user(&self, id: u64) -> Result<User, GlpiError> {
        let user: wire::User = self.get(format!("User/{id}"), Vec::new()).await?;
        let name = format!("{} {}", user.firstname.trim(), user.realname.trim());
        Ok(User { name: name.trim().to_owned(), phone: user.phone.trim().to_owned() })
    }

    /// The groups an account is a member of, directly.
    pub async fn groups_of_user(&self, user: u64) -> Result<Vec<u64>, GlpiError> {
        let rows: Vec<wire::GroupUser> = self.get(format!("User/{user}/Group_User"), super::whole_list()).await?;
        Ok(rows.into_iter().map(|row| row.groups_id).collect())
    }

    /// Whether the account is a direct member of the group.
    pub async fn is_member(&self, user: u64, group: u64) -> Result<bool, GlpiError> {
        Ok(self.groups_of_user(user).await?.contains(&group))
    }

    async fn by_name(&self, item_type: &str, name: &str) -> Result<Option<u64>, GlpiError> {
        let rows: Vec<wire::Named> = self.get(item_type, exactly("name", name)).await?;
        only(rows.iter().filter(|row| row.name == name))
    }

    async fn by_path(&self, item_type: &str, path: &str) -> Result<Option<u64>, GlpiError> {
        let rows: Vec<wire::Named> = self.get(item_type, exactly("completename", path)).await?;
        only(rows.iter().filter(|row| row.completename == path))
    }
}

/// The id of the one item meant. Two of one name would make it chance who gets the tickets.
fn only<'a>(mut rows: impl Iterator<Item = &'a wire::Named>) -> Result<Option<u64>, GlpiError> {
    let first = rows.next().map(|row| row.id);
    if rows.next().is_some() {
        return Err(GlpiError::Denied {
            code: "AMBIGUOUS_NAME".to_owned(),
            remedy: "several items of GLPI have this name: rename one, or give the full path",
        });
    }
    Ok(first)
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
