//! What Outlook and Exchange put into winmail.dat: files and a text (MS-OXTNEF).

use bytes::Bytes;

use super::{charset, rtf};

/// MS-OXTNEF section 2.1.2: `TNEFSignature`.
const SIGNATURE: [u8; 4] = 0x223e_9f78_u32.to_le_bytes();
/// Messages within messages; people's mails have one or two.
const MAX_DEPTH: usize = 3;
/// Files that are looked at in one winmail.dat.
const MAX_FILES: usize = 500;
/// MS-OXTNEF section 2.1.3.4: an attached message begins with the identifier of `IMessage`.
const MESSAGE: [u8; 16] = *b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

// MS-OXTNEF section 2.1.3.2: the attributes, and section 2.1.3.4 with MS-OXPROPS: the properties.
const MESSAGE_CLASS: u32 = 0x0007_8008;
const BODY: u32 = 0x0002_800c;
const CODE_PAGE: u32 = 0x0006_9007;
const PROPERTIES: u32 = 0x0006_9003;
const NEW_FILE: u32 = 0x0006_9002;
const FILE_TITLE: u32 = 0x0001_8010;
const FILE_DATA: u32 = 0x0006_800f;
const FILE_PROPERTIES: u32 = 0x0006_9005;
const PR_MESSAGE_CLASS: u16 = 0x001a;
const PR_SUBJECT: u16 = 0x0037;
const PR_BODY: u16 = 0x1000;
const PR_RTF_COMPRESSED: u16 = 0x1009;
const PR_HTML: u16 = 0x1013;
const PR_ATTACH_DATA: u16 = 0x3701;
const PR_ATTACH_FILENAME: u16 = 0x3704;
const PR_ATTACH_LONG_FILENAME: u16 = 0x3707;
const PR_ATTACH_MIME_TAG: u16 = 0x370e;
const PR_ATTACH_CONTENT_ID: u16 = 0x3712;
const PR_DISPLAY_NAME: u16 = 0x3001;
const PR_INTERNET_CODE_PAGE: u16 = 0x3fde;

/// What a winmail.dat holds.
#[derive(Debug, Default)]
pub(super) struct Tnef {
    /// The text, as HTML where it was.
    pub(super) text: Option<Text>,
    /// In their order; messages within are files of their text, followed by theirs.
    pub(super) files: Vec<File>,
    /// Whether all of it could be read.
    pub(super) whole: bool,
    /// What kind of message it is.
    pub(super) class: Option<String>,
    subject: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    Html(String),
    Plain(String),
}

#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) name: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) content_id: Option<String>,
    pub(super) content: Bytes,
}

/// Whether these are the bytes of a winmail.dat.
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Reads as much as can be read, at most so many files; nothing is read twice.
pub(super) fn read(bytes: &Bytes, most: usize) -> Tnef {
    let mut files = most.min(MAX_FILES);
    message(bytes, 0, &mut files)
}

fn message(bytes: &Bytes, depth: usize, files_left: &mut usize) -> Tnef {
    let mut tnef = Tnef::default();
    if !is_tnef(bytes) {
        return tnef;
    }
    let mut reader = Reader { bytes: bytes.clone(), at: SIGNATURE.len() + 2 };
    let mut code_page = 1252;
    let mut texts = Texts::default();
    let mut files: Vec<(File, Option<Bytes>)> = Vec::new();
    tnef.whole = true;
    while !reader.is_done() {
        let Some((id, data)) = reader.attribute() else {
            tnef.whole = false;
            break;
        };
        match id {
            CODE_PAGE => code_page = (Reader { bytes: data, at: 0 }).u32().unwrap_or(code_page),
            MESSAGE_CLASS => tnef.class = Some(decode(&data, code_page)),
            BODY => {
                tnef.whole &= !has_more_behind_nul(&data);
                texts.plain = Some(decode(&data, code_page));
            }
            PROPERTIES => {
                tnef.whole &= properties(data, |property| match property.id {
                    PR_MESSAGE_CLASS => tnef.class = property.text(code_page).or(tnef.class.take()),
                    PR_SUBJECT => tnef.subject = property.text(code_page),
                    PR_INTERNET_CODE_PAGE => texts.code_page = property.number(),
                    PR_BODY => texts.plain = property.text(code_page).or(texts.plain.take()),
                    PR_HTML => texts.html = Some(property),
                    PR_RTF_COMPRESSED => texts.rtf = Some(property.data),
                    _ => {}
                });
            }
            NEW_FILE if files.len() < *files_left => files.push(Default::default()),
            NEW_FILE => {
                tnef.whole = false;
                break;
            }
            _ => {
                let Some((file, inner)) = files.last_mut() else { continue };
                match id {
                    FILE_TITLE => file.name = file.name.take().or(Some(decode(&data, code_page))),
                    FILE_DATA => file.content = data,
                    FILE_PROPERTIES => tnef.whole &= file_properties(data, file, inner, code_page),
                    _ => {}
                }
            }
        }
    }
    *files_left -= files.len();
    for (file, inner) in files {
        match inner {
            Some(inner) if depth < MAX_DEPTH => {
                let inner = message(&inner, depth + 1, files_left);
                tnef.whole &= inner.whole;
                tnef.files.extend(inner.into_files(file.name));
            }
            Some(_) => tnef.whole = false,
            None => tnef.files.push(file),
        }
    }
    (tnef.text, tnef.whole) = texts.best(code_page, tnef.whole);
    tnef
}

