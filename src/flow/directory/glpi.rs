//! The helpdesk as directory: the active account with the address, a member of the directors' group.

use super::person::filled;
use crate::{
    glpi::{Glpi, GlpiError},
    id::GroupId,
    request::{Address, DirectoryAnswer, Person},
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

    /// What GLPI says of a person. Without the group nobody could be a member, so nobody is refused either.
    pub(super) async fn find(&self, requester: &Address) -> DirectoryAnswer {
        self.ask(requester).await.unwrap_or_else(|cause| DirectoryAnswer::Unknown { cause })
    }

    async fn ask(&self, requester: &Address) -> Result<DirectoryAnswer, String> {
        let (groups, user) = tokio::try_join!(self.groups(), async {
            self.glpi.user_by_email(requester.as_str()).await.map_err(|error| explain(&error))
        })?;
        let Some(user) = user else { return Ok(DirectoryAnswer::Other(None)) };
        let (memberships, account) =
            tokio::try_join!(self.glpi.groups_of_user(user), self.glpi.user(user)).map_err(|error| explain(&error))?;
        let is_director = memberships.iter().any(|group| groups.contains(group));
        let person = Person { name: filled(&account.name), phone: filled(&account.phone), ..Person::default() };
        Ok(if is_director { DirectoryAnswer::Director(person) } else { DirectoryAnswer::Other(Some(person)) })
    }

    /// Whether the group is there.
    pub(super) async fn probe(&self) -> Result<String, String> {
        let groups: Vec<_> = self.groups().await?.iter().map(GroupId::to_string).collect();
        Ok(format!("the group \"{}\" has the id {}", self.group, groups.join(", ")))
    }

    /// The groups of this name: each entity may have one.
    async fn groups(&self) -> Result<Vec<GroupId>, String> {
        let found = self.glpi.groups_named(&self.group).await.map_err(|error| explain(&error))?;
        if found.is_empty() {
            return Err(format!(
                "GLPI has no group \"{}\" that this account may see; create it, or correct directory.glpi_group",
                self.group
            ));
        }
        Ok(found.iter().map(|group| group.id.into()).collect())
    }
}

fn explain(error: &GlpiError) -> String {
    format!("directory in GLPI: {error}")
}
