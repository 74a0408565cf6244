//! What is wrong with a configuration or mapping file, shown with the place of it, in both languages.

use std::{error::Error, fmt};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

use super::foreign::of_error;
use crate::text::{Bilingual, Language};

/// A mistake in the configuration: what, where, and what would be right. By itself it speaks English, as logs do;
/// [`ConfigError::said`] speaks the language of who reads.
#[derive(Debug)]
pub enum ConfigError {
    /// A mistake at a place in a file.
    InFile {
        /// The keys that it is about.
        about: Vec<String>,
        /// What is wrong.
        message: Bilingual,
        /// What would be right.
        help: Option<Bilingual>,
        /// The file.
        source_code: NamedSource<String>,
        /// The place.
        place: Option<SourceSpan>,
    },
    /// A mistake in an environment variable, between several settings, or of a file that cannot be read.
    Setting {
        /// The keys that it is about.
        about: Vec<String>,
        /// What is wrong.
        message: Bilingual,
        /// What would be right.
        help: Bilingual,
        /// Why, where the system or a library said so.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Several mistakes, so that all of them can be mended at once.
    Several {
        /// Each with its place.
        mistakes: Vec<ConfigError>,
    },
}

impl ConfigError {
    /// One error of all these; `None` where there is none.
    pub fn all(mistakes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut mistakes: Vec<_> = mistakes.into_iter().flat_map(Self::each).collect();
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
        message: Bilingual,
        help: Option<Bilingual>,
    ) -> Self {
        Self::InFile {
            about: Vec::new(),
            message,
            help,
            source_code: NamedSource::new(name, text.to_owned()).with_language("TOML"),
            place: place.map(SourceSpan::from),
        }
    }

    /// A mistake that has no place in a file.
    pub fn setting(message: Bilingual, help: Bilingual) -> Self {
        Self::Setting { about: Vec::new(), message, help, source: None }
    }

    /// The same, because of this error, whose words follow on the message.
    pub fn because(message: Bilingual, error: impl Into<Box<dyn Error + Send + Sync>>, help: Bilingual) -> Self {
        Self::Setting { about: Vec::new(), message, help, source: Some(error.into()) }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: &std::path::Path, source: std::io::Error) -> Self {
        let path = path.display();
        Self::because(
            Bilingual::new(format!("cannot read {path}"), format!("impossible de lire {path}")),
            source,
            Bilingual::new(
                "Check that the path is right and that the user who runs Passerelle may read it.",
                "Vérifiez que le chemin est juste et que l’utilisateur qui fait tourner Passerelle peut le lire.",
            ),
        )
    }

    /// A defect of the program's own, which nobody can mend by a setting.
    pub fn defect(message: Bilingual, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let help = Bilingual::new("Report this: it is a defect.", "Signalez-le\u{a0}: c’est un défaut du programme.");
        Self::because(message, error, help)
    }

    /// The same, about this key, or this section, as well.
    #[must_use]
    pub fn about(mut self, key: &str) -> Self {
        match &mut self {
            Self::InFile { about, .. } | Self::Setting { about, .. } => about.push(key.to_owned()),
            Self::Several { mistakes } => {
                let each = std::mem::take(mistakes).into_iter();
                mistakes.extend(each.map(|mistake| mistake.about(key)));
            }
        }
        self
    }

    /// The keys that it is about, the one to look at first; none where it is about no setting, or is several mistakes.
    pub fn keys(&self) -> &[String] {
        match self {
            Self::InFile { about, .. } | Self::Setting { about, .. } => about,
            Self::Several { .. } => &[],
        }
    }

    /// Its mistakes, one by one.
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::Several { mistakes } => mistakes,
            one => vec![one],
        }
    }

    /// Whether it is about this key, or about one of this section.
    pub fn is_about(&self, key: &str) -> bool {
        let is_it =
            |about: &String| about.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.keys().iter().any(is_it)
    }

    /// What is wrong, with the words of the system or of a library as they are.
    pub fn message(&self) -> Bilingual {
        match self {
            Self::InFile { message, .. } | Self::Setting { message, source: None, .. } => message.clone(),
            Self::Setting { message, source: Some(error), .. } => {
                let why = of_error(error.as_ref());
                message.clone().saying(&why)
            }
            Self::Several { mistakes } => Bilingual::new(
                format!("{} mistakes in the configuration", mistakes.len()),
                format!("{} erreurs dans la configuration", mistakes.len()),
            ),
        }
    }

    /// What would be right.
    pub fn remedy(&self) -> Option<&Bilingual> {
        match self {
            Self::InFile { help, .. } => help.as_ref(),
            Self::Setting { help, .. } => Some(help),
            Self::Several { .. } => None,
        }
    }

    /// All of it for who reads this language.
    pub fn said(self, language: Language) -> Said {
        let message = self.message().text(language).to_owned();
        let help = self.remedy().map(|remedy| remedy.text(language).to_owned());
        let here = if language == Language::French { "ici" } else { "here" };
        let (source_code, place, related) = match self {
            Self::InFile { source_code, place, .. } => (Some(source_code), place, Vec::new()),
            Self::Setting { .. } => (None, None, Vec::new()),
            Self::Several { mistakes } => (None, None, mistakes),
        };
        let related = related.into_iter().map(|one| one.said(language)).collect();
        Said { message, help, source_code, place, here, related }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().text(Language::English))
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Setting { source: Some(source), .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.remedy().map(|remedy| Box::new(remedy.text(Language::English)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match self {
            Self::InFile { source_code, .. } => Some(source_code),
            _ => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match self {
            Self::InFile { place: Some(place), .. } => {
                Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), *place))))
            }
            _ => None,
        }
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self {
            Self::Several { mistakes } => Some(Box::new(mistakes.iter().map(|one| one as &dyn Diagnostic))),
            _ => None,
        }
    }
}

/// A mistake in one language.
#[derive(Debug, Diagnostic, thiserror::Error)]
#[error("{message}")]
pub struct Said {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    source_code: Option<NamedSource<String>>,
    #[label("{here}")]
    place: Option<SourceSpan>,
    here: &'static str,
    #[related]
    related: Vec<Said>,
}
