//! Which files go into the ticket, and why the others do not.

use super::{
    archive::{self, wrapped},
    inspect::{self, FileVerdict},
    learned::AcceptedFiles,
    pictures::{self, Spared},
};
use crate::{
    config::{self, Original},
    glpi::{DocumentTypes, Upload},
    request::{Attachment, Enclosed, Enclosure, LeftOut, Received},
    text::{Bilingual, html_text::escaped},
};

/// The files that go, and those that are named instead.
#[derive(Clone)]
pub(super) struct Chosen {
    pub uploads: Vec<Upload>,
    pub left_out: Vec<LeftOut>,
    /// What of the request is neither in the text nor in a file, in French.
    pub cut: Vec<String>,
    /// Inline images that do not go, by their tag, and what stands in their place, HTML.
    absent_images: Vec<(String, String)>,
}

/// Why a mail does not go as a file.
fn holds_forbidden() -> Bilingual {
    Bilingual::new("a message that holds a forbidden file", "message contenant un fichier interdit")
}

/// Why a file does not go that is within the gateway's own limit.
pub(super) fn too_large_for_glpi() -> Bilingual {
    Bilingual::new("larger than GLPI takes", "fichier plus grand que GLPI n’en accepte")
}

/// The media type of an archive.
const ARCHIVE: &str = "application/zip";

/// How the original of a mail is called in its ticket.
const ORIGINAL: &str = "message-original.eml";

/// Chooses by content, number, size, and what GLPI is known to take. The original of a mail, where it is due, comes last: it gives way to the files in it, and stays out with one
/// that is forbidden.
pub(super) fn choose(
    received: &Received,
    limits: &config::Attachments,
    original: Original,
    taken: &AcceptedFiles<'_>,
) -> Chosen {
    let spared = pictures::spared(received, limits.signature_image);
    let mut chosen = Chosen { uploads: vec![], left_out: vec![], cut: received.cut.clone(), absent_images: vec![] };
    chosen.cut.extend(pictures::told(spared.len()));
    let mut spared = spared.into_iter().peekable();
    let (mut total, mut is_dangerous) = (0, false);
    for (index, file) in received.attachments.iter().enumerate() {
        if let Some(Spared { stays, .. }) = spared.next_if(|spared| spared.index == index) {
            let place = stays.map(|tag| format!("<img id=\"{tag}\">")).unwrap_or_default();
            chosen.absent_images.extend(file.inline_tag.clone().map(|tag| (tag, place)));
            continue;
        }
        let name = match inspect::inspect(&file.name, &file.content, limits) {
            FileVerdict::Goes(name) => name,
            FileVerdict::Forbidden(why) => {
                is_dangerous = true;
                chosen.leave_out(&file.name, file.inline_tag.as_deref(), why);
                continue;
            }
            FileVerdict::Encrypted => {
                chosen.leave_out(&file.name, file.inline_tag.as_deref(), inspect::encrypted());
                continue;
            }
        };
        if let Some(why) = withheld(&received.enclosed, Some(index), limits) {
            chosen.leave_out(&file.name, None, why);
            continue;
        }
        chosen.take(file, &name, &mut total, limits, taken);
    }
    let is_due = match original {
        Original::Never => false,
        Original::WhenCut => !chosen.cut.is_empty(),
        Original::Always => true,
    };
    if let Some(content) = received.original.as_ref().filter(|_| is_due) {
        let original = Attachment {
            name: ORIGINAL.to_owned(),
            content_type: "message/rfc822".to_owned(),
            content: content.clone(),
            inline_tag: None,
        };
        let why = if is_dangerous { Some(holds_forbidden()) } else { withheld(&received.enclosed, None, limits) };
        if let Some(why) = why {
            chosen.leave_out(ORIGINAL, None, why);
        } else {
            chosen.take(&original, ORIGINAL, &mut total, limits, taken);
        }
    }
    chosen
}

