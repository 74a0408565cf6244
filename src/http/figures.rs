//! `GET /v1/figures` and `GET /v1/figures/{table}`: what all requests say, to people in charge.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{StatusCode, header, request::Parts},
    response::Response,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    api,
    calls::Calls,
    identity, in_charge,
    problem::Problem,
    query::Parameters,
    refusals::refusals,
    responses::{AnyTime, ByPortal, LateCall},
    schemas,
    services::Services,
    values::rfc3339,
};
use crate::{
    figures::{FigureChoice, FigureTable, Figures, ODS, Period, ReadingProgress, UNSAID, ods},
    intake::form::FieldError,
    people::Rights,
    request::{Reason, department_number},
    text::french,
};

/// What a call may say: the pages' form says days by themselves, and that a page shall stay.
const PARAMETERS: [&str; 9] =
    [identity::REQUESTER, "period", "from", "to", "application", "department", "circonscription", "school", STAYS];
/// What the form's fields are called on its page.
const LABELS: [(&str, &str); 7] = [
    ("period", "Période"),
    ("from", "Du"),
    ("to", "Au"),
    ("application", "Application"),
    ("department", "Département"),
    ("circonscription", "Circonscription"),
    ("school", "École"),
];
/// The parameter by which a page does not come again by itself.
pub(super) const STAYS: &str = "fixe";
/// What the form's `period` is where `from` and `to` say the days.
const DAYS: &str = "days";
const PERIODS: &str = "Donnez une année scolaire (2026-2027), un mois (2026-10), une semaine (2026-W48) ou des jours (2026-11-03..2026-11-15), vingt années au plus, entre 1900 et 2100.";
/// How soon some of GLPI may be read, where that has not begun.
const BEGUN_AFTER: Duration = Duration::from_secs(5);
/// How soon the rest of GLPI may be read.
const READ_AFTER: Duration = Duration::from_secs(30);

/// Tells of each call.
pub(super) fn calls<C: Calls>(calls: C) -> C {
    calls.call(__path_all, all).call(__path_one, one)
}

/// What all requests say, of those that whoever asks may see.
#[derive(Serialize, ToSchema)]
pub(super) struct Answered {
    /// The period.
    period: Span,
    /// The days it is compared with.
    before: Span,
    /// How far GLPI is read: until all of it is, figures are of the newest tickets.
    reading: Known,
    /// The figures.
    #[schema(value_type = Vec<Table>)]
    tables: Vec<Value>,
}

/// Some days.
#[derive(Serialize, ToSchema)]
struct Span {
    /// As `period` names it; none for what it is compared with.
    #[schema(example = "2026-10")]
    code: Option<String>,
    /// As people read it.
    #[schema(example = "octobre 2026")]
    label: Option<String>,
    /// The first day.
    #[schema(value_type = String, format = Date, example = "2026-10-01")]
    from: Date,
    /// The last day, today at most.
    #[schema(value_type = String, format = Date, example = "2026-10-31")]
    to: Date,
}

/// How far GLPI is read.
#[derive(Serialize, ToSchema)]
struct Known {
    /// Tickets that are known.
    #[schema(example = 134_000)]
    tickets: usize,
    /// How many there are, as far as GLPI has said.
    #[schema(example = 134_000)]
    total: Option<usize>,
    /// Whether all of them are known.
    is_whole: bool,
    /// When GLPI was asked last, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T09:12:00+01:00")]
    as_of: Option<String>,
    /// Since when GLPI does not answer, RFC 3339; none where it does.
    #[schema(format = DateTime, example = json!(null))]
    away_since: Option<String>,
}

