//! An announcement's body in its note: as GLPI's readers see it, and word for word as it was written.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::excess::LONGEST_BODY;
use crate::text::{html_text, markdown, marks, unseen::is_turn};

/// Bytes of a body as GLPI keeps it: 65,535 for the whole note.
const ROOM: usize = 56_000;
/// What stands before the Markdown of a body, in letters that neither GLPI nor its editor changes. GLPI shows no such
/// attribute.
const SOURCE: &str = "<div data-passerelle=\"";
const SOURCE_END: &str = "\">";
const BODY_END: &str = "</div>";
/// The level of its first heading: GLPI shows a note's title above.
const FIRST_HEADING: usize = 2;

/// Markdown as GLPI shows it: its headings, lists and links are some, and it goes along as it was written. Where that
/// takes more room than there is, what people typed is shown.
pub(super) fn written(markdown: &str) -> String {
    let typed = as_typed(markdown);
    let rich = rich(markdown).filter(|html| *html != typed);
    let whole = rich.map(|html| format!("{SOURCE}{}{SOURCE_END}{html}{BODY_END}", BASE64.encode(markdown.as_bytes())));
    whole.filter(|html| kept(html) <= ROOM).unwrap_or(typed)
}

/// The Markdown of a note's body. Where somebody has changed its text in GLPI, what a reader sees there counts.
pub(super) fn read_body(html: &str) -> String {
    let Some((source, shown)) = halves(html) else {
        return read_again(html).unwrap_or_else(|| html_text::from_html(html));
    };
    let source = BASE64.decode(source.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // GLPI's editor writes each tag in its own way.
    let is_same = |source: &String| rich(source).is_some_and(|html| marks::plain(&html) == marks::plain(shown));
    let changed = || markdown::of_html(shown).unwrap_or_else(|| html_text::from_html(shown));
    source.filter(is_same).unwrap_or_else(changed)
}

/// The Markdown that goes along, as it stands there, and what is shown of it.
fn halves(html: &str) -> Option<(&str, &str)> {
    let (source, shown) = html.trim().strip_prefix(SOURCE)?.split_once(SOURCE_END)?;
    Some((source, shown.strip_suffix(BODY_END)?))
}

/// Whether nobody reads a word of it: what it shows, and not what was typed, is what people get.
pub fn says_nothing(markdown: &str) -> bool {
    let shown = markdown::shown(markdown, FIRST_HEADING).map(|html| html_text::from_html(&html));
    !shown.as_deref().unwrap_or(markdown).chars().any(char::is_alphanumeric)
}

/// Markdown as HTML in one line, its characters as [`as_typed`] writes them.
fn rich(markdown: &str) -> Option<String> {
    // A line's end behind a tag says nothing; the others are those of listings.
    let shown = markdown::shown(markdown, FIRST_HEADING)?.trim().replace(">\n", ">").replace('\n', "<br>");
    let mut html = String::with_capacity(shown.len());
    shown.chars().for_each(|c| push(&mut html, c));
    Some(html)
}

/// Adds a character: those beyond the first plane, at which older databases end a text, become references.
fn push(html: &mut String, c: char) {
    if u32::from(c) > 0xffff {
        let _ = write!(html, "&#{};", u32::from(c));
    } else {
        html.push(c);
    }
}

/// Markdown as HTML that says the same word for word: paragraphs at empty lines, line breaks at the others.
fn as_typed(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() + markdown.len() / 8);
    let paragraphs = markdown.split("\n\n");
    for paragraph in paragraphs {
        html.push_str("<p>");
        for c in paragraph.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '\n' => html.push_str("<br>"),
                c => push(&mut html, c),
            }
        }
        html.push_str("</p>");
    }
    html
}

/// The Markdown of which this is the HTML, if it is of any.
fn read_again(html: &str) -> Option<String> {
    let paragraphs = html.strip_prefix("<p>")?.strip_suffix("</p>")?;
    let text = paragraphs.replace("</p><p>", "\n\n").replace("<br>", "\n");
    let mut markdown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('&') {
        markdown.push_str(before);
        let (name, behind) = after.split_once(';')?;
        markdown.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            number => char::from_u32(number.strip_prefix('#')?.parse().ok()?)?,
        });
        rest = behind;
    }
    markdown.push_str(rest);
    (as_typed(&markdown) == html).then_some(markdown)
}

