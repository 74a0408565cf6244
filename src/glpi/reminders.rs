//! The service account's own notes: reminders («Notes personnelles»), which GLPI shows to nobody else.

use serde::Deserialize;
use serde_json::json;

use super::{Glpi, error::GlpiError, lists::exactly, wire};

/// A row of `Reminder`
#[derive(Deserialize)]
struct Reminder {
    #[serde(default, deserialize_with = "wire::text")]
    name: String,
}

impl Glpi {
    /// Whether the service account has a note of this title.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn has_note(&self, title: &str) -> Result<bool, GlpiError> {
        let rows: Vec<Reminder> = self.get("Reminder", exactly("name", title)).await?;
        Ok(rows.iter().any(|row| row.name == title))
    }

    /// Keeps a note: `Reminder`, without a date, for the service account alone. Its text is HTML.
    ///
    /// # Errors
    ///
    /// Where GLPI does not take it.
    pub async fn keep_note(&self, title: &str, text: &str) -> Result<(), GlpiError> {
        self.add("Reminder", &json!({ "name": title, "text": text, "is_planned": 0 }), &[]).await.map(drop)
    }
}
