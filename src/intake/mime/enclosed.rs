//! Every part of a mail by name and first bytes, whatever wraps it: whether the mail itself may be handed on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use super::{
    cms::{self, Cms},
    forwarded,
    leaf::Leaf,
    names::FileNames,
    parts::Tree,
    tnef,
};
use crate::request::{Attachment, Enclosed, Part};

/// Parts of a mail that are looked at, those of attached mails included.
const MAX_PARTS: usize = 1000;
/// Mails within mails; people forward a forward of a forward.
const MAX_DEPTH: usize = 8;
/// What is kept of a part, bytes: what a program is told by.
const BEGINNING: usize = 1024;

/// What the mail itself encloses, which is cut into these parts.
pub(super) fn in_tree(tree: &Tree) -> Enclosed {
    search(None, |search| search.tree(tree, 0))
}

/// What a mail encloses that could not be read.
pub(super) fn in_mail(raw: &Bytes) -> Enclosed {
    enclosed(None, raw)
}

/// What each attached mail among these files encloses.
pub(in crate::intake) fn in_files(attachments: &[Attachment]) -> Vec<Enclosed> {
    let is_mail = |file: &Attachment| {
        forwarded::is_mail_type(&file.content_type) || file.name.to_ascii_lowercase().ends_with(".eml")
    };
    let mails = attachments.iter().enumerate().filter(|(_, file)| is_mail(file));
    mails.map(|(index, file)| enclosed(Some(index), &file.content)).collect()
}

fn enclosed(file: Option<usize>, mail: &Bytes) -> Enclosed {
    search(file, |search| search.mail(mail, 0))
}

fn search(file: Option<usize>, through: impl FnOnce(&mut Search)) -> Enclosed {
    // As for the mail itself: no panic is known in the libraries underneath.
    catch_unwind(AssertUnwindSafe(|| {
        let mut search = Search { parts: Vec::new(), left: MAX_PARTS, whole: true };
        through(&mut search);
        Enclosed { file, parts: search.parts, is_whole: search.whole }
    }))
    .unwrap_or_else(|_| Enclosed { file, parts: Vec::new(), is_whole: false })
}

struct Search {
    parts: Vec<Part>,
    left: usize,
    whole: bool,
}

impl Search {
    fn mail(&mut self, mail: &Bytes, depth: usize) {
        if depth == MAX_DEPTH || self.left == 0 {
            self.whole = false;
            return;
        }
        self.tree(&Tree::entity(mail, self.left), depth);
    }

    fn tree(&mut self, tree: &Tree, depth: usize) {
        self.left = tree.parts_left;
        self.whole &= !tree.cut;
        for leaf in tree.root.leaves() {
            self.leaf(leaf, depth);
        }
    }

    fn leaf(&mut self, leaf: &Leaf, depth: usize) {
        let beginning = leaf.beginning(BEGINNING);
        // The name it would have as a file.
        let name = FileNames::default().name(leaf.name.as_deref(), &leaf.content_type);
        let is_mail = forwarded::is_mail(leaf) || name.to_ascii_lowercase().ends_with(".eml");
        self.keep(name, &beginning);
        if is_mail {
            self.mail(&leaf.content(), depth + 1);
        } else if tnef::is_tnef(&beginning) {
            let tnef = tnef::read(&leaf.content(), self.left);
            self.left -= tnef.files.len();
            self.whole &= tnef.whole;
            for file in tnef.files {
                let content_type = file.content_type.unwrap_or_default();
                self.keep(FileNames::default().name(file.name.as_deref(), &content_type), &file.content);
            }
        } else if leaf.content_type.contains("pkcs7")
            && let Cms::Signed(entity) = cms::open(&leaf.content())
        {
            self.mail(&entity, depth + 1);
        }
    }

    fn keep(&mut self, name: String, content: &[u8]) {
        let beginning = Bytes::copy_from_slice(&content[..content.len().min(BEGINNING)]);
        self.parts.push(Part { name, beginning });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use data_encoding::BASE64;

    use super::{super::tnef, Tree, enclosed, in_tree};

    fn names(mail: &str) -> (Vec<String>, bool) {
        let mail = Bytes::from(mail.to_owned());
        let found = enclosed(None, &mail);
        // Parts that were cut for something else, and decoded by it, tell the same.
        let tree = Tree::entity(&mail, super::MAX_PARTS);
        tree.root.leaves().iter().for_each(|leaf| drop(leaf.content()));
        assert_eq!(in_tree(&tree), found);
        (found.parts.into_iter().map(|part| part.name).collect(), found.is_whole)
    }

    fn multipart(kind: &str, parts: &[&str]) -> String {
        let start = format!("\n--{kind}\n");
        let parts = parts.join(&start);
        format!("Content-Type: multipart/{kind}; boundary={kind}\n{start}{parts}\n--{kind}--\n")
    }

    const GAME: &str = "Content-Type: application/octet-stream; name=jeu.exe\n\nMZ";

    #[test]
    fn a_part_is_found_in_whatever_wraps_it() {
        let signature = "Content-Type: application/pgp-signature; name=jeu.exe\n\nMZ";
        let attached = format!("Content-Type: message/rfc822; name=Fwd.eml\n\n{}", multipart("mixed", &[GAME]));
        for mail in [multipart("encrypted", &[GAME]), multipart("signed", &["\nBonjour", signature]), attached] {
            let (names, whole) = names(&mail);
            assert!(whole && names.iter().any(|name| name == "jeu.exe"), "{mail}");
        }
        let winmail = BASE64.encode(&tnef::tests::winmail());
        let winmail = format!("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n{winmail}\n");
        assert!(names(&winmail).0.contains(&"relevé.txt".to_owned()));
    }

    #[test]
    fn what_is_nested_too_deep_or_too_much_is_not_the_whole() {
        let deep = (0..8).fold(GAME.to_owned(), |mail, _| format!("Content-Type: message/rfc822\n\n{mail}"));
        assert!(!names(&deep).1);
        let deep = (0..25).fold(GAME.to_owned(), |mail, depth| {
            format!("Content-Type: multipart/mixed; boundary=b{depth}x\n\n--b{depth}x\n{mail}\n--b{depth}x--\n")
        });
        assert!(!names(&deep).1);
        assert!(!names(&multipart("mixed", &vec!["\na"; 1100])).1);
    }
}
