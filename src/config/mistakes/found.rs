//! A mistake in values that can be read, and where they were set.

use crate::{
    config::{ConfigError, Origin, Settings, file::ConfigFile},
    text::Bilingual,
};

/// A mistake, and the keys it is about: the first is the one to look at.
#[derive(Debug)]
pub(in crate::config) struct Mistake {
    pub(in crate::config) keys: Vec<String>,
    pub(in crate::config) message: Bilingual,
    pub(in crate::config) help: Bilingual,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(in crate::config) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes a mistake about these keys.
    pub(super) fn add(&mut self, keys: &[&str], message: Bilingual, help: Bilingual) {
        self.0.push(Mistake::new(keys, message, help));
    }

    /// The value, or notes why there is none.
    pub(super) fn take<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        let mistake = |error: ConfigError| Mistake {
            keys: error.keys().to_vec(),
            message: error.message(),
            help: error.remedy().cloned().unwrap_or_default(),
        };
        result.map_err(|error| self.0.push(mistake(error))).ok()
    }

    /// All of them.
    pub(in crate::config) fn all(self) -> Vec<Mistake> {
        self.0
    }
}

impl Mistake {
    /// A mistake about these keys.
    pub(in crate::config) fn new(keys: &[&str], message: Bilingual, help: Bilingual) -> Self {
        Self { keys: keys.iter().map(|key| (*key).to_owned()).collect(), message, help }
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
                let each = each.join("; ");
                self.help.clone().then(" ", &Bilingual::new(format!("Set by {each}."), format!("Posés par {each}.")))
            }
        };
        let of = |place: &dyn std::fmt::Display| Bilingual::new(format!("{place}: "), format!("{place} : "));
        let elsewhere = |place| ConfigError::setting(of(place).then("", &self.message), help.clone());
        let error = match set.first() {
            None => ConfigError::setting(self.message.clone(), help),
            Some((_, Origin::Variable(name))) => elsewhere(name),
            Some((key, origin)) => {
                file.and_then(|file| file.error_at(key, &self.message, &help)).unwrap_or_else(|| elsewhere(origin))
            }
        };
        self.keys.iter().fold(error, |error, key| error.about(key))
    }
}
