//! The lines that part a multipart (RFC 2046 section 5.1), also where another boundary is declared than is used.

use std::ops::Range;

use super::header::{line_end, trim_line_break};

/// Where a multipart's parts are, and what is outside of all.
#[derive(Default)]
pub(super) struct Split {
    pub(super) parts: Vec<Range<usize>>,
    pub(super) outside: Vec<Range<usize>>,
    /// Whether there are more parts than may be looked at.
    pub(super) is_cut: bool,
}

impl Split {
    /// Cuts at the lines `--boundary`. The closing line may be missing, and what follows it counts only if the boundary
    /// comes again.
    pub(super) fn at(body: &[u8], boundary: &[u8], most: usize) -> Self {
        let mut split = Self::default();
        let (mut part, mut outside): (Option<usize>, Option<usize>) = (None, Some(0));
        let mut at = 0;
        if boundary.is_empty() {
            return split;
        }
        while at < body.len() {
            let end = line_end(body, at);
            let mark =
                body[at..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)).map(<[u8]>::trim_ascii);
            let closes = match mark {
                Some(b"") => false,
                Some(b"--") => true,
                _ => {
                    at = end;
                    continue;
                }
            };
            split.outside.extend(outside.take().map(|start| start..at));
            if let Some(start) = part {
                split.parts.push(start..start.max(before_line_break(body, at)));
                if split.parts.len() > most {
                    split.is_cut = true;
                    return split;
                }
            }
            (part, outside) = if closes { (None, Some(end)) } else { (Some(end), None) };
            at = end;
        }
        split.parts.extend(part.filter(|&start| start < body.len()).map(|start| start..body.len()));
        split.outside.extend(outside.map(|start| start..body.len()));
        split
    }
}

/// Whether what is outside of all parts is more than the note that old programs are meant to show, which speaks of MIME
/// in every language (RFC 2046 section 5.1.1): a text, or parts between other lines.
pub(super) fn says_something(outside: &[u8]) -> bool {
    const LOOKED_AT: usize = 64 * 1024;
    let text = String::from_utf8_lossy(&outside[..outside.len().min(LOOKED_AT)]).to_lowercase();
    let is_note = ["mime", "multipart", "multi-part"].iter().any(|word| text.contains(word));
    let mut lines = text.lines().filter(|line| !line.starts_with("--"));
    used_boundary(outside).is_some() || !is_note && lines.any(|line| line.contains(char::is_alphanumeric))
}

/// The line break before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
fn before_line_break(body: &[u8], at: usize) -> usize {
    trim_line_break(&body[..at]).len()
}

/// The boundary that is really used, where none or another is declared: the first line of the form
/// `--x` that a content field follows.
pub(super) fn used_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at < body.len() {
        let end = line_end(body, at);
        let line = trim_line_break(&body[at..end]).trim_ascii_end();
        if let Some(boundary) = line.strip_prefix(b"--")
            && !boundary.is_empty()
            && body[end..].get(..8).is_some_and(|next| next.eq_ignore_ascii_case(b"content-"))
        {
            return Some(boundary);
        }
        at = end;
    }
    None
}

/// Whether a body holds no more than lines of its boundary.
pub(super) fn is_boundaries_alone(body: &[u8], boundary: &str) -> bool {
    body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).all(|line| {
        let mark = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()));
        mark.is_some_and(|mark| mark.is_empty() || mark == b"--")
    })
}
