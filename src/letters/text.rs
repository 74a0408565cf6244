//! What a letter says: its subject, its two bodies, who signs it; what others wrote stands in it as plain lines.
//!
//! Askama, because the templates are compiled in and checked with the code; what the academy edits is minijinja's.

use lettre::{
    Message,
    message::{MessageBuilder, MultiPart},
};

use crate::text::unseen::one_line;

/// The longest quotation of a subject, characters: a subject line stays readable.
pub(super) const LONGEST_SUBJECT: usize = 120;
/// The longest of the other quotations.
pub(super) const LONGEST_LINE: usize = 250;

/// A mail's subject and its two bodies.
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) plain: String,
    pub(crate) html: String,
}

impl Text {
    /// The mail with these two bodies.
    pub(super) fn into_body(self, builder: MessageBuilder) -> Result<Message, lettre::error::Error> {
        builder.multipart(MultiPart::alternative_plain_html(self.plain, self.html))
    }
}

/// What letters about a request say of their sender.
pub(super) struct Signature<'a> {
    /// Who signs: the display name of `smtp.from`.
    pub(super) name: &'a str,
    /// Whom to ask about a refusal.
    pub(super) contact: &'a str,
    /// Whether a reply to a receipt gets into its ticket.
    pub(super) takes_replies: bool,
}

/// One line without control characters and without those that turn the reading direction.
pub(super) fn line(text: &str, longest: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// One of the other quotations.
pub(super) fn short(text: &str) -> String {
    line(text, LONGEST_LINE)
}
