//! The accounts of people, and for which entities GLPI takes them.

use jiff::civil::DateTime;
use serde::Deserialize;

use crate::id::{EntityId, GroupId, UserId};

use super::accounts::UserItem;
use super::error::GlpiError;
use super::grants::{GrantsOf, Told};
use super::lists::whole_list;
use super::{Account, AccountState, Glpi, Grant, Owner, wire};

/// How far up the tree of entities is looked; GLPI's own trees are no deeper than a few levels.
const DEEPEST: usize = 50;
/// The root entity.
const ROOT: EntityId = EntityId::new(0);

/// What GLPI shows of an account; what it does not know is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// First and last name.
    pub name: String,
    /// The telephone number.
    pub phone: String,
}

/// `GET Entity/{id}`
#[derive(Deserialize)]
struct Entity {
    /// The one above; the root's is none.
    #[serde(default, deserialize_with = "wire::number")]
    entities_id: EntityId,
}

/// A row of `User/{id}/Group_User`
#[derive(Deserialize)]
struct GroupUser {
    #[serde(deserialize_with = "wire::number")]
    groups_id: GroupId,
}

impl Glpi {
    /// The account with this e-mail address, whatever its case. Of several, the oldest that is in force and has a
    /// profile, else the oldest active one, else any. `now` is in GLPI's time zone.
    pub async fn account_by_email(&self, email: &str, now: DateTime) -> Result<Option<Account>, GlpiError> {
        self.account_of(&self.owners_of(email).await?, now).await
    }

    /// Of these accounts of an address, the one that [`Glpi::account_by_email`] gives.
    pub(super) async fn account_of(&self, owners: &[Owner], now: DateTime) -> Result<Option<Account>, GlpiError> {
        let (mut first, mut unused) = (None, None);
        for owner in owners {
            let Some(shown) = owner.shown.as_ref().filter(|_| owner.is_active()) else {
                let state = if owner.shown.is_some() { AccountState::Inactive } else { AccountState::Hidden };
                unused = unused.or(Some(Account::of(owner, state, None)));
                continue;
            };
            let in_force = shown.is_in_force(now);
            let grants = if in_force { self.grants_by_login(owner.id, shown.login()).await? } else { None };
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
        match self.get::<UserItem>(format!("User/{user}"), Vec::new()).await {
            Ok(user) => Ok(user.entities_id),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The profiles of an account, each in its entity; `None` where the service account may not read them, or does
    /// not see all entities and so not all of them.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn grants_of(&self, user: UserId) -> Result<Option<Vec<Grant>>, GlpiError> {
        self.grants_by_login(user, "").await
    }

    /// The same of an account whose login is known: with others, it is asked for in one search.
    pub(super) async fn grants_by_login(&self, user: UserId, login: &str) -> Result<Option<Vec<Grant>>, GlpiError> {
        let question = GrantsOf { user, login: login.to_owned() };
        let told = async {
            let told = self.shared.grants.ask_together(&self.connection, question).await?;
            match self.grants_told(&told, login).await {
                Some(grants) => Ok(grants),
                // A search does not tell none from out of sight.
                None => self.get(format!("User/{user}/Profile_User"), whole_list()).await,
            }
        };
        let grants = match told.await {
            Ok(grants) => grants,
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if grants.is_empty() {
            // A list holds what is in the caller's own entities only.
            return Ok(self.sees_all_entities().await?.then_some(grants));
        }
        Ok(Some(grants))
    }

    /// What was told of the account with this login; `None` where it is to be asked for alone.
    async fn grants_told(&self, told: &Told, login: &str) -> Option<Vec<Grant>> {
        let rows = match told {
            Told::OfOne(grants) => return Some(grants.clone()),
            Told::ByLogin(by_login) => by_login.get(login)?,
        };
        let mut grants = Vec::with_capacity(rows.len());
        for row in rows {
            let entity = self.directory().entity(&row.entity).await.ok()??;
            grants.push(Grant { entity, recursive: row.recursive });
        }
        Some(grants)
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
            let row: Entity = match self.get(format!("Entity/{below}"), Vec::new()).await {
                Ok(row) => row,
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            below = row.entities_id;
            lineage.push(below);
        }
        Ok(Some(lineage))
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
        let user: UserItem = self.get(format!("User/{id}"), Vec::new()).await?;
        let name = format!("{} {}", user.firstname.trim(), user.realname.trim());
        Ok(User { name: name.trim().to_owned(), phone: user.phone.trim().to_owned() })
    }

    /// The groups an account is a member of, directly.
    pub async fn groups_of_user(&self, user: UserId) -> Result<Vec<GroupId>, GlpiError> {
        let rows: Vec<GroupUser> = self.get(format!("User/{user}/Group_User"), whole_list()).await?;
        Ok(rows.into_iter().map(|row| row.groups_id).collect())
    }
}
