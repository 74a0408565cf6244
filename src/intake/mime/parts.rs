//! The tree of MIME parts (RFC 2046), cut without copying, in linear time and bounded numbers.
//!
//! An attached mail is a file: it is not looked into here, so nothing nests but multiparts.

use std::ops::Range;

use bytes::Bytes;
use mail_parser::ContentType;

use super::{
    boundaries::{Split, is_boundaries_alone, says_something, used_boundary},
    header::Header,
    leaf::{Leaf, bare_id},
};

/// Multiparts within multiparts; people's mails have at most a handful.
const MAX_DEPTH: usize = 20;
/// Parts that are looked at.
const MAX_PARTS: usize = 1000;

/// A mail's parts.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Node,
    /// Whether the limits left something out.
    pub(super) cut: bool,
    /// How many more parts may be looked at, in what parts of this tree wrap.
    pub(super) parts_left: usize,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most parts are leaves")]
pub(super) enum Node {
    Multipart { kind: Multipart, children: Vec<Node> },
    Leaf(Leaf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multipart {
    /// The same text in several forms.
    Alternative,
    /// A text and what it shows; the text is made the first child, wherever it stands.
    Related,
    /// Each part's default type is a mail.
    Digest,
    /// A part and the signature over it (RFC 1847).
    Signed,
    /// A part nobody but its addressee can read (RFC 1847).
    Encrypted,
    /// One after the other.
    Mixed,
}

impl Tree {
    /// Cuts the mail that has this top header and whose body begins at `body`.
    pub(super) fn cut(raw: &Bytes, header: &Header<'_>, body: usize) -> Self {
        Self::within(raw, header, body, MAX_PARTS)
    }

    /// Cuts an entity, header and body, into at most so many parts.
    pub(super) fn entity(raw: &Bytes, parts: usize) -> Self {
        let (header, body) = Header::cut(raw);
        Self::within(raw, &header, body, parts)
    }

    fn within(raw: &Bytes, header: &Header<'_>, body: usize, parts: usize) -> Self {
        let mut limits = Limits { parts, cut: false };
        let root = node(raw, header, body..raw.len(), Multipart::Mixed, 0, &mut limits);
        Self { root, cut: limits.cut, parts_left: limits.parts }
    }
}

impl Node {
    /// Every part that holds content, in the order of the mail.
    pub(super) fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::Leaf(leaf) => vec![leaf],
            Self::Multipart { children, .. } => children.iter().flat_map(Self::leaves).collect(),
        }
    }

    /// Whether it holds a text that is no file.
    fn has_text(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.content_type.starts_with("text/") && !leaf.is_attachment(),
            Self::Multipart { children, .. } => children.iter().any(Self::has_text),
        }
    }
}

struct Limits {
    parts: usize,
    cut: bool,
}

