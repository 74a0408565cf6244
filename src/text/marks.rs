//! What HTML says by its marks, said in letters: where a link leads, which number an item has; and as Markdown, what is a
//! heading, strong or a link. The HTML is such as the sanitiser leaves.

use std::fmt::Write as _;

use super::{
    html_text::{decoded, from_html},
    tags::{Token, Tokens, attributes, is_in},
};

/// How marks are said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Saying {
    /// For people who read a text without marks.
    Plain,
    /// As Markdown has them.
    Markdown,
}

/// HTML as a text without marks: links as «text (address)», items of a numbered list with their numbers.
pub(crate) fn plain(html: &str) -> String {
    from_html(&said(html, Saying::Plain))
}

/// HTML as Markdown: headings, strong and stressed words, links, lists.
pub(crate) fn markdown(html: &str) -> String {
    from_html(&said(html, Saying::Markdown))
}

/// The HTML with its marks as letters in its texts.
fn said(html: &str, saying: Saying) -> String {
    let mut said = String::with_capacity(html.len() + html.len() / 4);
    // The next number of each list; `None` where it has none.
    let mut lists: Vec<Option<u64>> = Vec::new();
    // Where a link leads, and where its text begins.
    let mut link: Option<(&str, usize)> = None;
    let (mut opens_item, mut is_code) = (false, false);
    let mut tokens = Tokens::new(html).peekable();
    while let Some((at, token)) = tokens.next() {
        let end = tokens.peek().map_or(html.len(), |&(next, _)| next);
        let whole = &html[at..end];
        // A paragraph that an item begins with breaks no line.
        let begins_item = std::mem::take(&mut opens_item);
        match token {
            Token::Text(text) if text.trim().is_empty() => {
                opens_item = begins_item;
                said.push_str(text);
            }
            Token::Text(text) if saying == Saying::Markdown && !is_code => escape(&mut said, text),
            Token::Open { name, tag } if is_in(&["ol", "ul"], name) => {
                let start = attribute(tag, "start").and_then(|start| start.parse().ok());
                lists.push(name.eq_ignore_ascii_case("ol").then(|| start.unwrap_or(1)));
                said.push_str(whole);
            }
            Token::Close { name } if is_in(&["ol", "ul"], name) => {
                lists.pop();
                said.push_str(whole);
            }
            Token::Open { name, .. } if name.eq_ignore_ascii_case("li") => {
                opens_item = true;
                match lists.last_mut() {
                    Some(Some(number)) => {
                        let _ = write!(said, "<div>{number}. ");
                        *number += 1;
                    }
                    _ => said.push_str(whole),
                }
            }
            // The next item, or the list's end, ends it: then what follows is set apart.
            Token::Close { name } if name.eq_ignore_ascii_case("li") => {}
            Token::Open { name, .. } if begins_item && name.eq_ignore_ascii_case("p") => {}
            Token::Open { name, tag } if name.eq_ignore_ascii_case("a") => {
                link = attribute(tag, "href").map(|address| (address, said.len()));
                if saying == Saying::Markdown && link.is_some() {
                    said.push('[');
                }
            }
            Token::Close { name } if name.eq_ignore_ascii_case("a") => {
                let Some((address, from)) = link.take() else { continue };
                let shown = said[from..].trim();
                if saying == Saying::Markdown {
                    let _ = write!(said, "](&lt;{address}&gt;)");
                } else if !tells(shown, address) {
                    let _ = write!(said, " ({address})");
                }
            }
            _ => {
                let mark = if saying == Saying::Markdown { mark(&token) } else { "" };
                let opens = matches!(token, Token::Open { .. });
                if mark == "`" {
                    is_code = opens;
                }
                if opens {
                    said.push_str(whole);
                    said.push_str(mark);
                } else {
                    said.push_str(mark.trim_start_matches(['#', ' ']));
                    said.push_str(whole);
                }
            }
        }
    }
    said
}

