//! `search/Type`: GLPI's search engine: criteria, columns, order and range.

use std::cmp::Reverse;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::items::{self, LIST_LIMIT, check_range, disclose, is_shown_to, listed, range};
use super::options::{SearchOptions, Source, Wanted, options};
use super::php::{Row, elements, flag, int, int_of, text, text_of};
use super::settings::Version;
use super::store::Store;

/// `search/Type?criteria…&forcedisplay…&range…&sort…`.
pub(super) fn search(desk: &Helpdesk, call: &Call, caller: &Caller) -> Result<Answer, Answer> {
    let (kind, right) = items::known(call.segment(1), &desk.base)?;
    if !caller.may_list(desk.version, kind, right) {
        return Err(Answer::right_missing());
    }
    let parameters = &call.parameters;
    let refuse = |message: &str| Answer::documented(&desk.base, "ERROR", message);
    let (options, preferred) = options(kind, desk.version);
    let criteria = match parameters.get("criteria") {
        Some(criteria) => parse(criteria, options).map_err(refuse)?,
        None => Vec::new(),
    };
    let asked = range(parameters, &desk.base)?;
    let (start, end) = asked.unwrap_or((0, LIST_LIMIT - 1));
    let store = &desk.store;
    let deleted = i64::from(flag(parameters, "is_deleted"));
    // GLPI 11 searches the articles that the account is shown, whatever its rights; GLPI 10 searches all.
    let is_hidden =
        |row: &Row| kind == "KnowbaseItem" && desk.version == Version::Eleven && !is_shown_to(store, caller, row);
    let mut rows: Vec<&Row> = store
        .rows(kind)
        .filter(|row| !is_hidden(row))
        .filter(|row| row.get("is_deleted").is_none_or(|_| int_of(row, "is_deleted") == deleted))
        .filter(|row| listed(store, caller, kind, row) && holds(&criteria, store, row))
        .collect();
    let sorting = Sorting::of(parameters);
    let sorted_by = options.iter().find(|(number, _)| *number == sorting.option);
    if let Some((_, source)) = sorted_by {
        if sorting.descending {
            rows.sort_by_cached_key(|row| Reverse(source.order(store, row)));
        } else {
            rows.sort_by_cached_key(|row| source.order(store, row));
        }
    }
    let total = rows.len();
    check_range(start, total, &desk.base)?;
    let columns = columns(kind, parameters, preferred, &criteria);
    let mut addresses = Vec::new();
    wanted_addresses(&criteria, &mut addresses);
    let page = rows.into_iter().skip(start).take((end + 1).saturating_sub(start));
    let data: Vec<(i64, Value)> = page
        .map(|row| {
            let shown = columns.iter().filter_map(|column| {
                let (_, source) = options.iter().find(|(number, _)| number == column)?;
                let value = match source {
                    Source::Emails if !addresses.is_empty() => source.cell_of_wanted(store, row, &addresses),
                    _ => source.cell(store, row),
                };
                Some((column.to_string(), value))
            });
            let cells = match disclose(shown.collect(), call) {
                // PHP's empty array
                cells if cells.is_empty() => json!([]),
                cells => Value::Object(cells),
            };
            (int_of(row, "id"), cells)
        })
        .collect();
    let last = i64::try_from(end.min(total)).unwrap_or_default();
    let last = last.min(i64::try_from(total).unwrap_or_default() - 1);
    let content_range = format!("{start}-{last}/{total}");
    let (sort, order) = sorting.shown;
    let mut body = json!({
        "totalcount": total, "count": data.len(), "sort": sort, "order": order,
        "content-range": content_range,
    });
    let status = if data.len() >= total { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    if !data.is_empty() {
        body["data"] = if flag(parameters, "withindexes") {
            data.into_iter().map(|(id, cells)| (id.to_string(), cells)).collect()
        } else {
            data.into_iter().map(|(_, cells)| cells).collect()
        };
    }
    let answer = Answer::json(status, &body).with("accept-range", format!("{kind} 1000"));
    Ok(if total > 0 { answer.with("content-range", content_range) } else { answer })
}

struct Sorting {
    option: i64,
    descending: bool,
    /// How the answer repeats them: numbers where a single one was given.
    shown: (Value, Value),
}

impl Sorting {
    fn of(parameters: &Row) -> Self {
        let (option, sort) = match parameters.get("sort") {
            None => (1, json!(["1"])),
            Some(list @ Value::Object(_)) => {
                let sorts = elements(list);
                (sorts.first().map_or(1, |sort| int(sort)), json!(sorts))
            }
            Some(one) => (int(one), json!([int(one)])),
        };
        let order = match parameters.get("order") {
            None => json!(["ASC"]),
            Some(list @ Value::Object(_)) => json!(elements(list)),
            Some(one) => json!([text(one)]),
        };
        Self { option, descending: order[0] == "DESC", shown: (sort, order) }
    }
}

/// The options shown: what is asked for, or else the preferred ones, and every one searched in.
fn columns(kind: &str, parameters: &Row, preferred: &[i64], criteria: &[Criterion]) -> Vec<i64> {
    let forced = parameters.get("forcedisplay").map(elements).unwrap_or_default();
    let mut columns: Vec<i64> = if forced.is_empty() {
        preferred.to_vec()
    } else {
        let always: &[i64] = match kind {
            "Ticket" => &[2, 1],
            "KnowbaseItem" | "Profile_User" => &[],
            _ => &[1],
        };
        always.iter().copied().chain(forced.into_iter().map(int)).collect()
    };
    searched(criteria, &mut columns);
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Adds the options that the criteria look at.
fn searched(criteria: &[Criterion], columns: &mut Vec<i64>) {
    for criterion in criteria {
        match &criterion.test {
            Test::One { option, .. } => columns.push(*option),
            Test::Group(inner) => searched(inner, columns),
        }
    }
}

/// The addresses that the criteria look for: GLPI joins a user's addresses once, and shows those alone.
fn wanted_addresses<'a>(criteria: &'a [Criterion], addresses: &mut Vec<&'a Wanted>) {
    for criterion in criteria {
        match &criterion.test {
            Test::One { source: Source::Emails, kind, wanted, .. } if kind == "contains" => addresses.push(wanted),
            Test::One { .. } => {}
            Test::Group(inner) => wanted_addresses(inner, addresses),
        }
    }
}

#[derive(Debug)]
struct Criterion {
    link: Link,
    test: Test,
}

#[derive(Debug)]
struct Link {
    or: bool,
    not: bool,
}

#[derive(Debug)]
enum Test {
    One { option: i64, source: Source, kind: String, wanted: Wanted },
    Group(Vec<Criterion>),
}

fn parse(criteria: &Value, options: SearchOptions) -> Result<Vec<Criterion>, &'static str> {
    elements(criteria)
        .into_iter()
        .map(|criterion| {
            let malformed = "Critère de recherche mal formé";
            let Value::Object(criterion) = criterion else {
                return Err(malformed);
            };
            let link = text_of(criterion, "link").to_uppercase();
            let link = Link { or: link.starts_with("OR"), not: link.ends_with("NOT") };
            if let Some(inner) = criterion.get("criteria") {
                let test = Test::Group(parse(inner, options)?);
                return Ok(Criterion { link, test });
            }
            if ["field", "searchtype", "value"].iter().any(|key| !criterion.contains_key(*key)) {
                return Err(malformed);
            }
            let option = int_of(criterion, "field");
            let (_, source) = options
                .iter()
                .find(|(number, _)| *number == option)
                .ok_or("Identifiant de champ incorrect dans le critère de recherche")?;
            let test = Test::One {
                option,
                source: *source,
                kind: text_of(criterion, "searchtype"),
                wanted: Wanted::new(text_of(criterion, "value")),
            };
            Ok(Criterion { link, test })
        })
        .collect()
}

