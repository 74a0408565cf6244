//! What a mail repeats: quoted history and signatures, told from what the person wrote this time.
//!
//! Works on sanitised HTML, plain text having been made such before, so that there is one way for both:
//! mail programs' own marks first, then lines as people see them («Le … a écrit :», «De : … Objet : …»).

use std::ops::Range;

use super::{
    cut,
    tags::{self, Token, Tokens},
    text::{self, Line},
};

/// The attributes that may carry a mail program's mark.
pub(super) const MARKED: [&str; 5] = ["class", "id", "type", "data-marker", "data-smartmail"];

/// The element is history or a signature.
const ELEMENT: &str = "q";
/// The element is a quote: `<blockquote type="cite">` of Thunderbird, Apple Mail and others.
const CITE: &str = "c";
/// … and so is all that follows it.
const REST: &str = "r";

const ELEMENT_MARKS: &[&str] = &[
    "moz-cite-prefix",
    "moz-signature", // Thunderbird
    "gmail_quote",
    "gmail_quote_container",
    "gmail_attr",
    "gmail_extra",
    "gmail_signature",
    "gmail_signature_prefix",
    "yahoo_quoted",
    "protonmail_quote",
    "protonmail_signature_block",
    "Signature",
    "ms-outlook-mobile-signature",
    "ms-outlook-mobile-reference-message",
    "mail-editor-reference-message-container", // Outlook
    "AppleMailSignature",
    "lineBreakAtBeginningOfSignature",
    "__QUOTED_TEXT__",
    "__SIG_PRE__",
    "__SIG_POST__", // Zimbra
    "reply-intro",
    "_rc_sig", // Roundcube
];
const REST_MARKS: &[&str] = &["divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "zwchr", "replySplit"];

/// What an attribute's value says about its element, if a mail program put it there.
pub(super) fn mark(attribute: &str, value: &str) -> Option<&'static str> {
    let means = |mark: &str| {
        // Outlook on the web puts x_ before the marks of what it quotes.
        let mark = mark.trim_start_matches("x_");
        // … and Yahoo «ydp» and a number before its own.
        let mark = if mark.starts_with("ydp") && mark.ends_with("yahoo_quoted") { "yahoo_quoted" } else { mark };
        if attribute == "type" {
            (mark == "cite").then_some(CITE)
        } else if REST_MARKS.contains(&mark) {
            Some(REST)
        } else {
            ELEMENT_MARKS.contains(&mark).then_some(ELEMENT)
        }
    };
    value.split_ascii_whitespace().find_map(means)
}

/// A text in two: what was written, and what was repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) visible: String,
    pub(super) folded: Option<String>,
}

/// Parts history and signature from the rest. When nothing would remain to be seen, everything remains.
pub(super) fn fold(html: &str) -> Folded {
    let (visible, folded) = cut::part(html, &repeated(html), without_marks);
    if shows(&visible) { Folded { visible, folded: Some(folded).filter(|folded| shows(folded)) } } else { keep(html) }
}

/// Everything is to be seen: a forwarded mail is what the person wants to show.
pub(super) fn keep(html: &str) -> Folded {
    let (visible, _) = cut::part(html, &[], without_marks);
    Folded { visible, folded: None }
}

/// Whether there is anything to see.
fn shows(html: &str) -> bool {
    html.contains("<img ") || text::from_html(html).contains(char::is_alphanumeric)
}

