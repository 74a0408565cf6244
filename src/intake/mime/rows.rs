//! The lines of a text as people see them: without those that are blank.

use crate::text::html_text::Line;

/// A line that is not blank.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Without blanks around.
    pub(super) text: &'a str,
    /// Whether a blank line stands above: a paragraph begins.
    pub(super) begins_paragraph: bool,
}

impl Row<'_> {
    /// Whether it begins as plain text quotes.
    pub(super) fn is_quoted(&self) -> bool {
        self.text.starts_with('>')
    }
}

/// The lines that are not blank.
pub(super) fn rows(lines: &[Line]) -> Vec<Row<'_>> {
    let mut begins_paragraph = true;
    let mut rows = Vec::new();
    for line in lines {
        let text = line.text.trim();
        if text.is_empty() {
            begins_paragraph = true;
        } else {
            rows.push(Row { start: line.start, end: line.end, text, begins_paragraph });
            begins_paragraph = false;
        }
    }
    rows
}
