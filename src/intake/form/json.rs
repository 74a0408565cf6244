//! A form as JSON, read with bounded memory: only what a form can hold is kept.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use data_encoding::BASE64;
use memchr::memchr;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    error::Unreadable,
    fields::{FILES, File, MAX_MEMBERS, Named, Submission},
};

/// How many members are kept: of the form, of its list of files, of a file. What lies deeper is no form's.
const MEMBERS: [usize; 3] = [64, MAX_MEMBERS, 8];
/// How deep a file's members lie.
const OF_FILE: usize = 2;
/// So many characters of base64 are decoded at a time; each four of them are three bytes.
const STEP: usize = 8 * 1024;
const NO_TEXT: &str = "Donnez un texte.";

/// JSON, as deep as a form goes.
enum Node<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A file's content, as JSON writes it between its quotes, perhaps with escapes: of megabytes no copy is made.
    Content(&'a str),
    List(Vec<Node<'a>>),
    Object(Vec<(String, Node<'a>)>),
    Other,
}

/// Sorts a JSON object's members into the fields.
pub(super) fn read(body: &[u8]) -> Result<Submission, Unreadable> {
    let node = {
        // It has a copy of the longest text with escapes.
        let mut reader = serde_json::Deserializer::from_slice(body);
        Level(0).deserialize(&mut reader).and_then(|node| reader.end().map(|()| node))
    };
    let node = node.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Unreadable::TooMany,
        _ => Unreadable::Json { line: error.line(), column: error.column() },
    })?;
    let Node::Object(members) = node else { return Err(Unreadable::NoObject) };
    let mut submission = Submission::default();
    for (name, value) in members {
        match (submission.named(&name)?, value) {
            (Named::Unknown, _) => submission.unknown(&name),
            (_, Node::Null) => {}
            (Named::Text(field), Node::Text(text)) => submission.text(field, text),
            (Named::Text(field), _) => submission.invalid(field, NO_TEXT),
            (Named::Files, Node::List(files)) => {
                for (index, file) in files.into_iter().enumerate() {
                    take_file(&mut submission, index, file);
                }
            }
            (Named::Files, _) => submission.invalid(
                FILES,
                "Donnez une liste de fichiers\u{a0}: [{\"name\": …, \"content_type\": …, \"content\": … en base64}].",
            ),
        }
    }
    Ok(submission)
}

fn take_file(submission: &mut Submission, index: usize, node: Node<'_>) {
    let place = |member: &str| format!("{FILES}[{index}]{member}");
    let Node::Object(members) = node else {
        submission.invalid(place(""), "Donnez un objet avec name, content_type et content (base64).");
        return;
    };
    let (mut name, mut content_type, mut content) = (None, None, None);
    for (member, value) in members {
        let slot = match member.as_str() {
            "name" | "nom" | "filename" => &mut name,
            "content_type" | "type" => &mut content_type,
            member if is_content(member) => {
                match value {
                    Node::Content(written) => content = Some(written),
                    Node::Null => {}
                    _ => submission.invalid(place(&format!(".{member}")), NO_TEXT),
                }
                continue;
            }
            _ => {
                let member: String = member.chars().filter(|c| !c.is_control()).take(60).collect();
                submission.invalid(
                    place(&format!(".{member}")),
                    "Membre inconnu. Membres admis\u{a0}: name, content_type, content.",
                );
                continue;
            }
        };
        match value {
            Node::Text(text) => *slot = Some(text),
            Node::Null => {}
            _ => submission.invalid(place(&format!(".{member}")), NO_TEXT),
        }
    }
    match content.map(decoded) {
        Some(Some(content)) => submission.file(File {
            name: name.map(Cow::into_owned),
            content_type: content_type.map(Cow::into_owned),
            content: Bytes::from(content),
        }),
        Some(None) => submission.invalid(
            place(".content"),
            "Le contenu n’est pas du base64 (RFC 4648, section 4), sans saut de ligne ni préfixe.",
        ),
        None => submission.invalid(place(".content"), "Donnez le contenu du fichier, en base64."),
    }
}

/// A file's content, which is not read yet.
fn content(written: &RawValue) -> Node<'_> {
    let written = written.get();
    match written.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => Node::Content(text),
        None if written == "null" => Node::Null,
        None => Node::Other,
    }
}

fn is_content(member: &str) -> bool {
    matches!(member, "content" | "contenu")
}

