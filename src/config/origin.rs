//! Where each value of the configuration came from, and what of it may be shown.

use std::{collections::BTreeMap, fmt};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, which is compiled in.
    Default,
    /// The configuration file, at this line.
    File {
        /// Its path.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// A value in force, as far as it may be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// No secret.
    Plain(toml::Value),
    /// A secret, given in its place: neither it nor its length is shown.
    Hidden,
    /// A value that was read from this file.
    InFile(String),
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its value.
    pub shown: Shown,
    /// Which layer gave it.
    pub origin: Origin,
}

/// What the layers gave, by key, but for the defaults.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    given: BTreeMap<String, Setting>,
    /// What is said of variables that look like settings and are none.
    strangers: Vec<super::Warning>,
}

impl Settings {
    /// What these layers gave.
    pub(super) fn new(given: BTreeMap<String, Setting>, strangers: Vec<super::Warning>) -> Self {
        Self { given, strangers }
    }

    /// What a layer above the defaults gave this key; `None` where the default is in force.
    pub fn given(&self, key: &str) -> Option<&Setting> {
        self.given.get(key)
    }

    /// Where the value in force of a key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.given(key).map_or(Origin::Default, |setting| setting.origin.clone())
    }

    /// The keys that layers above the defaults gave.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.given.keys().map(String::as_str)
    }

    /// What is said of variables that look like settings and are none.
    pub fn strangers(&self) -> &[super::Warning] {
        &self.strangers
    }
}
