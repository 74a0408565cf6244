//! RTF as text: the form in which Outlook wraps a mail's text in winmail.dat (MS-OXRTFCP, RTF 1.9.1).

use super::charset;

/// What a text may take compressed, bytes: a mail's is far shorter.
const MAX_COMPRESSED: usize = 2 * 1024 * 1024;
/// … and decompressed.
const MAX_RTF: usize = 2 * 1024 * 1024;
/// Groups within groups; Word writes about a dozen.
const MAX_OPEN: usize = 1000;
/// MS-OXRTFCP section 2.1.3.1.1: the header's length, and the mark of RTF that is not compressed.
const HEADER: usize = 16;
const UNCOMPRESSED: u32 = 0x414c_454d;
/// A reference of two bytes stands for at most 17 (section 2.1.3.1.5), and each eight take a byte of flags more.
const MAX_RATIO: usize = 8;
/// Groups whose content is no text of the message.
const NO_TEXT: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "headerf",
    "headerl",
    "headerr",
    "footer",
    "footerf",
    "footerl",
    "footerr",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "themedata",
    "xmlnstbl",
];

/// Compressed RTF as RTF; `None` where it is damaged or absurdly long.
pub(super) fn decompress(compressed: &[u8]) -> Option<Vec<u8>> {
    let field = |at: usize| Some(u32::from_le_bytes(compressed.get(at..at + 4)?.try_into().ok()?));
    let (size, raw_size, kind) = (field(0)? as usize, field(4)? as usize, field(8)?);
    let _checksum = field(12)?;
    // The size is the one of all that follows it; the library trusts all three.
    let message =
        compressed.get(..size.checked_add(4)?).filter(|message| (HEADER..MAX_COMPRESSED).contains(&message.len()))?;
    let content = message.len() - HEADER;
    let longest = if kind == UNCOMPRESSED { content } else { content * MAX_RATIO };
    if raw_size > longest.min(MAX_RTF) {
        return None;
    }
    // The length it declares is what it stops at, unless it is damaged.
    let rtf = compressed_rtf::decompress_rtf(message).ok().filter(|rtf| rtf.chars().count() <= MAX_RTF)?;
    // The library gives each byte as the character of the same number.
    Some(rtf.chars().filter_map(|c| u8::try_from(c).ok()).collect())
}

/// The state of a group.
#[derive(Clone, Copy)]
struct Group {
    /// Its content is no text.
    hidden: bool,
    /// It is what a program that wrapped HTML in RTF added for readers of RTF (MS-OXRTFEX section 2.1.3.1.2).
    added: bool,
    /// How many characters stand in for one of Unicode.
    stand_ins: usize,
}

/// The text of an RTF document, with LF line ends.
pub(super) fn text(rtf: &[u8]) -> String {
    let mut writer = Writer { text: String::new(), bytes: Vec::new(), code_page: "windows-1252".to_owned() };
    let mut group = Group { hidden: false, added: false, stand_ins: 1 };
    let mut open: Vec<Group> = Vec::new();
    let mut skip = 0_usize;
    let mut at = 0;
    while let Some(&byte) = rtf.get(at) {
        at += 1;
        match byte {
            b'{' if open.len() == MAX_OPEN => break,
            b'{' => {
                open.push(group);
                skip = 0;
            }
            b'}' => {
                group = open.pop().unwrap_or(group);
                skip = 0;
            }
            b'\r' | b'\n' | 0 => {}
            b'\\' => {
                let (control, end) = control(rtf, at);
                at = end;
                match control {
                    Control::Byte(_) | Control::Symbol(_) if skip > 0 => skip -= 1,
                    Control::Symbol(b'*') => group.hidden = true,
                    Control::Word("htmlrtf", value) => group.added = value != Some(0),
                    Control::Word("uc", value) => {
                        group.stand_ins = usize::try_from(value.unwrap_or(1)).unwrap_or(1).min(8);
                    }
                    Control::Word("bin", value) => {
                        at += usize::try_from(value.unwrap_or(0)).unwrap_or(0).min(rtf.len() - at);
                    }
                    Control::Word("ansicpg", Some(number)) if (1250..=1258).contains(&number) => {
                        writer.code_page = format!("windows-{number}");
                    }
                    Control::Word(word, _) if NO_TEXT.contains(&word) => group.hidden = true,
                    Control::Word("u", Some(unit)) => {
                        if !group.hidden && !group.added {
                            writer.unit(unit);
                        }
                        skip = group.stand_ins;
                    }
                    control if !group.hidden && !group.added => writer.control(&control),
                    _ => {}
                }
            }
            _ if skip > 0 => skip -= 1,
            _ if !group.hidden && !group.added => writer.bytes.push(byte),
            _ => {}
        }
    }
    writer.finish()
}

enum Control<'a> {
    Word(&'a str, Option<i32>),
    Symbol(u8),
    /// `\'hh`.
    Byte(u8),
}

