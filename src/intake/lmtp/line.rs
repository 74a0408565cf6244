//! Command lines: what stands between two CR LF, and nothing else.

/// The longest command line, bytes with its CR LF. RFC 5321 section 4.5.3.1.4 asks for 512, and the
/// extensions for some more.
const MAX_LENGTH: usize = 2048;

/// What is wrong with a line as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// Longer than [`MAX_LENGTH`].
    TooLong,
    /// A CR or LF that is not part of CR LF. RFC 5321 section 2.3.8 forbids taking it for a line ending,
    /// so the line goes on; and as no command may hold one (section 4.1.2), the line is refused as a whole.
    BareLineEnd,
}

/// Reads command lines piece by piece. A faulty line is reported when the fault is met and then skipped up
/// to its CR LF, so that a client without CR LF hears why nothing works.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    line: Vec<u8>,
    after_return: bool,
    skipping: bool,
}

impl LineReader {
    /// Takes the next line, without its CR LF, or the next fault from `input`; `None` when `input` is used up.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Option<Result<Vec<u8>, LineFault>> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match (after_return, byte) {
                (true, b'\n') => {
                    let line = std::mem::take(&mut self.line);
                    if !std::mem::take(&mut self.skipping) {
                        return Some(Ok(line));
                    }
                }
                (false, b'\r') => {}
                _ if self.skipping => {}
                (true, _) | (false, b'\n') => return Some(Err(self.skip(LineFault::BareLineEnd))),
                (false, _) if self.line.len() + b"\r\n".len() >= MAX_LENGTH => {
                    return Some(Err(self.skip(LineFault::TooLong)));
                }
                (false, _) => self.line.push(byte),
            }
        }
        None
    }

    fn skip(&mut self, fault: LineFault) -> LineFault {
        self.skipping = true;
        self.line.clear();
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::{LineFault, LineReader, MAX_LENGTH};

    fn lines(input: &[u8]) -> Vec<Result<Vec<u8>, LineFault>> {
        let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut reader = LineReader::default();
            let mut lines = Vec::new();
            for mut piece in pieces {
                lines.extend(std::iter::from_fn(|| reader.read(&mut piece)));
            }
            lines
        };
        let whole = read(&mut std::iter::once(input));
        assert_eq!(whole, read(&mut input.chunks(1)), "byte by byte");
        whole
    }

    #[test]
    fn lines_end_with_cr_lf_only() {
        assert_eq!(lines(b"NOOP\r\n\r\nQUIT"), [Ok(b"NOOP".to_vec()), Ok(Vec::new())]);
        for faulty in ["a\nb\r\n", "a\rb\r\n", "a\r\r\n", "\n\n\n\r\n", "a\n\rb\n\r\n"] {
            let input = format!("{faulty}NOOP\r\n");
            assert_eq!(lines(input.as_bytes()), [Err(LineFault::BareLineEnd), Ok(b"NOOP".to_vec())], "{faulty:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_reported_once_and_skipped() {
        let longest = "x".repeat(MAX_LENGTH - 2);
        assert_eq!(lines(format!("{longest}\r\n").as_bytes()), [Ok(longest.clone().into_bytes())]);
        let input = format!("{longest}x{longest}\n{longest}\r\nNOOP\r\n");
        assert_eq!(lines(input.as_bytes()), [Err(LineFault::TooLong), Ok(b"NOOP".to_vec())]);
    }
}
