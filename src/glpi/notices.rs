//! Whom GLPI's own notifications tell of what happens to a ticket.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{GlpiError, Trouble};
use super::exchange::Call;
use super::lists::whole_list;
use super::{Glpi, wire};

/// Whom GLPI mails, by its active notifications of tickets that have a template for mails. What is asked of it must
/// have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketNotices(BTreeMap<String, BTreeSet<(u64, u64)>>);

/// A constant of GLPI's class `Notification_NotificationTemplate`.
pub(super) const MAILING: &str = "mailing";

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

/// What `search/Notification` finds, by the notifications' numbers; an empty list where there is none.
#[derive(Deserialize)]
struct Notifications {
    #[serde(default)]
    data: Value,
}

/// GLPI's options of notifications (`Notification::rawSearchOptions`). How a notification goes out is asked for here:
/// its links to templates by themselves show only to who may see GLPI's whole setup.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "2", default, deserialize_with = "wire::text")]
    event: String,
    #[serde(rename = "3", default, deserialize_with = "wire::texts")]
    modes: Vec<String>,
    #[serde(rename = "5", default, deserialize_with = "wire::text")]
    item_type: String,
    #[serde(rename = "6", default, deserialize_with = "wire::number")]
    is_active: u64,
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
        let query = json!({ "forcedisplay": [2, 3, 5, 6], "range": "0-999", "withindexes": 1 });
        let found = match self.call(&Call::search("Notification", &query)).await {
            Err(GlpiError::Denied { .. }) => return Ok(None),
            found => found?,
        };
        let unexpected = |_| GlpiError::unavailable(Trouble::Unexpected);
        let Notifications { data } = serde_json::from_value(found).map_err(unexpected)?;
        let found: BTreeMap<String, Notification> = match data {
            data @ Value::Object(_) => serde_json::from_value(data).map_err(unexpected)?,
            _ => BTreeMap::new(),
        };
        let mut notices = TicketNotices::default();
        let wanted = |row: &Notification| {
            row.item_type == "Ticket"
                && row.is_active > 0
                && row.modes.iter().any(|mode| mode == MAILING)
                && events.contains(&row.event.as_str())
        };
        for (id, notification) in found.into_iter().filter(|(_, row)| wanted(row)) {
            let targets = self.get(format!("Notification/{id}/NotificationTarget"), whole_list());
            let targets: Vec<NotificationTarget> = match targets.await {
                Err(GlpiError::Denied { .. }) => return Ok(None),
                targets => targets?,
            };
            let told = notices.0.entry(notification.event).or_default();
            told.extend(targets.iter().map(|target| (target.kind, target.items_id)));
        }
        Ok(Some(notices))
    }
}
