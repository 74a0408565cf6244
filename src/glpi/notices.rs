//! Whom GLPI's own notifications tell of what happens to a ticket.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::GlpiError;
use super::lists::whole_list;
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
    /// Its technician, or the members of its assigned group.
    Working,
}

impl Recipient {
    /// GLPI's numbers, constants of its class `Notification`: a group may be told with or without its managers.
    pub(super) fn items(self) -> &'static [u64] {
        const AUTHOR: u64 = 3;
        const ASSIGN_TECH: u64 = 2;
        const ASSIGN_GROUP: u64 = 9;
        const ASSIGN_GROUP_WITHOUT_SUPERVISOR: u64 = 24;
        match self {
            Self::Requester => &[AUTHOR],
            Self::AssignedGroup => &[ASSIGN_GROUP, ASSIGN_GROUP_WITHOUT_SUPERVISOR],
            Self::Working => &[ASSIGN_TECH, ASSIGN_GROUP, ASSIGN_GROUP_WITHOUT_SUPERVISOR],
        }
    }
}

/// A row of `Notification`
#[derive(Deserialize)]
struct Notification {
    #[serde(deserialize_with = "wire::number")]
    id: u64,
    #[serde(default, deserialize_with = "wire::number")]
    is_active: u64,
    #[serde(default, deserialize_with = "wire::text")]
    event: String,
}

/// A row of `Notification/{id}/Notification_NotificationTemplate`
#[derive(Deserialize)]
struct NotificationMode {
    #[serde(default, deserialize_with = "wire::text")]
    mode: String,
}

/// A row of `Notification/{id}/NotificationTarget`
#[derive(Deserialize)]
struct NotificationTarget {
    #[serde(rename = "type", deserialize_with = "wire::number")]
    kind: u64,
    #[serde(deserialize_with = "wire::number")]
    items_id: u64,
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
        let mut query = whole_list();
        query.push(("searchText[itemtype]".to_owned(), "^Ticket$".to_owned()));
        let notifications: Vec<Notification> = match self.get("Notification", query).await {
            Err(GlpiError::Denied { .. }) => return Ok(None),
            rows => rows?,
        };
        let mut notices = TicketNotices::default();
        let wanted = |row: &&Notification| row.is_active > 0 && events.contains(&row.event.as_str());
        for notification in notifications.iter().filter(wanted) {
            let parts = |kind| format!("Notification/{}/{kind}", notification.id);
            let templates = self.get(parts("Notification_NotificationTemplate"), whole_list());
            let targets = self.get(parts("NotificationTarget"), whole_list());
            let (templates, targets): (Vec<NotificationMode>, Vec<NotificationTarget>) =
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
