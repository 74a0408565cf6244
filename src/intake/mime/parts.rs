//! The tree of MIME parts (RFC 2046), cut without copying, in linear time and bounded numbers.
//!
//! An attached mail is a file: it is not looked into here, so nothing nests but multiparts.

use std::ops::Range;

use bytes::Bytes;
use mail_parser::{
    ContentType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{
    charset,
    header::{Header, line_end, trim_line_break},
};
use crate::text::html_text;

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

/// A part that holds content.
#[derive(Debug)]
pub(super) struct Leaf {
    /// `type/subtype`, lower case; `text/plain` where none is declared (RFC 2045 section 5.2).
    pub(super) content_type: String,
    /// The declared file name, as it is.
    pub(super) name: Option<String>,
    pub(super) disposition: Disposition,
    /// Without angle brackets.
    pub(super) content_id: Option<String>,
    /// Where it was before it was a part (RFC 2557); HTML may show it by that.
    pub(super) location: Option<String>,
    /// RFC 3676: lines ending in a space go on in the next one.
    pub(super) flowed: bool,
    /// RFC 3676: … and that space goes.
    pub(super) delete_space: bool,
    charset: Option<String>,
    encoding: Encoding,
    encoded: Bytes,
}

/// How a part is to be shown (RFC 2183).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// As a file.
    Attachment,
    /// In its place.
    Inline,
    /// It does not say.
    Undeclared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
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

impl Leaf {
    /// A part that was found in another one, its content as it is; text is UTF-8.
    pub(super) fn found(content_type: String, name: Option<String>, content: Bytes) -> Self {
        Self {
            content_type,
            name,
            disposition: Disposition::Undeclared,
            content_id: None,
            location: None,
            flowed: false,
            delete_space: false,
            charset: Some("utf-8".to_owned()),
            encoding: Encoding::Identity,
            encoded: content,
        }
    }

    /// The same part with another text.
    pub(super) fn with_text(self, text: String) -> Self {
        let charset = Some("utf-8".to_owned());
        Self { charset, encoding: Encoding::Identity, encoded: text.into(), ..self }
    }

    pub(super) fn is_attachment(&self) -> bool {
        self.disposition == Disposition::Attachment
    }

    /// The content, decoded; damaged encodings give what can be read. Not copied where not encoded.
    pub(super) fn content(&self) -> Bytes {
        match self.encoding {
            Encoding::Identity => self.encoded.clone(),
            Encoding::Base64 => {
                let encoded = without_added_lines(&self.encoded);
                base64_decode(encoded).unwrap_or_else(|| damaged_base64(encoded)).into()
            }
            Encoding::QuotedPrintable => quoted_printable_decode(&self.encoded)
                .or_else(|| quoted_printable_decode(&mended_quoted_printable(&self.encoded)))
                .map_or_else(|| self.encoded.clone(), Bytes::from),
            Encoding::Uuencode => uudecoded(&self.encoded).map_or_else(|| self.encoded.clone(), Bytes::from),
        }
    }

    /// The content as text, with LF line ends.
    pub(super) fn text(&self) -> String {
        let content = self.content();
        let in_html = || charset_in_html(&content).filter(|_| self.content_type == "text/html");
        let mut text = charset::decode(&content, self.charset.clone().or_else(in_html).as_deref());
        if let Some(added) = self.added_lines() {
            if self.content_type == "text/html" {
                text.push_str(&html_text::to_html(&added));
            } else {
                text.extend(["\n\n", &added]);
            }
        }
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
    }

    /// What a relay or a list has added in clear below the encoded text.
    fn added_lines(&self) -> Option<String> {
        let added = match self.encoding {
            Encoding::Base64 => &self.encoded[without_added_lines(&self.encoded).len()..],
            _ => return None,
        };
        Some(charset::guess(added.trim_ascii()).into_owned()).filter(|added| added.contains(char::is_alphanumeric))
    }

    /// Whether line ends inside are the carrier's, which may change on the way.
    pub(super) fn has_carried_line_ends(&self) -> bool {
        self.encoding != Encoding::Base64
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
            return leaf(raw, header, body, "application/octet-stream".to_owned(), declared.as_ref());
        }
        let boundary = declared.as_ref().and_then(|declared| declared.attribute("boundary")).map(str::trim_end);
        let whole = &raw[body.clone()];
        let mut split = boundary.map(|boundary| Split::at(whole, boundary.as_bytes(), limits)).unwrap_or_default();
        if split.parts.is_empty() {
            let used = used_boundary(whole).map(|boundary| Split::at(whole, boundary, limits));
            split = used.unwrap_or_default();
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
    leaf(raw, header, body, content_type, declared.as_ref())
}

fn leaf(
    raw: &Bytes,
    header: &Header<'_>,
    body: Range<usize>,
    content_type: String,
    declared: Option<&ContentType<'_>>,
) -> Node {
    let disposition = header.parameters("content-disposition");
    let parameter = |name| declared.and_then(|declared| declared.attribute(name));
    let file_name = || disposition.as_ref()?.attribute("filename").map(str::to_owned);
    let encoding = header.text("content-transfer-encoding", 40).unwrap_or_default().to_ascii_lowercase();
    let is = |parameter: Option<&str>, value: &str| parameter.is_some_and(|given| given.eq_ignore_ascii_case(value));
    Node::Leaf(Leaf {
        name: header
            .continued_parameter("content-disposition", "filename")
            .or_else(file_name)
            .or_else(|| header.continued_parameter("content-type", "name"))
            .or_else(|| parameter("name").map(str::to_owned)),
        disposition: match disposition.as_ref().map(ContentType::ctype) {
            Some("attachment") => Disposition::Attachment,
            Some("inline") => Disposition::Inline,
            _ => Disposition::Undeclared,
        },
        content_id: header.text("content-id", 1000).map(|id| bare_id(&id).to_owned()).filter(|id| !id.is_empty()),
        location: header.text("content-location", 1000),
        flowed: is(parameter("format"), "flowed"),
        delete_space: is(parameter("delsp"), "yes"),
        charset: parameter("charset").map(str::to_owned),
        encoding: match encoding.as_str() {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            "x-uuencode" | "x-uue" | "uuencode" => Encoding::Uuencode,
            _ => Encoding::Identity,
        },
        encoded: raw.slice(body),
        content_type,
    })
}

/// What stands between «begin 644 name» and «end»: lines of their length and four characters for three bytes, each six
/// bits above the blank (POSIX `uuencode`). `None` where nothing does.
fn uudecoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut lines = encoded.split(|&byte| byte == b'\n').map(trim_line_break);
    lines.find(|line| line.starts_with(b"begin "))?;
    let bits = |byte: u8| byte.wrapping_sub(b' ') & 63;
    let mut decoded = Vec::new();
    for line in lines.take_while(|line| !line.starts_with(b"end")) {
        let Some((&length, data)) = line.split_first() else { continue };
        // Blanks at the end may be lost on the way.
        let at = |index: usize| data.get(index).map_or(0, |&byte| u32::from(bits(byte)));
        let bytes = (0..data.len().div_ceil(4)).flat_map(|four| {
            let value = (0..4).fold(0, |value, index| value << 6 | at(4 * four + index));
            value.to_be_bytes().into_iter().skip(1)
        });
        decoded.extend(bytes.take(usize::from(bits(length))));
    }
    (!decoded.is_empty()).then_some(decoded)
}

/// An identifier without angle brackets.
fn bare_id(id: &str) -> &str {
    id.trim_matches(['<', '>', ' '])
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

/// Where a multipart's parts are, and what is outside of all.
#[derive(Default)]
struct Split {
    parts: Vec<Range<usize>>,
    outside: Vec<Range<usize>>,
}

impl Split {
    /// Cuts at the lines `--boundary`. The closing line may be missing, and what follows it counts only if the boundary
    /// comes again.
    fn at(body: &[u8], boundary: &[u8], limits: &mut Limits) -> Self {
        let mut split = Self::default();
        let (mut part, mut outside): (Option<usize>, Option<usize>) = (None, Some(0));
        let mut at = 0;
        if boundary.is_empty() {
            return split;
        }
        while at < body.len() {
            let end = line_end(body, at);
            let mark =
                body[at..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)).map(<[u8]>::trim_ascii);
            let closes = match mark {
                Some(b"") => false,
                Some(b"--") => true,
                _ => {
                    at = end;
                    continue;
                }
            };
            split.outside.extend(outside.take().map(|start| start..at));
            if let Some(start) = part {
                split.parts.push(start..start.max(before_line_break(body, at)));
                if split.parts.len() > limits.parts {
                    limits.cut = true;
                    return split;
                }
            }
            (part, outside) = if closes { (None, Some(end)) } else { (Some(end), None) };
            at = end;
        }
        split.parts.extend(part.filter(|&start| start < body.len()).map(|start| start..body.len()));
        split.outside.extend(outside.map(|start| start..body.len()));
        split
    }
}

/// Whether what is outside of all parts is more than the note that old programs are meant to show, which speaks of MIME
/// in every language (RFC 2046 section 5.1.1): a text, or parts between other lines.
fn says_something(outside: &[u8]) -> bool {
    const LOOKED_AT: usize = 64 * 1024;
    let text = String::from_utf8_lossy(&outside[..outside.len().min(LOOKED_AT)]).to_lowercase();
    let is_note = ["mime", "multipart", "multi-part"].iter().any(|word| text.contains(word));
    let mut lines = text.lines().filter(|line| !line.starts_with("--"));
    used_boundary(outside).is_some() || !is_note && lines.any(|line| line.contains(char::is_alphanumeric))
}

/// The line break before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
fn before_line_break(body: &[u8], at: usize) -> usize {
    trim_line_break(&body[..at]).len()
}

/// The boundary that is really used, where none or another is declared: the first line of the form
/// `--x` that a content field follows.
fn used_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at < body.len() {
        let end = line_end(body, at);
        let line = trim_line_break(&body[at..end]).trim_ascii_end();
        if let Some(boundary) = line.strip_prefix(b"--")
            && !boundary.is_empty()
            && body[end..].get(..8).is_some_and(|next| next.eq_ignore_ascii_case(b"content-"))
        {
            return Some(boundary);
        }
        at = end;
    }
    None
}

