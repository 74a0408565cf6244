//! HTML as a reader sees it, and text as HTML.

use std::{borrow::Cow, fmt::Write as _};

use mail_parser::decoders::html::add_html_token;

use crate::text::tags::{Token, Tokens, is_block, is_in};

/// No reader sees more: what is beyond is left out, bytes and lines.
const MAX_TEXT: usize = 1024 * 1024;
const MAX_LINES: usize = 100_000;
/// Blanks beside one another that are kept.
const MAX_BLANKS: usize = 40;

/// A line of text as a reader sees it, and where it stands in the HTML: from behind the last line break
/// or block tag before it, up to the next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) text: String,
}

/// The lines a reader sees; an empty one stands for a gap between paragraphs.
pub(crate) fn lines(html: &str) -> Vec<Line> {
    let mut lines = vec![Line { start: 0, end: 0, text: String::new() }];
    let mut preformatted = 0_usize;
    let break_line = |lines: &mut Vec<Line>, end: usize, next: usize| {
        if let Some(line) = lines.last_mut() {
            line.end = end;
            line.text.truncate(line.text.trim_end().len());
        }
        lines.push(Line { start: next, end: next, text: String::new() });
    };
    let mut tokens = Tokens::new(html).peekable();
    let mut length = 0;
    while let Some((at, token)) = tokens.next() {
        if length > MAX_TEXT || lines.len() > MAX_LINES {
            break;
        }
        let next = tokens.peek().map_or(html.len(), |&(next, _)| next);
        let Some(last) = lines.last_mut() else { break };
        match token {
            Token::Text(text) if preformatted > 0 => {
                length += text.len();
                let mut from = at;
                for piece in text.split_inclusive('\n').take(MAX_LINES) {
                    add_text(&mut lines, piece);
                    from += piece.len();
                    if piece.ends_with('\n') {
                        break_line(&mut lines, from - 1, from);
                    }
                }
            }
            Token::Text(text) => {
                let text = &text[..text.floor_char_boundary(MAX_TEXT)];
                length += text.len();
                add_text(&mut lines, text);
            }
            Token::Open { name, .. } | Token::Close { name } if is_block(name) => {
                let opens = matches!(token, Token::Open { .. });
                if name.eq_ignore_ascii_case("pre") {
                    preformatted = if opens { preformatted + 1 } else { preformatted.saturating_sub(1) };
                }
                let was_empty = last.text.trim().is_empty();
                let is_break = name.eq_ignore_ascii_case("br");
                if was_empty && !is_break {
                    // Blocks around nothing break no line, but the next one begins inside them.
                    last.start = next;
                } else {
                    break_line(&mut lines, at, next);
                }
                // A paragraph is set apart from what follows.
                if !opens && !was_empty && is_in(&["p", "h1", "h2", "h3", "table", "ul", "ol"], name) {
                    break_line(&mut lines, next, next);
                }
                if opens && name.eq_ignore_ascii_case("li") {
                    add_text(&mut lines, "- ");
                }
            }
            Token::Open { name, .. } if is_in(&["td", "th"], name) && !last.text.is_empty() => {
                add_text(&mut lines, " ");
            }
            _ => {}
        }
    }
    if let Some(last) = lines.last_mut() {
        last.end = html.len();
        last.text.truncate(last.text.trim_end().len());
    }
    lines
}

/// Adds text to the last line: entities decoded, whitespace folded into single spaces.
fn add_text(lines: &mut [Line], text: &str) {
    let Some(line) = lines.last_mut().map(|line| &mut line.text) else { return };
    let add = |text: &str, line: &mut String| {
        for piece in text.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end_matches(char::is_whitespace);
            line.push_str(word);
            match &piece[word.len()..] {
                "" => {}
                "\u{a0}" => line.push(' '),
                _ if line.is_empty() || line.ends_with(' ') => {}
                _ => line.push(' '),
            }
        }
    };
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        add(&rest[..at], line);
        rest = &rest[at..];
        let entity = rest.bytes().take(40).position(|byte| byte == b';').map_or(1, |end| end + 1);
        if rest.as_bytes()[1..entity].iter().all(|byte| byte.is_ascii_alphanumeric() || b"#;".contains(byte)) {
            let mut decoded = String::new();
            add_html_token(&mut decoded, &rest.as_bytes()[..entity], false);
            add(&decoded, line);
            rest = &rest[entity..];
        } else {
            add("&", line);
            rest = &rest[1..];
        }
    }
    add(rest, line);
}

/// The text a reader sees.
pub(crate) fn from_html(html: &str) -> String {
    joined(&lines(html))
}

/// These lines as one text: one gap at most between paragraphs, none around.
pub(crate) fn joined(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut gap = false;
    for line in lines {
        let line = line.text.trim();
        if line.is_empty() {
            gap = true;
            continue;
        }
        if !text.is_empty() {
            text.push_str(if gap { "\n\n" } else { "\n" });
        }
        text.push_str(line);
        gap = false;
    }
    text
}

