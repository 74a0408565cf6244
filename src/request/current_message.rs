//! What the academy says about an application at the moment.

/// A message that a receipt shows, of the application that the request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMessage {
    /// What it is about, one line.
    pub title: String,
    /// The beginning of its text.
    pub text: String,
}
