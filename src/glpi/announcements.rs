//! The service account's public notes: reminders («Notes publiques») that GLPI shows to everybody of an entity.

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::ReminderId;

use super::error::GlpiError;
use super::exchange::Call;
use super::note_seal::is_same;
use super::{Glpi, lists, wire};

/// Notes of one call, and those that are read at most.
const PAGE: usize = 100;
const MOST: usize = 10 * PAGE;

/// A note of the service account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNote {
    /// Its id.
    pub id: ReminderId,
    /// Its title.
    pub title: String,
    /// Its text, as HTML.
    pub text: String,
    /// From when it is shown, in GLPI's time zone; always where there is none.
    pub begins: Option<DateTime>,
    /// Until when.
    pub ends: Option<DateTime>,
}

/// A note as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPublicNote {
    /// Its title, one line of at most 255 characters.
    pub title: String,
    /// Its text, as HTML.
    pub text: String,
    /// From when it is shown, in GLPI's time zone.
    pub begins: DateTime,
    /// Until when; without end where there is none.
    pub ends: Option<DateTime>,
}

/// A row of `Reminder`
#[derive(Deserialize)]
struct NoteRow {
    #[serde(deserialize_with = "wire::number")]
    id: ReminderId,
    #[serde(default, deserialize_with = "wire::number")]
    users_id: u64,
    #[serde(default, deserialize_with = "wire::text")]
    name: String,
    #[serde(default, deserialize_with = "wire::text")]
    text: String,
    #[serde(default, deserialize_with = "wire::date")]
    begin_view_date: Option<DateTime>,
    #[serde(default, deserialize_with = "wire::date")]
    end_view_date: Option<DateTime>,
}

/// A row of `Entity_Reminder`: that a note is shown to an entity.
#[derive(Deserialize)]
struct NoteEntity {
    #[serde(deserialize_with = "wire::number")]
    id: u64,
    #[serde(default, deserialize_with = "wire::number")]
    reminders_id: ReminderId,
}

impl From<NoteRow> for PublicNote {
    fn from(row: NoteRow) -> Self {
        let NoteRow { id, name, text, begin_view_date: begins, end_view_date: ends, .. } = row;
        Self { id, title: name, text, begins, ends }
    }
}

impl NewPublicNote {
    fn input(&self) -> Value {
        let written = |moment: DateTime| moment.strftime("%Y-%m-%d %H:%M:%S").to_string();
        json!({
            "name": self.title, "text": self.text, "is_planned": 0,
            "begin_view_date": written(self.begins), "end_view_date": self.ends.map(written),
        })
    }
}

impl Glpi {
    /// What proves that the gateway wrote a note that says this: GLPI lets anybody give the account a note of theirs.
    pub fn proof_of_public_note(&self, says: &[String]) -> String {
        let parts: Vec<&str> = ["public"].into_iter().chain(says.iter().map(String::as_str)).collect();
        self.shared.seal.proof(&parts)
    }

    /// Whether this proves so; a note of which it does not is named in the log, once.
    pub fn is_public_note_of_ours(&self, note: &PublicNote, says: &[String], proof: &str) -> bool {
        let is_ours = is_same(proof, &self.proof_of_public_note(says));
        if !is_ours {
            self.name_stranger(note.id);
        }
        is_ours
    }

