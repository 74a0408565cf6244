//! What a file is by its content and its name: whether it may go into a ticket, and under which name.

use std::borrow::Cow;

use memchr::memmem;

use crate::{
    config::{self, Encrypted},
    text::Bilingual,
};

/// What is to be done with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileVerdict {
    /// It goes, under this name.
    Goes(String),
    /// It could harm whoever opens it; why.
    Forbidden(Bilingual),
    /// Nobody could read it, nor check it for viruses.
    Encrypted,
}

/// What is said of an encrypted file.
pub(super) fn encrypted() -> Bilingual {
    Bilingual::new("encrypted file: send it without a password", "fichier chiffré\u{a0}: envoyez-le sans mot de passe")
}

fn executable() -> FileVerdict {
    FileVerdict::Forbidden(Bilingual::new("a program or script", "fichier exécutable ou script"))
}

/// How much of a file is searched for marks that are not at its beginning, bytes.
const SEARCHED: usize = 4 * 1024 * 1024;
/// Entries of an archive that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Extensions that say nothing of the content.
const MEANINGLESS: [&str; 6] = ["", "dat", "bin", "tmp", "file", "attachment"];
/// Office files and pictures, which nobody expects to act.
const HARMLESS: [&str; 22] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "rtf", "png", "jpg", "jpeg", "gif", "bmp",
    "webp", "tif", "tiff", "heic", "mp3", "mp4",
];

/// Pictures that GLPI takes everywhere and looks into: where one's name says another kind, version 11 renames it under
/// way and then dies of not finding it.
const PICTURES: [&str; 3] = ["png", "jpg", "gif"];
/// Extensions that say «a picture».
const PICTURE_NAMES: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp", "tif", "tiff", "heic"];

/// Judges a file.
pub(super) fn inspect(name: &str, content: &[u8], rules: &config::Attachments) -> FileVerdict {
    let parts: Vec<String> = name.split('.').skip(1).map(|part| part.trim().to_lowercase()).collect();
    let extension = parts.last().map(String::as_str).unwrap_or_default();
    let is_forbidden = |extension: &str| {
        rules.forbidden.iter().any(|known| known.trim_start_matches('.').eq_ignore_ascii_case(extension))
    };
    if is_forbidden(extension) || is_executable(content) {
        return executable();
    }
    // «facture.exe.dat»: one click on «rename» away. Only the extension before the last one: a sentence may hold more.
    let before = parts.len().checked_sub(2).and_then(|at| parts.get(at)).map(String::as_str);
    if before.is_some_and(is_forbidden) && MEANINGLESS.contains(&extension) {
        return executable();
    }
    if ["html", "htm", "xhtml", "svg"].contains(&extension) && before.is_some_and(|before| HARMLESS.contains(&before)) {
        let before = before.unwrap_or_default();
        return FileVerdict::Forbidden(Bilingual::new(
            format!("misleading name: a web page that looks like a {before} file"),
            format!("nom trompeur\u{a0}: page web présentée comme fichier {before}"),
        ));
    }
    if HARMLESS.contains(&extension) && is_active(content) {
        return FileVerdict::Forbidden(Bilingual::new(
            format!("misleading content: a web page or script by the name of a {extension} file"),
            format!("contenu trompeur\u{a0}: page web ou script sous le nom d’un fichier {extension}"),
        ));
    }
    if rules.encrypted == Encrypted::LeaveOut && is_encrypted(content) {
        return FileVerdict::Encrypted;
    }
    // A compound file of an unknown kind counts as an installer there.
    let known = infer::get(content).filter(|kind| !is_forbidden(kind.extension()));
    FileVerdict::Goes(named(name, extension, known).into_owned())
}

