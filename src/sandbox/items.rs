//! Reading items of any type, as GLPI's generic endpoints do.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, RIGHT_MISSING};
use super::call::Call;
use super::helpdesk::Helpdesk;
use super::php::{Row, elements, flag, int_of, text, text_of, truthy};
use super::{caller::Caller, documents, right};

use super::store::{Store, UNDISCLOSED};
use super::text::{Pattern, decode};

/// Rows of a list when no range is given (`list_limit`).
pub(super) const LIST_LIMIT: usize = 15;

/// What a path points at: an item type or one item, maybe below another item.
pub(super) struct Target {
    pub(super) kind: &'static str,
    pub(super) right: &'static str,
    pub(super) id: Option<i64>,
    parent: Option<(&'static str, i64)>,
}

impl Target {
    pub(super) fn of(call: &Call, base: &str) -> Result<Self, Answer> {
        let (kind, right) = known(call.segment(0), base)?;
        if call.segment(2).is_empty() {
            return Ok(Self { kind, right, id: call.id(1), parent: None });
        }
        let (child, child_right) = known(call.segment(2), base)?;
        Ok(Self {
            kind: child,
            right: child_right,
            id: call.id(3),
            parent: Some((kind, call.id(1).unwrap_or_default())),
        })
    }

    /// Whether one item is meant and not a list; only an entity may have the id 0.
    pub(super) fn wants_one(&self) -> bool {
        self.id.is_some_and(|id| id > 0 || self.kind == "Entity")
    }
}

/// The item type of that name, and the right that opens it.
pub(super) fn known(name: &str, base: &str) -> Result<(&'static str, &'static str), Answer> {
    Store::kind(name).ok_or_else(|| unknown(base))
}

/// There is no such item type.
pub(super) fn unknown(base: &str) -> Answer {
    let message = "la ressource n'a pas été trouvée ou n'est pas une instance de CommonDBTM";
    Answer::documented(base, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM", message)
}

/// Whether the caller may see this very row.
pub(super) fn visible(store: &Store, caller: &Caller, kind: &str, row: &Row) -> bool {
    let ticket = match kind {
        "Ticket" => Some(row),
        "Ticket_User" | "Group_Ticket" => store.get("Ticket", int_of(row, "tickets_id")),
        "ITILFollowup" | "ITILSolution" => store.get("Ticket", int_of(row, "items_id")),
        "Reminder" => return sees_note(store, caller, row),
        _ => return true,
    };
    caller.may("ticket", right::READ_ALL) || ticket.is_some_and(|ticket| caller.sees(store, ticket))
}

/// Whether the caller may open this row: an article needs readers, or the right to all of them.
pub(super) fn readable(store: &Store, caller: &Caller, kind: &str, row: &Row) -> bool {
    let article = kind == "KnowbaseItem";
    let hidden = article && !caller.may("knowbase", right::ALL_ARTICLES) && !is_shown_to(store, caller, row);
    !hidden && (kind != "ITILFollowup" || may_read(caller, row)) && visible(store, caller, kind, row)
}

/// Whether a follow-up may be read by itself (`ITILFollowup::canViewItem`).
fn may_read(caller: &Caller, followup: &Row) -> bool {
    caller.may("followup", right::SEE_PRIVATE)
        || int_of(followup, "users_id") == caller.user
        || !flag(followup, "is_private") && caller.may("followup", right::SEE_PUBLIC)
}

/// Whether a list or a search shows this row (`Search::addDefaultWhere`): of follow-ups the kinds that one may see, even
/// one's own.
pub(super) fn listed(store: &Store, caller: &Caller, kind: &str, row: &Row) -> bool {
    let bit = if flag(row, "is_private") { right::SEE_PRIVATE } else { right::SEE_PUBLIC };
    (kind != "ITILFollowup" || caller.may("followup", bit)) && visible(store, caller, kind, row)
}

/// Whether an article has readers (`_visibility` on creation, or an entity), or is the caller's own.
pub(super) fn is_shown_to(store: &Store, caller: &Caller, article: &Row) -> bool {
    let mut entities = store.rows_of("Entity_KnowbaseItem", "knowbaseitems_id", int_of(article, "id"));
    article.contains_key("_visibility") || entities.next().is_some() || int_of(article, "users_id") == caller.user
}

/// Whether a note is the caller's own, or shown to an entity whose notes they may read (`Reminder::canViewItem`).
fn sees_note(store: &Store, caller: &Caller, note: &Row) -> bool {
    let mut entities = store.rows_of("Entity_Reminder", "reminders_id", int_of(note, "id"));
    int_of(note, "users_id") == caller.user || caller.may("reminder_public", right::READ) && entities.next().is_some()
}

/// `GET Type/id`.
pub(super) fn one(desk: &Helpdesk, call: &Call, caller: &Caller, target: &Target) -> Result<Answer, Answer> {
    let id = target.id.unwrap_or_default();
    let item = item(desk, call, caller, (target.kind, target.right), id)?;
    if target.kind == "Document" && call.wants_bytes {
        let bytes = desk.store.files.get(&id).cloned().unwrap_or_default();
        return Ok(document(&item, bytes));
    }
    Ok(Answer::ok(&Value::Object(item)))
}

/// `GET getMultipleItems?items[0][itemtype]=…&items[0][items_id]=…`: all of them, or none where one cannot be had.
pub(super) fn several(desk: &Helpdesk, call: &Call, caller: &Caller) -> Result<Answer, Answer> {
    // JSON makes objects of them, which PHP takes for no arrays: it dies.
    let Some(Value::Object(items)) = call.parameters.get("items") else { return Err(Answer::died(desk.version)) };
    let mut shown = Vec::with_capacity(items.len());
    for wanted in elements(&Value::Object(items.clone())) {
        let wanted = wanted.as_object().ok_or_else(|| Answer::bad_array(&desk.base))?;
        let kind = known(&text_of(wanted, "itemtype"), &desk.base)?;
        shown.push(Value::Object(item(desk, call, caller, kind, int_of(wanted, "items_id"))?));
    }
    Ok(Answer::ok(&Value::Array(shown)))
}

/// An item as it is shown by itself.
fn item(desk: &Helpdesk, call: &Call, caller: &Caller, (kind, right): (&str, &str), id: i64) -> Result<Row, Answer> {
    let row = desk.store.get(kind, id).ok_or_else(Answer::not_found)?;
    if !caller.may_list(desk.version, kind, right) || !readable(&desk.store, caller, kind, row) {
        return Err(Answer::right_missing());
    }
    let mut shown = disclose(row.clone(), call);
    if kind == "KnowbaseItem" {
        let filed = desk.store.rows_of("KnowbaseItem_KnowbaseItemCategory", "knowbaseitems_id", id);
        let filed: Vec<i64> = filed.map(|row| int_of(row, "knowbaseitemcategories_id")).collect();
        shown.insert("_categories".to_owned(), json!(filed));
    }
    if call.parameters.get("with_documents").is_some_and(truthy) {
        let documents = if kind == "Ticket" || caller.may("document", right::READ) {
            let rows = documents::of(&desk.store, kind, id).into_iter();
            rows.map(|row| Value::Object(disclose(row, call))).collect()
        } else {
            right_missing()
        };
        shown.insert("_documents".to_owned(), documents);
    }
    if call.parameters.get("with_logs").is_some_and(truthy) {
        shown.insert("_logs".to_owned(), history(desk, call, caller, kind, id));
    }
    add_links(desk, call, kind, &mut shown);
    Ok(shown)
}

/// What GLPI says in the place of parts that may not be seen (`API::arrayRightError`).
fn right_missing() -> Value {
    json!({ "error": 401, "message": RIGHT_MISSING })
}

/// An item's history as it is shown with the item: keyed by the rows' ids, and an empty list where there is none.
fn history(desk: &Helpdesk, call: &Call, caller: &Caller, kind: &str, id: i64) -> Value {
    if !caller.may("logs", right::READ) {
        return right_missing();
    }
    let rows = desk.store.rows_of("Log", "items_id", id).filter(|row| text_of(row, "itemtype") == kind);
    let rows: Row =
        rows.map(|row| (int_of(row, "id").to_string(), Value::Object(disclose(row.clone(), call)))).collect();
    if rows.is_empty() { json!([]) } else { Value::Object(rows) }
}

/// The bytes of a document, to be saved and never shown in place.
pub(super) fn document(row: &Row, bytes: Bytes) -> Answer {
    let mime = text_of(row, "mime");
    let picture = mime.starts_with("image/") && !mime.contains("svg");
    let kind = if picture { mime.as_str() } else { "application/octet-stream" };
    let name: String = url::form_urlencoded::byte_serialize(decode(&text_of(row, "filename")).as_bytes()).collect();
    let name = name.replace('+', "%20");
    Answer::raw(StatusCode::OK, kind, bytes)
        .with("content-disposition", format!("inline; filename*=UTF-8''{name}"))
        .with("x-content-type-options", "nosniff")
        .with("content-security-policy", "sandbox; default-src 'none'")
}

/// `GET Type` and `GET Parent/id/Type`.
pub(super) fn list(desk: &Helpdesk, call: &Call, caller: &Caller, target: &Target) -> Result<Answer, Answer> {
    let (kind, store) = (target.kind, &desk.store);
    if !caller.may_list(desk.version, kind, target.right) {
        return Err(Answer::right_missing());
    }
    if kind == "RuleTicket" {
        // as measured: the query fails, and the answer is an empty page
        return Err(Answer::fatal());
    }
    let parameters = &call.parameters;
    let refuse = |code: &str, message: &str| Answer::documented(&desk.base, code, message);
    let (start, end) = range(parameters, &desk.base)?.unwrap_or((0, LIST_LIMIT - 1));
    let order = text_of(parameters, "order").to_uppercase();
    if !matches!(order.as_str(), "" | "ASC" | "DESC") {
        return Err(refuse("ERROR", "order must be DESC or ASC"));
    }
    let defaults = store.defaults(kind).cloned().unwrap_or_default();
    let sort = match text_of(parameters, "sort") {
        sort if sort.is_empty() => "id".to_owned(),
        sort if sort == "id" || defaults.contains_key(&sort) => sort,
        _ => {
            let message = format!("sort param is not a field of glpi_{}s", kind.to_lowercase());
            return Err(refuse("ERROR", &message));
        }
    };
    let mut rows: Vec<&Row> = match target.parent {
        Some(parent) => below(store, caller, parent, kind, &defaults)?,
        None => store.rows(kind).collect(),
    };
    for (field, pattern) in patterns(parameters) {
        if field != "id" && !defaults.contains_key(&field) {
            return Err(Answer::fatal());
        }
        rows.retain(|row| {
            let stored = row.get(&field).filter(|value| !value.is_null()).map(text);
            pattern.matches(stored.as_deref())
        });
    }
    let deleted = i64::from(flag(parameters, "is_deleted"));
    rows.retain(|row| {
        row.get("is_deleted").is_none_or(|_| int_of(row, "is_deleted") == deleted) && listed(store, caller, kind, row)
    });
    rows.sort_by_key(|row| sort_key(row.get(&sort)));
    if order == "DESC" {
        rows.reverse();
    }
    let total = rows.len();
    check_range(start, total, &desk.base)?;
    let page = rows.into_iter().skip(start).take((end + 1).saturating_sub(start));
    let page: Vec<Value> = page.map(|row| shown(desk, call, kind, row)).collect();
    // GLPI counts one row too many here when no range was given
    let end = if parameters.contains_key("range") { end } else { LIST_LIMIT };
    let end = end.min(total.saturating_sub(1));
    let whole = total == 0 || end + 1 - start >= total;
    let status = if whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let mut answer = Answer::json(status, &Value::Array(page)).with("accept-range", format!("{kind} 1000"));
    if total > 0 {
        answer = answer.with("content-range", format!("{start}-{end}/{total}"));
    }
    Ok(answer)
}

fn shown(desk: &Helpdesk, call: &Call, kind: &str, row: &Row) -> Value {
    let mut row = if flag(&call.parameters, "only_id") {
        Row::from_iter([("id".to_owned(), Value::from(int_of(row, "id")))])
    } else {
        disclose(row.clone(), call)
    };
    add_links(desk, call, kind, &mut row);
    Value::Object(row)
}

/// The bounds of `range=a-b`.
pub(super) fn range(parameters: &Row, base: &str) -> Result<Option<(usize, usize)>, Answer> {
    if !parameters.contains_key("range") {
        return Ok(None);
    }
    let range = text_of(parameters, "range");
    let bounds = range.split_once('-').and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
    bounds.map(Some).ok_or_else(|| {
        let message = "range must be in format : [start-end] with integers";
        Answer::documented(base, "ERROR", message)
    })
}

/// A list may begin at its end, not beyond.
pub(super) fn check_range(start: usize, total: usize, base: &str) -> Result<(), Answer> {
    if start <= total {
        return Ok(());
    }
    let message = format!("Provided range exceed total count of data: {total}");
    Err(Answer::documented(base, "ERROR_RANGE_EXCEED_TOTAL", &message))
}

fn patterns(parameters: &Row) -> Vec<(String, Pattern)> {
    let Some(Value::Object(fields)) = parameters.get("searchText") else {
        return Vec::new();
    };
    fields
        .iter()
        .map(|(field, value)| (field.clone(), text(value)))
        .filter(|(_, value)| !matches!(value.as_str(), "" | "0"))
        .map(|(field, value)| (field, Pattern::new(&value)))
        .collect()
}

/// Numbers by size, texts as `MySQL` orders them, null first.
pub(super) fn sort_key(value: Option<&Value>) -> (i64, String) {
    match value {
        None | Some(Value::Null) => (i64::MIN, String::new()),
        Some(Value::Number(number)) => (number.as_i64().unwrap_or_default(), String::new()),
        Some(other) => (0, super::text::fold(&text(other))),
    }
}

/// The rows of `kind` that hang on the parent; all of them where nothing ties the two types.
fn below<'a>(
    store: &'a Store,
    caller: &Caller,
    (parent, id): (&'static str, i64),
    kind: &str,
    defaults: &Row,
) -> Result<Vec<&'a Row>, Answer> {
    let row = store.get(parent, id).ok_or_else(Answer::not_found)?;
    if !readable(store, caller, parent, row) {
        return Err(Answer::right_missing());
    }
    let key = foreign_key(parent);
    Ok(if defaults.contains_key(key) {
        store.rows_of(kind, key, id).collect()
    } else if defaults.contains_key("itemtype") && defaults.contains_key("items_id") {
        let of_parent = |row: &&Row| text_of(row, "itemtype") == parent;
        store.rows_of(kind, "items_id", id).filter(of_parent).collect()
    } else {
        store.rows(kind).collect()
    })
}

/// The field by which other items name one of this type; empty where there is none.
pub(super) fn foreign_key(kind: &str) -> &'static str {
    match kind {
        "Ticket" => "tickets_id",
        "User" => "users_id",
        "Group" => "groups_id",
        "Document" => "documents_id",
        "Entity" => "entities_id",
        "Location" => "locations_id",
        "ITILCategory" => "itilcategories_id",
        "RequestType" => "requesttypes_id",
        "KnowbaseItem" => "knowbaseitems_id",
        "KnowbaseItemCategory" => "knowbaseitemcategories_id",
        "RuleTicket" => "rules_id",
        "Notification" => "notifications_id",
        "Profile" => "profiles_id",
        "Reminder" => "reminders_id",
        _ => "",
    }
}

