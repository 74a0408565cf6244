//! Texts from GLPI, as they may be shown: sanitised, their documents under the gateway's own addresses.

use std::collections::BTreeSet;

use url::form_urlencoded;

use super::{headings, html_text, sanitise::shown};
use crate::id::DocumentId;

/// More than this of one text is not shown, bytes.
const LONGEST: usize = 1024 * 1024;
const TOO_LONG: &str = "<p><em>(texte trop long ou trop complexe pour être affiché ici)</em></p>";

/// The level of a text's first heading: below those of whoever shows it.
const FIRST_HEADING: usize = 4;

/// A text that can be shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FitHtml {
    pub(crate) html: String,
    /// The documents it shows or links to.
    pub(crate) mentioned: BTreeSet<DocumentId>,
}

/// Makes a text of GLPI's fit to be shown. Links and images of `visible` documents get the address that `address`
/// gives; those of others, and images elsewhere, lose theirs: nobody who reads a request shall fetch anything from a
/// stranger's server.
pub(crate) fn show<F>(html: &str, visible: &BTreeSet<DocumentId>, address: F) -> FitHtml
where
    F: Fn(DocumentId) -> String + Clone + Send + Sync + 'static,
{
    if html.len() > LONGEST {
        return FitHtml { html: TOO_LONG.to_owned(), mentioned: BTreeSet::new() };
    }
    let mentioned = mentioned(html, visible);
    let visible = visible.clone();
    let cleaned = shown(html, move |element, value| match document(value) {
        Some(id) => visible.contains(&id).then(|| address(id)),
        None if element == "img" || is_relative(value) => None,
        None => Some(value.to_owned()),
    });
    let cleaned = cleaned.map(|cleaned| headings::from_level(&cleaned, FIRST_HEADING));
    FitHtml { html: cleaned.unwrap_or_else(|| TOO_LONG.to_owned()), mentioned }
}

/// The text of HTML, to be searched.
pub(crate) fn text(html: &str) -> String {
    html_text::from_html(&html[..html.floor_char_boundary(LONGEST)])
}

/// The documents that a text shows or links to.
pub(crate) fn documents(html: &str) -> BTreeSet<DocumentId> {
    let html = &html[..html.floor_char_boundary(LONGEST)];
    html.match_indices(PAGE).filter_map(|(at, _)| document(html[at..].split(['"', '\'']).next()?)).collect()
}

fn mentioned(html: &str, visible: &BTreeSet<DocumentId>) -> BTreeSet<DocumentId> {
    documents(html).intersection(visible).copied().collect()
}

/// GLPI's page for a document.
const PAGE: &str = "/front/document.send.php?";

/// The document whose page in GLPI this is.
fn document(address: &str) -> Option<DocumentId> {
    let (_, query) = address.split_once(PAGE)?;
    let query = query.replace("&amp;", "&");
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "docid")?.1.parse().ok()
}

/// Whether an address is one of GLPI's own site, which the requester may not even reach.
fn is_relative(address: &str) -> bool {
    !["http:", "https:", "mailto:"]
        .iter()
        .any(|scheme| address.trim_start().get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
}

#[cfg(test)]
mod tests {
    use crate::id::DocumentId;

    use std::collections::BTreeSet;

    use super::show;

    fn shown(html: &str) -> String {
        show(html, &BTreeSet::from([DocumentId::new(7)]), |id| format!("/v1/requests/1/documents/{id}")).html
    }

    #[test]
    fn documents_get_the_gateway_s_addresses_and_only_visible_ones() {
        for (html, expected) in [
            (
                "<a href=\"/front/document.send.php?docid=7&amp;itemtype=Ticket&amp;items_id=1\" target=\"_blank\"><img alt=\"x\" width=\"5\" src=\"/front/document.send.php?docid=7&amp;tickets_id=1\"></a>",
                "<a href=\"/v1/requests/1/documents/7\" rel=\"noopener noreferrer nofollow\"><img alt=\"x\" width=\"5\" src=\"/v1/requests/1/documents/7\"></a>",
            ),
            (
                "<img src=\"https://glpi.fr/glpi/front/document.send.php?docid=7\">",
                "<img src=\"/v1/requests/1/documents/7\">",
            ),
            ("<img src=\"/front/document.send.php?docid=8\">", "<img>"),
            ("<img src=\"https://suivi.example/pixel.gif?/front/\">", "<img>"),
            ("<img src=\"data:image/png;base64,AA==\">", "<img>"),
            ("<a href=\"/front/ticket.form.php?id=2\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<a href=\"//ailleurs.example/\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            (
                "<a href=\"https://ac-dijon.fr/\">a</a>",
                "<a href=\"https://ac-dijon.fr/\" rel=\"noopener noreferrer nofollow\">a</a>",
            ),
            ("<a href=\"javascript:x\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>"),
            ("<h1>a</h1><h2>b</h2>", "<h4>a</h4><h5>b</h5>"),
            ("<p onclick=x style=\"color:red\">a<script>b</script></p>", "<p>a</p>"),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn what_costs_too_much_is_named_instead_of_shown() {
        for html in ["<div>".repeat(50_000), "a".repeat(2 * 1024 * 1024)] {
            assert!(shown(&html).contains("trop complexe"));
        }
    }

    #[test]
    fn the_documents_a_text_shows_are_known() {
        let html = "<img src='/front/document.send.php?docid=7&tickets_id=1'><a href=\"/front/document.send.php?docid=8\">b</a>";
        assert_eq!(
            show(html, &BTreeSet::from([7, 9].map(DocumentId::new)), |_| String::new()).mentioned,
            BTreeSet::from([DocumentId::new(7)])
        );
    }
}
