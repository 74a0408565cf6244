//! `GET /v1/requests`: a person's requests.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State as With},
    http::request::Parts,
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{bad_parameter, in_time, parameter, personal, requester, words, written};
use crate::{
    http::{
        problem::Problem,
        responses::{AnyTime, LateCall, Nobody, Reading},
        services::Services,
    },
    id::TicketId,
    portal::{Counts, Query, Row, Sort, State},
    request::TicketKind,
    working_time::in_words,
};

const MOST_PER_PAGE: usize = 100;
const LAST_PAGE: usize = 1000;

/// A page of a person's requests.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    /// The requests of this page.
    requests: Vec<Summary>,
    /// How many requests the person has in each state, whatever the call asks for.
    counts: Counts,
    /// How many requests meet the call, on all pages.
    #[schema(example = 1)]
    total: usize,
    /// This page, from 1.
    #[schema(example = 1)]
    page: usize,
    /// How many pages there are, at least 1.
    #[schema(example = 1)]
    pages: usize,
}

/// A request in one line.
#[derive(Serialize, ToSchema)]
pub(super) struct Summary {
    /// GLPI's number.
    #[schema(value_type = u64, example = 1234)]
    number: TicketId,
    /// The reference, where the gateway took the request.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: Option<String>,
    /// The title.
    #[schema(example = "Impossible de valider les bilans")]
    title: String,
    /// `incident` or `demande`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "incident")]
    kind: TicketKind,
    /// 1 (very low) to 5 (very high).
    #[schema(example = 3)]
    urgency: u64,
    /// The application, where the gateway took the request.
    #[schema(example = "LSU")]
    application: Option<String>,
    /// The nature of the request, else the last part of its category.
    #[schema(example = "LSU : bilans")]
    nature: String,
    /// When it was deposited, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T09:12:00+01:00")]
    date: Option<String>,
    /// When it was changed last, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T14:30:00+01:00")]
    modified: Option<String>,
    /// The group it is assigned to.
    #[schema(example = "Référents-LSU")]
    group: Option<String>,
    /// Who has taken it in charge: a person, or else the group.
    #[schema(example = "Claude Morel")]
    taken_by: Option<String>,
    /// The group it was handed on to, where it is not with the application's first groups any more.
    #[schema(example = json!(null))]
    handed_on_to: Option<String>,
    /// Why it is on hold, where it is and GLPI says so.
    #[schema(example = json!(null))]
    pending_reason: Option<String>,
    /// The working time from the deposit to the solution or until now, seconds, without the times at which it waited for
    /// the requester.
    #[schema(example = 14400)]
    delay: u64,
    /// The same, as people read it.
    #[schema(example = "4 h")]
    delay_label: String,
    /// `en-attente`, `en-cours`, `a-completer`, `a-approuver` or `cloturee`.
    state: State,
    /// The same, as people read it.
    #[schema(example = "En cours")]
    state_label: &'static str,
    /// Whose it is, where it is a school's or another director's that the requester may only read.
    #[schema(example = json!(null))]
    made_by: Option<String>,
    /// What is to be said of it beside: who has it, why it is on hold, what the requester is to do.
    #[schema(example = "prise en charge par Claude Morel")]
    state_detail: Option<String>,
    /// Whether it waits for the requester's approval: `POST …/approval`.
    to_approve: bool,
    /// Whether it takes something more: `POST …/followups`.
    may_follow_up: bool,
}