/// A text with one kind of line breaks, without other control characters and those that turn the reading direction.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_kept = |c: &char| !is_turn(*c) && (!c.is_control() || matches!(c, '\n' | '\t'));
    let text: String = text.chars().filter(is_kept).collect();
    text.trim_matches('\n').trim_end().to_owned()
}

pub(super) fn body(text: &str) -> String {
    let text = clean(text);
    let mut text = text[..text.floor_char_boundary(LONGEST_BODY)].trim_end();
    while kept(&as_typed(text)) > ROOM {
        text = text[..text.floor_char_boundary(text.len() / 8 * 7)].trim_end();
    }
    text.to_owned()
}

/// Bytes that HTML takes in the database: GLPI 10 writes each of these characters as five.
pub(super) fn kept(html: &str) -> usize {
    html.len() + 4 * html.matches(['<', '>', '&']).count()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{as_typed, kept, read_body, says_nothing, written};
    use crate::text::french;

    const BODY: &str = "# LSU\n\n**LSU** ne répond pas\u{a0}: [état](https://ac-dijon.fr/lsu?a=1&b=2).\nÀ suivre.\n\n\
                        - a & b\n- <c>\n\n1. un\n2. deux\n\n```\nx\n  y\n```";

    #[rstest]
    #[case("<!-- à écrire -->", true)]
    #[case("<script>alert(1)</script>", true)]
    #[case("<style>p { color: red }</style>", true)]
    #[case("![Capture](https://ac-dijon.fr/p.png)", true)]
    #[case("[](https://ac-dijon.fr)", true)]
    #[case("# \n\n---\n\n- \n- \n\n> ", true)]
    #[case("1. ", true)]
    #[case("&nbsp;\n\n\u{200b}", true)]
    #[case("<p></p><br>", true)]
    #[case("[a]: https://ac-dijon.fr", true)]
    #[case(" \u{a0} ", true)]
    #[case("", true)]
    #[case("Ok", false)]
    #[case("<b>3</b>", false)]
    #[case("`2`", false)]
    #[case("<https://ac-dijon.fr>", false)]
    #[case("![Capture](https://ac-dijon.fr/p.png) Voici.", false)]
    fn what_shows_no_word_says_nothing(#[case] markdown: &str, #[case] expected: bool) {
        assert_eq!(says_nothing(markdown), expected, "{:?}", super::rich(markdown));
    }

    #[test]
    fn readers_of_glpi_see_no_mark() {
        let html = written(BODY);
        for part in [
            "<h2>LSU</h2>",
            "<strong>LSU</strong>",
            "href=\"https://ac-dijon.fr/lsu?a=1&amp;b=2\"",
            "<li>a &amp; b</li>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("**") && !html.contains('\n'), "{html}");
        assert_eq!(written("Bonjour."), "<p>Bonjour.</p>");
    }

    /// GLPI's editor, and GLPI itself, write HTML in their own ways; notes of before had what people typed.
    #[rstest]
    #[case::as_it_is(written(BODY))]
    #[case::with_an_end(written(BODY) + "\n")]
    #[case::by_an_editor(written(BODY).replace("<br>", "<br />").replace("</li>", "</li>\n").replace("\u{a0}", "&nbsp;"))]
    #[case::as_it_was_typed(as_typed(BODY))]
    fn a_body_is_read_word_for_word(#[case] html: String) {
        assert_eq!(read_body(&html), BODY);
    }

    /// What somebody changes in GLPI counts, and keeps its marks.
    #[rstest]
    #[case::a_word("ne répond pas", "répond", "**LSU** répond\u{a0}:")]
    #[case::where_a_link_leads("/lsu?", "/onde?", "(<https://ac-dijon.fr/onde?a=1&b=2>)")]
    #[case::a_line("<li>a", "<li>neuf</li><li>a", "- neuf\n- a \\& b")]
    fn what_is_changed_in_glpi_is_shown(#[case] old: &str, #[case] new: &str, #[case] expected: &str) {
        let html = written(BODY).replace(old, new);
        let markdown = french::set(&read_body(&html));
        assert!(markdown.contains(expected), "{markdown}");
        assert!(markdown.starts_with("# LSU\n\n"), "{markdown}");
    }

    #[test]
    fn what_takes_too_much_room_stands_as_it_was_typed() {
        let long = "*a* ".repeat(3_500);
        let html = written(long.trim());
        assert!(html.starts_with("<p>*a*") && kept(&html) < 56_000, "{}", kept(&html));
        assert_eq!(read_body(&html), long.trim());
    }
}
