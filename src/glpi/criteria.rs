//! What is searched for, as GLPI's search takes it, and what it answers.

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lists::pattern;
use super::{TicketStatus, wire};
use crate::id::{GroupId, TicketId, UserId};

/// What a list shows of a ticket, and what is enough for who looks at many of them. An option that shows the accounts of
/// a ticket costs GLPI 2.5 ms for each of them, so requesters are not among them.
pub(super) const SHOWN: [u64; 17] = [1, 2, 5, 7, 8, 10, 12, 14, 15, 16, 17, 19, 21, 34, 150, 153, 400];
pub(super) const SURVEYED: [u64; 11] = [2, 5, 7, 8, 12, 15, 16, 17, 19, 21, 150];

/// Something a ticket must be to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criterion {
    /// It is this one.
    Id(TicketId),
    /// It is older than this one: its number is lower.
    Below(TicketId),
    /// It is newer than this one: its number is higher.
    Above(TicketId),
    /// One of its requesters is this account.
    Requester(UserId),
    /// This account wrote it: for its requester perhaps.
    Writer(UserId),
    /// One of its requesters without account has nearly this address: the database minds neither case nor accents,
    /// so the caller compares [`super::TicketSummary::addresses`].
    Address(String),
    /// One of these groups is assigned; none of them finds none.
    AssignedTo(Vec<GroupId>),
    /// Its status is one of these.
    Status(Vec<TicketStatus>),
    /// It was changed after this moment, in GLPI's time zone.
    ModifiedAfter(DateTime),
    /// It was opened after this moment, in GLPI's time zone.
    OpenedAfter(DateTime),
    /// It was opened in the last so many hours.
    OpenedWithin(u32),
    /// Its category has this full path.
    Category(String),
    /// One of its follow-ups, private ones included, holds this: ASCII without what HTML encodes.
    FollowupSays(&'static str),
    /// Its description holds this: ASCII without what HTML encodes.
    Says(String),
    /// One of its private follow-ups holds this, as [`Criterion::FollowupSays`]: who asks on the portal writes none.
    NoteSays(&'static str),
    /// One of these holds.
    Any(Vec<Criterion>),
    /// All of these hold.
    All(Vec<Criterion>),
}

/// `GET search/…`: `data` is missing when nothing was found.
#[derive(Deserialize)]
pub(super) struct SearchAnswer<T> {
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    /// How many there are, on this page or not.
    #[serde(default, deserialize_with = "wire::number_or_none")]
    pub totalcount: Option<u64>,
}

/// Search options of a ticket: 1 name, 2 id, 4 requester, 5 technician, 7 category, 8 assigned group, 10
/// urgency, 12 status, 14 type, 15 opening, 16 closing, 17 solution and 19 change date, 21 content, 22 writer, 25 text of a
/// follow-up, 34 address of a requester without account, 91 whether a follow-up is private, 150 delay until taken into
/// account, 153 time it was pending, 400 why it is.
pub(super) fn query(criteria: &[Criterion], shown: &[u64], (sort, order): (u64, &str)) -> Value {
    json!({ "criteria": linked("AND", criteria), "forcedisplay": shown, "sort": sort, "order": order })
}

/// A nested criterion: the option equals one of the values. No id is 0, so that finds nothing.
pub(super) fn equals_any(option: u64, values: impl IntoIterator<Item = u64>) -> Value {
    let equals = |value| json!({ "link": "OR", "field": option, "searchtype": "equals", "value": value });
    let mut each: Vec<Value> = values.into_iter().map(equals).collect();
    if each.is_empty() {
        each.push(equals(0));
    }
    json!({ "criteria": each })
}

/// A nested criterion: the option is one of these texts, or nearly so: the database minds neither case nor accents.
pub(super) fn contains_any<'a>(option: u64, texts: impl IntoIterator<Item = &'a str>) -> Value {
    let contains = |text| json!({ "link": "OR", "field": option, "searchtype": "contains", "value": pattern(text) });
    json!({ "criteria": texts.into_iter().map(contains).collect::<Vec<Value>>() })
}

/// These criteria, each linked to the others by AND or OR.
fn linked(link: &str, criteria: &[Criterion]) -> Vec<Value> {
    let each = criteria.iter().map(|criterion| {
        let mut parameters = criterion.parameters();
        parameters["link"] = json!(link);
        parameters
    });
    each.collect()
}

impl Criterion {
    /// Met by all: GLPI's numbers have 32 bits.
    pub(super) const ANY_NUMBER: Self = Self::Below(TicketId::new(u32::MAX as u64));

    fn parameters(&self) -> Value {
        let one =
            |option: u64, kind: &str, value: Value| json!({ "field": option, "searchtype": kind, "value": value });
        match self {
            Self::Id(id) => one(2, "equals", json!(id)),
            Self::Below(id) => one(2, "contains", json!(format!("<{id}"))),
            Self::Above(id) => one(2, "contains", json!(format!(">{id}"))),
            Self::Requester(user) => one(4, "equals", json!(user)),
            Self::Writer(user) => one(22, "equals", json!(user)),
            Self::Address(address) => one(34, "contains", json!(pattern(address))),
            Self::Category(path) => one(7, "contains", json!(pattern(path))),
            Self::ModifiedAfter(moment) => one(19, "morethan", json!(written(*moment))),
            Self::OpenedAfter(moment) => one(15, "morethan", json!(written(*moment))),
            Self::OpenedWithin(hours) => one(15, "morethan", json!(format!("-{hours}HOUR"))),
            Self::Says(text) => one(21, "contains", json!(text)),
            Self::FollowupSays(text) => one(25, "contains", json!(text)),
            // GLPI joins the follow-ups once for both: the same one is both.
            Self::NoteSays(text) => json!({ "criteria": [
                one(25, "contains", json!(text)),
                { "link": "AND", "field": 91, "searchtype": "equals", "value": 1 },
            ] }),
            Self::Any(these) => json!({ "criteria": linked("OR", these) }),
            Self::All(these) => json!({ "criteria": linked("AND", these) }),
            Self::AssignedTo(groups) => equals_any(8, groups.iter().map(|group| group.get())),
            Self::Status(statuses) => equals_any(12, statuses.iter().map(|status| status.number())),
        }
    }
}

fn written(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::SearchAnswer;
    use crate::glpi::FoundTicket;

    #[test]
    fn nothing_found_has_no_data() {
        let found: SearchAnswer<FoundTicket> =
            serde_json::from_str(r#"{"totalcount":0,"content-range":"0--1/0"}"#).unwrap();
        assert!(found.data.is_empty());
    }
}
