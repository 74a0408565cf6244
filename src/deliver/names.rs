//! GLPI's ids of the names the mappings use: GLPI checks nothing, so every name is resolved before use.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;

use super::Target;
use crate::{
    clients::glpi::{DocumentTypes, Glpi, GlpiError},
    request::Address,
    route::Mapping,
};

/// How long an id is believed: a renamed category is noticed after this.
const BELIEVED: Duration = Duration::from_mins(10);

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Category,
    Group,
    Entity,
    Location,
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
    ids: Cache<(What, String), u64>,
    users: Cache<Address, Option<u64>>,
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
    /// GLPI cannot answer.
    #[error("{0}")]
    Unavailable(GlpiError),
}

impl Names {
    pub(super) fn new(glpi: Glpi) -> Self {
        let cache = |size| Cache::builder().max_capacity(size).time_to_live(BELIEVED);
        Self {
            glpi,
            ids: cache(10_000).build(),
            users: Cache::builder().max_capacity(20_000).time_to_live(BELIEVED).build(),
            types: Cache::builder().max_capacity(1).time_to_live(BELIEVED).build(),
        }
    }

    pub(super) async fn of(&self, target: &Target) -> Result<Ids, Missing> {
        let mut observers = Vec::with_capacity(target.observers.len());
        for name in &target.observers {
            observers.push(self.id(What::Group, name).await?);
        }
        Ok(Ids {
            category: self.id(What::Category, &target.category).await?,
            group: self.id(What::Group, &target.group).await?,
            observers,
            entity: self.optional(What::Entity, target.entity.as_ref()).await?,
            location: self.optional(What::Location, target.location.as_ref()).await?,
        })
    }

    /// The id of a group.
    pub async fn group(&self, name: &str) -> Result<u64, Missing> {
        self.id(What::Group, name).await
    }

    /// The id of a category, by its full path.
    pub async fn category(&self, path: &str) -> Result<u64, Missing> {
        self.id(What::Category, path).await
    }

    async fn optional(&self, what: What, name: Option<&String>) -> Result<Option<u64>, Missing> {
        match name {
            Some(name) => self.id(what, name).await.map(Some),
            None => Ok(None),
        }
    }

    async fn id(&self, what: What, name: &str) -> Result<u64, Missing> {
        let key = (what, name.to_owned());
        if let Some(id) = self.ids.get(&key).await {
            return Ok(id);
        }
        let found = match what {
            What::Category => self.glpi.category_by_path(name).await,
            What::Group => self.glpi.group_by_name(name).await,
            What::Entity => self.glpi.entity_by_path(name).await,
            What::Location => self.glpi.location_by_path(name).await,
        };
        let id = found.map_err(Missing::Unavailable)?.ok_or_else(|| Missing::Unknown {
            what: match what {
                What::Category => "category",
                What::Group => "group",
                What::Entity => "entity",
                What::Location => "location",
            },
            name: name.to_owned(),
        })?;
        self.ids.insert(key, id).await;
        Ok(id)
    }

    /// The account with this address.
    pub(super) async fn user(&self, address: &Address) -> Result<Option<u64>, GlpiError> {
        if let Some(user) = self.users.get(address).await {
            return Ok(user);
        }
        let user = self.glpi.user_by_email(address.as_str()).await?;
        self.users.insert(address.clone(), user).await;
        Ok(user)
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

    /// The names of a mapping that GLPI does not have.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn missing_of(&self, mapping: &Mapping) -> Result<Vec<Missing>, GlpiError> {
        let names = mapping.names();
        let all = [
            (What::Category, names.categories),
            (What::Group, names.groups),
            (What::Entity, names.entities),
            (What::Location, names.locations),
        ];
        let mut missing = Vec::new();
        for (what, names) in all {
            for name in names {
                match self.id(what, name).await {
                    Ok(_) => {}
                    Err(Missing::Unavailable(error)) => return Err(error),
                    Err(unknown) => missing.push(unknown),
                }
            }
        }
        Ok(missing)
    }
}
