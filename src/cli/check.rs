//! `passerelle check`: names each thing that is wrong, with its remedy.

mod identity;
mod notices;
mod report;

use jiff::{SignedDuration, Span, Timestamp, civil::DateTime};

use self::report::Report;
use super::exit;
use crate::{
    app::App,
    config::{Acknowledge, Backend, Config, ConfigError, Require},
    flow::{
        deliver::{LONGEST_CREATION_CALLS, Missing, Names},
        route::{Level, Mappings, TargetEntity},
    },
    glpi::{Glpi, Profile},
    intake::imap::{self, ImapError},
};

/// Verifies the configuration, the mappings, GLPI's rights and names, the directory, Redis and the mail
/// server. Changes nothing. Exit code 1 if anything is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// GLPI's own right bits beyond reading and creating (classes `Ticket` and `ITILFollowup`).
const TICKET_READ_OWN: u64 = 1;
const TICKET_READ_ALL: u64 = 1024;
const TICKET_ASSIGN: u64 = 8192;
const TICKET_UPDATE: u64 = 2;
const FOLLOWUP_ADD_ALL: u64 = 4096;
const FOLLOWUP_UPDATE_OWN: u64 = 2;
const FOLLOWUP_SEE_PUBLIC: u64 = 1;
const FOLLOWUP_SEE_PRIVATE: u64 = 8192;

/// What the service account must be allowed, and what for.
const RIGHTS: &[(&str, u64, &str)] = &[
    ("ticket", Profile::CREATE, "«Assistance > Tickets: Create», to make tickets"),
    ("ticket", TICKET_READ_ALL, "«Assistance > Tickets: See all tickets», to find a ticket by its reference"),
    ("ticket", TICKET_READ_OWN, "«Assistance > Tickets: See my ticket», without which GLPI shows no solution"),
    ("ticket", TICKET_ASSIGN, "«Assistance > Tickets: Assign», to assign the référents"),
    ("followup", FOLLOWUP_ADD_ALL, "«Assistance > Followups: Add to all items», to name a file GLPI dropped"),
    ("ticket", TICKET_UPDATE, "«Assistance > Tickets: Update», to take the old group off an escalated one"),
    ("followup", FOLLOWUP_SEE_PUBLIC, "«Assistance > Followups: See public ones», to find what was written already"),
    ("followup", FOLLOWUP_SEE_PRIVATE, "«Assistance > Followups: See private ones», to read the référents' commands"),
    ("followup", FOLLOWUP_UPDATE_OWN, "«Assistance > Followups: Update (author)», to note that an escalation is done"),
    ("document", Profile::READ, "«Management > Documents: Read», to see which files GLPI took"),
    ("document", Profile::CREATE, "«Management > Documents: Create», to add files to a ticket that GLPI made in part"),
    ("group", Profile::READ, "«Administration > Groups: Read», to find the groups of the mappings"),
    ("user", Profile::READ, "«Administration > Users: Read», to find requesters by their address"),
    ("itilcategory", Profile::READ, "«Setup > ITIL categories: Read», to find the categories of the mappings"),
];

/// How long before the last closed period `check` asks for the next ones.
const SOON_DAYS: i64 = 30;

/// So much GLPI's clock and the gateway's may differ.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_mins(5);

/// File types that requests often bring and GLPI does not take out of the box.
const USEFUL_TYPES: &[&str] = &["pdf", "png", "jpg", "docx", "xlsx", "odt", "ods", "eml", "heic", "webp", "mp4"];

/// Runs every check and prints what each found; gives the exit code.
///
/// # Errors
///
/// When the configuration itself cannot be used.
pub async fn run(config: Config) -> Result<u8, ConfigError> {
    let app = App::build(config)?;
    let mut report = Report::default();
    let mappings = app.pipeline.mappings.now();
    report.ok("mappings", format_args!("{} applications", mappings.all().len()));
    calendar(&mut report, &app);
    if glpi(&mut report, &app.glpi, &app.config).await {
        entities(&mut report, &app.glpi, &mappings).await;
        names(&mut report, app.pipeline.deliverer.names(), &mappings).await;
        forwarders(&mut report, &app).await;
    }
    sender(&mut report, &app);
    directory(&mut report, &app).await;
    redis(&mut report, &app).await;
    smtp(&mut report, &app).await;
    mailboxes(&mut report, &app).await?;
    quarantine(&mut report, &app).await;
    sweep(&mut report, &app.config);
    stop(&mut report, &app.config);
    ways_in(&mut report, &app.config);
    app.glpi.close().await;
    Ok(if report.end() { exit::OK } else { exit::FAILED })
}

