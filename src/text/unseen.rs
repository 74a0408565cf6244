//! Characters that nobody sees and that change how others are read.

/// Whether it turns the reading direction (Unicode Standard Annex #9): beside such a one a text reads as another.
pub(crate) fn is_turn(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text without those.
pub(crate) fn unturned(text: &str) -> String {
    text.chars().filter(|c| !is_turn(*c)).collect()
}
