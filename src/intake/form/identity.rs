//! What a form is called: by its Idempotency-Key, or by all that it says and the minute it came in.

use jiff::{Span, Timestamp, ToSpan as _};
use sha2::{Digest as _, Sha256};

use crate::request::{Address, Attachment, FormFields, Reference, TicketKind};

/// An identical form of the same requester is a repeat for this long.
const REPEAT_MINUTES: i64 = 10;
/// Of two copies, the one that came first may be claimed last, when a minute has begun between them or two
/// instances' clocks differ a little: each must know the other, so aliases look this far ahead, too.
const AHEAD_MINUTES: i64 = 1;
/// A form with the same Idempotency-Key is a repeat of any that came at most so long ago; of an older one, it
/// may be.
const KEY_HOURS: i64 = 24;

/// The references a form and its earlier copies have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) reference: Reference,
    /// What copies of the minutes before, and of the next one, are called.
    pub(super) aliases: Vec<Reference>,
    /// The earliest moment such a copy can have come.
    pub(super) copies_since: Timestamp,
}

impl Identity {
    /// The sender chose the name: the same key is the same request, whatever the form says.
    pub(super) fn by_key(requester: &Address, key: &str, now: Timestamp) -> Self {
        let reference = Reference::new("form-key", requester.as_str(), key.as_bytes());
        Self { reference, aliases: Vec::new(), copies_since: before(now, KEY_HOURS.hours()) }
    }

    /// The content is the name, together with the minute: the ten minutes before and the
    /// next one are aliases.
    pub(super) fn by_content(requester: &Address, content: [u8; 32], now: Timestamp) -> Self {
        let at_minute = |minute: i64| {
            let identity = [content.as_slice(), &minute.to_be_bytes()].concat();
            Reference::new("form", requester.as_str(), &identity)
        };
        let minute = now.as_second().div_euclid(60);
        Self {
            reference: at_minute(minute),
            aliases: (-AHEAD_MINUTES..=REPEAT_MINUTES)
                .filter(|&earlier| earlier != 0)
                .map(|earlier| at_minute(minute - earlier))
                .collect(),
            // From the start of the earliest of those minutes.
            copies_since: before(now, (REPEAT_MINUTES + 1).minutes()),
        }
    }
}

fn before(now: Timestamp, span: Span) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// A digest of all a form says. Its encoding, the order of its fields and files, and the media types that
/// only some encodings carry, make no difference.
pub(super) fn content(title: &str, description: &str, form: &FormFields, files: &[Attachment]) -> [u8; 32] {
    let urgency = form.urgency.map(|urgency| urgency.to_string());
    let kind = form.kind.map(|kind| match kind {
        TicketKind::Incident => "incident",
        TicketKind::Request => "demande",
    });
    let texts = [
        Some(title),
        Some(description),
        form.application.as_deref(),
        form.nature.as_deref(),
        kind,
        urgency.as_deref(),
        form.error_message.as_deref(),
        form.phone.as_deref(),
        form.uai.as_deref(),
    ];
    let mut files: Vec<_> = files.iter().map(|file| (file.name.as_str(), Sha256::digest(&file.content))).collect();
    files.sort_unstable();
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    for text in texts {
        add(text.unwrap_or_default().as_bytes());
    }
    for (name, file) in files {
        add(name.as_bytes());
        add(&file);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan as _};

    use super::Identity;
    use crate::request::Address;

    const FORM: [u8; 32] = [7; 32];

    fn requester() -> Address {
        Address::parse("ce.0210001a@ac-dijon.fr").unwrap()
    }

    #[test]
    fn an_identical_form_within_ten_minutes_is_a_repeat() {
        for (first_at, repeat_until) in [("2026-11-22T08:00:00Z", 659), ("2026-11-22T08:00:59Z", 600)] {
            let first_at: Timestamp = first_at.parse().unwrap();
            let first = Identity::by_content(&requester(), FORM, first_at);
            for (later, is_repeat) in [(0, true), (1, true), (repeat_until, true), (repeat_until + 1, false)] {
                let second = Identity::by_content(&requester(), FORM, first_at + later.seconds());
                let known = second.reference == first.reference || second.aliases.contains(&first.reference);
                assert_eq!(known, is_repeat, "{later} s later");
                assert!(!known || second.copies_since <= first_at, "{later} s later");
            }
        }
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let first = Identity::by_content(&requester(), FORM, now);
        let other = Identity::by_content(&requester(), [8; 32], now);
        assert!(other.reference != first.reference && !other.aliases.contains(&first.reference));
    }

    #[test]
    fn copies_on_both_sides_of_a_new_minute_know_each_other() {
        let at = |time: &str| Identity::by_content(&requester(), FORM, time.parse().unwrap());
        let (first, second) = (at("2026-11-22T08:00:59Z"), at("2026-11-22T08:01:00Z"));
        assert_ne!(first.reference, second.reference);
        assert!(first.aliases.contains(&second.reference) && second.aliases.contains(&first.reference));
        assert!(!first.aliases.contains(&first.reference));
        assert!(!first.aliases.contains(&at("2026-11-22T08:02:00Z").reference));
    }

    #[test]
    fn a_key_names_a_form_for_at_least_a_day() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let identity = Identity::by_key(&requester(), "k1", now);
        assert_eq!(identity.reference, Identity::by_key(&requester(), "k1", now + 5.hours()).reference);
        assert_eq!(identity.copies_since, now - 24.hours());
        assert_ne!(identity.reference, Identity::by_key(&requester(), "k2", now).reference);
        let other = Address::parse("ce.0580002b@ac-dijon.fr").unwrap();
        assert_ne!(identity.reference, Identity::by_key(&other, "k1", now).reference);
    }
}
