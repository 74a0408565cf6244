//! The content of a mail, from the answer to DATA to the lone dot.
//!
//! RFC 5321 section 2.3.8 makes CR LF the only line ending, so only `CR LF . CR LF` ends a mail (section
//! 4.1.1.4) and only a dot after CR LF is a stuffed one (section 4.5.2). A reader that takes anything else
//! for a line ending lets a sender hide a second mail in the first («SMTP smuggling»). smtp-proto's
//! `DataReceiver` ends a mail at `CR LF . CR CR LF`, too, and misses a dot that is the first line: hence
//! this one.

use memchr::memmem;

use crate::intake::MAPPED;

/// Reads a mail piece by piece, removes the stuffed dots, and keeps no more than it was told to.
#[derive(Debug)]
pub(super) struct DataReader {
    state: State,
    kept: Vec<u8>,
    limit: usize,
    size: u64,
}

/// What has been read of the current line.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing: the last line has ended with CR LF, or this is the first one.
    LineStart,
    /// Something that cannot end the mail any more.
    Text,
    /// Something, and a CR that may belong to the line ending.
    Return,
    /// A dot, not kept: it is a stuffed one, or the end.
    Dot,
    /// A dot and a CR, neither of them kept.
    DotReturn,
}

impl DataReader {
    /// A reader that keeps the first `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { state: State::LineStart, kept: Vec::new(), limit, size: 0 }
    }

    /// Takes from `input` what belongs to the mail. True when the mail has ended; what is left in `input`
    /// are commands then.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> bool {
        while let Some((&byte, rest)) = input.split_first() {
            self.state = match (self.state, byte) {
                (State::LineStart, b'.') => State::Dot,
                (State::Dot, b'\r') => State::DotReturn,
                (State::DotReturn, b'\n') => {
                    *input = rest;
                    return true;
                }
                (State::DotReturn, _) => {
                    self.keep(b"\r");
                    self.state = State::Return;
                    continue;
                }
                (State::Return, b'\n') => {
                    self.keep(b"\n");
                    State::LineStart
                }
                (_, b'\r') => {
                    self.keep(b"\r");
                    State::Return
                }
                _ => {
                    // Lines mean nothing here, but for one that begins with a dot.
                    let end = memmem::find(input, b"\r\n.").map_or(input.len(), |end| end + 2);
                    let (text, rest) = input.split_at(end);
                    self.keep(text);
                    self.state = match text {
                        [.., b'\r', b'\n'] => State::LineStart,
                        [.., b'\r'] => State::Return,
                        _ => State::Text,
                    };
                    *input = rest;
                    continue;
                }
            };
            *input = rest;
        }
        false
    }

    /// How many bytes are kept so far.
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Makes place for so many bytes in all, or for as many as are kept at most; where more have come already, the number
    /// is no help. Returns which.
    pub(super) fn expect(&mut self, bytes: usize) -> usize {
        let bytes = if bytes < self.kept.len() { self.limit } else { bytes.min(self.limit) };
        self.kept.reserve_exact(bytes.max(MAPPED) - self.kept.len());
        bytes
    }

    /// The mail, cut at the limit, and the size it really had, bytes.
    pub(super) fn finish(self) -> (Vec<u8>, u64) {
        (self.kept, self.size)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let bytes = &bytes[..bytes.len().min(self.limit - self.kept.len())];
        let needed = self.kept.len() + bytes.len();
        if needed > self.kept.capacity() {
            // Doubling, but never beyond the limit: that is what bounds a connection's memory.
            let capacity = (self.kept.capacity() * 2).max(4096).min(self.limit).max(needed);
            self.kept.reserve_exact(capacity - self.kept.len());
        }
        self.kept.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use rstest::rstest;

    use super::DataReader;

    /// What the RFC says, in the fewest words: content, real size and what is left; `None` without an end.
    fn by_the_book(input: &[u8], limit: usize) -> Option<(Vec<u8>, u64, Vec<u8>)> {
        let lines = [b"\r\n", input].concat();
        let end = lines.windows(5).position(|window| window == b"\r\n.\r\n")?;
        let mut content = Vec::new();
        for (at, &byte) in lines[..end + 2].iter().enumerate().skip(2) {
            if byte != b'.' || &lines[at - 2..at] != b"\r\n" {
                content.push(byte);
            }
        }
        let size = content.len() as u64;
        content.truncate(limit);
        Some((content, size, lines[end + 5..].to_vec()))
    }

    fn read(pieces: &[&[u8]], limit: usize) -> Option<(Vec<u8>, u64, Vec<u8>)> {
        let mut reader = DataReader::new(limit);
        for (index, piece) in pieces.iter().enumerate() {
            let mut input = *piece;
            if reader.read(&mut input) {
                assert!(reader.kept.capacity() <= limit, "more memory than the limit");
                let (content, size) = reader.finish();
                let left = [input, &pieces[index + 1..].concat()].concat();
                return Some((content, size, left));
            }
            assert_eq!(input, b"");
        }
        None
    }

    #[rstest]
    #[case::empty(".\r\nQUIT", "", "QUIT")]
    #[case::one_line("hello\r\n.\r\n", "hello\r\n", "")]
    #[case::stuffed("..\r\n...\r\n.a\r\n.\r\n", ".\r\n..\r\na\r\n", "")]
    #[case::bare_line_ends("a\n.\nb\r.\rc\n.\r\nd\r.\r\n\r\n.\r\n", "a\n.\nb\r.\rc\n.\r\nd\r.\r\n\r\n", "")]
    #[case::dot_then_bare_feed("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "")]
    #[case::dot_then_bare_return("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "")]
    #[case::dot_then_two_returns("a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", "")]
    #[case::return_before_the_line_end("a\r\r\n.\r\n", "a\r\r\n", "")]
    #[case::no_unstuffing_after_a_bare_feed("a\n..b\r..c\r\n.\r\n", "a\n..b\r..c\r\n", "")]
    #[case::the_rest_is_commands("a\r\n.\r\n.\r\nRSET\r\n", "a\r\n", ".\r\nRSET\r\n")]
    fn a_mail_ends_at_the_lone_dot(#[case] input: &str, #[case] content: &str, #[case] left: &str) {
        let (read, size, rest) = read(&[input.as_bytes()], 1 << 20).unwrap();
        assert_eq!((str::from_utf8(&read).unwrap(), str::from_utf8(&rest).unwrap()), (content, left));
        assert_eq!(size, content.len() as u64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn any_bytes_in_any_pieces_are_read_as_the_rfc_says(
            pieces in vec(vec(prop::sample::select(b"\r\n.a".to_vec()), 0..12), 0..12),
            limit in 0_usize..40,
        ) {
            let whole = pieces.concat();
            let expected = by_the_book(&whole, limit);
            prop_assert_eq!(read(&[&whole], limit), expected.clone());
            prop_assert_eq!(read(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>(), limit), expected.clone());
            prop_assert_eq!(read(&whole.chunks(1).collect::<Vec<_>>(), limit), expected);
        }
    }
}
