//! Encoded words: what is not ASCII in a header field (RFC 2047).

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;

use super::charset;

/// An encoded word (RFC 2047 section 2).
struct Word<'a> {
    whole: &'a str,
    charset: &'a str,
    encoding: char,
    data: &'a str,
}

/// Longer than any encoded word that software writes; the RFC allows 75.
const MAX_WORD: usize = 2000;

impl<'a> Word<'a> {
    /// The encoded word at the start of `text`, which begins with `=?`.
    fn at(text: &'a str) -> Option<Self> {
        let (charset, rest) = text[2..].split_once('?')?;
        let encoding = rest.chars().next().filter(|c| matches!(c, 'B' | 'b' | 'Q' | 'q'))?;
        let rest = rest[1..].strip_prefix('?')?;
        let window = &rest.as_bytes()[..rest.len().min(MAX_WORD)];
        // The end, `?=`; or `=?`, which is padding before the end or the beginning of another word.
        let mark = window.windows(2).position(|pair| pair == b"?=" || pair == b"=?")?;
        let length = if window[mark] == b'?' { mark } else { mark + 1 };
        if !window[length..].starts_with(b"?=") {
            return None;
        }
        if charset.is_empty() || charset.len() > 40 || charset.contains(char::is_whitespace) {
            return None;
        }
        let end = text.len() - rest.len() + length + 2;
        Some(Self { whole: &text[..end], charset, encoding, data: &rest[..length] })
    }

    /// Whether the data of `next` may follow in the same word.
    fn continues_in(&self, next: &Self) -> bool {
        self.charset.eq_ignore_ascii_case(next.charset)
            && self.encoding.eq_ignore_ascii_case(&next.encoding)
            && (self.encoding.eq_ignore_ascii_case(&'q') || self.data.len().is_multiple_of(4))
    }
}

/// Calls `each` with every stretch of plain text and every encoded word that follows it.
fn each_word<'a>(text: &'a str, mut each: impl FnMut(&'a str, Option<Word<'a>>)) {
    let mut plain = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("=?") {
        at += found;
        match Word::at(&text[at..]) {
            Some(word) => {
                let end = at + word.whole.len();
                each(&text[plain..at], Some(word));
                plain = end;
                at = end;
            }
            None => at += 2,
        }
    }
    each(&text[plain..], None);
}

/// Joins neighbouring encoded words of one charset: much software cuts a character in two between them,
/// against RFC 2047 section 5.
fn join(text: &str) -> Cow<'_, str> {
    if text.contains("=?") { Cow::Owned(rewritten(text, |plain| Cow::Borrowed(plain))) } else { Cow::Borrowed(text) }
}

/// The text for a parser of structured fields: words joined, and what begins like a word but is none made
/// harmless. The library would look for its end up to the end of the field, each time anew.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    if text.contains("=?") {
        Cow::Owned(rewritten(text, |plain| Cow::Owned(plain.replace("=?", "= ?"))))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with its words joined and the plain text between them as `plain_as` has it.
fn rewritten(text: &str, plain_as: impl Fn(&str) -> Cow<'_, str>) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut last: Option<Word<'_>> = None;
    each_word(text, |plain, word| {
        match (&last, &word) {
            (Some(last), Some(word)) if plain.trim().is_empty() && last.continues_in(word) => {
                joined.truncate(joined.len() - 2);
                joined.push_str(word.data);
                joined.push_str("?=");
            }
            _ => {
                joined.push_str(&plain_as(plain));
                joined.push_str(word.as_ref().map_or("", |word| word.whole));
            }
        }
        last = word;
    });
    joined
}

/// Decodes the encoded words of an unstructured field.
pub(super) fn decode(text: &str) -> String {
    let joined = join(text);
    let mut decoded = String::with_capacity(joined.len());
    let mut after_word = false;
    each_word(&joined, |plain, word| {
        if !(after_word && word.is_some() && plain.trim().is_empty()) {
            decoded.push_str(plain);
        }
        after_word = false;
        if let Some(word) = word {
            match decode_word(&word) {
                Some(text) => {
                    decoded.push_str(&text);
                    after_word = true;
                }
                None => decoded.push_str(word.whole),
            }
        }
    });
    decoded
}

/// Decodes one word; its bytes are read as [`charset::decode`] reads them, so a wrong label does no harm.
fn decode_word(word: &Word<'_>) -> Option<String> {
    let data = format!("{}?=", word.data);
    let mut stream = MessageStream::new(data.as_bytes());
    let bytes = if word.encoding.eq_ignore_ascii_case(&'q') {
        stream.decode_quoted_printable_word()
    } else {
        stream.decode_base64_word()
    }?;
    // RFC 2231 section 5: a language may follow the charset.
    let charset = word.charset.split('*').next();
    Some(charset::decode(&bytes, charset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, join, safe};

    #[test]
    fn encoded_words_are_decoded() {
        for (text, expected) in [
            ("=?UTF-8?Q?Probl=C3=A8me_LSU?=", "Problème LSU"),
            ("=?iso-8859-1?q?=E9l=E8ve?= LSU", "élève LSU"),
            ("=?utf-8?B?UHJvYmzDqG1lIGQn?= =?utf-8?B?YWNjw6hz?=", "Problème d'accès"),
            // One character cut in two.
            ("=?utf-8?B?w4k=?= =?utf-8?B?Y29s?=", "École".get(..5).unwrap()),
            ("=?utf-8?Q?d=C3?= =?utf-8?Q?=A9j=C3=A0?=", "déjà"),
            ("Re: =?utf-8?Q?a?= et =?utf-8?Q?b?=", "Re: a et b"),
            ("=?windows-1252?Q?=9Cuvre_=80?=", "œuvre €"),
            ("=?utf-8?Q?=E9cole?=", "école"),
            ("=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été"),
            ("=?utf-8?X?abc?= reste", "=?utf-8?X?abc?= reste"),
            ("a =? b ?= c", "a =? b ?= c"),
            ("=?utf-8?Q?perdu =?utf-8?Q?d=C3=A9j=C3=A0?=", "=?utf-8?Q?perdu déjà"),
            ("=?utf-8?B?w6k=?==?utf-8?Q?_=3D=3F_?=", "é =? "),
            ("=?utf-8?Q?a b?=", "a b"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_decoder_fail(text in "([=?_ a-cBbQqé]|=\\?utf-8\\?[BbQq]\\?|\\?=|=C3|w6k=){0,40}") {
            let _ = decode(&text);
            prop_assert!(join(&text).len() <= text.len());
            prop_assert_eq!(safe(&text).replace("= ?", "=?"), join(&text).replace("= ?", "=?"));
        }
    }
}
