//! An article that perhaps answers a request.

/// An article that perhaps answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its question.
    pub title: String,
    /// The address of its page.
    pub link: String,
}
