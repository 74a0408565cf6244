//! The marks that mail programs put into HTML: which element is a quote, a signature, or announces one.
//!
//! Where a program marks its quote, that mark decides.

use std::ops::Range;

use crate::text::{
    html_text,
    tags::{self, Token, Tokens},
};

/// The attributes that may carry a mail program's mark.
pub(super) const MARKED: [&str; 5] = ["class", "id", "type", "data-marker", "data-smartmail"];

/// The element is history.
pub(super) const ELEMENT: &str = "q";
/// The element is a signature, or was one before the person typed in it.
const SIGNATURE: &str = "s";
/// The element is history; where quotes stand in it, they alone are, and what is between them was typed.
const QUOTED_TEXT: &str = "t";
/// The quote begins here and ends with the next element of history, or with the quotes that follow.
const DIVIDER: &str = "d";
/// The element is a quote: `<blockquote type="cite">` of Thunderbird, Apple Mail and others, Gmail's.
const CITE: &str = "c";
/// The element announces the quote below it; what a person types in front of that may stand in it, too.
const PREFIX: &str = "p";
/// The element is history, and so is all that follows it.
const REST: &str = "r";
const ALL_MARKS: [&str; 7] = [ELEMENT, SIGNATURE, QUOTED_TEXT, DIVIDER, CITE, PREFIX, REST];

const ELEMENT_MARKS: &[&str] = &[
    "yahoo_quoted",
    "ms-outlook-mobile-reference-message",
    "mail-editor-reference-message-container",
    "OLK_SRC_BODY_SECTION", // Outlook
];
const SIGNATURE_MARKS: &[&str] = &[
    "moz-signature", // Thunderbird
    "gmail_signature",
    "gmail_signature_prefix",
    "protonmail_signature_block",
    "Signature",
    "ms-outlook-mobile-signature", // Outlook
    "AppleMailSignature",
    "lineBreakAtBeginningOfSignature",
    "__SIG_PRE__",
    "__SIG_POST__", // Zimbra
    "_rc_sig",      // Roundcube
];
const PREFIX_MARKS: &[&str] = &["moz-cite-prefix", "gmail_attr", "reply-intro"];
const REST_MARKS: &[&str] = &["divRplyFwdMsg", "replySplit"];

/// What an attribute's value says about its element, if a mail program put it there.
pub(super) fn mark(element: &str, attribute: &str, value: &str) -> Option<&'static str> {
    let means = |mark: &str| {
        // Outlook on the web puts x_ before the marks of what it quotes.
        let mark = mark.trim_start_matches("x_");
        // … and Yahoo «ydp» and a number before its own.
        let mark = if mark.starts_with("ydp") && mark.ends_with("yahoo_quoted") { "yahoo_quoted" } else { mark };
        match mark {
            "cite" if attribute == "type" => Some(CITE),
            _ if attribute == "type" => None,
            // Divs of these names hold answers between the quotes, too.
            "gmail_quote" | "protonmail_quote" if element == "blockquote" => Some(CITE),
            // Zimbra
            "zwchr" => Some(DIVIDER),
            "__QUOTED_TEXT__" => Some(QUOTED_TEXT),
            _ if REST_MARKS.contains(&mark) => Some(REST),
            _ if PREFIX_MARKS.contains(&mark) => Some(PREFIX),
            _ if SIGNATURE_MARKS.contains(&mark) => Some(SIGNATURE),
            _ => ELEMENT_MARKS.contains(&mark).then_some(ELEMENT),
        }
    };
    value.split_ascii_whitespace().find_map(means)
}

/// What mail programs marked; each list in order, all but the last apart.
#[derive(Default)]
pub(super) struct Marked {
    pub(super) elements: Vec<Range<usize>>,
    pub(super) signatures: Vec<Range<usize>>,
    pub(super) cites: Vec<Range<usize>>,
    pub(super) prefixes: Vec<Range<usize>>,
    pub(super) rest: Option<Range<usize>>,
    /// Every block quote.
    pub(super) quotes: Vec<Range<usize>>,
}

