//! A mail that Outlook saved as a file, `.msg` (MS-OXMSG): properties in the streams of a compound file.

use std::io::{Cursor, Read as _};

use bytes::Bytes;
use cfb::CompoundFile;
use data_encoding::BASE64;

use super::{charset, rtf};

/// MS-CFB section 2.2: how a compound file begins.
const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Files that are looked at in one, and the size of all that is read.
const MAX_FILES: usize = 100;
const MAX_BYTES: u64 = 64 * 1024 * 1024;

// MS-OXPROPS: the properties that are read.
const SUBJECT: u16 = 0x0037;
const SENDER_NAME: u16 = 0x0c1a;
const SENDER_ADDRESS: u16 = 0x5d01;
const SENDER_ADDRESS_OLD: u16 = 0x0c1f;
const BODY: u16 = 0x1000;
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const MESSAGE_CLASS: u16 = 0x001a;
const FILE_CONTENT: u16 = 0x3701;
const FILE_NAME: u16 = 0x3704;
const LONG_FILE_NAME: u16 = 0x3707;
const FILE_TYPE: u16 = 0x370e;

/// What a saved mail holds.
pub(super) struct Msg {
    /// Its writer, subject and text, as a mail.
    pub(super) mail: Bytes,
    /// Its subject.
    pub(super) title: Option<String>,
    /// Its files: name, media type, content.
    pub(super) files: Vec<(Option<String>, Option<String>, Bytes)>,
    /// Whether all of it could be read.
    pub(super) whole: bool,
}

/// Whether these may be the bytes of a saved mail.
pub(super) fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNATURE)
}

/// Reads a saved mail; `None` where it is none, such as another document of Office.
pub(super) fn read(bytes: &Bytes) -> Option<Msg> {
    let mut file = CompoundFile::open(Cursor::new(bytes.clone())).ok()?;
    let mut left = MAX_BYTES;
    let class = text(&mut file, "", MESSAGE_CLASS, &mut left)?;
    if !class.to_ascii_lowercase().starts_with("ipm.note") {
        return None;
    }
    let title = text(&mut file, "", SUBJECT, &mut left);
    let name = text(&mut file, "", SENDER_NAME, &mut left).unwrap_or_default();
    let address = text(&mut file, "", SENDER_ADDRESS, &mut left)
        .or_else(|| text(&mut file, "", SENDER_ADDRESS_OLD, &mut left))
        .filter(|address| address.contains('@'))
        .unwrap_or_default();
    let says = |text: &String| text.contains(char::is_alphanumeric);
    let html = binary(&mut file, "", HTML, &mut left).map(|html| charset::decode(&html, None)).filter(says);
    let plain = text(&mut file, "", BODY, &mut left).filter(says);
    let (kind, body) = match (html, plain) {
        (Some(html), _) => ("html", html),
        (None, Some(plain)) => ("plain", plain),
        (None, None) => {
            let compressed = binary(&mut file, "", RTF, &mut left);
            let text = compressed.and_then(|rtf| rtf::decompress(&rtf)).map(|rtf| rtf::text(&rtf));
            ("plain", text.unwrap_or_default())
        }
    };
    let word = |text: &str| format!("=?utf-8?B?{}?=", BASE64.encode(charset::line(text, 250).as_bytes()));
    let mail = format!(
        "From: {} <{}>\r\nSubject: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/{kind}; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        word(&name),
        charset::line(&address, 250).replace(['<', '>', ' '], ""),
        word(title.as_deref().unwrap_or_default()),
        BASE64.encode(body.as_bytes())
    );
    let storages: Vec<String> = file
        .read_root_storage()
        .filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"))
        .map(|entry| format!("/{}", entry.name()))
        .collect();
    let mut whole = storages.len() <= MAX_FILES;
    let mut files = Vec::new();
    for storage in storages.iter().take(MAX_FILES) {
        let name = text(&mut file, storage, LONG_FILE_NAME, &mut left)
            .or_else(|| text(&mut file, storage, FILE_NAME, &mut left));
        let kind = text(&mut file, storage, FILE_TYPE, &mut left).map(|kind| kind.to_ascii_lowercase());
        // A mail within is a storage of its own: then the saved mail itself goes along.
        match binary(&mut file, storage, FILE_CONTENT, &mut left) {
            Some(content) => files.push((name, kind, content.into())),
            None => whole = false,
        }
    }
    Some(Msg { mail: mail.into(), title, files, whole })
}

