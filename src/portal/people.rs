//! Accounts and names, asked of GLPI once in some minutes.

use std::{hash::Hash, time::Duration};

use moka::future::Cache;

use crate::{
    glpi::{Glpi, GlpiError, Requester},
    request::Address,
};

/// How long an account or a name is believed.
const BELIEVED: Duration = Duration::from_mins(10);

/// Who is who in GLPI.
pub(super) struct People {
    glpi: Glpi,
    accounts: Cache<Address, Option<u64>>,
    names: Cache<u64, String>,
}

/// A requester, as GLPI may know them.
pub(super) struct KnownRequester<'a> {
    pub(super) address: &'a Address,
    pub(super) account: Option<u64>,
}

impl KnownRequester<'_> {
    /// Whether a ticket's requester is this person.
    pub(super) fn is(&self, requester: &Requester) -> bool {
        match requester {
            Requester::User(user) => Some(*user) == self.account,
            Requester::Email(email) => email.to_lowercase() == self.address.as_str(),
        }
    }
}

fn cache<K, V>(size: u64) -> Cache<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(size).time_to_live(BELIEVED).build()
}

impl People {
    pub(super) fn new(glpi: Glpi) -> Self {
        Self { glpi, accounts: cache(20_000), names: cache(10_000) }
    }

    /// What GLPI knows this person by.
    pub(super) async fn known<'a>(&self, address: &'a Address) -> Result<KnownRequester<'a>, GlpiError> {
        let account = if let Some(account) = self.accounts.get(address).await {
            account
        } else {
            let account = self.glpi.user_by_email(address.as_str()).await?;
            self.accounts.insert(address.clone(), account).await;
            account
        };
        Ok(KnownRequester { address, account })
    }

    /// The name of an account; empty where GLPI shows none.
    pub(super) async fn name(&self, account: u64) -> Result<String, GlpiError> {
        if let Some(name) = self.names.get(&account).await {
            return Ok(name);
        }
        let name = self.glpi.name_of_user(account).await?;
        self.names.insert(account, name.clone()).await;
        Ok(name)
    }
}