/// The stretches that are repeated, in order and apart.
fn repeated(html: &str) -> Vec<Range<usize>> {
    let Marked { ranges: marks, cites, quotes } = marked(html);
    let mut ranges = marks.clone();
    let lines: Vec<Line> = text::lines(html).into_iter().filter(|line| !line.text.trim().is_empty()).collect();
    // Quoted lines with an answer below them are what the answer is about.
    let is_own = |line: &Line| {
        let text = line.text.trim();
        !text.starts_with('>')
            && !is_device_signature(text)
            && around(&marks, line.start).is_none()
            && around(&cites, line.start).is_none()
    };
    let above_signature = lines.iter().position(|line| line.text.trim() == "--").unwrap_or(lines.len());
    let last_own = lines[..above_signature].iter().rposition(is_own);
    let is_answered = |at: usize| last_own.is_some_and(|last| at <= last);
    // A quote of pictures alone has no line to be met at.
    let is_silent = |cite: &&Range<usize>| {
        let first = lines.partition_point(|line| line.start < cite.start);
        lines.get(first).is_none_or(|line| line.start >= cite.end)
    };
    ranges.extend(cites.iter().filter(is_silent).cloned());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let text = line.text.trim();
        let above = at.checked_sub(1).and_then(|above| lines.get(above));
        if around(&marks, line.start).is_some() {
            at += 1;
        } else if let Some(cite) = around(&cites, line.start) {
            let is_announced =
                above.is_some_and(|above| around(&marks, above.start).is_some()) || attribution(&lines[at..]).is_some();
            if is_announced || !is_answered(at) {
                ranges.push(cite.clone());
            }
            at += lines[at..].iter().take_while(|line| line.start < cite.end).count();
        } else if is_forward_rule(text) {
            break;
        } else if is_original_rule(text) || is_answer_rule(text) || text == "--" || is_header_block(&lines[at..]) {
            // A rule drawn above the quoted header belongs to it.
            let first = above.filter(|above| is_drawn_rule(&above.text));
            ranges.push(first.unwrap_or(line).start..html.len());
            break;
        } else if let Some(end) = attribution(&lines[at..]).and_then(|Attribution { lines: length, dated }| {
            // Without a date only what is quoted tells it from a sentence.
            quote_after(&lines[at..], length, &quotes).or(dated.then_some(html.len()))
        }) {
            ranges.push(line.start..end);
            // What is folded is not looked at again: each of a quote's lines may be an attribution in turn.
            at += lines[at..].iter().take_while(|line| line.start < end).count();
        } else {
            if (text.starts_with('>') && !is_answered(at)) || is_device_signature(text) {
                // With its line break: what is folded keeps its lines.
                let end = if html[line.end..].starts_with("<br>") { line.end + "<br>".len() } else { line.end };
                ranges.push(line.start..end);
            }
            at += 1;
        }
    }
    merged(ranges)
}

/// What mail programs marked, and every block quote, in order; the first two apart.
struct Marked {
    ranges: Vec<Range<usize>>,
    cites: Vec<Range<usize>>,
    quotes: Vec<Range<usize>>,
}

fn marked(html: &str) -> Marked {
    let (mut ranges, mut cites, mut quotes) = (Vec::new(), Vec::new(), Vec::new());
    let mut open: Vec<(&str, usize, Option<&str>)> = Vec::new();
    for (at, token) in Tokens::new(html) {
        match token {
            Token::Open { tag, .. } if has_mark(tag, REST) => {
                ranges.push(at..html.len());
                break;
            }
            Token::Open { name, tag } if !tags::is_void(name) => {
                open.push((name, at, [ELEMENT, CITE].into_iter().find(|mark| has_mark(tag, mark))));
            }
            Token::Close { name } => {
                if let Some((_, start, mark)) = open.pop() {
                    let range = start..at + name.len() + 3;
                    if name == "blockquote" {
                        quotes.push(range.clone());
                    }
                    match mark {
                        Some(CITE) => cites.push(range),
                        Some(_) => ranges.push(range),
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }
    quotes.sort_by_key(|range| range.start);
    Marked { ranges: merged(ranges), cites: merged(cites), quotes }
}

/// The one of these stretches, in order and apart, that holds this place.
fn around(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= at);
    ranges[..after].last().filter(|range| range.contains(&at))
}

fn has_mark(tag: &str, mark: &str) -> bool {
    MARKED.iter().any(|attribute| tag.contains(&format!(" {attribute}=\"{mark}\"")))
}

/// The tag without marks.
fn without_marks(tag: &str) -> String {
    let mut tag = tag.to_owned();
    for attribute in MARKED {
        for mark in [ELEMENT, CITE, REST] {
            tag = tag.replace(&format!(" {attribute}=\"{mark}\""), "");
        }
    }
    tag
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
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

/// «-----Message d'origine-----», «----- Mail original -----».
fn is_original_rule(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "message d'origine",
        "message d’origine",
        "message original",
        "mail original",
        "mail d'origine",
        "e-mail d'origine",
        "courriel original",
        "original message",
        "original email",
        "reply message",
    ];
    ruled_words(text).is_some_and(|words| WORDS.contains(&words.as_str()))
}

/// «=-=-=-= Pour répondre par courriel, écrivez au-dessus de cette ligne =-=-=-=»: a notification of GLPI begins.
fn is_answer_rule(text: &str) -> bool {
    let text = text.trim_start_matches(['>', ' ']);
    text.starts_with("=-=-=-=") && text.ends_with("=-=-=-=") && text.len() > 20
}

/// «-------- Message transféré --------»: what follows is what the person wants to show.
fn is_forward_rule(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "message transféré",
        "message réexpédié",
        "message transmis",
        "mail transféré",
        "forwarded message",
        "message forwardé",
        "début du message transféré",
        "début du message réexpédié",
        "begin forwarded message",
    ];
    ruled_words(text)
        .or_else(|| text.strip_suffix(':').map(|text| text.trim().to_lowercase()))
        .is_some_and(|words| WORDS.contains(&words.as_str()))
}

/// The words between two rules of at least two hyphens.
fn ruled_words(text: &str) -> Option<String> {
    let words = text.strip_prefix("--")?.strip_suffix("--")?.trim_matches(['-', ' ']);
    Some(words.to_lowercase())
}

fn is_drawn_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 5 && text.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | '─'))
}