/// Whether delays are counted by the holidays of the months to come.
fn calendar(report: &mut Report, app: &App) {
    let today = Timestamp::now().to_zoned(app.config.time_zone.clone()).date();
    let soon = today.saturating_add(Span::new().days(SOON_DAYS));
    match app.calendar.closed_until() {
        None => report.ok("calendar", "opening hours, no closed periods"),
        Some(last) if last >= soon => report.ok("calendar", format_args!("closed periods until {last}")),
        Some(last) => report.warning(
            "calendar",
            format_args!("the closed periods end on {last}"),
            "Add the next school year's to the file of calendar.closed, or delays count its holidays as working time.",
        ),
    }
}

/// Whether GLPI can be asked further.
async fn glpi(report: &mut Report, glpi: &Glpi, config: &Config) -> bool {
    let info = match glpi.server_info().await {
        Ok(info) => info,
        Err(error) => {
            report.glpi_error("GLPI", &error);
            return false;
        }
    };
    report.ok("GLPI", format_args!("version {}", info.version));
    clock(report, glpi, config).await;
    match glpi.active_profile().await {
        Ok(profile) => {
            if profile.interface == "helpdesk" {
                report.error(
                    "service account",
                    format_args!("its profile «{}» is a self-service one", profile.name),
                    "Give it a profile cloned from Supervisor.",
                );
            }
            for (right, bits, what) in RIGHTS {
                if !profile.may(right, *bits) {
                    report.error(
                        "service account",
                        format_args!("its profile «{}» lacks {what}", profile.name),
                        "Tick it under «Administration > Profiles».",
                    );
                }
            }
            if RIGHTS.iter().all(|(right, bits, _)| profile.may(right, *bits)) {
                report.ok("service account", format_args!("profile «{}» has every right needed", profile.name));
            }
            if !profile.may("logs", Profile::READ) {
                report.warning(
                    "escalation",
                    format_args!("the profile «{}» lacks «Administration > Logs: Read»", profile.name),
                    "Tick it: without it, delays count from a ticket's opening, not from its arrival at its level.",
                );
            }
        }
        Err(error) => report.glpi_error("service account", &error),
    }
    match glpi.uploadable_types().await {
        Ok(Some(types)) => {
            let missing: Vec<_> =
                USEFUL_TYPES.iter().copied().filter(|extension| !types.accept(&format!("x.{extension}"))).collect();
            if missing.is_empty() {
                report.ok("file types", "GLPI takes every usual one");
            } else {
                report.warning(
                    "file types",
                    format_args!("GLPI does not take {}", missing.join(", ")),
                    "Such files are named in the ticket, not attached. Add them under «Setup > Dropdowns > Document types».",
                );
            }
        }
        Ok(None) if info.major() >= Some(11) => report.error(
            "file types",
            format_args!("the account may not read them, and GLPI {} breaks off at a file that it does not take", info.version),
            "Tick «Setup > Dropdowns: Read» (typedoc) in its profile: without it, each kind of unwanted file costs one half-made ticket.",
        ),
        Ok(None) => report.warning(
            "file types",
            "the account may not read them",
            "The gateway goes by GLPI's answers. «Setup > Dropdowns: Read» (typedoc) lets it name unwanted files beforehand.",
        ),
        Err(error) => report.glpi_error("file types", &error),
    }
    accounts(report, glpi).await;
    notices::check(report, glpi, config, info.mails).await;
    true
}

