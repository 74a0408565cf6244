//! Which parts are the text of a mail and which are its files, and what becomes of both.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use data_encoding::BASE64_MIME_PERMISSIVE;
use sha2::{Digest, Sha256};

use super::{
    appointment::Calendar,
    continued::percent_decoded,
    forwarded,
    header::Header,
    history::{self, Kind},
    html,
    leaf::{Disposition, Leaf},
    names::FileNames,
    texts::{self, content, letters, plain},
    unwrap::{Opened, SPARE_TEXT, says},
};
use crate::{
    request::{Attachment, Body, Reference},
    text::html_text,
};

/// What all texts of a mail may take as HTML, bytes; beyond it they go along as files.
const MAX_TEXT: usize = 500_000;
/// Images written into the HTML itself that become files; the others are named in their place.
const MAX_DATA_IMAGES: usize = 200;
/// How long the name of an image in a plain text may be, bytes.
const MAX_CONTENT_ID: usize = 200;
/// How large a form of the text is compared with another, bytes, and how many words of it may be missing there.
const MAX_COMPARED: usize = 2_000_000;
const FEW_WORDS: usize = 20;
/// Where another form of the text says something else than what is shown.
const OTHER_FORM: &str = "une autre version du texte du message, qui dit autre chose";
/// Attached mails that are shown, too; all are files.
const MAX_FORWARDED: usize = 20;

/// What became of a mail's parts.
pub(super) struct Written {
    pub(super) body: Body,
    pub(super) attachments: Vec<Attachment>,
    /// What is in neither, in French.
    pub(super) cut: Vec<String>,
}

/// Writes the body and hands over every file, in the order of the mail.
pub(super) fn write(opened: &Opened, calendar: Option<&Calendar>, reference: Reference, kind: Kind) -> Written {
    let content = content(opened);
    let mut files = Files::new(&content.files, reference);
    let mut whole = String::new();
    for leaf in &content.texts {
        if !whole.is_empty() {
            whole.push_str("<br>");
        }
        let left = MAX_TEXT.saturating_sub(whole.len());
        whole.push_str(&fragment(leaf, left, &mut files));
    }
    let is_silent = !content.texts.iter().any(|leaf| says(leaf));
    if let Some(summary) = calendar.and_then(Calendar::summary).filter(|_| is_silent) {
        whole.push_str(&html_text::to_html(&summary));
    }
    let was_html = content.texts.iter().any(|leaf| leaf.content_type == "text/html");
    let mut parted = history::fold(&whole, kind, was_html);
    let shown = content
        .files
        .iter()
        .filter(|leaf| forwarded::is_mail(leaf) && (leaf.disposition == Disposition::Inline || is_silent));
    let written = parted.visible.len();
    for mail in shown.take(MAX_FORWARDED) {
        let left = MAX_TEXT.saturating_sub(parted.visible.len());
        parted.visible.push_str(&forwarded::block(&mail.content(), left));
    }
    if parted.visible.len() > written {
        parted.text = html_text::from_html(&parted.visible);
    }
    let body = Body { text: parted.text, html: parted.visible, folded_html: parted.folded };
    let mut attachments = files.attachments();
    let is_shown = |tag: &String| {
        let image = format!("<img id=\"{tag}\">");
        body.html.contains(&image) || body.folded_html.as_ref().is_some_and(|folded| folded.contains(&image))
    };
    for attachment in &mut attachments {
        // Its text may have become a file after all.
        attachment.inline_tag = attachment.inline_tag.take().filter(is_shown);
    }
    let mut cut = Vec::new();
    if opened.spare.as_ref().is_some_and(|spare| !letters(&content.texts).contains(&letters(&[spare]))) {
        cut.push(SPARE_TEXT.to_owned());
    }
    if says_else(&content.others, &content.texts) {
        cut.push(OTHER_FORM.to_owned());
    }
    Written { body, attachments, cut }
}

/// Puts a subject that is too long for a title above the text.
pub(super) fn begin_with_subject(body: &mut Body, subject: &str) {
    let mut html = "<p><strong>Objet :</strong> ".to_owned();
    html_text::escape(&mut html, subject);
    html.push_str("</p>");
    html.push_str(&body.html);
    body.text = html_text::from_html(&html);
    body.html = html;
}

