//! `GET /v1/requests`: a person's requests.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State as With},
    http::{header, request::Parts},
    response::Response,
};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use super::call::{in_time, personal, requester, written};
use crate::{
    http::{
        identity::REQUESTER,
        problem::Problem,
        query::Parameters,
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
const PAGE: &str = "page";

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
        ("modified_since" = Option<String>, Query, description = "Only those changed at that moment or later, RFC 3339; the `+` of an offset is written `%2B`. `modified` is of whole seconds: ask for what changed since the newest you have, and know it again by `number` and `modified`.", format = DateTime, example = "2026-11-24T14:30:00Z"),
        ("sort" = inline(Option<Sort>), Query, description = "`date` where it is missing.", example = "date"),
        ("order" = inline(Option<Order>), Query, description = "`desc` where it is missing.", example = "desc"),
        ("page" = Option<u64>, Query, description = "From 1 to 1000.", minimum = 1, maximum = 1000, example = 1),
        ("per_page" = Option<u64>, Query, description = "Requests of a page, 1 to 100; 20 where it is missing.", minimum = 1, maximum = 100, example = 20),
    ),
    responses(
        (status = 200, body = Listed, description = "The page.", headers(("Link" = String, description = "The other pages (RFC 8288): `first`, `prev`, `next`, `last`; each to be signed anew."))),
        (status = 400, description = "Parameters are none of those admitted, or unknown (`errors` names each), or the call is broken."),
        Nobody, Reading, LateCall, AnyTime,
    ))]
pub(super) async fn list(With(services): With<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, _) = requester(services, parts, body).await?;
            let query = query(parts)?;
            let listing = in_time(deadline, services.portal.requests(&requester, &query)).await?;
            let links = links(parts, listing.page, listing.pages);
            let listed = Json(Listed {
                requests: listing.rows.into_iter().map(Summary::from).collect(),
                counts: listing.counts,
                total: listing.total,
                page: listing.page,
                pages: listing.pages,
            });
            Ok(personal(([(header::LINK, links)], listed)))
        })
        .await
}

fn query(parts: &Parts) -> Result<Query, Problem> {
    let known = [REQUESTER, "state", "q", "modified_since", "sort", "order", PAGE, "per_page"];
    let mut parameters = Parameters::of(parts, &known);
    let default = Query::default();
    let state = parameters.choice("state", &State::ALL.map(State::code), State::parse);
    let sort = parameters.choice("sort", &Sort::ALL.map(Sort::code), Sort::parse);
    let order = parameters.choice("order", &["asc", "desc"], |order| match order {
        "asc" => Some(Order::Asc),
        "desc" => Some(Order::Desc),
        _ => None,
    });
    let query = Query {
        state,
        text: parameters.words("q"),
        modified_since: parameters.moment("modified_since"),
        sort: sort.unwrap_or(default.sort),
        descending: order.map_or(default.descending, |order| matches!(order, Order::Desc)),
        page: parameters.count(PAGE, LAST_PAGE).unwrap_or(default.page),
        per_page: parameters.count("per_page", MOST_PER_PAGE).unwrap_or(default.per_page),
    };
    parameters.end()?;
    Ok(query)
}

/// Where the other pages of this list are (RFC 8288): this call's address with another page, to be signed anew.
fn links(parts: &Parts, page: usize, pages: usize) -> String {
    let others = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let others: Vec<_> = others.filter(|(name, _)| name != PAGE).collect();
    let link = |relation: &str, page: usize| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&others).append_pair(PAGE, &page.to_string());
        format!("<{}?{}>; rel=\"{relation}\"", parts.uri.path(), query.finish())
    };
    // Beyond the last page, that is the one before.
    let before = (page > 1).then(|| link("prev", (page - 1).min(pages)));
    let after = (page < pages).then(|| link("next", page + 1));
    let all = [Some(link("first", 1)), before, after, Some(link("last", pages))];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use rstest::rstest;

    use super::links;

    #[rstest]
    #[case::only("", 1, 1, "first=1 last=1")]
    #[case::first("&page=1", 1, 3, "first=1 next=2 last=3")]
    #[case::middle("&page=2", 2, 3, "first=1 prev=1 next=3 last=3")]
    #[case::last("&page=3", 3, 3, "first=1 prev=2 last=3")]
    #[case::beyond("&page=9", 9, 3, "first=1 prev=3 last=3")]
    fn a_page_leads_to_the_others(
        #[case] asked: &str,
        #[case] page: usize,
        #[case] pages: usize,
        #[case] expected: &str,
    ) {
        let address = format!("/v1/requests?requester=a%2Bb@c.fr&q=caf%C3%A9%20%26{asked}&sort=title");
        let (parts, ()) = Request::get(address).body(()).unwrap().into_parts();
        let links = links(&parts, page, pages);
        let found: Vec<_> = links
            .split(", ")
            .map(|link| {
                let (target, relation) = link.split_once(">; rel=").unwrap();
                let (kept, page) = target.rsplit_once("&page=").unwrap();
                assert_eq!(kept, "</v1/requests?requester=a%2Bb%40c.fr&q=caf%C3%A9+%26&sort=title");
                format!("{}={page}", relation.trim_matches('"'))
            })
            .collect();
        assert_eq!(found.join(" "), expected);
    }
}
