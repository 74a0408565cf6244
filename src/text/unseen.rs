//! Characters that nobody sees and that change how others are read.

/// Whether it turns the reading direction (Unicode Standard Annex #9): beside such a one a text reads as another.
pub(crate) fn is_turn(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text without those.
pub(crate) fn unturned(text: &str) -> String {
    text.chars().filter(|c| !is_turn(*c)).collect()
}

/// A text in one line, its white space folded, without control characters and those that turn the reading direction.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().filter(|c| !is_turn(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
