//! Who acts on a ticket, who is in a group, and how they are reached.

use serde_json::{Value, json};

use crate::id::{GroupId, GroupLinkId, TicketId, UserId, UserLinkId};

use super::error::GlpiError;
use super::exchange::Call;
use super::{ActorRole, Glpi, wire};

impl Glpi {
    /// The id of the service account itself.
    pub async fn own_account(&self) -> Result<UserId, GlpiError> {
        Ok(self.own_session().await?.glpi_id)
    }

    /// What the session of the service account is like, asked for once.
    pub(super) async fn own_session(&self) -> Result<&wire::OwnSession, GlpiError> {
        let asked = Box::pin(async {
            let answer: wire::FullSession = self.get("getFullSession", Vec::new()).await?;
            Ok(answer.session)
        });
        self.shared.own_session.get_or_try_init(|| asked).await
    }

    /// Gives a ticket groups, each in its role, in one call. GLPI writes to nobody about new observers.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where none could be added, as where all are there already: GLPI does not say
    /// which, so the caller reads the ticket's groups. Where some are there (HTTP 207), the others are added
    /// and this is [`GlpiError::Rejected`] too.
    pub async fn add_groups(&self, ticket: TicketId, groups: &[(GroupId, ActorRole)]) -> Result<(), GlpiError> {
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
                if *role == ActorRole::Observer {
                    // Who only watches from now on had the ticket, and is told of the group that gets it.
                    input["_disablenotif"] = true.into();
                }
                input
            })
            .collect();
        let _: Value = self.call(&Call::create("Group_Ticket", &json!(inputs), &[])).await?;
        Ok(())
    }

    /// Takes a group off its ticket, by the id of the link.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Rejected`] where the link is gone already: to be read back.
    pub async fn remove_group(&self, row: GroupLinkId) -> Result<(), GlpiError> {
        self.call(&Call::delete(format!("Group_Ticket/{row}"))).await.map(drop)
    }

    /// Takes a person off a ticket, by the id of the link.
    ///
    /// # Errors
    ///
    /// As [`Glpi::remove_group`].
    pub async fn remove_user(&self, row: UserLinkId) -> Result<(), GlpiError> {
        self.call(&Call::delete(format!("Ticket_User/{row}"))).await.map(drop)
    }

    /// Takes back that somebody took the ticket in charge: GLPI counts as that every act of an account that
    /// may work on tickets, also where it removes an actor or rewrites a follow-up, and has no way to forbid
    /// it there as [`Glpi::add_groups`] does.
    pub async fn untake(&self, ticket: TicketId) -> Result<(), GlpiError> {
        let input = json!({
            "takeintoaccount_delay_stat": 0,
            // or this very update would count
            "_do_not_compute_takeintoaccount": 1,
            "_disablenotif": true,
        });
        self.call(&Call::update(format!("Ticket/{ticket}"), &input)).await.map(drop)
    }

    /// The accounts that are direct members of a group.
    pub async fn group_members(&self, group: GroupId) -> Result<Vec<UserId>, GlpiError> {
        let rows: Vec<wire::GroupMember> = self.list(format!("Group/{group}/Group_User")).await?;
        Ok(rows.into_iter().map(|row| row.users_id).collect())
    }
}
