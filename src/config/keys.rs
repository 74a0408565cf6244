//! Which keys there are, and what sort of thing each holds.

use std::collections::BTreeMap;

use super::{ConfigError, foreign};

/// The keys of the defaults, by path, with the type of each.
pub(super) struct KnownKeys {
    keys: BTreeMap<String, KeyKind>,
    defaults: toml::Table,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Table,
    /// A table whose keys the user chooses.
    FreeTable,
    Array,
    Scalar,
}

impl KnownKeys {
    /// The keys of these defaults.
    pub(super) fn of(defaults: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = toml::from_str(defaults).map_err(|error| {
            ConfigError::in_file("config/default.toml", defaults, error.span(), foreign::said(error.message()), None)
        })?;
        let mut keys = BTreeMap::new();
        collect(&mut keys, "", &table);
        Ok(Self { keys, defaults: table })
    }

    /// What sort of thing a key holds; `None` for one that there is not.
    pub(super) fn kind(&self, key: &str) -> Option<KeyKind> {
        self.keys.get(key).copied()
    }

    /// The free table and the name in it that a key means.
    pub(super) fn in_free_table<'a>(&self, key: &'a str) -> Option<(&'a str, &'a str)> {
        key.match_indices('.')
            .map(|(dot, _)| (&key[..dot], &key[dot + 1..]))
            .find(|(table, _)| self.kind(table) == Some(KeyKind::FreeTable))
    }

    /// The keys directly in a section; of the top level where it is empty.
    pub(super) fn children(&self, table: &str) -> Vec<&str> {
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        self.keys.keys().filter_map(|key| key.strip_prefix(&prefix)).filter(|key| !key.contains('.')).collect()
    }

    /// Every key, sections included.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, KeyKind)> {
        self.keys.iter().map(|(key, kind)| (key.as_str(), *kind))
    }

    /// The default of a key.
    pub(super) fn default(&self, key: &str) -> Option<&toml::Value> {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let start = self.defaults.get(first);
        rest.map_or(start, |rest| rest.split('.').try_fold(start?, |value, name| value.get(name)))
    }
}

fn collect(keys: &mut BTreeMap<String, KeyKind>, prefix: &str, table: &toml::Table) {
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        let kind = match value {
            toml::Value::Table(inner) if inner.is_empty() => KeyKind::FreeTable,
            toml::Value::Table(inner) => {
                collect(keys, &format!("{path}."), inner);
                KeyKind::Table
            }
            toml::Value::Array(_) => KeyKind::Array,
            _ => KeyKind::Scalar,
        };
        keys.insert(path, kind);
    }
}
