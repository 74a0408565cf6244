//! What GLPI said of accounts, groups, categories and entities, each kept for some minutes.

use std::{sync::Arc, time::Duration};

use super::{
    accounts::{Account, Owner},
    error::GlpiError,
    item::{Item, ItemKind},
    server::{DocumentTypes, ServerInfo},
};
use crate::{
    id::{EntityId, GroupId, UserId},
    remembered::{Remembered, RememberedOne},
};

/// How long an answer is believed: a renamed category is noticed after this.
const BELIEVED: Duration = Duration::from_mins(10);
/// How long the members of a group are believed: they come and go.
const MEMBERS_BELIEVED: Duration = Duration::from_mins(5);
/// How long the accounts of an address are believed: one request asks about them twice.
const OWNERS_BELIEVED: Duration = Duration::from_secs(20);

/// Answers of one kind. That GLPI cannot answer is not kept.
type Kept<K, V> = Remembered<K, V, GlpiError>;

/// GLPI's answers, each for some minutes.
pub(super) struct KeptAnswers {
    pub(super) accounts: Kept<String, Option<Arc<Account>>>,
    pub(super) owners: Kept<String, Arc<Vec<Owner>>>,
    pub(super) active_accounts: Kept<String, Option<UserId>>,
    pub(super) homes: Kept<UserId, Option<EntityId>>,
    pub(super) names: Kept<UserId, String>,
    pub(super) groups: Kept<GroupId, Option<String>>,
    pub(super) members: Kept<GroupId, Arc<Vec<UserId>>>,
    pub(super) items: Kept<(ItemKind, String), Arc<Vec<Item>>>,
    pub(super) entities: Kept<String, EntityId>,
    pub(super) lineages: Kept<EntityId, Option<Arc<Vec<EntityId>>>>,
    pub(super) types: RememberedOne<Option<Arc<DocumentTypes>>, GlpiError>,
    pub(super) server: RememberedOne<Arc<ServerInfo>, GlpiError>,
}

impl Default for KeptAnswers {
    fn default() -> Self {
        Self {
            accounts: Kept::new(20_000, BELIEVED),
            owners: Kept::new(20_000, OWNERS_BELIEVED),
            active_accounts: Kept::new(20_000, BELIEVED),
            homes: Kept::new(20_000, BELIEVED),
            names: Kept::new(10_000, BELIEVED),
            groups: Kept::new(10_000, BELIEVED),
            members: Kept::new(1000, MEMBERS_BELIEVED),
            items: Kept::new(10_000, BELIEVED),
            entities: Kept::new(10_000, BELIEVED),
            lineages: Kept::new(10_000, BELIEVED),
            types: RememberedOne::new(BELIEVED),
            server: RememberedOne::new(BELIEVED),
        }
    }
}
