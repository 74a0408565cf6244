//! Shortens the texts of a JSON answer while it comes in: a list of large tickets needs the beginning of each only, and
//! GLPI sends all of it.

use memchr::{memchr, memchr2};

/// As much of each text as is read, bytes: the gateway's own words open a ticket's content, and GLPI would send all of
/// it, megabytes for some.
pub(super) const EXCERPT: usize = 8 * 1024;
/// The same where nothing of a list's texts is looked at but dates.
pub(super) const NO_TEXT: usize = 64;

/// Passes JSON on, without what of its strings is beyond a length.
#[derive(Debug)]
pub(super) struct Excerpt {
    longest: usize,
    kept: Vec<u8>,
    place: Place,
}

/// Where in the JSON the next byte is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Outside,
    /// In a string of which so many bytes are kept. The first half of a pair of escapes must keep its second half.
    Text {
        length: usize,
        is_half: bool,
    },
    /// Behind a backslash.
    Escape {
        length: usize,
    },
    /// In the four digits of `\u`, of which so many are read, with their value.
    Digits {
        length: usize,
        read: u8,
        value: u32,
    },
    /// In what is left out of a string, perhaps behind a backslash.
    Beyond {
        is_escape: bool,
    },
}

impl Excerpt {
    /// Keeps of each string `longest` bytes, as JSON writes them; a little more where a character would be cut.
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, kept: Vec::new(), place: Place::Outside }
    }

    /// Takes the next piece of the answer.
    pub(super) fn push(&mut self, mut piece: &[u8]) {
        if self.longest == usize::MAX {
            self.kept.extend_from_slice(piece);
            return;
        }
        while let Some((&byte, _)) = piece.split_first() {
            match self.run(piece) {
                0 => {
                    self.take(byte);
                    piece = &piece[1..];
                }
                run => piece = &piece[run..],
            }
        }
    }

    /// Takes what changes nothing about where the next byte is, all at once: most of an answer. Gives its length.
    fn run(&mut self, piece: &[u8]) -> usize {
        let until_mark = |piece: &[u8]| memchr2(b'"', b'\\', piece).unwrap_or(piece.len());
        match &mut self.place {
            Place::Outside => {
                let run = memchr(b'"', piece).unwrap_or(piece.len());
                self.kept.extend_from_slice(&piece[..run]);
                run
            }
            Place::Text { length, is_half: false } => {
                let run = until_mark(&piece[..piece.len().min(self.longest.saturating_sub(*length))]);
                self.kept.extend_from_slice(&piece[..run]);
                *length += run;
                run
            }
            Place::Beyond { is_escape: false } => until_mark(piece),
            Place::Text { .. } | Place::Escape { .. } | Place::Digits { .. } | Place::Beyond { .. } => 0,
        }
    }

    /// The shortened answer.
    pub(super) fn finish(self) -> Vec<u8> {
        self.kept
    }

    fn take(&mut self, byte: u8) {
        let is_continued = byte & 0xC0 == 0x80;
        self.place = match (self.place, byte) {
            (Place::Outside, b'"') => Place::Text { length: 0, is_half: false },
            (Place::Outside, _) | (Place::Text { .. } | Place::Beyond { is_escape: false }, b'"') => Place::Outside,
            (Place::Text { length, is_half: false }, _) if length >= self.longest && !is_continued => {
                Place::Beyond { is_escape: byte == b'\\' }
            }
            (Place::Text { length, .. }, b'\\') => Place::Escape { length: length + 1 },
            (Place::Escape { length }, b'u') => Place::Digits { length: length + 1, read: 0, value: 0 },
            (Place::Text { length, .. } | Place::Escape { length }, _) => {
                Place::Text { length: length + 1, is_half: false }
            }
            (Place::Digits { length, read, value }, _) => {
                let value = value << 4 | char::from(byte).to_digit(16).unwrap_or_default();
                let length = length + 1;
                // RFC 8259 section 7: outside the basic plane, a character is two escapes, the first of these.
                let is_half = (0xD800..0xDC00).contains(&value);
                if read == 3 {
                    Place::Text { length, is_half }
                } else {
                    Place::Digits { length, read: read + 1, value }
                }
            }
            (Place::Beyond { is_escape }, _) => Place::Beyond { is_escape: !is_escape && byte == b'\\' },
        };
        if !matches!(self.place, Place::Beyond { .. }) {
            self.kept.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::{collection::vec, prelude::*, sample::select};
    use serde_json::Value;

    use super::Excerpt;

    fn shortened(json: &[u8], longest: usize, step: usize) -> Vec<u8> {
        let mut excerpt = Excerpt::new(longest);
        json.chunks(step).for_each(|piece| excerpt.push(piece));
        excerpt.finish()
    }

    /// As PHP's `json_encode` writes it: all but ASCII as escapes.
    fn escaped(text: &str) -> String {
        let unit = |unit: u16| match u8::try_from(unit).map(char::from) {
            Ok(c @ (' ' | 'a'..='z')) => c.to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        format!("\"{}\"", text.encode_utf16().map(unit).collect::<String>())
    }

    proptest! {
        #[test]
        fn each_text_keeps_its_beginning_and_the_rest_of_the_answer_is_as_it_was(
            texts in vec("([a-z \"\\\\/]|é|€|😀|\n){0,40}", 1..5),
            longest in 0_usize..30,
            step in 1_usize..9,
        ) {
            let raw = serde_json::to_string(&texts).unwrap();
            let php = format!("[{}]", texts.iter().map(|text| escaped(text)).collect::<Vec<_>>().join(","));
            for json in [raw, php] {
                let whole = shortened(json.as_bytes(), usize::MAX, step);
                prop_assert_eq!(&whole, json.as_bytes());
                let short = shortened(json.as_bytes(), longest, step);
                // Two quotes, a comma, and at most a pair of escapes more than was asked for.
                prop_assert!(short.len() <= (longest + 15) * texts.len() + 2);
                let read: Vec<String> = serde_json::from_slice(&short).unwrap();
                prop_assert_eq!(read.len(), texts.len());
                for (short, text) in read.iter().zip(&texts) {
                    prop_assert!(text.starts_with(short.as_str()));
                    // A character takes twelve bytes at most.
                    prop_assert!(short.chars().count() >= text.chars().count().min(longest / 12));
                }
            }
        }
    }

    proptest! {
        /// Whatever GLPI sends, in whatever pieces.
        #[test]
        fn what_is_taken_at_once_is_what_would_be_taken_byte_by_byte(
            json in vec(select(b"\"\\ua0dD8\xc3\xa9\xf0\x9f, ".as_slice()), 0..200),
            longest in prop_oneof![0_usize..30, Just(usize::MAX)],
            step in 1_usize..60,
        ) {
            let mut excerpt = Excerpt::new(longest);
            for &byte in &json {
                excerpt.take(byte);
            }
            prop_assert_eq!(shortened(&json, longest, step), excerpt.finish());
        }
    }

    #[test]
    fn what_is_behind_a_long_text_is_read() {
        let json = format!(r#"{{"21":"{}\"}}","2":7,"1":"LSU"}}"#, "x".repeat(100));
        let row: Value = serde_json::from_slice(&shortened(json.as_bytes(), 10, 7)).unwrap();
        assert_eq!(row, serde_json::json!({"21": "xxxxxxxxxx", "2": 7, "1": "LSU"}));
    }
}
