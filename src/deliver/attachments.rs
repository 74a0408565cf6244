//! Which files go into the ticket, and why the others do not.

use minijinja::HtmlEscape;

use crate::{
    clients::glpi::{DocumentTypes, Upload},
    config::{self, Original},
    request::{Attachment, LeftOut, Received},
};

/// The files that go, and those that are named instead.
pub(super) struct Chosen {
    pub uploads: Vec<Upload>,
    pub left_out: Vec<LeftOut>,
    /// Inline images that do not go: their place in the text says so.
    absent_images: Vec<(String, String)>,
}

/// How the original of a mail is called in its ticket.
const ORIGINAL: &str = "message-original.eml";

/// Chooses by number, size, and the types GLPI takes; `types` is `None` where the account may not read them.
/// The original of a mail, where it is due, comes last: it gives way to the files in it.
pub(super) fn choose(
    received: &Received,
    limits: &config::Attachments,
    original: Original,
    types: Option<&DocumentTypes>,
) -> Chosen {
    let mut chosen = Chosen { uploads: vec![], left_out: vec![], absent_images: vec![] };
    let is_due = match original {
        Original::Never => false,
        Original::WhenCut => !received.cut.is_empty(),
        Original::Always => true,
    };
    let original = received.original.as_ref().filter(|_| is_due).map(|content| Attachment {
        name: ORIGINAL.to_owned(),
        content_type: "message/rfc822".to_owned(),
        content: content.clone(),
        inline_tag: None,
    });
    let mut total = 0;
    let is_taken = |name: &str| types.is_none_or(|types| types.accept(name));
    for file in received.attachments.iter().chain(&original) {
        let size = file.content.len() as u64;
        let name = name_in_glpi(&file.name, types);
        let why = if size == 0 {
            Some("fichier vide".to_owned())
        } else if size > limits.max_file_size {
            Some(format!("taille supérieure à {}", megabytes(limits.max_file_size)))
        } else if !is_taken(&name) {
            Some("type de fichier non accepté par GLPI".to_owned())
        } else if chosen.uploads.len() >= limits.max_files {
            Some(format!("plus de {} fichiers", limits.max_files))
        } else if total + size > limits.max_total_size {
            Some(format!("l'ensemble dépasse {}", megabytes(limits.max_total_size)))
        } else {
            None
        };
        match why {
            None => {
                total += size;
                chosen.uploads.push(Upload {
                    name,
                    content_type: file.content_type.clone(),
                    bytes: file.content.clone(),
                    tag: file.inline_tag.clone(),
                });
            }
            Some(why) => chosen.leave_out(&file.name, file.inline_tag.as_deref(), why),
        }
    }
    chosen
}

/// The name a file goes by. Mails and appointments are plain text that GLPI does not take out of the box:
/// unless it is known to, they go as `….eml.txt`, `….ics.txt`.
fn name_in_glpi(name: &str, types: Option<&DocumentTypes>) -> String {
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_text = ["eml", "ics"].contains(&extension.as_str());
    if is_text && !types.is_some_and(|types| types.accept(name)) { format!("{name}.txt") } else { name.to_owned() }
}

impl Chosen {
    fn leave_out(&mut self, name: &str, tag: Option<&str>, why: String) {
        self.absent_images.extend(tag.map(|tag| (tag.to_owned(), name.to_owned())));
        self.left_out.push(LeftOut { name: name.to_owned(), why });
    }

    /// Whether the original of the mail is among the files that go.
    pub(super) fn holds_original(&self) -> bool {
        self.uploads.iter().any(|file| file.name.starts_with(ORIGINAL))
    }

    /// Keeps every file back: GLPI does not take so large a request.
    pub(super) fn leave_all_out(&mut self) {
        for file in std::mem::take(&mut self.uploads) {
            let why = "l'ensemble dépasse la taille que GLPI accepte en un envoi".to_owned();
            self.leave_out(&file.name, file.tag.as_deref(), why);
        }
    }

    /// The content, where the images that do not go are named in their place.
    pub(super) fn content(&self, content: &str) -> String {
        self.absent_images.iter().fold(content.to_owned(), |content, (tag, name)| {
            replace_image(&content, tag, &format!("[image non transmise : {}]", HtmlEscape(name)))
        })
    }
}

/// Replaces each `<img … id="TAG" …>`, as intake writes them, by a text.
fn replace_image(content: &str, tag: &str, place: &str) -> String {
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

/// A size in French, in mebibytes, rounded.
fn megabytes(bytes: u64) -> String {
    format!("{} Mo", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{choose, replace_image};
    use crate::{
        config::{Attachments, Original},
        request::{Attachment, Received},
        screen::samples,
    };

    const LIMITS: Attachments = Attachments { max_files: 3, max_file_size: 100, max_total_size: 150 };

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
        let chosen = choose(&received, &LIMITS, Original::WhenCut, None);
        let sent: Vec<_> = chosen.uploads.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sent, ["a", "e", "f"]);
        let left: Vec<_> = chosen.left_out.iter().map(|file| format!("{}: {}", file.name, file.why)).collect();
        assert_eq!(
            left,
            ["b: taille supérieure à 1 Mo", "c: l'ensemble dépasse 1 Mo", "d: fichier vide", "g: plus de 3 fichiers"]
        );
    }

    #[test]
    fn the_original_goes_along_where_it_is_due_and_last() {
        let mut received = with(&[("a.txt", 100)]);
        received.original = Some(Bytes::from_static(b"From: x\n\nBonjour"));
        let sent = |received: &Received, original| -> Vec<String> {
            choose(received, &LIMITS, original, None).uploads.into_iter().map(|file| file.name).collect()
        };
        assert_eq!(sent(&received, Original::WhenCut), ["a.txt"]);
        assert_eq!(sent(&received, Original::Always), ["a.txt", "message-original.eml.txt"]);
        received.cut = vec!["une image".to_owned()];
        assert_eq!(sent(&received, Original::WhenCut), ["a.txt", "message-original.eml.txt"]);
        assert_eq!(sent(&received, Original::Never), ["a.txt"]);
    }

    #[test]
    fn a_forwarded_mail_goes_as_text() {
        let chosen = choose(&with(&[("Fwd.EML", 1), ("rdv.ics", 1), ("a.txt", 1)]), &LIMITS, Original::WhenCut, None);
        let sent: Vec<_> = chosen.uploads.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(sent, ["Fwd.EML.txt", "rdv.ics.txt", "a.txt"]);
    }

    #[test]
    fn an_image_that_does_not_go_is_named_in_its_place() {
        let content = "<p>a<img width=\"4\" id=\"T.1\" alt=\"x\">b<img id=\"T.2\">c<img id=\"T.1\"></p>";
        assert_eq!(replace_image(content, "T.1", "[-]"), "<p>a[-]b<img id=\"T.2\">c[-]</p>");
        assert_eq!(replace_image("id=\"T\"", "T", "[-]"), "id=\"T\"");
    }
}