#[derive(PartialEq, Eq)]
enum Label {
    From,
    When,
    To,
    Subject,
}

/// The label of a quoted header line: «*Envoyé :* mardi 3 novembre», «From: …».
fn label(text: &str) -> Option<Label> {
    let (label, _) = text.trim_start_matches(['>', '*', ' ']).split_once(':')?;
    match label.trim_matches([' ', '*']).to_lowercase().as_str() {
        "de" | "from" | "expéditeur" => Some(Label::From),
        "envoyé" | "envoyé le" | "date" | "date d'envoi" | "date d’envoi" | "sent" => Some(Label::When),
        "à" | "a" | "pour" | "to" | "destinataire" | "destinataires" => Some(Label::To),
        "objet" | "sujet" | "subject" => Some(Label::Subject),
        _ => None,
    }
}

/// Outlook's and Zimbra's quoted header: a sender, a date or a recipient, a subject, close together. Orange puts
/// the date first; Orange, La Poste and SFR may write «Message du 03/11/26 10:15» above it.
fn is_header_block(lines: &[Line]) -> bool {
    let dated = lines.first().is_some_and(|line| {
        let date = line.text.trim_start_matches(['>', ' ']).strip_prefix("Message du ");
        date.is_some_and(|date| date.trim_start_matches([':', ' ']).starts_with(|c: char| c.is_ascii_digit()))
    });
    let lines = if dated { &lines[1..] } else { lines };
    let labels: Vec<Option<Label>> = lines.iter().take(8).map(|line| label(line.text.trim())).collect();
    // «De : la mairie / À : nous / Objet : …» may be a person's own list.
    let names_sender = lines.first().is_some_and(|line| line.text.contains('@'));
    let has = |wanted: &Label| labels.iter().flatten().any(|label| label == wanted);
    matches!(labels.as_slice(), [Some(Label::From), ..] | [Some(Label::When), Some(Label::From), ..])
        && has(&Label::Subject)
        && (dated || has(&Label::When) || has(&Label::To) && names_sender)
}

/// The lines that name the writer of a quote.
struct Attribution {
    lines: usize,
    dated: bool,
}

/// «Le 3 nov. 2026 à 10:15, Jeanne Martin <…> a écrit :», or Horde's «Jeanne Martin <…> a écrit :» and «Quoting …:»,
/// if it stands here. Yahoo puts the quote on the same line.
fn attribution(lines: &[Line]) -> Option<Attribution> {
    let first = lines.first()?.text.trim().trim_start_matches(['>', ' ']);
    let begins = ["Le ", "On ", "Quoting ", "Citant ", "Citation de "].iter().any(|word| first.starts_with(word));
    if !begins && !first.contains('@') {
        return None;
    }
    let mut text = String::new();
    for (at, line) in lines.iter().take(4).enumerate() {
        text.push_str(line.text.trim());
        text.push(' ');
        if let Some(said) = text.trim().strip_suffix(':') {
            let said = said.trim_end();
            let writes = tells_of_writing(said);
            let names =
                said.contains('@') && (writes || begins && !said.starts_with("Le ") && !said.starts_with("On "));
            return (writes && begins || names).then_some(Attribution {
                lines: at + 1,
                dated: writes && (said.contains('@') || has_time_or_year(said)),
            });
        }
        let on_one_line = ["> a écrit :", "> wrote:"].iter().find_map(|end| text.split_once(end));
        if on_one_line.is_some_and(|(said, _)| begins && said.contains('@') && has_time_or_year(said)) {
            return Some(Attribution { lines: at + 1, dated: true });
        }
    }
    None
}

