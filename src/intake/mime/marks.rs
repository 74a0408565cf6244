//! The marks that mail programs put into HTML: which element is a quote, a signature, or announces one.
//!
//! Where a program marks its quote, that mark decides.

use std::{borrow::Cow, ops::Range};

use super::colours::{self, Colour};
use crate::text::{
    html_text,
    tags::{self, Token, Tokens},
};

/// The attributes that may carry a mail program's mark.
pub(super) const MARKED: [&str; 8] =
    ["class", "id", "type", "data-marker", "data-smartmail", "data-setdir", "style", "color"];
/// Those that may carry a colour.
const COLOURED: [&str; 2] = ["style", "color"];

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
/// The element is a quote as the server has it, within what the program marks as history.
const INNER: &str = "i";
/// The person typed the element, if it stands below [`REST`].
const PROOFED: &str = "y";
/// The person typed the element, if it stands in Yahoo's [`ELEMENT`].
const TYPED_IN_YAHOO: &str = "l";
/// The text has no colour that catches the eye; a loud one stands as it is.
const QUIET: &str = "k";
const ALL_MARKS: [&str; 10] =
    [ELEMENT, SIGNATURE, QUOTED_TEXT, DIVIDER, CITE, PREFIX, REST, INNER, PROOFED, TYPED_IN_YAHOO];

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
pub(super) fn mark(element: &str, attribute: &str, value: &str) -> Option<Cow<'static, str>> {
    let colour = match attribute {
        "style" => colours::of_style(element, value),
        "color" => Some(colours::of_value(value).map_or(Colour::Quiet, Colour::Loud)).filter(|_| element == "font"),
        _ => return word_of_mark(element, attribute, value).map(Cow::Borrowed),
    };
    colour.map(|colour| match colour {
        Colour::Loud(colour) => Cow::Owned(colour),
        Colour::Quiet => Cow::Borrowed(QUIET),
    })
}

fn word_of_mark(element: &str, attribute: &str, value: &str) -> Option<&'static str> {
    let means = |mark: &str| {
        match mark {
            // What Outlook on the web quotes has x_ before these.
            "elementToProof" => return Some(PROOFED),
            "BodyFragment" => return Some(INNER),
            _ if is_of_yahoo_s_quote(mark) => return Some(INNER),
            _ => {}
        }
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
    if attribute == "data-setdir" {
        return Some(TYPED_IN_YAHOO);
    }
    value.split_ascii_whitespace().find_map(means)
}

/// Yahoo puts «yiv» and a number before the marks of what it quotes.
fn is_of_yahoo_s_quote(mark: &str) -> bool {
    let at = if mark.starts_with("ydp") { mark.find("yiv") } else { Some(0) };
    let number = at.and_then(|at| mark[at..].strip_prefix("yiv"));
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
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
    /// What was typed within the history.
    pub(super) typed: Vec<Range<usize>>,
    /// Where history begins that has its head within.
    pub(super) headed: Vec<usize>,
    /// Where text of a loud colour begins.
    pub(super) loud: Vec<usize>,
    /// Where other text begins.
    pub(super) quiet: Vec<usize>,
}

/// An element that is open.
struct Open<'a> {
    name: &'a str,
    start: usize,
    mark: Option<&'static str>,
    /// Whether its text has a loud colour.
    is_loud: bool,
}

impl Marked {
    /// What programs marked in this HTML.
    pub(super) fn of(html: &str) -> Self {
        let (mut elements, mut cites, mut prefixes, mut quotes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut signatures, mut quoted_texts) = (Vec::new(), Vec::new());
        let (mut typed, mut inner) = (Vec::new(), Vec::new());
        let (mut loud, mut quiet) = (Vec::new(), Vec::new());
        let mut rests = Vec::new();
        let mut open: Vec<Open<'_>> = Vec::new();
        for (at, token) in Tokens::new(html) {
            match token {
                Token::Open { name, tag } => {
                    let mark = ALL_MARKS.into_iter().find(|mark| values(tag).any(|(_, value)| value == *mark));
                    if let Some(mark) = mark.filter(|mark| [REST, DIVIDER].contains(mark)) {
                        // A quote that holds it ends it.
                        rests.push((at, mark, open.iter().find(|open| open.name == "blockquote").map(|it| it.start)));
                    }
                    if !tags::is_void(name) {
                        let is_loud = is_loud(name, tag, open.last().is_some_and(|open| open.is_loud));
                        open.push(Open { name, start: at, mark, is_loud });
                    }
                }
                Token::Close { name } => {
                    if let Some(Open { start, mark, .. }) = open.pop() {
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
                            Some(INNER) => inner.push(range),
                            Some(mark @ (PROOFED | TYPED_IN_YAHOO)) => typed.push((mark, range)),
                            _ => {}
                        }
                    }
                }
                Token::Text(text) if !is_blank(text) => {
                    (if open.last().is_some_and(|open| open.is_loud) { &mut loud } else { &mut quiet }).push(at);
                }
                _ => {}
            }
        }
        let mut headed: Vec<usize> = elements.iter().map(|element: &Range<usize>| element.start).collect();
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
            let end = if mark == DIVIDER { end_of_divided(html, at, &elements, &quotes).unwrap_or(end) } else { end };
            (mark, at..end)
        });
        let below_rest = rest.as_ref().filter(|(mark, _)| *mark == REST).map(|(_, range)| range.clone());
        headed.extend(below_rest.as_ref().map(|rest| rest.start));
        let signatures = merged(signatures);
        let found =
            Typed { html, elements: &elements, rest: below_rest, signatures: &signatures, inner: merged(inner) };
        let typed = found.of(typed);
        Self {
            typed,
            elements,
            signatures,
            cites,
            prefixes: merged(prefixes),
            rest: rest.map(|(_, range)| range),
            quotes,
            headed,
            loud,
            quiet,
        }
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

