//! Small pictures that say nothing: logos of signatures, copies, tracking pixels.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::request::{Attachment, Origin, Received};

/// A picture that is no document of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spared {
    /// Its place among the files.
    pub index: usize,
    /// The tag of the same picture that stays, for its place in what the person wrote.
    pub stays: Option<String>,
}

/// The pictures of at most `most` bytes to leave out: shown only in signature or history, copies of another one, and
/// tracking pixels. What is shown in the text, or attached as a file, stays once; nothing is left out of a mail that
/// is that picture alone, nor of a form.
pub(super) fn spared(received: &Received, most: u64) -> Vec<Spared> {
    let (body, files) = (&received.body, &received.attachments);
    let is_alone = files.len() == 1 && !body.text.contains(char::is_alphanumeric);
    if is_alone || matches!(received.origin, Origin::Form(_)) {
        return Vec::new();
    }
    let is_small = |file: &Attachment| file.content_type.starts_with("image/") && file.content.len() as u64 <= most;
    let shows = |html: Option<&str>, file: &Attachment| {
        let mark = file.inline_tag.as_ref().map(|tag| format!("id=\"{tag}\""));
        mark.zip(html).is_some_and(|(mark, html)| html.contains(&mark))
    };
    // The copy that stays: the first one shown in the text, else the first one that is a file of its own.
    let mut kept: HashMap<[u8; 32], (usize, bool)> = HashMap::new();
    let mut small = Vec::new();
    for (index, file) in files.iter().enumerate().filter(|(_, file)| !file.content.is_empty() && is_small(file)) {
        let is_shown = shows(Some(&body.html), file);
        let is_folded = !is_shown && shows(body.folded_html.as_deref(), file);
        let digest = Sha256::digest(&file.content).into();
        small.push((index, digest, is_shown));
        if !is_folded && !is_pixel(&file.content) {
            let kept = kept.entry(digest).or_insert((index, is_shown));
            if is_shown && !kept.1 {
                *kept = (index, true);
            }
        }
    }
    small
        .into_iter()
        .filter(|(index, digest, _)| kept.get(digest).is_none_or(|(kept, _)| kept != index))
        .map(|(index, digest, is_shown)| {
            let same = kept.get(&digest).filter(|_| is_shown).and_then(|&(kept, _)| files.get(kept));
            Spared { index, stays: same.and_then(|file| file.inline_tag.clone()) }
        })
        .collect()
}

/// What the ticket says of so many pictures left out.
pub(super) fn told(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 petite image (signature, copie)".to_owned()),
        count => Some(format!("{count} petites images (signature, copie)")),
    }
}

/// Whether a picture is at most 2 × 2 pixels, by its own header: PNG (section 11.2.2 IHDR), `GIF89a` (section 18). The
/// crate for it, `imagesize`, does not read one that is cut behind its sides.
fn is_pixel(content: &[u8]) -> bool {
    let sides = match content {
        [0x89, b'P', b'N', b'G', ..] => content.get(16..24).map(|sides| {
            (
                u32::from_be_bytes([sides[0], sides[1], sides[2], sides[3]]),
                u32::from_be_bytes([sides[4], sides[5], sides[6], sides[7]]),
            )
        }),
        [b'G', b'I', b'F', b'8', ..] => content.get(6..10).map(|sides| {
            (u16::from_le_bytes([sides[0], sides[1]]).into(), u16::from_le_bytes([sides[2], sides[3]]).into())
        }),
        [0xff, 0xd8, rest @ ..] => jpeg_sides(rest),
        _ => None,
    };
    sides.is_some_and(|(width, height)| width <= 2 && height <= 2)
}

/// The sides in the frame header of a JPEG (ITU-T T.81 section B.2.2), which some segments come before.
fn jpeg_sides(mut segments: &[u8]) -> Option<(u32, u32)> {
    for _ in 0..100 {
        let [0xff, kind, high, low, rest @ ..] = segments else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let sides = rest.get(1..5)?;
            return Some((
                u16::from_be_bytes([sides[2], sides[3]]).into(),
                u16::from_be_bytes([sides[0], sides[1]]).into(),
            ));
        }
        segments = rest.get(length.checked_sub(2)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Spared, is_pixel, spared, told};
    use crate::{
        flow::screen::samples,
        request::{Attachment, Body, Received},
    };

    const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0";

    /// A mail whose text shows `T0`, and whose signature shows `T1`, if the files have these tags.
    fn with(files: &[(&[u8], Option<&str>)]) -> Received {
        let mut received = samples::mail(|_| {});
        received.body = Body {
            html: "<p>Voir <img id=\"T0\"> <img id=\"T2\"></p>".into(),
            folded_html: Some("<p>Jeanne <img id=\"T1\"></p>".into()),
            text: "Voir".into(),
        };
        received.attachments = files
            .iter()
            .map(|&(content, tag)| Attachment {
                name: "a.png".into(),
                content_type: "image/png".into(),
                content: Bytes::copy_from_slice(content),
                inline_tag: tag.map(str::to_owned),
            })
            .collect();
        received
    }

    fn indexes(files: &[(&[u8], Option<&str>)], most: u64) -> Vec<usize> {
        spared(&with(files), most).into_iter().map(|spared| spared.index).collect()
    }

    #[test]
    fn a_signatures_pictures_go_and_the_persons_stay() {
        let mail: [(&[u8], Option<&str>); 4] =
            [(b"capture", Some("T0")), (b"logo", Some("T1")), (b"jointe", None), (PIXEL, Some("T2"))];
        assert_eq!(indexes(&mail, 100), [1, 3]);
        assert_eq!(indexes(&mail, 5), [1]);
        assert_eq!(indexes(&mail, 0), [0; 0]);
    }

    #[test]
    fn copies_go_and_one_stays_at_its_place() {
        assert_eq!(indexes(&[(b"logo", Some("T1")), (b"logo", None), (b"logo", Some("T0"))], 100), [0, 1]);
        assert_eq!(indexes(&[(b"logo", None), (b"logo", None)], 100), [1]);
        assert_eq!(indexes(&[(b"logo", Some("T1")), (b"logo", Some("T1"))], 100), [0, 1]);
        let twice = spared(&with(&[(b"capture", Some("T0")), (b"capture", Some("T2"))]), 100);
        assert_eq!(twice, [Spared { index: 1, stays: Some("T0".into()) }]);
    }

    #[test]
    fn a_picture_that_is_all_there_is_stays() {
        let mut mail = with(&[(b"capture", Some("T1"))]);
        mail.body.text = " ".into();
        assert_eq!(spared(&mail, 100), []);
    }

    #[test]
    fn pixels_are_told_by_their_header() {
        assert!(is_pixel(PIXEL));
        assert!(is_pixel(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x02\x08"));
        assert!(is_pixel(b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x01\0\x01\x01"));
        assert!(!is_pixel(b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x09\0\x01\x01"));
        assert!(
            !is_pixel(b"GIF89a\x01\x01\x01\0")
                && !is_pixel(b"\x89PNG")
                && !is_pixel(b"\xff\xd8\xff\xe0\0\0")
                && !is_pixel(b"")
        );
        assert_eq!(
            (told(0), told(1).unwrap(), told(3).unwrap()),
            (None, "1 petite image (signature, copie)".into(), "3 petites images (signature, copie)".into())
        );
    }
}