/// A text property (MS-OXMSG section 2.1.3): UTF-16, or of the writer's code page.
fn text(file: &mut CompoundFile<Cursor<Bytes>>, storage: &str, id: u16, left: &mut u64) -> Option<String> {
    let text = if let Some(units) = stream(file, storage, id, 0x1f, left) {
        let units = units.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        charset::decode(&stream(file, storage, id, 0x1e, left)?, Some("windows-1252"))
    };
    Some(text.trim_end_matches('\0').replace("\r\n", "\n")).filter(|text| !text.is_empty())
}

fn binary(file: &mut CompoundFile<Cursor<Bytes>>, storage: &str, id: u16, left: &mut u64) -> Option<Vec<u8>> {
    stream(file, storage, id, 0x0102, left)
}

/// The stream of a property of this type; `None` where there is none, or no room to read it.
fn stream(
    file: &mut CompoundFile<Cursor<Bytes>>,
    storage: &str,
    id: u16,
    kind: u16,
    left: &mut u64,
) -> Option<Vec<u8>> {
    let path = format!("{storage}/__substg1.0_{id:04X}{kind:04X}");
    let mut stream = file.open_stream(&path).ok()?;
    *left = left.checked_sub(stream.len())?;
    let mut content = Vec::new();
    stream.read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use bytes::Bytes;
    use cfb::CompoundFile;
    use proptest::prelude::*;

    use super::{is_compound, read};

    fn saved(streams: &[(&str, &[u8])]) -> Bytes {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (path, content) in streams {
            if let Some((storage, _)) = path.rsplit_once('/').filter(|(storage, _)| !storage.is_empty()) {
                file.create_storage_all(storage).unwrap();
            }
            file.create_stream(path).unwrap().write_all(content).unwrap();
        }
        file.into_inner().into_inner().into()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_saved_mail_is_its_writer_subject_text_and_files() {
        let msg = saved(&[
            ("/__substg1.0_001A001F", &utf16("IPM.Note")),
            ("/__substg1.0_0037001F", &utf16("LSU : écran")),
            ("/__substg1.0_0C1A001F", &utf16("Paul Durand")),
            ("/__substg1.0_5D01001F", &utf16("paul.durand@ac-dijon.fr")),
            ("/__substg1.0_1000001F", &utf16("Voici l'écran.\r\n")),
            ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &utf16("écran.png")),
            ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"\x89PNG"),
        ]);
        assert!(is_compound(&msg));
        let msg = read(&msg).unwrap();
        assert!(msg.whole);
        assert_eq!(msg.title.as_deref(), Some("LSU : écran"));
        assert_eq!(msg.files, [(Some("écran.png".to_owned()), None, Bytes::from_static(b"\x89PNG"))]);
        let shown = super::super::forwarded::block(&msg.mail, 10_000);
        for part in ["Paul Durand", "paul.durand@ac-dijon.fr", "LSU : écran", "Voici l'écran."] {
            assert!(shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn another_document_is_none() {
        assert!(read(&saved(&[("/WordDocument", b"x")])).is_none());
        assert!(read(&saved(&[("/__substg1.0_001A001F", &utf16("IPM.Contact"))])).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail(tail: Vec<u8>) {
            let bytes: Vec<u8> = super::SIGNATURE.iter().copied().chain(tail).collect();
            let _ = read(&bytes.into());
        }
    }
}
