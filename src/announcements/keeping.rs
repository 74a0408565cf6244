//! Announcements in GLPI: written, read, ended and prolonged there.

use std::fmt;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::announcement::{Announcement, MARK, Note};
use crate::{
    glpi::{FileFate, Glpi, GlpiError, NewPublicNote, PublicNote, Upload},
    id::ReminderId,
    request::Reference,
};

/// Reads and writes announcements.
#[derive(Clone)]
pub struct Keeping {
    glpi: Glpi,
    zone: TimeZone,
}

/// What kept an announcement from being read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// There is none of this number.
    #[error("there is no such announcement")]
    Unknown,
    /// GLPI does not take a file of this name, with its words.
    #[error("GLPI does not take the file «{0}»: {1}; leave it out, or have GLPI take it; nothing was sent")]
    FileRefused(String, String),
    /// GLPI cannot, or may not.
    #[error(transparent)]
    Glpi(GlpiError),
}

impl From<GlpiError> for KeepingError {
    fn from(error: GlpiError) -> Self {
        match error {
            GlpiError::NotFound => Self::Unknown,
            other => Self::Glpi(other),
        }
    }
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeping").finish_non_exhaustive()
    }
}

impl Keeping {
    /// In this GLPI, which counts in this time zone.
    pub fn new(glpi: Glpi, zone: TimeZone) -> Self {
        Self { glpi, zone }
    }

    /// The same with calls that let others go first.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { glpi: self.glpi.in_background(), zone: self.zone.clone() }
    }

    /// All announcements, the one that was written last first; at most 1,000.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn all(&self) -> Result<Vec<Announcement>, KeepingError> {
        let notes = self.glpi.public_notes(MARK).await?;
        Ok(notes.iter().filter_map(|note| self.read(note)).collect())
    }

    /// Those the portal shows, now or later. One call.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn messages(&self, now: Timestamp) -> Result<Vec<Announcement>, KeepingError> {
        let notes = self.glpi.public_notes_until_after(MARK, self.civil(now)).await?;
        let announcements = notes.iter().filter_map(|note| self.read(note));
        Ok(announcements.filter(|announcement| announcement.on_portal).collect())
    }

    /// The announcement of this number.
    ///
    /// # Errors
    ///
    /// [`KeepingError::Unknown`], also where the number is another note's.
    pub async fn one(&self, id: ReminderId) -> Result<Announcement, KeepingError> {
        let note = self.glpi.public_note(id).await?;
        self.read(&note).ok_or(KeepingError::Unknown)
    }

    /// The announcement of this name, if it is kept.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn of_reference(&self, reference: Reference) -> Result<Option<Announcement>, KeepingError> {
        Ok(self.among(&self.glpi.public_notes(&reference.to_string()).await?, reference))
    }

    fn among(&self, notes: &[PublicNote], reference: Reference) -> Option<Announcement> {
        // The first one that was written counts.
        let mut found = notes.iter().rev().filter_map(|note| self.read(note));
        found.find(|announcement| announcement.reference == reference)
    }

    /// Keeps an announcement with its files, once, and shows it in GLPI, too, where the portal does; the one that was kept before under
    /// its name stays as it is. Gives what is kept.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer, does not take a file, or the account may not write public notes. The same call again
    /// goes on.
    pub async fn keep(&self, announcement: Announcement, files: &[Upload]) -> Result<Announcement, KeepingError> {
        let announcement = announcement.fit();
        let notes = self.glpi.public_notes(&announcement.reference.to_string()).await?;
        let kept = if let Some(kept) = self.among(&notes, announcement.reference) {
            kept
        } else if files.is_empty() {
            let id = self.glpi.write_public_note(&self.note(&announcement)).await?;
            Announcement { id: Some(id), ..announcement }
        } else {
            let begun = notes.iter().rev().find(|note| announcement.is_prepared_by(&note.text));
            let id = match begun {
                Some(note) => note.id,
                None => self.glpi.write_public_note(&self.preparation(&announcement)).await?,
            };
            self.attach(id, files).await?;
            self.glpi.rewrite_public_note(id, &self.note(&announcement)).await?;
            Announcement { id: Some(id), ..announcement }
        };
        self.show(&kept).await?;
        Ok(kept)
    }

    /// Attaches those of the files that a note does not have.
    async fn attach(&self, id: ReminderId, files: &[Upload]) -> Result<(), KeepingError> {
        let there = self.glpi.documents_of(id.into()).await?;
        for file in files.iter().filter(|file| !there.iter().any(|document| document.sha1 == file.sha1())) {
            match self.glpi.attach(id.into(), None, file).await? {
                FileFate::Taken | FileFate::Unknown => {}
                FileFate::NotTaken(why) => return Err(KeepingError::FileRefused(file.name.clone(), why)),
            }
        }
        let there = self.glpi.documents_of(id.into()).await?;
        match files.iter().find(|file| !there.iter().any(|document| document.sha1 == file.sha1())) {
            None => Ok(()),
            Some(file) => Err(KeepingError::FileRefused(file.name.clone(), String::new())),
        }
    }

    /// Writes an announcement that is kept anew: ended, prolonged or corrected.
    ///
    /// # Errors
    ///
    /// As [`Keeping::one`] and [`Keeping::keep`].
    pub async fn rewrite(&self, announcement: Announcement) -> Result<Announcement, KeepingError> {
        let announcement = announcement.fit();
        let id = announcement.id.ok_or(KeepingError::Unknown)?;
        self.glpi.rewrite_public_note(id, &self.note(&announcement)).await?;
        self.show(&announcement).await?;
        Ok(announcement)
    }

    async fn show(&self, announcement: &Announcement) -> Result<(), KeepingError> {
        match announcement.id {
            Some(id) if announcement.on_portal => Ok(self.glpi.show_public_note(id).await?),
            Some(id) => Ok(self.glpi.hide_public_note(id).await?),
            None => Ok(()),
        }
    }

    fn note(&self, announcement: &Announcement) -> NewPublicNote {
        NewPublicNote {
            title: announcement.subject.clone(),
            text: announcement.note(),
            begins: self.civil(announcement.begins),
            ends: announcement.ends.map(|ends| self.civil(ends)),
        }
    }

    /// The note while its files are on their way: nobody but the account sees it.
    fn preparation(&self, announcement: &Announcement) -> NewPublicNote {
        NewPublicNote {
            title: announcement.subject.clone(),
            text: announcement.preparation(),
            begins: self.civil(announcement.begins),
            ends: None,
        }
    }

    fn read(&self, note: &PublicNote) -> Option<Announcement> {
        let moment = |date: DateTime| date.to_zoned(self.zone.clone()).ok().map(|moment| moment.timestamp());
        Announcement::read(Note {
            id: note.id,
            title: &note.title,
            text: &note.text,
            begins: note.begins.and_then(moment).unwrap_or(Timestamp::UNIX_EPOCH),
            ends: note.ends.and_then(moment),
        })
    }

    fn civil(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.zone.clone()).datetime()
    }
}
