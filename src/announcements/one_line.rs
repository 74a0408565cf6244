//! Texts of one line, as every GLPI gives them back.

use crate::text::unseen::unturned;

/// Characters of a subject: GLPI has room for 255.
pub const LONGEST_SUBJECT: usize = 150;

/// One line of at most so many characters, none of which turns the reading direction.
pub(super) fn line(text: &str, longest: usize) -> String {
    let (mut line, text) = (String::new(), unturned(text));
    for word in text.split(|c: char| c.is_control() || c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}') {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if u32::from(c) > 0xffff { '\u{fffd}' } else { c }));
    }
    // GLPI takes no-break spaces at the ends away.
    let line = line.trim();
    match line.char_indices().nth(longest) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
    }
}