/// Whether a link's text says where it leads.
fn tells(shown: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = ["mailto:", "tel:", "https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    bare(&decoded(shown)) == bare(&decoded(address))
}

/// What stands before the text of an element in Markdown, and, but for a heading's, behind it.
fn mark(token: &Token<'_>) -> &'static str {
    let (Token::Open { name, .. } | Token::Close { name }) = token else { return "" };
    match name.to_ascii_lowercase().as_str() {
        "h1" | "h2" => "# ",
        "h3" => "## ",
        "h4" => "### ",
        "h5" => "#### ",
        "h6" => "##### ",
        "strong" | "b" => "**",
        "em" | "i" => "*",
        "code" => "`",
        _ => "",
    }
}

/// Adds text of HTML such that Markdown takes none of its letters for a mark.
fn escape(said: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '*', '_', '[', ']', '`', '&', '~', '|']) {
        said.push_str(&rest[..at]);
        // An entity stands for a mark where it is one of a tag, or would be an entity again.
        let is_tame = ["&nbsp;", "&gt;", "&quot;"].iter().any(|entity| rest[at..].starts_with(entity));
        if !is_tame {
            said.push('\\');
        }
        said.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    said.push_str(rest);
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let range = attributes(tag).find_map(|(found, range)| found.eq_ignore_ascii_case(name).then_some(range))?;
    Some(tag[range].trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{markdown, plain};
    use crate::text::markdown::shown;

    #[rstest]
    #[case::a_heading("# LSU\n\nBonjour", "LSU\n\nBonjour")]
    #[case::stressed("**LSU** ne _répond_ pas", "LSU ne répond pas")]
    #[case::a_link("Voir [la page](https://ac-dijon.fr/a?b=1&c=2).", "Voir la page (https://ac-dijon.fr/a?b=1&c=2).")]
    #[case::its_own_name("<https://ac-dijon.fr/lsu>", "https://ac-dijon.fr/lsu")]
    #[case::its_name_without_scheme("[ac-dijon.fr](https://ac-dijon.fr/)", "ac-dijon.fr")]
    #[case::an_address("<ien@ac-dijon.fr>", "ien@ac-dijon.fr")]
    #[case::a_list("À faire\n\n- un\n- **deux**", "À faire\n\n- un\n- deux")]
    #[case::a_loose_list("- un\n\n- deux", "- un\n\n- deux")]
    #[case::numbers("3. un\n4. deux", "3. un\n4. deux")]
    #[case::lines("un\ndeux", "un\ndeux")]
    #[case::what_is_no_mark("5 < 6 & 2 * 3 * 4", "5 < 6 & 2 * 3 * 4")]
    fn a_text_is_said_without_marks(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(plain(&shown(text, 2).unwrap()), expected);
    }

    /// A line of Markdown, with marks and with what only looks like some.
    fn words() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[a-zé]{1,6}",
            "\\*\\*[a-z]{1,6}\\*\\*",
            "\\*[a-z]{1,6}\\*",
            "`[a-z]{1,6}`",
            "\\[[a-z]{1,6}\\]\\(https://[a-z]{1,6}\\.fr/\\?a=[0-9]&b=[0-9]\\)",
            "a (&|&amp;|&lt;|<|_|\\*|\\[x\\]|\\\\) b",
        ];
        prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
    }

    fn block() -> impl Strategy<Value = String> {
        let lines = |before: &'static str| {
            prop::collection::vec(words(), 1..4).prop_map(move |lines| {
                lines.iter().map(|line| format!("{before}{line}")).collect::<Vec<_>>().join("\n")
            })
        };
        prop_oneof![lines(""), lines("- "), lines("1. "), words().prop_map(|words| format!("# {words}"))]
    }

    proptest! {
        #[test]
        fn html_becomes_markdown_that_shows_the_same(blocks in prop::collection::vec(block(), 1..5)) {
            // Two lists beside one another are one.
            let html = shown(&blocks.join("\n\nEt\n\n"), 2).unwrap();
            prop_assert_eq!(shown(&markdown(&html), 2).unwrap(), html);
        }

        #[test]
        fn any_html_is_said(text in any::<String>()) {
            let html = shown(&text, 2).unwrap();
            let _ = (plain(&html), markdown(&html));
        }
    }
}