/// Text as HTML: paragraphs at empty lines, `<br>` at the others. Three blanks or a tab within a line are columns, which
/// are kept.
pub(crate) fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut in_paragraph = false;
    let has_columns = text.lines().any(|line| line.trim().contains("   ") || line.trim().contains('\t'));
    for line in text.lines() {
        if line.trim().is_empty() {
            if std::mem::take(&mut in_paragraph) {
                html.push_str("</p>");
            }
            continue;
        }
        html.push_str(if in_paragraph { "<br>" } else { "<p>" });
        in_paragraph = true;
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        html.extend(std::iter::repeat_n("&nbsp;", indent.min(MAX_BLANKS)));
        let line = line[indent..].trim_end();
        if has_columns { columns(&mut html, &without_tabs(line)) } else { escape(&mut html, line) }
    }
    if in_paragraph {
        html.push_str("</p>");
    }
    html
}

/// A line with blanks instead of its tabs, up to each eighth column as mail programs show them; two at least, so that
/// they stay.
fn without_tabs(line: &str) -> Cow<'_, str> {
    const WIDTH: usize = 8;
    if !line.contains('\t') {
        return Cow::Borrowed(line);
    }
    let mut spread = String::with_capacity(line.len() * 2);
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let blanks = WIDTH - column % WIDTH;
            let blanks = if blanks == 1 { 1 + WIDTH } else { blanks };
            spread.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        } else {
            spread.push(c);
            column += 1;
        }
    }
    Cow::Owned(spread)
}

/// Adds a line as HTML: of several blanks, which keep columns, all but the first do not fold.
fn columns(html: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find("  ") {
        escape(html, &rest[..at]);
        let blanks = rest[at..].bytes().take_while(|&byte| byte == b' ').count();
        html.push(' ');
        html.extend(std::iter::repeat_n("&nbsp;", (blanks - 1).min(MAX_BLANKS)));
        rest = &rest[at + blanks..];
    }
    escape(html, rest);
}

/// A text, or an attribute's value, of sanitised HTML as it is meant: the sanitiser leaves these entities and no other.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = text.replace("&nbsp;", "\u{a0}").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Cow::Owned(plain.replace("&amp;", "&"))
}

/// Whether a character may stand in XML 1.0 (section 2.2), line breaks and control characters of old aside: U+FFFE and
/// U+FFFF break a whole document.
pub(crate) fn is_of_texts(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Adds text as HTML or XML, also for use in an attribute; what may not stand there is left out.
pub(crate) fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\t' => html.push(' '),
            c if !is_of_texts(c) => {}
            c => {
                let _ = html.write_char(c);
            }
        }
    }
}

/// Text as HTML or XML, also for use in an attribute; what may not stand there is left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape(&mut html, text);
    html
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{escaped, from_html, to_html};

    /// XML 1.0, section 2.2.
    fn is_xml(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
    }

    #[test]
    fn each_character_is_one_of_xml_or_left_out() {
        for c in '\0'..=char::MAX {
            let shown = escaped(&format!("a{c}b"));
            assert!(shown.starts_with('a') && shown.ends_with('b') && shown.chars().all(is_xml), "{c:?}: {shown}");
            if is_xml(c) && !c.is_control() {
                assert!(shown.contains(c) || matches!(c, '&' | '<' | '>' | '"'), "{c:?}: {shown}");
            }
        }
    }

    #[test]
    fn the_text_is_what_a_reader_sees() {
        for (html, expected) in [
            (
                "<p>Bonjour,</p><p>l&#39;acc&egrave;s&nbsp;: <b>LSU</b> &amp; ONDE</p>",
                "Bonjour,\n\nl'accès : LSU & ONDE",
            ),
            ("<div>un</div><div><br></div><div>deux<br>trois</div>", "un\n\ndeux\ntrois"),
            ("<ul><li>a<li>b</ul>fin", "- a\n- b\n\nfin"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("<style>p{}</style><title>x</title>a\n b<!--[if mso]>c<![endif]-->", "a b"),
            ("<pre>a\n  b</pre>", "a\nb"),
            ("R&D, 5 < 6 & &inconnu; &", "R&D, 5 < 6 & &inconnu; &"),
            ("", ""),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }

    #[test]
    fn text_becomes_html_and_back() {
        assert_eq!(to_html("a & <b>\nc\n\n\n  d\n"), "<p>a &amp; &lt;b&gt;<br>c</p><p>&nbsp;&nbsp;d</p>");
        assert_eq!(to_html("Nom   Bilan\na b  c"), "<p>Nom &nbsp;&nbsp;Bilan<br>a b &nbsp;c</p>");
        assert_eq!(from_html(&to_html("Nom   Bilan")), "Nom   Bilan");
        assert_eq!(
            from_html(&to_html("Nom\tClasse\nÉléonore\tCM2\nLéa Ito\tCE1")),
            "Nom     Classe\nÉléonore        CM2\nLéa Ito         CE1"
        );
        assert_eq!(from_html(&to_html("\tNom")), "Nom");
        assert_eq!(to_html("Fini.  Merci."), "<p>Fini.  Merci.</p>");
    }

    proptest! {
        #[test]
        fn no_html_makes_the_reader_fail(html in "(?s).{0,100}|([<>/!\\-a-c&;#= '\"\n]|<p>|</p>|<pre>|é|<br>){0,60}") {
            let _ = from_html(&html);
        }

        #[test]
        fn text_survives_html(words in "[a-zéà&<>\"';]{1,12}( [a-z&<;]{1,8}){0,5}(\n[a-z&#0-9;]{1,9}){0,3}") {
            prop_assert_eq!(from_html(&to_html(&words)), words);
        }
    }
}
