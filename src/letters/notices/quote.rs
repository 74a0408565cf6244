//! What somebody wrote, as a notice quotes it: bounded plain lines, in which a link keeps its address.

use std::ops::Range;

use crate::{
    letters::text::line,
    text::{
        html_text,
        tags::{Token, Tokens, attributes},
    },
};

/// The longest quotation of what somebody wrote, and of a new ticket's description, characters.
pub(super) const LONGEST_QUOTE: usize = 4000;
pub(super) const LONGEST_EXCERPT: usize = 1500;
/// HTML is read so far, bytes: enough for the longest quotation, and a bound on what reading it costs.
const MOST_HTML: usize = 256 * 1024;
/// The longest address of a link that is shown, characters: a tracker's says nothing to a reader.
const LONGEST_ADDRESS: usize = 300;

/// The text of HTML, in lines, as far as `longest` characters.
pub(super) fn quote(html: &str, longest: usize) -> Vec<String> {
    let text = html_text::from_html(&with_addresses(&html[..html.floor_char_boundary(MOST_HTML)]));
    let mut left = longest;
    let mut lines = Vec::new();
    for text in text.lines() {
        let text = line(text, usize::MAX);
        let length = text.chars().count();
        if length > left {
            lines.push(line(&text, left));
            lines.push("(texte abrégé)".to_owned());
            break;
        }
        // An empty line costs too: a text of nothing else is bounded as well.
        left -= length.max(1).min(left);
        lines.push(text);
    }
    lines
}

/// The HTML with the address of each link behind its words, where these do not say it.
fn with_addresses(html: &str) -> String {
    let mut shown = String::with_capacity(html.len());
    let mut copied = 0;
    // Where the words of the link that is open begin, and its address.
    let mut open: Option<(usize, String)> = None;
    for (at, token) in Tokens::new(html) {
        let is_link = |name: &str| name.eq_ignore_ascii_case("a");
        match token {
            Token::Open { name, tag } if is_link(name) => {
                open = address(tag).map(|address| (at + tag.len(), address));
            }
            Token::Close { name } if is_link(name) => {
                let Some((from, address)) = open.take() else { continue };
                let words = html_text::from_html(&html[from..at]);
                shown.push_str(&html[copied..at]);
                copied = at;
                if !says(&words, &address) {
                    shown.push_str(if words.is_empty() { "" } else { " " });
                    shown.push('(');
                    shown.push_str(&html_text::escaped(&address));
                    shown.push(')');
                }
            }
            _ => {}
        }
    }
    shown.push_str(&html[copied..]);
    shown
}

/// Where a link leads, if that is a page or a mailbox.
fn address(tag: &str) -> Option<String> {
    let (_, value): (&str, Range<usize>) = attributes(tag).find(|(name, _)| name.eq_ignore_ascii_case("href"))?;
    let address = html_text::from_html(&tag[value]);
    let is_shown = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| address.get(..scheme.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme)));
    (is_shown && address.chars().count() <= LONGEST_ADDRESS).then_some(address)
}

/// Whether a link's words say where it leads.
fn says(words: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = text.to_lowercase();
        let without = ["https://", "http://", "mailto:"].iter().find_map(|scheme| text.strip_prefix(scheme));
        without.unwrap_or(&text).trim_end_matches('/').to_owned()
    };
    bare(words.trim()) == bare(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{LONGEST_QUOTE, quote};

    #[rstest]
    #[case(
        "Voir <a href=\"https://x.fr/fiche?a=1&amp;b=2\">la fiche</a>.",
        "Voir la fiche (https://x.fr/fiche?a=1&b=2)."
    )]
    #[case("<a href=\"https://x.fr/\">https://x.fr</a>", "https://x.fr")]
    #[case("<a href=\"HTTPS://x.fr\">x.fr</a>", "x.fr")]
    #[case("<a href=\"mailto:a@b.fr\">a@b.fr</a>", "a@b.fr")]
    #[case("<a href=\"mailto:a@b.fr\"><b>Un</b> Tech</a>", "Un Tech (mailto:a@b.fr)")]
    #[case("<a href=\"javascript:x()\">ici</a>", "ici")]
    #[case("<a href=\"/front/document.send.php?docid=3\">plan.pdf</a>", "plan.pdf")]
    #[case("<a href=\"https://x.fr\"><img src=\"y.png\"></a>", "(https://x.fr)")]
    #[case("<a href=\"https://x.fr\">ouvert", "ouvert")]
    #[case("<a name=\"x\">ancre</a> fin</a>", "ancre fin")]
    fn a_link_keeps_its_address(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(quote(html, LONGEST_QUOTE), [expected]);
    }

    proptest! {
        #[test]
        fn no_html_makes_it_fail_or_grow(html in "([<>/&;#= '\"\n]|<a href=\"https://x\\.fr\">|</a>|<p>|é|x){0,80}") {
            let length: usize = quote(&html, 40).iter().map(|line| line.chars().count()).sum();
            prop_assert!(length <= 40 + 20, "{length}");
        }
    }
}
