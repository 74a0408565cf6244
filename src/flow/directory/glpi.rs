//! The helpdesk as directory: the active account with the address, a member of the directors' group.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{
    error::DirectoryError,
    person::{Entry, filled},
    state::SourceState,
};
use crate::{
    glpi::{Glpi, GlpiError, ItemKind, Owner},
    id::GroupId,
    request::{Address, Person},
    text::Bilingual,
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
        let directory = self.glpi.directory();
        let owners = async { Ok(directory.owners(requester.as_str()).await?) };
        let (groups, owners) = tokio::try_join!(self.groups(), owners)?;
        let Some(account) = owners.iter().find(|owner| owner.is_active()) else { return Ok(None) };
        let is_director = self.is_member(account, &groups).await?;
        let person = Person { name: filled(account.name()), phone: filled(account.phone()), ..Person::default() };
        Ok(Some(Entry { is_director, person }))
    }

    /// The members of the group to whom GLPI would write, each by the address it writes to. Of each no more is known than
    /// a school's code in its mailbox tells.
    pub(super) async fn directors(&self, now: DateTime) -> Result<Vec<(Address, Person)>, DirectoryError> {
        let mut accounts = BTreeSet::new();
        for group in self.groups().await? {
            accounts.extend(self.glpi.directory().members(group).await?.iter().copied());
        }
        let accounts: Vec<_> = accounts.into_iter().collect();
        let addresses = self.glpi.addresses_of_users(&accounts, now).await?;
        Ok(addresses.values().filter_map(|address| Some((Address::parse(address)?, Person::default()))).collect())
    }

    /// Whether an account is a member of one of these groups. Who sees all entities sees all groups of the name: then the
    /// names of the account's own say it.
    async fn is_member(&self, account: &Owner, groups: &[GroupId]) -> Result<bool, GlpiError> {
        match account.groups() {
            Some(names) if self.glpi.sees_all_entities().await? => Ok(names.iter().any(|path| self.is_meant(path))),
            _ => Ok(self.glpi.groups_of_user(account.id).await?.iter().any(|group| groups.contains(group))),
        }
    }

    /// Whether a group with this full path is one that the setting names, by its name or full path.
    fn is_meant(&self, path: &str) -> bool {
        let name = if self.group.contains(" > ") { path } else { path.rsplit(" > ").next().unwrap_or(path) };
        name == self.group
    }

    /// Whether the group is there, and whether it has members.
    pub(super) async fn probe(&self) -> Result<SourceState, DirectoryError> {
        let groups = self.groups().await?;
        let mut members = BTreeSet::new();
        for group in &groups {
            members.extend(self.glpi.directory().members(*group).await?.iter().copied());
        }
        let ids = groups.iter().map(GroupId::to_string).collect::<Vec<_>>().join(", ");
        let (name, count) = (&self.group, members.len());
        Ok(SourceState {
            found: Bilingual::new(
                format!("the group \"{name}\" has the id {ids}, and {count} members"),
                format!("le groupe «\u{a0}{name}\u{a0}» a l’id {ids}, et {count} membres"),
            ),
            has_directors: count > 0,
            remedy: Bilingual::new(
                "Make the directors members of that group, or name another in directory.glpi_group.",
                "Faites des directeurs des membres de ce groupe, ou nommez-en un autre dans directory.glpi_group.",
            ),
            left_out: Vec::new(),
            directors: Vec::new(),
        })
    }

    /// The groups of this name: each entity may have one.
    async fn groups(&self) -> Result<Vec<GroupId>, DirectoryError> {
        let found = self.glpi.directory().items(ItemKind::Group, &self.group).await?;
        if found.is_empty() {
            return Err(DirectoryError::NoGroup(self.group.clone()));
        }
        Ok(found.iter().map(|group| group.id.into()).collect())
    }
}
