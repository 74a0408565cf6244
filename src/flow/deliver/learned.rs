//! Which files GLPI takes: by its list of types where the account may read it, and by what it refused before.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    glpi::{DocumentTypes, Upload},
    remembered::Remembered,
    request::{Address, Reference},
};

/// How long a refusal is believed: an administrator may add a type meanwhile, or raise a limit.
const BELIEVED: Duration = Duration::from_hours(1);
/// How long a request whose creation brought nothing keeps its files apart: as long as a relay tries again.
const APART: Duration = Duration::from_hours(24 * 5);
/// Types that are remembered; names come from strangers.
const MOST_TYPES: usize = 500;
/// The words by which GLPI refuses a file for its type (`UploadHandler::get_error_message`), in the languages that it is
/// translated to with words of its own: what it says otherwise, or without a word, is of this one file. Where the list of
/// types may be read, that tells, and nothing needs to be learnt.
const NO_SUCH_TYPE: [&str; 3] = ["Type de fichier non autorisé", "Filetype not allowed", "Unauthorized file type"];
/// No GLPI has a smaller limit of a file's size, bytes: it stumbled over something else.
const LEAST_LIMIT: u64 = 64 << 10;

/// What GLPI's answers have taught this process.
pub(super) struct Learned {
    refused: Mutex<BTreeMap<String, Instant>>,
    /// The smallest file that was too large lately, and when it was.
    too_large: Mutex<Option<(u64, Instant)>>,
    /// What one call may carry at most.
    in_one_call: AtomicU64,
    /// GLPI refused an address that is a valid one.
    refuses_odd_addresses: AtomicBool,
    /// Requests that GLPI answered with a failure when they came with their files, and of which nothing was there then.
    apart: Remembered<Reference, ()>,
}

/// What is known of GLPI's taste in files.
#[derive(Default)]
pub(super) struct AcceptedFiles<'a> {
    /// GLPI's own list.
    pub types: Option<&'a DocumentTypes>,
    /// Extensions it refused.
    pub refused: Vec<String>,
    /// The smallest size it found too large.
    pub too_large: Option<u64>,
}

impl AcceptedFiles<'_> {
    /// Whether a file of this name is known to be refused.
    pub(super) fn refuses(&self, name: &str) -> bool {
        match self.types {
            Some(types) => !types.accept(name),
            None => self.refused.contains(&extension(name)),
        }
    }
}

impl Learned {
    pub(super) fn new() -> Self {
        Self {
            refused: Mutex::default(),
            too_large: Mutex::default(),
            in_one_call: AtomicU64::new(u64::MAX),
            refuses_odd_addresses: AtomicBool::new(false),
            apart: Remembered::new(10_000, APART),
        }
    }

    /// What is known now, with the list of types where it may be read.
    pub(super) fn taken<'a>(&self, types: Option<&'a DocumentTypes>) -> AcceptedFiles<'a> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = refused.iter().filter(|(_, since)| since.elapsed() < BELIEVED);
        let too_large = *self.too_large.lock().unwrap_or_else(PoisonError::into_inner);
        AcceptedFiles {
            types,
            refused: recent.map(|(extension, _)| extension.clone()).collect(),
            too_large: too_large.filter(|(_, since)| since.elapsed() < BELIEVED).map(|(size, _)| size),
        }
    }

    /// Notes that GLPI refused a file, with its words where it gave any: only what they say of other files, too, is
    /// believed of those.
    pub(super) fn refusal(&self, file: &Upload, words: &str) {
        // PHP's name of the setting stands in the sentence in every language.
        if words.contains("upload_max_filesize") {
            self.file_is_too_large(file.bytes.len() as u64);
            return;
        }
        if !NO_SUCH_TYPE.iter().any(|no| words.contains(no)) {
            return;
        }
        let extension = extension(&file.name);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MOST_TYPES {
            refused.retain(|_, since| since.elapsed() < BELIEVED);
        }
        if refused.len() < MOST_TYPES {
            refused.insert(extension, Instant::now());
        }
    }

    /// Notes that a file alone is more than GLPI takes.
    pub(super) fn file_is_too_large(&self, size: u64) {
        if size < LEAST_LIMIT {
            return;
        }
        let mut known = self.too_large.lock().unwrap_or_else(PoisonError::into_inner);
        // A larger one says nothing new, but of what is not believed any more.
        if known.is_none_or(|(smallest, since)| size <= smallest || since.elapsed() >= BELIEVED) {
            *known = Some((size, Instant::now()));
        }
    }

    /// Notes that files of so many bytes are too much for one call: half of it is tried next.
    pub(super) fn call_is_too_large(&self, size: u64) {
        self.in_one_call.fetch_min(size / 2, Ordering::Relaxed);
    }

    /// The files that go in the call that makes their ticket, those shown in the text first; the others follow singly.
    pub(super) fn together(&self, reference: Reference, files: &[Upload]) -> Vec<Upload> {
        if files.is_empty() || self.apart.has(&reference) {
            return Vec::new();
        }
        let most = self.in_one_call.load(Ordering::Relaxed);
        let mut total = 0;
        let mut goes = vec![false; files.len()];
        for shown in [true, false] {
            for (index, file) in files.iter().enumerate().filter(|(_, file)| file.tag.is_some() == shown) {
                let size = file.bytes.len() as u64;
                if total + size <= most {
                    (total, goes[index]) = (total + size, true);
                }
            }
        }
        files.iter().zip(goes).filter(|(_, goes)| *goes).map(|(file, _)| file.clone()).collect()
    }

    /// The next try of this request goes without its files, which follow singly.
    pub(super) async fn keep_apart(&self, reference: Reference) {
        self.apart.insert(reference, ()).await;
    }

    /// Whether GLPI is known to refuse this address as an actor's: up to version 10 it takes ASCII alone, and finds
    /// `&#38;` where it has encoded an `&` (`NotificationMailing::isUserAddressValid`, `PHPMailer`'s `pcre8`).
    pub(super) fn refuses_address(&self, address: &Address) -> bool {
        is_odd(address.as_str()) && self.refuses_odd_addresses.load(Ordering::Relaxed)
    }

    /// Notes that GLPI refused a ticket; gives whether the address was why.
    pub(super) fn blames_address(&self, address: &str, words: &str) -> bool {
        let is_odd = is_odd(address);
        if is_odd {
            self.refuses_odd_addresses.store(true, Ordering::Relaxed);
        }
        is_odd || words.contains(address)
    }
}

