//! Accounts, groups, categories and entities of GLPI, kept for some minutes.
//!
//! Each question is asked of GLPI once: who asks the same while its answer is on its way gets that answer, too.
//! Failures are not kept, nor is that GLPI has no category, group, location or entity of a name: somebody will make it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::civil::DateTime;

use crate::{
    id::{EntityId, GroupId, UserId},
    text::Bilingual,
};

use super::{
    Account, AccountState, DocumentTypes, Glpi, GlpiError, Item, ItemKind, Owner, ServerInfo, item::Named,
    kept_answers::KeptAnswers,
};

/// What GLPI says of accounts, groups, categories and entities. Clones of a client share what it knows.
#[derive(Clone, Copy)]
pub struct GlpiDirectory<'a> {
    glpi: &'a Glpi,
    kept: &'a KeptAnswers,
}

impl Glpi {
    /// What GLPI says of accounts, groups, categories and entities, asked once in some minutes.
    pub fn directory(&self) -> GlpiDirectory<'_> {
        GlpiDirectory { glpi: self.for_all(), kept: &self.shared.kept }
    }
}

impl GlpiDirectory<'_> {
    /// The accounts that have this address, asked anew; whoever asks about them next is told the same.
    pub async fn owners(self, address: &str) -> Result<Arc<Vec<Owner>>, GlpiError> {
        self.kept.owners.forget(&address.to_owned()).await;
        self.owners_of_late(address).await
    }

    /// The accounts of this address, as they were in the last seconds.
    async fn owners_of_late(self, address: &str) -> Result<Arc<Vec<Owner>>, GlpiError> {
        let ask = async { self.glpi.owners_of(address).await.map(Arc::new) };
        self.kept.owners.or_ask(address.to_owned(), ask).await
    }

    /// The account with this address, whether or not GLPI writes to it; see [`Glpi::account_by_email`].
    pub async fn account(self, address: &str, now: DateTime) -> Result<Option<Arc<Account>>, GlpiError> {
        let ask = async {
            let owners = self.owners_of_late(address).await?;
            Ok(self.glpi.account_of(&owners, now).await?.map(Arc::new))
        };
        self.kept.accounts.or_ask(address.to_owned(), ask).await
    }

    /// Whether the account with this address, or that there is none, is known without asking GLPI.
    pub fn knows_account(self, address: &str) -> bool {
        self.kept.accounts.has(&address.to_owned())
    }

    /// Forgets what GLPI said of an address: it has turned out otherwise.
    pub async fn forget_account(self, address: &str) {
        self.kept.owners.forget(&address.to_owned()).await;
        self.kept.accounts.forget(&address.to_owned()).await;
    }

    /// The oldest active account with this address, whether or not it is in force; see [`Glpi::user_by_email`].
    pub async fn active_account(self, address: &str) -> Result<Option<UserId>, GlpiError> {
        let ask = async {
            let owners = self.owners_of_late(address).await?;
            Ok(owners.iter().find(|owner| owner.is_active()).map(|owner| owner.id))
        };
        self.kept.active_accounts.or_ask(address.to_owned(), ask).await
    }

    /// The name of an account; empty where GLPI shows none.
    pub async fn name(self, account: UserId) -> Result<String, GlpiError> {
        self.kept.names.or_ask(account, self.glpi.name_of_user(account)).await
    }

    /// Asks in one call for the names of those of these accounts that are not known. Whom a search does not show is asked
    /// for alone, by [`GlpiDirectory::name`].
    pub async fn learn_names(self, accounts: impl IntoIterator<Item = UserId>) -> Result<(), GlpiError> {
        let names = &self.kept.names;
        let unknown: BTreeSet<UserId> = accounts.into_iter().filter(|account| !names.has(account)).collect();
        if unknown.len() < 2 {
            return Ok(());
        }
        for (account, name) in self.glpi.names_shown(&Vec::from_iter(unknown)).await? {
            names.insert(account, name).await;
        }
        Ok(())
    }

    /// A group's full path; `None` for one that GLPI does not show.
    pub async fn group_name(self, group: GroupId) -> Result<Option<String>, GlpiError> {
        self.kept.groups.or_ask(group, self.glpi.group_name(group)).await
    }

    /// The accounts that are direct members of a group.
    pub async fn members(self, group: GroupId) -> Result<Arc<Vec<UserId>>, GlpiError> {
        self.kept.members.or_ask(group, async { self.glpi.group_members(group).await.map(Arc::new) }).await
    }

    /// All of this name, in whatever entity; none where GLPI has none.
    pub async fn items(self, kind: ItemKind, name: &str) -> Result<Arc<Vec<Item>>, GlpiError> {
        let ask = async {
            let items = match kind {
                ItemKind::Category => self.glpi.categories_at(name).await?,
                ItemKind::Group => self.glpi.groups_named(name).await?,
                ItemKind::Location => self.glpi.locations_at(name).await?,
            };
            Ok((!items.is_empty()).then(|| Arc::new(items)))
        };
        Ok(self.kept.items.or_find((kind, name.to_owned()), ask).await?.unwrap_or_default())
    }

    /// Asks for all of these names that are not known, each kind in one call where GLPI has no more of it than a call
    /// gives. What it does not find is asked for again by itself.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn learn(self, kind: ItemKind, names: &BTreeSet<String>) -> Result<(), GlpiError> {
        let items = &self.kept.items;
        let unknown: Vec<&String> = names.iter().filter(|name| !items.has(&(kind, (*name).clone()))).collect();
        if unknown.len() < 2 {
            return Ok(());
        }
        let Some(all) = self.glpi.first_page_of(kind.item_type()).await? else { return Ok(()) };
        for name in unknown {
            let is_path = kind != ItemKind::Group || name.contains(" > ");
            let shown = |named: &Named| if is_path { named.completename == *name } else { named.name == *name };
            let found: Vec<Item> = all.iter().filter(|named| shown(named)).map(|named| named.item).collect();
            if !found.is_empty() {
                items.insert((kind, name.clone()), Arc::new(found)).await;
            }
        }
        Ok(())
    }

    /// The entity with this full path.
    pub async fn entity(self, path: &str) -> Result<Option<EntityId>, GlpiError> {
        self.kept.entities.or_find(path.to_owned(), self.glpi.entity_by_path(path)).await
    }

    /// An entity and those above it; see [`Glpi::lineage`].
    pub async fn lineage(self, entity: EntityId) -> Result<Option<Arc<Vec<EntityId>>>, GlpiError> {
        self.kept.lineages.or_ask(entity, async { Ok(self.glpi.lineage(entity).await?.map(Arc::new)) }).await
    }

    /// This entity, or without one the service account's own.
    pub async fn or_own(self, entity: Option<EntityId>) -> Result<EntityId, GlpiError> {
        match entity {
            Some(entity) => Ok(entity),
            None => self.glpi.own_entity().await,
        }
    }

    /// Why GLPI would not write to an account about a ticket of this entity; `None` if it would.
    pub async fn why_silent(self, account: &Account, entity: Option<EntityId>) -> Result<Option<Bilingual>, GlpiError> {
        let because = |english: &str, french: &str| Ok(Some(Bilingual::new(english, french)));
        match account.state {
            AccountState::InForce => {}
            AccountState::OutsideDates => {
                return because("outside its dates of validity", "hors de ses dates de validité");
            }
            AccountState::Inactive => return because("inactive", "inactif"),
            AccountState::Hidden => {
                return because(
                    "not shown to the service account, as one without a profile in its entities",
                    "hors de la vue du compte de service",
                );
            }
        }
        let Some(grants) = &account.grants else { return Ok(None) };
        if grants.is_empty() {
            return because("no profile", "sans profil");
        }
        // As in most academies; the tree need not be known then.
        if grants.iter().any(|grant| grant.covers(&[EntityId::default()]) && grant.recursive) {
            return Ok(None);
        }
        let Some(lineage) = self.lineage(self.or_own(entity).await?).await? else { return Ok(None) };
        let is_covered = grants.iter().any(|grant| grant.covers(&lineage));
        if is_covered {
            return Ok(None);
        }
        because("no profile in the ticket's entity", "sans profil dans l’entité du ticket")
    }

    /// The entity an account belongs to: its own where it has a profile there, else that of a profile.
    pub async fn home(self, account: &Account) -> Result<Option<EntityId>, GlpiError> {
        if !account.in_force() {
            return Ok(None);
        }
        let default = self.kept.homes.or_ask(account.id, self.glpi.default_entity(account.id)).await?;
        let Some(grants) = &account.grants else { return Ok(default) };
        if let Some(own) = default {
            let lineage = self.lineage(own).await?;
            let covers = |lineage: &Arc<Vec<EntityId>>| grants.iter().any(|grant| grant.covers(lineage));
            if lineage.as_ref().is_some_and(covers) {
                return Ok(Some(own));
            }
        }
        Ok(grants.first().map(|grant| grant.entity))
    }

    /// The file types GLPI takes; see [`Glpi::uploadable_types`].
    pub async fn document_types(self) -> Result<Option<Arc<DocumentTypes>>, GlpiError> {
        self.kept.types.or_ask(async { Ok(self.glpi.uploadable_types().await?.map(Arc::new)) }).await
    }

    /// GLPI's version and configuration.
    pub async fn server(self) -> Result<Arc<ServerInfo>, GlpiError> {
        self.kept.server.or_ask(async { self.glpi.server_info().await.map(Arc::new) }).await
    }
}
