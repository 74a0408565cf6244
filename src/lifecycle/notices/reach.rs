//! Whether those who work on a ticket will hear of what its requester does, for a page that says so.

use super::{
    Notifier,
    audience::{Crew, CrewGroup, Recipients, recipients},
    steps::Audience,
    unsent::Unsent,
};
use crate::{config::Teller, glpi::ActorRole, id::TicketId};

/// What a requester does, of which those who work on the ticket may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffStep {
    /// They write.
    Answer,
    /// They refuse the solution.
    Refusal,
    /// They approve it.
    Approval,
}

impl Notifier {
    /// Whether the gateway tells somebody who works on this ticket of such a step, by mail: false where it is not the
    /// gateway's to tell, where no mail reaches any of them, and where GLPI cannot say. What GLPI's own notifications
    /// do is not known here.
    pub async fn informs(&self, ticket: TicketId, step: StaffStep) -> bool {
        let teller = match step {
            StaffStep::Answer => self.settings.answer,
            StaffStep::Refusal => self.settings.refusal,
            StaffStep::Approval => self.settings.approval,
        };
        if teller != Teller::Passerelle || !self.post.is_on() {
            return false;
        }
        self.reaches_staff(ticket).await.unwrap_or_else(|error| {
            tracing::debug!(ticket = ticket.get(), %error, "whether somebody who works on a ticket is told is not known");
            false
        })
    }

    /// Whether a mail reaches anybody who works on this ticket, or watches it in a group.
    async fn reaches_staff(&self, number: TicketId) -> Result<bool, Unsent> {
        if self.own_ticket(number).await?.is_none() {
            return Ok(false);
        }
        let (own, users) = (self.glpi.own_account().await?, self.glpi.ticket_users(number).await?);
        let mut crew = Crew::default();
        for link in self.glpi.ticket_groups(number).await? {
            let members = self.members(link.group).await?;
            let group = CrewGroup { id: link.group, name: String::new(), members };
            match link.role {
                ActorRole::Assigned => crew.assigned.push(group),
                ActorRole::Observer => crew.watching.push(group),
                ActorRole::Requester => {}
            }
        }
        let Recipients::Staff { first, otherwise, besides } = recipients(Audience::Workers, &[], (&users, own), &crew)
        else {
            return Ok(false);
        };
        Ok(!self.reached_staff(&first, &otherwise, &besides).await?.is_empty())
    }
}
