//! Reminders of tickets that nobody takes in charge: the escalation says when, and its own note is their record.

use super::{Notifier, mark::REMINDER, unsent::Unsent};
use crate::{
    config::Teller,
    id::{GroupId, TicketId},
    letters::{ComposeError, notices},
    smtp::SendError,
    working_time::Wait,
};

impl Notifier {
    /// Reminds the members of a group of a ticket that nobody has taken in charge for so much working time, where
    /// that is the gateway's to tell. That it is done once is the caller's to see to, who calls [`Notifier::reminded`]
    /// when that is noted.
    ///
    /// # Errors
    ///
    /// Where some were not told; a further try leaves out those who were.
    pub async fn remind(&self, ticket: TicketId, group: GroupId, wait: &Wait) -> Result<(), Unsent> {
        if self.settings.reminder != Teller::Passerelle || !self.post.is_on() {
            return Ok(());
        }
        let Some((ticket, reference)) = self.own_ticket(ticket).await? else { return Ok(()) };
        let name = self.glpi.directory().group_name(group).await?.unwrap_or_default();
        let about = self.about(&ticket, reference, self.pages.of_another(ticket.id, true));
        let step = format!("{REMINDER}-{group}");
        let mut result = Ok(());
        let members = self.members(group).await?;
        for (account, address) in self.reached_staff(&members, &[], &[]).await? {
            let told = (ticket.id, step.clone(), address);
            if self.post.has_left(&told) {
                continue;
            }
            let text = notices::reminder(&about, &name, wait.waited).map_err(ComposeError::from)?;
            let id = format!("{step}-{}-{}", account.unwrap_or_default(), wait.since.as_second());
            match self.post.send(REMINDER, reference, &id, &told.2, text).await {
                Ok(()) | Err(Unsent::Relay(SendError::Refused(_))) => self.post.remember(told),
                Err(error) if error.is_of_this_mail() => result = result.and(Err(error)),
                Err(error) => return Err(error),
            }
        }
        result
    }

    /// The ticket says that its groups were reminded: who was is not told again for that reason.
    pub fn reminded(&self, ticket: TicketId) {
        self.post.forget_all(ticket, &format!("{REMINDER}-"));
    }
}
