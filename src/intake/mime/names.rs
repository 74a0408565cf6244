//! Names for files: clean, short, never empty, each once.

use std::collections::{HashMap, HashSet};

use super::charset;

/// A name's length, bytes: what every file system and GLPI's own column take with room to spare.
const MAX_NAME: usize = 150;
const MAX_EXTENSION: usize = 16;

/// Gives each file of one mail its name.
#[derive(Debug, Default)]
pub(in crate::intake) struct FileNames {
    given: HashSet<String>,
    /// How many copies of a name there are, so that none is tried again.
    copies: HashMap<String, usize>,
    files: usize,
}

impl FileNames {
    /// A name for the next file: the declared one cleaned, else `piece-jointe-N` with the type's extension.
    pub(in crate::intake) fn name(&mut self, declared: Option<&str>, content_type: &str) -> String {
        self.files += 1;
        let cleaned = declared.map(clean).unwrap_or_default();
        let name = match cleaned.as_str() {
            "" => format!("piece-jointe-{}.{}", self.files, extension(content_type)),
            // A name without extension gets the type's: GLPI goes by the extension.
            name if split(name).1.is_empty() => format!("{name}.{}", extension(content_type)),
            _ => cleaned,
        };
        let (stem, extension) = split(&name);
        let mut unique = join(stem, "", extension);
        let copy = self.copies.entry(unique.to_lowercase()).or_insert(1);
        while !self.given.insert(unique.to_lowercase()) {
            *copy += 1;
            unique = join(stem, &format!(" ({copy})"), extension);
        }
        unique
    }
}

/// The last component of the declared path, without what a file system or a person could stumble over.
fn clean(declared: &str) -> String {
    let declared = charset::line(declared, 1000);
    let component = declared.rsplit(['/', '\\']).find(|component| !component.trim().is_empty()).unwrap_or_default();
    let safe: String = component.chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    safe.trim_matches([' ', '.']).to_owned()
}

/// Stem and extension, the extension with its dot or empty.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION && !name[dot..].contains(' ') => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Puts a name together, its stem shortened so that all fits.
fn join(stem: &str, mark: &str, extension: &str) -> String {
    let room = MAX_NAME - mark.len() - extension.len();
    let stem = &stem[..stem.floor_char_boundary(room)];
    format!("{}{mark}{extension}", stem.trim_end())
}

/// The usual extension of a media type.
fn extension(content_type: &str) -> &'static str {
    match content_type {
        "application/gzip" => "gz",
        "application/msword" => "doc",
        "application/ms-tnef" | "application/vnd.ms-tnef" => "dat",
        "application/pdf" => "pdf",
        "application/pgp-signature" => "asc",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/rtf" | "text/rtf" => "rtf",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.ms-powerpoint" => "ppt",
        "application/vnd.oasis.opendocument.spreadsheet" => "ods",
        "application/vnd.oasis.opendocument.text" => "odt",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/xml" | "text/xml" => "xml",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "image/bmp" => "bmp",
        "image/gif" => "gif",
        "image/heic" | "image/heic-sequence" => "heic",
        "image/heif" | "image/heif-sequence" => "heif",
        "image/jpeg" | "image/jpg" | "image/pjpeg" => "jpg",
        "image/png" => "png",
        "image/svg+xml" => "svg",
        "image/tiff" => "tif",
        "image/webp" => "webp",
        "message/rfc822" | "message/global" => "eml",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/vcard" | "text/x-vcard" => "vcf",
        "video/mp4" => "mp4",
        other if other.starts_with("text/") || other.starts_with("message/") => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FileNames, MAX_NAME};

    #[test]
    fn names_are_cleaned() {
        for (declared, content_type, expected) in [
            (Some("résultats.pdf"), "application/pdf", "résultats.pdf"),
            (Some("C:\\Users\\jm\\bilan LSU.docx"), "application/octet-stream", "bilan LSU.docx"),
            (Some("../../etc/passwd"), "text/plain", "passwd.txt"),
            (Some("dossier/"), "application/zip", "dossier.zip"),
            (Some("facture\u{202e}fdp.exe"), "application/pdf", "facturefdp.exe"),
            (Some("a\r\nb\0.txt"), "text/plain", "a b.txt"),
            (Some("  .htaccess "), "text/plain", "htaccess.txt"),
            (Some("e\u{301}cole.png"), "image/png", "école.png"),
            (Some("a<b>:c?.txt"), "text/plain", "a_b__c_.txt"),
            (Some("Bilan du 3.11.2026 à 10 h. Fin"), "application/pdf", "Bilan du 3.11.2026 à 10 h. Fin.pdf"),
            (Some("..."), "image/png", "piece-jointe-1.png"),
            (Some(""), "application/x-inconnu", "piece-jointe-1.bin"),
            (None, "message/rfc822", "piece-jointe-1.eml"),
            (None, "image/heif", "piece-jointe-1.heif"),
            (None, "text/calendar", "piece-jointe-1.ics"),
            (None, "message/delivery-status", "piece-jointe-1.txt"),
        ] {
            assert_eq!(FileNames::default().name(declared, content_type), expected, "{declared:?}");
        }
    }

    #[test]
    fn each_name_is_given_once() {
        let mut names = FileNames::default();
        let given: Vec<String> =
            ["image.png", "IMAGE.png", "image.png"].iter().map(|name| names.name(Some(name), "image/png")).collect();
        assert_eq!(given, ["image.png", "IMAGE (2).png", "image (3).png"]);
        assert_eq!(names.name(None, "image/png"), "piece-jointe-4.png");
    }

    #[test]
    fn a_copys_name_may_be_given_already() {
        let mut names = FileNames::default();
        let given = ["a.png", "a (2).png", "a.png", "a.png"].map(|name| names.name(Some(name), "image/png"));
        assert_eq!(given, ["a.png", "a (2).png", "a (3).png", "a (4).png"]);
    }

    proptest! {
        #[test]
        fn every_name_is_usable(declared in prop::collection::vec("(?s).{0,60}|\\PC{100,300}\\.pdf|a\\.pdf", 1..8)) {
            let mut names = FileNames::default();
            let mut seen = std::collections::HashSet::new();
            for declared in declared {
                let name = names.name(Some(&declared), "application/pdf");
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME);
                prop_assert!(!name.starts_with('.') && name.contains('.'));
                prop_assert!(!name.contains(|c: char| c.is_control() || "/\\:".contains(c)));
                prop_assert!(seen.insert(name.to_lowercase()));
            }
        }
    }
}
