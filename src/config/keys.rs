//! Which keys there are, and how variables of the environment name them.

use std::{collections::BTreeMap, path::Path};

use config::Value;

use super::ConfigError;

/// Every variable of the environment that starts so is a setting…
const PREFIX: &str = "PASSERELLE_";
/// … but for the one that names the configuration file.
const CONFIG_FILE_VARIABLE: &str = "PASSERELLE_CONFIG";

/// The keys of the defaults, by path, with the type of each.
pub(super) struct KnownKeys {
    keys: BTreeMap<String, KeyKind>,
}

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq)]
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
            ConfigError::in_file("config/default.toml", defaults, error.span(), error.message(), None)
        })?;
        let mut keys = BTreeMap::new();
        collect(&mut keys, "", &table);
        Ok(Self { keys })
    }

    /// What sort of thing a key holds; `None` for one that there is not.
    pub(super) fn kind(&self, key: &str) -> Option<KeyKind> {
        self.keys.get(key).copied()
    }

    /// The keys directly in a section; of the top level where it is empty.
    pub(super) fn children(&self, table: &str) -> Vec<&str> {
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        self.keys.keys().filter_map(|key| key.strip_prefix(&prefix)).filter(|key| !key.contains('.')).collect()
    }

    /// The key and value that an environment variable sets; `None` for a variable that is none of ours.
    pub(super) fn setting(&self, variable: &str, value: String) -> Result<Option<(String, Value)>, ConfigError> {
        let Some(name) = variable.strip_prefix(PREFIX) else { return Ok(None) };
        if variable == CONFIG_FILE_VARIABLE {
            return Ok(None);
        }
        let key = name.to_lowercase().replace("__", ".");
        let in_free_table = |key: &str| {
            key.rsplit_once('.').is_some_and(|(table, _)| self.keys.get(table) == Some(&KeyKind::FreeTable))
        };
        let (key, value) = match self.keys.get(&key) {
            Some(KeyKind::Array | KeyKind::Scalar) => (key, value),
            Some(KeyKind::Table | KeyKind::FreeTable) => {
                return Err(ConfigError::setting(
                    format!("{variable} names a section, not a key"),
                    format!("Keys of [{key}]: {}.", self.children(&key).join(", ")),
                ));
            }
            None if in_free_table(&key) => (key.replace('_', "-"), value),
            None => match key.strip_suffix("_file").filter(|key| self.keys.contains_key(*key)) {
                Some(key) => {
                    let path = Path::new(&value);
                    let content = std::fs::read_to_string(path).map_err(|error| {
                        ConfigError::because(
                            format!("{variable}: cannot read {}", path.display()),
                            error,
                            "Make it name a file this process may read.",
                        )
                    })?;
                    (key.to_owned(), content.trim_end_matches(['\r', '\n']).to_owned())
                }
                None => return Err(self.unknown_variable(variable, &key)),
            },
        };
        let value = match self.keys.get(&key) {
            Some(KeyKind::Array) => {
                value.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().into()
            }
            _ => value.into(),
        };
        Ok(Some((key, value)))
    }

    fn unknown_variable(&self, variable: &str, key: &str) -> ConfigError {
        let table = key.rsplit_once('.').map_or("", |(table, _)| table);
        let table = if self.keys.contains_key(table) { table } else { "" };
        let valid: Vec<String> = self
            .children(table)
            .into_iter()
            .map(|child| {
                let path = if table.is_empty() { child.to_owned() } else { format!("{table}.{child}") };
                let name = path.to_uppercase().replace('.', "__");
                if self.keys.get(&path) == Some(&KeyKind::Table) {
                    format!("{PREFIX}{name}__…")
                } else {
                    format!("{PREFIX}{name}")
                }
            })
            .collect();
        ConfigError::setting(format!("{variable} is no setting"), format!("Valid here: {}.", valid.join(", ")))
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
