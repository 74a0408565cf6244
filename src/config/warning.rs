//! Something in the configuration that works, and may not be what is meant.

use std::fmt;

use crate::text::{Bilingual, Language};

/// Something that is risky, or does nothing, or surprises. `Display` is English, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key, or what else it is about.
    pub about: Bilingual,
    /// What it is.
    pub message: Bilingual,
    /// What to do.
    pub remedy: Bilingual,
}

impl Warning {
    /// A warning about a key.
    pub(super) fn new(about: Bilingual, message: Bilingual, remedy: Bilingual) -> Self {
        Self { about, message, remedy }
    }

    /// The line that a command prints of it.
    pub fn line(&self, language: Language) -> String {
        let Self { about, message, remedy } = self;
        Bilingual::new("warning  ", "À REVOIR ")
            .then("", about)
            .saying(message)
            .then(" → ", remedy)
            .text(language)
            .to_owned()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [about, message, remedy] =
            [&self.about, &self.message, &self.remedy].map(|said| said.text(Language::English));
        write!(f, "{about}: {message} → {remedy}")
    }
}