/// Whether most words of another form are in none of the shown texts, and not only a few: «Please use a program that
/// reads HTML» is what programs write.
fn says_else(others: &[&Leaf], shown: &[&Leaf]) -> bool {
    if others.is_empty() || others.iter().chain(shown).any(|leaf| leaf.content().len() > MAX_COMPARED) {
        return false;
    }
    let text = |leaf: &&Leaf| texts::words(leaf).to_lowercase();
    let shown: Vec<String> = shown.iter().map(text).collect();
    let shown: HashSet<&str> = shown.iter().flat_map(|text| words(text)).collect();
    others.iter().map(text).any(|other| {
        let (all, missing) =
            words(&other).fold((0, 0), |(all, missing), word| (all + 1, missing + usize::from(!shown.contains(word))));
        missing > FEW_WORDS && missing * 2 > all
    })
}

/// The words of a text, without addresses, which HTML does not show.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let said = text.split_whitespace().filter(|word| !word.contains("://") && !word.contains(['@', '[']));
    said.flat_map(|word| word.split(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty())
}

/// Plain text as HTML, with the images in it that Outlook names «[cid:…]».
fn plain_to_html(text: &str, files: &mut Files<'_>) -> String {
    const MARK: &str = "[cid:";
    let html = html_text::to_html(text);
    let mut placed = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(at) = rest.find(MARK) {
        let (before, found) = rest.split_at(at);
        placed.push_str(before);
        let end = found.bytes().take(MAX_CONTENT_ID).position(|byte| matches!(byte, b']' | b' ' | b'<'));
        let Some(end) = end.filter(|&end| found.as_bytes()[end] == b']') else {
            placed.push_str(MARK);
            rest = &found[MARK.len()..];
            continue;
        };
        match files.tag_of(&found[1..end]) {
            Some(tag) => placed.extend(["<img id=\"", &tag, "\">"]),
            None => placed.extend(["[", ABSENT_IMAGE, "]"]),
        }
        rest = &found[end + 1..];
    }
    placed.push_str(rest);
    placed
}

/// One text as sanitised HTML with its images placed. What is too intricate or has no room, bytes, goes
/// along as a file.
fn fragment(leaf: &Leaf, room: usize, files: &mut Files<'_>) -> String {
    let text = plain(leaf);
    if leaf.content_type == "text/html" {
        let place = |clean: String| html::place_images(&clean, ABSENT_IMAGE, |source| files.tag_of(source));
        let shown = html::sanitise(&text).map(place);
        shown.filter(|html| html.len() <= room).unwrap_or_else(|| {
            let name = files.add("message.html", leaf);
            beginning(leaf.shown(), room, name)
        })
    } else if text.len() <= room {
        plain_to_html(&text, files)
    } else {
        let name = files.add("message.txt", leaf);
        beginning(&text, room, name)
    }
}

/// What stands for an image that the text wants to show and the mail does not hold.
const ABSENT_IMAGE: &str = "image absente du message";

/// As much of a text as there is room for, and where the whole is.
fn beginning(text: &str, room: usize, file: &str) -> String {
    let beginning = &text[..text.floor_char_boundary(room)];
    format!("{}<p>[Le texte complet est dans la pièce jointe {file}.]</p>", html_text::to_html(beginning))
}

/// The files of a mail, with those that its texts show or leave to a file.
struct Files<'a> {
    reference: Reference,
    parts: Vec<(&'a Leaf, Option<String>)>,
    by_content_id: HashMap<&'a str, usize>,
    /// By the name or place that HTML may use instead; `None` for several of one name.
    by_name: HashMap<&'a str, Option<usize>>,
    added: Vec<Added>,
}

struct Added {
    name: Option<&'static str>,
    content_type: String,
    content: Bytes,
    inline_tag: Option<String>,
}

