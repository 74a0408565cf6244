//! What a request and a requester's day are called in a ticket: short digests, found again by search.

use std::fmt;

use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};

use super::Address;

/// Crockford's base 32: no I, L, O, U, so that a reference survives a telephone line.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The name of a request: 60 bits of a digest of its sender and of what identifies it there.
///
/// Written into the ticket as `P-XXXX-XXXX-XXXX`; two copies of one request have the same reference,
/// whichever way and however often they come. 60 bits: among ten million requests a false match has a
/// chance of one in 20,000.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(u64);

impl Reference {
    /// The reference of what `sender` identifies by `identity`: a Message-ID, an Idempotency-Key, or the
    /// canonical request where there is none. `kind` keeps the three apart.
    pub fn new(kind: &str, sender: &str, identity: &[u8]) -> Self {
        Self(digest(&[kind.as_bytes(), sender.as_bytes(), identity]) >> 4)
    }

    /// Finds the first reference in a text, for instance a ticket's content.
    pub fn find(text: &str) -> Option<Self> {
        first(text, "P", 3).map(Self)
    }

    /// Finds the first reference that a person or a program has put into a subject: in any case, with the hyphens that
    /// word processors make, or with blanks instead or none between its groups. Then a figure and a letter in it tell it
    /// from words.
    pub fn find_in_subject(subject: &str) -> Option<Self> {
        const MAX_LENGTH: usize = 20;
        let is_hyphen = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let plain = |c: char| if is_hyphen(c) { '-' } else { c };
        let subject: String = subject.chars().map(plain).filter(|c| *c != '\u{ad}').collect::<String>().to_uppercase();
        let loose = |(at, _): (usize, &str)| {
            let inside = subject[..at].ends_with(|before: char| before.is_alphanumeric() || before == '-');
            let mut after = subject[at + 1..].chars();
            let separated = after.next().filter(|c| !inside && (*c == '-' || c.is_whitespace()))?;
            let rest: Vec<char> = after.take(MAX_LENGTH).collect();
            let groups = |separator: Option<char>| {
                let mut rest = rest.iter();
                let mut letters = String::new();
                for group in 0..3 {
                    if let Some(separator) = separator.filter(|_| group > 0) {
                        rest.next().filter(|c| **c == separator || separator == ' ' && c.is_whitespace())?;
                    }
                    letters.push('-');
                    letters.extend(rest.by_ref().take(4).filter(|c| c.is_ascii_alphanumeric()));
                }
                let ends = rest.next().is_none_or(|next| !next.is_alphanumeric() && *next != '-');
                let is_mixed = letters.contains(|c: char| c.is_ascii_digit()) && letters.contains(char::is_alphabetic);
                if ends && is_mixed { read_groups(&letters, 3).map(Self) } else { None }
            };
            let separators = if separated == '-' { [None, Some(' ')] } else { [Some(' '), None] };
            let tried = if separated == '-' { &separators[..] } else { &separators[..1] };
            tried.iter().find_map(|separator| groups(*separator))
        };
        Self::find(&subject).or_else(|| subject.match_indices('P').find_map(loose))
    }

    /// Reads `P-XXXX-XXXX-XXXX`; lower case, and the look-alikes O, I and L, are understood.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        read_groups(upper.strip_prefix('P')?, 3).map(Self)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        write_groups(f, self.0, 12)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The name of one requester's calendar day, written into each of that day's tickets as `J-XXXX-XXXX`.
///
/// It lets the daily quota be recounted from GLPI alone: searching the mark finds exactly the tickets
/// this requester was granted on that day, whatever GLPI's time zone and whether or not the person has
/// an account there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayMark(u64);

impl DayMark {
    /// The mark of `requester` on `day`, a date in the academy's time zone.
    pub fn new(requester: &Address, day: Date) -> Self {
        Self(digest(&[b"day", requester.as_str().as_bytes(), day.to_string().as_bytes()]) >> 24)
    }