/// Criteria of a ticket's follow-ups alone, where all must hold: GLPI joins them once, so that it is one follow-up of
/// which all of them hold. `None`: these are others.
fn holds_of_one_followup(criteria: &[Criterion], store: &Store, row: &Row) -> Option<bool> {
    let each: Option<Vec<_>> = criteria
        .iter()
        .map(|criterion| match &criterion.test {
            Test::One { source, kind, wanted, .. } if source.is_of_followups() && !criterion.link.or => {
                Some((source, kind, wanted))
            }
            Test::One { .. } | Test::Group(_) => None,
        })
        .collect();
    let each = each.filter(|each| each.len() > 1)?;
    let mut followups = store.rows_of("ITILFollowup", "items_id", int_of(row, "id"));
    Some(
        followups
            .any(|followup| each.iter().all(|(source, kind, wanted)| source.test_followup(followup, kind, wanted))),
    )
}

/// Criteria of one text, of which one must hold. `None`: these are others.
fn holds_one_of_a_text(criteria: &[Criterion], store: &Store, row: &Row) -> Option<bool> {
    let mut all = Vec::with_capacity(criteria.len());
    let mut of = None;
    for (at, criterion) in criteria.iter().enumerate() {
        let Test::One { option, source, kind, wanted } = &criterion.test else { return None };
        let is_one_of = (at == 0 || criterion.link.or) && !criterion.link.not && kind == "contains";
        if !is_one_of || !source.is_text() || of.is_some_and(|(_, before)| before != *option) {
            return None;
        }
        of = Some((source, *option));
        all.push(wanted);
    }
    let (source, _) = of.filter(|_| all.len() > 1)?;
    Some(source.contains_any(store, row, &all))
}

