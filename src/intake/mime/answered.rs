//! What stays to be seen of a history that would be folded away: what a person typed inside it.
//!
//! A program's mark of what is typed decides; else something in the first mail of the history may tell that its reader
//! answered there, and then all of that mail stays. Where nothing tells, the history is folded whole.

use std::ops::Range;

use super::{
    answer_signs::{bears_sign, is_closing},
    attribution::{self, Attribution},
    marked::Marked,
    quoted_header::{is_answer_rule, is_drawn_rule, original_rule, unquoted_header_block},
    rows::Row,
    signature,
};

/// A text whose histories are looked into.
pub(super) struct Answered<'a> {
    pub(super) rows: &'a [Row<'a>],
    pub(super) marked: &'a Marked,
    /// Where the person says that answers stand below.
    pub(super) announced: Option<usize>,
}

impl Answered<'_> {
    /// What of a history is folded, in order and apart.
    pub(super) fn folded(&self, history: Range<usize>) -> Vec<Range<usize>> {
        let Range { start, end } = self.with_its_head(history);
        let typed = within(&self.marked.typed, &(start..end));
        let shown = match (typed.first(), typed.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => start..self.end_of_answered(&(start..end)).unwrap_or(start),
        };
        [start..shown.start, shown.end..end].into_iter().filter(|range| !range.is_empty()).collect()
    }

    /// The history from where its head is: what stands in the program's element above that was typed there.
    fn with_its_head(&self, history: Range<usize>) -> Range<usize> {
        if !self.marked.headed.contains(&history.start) {
            return history;
        }
        let rows = self.rows_of(&history);
        let begins_here = begins_next(rows)
            || head(rows) > 0 && rows.first().is_some_and(|row| attribution::has_time_or_year(row.text));
        let head = (0..rows.len()).find(|&at| begins_next(&rows[at..])).filter(|_| !begins_here);
        head.map_or(history.start, |at| rows[at].start)..history.end
    }

    /// Where the first mail of a history ends, if something tells that it is answered within.
    fn end_of_answered(&self, history: &Range<usize>) -> Option<usize> {
        let is_announced = self.announced.is_some_and(|at| at < history.start);
        let rows = self.rows_of(history);
        if !is_announced && !rows.iter().any(|row| self.is_loud(row) || bears_sign(row.text)) {
            return None;
        }
        let first = head(rows);
        let is_next = |&at: &usize| begins_next(&rows[at..]);
        let next = (first..rows.len()).find(is_next).unwrap_or(rows.len());
        let said = &rows[first..next];
        let is_signed = || said.iter().any(|row| !row.is_quoted() && bears_sign(row.text));
        let is_answered = is_announced || is_signed() || self.is_coloured(said);
        is_answered.then(|| rows.get(next).map_or(history.end, |row| row.start))
    }

    /// Whether some lines have a loud colour among others; a coloured signature has none.
    fn is_coloured(&self, said: &[Row<'_>]) -> bool {
        let is_end = |row: &Row<'_>| is_closing(row.text) && !self.is_loud(row);
        let closing = said.iter().position(is_end).unwrap_or(said.len());
        let is_answer =
            |(at, row): (usize, &Row<'_>)| self.is_loud(row) && (at < closing || signature::is_sentence(row.text));
        let is_quiet = |row: &Row<'_>| has_place_in(&self.marked.quiet, row);
        said.iter().enumerate().any(is_answer) && said.iter().any(is_quiet)
    }

    /// Whether a line holds text of a loud colour.
    fn is_loud(&self, row: &Row<'_>) -> bool {
        has_place_in(&self.marked.loud, row)
    }

    fn rows_of(&self, history: &Range<usize>) -> &[Row<'_>] {
        let place = |at: usize| self.rows.partition_point(|row| row.start < at);
        &self.rows[place(history.start)..place(history.end)]
    }
}

/// Whether one of these places, in order, is in a line.
fn has_place_in(places: &[usize], row: &Row<'_>) -> bool {
    places.get(places.partition_point(|&at| at < row.start)).is_some_and(|&at| at < row.end)
}

/// Those of these stretches, in order and apart, that lie within one.
fn within<'a>(ranges: &'a [Range<usize>], around: &Range<usize>) -> &'a [Range<usize>] {
    let from = ranges.partition_point(|range| range.start < around.start);
    let to = ranges.partition_point(|range| range.end <= around.end);
    ranges.get(from..to).unwrap_or_default()
}

