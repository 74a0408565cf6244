//! A form as JSON, read with bounded memory: only what a form can hold is kept.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use data_encoding::BASE64;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    error::Unreadable,
    fields::{FILES, File, MAX_MEMBERS, Named, Submission},
};

/// How many members are kept: of the form, of its list of files, of a file. What lies deeper is no form's.
const MEMBERS: [usize; 3] = [64, MAX_MEMBERS, 8];
const NO_TEXT: &str = "Donnez un texte.";

/// JSON, as deep as a form goes.
enum Node<'a> {
    Null,
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(String, Node<'a>)>),
    Other,
}

/// Sorts a JSON object's members into the fields.
pub(super) fn read(body: &[u8]) -> Result<Submission, Unreadable> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let node = Level(0).deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
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
            "content" | "contenu" => &mut content,
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
    match content.map(|text| BASE64.decode(text.as_bytes())) {
        Some(Ok(content)) => submission.file(File {
            name: name.map(Cow::into_owned),
            content_type: content_type.map(Cow::into_owned),
            content: Bytes::from(content),
        }),
        Some(Err(_)) => submission.invalid(
            place(".content"),
            "Le contenu n’est pas du base64 (RFC 4648, section 4), sans saut de ligne ni préfixe.",
        ),
        None => submission.invalid(place(".content"), "Donnez le contenu du fichier, en base64."),
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
        while let Some(name) = map.next_key()? {
            let node = map.next_value_seed(Self(self.0 + 1))?;
            if kept.len() == most {
                return Err(A::Error::custom("too many"));
            }
            kept.push((name, node));
        }
        Ok(Node::Object(kept))
    }
}
