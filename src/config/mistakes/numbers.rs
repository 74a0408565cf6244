//! Numbers and durations that make no sense, 0 above all.

use std::time::Duration;

use super::found::Mistakes;
use crate::{config::Config, text::Bilingual};

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
        mistakes.add(
            &[key],
            Bilingual::new(
                format!("{key} is 0, which would let nothing through"),
                format!("{key} vaut 0, ce qui ne laisserait rien passer"),
            ),
            Bilingual::new("Give it 1 or more.", "Donnez 1 ou plus."),
        );
    }
    let cut = ("every connection would be cut at once", "chaque connexion serait coupée aussitôt");
    let tried =
        ("a mail that fails would be tried without a pause", "un courriel qui échoue serait réessayé sans relâche");
    let asked = ("GLPI would be asked without a pause", "GLPI serait interrogé sans relâche");
    let durations = [
        (
            "glpi.connect_timeout",
            config.glpi.connect_timeout,
            ("GLPI could never be reached", "GLPI ne serait jamais atteint"),
        ),
        (
            "glpi.timeout",
            config.glpi.timeout,
            ("no call of GLPI could end in time", "aucun appel de GLPI ne finirait à temps"),
        ),
        (
            "redis.timeout",
            config.redis.timeout,
            ("Redis could never answer in time", "Redis ne répondrait jamais à temps"),
        ),
        ("lmtp.idle_timeout", config.lmtp.idle_timeout, cut),
        ("lmtp.total_timeout", config.lmtp.total_timeout, cut),
        (
            "imap.poll",
            config.imap.poll,
            ("the mailbox would be asked without a pause", "la boîte serait interrogée sans relâche"),
        ),
        (
            "imap.timeout",
            config.imap.timeout,
            ("no mailbox could answer in time", "aucune boîte ne répondrait à temps"),
        ),
        ("quarantine.first_delay", config.quarantine.first_delay, tried),
        ("quarantine.longest_delay", config.quarantine.longest_delay, tried),
        (
            "http.timeout",
            config.http.timeout,
            ("no request could be answered in time", "aucune demande n’aurait de réponse à temps"),
        ),
        (
            "http.clock_skew",
            config.http.clock_skew,
            ("every signature would come too late", "chaque signature arriverait trop tard"),
        ),
        (
            "portal.wait",
            config.portal.wait,
            ("no page could be shown in time", "aucune page ne serait montrée à temps"),
        ),
        ("figures.refresh", config.figures.refresh, asked),
        ("announcements.refresh", config.announcements.refresh, asked),
        (
            "announcements.retry",
            config.announcements.retry,
            ("the relay would be asked without a pause", "le relais serait sollicité sans relâche"),
        ),
        ("smtp.timeout", config.smtp.timeout, ("no mail could be sent in time", "aucun courriel ne partirait à temps")),
        (
            "directory.ldap.timeout",
            config.directory.ldap.timeout,
            ("no directory could answer in time", "aucun annuaire ne répondrait à temps"),
        ),
        (
            "sender.dns_timeout",
            config.sender.dns_timeout,
            ("no resolver could answer in time", "aucun résolveur ne répondrait à temps"),
        ),
    ];
    for (key, _, (english, french)) in durations.iter().filter(|(_, value, _)| value.is_zero()) {
        mistakes.add(
            &[key],
            Bilingual::new(format!("{key} is 0: {english}"), format!("{key} vaut 0 : {french}")),
            Bilingual::new(
                "Give it a duration, such as \"30s\"; config/default.toml has the usual one.",
                "Donnez une durée, par exemple \"30s\"\u{a0}; l’habituelle est dans config/default.toml.",
            ),
        );
    }
    for (key, value) in [("sweep.every", config.sweep.every), ("sweep.look_back", config.sweep.look_back)] {
        if value.as_secs() == 0 {
            mistakes.add(
                &[key],
                Bilingual::new(format!("{key} is below a second"), format!("{key} est inférieur à une seconde")),
                Bilingual::new("Give it \"1s\" or more.", "Donnez \"1s\" ou plus."),
            );
        }
    }
    if config.http.clock_skew > LONGEST_SKEW {
        mistakes.add(
            &["http.clock_skew"],
            Bilingual::new(
                "http.clock_skew is longer than five minutes: a signed form without an Idempotency-Key, seen on its way \
                 and sent once more, could make a second ticket",
                "http.clock_skew dépasse cinq minutes\u{a0}: un formulaire signé sans Idempotency-Key, vu en chemin et envoyé \
                 encore une fois, pourrait faire un second ticket",
            ),
            Bilingual::new(
                "Give it \"5m\" or less, and let the portal's machine keep its clock by NTP.",
                "Donnez \"5m\" ou moins, et réglez l’horloge de la machine du portail par NTP.",
            ),
        );
    }
    if config.hooks.timeout.is_zero() || config.hooks.timeout > LONGEST_HOOK {
        mistakes.add(
            &["hooks.timeout"],
            Bilingual::new("hooks.timeout is 0 or longer than 10 s", "hooks.timeout est nul ou dépasse 10 s"),
            Bilingual::new(
                "Give the portal as long as it takes to note what it is told, such as \"5s\"; it works on that later.",
                "Laissez au portail le temps de noter ce qu’on lui dit, par exemple \"5s\"\u{a0}; il y travaille ensuite.",
            ),
        );
    }
    if config.announcements.batch > LARGEST_BATCH {
        mistakes.add(
            &["announcements.batch"],
            Bilingual::new(
                format!(
                    "announcements.batch is {}: no relay takes so many recipients at once",
                    config.announcements.batch
                ),
                format!(
                    "announcements.batch vaut {}\u{a0}: aucun relais ne prend autant de destinataires à la fois",
                    config.announcements.batch
                ),
            ),
            Bilingual::new(
                "Give it 100 or fewer (RFC 5321 section 4.5.3.1.8), or up to 500 where the relay takes them.",
                "Donnez 100 ou moins (RFC 5321, section 4.5.3.1.8), ou jusqu’à 500 si le relais les prend.",
            ),
        );
    }
    let requests = config.figures.requests;
    if !(5..=1000).contains(&requests) {
        mistakes.add(
            &["figures.requests"],
            Bilingual::new(
                format!(
                    "figures.requests is {requests}: of fewer than 5 nothing can be said, more than 1000 are too many"
                ),
                format!("figures.requests vaut {requests}\u{a0}: moins de 5 ne disent rien, plus de 1000 sont trop"),
            ),
            Bilingual::new(
                "Give it 100, or another number from 5 to 1000.",
                "Donnez 100, ou un autre nombre de 5 à 1000.",
            ),
        );
    }
    let percents = &config.escalation.urgency;
    let by_urgency = [percents.very_low, percents.low, percents.medium, percents.high, percents.very_high];
    for (urgency, percent) in (1..).zip(by_urgency).filter(|(_, percent)| !(1..=1000).contains(percent)) {
        mistakes.add(
            &[&format!("escalation.urgency.{urgency}")],
            Bilingual::new(
                format!("escalation.urgency.{urgency} is {percent}: it is a percentage of the mapping's delays"),
                format!(
                    "escalation.urgency.{urgency} vaut {percent}\u{a0}: c’est un pourcentage des délais du mapping"
                ),
            ),
            Bilingual::new(
                "Give it 1 to 1000; 100 leaves the delays as they are, 50 halves them.",
                "Donnez 1 à 1000\u{a0}; 100 laisse les délais tels quels, 50 les divise par deux.",
            ),
        );
    }
}