/// Reads a file's properties; tells whether all could be.
fn file_properties(data: Bytes, file: &mut File, inner: &mut Option<Bytes>, code_page: u32) -> bool {
    let (mut long, mut short, mut shown) = (None, None, None);
    let whole = properties(data, |property| match property.id {
        PR_ATTACH_LONG_FILENAME => long = property.text(code_page),
        PR_ATTACH_FILENAME => short = property.text(code_page),
        PR_DISPLAY_NAME => shown = property.text(code_page),
        PR_ATTACH_MIME_TAG => file.content_type = property.text(code_page).map(|kind| kind.to_ascii_lowercase()),
        PR_ATTACH_CONTENT_ID => file.content_id = property.text(code_page),
        PR_ATTACH_DATA if property.kind == OBJECT && property.data.starts_with(&MESSAGE) => {
            *inner = Some(property.data.slice(MESSAGE.len()..));
        }
        PR_ATTACH_DATA if property.kind == BINARY => file.content = property.data,
        _ => {}
    });
    file.name = long.or(file.name.take()).or(short).or(shown);
    whole
}

impl Tnef {
    /// A message within: its text as a file, and its files.
    fn into_files(self, name: Option<String>) -> Vec<File> {
        let title = self.subject.or(name).unwrap_or_else(|| "message".to_owned()).replace(['/', '\\'], "-");
        let text = self.text.map(|text| {
            let (content, extension, content_type) = match text {
                Text::Html(html) => (html, "html", "text/html"),
                Text::Plain(text) => (text, "txt", "text/plain"),
            };
            let (name, content_type) = (Some(format!("{title}.{extension}")), Some(content_type.to_owned()));
            File { name, content_type, content_id: None, content: content.into() }
        });
        text.into_iter().chain(self.files).collect()
    }
}

/// The forms a message's text comes in.
#[derive(Default)]
struct Texts {
    html: Option<Property>,
    plain: Option<String>,
    rtf: Option<Bytes>,
    code_page: Option<u32>,
}

impl Texts {
    /// The best form that says something; and whether a text that is there could be read.
    fn best(self, code_page: u32, whole: bool) -> (Option<Text>, bool) {
        let says = |text: &String| text.contains(char::is_alphanumeric);
        let html = self.html.map(|html| match html.kind {
            BINARY => decode(&html.data, self.code_page.unwrap_or(code_page)),
            _ => html.text(code_page).unwrap_or_default(),
        });
        let first = html.filter(says).map(Text::Html).or(self.plain.filter(says).map(Text::Plain));
        match (first, self.rtf) {
            (None, Some(compressed)) => match rtf::decompress(&compressed) {
                Some(rtf) => (Some(rtf::text(&rtf)).filter(says).map(Text::Plain), whole),
                None => (None, false),
            },
            (first, _) => (first, whole),
        }
    }
}

// MS-OXCDATA section 2.11.1: property types.
const STRING8: u16 = 0x1e;
const UNICODE: u16 = 0x1f;
const OBJECT: u16 = 0x0d;
const BINARY: u16 = 0x0102;
/// Several values of a type.
const MULTIPLE: u16 = 0x1000;

struct Property {
    kind: u16,
    id: u16,
    data: Bytes,
}

