//! What is wrong with a configuration or mapping file, shown with the place of it.

use std::error::Error;

use miette::{Diagnostic, NamedSource, SourceSpan};

/// A mistake in the configuration: what, where, and what would be right.
#[derive(Debug, Diagnostic, thiserror::Error)]
pub enum ConfigError {
    /// A mistake at a place in a file.
    #[error("{message}")]
    InFile {
        /// What is wrong.
        message: String,
        /// What would be right.
        #[help]
        help: Option<String>,
        /// The file.
        #[source_code]
        source_code: NamedSource<String>,
        /// The place.
        #[label("here")]
        place: Option<SourceSpan>,
    },
    /// A mistake in an environment variable, or between several settings.
    #[error("{message}{}", source.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    Setting {
        /// What is wrong.
        message: String,
        /// What would be right.
        #[help]
        help: Option<String>,
        /// Why, where the system or a library said so.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    #[diagnostic(help("Check that the path is right and that the user who runs Passerelle may read it."))]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Several mistakes, so that all of them can be mended at once.
    #[error("{} mistakes in the configuration", mistakes.len())]
    Several {
        /// Each with its place.
        #[related]
        mistakes: Vec<ConfigError>,
    },
}

impl ConfigError {
    /// One error of all these; `None` where there is none.
    pub fn all(mistakes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let each = |mistake| match mistake {
            Self::Several { mistakes } => mistakes,
            one => vec![one],
        };
        let mut mistakes: Vec<_> = mistakes.into_iter().flat_map(each).collect();
        match mistakes.len() {
            0 | 1 => mistakes.pop(),
            _ => Some(Self::Several { mistakes }),
        }
    }

    /// A mistake at `place` (byte offsets) of the file `name` with this `text`.
    pub fn in_file(
        name: impl AsRef<str>,
        text: &str,
        place: Option<std::ops::Range<usize>>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Self::InFile {
            message: message.into(),
            help,
            source_code: NamedSource::new(name, text.to_owned()).with_language("TOML"),
            place: place.map(SourceSpan::from),
        }
    }

    /// A mistake that has no place in a file.
    pub fn setting(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Setting { message: message.into(), help: Some(help.into()), source: None }
    }

    /// The same, because of this error, whose words follow on the message.
    pub fn because(
        message: impl Into<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
        help: impl Into<String>,
    ) -> Self {
        Self::Setting { message: message.into(), help: Some(help.into()), source: Some(error.into()) }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), source }
    }
}