/// Whether it can be told which accounts GLPI writes to.
async fn accounts(report: &mut Report, glpi: &Glpi) {
    let grants = match glpi.own_account().await {
        Ok(own) => glpi.grants_of(own).await,
        Err(error) => Err(error),
    };
    match grants {
        Ok(Some(_)) => report.ok("requesters", "accounts that GLPI would not write to are known"),
        Ok(None) => report.warning(
            "requesters",
            "the profiles of accounts cannot be read",
            "An account without one is taken for a requester, and GLPI never writes to it. Give the service account \
             «Administration > Users: Read» on the root entity, recursive.",
        ),
        Err(error) => report.glpi_error("requesters", &error),
    }
}

/// Whether GLPI counts time as the gateway reads it: its dates say nothing of their time zone.
async fn clock(report: &mut Report, glpi: &Glpi, config: &Config) {
    let here = Timestamp::now().to_zoned(config.time_zone.clone()).datetime();
    let zone = config.time_zone.iana_name().unwrap_or("its own");
    match glpi.clock().await {
        Ok(Some(there)) if there.duration_until(here).abs() < CLOCKS_AGREE => {
            report.ok("clock", format_args!("GLPI's and the gateway's agree ({zone})"));
        }
        Ok(Some(there)) => report.error(
            "clock",
            format_args!("GLPI's shows {}, the gateway's {} ({zone})", minutes(there), minutes(here)),
            "Delays, reminders and «since …» are wrong by the difference. Set time_zone to the one GLPI counts in (date.timezone of its PHP, \
             or «Setup > General > Timezone»), or GLPI's to the academy's; where minutes differ, both machines need NTP.",
        ),
        Ok(None) => report.warning("clock", "GLPI does not tell the time", "Compare the hour of a new ticket with your own."),
        Err(error) => report.glpi_error("clock", &error),
    }
}

fn minutes(moment: DateTime) -> impl std::fmt::Display {
    moment.strftime("%Y-%m-%d %H:%M")
}

/// Whether the entities that mappings name can be found, and those above them.
async fn entities(report: &mut Report, glpi: &Glpi, mappings: &Mappings) {
    let all = mappings.all();
    let Some(mapping) = all.iter().find(|it| it.names().iter().any(|names| names.place != TargetEntity::Own)) else {
        return;
    };
    match glpi.active_profile().await {
        Ok(profile) if profile.may("entity", Profile::READ) => report.ok("entities", "can be read"),
        Ok(profile) => report.error(
            "entities",
            format_args!(
                "its profile «{}» lacks «Administration > Entities: Read», and {} has an entity",
                profile.name, mapping.file
            ),
            "Tick it under «Administration > Profiles»: the entity's tickets wait, and of one name in several entities              it cannot be told which is meant.",
        ),
        Err(error) => report.glpi_error("entities", &error),
    }
}

async fn names(report: &mut Report, names: &Names, mappings: &Mappings) {
    for mapping in mappings.all() {
        match names.missing_of(mapping).await {
            Ok(missing) if missing.is_empty() => {
                let levels: String = mapping.levels.iter().map(level).collect();
                report.ok(&mapping.file, format_args!("«{}» → «{}»{levels}", mapping.category, mapping.group));
            }
            Ok(missing) => {
                for name in missing {
                    report.error(&mapping.file, name, "Its requests wait until this is mended; then nothing is lost.");
                }
            }
            Err(error) => report.glpi_error(&mapping.file, &error),
        }
    }
}

/// Whether GLPI has the groups whose members forward directors' mails.
async fn forwarders(report: &mut Report, app: &App) {
    for group in app.pipeline.rules.forwarder_groups() {
        match app.pipeline.deliverer.names().groups(group, &TargetEntity::Own).await {
            Ok(_) => report.ok("mail.forwarders", format_args!("members of «{group}»")),
            Err(Missing::Unavailable(error)) => report.glpi_error("mail.forwarders", &error),
            Err(missing) => report.error(
                "mail.forwarders",
                missing,
                "Until then what its members forward counts as their own. Give addresses, with an @, or groups of GLPI by \
                 name or full path.",
            ),
        }
    }
}

