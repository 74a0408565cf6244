//! One file of a multipart request, and what its name and first bytes say it is.

use axum::body::Bytes;

/// One file of a multipart request.
#[derive(Debug)]
pub(super) struct Upload {
    /// PHP's name of the field: what stands before the first bracket.
    pub(super) field: String,
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Bytes,
}

impl Upload {
    pub(super) fn new(field: &str, name: String, content_type: String, bytes: Bytes) -> Self {
        let field = field.split_once('[').map_or(field, |(field, _)| field);
        Self { field: field.to_owned(), name, content_type, bytes }
    }

    /// A picture by name and by its first bytes whose header ends before its size is told.
    pub(super) fn is_cut_picture(&self) -> bool {
        let bytes = &self.bytes;
        match Picture::by_content(bytes) {
            kind if kind.is_none() || kind != Picture::by_name(&self.name) => false,
            Some(Picture::Png) => bytes.len() < 25,
            Some(Picture::Gif) => bytes.len() < 11,
            _ => !jpeg_tells_its_size(bytes),
        }
    }
}

/// The kinds of pictures whose name and first bytes must agree, as the upload handler compares them.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Picture {
    Gif,
    Jpeg,
    Png,
}

impl Picture {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_lowercase().as_str() {
            "gif" => Some(Self::Gif),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            _ => None,
        }
    }

    pub(super) fn by_content(bytes: &[u8]) -> Option<Self> {
        let known: [(&[u8], Self); 3] = [(b"GIF8", Self::Gif), (b"\xff\xd8\xff", Self::Jpeg), (b"\x89PNG", Self::Png)];
        known.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| kind)
    }
}

/// Whether the frame that tells the size comes before the end.
fn jpeg_tells_its_size(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, ..] = *rest {
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return rest.len() >= 9;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = rest.get(2 + length..).unwrap_or_default();
    }
    false
}
