//! The JSON that GLPI's REST API takes and gives, and how its texts are decoded.
//!
//! GLPI up to 10 encodes numbers by looks (`JSON_NUMERIC_CHECK`): a ticket named «123» comes as a
//! number, an id may come as a string. What is read here takes both.
//!
//! A row that says just what the caller gets is read by the caller's type; here are the others.

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::id::{ArticleId, DocumentId, EntityId, GroupId, GroupLinkId, TicketId, UserId, UserLinkId};

use super::{Item, SolutionStatus, Ticket, TicketStatus, documents};

/// `GET initSession`
#[derive(Deserialize)]
pub(super) struct OpenedSession {
    pub session_token: String,
}

/// `POST` of one item: 201
#[derive(Deserialize)]
pub(super) struct Added {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    /// Form field → what became of its file. GLPI only fills it for the first field of a request:
    /// `createItems` takes the upload result by the index of the *input*.
    #[serde(default)]
    pub upload_result: Value,
}

/// `POST` of several items: the answer to each, in their order.
#[derive(Deserialize)]
pub(super) struct AddedOne {
    /// `false` where it was refused.
    pub id: Value,
    #[serde(default, deserialize_with = "text")]
    pub message: String,
}

/// An item with a name, and for trees the path from the root.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(flatten)]
    pub item: Item,
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    #[serde(default, deserialize_with = "text")]
    pub completename: String,
}

/// `GET Entity/{id}`
#[derive(Deserialize)]
pub(super) struct Entity {
    /// The one above; the root's is none.
    #[serde(default, deserialize_with = "number")]
    pub entities_id: EntityId,
}

#[derive(Deserialize)]
pub(super) struct UserEmail {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(default, deserialize_with = "number")]
    pub is_default: u64,
    #[serde(deserialize_with = "number")]
    pub users_id: UserId,
    #[serde(deserialize_with = "text")]
    pub email: String,
}

#[derive(Deserialize)]
pub(super) struct User {
    #[serde(deserialize_with = "number")]
    pub is_active: u64,
    #[serde(deserialize_with = "number")]
    pub is_deleted: u64,
    #[serde(default, deserialize_with = "text")]
    pub firstname: String,
    #[serde(default, deserialize_with = "text")]
    pub realname: String,
    #[serde(default, deserialize_with = "text")]
    pub phone: String,
    #[serde(default, deserialize_with = "text")]
    pub begin_date: String,
    #[serde(default, deserialize_with = "text")]
    pub end_date: String,
    /// `null` from 11.0 on where it has none.
    #[serde(default, deserialize_with = "number_or_none")]
    pub entities_id: Option<EntityId>,
}

#[derive(Deserialize)]
pub(super) struct GroupUser {
    #[serde(deserialize_with = "number")]
    pub groups_id: GroupId,
}

#[derive(Deserialize)]
pub(super) struct DocumentItem {
    #[serde(deserialize_with = "number")]
    pub documents_id: DocumentId,
}

#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(flatten)]
    pub document: documents::Document,
    #[serde(default, deserialize_with = "number")]
    pub is_deleted: u64,
}

#[derive(Deserialize)]
pub(super) struct DocumentType {
    #[serde(default, deserialize_with = "text")]
    pub ext: String,
    #[serde(default, deserialize_with = "number")]
    pub is_uploadable: u64,
}

#[derive(Deserialize)]
pub(super) struct Notification {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(default, deserialize_with = "number")]
    pub is_active: u64,
    #[serde(default, deserialize_with = "text")]
    pub event: String,
}

/// A row of `Notification/{id}/Notification_NotificationTemplate`
#[derive(Deserialize)]
pub(super) struct NotificationMode {
    #[serde(default, deserialize_with = "text")]
    pub mode: String,
}

#[derive(Deserialize)]
pub(super) struct NotificationTarget {
    #[serde(rename = "type", deserialize_with = "number")]
    pub kind: u64,
    #[serde(deserialize_with = "number")]
    pub items_id: u64,
}

/// `GET getGlpiConfig`
#[derive(Deserialize)]
pub(super) struct Config {
    pub cfg_glpi: CfgGlpi,
}

#[derive(Deserialize)]
pub(super) struct CfgGlpi {
    #[serde(default, deserialize_with = "text")]
    pub version: String,
    #[serde(default, deserialize_with = "text")]
    pub url_base: String,
    #[serde(default, deserialize_with = "number")]
    pub use_notifications: u64,
    #[serde(default, deserialize_with = "number")]
    pub notifications_mailing: u64,
    #[serde(default, deserialize_with = "number")]
    pub document_max_size: u64,
    #[serde(default, deserialize_with = "text")]
    pub notification_uuid: String,
}