/// Whether a body holds no more than lines of its boundary.
fn is_boundaries_alone(body: &[u8], boundary: &str) -> bool {
    body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).all(|line| {
        let mark = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()));
        mark.is_some_and(|mark| mark.is_empty() || mark == b"--")
    })
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag)))
}

/// The charset that HTML declares in its first kilobyte, where browsers look for it (WHATWG HTML section 13.2.3.2).
/// What could be read to find it is not UTF-16.
fn charset_in_html(html: &[u8]) -> Option<String> {
    let head = html[..html.len().min(1024)].to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let declared = head.split("<meta").skip(1).find_map(|meta| {
        let (_, value) = meta.split('>').next()?.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start_matches([' ', '"', '\'']);
        value.split(['"', '\'', ';', ' ', '/']).next().map(str::to_owned)
    });
    declared.filter(|charset| !charset.is_empty() && !charset.starts_with("utf-16"))
}

/// Base64 up to what a relay or a list has added below: lines behind the padding that are not base64 throughout, a
/// drawn rule, a sentence.
fn without_added_lines(encoded: &[u8]) -> &[u8] {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_sentence = |line: &[u8]| {
        let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words().nth(2).is_some() && words().all(|word| word.len() < 20)
    };
    let mut at = 0;
    let mut is_padded = false;
    while at < encoded.len() {
        let end = line_end(encoded, at);
        let line = encoded[at..end].trim_ascii();
        let is_foreign = if is_padded { !line.iter().all(is_letter) } else { !line.iter().any(is_letter) };
        if !line.is_empty() && (is_foreign || is_sentence(line)) {
            return &encoded[..at];
        }
        is_padded |= line.ends_with(b"=");
        at = end;
    }
    encoded
}

