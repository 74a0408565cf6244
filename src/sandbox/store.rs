//! The tables, as loose as GLPI's: rows of JSON with defaults, and nothing validated.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::php::{self, Row, int_of, text_of};
use super::{right, settings::Version};

/// What a fresh sandbox holds: a stock GLPI with the groups, categories and accounts of an academy.
const SEED: &str = include_str!("seed.json");

/// An item type and the right of a profile that opens it.
const KINDS: [(&str, &str); 37] = [
    ("Ticket", "ticket"),
    ("Group_Ticket", "ticket"),
    ("Ticket_User", "ticket"),
    ("Ticket_Ticket", "ticket"),
    ("ITILFollowup", "followup"),
    ("ITILSolution", "ticket"),
    ("PendingReason", "pendingreason"),
    ("PendingReason_Item", "followup"),
    ("Reminder", "reminder_public"),
    ("Entity_Reminder", "reminder_public"),
    ("Document", "document"),
    ("Document_Item", "document"),
    ("DocumentType", "typedoc"),
    ("User", "user"),
    ("UserEmail", "user"),
    ("Profile_User", "user"),
    ("Group", "group"),
    ("Group_User", "group"),
    ("ITILCategory", "itilcategory"),
    ("Entity", "entity"),
    ("Location", "location"),
    ("RequestType", "dropdown"),
    ("KnowbaseItem", "knowbase"),
    ("KnowbaseItem_Item", "knowbase"),
    ("Entity_KnowbaseItem", "knowbase"),
    ("KnowbaseItemCategory", "knowbasecategory"),
    ("KnowbaseItem_KnowbaseItemCategory", "knowbase"),
    ("RuleTicket", "rule_ticket"),
    ("RuleCriteria", "config"),
    ("RuleAction", "config"),
    ("Notification", "notification"),
    ("NotificationTarget", "notification"),
    // As its templates.
    ("Notification_NotificationTemplate", "config"),
    ("Profile", "profile"),
    ("ProfileRight", "profile"),
    ("APIClient", "config"),
    ("Webhook", "config"),
];

/// The history has its own right, and nobody writes to it.
const LOG: (&str, &str) = ("Log", "logs");

#[derive(Deserialize)]
struct Seed {
    defaults: BTreeMap<String, Row>,
    rows: BTreeMap<String, Vec<Row>>,
    active_profiles: BTreeMap<i64, Row>,
}

#[derive(Default)]
struct Table {
    last: i64,
    rows: BTreeMap<i64, Row>,
    /// The rows by what they belong to, a field and its number: a search looks at the parts of each ticket.
    parts: BTreeMap<(&'static str, i64), BTreeSet<i64>>,
}

/// The fields by which rows are looked up as parts of something.
const OWNERS: [&str; 4] = ["tickets_id", "items_id", "users_id", "groups_id"];

impl Table {
    fn keep(&mut self, id: i64, row: Row) {
        self.take(id);
        for owner in OWNERS.into_iter().filter(|owner| row.contains_key(*owner)) {
            self.parts.entry((owner, int_of(&row, owner))).or_default().insert(id);
        }
        self.rows.insert(id, row);
    }

    fn take(&mut self, id: i64) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        for owner in OWNERS.into_iter().filter(|owner| row.contains_key(*owner)) {
            if let Some(parts) = self.parts.get_mut(&(owner, int_of(&row, owner))) {
                parts.remove(&id);
            }
        }
        Some(row)
    }

    fn of(&self, field: &str, id: i64) -> Vec<&Row> {
        match OWNERS.into_iter().find(|owner| *owner == field) {
            Some(owner) => {
                let parts = self.parts.get(&(owner, id)).into_iter().flatten();
                parts.filter_map(|part| self.rows.get(part)).collect()
            }
            None => self.rows.values().filter(|row| int_of(row, field) == id).collect(),
        }
    }
}

/// Everything the helpdesk knows.
pub(super) struct Store {
    defaults: BTreeMap<String, Row>,
    tables: BTreeMap<String, Table>,
    /// A profile's rights by its id, as `getActiveProfile` shows them.
    pub(super) profiles: BTreeMap<i64, Row>,
    /// The bytes of the documents, by their id.
    pub(super) files: BTreeMap<i64, Bytes>,
}

