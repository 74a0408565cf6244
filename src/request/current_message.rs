//! What the academy says to directors at the moment.

/// A message that a receipt shows, as it concerns the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMessage {
    /// What it is about, one line.
    pub title: String,
    /// The beginning of its text.
    pub text: String,
}