/// What base64 says that JSON writes so, perhaps with escapes: PHP's `json_encode` puts a backslash before each slash.
fn decoded(written: &str) -> Option<Vec<u8>> {
    if memchr(b'\\', written.as_bytes()).is_none() {
        return BASE64.decode(written.as_bytes()).ok();
    }
    let mut content = Vec::with_capacity(written.len() / 4 * 3);
    let (mut left, mut plain) = (written.as_bytes(), Vec::with_capacity(STEP));
    while !left.is_empty() {
        let room = &left[..left.len().min(STEP - plain.len())];
        let read = match memchr(b'\\', room) {
            Some(0) => {
                let (byte, length) = escaped(left)?;
                plain.push(byte);
                length
            }
            escape => {
                let text = &room[..escape.unwrap_or(room.len())];
                plain.extend_from_slice(text);
                text.len()
            }
        };
        left = &left[read..];
        if plain.len() == STEP || left.is_empty() {
            content.extend(BASE64.decode(&plain).ok()?);
            plain.clear();
        }
    }
    Some(content)
}

/// The character of base64 that an escape stands for, and the escape's length.
fn escaped(escape: &[u8]) -> Option<(u8, usize)> {
    match escape {
        [_, b'/', ..] => Some((b'/', 2)),
        [_, b'u', digits @ ..] => {
            let digits = str::from_utf8(digits.get(..4)?).ok()?;
            let byte = u8::try_from(u16::from_str_radix(digits, 16).ok()?).ok()?;
            Some((byte, 6))
        }
        _ => None,
    }
}

/// Reads a node at this depth.
#[derive(Clone, Copy)]
struct Level(usize);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node<'de>, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Text(number.to_string().into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Text(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Node::Text(number.to_string().into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(text.to_owned().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let Some(&most) = MEMBERS.get(self.0) else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Node::Other);
        };
        let mut kept = Vec::new();
        while let Some(node) = list.next_element_seed(Self(self.0 + 1))? {
            if kept.len() == most {
                return Err(A::Error::custom("too many"));
            }
            kept.push(node);
        }
        Ok(Node::List(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let Some(&most) = MEMBERS.get(self.0) else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Node::Other);
        };
        let mut kept = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let node = if self.0 == OF_FILE && is_content(&name) {
                content(map.next_value()?)
            } else {
                map.next_value_seed(Self(self.0 + 1))?
            };
            if kept.len() == most {
                return Err(A::Error::custom("too many"));
            }
            kept.push((name, node));
        }
        Ok(Node::Object(kept))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use data_encoding::BASE64;
    use proptest::{collection::vec, option, prelude::*, sample::Index};

    use super::{STEP, decoded};

    /// As some library writes it: a character's escape is chosen by `how`.
    fn written(text: &str, how: &[u8]) -> String {
        let how = how.iter().copied().chain([0]).cycle();
        let one = |(c, how): (char, u8)| match (c, how) {
            ('/', 0..=2) => "\\/".to_owned(),
            ('/' | '+' | '=', 3) | (_, 7) => format!("\\u{:04x}", u32::from(c)),
            (_, 8) => format!("\\u{:04X}", u32::from(c)),
            ('"' | '\\', _) => format!("\\{c}"),
            _ => c.to_string(),
        };
        text.chars().zip(how).map(one).collect()
    }

    proptest! {
        #[test]
        fn base64_with_escapes_is_read_as_without(
            bytes in vec(any::<u8>(), 0..3 * STEP),
            how in vec(0_u8..200, 0..40),
            flaw in option::of((any::<Index>(), "[=\"\\\\é\r ]|AA==")),
        ) {
            let mut text = BASE64.encode(&bytes);
            if let Some((place, flaw)) = &flaw {
                text.insert_str(place.index(text.len() + 1), flaw);
            }
            let written = written(&text, &how).replace('\r', "\\r");
            let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            prop_assert_eq!(&read, &text);
            prop_assert_eq!(decoded(&written), BASE64.decode(text.as_bytes()).ok());
        }
    }

    #[test]
    fn an_escape_that_is_cut_or_no_character_of_base64_is_no_content() {
        for written in ["\\", "\\u00", "\\u002", "\\ud83d\\ude00", "AAA\\n", "\\u012f\\u012f\\u012f\\u012f"] {
            assert_eq!(decoded(written), None, "{written}");
        }
    }
}