    /// The service account's notes whose text holds `text` (letters, figures, blanks, colons and hyphens), the one that
    /// was written last first; at most 1,000.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn public_notes(&self, text: &str) -> Result<Vec<PublicNote>, GlpiError> {
        self.notes_while(text, "id", |_| true).await
    }

    /// Those among them that have an end, which is later than `now` (in GLPI's time zone), in one call where there
    /// are no more than 100.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn public_notes_until_after(&self, text: &str, now: DateTime) -> Result<Vec<PublicNote>, GlpiError> {
        // The database puts what has no end behind everything.
        self.notes_while(text, "end_view_date", |row| row.end_view_date.is_some_and(|ends| ends > now)).await
    }

    /// A note of the service account's.
    ///
    /// # Errors
    ///
    /// [`GlpiError::NotFound`]: there is none of this number, or it is somebody else's.
    pub async fn public_note(&self, id: ReminderId) -> Result<PublicNote, GlpiError> {
        let own = self.own_session().await?.glpi_id;
        let query = vec![("get_hateoas".to_owned(), "false".to_owned())];
        match self.get::<NoteRow>(format!("Reminder/{id}"), query).await {
            Ok(row) if row.users_id == own.get() => Ok(row.into()),
            // GLPI tells of another account's note that the right is missing.
            Ok(_) | Err(GlpiError::Denied { .. }) => Err(GlpiError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// Writes a note, which is shown to nobody else yet.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Denied`] where the account may not write any.
    pub async fn write_public_note(&self, note: &NewPublicNote) -> Result<ReminderId, GlpiError> {
        Ok(self.add("Reminder", &note.input(), &[]).await?.id.into())
    }

    /// Writes a note anew.
    ///
    /// # Errors
    ///
    /// [`GlpiError::NotFound`]: there is none of this number, or the account may not change it.
    pub async fn rewrite_public_note(&self, id: ReminderId, note: &NewPublicNote) -> Result<(), GlpiError> {
        match self.call(&Call::update(format!("Reminder/{id}"), &note.input())).await {
            Err(GlpiError::Rejected { code, .. }) if code == "ERROR_GLPI_UPDATE" => Err(GlpiError::NotFound),
            changed => changed.map(drop),
        }
    }

    /// Shows a note to the account's entity and those below it; once, however often it is asked for.
    ///
    /// # Errors
    ///
    /// As for any write.
    pub async fn show_public_note(&self, id: ReminderId) -> Result<(), GlpiError> {
        if !self.shown_to(id).await?.is_empty() {
            return Ok(());
        }
        let entity = self.own_session().await?.glpiactive_entity;
        let input = json!({ "reminders_id": id, "entities_id": entity, "is_recursive": 1 });
        self.add("Entity_Reminder", &input, &[]).await.map(drop)
    }

    /// Shows a note to no entity any more.
    ///
    /// # Errors
    ///
    /// As for any write.
    pub async fn hide_public_note(&self, id: ReminderId) -> Result<(), GlpiError> {
        for link in self.shown_to(id).await? {
            self.call(&Call::delete("Entity_Reminder", &json!({ "id": link.id }))).await?;
        }
        Ok(())
    }

    async fn shown_to(&self, id: ReminderId) -> Result<Vec<NoteEntity>, GlpiError> {
        let query = lists::whole_list();
        let links: Vec<NoteEntity> = self.get(format!("Reminder/{id}/Entity_Reminder"), query).await?;
        Ok(links.into_iter().filter(|link| link.reminders_id == id).collect())
    }

    /// The account's own notes that hold a text, by a field, the greatest first, as long as `wanted` says so.
    async fn notes_while(
        &self,
        text: &str,
        sort: &str,
        wanted: impl Fn(&NoteRow) -> bool,
    ) -> Result<Vec<PublicNote>, GlpiError> {
        let own = self.own_session().await?.glpi_id;
        let mut found = Vec::new();
        for from in (0..MOST).step_by(PAGE) {
            let range = format!("{from}-{}", from + PAGE - 1);
            let query = [
                ("range", range.as_str()),
                ("get_hateoas", "false"),
                ("sort", sort),
                ("order", "DESC"),
                ("searchText[text]", text),
            ];
            let query = query.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
            let rows: Vec<NoteRow> = match self.get("Reminder", query).await {
                // The page after the last, where their number is a multiple of a page's.
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => break,
                rows => rows?,
            };
            let is_last = rows.len() < PAGE;
            let count = rows.len();
            let wanted: Vec<NoteRow> = rows.into_iter().take_while(|row| wanted(row)).collect();
            let is_end = wanted.len() < count;
            // Notes of others that the account may see are not the gateway's word.
            found.extend(wanted.into_iter().filter(|row| row.users_id == own.get()).map(PublicNote::from));
            if is_last || is_end {
                break;
            }
        }
        Ok(found)
    }
}
