//! Parts that wrap others, opened: signed and encrypted mails (RFC 8551, RFC 3156), winmail.dat (MS-OXTNEF).

use super::{
    cms::{self, Cms},
    leaf::{Disposition, Leaf},
    msg,
    parts::{Multipart, Node, Tree},
    rtf,
    tnef::{self, Text},
};

/// Signed mails within signed mails; people's mails have one, those of a list two.
const MAX_DEPTH: usize = 4;

/// How a file begins that holds a resource fork alone (RFC 1740 appendix A); `AppleSingle` holds the data, too.
const APPLE_DOUBLE: &[u8] = &[0, 5, 0x16, 7];

/// How mail programs name a signature; under another name it is a file.
const SIGNATURES: [&str; 6] =
    ["", "smime.p7s", "smime.p7m", "signature.asc", "openpgp_signature.asc", "openpgp_signature.sig"];

/// What is missing where a mail could not be read as a whole.
pub(super) const INCOMPLETE: &str = "une partie du message, qui n'a pas pu être lue en entier";
/// Where the text of a winmail.dat says something else than what is shown.
pub(super) const SPARE_TEXT: &str = "le texte d'un fichier winmail.dat";
const SIGNATURE: &str = "la signature électronique du message";
const SMIME_ENCRYPTED: &str = "le texte du message, chiffré (S/MIME)";
const PGP_ENCRYPTED: &str = "le texte du message, chiffré (PGP)";
const SMIME_UNREADABLE: &str = "une partie du message au format S/MIME, qui n'a pas pu être lue";
const TNEF_UNREADABLE: &str = "une partie de la pièce jointe winmail.dat, qui n'a pas pu être lue";

/// A mail's parts, none of which wraps others.
pub(super) struct Opened {
    pub(super) root: Node,
    /// A text that counts only where the mail says nothing else.
    pub(super) spare: Option<Leaf>,
    /// A text of another kind, such as RTF, in words.
    pub(super) in_words: Option<Leaf>,
    /// What of the mail is neither text nor file, in French.
    pub(super) cut: Vec<String>,
    /// The first winmail.dat's class of message.
    pub(super) class: Option<String>,
}

impl Opened {
    /// The class that Outlook gives a mail with such a report in it (MS-OXCMAIL section 2.2.3.1), in whatever multipart:
    /// some servers send theirs in `multipart/mixed`. What is attached somebody passes on.
    pub(super) fn report_class(&self) -> Option<&'static str> {
        self.root.leaves().into_iter().filter(|leaf| !leaf.is_attachment()).find_map(|leaf| {
            match leaf.content_type.as_str() {
                "message/disposition-notification" => Some("REPORT.IPM.Note.IPNRN"),
                "message/delivery-status" => Some("REPORT.IPM.Note.NDR"),
                _ => None,
            }
        })
    }
}

/// Opens every part that wraps others. No signature is verified, and what is encrypted stays so.
pub(super) fn open(tree: Tree) -> Opened {
    let mut opener = Opener { parts_left: tree.parts_left, spare: None, cut: Vec::new(), class: None };
    if tree.cut {
        opener.tell(INCOMPLETE);
    }
    let nothing = Node::Multipart { kind: Multipart::Mixed, children: Vec::new() };
    let root = opener.node(tree.root, 0).unwrap_or(nothing);
    let in_words = root.leaves().into_iter().find_map(in_words);
    Opened { root, spare: opener.spare, in_words, cut: opener.cut, class: opener.class }
}

/// Whether a text says anything that can be read.
pub(super) fn says(leaf: &Leaf) -> bool {
    leaf.shown().contains(char::is_alphanumeric)
}

/// Whether an `AppleDouble` file holds a fork that no other program reads (RFC 1740 appendix B): its entries, each of
/// twelve bytes behind 26 of header, begin with their kind; 1 is the file's data.
fn is_resource_fork(content: &[u8]) -> bool {
    // Of a header that is cut off nothing is lost.
    let Some(count) = content.get(24..26) else { return content.starts_with(APPLE_DOUBLE) };
    let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
    let entries: Vec<&[u8]> = content[26..].chunks_exact(12).take(count).collect();
    let holds_data = entries.iter().any(|entry| entry.starts_with(&[0, 0, 0, 1]));
    content.starts_with(APPLE_DOUBLE) && count > 0 && entries.len() == count && !holds_data
}

