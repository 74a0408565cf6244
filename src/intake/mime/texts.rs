//! Which parts are the text of a mail, and which are its files.

use std::borrow::Cow;

use super::{
    flowed,
    leaf::Leaf,
    parts::{Multipart, Node},
    unwrap::{Opened, says},
};
use crate::text::html_text;

/// How many forms of a text are looked at.
const MAX_FORMS: usize = 10;

/// A mail's text and files.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) texts: Vec<&'a Leaf>,
    pub(super) files: Vec<&'a Leaf>,
    /// Other forms of the texts, which are not shown.
    pub(super) others: Vec<&'a Leaf>,
}

/// The letters and figures of texts, by which it is told whether one is in the other.
pub(super) fn letters(texts: &[&Leaf]) -> String {
    let letters = |leaf: &&Leaf| words(leaf).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    texts.iter().map(letters).collect()
}

/// A text without its HTML, which a plain one has none of.
pub(super) fn words(leaf: &Leaf) -> Cow<'_, str> {
    if leaf.content_type == "text/html" {
        leaf.shown().into()
    } else {
        html_text::from_html(&html_text::to_html(&plain(leaf))).into()
    }
}

/// The texts that are the text of a mail.
pub(super) fn texts(opened: &Opened) -> Vec<&Leaf> {
    content(opened).texts
}

/// A mail's texts and files; a spare text is one where no other says anything.
pub(super) fn content(opened: &Opened) -> Content<'_> {
    let mut content = match &opened.root {
        // A mail of a single part is a text also when that has a name.
        Node::Leaf(leaf) if is_text(leaf) && !leaf.is_attachment() => {
            Content { texts: vec![leaf], ..Content::default() }
        }
        root => gather(root),
    };
    if !content.texts.iter().any(|leaf| says(leaf)) {
        content.texts.extend(opened.spare.as_ref().or(opened.in_words.as_ref()));
    }
    content
}

fn is_text(leaf: &Leaf) -> bool {
    matches!(leaf.content_type.as_str(), "text/plain" | "text/html")
}

/// Sorts a part's content into texts and files.
fn gather(node: &Node) -> Content<'_> {
    match node {
        Node::Leaf(leaf) if is_text(leaf) && !leaf.is_attachment() && leaf.name.is_none() => {
            Content { texts: vec![leaf], ..Content::default() }
        }
        Node::Leaf(leaf) => Content { files: vec![leaf], ..Content::default() },
        Node::Multipart { kind: Multipart::Alternative, children } => best(children),
        Node::Multipart { kind: Multipart::Related, children } => {
            let mut content = children.first().map(gather).unwrap_or_default();
            content.files.extend(children.iter().skip(1).flat_map(Node::leaves));
            content
        }
        Node::Multipart { children, .. } => {
            let mut content = Content::default();
            for part in children.iter().map(gather) {
                content.texts.extend(part.texts);
                content.files.extend(part.files);
                content.others.extend(part.others);
            }
            content
        }
    }
}

/// Of several forms of one text the richest that says something; the files of all of them.
fn best(forms: &[Node]) -> Content<'_> {
    let mut forms: Vec<Content<'_>> = forms.iter().map(gather).collect();
    let rank = |content: &Content<'_>| {
        let telling: Vec<&&Leaf> = content.texts.iter().filter(|leaf| says(leaf)).collect();
        let is_html = |leaf: &Leaf| leaf.content_type == "text/html";
        let shows_image = |leaf: &&Leaf| is_html(leaf) && leaf.text().to_ascii_lowercase().contains("<img");
        if telling.iter().any(|leaf| is_html(leaf)) {
            5
        } else if telling.iter().any(|leaf| !is_placeholder(leaf.text())) {
            4
        } else if content.texts.iter().any(shows_image) {
            3
        } else if telling.is_empty() {
            i32::from(content.texts.iter().any(|leaf| is_html(leaf)))
        } else {
            2
        }
    };
    let Some(chosen) = (0..forms.len()).max_by_key(|&form| rank(&forms[form])) else {
        return Content::default();
    };
    let (texts, others) = shown_forms(&mut forms, chosen);
    let is_other_form = |leaf: &&Leaf| {
        leaf.content_type.starts_with("text/") && leaf.content_type != "text/calendar" && leaf.name.is_none()
    };
    let files = forms.into_iter().flat_map(|form| form.files).filter(|leaf| texts.is_empty() || !is_other_form(leaf));
    Content { files: files.collect(), texts, others }
}

/// The texts of the chosen form, with those of the same kind that say something else, which are no other form of it; and
/// all others.
fn shown_forms<'a>(forms: &mut [Content<'a>], chosen: usize) -> (Vec<&'a Leaf>, Vec<&'a Leaf>) {
    let best = forms[chosen].texts.clone();
    let kind = best.first().map(|leaf| leaf.content_type.as_str());
    let is_of_kind = |leaf: &&Leaf| Some(leaf.content_type.as_str()) == kind && says(leaf);
    let is_alike = |at: usize| at != chosen && forms.len() <= MAX_FORMS && forms[at].texts.iter().all(is_of_kind);
    let alike: Vec<bool> = (0..forms.len()).map(is_alike).collect();
    let said = if alike.contains(&true) { letters(&best) } else { String::new() };
    let is_apart = |form: &Content<'_>| {
        let other = letters(&form.texts);
        !said.contains(&other) && !other.contains(&said)
    };
    let is_shown: Vec<bool> = (0..forms.len()).map(|at| at == chosen || alike[at] && is_apart(&forms[at])).collect();
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for (form, is_shown) in forms.iter_mut().zip(is_shown) {
        (if is_shown { &mut texts } else { &mut others }).append(&mut form.texts);
        others.append(&mut form.others);
    }
    (texts, others)
}

/// Whether a text says no more than that there is an image: «[cid:…]», «[image: image.png]», «<image001.png>».
fn is_placeholder(text: &str) -> bool {
    let mut closing = None;
    let is_outside = |c: &char| match (closing, c) {
        (None, '[' | '<') => {
            closing = Some(if *c == '[' { ']' } else { '>' });
            false
        }
        (Some(close), c) => {
            closing = closing.filter(|_| *c != close);
            false
        }
        (None, _) => true,
    };
    let outside: String = text.chars().filter(is_outside).collect();
    !outside.contains(char::is_alphanumeric)
}

/// A part's text, its lines as they were written.
pub(super) fn plain(leaf: &Leaf) -> Cow<'_, str> {
    let text = leaf.text();
    if leaf.flowed { flowed::unwrap(text, leaf.delete_space).into() } else { text.into() }
}