/// A level of escalation and its rules.
fn level(level: &Level) -> String {
    let hours = humantime_serde::re::humantime::format_duration;
    let rules = [("reminder", level.remind_after), ("escalation", level.after)];
    let rules: Vec<_> =
        rules.iter().filter_map(|(name, delay)| Some(format!("{name} after {}", hours((*delay)?)))).collect();
    let rules = if rules.is_empty() { "on demand".to_owned() } else { rules.join(", ") };
    format!(" → «{}» ({rules})", level.group)
}

fn sweep(report: &mut Report, config: &Config) {
    let every = humantime_serde::re::humantime::format_duration(config.sweep.every);
    match config.quota.backend {
        Backend::Memory => report.ok("sweep", format_args!("every {every}, by this instance alone")),
        Backend::Redis => report.ok("sweep", format_args!("every {every}, by one instance at a time")),
    }
}

/// A creation that is cut off leaves its sender without an answer.
fn stop(report: &mut Report, config: &Config) {
    let (grace, longest) = (config.shutdown.grace, config.glpi.timeout * LONGEST_CREATION_CALLS);
    let shown = humantime_serde::re::humantime::format_duration;
    if grace < longest {
        report.warning(
            "stop",
            format_args!("shutdown.grace is {}, and a creation in GLPI may take {}", shown(grace), shown(longest)),
            "Give shutdown.grace at least three times glpi.timeout, and let whatever stops the gateway wait as long \
             (systemd: TimeoutStopSec, Docker: --stop-timeout).",
        );
    } else {
        report.ok("stop", format_args!("waits up to {} for what is under way", shown(grace)));
    }
}

fn sender(report: &mut Report, app: &App) {
    let sender = &app.config.sender;
    let disabled = app.config.screen.disabled.iter().any(|rule| rule == "unproven-sender");
    if sender.require == Require::Nothing || disabled {
        report.warning(
            "sender",
            "nothing proves that a mail is of the sender it names",
            "Set sender.require = \"aligned\" once the relay or DKIM proves the academy's mails; `try` shows whether they do.",
        );
        return;
    }
    let relays = (!sender.authserv_ids.is_empty()).then(|| format!("the word of {}", sender.authserv_ids.join(", ")));
    let keys = app.pipeline.prover.keys().map(|keys| format!("DKIM, keys from {keys}"));
    let proofs: Vec<String> = relays.into_iter().chain(keys).collect();
    if proofs.is_empty() {
        report.warning(
            "sender",
            "a proof is required and nothing is there to give one: every mail is refused",
            "Name the academy's relay in sender.authserv_ids, or set sender.dkim = true.",
        );
    } else {
        report.ok("sender", proofs.join("; else "));
    }
}

async fn directory(report: &mut Report, app: &App) {
    let answers = app.pipeline.directory.probe().await;
    if answers.is_empty() {
        report.error(
            "directory",
            "no source is set up",
            "Set PASSERELLE_DIRECTORY__CSV, a GLPI group or LDAP: without one, every request waits.",
        );
    }
    for (source, answer) in answers {
        match answer {
            Ok(found) => report.ok(&format!("directory {source}"), found),
            Err(cause) => report.error(
                &format!("directory {source}"),
                cause,
                "Until it answers, requests of people no other source knows as directors wait.",
            ),
        }
    }
}

async fn redis(report: &mut Report, app: &App) {
    if app.config.quota.backend == Backend::Memory {
        if app.config.redis.url.is_some() {
            report.warning(
                "Redis",
                "redis.url is set and not used",
                "Set quota.backend = \"redis\" to share the memory.",
            );
        }
        report.ok("memory", "in this process alone (quota.backend = \"memory\"): run a single instance");
        return;
    }
    match app.pipeline.ledger.probe().await {
        Ok(Some(policy)) if policy != "noeviction" => report.warning(
            "Redis",
            format_args!("maxmemory-policy is {policy}: Redis may forget a claim before its time"),
            "Set maxmemory-policy noeviction in redis.conf.",
        ),
        Ok(_) => report.ok("Redis", "answers"),
        Err(error) => report.error(
            "Redis",
            error,
            "Check PASSERELLE_REDIS__URL and that Redis runs; until then GLPI is asked instead, more slowly.",
        ),
    }
}

