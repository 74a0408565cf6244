//! Something in the configuration that works, and may not be what is meant.

use std::fmt;

/// Something that is risky, or does nothing, or surprises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key, or what else it is about.
    pub about: String,
    /// What it is.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Warning {
    /// A warning about a key.
    pub(super) fn new(about: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about: about.into(), message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.about, self.message, self.remedy)
    }
}
