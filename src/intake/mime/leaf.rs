//! A part that holds content: what its header says of it, and its content as bytes and as text.

use std::{ops::Range, sync::OnceLock};

use bytes::Bytes;
use mail_parser::ContentType;

use super::{charset, header::Header, transfer::Encoding};
use crate::text::html_text;

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
    /// Decoded once: files are large.
    decoded: OnceLock<Bytes>,
    /// Read once: which of several texts is shown takes many questions.
    text: OnceLock<String>,
    shown: OnceLock<String>,
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

impl Leaf {
    /// The part with this header whose content stands at `body`; `declared` is what the header says of its type.
    pub(super) fn of(
        raw: &Bytes,
        header: &Header<'_>,
        body: Range<usize>,
        content_type: String,
        declared: Option<&ContentType<'_>>,
    ) -> Self {
        let disposition = header.parameters("content-disposition");
        let parameter = |name| declared.and_then(|declared| declared.attribute(name));
        let file_name = || disposition.as_ref()?.attribute("filename").map(str::to_owned);
        let encoding = header.text("content-transfer-encoding", 40).unwrap_or_default();
        let is =
            |parameter: Option<&str>, value: &str| parameter.is_some_and(|given| given.eq_ignore_ascii_case(value));
        Self {
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
            encoding: Encoding::named(&encoding),
            encoded: raw.slice(body),
            decoded: OnceLock::new(),
            text: OnceLock::new(),
            shown: OnceLock::new(),
            content_type,
        }
    }

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
            decoded: OnceLock::new(),
            text: OnceLock::new(),
            shown: OnceLock::new(),
        }
    }

    /// The same part with another text.
    pub(super) fn with_text(self, text: String) -> Self {
        Self {
            charset: Some("utf-8".to_owned()),
            encoding: Encoding::Identity,
            encoded: text.into(),
            decoded: OnceLock::new(),
            text: OnceLock::new(),
            shown: OnceLock::new(),
            ..self
        }
    }

    pub(super) fn is_attachment(&self) -> bool {
        self.disposition == Disposition::Attachment
    }

    /// The content, decoded; damaged encodings give what can be read. Not copied where not encoded.
    pub(super) fn content(&self) -> Bytes {
        self.decoded.get_or_init(|| self.encoding.decoded(&self.encoded)).clone()
    }

    /// The first bytes of the content, decoded, so many at most.
    pub(super) fn beginning(&self, most: usize) -> Bytes {
        let is_decoded = self.decoded.get().is_some();
        let few = if is_decoded { None } else { self.encoding.beginning(&self.encoded, most) };
        let content = few.unwrap_or_else(|| self.content());
        content.slice(..content.len().min(most))
    }

    /// The content as text, with LF line ends.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| self.read())
    }

    /// What a text shows, its HTML read; one that is plain is read so, too.
    pub(super) fn shown(&self) -> &str {
        self.shown.get_or_init(|| html_text::from_html(self.text()))
    }

    fn read(&self) -> String {
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
        let added = charset::guess(self.encoding.added_lines(&self.encoded)).into_owned();
        Some(added).filter(|added| added.contains(char::is_alphanumeric))
    }

    /// Whether line ends inside are the carrier's, which may change on the way.
    pub(super) fn has_carried_line_ends(&self) -> bool {
        self.encoding != Encoding::Base64
    }
}

/// An identifier without angle brackets.
pub(super) fn bare_id(id: &str) -> &str {
    id.trim_matches(['<', '>', ' '])
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

#[cfg(test)]
mod tests {
    use std::ptr;

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::{Bytes, Header, Leaf};

    fn leaf(content_type: &str, part: &str) -> Leaf {
        let raw = Bytes::from(part.to_owned());
        let (header, body) = Header::cut(&raw);
        let declared = header.parameters("content-type");
        Leaf::of(&raw, &header, body..raw.len(), content_type.to_owned(), declared.as_ref())
    }

    /// The text of a part.
    fn text(content_type: &str, part: &str) -> String {
        leaf(content_type, part).text().to_owned()
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
            let part =
                format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{encoded}");
            for part in [part.replace('\n', "\r\n"), part] {
                assert_eq!(text("text/plain", &part), expected, "{part}");
            }
        }
    }

    const ENCODINGS: [&str; 4] = ["8bit", "base64", "quoted-printable", "x-uuencode"];

    #[test]
    fn a_text_is_decoded_once_and_its_html_read_once() {
        for (kind, encoding) in [("plain", 0), ("html", 1), ("html", 2), ("plain", 3)] {
            let head = format!("Content-Type: text/{kind}\nContent-Transfer-Encoding: {}\n\n", ENCODINGS[encoding]);
            let leaf = leaf(&format!("text/{kind}"), &format!("{head}PGI+ZMOpasOgPC9iPg==\n"));
            let (content, text, shown) = (leaf.content(), leaf.text(), leaf.shown());
            assert!(ptr::eq(leaf.content().as_ptr(), content.as_ptr()), "{head}");
            assert!(ptr::eq(leaf.text(), text) && ptr::eq(leaf.shown(), shown), "{head}");
            assert!(ptr::eq(leaf.beginning(1).as_ptr(), content.as_ptr()), "{head}");
            let other = leaf.with_text("<i>autre".to_owned());
            assert_eq!((other.text(), other.shown(), &other.content()[..]), ("<i>autre", "autre", &b"<i>autre"[..]));
        }
    }

    proptest! {
        #[test]
        fn a_beginning_is_that_of_the_whole_whether_it_was_decoded_before_or_not(
            pieces in vec("[A-Za-z0-9+/]{0,12}|[=*é\r\n]{1,2}|[A-Za-z]{76}\r\n|begin 644 a\n|end\n", 0..60),
            most in 1_usize..200,
            encoding in select(ENCODINGS.as_slice()),
        ) {
            let part = format!("Content-Transfer-Encoding: {encoding}\n\n{}", pieces.concat());
            let leaf = leaf("text/plain", &part);
            let before = leaf.beginning(most);
            let whole = leaf.content();
            prop_assert_eq!(&before, &whole.slice(..whole.len().min(most)));
            prop_assert_eq!(leaf.beginning(most), before);
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
            assert_eq!(text("text/html", &part), format!("{meta}{expected}"));
        }
    }
}