/// The name with the extension of its content, where its own says nothing or names another kind of picture: GLPI goes
/// by the extension.
fn named<'a>(name: &'a str, extension: &str, known: Option<infer::Type>) -> Cow<'a, str> {
    // Of a text nothing is known but that it is one.
    let known = known.filter(|kind| !matches!(kind.matcher_type(), infer::MatcherType::Text));
    let is_misnamed = |kind: &infer::Type| {
        let other = if kind.extension() == "jpg" { &["jpg", "jpeg", "jpe"][..] } else { &[kind.extension()] };
        PICTURES.contains(&kind.extension()) && PICTURE_NAMES.contains(&extension) && !other.contains(&extension)
    };
    match known {
        Some(kind) if is_misnamed(&kind) => {
            let stem = name.rfind('.').map_or(name, |dot| &name[..dot]);
            Cow::Owned(format!("{stem}.{}", kind.extension()))
        }
        Some(kind) if MEANINGLESS.contains(&extension) => {
            let stem = name.rfind('.').map_or(name, |dot| &name[..dot]);
            Cow::Owned(format!("{}.{}", stem.trim_end_matches(['.', ' ']), kind.extension()))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Programs by their own marks, whatever their name. `infer` knows fewer, and takes each text that begins with «MZ» for
/// one.
fn is_executable(content: &[u8]) -> bool {
    const MARKS: [&[u8]; 10] = [
        b"\x7fELF",
        b"#!/",
        b"#! /",
        // Mach-O in either order and width.
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        // Java, or Mach-O for several processors.
        b"\xca\xfe\xba\xbe",
        b"dex\n0",
        // A shortcut of Windows (MS-SHLLINK section 2.1).
        b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46",
    ];
    // «MZ» may begin a text, too.
    let is_windows = content.starts_with(b"MZ") && has_pe_header(content);
    is_windows || MARKS.iter().any(|mark| content.starts_with(mark))
}

/// Whether what begins with «MZ» is a program, not a text: it says at 0x3c where its header is (PE format, «MS-DOS
/// Stub»), or is of DOS, with numbers below the letters.
fn has_pe_header(content: &[u8]) -> bool {
    let at = content.get(0x3c..0x40).and_then(|at| at.try_into().ok()).map(u32::from_le_bytes);
    let header = at.and_then(|at| content.get(usize::try_from(at).ok()?..));
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    header.is_some_and(|header| [&b"PE\0\0"[..], b"NE", b"LE", b"LX"].iter().any(|mark| header.starts_with(mark)))
        || (content.len() > 0x40 && content[..0x40].iter().any(is_control))
}

/// A web page or a script for Windows: what acts when it is opened.
fn is_active(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let start = &content[..content.len().min(1024)];
    let start = start.trim_ascii_start().to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<script", b"<head", b"<body", b"<hta:", b"<?php", b"@echo off"]
        .iter()
        .any(|mark| start.starts_with(mark))
}

/// Whether a password is needed to read the file, where that is cheap to tell. Of a PDF it is not: most that are
/// encrypted open without one and only forbid printing or copying (ISO 32000-1 section 7.6.3.1).
fn is_encrypted(content: &[u8]) -> bool {
    match content {
        [b'P', b'K', 3, 4, ..] => is_encrypted_zip(content),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => is_encrypted_7z(content),
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => is_encrypted_rar(content),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => is_encrypted_office(content),
        _ => {
            let start = content[..content.len().min(1024)].trim_ascii_start();
            start.starts_with(b"-----BEGIN PGP MESSAGE-----")
        }
    }
}

/// Any entry that is encrypted (APPNOTE section 4.4.4, bit 0, AES included), or the text of an `OpenDocument`: it is
/// stored once encrypted (ODF 1.3 part 2, section 3.4), or all is in one entry (from `LibreOffice` 24.8 on). The `zip`
/// crate opens no archive that is cut.
fn is_encrypted_zip(content: &[u8]) -> bool {
    let word = |at: usize| content.get(at..at + 2).map(|word| usize::from(u16::from_le_bytes([word[0], word[1]])));
    let long =
        |at: usize| content.get(at..at + 4).and_then(|long| Some(u32::from_le_bytes(long.try_into().ok()?) as usize));
    // The central directory (section 4.3.12), found by its end (section 4.3.16) and its comment of 64 KiB at most.
    let tail = content.len().saturating_sub(22 + 0xffff);
    let end = memmem::rfind(&content[tail..], b"PK\x05\x06").map(|at| tail + at);
    let mut at = end.and_then(|end| long(end + 16)).unwrap_or(content.len());
    let mut entries = 0;
    while entries < MAX_ENTRIES && content.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
        entries += 1;
        if word(at + 8).is_some_and(|flags| flags & 1 == 1) {
            return true;
        }
        let (Some(name), Some(extra), Some(comment)) = (word(at + 28), word(at + 30), word(at + 32)) else { break };
        let entry = content.get(at + 46..at + 46 + name).unwrap_or_default();
        let is_text = entry == b"content.xml"
            && long(at + 42).is_some_and(|local| is_stored_cipher(&content[local.min(content.len())..]));
        if is_text || entry == b"encrypted-package" {
            return true;
        }
        at += 46 + name + extra + comment;
    }
    // Without a directory, as a cut file: the first entry speaks for all.
    entries == 0 && word(6).is_some_and(|flags| flags & 1 == 1)
}

/// Whether the entry at `local` is stored, as encrypted parts are, and is not the XML it would be otherwise.
fn is_stored_cipher(entry: &[u8]) -> bool {
    let word = |at: usize| entry.get(at..at + 2).map(|word| usize::from(u16::from_le_bytes([word[0], word[1]])));
    let (Some(method), Some(name), Some(extra)) = (word(8), word(26), word(28)) else { return false };
    let start = entry.get(30 + name + extra..).unwrap_or_default().trim_ascii_start();
    method == 0 && !start.is_empty() && !start.starts_with(b"<") && !start.starts_with(b"\xef\xbb\xbf")
}

/// A header that is itself packed with AES, whose id is 06 F1 07 01 (7zFormat.txt).
fn is_encrypted_7z(content: &[u8]) -> bool {
    let long = |at: usize| content.get(at..at + 8).and_then(|long| Some(u64::from_le_bytes(long.try_into().ok()?)));
    let header = long(12).zip(long(20)).and_then(|(offset, size)| {
        let start = usize::try_from(offset).ok()?.checked_add(32)?;
        let size = usize::try_from(size).ok()?.min(SEARCHED);
        content.get(start..start.checked_add(size)?)
    });
    header.is_some_and(|header| memmem::find(header, b"\x06\xf1\x07\x01").is_some())
}

/// RAR 5: a first header of the type «archive encryption», 4; RAR 4: the flag 0x80 of the main header.
fn is_encrypted_rar(content: &[u8]) -> bool {
    match content.get(6..) {
        // Behind the CRC a size of one to three bytes of seven bits, then the type.
        Some([1, 0, header @ ..]) => {
            let size = header.iter().skip(4).take(3).take_while(|byte| **byte & 0x80 != 0).count() + 1;
            header.get(4 + size) == Some(&4)
        }
        Some([0, header @ ..]) => header.get(2) == Some(&0x73) && header.get(3).is_some_and(|flags| flags & 0x80 != 0),
        _ => false,
    }
}

/// An encrypted docx or xlsx is a compound file with a stream of that name (MS-OFFCRYPTO section 2.3.4.4).
fn is_encrypted_office(content: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    memmem::find(content, &name).is_some()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{FileVerdict, inspect};
    use crate::{
        config::{Attachments, Encrypted},
        text::Language,
    };

    pub(in crate::flow::deliver) fn rules() -> Attachments {
        crate::config::load_from(None, []).unwrap().attachments
    }

    fn judged(name: &str, content: &[u8]) -> String {
        match inspect(name, content, &rules()) {
            FileVerdict::Goes(name) => name,
            FileVerdict::Forbidden(why) => why.text(Language::French).to_owned(),
            FileVerdict::Encrypted => "chiffré".to_owned(),
        }
    }

    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    /// A ZIP archive of one stored entry.
    fn zip(flags: u8, name: &str, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        let local =
            [&b"PK\x03\x04\x14\0"[..], &[flags, 0], &[0; 18], &[length, 0, 0, 0], name.as_bytes(), content].concat();
        let directory =
            [&b"PK\x01\x02\x14\0\x14\0"[..], &[flags, 0], &[0; 18], &[length], &[0; 17], name.as_bytes()].concat();
        let start = u32::try_from(local.len()).unwrap().to_le_bytes();
        [&local[..], &directory, b"PK\x05\x06", &[0; 12], &start, b"\0\0"].concat()
    }

    #[rstest]
    #[case("facture.pdf.exe", b"x")]
    #[case("photo.jpg      .scr", b"x")]
    #[case("Script.JS", b"x")]
    #[case("outil.PYW", b"x")]
    #[case("notice", b"\x7fELF\x02")]
    #[case("image.png", b"#!/bin/sh\nrm")]
    #[case("virus.exe.dat", b"x")]
    fn programs_stay_out(#[case] name: &str, #[case] content: &[u8]) {
        assert_eq!(judged(name, content), "fichier exécutable ou script");
    }

    #[test]
    fn windows_programs_are_told_from_texts() {
        let mut program = b"MZ\x90\0".to_vec();
        program.resize(0x80, 0);
        program[0x3c] = 0x40;
        program[0x40..0x44].copy_from_slice(b"PE\0\0");
        assert_eq!(judged("bilan.pdf", &program), "fichier exécutable ou script");
        let text = "MZ est un élève de CM2. ".repeat(10);
        assert_eq!(judged("classe.txt", text.as_bytes()), "classe.txt");
    }

    #[rstest]
    #[case(
        "bilan.pdf",
        b"<!DOCTYPE html><script>",
        "contenu trompeur\u{a0}: page web ou script sous le nom d’un fichier pdf"
    )]
    #[case(
        "bilan.docx",
        b"\xef\xbb\xbf  <html>",
        "contenu trompeur\u{a0}: page web ou script sous le nom d’un fichier docx"
    )]
    #[case("doc.pdf.html", b"x", "nom trompeur\u{a0}: page web présentée comme fichier pdf")]
    #[case("page.html", b"<html>", "page.html")]
    #[case("bilan 3.11.pdf", b"%PDF-1.7", "bilan 3.11.pdf")]
    #[case("copie.png", b"\xff\xd8\xff\xe0", "copie.jpg")]
    #[case("Photo.JPEG", b"\xff\xd8\xff\xe0", "Photo.JPEG")]
    #[case("capture 1.JPG", PNG, "capture 1.png")]
    #[case("scan.heic", PNG, "scan.png")]
    #[case("image.webp", b"GIF89a", "image.gif")]
    #[case("image.jpg", b"RIFF\x10\0\0\0WEBPVP8 ", "image.jpg")]
    #[case("image.png", ZIP, "image.png")]
    #[case("scan.dat", b"%PDF-1.7", "scan.pdf")]
    #[case("capture", PNG, "capture.png")]
    #[case("export.bin", b"a;b", "export.bin")]
    #[case("é.\u{3000}bin", PNG, "é.png")]
    #[case("notes.txt", PNG, "notes.txt")]
    fn a_files_content_counts_and_its_name(#[case] name: &str, #[case] content: &[u8], #[case] expected: &str) {
        assert_eq!(judged(name, content), expected);
    }

    #[test]
    fn encrypted_files_are_told() {
        let office =
            [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"].concat();
        let mut seven = b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0".to_vec();
        seven.extend([&0_u64.to_le_bytes()[..], &6_u64.to_le_bytes(), &[0; 4], b"\x17\x06\xf1\x07\x01\0"].concat());
        let odt = zip(0, "content.xml", b"\x8f\x01\x02");
        let package = zip(0, "encrypted-package", b"\x8f\x01\x02");
        for (name, content) in [
            ("a.zip", &zip(1, "a.txt", b"x")[..]),
            ("a.odt", &odt),
            ("b.odt", &package),
            ("a.7z", &seven),
            ("a.rar", b"Rar!\x1a\x07\x01\0\x11\x22\x33\x44\x21\x04\0"),
            ("a.rar", b"Rar!\x1a\x07\0\x11\x22\x73\x80\0"),
            ("a.docx", &office),
            ("a.asc", b"\n-----BEGIN PGP MESSAGE-----"),
        ] {
            assert_eq!(judged(name, content), "chiffré", "{name}");
            let taken = Attachments { encrypted: Encrypted::Attach, ..rules() };
            assert_eq!(inspect(name, content, &taken), FileVerdict::Goes(name.to_owned()));
        }
        for (name, content) in [
            ("a.zip", &zip(0, "a.txt", b"x")[..]),
            ("a.odt", &zip(0, "content.xml", b"<?xml version")),
            ("a.rar", b"Rar!\x1a\x07\x01\0\x11\x22\x33\x44\x21\x01\0"),
            ("a.rar", b"Rar!\x1a\x07\0\x11\x22\x73\0\0"),
            ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("a.pdf", b"%PDF-1.7\ntrailer<</Encrypt 5 0 R>>"),
        ] {
            assert_eq!(judged(name, content), name);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(
            name in "\\PC{0,20}",
            start in prop::sample::select(vec![ZIP, PNG, b"MZ", b"%PDF-", b"Rar!\x1a\x07\x01\0", b"Rar!\x1a\x07\0", b"7z\xbc\xaf\x27\x1c", b"PK\x03\x04PK\x01\x02"]),
            rest in prop::collection::vec(any::<u8>(), 0..120),
            with_end in any::<bool>(),
        ) {
            let mut content = [start, &rest].concat();
            if with_end {
                content.extend_from_slice(b"PK\x05\x06");
                content.extend_from_slice(&[0; 12]);
                content.extend_from_slice(&[4, 0, 0, 0, 0, 0]);
            }
            if let FileVerdict::Goes(given) = inspect(&name, &content, &rules()) {
                prop_assert!(given.len() <= name.len() + 10);
            }
        }
    }
}
