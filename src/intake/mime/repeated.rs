//! The stretches of a text that a mail repeats: mail programs' own marks first, then lines as people see them
//! («Le … a écrit :», «De : … Objet : …»).
//!
//! Only what is certainly history is one; in doubt it is none, and stays to be seen. Where a program marks its quote,
//! that mark decides, and the search for lines ends at it.

use std::ops::Range;

use super::{
    answer_signs,
    answered::Answered,
    attribution::{self, Attribution},
    marked::{Marked, around, merged},
    marks::ELEMENT,
    quoted_header::{
        header_block, is_answer_rule, is_drawn_rule, is_forward_rule, is_original_rule, original_rule,
        unquoted_header_block,
    },
    rows::{Row, rows},
    signature,
};
use crate::text::html_text::Line;

/// The search for the stretches of a text that are repeated.
pub(super) struct Search<'a> {
    html: &'a str,
    /// Whether the mail may repeat another.
    is_reply: bool,
    /// Whether the text was written as HTML.
    was_html: bool,
    rows: Vec<Row<'a>>,
    marked: Marked,
    /// What programs marked as history.
    histories: Vec<Range<usize>>,
    /// What programs marked as signatures, up to where the person typed in them.
    signatures: Vec<Range<usize>>,
    /// Where the person says that answers stand below; in a reply alone.
    announced: Option<usize>,
    /// The last line of the person's own.
    last_own: Option<usize>,
    /// The last place where a program marks anything, in a reply: a line without such a mark is believed less above it.
    last_mark: usize,
    /// The line of two hyphens above the signature, and how many lines both are.
    signature: Option<Range<usize>>,
}

impl<'a> Search<'a> {
    /// A search in this text, which is on these lines. `is_reply`: its mail may repeat another.
    pub(super) fn new(html: &'a str, lines: &'a [Line], is_reply: bool, was_html: bool) -> Self {
        let (mut marked, rows) = (Marked::of(html), rows(lines));
        if !is_reply {
            marked = Marked { signatures: marked.signatures, ..Marked::default() };
        }
        let signatures = marked.signatures.iter().map(|range| range.start..signature::end_of_marked(range, &rows));
        let signatures: Vec<Range<usize>> = signatures.filter(|range| !range.is_empty()).collect();
        let histories = marked.elements.clone();
        marked.elements = merged(histories.iter().chain(&signatures).cloned().collect());
        let mut search = Self {
            html,
            is_reply,
            was_html,
            rows,
            marked,
            histories,
            signatures,
            announced: None,
            last_own: None,
            last_mark: 0,
            signature: None,
        };
        let is_outside = |row: &Row<'_>| !row.is_quoted() && search.marked.around(row.start).is_none();
        search.signature = signature::found(&search.rows, is_outside);
        let is_own = |at: usize| {
            let row = &search.rows[at];
            is_outside(row)
                && !signature::is_of_device(row.text)
                && search.signature.as_ref().is_none_or(|signature| !signature.contains(&at))
        };
        search.last_own = (0..search.rows.len()).rev().find(|&at| is_own(at));
        // What stands between marked quotes is seen, and is what they speak of.
        let is_between = search
            .marked
            .cites
            .first()
            .is_some_and(|cite| search.last_own.is_some_and(|last| search.rows[last].start > cite.start));
        let points_below = |row: &&Row<'_>| is_outside(row) && answer_signs::points_below(row.text);
        if is_reply {
            let announced = search.rows.iter().find(points_below).map(|row| row.start);
            search.announced = announced.filter(|_| !is_between);
            let is_marked = |at: &usize| {
                let row = &search.rows[*at];
                row.is_quoted() || is_original_rule(row.text) || header_block(&search.rows[*at..]).is_some()
            };
            let last_marked_row = (0..search.rows.len()).rev().find(is_marked).map(|at| search.rows[at].start);
            search.last_mark = search.marked.last().into_iter().chain(last_marked_row).max().unwrap_or_default();
        }
        search
    }