impl Store {
    /// The seeded tables; errs only if the embedded seed is not valid JSON.
    pub(super) fn seeded(version: Version) -> serde_json::Result<Self> {
        let seed: Seed = serde_json::from_str(SEED)?;
        let mut store = Self {
            defaults: seed.defaults,
            tables: BTreeMap::new(),
            profiles: seed.active_profiles,
            files: BTreeMap::new(),
        };
        for (kind, rows) in seed.rows {
            for row in rows {
                store.put(&kind, &row, None);
            }
        }
        if version == Version::Eleven {
            let webp = json!({ "name": "WebP", "ext": "webp", "is_uploadable": 1 });
            store.put("DocumentType", webp.as_object().unwrap_or(&Row::new()), None);
        }
        Ok(store)
    }

    /// Lets the gateway's profile read the types of files, and adds those that stock GLPI does not take.
    pub(super) fn set_up_types(&mut self) {
        if let Some(profile) = self.profiles.values_mut().find(|profile| text_of(profile, "name") == "Passerelle") {
            profile.insert("typedoc".to_owned(), Value::from(right::READ));
        }
        for extension in ["eml", "heic", "webp", "mp4"] {
            if !self.rows("DocumentType").any(|row| text_of(row, "ext") == extension) {
                let row = json!({ "name": extension, "ext": extension, "is_uploadable": 1 });
                self.put("DocumentType", row.as_object().unwrap_or(&Row::new()), None);
            }
        }
    }

    /// The item type of that name with its right; PHP's class names know no case.
    pub(super) fn kind(name: &str) -> Option<(&'static str, &'static str)> {
        KINDS.into_iter().chain([LOG]).find(|(kind, _)| kind.eq_ignore_ascii_case(name))
    }

    /// The fields of an item type with their default values.
    pub(super) fn defaults(&self, kind: &str) -> Option<&Row> {
        self.defaults.get(kind)
    }

    pub(super) fn get(&self, kind: &str, id: i64) -> Option<&Row> {
        self.tables.get(kind)?.rows.get(&id)
    }

    /// All rows of an item type, oldest first.
    pub(super) fn rows(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Row> {
        self.tables.get(kind).into_iter().flat_map(|t| t.rows.values())
    }

    /// The rows whose `field` holds that number.
    pub(super) fn rows_of(&self, kind: &str, field: &str, id: i64) -> impl Iterator<Item = &Row> {
        self.tables.get(kind).into_iter().flat_map(move |table| table.of(field, id))
    }

    /// Adds a row: unknown fields are dropped, missing ones get their default, dates are set.
    pub(super) fn insert(&mut self, kind: &str, input: &Row) -> i64 {
        self.put(kind, input, Some(&now()))
    }

    fn put(&mut self, kind: &str, input: &Row, date: Option<&str>) -> i64 {
        let mut row = self.defaults.get(kind).cloned().unwrap_or_default();
        for stamp in ["date", "date_mod", "date_creation"] {
            if let (Some(slot), Some(date)) = (row.get_mut(stamp), date) {
                *slot = Value::from(date);
            }
        }
        merge(&mut row, input);
        keep_undisclosed(&mut row, input);
        let table = self.tables.entry(kind.to_owned()).or_default();
        let id = input.get("id").map_or(table.last + 1, php::int);
        table.last = table.last.max(id);
        row.insert("id".to_owned(), Value::from(id));
        table.keep(id, row);
        id
    }

    /// Writes the fields that the item type has, and when; false when there is no such row.
    pub(super) fn update(&mut self, kind: &str, id: i64, input: &Row) -> bool {
        self.write(kind, id, input, true)
    }

    /// The same where GLPI writes into its database past its own rules: the date of the last change stays.
    pub(super) fn update_silently(&mut self, kind: &str, id: i64, input: &Row) -> bool {
        self.write(kind, id, input, false)
    }

    fn write(&mut self, kind: &str, id: i64, input: &Row, is_dated: bool) -> bool {
        let Some((table, mut row)) = self.tables.get_mut(kind).and_then(|table| table.take(id).map(|row| (table, row)))
        else {
            return false;
        };
        merge(&mut row, input);
        keep_undisclosed(&mut row, input);
        row.insert("id".to_owned(), Value::from(id));
        if is_dated && row.contains_key("date_mod") {
            row.insert("date_mod".to_owned(), Value::from(now()));
        }
        table.keep(id, row);
        true
    }

    /// Dates the last change of a ticket.
    pub(super) fn date_change(&mut self, ticket: i64, moment: &str) {
        let input = Row::from_iter([("date_mod".to_owned(), Value::from(moment))]);
        self.write("Ticket", ticket, &input, false);
    }

    /// Dates the last change of each ticket to when it was opened.
    pub(super) fn age_tickets(&mut self) {
        let Some(table) = self.tables.get_mut("Ticket") else { return };
        for id in table.rows.keys().copied().collect::<Vec<_>>() {
            let Some(mut row) = table.take(id) else { continue };
            let opened = row.get("date").cloned().unwrap_or_default();
            row.insert("date_mod".to_owned(), opened);
            table.keep(id, row);
        }
    }

    /// Writes one field.
    pub(super) fn set(&mut self, kind: &str, id: i64, field: &str, value: impl Into<Value>) {
        let input = Row::from_iter([(field.to_owned(), value.into())]);
        self.update(kind, id, &input);
    }

    /// Removes a row for good.
    pub(super) fn remove(&mut self, kind: &str, id: i64) -> Option<Row> {
        if kind == "Document" {
            self.files.remove(&id);
        }
        self.tables.get_mut(kind)?.take(id)
    }

    /// The text of a field of another item; nothing for id 0 or an unknown one.
    pub(super) fn name_of(&self, kind: &str, id: i64, field: &str) -> Option<String> {
        self.get(kind, id).and_then(|row| row.get(field)).map(php::text)
    }

    /// "Nom Prénom", or the login where there is no name.
    pub(super) fn person(&self, user: i64) -> String {
        let Some(row) = self.get("User", user) else {
            return String::new();
        };
        let name = format!("{} {}", text_of(row, "realname"), text_of(row, "firstname"));
        match name.trim() {
            "" => text_of(row, "name"),
            name => name.to_owned(),
        }
    }

    /// A line of an item's history.
    pub(super) fn log(&mut self, item: (&str, i64), by: i64, event: &Event<'_>) {
        let (link, action, option) = event.code;
        let row = json!({
            "itemtype": item.0, "items_id": item.1, "itemtype_link": link,
            "linked_action": action, "user_name": format!("{} ({by})", self.person(by)),
            "id_search_option": option, "old_value": event.old, "new_value": event.new,
        });
        if let Value::Object(row) = row {
            self.insert("Log", &row);
        }
    }
}

/// What a line of the history says.
pub(super) struct Event<'a> {
    /// The linked type, GLPI's number of the action, the search option.
    code: (&'a str, i64, i64),
    old: &'a str,
    new: &'a str,
}

impl<'a> Event<'a> {
    /// Something was added, or done, to a linked item.
    pub(super) fn of(linked: &'a str, action: i64, option: i64, new: &'a str) -> Self {
        Self { code: (linked, action, option), old: "", new }
    }

