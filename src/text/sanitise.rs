//! HTML from others: no script, style, form or foreign address left.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use ammonia::{Builder, UrlRelative};

use super::tags;

/// HTML beyond this is not sanitised, bytes; it may hold images as `data:` addresses.
const MAX_HTML: usize = 8 * 1024 * 1024;

/// What takes everything but harmless elements and attributes out of this HTML. `None` when that would cost too much.
pub(crate) fn sanitiser(html: &str) -> Option<Builder<'static>> {
    if html.len() > MAX_HTML || tags::is_intricate(html) {
        return None;
    }
    let mut builder = Builder::default();
    builder
        .rm_tags(["map", "area"])
        .add_clean_content_tags(["title", "xml"])
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src", "alt", "width", "height"])),
            ("ol", HashSet::from(["start"])),
            ("td", HashSet::from(["colspan", "rowspan"])),
            ("th", HashSet::from(["colspan", "rowspan"])),
        ]))
        .link_rel(Some("noopener noreferrer nofollow"));
    Some(builder)
}

/// HTML that the helpdesk holds, as a page of the gateway may show it: what [`sanitiser`] leaves, each link and image
/// with the address that `address` gives for its own, or without one. `None` as there.
pub(crate) fn shown(
    html: &str,
    address: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
) -> Option<String> {
    let mut builder = sanitiser(html)?;
    builder
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        // Each passes the filter.
        .url_relative(UrlRelative::PassThrough)
        .attribute_filter(move |element, attribute, value| match attribute {
            "href" | "src" => address(element, value).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        });
    Some(builder.clean(html).to_string())
}
