//! What GLPI says of a mail beside its text: who is a member of its groups.

use super::{
    deliverer::Deliverer,
    names::Missing,
    undelivered::{Undelivered, not_made},
};
use crate::{
    flow::{
        route::TargetEntity,
        screen::{Proven, Rules},
    },
    request::Address,
};

impl Deliverer {
    /// Adds what GLPI says of a mail beside its text, where that decides what it is.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn with_facts(&self, proven: Proven, rules: &Rules) -> Result<Proven, Undelivered> {
        let proven = if proven.names_a_glpi() { proven.before(self.uuid().await) } else { proven };
        if !proven.depends_on_groups(rules) {
            return Ok(proven);
        }
        let is_member = self.is_member(proven.requester(), rules.forwarder_groups()).await?;
        Ok(proven.by_member(is_member))
    }

    /// Whether the account with this address is a member of one of these groups, given by name or full path. A group
    /// that GLPI does not have, or of whose name there are several in reach, has no members; the log says so.
    async fn is_member(&self, address: &Address, groups: &[String]) -> Result<bool, Undelivered> {
        let mut wanted = Vec::with_capacity(groups.len());
        for group in groups {
            match self.names.groups(group, &TargetEntity::Own).await {
                Ok(ids) => wanted.extend(ids),
                Err(Missing::Unavailable(error)) => return Err(not_made(&error)),
                Err(missing) => tracing::warn!("nobody is taken for a member of it: {missing}"),
            }
        }
        if wanted.is_empty() {
            return Ok(false);
        }
        let Some(user) = self.names.user(address).await.map_err(|error| not_made(&error))? else { return Ok(false) };
        let own = self.glpi.groups_of_user(user).await.map_err(|error| not_made(&error))?;
        Ok(own.iter().any(|group| wanted.contains(group)))
    }
}