/// Some of the figures.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
struct Table {
    /// Its name in addresses.
    #[schema(example = "applications")]
    id: String,
    /// Its title, French.
    #[schema(example = "Par application")]
    title: String,
    /// What it says, French.
    #[schema(example = "LSU vient en tête : 420 demandes, soit 38,0 % du total.")]
    says: String,
    /// What people read above each column, by its key.
    #[schema(value_type = Object, example = json!({"name": "Application", "requests": "Demandes"}))]
    columns: Value,
    /// Its rows, each with a value for each column: texts, numbers, parts of a hundred, working time in seconds; null where there is nothing to compare with.
    #[schema(value_type = Vec<Object>, example = json!([{"name": "LSU", "requests": 420}]))]
    rows: Vec<Value>,
}

/// Figures on all requests
///
/// For people in charge (`[people]`): operators see everything, correspondents their department, référents their application. Computed from GLPI in the background and kept in memory. While nothing of GLPI is read yet it is 503, with `Retry-After`.
#[utoipa::path(get, path = "/v1/figures", operation_id = "figures", tag = "figures",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Whose, schemas::Figures),
    responses(
        (status = 200, body = Answered, description = "The figures."),
        (status = 400, description = "A parameter, or the call, is broken."),
        ByPortal, LateCall, AnyTime,
    ))]
async fn all(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let rights = in_charge::rights(services, parts, body).await?;
            let choice = choice(services, parts, Asker::Program, &rights)?;
            let (figures, progress) = answer(services, choice, &rights).await?;
            if progress.is_nothing() {
                return Err(unread(services, progress));
            }
            let tables = tables(services, &figures, &rights);
            let (days, before) = (figures.days, figures.before);
            let last = |date: Date| date.yesterday().unwrap_or(date);
            Ok(api::personal(Json(Answered {
                period: Span {
                    code: Some(figures.period.code()),
                    label: Some(figures.period.label()),
                    from: days.from,
                    to: last(days.to),
                },
                before: Span { code: None, label: None, from: before.from, to: last(before.to) },
                reading: known(services, progress),
                tables: tables.iter().map(FigureTable::json).collect(),
            })))
        })
        .await
}

/// One of the tables, as a file
///
/// As `GET /v1/figures` gives it: `.csv` with fields parted by semicolons, `.ods` for spreadsheets, `.json`. While GLPI is still being read it is 503, with `Retry-After`: a file would not say that it is of some requests only.
#[utoipa::path(get, path = "/v1/figures/{table}", operation_id = "figures_table", tag = "figures",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("table" = String, Path, description = "The table's id and the format: `summary`, `course`, `hours`, `weekdays`, `applications`, `natures`, `words`, `delays`, `open`, `escalations`, `ways`, `departments`, `circonscriptions`, `schools`, `silent-schools`, for operators `refusals`; or `all`, but not as CSV.", example = "applications.csv"),
        schemas::Whose, schemas::Figures,
    ),
    responses(
        (status = 200, description = "The table.", content(
            (Table = "application/json"), (String = "text/csv"), (Vec<u8> = "application/vnd.oasis.opendocument.spreadsheet"),
        )),
        (status = 400, description = "A parameter, or the call, is broken."),
        (status = 404, description = "There is no such table, or not in this format."),
        ByPortal, LateCall, AnyTime,
    ))]
async fn one(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let rights = in_charge::rights(services, parts, body).await?;
            let choice = choice(services, parts, Asker::Program, &rights)?;
            let (figures, progress) = answer(services, choice, &rights).await?;
            if !progress.is_whole {
                return Err(unfinished(services, progress, "/v1/figures"));
            }
            file(&name, &figures, tables(services, &figures, &rights))
        })
        .await
}

/// Who says what figures are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A program, which says what it means.
    Program,
    /// A page's form, which gives all of its fields, the days beside the period, too.
    Form,
}

/// The figures that are asked for, as far as these rights go, and how far GLPI is read.
///
/// # Errors
///
/// 500 where they cannot be computed.
pub(super) async fn answer(
    services: &Services,
    choice: FigureChoice,
    rights: &Rights,
) -> Result<(Figures, ReadingProgress), Problem> {
    let figures = Arc::clone(&services.oversight()?.figures);
    let rights = rights.clone();
    // Tens of milliseconds of one core, beside the threads that serve connections.
    let answered = tokio::task::spawn_blocking(move || (figures.answer(&choice, &rights), figures.progress())).await;
    answered.map_err(|_| Problem::internal())
}

