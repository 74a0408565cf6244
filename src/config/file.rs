//! The configuration file: whether its keys are known, and where in it each stands.

use std::{ops::Range, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    ConfigError,
    keys::{KeyKind, KnownKeys},
};

/// The configuration file, kept to show places in it.
pub(super) struct ConfigFile {
    name: String,
    text: String,
}

impl ConfigFile {
    /// The file at this path, with what stands in it.
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self { name: path.display().to_string(), text }
    }

    /// What stands in it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// An error of the value of a dotted key, shown at its place; `None` where the file does not give that key.
    pub(super) fn error_at(&self, key: &str, message: &str) -> Option<ConfigError> {
        let place = self.place_of(key)?;
        Some(ConfigError::in_file(&self.name, &self.text, Some(place), format!("{key}: {message}"), None))
    }

    /// Whether its keys are among these, each with what it holds.
    pub(super) fn check(&self, known: &KnownKeys) -> Result<(), ConfigError> {
        let table = DeTable::parse(&self.text)
            .map_err(|error| ConfigError::in_file(&self.name, &self.text, error.span(), error.message(), None))?;
        self.check_table(known, "", table.get_ref())
    }

    fn check_table(&self, known: &KnownKeys, path: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = if path.is_empty() { name.get_ref().to_string() } else { format!("{path}.{}", name.get_ref()) };
            match (known.kind(&key), value.get_ref()) {
                (None, _) => {
                    let place = if path.is_empty() { "at the top level".to_owned() } else { format!("in [{path}]") };
                    return Err(ConfigError::in_file(
                        &self.name,
                        &self.text,
                        Some(name.span()),
                        format!("unknown key \"{}\" {place}", name.get_ref()),
                        Some(format!("Valid keys {place}: {}.", known.children(path).join(", "))),
                    ));
                }
                (Some(KeyKind::Table), DeValue::Table(inner)) => self.check_table(known, &key, inner)?,
                (Some(KeyKind::FreeTable), DeValue::Table(_)) | (Some(KeyKind::Array), DeValue::Array(_)) => {}
                (Some(KeyKind::Table | KeyKind::FreeTable), _) => {
                    return Err(self.wrong_type(value.span(), &key, "a section"));
                }
                (Some(KeyKind::Array), _) => return Err(self.wrong_type(value.span(), &key, "a list, [\"…\"]")),
                (Some(KeyKind::Scalar), DeValue::Table(_) | DeValue::Array(_)) => {
                    return Err(self.wrong_type(value.span(), &key, "a single value"));
                }
                (Some(KeyKind::Scalar), _) => {}
            }
        }
        Ok(())
    }

    fn wrong_type(&self, place: Range<usize>, key: &str, wanted: &str) -> ConfigError {
        ConfigError::in_file(&self.name, &self.text, Some(place), format!("{key} must be {wanted}"), None)
    }

    /// Where the value of a dotted key stands in the file.
    fn place_of(&self, key: &str) -> Option<Range<usize>> {
        let parsed = DeTable::parse(&self.text).ok()?;
        let mut names = key.split('.').peekable();
        let mut table = parsed.into_inner();
        loop {
            let (_, value) = table.remove_entry(names.next()?)?;
            match (names.peek(), value.span(), value.into_inner()) {
                (None, place, _) => return Some(place),
                (Some(_), _, DeValue::Table(inner)) => table = inner,
                _ => return None,
            }
        }
    }
}
