//! What the tests of letters share.

use super::text::{Signature, Text};

pub(super) const SIGNATURE: Signature<'_> =
    Signature { name: "Assistance 1er degré", contact: "Une question ? Appelez-nous.", takes_replies: false };

/// That letters say what the snapshot of this name holds: subjects, and both bodies as they are read.
pub(super) fn assert_letters<'a>(name: &str, letters: impl IntoIterator<Item = &'a Text>) {
    let shown = |text: &Text| {
        let title = text.html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
        let html = html2text::from_read(text.html.as_bytes(), 100).unwrap();
        format!("Subject: {}\n\n{}\n-- HTML: {title}\n\n{html}", text.subject, text.plain)
    };
    let all = letters.into_iter().map(shown).collect::<Vec<_>>().join("\n==\n\n");
    insta::with_settings!({snapshot_path => "../../tests/it/snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, all);
    });
}

/// That an HTML body has a language and a title, and loads nothing.
pub(super) fn assert_accessible(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">") && html.contains("<title>"), "{html}");
    for part in ["<img", "<link", "<script", "url(", "src="] {
        assert!(!html.contains(part), "{part} in {html}");
    }
}