/// Its tables, with what the gateway itself knows for who may see everything.
pub(super) fn tables(services: &Services, figures: &Figures, rights: &Rights) -> Vec<FigureTable> {
    let mut tables = figures.tables();
    if rights.is_everything() {
        tables.push(refusals(&services.metrics.render()));
    }
    tables
}

/// 503 while nothing of GLPI is read: it is not known that there is none.
pub(super) fn unread(services: &Services, progress: ReadingProgress) -> Problem {
    let (detail, wait) = match progress.away_since {
        Some(since) => (
            format!(
                "GLPI ne répond pas depuis {}\u{a0}: aucune demande n’est encore lue. La lecture commence d’elle-même dès qu’il \
                 répond\u{a0}; si cela dure, prévenez l’exploitation.",
                moment(services, since)
            ),
            READ_AFTER,
        ),
        None => (
            "GLPI est en cours de lecture\u{a0}: aucune demande n’est encore lue. Réessayez dans quelques instants."
                .to_owned(),
            BEGUN_AFTER,
        ),
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Reason::GlpiUnavailable.code(), detail).retry_after(wait)
}

/// «le 24 novembre 2026 à 14 h 05»
pub(super) fn moment(services: &Services, moment: Timestamp) -> String {
    format!("le\u{a0}{}", french::moment(&moment.to_zoned(services.time_zone.clone())))
}

/// 503 for a file of figures while GLPI is still being read: nothing in it would say so. `tells` is what says how far that is.
pub(super) fn unfinished(services: &Services, progress: ReadingProgress, tells: &str) -> Problem {
    if progress.is_nothing() && progress.away_since.is_some() {
        return unread(services, progress);
    }
    let detail = format!(
        "GLPI est en cours de lecture\u{a0}: ce fichier ne porterait que sur une partie des demandes. Réessayez dans quelques \
         minutes\u{a0}; {tells} dit où en est la lecture."
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Reason::GlpiUnavailable.code(), detail).retry_after(READ_AFTER)
}