/// The links to other items that GLPI adds unless `get_hateoas=false`.
fn add_links(desk: &Helpdesk, call: &Call, kind: &str, row: &mut Row) {
    const CHILDREN: [&str; 5] = ["Document_Item", "ITILSolution", "ITILFollowup", "Ticket_User", "Group_Ticket"];
    const LINKED: [&str; 12] = [
        "Ticket",
        "User",
        "Group",
        "Document",
        "Entity",
        "Location",
        "ITILCategory",
        "RequestType",
        "KnowbaseItem",
        "RuleTicket",
        "Notification",
        "Profile",
    ];
    if call.parameters.get("get_hateoas") == Some(&Value::Bool(false)) {
        return;
    }
    let link = |rel: &str, path: String| json!({ "rel": rel, "href": format!("{}/apirest.php/{path}", desk.base) });
    let mut links = Vec::new();
    for (field, value) in &*row {
        let linked = LINKED.into_iter().find(|kind| field.starts_with(foreign_key(kind)));
        if let (Some(kind), Some(id)) = (linked, value.as_i64())
            && (id > 0 || kind == "Entity")
        {
            links.push(link(kind, format!("{kind}/{id}")));
        }
    }
    if kind == "Ticket" {
        let id = int_of(row, "id");
        links.extend(CHILDREN.map(|child| link(child, format!("Ticket/{id}/{child}/"))));
    }
    if !links.is_empty() {
        row.insert("links".to_owned(), Value::Array(links));
    }
}

/// The row as it may leave: secrets out, and texts decoded when the caller asked for that.
pub(super) fn disclose(mut row: Row, call: &Call) -> Row {
    for hidden in UNDISCLOSED {
        row.remove(hidden);
    }
    if !call.sanitized {
        for value in row.values_mut() {
            if let Value::String(text) = value {
                *text = decode(text);
            }
        }
    }
    row
}
