//! HTML as a row of tags and texts, in linear time; and what it would cost to make a tree of it.
//!
//! It tells tags from text as browsers do (WHATWG HTML section 13.2.5) and builds no tree: the tree is the
//! sanitiser's business. (`html5gum` gives the same tokens with their places, but copies each, is five times slower, and
//! needs as many lines around it: for names as written, raw elements and a tag that the end cuts off.)

use std::ops::Range;

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text, with its entities.
    Text(&'a str),
    /// `<name …>`, all of it.
    Open { name: &'a str, tag: &'a str },
    /// `</name>`.
    Close { name: &'a str },
    /// Comments, declarations, the content of scripts and the like.
    Hidden,
}

/// The tokens of a text, each with the offset where it begins.
pub(crate) struct Tokens<'a> {
    html: &'a str,
    at: usize,
    /// The element whose content is not HTML, just opened.
    raw: Option<&'a str>,
}

/// Elements whose content is text of another kind.
const RAW: &[&str] = &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];
/// Elements without content.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements that end by themselves; between two nested ones there is always one that does not.
const SELF_ENDING: &[&str] = &[
    "html", "head", "body", "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "colgroup", "option",
    "optgroup",
];
/// Elements that a parser opens again where another element cut them off.
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that begin a new line.
const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

pub(crate) fn is_void(name: &str) -> bool {
    is_in(VOID, name)
}

pub(crate) fn is_block(name: &str) -> bool {
    is_in(BLOCK, name)
}

pub(crate) fn is_in(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(html: &'a str) -> Self {
        Self { html, at: 0, raw: None }
    }

    /// Takes the token that ends at `end`.
    fn take(&mut self, end: usize, token: Token<'a>) -> (usize, Token<'a>) {
        (std::mem::replace(&mut self.at, end), token)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let html = self.html;
        let rest = html.get(self.at..).filter(|rest| !rest.is_empty())?;
        if let Some(name) = self.raw.take() {
            let end = self.at + raw_end(rest, name);
            if end > self.at {
                return Some(self.take(end, Token::Hidden));
            }
        }
        if !begins_markup(rest.as_bytes()) {
            let mut end = self.at + 1;
            while let Some(found) = html.as_bytes()[end..].iter().position(|&byte| byte == b'<') {
                end += found;
                if begins_markup(&html.as_bytes()[end..]) {
                    return Some(self.take(end, Token::Text(&html[self.at..end])));
                }
                end += 1;
            }
            return Some(self.take(html.len(), Token::Text(rest)));
        }
        let until =
            |mark: &str, from: usize| rest[from..].find(mark).map_or(rest.len(), |found| from + found + mark.len());
        if let Some(comment) = rest.strip_prefix("<!--") {
            let length =
                if comment.starts_with('>') || comment.starts_with("->") { until(">", 4) } else { until("-->", 4) };
            return Some(self.take(self.at + length, Token::Hidden));
        }
        let closes = rest.starts_with("</");
        let from = 1 + usize::from(closes);
        let name = &rest[from..from + name_length(&rest.as_bytes()[from..])];
        if name.is_empty() {
            return Some(self.take(self.at + until(">", 1), Token::Hidden));
        }
        let length = tag_length(rest.as_bytes(), from + name.len());
        let token = if closes { Token::Close { name } } else { Token::Open { name, tag: &rest[..length] } };
        self.raw = (!closes && is_in(RAW, name)).then_some(name);
        Some(self.take(self.at + length, token))
    }
}

/// Whether a `<` begins a tag, a comment or a declaration, or is only a character.
fn begins_markup(rest: &[u8]) -> bool {
    match rest {
        [b'<', b'!' | b'?', ..] => true,
        [b'<', b'/', next, ..] | [b'<', next, ..] => next.is_ascii_alphabetic(),
        _ => false,
    }
}

fn name_length(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return 0;
    }
    bytes.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')).unwrap_or(bytes.len())
}

/// The length of a tag; a `>` in a quoted attribute value does not end it.
fn tag_length(tag: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut after_equals = false;
    while let Some(&byte) = tag.get(at) {
        at += 1;
        match byte {
            b'>' => return at,
            b'"' | b'\'' if after_equals => {
                at += tag[at..].iter().position(|&next| next == byte).map_or(tag.len() - at, |end| end + 1);
                after_equals = false;
            }
            b'=' => after_equals = true,
            _ if byte.is_ascii_whitespace() => {}
            _ => after_equals = false,
        }
    }
    tag.len()
}

