//! What Postfix's log says of the mails it had for the gateway: a line after the other, and nothing else is known.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};

use crate::{
    id::TicketId,
    request::{Address, Reference},
};

/// Lines of today that a clock which is ahead has dated tomorrow are no lines of last year. Seconds.
const CLOCKS_DIFFER: i64 = 24 * 60 * 60;
/// As much of the relay's words as is shown, characters.
const LONGEST_WORDS: usize = 300;
/// What the gateway answers where a ticket is there, in LMTP and as the pipe transport keeps it.
const TAKEN: [&str; 3] = ["created", "duplicate", "followup"];
/// What it answers for an address that it does not serve.
const NOT_SERVED: &str = "550 5.1.1 no such recipient here";

/// One mail for one recipient, as far as the log tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Postfix's name of it.
    pub queue: String,
    /// The `Message-ID`, where a line tells it.
    pub message_id: Option<String>,
    /// When it was first tried in the time that was read.
    pub first: Timestamp,
    /// What became of it in the end.
    pub end: End,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The gateway has answered that this ticket has it, under this reference.
    Ticket(TicketId, Reference),
    /// The gateway has put it aside.
    Quarantined,
    /// It is settled otherwise: refused or ignored by the gateway, or another server's.
    Settled,
    /// It waits in the queue, in these words.
    Waits(String),
    /// Its sender has it back, in these words.
    GivenBack(String),
    /// It waited, and was taken out of the queue.
    Removed,
    /// It waited, in these words, when mails were taken out of the queue without their names.
    PerhapsRemoved(String),
}

/// Reads a log.
pub(super) struct RelayLog<'a> {
    recipients: &'a [Address],
    since: Timestamp,
    /// By whose clock lines are dated that name neither year nor zone.
    now: Zoned,
    /// The Message-IDs of mails in the queue, whoever they are for.
    ids: HashMap<String, String>,
    /// Mails that `postsuper` has named as taken out, since it last said how many.
    named: usize,
    deliveries: BTreeMap<(String, String), Delivery>,
}

impl<'a> RelayLog<'a> {
    /// Of mails to these recipients that were tried since this moment. `now` is in the time zone of the log's lines.
    pub(super) fn new(recipients: &'a [Address], since: Timestamp, now: Zoned) -> Self {
        Self { recipients, since, now, ids: HashMap::new(), named: 0, deliveries: BTreeMap::new() }
    }

    /// Reads the next line, without its end. What is no line of Postfix's says nothing.
    pub(super) fn read(&mut self, line: &str) {
        let Some((at, line)) = dated(line, &self.now) else { return };
        let Some((process, line)) = line.split_once("]: ") else { return };
        let Some((queue, said)) = line.split_once(": ") else { return };
        let is_postsuper = process.contains("postsuper[");
        if let Some(id) = said.strip_prefix("message-id=") {
            self.ids.insert(queue.to_owned(), id.to_owned());
        } else if said.starts_with("removed") {
            self.ids.remove(queue);
            self.named += usize::from(is_postsuper);
            self.end(queue, |end| matches!(end, End::Waits(_) | End::PerhapsRemoved(_)).then_some(End::Removed));
        } else if is_postsuper && queue == "Deleted" {
            self.deleted(said);
        } else if said.contains("status=expired") || said.contains("status=force-expired") {
            self.end(queue, |end| match end {
                End::Waits(words) | End::PerhapsRemoved(words) => Some(End::GivenBack(words.clone())),
                _ => None,
            });
        } else if let Some((recipient, end)) = delivered(said)
            && (is_of_gateway(&end) || self.is_served(said))
        {
            let (queue, key) = (queue.to_owned(), (queue.to_owned(), recipient));
            match self.deliveries.get_mut(&key) {
                Some(known) => known.end = end,
                None if at >= self.since => {
                    let message_id = self.ids.get(&queue).cloned();
                    self.deliveries.insert(key, Delivery { queue, message_id, first: at, end });
                }
                None => {}
            }
        }
    }

    /// What became of each mail.
    pub(super) fn finish(self) -> Vec<Delivery> {
        self.deliveries.into_values().collect()
    }

    /// Changes what became of the deliveries of a mail.
    fn end(&mut self, queue: &str, change: impl Fn(&End) -> Option<End>) {
        let of_mail = self.deliveries.range_mut((queue.to_owned(), String::new())..);
        for (_, delivery) in of_mail.take_while(|((name, _), _)| name == queue) {
            if let Some(end) = change(&delivery.end) {
                delivery.end = end;
            }
        }
    }

