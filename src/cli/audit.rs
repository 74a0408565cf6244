//! `passerelle audit`: what was received, held against GLPI; lists what does not add up.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use humantime_serde::re::humantime;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::json;

use super::{exit, say::say, unfit::Unfit};
use crate::{
    app::App,
    audit::{AuditPeriod, AuditReport, Auditor, Finding, FindingKind, Place, RelayLogFile},
    config::{Config, ConfigError},
    text::{Bilingual, Language},
};

/// Holds the mailboxes' folders, and the relay's log if it is given, against GLPI, by reference, and lists what does not
/// add up: accepted mails without a ticket, requests with two, tickets made in part, what waits for too long, receipts
/// that are due. Changes nothing. Exit code 0 if everything adds up, 1 if something does not, 75 if something could not
/// be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From when on: 24h, 3days, 2026-11-27 or 2026-11-27T08:00 (the academy's time).
    #[arg(long, value_name = "WHEN", default_value = "24h", value_parser = since)]
    pub since: Since,
    /// What is younger than this may still be on its way.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub patience: Duration,
    /// A log of Postfix's, as syslog or rsyslog writes it; may be repeated, the oldest first. - is the standard input.
    #[arg(long = "relay-log", value_name = "FILE")]
    pub relay_logs: Vec<PathBuf>,
    /// Prints one JSON object a line and finding, and one at the end that says what was looked at.
    #[arg(long)]
    pub json: bool,
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long)]
    pub lang: Option<Language>,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Duration),
    /// Since this moment, in the academy's time zone.
    At(DateTime),
}

fn since(text: &str) -> Result<Since, Unfit> {
    let moment = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    let ago = || humantime::parse_duration(text).ok().map(Since::Ago);
    let unknown = || {
        Unfit::new(
            "this is neither a time such as 24h nor a moment such as 2026-11-27T08:00",
            "ce n’est ni une durée comme 24h ni un moment comme 2026-11-27T08:00",
        )
    };
    moment.ok().map(Since::At).or_else(ago).ok_or_else(unknown)
}

fn duration(text: &str) -> Result<Duration, Unfit> {
    humantime::parse_duration(text)
        .map_err(|_| Unfit::new("this is no time, such as 90min or 2h", "ce n’est pas une durée, comme 90min ou 2h"))
}

impl Since {
    fn moment(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Ago(time) => now.checked_sub(time).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::At(moment) => moment.to_zoned(zone.clone()).map_or(now, |moment| moment.timestamp()),
        }
    }
}

/// Looks at everything and prints what does not add up; gives the exit code.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let language = Language::chosen(args.lang);
    let app = App::build(config)?;
    let since = args.since.moment(Timestamp::now(), &app.config.time_zone);
    let logs = args.relay_logs.iter().map(|path| opened(path)).collect();
    let auditor = Auditor {
        config: &app.config,
        recipients: app.pipeline.rules.recipients(),
        glpi: app.glpi.in_background(),
        deliverer: &app.pipeline.deliverer,
        deposits: &app.pipeline.deposits,
        receipts: &app.pipeline.receipts,
    };
    let audited = Box::pin(auditor.audit(AuditPeriod { since, patience: args.patience }, logs)).await;
    app.glpi.close().await;
    let report = audited?;
    let zone = &app.config.time_zone;
    if args.json {
        show_json(&report, since, zone, language);
    } else {
        show(&report, zone, language);
    }
    Ok(if !report.findings.is_empty() {
        exit::FAILED
    } else if !report.unread.is_empty() {
        exit::TEMPFAIL
    } else {
        exit::OK
    })
}

fn opened(path: &Path) -> RelayLogFile {
    if path == Path::new("-") {
        return ("-".to_owned(), Ok(Box::new(BufReader::new(io::stdin()))));
    }
    let lines = File::open(path).map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead>);
    (path.display().to_string(), lines)
}

fn show(report: &AuditReport, zone: &TimeZone, language: Language) {
    let row = |english: &str, french: &str, what: &Bilingual, found: &Bilingual| {
        let line = Bilingual::new(english, french).then("", what).saying(found);
        say(line.text(language));
    };
    for (what, found) in &report.looked_at {
        row("read       ", "lu         ", what, found);
    }
    for (what, why) in &report.unread {
        row("UNREAD     ", "NON LU     ", what, why);
    }
    for finding in &report.findings {
        let line = Bilingual::new("ODD        ", "À REVOIR   ").then("", &finding.found(zone));
        say(line.text(language));
        say(format_args!("           → {}", finding.remedy().text(language)));
    }
    let (odd, unread) = (report.findings.len(), report.unread.len());
    let sum = match (odd, unread) {
        (0, 0) => Bilingual::new("everything adds up", "tout concorde"),
        _ => Bilingual::new(
            format!("{odd} that do not add up, {unread} that could not be read"),
            format!("{odd} à revoir, {unread} non lus"),
        ),
    };
    say(sum.text(language));
}

fn show_json(report: &AuditReport, since: Timestamp, zone: &TimeZone, language: Language) {
    for finding in &report.findings {
        let Finding { kind, reference, tickets, place, since } = finding;
        let mut object = json!({
            "finding": kind.code(), "reference": reference, "tickets": tickets, "since": since,
            "says": finding.found(zone).text(language), "remedy": finding.remedy().text(language),
        });
        match place {
            Some(Place::Mailbox { mailbox, folder, uid }) => {
                object["mailbox"] = json!({ "name": mailbox, "folder": folder, "uid": uid });
            }
            Some(Place::Relay { queue, message_id }) => {
                object["relay"] = json!({ "queue": queue, "message_id": message_id });
            }
            None => {}
        }
        if let FindingKind::FilesMissing(files) = kind {
            object["files"] = json!(files);
        }
        say(object);
    }
    let rows = |rows: &[(Bilingual, Bilingual)]| -> Vec<_> {
        rows.iter().map(|(what, found)| json!({ "what": what.text(language), "found": found.text(language) })).collect()
    };
    say(json!({
        "since": since, "findings": report.findings.len(),
        "read": rows(&report.looked_at), "unread": rows(&report.unread),
    }));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, civil::date, tz::TimeZone};

    use super::{Since, since};

    #[test]
    fn when_it_begins_is_a_time_or_a_moment() {
        for (text, expected) in [
            ("24h", Since::Ago(Duration::from_hours(24))),
            ("3days", Since::Ago(Duration::from_hours(72))),
            ("2026-11-27", Since::At(date(2026, 11, 27).at(0, 0, 0, 0))),
            ("2026-11-27T08:00", Since::At(date(2026, 11, 27).at(8, 0, 0, 0))),
            ("2026-11-27 08:00", Since::At(date(2026, 11, 27).at(8, 0, 0, 0))),
        ] {
            assert_eq!(since(text).unwrap(), expected, "{text}");
        }
        for text in ["", "hier", "24", "2026-13-01"] {
            assert!(since(text).is_err(), "{text}");
        }
        let (now, zone) =
            ("2026-11-28T09:00:00Z".parse::<Timestamp>().unwrap(), TimeZone::get("Europe/Paris").unwrap());
        let moment = |since: Since| since.moment(now, &zone).to_string();
        assert_eq!(moment(Since::Ago(Duration::from_hours(24))), "2026-11-27T09:00:00Z");
        assert_eq!(moment(Since::At(date(2026, 11, 27).at(8, 0, 0, 0))), "2026-11-27T07:00:00Z");
    }
}