/// A text of another kind in words; `None` where it says nothing.
fn in_words(leaf: &Leaf) -> Option<Leaf> {
    let words = match leaf.content_type.as_str() {
        _ if leaf.is_attachment() || leaf.name.is_some() => return None,
        "text/rtf" | "application/rtf" => rtf::text(&leaf.content()),
        "text/enriched" | "text/richtext" => without_enrichment(leaf.text()),
        _ => return None,
    };
    Some(Leaf::found("text/plain".to_owned(), None, words.into())).filter(says)
}

/// The words of `text/enriched` (RFC 1896): commands and their parameters stand in angle brackets, `<<` is one, and a
/// lone line end is a blank.
fn without_enrichment(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        words.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('<') {
            words.push('<');
            rest = after;
            continue;
        }
        let (command, after) = rest.split_once('>').unwrap_or((rest, ""));
        rest = after;
        if command.eq_ignore_ascii_case("param") {
            rest = rest.split_once("</param>").map_or("", |(_, after)| after);
        }
    }
    words.push_str(rest);
    words.replace("\n\n", "\0").replace('\n', " ").replace('\0', "\n")
}

fn has_msg_name(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "msg")
}

struct Opener {
    parts_left: usize,
    spare: Option<Leaf>,
    cut: Vec<String>,
    class: Option<String>,
}

impl Opener {
    fn tell(&mut self, what: &str) {
        if !self.cut.iter().any(|told| told == what) {
            self.cut.push(what.to_owned());
        }
    }

    /// The node without wrappers; `None` where nothing of it can be shown or handed over.
    fn node(&mut self, node: Node, depth: usize) -> Option<Node> {
        match node {
            Node::Multipart { kind: Multipart::Encrypted, .. } => {
                self.tell(PGP_ENCRYPTED);
                None
            }
            Node::Multipart { kind, children } => {
                let is_signed = kind == Multipart::Signed;
                let mut children: Vec<Node> =
                    children.into_iter().filter_map(|child| self.node(child, depth)).collect();
                // What was signed takes the place of both, so that a lone text stays the mail's text.
                if is_signed && children.len() == 1 { children.pop() } else { Some(Node::Multipart { kind, children }) }
            }
            Node::Leaf(leaf) => self.leaf(leaf, depth),
        }
    }

    fn leaf(&mut self, leaf: Leaf, depth: usize) -> Option<Node> {
        let name = leaf.name.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
        match leaf.content_type.as_str() {
            "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature"
                if SIGNATURES.contains(&name.as_str()) =>
            {
                self.tell(SIGNATURE);
                None
            }
            "application/pgp-encrypted" => {
                self.tell(PGP_ENCRYPTED);
                None
            }
            // Under another name it is a signed document, not the mail itself.
            "application/pkcs7-mime" | "application/x-pkcs7-mime" if ["", "smime.p7m"].contains(&name.as_str()) => {
                self.cms(leaf, depth)
            }
            "application/octet-stream" if name == "smime.p7m" => self.cms(leaf, depth),
            "application/octet-stream" if name == "encrypted.asc" => {
                self.tell(PGP_ENCRYPTED);
                None
            }
            // What a Macintosh keeps beside a file: its icon, its place on the screen.
            "application/applefile" if is_resource_fork(&leaf.content()) => None,
            "application/ms-tnef" | "application/vnd.ms-tnef" => Some(self.tnef(leaf)),
            _ if name == "winmail.dat" => Some(self.tnef(leaf)),
            kind if kind == "application/vnd.ms-outlook" || has_msg_name(&name) => Some(self.saved(leaf)),
            // Outlook saves under any name.
            "application/octet-stream" if msg::is_compound(&leaf.content()) => Some(self.saved(leaf)),
            "text/plain" if !leaf.is_attachment() => Some(Node::Leaf(self.armoured(leaf))),
            _ => Some(Node::Leaf(leaf)),
        }
    }