impl Property {
    fn text(&self, code_page: u32) -> Option<String> {
        let text = match self.kind {
            STRING8 => decode(&self.data, code_page),
            UNICODE => {
                let units = self.data.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            _ => return None,
        };
        Some(text.trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty())
    }

    fn number(&self) -> Option<u32> {
        Reader { bytes: self.data.clone(), at: 0 }.u32()
    }
}

/// Hands over each property of a list (MS-OXTNEF section 2.1.3.4: `MsgPropertyList`); of several values the
/// first. Tells whether the list could be read to its end.
fn properties(data: Bytes, mut with: impl FnMut(Property)) -> bool {
    let mut reader = Reader { bytes: data, at: 0 };
    let count = reader.u32().unwrap_or_default();
    (0..count).all(|_| reader.property().map(&mut with).is_some())
}

/// The bytes as text, its line ends LF, without the NUL that ends it.
fn decode(bytes: &[u8], code_page: u32) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let label = match code_page {
        1250..=1258 => format!("windows-{code_page}"),
        // What declares itself in UTF-8 or ASCII is looked at first.
        65001 | 20127 => "utf-8".to_owned(),
        28591..=28605 => format!("iso-8859-{}", code_page - 28590),
        _ => "windows-1252".to_owned(),
    };
    charset::decode(&bytes[..end], Some(&label)).replace("\r\n", "\n")
}

/// Whether decoding, which stops at the first NUL, leaves anything out.
fn has_more_behind_nul(bytes: &[u8]) -> bool {
    bytes.iter().skip_while(|&&byte| byte != 0).any(|&byte| byte != 0)
}

struct Reader {
    bytes: Bytes,
    at: usize,
}

impl Reader {
    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn take(&mut self, length: usize) -> Option<Bytes> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len())?;
        Some(self.bytes.slice(std::mem::replace(&mut self.at, end)..end))
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.as_ref().try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.as_ref().try_into().ok()?))
    }

    /// MS-OXTNEF section 2.1.3.1: level, id, length, data, checksum; the checksum is not believed in.
    fn attribute(&mut self) -> Option<(u32, Bytes)> {
        let _level = self.take(1)?;
        let id = self.u32()?;
        let length = self.u32()? as usize;
        let data = self.take(length)?;
        // The last checksum may be cut off.
        let _checksum = self.u16();
        Some((id, data))
    }

    fn property(&mut self) -> Option<Property> {
        let (kind, id) = (self.u16()?, self.u16()?);
        if id >= 0x8000 {
            let _set = self.take(16)?;
            if self.u32()? == 0 {
                let _number = self.u32()?;
            } else {
                self.padded()?;
            }
        }
        let base = kind & !MULTIPLE;
        let has_length = matches!(base, STRING8 | UNICODE | OBJECT | BINARY);
        let values = if has_length || kind != base { self.u32()? } else { 1 };
        let mut first = None;
        for _ in 0..values {
            let value = if has_length { self.padded()? } else { self.take(size(base)?)? };
            first.get_or_insert(value);
        }
        Some(Property { kind: base, id, data: first.unwrap_or_default() })
    }

    /// A length, so many bytes, and up to three more.
    fn padded(&mut self) -> Option<Bytes> {
        let length = self.u32()? as usize;
        let value = self.take(length)?;
        self.at += (4 - length % 4) % 4;
        Some(value)
    }
}