/// The search for what was typed within the history.
struct Typed<'a> {
    html: &'a str,
    elements: &'a [Range<usize>],
    /// What Outlook on the web has below its mark.
    rest: Option<Range<usize>>,
    signatures: &'a [Range<usize>],
    /// Quotes as the server has them.
    inner: Vec<Range<usize>>,
}

impl Typed<'_> {
    /// Of these elements those that programs mark so as things are typed in them, and what stands below the quote as
    /// the server has it.
    fn of(&self, marked: Vec<(&str, Range<usize>)>) -> Vec<Range<usize>> {
        let is_typed = |(mark, range): &(&str, Range<usize>)| {
            let history = if *mark == PROOFED { self.rest.as_ref() } else { around(self.elements, range.start) };
            history.is_some_and(|history| range.start > history.start && range.end <= history.end)
                && around(self.signatures, range.start).is_none()
                && around(&self.inner, range.start).is_none()
                && self.inner_within(range).is_empty()
        };
        let mut typed: Vec<Range<usize>> = marked.into_iter().filter(is_typed).map(|(_, range)| range).collect();
        for history in self.elements.iter().chain(&self.rest) {
            let inner = self.inner_within(history);
            let ends = inner.iter().skip(1).map(|next| next.start).chain([history.end]);
            typed.extend(inner.iter().zip(ends).map(|(quote, end)| quote.end..end));
        }
        let mut typed = merged(typed);
        typed.retain(|range| !is_blank(&self.html[range.clone()]));
        typed
    }

    fn inner_within(&self, range: &Range<usize>) -> &[Range<usize>] {
        let place = |at: usize| self.inner.partition_point(|inner| inner.start < at);
        &self.inner[place(range.start)..place(range.end)]
    }
}

/// Whether the text in an element has a loud colour: its own, else the one around. Links are always coloured.
fn is_loud(name: &str, tag: &str, around: bool) -> bool {
    let colour = values(tag).find(|(attribute, _)| COLOURED.contains(attribute));
    name != "a" && colour.map_or(around, |(_, value)| value != QUIET)
}

/// The values of a sanitised tag's attributes that may carry marks.
fn values(tag: &str) -> impl Iterator<Item = (&'static str, &str)> {
    MARKED.into_iter().filter_map(move |attribute| Some((attribute, &tag[value(tag, attribute)?])))
}

/// Where the value of an attribute stands in a sanitised tag: in double quotes, which no value holds.
fn value(tag: &str, attribute: &str) -> Option<Range<usize>> {
    let begin = tag.match_indices(attribute).map(|(at, _)| (at, at + attribute.len() + 2));
    let (_, start) =
        begin.into_iter().find(|&(at, start)| tag[..at].ends_with(' ') && tag.get(start - 2..start) == Some("=\""))?;
    Some(start..start + tag[start..].find('"')?)
}

/// The tag without marks, with its colour where that is to be seen; nothing, where the element had no other use.
pub(super) fn without_marks(tag: &str, shows_colours: bool) -> String {
    let mut bare = tag.to_owned();
    for attribute in MARKED {
        let Some(range) = value(&bare, attribute) else { continue };
        let value = &bare[range.clone()];
        let is_mark = if COLOURED.contains(&attribute) {
            !shows_colours || value == QUIET
        } else {
            // Images have an `id` by which they are found.
            ALL_MARKS.contains(&value)
        };
        if is_mark {
            bare.replace_range(range.start - attribute.len() - 3..=range.end, "");
        }
    }
    if bare == "<font>" { String::new() } else { bare }
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
