//! What a person may know before they write a request.

use super::{Person, Refusal};

/// What a person may know before they write a request: what the directory says of them, and whether a request of theirs
/// would be taken today. Empty where nobody can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prospect {
    /// What the directory knows of them.
    pub person: Option<Person>,
    /// Why a request of theirs would be refused.
    pub refusal: Option<Refusal>,
    /// How many more requests they may make today; `None` where that is not bounded or not known.
    pub left: Option<u32>,
}
