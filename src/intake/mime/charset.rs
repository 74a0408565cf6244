//! Bytes to text: the declared charset where it is believable, else a guess.

use std::borrow::Cow;

use ::charset::Charset;
use mail_parser::decoders::charsets::map::charset_decoder;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Decodes `bytes` by the `declared` charset.
///
/// UTF-8 that is valid is UTF-8, also where nothing, US-ASCII or latin1 was declared; what is declared UTF-8
/// but is not, or has an unknown charset, is read as windows-1252: that is what French software writes then.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    // Some software puts the name in single quotes, which are none in MIME.
    let declared = declared.map(|name| name.trim_matches([' ', '\'', '"']).to_ascii_lowercase()).unwrap_or_default();
    let guessed = matches!(declared.as_str(), "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "unknown-8bit")
        || is_utf_7(&declared)
        || (is_latin(&declared) && is_mislabelled(bytes))
        || (is_of_two_bytes(&declared) && is_utf_8_by_no_chance(bytes));
    if let Some(text) = is_utf_7(&declared).then(|| utf_7(bytes)).flatten() {
        return text;
    }
    match charset_decoder(declared.as_bytes()) {
        Some(decoder) if !guessed => decoder(bytes),
        _ => guess(bytes).into_owned(),
    }
    .trim_start_matches('\u{feff}')
    .to_owned()
}

/// «utf-7», «unicode-1-1-utf-7».
fn is_utf_7(charset: &str) -> bool {
    charset.ends_with("utf-7") || charset.ends_with("utf7")
}

/// UTF-7 (RFC 2152): what is no letter of ASCII stands in base64 between `+` and the next character that is none of
/// it; of these only a hyphen goes. `None` where it is no UTF-7, as «03+80».
fn utf_7(bytes: &[u8]) -> Option<String> {
    let (text, is_damaged) = Charset::for_label(b"utf-7")?.decode_without_bom_handling(bytes);
    (!is_damaged).then(|| text.trim_start_matches('\u{feff}').to_owned())
}

fn is_latin(charset: &str) -> bool {
    ["iso-8859-", "iso8859", "windows-125", "cp125", "latin"].iter().any(|family| charset.starts_with(family))
}

/// The charsets of East Asia, which cheap scanners declare whatever they send.
fn is_of_two_bytes(charset: &str) -> bool {
    [
        "gb",
        "big5",
        "shift_jis",
        "shift-jis",
        "sjis",
        "euc-",
        "ks_c_5601",
        "iso-2022-",
        "hz-gb",
        "cp936",
        "cp932",
        "windows-31j",
    ]
    .iter()
    .any(|family| charset.starts_with(family))
}

/// Whether bytes that should have one of these charsets are UTF-8: French letters, or characters of three bytes and
/// more throughout, which text in pairs of bytes hardly ever gives.
fn is_utf_8_by_no_chance(bytes: &[u8]) -> bool {
    let is_of_three_bytes = |text: &str| !text.is_ascii() && text.chars().all(|c| c.is_ascii() || c >= '\u{800}');
    is_mislabelled(bytes) || str::from_utf8(bytes).is_ok_and(is_of_three_bytes)
}

/// Whether bytes that should have one of the one-byte charsets are UTF-8. «É» before a no-break space is
/// valid UTF-8 by chance, but of no letter that French software writes.
fn is_mislabelled(bytes: &[u8]) -> bool {
    let is_written = |c: char| matches!(c, '\0'..='\u{ff}' | 'Œ' | 'œ' | 'Ÿ' | '\u{300}'..='\u{36f}' | '\u{2000}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..);
    str::from_utf8(bytes).is_ok_and(|text| !text.is_ascii() && text.chars().all(is_written))
}

/// Reads text of unknown charset: UTF-8 if it is, else windows-1252.
///
/// A text that is UTF-8 but for a few damaged bytes stays UTF-8, with U+FFFD in their place.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(bytes);
    if matches!(lossy, Cow::Borrowed(_)) {
        return lossy;
    }
    let damaged = lossy.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    let multibyte = lossy.chars().filter(|&c| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER).count();
    match charset_decoder(b"windows-1252") {
        Some(decoder) if damaged > multibyte => Cow::Owned(decoder(bytes)),
        _ => lossy,
    }
}

/// One clean line of at most `max` characters: no control characters, no invisible or direction-changing
/// ones (they disguise what a person reads), single spaces, composed accents (NFC).
pub(in crate::intake) fn line(text: &str, max: usize) -> String {
    // Four times the limit is looked at, so that a huge text costs nothing.
    let looked_at = max.saturating_mul(4);
    // Composed as programs write it, nearly always.
    if text.is_ascii() || is_nfc_quick(visible(text).take(looked_at)) == IsNormalized::Yes {
        spaced(visible(text).take(looked_at), max)
    } else {
        spaced(visible(text).nfc().take(looked_at), max)
    }
}

