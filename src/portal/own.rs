//! What of one request its requester may see.

use jiff::civil::DateTime;

use super::{events::Happened, found::FoundRequest};
use crate::id::{DocumentId, SolutionId, UserId};

/// A request that is this person's: all of it that they may see.
pub(super) struct Own {
    pub(super) found: FoundRequest,
    pub(super) solution: Option<SolutionId>,
    pub(super) parts: Vec<Contribution>,
    /// What happened to it, oldest first.
    pub(super) events: Vec<Happened>,
}

/// What becomes an entry.
pub(super) struct Contribution {
    pub(super) kind: Kind,
    pub(super) author: UserId,
    pub(super) written: Option<DateTime>,
    pub(super) content: String,
    pub(super) documents: Vec<AttachedFile>,
}

impl Own {
    /// Every document of it.
    pub(super) fn documents(&self) -> impl Iterator<Item = &AttachedFile> {
        self.parts.iter().flat_map(|part| &part.documents)
    }
}

/// What an entry of the timeline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself.
    Opening,
    /// A follow-up, the requester's or staff's.
    Followup,
    /// A solution, and what the requester made of it.
    Solution(SolutionState),
}

/// What became of a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolutionState {
    /// It waits for the requester's approval.
    Waiting,
    /// It was accepted, or closed without a word.
    Accepted,
    /// It was refused.
    Refused,
}

/// A file of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// GLPI's number of it.
    pub id: DocumentId,
    /// The file's name.
    pub name: String,
    /// Its media type, as GLPI knows it.
    pub media_type: String,
    /// Whether the text it belongs to shows it.
    pub is_shown: bool,
}