/// The control whose backslash was before `at`, and where it ends.
fn control(rtf: &[u8], at: usize) -> (Control<'_>, usize) {
    let rest = &rtf[at..];
    let letters = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        return match rest {
            [b'\'', high, low, ..] => {
                let digit = |digit: u8| char::from(digit).to_digit(16);
                let value = digit(*high).zip(digit(*low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                (Control::Byte(value.unwrap_or(b'?')), at + 3)
            }
            [symbol, ..] => (Control::Symbol(*symbol), at + 1),
            [] => (Control::Symbol(b' '), at),
        };
    }
    let number = &rest[letters..];
    let sign = usize::from(number.first() == Some(&b'-'));
    let digits = number[sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let length = if digits == 0 { 0 } else { sign + digits };
    let value = std::str::from_utf8(&number[..length]).ok().and_then(|number| number.parse().ok());
    let word = std::str::from_utf8(&rest[..letters]).unwrap_or_default();
    let end = at + letters + length;
    (Control::Word(word, value), end + usize::from(rtf.get(end) == Some(&b' ')))
}

struct Writer {
    text: String,
    /// Characters of the code page, not yet in the text.
    bytes: Vec<u8>,
    code_page: String,
}

impl Writer {
    fn control(&mut self, control: &Control<'_>) {
        match control {
            Control::Byte(byte) => self.bytes.push(*byte),
            Control::Symbol(symbol @ (b'\\' | b'{' | b'}')) => self.bytes.push(*symbol),
            Control::Symbol(b'~') => self.push('\u{a0}'),
            Control::Symbol(b'_') => self.push('-'),
            Control::Word("par" | "line" | "row" | "sect" | "page", _) | Control::Symbol(b'\n' | b'\r') => {
                self.push('\n');
            }
            Control::Word("tab" | "cell", _) => self.push('\t'),
            Control::Word("emdash", _) => self.push('—'),
            Control::Word("endash", _) => self.push('–'),
            Control::Word("lquote", _) => self.push('‘'),
            Control::Word("rquote", _) => self.push('’'),
            Control::Word("ldblquote", _) => self.push('“'),
            Control::Word("rdblquote", _) => self.push('”'),
            Control::Word("bullet", _) => self.push('•'),
            _ => {}
        }
    }

    /// A UTF-16 unit, which RTF writes as a signed number; halves of a pair are rare and not shown.
    fn unit(&mut self, unit: i32) {
        if let Some(c) = u32::try_from(unit.rem_euclid(0x1_0000)).ok().and_then(char::from_u32) {
            self.push(c);
        }
    }

    fn push(&mut self, c: char) {
        self.decode();
        self.text.push(c);
    }

    fn decode(&mut self) {
        if !self.bytes.is_empty() {
            self.text.push_str(&charset::decode(&std::mem::take(&mut self.bytes), Some(&self.code_page)));
        }
    }

    fn finish(mut self) -> String {
        self.decode();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_OPEN, MAX_RTF, decompress, text};

    #[test]
    fn accents_and_line_ends_are_read() {
        for (rtf, expected) in [
            (
                r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 L'\'e9cole\par est ferm\u233?e\line {\b fin}.}",
                "L'école\nest fermée\nfin.",
            ),
            (r"{\rtf1 {\*\generator Riched20;}\uc2 \u8364\'80\'80 uro\~: a\{b\}}", "€ uro\u{a0}: a{b}"),
            (
                r"{\rtf1\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Bonjour\htmlrtf }\par\htmlrtf0 {\*\htmltag72 </p>}\par}",
                "Bonjour\n",
            ),
            (r"{\rtf1 {\pict 0102}\u-3913?x}", "\u{f0b7}x"),
            ("{\\rtf1 a\r\nb\\", "ab"),
        ] {
            assert_eq!(text(rtf.as_bytes()), expected, "{rtf}");
        }
    }

    #[test]
    fn compressed_rtf_is_read_and_damaged_is_not() {
        let rtf = r"{\rtf1\ansi L'\'e9cole\par}";
        let compressed = compressed_rtf::compress_rtf(rtf).unwrap();
        assert_eq!(decompress(&compressed).unwrap(), rtf.as_bytes());
        // What follows is not part of it.
        assert_eq!(decompress(&[&compressed[..], b"\0\0"].concat()).unwrap(), rtf.as_bytes());
        let mut boasts = compressed.clone();
        boasts[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decompress(&boasts), None);
        assert_eq!(decompress(&compressed[..10]), None);
        let long = compressed_rtf::compress_rtf(&"a".repeat(MAX_RTF + 1)).unwrap();
        assert_eq!(decompress(&long), None);
    }

    #[test]
    fn groups_are_opened_as_deep_as_people_write() {
        let deep = |depth: usize| text(format!("a{}b", "{".repeat(depth)).as_bytes());
        assert_eq!((deep(MAX_OPEN), deep(MAX_OPEN + 1)), ("ab".to_owned(), "a".to_owned()));
        assert_eq!(decompress(b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            pieces in prop::collection::vec("[{}\\\\'*a-f0-9 -]{0,6}|\\\\u-?[0-9]{1,6} ?|\\\\bin[0-9]{1,10}|\\\\uc[0-9]", 0..20),
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = text(pieces.concat().as_bytes());
            let _ = decompress(&bytes);
            let mut compressed = compressed_rtf::compress_rtf(&pieces.concat()).unwrap();
            for (at, byte) in bytes.iter().enumerate() {
                let at = at * 7 % compressed.len();
                if at > 15 {
                    compressed[at] = *byte;
                }
            }
            let _ = decompress(&compressed);
        }
    }
}