/// Files that go with what is no ticket, by the same rules: each as it is to be called, and as GLPI takes it.
///
/// # Errors
///
/// Those that do not go, with the reason: then none is to go.
pub fn enclosable(
    enclosure: &Enclosure,
    limits: &config::Attachments,
    types: Option<&DocumentTypes>,
) -> Result<Vec<(String, Upload)>, Vec<LeftOut>> {
    // What people are to open goes as it is.
    let limits = config::Attachments { wrap: false, ..limits.clone() };
    let taken = AcceptedFiles { types, ..AcceptedFiles::default() };
    let mut chosen = Chosen { uploads: vec![], left_out: vec![], cut: vec![], absent_images: vec![] };
    let (mut total, mut names) = (0, Vec::new());
    for (index, file) in enclosure.attachments.iter().enumerate() {
        let why = match inspect::inspect(&file.name, &file.content, &limits) {
            FileVerdict::Goes(name) => {
                if let Some(why) = withheld(&enclosure.enclosed, Some(index), &limits) {
                    why
                } else {
                    chosen.take(file, &name, &mut total, &limits, &taken);
                    names.push(name);
                    continue;
                }
            }
            FileVerdict::Forbidden(why) => why,
            FileVerdict::Encrypted => inspect::encrypted(),
        };
        chosen.leave_out(&file.name, None, why);
    }
    if chosen.left_out.is_empty() { Ok(names.into_iter().zip(chosen.uploads).collect()) } else { Err(chosen.left_out) }
}

/// Why the original, or the attached mail at this place, does not go, if anything in it is forbidden or nobody can
/// tell. A file with a password in it does not hold it back.
fn withheld(enclosed: &[Enclosed], file: Option<usize>, limits: &config::Attachments) -> Option<Bilingual> {
    let Enclosed { parts, is_whole, .. } = enclosed.iter().find(|enclosed| enclosed.file == file)?;
    let is_forbidden =
        |name: &str, content: &[u8]| matches!(inspect::inspect(name, content, limits), FileVerdict::Forbidden(_));
    if parts.iter().any(|part| is_forbidden(&part.name, &part.beginning)) {
        Some(holds_forbidden())
    } else {
        let nested = || Bilingual::new("a message too nested to be checked", "message trop imbriqué pour être vérifié");
        (!is_whole).then(nested)
    }
}

/// The name a file goes by. Mails and appointments are plain text that GLPI does not take out of the box:
/// unless it is known to, they go as `….eml.txt`, `….ics.txt`.
fn name_in_glpi(name: &str, taken: &AcceptedFiles<'_>) -> String {
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_text = ["eml", "ics"].contains(&extension.as_str());
    if is_text && !taken.types.is_some_and(|types| types.accept(name)) {
        format!("{name}.txt")
    } else {
        name.to_owned()
    }
}

impl Chosen {
    /// Takes a file under this name, where number, size and type allow.
    fn take(
        &mut self,
        file: &Attachment,
        name: &str,
        total: &mut u64,
        limits: &config::Attachments,
        taken: &AcceptedFiles<'_>,
    ) {
        let name = name_in_glpi(name, taken);
        if limits.wrap
            && taken.refuses(&name)
            && !taken.refuses(archive::SAMPLE)
            && let Some((archive, content)) = wrapped(&name, &file.content)
        {
            self.say_wrapped(file.inline_tag.as_deref(), &archive);
            let archived = Attachment { name: archive, content_type: ARCHIVE.to_owned(), content, inline_tag: None };
            return self.take(&archived, &archived.name, total, limits, taken);
        }
        let size = file.content.len() as u64;
        let why = if size == 0 {
            Bilingual::new("empty file", "fichier vide")
        } else if size > limits.max_file_size {
            let most = mebibytes(limits.max_file_size);
            Bilingual::new(format!("larger than {most} MiB"), format!("taille supérieure à {most} Mo"))
        } else if taken.refuses(&name) {
            Bilingual::new("a type that GLPI does not take", "type de fichier non accepté par GLPI")
        } else if taken.too_large.is_some_and(|limit| size >= limit) {
            too_large_for_glpi()
        } else if self.uploads.len() >= limits.max_files {
            let most = limits.max_files;
            Bilingual::new(format!("more than {most} files"), format!("plus de {most} fichiers"))
        } else if *total + size > limits.max_total_size {
            let most = mebibytes(limits.max_total_size);
            Bilingual::new(format!("all together exceed {most} MiB"), format!("l’ensemble dépasse {most} Mo"))
        } else {
            *total += size;
            let (content_type, tag) = (file.content_type.clone(), file.inline_tag.clone());
            self.uploads.push(Upload::new(name, content_type, file.content.clone(), tag));
            return;
        };
        self.leave_out(&file.name, file.inline_tag.as_deref(), why);
    }

