//! Whether a ticket's requester is the person who asks.

use super::access::Portal;
use crate::{
    glpi::{GlpiError, Requester},
    id::UserId,
    request::Address,
};

/// A requester, as GLPI may know them.
pub(super) struct KnownRequester<'a> {
    pub(super) address: &'a Address,
    pub(super) account: Option<UserId>,
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

impl Portal {
    /// What GLPI knows this person by.
    pub(super) async fn known<'a>(&self, address: &'a Address) -> Result<KnownRequester<'a>, GlpiError> {
        Ok(KnownRequester { address, account: self.glpi.directory().active_account(address.as_str()).await? })
    }
}
