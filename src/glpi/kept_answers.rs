//! GLPI's answers to who and what is who, each kept for some minutes.

use std::{hash::Hash, sync::Arc, time::Duration};

use moka::future::Cache;

use super::{
    accounts::{Account, Owner},
    item::{Item, ItemKind},
    server::{DocumentTypes, ServerInfo},
};
use crate::id::{EntityId, GroupId, UserId};

/// How long an answer is believed: a renamed category is noticed after this.
const BELIEVED: Duration = Duration::from_mins(10);
/// The same of the members of a group, who come and go.
const MEMBERS_BELIEVED: Duration = Duration::from_mins(5);

/// The same of the accounts of an address: for as long as one request takes that asks about them twice.
const OWNERS_BELIEVED: Duration = Duration::from_secs(20);

/// GLPI's answers, each for some minutes.
pub(super) struct KeptAnswers {
    pub(super) accounts: Cache<String, Option<Arc<Account>>>,
    pub(super) owners: Cache<String, Arc<Vec<Owner>>>,
    pub(super) active_accounts: Cache<String, Option<UserId>>,
    pub(super) homes: Cache<UserId, Option<EntityId>>,
    pub(super) names: Cache<UserId, String>,
    pub(super) groups: Cache<GroupId, Option<String>>,
    pub(super) members: Cache<GroupId, Arc<Vec<UserId>>>,
    pub(super) items: Cache<(ItemKind, String), Arc<Vec<Item>>>,
    pub(super) entities: Cache<String, EntityId>,
    pub(super) lineages: Cache<EntityId, Option<Arc<Vec<EntityId>>>>,
    pub(super) types: Cache<(), Option<Arc<DocumentTypes>>>,
    pub(super) server: Cache<(), Arc<ServerInfo>>,
}

impl Default for KeptAnswers {
    fn default() -> Self {
        Self {
            accounts: cache(20_000, BELIEVED),
            owners: cache(20_000, OWNERS_BELIEVED),
            active_accounts: cache(20_000, BELIEVED),
            homes: cache(20_000, BELIEVED),
            names: cache(10_000, BELIEVED),
            groups: cache(10_000, BELIEVED),
            members: cache(1000, MEMBERS_BELIEVED),
            items: cache(10_000, BELIEVED),
            entities: cache(10_000, BELIEVED),
            lineages: cache(10_000, BELIEVED),
            types: cache(1, BELIEVED),
            server: cache(1, BELIEVED),
        }
    }
}

fn cache<K, V>(size: u64, believed: Duration) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(size).time_to_live(believed).build()
}
