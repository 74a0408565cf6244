//! `passerelle escalate`: moves one ticket, or shows what the rules in time would do now.

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    exit,
    say::{complain, say},
};
use crate::{
    app::App,
    config::{Config, ConfigError},
    id::TicketId,
    lifecycle::{
        escalation::{DelayVerdict, EscalateError, Evaluation, Immovable, Order},
        note::Cause,
    },
    request::Direction,
    text::{Bilingual, Language, french},
};

/// Moves a ticket to the next level of its application, or back, or shows what the rules in time would do.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "passerelle escalate <TICKET> --reason <REASON> [--back] [--to <GROUP>] [--by <NAME>] [--lang <LANG>]\n       \
    passerelle escalate --dry-run [--json] [--lang <LANG>]"
)]
pub struct Args {
    /// The ticket's number in GLPI.
    #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub ticket: Option<TicketId>,
    /// Why; the ticket says it.
    #[arg(long, required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub reason: Option<String>,
    /// Who asks; the ticket says it.
    #[arg(long, default_value = "l’exploitation", conflicts_with = "dry_run")]
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
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long)]
    pub lang: Option<Language>,
}

/// Does what is asked; gives the exit code: 0 done, 1 it cannot be done, 75 not now.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let language = Language::chosen(args.lang);
    let app = App::build(config)?;
    let result = match (args.ticket, args.reason) {
        (Some(ticket), Some(reason)) => {
            let direction = if args.back { Direction::Down } else { Direction::Up };
            let order = Order { direction, by: args.by, reason, cause: Cause::CommandLine, to: args.to };
            go(&app, ticket, &order, language).await
        }
        _ => forecast(&app, args.json, language).await,
    };
    app.glpi.close().await;
    Ok(match result {
        Ok(()) => exit::OK,
        Err(error) => {
            complain(&said(&error), language);
            if error.is_passing() { exit::TEMPFAIL } else { exit::FAILED }
        }
    })
}

/// Why a ticket is not moved, and what to do: GLPI's failures with their causes.
fn said(error: &EscalateError) -> Bilingual {
    let remedy = match error {
        EscalateError::Glpi(error) => return error.line(),
        EscalateError::NoApplication | EscalateError::Immovable(Immovable::Elsewhere) => {
            "; correct its category, or assign it by hand"
        }
        EscalateError::AnotherGroup { .. } => "; look at it before you try again",
        EscalateError::Over => "; reopen it first",
        EscalateError::Busy => "; try again in some seconds",
        EscalateError::Unconfirmed => "; look at the ticket, then try again",
        _ => "",
    };
    Bilingual::new(format!("{error}{remedy}"), error.sentence())
}

async fn go(app: &App, ticket: TicketId, order: &Order, language: Language) -> Result<(), EscalateError> {
    let moved = app.escalator.move_ticket(ticket, order, Timestamp::now()).await?;
    let way = Bilingual::same(format_args!("{} → {}", moved.from, moved.to));
    say(Bilingual::same(format_args!("ticket {}", moved.ticket)).saying(&way).text(language));
    Ok(())
}

/// What the rules say of every ticket that waits.
async fn forecast(app: &App, as_json: bool, language: Language) -> Result<(), EscalateError> {
    let zone = &app.config.time_zone;
    let now = Timestamp::now();
    let mut count = 0_usize;
    if !as_json {
        row(heads().each_ref().map(|head| head.text(language)));
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
            row(cells(&weighed, zone, language).each_ref().map(String::as_str));
        }
    }
    if !as_json {
        say(format_args!(
            "\n{}",
            Bilingual::new(format!("{count} waiting"), format!("{count} en attente")).text(language)
        ));
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

fn heads() -> [Bilingual; 6] {
    [
        Bilingual::same("ticket"),
        Bilingual::new("since", "depuis"),
        Bilingual::new("working time", "temps ouvré"),
        Bilingual::new("now", "à faire"),
        Bilingual::new("next", "ensuite"),
        Bilingual::new("group", "groupe"),
    ]
}

fn cells(weighed: &Evaluation, zone: &TimeZone, language: Language) -> [String; 6] {
    let date = |moment: Timestamp| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let (action, next) = due(weighed);
    let action = match weighed.verdict {
        DelayVerdict::Nothing { .. } => Bilingual::new(action, "rien"),
        DelayVerdict::Remind { .. } => Bilingual::new(action, "rappel"),
        DelayVerdict::Escalate { .. } => Bilingual::new(action, "escalade"),
    };
    let worked = french::delay(&weighed.waited);
    let worked = match weighed.waited.as_secs() {
        0..60 => Bilingual::new("less than a minute", worked),
        _ => Bilingual::same(worked),
    };
    let group = match (&weighed.verdict, &weighed.next) {
        (DelayVerdict::Escalate { .. }, Some(to)) => format!("{} → {to}", weighed.groups),
        _ => weighed.groups.clone(),
    };
    [
        weighed.ticket.to_string(),
        date(weighed.since),
        worked.text(language).to_owned(),
        action.text(language).to_owned(),
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
        text::Language,
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
        for (verdict, action, french, to, shown_next, group) in [
            (DelayVerdict::Nothing { next: Some(next) }, "nothing", "rien", None, "2026-11-25 10:00", "Référents-LSU"),
            (
                DelayVerdict::Remind { wait, escalation: Some(next) },
                "remind",
                "rappel",
                None,
                "2026-11-25 10:00",
                "Référents-LSU",
            ),
            (DelayVerdict::Escalate { wait }, "escalate", "escalade", Some("DSI-BAI"), "-", "Référents-LSU → DSI-BAI"),
        ] {
            let weighed = weighed(verdict);
            for (language, action) in [(Language::English, action), (Language::French, french)] {
                let expected = ["1234", "2026-11-23 10:00", "9\u{a0}h", action, shown_next, group];
                assert_eq!(cells(&weighed, &zone, language), expected);
            }
            let described = described(&weighed);
            assert_eq!((described["action"].as_str(), described["to"].as_str()), (Some(action), to), "{described}");
            assert_eq!(described["waited_minutes"], 540);
        }
    }
}
