//! The table of a person's requests: counted by their state, searched, sorted, in pages.

use url::form_urlencoded;

use super::frame::REQUESTS;
use crate::{
    http::query::LONGEST_SEARCH,
    portal::{Listing, Query, Row, Sort, State},
};

/// How many requests a page may have; the first, where nothing else is asked for.
pub(super) const PER_PAGE: [usize; 3] = [15, 50, 100];

/// The table's columns that a click sorts by, and those it does not, in the order of the cells in `list.html`.
const COLUMNS: [(&str, Option<Sort>); 8] = [
    ("Numéro", Some(Sort::Number)),
    ("Demande", Some(Sort::Title)),
    ("Déposée le", Some(Sort::Date)),
    ("Groupe", Some(Sort::Group)),
    ("Prise en charge par", Some(Sort::TakenBy)),
    ("Délai", Some(Sort::Delay)),
    ("État", Some(Sort::State)),
    ("Action", None),
];

/// A page of a person's requests, as it was asked for.
pub(super) struct Table {
    pub(super) query: Query,
    pub(super) listing: Listing,
}

/// A state, how many requests are in it, and the page that shows only those.
pub(super) struct Counter {
    pub(super) label: &'static str,
    pub(super) tone: &'static str,
    pub(super) count: usize,
    pub(super) address: String,
    pub(super) is_current: bool,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) label: &'static str,
    /// The page sorted by it.
    pub(super) address: Option<String>,
    /// As `aria-sort` names it, where the page is sorted by it already.
    pub(super) order: Option<&'static str>,
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

impl Table {
    /// A counter for each state, and one for all of them.
    pub(super) fn counters(&self) -> Vec<Counter> {
        let counter = |state| {
            let is_current = self.query.state == Some(state);
            let of_state = Query { state: Some(state), page: 1, ..self.query.clone() };
            Counter {
                label: plural(state, self.listing.counts.of(state)),
                tone: tone_of(state),
                count: self.listing.counts.of(state),
                address: address(&of_state),
                is_current,
            }
        };
        let all = Counter {
            label: "Toutes",
            tone: "all",
            count: self.all(),
            address: address(&Query { state: None, page: 1, ..self.query.clone() }),
            is_current: self.query.state.is_none(),
        };
        State::ALL.into_iter().map(counter).chain([all]).collect()
    }

    fn all(&self) -> usize {
        State::ALL.iter().map(|state| self.listing.counts.of(*state)).sum()
    }

