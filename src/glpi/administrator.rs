//! A Super-Admin's session, which sets GLPI up for the gateway: any item, read and written as GLPI has it.

use serde_json::{Map, Value, json};

use super::exchange::Call;
use super::lists::exactly;
use super::notices::MAILING;
use super::own_session::FullSession;
use super::{Glpi, GlpiError, Recipient, Settings, SetupError};

/// An item of GLPI: its fields as GLPI names them.
pub type ItemRow = Map<String, Value>;

/// A number of an item, 0 where it has none; versions write it as a number or as a text.
pub fn number(row: &ItemRow, field: &str) -> u64 {
    row.get(field).and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or_default()
}

/// Whether GLPI tells somebody of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It does.
    Tells,
    /// It would by the notification of this number.
    CanTell(u64),
    /// It has no active notification of the event.
    NoNotification,
}

/// Somebody who may set GLPI up. Sessions are closed by [`Administrator::sign_out`].
pub struct Administrator {
    glpi: Glpi,
}

impl Administrator {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Settings of which no client can be made.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        // One session: each step rests on the one before.
        Ok(Self { glpi: Glpi::new(&Settings { sessions: 1, ..settings.clone() })? })
    }

    /// The login of whom the session is (`getFullSession`).
    pub async fn login(&self) -> Result<String, GlpiError> {
        let answer: FullSession = self.glpi.get("getFullSession", Vec::new()).await?;
        Ok(answer.session.glpiname)
    }

    /// GLPI's configuration, as far as it tells it (`getGlpiConfig`).
    pub async fn configuration(&self) -> Result<ItemRow, GlpiError> {
        let answer: Value = self.glpi.get("getGlpiConfig", Vec::new()).await?;
        Ok(answer.get("cfg_glpi").and_then(Value::as_object).cloned().unwrap_or_default())
    }

    /// All items of a list: `Group`, `Profile/9/ProfileRight`.
    pub async fn all(&self, path: &str) -> Result<Vec<ItemRow>, GlpiError> {
        self.glpi.list(path).await
    }

    /// The items whose `field` is exactly `value`.
    pub async fn with(&self, item_type: &str, field: &str, value: &str) -> Result<Vec<ItemRow>, GlpiError> {
        let mut rows: Vec<ItemRow> = self.glpi.get(item_type, exactly(field, value)).await?;
        rows.retain(|row| row.get(field).and_then(Value::as_str) == Some(value));
        Ok(rows)
    }

    /// Makes an item; gives its id.
    pub async fn add(&self, item_type: &str, input: &Value) -> Result<u64, GlpiError> {
        Ok(self.glpi.add(item_type, input, &[]).await?.id)
    }

    /// Changes items, each input with its `id`.
    pub async fn change(&self, item_type: &str, inputs: &[Value]) -> Result<(), GlpiError> {
        self.glpi.call(&Call::update(item_type.to_owned(), &json!(inputs))).await.map(drop)
    }

    /// Whether GLPI tells this recipient of this event of tickets, and the active notification by which it would.
    pub async fn telling(&self, event: &str, recipient: Recipient) -> Result<Telling, GlpiError> {
        let notices = self.glpi.ticket_notices(&[event]).await?;
        if notices.is_some_and(|notices| notices.tells(event, recipient)) {
            return Ok(Telling::Tells);
        }
        let rows = self.with("Notification", "event", event).await?;
        Ok(rows
            .iter()
            .find(|row| is_of_tickets(row))
            .map_or(Telling::NoNotification, |row| Telling::CanTell(number(row, "id"))))
    }

    /// Lets a notification of tickets tell this recipient.
    pub async fn tell(&self, notification: u64, recipient: Recipient) -> Result<(), GlpiError> {
        let item = recipient.items().first();
        let input = json!({ "notifications_id": notification, "items_id": item, "type": 1 });
        self.add("NotificationTarget", &input).await.map(drop)
    }

    /// Takes this recipient off the active notifications that mail this event of tickets; others stay as they are.
    pub async fn silence(&self, event: &str, recipient: Recipient) -> Result<(), GlpiError> {
        for notification in self.with("Notification", "event", event).await?.iter().filter(|row| is_of_tickets(row)) {
            let id = number(notification, "id");
            let ways = self.all(&format!("Notification/{id}/Notification_NotificationTemplate")).await?;
            if !ways.iter().any(|way| way.get("mode").and_then(Value::as_str) == Some(MAILING)) {
                continue;
            }
            let targets = self.all(&format!("Notification/{id}/NotificationTarget")).await?;
            let is_meant =
                |row: &&ItemRow| number(row, "type") == 1 && recipient.items().contains(&number(row, "items_id"));
            for target in targets.iter().filter(is_meant) {
                let input = json!({ "id": number(target, "id") });
                self.glpi.call(&Call::delete("NotificationTarget", &input)).await?;
            }
        }
        Ok(())
    }

    /// Ends the session, best effort.
    pub async fn sign_out(&self) {
        self.glpi.close().await;
    }
}

/// Whether a notification is an active one of tickets.
fn is_of_tickets(notification: &ItemRow) -> bool {
    notification.get("itemtype").and_then(Value::as_str) == Some("Ticket") && number(notification, "is_active") == 1
}