/// `GET getActiveProfile`
#[derive(Deserialize)]
pub(super) struct ActiveProfile {
    pub active_profile: serde_json::Map<String, Value>,
}

/// `GET search/…`: `data` is missing when nothing was found.
#[derive(Deserialize)]
pub(super) struct SearchAnswer<T> {
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    /// How many there are, on this page or not.
    #[serde(default, deserialize_with = "number_or_none")]
    pub totalcount: Option<u64>,
}

/// `GET Ticket/{id}`
#[derive(Deserialize)]
pub(super) struct TicketItem {
    #[serde(flatten)]
    pub ticket: Ticket,
    #[serde(default, deserialize_with = "number")]
    pub takeintoaccount_delay_stat: u64,
}

/// A row of `Ticket/{id}/Group_Ticket`
#[derive(Deserialize)]
pub(super) struct GroupTicket {
    #[serde(deserialize_with = "number")]
    pub id: GroupLinkId,
    #[serde(deserialize_with = "number")]
    pub groups_id: GroupId,
    #[serde(rename = "type", deserialize_with = "number")]
    pub role: u64,
}

/// A row of `Ticket/{id}/Ticket_User`
#[derive(Deserialize)]
pub(super) struct TicketUser {
    #[serde(deserialize_with = "number")]
    pub id: UserLinkId,
    #[serde(deserialize_with = "number")]
    pub users_id: UserId,
    #[serde(rename = "type", deserialize_with = "number")]
    pub role: u64,
    #[serde(default, deserialize_with = "text")]
    pub alternative_email: String,
}

/// A row of `Ticket_Ticket`
#[derive(Deserialize)]
pub(super) struct TicketLink {
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(rename = "tickets_id_1", deserialize_with = "number")]
    pub first: TicketId,
    #[serde(rename = "tickets_id_2", deserialize_with = "number")]
    pub second: TicketId,
    #[serde(rename = "link", deserialize_with = "number")]
    pub kind: u64,
}

/// A row of `Ticket/{id}/Log`
#[derive(Deserialize)]
pub(super) struct LogRow {
    #[serde(default, deserialize_with = "number")]
    pub linked_action: u64,
    #[serde(default, deserialize_with = "number")]
    pub id_search_option: u64,
    #[serde(default, deserialize_with = "text")]
    pub itemtype_link: String,
    #[serde(default, deserialize_with = "text")]
    pub user_name: String,
    #[serde(default, deserialize_with = "text")]
    pub old_value: String,
    #[serde(default, deserialize_with = "text")]
    pub new_value: String,
    #[serde(default, deserialize_with = "text")]
    pub date_mod: String,
}

/// A row of `search/KnowbaseItem`, keyed by search option.
#[derive(Deserialize)]
pub(super) struct ArticleRow {
    #[serde(rename = "2", deserialize_with = "number")]
    pub id: ArticleId,
    /// The title up to GLPI 10.
    #[serde(rename = "6", default, deserialize_with = "text")]
    pub name: String,
    /// The title from GLPI 11 on.
    #[serde(rename = "1", default, deserialize_with = "text")]
    pub name_from_eleven: String,
    #[serde(rename = "7", default, deserialize_with = "text")]
    pub answer: String,
    #[serde(rename = "8", default, deserialize_with = "number")]
    pub is_faq: u64,
    #[serde(rename = "10", default, deserialize_with = "text")]
    pub begins: String,
    #[serde(rename = "11", default, deserialize_with = "text")]
    pub ends: String,
}

/// A row of `Entity_KnowbaseItem`
#[derive(Deserialize)]
pub(super) struct ArticleEntity {
    #[serde(deserialize_with = "number")]
    pub knowbaseitems_id: ArticleId,
    #[serde(default, deserialize_with = "number")]
    pub entities_id: EntityId,
    #[serde(default, deserialize_with = "number")]
    pub is_recursive: u64,
}

/// `GET getFullSession`
#[derive(Deserialize)]
pub(super) struct FullSession {
    pub session: OwnSession,
}

#[derive(Deserialize)]
pub(super) struct OwnSession {
    #[serde(rename = "glpiID", deserialize_with = "number")]
    pub glpi_id: UserId,
    #[serde(default, deserialize_with = "number")]
    pub glpiactive_entity: EntityId,
    #[serde(default, deserialize_with = "number")]
    pub glpiactive_entity_recursive: u64,
    /// GLPI's own clock when it answered first in this session.
    #[serde(default, deserialize_with = "text")]
    pub glpi_currenttime: String,
    /// The entities above the active one: a list, or an object with their ids as keys and values.
    #[serde(default)]
    pub glpiparententities: Value,
}