/// What a call's parameters ask for.
///
/// # Errors
///
/// 400 for one that is none or that nothing has, 403 for what is somebody else's.
pub(super) fn choice(
    services: &Services,
    parts: &Parts,
    asker: Asker,
    rights: &Rights,
) -> Result<FigureChoice, Problem> {
    let figures = &services.oversight()?.figures;
    let today = figures.today();
    let mut given = Parameters::of(parts, &PARAMETERS);
    if asker == Asker::Form {
        given = given.filled();
    }
    let day = "Donnez un jour, comme 2026-11-03.";
    let (first, last) = match asker {
        Asker::Program => ("from", "to"),
        Asker::Form => ("Du", "Au"),
    };
    let period = given.read("period", PERIODS, |text| match text {
        DAYS => Some(None),
        code => Period::parse(code).map(Some),
    });
    let from: Option<Date> = given.read("from", day, |text| text.parse().ok());
    let to_remedy = format!("Donnez un jour qui ne précède pas celui de «\u{a0}{first}\u{a0}».");
    let to: Option<Date> =
        given.read("to", &to_remedy, |text| text.parse().ok().filter(|to| from.is_none_or(|from| from <= *to)));
    let days = from.and_then(|from| Period::between(from, to.unwrap_or_else(|| today.max(from))));
    let has_days = given.has("from") || given.has("to");
    // A form's days, where both are typed, are what is meant, whatever its list of periods says.
    let has_both = given.has("from") && given.has("to");
    let names_period = period.is_some_and(|period| period.is_some()) && !(asker == Asker::Form && has_both);
    if names_period && has_days && asker == Asker::Program {
        let message = "Donnez une période, ou des jours par «\u{a0}from\u{a0}» et «\u{a0}to\u{a0}», mais pas les deux.";
        given.note("period", "invalid", message.to_owned());
    } else if !names_period && !given.has("from") && (has_days || period.is_some()) {
        given.note("from", "invalid", "Donnez aussi le premier jour, comme 2026-11-03.".to_owned());
    } else if from.is_some() && (to.is_some() || !given.has("to")) && days.is_none() && !names_period {
        let message = format!(
            "Donnez un jour entre 1900 et 2100, qui précède celui de «\u{a0}{last}\u{a0}» de vingt années au plus."
        );
        given.note("from", "invalid", message);
    }
    let department = given.read("department", "Donnez le numéro d’un département, comme 021 ou 02A.", |text| {
        if text == UNSAID { Some(UNSAID.to_owned()) } else { department_number(text) }
    });
    let mut name = |name| Some(given.words(name)).filter(|text| !text.is_empty());
    let (application, circonscription) = (name("application"), name("circonscription"));
    let school = name("school").map(|code| if code == UNSAID { code } else { code.trim().to_uppercase() });
    match asker {
        Asker::Program => given.end()?,
        Asker::Form => given.end_of_form(&LABELS)?,
    }
    let period = period.flatten().filter(|_| names_period).or(days).unwrap_or_else(|| Period::school_year(today));
    let choice = FigureChoice { period, application, department, circonscription, school };
    if !choice.is_allowed(rights) || !figures.is_place_allowed(&choice, rights) {
        return Err(in_charge::anothers());
    }
    figures.known(choice, rights).map_err(|unknown| {
        let field = FieldError { field: unknown.what.to_owned(), code: "unknown-value", message: unknown.french() };
        match asker {
            Asker::Program => Problem::parameters(vec![field]),
            Asker::Form => Problem::chosen(vec![field], &LABELS),
        }
    })
}

/// One of these tables, or all of them, as a file of this name.
///
/// # Errors
///
/// 404 for one that there is not.
pub(super) fn file(name: &str, figures: &Figures, mut tables: Vec<FigureTable>) -> Result<Response, Problem> {
    let unknown = || {
        let detail = "Ce tableau n’existe pas, ou pas dans ce format. /openapi.json nomme ceux qui existent\u{a0}; les formats sont csv, ods et json.";
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    };
    let (id, format) = name.rsplit_once('.').unwrap_or((name, "json"));
    if id != "all" {
        tables.retain(|table| table.id == id);
    }
    let (media_type, content) = match (format, tables.as_slice()) {
        (_, []) => return Err(unknown()),
        // A spreadsheet program takes a CSV for UTF-8 by its mark.
        ("csv", [table]) => ("text/csv; charset=utf-8", format!("\u{feff}{}", table.csv()).into_bytes()),
        ("json", [table]) if id != "all" => ("application/json", table.json().to_string().into_bytes()),
        ("json", tables) => {
            let tables: Vec<Value> = tables.iter().map(FigureTable::json).collect();
            ("application/json", Value::from(tables).to_string().into_bytes())
        }
        ("ods", tables) => {
            let packed = ods(tables).map_err(|error| {
                tracing::error!(%error, "a spreadsheet cannot be packed");
                Problem::internal()
            })?;
            (ODS, packed)
        }
        _ => return Err(unknown()),
    };
    let file_name = format!("attachment; filename=\"{id}-{}.{format}\"", figures.period.code());
    Ok(api::personal((
        [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, file_name)],
        content,
    )))
}

fn known(services: &Services, progress: ReadingProgress) -> Known {
    let said = |moment: Timestamp| rfc3339(&moment.to_zoned(services.time_zone.clone()));
    let ReadingProgress { known, total, is_whole, as_of, away_since } = progress;
    Known { tickets: known, total, is_whole, as_of: as_of.map(said), away_since: away_since.map(said) }
}
