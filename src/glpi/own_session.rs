//! What GLPI says of the service account's session.

use serde::Deserialize;
use serde_json::Value;

use super::wire;
use crate::id::{EntityId, UserId};

/// `GET getFullSession`
#[derive(Deserialize)]
pub(super) struct FullSession {
    pub session: OwnSession,
}

#[derive(Deserialize)]
pub(super) struct OwnSession {
    #[serde(rename = "glpiID", deserialize_with = "wire::number")]
    pub glpi_id: UserId,
    #[serde(default, deserialize_with = "wire::text")]
    pub glpiname: String,
    #[serde(default, deserialize_with = "wire::number")]
    pub glpiactive_entity: EntityId,
    #[serde(default, deserialize_with = "wire::number")]
    pub glpiactive_entity_recursive: u64,
    /// GLPI's own clock when it answered first in this session.
    #[serde(default, deserialize_with = "wire::text")]
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
