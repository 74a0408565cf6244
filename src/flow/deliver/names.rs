//! GLPI's ids of the names the mappings use: GLPI checks nothing, so every name is resolved before use.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    flow::route::{Mapping, Target, TargetEntity},
    glpi::{Account, Glpi, GlpiError, Item, ItemKind, Requester, nearest},
    id::{CategoryId, EntityId, GroupId, LocationId, UserId},
    remembered::Remembered,
    request::Address,
    text::Language,
};

/// How long the log does not say again that GLPI does not write to an account.
const SAID: Duration = Duration::from_mins(10);

/// What an item is called in English.
fn word(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Category => "category",
        ItemKind::Group => "group",
        ItemKind::Location => "location",
    }
}

/// The ids of a target's names.
pub(super) struct Ids {
    pub category: CategoryId,
    pub group: GroupId,
    pub observers: Vec<GroupId>,
    pub entity: Option<EntityId>,
    pub location: Option<LocationId>,
}

/// Resolves names. Clones share what they know.
#[derive(Clone)]
pub struct Names {
    glpi: Glpi,
    /// GLPI's own, by which an account's dates are read.
    time_zone: TimeZone,
    /// Accounts of which the log has said that GLPI does not write to them.
    unheard: Remembered<UserId, ()>,
}

/// A name that cannot be used now.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// GLPI has no such thing.
    #[error("GLPI has no {what} «{name}»: create it, or correct the name in the mapping")]
    Unknown {
        /// `category`, `group`, `entity` or `location`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// GLPI has several of this name, and the ticket's entity does not tell which is meant.
    #[error(
        "GLPI has more than one {what} «{name}», {items}, and a ticket of the entity {entity} has none of its own nor a \
         nearest recursive one above: rename one, or give the mapping its entity"
    )]
    Ambiguous {
        /// `category`, `group` or `location`.
        what: &'static str,
        /// The name.
        name: String,
        /// The ticket's entity.
        entity: EntityId,
        /// Their ids and entities.
        items: String,
    },
    /// GLPI has several of this name, and does not show which entities are above the ticket's.
    #[error(
        "GLPI has more than one {what} «{name}», {items}, and the service account may not read which entities are above          the ticket's: tick «Administration > Entities: Read» in its profile, or rename one"
    )]
    Hidden {
        /// `category`, `group` or `location`.
        what: &'static str,
        /// The name.
        name: String,
        /// Their ids and entities.
        items: String,
    },
    /// GLPI cannot answer.
    #[error(transparent)]
    Unavailable(#[from] GlpiError),
}

impl Names {
    pub(super) fn new(glpi: Glpi, time_zone: TimeZone) -> Self {
        Self { glpi, time_zone, unheard: Remembered::new(20_000, SAID) }
    }

    /// The ids of a target's names, in the entity of this requester's ticket.
    pub(super) async fn of(&self, target: &Target, requester: &Address) -> Result<Ids, Missing> {
        let entity = match &target.entity {
            TargetEntity::Requester { otherwise } => match self.home(requester).await? {
                Some(home) => Some(home),
                None => self.entity_at(otherwise.as_deref()).await?,
            },
            TargetEntity::Entity(path) => self.entity_at(Some(path)).await?,
            TargetEntity::Own => None,
        };
        let mut observers = Vec::with_capacity(target.observers.len());
        for name in &target.observers {
            observers.push(self.id(ItemKind::Group, name, entity).await?.into());
        }
        Ok(Ids {
            category: self.id(ItemKind::Category, &target.category, entity).await?.into(),
            group: self.id(ItemKind::Group, &target.group, entity).await?.into(),
            observers,
            entity,
            location: match &target.location {
                Some(path) => Some(self.id(ItemKind::Location, path, entity).await?.into()),
                None => None,
            },
        })
    }

    /// The groups that a name of a mapping may mean in this place: one, or for requesters' own entities each of that
    /// name.
    pub async fn groups(&self, name: &str, place: &TargetEntity) -> Result<Vec<GroupId>, Missing> {
        let ids = self.ids(ItemKind::Group, name, place).await?;
        Ok(ids.into_iter().map(GroupId::from).collect())
    }

    /// The categories that a full path may mean in this place, as [`Names::groups`].
    pub async fn categories(&self, path: &str, place: &TargetEntity) -> Result<Vec<CategoryId>, Missing> {
        let ids = self.ids(ItemKind::Category, path, place).await?;
        Ok(ids.into_iter().map(CategoryId::from).collect())
    }