fn node(
    raw: &Bytes,
    header: &Header<'_>,
    body: Range<usize>,
    parent: Multipart,
    depth: usize,
    limits: &mut Limits,
) -> Node {
    let declared = header.parameters("content-type");
    let kind = declared.as_ref().and_then(multipart);
    if let Some(kind) = kind {
        if depth == MAX_DEPTH {
            limits.cut = true;
            let content_type = "application/octet-stream".to_owned();
            return Node::Leaf(Leaf::of(raw, header, body, content_type, declared.as_ref()));
        }
        let boundary = declared.as_ref().and_then(|declared| declared.attribute("boundary")).map(str::trim_end);
        let whole = &raw[body.clone()];
        let mut split =
            boundary.map(|boundary| Split::at(whole, boundary.as_bytes(), limits.parts)).unwrap_or_default();
        limits.cut |= split.is_cut;
        if split.parts.is_empty() {
            let used = used_boundary(whole).map(|boundary| Split::at(whole, boundary, limits.parts));
            split = used.unwrap_or_default();
            limits.cut |= split.is_cut;
        }
        let mut children = Vec::new();
        let start = declared.as_ref().and_then(|declared| declared.attribute("start"));
        // RFC 2387 section 3.2; phones and copiers put a picture first and name nothing.
        let start_id = start.filter(|_| kind == Multipart::Related).map(bare_id);
        let mut started = None;
        for range in split.parts {
            if limits.parts == 0 {
                limits.cut = true;
                break;
            }
            let (start, end) = (body.start + range.start, body.start + range.end);
            let (part, content) = Header::cut(&raw[start..end]);
            limits.cut |= part.is_incomplete();
            if start_id.is_some() && part.text("content-id", 1000).as_deref().map(bare_id) == start_id {
                started.get_or_insert(children.len());
            }
            children.push(node(raw, &part, start + content..end, kind, depth + 1, limits));
        }
        if kind == Multipart::Related
            // The root of a phone's message is its layout (SMIL), which says nothing.
            && let Some(root) = started.filter(|&root: &usize| children[root].has_text()).or_else(|| children.iter().position(Node::has_text))
        {
            children[..=root].rotate_right(1);
        }
        if !children.is_empty() {
            limits.cut |= split.outside.into_iter().any(|range| says_something(&whole[range]));
            return Node::Multipart { kind, children };
        }
    }
    limits.parts = limits.parts.saturating_sub(1);
    // A multipart without parts is read as the text it is.
    let boundary = declared.as_ref().filter(|_| kind.is_some()).and_then(|declared| declared.attribute("boundary"));
    let is_empty = boundary.is_some_and(|boundary| is_boundaries_alone(&raw[body.clone()], boundary.trim_end()));
    let body = if is_empty { body.end..body.end } else { body };
    let named = declared.as_ref().filter(|_| kind.is_none()).and_then(media_type);
    let content_type = named.unwrap_or_else(|| {
        let by_default = match &declared {
            None if parent == Multipart::Digest => "message/rfc822",
            _ if looks_like_html(&raw[body.clone()]) => "text/html",
            _ => "text/plain",
        };
        by_default.to_owned()
    });
    Node::Leaf(Leaf::of(raw, header, body, content_type, declared.as_ref()))
}

/// The declared type; `None` where it is none (RFC 2045 section 5.2), as in `Content-Type: texte`.
fn media_type(declared: &ContentType<'_>) -> Option<String> {
    match (declared.ctype(), declared.subtype()) {
        (kind, Some(subtype)) => Some(format!("{kind}/{subtype}")),
        ("application" | "audio" | "font" | "image" | "model" | "video", None) => {
            Some("application/octet-stream".to_owned())
        }
        _ => None,
    }
}

