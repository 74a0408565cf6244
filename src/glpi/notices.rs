//! Whom GLPI's own notifications tell of what happens to a ticket.

use std::collections::{BTreeMap, BTreeSet};

use super::error::GlpiError;
use super::{Glpi, wire};

/// Whom GLPI mails, by its active notifications of tickets that have a template for mails. What is asked of it must
/// have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketNotices(BTreeMap<String, BTreeSet<(u64, u64)>>);

/// A constant of GLPI's class `Notification_NotificationTemplate`.
const MAILING: &str = "mailing";

/// Somebody to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// The ticket's requester.
    Requester,
    /// The members of its assigned group.
    AssignedGroup,
}

impl Recipient {
    /// GLPI's numbers, constants of its class `Notification`: a group may be told with or without its managers.
    fn items(self) -> &'static [u64] {
        const AUTHOR: u64 = 3;
        const ASSIGN_GROUP: u64 = 9;
        const ASSIGN_GROUP_WITHOUT_SUPERVISOR: u64 = 24;
        match self {
            Self::Requester => &[AUTHOR],
            Self::AssignedGroup => &[ASSIGN_GROUP, ASSIGN_GROUP_WITHOUT_SUPERVISOR],
        }
    }
}

impl TicketNotices {
    /// Whether GLPI tells this recipient of this event (`new`, `solved`…, see its `NotificationTargetTicket`).
    pub fn tells(&self, event: &str, recipient: Recipient) -> bool {
        // a constant of GLPI's class Notification: the item is a part in the ticket, not a profile or a group
        const USER_TYPE: u64 = 1;
        let targets = self.0.get(event);
        recipient.items().iter().any(|item| targets.is_some_and(|targets| targets.contains(&(USER_TYPE, *item))))
    }
}

impl Glpi {
    /// Whom GLPI tells of these events of tickets; `None` when the account may not read notifications.
    pub async fn ticket_notices(&self, events: &[&str]) -> Result<Option<TicketNotices>, GlpiError> {
        let mut query = super::whole_list();
        query.push(("searchText[itemtype]".to_owned(), "^Ticket$".to_owned()));
        let notifications: Vec<wire::Notification> = match self.get("Notification", query).await {
            Err(GlpiError::Denied { .. }) => return Ok(None),
            rows => rows?,
        };
        let mut notices = TicketNotices::default();
        let wanted = |row: &&wire::Notification| row.is_active > 0 && events.contains(&row.event.as_str());
        for notification in notifications.iter().filter(wanted) {
            let parts = |kind| format!("Notification/{}/{kind}", notification.id);
            let templates = self.get(parts("Notification_NotificationTemplate"), super::whole_list());
            let targets = self.get(parts("NotificationTarget"), super::whole_list());
            let (templates, targets): (Vec<wire::NotificationMode>, Vec<wire::NotificationTarget>) =
                match tokio::try_join!(templates, targets) {
                    Err(GlpiError::Denied { .. }) => return Ok(None),
                    rows => rows?,
                };
            if !templates.iter().any(|template| template.mode == MAILING) {
                continue;
            }
            let told = notices.0.entry(notification.event.clone()).or_default();
            told.extend(targets.iter().map(|target| (target.kind, target.items_id)));
        }
        Ok(Some(notices))
    }
}