impl OwnSession {
    /// The entities above the active one.
    pub(super) fn above(&self) -> Vec<EntityId> {
        let id = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).map(EntityId::from);
        match &self.glpiparententities {
            Value::Array(ids) => ids.iter().filter_map(id).collect(),
            Value::Object(ids) => ids.values().filter_map(id).collect(),
            _ => Vec::new(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct GroupMember {
    #[serde(deserialize_with = "number")]
    pub users_id: UserId,
}

impl<'de> Deserialize<'de> for TicketStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer)
    }
}

impl<'de> Deserialize<'de> for SolutionStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(deserializer)
    }
}

/// A number, whether GLPI sends it as one, as text, as a boolean or (for none) as null.
pub(super) fn number<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<N, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match &value {
        Value::Null => Some(0),
        Value::Bool(flag) => Some(u64::from(*flag)),
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.is_empty() => Some(0),
        Value::String(text) => text.parse().ok(),
        Value::Array(_) | Value::Object(_) => None,
    }
    .map(N::from)
    .ok_or_else(|| serde::de::Error::custom("expected a number"))
}

/// A number, or none where GLPI has none.
fn number_or_none<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<N>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(number.map(N::from))
}

/// A number that GLPI gave, where it gave one: 0 is an id, too.
pub(super) fn known_number<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<N>, D::Error> {
    number(deserializer).map(Some)
}

/// A text, decoded, whether GLPI sends it as one, as a number or (for none) as null.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(decode(text)),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(serde::de::Error::custom("expected a text")),
    }
}

/// The texts of a search option that has none, one or several.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    texts
        .into_iter()
        .filter_map(|value| match value {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            value => Some(text(value).map_err(serde::de::Error::custom)),
        })
        .collect()
}

/// The ids of a search option that shows accounts; 0 is none.
pub(super) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserId>, D::Error> {
    let ids = texts(deserializer)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).filter(|id: &UserId| id.get() > 0).collect())
}

/// What GLPI sends as 0 or 1.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    number(deserializer).map(|number: u64| number > 0)
}

/// `2026-11-21 23:21:36`; none where GLPI has none.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime>, D::Error> {
    text(deserializer).map(|text| text.parse().ok())
}

/// Undoes the encoding GLPI stores its texts in: `&#60; &#62; &#38;` in 10.0, `&lt; &gt;` in 9.5,
/// nothing in 11.0.
///
/// `X-GLPI-Sanitized-Content: false` asks 10.0 to do it, but not for `search/…`, and 9.5 does not
/// know it. A text with a bare `<` or `>` is not encoded: both encodings leave none.
fn decode(text: String) -> String {
    if text.contains(['<', '>']) {
        text
    } else if ["&#60;", "&#62;", "&#38;"].iter().any(|code| text.contains(code)) {
        // & last, or `&#38;#60;` would be decoded twice
        text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
    } else {
        text.replace("&lt;", "<").replace("&gt;", ">")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::glpi::FoundTicket;

    #[rstest]
    #[case::glpi_10("&#60;p&#62;a &#38;amp; b&#60;/p&#62;", "<p>a &amp; b</p>")]
    #[case::glpi_10_name("Scolarité &#62; LSU &#38; ONDE", "Scolarité > LSU & ONDE")]
    #[case::glpi_10_once("&#38;#60;", "&#60;")]
    #[case::glpi_9_5("&lt;p&gt;a &amp; b&lt;/p&gt;", "<p>a &amp; b</p>")]
    #[case::glpi_11("<p>a &lt;b&gt; &amp; c</p>", "<p>a &lt;b&gt; &amp; c</p>")]
    #[case::plain("Référents-LSU", "Référents-LSU")]
    fn texts_are_decoded_once(#[case] stored: &str, #[case] meant: &str) {
        assert_eq!(decode(stored.to_owned()), meant);
    }

    #[test]
    fn numbers_and_texts_come_in_either_shape() {
        let row: FoundTicket = serde_json::from_str(r#"{"2": "12", "1": 2026, "12": null, "15": null}"#).unwrap();
        assert_eq!((row.id.get(), row.name.as_str(), row.status), (12, "2026", TicketStatus::Other(0)));
        assert!(serde_json::from_str::<FoundTicket>(r#"{"2": [1]}"#).is_err());
    }

    #[test]
    fn nothing_found_has_no_data() {
        let found: SearchAnswer<FoundTicket> =
            serde_json::from_str(r#"{"totalcount":0,"content-range":"0--1/0"}"#).unwrap();
        assert!(found.data.is_empty());
    }
}
