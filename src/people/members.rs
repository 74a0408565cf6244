//! Whom the configuration means: an address alone, or the members of a group, whom GLPI knows.

use std::{collections::BTreeSet, time::Duration};

use jiff::civil::DateTime;

use super::{
    named::{Member, Named},
    rights::{Rights, Role},
};
use crate::{
    config::{self, ConfigError},
    glpi::{Glpi, GlpiError, ItemKind},
    id::{GroupId, UserId},
    remembered::Remembered,
    request::Address,
};

/// People whose groups are remembered, and for how long: who leaves a group soon sees nothing any more.
const MOST: u64 = 1000;
const KEPT: Duration = Duration::from_mins(5);

/// Operators, correspondents and référents.
pub struct People {
    named: Named,
    glpi: Glpi,
    by_group: Remembered<Address, Rights, GlpiError>,
}

impl People {
    /// Those whom `[people]` names.
    ///
    /// # Errors
    ///
    /// Names the key that is no department, no address or no token.
    pub fn new(config: &config::People, glpi: Glpi) -> Result<Self, ConfigError> {
        Ok(Self { named: Named::read(config)?, glpi, by_group: Remembered::new(MOST, KEPT) })
    }

    /// Whether nobody is named at all: then nobody can ask.
    pub fn are_nobody(&self) -> bool {
        self.named.is_empty()
    }

    /// What this person may see. GLPI is asked only where groups are named, and once in some minutes.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now whose member they are.
    pub async fn rights(&self, person: &Address) -> Result<Rights, GlpiError> {
        let named = self.named.people.iter();
        let by_address = named.filter(|(_, member)| *member == Member::Person(person.clone()));
        let rights = Rights::of(by_address.map(|(role, _)| role.clone()));
        if self.groups().next().is_none() {
            return Ok(rights);
        }
        Ok(rights.and(self.by_group.or_ask(person.clone(), self.by_group(person)).await?))
    }

    /// Whether this person is in charge of something, as far as that is known without asking GLPI.
    pub async fn knows(&self, person: &Address) -> bool {
        let is_named = self.named.people.iter().any(|(_, member)| *member == Member::Person(person.clone()));
        is_named || self.by_group.get(person).await.is_some_and(|rights| !rights.is_none())
    }

    /// The groups that are named and that GLPI does not have, or not in this account's sight.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now.
    pub async fn missing_groups(&self) -> Result<BTreeSet<String>, GlpiError> {
        let mut missing = BTreeSet::new();
        for (_, name) in self.groups() {
            if self.named_groups(name).await?.is_empty() {
                missing.insert(name.to_owned());
            }
        }
        Ok(missing)
    }

    /// The roles that somebody is named for.
    pub fn roles(&self) -> BTreeSet<Role> {
        self.named.people.iter().map(|(role, _)| role.clone()).collect()
    }

    /// The applications that are named, each as it is written, with the key that names it.
    pub fn applications(&self) -> &[(String, String)] {
        &self.named.applications
    }

    /// The departments that have a correspondent, each once.
    pub fn departments(&self) -> BTreeSet<String> {
        let departments = self.named.people.iter().filter_map(|(role, _)| match role {
            Role::Correspondent(department) => Some(department.clone()),
            Role::Operator | Role::Referent(_) => None,
        });
        departments.collect()
    }

    /// What a program with this token may see; `None` for a token that is none.
    pub fn rights_of_token(&self, token: &str) -> Option<Rights> {
        self.named.token(token)
    }

    /// The addresses of all who are this, each once, in lower case. `now` is in GLPI's time zone.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub async fn addresses(&self, of: &Role, now: DateTime) -> Result<BTreeSet<Address>, GlpiError> {
        let (mut addresses, mut accounts) = (BTreeSet::new(), BTreeSet::<UserId>::new());
        for (_, member) in self.named.people.iter().filter(|(role, _)| role == of) {
            match member {
                Member::Person(address) => drop(addresses.insert(address.clone())),
                Member::Group(name) => {
                    for group in self.named_groups(name).await? {
                        accounts.extend(self.glpi.directory().members(group).await?.iter());
                    }
                }
            }
        }
        let accounts: Vec<UserId> = accounts.into_iter().collect();
        let written_to = self.glpi.addresses_of_users(&accounts, now).await?;
        addresses.extend(written_to.values().filter_map(|address| Address::parse(address)));
        Ok(addresses)
    }

    fn groups(&self) -> impl Iterator<Item = (&Role, &str)> {
        self.named.people.iter().filter_map(|(role, member)| match member {
            Member::Group(name) => Some((role, name.as_str())),
            Member::Person(_) => None,
        })
    }

    async fn by_group(&self, person: &Address) -> Result<Rights, GlpiError> {
        let owners = self.glpi.directory().owners(person.as_str()).await?;
        let Some(account) = owners.iter().find(|owner| owner.is_active()) else { return Ok(Rights::default()) };
        let theirs = self.glpi.groups_of_user(account.id).await?;
        let mut roles = Vec::new();
        for (role, name) in self.groups() {
            if self.named_groups(name).await?.iter().any(|group| theirs.contains(group)) {
                roles.push(role.clone());
            }
        }
        Ok(Rights::of(roles))
    }

    /// The groups of this name: each entity may have one.
    async fn named_groups(&self, name: &str) -> Result<Vec<GroupId>, GlpiError> {
        let found = self.glpi.directory().items(ItemKind::Group, name).await?;
        Ok(found.iter().map(|group| group.id.into()).collect())
    }
}
