//! `passerelle escalate`: moves one ticket, or shows what the rules in time would do now.

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{exit, say::say};
use crate::{
    app::App,
    config::{Config, ConfigError},
    id::TicketId,
    lifecycle::{
        escalation::{DelayVerdict, EscalateError, Evaluation, Order},
        note::Cause,
    },
    request::Direction,
    working_time::in_words,
};

/// Moves a ticket to the next level of its application, or back, or shows what the rules in time would do.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "passerelle escalate <TICKET> --reason <REASON> [--back] [--to <GROUP>] [--by <NAME>]\n       \
    passerelle escalate --dry-run [--json]"
)]
pub struct Args {
    /// The ticket's number in GLPI.
    #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub ticket: Option<TicketId>,
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

async fn go(app: &App, ticket: TicketId, order: &Order) -> Result<(), EscalateError> {
    let moved = app.escalator.move_ticket(ticket, order, Timestamp::now()).await?;
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
    let waiting = app.escalator.waiting().await?;
    let mut weighing =
        stream::iter(waiting).map(|ticket| app.escalator.evaluate(ticket.id, now)).buffered(app.config.glpi.sessions);
    while let Some(weighed) = weighing.next().await {
        let weighed = match weighed {
            Ok(Some(weighed)) if due(&weighed) != ("nothing", None) => weighed,
            // Taken in charge, gone or off its levels meanwhile.
            Ok(_) | Err(EscalateError::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        count += 1;
        if as_json {
            say(format_args!("{}", described(&weighed)));
        } else {
            row(cells(&weighed, zone).each_ref().map(String::as_str));
        }
    }
    if !as_json {
        say(format_args!("\n{count} waiting"));
    }
    Ok(())
}

/// What would happen now, and when something happens next.
fn due(weighed: &Evaluation) -> (&'static str, Option<Timestamp>) {
    match weighed.verdict {
        DelayVerdict::Nothing { next } => ("nothing", next),
        DelayVerdict::Remind { escalation, .. } => ("remind", escalation),
        DelayVerdict::Escalate { .. } => ("escalate", None),
    }
}

fn described(weighed: &Evaluation) -> Value {
    let (action, next) = due(weighed);
    let to = matches!(weighed.verdict, DelayVerdict::Escalate { .. }).then_some(weighed.next.as_ref()).flatten();
    json!({
        "ticket": weighed.ticket, "title": weighed.title, "application": weighed.application,
        "level": weighed.level, "group": weighed.groups, "since": weighed.since,
        "waited_minutes": weighed.waited.as_secs() / 60, "action": action, "to": to, "next": next,
    })
}

fn cells(weighed: &Evaluation, zone: &TimeZone) -> [String; 6] {
    let date = |moment: Timestamp| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let (action, next) = due(weighed);
    let group = match (&weighed.verdict, &weighed.next) {
        (DelayVerdict::Escalate { .. }, Some(to)) => format!("{} → {to}", weighed.groups),
        _ => weighed.groups.clone(),
    };
    [
        weighed.ticket.to_string(),
        date(weighed.since),
        in_words(weighed.waited),
        action.to_owned(),
        next.map_or_else(|| "-".to_owned(), date),
        group,
    ]
}

fn row(cells: [&str; 6]) {
    let [ticket, since, waited, now, next, group] = cells;
    say(format_args!("{ticket:>8}  {since:<16}  {waited:>20}  {now:<8}  {next:<16}  {group}"));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, tz::TimeZone};

    use super::{cells, described};
    use crate::id::{GroupId, TicketId};
    use crate::{
        lifecycle::escalation::{DelayVerdict, Evaluation},
        working_time::Wait,
    };

    fn weighed(verdict: DelayVerdict) -> Evaluation {
        Evaluation {
            ticket: TicketId::new(1234),
            title: "Accès".to_owned(),
            application: "LSU".to_owned(),
            level: 0,
            groups: "Référents-LSU".to_owned(),
            group_ids: vec![GroupId::new(1)],
            next: Some("DSI-BAI".to_owned()),
            since: "2026-11-23T09:00:00Z".parse().unwrap(),
            waited: Duration::from_hours(9),
            verdict,
        }
    }

    #[test]
    fn what_is_due_is_shown_with_what_comes_next() {
        let next: Timestamp = "2026-11-25T09:00:00Z".parse().unwrap();
        let wait = Wait { since: next, waited: Duration::from_hours(9), delay: Duration::from_hours(8) };
        let zone = TimeZone::get("Europe/Paris").unwrap();
        for (verdict, action, to, shown_next, group) in [
            (DelayVerdict::Nothing { next: Some(next) }, "nothing", None, "2026-11-25 10:00", "Référents-LSU"),
            (
                DelayVerdict::Remind { wait, escalation: Some(next) },
                "remind",
                None,
                "2026-11-25 10:00",
                "Référents-LSU",
            ),
            (DelayVerdict::Escalate { wait }, "escalate", Some("DSI-BAI"), "-", "Référents-LSU → DSI-BAI"),
        ] {
            let weighed = weighed(verdict);
            let expected = ["1234", "2026-11-23 10:00", "9\u{a0}h ouvrées", action, shown_next, group];
            assert_eq!(cells(&weighed, &zone), expected);
            let described = described(&weighed);
            assert_eq!((described["action"].as_str(), described["to"].as_str()), (Some(action), to), "{described}");
            assert_eq!(described["waited_minutes"], 540);
        }
    }
}