    fn cms(&mut self, leaf: Leaf, depth: usize) -> Option<Node> {
        match cms::open(&leaf.content()) {
            Cms::Signed(entity) if depth < MAX_DEPTH => {
                self.tell(SIGNATURE);
                let inner = Tree::entity(&entity, self.parts_left);
                self.parts_left = inner.parts_left;
                if inner.cut {
                    self.tell(INCOMPLETE);
                }
                self.node(inner.root, depth + 1)
            }
            // Certificates, for instance: a file.
            Cms::Bare => Some(Node::Leaf(leaf)),
            Cms::Encrypted => {
                self.tell(SMIME_ENCRYPTED);
                None
            }
            Cms::Signed(_) | Cms::Unreadable => {
                self.tell(SMIME_UNREADABLE);
                None
            }
        }
    }

    fn tnef(&mut self, leaf: Leaf) -> Node {
        let content = leaf.content();
        if !tnef::is_tnef(&content) {
            return Node::Leaf(leaf);
        }
        let tnef = tnef::read(&content, self.parts_left);
        self.parts_left -= tnef.files.len();
        self.class = self.class.take().or(tnef.class);
        if !tnef.whole {
            self.tell(TNEF_UNREADABLE);
        }
        let text = tnef.text.map(|text| match text {
            Text::Html(html) => Leaf::found("text/html".to_owned(), None, html.into()),
            Text::Plain(text) => Leaf::found("text/plain".to_owned(), None, text.into()),
        });
        if let Some(text) = text.filter(says) {
            if self.spare.is_some() {
                self.tell(SPARE_TEXT);
            } else {
                self.spare = Some(text);
            }
        }
        let files = tnef.files.into_iter().map(|file| {
            let content_type = file.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            let mut leaf = Leaf::found(content_type, file.name, file.content);
            leaf.disposition = Disposition::Attachment;
            leaf.content_id = file.content_id;
            Node::Leaf(leaf)
        });
        Node::Multipart { kind: Multipart::Mixed, children: files.collect() }
    }

    /// A mail that Outlook saved as a file, as the mail it is, with its files beside it.
    fn saved(&mut self, leaf: Leaf) -> Node {
        let content = leaf.content();
        let Some(msg) = msg::is_compound(&content).then(|| msg::read(&content)).flatten() else {
            return Node::Leaf(leaf);
        };
        if msg.files.len() + 1 > self.parts_left {
            return Node::Leaf(leaf);
        }
        self.parts_left -= msg.files.len() + 1;
        let title = msg.title.map(|title| format!("{}.eml", title.replace(['/', '\\'], "-")));
        let attached = |kind: String, name, content| {
            let mut leaf = Leaf::found(kind, name, content);
            leaf.disposition = Disposition::Attachment;
            Node::Leaf(leaf)
        };
        let mut children = vec![attached("message/rfc822".to_owned(), title, msg.mail)];
        children.extend(msg.files.into_iter().map(|(name, kind, content)| {
            attached(kind.unwrap_or_else(|| "application/octet-stream".to_owned()), name, content)
        }));
        if !msg.whole {
            children.push(Node::Leaf(leaf));
        }
        Node::Multipart { kind: Multipart::Mixed, children }
    }

    /// A text without the armour of PGP around what is signed or encrypted in it (RFC 9580 sections 6 and 7).
    fn armoured(&mut self, leaf: Leaf) -> Leaf {
        let content = leaf.content();
        if !content.windows(ARMOUR.len()).any(|window| window == ARMOUR.as_bytes()) {
            return leaf;
        }
        let text = leaf.text();
        let mut shown = String::with_capacity(text.len());
        let mut place = Place::Outside;
        for line in text.lines() {
            let mark = line.trim_end().strip_prefix(ARMOUR).and_then(|mark| mark.strip_suffix("-----"));
            place = match (mark, place) {
                (Some("MESSAGE"), _) => {
                    self.tell(PGP_ENCRYPTED);
                    Place::Armour
                }
                (Some("SIGNED MESSAGE"), _) => {
                    self.tell(SIGNATURE);
                    Place::Header
                }
                (Some("SIGNATURE"), _) => {
                    self.tell(SIGNATURE);
                    Place::Armour
                }
                (_, Place::Header) if line.trim().is_empty() => Place::Signed,
                (_, Place::Armour) if line.starts_with("-----END PGP ") => Place::Outside,
                (_, place @ (Place::Outside | Place::Signed)) => {
                    let escaped = if place == Place::Signed { line.strip_prefix("- ") } else { None };
                    shown.push_str(escaped.unwrap_or(line));
                    shown.push('\n');
                    place
                }
                (_, place) => place,
            };
        }
        leaf.with_text(shown)
    }
}