    fn leave_out(&mut self, name: &str, tag: Option<&str>, why: Bilingual) {
        let place = format!("[image non transmise\u{a0}: {}]", escaped(name));
        self.absent_images.extend(tag.map(|tag| (tag.to_owned(), place)));
        self.left_out.push(LeftOut { name: name.to_owned(), why });
    }

    /// Whether the original of the mail is among the files that go.
    pub(super) fn holds_original(&self) -> bool {
        self.uploads.iter().any(|file| file.name.starts_with(ORIGINAL))
    }

    /// A picture that goes in an archive leaves words in its place.
    fn say_wrapped(&mut self, tag: Option<&str>, archive: &str) {
        let place = format!("[image jointe : {}]", escaped(archive));
        self.absent_images.extend(tag.map(|tag| (tag.to_owned(), place)));
    }

    /// Puts a file that GLPI did not take into an archive, which goes in its stead; gives whether it does.
    pub(super) fn wrap(&mut self, file: &Upload) -> bool {
        let Some((name, bytes)) = wrapped(&file.name, &file.bytes) else { return false };
        self.uploads.retain(|upload| upload.name != file.name || upload.bytes != file.bytes);
        self.say_wrapped(file.tag.as_deref(), &name);
        self.uploads.push(Upload::new(name, ARCHIVE.to_owned(), bytes, None));
        true
    }

    /// A file goes in a follow-up: its picture leaves words in its place.
    pub(super) fn carried(&mut self, file: &Upload) {
        self.uploads.retain(|upload| upload.name != file.name || upload.bytes != file.bytes);
        let place = format!("[image jointe à un suivi\u{a0}: {}]", escaped(&file.name));
        self.absent_images.extend(file.tag.clone().map(|tag| (tag, place)));
    }

    /// Takes a file back that GLPI did not take: its picture leaves words in its place.
    pub(super) fn take_back(&mut self, file: &Upload, why: Bilingual) {
        self.uploads.retain(|upload| upload.name != file.name || upload.bytes != file.bytes);
        self.leave_out(&file.name, file.tag.as_deref(), why);
    }

    /// The content, where the images that do not go are named in their place.
    pub(super) fn content(&self, content: &str) -> String {
        let content = content.to_owned();
        self.absent_images.iter().fold(content, |content, (tag, place)| replace_image(&content, tag, place))
    }
}

