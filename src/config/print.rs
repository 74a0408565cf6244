//! The configuration in force, as people read it and as a file; no secret is in either.

use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

use super::{Config, DEFAULTS, Shown, in_french, origin::Origin};
use crate::text::Language;

/// The column in which the listing says where a value came from.
const ORIGIN_COLUMN: usize = 60;

/// A key of the defaults.
struct Key {
    section: String,
    /// Empty for the head of a section whose keys the user chooses.
    name: String,
    value: toml::Value,
}

impl Key {
    fn path(&self) -> String {
        if self.section.is_empty() { self.name.clone() } else { format!("{}.{}", self.section, self.name) }
    }
}

/// The defaults as a file, with what each key means.
pub fn defaults(language: Language) -> String {
    match language {
        Language::English => DEFAULTS.to_owned(),
        Language::French => in_french::defaults(),
    }
}

/// Each key with its value in force and where that came from, a line each.
pub fn listing(config: &Config, language: Language) -> String {
    let (hidden, in_file) = match language {
        Language::English => ("hidden", "in"),
        Language::French => ("masqué", "dans"),
    };
    let mut whole = String::new();
    for key in keys(config).into_iter().filter(|key| !key.name.is_empty()) {
        let path = key.path();
        let given = config.settings.given(&path);
        let value = match given.map(|setting| &setting.shown) {
            None => text(&key.value),
            Some(Shown::Plain(value)) => text(value),
            Some(Shown::Hidden) => format!("({hidden})"),
            Some(Shown::InFile(file)) => format!("({hidden}, {in_file} {file})"),
        };
        let line = format!("{path} = {value}");
        let origin = match (config.settings.origin(&path), language) {
            (Origin::Default, Language::French) => "défaut".to_owned(),
            (origin, _) => origin.to_string(),
        };
        let _ = writeln!(whole, "{line:ORIGIN_COLUMN$}  # {origin}");
    }
    whole
}

/// A configuration file that says the same; for each secret where it is.
pub fn effective(config: &Config, language: Language) -> String {
    let (mut whole, mut section) = (String::new(), String::new());
    for key in keys(config) {
        if key.section != section {
            let _ = writeln!(whole, "\n[{}]", key.section);
            section.clone_from(&key.section);
        }
        if key.name.is_empty() {
            continue;
        }
        let name = bare(&key.name);
        let path = key.path();
        let _ = match config.settings.given(&path).map(|setting| &setting.shown) {
            None => writeln!(whole, "{name} = {}", text(&key.value)),
            Some(Shown::Plain(value)) => writeln!(whole, "{name} = {}", text(value)),
            Some(Shown::InFile(file)) => writeln!(whole, "{name}_file = {}", quoted(file)),
            Some(Shown::Hidden) => {
                let origin = config.settings.origin(&path);
                match language {
                    Language::English => {
                        writeln!(whole, "# {name} is a secret and not shown; it was set by {origin}")
                    }
                    Language::French => {
                        writeln!(
                            whole,
                            "# {name} est un secret, qui n’est pas affiché\u{a0}; il a été réglé par {origin}"
                        )
                    }
                }
            }
        };
    }
    whole
}

/// The keys in the order of the defaults; those of free tables as they were given.
fn keys(config: &Config) -> Vec<Key> {
    let mut found = Vec::new();
    if let (Ok(table), Ok(values)) = (DeTable::parse(DEFAULTS), DEFAULTS.parse::<toml::Table>()) {
        collect(config, "", table.get_ref(), &values, &mut found);
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, key)| key).collect()
}

fn collect(config: &Config, section: &str, table: &DeTable<'_>, values: &toml::Table, found: &mut Vec<(usize, Key)>) {
    for (name, value) in table {
        let Some(own) = values.get(name.get_ref().as_ref()) else { continue };
        let mut key = Key { section: section.to_owned(), name: name.get_ref().to_string(), value: own.clone() };
        match (value.get_ref(), own) {
            (DeValue::Table(inner), toml::Value::Table(values)) if !values.is_empty() => {
                collect(config, &key.path(), inner, values, found);
            }
            (DeValue::Table(_), _) => {
                key.section = key.path();
                let start = format!("{}.", key.section);
                let chosen = config.settings.keys().filter_map(|path| path.strip_prefix(&start));
                for name_in_it in std::iter::once("").chain(chosen) {
                    let key = Key { section: key.section.clone(), name: name_in_it.to_owned(), value: own.clone() };
                    found.push((name.span().start, key));
                }
            }
            _ => found.push((name.span().start, key)),
        }
    }
}

/// A value as TOML, on one line.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// TOML's basic strings have the escapes of JSON's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn bare(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}