impl Marked {
    /// What programs marked in this HTML.
    pub(super) fn of(html: &str) -> Self {
        let (mut elements, mut cites, mut prefixes, mut quotes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut signatures, mut quoted_texts) = (Vec::new(), Vec::new());
        let mut rests = Vec::new();
        let mut open: Vec<(&str, usize, Option<&str>)> = Vec::new();
        for (at, token) in Tokens::new(html) {
            match token {
                Token::Open { name, tag } => {
                    let mark = ALL_MARKS.into_iter().find(|mark| has_mark(tag, mark));
                    if let Some(mark) = mark.filter(|mark| [REST, DIVIDER].contains(mark)) {
                        // A quote that holds it ends it.
                        let quote = open.iter().position(|(name, ..)| *name == "blockquote");
                        rests.push((at, mark, quote.map(|quote| open[quote].1)));
                    }
                    if !tags::is_void(name) {
                        open.push((name, at, mark));
                    }
                }
                Token::Close { name } => {
                    if let Some((_, start, mark)) = open.pop() {
                        let range = start..at + name.len() + 3;
                        if name == "blockquote" {
                            quotes.push(range.clone());
                        }
                        match mark {
                            Some(ELEMENT) => elements.push(range),
                            Some(SIGNATURE) => signatures.push(range),
                            Some(QUOTED_TEXT) => quoted_texts.push(range),
                            Some(CITE) => cites.push(range),
                            Some(PREFIX) => prefixes.push(range),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        quotes.sort_by_key(|range| range.start);
        for quoted in quoted_texts {
            let within = quotes_within(html, &quotes, &quoted);
            if within.is_empty() { elements.push(quoted) } else { cites.extend(within) }
        }
        let (elements, cites) = (merged(elements), merged(cites));
        let is_outside =
            |(at, ..): &(usize, &str, Option<usize>)| around(&elements, *at).or(around(&cites, *at)).is_none();
        let rest = rests.into_iter().find(is_outside).map(|(at, mark, quote)| {
            let quote = quote.and_then(|start| quotes.iter().find(|quote| quote.start == start));
            let end = quote.map_or(html.len(), |quote| quote.end);
            at..if mark == DIVIDER { end_of_divided(html, at, &elements, &quotes).unwrap_or(end) } else { end }
        });
        Self { elements, signatures: merged(signatures), cites, prefixes: merged(prefixes), rest, quotes }
    }

    /// The element of history, or the marked quote, that holds this place.
    pub(super) fn around(&self, at: usize) -> Option<(&Range<usize>, &'static str)> {
        let element = around(&self.elements, at).map(|range| (range, ELEMENT));
        element.or_else(|| around(&self.cites, at).map(|range| (range, CITE)))
    }

    /// Where the last mark is.
    pub(super) fn last(&self) -> Option<usize> {
        let all = [&self.elements, &self.cites, &self.quotes];
        all.into_iter().filter_map(|ranges| ranges.last()).chain(&self.rest).map(|range| range.start).max()
    }
}

/// The outermost quotes within an element that begins with one.
fn quotes_within(html: &str, quotes: &[Range<usize>], element: &Range<usize>) -> Vec<Range<usize>> {
    let from = quotes.partition_point(|quote| quote.start < element.start);
    let within = merged(quotes[from..].iter().take_while(|quote| quote.start < element.end).cloned().collect());
    let begins = within.first().is_some_and(|first| is_blank(&html[element.start..first.start]));
    if begins { within } else { Vec::new() }
}

/// Where the quote ends that a divider begins: with the element of history below it, or with the quotes that follow
/// one another there. Below is what the person typed.
fn end_of_divided(html: &str, at: usize, elements: &[Range<usize>], quotes: &[Range<usize>]) -> Option<usize> {
    let element = elements.get(elements.partition_point(|range| range.start < at));
    let from = quotes.partition_point(|quote| quote.start < at);
    let first = quotes[from..].first().filter(|first| element.is_none_or(|element| first.start < element.start));
    let Some(first) = first else { return element.map(|element| element.end) };
    let following = quotes[from..].iter().skip(1);
    Some(following.fold(first.end, |end, quote| {
        let follows = quote.start < end || is_blank(&html[end..quote.start]);
        if follows { end.max(quote.end) } else { end }
    }))
}

/// The one of these stretches, in order and apart, that holds this place.
pub(super) fn around(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= at);
    ranges[..after].last().filter(|range| range.contains(&at))
}

fn has_mark(tag: &str, mark: &str) -> bool {
    MARKED.iter().any(|attribute| tag.contains(&format!(" {attribute}=\"{mark}\"")))
}

/// The tag without marks.
pub(super) fn without_marks(tag: &str) -> String {
    let mut tag = tag.to_owned();
    for attribute in MARKED {
        for mark in ALL_MARKS {
            tag = tag.replace(&format!(" {attribute}=\"{mark}\""), "");
        }
    }
    tag
}

pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Whether nothing at all stands here.
fn is_blank(html: &str) -> bool {
    !html.contains("<img ") && html_text::from_html(html).is_empty()
}
