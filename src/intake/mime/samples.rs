//! What becomes of the history in a reply, as the tests of several files ask for it.

use super::{
    history::{Kind, Parted, fold},
    html::sanitise,
};
use crate::text::html_text;

/// What is seen and what is folded, as text.
pub(super) fn texts(html: &str) -> (String, Option<String>) {
    let Parted { visible, folded, .. } = fold(&sanitise(html).unwrap(), Kind::Reply, false);
    (html_text::from_html(&visible), folded.map(|folded| html_text::from_html(&folded)))
}

pub(super) fn expect(html: &str, visible: &str, folded: Option<&str>) {
    assert_eq!(texts(html), (visible.to_owned(), folded.map(str::to_owned)), "{html}");
}
