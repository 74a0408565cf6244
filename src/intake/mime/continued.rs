//! Extended file names: `filename*=utf-8''…`, also in several pieces, `filename*0*=utf-8''…; filename*1*=…`
//! (RFC 2231 sections 3 and 4).
//!
//! mail-parser decodes each piece by itself: the charset, which only the first one names, is lost for the
//! others, and a character cut in two between them is too. And of a plain and an extended name it takes
//! the one that comes first; the extended one is the better (RFC 6266 section 4.3).

use super::charset;

/// The value of the extended parameter `name`, put together from its pieces; `None` when it is not extended.
pub(super) fn parameter(field: &str, name: &str) -> Option<String> {
    let mut pieces: Vec<(Option<u32>, bool, String)> = parameters(field)
        .filter_map(|(key, value)| {
            let number = key.strip_prefix(name)?.strip_prefix('*')?;
            if number.is_empty() {
                return Some((None, true, value));
            }
            let is_encoded = number.ends_with('*');
            Some((Some(number.trim_end_matches('*').parse().ok()?), is_encoded, value))
        })
        .collect();
    pieces.sort_by_key(|(number, ..)| *number);
    // What is whole is not in pieces.
    if pieces.first().is_some_and(|(number, ..)| number.is_none()) {
        pieces.truncate(1);
    }
    let (_, first_is_encoded, first) = pieces.first_mut()?;
    let mut charset = None;
    if *first_is_encoded && let [declared, _language, rest] = first.splitn(3, '\'').collect::<Vec<_>>()[..] {
        charset = Some(declared.to_owned());
        *first = rest.to_owned();
    }
    let mut bytes = Vec::new();
    for (_, is_encoded, value) in &pieces {
        if *is_encoded {
            bytes.extend(percent_decoded(value));
        } else {
            bytes.extend_from_slice(value.as_bytes());
        }
    }
    Some(charset::decode(&bytes, charset.as_deref()))
}

/// The parameters of a field, names in lower case, values without their quotes.
fn parameters(field: &str) -> impl Iterator<Item = (String, String)> {
    let mut in_quotes = false;
    let mut is_escaped = false;
    let is_separator = move |c: char| {
        let is_literal = std::mem::take(&mut is_escaped);
        match c {
            '\\' if in_quotes && !is_literal => is_escaped = true,
            '"' if !is_literal => in_quotes = !in_quotes,
            _ => {}
        }
        c == ';' && !in_quotes
    };
    field.split(is_separator).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim();
        let quoted = value.strip_prefix('"').map(|value| value.strip_suffix('"').unwrap_or(value));
        Some((name.trim().to_ascii_lowercase(), quoted.map_or_else(|| value.to_owned(), unescaped)))
    })
}

fn unescaped(quoted: &str) -> String {
    let mut is_escaped = false;
    quoted
        .chars()
        .filter(|&c| {
            is_escaped = c == '\\' && !is_escaped;
            !is_escaped
        })
        .collect()
}

/// Decodes `%E9` and leaves what is no such code as it is.
pub(super) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parameter, percent_decoded};

    #[test]
    fn extended_values_are_put_together_in_their_order_and_charset() {
        for (field, expected) in [
            (
                "attachment; filename*0*=iso-8859-15''%E9l%E8; filename*1*=ve%A4; filename*2=\".pdf\"",
                Some("élève€.pdf"),
            ),
            ("attachment; FileName*1=\"b;c.txt\"; filename*0=\"a\\\"\"", Some("a\"b;c.txt")),
            ("attachment; filename*0*=UTF-8'fr'%C3; filename*1*=%A9", Some("é")),
            ("attachment; filename*0=a; filename*10=c; filename*9=b", Some("abc")),
            ("attachment; filename=e.txt; filename*=utf-8''%C3%A9.txt; filename*0=x", Some("é.txt")),
            ("attachment; filename=b; filename*x=a; filename*", None),
            ("", None),
        ] {
            assert_eq!(parameter(field, "filename").as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn codes_are_decoded_and_the_rest_is_kept() {
        assert_eq!(percent_decoded("a%40b%2%+1%"), b"a@b%2%+1%");
    }

    proptest! {
        #[test]
        fn no_field_makes_the_reader_fail(field in "(filename\\*[0-9]{0,2}\\*?|[=;\"'%\\\\ aé]){0,40}") {
            let _ = parameter(&field, "filename");
        }
    }
}