    /// A linked item was taken away.
    pub(super) fn without(linked: &'a str, old: &'a str) -> Self {
        Self { old, ..Self::of(linked, 16, 0, "") }
    }

    /// A field, named by its search option, was changed.
    pub(super) fn field(option: i64, old: &'a str, new: &'a str) -> Self {
        Self { old, ..Self::of("", 0, option, new) }
    }
}

/// What GLPI keeps and does not show: two secrets of a user, a webhook's, and whether an article has readers.
pub(super) const UNDISCLOSED: [&str; 4] = ["password", "api_token", "secret", "_visibility"];

fn keep_undisclosed(row: &mut Row, input: &Row) {
    for hidden in UNDISCLOSED {
        if let Some(value) = input.get(hidden) {
            row.insert(hidden.to_owned(), value.clone());
        }
    }
}

fn merge(row: &mut Row, input: &Row) {
    for (field, slot) in row.iter_mut() {
        if let Some(value) = input.get(field) {
            *slot = cast(value, slot);
        }
    }
}

/// A column keeps its type: a number stays one whatever was sent.
fn cast(value: &Value, column: &Value) -> Value {
    match (column, value) {
        (_, Value::Null) => Value::Null,
        (Value::Number(_), value) => Value::from(php::int(value)),
        (Value::String(_), value) => Value::from(php::text(value)),
        (_, Value::Bool(yes)) => Value::from(i64::from(*yes)),
        (_, value) => value.clone(),
    }
}

/// The local time, without an offset, as every date in GLPI's answers.
pub(super) fn now() -> String {
    local_time().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Whole seconds between a date of ours and now.
pub(super) fn seconds_since(date: &str) -> i64 {
    let parsed = DateTime::strptime("%Y-%m-%d %H:%M:%S", date);
    parsed.map_or(0, |then| local_time().datetime().duration_since(then).as_secs())
}

/// The clock of the academy.
pub(super) fn local_time() -> Zoned {
    let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
    Zoned::now().with_time_zone(paris)
}
