//! Whose an address is, and how somebody is reached: accounts as a search shows them, many in one call.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::UserId;

use super::{
    Glpi, Shared,
    error::GlpiError,
    exchange::Call,
    joint_read::{JointRead, Reads},
    search::equals_any,
    wire,
};

/// Accounts of one search.
const MOST: usize = 100;

/// Accounts that are asked for by their ids.
#[derive(Clone)]
pub(super) struct ShownAccounts(Vec<UserId>);

/// An account as a search shows it: options 2 its id, 5 its addresses, 6 its telephone number, 8 whether it is switched
/// on, 9 and 34 its names, 13 its groups, 62 and 63 its dates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ShownAccount {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    id: UserId,
    #[serde(rename = "8", deserialize_with = "wire::flag")]
    is_active: bool,
    #[serde(rename = "5", default, deserialize_with = "wire::texts")]
    addresses: Vec<String>,
    #[serde(rename = "6", default, deserialize_with = "wire::text")]
    phone: String,
    #[serde(rename = "9", default, deserialize_with = "wire::text")]
    first_name: String,
    #[serde(rename = "34", default, deserialize_with = "wire::text")]
    last_name: String,
    #[serde(rename = "13", default, deserialize_with = "wire::texts")]
    groups: Vec<String>,
    #[serde(rename = "62", default, deserialize_with = "wire::date")]
    begins: Option<DateTime>,
    #[serde(rename = "63", default, deserialize_with = "wire::date")]
    ends: Option<DateTime>,
}

/// An account that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: UserId,
    /// Whether the address is the one GLPI writes to.
    pub by_default_address: bool,
    /// What GLPI shows of it; `None` where the service account may not see it.
    pub(super) shown: Option<OwnerDetails>,
}

/// What GLPI shows of an account that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnerDetails {
    is_active: bool,
    begins: Option<DateTime>,
    ends: Option<DateTime>,
    name: String,
    phone: String,
    /// The full paths of its groups; `None` where they were not shown.
    groups: Option<Vec<String>>,
}

impl Owner {
    /// Whether the account is switched on and in our sight; its dates do not matter for that.
    pub fn is_active(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.is_active)
    }

    /// First and last name.
    pub fn name(&self) -> &str {
        self.shown.as_ref().map_or("", |shown| &shown.name)
    }

    /// The telephone number.
    pub fn phone(&self) -> &str {
        self.shown.as_ref().map_or("", |shown| &shown.phone)
    }

    /// The full paths of the groups it is a member of, directly; `None` where they are to be asked for.
    pub fn groups(&self) -> Option<&[String]> {
        self.shown.as_ref()?.groups.as_deref()
    }
}

impl OwnerDetails {
    /// Whether a moment in GLPI's time zone lies between the dates «valid since» and «valid until».
    pub(super) fn is_in_force(&self, now: DateTime) -> bool {
        is_in_force(self.begins, self.ends, now)
    }
}

impl From<ShownAccount> for OwnerDetails {
    fn from(account: ShownAccount) -> Self {
        Self {
            is_active: account.is_active,
            begins: account.begins,
            ends: account.ends,
            name: full_name(&account.first_name, &account.last_name),
            phone: account.phone.trim().to_owned(),
            groups: Some(account.groups),
        }
    }
}

impl From<wire::User> for OwnerDetails {
    fn from(user: wire::User) -> Self {
        Self {
            is_active: user.is_active > 0,
            begins: user.begin_date.parse().ok(),
            ends: user.end_date.parse().ok(),
            name: full_name(&user.firstname, &user.realname),
            phone: user.phone.trim().to_owned(),
            groups: None,
        }
    }
}

impl JointRead for ShownAccounts {
    type Answer = BTreeMap<UserId, ShownAccount>;
    const AT_ONCE: usize = 2;

    fn waiting(shared: &Shared) -> &Reads<Self> {
        &shared.shown_accounts
    }

    fn fits(these: &[&Self], another: &Self) -> bool {
        these.iter().map(|asked| asked.0.len()).sum::<usize>() + another.0.len() <= MOST
    }

    fn call(these: &[&Self]) -> Call<'static> {
        let ids = equals_any(2, these.iter().flat_map(|asked| &asked.0).map(|id| id.get()));
        let columns = [2, 5, 6, 8, 9, 13, 34, 62, 63];
        let range = format!("0-{}", MOST - 1);
        Call::search("User", &json!({ "criteria": [ids], "forcedisplay": columns, "range": range }))
    }

    fn read(_: &[&Self], answer: Value) -> Option<Self::Answer> {
        let rows: wire::SearchAnswer<ShownAccount> = serde_json::from_value(answer).ok()?;
        Some(rows.data.into_iter().map(|row| (row.id, row)).collect())
    }
}

impl Glpi {
    /// The accounts that have this address, whatever its case, the oldest first; an address outlives its account, and
    /// one that is deleted has none.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn owners_of(&self, address: &str) -> Result<Vec<Owner>, GlpiError> {
        let found = self.users_with_email(address).await?;
        let ids: Vec<UserId> = found.iter().map(|(id, _)| *id).collect();
        let mut shown = self.shown_accounts(&ids).await?;
        let mut owners = Vec::with_capacity(found.len());
        for (id, by_default_address) in found {
            let details = match shown.remove(&id) {
                Some(account) => Some(account.into()),
                // Deleted, or out of our sight.
                None => match self.get::<wire::User>(format!("User/{id}"), Vec::new()).await {
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

    async fn default_address(&self, user: UserId) -> Result<Option<String>, GlpiError> {
        let mut rows: Vec<wire::UserEmail> = self.list(format!("User/{user}/UserEmail")).await?;
        rows.sort_by_key(|row| (row.is_default == 0, row.id));
        Ok(rows.into_iter().map(|row| row.email).find(|email| !email.is_empty()))
    }

    /// Those of these accounts that a search shows.
    async fn shown_accounts(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, ShownAccount>, GlpiError> {
        let mut shown = BTreeMap::new();
        for some in ids.chunks(MOST) {
            match self.ask_together(ShownAccounts(some.to_vec())).await {
                Ok(found) => shown.extend(some.iter().filter_map(|id| Some((*id, found.get(id)?.clone())))),
                // Each says so for itself.
                Err(GlpiError::Denied { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(shown)
    }
}

fn full_name(first: &str, last: &str) -> String {
    format!("{} {}", first.trim(), last.trim()).trim().to_owned()
}

/// Whether a moment lies between two dates that need not be there.
fn is_in_force(begins: Option<DateTime>, ends: Option<DateTime>, now: DateTime) -> bool {
    begins.is_none_or(|begins| begins <= now) && ends.is_none_or(|ends| ends >= now)
}
