//! `passerelle escalate`: moves one ticket, or shows what the rules in time would do now.

use std::io::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::exit;
use crate::{
    app::App,
    config::{Config, ConfigError},
    escalate::{Cause, Direction, EscalateError, Order, Verdict, Weighed, in_words},
};

/// Moves a ticket to the next level of its application, or back, or shows what the rules in time would do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ticket's number in GLPI.
    #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub ticket: Option<u64>,
    /// Why; the ticket says it.
    #[arg(long, required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub reason: Option<String>,
    /// Who asks; the ticket says it.
    #[arg(long, default_value = "l'exploitation", conflicts_with = "dry_run")]
    pub by: String,
    /// Returns the ticket to the level below.
    #[arg(long, conflicts_with = "dry_run")]
    pub back: bool,
    /// The group it shall go to; a ticket that has it already stays.
    #[arg(long, conflicts_with = "dry_run")]
    pub to: Option<String>,
    /// Lists the tickets that wait, what the rules would do now and when they strike next; changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object a line.
    #[arg(long, requires = "dry_run")]
    pub json: bool,
}

/// Does what is asked; gives the exit code: 0 done, 1 it cannot be done, 75 not now.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let zone = config.time_zone.clone();
    let app = App::build(config)?;
    let result = match (args.ticket, args.reason) {
        (Some(ticket), Some(reason)) => {
            let direction = if args.back { Direction::Down } else { Direction::Up };
            let order = Order { direction, by: args.by, reason, cause: Cause::CommandLine, to: args.to };
            go(&app, ticket, &order).await
        }
        _ => forecast(&app, &zone, args.json).await,
    };
    app.glpi.close().await;
    Ok(match result {
        Ok(()) => exit::OK,
        Err(error) => {
            eprintln!("{error}");
            if error.is_passing() { exit::TEMPFAIL } else { exit::FAILED }
        }
    })
}

async fn go(app: &App, ticket: u64, order: &Order) -> Result<(), EscalateError> {
    let moved = app.escalator.carry(ticket, order, Timestamp::now()).await?;
    say(format_args!("ticket {}: {} → {}", moved.ticket, moved.from, moved.to));
    Ok(())
}

/// What the rules say of every ticket that waits.
async fn forecast(app: &App, zone: &TimeZone, as_json: bool) -> Result<(), EscalateError> {
    let now = Timestamp::now();
    let mut count = 0_usize;
    if !as_json {
        row(["ticket", "since", "waited", "now", "next", "group"]);
    }
    for ticket in app.escalator.waiting().await? {
        let weighed = match app.escalator.weigh(ticket.id, now).await {
            Ok(Some(weighed)) => weighed,
            // Gone or taken off its levels meanwhile.
            Ok(None) | Err(EscalateError::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        count += 1;
        if as_json {
            write_json(&weighed);
        } else {
            write_row(&weighed, zone);
        }
    }
    if !as_json {
        say(format_args!("\n{count} tickets wait"));
    }
    Ok(())
}

/// What would happen now, and when something happens next.
fn due(weighed: &Weighed) -> (&'static str, Option<Timestamp>) {
    match weighed.verdict {
        Verdict::Nothing { next } => ("nothing", next),
        Verdict::Remind { escalation, .. } => ("remind", escalation),
        Verdict::Escalate { .. } => ("escalate", None),
    }
}

fn write_json(weighed: &Weighed) {
    let (action, next) = due(weighed);
    let to = matches!(weighed.verdict, Verdict::Escalate { .. }).then_some(weighed.next.as_ref()).flatten();
    say(format_args!(
        "{}",
        json!({
            "ticket": weighed.ticket, "title": weighed.title, "application": weighed.application,
            "level": weighed.level, "group": weighed.groups, "since": weighed.since,
            "waited_minutes": weighed.waited.as_secs() / 60, "action": action, "to": to, "next": next,
        })
    ));
}

fn write_row(weighed: &Weighed, zone: &TimeZone) {
    let date = |moment: Timestamp| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let (action, next) = due(weighed);
    let group = match (&weighed.verdict, &weighed.next) {
        (Verdict::Escalate { .. }, Some(to)) => format!("{} → {to}", weighed.groups),
        _ => weighed.groups.clone(),
    };
    let next = next.map_or_else(|| "-".to_owned(), date);
    row([&weighed.ticket.to_string(), &date(weighed.since), &in_words(weighed.waited), action, &next, &group]);
}

fn row(cells: [&str; 6]) {
    let [ticket, since, waited, now, next, group] = cells;
    say(format_args!("{ticket:>8}  {since:<16}  {waited:>20}  {now:<8}  {next:<16}  {group}"));
}

fn say(line: std::fmt::Arguments<'_>) {
    // Whoever read the output may have gone, as `head` does.
    let _ = writeln!(std::io::stdout(), "{line}");
}
