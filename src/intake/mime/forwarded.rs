//! An attached mail as the person forwards it: who wrote it, when, about what, and its text.

use bytes::Bytes;
use jiff::fmt::rfc2822::DateTimeParser;

use super::{appointment, charset, header::Header, history, html, leaf::Leaf, parts::Tree, texts, unwrap};
use crate::text::html_text;

/// Parts of a forwarded mail that are looked at for its text.
const MAX_PARTS: usize = 100;
/// A line of its head, characters.
const MAX_LINE: usize = 300;
/// What stands for an image, which is in the attached mail.
const IMAGE: &str = "image du message transféré";

/// Whether a part is a mail.
pub(super) fn is_mail(leaf: &Leaf) -> bool {
    is_mail_type(&leaf.content_type)
}

/// Whether it is a mail's media type.
pub(super) fn is_mail_type(content_type: &str) -> bool {
    matches!(content_type, "message/rfc822" | "message/global")
}

/// The mail as sanitised HTML of at most about `room` bytes; mails within it are not looked into.
pub(super) fn block(mail: &Bytes, room: usize) -> String {
    let (header, _) = Header::cut(mail);
    let mut block = "<p><strong>Message transféré</strong>".to_owned();
    let head =
        [("De", header.text("from", MAX_LINE)), ("Date", date(&header)), ("Objet", header.text("subject", MAX_LINE))];
    for (label, value) in head {
        let Some(value) = value else { continue };
        block.push_str("<br>");
        html_text::escape(&mut block, &format!("{label} : {value}"));
    }
    block.push_str("</p><blockquote>");
    let opened = unwrap::open(Tree::entity(mail, MAX_PARTS));
    for leaf in texts::texts(&opened) {
        let left = room.saturating_sub(block.len());
        block.push_str(&fragment(leaf, left));
    }
    block.push_str("</blockquote>");
    block
}

/// A text without anything of a program's marks; its beginning, where there is no room for all.
fn fragment(leaf: &Leaf, room: usize) -> String {
    let text = texts::plain(leaf);
    let shown = if leaf.content_type == "text/html" {
        html::sanitise(&text).map(|clean| history::keep(&html::place_images(&clean, IMAGE, |_| None)).visible)
    } else {
        Some(&*text).filter(|text| text.len() <= room).map(html_text::to_html)
    };
    shown.filter(|shown| shown.len() <= room).unwrap_or_else(|| {
        let text = if leaf.content_type == "text/html" { leaf.shown() } else { &*text };
        let beginning = &text[..text.floor_char_boundary(room / 2)];
        format!("{}<p>[La suite est dans le message joint.]</p>", html_text::to_html(beginning))
    })
}

/// The date on the writer's clock.
fn date(header: &Header<'_>) -> Option<String> {
    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let written = header.text("date", MAX_LINE)?;
    let moment = PARSER.parse_zoned(written.trim()).ok();
    Some(moment.map_or_else(|| charset::line(&written, MAX_LINE), |moment| appointment::in_french(moment.datetime())))
}

#[cfg(test)]
mod tests {
    use super::{Bytes, block};
    use crate::text::html_text::from_html;

    fn shown(mail: &str) -> String {
        block(&Bytes::from(mail.to_owned()), 10_000)
    }

    #[test]
    fn a_forwarded_mail_is_told_from_the_persons_text() {
        let html = shown(
            "From: =?utf-8?Q?L=C3=A9a?= <lea@x.fr>\nDate: Tue, 3 Nov 2026 10:05:00 +0100\nSubject: <b>LSU\n\
             Content-Type: text/html\n\n<p onclick=x>Bonjour <img src=cid:1><script>x</script></p><div class=gmail_quote>cité</div>",
        );
        assert_eq!(
            from_html(&html),
            "Message transféré\nDe : Léa <lea@x.fr>\nDate : mardi 3 novembre 2026 à 10 h 05\nObjet : <b>LSU\n\n\
             Bonjour [image du message transféré]\n\ncité"
        );
        assert!(!html.contains("onclick") && !html.contains("<b>") && !html.contains("class"), "{html}");
    }

    #[test]
    fn mails_within_are_not_looked_into_and_a_long_one_is_cut() {
        let within =
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n\nsecret\n--b--\n";
        assert_eq!(from_html(&shown(within)), "Message transféré");
        let html = shown(&format!("Date: hier\n\n{}", "é ".repeat(50_000)));
        assert!(html.len() < 20_000 && html.contains("Date : hier") && html.contains("La suite est"));
    }
}
