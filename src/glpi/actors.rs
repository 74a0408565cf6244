//! Who acts on a ticket, who is in a group, and how they are reached.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::{GroupId, GroupLinkId, TicketId, UserId, UserLinkId};

use super::error::GlpiError;
use super::exchange::Call;
use super::{ActorRole, Glpi, Requester, wire};

/// A row of `Group/{id}/Group_User`
#[derive(Deserialize)]
struct GroupMember {
    #[serde(deserialize_with = "wire::number")]
    users_id: UserId,
}

impl Glpi {
    /// The id of the service account itself.
    pub async fn own_account(&self) -> Result<UserId, GlpiError> {
        Ok(self.own_session().await?.glpi_id)
    }

    /// Gives a ticket groups, each in its role, in one call. GLPI tells all groups that are assigned then of a new one;
    /// it writes to nobody about new observers.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where none could be added, as where all are there already: GLPI does not say
    /// which, so the caller reads the ticket's groups. Where some are there (HTTP 207), the others are added
    /// and this is [`GlpiError::Rejected`] too.
    pub async fn add_groups(&self, ticket: TicketId, groups: &[(GroupId, ActorRole)]) -> Result<(), GlpiError> {
        self.give_groups(ticket, groups, |role| role == ActorRole::Observer).await
    }

    /// The same, of which GLPI writes to nobody: somebody else does.
    ///
    /// # Errors
    ///
    /// As [`Glpi::add_groups`].
    pub async fn add_groups_silently(
        &self,
        ticket: TicketId,
        groups: &[(GroupId, ActorRole)],
    ) -> Result<(), GlpiError> {
        self.give_groups(ticket, groups, |_| true).await
    }

    async fn give_groups(
        &self,
        ticket: TicketId,
        groups: &[(GroupId, ActorRole)],
        is_silent: impl Fn(ActorRole) -> bool,
    ) -> Result<(), GlpiError> {
        let inputs: Vec<Value> = groups
            .iter()
            .map(|(group, role)| {
                let mut input = json!({
                    "tickets_id": ticket,
                    "groups_id": group,
                    "type": role.number(),
                    // or the service account would count as having taken the ticket in charge
                    "_do_not_compute_takeintoaccount": 1,
                });
                // Who only watches from now on had the ticket, and is told of the group that gets it.
                if is_silent(*role) {
                    input["_disablenotif"] = true.into();
                }
                input
            })
            .collect();
        let _: Value = self.call(&Call::create("Group_Ticket", &json!(inputs), &[])).await?;
        Ok(())
    }

    /// Gives a ticket a person in this role. It does not count as taking the ticket in charge.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where GLPI does not take them, or has them already: to be read back.
    pub async fn add_user(&self, ticket: TicketId, who: &Requester, role: ActorRole) -> Result<(), GlpiError> {
        let (user, address) = match who {
            Requester::User(id) => (id.get(), ""),
            Requester::Email(address) => (0, address.as_str()),
        };
        let input = json!({
            "tickets_id": ticket,
            "users_id": user,
            "type": role.number(),
            "use_notification": 1,
            "alternative_email": address,
            "_do_not_compute_takeintoaccount": 1,
        });
        self.add("Ticket_User", &input, &[]).await.map(drop)
    }

    /// Takes a group off its ticket, by the id of the link. GLPI tells nobody of it (`_disablenotif`): of who gives a
    /// ticket up, those hear who are told of the group that gets it.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where the link is gone already: to be read back.
    pub async fn remove_group(&self, row: GroupLinkId) -> Result<(), GlpiError> {
        self.call(&Call::delete("Group_Ticket", &silently(row.get()))).await.map(drop)
    }

    /// Takes a person off a ticket, by the id of the link, as silently.
    ///
    /// # Errors
    ///
    /// As [`Glpi::remove_group`].
    pub async fn remove_user(&self, row: UserLinkId) -> Result<(), GlpiError> {
        self.call(&Call::delete("Ticket_User", &silently(row.get()))).await.map(drop)
    }

    /// The accounts that are direct members of a group.
    pub async fn group_members(&self, group: GroupId) -> Result<Vec<UserId>, GlpiError> {
        let rows: Vec<GroupMember> = self.list(format!("Group/{group}/Group_User")).await?;
        Ok(rows.into_iter().map(|row| row.users_id).collect())
    }
}

/// The input that removes a link, of which GLPI tells nobody.
fn silently(row: u64) -> Value {
    json!({ "id": row, "_disablenotif": true })
}