impl From<Row> for Summary {
    fn from(row: Row) -> Self {
        let state_detail = row.detail();
        Self {
            number: row.number,
            reference: row.reference.map(|reference| reference.to_string()),
            kind: row.kind,
            urgency: row.urgency,
            application: row.application,
            nature: row.nature,
            date: written(row.opened.as_ref()),
            modified: written(row.modified.as_ref()),
            state_detail,
            group: row.group,
            taken_by: row.taken_by,
            handed_on_to: row.handed_on.map(|to| to.group),
            pending_reason: row.pending_reason,
            delay: row.delay.as_secs(),
            delay_label: in_words(row.delay),
            state: row.state,
            state_label: row.state.label(),
            made_by: row.made_by.map(|maker| maker.to_string()),
            to_approve: row.to_approve,
            may_follow_up: row.may_follow_up,
            title: row.title,
        }
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// The smallest, the oldest.
    Asc,
    /// The largest, the newest.
    Desc,
}

/// List a person's requests
///
/// Those of which the person is a requester in GLPI, and those of the schools they direct that they may read
/// (`directory.school_mailbox`, `portal.school_view`): the newest thousand of them.
#[utoipa::path(get, path = "/v1/requests", operation_id = "list_requests", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("requester" = Option<String>, Query, description = "Whose requests, in a signed call; a trusted proxy names the person itself.", format = "email", max_length = 318, example = "ce.0210001A@ac-dijon.fr"),
        ("state" = inline(Option<State>), Query, description = "Only those in this state.", example = "en-cours"),
        ("q" = Option<String>, Query, description = "Only those of which a column, the reference or the text hold each of these words; neither case nor accents matter.", max_length = 200, example = "bilans"),
        ("sort" = inline(Option<Sort>), Query, description = "`date` where it is missing.", example = "date"),
        ("order" = inline(Option<Order>), Query, description = "`desc` where it is missing.", example = "desc"),
        ("page" = Option<u64>, Query, description = "From 1 to 1000.", minimum = 1, maximum = 1000, example = 1),
        ("per_page" = Option<u64>, Query, description = "Requests of a page, 1 to 100; 20 where it is missing.", minimum = 1, maximum = 100, example = 20),
    ),
    responses(
        (status = 200, body = Listed, description = "The page."),
        (status = 400, description = "A parameter is none of those admitted, or the call is broken."),
        Nobody, Reading, LateCall, AnyTime,
    ))]
pub(super) async fn list(With(services): With<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, _) = requester(services, parts, body).await?;
            let query = query(parts)?;
            let listing = in_time(deadline, services.portal.requests(&requester, &query)).await?;
            Ok(personal(Json(Listed {
                requests: listing.rows.into_iter().map(Summary::from).collect(),
                counts: listing.counts,
                total: listing.total,
                page: listing.page,
                pages: listing.pages,
            })))
        })
        .await
}

fn query(parts: &Parts) -> Result<Query, Problem> {
    let default = Query::default();
    let state = choice(parts, "state", &State::ALL.map(State::code), State::parse)?;
    let sort = choice(parts, "sort", &Sort::ALL.map(Sort::code), Sort::parse)?;
    let order = choice(parts, "order", &["asc", "desc"], |order| match order {
        "asc" => Some(Order::Asc),
        "desc" => Some(Order::Desc),
        _ => None,
    })?;
    Ok(Query {
        state,
        text: words(parts, "q")?,
        sort: sort.unwrap_or(default.sort),
        descending: order.map_or(default.descending, |order| matches!(order, Order::Desc)),
        page: count(parts, "page", LAST_PAGE)?.unwrap_or(default.page),
        per_page: count(parts, "per_page", MOST_PER_PAGE)?.unwrap_or(default.per_page),
    })
}

/// A parameter that is one of some words.
fn choice<T>(
    parts: &Parts,
    name: &'static str,
    words: &[&str],
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(given) = parameter(parts, name)? else { return Ok(None) };
    let unknown = || bad_parameter(name, &format!("Valeurs admises : {}.", words.join(", ")));
    read(&given).map(Some).ok_or_else(unknown)
}

/// A parameter that counts from 1.
fn count(parts: &Parts, name: &'static str, most: usize) -> Result<Option<usize>, Problem> {
    let Some(given) = parameter(parts, name)? else { return Ok(None) };
    let number = given.bytes().all(|byte| byte.is_ascii_digit()).then(|| given.parse().ok()).flatten();
    let valid = number.filter(|number| (1..=most).contains(number));
    valid.map(Some).ok_or_else(|| bad_parameter(name, &format!("Donnez un nombre entier de 1 à {most}.")))
}