/// Where the closing tag of a raw element begins.
fn raw_end(rest: &str, name: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(2).position(|pair| pair == b"</") {
        at += found;
        if bytes[at + 2..].get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// The attributes of a sanitised tag with the places of their values: each in double quotes, which no value holds.
pub(crate) fn attributes(tag: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let equals = at + tag[at..].find("=\"")?;
        let name = tag[at..equals].rsplit(' ').next()?;
        let start = equals + "=\"".len();
        let end = start + tag[start..].find('"')?;
        at = end + 1;
        Some((name, start..end))
    })
}

/// Elements nested in one another, at most.
const MAX_DEPTH: usize = 200;
/// Copies of unclosed `<b>` and the like that a parser may have to make, one for each piece of text after.
const MAX_REPEATS: usize = 500_000;
/// Tags and texts, at most: each becomes a node of a tree.
const MAX_TOKENS: usize = 200_000;
/// A tag outside its quoted values, bytes: parsers compare each attribute with all before it.
const MAX_TAG: usize = 1000;

/// Whether a tree builder would spend much more on this HTML than its size: deep nesting, endlessly
/// repeated formatting, thousands of attributes, or simply too much of everything. (250 KB of `<div>` take the sanitiser seconds.)
///
/// A closing tag is believed to close only its own element, so that misnested HTML counts as deeper than
/// it is, never as shallower.
pub(crate) fn is_intricate(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut formatting = 0;
    let mut repeats = 0;
    for (number, (_, token)) in Tokens::new(html).enumerate() {
        repeats += formatting;
        match token {
            Token::Open { tag, .. } if tag.len() > MAX_TAG && unquoted_length(tag) > MAX_TAG => return true,
            Token::Open { name, .. } if !is_void(name) && !is_in(SELF_ENDING, name) => {
                open.push(name);
                formatting += usize::from(is_in(FORMATTING, name));
            }
            Token::Close { name } => {
                if let Some(at) = open.iter().rposition(|opened| opened.eq_ignore_ascii_case(name)) {
                    open.remove(at);
                    formatting -= usize::from(is_in(FORMATTING, name));
                }
            }
            _ => {}
        }
        if open.len() > MAX_DEPTH || repeats > MAX_REPEATS || number > MAX_TOKENS {
            return true;
        }
    }
    false
}

/// The bytes of a tag that are not in quotes.
fn unquoted_length(tag: &str) -> usize {
    let mut quote = None;
    let is_unquoted = |&byte: &u8| match (quote, byte) {
        (Some(open), _) => {
            quote = quote.filter(|_| byte != open);
            false
        }
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            true
        }
        (None, _) => true,
    };
    tag.bytes().filter(is_unquoted).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Token, Tokens, is_intricate};

    #[test]
    fn tags_are_told_from_text() {
        let tokens: Vec<Token<'_>> =
            Tokens::new("a < b<P title='x>y'>c</p ><!-- <b> --><script>if (a<b) '</x>'</SCRIPT>&lt;<")
                .map(|(_, token)| token)
                .collect();
        assert_eq!(
            tokens,
            [
                Token::Text("a < b"),
                Token::Open { name: "P", tag: "<P title='x>y'>" },
                Token::Text("c"),
                Token::Close { name: "p" },
                Token::Hidden,
                Token::Open { name: "script", tag: "<script>" },
                Token::Hidden,
                Token::Close { name: "SCRIPT" },
                Token::Text("&lt;<"),
            ]
        );
    }

    #[test]
    fn the_cost_of_a_tree_is_never_underrated() {
        for html in ["<div>", "<b><div></b>", "<div a='</div>'>", "<div><textarea></div></textarea>", "<p><div></p>"] {
            assert!(is_intricate(&html.repeat(300)), "{html}");
        }
        assert!(is_intricate(&format!("{}{}", "<font>".repeat(100), "<p>a".repeat(10_000))));
        assert!(is_intricate(&format!("<p {}>", "a1 ".repeat(1000))));
        for html in ["<p>a<br>", "<div>a</div>", "<ul><li>a<li>b</ul>", "<table><tr><td>a<td>b</table>", "<img>"] {
            assert!(!is_intricate(&html.repeat(300)), "{html}");
        }
        assert!(!is_intricate(&format!("<img src=\"data:image/png;base64,{}\">", "A".repeat(100_000))));
    }

    proptest! {
        #[test]
        fn no_html_makes_the_reader_fail(html in "(?s).{0,100}|([<>/!\\-a-c&;#= '\"\n]|<p>|</p>|<script>|é|<br>){0,60}") {
            let tokens: Vec<usize> = Tokens::new(&html).map(|(at, _)| at).collect();
            prop_assert!(tokens.is_sorted_by(|a, b| a < b));
            let _ = is_intricate(&html);
        }
    }
}
