//! The accounts of people, and for which entities GLPI takes them.

use jiff::civil::DateTime;
use serde::Deserialize;

use crate::id::{EntityId, UserId};

use super::error::GlpiError;
use super::{Glpi, Owner, wire};

/// How far up the tree of entities is looked; GLPI's own trees are no deeper than a few levels.
const DEEPEST: usize = 50;
/// The root entity.
const ROOT: EntityId = EntityId::new(0);

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
    /// Whether its person can sign in to GLPI, and so read there.
    pub fn may_sign_in(&self) -> bool {
        self.in_force() && self.grants.as_ref().is_none_or(|grants| !grants.is_empty())
    }
}

impl Grant {
    /// Whether it counts in an entity, given as itself and those above it, the nearest first. So GLPI decides whom it
    /// writes to (`NotificationTarget::addToRecipientsList`).
    pub fn covers(&self, lineage: &[EntityId]) -> bool {
        lineage.iter().position(|id| *id == self.entity).is_some_and(|above| above == 0 || self.recursive)
    }
}

impl Account {
    fn of(owner: &Owner, state: AccountState, grants: Option<Vec<Grant>>) -> Self {
        Self { id: owner.id, by_default_address: owner.by_default_address, state, grants }
    }

    /// Whether it is in use now.
    pub fn in_force(&self) -> bool {
        self.state == AccountState::InForce
    }

    /// Whether it says who somebody is: dates alone do not matter for that.
    pub fn is_active(&self) -> bool {
        matches!(self.state, AccountState::InForce | AccountState::OutsideDates)
    }
}

impl Glpi {
    /// The account with this e-mail address, whatever its case. Of several, the oldest that is in force and has a
    /// profile, else the oldest active one, else any. `now` is in GLPI's time zone.
    pub async fn account_by_email(&self, email: &str, now: DateTime) -> Result<Option<Account>, GlpiError> {
        self.account_of(&self.owners_of(email).await?, now).await
    }

    /// The same, of those that have an address.
    pub(super) async fn account_of(&self, owners: &[Owner], now: DateTime) -> Result<Option<Account>, GlpiError> {
        let (mut first, mut unused) = (None, None);
        for owner in owners {
            let Some(shown) = owner.shown.as_ref().filter(|_| owner.is_active()) else {
                let state = if owner.shown.is_some() { AccountState::Inactive } else { AccountState::Hidden };
                unused = unused.or(Some(Account::of(owner, state, None)));
                continue;
            };
            let in_force = shown.is_in_force(now);
            let grants = if in_force { self.grants_of(owner.id).await? } else { None };
            let has_profile = grants.as_ref().is_none_or(|grants| !grants.is_empty());
            let state = if in_force { AccountState::InForce } else { AccountState::OutsideDates };
            let account = Account::of(owner, state, grants);
            if in_force && has_profile {
                return Ok(Some(account));
            }
            first = first.or(Some(account));
        }
        Ok(first.or(unused))
    }

    /// The entity an account works in unless it chooses another; `None` where it has none of its own, or is out of our
    /// sight.
    pub async fn default_entity(&self, user: UserId) -> Result<Option<EntityId>, GlpiError> {
        match self.get::<wire::User>(format!("User/{user}"), Vec::new()).await {
            Ok(user) => Ok(user.entities_id),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The profiles of an account, each in its entity; `None` where the service account may not read them, or does
    /// not see all entities and so not all of them.
    pub async fn grants_of(&self, user: UserId) -> Result<Option<Vec<Grant>>, GlpiError> {
        let rows: Result<Vec<Grant>, _> = self.get(format!("User/{user}/Profile_User"), super::whole_list()).await;
        match rows {
            Ok(grants) if !grants.is_empty() => Ok(Some(grants)),
            // A list holds what is in the caller's own entities only.
            Ok(_) => Ok(self.sees_all_entities().await?.then(Vec::new)),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the service account works in the root entity and all below it.
    pub async fn sees_all_entities(&self) -> Result<bool, GlpiError> {
        let own = self.own_session().await?;
        Ok(own.glpiactive_entity == ROOT && own.glpiactive_entity_recursive > 0)
    }

    /// The entity the service account works in: that of what it makes, unless it says another.
    pub async fn own_entity(&self) -> Result<EntityId, GlpiError> {
        Ok(self.own_session().await?.glpiactive_entity)
    }

    /// An entity and those above it, the nearest first; `None` where the service account may not read them.
    pub async fn lineage(&self, entity: EntityId) -> Result<Option<Vec<EntityId>>, GlpiError> {
        let mut lineage = vec![entity];
        let mut below = entity;
        while below != ROOT && lineage.len() < DEEPEST {
            let row: wire::Entity = match self.get(format!("Entity/{below}"), Vec::new()).await {
                Ok(row) => row,
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            below = row.entities_id;
            lineage.push(below);
        }
        Ok(Some(lineage))
    }
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