impl<'a> Files<'a> {
    fn new(parts: &[&'a Leaf], reference: Reference) -> Self {
        let (mut by_content_id, mut by_name) = (HashMap::new(), HashMap::new());
        for (index, leaf) in parts.iter().enumerate() {
            if let Some(id) = leaf.content_id.as_deref().filter(|_| is_shown_image(leaf)) {
                by_content_id.entry(id).or_insert(index);
            }
            let location = leaf.location.as_deref().and_then(|place| place.rsplit(['/', '\\']).next());
            let name = leaf.name.as_deref().filter(|name| location != Some(*name));
            for name in [location, name].into_iter().flatten().filter(|_| is_shown_image(leaf)) {
                by_name.entry(name).and_modify(|index| *index = None).or_insert(Some(index));
            }
        }
        Self {
            reference,
            parts: parts.iter().map(|&leaf| (leaf, None)).collect(),
            by_content_id,
            by_name,
            added: Vec::new(),
        }
    }

    /// The tag of the image that a `cid:` or `data:` address means, if it is there.
    fn tag_of(&mut self, address: &str) -> Option<String> {
        let (scheme, rest) = address.trim().split_once(':')?;
        if scheme.eq_ignore_ascii_case("data") {
            if self.added.len() >= MAX_DATA_IMAGES {
                return None;
            }
            let (media, data) = rest.split_once(',')?;
            let content_type = media.strip_suffix(";base64")?.to_ascii_lowercase();
            let is_image = content_type.starts_with("image/") && content_type != "image/svg+xml";
            let content = BASE64_MIME_PERMISSIVE.decode(data.as_bytes()).ok().filter(|_| is_image)?;
            let tag = inline_tag(self.reference, self.parts.len() + self.added.len());
            self.added.push(Added { name: None, content_type, content: content.into(), inline_tag: Some(tag.clone()) });
            return Some(tag);
        }
        // RFC 2392: `%40` stands for `@`; not all software knows.
        let decoded = String::from_utf8(percent_decoded(rest)).unwrap_or_default();
        let by_id = self.by_content_id.get(decoded.as_str()).or(self.by_content_id.get(rest)).copied();
        let by_name = || self.by_name.get(decoded.as_str()).or(self.by_name.get(rest)).copied().flatten();
        let index = by_id.or_else(by_name)?;
        let tag = inline_tag(self.reference, index);
        self.parts.get_mut(index)?.1 = Some(tag.clone());
        Some(tag)
    }

    /// Lets a text go along as a file.
    fn add(&mut self, name: &'static str, leaf: &Leaf) -> &'static str {
        let content_type = leaf.content_type.clone();
        self.added.push(Added { name: Some(name), content_type, content: leaf.content(), inline_tag: None });
        name
    }

    fn attachments(self) -> Vec<Attachment> {
        let mut names = FileNames::default();
        let parts = self.parts.into_iter().map(|(leaf, inline_tag)| {
            let content = leaf.content();
            let declared = leaf.name.clone().or_else(|| subject_of_mail(leaf, &content));
            (declared, leaf.content_type.clone(), content, inline_tag)
        });
        let added = self
            .added
            .into_iter()
            .map(|file| (file.name.map(str::to_owned), file.content_type, file.content, file.inline_tag));
        parts
            .chain(added)
            .map(|(declared, content_type, content, inline_tag)| Attachment {
                name: names.name(declared.as_deref(), &content_type),
                content_type,
                content,
                inline_tag,
            })
            .collect()
    }
}

/// Whether a part may be shown inside the text. SVG is a document that can act, not a picture.
fn is_shown_image(leaf: &Leaf) -> bool {
    let has_image_name = || {
        let name = leaf.name.as_deref().unwrap_or_default().to_ascii_lowercase();
        [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"].iter().any(|end| name.ends_with(end))
    };
    match leaf.content_type.as_str() {
        "image/svg+xml" => false,
        "application/octet-stream" => has_image_name(),
        other => other.starts_with("image/"),
    }
}

/// An attached mail is called by its subject.
fn subject_of_mail(leaf: &Leaf, content: &[u8]) -> Option<String> {
    if !forwarded::is_mail(leaf) {
        return None;
    }
    let (header, _) = Header::cut(content);
    // A slash in a subject is no path.
    header.text("subject", 120).map(|subject| format!("{}.eml", subject.replace(['/', '\\'], "-")))
}

/// A mark in the form of GLPI's own (`Rule::getUuid`): unique among a mail's files, and the same when the
/// same mail comes again.
fn inline_tag(reference: Reference, index: usize) -> String {
    let digest = Sha256::digest(format!("inline {reference} {index}"));
    let word = |at: usize| digest[at..at + 4].iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
    format!("{:08x}-{:08x}-{:08x}.{:08}", word(0), word(4), word(8), word(12) % 100_000_000)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use data_encoding::BASE64;

    use super::{Kind, Reference, inline_tag, write};
    use crate::{
        intake::mime::{appointment, parts::Tree, tnef, unwrap},
        request::{Attachment, Body},
    };

    fn written(mail: &str) -> (Body, Vec<Attachment>) {
        let opened = unwrap::open(Tree::entity(&Bytes::from(mail.to_owned()), 1000));
        let written =
            write(&opened, appointment::of(&opened.root).as_ref(), Reference::new("mail", "", b"x"), Kind::Own);
        (written.body, written.attachments)
    }

    #[test]
    fn the_text_of_a_winmail_dat_that_is_not_shown_is_told() {
        let winmail = BASE64.encode(&tnef::tests::winmail());
        let cut = |text: &str| {
            let head = "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64";
            let mail = multipart("mixed", &[("Content-Type: text/plain", text), (head, &winmail)]);
            let opened = unwrap::open(Tree::entity(&Bytes::from(mail), 1000));
            write(&opened, None, Reference::new("mail", "", b"x"), Kind::Own).cut
        };
        assert_eq!(cut("-- \nListe de diffusion"), ["le texte d'un fichier winmail.dat"]);
        assert_eq!(cut("Bonjour,\nl'accès ne\nmarche pas. L'accès ne marche pas !"), [""; 0]);
        assert_eq!(cut(""), [""; 0]);
    }

    #[test]
    fn images_in_the_html_become_files_up_to_a_number() {
        let image = "<img src='data:image/png;base64,iVBORw0K'>";
        let (body, files) = written(&format!("Content-Type: text/html\n\n<p>x {}</p>", image.repeat(203)));
        assert_eq!((files.len(), body.html.matches("[image absente du message]").count()), (200, 3));
    }

    #[test]
    fn a_form_that_only_stands_for_an_image_says_nothing() {
        let image = "Content-Type: image/png; name=image001.png\nContent-ID: <image001.png@01D>";
        let html = ("Content-Type: text/html", "<p><img src='cid:image001.png@01D'></p>");
        for plain in
            ["[cid:image001.png@01D]", "[image: image.png]", "<image001.png>", "[Une image contenant texte]\n\n"]
        {
            let inner = multipart("alternative", &[("Content-Type: text/plain", plain), html]);
            let (body, files) = written(&multipart("related", &[nested(&inner), (image, "png")]));
            let tag = files[0].inline_tag.as_deref().unwrap();
            assert_eq!(body.html, format!("<p><img id=\"{tag}\"></p>"), "{plain}");
        }
        let none = ("Content-Type: text/html", "<p><br></p>");
        let urgent = multipart("alternative", &[("Content-Type: text/plain", "[URGENT]"), none]);
        assert_eq!(written(&urgent).0.text, "[URGENT]");
        let plain = ("Content-Type: text/plain", "Voici :\n[cid:image001.png@01D] [cid:autre] [cid: x]");
        let (body, files) = written(&multipart("mixed", &[plain, (image, "png")]));
        let tag = files[0].inline_tag.as_deref().unwrap();
        assert_eq!(body.html, format!("<p>Voici :<br><img id=\"{tag}\"> [image absente du message] [cid: x]</p>"));
    }

    #[test]
    fn the_text_of_what_belongs_together_may_stand_anywhere() {
        let image = ("Content-Type: image/png; name=a.png\nContent-ID: <a@x>", "png");
        let html = ("Content-Type: text/html\nContent-ID: <root@x>", "Voir : <img src=cid:a@x>");
        let other = ("Content-Type: text/plain\nContent-ID: <other@x>", "autre");
        let first = multipart("related", &[image, html]);
        let started = multipart("related; start=\"<root@x>\"", &[other, html, image])
            .replace("--related; start=\"<root@x>\"x", "--r")
            .replace("boundary=related; start=\"<root@x>\"x", "boundary=r");
        for mail in [first, started] {
            let (body, files) = written(&mail);
            assert!(
                body.html.starts_with("Voir : <img id=") && files[0].inline_tag.is_some()
                    || files[1].inline_tag.is_some(),
                "{mail}"
            );
            assert_eq!(body.text, "Voir :", "{mail}");
        }
    }

    fn names(attachments: &[Attachment]) -> Vec<&str> {
        attachments.iter().map(|attachment| attachment.name.as_str()).collect()
    }

    /// A multipart of these parts, each header and body.
    fn multipart(kind: &str, parts: &[(&str, &str)]) -> String {
        let mut mail = format!("Content-Type: multipart/{kind}; boundary={kind}x\n\n");
        for (header, body) in parts {
            mail.extend(["--", kind, "x\n", header, "\n\n", body, "\n"]);
        }
        format!("{mail}--{kind}x--\n")
    }

    fn nested(mail: &str) -> (&str, &str) {
        mail.split_once("\n\n").unwrap()
    }

    #[test]
    fn html_is_preferred_where_it_says_something() {
        let (plain, html) = (("Content-Type: text/plain", "simple"), ("Content-Type: text/html", "<b>riche</b>"));
        assert_eq!(written(&multipart("alternative", &[plain, html])).0.html, "<b>riche</b>");
        assert_eq!(written(&multipart("alternative", &[html, plain])).0.html, "<b>riche</b>");
        let empty = ("Content-Type: text/html", "<html><body><br></body></html>");
        assert_eq!(written(&multipart("alternative", &[plain, empty])).0.text, "simple");
    }

    #[test]
    fn two_texts_of_one_kind_are_no_forms_of_one_text() {
        for kind in ["plain", "html"] {
            let head = format!("Content-Type: text/{kind}");
            let texts = |first: &str, second: &str| {
                written(&multipart("alternative", &[(head.as_str(), first), (head.as_str(), second)])).0.text
            };
            let both = texts("Le livret ne sort pas.", "Merci de rappeler.");
            assert_eq!(both.lines().filter(|line| !line.is_empty()).count(), 2, "{both}");
            assert_eq!(texts("Le livret ne sort pas.", "Le livret  ne sort pas."), "Le livret ne sort pas.");
            assert_eq!(texts("Merci", ""), "Merci");
        }
    }

    #[test]
    fn another_form_that_says_something_else_is_told() {
        let request = "Bonjour, depuis ce matin les bilans du CE2 ne sortent plus : la page reste blanche, puis une erreur \
            s'affiche. Nous devons les remettre aux familles vendredi soir au plus tard. Merci de votre aide.";
        let note = "Votre logiciel ne lit pas le HTML. Voir https://exemple.fr/une/longue/adresse/de/suivi";
        let cut = |plain: &str, html: &str| {
            let parts = [("Content-Type: text/plain", plain), ("Content-Type: text/html", html)];
            let mail = multipart("mixed", &[nested(&multipart("alternative", &parts))]);
            let opened = unwrap::open(Tree::entity(&Bytes::from(mail), 1000));
            write(&opened, None, Reference::new("mail", "", b"x"), Kind::Own).cut
        };
        assert_eq!(
            cut(request, "<p>École des Tilleuls</p>"),
            ["une autre version du texte du message, qui dit autre chose"]
        );
        assert_eq!(cut(request, &format!("<div>{request}</div><p>Cordialement</p>")), [""; 0]);
        assert_eq!(cut(note, &format!("<p>{request}</p>")), [""; 0]);
    }

    #[test]
    fn files_inside_an_alternative_are_kept_and_other_forms_are_not() {
        let inner = multipart(
            "mixed",
            &[
                ("Content-Type: text/html", "avant"),
                ("Content-Type: application/pdf; name=a.pdf", "x"),
                ("Content-Type: text/html", "après"),
            ],
        );
        let (body, files) = written(&multipart(
            "alternative",
            &[
                ("Content-Type: text/plain", "simple"),
                ("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
                ("Content-Type: text/x-amp-html", "<html amp4email>"),
                nested(&inner),
            ],
        ));
        assert_eq!(body.text, "avant\naprès");
        assert_eq!(names(&files), ["piece-jointe-1.ics", "a.pdf"]);
    }

    #[test]
    fn images_are_tied_to_their_place() {
        let related = multipart(
            "related",
            &[
                ("Content-Type: text/html", "Voir : <img src=\"cid:image001.png%4001D\"><img src=\"cid:inconnue\">"),
                ("Content-Type: image/png; name=image001.png\nContent-ID: <image001.png@01D>", "png"),
                ("Content-Type: image/png; name=logo.png\nContent-ID: <logo@x>", "png"),
            ],
        );
        let (body, files) = written(&related);
        let tag = files[0].inline_tag.clone().unwrap();
        assert_eq!(body.html, format!("Voir : <img id=\"{tag}\">[image absente du message]"));
        assert_eq!((names(&files), &files[1].inline_tag), (vec!["image001.png", "logo.png"], &None));
        assert_eq!(written(&related).1[0].inline_tag, Some(tag));

        let (body, files) = written("Content-Type: text/html\n\n<p>x <img src='data:image/png;base64,iVBORw0K'></p>");
        assert_eq!(files[0].name, "piece-jointe-1.png");
        assert_eq!(&files[0].content[..], b"\x89PNG\r\n");
        assert!(body.html.contains(files[0].inline_tag.as_deref().unwrap()));
    }

    #[test]
    fn an_attached_mail_is_a_file_named_by_its_subject() {
        let (body, files) = written(&multipart(
            "mixed",
            &[
                ("Content-Type: text/plain", "Voir le message joint."),
                ("Content-Type: message/rfc822", "From: x@y.fr\nSubject: =?utf-8?Q?Probl=C3=A8me_1/2?=\n\nBonjour"),
            ],
        ));
        assert_eq!(body.text, "Voir le message joint.");
        assert_eq!(names(&files), ["Problème 1-2.eml"]);
        assert!(files[0].content.starts_with(b"From: x@y.fr"));
    }

    #[test]
    fn an_attached_mail_is_shown_where_it_is_inline_or_all_there_is() {
        let (own, mail) = (("Content-Type: text/plain", "Voir :"), "From: x@y.fr\nSubject: LSU\n\nBonjour");
        let inline = ("Content-Type: message/rfc822\nContent-Disposition: inline", mail);
        let attached = ("Content-Type: message/rfc822\nContent-Disposition: attachment", mail);
        let shown = "Message transféré\nDe : x@y.fr\nObjet : LSU\n\nBonjour";
        for (kind, parts, expected) in [
            ("mixed", vec![own, inline], format!("Voir :\n\n{shown}")),
            ("mixed", vec![own, attached], "Voir :".to_owned()),
            ("mixed", vec![attached], shown.to_owned()),
            ("digest", vec![("X: y", mail)], shown.to_owned()),
        ] {
            let (body, files) = written(&multipart(kind, &parts));
            assert_eq!((body.text, names(&files)), (expected, vec!["LSU.eml"]));
        }
    }

    #[test]
    fn an_appointment_is_told_where_nothing_else_is() {
        let event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Réunion\nEND:VEVENT\nEND:VCALENDAR";
        let (calendar, plain) = (("Content-Type: text/calendar", event), ("Content-Type: text/plain", "Venez."));
        let (body, files) = written(&multipart("mixed", &[calendar]));
        assert_eq!((body.text.as_str(), names(&files)), ("Rendez-vous : Réunion", vec!["piece-jointe-1.ics"]));
        assert_eq!(written(&multipart("alternative", &[plain, calendar])).0.text, "Venez.");
        assert_eq!(written(&format!("Content-Type: text/calendar\n\n{event}")).0.text, "Rendez-vous : Réunion");
    }

    #[test]
    fn text_files_are_files_and_a_lone_text_is_the_text() {
        let (body, files) = written(&multipart(
            "mixed",
            &[
                ("Content-Type: text/plain", "corps"),
                ("Content-Type: text/plain; name=journal.log", "log"),
                ("Content-Type: text/plain\nContent-Disposition: attachment", "x"),
                ("Content-Type: text/html", "<p>pied</p>"),
            ],
        ));
        assert_eq!(body.text, "corps\n\npied");
        assert_eq!(names(&files), ["journal.log", "piece-jointe-2.txt"]);
        assert_eq!(written("Content-Type: text/plain; name=corps.txt\n\nBonjour").0.text, "Bonjour");
    }

    #[test]
    fn what_is_too_large_or_intricate_goes_along_as_a_file() {
        let (body, files) = written(&format!("Subject: x\n\n{}", "é".repeat(1_000_000)));
        assert!(body.text.ends_with("[Le texte complet est dans la pièce jointe message.txt.]"));
        assert_eq!((names(&files), files[0].content.len()), (vec!["message.txt"], 2_000_000));

        let (body, files) = written(&format!("Content-Type: text/html\n\n{}Bonjour", "<div>".repeat(50_000)));
        assert_eq!(files[0].inline_tag, None);
        assert_eq!(body.text, "Bonjour\n\n[Le texte complet est dans la pièce jointe message.html.]");
        assert_eq!(names(&files), ["message.html"]);
    }

    #[test]
    fn tags_have_glpis_form() {
        let tag = inline_tag(Reference::new("mail", "", b"x"), 3);
        let form: String = tag.chars().map(|c| if c.is_ascii_hexdigit() { 'h' } else { c }).collect();
        assert_eq!(form, "hhhhhhhh-hhhhhhhh-hhhhhhhh.hhhhhhhh");
        assert_ne!(tag, inline_tag(Reference::new("mail", "", b"x"), 4));
    }
}