    /// Asks GLPI for these groups and categories all at once, where they are not known: what is asked for next.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn learn(&self, groups: &BTreeSet<String>, categories: &BTreeSet<String>) -> Result<(), GlpiError> {
        self.glpi.directory().learn(ItemKind::Group, groups).await?;
        self.glpi.directory().learn(ItemKind::Category, categories).await
    }

    async fn ids(&self, kind: ItemKind, name: &str, place: &TargetEntity) -> Result<Vec<u64>, Missing> {
        let entity = match place {
            TargetEntity::Own => None,
            TargetEntity::Entity(path) => self.entity_at(Some(path)).await?,
            TargetEntity::Requester { .. } => {
                return Ok(self.items(kind, name).await?.iter().map(|item| item.id).collect());
            }
        };
        self.id(kind, name, entity).await.map(|id| vec![id])
    }

    /// The one thing of this name that a ticket of this entity may have.
    async fn id(&self, kind: ItemKind, name: &str, entity: Option<EntityId>) -> Result<u64, Missing> {
        let items = self.items(kind, name).await?;
        if let [only] = items.as_slice() {
            return Ok(only.id);
        }
        let entity = self.glpi.directory().or_own(entity).await?;
        let lineage = self.glpi.directory().lineage(entity).await?;
        let shown = || items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (what, name) = (word(kind), name.to_owned());
        let Some(lineage) = lineage else { return Err(Missing::Hidden { what, name, items: shown() }) };
        nearest(&items, &lineage).ok_or_else(|| Missing::Ambiguous { what, name, entity, items: shown() })
    }

    /// All of this name, at least one.
    async fn items(&self, kind: ItemKind, name: &str) -> Result<Arc<Vec<Item>>, Missing> {
        let items = self.glpi.directory().items(kind, name).await?;
        if items.is_empty() {
            return Err(Missing::Unknown { what: word(kind), name: name.to_owned() });
        }
        Ok(items)
    }

    /// The entity with this full path; `None` for no path.
    async fn entity_at(&self, path: Option<&str>) -> Result<Option<EntityId>, Missing> {
        let Some(path) = path else { return Ok(None) };
        let found = self.glpi.directory().entity(path).await?;
        found.map(Some).ok_or_else(|| Missing::Unknown { what: "entity", name: path.to_owned() })
    }

    /// The account with this address, whether or not GLPI writes to it: who somebody is.
    pub(super) async fn user(&self, address: &Address) -> Result<Option<UserId>, GlpiError> {
        let account = self.account(address).await?;
        Ok(account.filter(|account| account.is_active()).map(|account| account.id))
    }

    async fn account(&self, address: &Address) -> Result<Option<Arc<Account>>, GlpiError> {
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        self.glpi.directory().account(address.as_str(), now).await
    }

    /// Whether somebody can sign in to GLPI, and so read there.
    pub(super) async fn may_sign_in(&self, address: &Address) -> Result<bool, GlpiError> {
        Ok(self.account(address).await?.is_some_and(|account| account.may_sign_in()))
    }

    /// As what somebody asks in a ticket of this entity: their account, if GLPI writes to it about such a ticket, else
    /// their address, to which it always does.
    pub(super) async fn requester(&self, address: &Address, entity: Option<EntityId>) -> Result<Requester, GlpiError> {
        let bare = Requester::Email(address.as_str().to_owned());
        let Some(account) = self.account(address).await? else { return Ok(bare) };
        match self.glpi.directory().why_silent(&account, entity).await? {
            None => Ok(Requester::User(account.id)),
            Some(why) => {
                if !self.unheard.has(&account.id) {
                    self.unheard.insert(account.id, ()).await;
                    let (account, why) = (account.id.get(), why.text(Language::English));
                    tracing::warn!(account, sender = ?address, why, "GLPI would not write to this account: the ticket has the address instead");
                }
                Ok(bare)
            }
        }
    }

    /// Where GLPI is to write to the account somebody asks by: the address they wrote from, where that is not the
    /// account's own one.
    pub(super) async fn answer_to(
        &self,
        address: &Address,
        requester: &Requester,
    ) -> Result<Option<String>, GlpiError> {
        let Requester::User(_) = requester else { return Ok(None) };
        let account = self.account(address).await?;
        let is_second = account.is_some_and(|account| !account.by_default_address);
        Ok(is_second.then(|| address.as_str().to_owned()))
    }

    /// The entity somebody belongs to, if they have an account.
    async fn home(&self, address: &Address) -> Result<Option<EntityId>, GlpiError> {
        match self.account(address).await? {
            Some(account) => self.glpi.directory().home(&account).await,
            None => Ok(None),
        }
    }

    /// The names of a mapping that GLPI does not have, or more than once.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn missing_of(&self, mapping: &Mapping) -> Result<Vec<Missing>, GlpiError> {
        let mut missing: Vec<Missing> = Vec::new();
        for names in mapping.names() {
            if let TargetEntity::Entity(path) | TargetEntity::Requester { otherwise: Some(path) } = &names.place {
                match self.entity_at(Some(path)).await {
                    Ok(_) => {}
                    Err(Missing::Unavailable(error)) => return Err(error),
                    // Nothing can be told of what is to be in it.
                    Err(unknown) => {
                        missing.push(unknown);
                        continue;
                    }
                }
            }
            let groups = names.first_groups.iter().chain(&names.levels).chain(&names.observers);
            let all = (names.categories.iter().map(|name| (ItemKind::Category, name)))
                .chain(groups.map(|name| (ItemKind::Group, name)))
                .chain(names.locations.iter().map(|name| (ItemKind::Location, name)));
            for (kind, name) in all {
                match self.ids(kind, name, &names.place).await {
                    Ok(_) => {}
                    Err(Missing::Unavailable(error)) => return Err(error),
                    Err(unknown) if missing.iter().any(|known| known.to_string() == unknown.to_string()) => {}
                    Err(unknown) => missing.push(unknown),
                }
            }
        }
        Ok(missing)
    }
}