/// The bytes a value of a type without length takes, padded.
fn size(kind: u16) -> Option<usize> {
    match kind {
        0x02..=0x04 | 0x0a | 0x0b => Some(4),
        0x05..=0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{
        BINARY, BODY, Bytes, CODE_PAGE, FILE_DATA, FILE_PROPERTIES, FILE_TITLE, MESSAGE, NEW_FILE, OBJECT,
        PR_ATTACH_DATA, PR_ATTACH_LONG_FILENAME, PR_BODY, PR_HTML, PR_SUBJECT, PROPERTIES, SIGNATURE, STRING8, Text,
        Tnef, UNICODE, is_tnef, read,
    };

    fn length(bytes: &[u8]) -> [u8; 4] {
        u32::try_from(bytes.len()).unwrap().to_le_bytes()
    }

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let sum = data.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(byte.into()));
        [&[1][..], &id.to_le_bytes(), &length(data), data, &sum.to_le_bytes()].concat()
    }

    fn property(kind: u16, id: u16, data: &[u8]) -> Vec<u8> {
        let padding = vec![0; (4 - data.len() % 4) % 4];
        [&kind.to_le_bytes()[..], &id.to_le_bytes(), &1_u32.to_le_bytes(), &length(data), data, &padding].concat()
    }

    fn properties(list: &[Vec<u8>]) -> Vec<u8> {
        [&u32::try_from(list.len()).unwrap().to_le_bytes()[..], &list.concat()].concat()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    fn stream(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE[..], b"\x01\0", &attributes.concat()].concat()
    }

    /// A winmail.dat with a text, a file with a long name, and a file with a short one.
    pub(in crate::intake::mime) fn winmail() -> Vec<u8> {
        let named = [property(UNICODE, PR_ATTACH_LONG_FILENAME, &utf16("Bilan de l'école.pdf"))];
        stream(&[
            attribute(CODE_PAGE, b"\xe4\x04\0\0\0\0\0\0"),
            attribute(BODY, b"L'acc\xe8s ne marche pas.\r\n\0"),
            attribute(NEW_FILE, &[0; 14]),
            attribute(FILE_TITLE, b"BILAND~1.PDF\0"),
            attribute(FILE_DATA, b"%PDF-1.7"),
            attribute(FILE_PROPERTIES, &properties(&named)),
            attribute(NEW_FILE, &[0; 14]),
            attribute(FILE_TITLE, b"relev\xe9.txt\0"),
            attribute(FILE_DATA, b"x"),
        ])
    }

    fn of(bytes: Vec<u8>) -> Tnef {
        read(&bytes.into(), 1000)
    }

    fn names(tnef: &Tnef) -> Vec<&str> {
        tnef.files.iter().map(|file| file.name.as_deref().unwrap_or_default()).collect()
    }

    #[test]
    fn text_and_files_are_found() {
        let tnef = of(winmail());
        assert!(tnef.whole);
        assert_eq!(tnef.text, Some(Text::Plain("L'accès ne marche pas.\n".to_owned())));
        assert_eq!(names(&tnef), ["Bilan de l'école.pdf", "relevé.txt"]);
        assert_eq!(&tnef.files[0].content[..], b"%PDF-1.7");
    }

    #[test]
    fn html_comes_first_and_named_properties_are_passed_over() {
        let number = [&3_u16.to_le_bytes()[..], &0x8001_u16.to_le_bytes(), &[7; 16], &[0; 8], &[9; 4]].concat();
        let name = [&length(b"abc"), &b"abc\0"[..]].concat();
        let named = [&BINARY.to_le_bytes()[..], &0x8002_u16.to_le_bytes(), &[7; 16], b"\x01\0\0\0", &name].concat();
        let named = [named, 1_u32.to_le_bytes().to_vec(), length(b"z").to_vec(), b"z\0\0\0".to_vec()].concat();
        let several = [&0x1003_u16.to_le_bytes()[..], &0x1234_u16.to_le_bytes(), b"\x02\0\0\0", &[0; 8]].concat();
        let list = [
            number,
            named,
            several,
            property(STRING8, PR_BODY, b"simple\0"),
            property(BINARY, PR_HTML, "<p>é</p>".as_bytes()),
        ];
        let tnef =
            of(stream(&[attribute(CODE_PAGE, &65001_u64.to_le_bytes()), attribute(PROPERTIES, &properties(&list))]));
        assert_eq!((tnef.text, tnef.whole), (Some(Text::Html("<p>é</p>".to_owned())), true));
    }

    #[test]
    fn a_message_within_is_a_file_and_so_are_its_files() {
        let inner = stream(&[
            attribute(PROPERTIES, &properties(&[property(UNICODE, PR_SUBJECT, &utf16("Accès 1/2"))])),
            attribute(BODY, b"Bonjour\0"),
            attribute(NEW_FILE, &[0; 14]),
            attribute(FILE_TITLE, b"a.png\0"),
        ]);
        let object = property(OBJECT, PR_ATTACH_DATA, &[&MESSAGE[..], &inner].concat());
        let outer = stream(&[attribute(NEW_FILE, &[0; 14]), attribute(FILE_PROPERTIES, &properties(&[object]))]);
        assert_eq!(names(&of(outer)), ["Accès 1-2.txt", "a.png"]);
    }

    #[test]
    fn what_is_damaged_is_read_as_far_as_it_goes() {
        let mut cut = winmail();
        cut.truncate(cut.len() - 20);
        let tnef = of(cut);
        assert!(!tnef.whole);
        assert_eq!(names(&tnef), ["Bilan de l'école.pdf", ""]);
        assert!(!of(b"MZ".to_vec()).whole);
        // A type whose values take no room, four billion times.
        let endless = [&1_u32.to_le_bytes()[..], b"\x01\x10\0\x10\xff\xff\xff\xff"].concat();
        assert!(!of(stream(&[attribute(PROPERTIES, &endless)])).whole);
        assert!(!of(stream(&[attribute(BODY, b"Bonjour\0la suite\0")])).whole);
        let many = stream(&vec![attribute(NEW_FILE, &[]); 2000]);
        assert_eq!((of(many.clone()).files.len(), of(many).whole), (500, false));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12)) {
            let mut bytes = winmail();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let tnef = of(bytes.clone());
            prop_assert!(tnef.files.len() <= 500);
            prop_assert!(tnef.files.iter().map(|file| file.content.len()).sum::<usize>() <= bytes.len());
            let _ = is_tnef(&Bytes::from(bytes));
        }
    }
}