/// How many lines the head of a quoted mail is that stands at the first of these; 0 where none does.
fn head(rows: &[Row<'_>]) -> usize {
    let drawn = usize::from(rows.first().is_some_and(|row| is_drawn_rule(row.text)));
    let lines = &rows[drawn..];
    let rule = || lines.first().filter(|row| is_answer_rule(row.text)).map(|_| 1);
    let announced = || attribution::at(lines).map(|said| said.rows);
    let length = original_rule(lines).or_else(|| unquoted_header_block(lines)).or_else(rule).or_else(announced);
    length.map_or(0, |length| drawn + length)
}

/// Whether an older mail begins at the first of these lines. Who answers may say that somebody «a écrit :», too.
fn begins_next(rows: &[Row<'_>]) -> bool {
    let is_sure = |said: Attribution| said.is_complete || rows.get(said.rows).is_some_and(Row::is_quoted);
    attribution::at(rows).map_or_else(|| head(rows) > 0, is_sure)
}

#[cfg(test)]
mod tests {
    use super::super::{
        history::{Kind, fold},
        html::sanitise,
        samples::texts,
    };
    use crate::text::html_text;

    #[test]
    fn what_tells_of_an_answer_shows_the_mail_that_is_answered() {
        let header = "De : Luc <luc@x.fr>\nEnvoyé : mardi 3 novembre 2026 10:15\nÀ : Anne\nObjet : LSU\n\n";
        let older = format!("\n\n{}Plus vieux", header.replace("Luc", "Anne"));
        let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for answer in ["=> Firefox", "[Anne Voisin] Firefox", "Réponse : Firefox", "--> Firefox\net rien d'autre"] {
            let text = format!("Voici.\n\n{header}Quel navigateur ?\n{answer}\nCordialement,\nLuc{older}");
            let (visible, folded) = texts(&html_text::to_html(&text));
            assert_eq!(bare(&visible), bare(&text.replace(&older, "")), "{answer}");
            assert_eq!(bare(&folded.unwrap()), bare(&older), "{answer}");
        }
        // What the older mails hold tells nothing.
        let text = format!("Voici.\n\n{header}Merci.{older}\n=> Firefox");
        assert_eq!(texts(&html_text::to_html(&text)).0, "Voici.");
        let said = "<p><b>De :</b> Luc<br><b>Envoyé :</b> mardi 3 novembre 2026 10:15<br><b>À :</b> Anne<br><b>Objet :</b> LSU</p>";
        for (quoted, is_seen) in [
            ("<p>Quelle classe ? <span style='color:red'>CM2</span></p>", true),
            ("<p>Quelle classe ?</p><p><b><font color=green>CM2</font></b></p>", true),
            ("<p>Quelle classe ?</p><p>Cordialement,</p><p style='color:red'>Le CM2 est vide.</p>", true),
            ("<p>Quelle classe ?</p><p>Cordialement,</p><p style='color:#0070C0'>Luc Remondin<br>DSDEN</p>", false),
            ("<p style='color:blue'>Quelle classe ?</p><p style='color:blue'>Merci</p>", false),
            (
                "<p>Quelle <a href='https://x.fr' style='color:blue'><span style='color:#0563C1'>classe</span></a> ?</p>",
                false,
            ),
            ("<p style='color:#1F497D'>Quelle classe ?</p><p style='color:black'>Merci</p>", false),
            ("<table><tr><td style='color:red'>Quelle</td><td>classe ?</td></tr></table>", false),
        ] {
            let (visible, _) = texts(&format!("<p>Voici.</p>{said}{quoted}"));
            assert_eq!(visible.contains("Quelle"), is_seen, "{quoted}");
        }
        let coloured = format!("<p>Voici.</p>{said}<p>Classe ? <font color=red>CM2</font></p>");
        let colours = |html: &str| fold(&sanitise(html).unwrap(), Kind::Reply, true).visible;
        assert!(colours(&coloured).contains("<font color=\"#ff0000\">CM2</font>"), "{}", colours(&coloured));
        assert!(
            colours(&coloured.replace("<font color=red>", "<span lang=fr style='color:red'>"))
                .contains("<font color=\"#ff0000\" lang=\"fr\">CM2</font>")
        );
        let highlighted = coloured.replace("<font color=red>", "<span style='background:yellow'>");
        assert!(colours(&highlighted).contains("<mark>CM2</mark>"), "{}", colours(&highlighted));
        assert_eq!(colours("<p style='color:red'>A <font color=red>B</font></p>"), "<p>A B</p>");
    }
}