    /// `postsuper` says at its end how many it has deleted. Told to delete all, it has named none: any that waits may be
    /// one of them, until it is tried again.
    fn deleted(&mut self, said: &str) {
        let named = std::mem::take(&mut self.named);
        let count = said.split(' ').next().and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
        if count <= named {
            return;
        }
        for delivery in self.deliveries.values_mut() {
            if let End::Waits(words) = &delivery.end {
                delivery.end = End::PerhapsRemoved(words.clone());
            }
        }
    }

    /// Whether it is for an address that the gateway serves, as it was written or as an alias made it.
    fn is_served(&self, said: &str) -> bool {
        let addresses = said.split(", ").filter_map(|field| {
            field.strip_prefix("to=<").or_else(|| field.strip_prefix("orig_to=<"))?.strip_suffix('>')
        });
        addresses.filter_map(Address::parse).any(|address| self.recipients.contains(&address))
    }
}

/// Whether it was surely the gateway that answered so.
fn is_of_gateway(end: &End) -> bool {
    match end {
        End::Ticket(..) | End::Quarantined => true,
        End::GivenBack(words) => words.contains(NOT_SERVED),
        End::Settled | End::Waits(_) | End::Removed | End::PerhapsRemoved(_) => false,
    }
}

/// The moment of a line, and the line behind it: as rsyslog writes it (RFC 3339), or as syslog and Postfix do
/// («Nov 28 10:00:00»).
fn dated<'a>(line: &'a str, now: &Zoned) -> Option<(Timestamp, &'a str)> {
    let (first, rest) = line.split_once(' ')?;
    if let Ok(at) = first.parse::<Timestamp>() {
        return Some((at, rest));
    }
    let stamp = line.get(..15)?;
    let words: Vec<&str> = stamp.split_ascii_whitespace().collect();
    let [month, day, time] = words[..] else { return None };
    let in_year = |year: i16| -> Option<Timestamp> {
        let moment = DateTime::strptime("%Y %b %d %H:%M:%S", format!("{year} {month} {day:0>2} {time}")).ok()?;
        Some(moment.to_zoned(now.time_zone().clone()).ok()?.timestamp())
    };
    let this_year = in_year(now.year()).filter(|at| at.as_second() <= now.timestamp().as_second() + CLOCKS_DIFFER);
    Some((this_year.or_else(|| in_year(now.year() - 1))?, line.get(16..)?))
}

/// Whom a try to deliver was for, and how it ended.
fn delivered(said: &str) -> Option<(String, End)> {
    let (recipient, _) = said.strip_prefix("to=<")?.split_once('>')?;
    let (status, words) = said.split_once(", status=")?.1.split_once(" (")?;
    let words = words.strip_suffix(')').unwrap_or(words);
    let shown = || words.chars().take(LONGEST_WORDS).collect::<String>();
    let end = match status {
        "sent" => answered(words),
        "deferred" => End::Waits(shown()),
        "bounced" => End::GivenBack(shown()),
        // A probe of an address is no mail.
        _ => return None,
    };
    Some((recipient.to_lowercase(), end))
}

/// What the gateway's answer says: «250 2.0.0 created, ticket 7, reference P-…» in LMTP, «delivered via … service
/// (created: ticket 7, reference P-…)» by the pipe transport.
fn answered(words: &str) -> End {
    let answer = words.strip_prefix("250 2.0.0 ").or_else(|| words.split_once("service (").map(|(_, said)| said));
    let Some(answer) = answer else { return End::Settled };
    let label = answer.split([',', ':']).next().unwrap_or_default();
    if label == "quarantined" {
        return End::Quarantined;
    }
    if !TAKEN.contains(&label) {
        return End::Settled;
    }
    let ticket = answer.split_once("ticket ").and_then(|(_, rest)| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<TicketId>().ok()
    });
    match (ticket, Reference::find(answer)) {
        (Some(ticket), Some(reference)) => End::Ticket(ticket, reference),
        _ => End::Settled,
    }
}

