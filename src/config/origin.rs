//! Where each value of the configuration came from, and what of it may be shown.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

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
    /// The configuration file.
    file: Option<PathBuf>,
    /// The files that values are read from, with their keys.
    files: Vec<(String, PathBuf)>,
}

impl Settings {
    /// What these layers gave.
    pub(super) fn new(given: BTreeMap<String, Setting>, strangers: Vec<super::Warning>) -> Self {
        Self { given, strangers, ..Self::default() }
    }

    /// The same, read from these files.
    pub(super) fn read_from(self, file: Option<PathBuf>, files: Vec<(String, PathBuf)>) -> Self {
        Self { file, files, ..self }
    }

    /// The configuration file, where there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The files that values are read from, with their keys.
    pub fn files(&self) -> &[(String, PathBuf)] {
        &self.files
    }

    /// What a layer above the defaults gave this key; `None` where the default is in force.
    pub fn given(&self, key: &str) -> Option<&Setting> {
        self.given.get(key)
    }

    /// Where the value in force of a key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.given(key).map_or(Origin::Default, |setting| setting.origin.clone())
    }

    /// Whether there are the defaults alone, and no file.
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.given.is_empty()
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