/// All criteria as SQL joins them: AND binds tighter than OR.
fn holds(criteria: &[Criterion], store: &Store, row: &Row) -> bool {
    if let Some(holds) = holds_one_of_a_text(criteria, store, row) {
        return holds;
    }
    if let Some(holds) = holds_of_one_followup(criteria, store, row) {
        return holds;
    }
    let test = |criterion: &Criterion| {
        let test = match &criterion.test {
            Test::Group(inner) => holds(inner, store, row),
            Test::One { source, kind, wanted, .. } => source.test(store, row, kind, wanted),
        };
        test != criterion.link.not
    };
    let mut term = true;
    for (at, criterion) in criteria.iter().enumerate() {
        if criterion.link.or && at > 0 {
            if term {
                return true;
            }
            term = true;
        }
        term = term && test(criterion);
    }
    term
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::php::parse_query;
    use super::*;

    fn found(store: &Store, kind: &str, query: &str) -> Vec<i64> {
        let parameters = parse_query(query);
        let criteria = parse(&parameters["criteria"], options(kind, Version::Ten).0).unwrap();
        let rows = store.rows(kind).filter(|row| holds(&criteria, store, row));
        rows.map(|row| int_of(row, "id")).collect()
    }

    fn store() -> Store {
        let mut store = Store::seeded(Version::Ten).unwrap();
        for (name, date, status) in
            [("q1", "2026-01-02 10:00:00", 1), ("q2", "2999-01-01 00:00:00", 2), ("x", "2999-06-01 00:00:00", 6)]
        {
            let row = json!({ "name": name, "date": date, "status": status });
            store.insert("Ticket", row.as_object().unwrap());
        }
        store
    }

    #[test]
    fn criteria_and_their_links() {
        let store = store();
        let c = |at: usize, link: &str, field: i64, kind: &str, value: &str| {
            format!(
                "criteria[{at}][link]={link}&criteria[{at}][field]={field}\
                 &criteria[{at}][searchtype]={kind}&criteria[{at}][value]={value}&"
            )
        };
        for (query, expected) in [
            (c(0, "", 1, "contains", "^q"), vec![1, 2]),
            (c(0, "", 1, "contains", "q1") + &c(1, "OR", 1, "contains", "x"), vec![1, 3]),
            (
                c(0, "", 1, "contains", "q1") + &c(1, "OR", 1, "contains", "q2") + &c(2, "AND", 1, "contains", "zz"),
                vec![1],
            ),
            (c(0, "", 1, "contains", "q") + &c(1, "AND NOT", 1, "contains", "q2"), vec![1]),
            (c(0, "", 1, "notcontains", "q"), vec![3]),
            (c(0, "", 15, "morethan", "-2DAY"), vec![2, 3]),
            (c(0, "", 15, "lessthan", "NOW"), vec![1]),
            (c(0, "", 15, "equals", "2026-01-02"), vec![1]),
            (c(0, "", 15, "morethan", "garbage"), vec![1, 2, 3]),
            (c(0, "", 12, "equals", "notold"), vec![1, 2]),
            (c(0, "", 2, "contains", ">1"), vec![2, 3]),
            (c(0, "", 4, "equals", "0"), vec![1, 2, 3]),
        ] {
            assert_eq!(found(&store, "Ticket", &query), expected, "{query}");
        }
    }

    #[test]
    fn nested_groups() {
        let query = "criteria[0][field]=15&criteria[0][searchtype]=morethan&criteria[0][value]=-2DAY\
             &criteria[1][link]=AND&criteria[1][criteria][0][field]=1\
             &criteria[1][criteria][0][searchtype]=contains&criteria[1][criteria][0][value]=q1\
             &criteria[1][criteria][1][link]=OR&criteria[1][criteria][1][field]=1\
             &criteria[1][criteria][1][searchtype]=contains&criteria[1][criteria][1][value]=q2";
        assert_eq!(found(&store(), "Ticket", query), [2]);
    }

    #[test]
    fn users_by_email_and_group() {
        let store = store();
        let query = |field: i64, kind: &str, value: &str| {
            format!("criteria[0][field]={field}&criteria[0][searchtype]={kind}&criteria[0][value]={value}")
        };
        let mail = query(5, "contains", "^CE.0210001A@ac-dijon.fr$");
        assert_eq!(found(&store, "User", &mail), [7]);
        assert_eq!(found(&store, "User", &query(5, "equals", "tech1@ac-dijon.fr")), [0; 0]);
        assert_eq!(found(&store, "User", &query(13, "equals", "3")), [7, 8, 9, 10, 11]);
    }
}
