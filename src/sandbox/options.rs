//! The numbered search options: where each finds its values, and how they are compared.

use jiff::Span;
use serde_json::Value;

use super::items::sort_key;
use super::php::{Row, elements, int, int_of, text, text_of};
use super::settings::Version;
use super::store::{Store, local_time};
use super::text::{Pattern, decode};

/// The value of a criterion, read once for all rows.
#[derive(Debug)]
pub(super) struct Wanted {
    text: String,
    pattern: Pattern,
    moment: String,
}

impl Wanted {
    pub(super) fn new(text: String) -> Self {
        Self { pattern: Pattern::new(&text), moment: moment(&text), text }
    }
}

/// Where a search option finds its values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A text of the row itself.
    Text(&'static str),
    /// A number of the row itself.
    Number(&'static str),
    /// A date of the row itself.
    Date(&'static str),
    /// The ticket's status, which has words for several at once.
    Status,
    /// The row's link to one item: its key, the item's type and the field that is shown.
    Link(&'static str, &'static str, &'static str),
    /// Users in a role of a ticket; shown by id.
    Users(i64),
    /// Groups in a role of a ticket.
    Groups(i64),
    /// Addresses of a ticket's requesters who have no account.
    RequesterEmails,
    /// A user's addresses.
    Emails,
    /// A user's groups.
    UserGroups,
    /// The texts of a ticket's follow-ups.
    Followups,
    /// Whether they are private.
    PrivateFollowups,
    /// What became of a ticket's last solution.
    LastSolution,
    /// Why a ticket is pending.
    PendingReason,
    /// How a notification goes out.
    Modes,
}

/// The numbered options of an item type.
pub(super) type SearchOptions = &'static [(i64, Source)];

/// The options of an item type, and those shown when nothing else is asked for.
pub(super) fn options(kind: &str, version: Version) -> (SearchOptions, &'static [i64]) {
    use Source::{
        Date, Emails, Followups, Groups, LastSolution, Link, Modes, Number, PendingReason, PrivateFollowups,
        RequesterEmails, Status, Text, UserGroups, Users,
    };
    const TICKET: SearchOptions = &[
        (1, Text("name")),
        (2, Number("id")),
        (3, Number("priority")),
        (4, Users(1)),
        (5, Users(2)),
        (7, Link("itilcategories_id", "ITILCategory", "completename")),
        (8, Groups(2)),
        (9, Link("requesttypes_id", "RequestType", "name")),
        (10, Number("urgency")),
        (11, Number("impact")),
        (12, Status),
        (14, Number("type")),
        (15, Date("date")),
        (16, Date("closedate")),
        (17, Date("solvedate")),
        (18, Date("time_to_resolve")),
        (19, Date("date_mod")),
        (21, Text("content")),
        (22, Link("users_id_recipient", "User", "name")),
        (25, Followups),
        (34, RequesterEmails),
        (39, LastSolution),
        (64, Link("users_id_lastupdater", "User", "name")),
        (65, Groups(3)),
        (66, Users(3)),
        (71, Groups(1)),
        (80, Link("entities_id", "Entity", "completename")),
        (83, Link("locations_id", "Location", "completename")),
        (91, PrivateFollowups),
        (121, Date("date_creation")),
        (150, Number("takeintoaccount_delay_stat")),
        (153, Text("waiting_duration")),
        (400, PendingReason),
    ];
    const USER: SearchOptions = &[
        (1, Text("name")),
        (2, Number("id")),
        (3, Link("locations_id", "Location", "completename")),
        (5, Emails),
        (6, Text("phone")),
        (8, Number("is_active")),
        (9, Text("firstname")),
        (13, UserGroups),
        (16, Text("comment")),
        (19, Date("date_mod")),
        (22, Text("registration_number")),
        (34, Text("realname")),
        (62, Date("begin_date")),
        (63, Date("end_date")),
        (121, Date("date_creation")),
    ];
    /// Where an article's name stands, which is the versions' only difference.
    const fn article(name: i64) -> [(i64, Source); 9] {
        [
            (name, Text("name")),
            (2, Number("id")),
            (7, Text("answer")),
            (8, Number("is_faq")),
            (9, Number("view")),
            (10, Date("begin_date")),
            (11, Date("end_date")),
            (19, Date("date_mod")),
            (121, Date("date_creation")),
        ]
    }
    const ARTICLE: SearchOptions = &article(6);
    const ARTICLE_OF_ELEVEN: SearchOptions = &article(1);
    const TREE: SearchOptions = &[
        (1, Text("completename")),
        (2, Number("id")),
        (14, Text("name")),
        (19, Date("date_mod")),
        (121, Date("date_creation")),
    ];
    const NOTIFICATION: SearchOptions =
        &[(1, Text("name")), (2, Text("event")), (3, Modes), (5, Text("itemtype")), (6, Number("is_active"))];
    const PROFILE_OF_USER: SearchOptions = &[
        (2, Number("id")),
        (3, Number("is_dynamic")),
        (4, Link("profiles_id", "Profile", "name")),
        (5, Link("users_id", "User", "name")),
        (80, Link("entities_id", "Entity", "completename")),
        (86, Number("is_recursive")),
    ];
    const NAMED: SearchOptions = &[(1, Text("name")), (2, Number("id")), (19, Date("date_mod"))];
    match kind {
        "Ticket" => (TICKET, &[2, 1, 12, 19, 15, 3, 4, 5, 7, 18]),
        "User" => (USER, &[1, 34, 5, 6, 3, 8]),
        "KnowbaseItem" if version == Version::Eleven => (ARTICLE_OF_ELEVEN, &[]),
        "KnowbaseItem" => (ARTICLE, &[]),
        "Profile_User" => (PROFILE_OF_USER, &[]),
        "Notification" => (NOTIFICATION, &[1, 5, 2, 3, 6]),
        "Group" | "ITILCategory" | "Location" | "Entity" | "KnowbaseItemCategory" => (TREE, &[1]),
        _ => (NAMED, &[1]),
    }
}

/// A value of an option: what it is compared by, and what is shown.
struct Candidate {
    id: Option<i64>,
    texts: Vec<String>,
    shown: Value,
}

impl Candidate {
    fn text(text: String) -> Self {
        Self { id: None, shown: Value::from(text.as_str()), texts: vec![text] }
    }
}

impl Source {
    fn candidates(self, store: &Store, row: &Row) -> Vec<Candidate> {
        let id = int_of(row, "id");
        let group = |group: i64| {
            let name = store.name_of("Group", group, "completename")?;
            Some(Candidate { id: Some(group), ..Candidate::text(name) })
        };
        match self {
            Self::Text(field) | Self::Date(field) => {
                let value = row.get(field).filter(|value| !value.is_null());
                value.map(|value| Candidate::text(text(value))).into_iter().collect()
            }
            Self::Number(field) => vec![number(int_of(row, field))],
            Self::Status => vec![number(int_of(row, "status"))],
            Self::Link(key, kind, field) => {
                let linked = int_of(row, key);
                let name = store.name_of(kind, linked, field);
                let candidate = name.map(|name| Candidate { id: Some(linked), ..Candidate::text(name) });
                candidate.into_iter().collect()
            }
            Self::Users(role) => store
                .rows_of("Ticket_User", "tickets_id", id)
                .filter(|link| int_of(link, "type") == role)
                .map(|link| person(store, int_of(link, "users_id")))
                .collect(),
            Self::Groups(role) => store
                .rows_of("Group_Ticket", "tickets_id", id)
                .filter(|link| int_of(link, "type") == role)
                .filter_map(|link| group(int_of(link, "groups_id")))
                .collect(),
            Self::RequesterEmails => store
                .rows_of("Ticket_User", "tickets_id", id)
                .filter(|link| int_of(link, "type") == 1)
                .map(|link| Candidate::text(text_of(link, "alternative_email")))
                .collect(),
            Self::Emails => store
                .rows_of("UserEmail", "users_id", id)
                .map(|email| Candidate::text(text_of(email, "email")))
                .collect(),
            Self::Followups | Self::PrivateFollowups => {
                store.rows_of("ITILFollowup", "items_id", id).map(|followup| self.of_followup(followup)).collect()
            }
            Self::LastSolution => {
                let last = store.rows_of("ITILSolution", "items_id", id).last();
                last.map(|solution| number(int_of(solution, "status"))).into_iter().collect()
            }
            Self::PendingReason => store
                .rows_of("PendingReason_Item", "items_id", id)
                .filter(|row| text_of(row, "itemtype") == "Ticket")
                .filter_map(|row| {
                    let reason = int_of(row, "pendingreasons_id");
                    let name = store.name_of("PendingReason", reason, "name")?;
                    Some(Candidate { id: Some(reason), ..Candidate::text(name) })
                })
                .collect(),
            Self::Modes => store
                .rows_of("Notification_NotificationTemplate", "notifications_id", id)
                .map(|link| Candidate::text(text_of(link, "mode")))
                .collect(),
            Self::UserGroups => store
                .rows_of("Group_User", "users_id", id)
                .filter_map(|link| group(int_of(link, "groups_id")))
                .collect(),
        }
    }

    fn of_followup(self, followup: &Row) -> Candidate {
        match self {
            Self::PrivateFollowups => number(int_of(followup, "is_private")),
            _ => Candidate::text(text_of(followup, "content")),
        }
    }

    /// Whether it is one of the options that show a ticket's follow-ups.
    pub(super) fn is_of_followups(self) -> bool {
        matches!(self, Self::Followups | Self::PrivateFollowups)
    }

    /// Whether a row contains one of these, as by a criterion for each, linked by OR.
    pub(super) fn contains_any(self, store: &Store, row: &Row, wanted: &[&Wanted]) -> bool {
        let candidates = self.candidates(store, row);
        let texts: Vec<&str> = candidates.iter().flat_map(|candidate| &candidate.texts).map(String::as_str).collect();
        let patterns: Vec<&Pattern> = wanted.iter().map(|wanted| &wanted.pattern).collect();
        Pattern::any_matches(&patterns, &texts)
    }

    /// Whether it is compared as a text: others know other values of «contains».
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::Followups)
    }

    /// Whether one follow-up passes a criterion.
    pub(super) fn test_followup(self, followup: &Row, kind: &str, wanted: &Wanted) -> bool {
        let candidate = self.of_followup(followup);
        match kind {
            "contains" => candidate.texts.iter().any(|text| wanted.pattern.matches(Some(text))),
            _ => candidate.id == Some(int(&Value::from(wanted.text.as_str()))),
        }
    }

    /// What the answer shows: nothing, one value, or a list of them.
    pub(super) fn cell(self, store: &Store, row: &Row) -> Value {
        cell(self.candidates(store, row))
    }

    /// The same, of the values that contain one of these.
    pub(super) fn cell_of_wanted(self, store: &Store, row: &Row, wanted: &[&Wanted]) -> Value {
        let mut candidates = self.candidates(store, row);
        let matches = |text: &String| wanted.iter().any(|wanted| wanted.pattern.matches(Some(text)));
        candidates.retain(|candidate| candidate.texts.iter().any(matches));
        cell(candidates)
    }

    /// What rows are sorted by.
    pub(super) fn order(self, store: &Store, row: &Row) -> (i64, String) {
        sort_key(elements(&self.cell(store, row)).first().copied())
    }

    /// Whether a row passes a criterion of that search type and value.
    pub(super) fn test(self, store: &Store, row: &Row, kind: &str, wanted: &Wanted) -> bool {
        let value = wanted.text.as_str();
        let candidates = self.candidates(store, row);
        let negated = kind.starts_with("not");
        match (self, kind) {
            // GLPI forgets the "not" of a status
            (Self::Status, "equals" | "notequals") => status_is(int_of(row, "status"), value),
            (Self::Date(_), "morethan") => self.date(row).is_some_and(|date| date > wanted.moment),
            (Self::Date(_), "lessthan") => self.date(row).is_some_and(|date| date < wanted.moment),
            (Self::Date(_), "equals" | "notequals") => {
                self.date(row).is_some_and(|date| date.starts_with(&wanted.moment)) != negated
            }
            (Self::Number(_) | Self::Status, _) => {
                candidates.iter().any(|c| compares(c.id.unwrap_or_default(), value)) != negated
            }
            (Self::Link(_, kind, _), "under" | "notunder") => {
                let ancestor = int(&Value::from(value));
                candidates.iter().any(|c| is_under(store, kind, c.id, ancestor)) != negated
            }
            (_, "contains" | "notcontains") => {
                let matches = |c: &Candidate| c.texts.iter().any(|text| wanted.pattern.matches(Some(text)));
                let found = candidates.iter().any(matches) || (candidates.is_empty() && wanted.pattern.matches(None));
                found != negated
            }
            // everything else compares ids; 0 is "nobody"
            _ => {
                let wanted = int(&Value::from(value));
                let found = candidates.iter().any(|c| c.id == Some(wanted));
                let nobody = wanted == 0 && value == "0" && candidates.is_empty();
                (found || nobody) != negated
            }
        }
    }

    fn date(self, row: &Row) -> Option<String> {
        match self {
            Self::Date(field) => row.get(field).filter(|date| !date.is_null()).map(text),
            _ => None,
        }
    }
}

fn cell(candidates: Vec<Candidate>) -> Value {
    let mut shown: Vec<_> = candidates.into_iter().map(|candidate| candidate.shown).collect();
    if shown.len() > 1 {
        shown.retain(|value| !value.is_null() && value != "");
    }
    match shown.len() {
        0 => Value::Null,
        1 => shown.remove(0),
        _ => Value::Array(shown),
    }
}

fn number(value: i64) -> Candidate {
    Candidate { id: Some(value), texts: vec![value.to_string()], shown: Value::from(value) }
}

fn person(store: &Store, user: i64) -> Candidate {
    if user == 0 {
        // known by address only: someone, but nobody to be found or shown
        return Candidate { id: None, texts: Vec::new(), shown: Value::Null };
    }
    let field = |field| store.name_of("User", user, field).unwrap_or_default();
    let (login, name, first) = (field("name"), field("realname"), field("firstname"));
    Candidate {
        id: Some(user),
        texts: vec![login, format!("{name} {first}"), name, first],
        shown: Value::from(user.to_string()),
    }
}

fn status_is(status: i64, value: &str) -> bool {
    match value {
        "all" => true,
        "notold" => matches!(status, 1..=4 | 10),
        "old" => matches!(status, 5 | 6),
        "notclosed" => status != 6,
        "process" => matches!(status, 2 | 3),
        _ => status == int(&Value::from(value)),
    }
}

/// A number against `5`, `>5`, `<5`, `>=5` or `<=5`.
fn compares(number: i64, value: &str) -> bool {
    let value = decode(value);
    let value = value.trim();
    let operand = |rest: &str| int(&Value::from(rest));
    if let Some(rest) = value.strip_prefix(">=") {
        number >= operand(rest)
    } else if let Some(rest) = value.strip_prefix("<=") {
        number <= operand(rest)
    } else if let Some(rest) = value.strip_prefix('>') {
        number > operand(rest)
    } else if let Some(rest) = value.strip_prefix('<') {
        number < operand(rest)
    } else {
        number == operand(value.trim_matches(['^', '$']))
    }
}

fn is_under(store: &Store, kind: &str, id: Option<i64>, ancestor: i64) -> bool {
    let key = match kind {
        "ITILCategory" => "itilcategories_id",
        "Location" => "locations_id",
        _ => "entities_id",
    };
    let parent = |id: &i64| {
        let row = store.get(kind, *id)?;
        Some(int_of(row, key)).filter(|parent| parent != id && *parent != 0)
    };
    std::iter::successors(id, parent).take(100).any(|id| id == ancestor)
}

/// `Html::computeGenericDateTimeSearch`: `NOW`, `TODAY`, `-2DAY`, `BEGINMONTH`…, or the text itself;
/// what is no date at all compares as the first one, as in `MySQL`.
fn moment(value: &str) -> String {
    let now = local_time();
    let day = "%Y-%m-%d";
    let full = "%Y-%m-%d %H:%M:%S";
    let midnight = |date: jiff::civil::Date| format!("{} 00:00:00", date.strftime(day));
    match value {
        "NOW" => return now.strftime(full).to_string(),
        "TODAY" => return now.strftime(day).to_string(),
        "BEGINMONTH" => return midnight(now.date().first_of_month()),
        "ENDMONTH" => return midnight(now.date().last_of_month()),
        "BEGINYEAR" => return midnight(now.date().first_of_year()),
        "ENDYEAR" => return midnight(now.date().last_of_year()),
        _ => {}
    }
    let (digits, back) = match value.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (value, false),
    };
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: i64 = digits[..digits.len() - unit.len()].parse().unwrap_or_default();
    let count = if back { -count } else { count };
    let span = match unit {
        "YEAR" => Span::new().try_years(count),
        "MONTH" => Span::new().try_months(count),
        "WEEK" => Span::new().try_weeks(count),
        "DAY" => Span::new().try_days(count),
        "HOUR" => Span::new().try_hours(count),
        "MINUTE" => Span::new().try_minutes(count),
        _ => {
            let is_date = value.starts_with(|c: char| c.is_ascii_digit()) && value.contains('-');
            return if is_date { value.to_owned() } else { String::new() };
        }
    };
    let then = span.and_then(|span| now.datetime().checked_add(span));
    then.map_or_else(|_| String::new(), |then| then.strftime("%Y-%m-%d %H:%M:00").to_string())
}
