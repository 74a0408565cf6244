//! What the tests of letters share.

use super::text::Signature;
use crate::{flow::screen::samples, request::Received};

pub(super) const SIGNATURE: Signature<'_> =
    Signature { name: "Assistance 1er degré", contact: "Une question ? Appelez-nous.", takes_replies: false };

pub(super) fn about(subject: &str) -> Received {
    Received { subject: subject.into(), ..samples::mail(|_| {}) }
}

/// That an HTML body has a language and a title, and loads nothing.
pub(super) fn assert_accessible(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">") && html.contains("<title>"), "{html}");
    for part in ["<img", "<link", "<script", "url(", "src="] {
        assert!(!html.contains(part), "{part} in {html}");
    }
}
