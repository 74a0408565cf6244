//! What a mail repeats: quoted history and signatures, told from what the person wrote this time.
//!
//! Works on sanitised HTML, plain text having been made such before, so that there is one way for both:
//! mail programs' own marks first, then lines as people see them («Le … a écrit :», «De : … Objet : …»).
//!
//! Only what is certainly history is folded away; in doubt it stays to be seen. Where a program marks its quote,
//! that mark decides, and the search for lines ends at it.

use std::ops::Range;

use super::{
    answer_signs,
    answered::Answered,
    attribution::{self, Attribution},
    marked::{Marked, around, merged},
    marks::{ELEMENT, without_marks},
    quoted_header::{
        header_block, is_answer_rule, is_drawn_rule, is_forward_rule, is_original_rule, original_rule,
        unquoted_header_block,
    },
    rows::{Row, rows},
    signature, split_html,
};
use crate::text::html_text::{self, Line};

/// A text in two: what was written, and what was repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) visible: String,
    pub(super) folded: Option<String>,
}

/// What a mail is to others, as far as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It answers one, which it may repeat.
    Reply,
    /// It hands one on, to be seen.
    Forward,
    /// It answers none: what looks like history was put there to be seen.
    Own,
}

/// Parts history and signature from the rest. When nothing would remain to be seen, everything remains.
///
/// `was_html`: the text was written as HTML, where programs quote in elements; a line with `>` alone is the person's.
pub(super) fn fold(html: &str, kind: Kind, was_html: bool) -> Folded {
    if kind == Kind::Forward {
        return keep(html);
    }
    let lines = html_text::lines(html);
    let search = Search::new(html, &lines, kind, was_html);
    let (histories, asides) = search.ranges();
    let answered = search.answered();
    let left: Vec<Range<usize>> = histories.iter().cloned().flat_map(|history| answered.folded(history)).collect();
    // What is seen of a history keeps its colours: they may tell who says what.
    let shows_colours = left != histories;
    let ranges = merged(left.into_iter().chain(asides).collect());
    let (visible, folded) = split_html::part(html, &ranges, |tag| without_marks(tag, shows_colours));
    if shows(&visible) { Folded { visible, folded: Some(folded).filter(|folded| shows(folded)) } } else { keep(html) }
}

/// Everything is to be seen: a forwarded mail is what the person wants to show.
pub(super) fn keep(html: &str) -> Folded {
    let (visible, _) = split_html::part(html, &[], |tag| without_marks(tag, false));
    Folded { visible, folded: None }
}

/// Whether there is anything to see.
fn shows(html: &str) -> bool {
    html.contains("<img ") || html_text::from_html(html).contains(char::is_alphanumeric)
}

/// The search for the stretches of a text that are repeated.
struct Search<'a> {
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
    /// Where the person says that answers stand below.
    announced: Option<usize>,
    /// The last line of the person's own.
    last_own: Option<usize>,
    /// The last place where a program marks anything: a line without such a mark is believed less above it.
    last_mark: usize,
    /// The line of two hyphens above the signature, and how many lines both are.
    signature: Option<Range<usize>>,
}

impl<'a> Search<'a> {
    fn new(html: &'a str, lines: &'a [Line], kind: Kind, was_html: bool) -> Self {
        let (mut marked, rows) = (Marked::of(html), rows(lines));
        let is_reply = kind == Kind::Reply;
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
        let announced = search.rows.iter().find(points_below).map(|row| row.start);
        search.announced = announced.filter(|_| is_reply && !is_between);
        let is_marked = |at: &usize| {
            let row = &search.rows[*at];
            row.is_quoted() || is_original_rule(row.text) || header_block(&search.rows[*at..]).is_some()
        };
        let last_marked_row = (0..search.rows.len()).rev().find(is_marked).map(|at| search.rows[at].start);
        search.last_mark = search.marked.last().into_iter().chain(last_marked_row).max().unwrap_or_default();
        search
    }