/// Whether an address is one of those that only some versions of GLPI take.
pub(super) fn is_odd(address: &str) -> bool {
    !address.is_ascii() || address.contains('&')
}

fn extension(name: &str) -> String {
    name.rsplit('.').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Address, LEAST_LIMIT, Learned, Reference, Upload};

    fn file(name: &str, size: u64, tag: Option<&str>) -> Upload {
        let bytes = Bytes::from(vec![b'x'; usize::try_from(size).unwrap()]);
        Upload::new(name.into(), "text/plain".into(), bytes, tag.map(str::to_owned))
    }

    #[test]
    fn a_type_that_was_refused_for_itself_is_not_sent_again_and_nothing_else_is_learnt() {
        let (learned, large) = (Learned::new(), LEAST_LIMIT + 3);
        for (name, size, words) in [
            ("a.HEIC", 10, "Type de fichier non autorisé"),
            ("b.webp", 3 << 20, "Filetype not allowed"),
            ("c.avif", 10, "Unauthorized file type <a target='_blank'>Manage document types</a>"),
            // Of one file, or of a moment.
            ("d.mp4", 10, ""),
            ("e.odt", 10, "Fichier e.odt introuvable."),
            ("f.png", 10, "Le fichier est trop petit"),
            ("g.doc", 10, "Potential upload attack or file too large. Moving temporary file failed."),
            ("h.pdf", large, "Le fichier excède la directive upload_max_filesize"),
            ("i.pdf", large + 5, "Le fichier excède la directive upload_max_filesize"),
            // Whatever GLPI says, no limit is so small.
            ("j.pdf", 10, "Le fichier excède la directive upload_max_filesize"),
        ] {
            learned.refusal(&file(name, size, None), words);
        }
        let taken = learned.taken(None);
        let refused: Vec<_> = ["heic", "webp", "avif", "mp4", "odt", "png", "doc", "pdf"]
            .into_iter()
            .filter(|extension| taken.refuses(&format!("x.{extension}")))
            .collect();
        assert_eq!(refused, ["heic", "webp", "avif"]);
        assert_eq!(taken.too_large, Some(large));
    }

    #[tokio::test]
    async fn what_is_too_much_for_one_call_goes_singly_and_shown_pictures_last() {
        let learned = Learned::new();
        let reference = Reference::new("mail", "a@b.fr", b"1");
        let files = [file("a", 60, None), file("b", 30, Some("T")), file("c", 30, None)];
        let names =
            || -> Vec<String> { learned.together(reference, &files).into_iter().map(|file| file.name).collect() };
        assert_eq!(names(), ["a", "b", "c"]);
        learned.call_is_too_large(120);
        assert_eq!(names(), ["b", "c"]);
        learned.call_is_too_large(60);
        assert_eq!(names(), ["b"]);
        learned.keep_apart(reference).await;
        assert!(names().is_empty());
    }

    #[test]
    fn odd_addresses_are_sent_until_one_is_refused() {
        let learned = Learned::new();
        let [odd, plain] = ["a&b@ac-dijon.fr", "a.b@ac-dijon.fr"].map(|text| Address::parse(text).unwrap());
        assert!(!learned.refuses_address(&odd));
        assert!(!learned.blames_address(plain.as_str(), "Champ obligatoire"));
        assert!(learned.blames_address(plain.as_str(), "Adresse a.b@ac-dijon.fr invalide"));
        assert!(!learned.refuses_address(&odd), "not learnt from another's");
        assert!(learned.blames_address(odd.as_str(), ""));
        assert!(learned.refuses_address(&odd) && !learned.refuses_address(&plain));
    }
}