fn multipart(declared: &ContentType<'_>) -> Option<Multipart> {
    (declared.ctype() == "multipart").then(|| match declared.subtype() {
        Some("alternative") => Multipart::Alternative,
        Some("related") => Multipart::Related,
        Some("digest") => Multipart::Digest,
        Some("signed") => Multipart::Signed,
        Some("encrypted") => Multipart::Encrypted,
        _ => Multipart::Mixed,
    })
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Bytes, Header, MAX_PARTS, Node, Tree};

    fn tree(mail: &str) -> Tree {
        let raw = Bytes::from(mail.to_owned());
        let copy = raw.clone();
        let (header, body) = Header::cut(&copy);
        Tree::cut(&raw, &header, body)
    }

    /// The types and contents of a mail's parts, CRLF and LF alike.
    fn parts(mail: &str) -> Vec<(String, String)> {
        let read = |mail: &str| -> Vec<(String, String)> {
            tree(mail).root.leaves().iter().map(|leaf| (leaf.content_type.clone(), leaf.text().to_owned())).collect()
        };
        let parts = read(mail);
        assert_eq!(read(&mail.replace('\n', "\r\n")), parts);
        parts
    }

    fn expect(mail: &str, expected: &[(&str, &str)]) {
        let parts = parts(mail);
        let parts: Vec<(&str, &str)> = parts.iter().map(|(kind, text)| (kind.as_str(), text.as_str())).collect();
        assert_eq!(parts, expected, "{mail}");
    }

    #[test]
    fn parts_are_cut_at_whole_boundary_lines() {
        expect(
            "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\n\na --b\n--bb\n--b \nContent-Type: TEXT/html; charset=utf-8\n\n<p>\n\n--b--\nepilogue\n",
            &[("text/plain", "a --b\n--bb"), ("text/html", "<p>\n")],
        );
    }

    #[test]
    fn multiparts_nest_and_the_outer_boundary_ends_the_inner_part() {
        expect(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n--i\n\ntwo\n--o\n\nthree",
            &[("text/plain", "one"), ("text/plain", "two"), ("text/plain", "three")],
        );
    }

    #[test]
    fn a_missing_or_wrong_boundary_is_found_in_the_body() {
        for parameter in ["", "; boundary=\"\"", "; boundary=other"] {
            expect(
                &format!(
                    "Content-Type: multipart/mixed{parameter}\n\n--x_1\nContent-Type: text/plain\n\none\n--x_1\n\ntwo\n"
                ),
                &[("text/plain", "one"), ("text/plain", "two\n")],
            );
        }
        expect("Content-Type: multipart/mixed; boundary=b\n\nonly text\n", &[("text/plain", "only text\n")]);
        expect("Content-Type: multipart/mixed; boundary=b\n\n <HTML>x", &[("text/html", " <HTML>x")]);
    }

    #[test]
    fn parts_after_a_closing_line_are_not_lost() {
        expect(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n\n--b\n\ntwo\n--b--\n",
            &[("text/plain", "one"), ("text/plain", "two")],
        );
    }

    #[test]
    fn what_is_outside_of_all_parts_is_missed() {
        let is_cut = |before: &str, after: &str| {
            tree(&format!("Content-Type: multipart/mixed; boundary=b\n\n{before}\n--b\n\nx\n--b--\n{after}")).cut
        };
        for (before, after) in [
            ("", ""),
            ("This is a multi-part message in MIME format.", "\n"),
            ("Message en plusieurs parties au format MIME", ""),
            ("", "--b--\n--autre--\n"),
        ] {
            assert!(!is_cut(before, after), "{before} / {after}");
        }
        for (before, after) in [
            ("Bonjour, voici le livret.", ""),
            ("", "\nMerci de me rappeler.\n"),
            ("This is a MIME message.\n--autre\nContent-Type: text/plain\n\nx", ""),
            ("", "--autre\nContent-Type: application/pdf; name=a.pdf\n\nx\n--autre--\n"),
        ] {
            assert!(is_cut(before, after), "{before} / {after}");
        }
        let inner = tree(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: b\n c\nune phrase\nContent-Type: text/plain\n\nx\n--b--",
        );
        assert!(inner.cut, "a line within a part's header");
    }

    #[test]
    fn a_mail_in_a_mail_is_one_part() {
        let inner = "Subject: x\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\ntext\n--c--";
        expect(
            &format!(
                "Content-Type: multipart/digest; boundary=b\n\n--b\n\n{inner}\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--"
            ),
            &[("message/rfc822", inner), ("message/rfc822", inner)],
        );
    }

    #[test]
    fn a_type_that_is_none_is_text() {
        for declared in ["texte", "text", "; charset=utf-8", ""] {
            expect(&format!("Content-Type: {declared}\n\nBonjour"), &[("text/plain", "Bonjour")]);
        }
        expect("Content-Type: application\n\nBonjour", &[("application/octet-stream", "Bonjour")]);
    }

    #[test]
    fn a_multipart_of_boundaries_alone_is_empty() {
        for body in ["--b--\n", "--b\n--b--", "--b"] {
            expect(&format!("Content-Type: multipart/mixed; boundary=b\n\n{body}"), &[("text/plain", "")]);
        }
    }

    #[test]
    fn numbers_are_bounded() {
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(5000));
        let many = tree(&many);
        assert!(many.cut);
        assert_eq!(many.root.leaves().len(), MAX_PARTS);

        let mut deep = String::new();
        for n in 0..5000 {
            deep.extend(["Content-Type: multipart/mixed; boundary=b", &n.to_string(), "\n\n--b", &n.to_string(), "\n"]);
        }
        let deep = tree(&deep);
        assert!(deep.cut);
        assert_eq!(deep.root.leaves().len(), 1);

        assert!(!tree("Subject: x\n\ny").cut);
        assert!(matches!(tree("").root, Node::Leaf(_)));
    }

    proptest! {
        #[test]
        fn any_mix_of_mime_makes_a_tree(pieces in prop::collection::vec(prop::sample::select(vec![
            "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: multipart/digest; boundary=c\r\n",
            "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n",
            "\n", "\r\n", "--b\n", "--b--\n", "--c\r\n", "--c--", "=C3=", "=", "ZMOp", "\r", "é", ":", " ",
            "Content-Disposition: attachment; filename*0*=utf-8''%C3;\n",
        ]), 0..60)) {
            for leaf in tree(&pieces.concat()).root.leaves() {
                let _ = leaf.text();
            }
        }
    }
}
