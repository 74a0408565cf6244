//! «Mes demandes»: a person's requests, counted by their state, searched, sorted, in pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State as Shared},
    http::StatusCode,
    response::Response,
};
use url::form_urlencoded;

use super::{
    frame::{Frame, Section, page},
    state::{PageState, Visitor},
};
use crate::{
    http::{api::LONGEST_SEARCH, problem::Problem},
    portal::{Listing, Query, Row, Sort, State},
};

const ADDRESS: &str = "/portail/demandes";

/// The table's columns that a click sorts by, and those it does not, in the order of the cells in `list.html`.
const COLUMNS: [(&str, Option<Sort>); 7] = [
    ("Numéro", Some(Sort::Number)),
    ("Demande", Some(Sort::Title)),
    ("Déposée le", Some(Sort::Date)),
    ("Groupe", Some(Sort::Group)),
    ("Prise en charge par", None),
    ("Délai", None),
    ("État", Some(Sort::State)),
];

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    query: Query,
    listing: Listing,
}

/// A state, how many requests are in it, and the page that shows only those.
struct Counter {
    label: &'static str,
    tone: &'static str,
    count: usize,
    address: String,
    is_current: bool,
}

/// The head of a column.
struct Head {
    label: &'static str,
    /// The page sorted by it.
    address: Option<String>,
    /// As `aria-sort` names it, where the page is sorted by it already.
    order: Option<&'static str>,
}

/// The class of the colours of a request's state.
pub(super) fn tone(row: &Row) -> &'static str {
    tone_of(row.state)
}

fn tone_of(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Ongoing => "running",
        State::ToComplete | State::ToApprove => "yours",
        State::Closed => "closed",
    }
}

impl ListPage<'_> {
    fn counters(&self) -> Vec<Counter> {
        let counter = |state| {
            let is_current = self.query.state == Some(state);
            let of_state = Query { state: Some(state).filter(|_| !is_current), page: 1, ..self.query.clone() };
            Counter {
                label: plural(state, self.listing.counts.of(state)),
                tone: tone_of(state),
                count: self.listing.counts.of(state),
                address: address(&of_state),
                is_current,
            }
        };
        State::ALL.map(counter).into()
    }

    fn heads(&self) -> Vec<Head> {
        let head = |(label, sort): (&'static str, Option<Sort>)| {
            let Some(sort) = sort else { return Head { label, address: None, order: None } };
            let is_current = self.query.sort == sort;
            // Dates and numbers are looked at from the latest on, words from A on.
            let descending =
                if is_current { !self.query.descending } else { matches!(sort, Sort::Date | Sort::Number) };
            let order = if self.query.descending { "descending" } else { "ascending" };
            Head {
                label,
                address: Some(address(&Query { sort, descending, page: 1, ..self.query.clone() })),
                order: is_current.then_some(order),
            }
        };
        COLUMNS.map(head).into()
    }

    /// The page before and the page after, where there are.
    fn turns(&self) -> [Option<String>; 2] {
        let page = self.query.page;
        let turn = |page| address(&Query { page, ..self.query.clone() });
        [
            (page > 1).then(|| turn((page - 1).min(self.listing.pages))),
            (page < self.listing.pages).then(|| turn(page + 1)),
        ]
    }

    fn is_narrowed(&self) -> bool {
        self.query.state.is_some() || !self.query.text.is_empty()
    }

    fn has_any(&self) -> bool {
        State::ALL.iter().any(|state| self.listing.counts.of(*state) > 0)
    }
}

fn plural(state: State, count: usize) -> &'static str {
    match (state, count) {
        (State::Closed, 2..) => "Clôturées",
        _ => state.label(),
    }
}

/// `GET /portail/demandes`
pub(super) async fn show(
    Shared(state): Shared<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = asked(query.as_deref().unwrap_or_default());
    let listing = state.ask(state.services.portal.requests(&person, &query)).await?;
    let frame = state.pages.frame("Mes demandes", Some(&person), Section::Requests);
    page(StatusCode::OK, &ListPage { frame, query, listing })
}

/// What the address asks for; what it does not say well is as by default.
fn asked(text: &str) -> Query {
    let mut query = Query::default();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "etat" => query.state = State::parse(&value),
            "q" => query.text = value.trim().chars().take(LONGEST_SEARCH).collect(),
            "tri" => query.sort = Sort::parse(&value).unwrap_or(query.sort),
            "sens" => query.descending = value != "croissant",
            "page" => query.page = value.parse().ok().filter(|page| *page > 0).unwrap_or(1),
            _ => {}
        }
    }
    query
}

/// The address of a query, without what goes without saying.
fn address(query: &Query) -> String {
    let usual = Query::default();
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    if let Some(state) = query.state {
        pairs.append_pair("etat", state.code());
    }
    if !query.text.is_empty() {
        pairs.append_pair("q", &query.text);
    }
    if query.sort != usual.sort || query.descending != usual.descending {
        pairs.append_pair("tri", query.sort.code());
        pairs.append_pair("sens", if query.descending { "decroissant" } else { "croissant" });
    }
    if query.page > 1 {
        pairs.append_pair("page", &query.page.to_string());
    }
    match pairs.finish() {
        none if none.is_empty() => ADDRESS.to_owned(),
        pairs => format!("{ADDRESS}?{pairs}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{address, asked};
    use crate::portal::{Query, Sort, State};

    #[test]
    fn an_address_says_what_was_asked() {
        let query = Query {
            state: Some(State::ToComplete),
            text: "bilans & CM2".to_owned(),
            sort: Sort::Title,
            descending: false,
            page: 3,
            ..Query::default()
        };
        let written = address(&query);
        assert_eq!(asked(written.split_once('?').unwrap().1), query);
        assert_eq!(address(&Query::default()), "/portail/demandes");
    }

    #[test]
    fn what_nobody_can_ask_for_is_as_by_default() {
        assert_eq!(asked("etat=perdue&tri=couleur&page=0&page=x&autre=1"), Query::default());
        assert_eq!(asked(&format!("q={}", "a".repeat(5000))).text.len(), 200);
    }
}