    pub(super) fn heads(&self) -> Vec<Head> {
        let head = |(label, sort): (&'static str, Option<Sort>)| {
            let Some(sort) = sort else { return Head { label, address: None, order: None } };
            let is_current = self.query.sort == sort;
            // Dates and numbers are looked at from the latest on, words from A on.
            let descending = if is_current {
                !self.query.descending
            } else {
                matches!(sort, Sort::Date | Sort::Number | Sort::Delay)
            };
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
    pub(super) fn turns(&self) -> [Option<String>; 2] {
        let page = self.query.page;
        let turn = |page| address(&Query { page, ..self.query.clone() });
        [
            (page > 1).then(|| turn((page - 1).min(self.listing.pages))),
            (page < self.listing.pages).then(|| turn(page + 1)),
        ]
    }

    /// How many a page may have, the page that has so many, and whether this is one.
    pub(super) fn sizes(&self) -> [(usize, String, bool); 3] {
        PER_PAGE.map(|per_page| {
            let sized = Query { per_page, page: 1, ..self.query.clone() };
            (per_page, address(&sized), per_page == self.query.per_page)
        })
    }

    /// The last page, where one beyond it was asked for.
    pub(super) fn last_page(&self) -> Option<String> {
        let pages = self.listing.pages;
        (self.query.page > pages).then(|| address(&Query { page: pages, ..self.query.clone() }))
    }

    pub(super) fn is_narrowed(&self) -> bool {
        self.query.state.is_some() || !self.query.text.is_empty()
    }

    pub(super) fn has_any(&self) -> bool {
        self.all() > 0
    }
}

fn plural(state: State, count: usize) -> &'static str {
    match (state, count) {
        (State::Closed, 2..) => "Clôturées",
        _ => state.label(),
    }
}

/// What is asked for where an address says nothing of it.
pub(super) fn usual() -> Query {
    Query { per_page: PER_PAGE[0], ..Query::default() }
}

/// What the address asks for; what it does not say well is as by default, and said to whoever asks.
pub(super) fn asked(text: &str) -> (Query, Vec<String>) {
    let (mut query, mut ignored) = (usual(), Vec::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let is_known = match &*name {
            "etat" => {
                query.state = State::parse(&value);
                query.state.is_some()
            }
            "q" => {
                query.text = value.trim().chars().take(LONGEST_SEARCH).collect();
                true
            }
            "tri" => Sort::parse(&value).map(|sort| query.sort = sort).is_some(),
            "sens" => {
                query.descending = value != "croissant";
                ["croissant", "decroissant"].contains(&&*value)
            }
            "par" => {
                let per_page = value.parse().ok().filter(|per| PER_PAGE.contains(per));
                per_page.map(|per_page| query.per_page = per_page).is_some()
            }
            "page" => value.parse().ok().filter(|page| *page > 0).map(|page| query.page = page).is_some(),
            _ => true,
        };
        if !is_known {
            ignored.push(without(&name, &value));
        }
    }
    (query, ignored)
}

/// What is said of a choice that there is not.
fn without(name: &str, value: &str) -> String {
    let value: String = value.chars().filter(|c| !c.is_control()).take(40).collect();
    let said = if value.is_empty() { "sans valeur".to_owned() } else { format!("«\u{a0}{value}\u{a0}»") };
    let (what, instead) = match name {
        "etat" => ("L’état", "toutes les demandes sont affichées"),
        "tri" | "sens" => ("Le tri", "les demandes sont dans l’ordre habituel"),
        "par" => ("Le nombre de demandes par page", "la page en a le nombre habituel"),
        _ => ("La page", "la première est affichée"),
    };
    format!("{what} que donne l’adresse ({said}) n’existe pas\u{a0}: {instead}.")
}

/// The address of a query, without what goes without saying.
fn address(query: &Query) -> String {
    let usual = usual();
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
    if query.per_page != usual.per_page {
        pairs.append_pair("par", &query.per_page.to_string());
    }
    if query.page > 1 {
        pairs.append_pair("page", &query.page.to_string());
    }
    match pairs.finish() {
        none if none.is_empty() => REQUESTS.to_owned(),
        pairs => format!("{REQUESTS}?{pairs}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{address, asked, usual};
    use crate::portal::{Query, Sort, State};

    #[test]
    fn an_address_says_what_was_asked() {
        let query = Query {
            state: Some(State::ToComplete),
            text: "bilans & CM2".to_owned(),
            modified_since: None,
            sort: Sort::Title,
            descending: false,
            page: 3,
            per_page: 50,
        };
        let written = address(&query);
        assert_eq!(asked(written.split_once('?').unwrap().1), (query, vec![]));
        assert_eq!(address(&usual()), "/portail/demandes");
    }

    #[test]
    fn what_nobody_can_ask_for_is_as_by_default() {
        let (query, ignored) = asked("etat=perdue&tri=couleur&page=0&page=x&autre=1&par=20&sens=vers");
        assert_eq!(query, usual());
        assert_eq!(ignored.len(), 6, "{ignored:?}");
        assert!(ignored[0].contains("L’état que donne l’adresse («\u{a0}perdue\u{a0}») n’existe pas"), "{ignored:?}");
        assert_eq!(asked("q=&etat=").1.len(), 1);
        assert_eq!(asked(&format!("q={}", "a".repeat(5000))).0.text.len(), 200);
    }
}