/// The time zone that this machine's syslog dates its lines in.
pub(super) fn here() -> TimeZone {
    TimeZone::system()
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, Zoned, civil::date, tz::TimeZone};

    use super::{Delivery, End, RelayLog, dated};
    use crate::request::{Address, Reference};

    const REFERENCE: &str = "P-7K3M-Q2XV-9D4T";

    fn now() -> Zoned {
        date(2026, 1, 3).at(9, 0, 0, 0).to_zoned(TimeZone::get("Europe/Paris").unwrap()).unwrap()
    }

    fn read(log: &str) -> Vec<Delivery> {
        let recipients = [Address::parse("assistance1d@ac-dijon.fr").unwrap()];
        let mut reading = RelayLog::new(&recipients, "2026-01-01T00:00:00Z".parse().unwrap(), now());
        log.lines().for_each(|line| reading.read(line));
        reading.finish()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn lines_are_dated_as_syslog_and_as_rsyslog_do() {
        for (line, moment) in [
            ("Jan  2 08:00:01 relais postfix/x", "2026-01-02T07:00:01Z"),
            ("Jan 03 10:00:00 relais postfix/x", "2026-01-03T09:00:00Z"),
            ("Dec 31 23:00:00 relais postfix/x", "2025-12-31T22:00:00Z"),
            ("2026-01-02T08:00:01.123456+01:00 relais postfix/x", "2026-01-02T07:00:01.123456Z"),
        ] {
            assert_eq!(dated(line, &now()), Some((at(moment), "relais postfix/x")), "{line}");
        }
        for line in ["", "hier", "Jan 2", "Jan 32 08:00:00 x y", "é é é é é é é é é é"] {
            assert_eq!(dated(line, &now()), None, "{line}");
        }
    }

    #[test]
    fn each_mail_has_one_end() {
        let log = "\
Jan  2 08:00:00 r postfix/cleanup[1]: AAA: message-id=<1@ecole>
Jan  2 08:00:00 r postfix/lmtp[2]: AAA: to=<assistance1d@ac-dijon.fr>, relay=x[127.0.0.1]:24, dsn=4.3.0, status=deferred (host x said: 451 4.3.0 deferred, busy: y (in reply to end of DATA command))
Jan  2 08:05:00 r postfix/lmtp[2]: AAA: to=<assistance1d@ac-dijon.fr>, relay=x[127.0.0.1]:24, dsn=2.0.0, status=sent (250 2.0.0 created, ticket 7, reference P-7K3M-Q2XV-9D4T)
Jan  2 08:05:00 r postfix/qmgr[1]: AAA: removed
2026-01-02T08:00:00+01:00 r postfix/pipe[2]: BBB: to=<moved@ac-dijon.fr>, orig_to=<Assistance1d@ac-dijon.fr>, relay=gateway, dsn=2.0.0, status=sent (delivered via gateway service (followup: ticket 8, reference P-7K3M-Q2XV-9D4T))
Jan  2 09:00:00 r postfix/lmtp[2]: CCC: to=<assistance1d@ac-dijon.fr>, relay=none, dsn=4.4.1, status=deferred (connect to x[127.0.0.1]:24: Connection refused)
Jan  2 09:00:00 r postfix/lmtp[2]: DDD: to=<assistance1d@ac-dijon.fr>, relay=none, dsn=4.4.1, status=deferred (connect to x)
Jan  3 08:00:00 r postfix/qmgr[1]: DDD: from=<a@ac-dijon.fr>, status=expired, returned to sender
Jan  3 08:00:00 r postfix/qmgr[1]: DDD: removed
Jan  2 09:00:00 r postfix/lmtp[2]: EEE: to=<assistance1d@ac-dijon.fr>, relay=none, dsn=4.4.1, status=deferred (connect to x)
Jan  2 09:30:00 r postfix/postsuper[3]: EEE: removed
Jan  2 09:00:00 r postfix/lmtp[2]: FFF: to=<aide@ac-dijon.fr>, relay=x, dsn=5.1.1, status=bounced (host x said: 550 5.1.1 no such recipient here (in reply to RCPT TO command))
Jan  2 09:00:00 r postfix/lmtp[2]: GGG: to=<assistance1d@ac-dijon.fr>, relay=x, dsn=2.0.0, status=sent (250 2.0.0 refused, no-keyword)
Jan  2 09:00:00 r postfix/lmtp[2]: HHH: to=<assistance1d@ac-dijon.fr>, relay=x, dsn=2.0.0, status=sent (250 2.0.0 quarantined, glpi-rejected)
Jan  2 09:00:00 r postfix/smtp[2]: III: to=<assistance1d@ac-dijon.fr>, relay=y, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)
Jan  2 09:00:00 r postfix/smtp[2]: JJJ: to=<somebody@ac-dijon.fr>, relay=y, dsn=4.0.0, status=deferred (later)
Dec 30 09:00:00 r postfix/lmtp[2]: KKK: to=<assistance1d@ac-dijon.fr>, relay=x, dsn=2.0.0, status=sent (250 2.0.0 created, ticket 1, reference P-7K3M-Q2XV-9D4T)
Jan  2 09:00:00 r postfix/smtpd[2]: warning: to=<assistance1d@ac-dijon.fr>, status=sent
Jan  2 09:00:00 r cron[2]: to=<assistance1d@ac-dijon.fr>, status=sent (x)
garbage";
        let reference = Reference::parse(REFERENCE).unwrap();
        let found = read(log);
        let ends: Vec<_> = found.iter().map(|it| (it.queue.as_str(), &it.end)).collect();
        let refused = "connect to x[127.0.0.1]:24: Connection refused".to_owned();
        let bounced = "host x said: 550 5.1.1 no such recipient here (in reply to RCPT TO command)".to_owned();
        assert_eq!(
            ends,
            [
                ("AAA", &End::Ticket(7.into(), reference)),
                ("BBB", &End::Ticket(8.into(), reference)),
                ("CCC", &End::Waits(refused)),
                ("DDD", &End::GivenBack("connect to x".to_owned())),
                ("EEE", &End::Removed),
                ("FFF", &End::GivenBack(bounced)),
                ("GGG", &End::Settled),
                ("HHH", &End::Quarantined),
                ("III", &End::Settled),
            ]
        );
        assert_eq!(found[0].message_id.as_deref(), Some("<1@ecole>"));
        assert_eq!(found[0].first, at("2026-01-02T07:00:00Z"));
    }

    #[test]
    fn what_waits_when_mails_are_deleted_without_their_names_may_be_among_them() {
        let deferred = "r postfix/lmtp[2]: AAA: to=<assistance1d@ac-dijon.fr>, relay=none, status=deferred (refused)";
        let settled = "r postfix/lmtp[2]: AAA: to=<assistance1d@ac-dijon.fr>, relay=x, status=sent (250 2.0.0 ignored)";
        let waits = || End::Waits("refused".to_owned());
        let perhaps = || End::PerhapsRemoved("refused".to_owned());
        for (lines, end) in [
            (vec!["r postfix/postsuper[3]: Deleted: 1 message"], perhaps()),
            (vec!["r postfix/postsuper[3]: Deleted: 12 messages"], perhaps()),
            (vec!["r postfix/postsuper[3]: Deleted: 1 message", deferred], waits()),
            (vec!["r postfix/postsuper[3]: Deleted: 1 message", settled], End::Settled),
            (vec!["r postfix/postsuper[3]: Deleted: 1 message", "r postfix/postsuper[4]: AAA: removed"], End::Removed),
            (
                vec![
                    "r postfix/postsuper[3]: Deleted: 1 message",
                    "r postfix/qmgr[1]: AAA: from=<a@b>, status=expired, x",
                ],
                End::GivenBack("refused".to_owned()),
            ),
            // It has named each.
            (vec!["r postfix/postsuper[3]: BBB: removed", "r postfix/postsuper[3]: Deleted: 1 message"], waits()),
            (
                vec![
                    "r postfix/postsuper[3]: BBB: removed",
                    "r postfix/postsuper[3]: Deleted: 1 message",
                    "r postfix/postsuper[4]: Deleted: 1 message",
                ],
                perhaps(),
            ),
            (vec!["r postfix/qmgr[1]: BBB: removed", "r postfix/postsuper[3]: Deleted: 1 message"], perhaps()),
            (vec!["r postfix/postsuper[3]: Requeued: 1 message"], waits()),
            (vec!["r postfix/smtpd[3]: Deleted: 1 message"], waits()),
        ] {
            let log: Vec<_> =
                [&[deferred], &lines[..]].concat().iter().map(|line| format!("Jan  2 08:00:00 {line}")).collect();
            assert_eq!(read(&log.join("\n")).into_iter().map(|it| it.end).collect::<Vec<_>>(), [end], "{lines:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_the_reader_fail(line in ".*", queue in "[A-Z]{0,3}", said in ".*") {
            read(&line);
            read(&format!("Jan  2 09:00:00 r postfix/lmtp[2]: {queue}: {said}"));
            read(&format!("Jan  2 09:00:00 r postfix/lmtp[2]: {queue}: to=<{said}>, status=sent (250 2.0.0 {said})"));
        }
    }
}