    /// The search for what stays of them.
    fn answered(&self) -> Answered<'_> {
        Answered { rows: &self.rows, marked: &self.marked, announced: self.announced }
    }

    /// The stretches that are history, and those that are signatures, each in order and apart.
    fn ranges(&self) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        html::sanitise,
        samples::{expect, texts},
    };
    use super::{Folded, Kind, fold, html_text, keep};

    fn expect_text(text: &str, visible: &str, folded: Option<&str>) {
        expect(&html_text::to_html(text), visible, folded);
    }

    #[test]
    fn plain_text_history_is_folded() {
        expect_text(
            "Merci.\n\nLe mar. 3 nov. 2026 à 10:15, Jeanne Martin\n<jeanne@ac-dijon.fr> a écrit :\n\n> Bonjour\n> encore\n\nEt la suite.",
            "Merci.\n\nEt la suite.",
            Some("Le mar. 3 nov. 2026 à 10:15, Jeanne Martin\n<jeanne@ac-dijon.fr> a écrit :\n\n> Bonjour\n> encore"),
        );
        expect_text(
            "Merci.\n\n-----Message d'origine-----\nDe : X\nObjet : Y\n\nBonjour",
            "Merci.",
            Some("-----Message d'origine-----\nDe : X\nObjet : Y\n\nBonjour"),
        );
        expect_text(
            "Merci.\n________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi\nÀ : Z\nObjet : RE: LSU\n\nBonjour",
            "Merci.",
            Some(
                "________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi\nÀ : Z\nObjet : RE: LSU\n\nBonjour",
            ),
        );
        expect_text(
            "On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            "On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            None,
        );
        expect_text(
            "b\nOn Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            "b",
            Some("On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a"),
        );
    }

    #[test]
    fn a_quote_full_of_attributions_is_gone_through_once() {
        let many = 20_000;
        let html =
            html_text::to_html(&format!("Bonjour\n{}\nEt la suite.", "> Le 1/1/2026, Paul a écrit :\n".repeat(many)));
        let Folded { visible, folded } = fold(&html, Kind::Reply, false);
        assert_eq!(html_text::from_html(&visible), "Bonjour\nEt la suite.");
        assert_eq!(folded.unwrap().matches("Paul a écrit").count(), many);

        let quotes = "<div>Le 1/1/2026, Paul a écrit :</div><blockquote>Q</blockquote>".repeat(many / 2);
        let Folded { visible, folded } = fold(&format!("<div>Bonjour</div>{quotes}<div>fin</div>"), Kind::Reply, false);
        assert_eq!(html_text::from_html(&visible).split_whitespace().collect::<Vec<_>>(), ["Bonjour", "fin"]);
        assert_eq!(folded.unwrap().matches(">Q<").count(), many / 2);
    }

    #[test]
    fn a_quote_with_an_answer_below_it_stays() {
        let cite = |text: &str| format!("<blockquote type=cite><p>{text}</p></blockquote>");
        let prefix = "<div class=moz-cite-prefix>Le 03/11/2026 à 10:15, X a écrit :</div>";
        expect(
            &format!("{prefix}{}<p>Un.</p>{}<p>Deux.</p>{}", cite("A ?"), cite("B ?"), cite("C")),
            "Un.\n\nB ?\n\nDeux.",
            Some("Le 03/11/2026 à 10:15, X a écrit :\nA ?\n\nC"),
        );
        expect(&format!("<p>Un.</p>{}", cite("A ?")), "Un.", Some("A ?"));
        expect(
            &format!("<p>Un.</p>{}<div class=moz-signature>Jeanne</div>", cite("A ?")),
            "Un.",
            Some("A ?\n\nJeanne"),
        );
        expect(
            &format!("{}<p>Un.</p>", cite("Le 3 nov. 2026 à 10:15, X a écrit :<br>A ?")),
            "Un.",
            Some("Le 3 nov. 2026 à 10:15, X a écrit :\nA ?"),
        );
        expect_text("Un.\n> A ?\n-- \nJeanne", "Un.", Some("> A ?\n--\nJeanne"));
        let picture = sanitise("<p>Un.</p><blockquote type=cite><img src=cid:a></blockquote><p>Deux.</p>").unwrap();
        let Folded { visible, folded } = fold(&picture, Kind::Reply, false);
        assert!(!visible.contains("<img") && folded.unwrap().contains("<img"), "{visible}");
    }

    #[test]
    fn signatures_are_folded() {
        expect_text("Bonjour\n-- \nJeanne Martin\nDirectrice", "Bonjour", Some("--\nJeanne Martin\nDirectrice"));
        expect_text(
            "Bonjour\n\nEnvoyé de mon iPhone\n\nPS : merci",
            "Bonjour\n\nPS : merci",
            Some("Envoyé de mon iPhone"),
        );
        expect_text("Bonjour\n\nEnvoyé avec Proton Mail", "Bonjour", Some("Envoyé avec Proton Mail"));
        expect("<p>a</p><div class='moz-signature'>-- <br>b</div><p>c</p>", "a\n\nc", Some("--\nb"));
    }

    #[test]
    fn a_line_with_a_bracket_in_html_is_the_person_s() {
        let html = sanitise("<div>Merci.</div><div>&gt; 5 élèves manquent</div>").unwrap();
        assert_eq!(fold(&html, Kind::Reply, true).folded, None);
        assert_eq!(html_text::from_html(&fold(&html, Kind::Reply, false).visible), "Merci.");
        let quoted = sanitise("<div>A</div><div>Le 3/11/2026 à 10:15, X a écrit :</div><div>&gt; Q</div>").unwrap();
        assert_eq!(html_text::from_html(&fold(&quoted, Kind::Reply, true).visible), "A");
    }

    #[test]
    fn what_is_typed_in_a_marked_signature_is_seen() {
        let typed = "Le livret du CM2 reste vide.";
        for signature in [
            format!("<div id=AppleMailSignature>{typed}<br><br>Envoyé de mon iPhone</div>"),
            format!("<div id=Signature><div>Anne Voisin<br>Directrice</div><div>{typed}</div></div>"),
            format!("<div id=ms-outlook-mobile-signature><p>{typed}</p>Obtenez Outlook pour Android</div>"),
            format!("<div class=gmail_signature data-smartmail=gmail_signature>-- <br>Anne<div>{typed}</div></div>"),
            format!("<pre class=moz-signature>-- \nAnne Voisin\n{typed}</pre>"),
            format!("<div data-marker=__SIG_PRE__>Anne<br>{typed}</div>"),
        ] {
            let quote = "<div class=gmail_quote>Le 3/11/2026 à 10:15, X a écrit :<blockquote>Q</blockquote></div>";
            let (visible, folded) = texts(&format!("<div>A</div>{signature}{quote}"));
            assert_eq!(visible.split_whitespace().collect::<Vec<_>>().join(" "), format!("A {typed}"), "{signature}");
            assert!(folded.unwrap().ends_with('Q'), "{signature}");
        }
    }

    #[test]
    fn a_mail_that_answers_none_repeats_none() {
        let own = |html: &str| {
            let Folded { visible, folded } = fold(&sanitise(html).unwrap(), Kind::Own, true);
            (html_text::from_html(&visible), folded.map(|folded| html_text::from_html(&folded)))
        };
        for quoted in [
            "<blockquote type=cite>Erreur 500</blockquote>",
            "<blockquote class=gmail_quote>Erreur 500</blockquote>",
            "<hr id=zwchr><div data-marker=__QUOTED_TEXT__>Erreur 500</div>",
            "<div id=divRplyFwdMsg>De : X<br>Envoyé : 3/11/2026 10:15<br>Objet : Y</div>Erreur 500",
            "<div class=yahoo_quoted>Erreur 500</div>",
            "<p>&gt; Nolan<br>&gt; Erreur 500</p>",
            "<p>Le 3/11/2026 à 10:15, X &lt;x@y.fr&gt; a écrit :</p>Erreur 500",
        ] {
            let (visible, folded) = own(&format!("<p>L'écran dit :</p>{quoted}"));
            assert!(visible.ends_with("Erreur 500"), "{quoted}");
            assert_eq!(folded, None, "{quoted}");
        }
        assert_eq!(own("<p>A</p><div id=Signature>Anne</div><p>B</p>"), ("A\n\nB".to_owned(), Some("Anne".to_owned())));
        assert_eq!(own("<p>A<br>-- <br>Anne</p>"), ("A".to_owned(), Some("--\nAnne".to_owned())));
    }

    #[test]
    fn what_only_looks_like_history_is_kept() {
        for text in [
            "Le parent m'a écrit :\nvoici son message",
            "Le 3 novembre, un parent m'a écrit :\nson fils n’est pas dans LSU.\n\nPouvez-vous vérifier ?",
            "Le 3 novembre 2026 à 10:15, la mairie nous a écrit :\nplus de réseau.",
            "Le 3 novembre, un parent a écrit :\nson fils n’est pas dans LSU.",
            "La maman (m@x.fr) m'a écrit :\nrien ne marche",
            "Le 12/10, la mairie a écrit :\nplus de réseau.",
            "Envoyé via ONDE le 3 novembre, toujours refusé.",
            "De : la mairie\nÀ : l'école\nObjet : travaux\n\nVoilà ce que j'ai saisi.",
            "Message du directeur :\nDe : 9 h à 10 h",
            "De : 9 h\nà : 10 h, rien ne marche",
            "Bonjour\n--x\nfin",
            "Je cite - - message d'origine",
            "Comme Paul Remond a écrit :\n> Quelle classe ?\nLe CM2.",
            "Hier Paul Remond a écrit :\n> Quelle classe ?\nLe CM2.",
            "Et Claire Petit a écrit :\n> Quelle classe ?\nLe CM2.",
            "Lundi, Claire Petit a écrit :\n> Quelle classe ?\nLe CM2.",
            "The Helpdesk wrote:\n> Quelle classe ?\nLe CM2.",
            "Voir ci-dessous.\n\n-------- Message transféré --------\nDe : X\nDate : mardi\nObjet : LSU\n\nBonjour",
            "Début du message transféré :\n\nDe: X\nObjet: Y\nDate: Z\n\nBonjour",
        ] {
            expect_text(text, text, None);
        }
    }

    #[test]
    fn never_is_everything_folded() {
        for text in ["> a\n> b", "-- \nJeanne", "De : X\nEnvoyé : Y\nObjet : Z\n\nBonjour"] {
            assert_eq!(texts(&html_text::to_html(text)).1, None, "{text}");
        }
        expect("<div class=yahoo_quoted>a</div>", "a", None);
    }

    #[test]
    fn each_client_writes_its_history_in_its_own_way() {
        let header = |subject: &str| {
            format!("<b>De :</b> X<br><b>Envoyé :</b> mardi 3<br><b>À :</b> Y<br><b>Objet :</b> {subject}")
        };
        let word = format!("<div><p>A</p><div style='border-top:solid'><p>{}</p></div><p>Q</p></div>", header("LSU"));
        let owa = format!(
            "<div>A</div><div id='appendonsend'></div><hr tabindex='-1'><div id='divRplyFwdMsg'>{}</div><div>Q</div>",
            header("x")
        );
        let html: [(&str, &str); 16] = [
            ("Outlook, classic", &word),
            ("Outlook on the web", &owa),
            ("Outlook, new", "<div>A</div><div id='mail-editor-reference-message-container'><div>De : X</div>Q</div>"),
            (
                "Outlook, mobile",
                "<div>A</div><div class='ms-outlook-mobile-reference-message skipProofing'>De: X<br>Q</div>",
            ),
            (
                "Thunderbird",
                "A<div class='moz-cite-prefix'>Le 03/11/2026 à 10:15, X a écrit :</div><blockquote type='cite'>Q</blockquote>",
            ),
            ("Zimbra", "<div>A</div><hr id='zwchr'><div><b>De: </b>X<br><b>Objet: </b>LSU</div><div>Q</div>"),
            (
                "Gmail",
                "<div dir='ltr'>A</div><br><div class='gmail_quote gmail_quote_container'><div class='gmail_attr'>Le mar. 3 nov. 2026 à 10:15, X a écrit :</div><blockquote class='gmail_quote'>Q</blockquote></div>",
            ),
            (
                "Gmail, older",
                "A<div class='gmail_extra'><br><div class='gmail_quote'>On Nov 3, 2026 10:15 AM, \"X\" &lt;x@y.fr&gt; wrote:<br><blockquote class='gmail_quote'>Q</blockquote></div></div>",
            ),
            (
                "Apple Mail",
                "<div>A</div><div><blockquote type='cite'><div>Le 3 nov. 2026 à 10:15, X &lt;x@y.fr&gt; a écrit :</div>Q</blockquote></div>",
            ),
            (
                "iPhone",
                "A<br><div dir='ltr'>Envoyé de mon iPhone</div><div dir='ltr'><br><blockquote type='cite'>Le 3 nov. 2026 à 10:15, X a écrit :<br>Q</blockquote></div>",
            ),
            (
                "Roundcube",
                "<p>A</p><p id='reply-intro'>Le 2026-11-03 10:15, X a écrit :</p><blockquote type='cite'>Q</blockquote>",
            ),
            ("Roundcube's signature", "<p>A</p><div id='_rc_sig'>-- <br>Q</div>"),
            (
                "SOGo",
                "A<br><br>Le Mardi 3 Novembre 2026 10:15 CET, X &lt;x@y.fr&gt; a écrit:<br>&nbsp;<blockquote type='cite'>Q</blockquote>",
            ),
            (
                "Yahoo",
                "<div>A</div><div id='ydp1a2byahoo_quoted_1' class='ydp1a2byahoo_quoted'><div>Le mardi 3, X a écrit :</div>Q</div>",
            ),
            (
                "BlueMind",
                "<div>A</div><div>Le mardi 3 novembre 2026 à 10:15, X a écrit :</div><blockquote>Q</blockquote>",
            ),
            (
                "Orange",
                "<p>A</p><blockquote><p>&gt; Message du 03/11/26 10:15<br>&gt; De : \"X\" &lt;x@y.fr&gt;<br>&gt; A : y@z.fr<br>&gt; Copie à : <br>&gt; Objet : LSU<br>&gt; <br>&gt; Q</p></blockquote>",
            ),
        ];
        let plain: [(&str, &str); 18] = [
            (
                "Outlook",
                "A\n\n________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi 3\nÀ : Y\nObjet : RE: LSU\n\nQ",
            ),
            ("Outlook in English", "A\n\nFrom: X <x@y.fr>\nSent: Tuesday\nTo: Y\nSubject: RE: LSU\n\nQ"),
            ("Outlook, older", "A\n\n-----Message d'origine-----\nDe : X [mailto:x@y.fr]\nEnvoyé : mardi\nQ"),
            (
                "Outlook, mobile",
                "A\n\nTélécharger Outlook pour iOS\n________________________________\nDe : X\nEnvoyé : mardi 3 novembre 2026 10:15\nObjet : LSU\nQ",
            ),
            (
                "Courrier",
                "A\n\nEnvoyé à partir de Courrier pour Windows\n\nDe: X\nEnvoyé le :mardi\nÀ: Y\nObjet :LSU\nQ",
            ),
            ("Thunderbird", "A\n\nLe 03/11/2026 à 10:15, X a écrit :\n> Q"),
            ("Thunderbird in English", "A\n\nOn 03/11/2026 10:15, X wrote:\n> Q"),
            (
                "Zimbra",
                "A\n\n----- Mail original -----\nDe: \"X\" <x@y.fr>\nÀ: \"Y\"\nEnvoyé: Mardi 3\nObjet: LSU\n\nQ",
            ),
            ("Gmail", "A\n\nLe mar. 3 nov. 2026 à 10:15, Jeanne Martin <\njeanne.martin@ac-dijon.fr> a écrit :\n\n> Q"),
            (
                "Samsung",
                "A\n\n-------- Message d'origine --------\nDe : X\nDate : 03/11/2026 10:15 (GMT+01:00)\nÀ : Y\nObjet : LSU\nQ",
            ),
            ("Horde", "A\n\nJeanne Martin <x@y.fr> a écrit :\n\n> Q"),
            ("Horde in English", "A\n\nQuoting Jeanne Martin <x@y.fr>:\n\n> Q"),
            (
                "La Poste",
                "A\n\n> Message du 03/11/26 10:15\n> De : \"X\" <x@y.fr>\n> A : y@z.fr\n> Objet : LSU\n>\n> Q",
            ),
            (
                "SFR, with a rule",
                "A\n\n==========\n\nMessage du : 03/11/2026 10:15\nDe : \"X\" <x@y.fr>\nA : y@z.fr\nSujet : LSU\n\nQ",
            ),
            ("Orange", "A\n\nenvoyé : 3 novembre 2026 à 10:15\nde : X <x@y.fr>\nà : y\nobjet : LSU\n\nQ"),
            ("Yahoo", "A\n\n  Le lun., nov. 9, 2026 à 17:12, X<x@y.fr> a écrit :   Q"),
            ("SFR", "A\n\nDe : X\nA : Y\nEnvoyé: mardi 3\nObjet : LSU\n\nQ"),
            ("GLPI", "A\n\n=-=-=-= Pour répondre par courriel, écrivez au-dessus de cette ligne =-=-=-=\n\nQ"),
        ];
        let plain = plain.map(|(client, text)| (client, html_text::to_html(text)));
        let html = html.map(|(client, html)| (client, html.to_owned()));
        for (client, html) in html.into_iter().chain(plain) {
            let (visible, folded) = texts(&html);
            assert_eq!(visible, "A", "{client}");
            assert!(folded.unwrap_or_default().ends_with('Q'), "{client}");
        }
    }

    #[test]
    fn both_sides_are_well_formed_and_without_marks() {
        let html = sanitise("<div><b>un<br>-- <br>deux</b><table><tr><td></td><td>x</td></tr></table></div>").unwrap();
        let folded = fold(&html, Kind::Reply, false);
        assert_eq!(folded.visible, "<div><b>un<br></b></div>");
        assert!(folded.folded.unwrap().starts_with("<div><b>-- <br>deux</b><table>"));
        let kept = keep(&sanitise("<div class='gmail_quote' id=zwchr>a</div>").unwrap());
        assert_eq!(kept, Folded { visible: "<div>a</div>".to_owned(), folded: None });
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_sanitising_again_changes_nothing(pieces in prop::collection::vec(prop::sample::select(vec![
            "<div>", "</div>", "<p>", "</p>", "<b>", "</b>", "<br>", "<hr id=zwchr>", "<blockquote type=cite>",
            "</blockquote>", "<div class=gmail_quote>", "a", "b c", "&amp;", "\n", "-- ", "> d",
            "Le 3 nov. 2026, X a écrit :", "De : x<br>Date : y<br>Objet : z<br>", "<table><tr><td>", "</table>",
            "Envoyé de mon iPhone", "<li>", "<a href='https://x.fr/'>", "</a>",
            "<div id=divRplyFwdMsg>", "<div class=elementToProof>", "<div class=BodyFragment>", "<div class=yahoo_quoted>",
            "<div data-setdir=false>", "<div id=yiv12>", "<div id=Signature>", "<span style='color:red'>", "</span>",
            "<font color=blue>", "</font>", "=> e", "Mes réponses ci-dessous",
        ]), 0..25)) {
            let html = sanitise(&pieces.concat()).unwrap();
            let Folded { visible, folded } = fold(&html, Kind::Reply, false);
            let letters = |html: &str| {
                let mut letters: Vec<char> = html_text::from_html(html).chars().filter(|c| c.is_alphanumeric()).collect();
                letters.sort_unstable();
                letters
            };
            let mut parted = letters(&visible);
            parted.extend(letters(folded.as_deref().unwrap_or_default()));
            parted.sort_unstable();
            prop_assert_eq!(parted, letters(&html));
            prop_assert_eq!(html_text::from_html(&sanitise(&visible).unwrap()), html_text::from_html(&visible));
            let is_marked = |side: &str| {
                ["q", "s", "t", "d", "c", "p", "r", "i", "y", "l", "k"].iter().any(|mark| side.contains(&format!("=\"{mark}\"")))
            };
            prop_assert!(!is_marked(&visible) && !folded.is_some_and(|folded| is_marked(&folded)), "{}", visible);
        }
    }
}
