//! Whose an address is, and how somebody is reached.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::{
    Glpi, Owner,
    accounts::{OwnerDetails, UserItem},
    accounts_at::{AccountsAt, UserEmail},
    error::GlpiError,
    shown_accounts::{MOST, ShownAccount, ShownAccounts, is_in_force},
};
use crate::id::UserId;

impl Glpi {
    /// The accounts that have this address, whatever its case, the oldest first; an address outlives its account, and
    /// one that is deleted has none.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn owners_of(&self, address: &str) -> Result<Vec<Owner>, GlpiError> {
        let question = AccountsAt(address.to_owned());
        let found = self.shared.accounts_at.ask_together(&self.connection, question).await?;
        let ids: Vec<UserId> = found.at(address).map(|(id, _)| id).collect();
        let mut shown = self.shown_accounts(&ids).await?;
        let mut owners = Vec::with_capacity(ids.len());
        for (id, is_default) in found.at(address) {
            let account = shown.remove(&id);
            let by_default_address = match (is_default, &account) {
                (Some(is_default), _) => is_default,
                (None, Some(account)) if account.addresses.len() == 1 => true,
                (None, _) => self.default_address(id).await?.is_some_and(|default| is_same(&default, address)),
            };
            let details = match account {
                Some(account) => Some(account.into()),
                // Deleted, or out of our sight.
                None => match self.get::<UserItem>(format!("User/{id}"), Vec::new()).await {
                    Ok(user) if user.is_deleted > 0 => continue,
                    Ok(user) => Some(user.into()),
                    Err(GlpiError::Denied { .. }) => None,
                    Err(GlpiError::NotFound) => continue,
                    Err(error) => return Err(error),
                },
            };
            owners.push(Owner { id, by_default_address, shown: details });
        }
        Ok(owners)
    }

    /// The addresses GLPI writes to of those of these accounts that are active and between their dates «valid since» and
    /// «valid until»: the default one, else the first. `now` is in GLPI's time zone.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn addresses_of_users(
        &self,
        users: &[UserId],
        now: DateTime,
    ) -> Result<BTreeMap<UserId, String>, GlpiError> {
        let mut addresses = BTreeMap::new();
        for (id, account) in self.shown_accounts(users).await? {
            if !account.is_active || !is_in_force(account.begins, account.ends, now) {
                continue;
            }
            let address = match account.addresses.as_slice() {
                [] => None,
                [only] => Some(only.clone()),
                _ => self.default_address(id).await?,
            };
            addresses.extend(address.map(|address| (id, address)));
        }
        Ok(addresses)
    }

    /// All addresses of those of these accounts that a search shows, in use or not.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn addresses_of_accounts(&self, accounts: &[UserId]) -> Result<BTreeMap<UserId, Vec<String>>, GlpiError> {
        let shown = self.shown_accounts(accounts).await?;
        Ok(shown.into_iter().map(|(id, account)| (id, account.addresses)).collect())
    }

    /// The first and last names of those of these accounts that a search shows.
    pub(super) async fn names_shown(&self, users: &[UserId]) -> Result<Vec<(UserId, String)>, GlpiError> {
        let shown = self.shown_accounts(users).await?;
        Ok(shown.into_iter().map(|(id, account)| (id, OwnerDetails::from(account).into_name())).collect())
    }

    async fn default_address(&self, user: UserId) -> Result<Option<String>, GlpiError> {
        let mut rows: Vec<UserEmail> = self.list(format!("User/{user}/UserEmail")).await?;
        rows.sort_by_key(|row| (!row.is_default, row.id));
        Ok(rows.into_iter().map(|row| row.email).find(|email| !email.is_empty()))
    }

    /// Those of these accounts that a search shows.
    async fn shown_accounts(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, ShownAccount>, GlpiError> {
        let mut shown = BTreeMap::new();
        for some in ids.chunks(MOST) {
            match self.shared.shown_accounts.ask_together(&self.connection, ShownAccounts(some.to_vec())).await {
                Ok(found) => shown.extend(some.iter().filter_map(|id| Some((*id, found.get(id)?.clone())))),
                // Each says so for itself.
                Err(GlpiError::Denied { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(shown)
    }

    /// Whether a search shows this account: it is there, and in our sight.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn shows_account(&self, account: UserId) -> Result<bool, GlpiError> {
        Ok(self.shown_accounts(&[account]).await?.contains_key(&account))
    }

    /// The active account with this e-mail address, whatever its case. Of several, the oldest.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserId>, GlpiError> {
        Ok(self.owners_of(email).await?.iter().find(|owner| owner.is_active()).map(|owner| owner.id))
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
