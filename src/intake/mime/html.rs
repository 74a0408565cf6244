//! HTML from strangers: sanitised, its images replaced by files of the mail or by words.

use std::{borrow::Cow, collections::HashSet};

use ammonia::UrlRelative;

use super::marks;
use crate::text::{
    html_text,
    sanitise::sanitiser,
    tags::{self, Token, Tokens},
};

/// Sanitised HTML: no script, style, form or foreign address left. Marks of quoted history are kept for
/// `history`, and images for [`place_images`]. `None` as [`sanitiser`] has it.
pub(super) fn sanitise(html: &str) -> Option<String> {
    let mut builder = sanitiser(html)?;
    builder
        // Old programs write colours so.
        .add_tags(["font"])
        .add_generic_attributes(marks::MARKED)
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid", "data", "file"]))
        // The filter keeps none, but that of an image may be the name of a file of the mail.
        .url_relative(UrlRelative::PassThrough)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            (element, mark) if marks::MARKED.contains(&mark) => marks::mark(element, mark, value),
            ("a", "href") => has_scheme(value, &["http", "https", "mailto"]).then_some(Cow::Borrowed(value)),
            ("img", "src") if !has_scheme(value, &["http", "https", "mailto", "cid", "data"]) => {
                let name = value.rsplit(['/', '\\']).next().and_then(|name| name.split(['?', '#']).next());
                name.filter(|name| !name.is_empty()).map(|name| Cow::Owned(format!("cid:{name}")))
            }
            _ => Some(Cow::Borrowed(value)),
        });
    Some(builder.clean(html).to_string())
}

fn has_scheme(address: &str, schemes: &[&str]) -> bool {
    let address = address.trim_start();
    schemes.iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            && address[scheme.len()..].starts_with(':')
    })
}

/// Puts `<img id="TAG">` where `tag_of` knows the image of a `cid:` or `data:` address, and words where it
/// does not (`absent`) or an image is elsewhere: nobody who reads a ticket shall fetch anything from a sender's
/// server.
pub(super) fn place_images(html: &str, absent: &str, mut tag_of: impl FnMut(&str) -> Option<String>) -> String {
    let mut placed = String::with_capacity(html.len());
    let mut copied = 0;
    for (at, token) in Tokens::new(html) {
        let Token::Open { name: "img", tag } = token else { continue };
        placed.push_str(&html[copied..at]);
        copied = at + tag.len();
        let source = attribute(tag, "src").unwrap_or_default().replace("&amp;", "&");
        let alt = attribute(tag, "alt").map(str::trim).unwrap_or_default();
        if has_scheme(&source, &["cid", "data"]) {
            match tag_of(&source) {
                Some(tag) => {
                    placed.push_str("<img id=\"");
                    html_text::escape(&mut placed, &tag);
                    placed.push_str("\">");
                }
                None => words(&mut placed, absent, alt),
            }
        } else if has_scheme(&source, &["http", "https"]) {
            let is_tracker = ["width", "height"].iter().any(|side| matches!(attribute(tag, side), Some("0" | "1")));
            if !is_tracker {
                words(&mut placed, "image distante non affichée", alt);
            }
        } else if !alt.is_empty() {
            words(&mut placed, absent, alt);
        }
    }
    placed.push_str(&html[copied..]);
    placed
}

/// Says what is not shown; `alt` comes from sanitised HTML and is escaped already.
fn words(html: &mut String, what: &str, alt: &str) {
    html.push('[');
    html.push_str(what);
    if !alt.is_empty() {
        html.push_str(" : ");
        html.push_str(alt);
    }
    html.push(']');
}

/// The value of an attribute of a sanitised tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tags::attributes(tag).find(|(found, _)| *found == name).map(|(_, value)| &tag[value])
}

#[cfg(test)]
mod tests {
    use super::{attribute, place_images, sanitise};

    fn clean(html: &str) -> String {
        sanitise(html).unwrap()
    }

    #[test]
    fn nothing_active_or_foreign_is_left() {
        for (html, expected) in [
            ("<p onclick=x>a<script>b</script><style>c</style></p>", "<p>a</p>"),
            ("<form action=x><input value=y><button>Envoyer</button></form>", "Envoyer"),
            ("<a href='javascript:x'>a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<a href='data:text/html,x'>a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            (
                "<a href='https://ac-dijon.fr/?a=1&amp;b=2'>a</a>",
                "<a href=\"https://ac-dijon.fr/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">a</a>",
            ),
            ("<div style='background:url(https://x)' class='MsoNormal' id='x'>a</div>", "<div>a</div>"),
            ("<title>t</title><o:p>a</o:p><svg><script>b</script></svg><iframe src=x></iframe>", "a"),
            ("<!--[if mso]><p>b</p><![endif]-->a", "a"),
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            (
                "<img src=x onerror=y><img src='file:///c:/a.png' alt=''>",
                "<img src=\"cid:x\"><img src=\"cid:a.png\" alt=\"\">",
            ),
            (
                "<a href='file:///c:/a'>a</a><a href=x>b</a>",
                "<a rel=\"noopener noreferrer nofollow\">a</a><a rel=\"noopener noreferrer nofollow\">b</a>",
            ),
        ] {
            assert_eq!(clean(html), expected, "{html}");
        }
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        assert_eq!(sanitise(&"<div>".repeat(50_000)), None);
        assert_eq!(sanitise(&"a".repeat(9 * 1024 * 1024)), None);
    }

    #[test]
    fn images_are_files_of_the_mail_or_words() {
        let html = clean(
            "a<img src='cid:1@x'><img src='CID:2'><img alt='Logo &lt;b&gt;' src='https://x/y.png'>\
             <img src='https://x/t.gif' width=1 height=1><img src='data:image/png;base64,AA=='><img>b",
        );
        let placed = place_images(&html, "image absente", |source| match source {
            "cid:1@x" => Some("t1".to_owned()),
            "data:image/png;base64,AA==" => Some("t2".to_owned()),
            _ => None,
        });
        assert_eq!(
            placed,
            "a<img id=\"t1\">[image absente][image distante non affichée : Logo &lt;b&gt;]<img id=\"t2\">b"
        );
    }

    #[test]
    fn attributes_are_found_by_their_whole_name() {
        assert_eq!(attribute("<img alt=\"src=&quot;x\" src=\"y\">", "src"), Some("y"));
        assert_eq!(attribute("<img data-src=\"x\">", "src"), None);
        assert_eq!(attribute("<img alt=\"a src=\" src=\"y\">", "src"), Some("y"));
    }
}