/// The characters of a text that are seen, blanks as spaces.
fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter_map(|c| match c {
        _ if c.is_whitespace() => Some(' '),
        _ if c.is_control() || is_disguise(c) => None,
        _ => Some(c),
    })
}

/// A line of single spaces, of at most `max` characters.
fn spaced(visible: impl Iterator<Item = char>, max: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut space = false;
    for c in visible {
        if c == ' ' {
            space = !line.is_empty();
            continue;
        }
        if length + 1 + usize::from(space) > max {
            break;
        }
        if space {
            line.push(' ');
            length += 1;
            space = false;
        }
        line.push(c);
        length += 1;
    }
    line
}

/// Characters that are not seen but change what is seen: direction marks and overrides, zero-width
/// spaces, soft hyphens, the byte order mark.
pub(in crate::intake) fn is_disguise(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use unicode_normalization::UnicodeNormalization as _;

    use super::{decode, guess, line, spaced, visible};

    #[test]
    fn the_declared_charset_is_used_where_it_is_believable() {
        for (bytes, declared, expected) in [
            (&b"\xc3\xa9cole"[..], Some("UTF-8"), "école"),
            (b"\xe9cole", Some("iso-8859-1"), "école"),
            (b"\x9cuvre \x80", Some("windows-1252"), "œuvre €"),
            (b"\xbduvre \xa4", Some("iso-8859-15"), "œuvre €"),
            (b"\xbduvre \xa4", Some("'iso-8859-15'"), "œuvre €"),
            (b"\xc3\xa9cole", Some("us-ascii"), "école"),
            ("« école » n’a œ 🙂".as_bytes(), Some("ISO-8859-1"), "« école » n’a œ 🙂"),
            (b"REFUS\xc9\xa0!", Some("iso-8859-1"), "REFUSÉ\u{a0}!"),
            ("numérisé à l’école".as_bytes(), Some("gb2312"), "numérisé à l’école"),
            ("numérisé".as_bytes(), Some("Big5"), "numérisé"),
            ("élève".as_bytes(), Some("iso-2022-jp"), "élève"),
            ("学校".as_bytes(), Some("gbk"), "学校"),
            (b"\xd1\xa7\xd0\xa3", Some("gb2312"), "学校"),
            (b"\xe9cole", Some("utf-8"), "école"),
            (b"\xe9cole", None, "école"),
            (b"\xe9cole", Some("x-inconnu"), "école"),
            (b"\xef\xbb\xbf\xc3\xa9cole", Some("utf-8"), "école"),
            ("élève à l'école\u{fffd}".as_bytes(), Some("utf-8"), "élève à l'école\u{fffd}"),
            (b"L'+AOk-l+AOg-ve", Some("utf-7"), "L'élève"),
            (b"+AOkA6A pas +AOA l'+AOk", Some("UTF-7"), "éè pas à l'é"),
            (b"+AOk.\n+AOA- -\t+AOk\r\nfin", Some("unicode-1-1-utf-7"), "é.\nà -\té\r\nfin"),
            (b"1 +- 1,  +2D3eAA  +AKA-!", Some("utf-7"), "1 + 1,  😀  \u{a0}!"),
            (b"C++ + Java, 03+8", Some("utf-7"), "C++ + Java, 03+8"),
            ("déjà".as_bytes(), Some("utf-7"), "déjà"),
            (b"", Some("utf-8"), ""),
        ] {
            assert_eq!(decode(bytes, declared), expected, "{declared:?}");
        }
    }

    #[test]
    fn one_damaged_byte_does_not_change_the_charset() {
        assert_eq!(guess(b"\xc3\xa9l\xc3\xa8ve \xe9"), "élève \u{fffd}");
    }

    #[test]
    fn a_line_is_one_line_without_disguises() {
        assert_eq!(line("  LSU\r\n :\tpb\u{202e} d'acc\u{200b}e\u{300}s\0 ", 250), "LSU : pb d'accès");
        assert_eq!(line("abc def", 4), "abc");
        assert_eq!(line("abc def", 5), "abc d");
        assert_eq!(line(&"é".repeat(1000), 250).chars().count(), 250);
    }

    proptest! {
        /// The short way of ASCII is the long one.
        #[test]
        fn a_line_of_ascii_is_as_any_line(text in "[ -~\\t\\r\\n\\x00-\\x1f]*", max in 0_usize..40) {
            prop_assert_eq!(line(&text, max), spaced(visible(&text).nfc().take(4 * max), max));
        }

        #[test]
        fn any_bytes_give_a_line(bytes: Vec<u8>, max in 0_usize..300) {
            let text = line(&decode(&bytes, None), max);
            prop_assert!(text.chars().count() <= max);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(line(&text, max), text);
        }
    }
}
