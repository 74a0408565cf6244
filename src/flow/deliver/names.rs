//! GLPI's ids of the names the mappings use: GLPI checks nothing, so every name is resolved before use.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use moka::future::Cache;

use super::Target;
use crate::{
    flow::route::{Mapping, TargetEntity},
    glpi::{Account, AccountState, DocumentTypes, Glpi, GlpiError, Item, Requester},
    request::Address,
};

/// How long an id is believed: a renamed category is noticed after this.
const BELIEVED: Duration = Duration::from_mins(10);

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A category, by its full path.
    Category,
    /// A group, by its name or full path.
    Group,
    /// A location, by its full path.
    Location,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Group => "group",
            Self::Location => "location",
        }
    }
}

/// The ids of a target's names.
pub(super) struct Ids {
    pub category: u64,
    pub group: u64,
    pub observers: Vec<u64>,
    pub entity: Option<u64>,
    pub location: Option<u64>,
}

/// Resolves names, and remembers the ids for some minutes. Clones share what they know.
#[derive(Clone)]
pub struct Names {
    glpi: Glpi,
    /// GLPI's own, by which an account's dates are read.
    time_zone: TimeZone,
    items: Cache<(What, String), Arc<Vec<Item>>>,
    entities: Cache<String, u64>,
    lineages: Cache<u64, Option<Arc<Vec<u64>>>>,
    accounts: Cache<Address, Option<Arc<Account>>>,
    /// Accounts of which the log has said that GLPI does not write to them.
    unheard: Cache<u64, ()>,
    types: Cache<(), Option<Arc<DocumentTypes>>>,
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
        entity: u64,
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
    #[error("{0}")]
    Unavailable(GlpiError),
}

impl From<GlpiError> for Missing {
    fn from(error: GlpiError) -> Self {
        Self::Unavailable(error)
    }
}

