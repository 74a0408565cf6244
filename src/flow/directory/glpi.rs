//! The helpdesk as directory: the active account with the address, a member of the directors' group.

use super::{
    error::DirectoryError,
    person::{Entry, filled},
};
use crate::{
    glpi::Glpi,
    id::GroupId,
    request::{Address, Person},
};

/// Who is a director by membership of a GLPI group.
pub(super) struct GlpiGroup {
    glpi: Glpi,
    group: String,
}

impl GlpiGroup {
    pub(super) fn new(glpi: Glpi, group: &str) -> Self {
        Self { glpi, group: group.to_owned() }
    }

    /// What GLPI says of a person.
    pub(super) async fn find(&self, requester: &Address) -> Result<Option<Entry>, DirectoryError> {
        let user = async { Ok(self.glpi.user_by_email(requester.as_str()).await?) };
        let (groups, user) = tokio::try_join!(self.groups(), user)?;
        let Some(user) = user else { return Ok(None) };
        let (memberships, account) = tokio::try_join!(self.glpi.groups_of_user(user), self.glpi.user(user))?;
        let is_director = memberships.iter().any(|group| groups.contains(group));
        let person = Person { name: filled(&account.name), phone: filled(&account.phone), ..Person::default() };
        Ok(Some(Entry { is_director, person }))
    }

    /// Whether the group is there.
    pub(super) async fn probe(&self) -> Result<String, DirectoryError> {
        let groups: Vec<_> = self.groups().await?.iter().map(GroupId::to_string).collect();
        Ok(format!("the group \"{}\" has the id {}", self.group, groups.join(", ")))
    }

    /// The groups of this name: each entity may have one.
    async fn groups(&self) -> Result<Vec<GroupId>, DirectoryError> {
        let found = self.glpi.groups_named(&self.group).await?;
        if found.is_empty() {
            return Err(DirectoryError::NoGroup(self.group.clone()));
        }
        Ok(found.iter().map(|group| group.id.into()).collect())
    }
}
