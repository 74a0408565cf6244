//! Named notes of the service account («Notes personnelles»): each has a name of its own (`uuid`), of which GLPI's database
//! keeps a single one, so that of several who write the same note at the same moment one succeeds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Glpi,
    error::{GlpiError, Trouble},
    exchange::Call,
    lists::{MOST_ROWS, PAGE, page, pattern},
    wire,
};
use crate::id::ReminderId;

/// Notes that are written in one call.
const AT_ONCE: usize = 25;
/// How the database says that there is a note of this name (`glpi_reminders.uuid` is unique).
const TAKEN: &str = "Duplicate entry";

/// A note of the service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OwnNote {
    /// GLPI's number.
    #[serde(deserialize_with = "wire::number")]
    pub id: ReminderId,
    /// Its title.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: String,
    /// Its text, HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub text: String,
}

/// A note to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// What no other note is called, letters, digits and hyphens.
    pub key: String,
    /// Its title.
    pub name: String,
    /// Its text, HTML, at most 65,535 bytes.
    pub text: String,
}

impl NewNote {
    fn input(&self) -> Value {
        json!({ "uuid": self.key, "name": self.name, "text": self.text, "is_planned": 0 })
    }
}

impl Glpi {
    /// The notes whose titles begin and end so, the oldest first. Only the caller's own are shown, and those that are
    /// shown to it: the caller compares what they say.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn own_notes(&self, begins: &str, ends: &str) -> Result<Vec<OwnNote>, GlpiError> {
        let mut found: Vec<OwnNote> = Vec::new();
        for from in (0..MOST_ROWS).step_by(PAGE) {
            let mut query = page(from);
            query.push(("searchText[name]".to_owned(), pattern(&format!("{begins}%{ends}"))));
            query.push(("sort".to_owned(), "id".to_owned()));
            query.push(("order".to_owned(), "ASC".to_owned()));
            let rows: Vec<OwnNote> = match self.get("Reminder", query).await {
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" && from > 0 => break,
                rows => rows?,
            };
            let is_last = rows.len() < PAGE;
            found.extend(rows.into_iter().filter(|row| row.name.starts_with(begins) && row.name.ends_with(ends)));
            if is_last {
                break;
            }
        }
        found.sort_by_key(|note| note.id);
        found.dedup_by_key(|note| note.id);
        Ok(found)
    }

    /// Writes a note; `None` where there is one of this key already.
    ///
    /// # Errors
    ///
    /// [`GlpiError::AnswerLost`] where it may have been written: [`Glpi::own_notes`] tells.
    pub async fn keep_own_note(&self, note: &NewNote) -> Result<Option<ReminderId>, GlpiError> {
        match self.add("Reminder", &note.input(), &[]).await {
            Ok(added) => Ok(Some(ReminderId::new(added.id))),
            Err(GlpiError::Rejected { message, .. }) if message.contains(TAKEN) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes many notes, as many as there are; the caller reads back which ones GLPI took.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer, or takes none for want of a right.
    pub async fn keep_own_notes(&self, notes: &[NewNote]) -> Result<(), GlpiError> {
        for some in notes.chunks(AT_ONCE) {
            let inputs: Vec<String> = some.iter().map(|note| note.input().to_string()).collect();
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            match self.call(&Call::create_each("Reminder", &inputs)).await {
                Ok(_) | Err(GlpiError::AnswerLost { .. }) => {}
                Err(GlpiError::Rejected { message, .. }) if message.contains(TAKEN) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes a note's title and text anew.
    ///
    /// # Errors
    ///
    /// Where GLPI does not say that it did; the same call again does no harm.
    pub async fn rewrite_own_note(&self, id: ReminderId, note: &NewNote) -> Result<(), GlpiError> {
        let input = json!({ "name": note.name, "text": note.text });
        let answer = self.call(&Call::update(format!("Reminder/{id}"), &input)).await?;
        let done = answer[0].get(id.to_string()).is_some_and(|done| done == &json!(true));
        if done { Ok(()) } else { Err(GlpiError::interrupted(Trouble::Unexpected, true)) }
    }
}
