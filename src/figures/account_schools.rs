//! The schools of requesters who have an account in GLPI, as the directory knows them by the account's addresses: tickets
//! that GLPI's own collector made tell nothing else of where they are from.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    flow::directory::Directory,
    glpi::{Glpi, GlpiError},
    id::UserId,
    request::{Address, School},
};

/// Accounts that are kept at most: more than an academy has directors.
const MOST: usize = 50_000;

/// What is known of accounts, each asked for once; without a school, that is known, too.
#[derive(Default)]
pub(super) struct AccountSchools(BTreeMap<UserId, Option<School>>);

impl AccountSchools {
    /// The school of the first of these accounts that has one.
    pub(super) fn of(&self, accounts: &[UserId]) -> Option<&School> {
        accounts.iter().find_map(|account| self.0.get(account)?.as_ref())
    }

    /// Whether one of these accounts was never asked for, and may still be kept.
    pub(super) fn lack(&self, accounts: &[UserId]) -> bool {
        self.0.len() < MOST && accounts.iter().any(|account| !self.0.contains_key(account))
    }

    /// Those of these accounts that were never asked for, each once.
    pub(super) fn unknown(&self, accounts: impl Iterator<Item = UserId>) -> Vec<UserId> {
        let unknown: BTreeSet<UserId> = accounts.filter(|account| !self.0.contains_key(account)).collect();
        unknown.into_iter().take(MOST.saturating_sub(self.0.len())).collect()
    }

    /// Keeps what was found.
    pub(super) fn note(&mut self, found: BTreeMap<UserId, Option<School>>) {
        self.0.extend(found);
    }
}

/// The schools of these accounts: a search of GLPI's for a hundred of them. Those that the directory cannot be asked about
/// now are left out, to be asked for again.
///
/// # Errors
///
/// Where GLPI cannot answer now.
pub(super) async fn schools_of(
    glpi: &Glpi,
    directory: &Directory,
    accounts: &[UserId],
) -> Result<BTreeMap<UserId, Option<School>>, GlpiError> {
    let addresses = glpi.addresses_of_accounts(accounts).await?;
    let (mut found, mut is_away) = (BTreeMap::new(), false);
    for account in accounts {
        let its: Vec<Address> =
            addresses.get(account).into_iter().flatten().filter_map(|address| Address::parse(address)).collect();
        let mut school = None;
        for address in &its {
            // One that was away for the account before would be waited for in vain again.
            if school.is_some() || is_away {
                break;
            }
            school = directory.school_of(address).await.unwrap_or_else(|error| {
                tracing::info!(%error, "the directory cannot say now of which schools requesters are");
                is_away = true;
                None
            });
        }
        let by_code = || its.iter().find_map(Address::school_code);
        let school = school.or_else(|| Some(School { uai: Some(by_code()?), ..School::default() }));
        if school.is_some() || !is_away {
            found.insert(*account, school);
        }
    }
    Ok(found)
}