/// «… a écrit», «… wrote», «… a écrit le 3 novembre 2026», as programs say it. «Un parent m'a écrit» says a person.
fn tells_of_writing(said: &str) -> bool {
    let writer = ["a écrit", "wrote"].iter().find_map(|verb| said.strip_suffix(verb));
    writer.or_else(|| said.split_once("a écrit le ").map(|(writer, _)| writer)).is_some_and(|writer| {
        let last = writer.split_whitespace().next_back().unwrap_or_default();
        !writer.ends_with(['\'', '’']) && !["nous", "vous", "lui", "leur"].contains(&last)
    })
}

/// Whether a text holds a year, alone or in a date, or a time, as programs write them; people write «Le 12/10».
fn has_time_or_year(text: &str) -> bool {
    let is_figure = |c: char| c.is_ascii_digit() || matches!(c, ':' | '/' | '-' | '.' | 'h');
    text.split(|c| !is_figure(c)).any(|word| {
        let word = word.trim_matches(['.', '-', 'h', '/', ':']);
        let mut parts = word.split([':', '/', '-', '.', 'h']);
        let is_time = word.contains([':', 'h']);
        let is_date = word.split(['/', '-', '.']).count() == 3;
        let is_number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        match (parts.next(), parts.next()) {
            (Some(year), None) => is_number(year, 4..=4) && (year.starts_with("19") || year.starts_with("20")),
            (Some(first), Some(second)) => (is_time || is_date) && is_number(first, 1..=4) && is_number(second, 2..=2),
            _ => false,
        }
    })
}

/// Where the quote that directly follows the first `length` lines ends.
fn quote_after(lines: &[Line], length: usize, quotes: &[Range<usize>]) -> Option<usize> {
    let said = lines.get(length.checked_sub(1)?)?;
    let next = lines.get(length)?;
    if next.text.trim().starts_with('>') {
        return lines[length..].iter().take_while(|line| line.text.trim().starts_with('>')).last().map(|line| line.end);
    }
    let from = quotes.partition_point(|quote| quote.start < said.end);
    let between = quotes[from..].iter().take_while(|quote| quote.start <= next.start);
    between.filter(|quote| quote.contains(&next.start)).map(|quote| quote.end).next()
}

