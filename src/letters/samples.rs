//! What the tests of letters share.

use super::text::Signature;

pub(super) const SIGNATURE: Signature<'_> =
    Signature { name: "Assistance 1er degré", contact: "Une question ? Appelez-nous.", takes_replies: false };

/// That an HTML body has a language and a title, and loads nothing.
pub(super) fn assert_accessible(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">") && html.contains("<title>"), "{html}");
    for part in ["<img", "<link", "<script", "url(", "src="] {
        assert!(!html.contains(part), "{part} in {html}");
    }
}
