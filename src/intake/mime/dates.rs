//! When a mail arrived, and since when copies of it can have come in.

use jiff::{SignedDuration, Timestamp};

use super::header::{Header, date};
use crate::request::Envelope;

/// A relay gives up on a mail after five days (Postfix `maximal_queue_lifetime`).
const OLDEST_ARRIVAL: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Clocks differ.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(1);
const OLDEST_COPY: SignedDuration = SignedDuration::from_hours(30 * 24);
const OLDEST_COPY_OF_UNDATED: SignedDuration = SignedDuration::from_hours(10 * 24);

/// The two moments of a mail that the later stages ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dates {
    /// See [`crate::request::Received::arrived`].
    pub(super) arrived: Timestamp,
    /// See [`crate::request::Received::copies_since`].
    pub(super) copies_since: Timestamp,
}

impl Dates {
    /// A mailbox knows when it took a mail in. Only over LMTP is the topmost `Received` the academy's own
    /// relay's, and so believed, within the time a relay keeps a mail. The others only lead to more
    /// searching, so all of them count.
    pub(super) fn of(header: &Header<'_>, envelope: &Envelope, now: Timestamp) -> Self {
        // RFC 5321 section 4.4: the date is what follows the last semicolon.
        let stamped = |field: &str| date(field.rsplit(';').next().unwrap_or_default());
        let topmost = header.all("received").next().and_then(|field| stamped(&field));
        let (claimed, oldest) = match envelope.stored {
            Some(stored) => (Some(stored), OLDEST_COPY),
            None => (topmost.filter(|_| envelope.channel.is_stamped_by_relay()), OLDEST_ARRIVAL),
        };
        let arrived = claimed
            .filter(|&time| now.duration_since(time) <= oldest && time.duration_since(now) <= CLOCK_SKEW)
            .map_or(now, |time| time.min(now));
        let before = |ago: SignedDuration| now.checked_sub(ago).unwrap_or(Timestamp::MIN);
        // Every copy has the writer's date, unless that clock is ahead; each copy has relays' stamps of its own.
        let written = header
            .all("date")
            .filter_map(|field| date(&field))
            .min()
            .filter(|&time| time.duration_since(now) <= CLOCK_SKEW)
            .unwrap_or_else(|| before(OLDEST_COPY_OF_UNDATED));
        let relayed = header.all("received").filter_map(|field| stamped(&field)).min().unwrap_or(arrived);
        let copies_since = written.min(relayed).min(arrived).max(before(OLDEST_COPY));
        // A message may lie in a mailbox for as long as it likes, and be put back there.
        let copies_since = envelope.stored.map_or(copies_since, |stored| copies_since.min(stored));
        Self { arrived, copies_since }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dates, Envelope, Header, Timestamp};
    use crate::request::Channel;

    const NOW: &str = "2026-11-10T12:00:00Z";

    fn dates(channel: Channel, header: &str) -> (String, String) {
        let (header, _) = Header::cut(header.as_bytes());
        let envelope =
            Envelope { channel, sender: None, recipients: Vec::new(), size: 0, stored: None, is_untried: false };
        let dates = Dates::of(&header, &envelope, NOW.parse::<Timestamp>().unwrap());
        (dates.arrived.to_string(), dates.copies_since.to_string())
    }

    #[test]
    fn a_mailbox_knows_when_it_took_a_mail_in() {
        let (header, _) = Header::cut(b"Received: x; Mon, 9 Nov 2026 10:00:00 +0000\n\n");
        for (stored, arrived) in [
            ("2026-10-20T08:00:00Z", "2026-10-20T08:00:00Z"),
            ("2026-09-01T08:00:00Z", NOW),
            ("2026-11-10T12:30:00Z", NOW),
        ] {
            let stored = Some(stored.parse().unwrap());
            let envelope = Envelope {
                channel: Channel::Imap,
                sender: None,
                recipients: Vec::new(),
                size: 0,
                stored,
                is_untried: false,
            };
            assert_eq!(Dates::of(&header, &envelope, NOW.parse().unwrap()).arrived.to_string(), arrived);
        }
    }

    #[test]
    fn the_relays_stamp_decides_and_the_earliest_date_bounds_the_copies() {
        let mail = "Received: from a by b with LMTP;\r\n Tue, 10 Nov 2026 11:00:00 +0100 (CET)\r\n\
            Received: from x by a; Tue, 10 Nov 2026 10:59:00 +0100\r\nDate: Mon, 9 Nov 2026 20:00:00 +0100\r\n\r\n";
        assert_eq!(dates(Channel::Lmtp, mail), ("2026-11-10T10:00:00Z".into(), "2026-11-09T19:00:00Z".into()));
        assert_eq!(dates(Channel::HttpMail, mail), (NOW.into(), "2026-11-09T19:00:00Z".into()));
    }

    #[test]
    fn unbelievable_stamps_are_now() {
        for (stamp, arrived) in [
            ("Tue, 10 Nov 2026 12:00:50 +0000", NOW),
            ("Tue, 10 Nov 2026 12:02:00 +0000", NOW),
            ("Wed, 4 Nov 2026 12:00:00 +0000", NOW),
            ("Thu, 5 Nov 2026 12:00:00 +0000", "2026-11-05T12:00:00Z"),
            ("hier", NOW),
        ] {
            assert_eq!(dates(Channel::Lmtp, &format!("Received: x; {stamp}\n\n")).0, arrived, "{stamp}");
        }
    }

    #[test]
    fn copies_are_looked_for_no_further_than_thirty_days() {
        assert_eq!(dates(Channel::Lmtp, "Date: Tue, 3 Jan 2023 10:00:00 +0100\n\n").1, "2026-10-11T12:00:00Z");
        // A clock that is ahead says nothing of when the first copy came.
        let ahead = "Date: Tue, 10 Nov 2037 12:00:00 +0000\n\n";
        for undated in [ahead, "Subject: x\n\n", "Date: bientôt\nReceived: x\n\n", ""] {
            assert_eq!(dates(Channel::Lmtp, undated).1, "2026-10-31T12:00:00Z", "{undated}");
        }
    }
}