async fn smtp(report: &mut Report, app: &App) {
    let config = &app.config;
    if config.acknowledge == Acknowledge::Off && config.receipts() != Acknowledge::Passerelle && !config.notify.writes()
    {
        report.ok("mail to requesters", "off (acknowledge = \"off\")");
        return;
    }
    if !app.pipeline.acknowledger.letters().is_on() {
        report.warning(
            "mail to requesters",
            "smtp.url is empty: nobody gets a receipt, a refusal notice or any other mail of Passerelle",
            "Set PASSERELLE_SMTP__URL, or acknowledge = \"off\" and no \"passerelle\" in [notify] to say that this is meant.",
        );
        return;
    }
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok("mail to requesters", "the mail server answers"),
        Err(error) => {
            report.error("mail to requesters", error, "Check PASSERELLE_SMTP__URL and that this machine may relay.");
        }
    }
}

async fn mailboxes(report: &mut Report, app: &App) -> Result<(), ConfigError> {
    let settings = imap::Settings::new(&app.config, app.pipeline.rules.recipients().to_vec())?;
    for account in settings.accounts() {
        let what = format!("mailbox {account}");
        match Box::pin(imap::probe(&settings, account)).await {
            Ok((waiting, missing)) if missing.is_empty() => {
                report.ok(&what, format_args!("{waiting} messages wait, its folders are there"));
            }
            Ok((waiting, missing)) => report.ok(
                &what,
                format_args!("{waiting} messages wait; the gateway will make the folders {}", missing.join(", ")),
            ),
            Err(error @ ImapError::SignIn(_)) => {
                report.error(&what, error, "Check user and password (or imap.oauth), and that IMAP is allowed for it.");
            }
            Err(error) => report.error(
                &what,
                error,
                "Check PASSERELLE_IMAP__URL, the folder's name, that this machine reaches the server, and imap.ca.",
            ),
        }
    }
    Ok(())
}

async fn quarantine(report: &mut Report, app: &App) {
    if !app.pipeline.quarantine.operators().can_be_told() {
        report.warning(
            "quarantine",
            "nobody is told of a mail that fails again and again",
            match (app.config.quarantine.operators.is_empty(), app.pipeline.acknowledger.letters().is_on()) {
                (true, true) => "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read.",
                (false, _) => "Set PASSERELLE_SMTP__URL.",
                (true, false) => {
                    "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read, and PASSERELLE_SMTP__URL."
                }
            },
        );
        return;
    }
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok("quarantine", format_args!("operators are told at {}", app.config.quarantine.operators)),
        Err(error) => report.error(
            "quarantine",
            format_args!("operators cannot be told: {error}"),
            "Check PASSERELLE_SMTP__URL and that this machine may relay.",
        ),
    }
}

fn ways_in(report: &mut Report, config: &Config) {
    let lmtp = config.lmtp.listen.iter().map(|address| format!("lmtp {address}"));
    let mailboxes = Some(config.imap.url.len()).filter(|&count| count > 0).map(|count| format!("{count} mailboxes"));
    let http = config.http.listen.map(|address| format!("http {address}"));
    let proxy = config.http.identity_listen.as_ref().map(|address| format!("http of the signed-in at {address}"));
    let all: Vec<_> = lmtp.chain(mailboxes).chain(http).chain(proxy).collect();
    if all.is_empty() {
        report.warning(
            "ways in",
            "none of lmtp.listen, imap.url and http.listen is set: `serve` will not start; `ingest` works",
            "Set PASSERELLE_LMTP__LISTEN, PASSERELLE_IMAP__URL or PASSERELLE_HTTP__LISTEN.",
        );
    } else {
        report.ok("ways in", all.join(", "));
    }
    identity::check(report, &config.http);
    if config.http.listen.is_some() && config.http.ticket_tokens.is_empty() {
        report.ok("escalation", "http.ticket_tokens is not set: POST /v1/tickets is closed; commands and rules work");
    }
    if config.http.listen.is_some() && config.http.form_tokens.is_empty() && config.http.portal_secrets.is_empty() {
        report.warning(
            "portal",
            "neither http.portal_secrets nor http.form_tokens is set: POST /v1/requests is closed",
            "Make a secret with `openssl rand -hex 32` and give it to the portal team.",
        );
    }
}
