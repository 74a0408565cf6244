//! Transfer encodings: how content is written for the way, and read however it was damaged on it.

use bytes::Bytes;
use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};

use super::header::{line_end, trim_line_break};

/// How a part's content is written for the way (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
}

impl Encoding {
    /// The one of this name; content under another name is taken as it is.
    pub(super) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "x-uuencode" | "x-uue" | "uuencode" => Self::Uuencode,
            _ => Self::Identity,
        }
    }

    /// The content, decoded; damaged encodings give what can be read. Not copied where not encoded.
    pub(super) fn decoded(self, encoded: &Bytes) -> Bytes {
        match self {
            Self::Identity => encoded.clone(),
            Self::Base64 => {
                let encoded = without_added_lines(encoded);
                base64_decode(encoded).unwrap_or_else(|| damaged_base64(encoded)).into()
            }
            Self::QuotedPrintable => quoted_printable_decode(encoded)
                .or_else(|| quoted_printable_decode(&mended_quoted_printable(encoded)))
                .map_or_else(|| encoded.clone(), Bytes::from),
            Self::Uuencode => uudecoded(encoded).map_or_else(|| encoded.clone(), Bytes::from),
        }
    }

    /// So many bytes at least of what the content begins with: a large file is not decoded for them. `None` where they
    /// are had from all of it alone.
    pub(super) fn beginning(self, encoded: &Bytes, most: usize) -> Option<Bytes> {
        if self == Self::Base64 { base64_beginning(encoded, most).map(Bytes::from) } else { None }
    }

    /// What a relay or a list has added in clear below the encoded text.
    pub(super) fn added_lines(self, encoded: &[u8]) -> &[u8] {
        let length = if self == Self::Base64 { without_added_lines(encoded).len() } else { encoded.len() };
        encoded[length..].trim_ascii()
    }
}

/// What stands between «begin 644 name» and «end»: lines of their length and four characters for three bytes, each six
/// bits above the blank (POSIX `uuencode`). `None` where nothing does.
fn uudecoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut lines = encoded.split(|&byte| byte == b'\n').map(trim_line_break);
    lines.find(|line| line.starts_with(b"begin "))?;
    let bits = |byte: u8| byte.wrapping_sub(b' ') & 63;
    let mut decoded = Vec::new();
    for line in lines.take_while(|line| !line.starts_with(b"end")) {
        let Some((&length, data)) = line.split_first() else { continue };
        // Blanks at the end may be lost on the way.
        let at = |index: usize| data.get(index).map_or(0, |&byte| u32::from(bits(byte)));
        let bytes = (0..data.len().div_ceil(4)).flat_map(|four| {
            let value = (0..4).fold(0, |value, index| value << 6 | at(4 * four + index));
            value.to_be_bytes().into_iter().skip(1)
        });
        decoded.extend(bytes.take(usize::from(bits(length))));
    }
    (!decoded.is_empty()).then_some(decoded)
}

/// Base64 up to what a relay or a list has added below: lines behind the padding that are not base64 throughout, a
/// drawn rule, a sentence.
fn without_added_lines(encoded: &[u8]) -> &[u8] {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_sentence = |line: &[u8]| {
        let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words().nth(2).is_some() && words().all(|word| word.len() < 20)
    };
    let mut at = 0;
    let mut is_padded = false;
    while at < encoded.len() {
        let end = line_end(encoded, at);
        let line = encoded[at..end].trim_ascii();
        let is_foreign = if is_padded { !line.iter().all(is_letter) } else { !line.iter().any(is_letter) };
        if !line.is_empty() && (is_foreign || is_sentence(line)) {
            return &encoded[..at];
        }
        is_padded |= line.ends_with(b"=");
        at = end;
    }
    encoded
}

/// At least so many bytes of what base64 begins with; `None` where what follows may change how they are read. Whole lines
/// without padding and without what was added are read byte by byte.
fn base64_beginning(encoded: &[u8], most: usize) -> Option<Vec<u8>> {
    let some = encoded.get(..most * 2)?;
    let lines = &some[..=some.iter().rposition(|&byte| byte == b'\n')?];
    let is_plain = !lines.contains(&b'=') && without_added_lines(lines).len() == lines.len();
    base64_decode(lines).filter(|few| is_plain && few.len() >= most)
}

/// Reads base64 as if what does not belong to it were not there.
fn damaged_base64(encoded: &[u8]) -> Vec<u8> {
    let letters: Vec<u8> = encoded
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        .collect();
    base64_decode(&letters).unwrap_or_default()
}

/// Writes every `=` that begins no code as `=3D`: what the writer meant.
fn mended_quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(encoded.len() + encoded.len() / 16);
    for (at, &byte) in encoded.iter().enumerate() {
        mended.push(byte);
        let rest = &encoded[at + 1..];
        let is_code = rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit);
        let blanks = rest.iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        let is_soft_break = rest.get(blanks).is_none_or(|&byte| byte == b'\n');
        if byte == b'=' && !is_code && !is_soft_break {
            mended.extend_from_slice(b"3D");
        }
    }
    mended
}
