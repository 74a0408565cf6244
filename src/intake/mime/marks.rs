//! The marks that mail programs put into HTML: which element is a quote, a signature, or announces one.
//!
//! Where a program marks its quote, that mark decides.

use std::borrow::Cow;

use super::colours::{self, Colour};
use crate::text::tags::attributes;

/// The attributes that may carry a mail program's mark.
pub(super) const MARKED: [&str; 8] =
    ["class", "id", "type", "data-marker", "data-smartmail", "data-setdir", "style", "color"];
/// Those that may carry a colour.
const COLOURED: [&str; 2] = ["style", "color"];

/// The element is history.
pub(super) const ELEMENT: &str = "q";
/// The element is a signature, or was one before the person typed in it.
pub(super) const SIGNATURE: &str = "s";
/// The element is history; where quotes stand in it, they alone are, and what is between them was typed.
pub(super) const QUOTED_TEXT: &str = "t";
/// The quote begins here and ends with the next element of history, or with the quotes that follow.
pub(super) const DIVIDER: &str = "d";
/// The element is a quote: `<blockquote type="cite">` of Thunderbird, Apple Mail and others, Gmail's.
pub(super) const CITE: &str = "c";
/// The element announces the quote below it; what a person types in front of that may stand in it, too.
pub(super) const PREFIX: &str = "p";
/// The element is history, and so is all that follows it.
pub(super) const REST: &str = "r";
/// The element is a quote as the server has it, within what the program marks as history.
pub(super) const INNER: &str = "i";
/// The person typed the element, if it stands below [`REST`].
pub(super) const PROOFED: &str = "y";
/// The person typed the element, if it stands in Yahoo's [`ELEMENT`].
pub(super) const TYPED_IN_YAHOO: &str = "l";
/// The text has no colour that catches the eye; a loud one stands as it is.
const QUIET: &str = "k";
pub(super) const ALL_MARKS: [&str; 10] =
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

/// Whether an element gives its text a loud colour; `None` where it gives none.
pub(super) fn is_loud(tag: &str) -> Option<bool> {
    values(tag).find(|(attribute, _)| COLOURED.contains(attribute)).map(|(_, value)| value != QUIET)
}

/// The values of a sanitised tag's attributes that may carry marks.
pub(super) fn values(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    attributes(tag).filter(|(name, _)| MARKED.contains(name)).map(|(name, value)| (name, &tag[value]))
}

/// The tag without marks. Where colours are to be seen, a `<span>` becomes what shows its own without a style. Nothing is
/// left of an element that had no other use.
pub(super) fn without_marks(tag: &str, shows_colours: bool) -> String {
    let mut bare = tag.to_owned();
    let mut colour = None;
    for attribute in MARKED {
        let Some((_, range)) = attributes(&bare).find(|(name, _)| *name == attribute) else { continue };
        let value = &bare[range.clone()];
        let is_coloured = COLOURED.contains(&attribute);
        // Images have an `id` by which they are found.
        if !is_coloured && !ALL_MARKS.contains(&value) {
            continue;
        }
        if is_coloured && shows_colours && value != QUIET {
            colour = Some(value.to_owned());
        }
        bare.replace_range(range.start - attribute.len() - 3..=range.end, "");
    }
    let rest = bare.strip_prefix("<span").or_else(|| bare.strip_prefix("<font"));
    match (rest, colour) {
        (Some(rest), Some(colour)) if colour.starts_with("background:") => format!("<mark{rest}"),
        (Some(rest), Some(colour)) => {
            format!("<font color=\"{}\"{rest}", colour.strip_prefix("color:").unwrap_or(&colour))
        }
        (Some(">"), None) if bare.starts_with("<font") => String::new(),
        _ => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        history::{Kind, fold},
        html::sanitise,
        samples::{expect, texts},
    };
    use super::{attributes, without_marks};

    #[test]
    fn the_marks_of_mail_programs_are_understood() {
        for quoted in [
            "<div class=\"gmail_quote gmail_quote_container\"><blockquote class=gmail_quote>Q</blockquote></div>",
            "<blockquote type=\"cite\">Q</blockquote>",
            "<blockquote class=\"x_gmail_quote\"><div>Q</div></blockquote>",
            "<div id=\"divRplyFwdMsg\"></div><p>Q</p>",
            "<hr id=\"zwchr\"><div>Q</div>",
            "<div data-marker=\"__QUOTED_TEXT__\">Q</div>",
            "<div id=\"Signature\">Q</div>",
            "<div>Le 3 nov. 2026 à 10:15, X a écrit&nbsp;:</div><br><blockquote><p>Q</p></blockquote>",
            "<div style='border-top:solid'><p><b>De&nbsp;:</b> X<br><b>Envoyé&nbsp;:</b> mardi 3 novembre 2026 10:15<br><b>Objet :</b> Z</p></div><p>Q</p>",
        ] {
            let (visible, folded) = texts(&format!("<div><p>A <b>B</b></p>{quoted}</div>"));
            assert_eq!(visible, "A B", "{quoted}");
            assert!(folded.unwrap().ends_with('Q'), "{quoted}");
        }
        expect("<p>A</p><blockquote>cité par la personne</blockquote><p>B</p>", "A\n\ncité par la personne\nB", None);
    }

    #[test]
    fn a_value_that_looks_like_an_attribute_is_none() {
        let tag = "<p title=\"a style=\" class=\"q\" lang=\" class=\">";
        let found: Vec<(&str, &str)> = attributes(tag).map(|(name, value)| (name, &tag[value])).collect();
        assert_eq!(found, [("title", "a style="), ("class", "q"), ("lang", " class=")]);
        assert_eq!(without_marks(tag, true), "<p title=\"a style=\" lang=\" class=\">");
        assert_eq!(without_marks("<img id=\"t1\">", true), "<img id=\"t1\">");
        let clean = sanitise("<div title='x style=' style='color:black' id=zwchr>a</div>").unwrap();
        assert_eq!(fold(&clean, Kind::Own, true).visible, "<div title=\"x style=\">a</div>");
    }
}
