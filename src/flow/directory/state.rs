//! What a source of the directory is found to hold, for `check`.

use crate::{request::Address, text::Bilingual};

/// What was read of a source.
#[derive(Debug, Clone)]
pub struct SourceState {
    /// What it is, and how much of it was read.
    pub found: Bilingual,
    /// Whether any director is in it.
    pub has_directors: bool,
    /// What to look at where none is.
    pub remedy: Bilingual,
    /// The lines of a file that name nobody, each with why; nobody's data.
    pub left_out: Vec<Bilingual>,
    /// The directors of a file; those of GLPI's group and of LDAP are asked for one at a time.
    pub directors: Vec<Address>,
}
