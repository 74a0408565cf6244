//! A file that GLPI does not take, in an archive of its own.

use std::io::{Cursor, Write as _};

use bytes::Bytes;
use zip::{CompressionMethod, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// An archive's extension.
const EXTENSION: &str = "zip";

/// Whether GLPI takes archives is asked of this name.
pub(super) const SAMPLE: &str = "a.zip";

/// The name and bytes of the archive that holds this file; the same bytes each time, by which it is known again. `None`
/// where it is an archive already.
pub(super) fn wrapped(name: &str, content: &[u8]) -> Option<(String, Bytes)> {
    let is_archive = name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case(EXTENSION));
    if is_archive {
        return None;
    }
    let archive = archive(name, content).inspect_err(|error| tracing::warn!(%error, "a file cannot be archived"));
    Some((name_of(name), archive.ok()?))
}

/// What the archive is called that holds the file of this name.
pub(super) fn name_of(file: &str) -> String {
    format!("{file}.{EXTENSION}")
}

fn archive(name: &str, content: &[u8]) -> ZipResult<Bytes> {
    // Without compression: what GLPI does not take are pictures and films, which are compressed.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(content.len() + 512)));
    archive.start_file(name, options)?;
    archive.write_all(content)?;
    Ok(archive.finish()?.into_inner().into())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::wrapped;

    #[test]
    fn a_file_comes_out_as_it_went_in() {
        let (name, archive) = wrapped("élève 1.heic", b"contenu").unwrap();
        assert_eq!(name, "élève 1.heic.zip");
        assert_eq!(wrapped("élève 1.heic", b"contenu"), Some((name, archive.clone())));
        let mut read = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
        let mut file = read.by_name("élève 1.heic").unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"contenu");
        assert_eq!(wrapped("notes.ZIP", b""), None);
    }
}
