//! Where in a text the elements stand that mail programs marked, and what they leave to the person.

use std::ops::Range;

use super::marks::{
    ALL_MARKS, CITE, DIVIDER, ELEMENT, INNER, PREFIX, PROOFED, QUOTED_TEXT, REST, SIGNATURE, TYPED_IN_YAHOO, is_loud,
    values,
};
use crate::text::{
    html_text,
    tags::{self, Token, Tokens},
};

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
    /// Whether it is a link or in one: links are always coloured.
    is_link: bool,
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
                        let is_link = name == "a" || open.last().is_some_and(|open| open.is_link);
                        let is_loud =
                            !is_link && is_loud(tag).unwrap_or_else(|| open.last().is_some_and(|open| open.is_loud));
                        open.push(Open { name, start: at, mark, is_link, is_loud });
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
                Token::Text(text) if !text.trim_ascii().is_empty() => {
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

/// Stretches in order and apart.
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