/// Replaces each `<img … id="TAG" …>`, as intake writes them, by a text. GLPI's own images have no such mark.
pub(super) fn replace_image(content: &str, tag: &str, place: &str) -> String {
    let mark = format!("id=\"{tag}\"");
    let mut rest = content;
    let mut out = String::with_capacity(content.len());
    while let Some(at) = rest.find(&mark) {
        let (Some(start), Some(end)) = (rest[..at].rfind("<img"), rest[at..].find('>')) else { break };
        out.push_str(&rest[..start]);
        out.push_str(place);
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

/// A size in mebibytes, rounded up.
fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{super::inspect, AcceptedFiles, choose, replace_image};
    use crate::{
        config::{Attachments, Original},
        flow::screen::samples,
        request::{Attachment, Enclosed, Part, Received},
    };

    fn limits() -> Attachments {
        Attachments { max_files: 3, max_file_size: 100, max_total_size: 150, ..inspect::tests::rules() }
    }

    fn with(files: &[(&str, usize)]) -> Received {
        let mut received = samples::mail(|_| {});
        received.attachments = files
            .iter()
            .map(|&(name, size)| Attachment {
                name: name.into(),
                content_type: "text/plain".into(),
                content: Bytes::from(vec![b'x'; size]),
                inline_tag: None,
            })
            .collect();
        received
    }

    #[test]
    fn every_file_goes_or_is_named_with_its_reason() {
        let received = with(&[("a", 100), ("b", 101), ("c", 51), ("d", 0), ("e", 25), ("f", 25), ("g", 1)]);
        let chosen = choose(&received, &limits(), Original::WhenCut, &AcceptedFiles::default());
        let sent: Vec<_> = chosen.uploads.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sent, ["a", "e", "f"]);
        let left: Vec<_> = chosen.left_out.iter().map(|file| format!("{}: {}", file.name, file.french())).collect();
        assert_eq!(
            left,
            ["b: taille supérieure à 1 Mo", "c: l’ensemble dépasse 1 Mo", "d: fichier vide", "g: plus de 3 fichiers"]
        );
    }

    #[test]
    fn the_original_goes_along_where_it_is_due_and_last() {
        let mut received = with(&[("a.txt", 100)]);
        received.original = Some(Bytes::from_static(b"From: x\n\nBonjour"));
        let sent = |received: &Received, original| -> Vec<String> {
            choose(received, &limits(), original, &AcceptedFiles::default())
                .uploads
                .into_iter()
                .map(|file| file.name)
                .collect()
        };
        assert_eq!(sent(&received, Original::WhenCut), ["a.txt"]);
        assert_eq!(sent(&received, Original::Always), ["a.txt", "message-original.eml.txt"]);
        received.cut = vec!["une image".to_owned()];
        assert_eq!(sent(&received, Original::WhenCut), ["a.txt", "message-original.eml.txt"]);
        assert_eq!(sent(&received, Original::Never), ["a.txt"]);
    }

    #[test]
    fn what_is_forbidden_or_encrypted_is_named_and_the_original_stays_out_with_it() {
        let mut received = with(&[("a.txt", 10), ("jeu.exe", 10), ("a.rar", 0)]);
        received.attachments[2].content = Bytes::from_static(b"Rar!\x1a\x07\0\x11\x22\x73\x80\0");
        received.original = Some(Bytes::from_static(b"From: x"));
        let chosen = choose(&received, &limits(), Original::Always, &AcceptedFiles::default());
        let left: Vec<_> = chosen.left_out.iter().map(|file| format!("{}: {}", file.name, file.french())).collect();
        assert_eq!(
            left,
            [
                "jeu.exe: fichier exécutable ou script",
                "a.rar: fichier chiffré\u{a0}: envoyez-le sans mot de passe",
                "message-original.eml: message contenant un fichier interdit"
            ]
        );
        assert!(!chosen.holds_original());
    }

    #[test]
    fn a_mail_that_encloses_what_is_forbidden_or_unknown_stays_out() {
        let mut received = with(&[("Fwd.eml", 10), ("b.eml", 10), ("c.eml", 10)]);
        received.original = Some(Bytes::from_static(b"From: x"));
        let part = |name: &str, beginning: &'static [u8]| Part { name: name.into(), beginning: beginning.into() };
        received.enclosed = vec![
            Enclosed { file: None, parts: vec![part("jeu.exe", b"x")], is_whole: true },
            Enclosed { file: Some(0), parts: vec![part("a.txt", b"\x7fELF")], is_whole: true },
            Enclosed { file: Some(1), parts: vec![part("a.rar", b"Rar!\x1a\x07\0\x11\x22\x73\x80\0")], is_whole: true },
            Enclosed { file: Some(2), parts: vec![], is_whole: false },
        ];
        let chosen = choose(&received, &limits(), Original::Always, &AcceptedFiles::default());
        let left: Vec<_> = chosen.left_out.iter().map(|file| format!("{}: {}", file.name, file.french())).collect();
        assert_eq!(
            left,
            [
                "Fwd.eml: message contenant un fichier interdit",
                "c.eml: message trop imbriqué pour être vérifié",
                "message-original.eml: message contenant un fichier interdit"
            ]
        );
    }

    #[test]
    fn pictures_of_a_signature_are_counted_and_the_original_goes_along() {
        let mut received = with(&[("logo.png", 10), ("a.txt", 10)]);
        received.attachments[0].content_type = "image/png".into();
        received.attachments[0].inline_tag = Some("T".into());
        received.body.folded_html = Some("<img id=\"T\">".into());
        received.original = Some(Bytes::from_static(b"From: x"));
        let chosen = choose(&received, &limits(), Original::WhenCut, &AcceptedFiles::default());
        assert_eq!(
            (chosen.cut.clone(), chosen.left_out.len()),
            (vec!["1 petite image (signature, copie)".to_owned()], 0)
        );
        let sent: Vec<_> = chosen.uploads.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sent, ["a.txt", "message-original.eml.txt"]);
        assert_eq!(chosen.absent_images, [("T".to_owned(), String::new())]);
    }

    #[test]
    fn a_forwarded_mail_goes_as_text() {
        let chosen = choose(
            &with(&[("Fwd.EML", 1), ("rdv.ics", 1), ("a.txt", 1)]),
            &limits(),
            Original::WhenCut,
            &AcceptedFiles::default(),
        );
        let sent: Vec<_> = chosen.uploads.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sent, ["Fwd.EML.txt", "rdv.ics.txt", "a.txt"]);
    }

    #[test]
    fn what_glpi_refused_before_is_named_and_a_picture_in_its_place() {
        let mut received = with(&[("page.webp", 10), ("a.txt", 50)]);
        received.attachments[0].inline_tag = Some("T".into());
        received.body.html = "<img id=\"T\">".into();
        let taken = AcceptedFiles { refused: vec!["webp".to_owned()], too_large: Some(50), ..AcceptedFiles::default() };
        let chosen = choose(&received, &limits(), Original::WhenCut, &taken);
        assert!(chosen.uploads.is_empty());
        let left: Vec<_> = chosen.left_out.iter().map(|file| format!("{}: {}", file.name, file.french())).collect();
        assert_eq!(
            left,
            ["page.webp: type de fichier non accepté par GLPI", "a.txt: fichier plus grand que GLPI n’en accepte"]
        );
        assert_eq!(chosen.content("<p><img id=\"T\"></p>"), "<p>[image non transmise\u{a0}: page.webp]</p>");
    }

    #[test]
    fn what_glpi_does_not_take_goes_in_an_archive_where_that_is_wanted_and_never_what_is_forbidden() {
        let mut received = with(&[("page.heic", 10), ("jeu.exe", 10), ("a.txt", 10)]);
        received.attachments[0].inline_tag = Some("T".into());
        received.body.html = "<img id=\"T\">".into();
        let wraps = Attachments { wrap: true, max_file_size: 1000, max_total_size: 1000, ..limits() };
        let names = |refused: &[&str]| -> Vec<String> {
            let refused = refused.iter().map(|&extension| extension.to_owned()).collect();
            let taken = AcceptedFiles { refused, ..AcceptedFiles::default() };
            let chosen = choose(&received, &wraps, Original::WhenCut, &taken);
            let content = chosen.content("<img id=\"T\">");
            chosen.uploads.into_iter().map(|file| file.name).chain([content]).collect()
        };
        assert_eq!(names(&["heic", "exe"]), ["page.heic.zip", "a.txt", "[image jointe : page.heic.zip]"]);
        assert_eq!(names(&["heic", "zip"]), ["a.txt", "[image non transmise\u{a0}: page.heic]"]);
    }

    #[test]
    fn an_image_that_does_not_go_is_named_in_its_place() {
        let content = "<p>a<img width=\"4\" id=\"T.1\" alt=\"x\">b<img id=\"T.2\">c<img id=\"T.1\"></p>";
        assert_eq!(replace_image(content, "T.1", "[-]"), "<p>a[-]b<img id=\"T.2\">c[-]</p>");
        assert_eq!(replace_image("id=\"T\"", "T", "[-]"), "id=\"T\"");
    }
}
