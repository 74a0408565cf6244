//! Named notes of the service account («Notes personnelles»): each has a name of its own (`uuid`), of which GLPI's database
//! keeps a single one, so that of several who write the same note at the same moment one succeeds. A note that the gateway
//! did not write is none of these, whoever GLPI says it is of (`note_seal`).

use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Glpi,
    error::{GlpiError, Trouble},
    exchange::Call,
    lists::{MOST_ROWS, PAGE, page, pattern},
    note_seal::NoteSeal,
    wire,
};
use crate::id::ReminderId;

/// Notes that are written in one call.
const AT_ONCE: usize = 25;
/// Notes that only look like the gateway's: so many are named.
const MOST_STRANGERS: usize = 1000;
/// How the database says that there is a note of this name (`glpi_reminders.uuid` is unique).
const TAKEN: &str = "Duplicate entry";

/// A note that the gateway wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnNote {
    /// GLPI's number.
    pub id: ReminderId,
    /// Its title.
    pub name: String,
    /// Its text, HTML.
    pub text: String,
    /// Somebody has changed its title or text in GLPI: what it says does not count.
    pub is_changed: bool,
}

/// A row of `Reminder`
#[derive(Deserialize)]
struct NoteRow {
    #[serde(deserialize_with = "wire::number")]
    id: ReminderId,
    #[serde(default, deserialize_with = "wire::number")]
    users_id: u64,
    #[serde(default, deserialize_with = "wire::text")]
    uuid: String,
    #[serde(default, deserialize_with = "wire::text")]
    name: String,
    #[serde(default, deserialize_with = "wire::text")]
    text: String,
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
    fn input(&self, seal: &NoteSeal) -> Value {
        json!({ "uuid": seal.key(&self.key), "name": self.name, "text": self.sealed(seal), "is_planned": 0 })
    }

    fn sealed(&self, seal: &NoteSeal) -> String {
        seal.sealed(&self.key, &self.name, &self.text)
    }
}

impl Glpi {
    /// The notes of the gateway's own whose titles begin and end so, the oldest first. Others of such a title are named
    /// in the log, once.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn own_notes(&self, begins: &str, ends: &str) -> Result<Vec<OwnNote>, GlpiError> {
        let own = self.own_session().await?.glpi_id.get();
        let mut found: Vec<OwnNote> = Vec::new();
        for from in (0..MOST_ROWS).step_by(PAGE) {
            let mut query = page(from);
            query.push(("searchText[name]".to_owned(), pattern(&format!("{begins}%{ends}"))));
            query.push(("sort".to_owned(), "id".to_owned()));
            query.push(("order".to_owned(), "ASC".to_owned()));
            let rows: Vec<NoteRow> = match self.get("Reminder", query).await {
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" && from > 0 => break,
                rows => rows?,
            };
            let is_last = rows.len() < PAGE;
            let named = rows.into_iter().filter(|row| row.name.starts_with(begins) && row.name.ends_with(ends));
            found.extend(named.filter_map(|row| self.own_note(row, own)));
            if is_last {
                break;
            }
        }
        found.sort_by_key(|note| note.id);
        found.dedup_by_key(|note| note.id);
        Ok(found)
    }

    /// The note that a row is, where the gateway wrote it.
    fn own_note(&self, row: NoteRow, own: u64) -> Option<OwnNote> {
        let seal = &self.shared.seal;
        if row.users_id == own && seal.is_key(&row.uuid) {
            let (text, holds) = seal.opened(&row.uuid, &row.name, &row.text);
            return Some(OwnNote { id: row.id, text: text.to_owned(), is_changed: !holds, name: row.name });
        }
        self.name_stranger(row.id);
        None
    }

    /// Says of a note that passes itself off as the gateway's that it does not count; once. Its title is somebody's words,
    /// and stays in GLPI.
    pub(super) fn name_stranger(&self, id: ReminderId) {
        let mut known = self.shared.strange_notes.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_STRANGERS && known.insert(id) {
            tracing::warn!(
                note = %id,
                "a note in GLPI looks like the gateway's own and was not written by it, or was changed; it does not count: its history in GLPI says who wrote it; remove it"
            );
        }
    }

    /// Writes a note; `None` where there is one of this key already.
    ///
    /// # Errors
    ///
    /// [`GlpiError::AnswerLost`] where it may have been written: [`Glpi::own_notes`] tells.
    pub async fn keep_own_note(&self, note: &NewNote) -> Result<Option<ReminderId>, GlpiError> {
        match self.add("Reminder", &note.input(&self.shared.seal), &[]).await {
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
            let inputs: Vec<String> = some.iter().map(|note| note.input(&self.shared.seal).to_string()).collect();
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
    /// [`GlpiError::NotFound`] where it is gone; else where GLPI does not say that it did: the same call again does no harm.
    pub async fn rewrite_own_note(&self, id: ReminderId, note: &NewNote) -> Result<(), GlpiError> {
        let input = json!({ "name": note.name, "text": note.sealed(&self.shared.seal) });
        let answer = match self.call(&Call::update(format!("Reminder/{id}"), &input)).await {
            Err(GlpiError::Rejected { code, .. }) if code == "ERROR_GLPI_UPDATE" => return Err(GlpiError::NotFound),
            answer => answer?,
        };
        let done = answer[0].get(id.to_string()).is_some_and(|done| done == &json!(true));
        if done { Ok(()) } else { Err(GlpiError::interrupted(Trouble::Unexpected, true)) }
    }
}
