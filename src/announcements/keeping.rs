//! Announcements in GLPI: written, read, ended and prolonged there.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use tokio::{sync::Mutex, time::sleep};

use super::announcement::{Announcement, Attacher, MARK, Note};
use crate::{
    flow::ledger::instance_token,
    glpi::{FileFate, Glpi, GlpiError, NewNote, NewPublicNote, PublicNote, Upload},
    id::ReminderId,
    request::Reference,
    text::{Bilingual, Language, french},
};

/// Announcements that were handed in, by way.
pub(super) const ANNOUNCEMENTS: &str = "passerelle_announcements_total";

/// Whoever began to attach files longer ago than this has died.
const ABANDONED: SignedDuration = SignedDuration::from_mins(1);
/// How often one looks whether another one has attached them.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// PHP's settings that bound a file, and a whole call.
const UPLOAD: &str = "upload_max_filesize";
const POST: &str = "post_max_size";

/// Reads and writes announcements.
#[derive(Clone)]
pub struct Keeping {
    glpi: Glpi,
    zone: TimeZone,
    /// One at a time writes here: several who hand in the same at the same moment would each attach its files.
    writing: Arc<Mutex<()>>,
    /// Who attaches files here.
    me: Arc<str>,
}

/// What kept an announcement from being read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said().text(Language::English))]
pub enum KeepingError {
    /// There is none of this number.
    Unknown,
    /// GLPI does not take a file.
    FileRefused {
        /// The file's name.
        name: String,
        /// Its size.
        size: u64,
        /// GLPI's words; empty where it gave none.
        why: String,
    },
    /// PHP of the GLPI server does not take a file of so many bytes, by one of its settings.
    TooLarge {
        /// The file's name.
        name: String,
        /// Its size.
        size: u64,
        /// The setting: `upload_max_filesize` or `post_max_size`.
        setting: &'static str,
    },
    /// GLPI cannot, or may not.
    Glpi(GlpiError),
}