/// «Envoyé de mon iPhone» and its like: one line, often above the history.
fn is_device_signature(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "envoyé de mon ",
        "envoyé depuis mon ",
        "envoyé depuis ma ",
        "envoyé à partir de ",
        "envoyé de l'application ",
        "envoyé depuis l'application ",
        "envoyé depuis un mobile",
        "envoyé depuis un smartphone",
        "envoyé depuis outlook",
        "envoyé depuis yahoo",
        "envoyé depuis orange",
        "envoyé depuis la messagerie",
        "envoyé de yahoo",
        "envoyé de outlook",
        "envoyé d'outlook",
        "envoyé à partir d'",
        "provenance : courrier pour windows",
        "sent from ",
        "sent via ",
        "télécharger outlook pour ",
        "obtenez outlook pour ",
        "obtenir outlook pour ",
        "get outlook for ",
    ];
    /// What sends: «via» and «avec» begin sentences of people, too.
    const PROGRAMS: &[&str] = &[
        "l'appli",
        "yahoo",
        "outlook",
        "gmail",
        "proton",
        "samsung",
        "orange",
        "sfr",
        "free",
        "la poste",
        "laposte",
        "bluemail",
        "thunderbird",
        "zimbra",
        "bluemind",
        "bouygues",
        "icloud",
        "mail ",
        "la messagerie",
        "un mobile",
        "un smartphone",
        "mon ",
        "ma ",
    ];
    let text = text.to_lowercase().replace('’', "'");
    let by_program = ["envoyé via ", "envoyé avec "]
        .iter()
        .find_map(|beginning| text.strip_prefix(beginning))
        .map(|rest| rest.strip_prefix("la messagerie ").unwrap_or(rest))
        .is_some_and(|rest| PROGRAMS.iter().any(|program| rest.starts_with(program)));
    text.chars().count() <= 80 && (by_program || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Folded, fold, keep, text};
    use crate::intake::parse::html::sanitise;

    /// What is seen and what is folded, as text.
    fn texts(html: &str) -> (String, Option<String>) {
        let Folded { visible, folded } = fold(&sanitise(html).unwrap());
        (text::from_html(&visible), folded.map(|folded| text::from_html(&folded)))
    }

    fn expect(html: &str, visible: &str, folded: Option<&str>) {
        assert_eq!(texts(html), (visible.to_owned(), folded.map(str::to_owned)), "{html}");
    }

    fn expect_text(text: &str, visible: &str, folded: Option<&str>) {
        expect(&text::to_html(text), visible, folded);
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
        let many = 50_000;
        let html = text::to_html(&format!("Bonjour\n{}\nEt la suite.", "> Le 1 a écrit :\n".repeat(many)));
        let Folded { visible, folded } = fold(&html);
        assert_eq!(text::from_html(&visible), "Bonjour\nEt la suite.");
        assert_eq!(folded.unwrap().matches("Le 1 a écrit").count(), many);

        let quotes = "<div>Le 1 a écrit :</div><blockquote>Q</blockquote>".repeat(many / 2);
        let Folded { visible, folded } = fold(&format!("<div>Bonjour</div>{quotes}<div>fin</div>"));
        assert_eq!(text::from_html(&visible).split_whitespace().collect::<Vec<_>>(), ["Bonjour", "fin"]);
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
        let Folded { visible, folded } = fold(&picture);
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
            "Voir ci-dessous.\n\n-------- Message transféré --------\nDe : X\nDate : mardi\nObjet : LSU\n\nBonjour",
            "Début du message transféré :\n\nDe: X\nObjet: Y\nDate: Z\n\nBonjour",
        ] {
            expect_text(text, text, None);
        }
    }

    #[test]
    fn never_is_everything_folded() {
        for text in ["> a\n> b", "-- \nJeanne", "De : X\nEnvoyé : Y\nObjet : Z\n\nBonjour"] {
            assert_eq!(texts(&text::to_html(text)).1, None, "{text}");
        }
        expect("<div class=gmail_quote>a</div>", "a", None);
    }

    #[test]
    fn the_marks_of_mail_programs_are_understood() {
        for quoted in [
            "<div class=\"gmail_quote gmail_quote_container\">Q</div>",
            "<blockquote type=\"cite\">Q</blockquote>",
            "<div class=\"x_gmail_quote\"><div>Q</div></div>",
            "<div id=\"divRplyFwdMsg\"></div><p>Q</p>",
            "<hr id=\"zwchr\"><div>Q</div>",
            "<div data-marker=\"__QUOTED_TEXT__\">Q</div>",
            "<div id=\"Signature\">Q</div>",
            "<div>Le 3 nov. 2026 à 10:15, X a écrit&nbsp;:</div><br><blockquote><p>Q</p></blockquote>",
            "<div style='border-top:solid'><p><b>De&nbsp;:</b> X<br><b>Envoyé&nbsp;:</b> Y<br><b>Objet :</b> Z</p></div><p>Q</p>",
        ] {
            let (visible, folded) = texts(&format!("<div><p>A <b>B</b></p>{quoted}</div>"));
            assert_eq!(visible, "A B", "{quoted}");
            assert!(folded.unwrap().ends_with('Q'), "{quoted}");
        }
        expect("<p>A</p><blockquote>cité par la personne</blockquote><p>B</p>", "A\n\ncité par la personne\nB", None);
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
            ("Gmail, older", "A<div class='gmail_extra'><br><div class='gmail_quote'>Q</div></div>"),
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
                "A\n\nTélécharger Outlook pour iOS\n________________________________\nDe : X\nEnvoyé : mardi\nObjet : LSU\nQ",
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
        let plain = plain.map(|(client, text)| (client, text::to_html(text)));
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
        let folded = fold(&html);
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
        ]), 0..25)) {
            let html = sanitise(&pieces.concat()).unwrap();
            let Folded { visible, folded } = fold(&html);
            let letters = |html: &str| {
                let mut letters: Vec<char> = text::from_html(html).chars().filter(|c| c.is_alphanumeric()).collect();
                letters.sort_unstable();
                letters
            };
            let mut parted = letters(&visible);
            parted.extend(letters(folded.as_deref().unwrap_or_default()));
            parted.sort_unstable();
            prop_assert_eq!(parted, letters(&html));
            prop_assert_eq!(text::from_html(&sanitise(&visible).unwrap()), text::from_html(&visible));
            prop_assert!(!visible.contains("=\"q\"") && !visible.contains("=\"c\"") && !visible.contains("=\"r\""));
        }
    }
}
