//! The members of a JSON object that a call sends: those it knows, each once; all that is wrong with them is named at once.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::intake::form::FieldError;

/// Members of an object, at most: no call has as many.
const MOST: usize = 64;

/// The members as they came; a name may be there twice.
struct Members(Vec<(String, Value)>);

/// The members of an object, and what is wrong with them so far.
pub(super) struct Fields {
    given: Vec<(String, Value)>,
    wrong: Vec<FieldError>,
}

impl Fields {
    /// Sorts the members of an object; `None` where the body is none, or has more than any call takes.
    pub(super) fn of(body: &[u8], known: &[&str]) -> Option<Self> {
        let Members(members) = serde_json::from_slice(body).ok()?;
        let mut this = Self { given: Vec::new(), wrong: Vec::new() };
        for (name, value) in members {
            if !known.contains(&name.as_str()) {
                let message = format!("Ce champ n’existe pas. Champs admis\u{a0}: {}.", known.join(", "));
                let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                this.note(&name, "unknown-field", message);
            } else if this.given.iter().any(|(given, _)| *given == name) {
                let message = "Ce champ est donné deux fois. Donnez-le une seule fois.";
                this.note(&name, "given-twice", message.to_owned());
            } else {
                this.given.push((name, value));
            }
        }
        Some(this)
    }

    /// Whether there is such a member; a null is none.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, value)| given == name && !value.is_null())
    }

    /// Takes a member; a null is none.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(at).1).filter(|value| !value.is_null())
    }

    /// Takes a member that is a text of so many characters at most; one without anything seen is none.
    pub(super) fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        match self.take(name)? {
            Value::String(text) if text.chars().count() > longest => {
                self.note(name, "too-long", format!("Donnez {longest} caractères au plus."));
                None
            }
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            _ => {
                self.note(name, "invalid", "Donnez un texte.".to_owned());
                None
            }
        }
    }

    /// Notes that a member is wrong, once.
    pub(super) fn note(&mut self, field: &str, code: &'static str, message: String) {
        if !self.wrong.iter().any(|error| error.field == field) {
            self.wrong.push(FieldError { field: field.to_owned(), code, message });
        }
    }

    /// All that is wrong.
    pub(super) fn wrong(self) -> Vec<FieldError> {
        self.wrong
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            if members.len() == MOST {
                return Err(serde::de::Error::custom("too many"));
            }
            members.push(member);
        }
        Ok(Members(members))
    }
}
