//! The files of an announcement: documents of its note in GLPI, known again by their bytes.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use data_encoding::HEXLOWER;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::one_line::{LONGEST_SUBJECT, line};
use crate::{
    glpi::{Document, Glpi, GlpiError, Upload},
    id::ReminderId,
    letters::EnclosedFile,
    text::french,
};

/// What stands between a name and what is known of the file.
const KNOWN: &str = " (";
const ANY_TYPE: &str = "application/octet-stream";

/// A file of an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementFile {
    /// Its name, as people see it; GLPI's own may become that of a ticket's file with the same bytes.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-1 of its bytes, in hex: by it GLPI knows a document.
    pub sha1: String,
    /// The SHA-256 of its bytes, in hex: by it nothing else goes in its place.
    pub sha256: String,
}

/// Why the files of an announcement are not at hand.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoFiles {
    /// One is missing in GLPI, or changed.
    #[error("a file is missing in GLPI, or changed")]
    Damaged,
    /// GLPI cannot answer.
    #[error(transparent)]
    Glpi(GlpiError),
}

impl AnnouncementFile {
    /// What is known of a file with these bytes.
    pub fn of(name: &str, media_type: &str, bytes: &[u8]) -> Self {
        let upload = Upload::new(String::new(), String::new(), Bytes::copy_from_slice(bytes), None);
        Self::of_upload(name, media_type, &upload)
    }

    /// The same of a file that goes to GLPI, under the name that people see.
    pub(super) fn of_upload(name: &str, media_type: &str, upload: &Upload) -> Self {
        Self {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: upload.bytes.len() as u64,
            sha1: upload.sha1().to_owned(),
            sha256: HEXLOWER.encode(&Sha256::digest(&upload.bytes)),
        }
        .fit()
    }

    /// As a note and a mail have it: a name of one line, a media type without parameters.
    #[must_use]
    pub(super) fn fit(mut self) -> Self {
        self.name = line(&self.name, LONGEST_SUBJECT);
        if self.name.is_empty() {
            "fichier".clone_into(&mut self.name);
        }
        let is_token =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c));
        if !self.media_type.split_once('/').is_some_and(|(kind, of)| is_token(kind) && is_token(of)) {
            ANY_TYPE.clone_into(&mut self.media_type);
        }
        self
    }

    /// A line of the announcement's note.
    pub(super) fn shown(&self) -> String {
        let Self { name, media_type, size, sha1, sha256 } = self;
        format!("{name}{KNOWN}{media_type}, {size} octets, SHA-1 {sha1}, SHA-256 {sha256})")
    }

    /// What [`AnnouncementFile::shown`] wrote.
    pub(super) fn read(shown: &str) -> Option<Self> {
        let (name, known) = shown.rsplit_once(KNOWN)?;
        let mut known = known.strip_suffix(')')?.split(", ");
        let file = Self {
            name: name.to_owned(),
            media_type: known.next()?.to_owned(),
            size: known.next()?.strip_suffix(" octets")?.parse().ok()?,
            sha1: known.next()?.strip_prefix("SHA-1 ")?.to_owned(),
            sha256: known.next()?.strip_prefix("SHA-256 ")?.to_owned(),
        };
        known.next().is_none().then_some(file)
    }

    /// Its name and size, as people read them.
    pub fn told(&self) -> String {
        format!("{} ({})", self.name, french::size(self.size))
    }

    /// What says which file it is.
    pub(super) fn identity(&self) -> String {
        format!("{}\n{}\n{}\n", self.name, self.size, self.sha256)
    }

    /// The one at this place among files, counted from 1.
    pub fn at(files: &[Self], place: usize) -> Option<&Self> {
        files.get(place.checked_sub(1)?)
    }

    /// Its document among those of its note.
    pub fn among<'a>(&self, documents: &'a [Document]) -> Option<&'a Document> {
        documents.iter().find(|document| document.sha1.eq_ignore_ascii_case(&self.sha1))
    }
}

/// Whether the note has a document for each of these files.
pub(super) async fn are_there(
    glpi: &Glpi,
    note: Option<ReminderId>,
    files: &[AnnouncementFile],
) -> Result<bool, GlpiError> {
    match documents(glpi, note, files).await {
        Ok(documents) => Ok(files.iter().all(|file| file.among(&documents).is_some())),
        Err(NoFiles::Damaged) => Ok(false),
        Err(NoFiles::Glpi(error)) => Err(error),
    }
}

/// The files of an announcement, read from GLPI: each as it was when the announcement was written.
pub(super) async fn read(
    glpi: &Glpi,
    note: Option<ReminderId>,
    files: &[AnnouncementFile],
) -> Result<Vec<EnclosedFile>, NoFiles> {
    let documents = documents(glpi, note, files).await?;
    let mut read = Vec::with_capacity(files.len());
    for file in files {
        let document = file.among(&documents).ok_or(NoFiles::Damaged)?;
        let mut pieces = match glpi.download(document.id).await {
            Ok(download) => pin!(download.into_stream()),
            // GLPI knows the document, and its file is gone.
            Err(GlpiError::NotFound | GlpiError::Denied { .. } | GlpiError::Rejected { .. }) => {
                return Err(NoFiles::Damaged);
            }
            Err(error) => return Err(NoFiles::Glpi(error)),
        };
        let mut content = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            content.extend_from_slice(&piece.map_err(NoFiles::Glpi)?);
            if content.len() as u64 > file.size {
                return Err(NoFiles::Damaged);
            }
        }
        if HEXLOWER.encode(&Sha256::digest(&content)) != file.sha256 {
            return Err(NoFiles::Damaged);
        }
        let (name, media_type) = (file.name.clone(), file.media_type.clone());
        read.push(EnclosedFile { name, media_type, content: content.freeze() });
    }
    Ok(read)
}

async fn documents(
    glpi: &Glpi,
    note: Option<ReminderId>,
    files: &[AnnouncementFile],
) -> Result<Vec<Document>, NoFiles> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let note = note.ok_or(NoFiles::Damaged)?;
    match glpi.documents_of(note.into()).await {
        Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Err(NoFiles::Damaged),
        documents => documents.map_err(NoFiles::Glpi),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::AnnouncementFile;

    proptest! {
        #[test]
        fn a_file_s_line_is_read_again(name in any::<String>(), media_type in any::<String>(), bytes in any::<Vec<u8>>()) {
            let file = AnnouncementFile::of(&name, &media_type, &bytes);
            prop_assert_eq!(AnnouncementFile::read(&file.shown()), Some(file));
        }
    }

    #[test]
    fn a_media_type_has_no_parameter() {
        let of = |media_type| AnnouncementFile::of("a", media_type, b"").media_type;
        assert_eq!(of("application/vnd.ms-excel"), "application/vnd.ms-excel");
        for odd in ["", "text", "text/plain; charset=utf-8", "text/pl ain", "/", "text/html\r\nX: y"] {
            assert_eq!(of(odd), "application/octet-stream", "{odd}");
        }
    }
}