impl KeepingError {
    /// Why, for who runs a command; GLPI's own words are quoted.
    pub fn said(&self) -> Bilingual {
        match self {
            Self::Unknown => Bilingual::new("there is no such announcement", "il n’y a pas d’information de ce nom"),
            // A file that PHP did not take is one that GLPI does not find: its words name neither cause.
            Self::FileRefused { name, size, why } => {
                let size = french::size(*size);
                let (english, french) = if why.is_empty() {
                    (String::new(), String::new())
                } else {
                    (format!("; it says: {why}"), format!("\u{a0}; il dit\u{a0}: «\u{a0}{why}\u{a0}»"))
                };
                Bilingual::new(
                    format!(
                        "GLPI does not take the file \"{name}\" ({size}{english}): its type is not allowed there (Setup > \
                         Dropdowns > Document types), or it is larger than {UPLOAD} of the GLPI server’s PHP; leave it out, \
                         or have it allowed; nothing was sent"
                    ),
                    format!(
                        "GLPI ne prend pas le fichier «\u{a0}{name}\u{a0}» ({size}{french})\u{a0}: son type n’y est pas autorisé \
                         (Configuration > Intitulés > Types de documents), ou il dépasse {UPLOAD} du PHP du serveur GLPI\u{a0}; \
                         retirez-le, ou faites-le accepter\u{a0}; rien n’est parti"
                    ),
                )
            }
            Self::TooLarge { name, size, setting } => {
                let size = french::size(*size);
                Bilingual::new(
                    format!(
                        "the file \"{name}\" ({size}) is larger than {setting} of the GLPI server’s PHP allows; raise it in \
                         php.ini, or attach a smaller file; nothing was sent"
                    ),
                    format!(
                        "le fichier «\u{a0}{name}\u{a0}» ({size}) dépasse {setting} du PHP du serveur GLPI\u{a0}; relevez-le dans \
                         php.ini, ou joignez un fichier plus petit\u{a0}; rien n’est parti"
                    ),
                )
            }
            Self::Glpi(why) => why.line(),
        }
    }
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
        Self { glpi, zone, writing: Arc::default(), me: instance_token().into() }
    }

    /// The same with calls that let others go first.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { glpi: self.glpi.in_background(), ..self.clone() }
    }

    /// All announcements, the one that was written last first; at most 1,000.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn all(&self) -> Result<Vec<Announcement>, KeepingError> {
        let notes = self.glpi.public_notes(MARK).await?;
        Ok(self.read_once(&notes))
    }

    /// Those the portal shows, now or later. One call.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn messages(&self, now: Timestamp) -> Result<Vec<Announcement>, KeepingError> {
        let notes = self.glpi.public_notes_until_after(MARK, self.civil(now)).await?;
        let announcements = self.read_once(&notes).into_iter();
        Ok(announcements.filter(Announcement::is_on_portal_now).collect())
    }

    /// The announcements that notes are, each once: of those of one name the first one that was written counts.
    fn read_once(&self, notes: &[PublicNote]) -> Vec<Announcement> {
        let mut announcements: Vec<Announcement> = notes.iter().filter_map(|note| self.read(note)).collect();
        let mut first: BTreeMap<Reference, Option<ReminderId>> = BTreeMap::new();
        for announcement in &announcements {
            let id = first.entry(announcement.reference).or_insert(announcement.id);
            *id = announcement.id.min(*id);
        }
        announcements.retain(|announcement| first[&announcement.reference] == announcement.id);
        announcements
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
        Ok(self.among(&self.notes_of(reference).await?, reference))
    }

    async fn notes_of(&self, reference: Reference) -> Result<Vec<PublicNote>, KeepingError> {
        Ok(self.glpi.public_notes(&reference.to_string()).await?)
    }

    /// Those of this name.
    fn named(&self, notes: &[PublicNote], reference: Reference) -> impl Iterator<Item = Announcement> {
        notes.iter().filter_map(|note| self.read(note)).filter(move |announcement| announcement.reference == reference)
    }

    /// Of those that were written at the same moment the first one counts, for everybody.
    fn among(&self, notes: &[PublicNote], reference: Reference) -> Option<Announcement> {
        self.named(notes, reference).min_by_key(|announcement| announcement.id)
    }

    /// The announcement of this name, and no double of it any more: whoever sees one takes it away.
    async fn settle(&self, reference: Reference) -> Result<Option<Announcement>, KeepingError> {
        let notes = self.notes_of(reference).await?;
        let mut named: Vec<Announcement> = self.named(&notes, reference).collect();
        named.sort_by_key(|announcement| announcement.id);
        let mut named = named.into_iter();
        let kept = named.next();
        for double in named {
            self.retire(&double).await?;
        }
        Ok(kept)
    }

    /// Makes a note nobody's announcement.
    async fn retire(&self, double: &Announcement) -> Result<(), KeepingError> {
        let Some(id) = double.id else { return Ok(()) };
        let note = NewPublicNote { text: double.double(), ..self.note(double) };
        self.glpi.rewrite_public_note(id, &note).await?;
        Ok(self.glpi.hide_public_note(id).await?)
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
        loop {
            if let Some(kept) = self.keep_now(&announcement, files).await? {
                return Ok(kept);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// The same; `None` while another one attaches its files.
    async fn keep_now(
        &self,
        announcement: &Announcement,
        files: &[Upload],
    ) -> Result<Option<Announcement>, KeepingError> {
        let reference = announcement.reference;
        let _one = self.writing.lock().await;
        let notes = self.notes_of(reference).await?;
        if let Some(kept) = self.among(&notes, reference) {
            self.show(&kept).await?;
            return Ok(Some(kept));
        }
        let id = if files.is_empty() {
            self.glpi.write_public_note(&self.note(announcement)).await?
        } else {
            let Some(id) = self.prepare(&notes, announcement).await? else { return Ok(None) };
            if let Err(error) = self.attach(id, files).await {
                // Whoever comes next need not wait. Where GLPI does not take this either, they do.
                let _ = self.glpi.rewrite_public_note(id, &self.preparation(announcement, None)).await;
                return Err(error);
            }
            self.glpi.rewrite_public_note(id, &self.note(announcement)).await?;
            id
        };
        // Others may have written the same at this moment: GLPI keeps no name of such notes single.
        let kept = self.settle(reference).await?;
        let kept = kept.unwrap_or_else(|| Announcement { id: Some(id), ..announcement.clone() });
        if kept.id == Some(id) {
            metrics::counter!(ANNOUNCEMENTS, "way" => kept.way()).increment(1);
        }
        self.show(&kept).await?;
        Ok(Some(kept))
    }

    /// The note that files are attached to, for the one who attaches them: of several, in whatever process, who do so at
    /// the same moment, GLPI gives its name to one. `None` for the others, until that one must have died.
    async fn prepare(
        &self,
        notes: &[PublicNote],
        announcement: &Announcement,
    ) -> Result<Option<ReminderId>, KeepingError> {
        let me = Attacher { since: Timestamp::now(), who: self.me.to_string() };
        if let Some((id, by)) = prepared(notes, announcement) {
            // One of this process has given up: one at a time writes here.
            if by.is_some_and(|by| by.who != me.who && me.since.duration_since(by.since) < ABANDONED) {
                return Ok(None);
            }
            self.glpi.rewrite_public_note(id, &self.preparation(announcement, Some(&me))).await?;
            return Ok(Some(id));
        }
        let note = NewNote {
            key: format!("passerelle-{}-files", announcement.reference),
            name: announcement.subject.clone(),
            text: announcement.preparation(Some(&me)),
        };
        match self.glpi.keep_own_note(&note).await {
            Err(GlpiError::AnswerLost { why, together, source }) => {
                let notes = self.notes_of(announcement.reference).await?;
                match prepared(&notes, announcement) {
                    Some((id, by)) if by.as_ref() == Some(&me) => Ok(Some(id)),
                    Some(_) => Ok(None),
                    None => Err(GlpiError::AnswerLost { why, together, source }.into()),
                }
            }
            Ok(None) => {
                let notes = self.notes_of(announcement.reference).await?;
                let has_one = self.among(&notes, announcement.reference).is_some();
                if has_one || prepared(&notes, announcement).is_some() {
                    return Ok(None);
                }
                // Somebody has made another note of it in GLPI, which has its name.
                Ok(Some(self.glpi.write_public_note(&self.preparation(announcement, Some(&me))).await?))
            }
            written => Ok(written?),
        }
    }

    /// Attaches those of the files that a note does not have.
    async fn attach(&self, id: ReminderId, files: &[Upload]) -> Result<(), KeepingError> {
        let there = self.glpi.documents_of(id.into()).await?;
        for file in files.iter().filter(|file| !there.iter().any(|document| document.sha1 == file.sha1())) {
            match self.glpi.attach(id.into(), None, file).await {
                Ok(FileFate::Taken | FileFate::Unknown) => {}
                Ok(FileFate::NotTaken(why)) => return Err(refused(file, why)),
                Err(GlpiError::TooLarge) => return Err(too_large(file, POST)),
                Err(error) => return Err(error.into()),
            }
        }
        let there = self.glpi.documents_of(id.into()).await?;
        match files.iter().find(|file| !there.iter().any(|document| document.sha1 == file.sha1())) {
            None => Ok(()),
            Some(file) => Err(refused(file, String::new())),
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
        // Its text last: whoever is interrupted before sees by it that there is something to do.
        self.show(&announcement).await?;
        self.glpi.rewrite_public_note(id, &self.note(&announcement)).await?;
        // What was ended is not shown by a double of it.
        self.settle(announcement.reference).await?;
        Ok(announcement)
    }

    async fn show(&self, announcement: &Announcement) -> Result<(), KeepingError> {
        match announcement.id {
            Some(id) if announcement.is_on_portal_now() => Ok(self.glpi.show_public_note(id).await?),
            Some(id) => Ok(self.glpi.hide_public_note(id).await?),
            None => Ok(()),
        }
    }

    fn note(&self, announcement: &Announcement) -> NewPublicNote {
        NewPublicNote {
            title: announcement.subject.clone(),
            text: announcement.sealed(&self.glpi.proof_of_public_note(&announcement.proven())),
            begins: self.civil(announcement.begins),
            ends: announcement.ends.map(|ends| self.civil(ends)),
        }
    }

    /// The note while its files are on their way: nobody but the account sees it.
    fn preparation(&self, announcement: &Announcement, by: Option<&Attacher>) -> NewPublicNote {
        NewPublicNote {
            title: announcement.subject.clone(),
            text: announcement.preparation(by),
            begins: self.civil(announcement.begins),
            ends: None,
        }
    }

    fn read(&self, note: &PublicNote) -> Option<Announcement> {
        let moment = |date: DateTime| date.to_zoned(self.zone.clone()).ok().map(|moment| moment.timestamp());
        let announcement = Announcement::read(Note {
            id: note.id,
            title: &note.title,
            text: &note.text,
            begins: note.begins.and_then(moment).unwrap_or(Timestamp::UNIX_EPOCH),
            ends: note.ends.and_then(moment),
        })?;
        // Whoever it is of by GLPI's word: the gateway wrote it.
        let is_ours = self.glpi.is_public_note_of_ours(note, &announcement.proven(), Announcement::seal_of(&note.text));
        is_ours.then_some(announcement)
    }

    fn civil(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.zone.clone()).datetime()
    }
}

/// Why GLPI did not take a file; in whatever language, its words name the setting of PHP that it hit.
fn refused(file: &Upload, why: String) -> KeepingError {
    match [UPLOAD, POST].into_iter().find(|setting| why.contains(setting)) {
        Some(setting) => too_large(file, setting),
        None => KeepingError::FileRefused { name: file.name.clone(), size: file.bytes.len() as u64, why },
    }
}

fn too_large(file: &Upload, setting: &'static str) -> KeepingError {
    KeepingError::TooLarge { name: file.name.clone(), size: file.bytes.len() as u64, setting }
}

/// The first note that was written for the files of this announcement, and who attaches them.
fn prepared(notes: &[PublicNote], announcement: &Announcement) -> Option<(ReminderId, Option<Attacher>)> {
    let prepared = notes.iter().filter_map(|note| Some((note.id, announcement.prepared(&note.text)?.by)));
    prepared.min_by_key(|(id, _)| *id)
}
