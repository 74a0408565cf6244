//! Whom the configuration means: an address alone, or the members of a group, whom GLPI knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::civil::DateTime;

use super::{
    named::{Member, Named},
    rights::{Rights, Role},
};
use crate::{
    config::{self, ConfigError},
    glpi::{Glpi, GlpiError, Item, ItemKind},
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
    /// The names of which the log has said that nobody is meant.
    told: Mutex<BTreeSet<String>>,
}

/// Which group of GLPI a name means.
enum Meant {
    /// This one: it has the name as its full path, or is the only one of the name.
    One(GroupId),
    /// None has it, or none in this account's sight.
    None,
    /// Whoever may make a group somewhere below could make themselves a member: these are nobody's rights.
    Several(Vec<Item>),
}

/// Why nobody is meant by the name of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupTrouble {
    /// GLPI has no such group, or does not show it to this account.
    Missing,
    /// It has several, which are named by their ids and entities.
    Ambiguous(String),
}

impl People {
    /// Those whom `[people]` names.
    ///
    /// # Errors
    ///
    /// Names the key that is no department, no address or no token.
    pub fn new(config: &config::People, glpi: Glpi) -> Result<Self, ConfigError> {
        Ok(Self { named: Named::read(config)?, glpi, by_group: Remembered::new(MOST, KEPT), told: Mutex::default() })
    }

    /// Whether nobody is named at all: then nobody can ask.
    pub fn are_nobody(&self) -> bool {
        self.named.is_empty()
    }

    /// What this person may see. GLPI is asked only where groups are named, and once in some minutes; an operator who is
    /// named by their address sees everything without it.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now whose member they are.
    pub async fn rights(&self, person: &Address) -> Result<Rights, GlpiError> {
        let named = self.named.people.iter();
        let by_address = named.filter(|(_, member)| *member == Member::Person(person.clone()));
        let rights = Rights::of(by_address.map(|(role, _)| role.clone()));
        if rights.is_everything() || self.groups().next().is_none() {
            return Ok(rights);
        }
        Ok(rights.and(self.by_group.or_ask(person.clone(), self.by_group(person)).await?))
    }

    /// Whether this person is in charge of something, as far as that is known without asking GLPI.
    pub async fn knows(&self, person: &Address) -> bool {
        let is_named = self.named.people.iter().any(|(_, member)| *member == Member::Person(person.clone()));
        is_named || self.by_group.get(person).await.is_some_and(|rights| !rights.is_none())
    }

    /// The groups that are named and by which nobody is meant, each with the reason.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now.
    pub async fn group_troubles(&self) -> Result<BTreeMap<String, GroupTrouble>, GlpiError> {
        let mut troubles = BTreeMap::new();
        for (_, name) in self.groups() {
            let trouble = match self.meant(name).await? {
                Meant::One(_) => continue,
                Meant::None => GroupTrouble::Missing,
                Meant::Several(items) => GroupTrouble::Ambiguous(shown(&items)),
            };
            troubles.insert(name.to_owned(), trouble);
        }
        Ok(troubles)
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
                    if let Some(group) = self.group_named(name).await? {
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
            if self.group_named(name).await?.is_some_and(|group| theirs.contains(&group)) {
                roles.push(role.clone());
            }
        }
        Ok(Rights::of(roles))
    }

    /// The group that a name means; `None` where it means nobody, which the log says once.
    async fn group_named(&self, name: &str) -> Result<Option<GroupId>, GlpiError> {
        match self.meant(name).await? {
            Meant::One(group) => Ok(Some(group)),
            Meant::None => Ok(None),
            Meant::Several(items) => {
                if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
                    let groups = shown(&items);
                    tracing::warn!(
                        name,
                        groups,
                        "GLPI has several groups of this name: nobody of [people] is meant by it"
                    );
                }
                Ok(None)
            }
        }
    }

    /// A full path means the group there; of those with the same one, and of those that share only its last part, the
    /// one that is alone.
    async fn meant(&self, name: &str) -> Result<Meant, GlpiError> {
        let directory = self.glpi.directory();
        let found = directory.items(ItemKind::Group, name).await?;
        let mut at_path = Vec::new();
        if found.len() > 1 {
            for item in found.iter() {
                if directory.group_name(item.id.into()).await?.as_deref() == Some(name) {
                    at_path.push(item.id);
                }
            }
        }
        Ok(match (found.as_slice(), at_path.as_slice()) {
            ([], _) => Meant::None,
            ([only], _) => Meant::One(only.id.into()),
            (_, [only]) => Meant::One((*only).into()),
            (several, _) => Meant::Several(several.to_vec()),
        })
    }
}

fn shown(items: &[Item]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
