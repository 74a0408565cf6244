//! The accounts of people: whose an address is, and whether GLPI writes to them.

use jiff::civil::DateTime;
use serde::Deserialize;

use super::shown_accounts::{ShownAccount, is_in_force};
use super::wire;
use crate::id::{EntityId, UserId};

/// An account, as far as it decides whether GLPI writes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Whether the address it was found by is the one GLPI writes to.
    pub by_default_address: bool,
    /// Whether it is in use.
    pub state: AccountState,
    /// Its profiles' entities; `None` where the service account may not see them.
    pub grants: Option<Vec<Grant>>,
}

/// Whether an account is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It is.
    InForce,
    /// Today does not lie between its dates «valid since» and «valid until».
    OutsideDates,
    /// It is switched off.
    Inactive,
    /// The service account may not see it, as where it has no profile in the entities that one works in.
    Hidden,
}

/// A profile of an account, in an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// The entity.
    #[serde(rename = "entities_id", deserialize_with = "wire::number")]
    pub entity: EntityId,
    /// Whether it counts below that entity, too.
    #[serde(rename = "is_recursive", default, deserialize_with = "wire::flag")]
    pub recursive: bool,
}

impl Account {
    pub(super) fn of(owner: &Owner, state: AccountState, grants: Option<Vec<Grant>>) -> Self {
        Self { id: owner.id, by_default_address: owner.by_default_address, state, grants }
    }

    /// Whether it is in use now.
    pub fn in_force(&self) -> bool {
        self.state == AccountState::InForce
    }

    /// Whether its person can sign in to GLPI, and so read there.
    pub fn may_sign_in(&self) -> bool {
        self.in_force() && self.grants.as_ref().is_none_or(|grants| !grants.is_empty())
    }

    /// Whether it says who somebody is: dates alone do not matter for that.
    pub fn is_active(&self) -> bool {
        matches!(self.state, AccountState::InForce | AccountState::OutsideDates)
    }
}

impl Grant {
    /// Whether it counts in an entity, given as itself and those above it, the nearest first. So GLPI decides whom it
    /// writes to (`NotificationTarget::addToRecipientsList`).
    pub fn covers(&self, lineage: &[EntityId]) -> bool {
        lineage.iter().position(|id| *id == self.entity).is_some_and(|above| above == 0 || self.recursive)
    }
}

/// An account that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: UserId,
    /// Whether the address is the one GLPI writes to.
    pub by_default_address: bool,
    /// What GLPI shows of it; `None` where the service account may not see it.
    pub(super) shown: Option<OwnerDetails>,
}

/// What GLPI shows of an account that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnerDetails {
    /// Empty where it was not shown.
    login: String,
    is_active: bool,
    begins: Option<DateTime>,
    ends: Option<DateTime>,
    name: String,
    phone: String,
    /// The full paths of its groups; `None` where they were not shown.
    groups: Option<Vec<String>>,
}

impl Owner {
    /// Whether the account is switched on and in our sight; its dates do not matter for that.
    pub fn is_active(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.is_active)
    }

    /// First and last name.
    pub fn name(&self) -> &str {
        self.shown.as_ref().map_or("", |shown| &shown.name)
    }

    /// The telephone number.
    pub fn phone(&self) -> &str {
        self.shown.as_ref().map_or("", |shown| &shown.phone)
    }

    /// The full paths of the groups it is a member of, directly; `None` where they are to be asked for.
    pub fn groups(&self) -> Option<&[String]> {
        self.shown.as_ref()?.groups.as_deref()
    }
}

impl OwnerDetails {
    /// First and last name.
    pub(super) fn into_name(self) -> String {
        self.name
    }

    /// What its person signs in by; empty where it was not shown.
    pub(super) fn login(&self) -> &str {
        &self.login
    }

    /// Whether a moment in GLPI's time zone lies between the dates «valid since» and «valid until».
    pub(super) fn is_in_force(&self, now: DateTime) -> bool {
        is_in_force(self.begins, self.ends, now)
    }
}

impl From<ShownAccount> for OwnerDetails {
    fn from(account: ShownAccount) -> Self {
        Self {
            login: account.login,
            is_active: account.is_active,
            begins: account.begins,
            ends: account.ends,
            name: full_name(&account.first_name, &account.last_name),
            phone: account.phone.trim().to_owned(),
            groups: Some(account.groups),
        }
    }
}

impl From<UserItem> for OwnerDetails {
    fn from(user: UserItem) -> Self {
        Self {
            login: String::new(),
            is_active: user.is_active > 0,
            begins: user.begin_date.parse().ok(),
            ends: user.end_date.parse().ok(),
            name: full_name(&user.firstname, &user.realname),
            phone: user.phone.trim().to_owned(),
            groups: None,
        }
    }
}

/// `GET User/{id}`
#[derive(Deserialize)]
pub(super) struct UserItem {
    #[serde(deserialize_with = "wire::number")]
    pub is_active: u64,
    #[serde(deserialize_with = "wire::number")]
    pub is_deleted: u64,
    #[serde(default, deserialize_with = "wire::text")]
    pub firstname: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub realname: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub phone: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub begin_date: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub end_date: String,
    /// `null` from 11.0 on where it has none.
    #[serde(default, deserialize_with = "wire::number_or_none")]
    pub entities_id: Option<EntityId>,
}

fn full_name(first: &str, last: &str) -> String {
    format!("{} {}", first.trim(), last.trim()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Grant;
    use crate::id::EntityId;

    /// Root 0 > academy 3 > department 5.
    #[rstest]
    #[case::there(5, false, &[5, 3, 0], true)]
    #[case::above_and_recursive(3, true, &[5, 3, 0], true)]
    #[case::root_and_recursive(0, true, &[5, 3, 0], true)]
    #[case::above_alone(3, false, &[5, 3, 0], false)]
    #[case::below(5, true, &[3, 0], false)]
    #[case::beside(6, true, &[5, 3, 0], false)]
    #[case::the_root_itself(0, false, &[0], true)]
    fn a_profile_counts_where_it_is_and_below_if_recursive(
        #[case] entity: u64,
        #[case] recursive: bool,
        #[case] lineage: &[u64],
        #[case] expected: bool,
    ) {
        let lineage: Vec<_> = lineage.iter().copied().map(EntityId::new).collect();
        assert_eq!(Grant { entity: entity.into(), recursive }.covers(&lineage), expected);
    }
}
