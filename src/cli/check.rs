//! `passerelle check`: names each thing that is wrong, with its remedy.

mod announcements;
mod glpi;
mod hooks;
mod mail;
mod notices;
mod people;
mod report;

use jiff::{Span, Timestamp};

use self::report::Report;
use super::exit;
use crate::{
    app::App,
    config::{Backend, Config, ConfigError},
    flow::deliver::LONGEST_CREATION_CALLS,
};

/// Verifies the configuration, the mappings, GLPI's rights and names, the directory, Redis and the mail
/// server. Changes nothing. Exit code 1 if anything is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// How long before the last closed period `check` asks for the next ones.
const SOON_DAYS: i64 = 30;

/// Runs every check and prints what each found; gives the exit code.
///
/// # Errors
///
/// When the configuration itself cannot be used.
pub async fn run(config: Config) -> Result<u8, ConfigError> {
    let app = App::build(config)?;
    let mut report = Report::default();
    for warning in app.config.warnings() {
        report.warning(&warning.about, &warning.message, &warning.remedy);
    }
    let mappings = app.pipeline.mappings.now();
    report.ok("mappings", format_args!("{} applications", mappings.all().len()));
    calendar(&mut report, &app);
    if glpi::check(&mut report, &app.glpi, &app.config).await {
        glpi::entities(&mut report, &app.glpi, &mappings).await;
        glpi::names(&mut report, app.pipeline.deliverer.names(), &mappings).await;
        glpi::forwarders(&mut report, &app).await;
        people::check(&mut report, &app).await;
        announcements::check(&mut report, &app).await;
    }
    mail::sender(&mut report, &app);
    directory(&mut report, &app).await;
    redis(&mut report, &app).await;
    mail::relay(&mut report, &app).await;
    mail::mailboxes(&mut report, &app).await?;
    mail::quarantine(&mut report, &app).await;
    hooks::check(&mut report, &app.config).await?;
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
        if app.config.redis.url.is_some() || !app.config.redis.cluster.is_empty() {
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

fn ways_in(report: &mut Report, config: &Config) {
    let lmtp = config.lmtp.listen.iter().map(|address| format!("lmtp {address}"));
    let mailboxes = Some(config.imap.url.len()).filter(|&count| count > 0).map(|count| format!("{count} mailboxes"));
    let http = config.http.listen.map(|address| format!("http {address}"));
    let proxy = config.http.identity_listen.as_ref().map(|address| format!("http of the signed-in at {address}"));
    let all: Vec<_> = lmtp.chain(mailboxes).chain(http).chain(proxy).collect();
    if all.is_empty() {
        report.error(
            "ways in",
            "none of lmtp.listen, imap.url and http.listen is set: `serve` will not start; `ingest` works",
            "Set PASSERELLE_LMTP__LISTEN, PASSERELLE_IMAP__URL or PASSERELLE_HTTP__LISTEN.",
        );
    } else {
        report.ok("ways in", all.join(", "));
    }
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
