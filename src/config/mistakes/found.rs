//! A mistake in values that can be read, and where they were set.

use crate::config::{ConfigError, Origin, Settings, file::ConfigFile};

/// A mistake, and the keys it is about: the first is the one to look at.
#[derive(Debug)]
pub(in crate::config) struct Mistake {
    pub(in crate::config) keys: Vec<String>,
    pub(in crate::config) message: String,
    pub(in crate::config) help: String,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(in crate::config) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes a mistake about these keys.
    pub(super) fn add(&mut self, keys: &[&str], message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Mistake::new(keys, message, help));
    }

    /// The value, or notes why there is none.
    pub(super) fn take<T>(&mut self, keys: &[&str], result: Result<T, ConfigError>) -> Option<T> {
        result
            .map_err(|error| {
                let help = match &error {
                    ConfigError::Setting { help, .. } | ConfigError::InFile { help, .. } => help.clone(),
                    _ => None,
                };
                self.add(keys, error.to_string(), help.unwrap_or_default());
            })
            .ok()
    }

    /// All of them.
    pub(in crate::config) fn all(self) -> Vec<Mistake> {
        self.0
    }
}

impl Mistake {
    /// A mistake about these keys.
    pub(in crate::config) fn new(keys: &[&str], message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { keys: keys.iter().map(|key| (*key).to_owned()).collect(), message: message.into(), help: help.into() }
    }

    /// The error that says where its keys were set.
    pub(in crate::config) fn placed(&self, settings: &Settings, file: Option<&ConfigFile>) -> ConfigError {
        let origin = |key: &String| Some((key.clone(), settings.given(key)?.origin.clone()));
        self.placed_by(&self.keys.iter().filter_map(origin).collect::<Vec<_>>(), file)
    }

    /// The same, where the keys that are set were set so.
    pub(in crate::config) fn placed_by(&self, set: &[(String, Origin)], file: Option<&ConfigFile>) -> ConfigError {
        let help = match set {
            // A place that is shown says it already, and so does a variable that is named.
            [] | [_] => self.help.clone(),
            several => {
                let each: Vec<_> = several.iter().map(|(key, origin)| format!("{key}: {origin}")).collect();
                format!("{} Set by {}.", self.help, each.join("; "))
            }
        };
        match set.first() {
            None => ConfigError::setting(self.message.clone(), help),
            Some((_, Origin::Variable(name))) => ConfigError::setting(format!("{name}: {}", self.message), help),
            Some((key, origin)) => file
                .and_then(|file| file.error_at(key, self.message.clone(), Some(help.clone())))
                .unwrap_or_else(|| ConfigError::setting(format!("{origin}: {}", self.message), help)),
        }
    }
}