    /// The search for what stays of them.
    pub(super) fn answered(&self) -> Answered<'_> {
        Answered { rows: &self.rows, marked: &self.marked, announced: self.announced }
    }

    /// The stretches that are history, and those that are signatures, each in order and apart.
    pub(super) fn ranges(&self) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let (mut histories, mut asides) = (self.histories.clone(), self.signatures.clone());
        // A quote of pictures alone has no line to be met at.
        let is_silent = |cite: &&Range<usize>| {
            let first = self.rows.partition_point(|row| row.start < cite.start);
            self.rows.get(first).is_none_or(|row| row.start >= cite.end)
        };
        histories.extend(self.marked.cites.iter().filter(is_silent).cloned());
        // All from here on is what the person wants to show.
        let mut shown_from = self.html.len();
        let mut rest = self.marked.rest.clone();
        let mut at = 0;
        while let Some(row) = self.rows.get(at) {
            let marked = self.marked.around(row.start);
            let is_first = marked.is_none_or(|(range, _)| at == 0 || self.rows[at - 1].start < range.start);
            if is_first && is_forward_rule(&self.rows[at..]) {
                shown_from = marked.map_or(row.start, |(range, _)| range.start);
                rest = None;
                break;
            }
            let signed = self.signed(at).filter(|_| marked.is_none());
            let folded = if let Some(rest) = rest.take_if(|rest| rest.start <= row.start) {
                Some(rest)
            } else if let Some((range, mark)) = marked {
                let folds = mark != ELEMENT && (!self.is_answered(at) || self.announces_itself(at));
                if folds { Some(range.clone()) } else { None }
            } else if signed.is_none() {
                self.by_lines(at)
            } else {
                None
            };
            // What is folded or quoted is not looked at again: each line of a quote may be an attribution in turn.
            let found = folded.as_ref().or(signed.as_ref()).or(marked.map(|(range, _)| range));
            let end = found.map_or(row.start, |range| range.end);
            at += self.rows[at..].iter().take_while(|row| row.start < end).count().max(1);
            if folded.is_none() {
                asides.extend(signed);
            }
            histories.extend(folded);
        }
        histories.extend(rest);
        for ranges in [&mut histories, &mut asides] {
            ranges.retain(|range| range.start < shown_from);
        }
        (merged(histories), merged(asides))
    }

    /// Whether the person wrote something below.
    fn is_answered(&self, at: usize) -> bool {
        self.last_own.is_some_and(|last| at <= last)
    }

    /// The signature that begins at this line, of which no program's element tells.
    fn signed(&self, at: usize) -> Option<Range<usize>> {
        let row = &self.rows[at];
        if let Some(signature) = self.signature.as_ref().filter(|signature| signature.start == at) {
            return Some(row.start..self.with_break(self.rows[signature.end - 1].end));
        }
        signature::is_of_device(row.text).then(|| row.start..self.with_break(row.end))
    }

    /// What is repeated from this line on, of which no program's element tells.
    fn by_lines(&self, at: usize) -> Option<Range<usize>> {
        let row = &self.rows[at];
        if row.is_quoted() && self.is_reply {
            let folds = self.announces_itself(at) || !self.was_html && !self.is_answered(at) && !self.is_introduced(at);
            return folds.then(|| row.start..self.end_of_quoted(at));
        }
        // A rule drawn above the quoted header belongs to it.
        let first = at.checked_sub(1).map(|above| &self.rows[above]).filter(|above| is_drawn_rule(above.text));
        if is_answer_rule(row.text) && self.is_reply {
            return Some(first.unwrap_or(row).start..self.html.len());
        }
        let lines = &self.rows[at..self.border(at)];
        if let Some(length) = original_rule(lines).or_else(|| header_block(lines)).filter(|_| self.is_reply) {
            return Some(first.unwrap_or(row).start..self.end_of_rest(at, length));
        }
        if !self.is_reply {
            return None;
        }
        let is_marked = around(&self.marked.prefixes, row.start).is_some();
        let announced = |Attribution { rows, is_complete }| {
            // A quote that says itself whose it is needs no line above, but where a program marked that.
            let is_needed = is_marked || !self.announces_itself_alone(at + rows);
            let quote = self.quote_below(at + rows).filter(|_| is_needed);
            // Without a quote only a whole line of a program tells it from a sentence, and only where no other
            // mark follows.
            quote.or_else(|| (is_complete && row.start >= self.last_mark).then_some(self.html.len()))
        };
        let in_prefix = || self.in_prefix(at).then_some(Attribution { rows: 1, is_complete: false });
        let end = attribution::at(lines).or_else(in_prefix).and_then(announced)?;
        Some(row.start..end)
    }

    /// The first line below that is in what a program marked: no search for lines goes on across that.
    fn border(&self, at: usize) -> usize {
        let from = self.rows[at].start;
        let next = |ranges: &[Range<usize>]| {
            ranges.get(ranges.partition_point(|range| range.start <= from)).map(|range| range.start)
        };
        let rest = self.marked.rest.as_ref().map(|rest| rest.start).filter(|&start| start > from);
        let border = rest.into_iter().chain(next(&self.marked.elements)).chain(next(&self.marked.cites)).min();
        border.map_or(self.rows.len(), |border| self.rows.partition_point(|row| row.start < border))
    }

    /// With its line break: what is folded keeps its lines.
    fn with_break(&self, end: usize) -> usize {
        if self.html[end..].starts_with("<br>") { end + "<br>".len() } else { end }
    }

    /// Whether a line is the last of those that a program marked as announcing the quote below, in whatever language.
    fn in_prefix(&self, at: usize) -> bool {
        let row = &self.rows[at];
        around(&self.marked.prefixes, row.start).is_some()
            && row.text.ends_with(':')
            && row.text.contains(|c: char| c.is_ascii_digit() || c == '@')
            && self.quote_below(at + 1).is_some()
    }

    /// Where the quote ends that begins at this line, or directly above it.
    fn quote_below(&self, at: usize) -> Option<usize> {
        let (said, next) = (self.rows.get(at.checked_sub(1)?)?, self.rows.get(at)?);
        if next.is_quoted() {
            return Some(self.end_of_quoted(at));
        }
        let from = self.marked.quotes.partition_point(|quote| quote.start < said.end);
        let between = self.marked.quotes[from..].iter().take_while(|quote| quote.start <= next.start);
        between.filter(|quote| quote.contains(&next.start)).map(|quote| quote.end).next()
    }

    /// Where the lines with `>` end that begin here.
    fn end_of_quoted(&self, at: usize) -> usize {
        let quoted = self.rows[at..].iter().take_while(|row| row.is_quoted());
        self.with_break(quoted.last().map_or(self.html.len(), |row| row.end))
    }

    /// Whether a quote begins with what announces it: an attribution, as Apple's do, or a header.
    fn announces_itself(&self, at: usize) -> bool {
        attribution::at(&self.rows[at..]).is_some() || unquoted_header_block(&self.rows[at..]).is_some()
    }

    /// … and with what announces nothing within it.
    fn announces_itself_alone(&self, at: usize) -> bool {
        let lines = &self.rows[at.min(self.rows.len())..];
        if unquoted_header_block(lines).is_some() {
            return true;
        }
        let Some(Attribution { rows, .. }) = attribution::at(lines) else { return false };
        let depth = |row: &Row<'_>| row.text.bytes().take_while(|byte| matches!(byte, b'>' | b' ')).count();
        let (said, next) = (&self.rows[at + rows - 1], self.rows.get(at + rows));
        let is_deeper = next.is_some_and(|next| depth(next) > depth(said) && said.is_quoted());
        let begins_quote = !said.is_quoted() && self.quote_below(at + rows).is_some();
        !is_deeper && !begins_quote
    }

    /// Whether the person leads over to lines with `>`: «Voici ce qui s'affiche :».
    fn is_introduced(&self, at: usize) -> bool {
        let above = at.checked_sub(1).map(|above| &self.rows[above]);
        above.is_some_and(|above| {
            above.text.ends_with(':') && !above.text.contains('@') && !attribution::has_time_or_year(above.text)
        })
    }

    /// Where that ends which a header of so many lines stands above: with the quote it stands in, or that follows;
    /// else with the mail.
    fn end_of_rest(&self, at: usize, length: usize) -> usize {
        let row = &self.rows[at];
        let until = self.marked.quotes.partition_point(|quote| quote.start <= row.start);
        let around = self.marked.quotes[..until].iter().rfind(|quote| quote.contains(&row.start));
        if let Some(quote) = around {
            // Zimbra puts the header and the text in a quote each.
            let below = self.rows.partition_point(|row| row.start < quote.end);
            return self.quote_below(below).filter(|_| below > 0).unwrap_or(quote.end);
        }
        match self.rows.get(at + length) {
            Some(next) if next.is_quoted() => self.end_of_quoted(at + length),
            _ => self.html.len(),
        }
    }
}