const ARMOUR: &str = "-----BEGIN PGP ";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// The fields above a signed text.
    Header,
    Signed,
    /// Letters for a program.
    Armour,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::{
        super::{cms, tnef},
        APPLE_DOUBLE, Opened, Tree, open,
    };

    fn opened(mail: &str) -> Opened {
        open(Tree::entity(&Bytes::from(mail.to_owned()), 1000))
    }

    /// The types, names and texts of the parts, and what was cut; CRLF and LF alike.
    fn parts(mail: &str) -> (Vec<String>, Vec<String>) {
        let read = |mail: &str| {
            let Opened { root, cut, .. } = opened(mail);
            let part = |leaf: &&super::Leaf| {
                format!("{} {} {}", leaf.content_type, leaf.name.as_deref().unwrap_or("-"), leaf.text().trim_end())
            };
            (root.leaves().iter().map(part).collect::<Vec<_>>(), cut)
        };
        let parts = read(mail);
        assert_eq!(read(&mail.replace('\n', "\r\n")), parts);
        parts
    }

    fn cms_part(content: &[u8]) -> String {
        let encoded = BASE64.encode(content);
        format!(
            "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n{encoded}\n"
        )
    }

    fn told(parts: &[&str], cut: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        (owned(parts), owned(cut))
    }

    #[test]
    fn a_signature_is_no_file() {
        for (protocol, name) in [("pkcs7-signature", "smime.p7s"), ("pgp-signature", "signature.asc")] {
            let mail = format!(
                "Content-Type: multipart/signed; boundary=s\n\n--s\nContent-Type: text/plain; name=x.txt\n\nBonjour\n\
                 --s\nContent-Type: application/{protocol}; name={name}\n\nMIIx\n--s--\n"
            );
            assert_eq!(parts(&mail), told(&["text/plain x.txt Bonjour"], &["la signature électronique du message"]));
        }
        let disguised = "Content-Type: multipart/signed; boundary=s\n\n--s\n\nBonjour\n--s\n\
                         Content-Type: application/pgp-signature; name=jeu.exe\n\nMZ\n--s--\n";
        assert_eq!(parts(disguised).0[1], "application/pgp-signature jeu.exe MZ");
        let document = "Content-Type: application/pkcs7-signature; name=contrat.pdf.p7s\n\nx";
        assert_eq!(parts(document), told(&["application/pkcs7-signature contrat.pdf.p7s x"], &[]));
    }

    #[test]
    fn a_wrapped_mail_is_read_in_its_place() {
        let inner = "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nBonjour\n--i\n\
                     Content-Type: text/csv; name=a.csv\n\n1;2\n--i--\n";
        let once = cms::tests::signed(inner.as_bytes());
        let expected = told(&["text/plain - Bonjour", "text/csv a.csv 1;2"], &["la signature électronique du message"]);
        assert_eq!(parts(&cms_part(&once)), expected);
        let twice = cms::tests::signed(cms_part(&once).as_bytes());
        assert_eq!(parts(&cms_part(&twice)), expected);
        let mut deep = once;
        for _ in 0..6 {
            deep = cms::tests::signed(cms_part(&deep).as_bytes());
        }
        assert_eq!(parts(&cms_part(&deep)).1.len(), 2);
    }

    #[test]
    fn what_is_encrypted_is_said_and_no_file() {
        let smime = "le texte du message, chiffré (S/MIME)";
        let pgp = "le texte du message, chiffré (PGP)";
        assert_eq!(parts(&cms_part(&cms::tests::enveloped())), told(&[], &[smime]));
        let signed = cms::tests::signed(cms_part(&cms::tests::enveloped()).as_bytes());
        assert_eq!(parts(&cms_part(&signed)), told(&[], &["la signature électronique du message", smime]));
        let mime = "Content-Type: multipart/encrypted; boundary=e\n\n--e\nContent-Type: application/pgp-encrypted\n\n\
                    Version: 1\n--e\nContent-Type: application/octet-stream; name=encrypted.asc\n\nx\n--e--\n";
        assert_eq!(parts(mime), told(&[], &[pgp]));
        assert_eq!(parts(&mime.replace("encrypted; b", "mixed; b")), told(&[], &[pgp]));
        let inline =
            "Content-Type: text/plain\n\nVoici :\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\nfin";
        assert_eq!(parts(inline), told(&["text/plain - Voici :\nfin"], &[pgp]));
        assert_eq!(parts(&cms_part(b"x")).1, ["une partie du message au format S/MIME, qui n'a pas pu être lue"]);
    }

    #[test]
    fn a_text_signed_in_line_is_shown_without_its_armour() {
        let mail = "Content-Type: text/plain\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nBonjour\n- -- \nX\n\
                    -----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n";
        assert_eq!(parts(mail), told(&["text/plain - Bonjour\n-- \nX"], &["la signature électronique du message"]));
    }

    #[test]
    fn the_files_of_a_winmail_dat_are_files_of_the_mail() {
        let encoded = BASE64.encode(&tnef::tests::winmail());
        for head in ["application/ms-tnef", "application/octet-stream; name=WINMAIL.DAT"] {
            let mail = format!("Content-Type: {head}\nContent-Transfer-Encoding: base64\n\n{encoded}\n");
            let expected =
                ["application/octet-stream Bilan de l'école.pdf %PDF-1.7", "application/octet-stream relevé.txt x"];
            assert_eq!(parts(&mail), told(&expected, &[]));
            assert_eq!(opened(&mail).spare.unwrap().text(), "L'accès ne marche pas.\n");
        }
        let other = "Content-Type: application/ms-tnef; name=a.dat\n\nx";
        assert_eq!(parts(other), told(&["application/ms-tnef a.dat x"], &[]));
    }

    #[test]
    fn the_files_of_all_winmail_dats_are_bounded_together() {
        let encoded = BASE64.encode(&tnef::tests::winmail());
        let part = format!("--m\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n{encoded}\n");
        let mail = format!("Content-Type: multipart/mixed; boundary=m\n\n{}--m--\n", part.repeat(4));
        let Opened { root, cut, .. } = open(Tree::entity(&Bytes::from(mail), 7));
        assert_eq!(root.leaves().len(), 3);
        assert!(
            cut.contains(&"une partie de la pièce jointe winmail.dat, qui n'a pas pu être lue".to_owned()),
            "{cut:?}"
        );
    }

    #[test]
    fn the_resource_fork_of_a_file_is_no_file() {
        let mail = |magic: &[u8]| {
            format!(
                "Content-Type: multipart/appledouble; boundary=a\n\n--a\nContent-Type: application/applefile; name=a.xls\n\
                 Content-Transfer-Encoding: base64\n\n{}\n--a\nContent-Type: application/vnd.ms-excel; name=a.xls\n\nx\n--a--",
                BASE64.encode(magic)
            )
        };
        let header = |kind: u8| [APPLE_DOUBLE, &[0, 2, 0, 0], &[0; 16], &[0, 1, 0, 0, 0, kind], &[0; 8]].concat();
        assert_eq!(parts(&mail(&header(2))), told(&["application/vnd.ms-excel a.xls x"], &[]));
        assert_eq!(parts(&mail(&header(1))).0.len(), 2);
        assert_eq!(parts(&mail(&[APPLE_DOUBLE, b"MZ", &[0; 30]].concat())).0.len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_opened(text in "(-----BEGIN PGP (MESSAGE|SIGNATURE|SIGNED MESSAGE)-----\n|-----END PGP X-----\n|a\n|\n|- b\n){0,12}") {
            let shown = opened(&format!("Content-Type: text/plain\n\n{text}"));
            prop_assert!(shown.root.leaves()[0].text().len() <= text.len() + 1);
        }
    }
}
