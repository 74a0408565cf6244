//! Markdown that people write, as HTML that pages and mails may show.

use pulldown_cmark::{Event, Options, Parser, html::push_html};

use super::{french, headings, marks, sanitise, unseen::unturned};

/// Markdown as sanitised HTML, set as French is, its headings from level `first` on. A line break is one, as who types a
/// text means it. `None` where it would cost too much to show.
pub(crate) fn shown(markdown: &str, first: usize) -> Option<String> {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::SoftBreak => Event::HardBreak,
        other => other,
    });
    let mut html = String::new();
    push_html(&mut html, events);
    safe(&html, first)
}

/// HTML of people's as [`shown`] leaves it.
fn safe(html: &str, first: usize) -> Option<String> {
    // Nothing is fetched from elsewhere, and no address is one of the reader's own site.
    let whole = |element: &str, address: &str| {
        let is_whole = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme));
        (is_whole && element != "img").then(|| address.to_owned())
    };
    let html = sanitise::shown(html, whole)?;
    // Also what an entity stands for.
    Some(unturned(&headings::from_level(&french::set(&html), first)))
}

/// Markdown as a text without marks, set as French is. As it was written where it would cost too much to show.
pub(crate) fn plain(markdown: &str) -> String {
    let plain = shown(markdown, 1).map(|html| french::set(&marks::plain(&html)));
    plain.unwrap_or_else(|| markdown.trim().to_owned())
}

/// HTML that people wrote in an editor, as Markdown that shows the same. `None` as for [`shown`].
pub(crate) fn of_html(html: &str) -> Option<String> {
    Some(marks::markdown(&safe(html, 1)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::shown;

    #[test]
    fn what_people_type_is_shown_as_they_mean_it() {
        let html = shown("# LSU\n\nUne ligne !\nune autre, [ici](https://ac-dijon.fr)\n\n- a\n- **b**\n", 4).unwrap();
        for part in
            ["<h4>LSU</h4>", "Une ligne\u{a0}!<br>", "href=\"https://ac-dijon.fr\"", "<li><strong>b</strong></li>"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn nothing_lives_in_it() {
        let html = shown(
            "<script>x</script>\n\n![a](https://e.fr/p.png) [b](javascript:c) [d](/portail) <b onclick=x> &#x202e; &rlm;",
            2,
        );
        for live in ["<script", "e.fr", "javascript", "onclick", "/portail", "\u{202e}", "\u{200f}"] {
            assert!(!html.as_deref().unwrap().contains(live), "{live} in {html:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_shown_without_harm(text in any::<String>()) {
            let html = shown(&text, 3).unwrap();
            prop_assert!(!html.contains("<script") && !html.contains("<img src"));
        }
    }
}
