//! What is known of a person who asks.

use super::Person;
use crate::text::Bilingual;

/// What the directory says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryAnswer {
    /// A school director.
    Director(Person),
    /// Somebody else, with what is known of them, or nobody any source has heard of.
    Other(Option<Person>),
    /// Not known now: no source said «director», and at least one could not be asked.
    Unknown {
        /// Which source failed, why, and what to look at; holds nobody's data.
        cause: Bilingual,
    },
}
