//! Encoded words: what is not ASCII in a header field (RFC 2047).

use std::borrow::Cow;

use data_encoding::BASE64;
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

/// Plain text, or encoded words with nothing but blanks between them: those are no text (RFC 2047 section 6.2).
enum Piece<'a> {
    Plain(&'a str),
    Words(Vec<Joined<'a>>),
}

/// Neighbouring words of one charset as one, whatever their encodings: much software cuts a character in two between
/// them, against RFC 2047 section 5.
struct Joined<'a> {
    charset: &'a str,
    /// As they stand, with a space between.
    encoded: Cow<'a, str>,
    /// What they hold; `None` where one cannot be decoded, which is joined to no other.
    bytes: Option<Vec<u8>>,
}

impl<'a> Joined<'a> {
    fn of(word: &Word<'a>) -> Self {
        Self { charset: word.charset, encoded: Cow::Borrowed(word.whole), bytes: decode_word(word) }
    }

    /// Takes the word that follows in, or gives it back.
    fn continued(&mut self, next: Self) -> Option<Self> {
        match (&mut self.bytes, &next.bytes) {
            (Some(bytes), Some(more)) if self.charset.eq_ignore_ascii_case(next.charset) => {
                bytes.extend(more);
                self.encoded.to_mut().extend([" ", &next.encoded]);
                None
            }
            _ => Some(next),
        }
    }

    /// Its text; the bytes are read as [`charset::decode`] reads them, so a wrong label does no harm.
    fn text(&self) -> Option<String> {
        // RFC 2231 section 5: a language may follow the charset.
        let charset = self.charset.split('*').next();
        self.bytes.as_deref().map(|bytes| charset::decode(bytes, charset))
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    each_word(text, |plain, word| match (pieces.last_mut(), word) {
        (Some(Piece::Words(run)), Some(word)) if plain.trim().is_empty() => {
            let next = Joined::of(&word);
            let apart = match run.last_mut() {
                Some(last) => last.continued(next),
                None => Some(next),
            };
            run.extend(apart);
        }
        (_, word) => {
            if !plain.is_empty() {
                pieces.push(Piece::Plain(plain));
            }
            pieces.extend(word.map(|word| Piece::Words(vec![Joined::of(&word)])));
        }
    });
    pieces
}

/// The text for a parser of structured fields: neighbouring words are one, and what begins like a word but is none is
/// made harmless. The library would keep the blanks between words of two encodings, and look for the end of what is
/// no word up to the end of the field, each time anew.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let one = |run: &[Joined<'_>]| {
        let encoded = || run.iter().map(|word| word.encoded.as_ref()).collect::<Vec<_>>().join(" ");
        if let [word] = run
            && !word.encoded.contains(' ')
        {
            return encoded();
        }
        let decoded: Option<String> = run.iter().map(Joined::text).collect();
        decoded.map_or_else(encoded, |text| format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes())))
    };
    let pieces = pieces(text);
    let safe = pieces.iter().map(|piece| match piece {
        Piece::Plain(plain) => plain.replace("=?", "= ?"),
        Piece::Words(run) => one(run),
    });
    Cow::Owned(safe.collect())
}

/// Decodes the encoded words of an unstructured field.
pub(super) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => decoded.push_str(plain),
            Piece::Words(run) => {
                for (at, word) in run.iter().enumerate() {
                    match word.text() {
                        Some(text) => decoded.push_str(&text),
                        None => decoded.extend([if at > 0 { " " } else { "" }, &word.encoded]),
                    }
                }
            }
        }
    }
    decoded
}

/// What one word holds.
fn decode_word(word: &Word<'_>) -> Option<Vec<u8>> {
    let data = format!("{}?=", word.data);
    let mut stream = MessageStream::new(data.as_bytes());
    if word.encoding.eq_ignore_ascii_case(&'q') {
        stream.decode_quoted_printable_word()
    } else {
        stream.decode_base64_word()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, safe};

    #[test]
    fn encoded_words_are_decoded() {
        for (text, expected) in [
            ("=?UTF-8?Q?Probl=C3=A8me_LSU?=", "Problème LSU"),
            ("=?iso-8859-1?q?=E9l=E8ve?= LSU", "élève LSU"),
            ("=?utf-8?B?UHJvYmzDqG1lIGQn?= =?utf-8?B?YWNjw6hz?=", "Problème d'accès"),
            // One character cut in two.
            ("=?utf-8?B?w4k=?= =?utf-8?B?Y29s?=", "École".get(..5).unwrap()),
            ("=?utf-8?Q?d=C3?= =?utf-8?Q?=A9j=C3=A0?=", "déjà"),
            ("=?utf-8?B?ZMM=?= =?UTF-8?Q?=A9j=C3?= =?utf-8?B?oA==?=", "déjà"),
            ("Re: =?utf-8?Q?a?= et =?utf-8?Q?b?=", "Re: a et b"),
            ("=?windows-1252?Q?=9Cuvre_=80?=", "œuvre €"),
            ("=?utf-8?Q?=E9cole?=", "école"),
            ("=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été"),
            ("=?utf-8?X?abc?= reste", "=?utf-8?X?abc?= reste"),
            ("a =? b ?= c", "a =? b ?= c"),
            ("=?utf-8?Q?perdu =?utf-8?Q?d=C3=A9j=C3=A0?=", "=?utf-8?Q?perdu déjà"),
            ("=?utf-8?B?w6k=?==?utf-8?Q?_=3D=3F_?=", "é =? "),
            ("=?utf-8?Q?a b?=", "a b"),
            ("=?utf-8?B?w4k=?= =?iso-8859-1?Q?l=E8ve?=\t=?utf-8?B?cw==?= !", "Élèves !"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    #[test]
    fn words_that_are_each_short_may_be_long_together() {
        let word = format!("=?utf-8?B?{}?= ", data_encoding::BASE64.encode("é".repeat(21).as_bytes()));
        assert_eq!(decode(&word.repeat(200)).trim_end(), "é".repeat(21 * 200));
    }

    #[test]
    fn a_parser_of_fields_meets_one_word() {
        assert_eq!(safe("\"=?utf-8?B?w4k=?= =?utf-8?Q?l=C3=A8ve?= x\""), "\"=?utf-8?B?w4lsw6h2ZQ==?= x\"");
        assert_eq!(safe("=?utf-8?Q?a?= =?utf-8?q?b?= =?x"), "=?utf-8?B?YWI=?= = ?x");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_decoder_fail(text in "([=?_ a-cBbQqé]|=\\?utf-8\\?[BbQq]\\?|\\?=|=C3|w6k=){0,40}") {
            let _ = decode(&text);
            let _ = safe(&text);
        }
    }
}
