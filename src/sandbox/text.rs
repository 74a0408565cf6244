//! GLPI's entity-encoding of stored text, and `MySQL`'s way of comparing it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

const ENCODED: [(&str, &str); 3] = [("&", "&#38;"), ("<", "&#60;"), (">", "&#62;")];
const LEGACY: [(&str, &str); 3] = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")];

/// `Sanitizer::encodeHtmlSpecialChars`: how 10.0 stores what it is given, unless it already is so.
pub(super) fn encode(raw: &str) -> String {
    if is_encoded(raw) {
        return raw.to_owned();
    }
    ENCODED.iter().fold(raw.to_owned(), |text, (c, code)| text.replace(c, code))
}

/// `Sanitizer::decodeHtmlSpecialChars`: the inverse, also of the older encoding.
pub(super) fn decode(stored: &str) -> String {
    if !is_encoded(stored) {
        return stored.to_owned();
    }
    let table = if ENCODED.iter().any(|(_, code)| stored.contains(code)) { ENCODED } else { LEGACY };
    table.iter().rev().fold(stored.to_owned(), |text, (c, code)| text.replace(code, c))
}

/// `Sanitizer::isHtmlEncoded`: no bare special character, and at least one encoded one.
fn is_encoded(text: &str) -> bool {
    let bare_ampersand = || {
        text.match_indices('&').any(|(at, _)| {
            let rest = &text[at + 1..];
            let rest = rest.strip_prefix('#').unwrap_or(rest);
            let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            name.len() == rest.len() || !name.starts_with(';')
        })
    };
    ENCODED.iter().chain(&LEGACY).any(|(_, code)| text.contains(code))
        && !text.contains(['<', '>'])
        && !bare_ampersand()
}

/// The words of an HTML text, tags dropped and white space collapsed.
pub(super) fn without_tags(html: &str) -> String {
    let mut words = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => words.push(c),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `utf8mb4_unicode_ci` compares: neither case nor accents.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    // Most of a text is ASCII, which is quickly done: a search folds the content of every ticket.
    while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
        let (plain, foreign) = rest.split_at(at);
        let end = foreign.bytes().position(|byte| byte.is_ascii()).unwrap_or(foreign.len());
        folded.push_str(&plain.to_ascii_lowercase());
        folded.extend(foreign[..end].nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
        rest = &foreign[end..];
    }
    folded + &rest.to_ascii_lowercase()
}

/// A value of `searchText` or of a `contains` criterion (`Search::makeTextSearchValue`).
#[derive(Debug)]
pub(super) enum Pattern {
    /// The word `NULL`.
    Missing,
    /// An SQL `LIKE`: `%` stands for anything, and nothing else is special.
    Like(String),
}

impl Pattern {
    /// `^` anchors the start and `$` the end; without them the value may stand anywhere.
    pub(super) fn new(value: &str) -> Self {
        let value = decode(value).replace('&', "&#38;");
        let value = value.trim();
        let like = match value {
            "NULL" | "null" => return Self::Missing,
            "^" => "%".to_owned(),
            "" | "^$" | "$" => String::new(),
            _ => {
                let (start, value) = match value.strip_prefix('^') {
                    Some(rest) => ("", rest.trim_start()),
                    None => ("%", value),
                };
                match value.strip_suffix('$') {
                    Some(rest) => format!("{start}{}", rest.trim_end()),
                    None => format!("{start}{value}%"),
                }
            }
        };
        Self::Like(fold(&like))
    }

    /// Whether a stored text matches; a null one only matches [`Pattern::Missing`].
    pub(super) fn matches(&self, stored: Option<&str>) -> bool {
        match (self, stored) {
            (Self::Missing, stored) => stored.is_none(),
            (Self::Like(_), None) => false,
            (Self::Like(like), Some(stored)) => matches_like(like, &fold(stored)),
        }
    }

    /// Whether one of these texts matches one of these patterns. Each text is folded once, however many patterns there are.
    pub(super) fn any_matches(patterns: &[&Self], stored: &[&str]) -> bool {
        if stored.is_empty() {
            return patterns.iter().any(|pattern| pattern.matches(None));
        }
        let folded: Vec<String> = stored.iter().map(|text| fold(text)).collect();
        let is_in = |like: &str| folded.iter().any(|text| matches_like(like, text));
        patterns.iter().any(|pattern| matches!(pattern, Self::Like(like) if is_in(like)))
    }
}

fn matches_like(like: &str, text: &str) -> bool {
    let Some((start, rest)) = like.split_once('%') else {
        return like == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('%').unwrap_or(("", rest));
    for part in middle.split('%') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_text_is_encoded_once() {
        assert_eq!(encode("<p>a & b</p>"), "&#60;p&#62;a &#38; b&#60;/p&#62;");
        assert_eq!(encode("&#60;p&#62;"), "&#60;p&#62;");
        assert_eq!(encode("a &amp; <"), "a &#38;amp; &#60;");
        assert_eq!(decode(&encode("<b>&amp;</b>")), "<b>&amp;</b>");
        assert_eq!(decode("a & b &#60;"), "a & b &#60;");
    }

    #[test]
    fn patterns_as_measured_on_10_0_14() {
        let stored = encode("<p>[REF:ab/12-34_5#é] it's \"x\" a &lt;b&gt; &amp; z</p>");
        for (value, expected) in [
            ("[REF:ab/12-34_5#é]", true),
            ("[ref:AB/12-34_5#e]", true),
            ("REF:ab/12-34%5", true),
            ("12-34x5", false),
            ("&", true),
            ("<p>", false),
            ("a &lt;b&gt;", false),
            ("^<p>", false),
        ] {
            assert_eq!(Pattern::new(value).matches(Some(&stored)), expected, "{value}");
        }
    }

    #[test]
    fn anchors() {
        for (value, expected) in [
            ("^LSU$", true),
            ("^lsu$", true),
            ("^LS$", false),
            ("SU", true),
            ("SU$", true),
            ("^SU", false),
            ("^", true),
            ("^$", false),
            ("NULL", false),
        ] {
            assert_eq!(Pattern::new(value).matches(Some("LSU")), expected, "{value}");
        }
        assert!(Pattern::new("NULL").matches(None));
        assert!(!Pattern::new("^").matches(None));
    }

    #[test]
    fn overlapping_anchors_do_not_share_characters() {
        assert!(!matches_like("ab%b", "ab"));
        assert!(matches_like("ab%b", "abb"));
    }
}