/// Reads base64 as if what does not belong to it were not there.
fn damaged_base64(encoded: &[u8]) -> Vec<u8> {
    let letters: Vec<u8> = encoded
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        .collect();
    base64_decode(&letters).unwrap_or_default()
}

/// Writes every `=` that begins no code as `=3D`: what the writer meant.
fn mended_quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(encoded.len() + encoded.len() / 16);
    for (at, &byte) in encoded.iter().enumerate() {
        mended.push(byte);
        let rest = &encoded[at + 1..];
        let is_code = rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit);
        let blanks = rest.iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        let is_soft_break = rest.get(blanks).is_none_or(|&byte| byte == b'\n');
        if byte == b'=' && !is_code && !is_soft_break {
            mended.extend_from_slice(b"3D");
        }
    }
    mended
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
            tree(mail).root.leaves().iter().map(|leaf| (leaf.content_type.clone(), leaf.text())).collect()
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
    fn encodings_are_decoded_however_damaged() {
        for (encoding, encoded, expected) in [
            ("base64", "ZMOpasOg\nIQ==\n", "déjà!"),
            ("BASE64", "ZMOp*asOg\nI\tQ", "déjà!"),
            ("base64", "ZMOpasOg\n\n--\nListe des directeurs", "déjà\n\n--\nListe des directeurs"),
            ("base64", "ZMOpasOg\nMessage analyse par le relais\n", "déjà\n\nMessage analyse par le relais"),
            ("base64", "ZMOpasOgIQ==\nAntivirus: ok\n", "déjà!\n\nAntivirus: ok"),
            ("base64", "ZMOpasOgIQ==\n____\n", "déjà!"),
            ("base64", "ZMOpasOgIQ==\nIQ==\n", "déjà!!"),
            ("quoted-printable", "d=C3=A9j=c3=\n=A0 =\n!  \nfin", "déjà !\nfin"),
            ("quoted-printable", "?a==b&c=é&d=C3=A9", "?a==b&c=é&dé"),
            ("8bit", "déjà", "déjà"),
            ("x-unknown", "déjà", "déjà"),
        ] {
            expect(
                &format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{encoded}"),
                &[("text/plain", expected)],
            );
        }
    }

    #[test]
    fn html_may_name_its_charset() {
        for (meta, expected) in [
            ("<meta charset=\"iso-8859-15\">", "12 €"),
            ("<META http-equiv=content-type content='text/html; charset=iso-8859-15'/>", "12 €"),
            ("<meta name=charset><meta charset=iso-8859-15 >", "12 €"),
            ("<meta charset=utf-16>", "12 ¤"),
            ("", "12 ¤"),
        ] {
            let part = format!("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n{meta}12 =A4");
            let part = part.replace("charset=", "charset=3D").replace("content=", "content=3D");
            expect(&part, &[("text/html", &format!("{meta}{expected}"))]);
        }
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
