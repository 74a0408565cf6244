//! Numbers and durations that make no sense, 0 above all.

use std::time::Duration;

use super::found::Mistakes;
use crate::config::Config;

/// The right to tell the portal of a ticket lasts longer than one call.
const LONGEST_HOOK: Duration = Duration::from_secs(10);
/// A signature is good for twice the skew: no longer than the same form without a key is a repeat, which is ten minutes.
const LONGEST_SKEW: Duration = Duration::from_mins(5);
/// More recipients than these in one transaction no relay takes; and what became of each fits into a note of GLPI's.
pub const LARGEST_BATCH: usize = 500;

/// Each key whose value is out of its bounds.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    let at_least_one = [
        ("glpi.sessions", config.glpi.sessions as u64),
        ("glpi.tickets_per_call", config.glpi.tickets_per_call as u64),
        ("quota.per_day", u64::from(config.quota.per_day)),
        ("lmtp.max_connections", config.lmtp.max_connections as u64),
        ("lmtp.max_recipients", config.lmtp.max_recipients as u64),
        ("lmtp.max_size", config.lmtp.max_size),
        ("http.max_size", config.http.max_size as u64),
        ("http.max_connections", config.http.max_connections as u64),
        ("screen.max_size", config.screen.max_size),
        ("quarantine.attempts", u64::from(config.quarantine.attempts)),
        ("figures.tickets", config.figures.tickets as u64),
        ("announcements.batch", config.announcements.batch as u64),
        ("announcements.per_minute", u64::from(config.announcements.per_minute)),
    ];
    for (key, _) in at_least_one.iter().filter(|(_, value)| *value == 0) {
        mistakes.add(&[key], format!("{key} is 0, which would let nothing through"), "Give it 1 or more.");
    }
    let durations = [
        ("glpi.connect_timeout", config.glpi.connect_timeout, "GLPI could never be reached"),
        ("glpi.timeout", config.glpi.timeout, "no call of GLPI could end in time"),
        ("redis.timeout", config.redis.timeout, "Redis could never answer in time"),
        ("lmtp.idle_timeout", config.lmtp.idle_timeout, "every connection would be cut at once"),
        ("lmtp.total_timeout", config.lmtp.total_timeout, "every connection would be cut at once"),
        ("imap.poll", config.imap.poll, "the mailbox would be asked without a pause"),
        ("imap.timeout", config.imap.timeout, "no mailbox could answer in time"),
        ("quarantine.first_delay", config.quarantine.first_delay, "a mail that fails would be tried without a pause"),
        (
            "quarantine.longest_delay",
            config.quarantine.longest_delay,
            "a mail that fails would be tried without a pause",
        ),
        ("http.timeout", config.http.timeout, "no request could be answered in time"),
        ("http.clock_skew", config.http.clock_skew, "every signature would come too late"),
        ("portal.wait", config.portal.wait, "no page could be shown in time"),
        ("figures.refresh", config.figures.refresh, "GLPI would be asked without a pause"),
        ("announcements.refresh", config.announcements.refresh, "GLPI would be asked without a pause"),
        ("smtp.timeout", config.smtp.timeout, "no mail could be sent in time"),
        ("directory.ldap.timeout", config.directory.ldap.timeout, "no directory could answer in time"),
        ("sender.dns_timeout", config.sender.dns_timeout, "no resolver could answer in time"),
    ];
    for (key, _, why) in durations.iter().filter(|(_, value, _)| value.is_zero()) {
        mistakes.add(
            &[key],
            format!("{key} is 0: {why}"),
            "Give it a duration, such as \"30s\"; config/default.toml has the usual one.",
        );
    }
    for (key, value) in [("sweep.every", config.sweep.every), ("sweep.look_back", config.sweep.look_back)] {
        if value.as_secs() == 0 {
            mistakes.add(&[key], format!("{key} is below a second"), "Give it \"1s\" or more.");
        }
    }
    if config.http.clock_skew > LONGEST_SKEW {
        mistakes.add(
            &["http.clock_skew"],
            "http.clock_skew is longer than five minutes: a signed form without an Idempotency-Key, seen on its way and \
             sent once more, could make a second ticket",
            "Give it \"5m\" or less, and let the portal's machine keep its clock by NTP.",
        );
    }
    if config.hooks.timeout.is_zero() || config.hooks.timeout > LONGEST_HOOK {
        mistakes.add(
            &["hooks.timeout"],
            "hooks.timeout is 0 or longer than 10 s",
            "Give the portal as long as it takes to note what it is told, such as \"5s\"; it works on that later.",
        );
    }
    if config.announcements.batch > LARGEST_BATCH {
        mistakes.add(
            &["announcements.batch"],
            format!("announcements.batch is {}: no relay takes so many recipients at once", config.announcements.batch),
            "Give it 100 or fewer (RFC 5321 section 4.5.3.1.8), or up to 500 where the relay takes them.",
        );
    }
    let requests = config.figures.requests;
    if !(5..=1000).contains(&requests) {
        mistakes.add(
            &["figures.requests"],
            format!("figures.requests is {requests}: of fewer than 5 nothing can be said, more than 1000 are too many"),
            "Give it 100, or another number from 5 to 1000.",
        );
    }
    let percents = &config.escalation.urgency;
    let by_urgency = [percents.very_low, percents.low, percents.medium, percents.high, percents.very_high];
    for (urgency, percent) in (1..).zip(by_urgency).filter(|(_, percent)| !(1..=1000).contains(percent)) {
        mistakes.add(
            &[&format!("escalation.urgency.{urgency}")],
            format!("escalation.urgency.{urgency} is {percent}: it is a percentage of the mapping's delays"),
            "Give it 1 to 1000; 100 leaves the delays as they are, 50 halves them.",
        );
    }
}