    /// Finds the first mark in a text, for instance a ticket's content.
    pub fn find(text: &str) -> Option<Self> {
        first(text, "J", 2).map(Self)
    }
}

impl fmt::Display for DayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("J")?;
        write_groups(f, self.0, 8)
    }
}

impl fmt::Debug for DayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a mail is recognised by beside its name: its date, its subject and its content, 20 bits of a digest each.
///
/// Some copiers and applications give every mail the same Message-ID. The fingerprint stands in the ticket as
/// `E-XXXX-XXXX-XXXX`, so that a copy of its mail can be told from another mail of the same name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    const PART: u64 = (1 << 20) - 1;

    /// The fingerprint of a mail of this date (`None`: it has none that can be believed), subject and content.
    pub fn new(date: Option<Timestamp>, subject: &str, content: &[u8]) -> Self {
        let part = |kind: &str, value: &[u8]| digest(&[kind.as_bytes(), value]) >> 44;
        let date = date.map_or(0, |date| part("date", date.as_second().to_string().as_bytes()));
        Self(date << 40 | part("subject", subject.as_bytes()) << 20 | part("content", content))
    }

    /// Finds the first fingerprint in a text, for instance a ticket's opening.
    pub fn find(text: &str) -> Option<Self> {
        first(text, "E", 3).map(Self)
    }

    /// Whether two mails of one name are one mail: at least two of date, subject and content agree. A list changes
    /// the subject, a relay's footer the content, a second try of some programs the date.
    pub fn is_same_mail(self, other: Self) -> bool {
        let part = |index: u32| (self.0 >> (20 * index) & Self::PART, other.0 >> (20 * index) & Self::PART);
        let same = |(one, other): (u64, u64)| one == other;
        // Two mails without a date do not agree in it.
        let dated = same(part(2)) && part(2).0 != 0;
        u8::from(dated) + u8::from(same(part(1))) + u8::from(same(part(0))) >= 2
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E")?;
        write_groups(f, self.0, 12)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first 64 bits of SHA-256 over the fields, each preceded by its length.
fn digest(fields: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().iter().take(8).fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

/// `letters` letters of 5 bits, most significant first, in groups of four each preceded by a hyphen.
fn write_groups(f: &mut fmt::Formatter<'_>, bits: u64, letters: u32) -> fmt::Result {
    for index in 0..letters {
        if index % 4 == 0 {
            f.write_str("-")?;
        }
        let value = (bits >> (5 * (letters - 1 - index)) & 31) as usize;
        write!(f, "{}", ALPHABET[value] as char)?;
    }
    Ok(())
}

/// The first `PREFIX-XXXX-…` of a text, with so many groups, that does not stand inside a word or another mark.
fn first(text: &str, prefix: &str, groups: usize) -> Option<u64> {
    text.match_indices(prefix).find_map(|(at, _)| {
        let inside = text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '-');
        let after = at + prefix.len();
        if inside {
            return None;
        }
        read_groups(text.get(after..after + 5 * groups)?, groups)
    })
}

/// Reads what [`write_groups`] writes, in upper case.
fn read_groups(text: &str, groups: usize) -> Option<u64> {
    let parts: Vec<&str> = text.strip_prefix('-')?.split('-').collect();
    if parts.len() != groups || parts.iter().any(|group| group.len() != 4) {
        return None;
    }
    parts.concat().bytes().try_fold(0, |bits: u64, byte| {
        let byte = match byte {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let value = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some(bits << 5 | value as u64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, DayMark, Fingerprint, Reference};

    #[test]
    fn a_reference_in_a_subject_is_read_as_people_and_programs_write_it() {
        let expected = Reference::parse("P-QESF-ADW4-G6RR");
        for subject in [
            "complément P-QESF-ADW4-G6RR",
            "complément p-qesf-adw4-g6rr, LSU",
            "P\u{2011}QESF\u{2011}ADW4\u{2011}G6RR",
            "P–QESF–ADW4–G6RR : LSU",
            "(P—QESF—ADW4—G6RR)",
            "P QESF ADW4 G6RR",
            "RE: LSU p qesf\u{a0}adw4 g6rr",
            "P-QESFADW4G6RR",
            "P-QESF ADW4 G6RR",
        ] {
            assert_eq!(Reference::find_in_subject(subject), expected, "{subject}");
        }
        for subject in [
            "HP-QESF-ADW4-G6RR",
            "PQESFADW4G6RR",
            "P QESFADW4G6RR",
            "Page P LIRE MAIS RIEN",
            "P 2026 2027 2028",
            "P-QESF-ADW4",
            "p",
            "",
        ] {
            assert_eq!(Reference::find_in_subject(subject), None, "{subject}");
        }
    }

    #[test]
    fn a_reference_depends_on_every_field_and_on_nothing_else() {
        let one = Reference::new("mail", "a@b.fr", b"<1@x>");
        assert_eq!(one, Reference::new("mail", "a@b.fr", b"<1@x>"));
        for other in [
            Reference::new("form", "a@b.fr", b"<1@x>"),
            Reference::new("mail", "b@b.fr", b"<1@x>"),
            Reference::new("mail", "a@b.fr", b"<2@x>"),
            Reference::new("mail", "a@b.fr<", b"1@x>"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_day_mark_changes_with_the_day_and_the_person() {
        let (a, b) = (Address::parse("a@b.fr").unwrap(), Address::parse("b@b.fr").unwrap());
        let day = jiff::civil::date(2026, 11, 22);
        let mark = DayMark::new(&a, day);
        assert_eq!(mark.to_string().len(), 11);
        assert_ne!(mark, DayMark::new(&b, day));
        assert_ne!(mark, DayMark::new(&a, day.tomorrow().unwrap()));
        assert_eq!(DayMark::find(&format!("P-0J0J-0000-J000 {mark}")), Some(mark));
        assert_eq!(DayMark::find(&format!("J-é J-12 repère {mark}), J-0000-0000")), Some(mark));
    }

    #[test]
    fn one_mail_agrees_in_two_of_date_subject_and_content() {
        let print = |date: i64, subject: &str, content: &str| {
            let date = (date > 0).then(|| jiff::Timestamp::from_second(date).unwrap());
            Fingerprint::new(date, subject, content.as_bytes())
        };
        let one = print(1_764_227_000, "lsu envoi 1", "Document 1.");
        for (other, expected) in [
            (print(1_764_227_000, "lsu envoi 1", "Document 1."), true),
            (print(1_764_227_000, "lsu envoi 1", "Document 1. -- pied de la liste"), true),
            (print(1_764_227_000, "liste lsu envoi 1", "Document 1."), true),
            (print(1_764_227_060, "lsu envoi 1", "Document 1."), true),
            (print(1_764_227_060, "lsu envoi 1", "Document 2."), false),
            (print(1_764_227_060, "lsu envoi 2", "Document 1."), false),
            (print(1_764_227_000, "lsu envoi 2", "Document 2."), false),
            (print(1_764_486_000, "apae envoi 2", "Document 2."), false),
        ] {
            assert_eq!(one.is_same_mail(other), expected, "{one} {other}");
            assert_eq!(other.is_same_mail(one), expected, "{other} {one}");
        }
        let undated = print(0, "lsu", "a");
        assert!(undated.is_same_mail(undated) && !undated.is_same_mail(print(0, "lsu", "b")));
        assert_eq!(Fingerprint::find(&format!("(repère J-0000-0000, empreinte {one})")), Some(one));
        assert_eq!(Fingerprint::find("empreinte E-12"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(sender in ".*", identity: Vec<u8>) {
            let reference = Reference::new("mail", &sender, &identity);
            let text = reference.to_string();
            prop_assert_eq!(text.len(), 16);
            prop_assert_eq!(Reference::parse(&text), Some(reference));
            prop_assert_eq!(Reference::parse(&text.to_lowercase().replace('0', "o").replace('1', "l")), Some(reference));
            prop_assert_eq!(Reference::find(&format!("P- P-é {sender} réf. {text}, merci")), Some(reference));
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in ".*") {
            let _ = Reference::parse(&text);
            let _ = Reference::find(&text);
        }
    }
}
