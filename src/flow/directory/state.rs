//! What a source of the directory is found to hold, for `check`.

use crate::text::Bilingual;

/// What was read of a source.
#[derive(Debug, Clone)]
pub struct SourceState {
    /// What it is, and how much of it was read.
    pub found: Bilingual,
    /// Whether any director is in it.
    pub has_directors: bool,
    /// What to look at where none is.
    pub remedy: Bilingual,
}