impl Names {
    pub(super) fn new(glpi: Glpi, time_zone: TimeZone) -> Self {
        fn cache<K, V>(size: u64) -> Cache<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            Cache::builder().max_capacity(size).time_to_live(BELIEVED).build()
        }
        Self {
            glpi,
            time_zone,
            items: cache(10_000),
            entities: cache(10_000),
            lineages: cache(10_000),
            accounts: cache(20_000),
            unheard: cache(20_000),
            types: cache(1),
        }
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
            observers.push(self.id(What::Group, name, entity).await?);
        }
        Ok(Ids {
            category: self.id(What::Category, &target.category, entity).await?,
            group: self.id(What::Group, &target.group, entity).await?,
            observers,
            entity,
            location: match &target.location {
                Some(path) => Some(self.id(What::Location, path, entity).await?),
                None => None,
            },
        })
    }

    /// The ids that a name of a mapping may have in this place: one, or for requesters' own entities each of that
    /// name.
    pub async fn ids(&self, what: What, name: &str, place: &TargetEntity) -> Result<Vec<u64>, Missing> {
        let entity = match place {
            TargetEntity::Own => None,
            TargetEntity::Entity(path) => self.entity_at(Some(path)).await?,
            TargetEntity::Requester { .. } => {
                return Ok(self.items(what, name).await?.iter().map(|item| item.id).collect());
            }
        };
        self.id(what, name, entity).await.map(|id| vec![id])
    }

    /// The one thing of this name that a ticket of this entity may have.
    async fn id(&self, what: What, name: &str, entity: Option<u64>) -> Result<u64, Missing> {
        let items = self.items(what, name).await?;
        if let [only] = items.as_slice() {
            return Ok(only.id);
        }
        let entity = self.or_own(entity).await?;
        let lineage = self.lineage(entity).await?;
        let shown = || items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (what, name) = (what.word(), name.to_owned());
        let Some(lineage) = lineage else { return Err(Missing::Hidden { what, name, items: shown() }) };
        nearest(&items, &lineage).ok_or_else(|| Missing::Ambiguous { what, name, entity, items: shown() })
    }

    /// All of this name, at least one.
    async fn items(&self, what: What, name: &str) -> Result<Arc<Vec<Item>>, Missing> {
        let key = (what, name.to_owned());
        if let Some(items) = self.items.get(&key).await {
            return Ok(items);
        }
        let found = match what {
            What::Category => self.glpi.categories_at(name).await?,
            What::Group => self.glpi.groups_named(name).await?,
            What::Location => self.glpi.locations_at(name).await?,
        };
        if found.is_empty() {
            return Err(Missing::Unknown { what: what.word(), name: name.to_owned() });
        }
        let items = Arc::new(found);
        self.items.insert(key, Arc::clone(&items)).await;
        Ok(items)
    }

    /// The entity with this full path; `None` for no path.
    async fn entity_at(&self, path: Option<&str>) -> Result<Option<u64>, Missing> {
        let Some(path) = path else { return Ok(None) };
        if let Some(id) = self.entities.get(path).await {
            return Ok(Some(id));
        }
        let found = self.glpi.entity_by_path(path).await?;
        let id = found.ok_or_else(|| Missing::Unknown { what: "entity", name: path.to_owned() })?;
        self.entities.insert(path.to_owned(), id).await;
        Ok(Some(id))
    }

    async fn or_own(&self, entity: Option<u64>) -> Result<u64, GlpiError> {
        match entity {
            Some(entity) => Ok(entity),
            None => self.glpi.own_entity().await,
        }
    }

    async fn lineage(&self, entity: u64) -> Result<Option<Arc<Vec<u64>>>, GlpiError> {
        if let Some(lineage) = self.lineages.get(&entity).await {
            return Ok(lineage);
        }
        let lineage = self.glpi.lineage(entity).await?.map(Arc::new);
        self.lineages.insert(entity, lineage.clone()).await;
        Ok(lineage)
    }

    /// The account with this address, whether or not GLPI writes to it: who somebody is.
    pub(super) async fn user(&self, address: &Address) -> Result<Option<u64>, GlpiError> {
        let account = self.account(address).await?;
        Ok(account.filter(|account| account.is_active()).map(|account| account.id))
    }

    async fn account(&self, address: &Address) -> Result<Option<Arc<Account>>, GlpiError> {
        if let Some(account) = self.accounts.get(address).await {
            return Ok(account);
        }
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        let account = self.glpi.account_by_email(address.as_str(), now).await?.map(Arc::new);
        self.accounts.insert(address.clone(), account.clone()).await;
        Ok(account)
    }

    /// Whether the account with this address, or that there is none, is known without asking GLPI.
    pub(super) fn remembers(&self, address: &Address) -> bool {
        self.accounts.contains_key(address)
    }

    /// Forgets what GLPI said of an address: it has turned out otherwise.
    pub(super) async fn forget(&self, address: &Address) {
        self.accounts.invalidate(address).await;
    }

    /// Whether somebody can sign in to GLPI, and so read there.
    pub(super) async fn may_sign_in(&self, address: &Address) -> Result<bool, GlpiError> {
        let account = self.account(address).await?;
        Ok(account.is_some_and(|account| account.in_force() && account.grants.as_ref().is_none_or(|it| !it.is_empty())))
    }

    /// As what somebody asks in a ticket of this entity: their account, if GLPI writes to it about such a ticket, else
    /// their address, to which it always does.
    pub(super) async fn requester(&self, address: &Address, entity: Option<u64>) -> Result<Requester, GlpiError> {
        let bare = Requester::Email(address.as_str().to_owned());
        let Some(account) = self.account(address).await? else { return Ok(bare) };
        match self.silence(&account, entity).await? {
            None => Ok(Requester::User(account.id)),
            Some(why) => {
                if self.unheard.get(&account.id).await.is_none() {
                    self.unheard.insert(account.id, ()).await;
                    let account = account.id;
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

    /// Why GLPI would not write to an account about a ticket of this entity; `None` if it would.
    async fn silence(&self, account: &Account, entity: Option<u64>) -> Result<Option<&'static str>, GlpiError> {
        match account.state {
            AccountState::InForce => {}
            AccountState::OutsideDates => return Ok(Some("outside its dates of validity")),
            AccountState::Inactive => return Ok(Some("inactive")),
            AccountState::Hidden => {
                return Ok(Some("not shown to the service account, as one without a profile in its entities"));
            }
        }
        let Some(grants) = &account.grants else { return Ok(None) };
        if grants.is_empty() {
            return Ok(Some("no profile"));
        }
        // As in most academies; the tree need not be known then.
        if grants.iter().any(|grant| grant.covers(&[0]) && grant.recursive) {
            return Ok(None);
        }
        let Some(lineage) = self.lineage(self.or_own(entity).await?).await? else { return Ok(None) };
        let is_covered = grants.iter().any(|grant| grant.covers(&lineage));
        Ok((!is_covered).then_some("no profile in the ticket's entity"))
    }

    /// The entity somebody belongs to: their account's own where it has a profile there, else that of a profile.
    async fn home(&self, address: &Address) -> Result<Option<u64>, GlpiError> {
        let Some(account) = self.account(address).await?.filter(|account| account.in_force()) else { return Ok(None) };
        let Some(grants) = &account.grants else { return Ok(account.default_entity) };
        if let Some(own) = account.default_entity {
            let lineage = self.lineage(own).await?;
            let covers = |lineage: &Arc<Vec<u64>>| grants.iter().any(|grant| grant.covers(lineage));
            if lineage.as_ref().is_some_and(covers) {
                return Ok(Some(own));
            }
        }
        Ok(grants.first().map(|grant| grant.entity))
    }

    /// The types of files GLPI takes; `None` where that cannot be known: GLPI's answer then tells.
    pub(super) async fn document_types(&self) -> Option<Arc<DocumentTypes>> {
        if let Some(types) = self.types.get(&()).await {
            return types;
        }
        let types = self.glpi.uploadable_types().await.ok()?.map(Arc::new);
        self.types.insert((), types.clone()).await;
        types
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
            let all = (names.categories.iter().map(|name| (What::Category, name)))
                .chain(groups.map(|name| (What::Group, name)))
                .chain(names.locations.iter().map(|name| (What::Location, name)));
            for (what, name) in all {
                match self.ids(what, name, &names.place).await {
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

/// Of several things of one name, the one that a ticket of an entity, given as itself and those above it, may have:
/// the nearest, unless there are two.
fn nearest(items: &[Item], lineage: &[u64]) -> Option<u64> {
    lineage.iter().enumerate().find_map(|(above, entity)| {
        let mut here = items.iter().filter(|item| item.entity == *entity && (above == 0 || item.recursive));
        here.next().map(|first| here.next().is_none().then_some(first.id))
    })?
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::nearest;
    use crate::glpi::Item;

    /// In root 0: 1, recursive, and 2, not; in academy 3: 30; in department 5 below it: 50; twice in 7: 70, 71.
    #[rstest]
    #[case::its_own(&[5, 3, 0], &[1, 30, 50], Some(50))]
    #[case::the_recursive_one_above(&[6, 3, 0], &[1, 50], Some(1))]
    #[case::not_one_that_is_for_its_entity_alone(&[6, 3, 0], &[1, 30], Some(1))]
    #[case::the_root_s(&[0], &[1, 50], Some(1))]
    #[case::the_root_s_own(&[0], &[2, 50], Some(2))]
    #[case::none_in_reach(&[6, 3, 0], &[2, 50], None)]
    #[case::two_in_one_entity(&[7, 0], &[70, 71, 1], None)]
    fn of_one_name_the_nearest_is_meant(#[case] lineage: &[u64], #[case] ids: &[u64], #[case] expected: Option<u64>) {
        let all = [(1, 0, true), (2, 0, false), (30, 3, false), (50, 5, false), (70, 7, false), (71, 7, true)];
        let of_name = |(id, entity, recursive)| Item { id, entity, recursive };
        let items: Vec<_> = all.into_iter().map(of_name).filter(|item| ids.contains(&item.id)).collect();
        assert_eq!(nearest(&items, lineage), expected);
    }
}
