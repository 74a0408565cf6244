//! Adding, changing and deleting items of any type, as GLPI's generic endpoints do.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, NOT_FOUND, NotAdded, RIGHT_MISSING};
use super::call::Call;
use super::failures::Failure;
use super::helpdesk::Helpdesk;
use super::items::{Target, foreign_key, readable, visible};
use super::php::{Row, elements, flag, int, int_of, text_of};
use super::settings::Version;
use super::store::Store;
use super::text::{decode, encode};
use super::upload::{self, Arrived, Level, Messages};
use super::{actors, clients, profiles, status, tickets, timeline};
use super::{caller::Caller, right};

/// `POST Type`: one input, or a list of them.
pub(super) fn create(desk: &mut Helpdesk, call: &Call, caller: &Caller, target: &Target) -> Result<Answer, Answer> {
    let received = upload::receive(desk, call);
    match call.parameters.get("input") {
        Some(Value::Object(input)) => {
            let files = Arrived { files: &received.files, dies_after: call.dies_after };
            let added = add(desk, caller, target, input, &files);
            match added {
                Ok((id, message)) => {
                    let message = if call.sanitized { message } else { decode(&message) };
                    let mut body = json!({ "id": id, "message": message });
                    if let Some(result) = received.result {
                        body["upload_result"] = result;
                    }
                    let location = format!("{}/apirest.php/{}/{id}", desk.base, target.kind);
                    Ok(Answer::json(StatusCode::CREATED, &body).with("location", location))
                }
                Err(NotAdded::Refused(message)) => {
                    Err(Answer::error(StatusCode::BAD_REQUEST, "ERROR_GLPI_ADD", message))
                }
                Err(NotAdded::Died) => Err(Answer::died(desk.version)),
            }
        }
        Some(Value::Array(inputs)) => {
            let mut results = Vec::new();
            let mut links = Vec::new();
            for (at, input) in inputs.iter().enumerate() {
                let Value::Object(input) = input else {
                    return Err(Answer::fatal());
                };
                if call.failure == Some(Failure::LastRefused) && at > 0 && at + 1 == inputs.len() {
                    results.push(json!({ "id": false, "message": "" }));
                    continue;
                }
                let files = Arrived { files: &[], dies_after: call.dies_after };
                results.push(match add(desk, caller, target, input, &files) {
                    Ok((id, message)) => {
                        links.push(format!("{}/apirest.php/{}/{id}", desk.base, target.kind));
                        json!({ "id": id, "message": message })
                    }
                    Err(NotAdded::Refused(message)) => json!({ "id": false, "message": message }),
                    Err(NotAdded::Died) => return Err(Answer::died(desk.version)),
                });
            }
            several(results, links.len(), "ADD", StatusCode::CREATED).map(|answer| answer.with("link", links.join(",")))
        }
        _ => Err(Answer::bad_array(&desk.base)),
    }
}

/// The answer to a list: all done, some done (207), or none (400).
fn several(results: Vec<Value>, done: usize, verb: &str, status: StatusCode) -> Result<Answer, Answer> {
    let total = results.len();
    let results = Value::Array(results);
    if done == 0 {
        let code = format!("ERROR_GLPI_{verb}");
        Err(Answer::error(StatusCode::BAD_REQUEST, &code, results))
    } else if done < total {
        let code = format!("ERROR_GLPI_PARTIAL_{verb}");
        Err(Answer::error(StatusCode::MULTI_STATUS, &code, results))
    } else {
        Ok(Answer::json(status, &results))
    }
}

fn add(
    desk: &mut Helpdesk,
    caller: &Caller,
    target: &Target,
    input: &Row,
    files: &Arrived<'_>,
) -> Result<(i64, String), NotAdded> {
    let kind = target.kind;
    let may_add = match kind {
        "Ticket" => caller.may("ticket", right::CREATE),
        "ITILFollowup" => caller.may("followup", right::CREATE | right::ADD_ALL | right::ADD_SOME),
        // It asks for the ticket's.
        "ITILSolution" => true,
        "Document" => may_add_document(desk, caller, input),
        // `KnowbaseItem::canCreate`
        "KnowbaseItem" => caller.may("knowbase", right::CREATE | right::PUBLISH_FAQ),
        // `Reminder::canCreate`, and that of what belongs to one (`CommonDBRelation`)
        "Reminder" => caller.may(target.right, right::CREATE | right::PERSONAL),
        "Entity_Reminder" => caller.may(target.right, right::UPDATE | right::PERSONAL),
        _ => caller.may(target.right, right::CREATE | right::UPDATE),
    };
    if !may_add || kind == "Log" {
        return Err(RIGHT_MISSING.to_owned().into());
    }
    if kind == "Ticket" && desk.dies_of.as_ref().is_some_and(|text| text_of(input, "content").contains(text)) {
        return Err(NotAdded::Died);
    }
    let mut input = encoded(input);
    input.remove("id");
    let mut messages = Messages::default();
    let id = match kind {
        "Ticket" => tickets::add(desk, caller, input, files, &mut messages)?,
        "Group_Ticket" | "Ticket_User" => actors::add(desk, caller, kind, &input)?,
        "ITILFollowup" => timeline::add_followup(desk, caller, input, files, &mut messages)?,
        "ITILSolution" => timeline::add_solution(desk, caller, input)?,
        "Document" if !files.files.is_empty() => upload::add_document(desk, caller, &input, files.files)?,
        _ => {
            let id = add_plain(desk, caller, kind, &mut input)?;
            if kind == "KnowbaseItem" {
                publish(desk, id, &input);
            }
            id
        }
    };
    if let Some(label) = label(desk, kind, id) {
        messages.push(Level::Info, format!("Élément ajouté : {label}"));
    }
    Ok((id, messages.last()))
}

/// `Document::canCreate`: who may write follow-ups to their own tickets may add documents. From 11 on (`canCreateItem`) one
/// of a ticket is added by who may write a follow-up to it.
fn may_add_document(desk: &Helpdesk, caller: &Caller, input: &Row) -> bool {
    let is_of_ticket = desk.version == Version::Eleven && text_of(input, "itemtype") == "Ticket";
    let ticket = desk.store.get("Ticket", int_of(input, "items_id")).filter(|_| is_of_ticket);
    let may_add = caller.may("document", right::CREATE) || caller.may("followup", right::CREATE);
    may_add && ticket.is_none_or(|ticket| caller.may_follow_up(&desk.store, ticket))
}

/// Gives a new article the readers it was made with, as far as they are an entity's, and what it is linked to: GLPI asks
/// for no right to do that.
fn publish(desk: &mut Helpdesk, id: i64, input: &Row) {
    if let Some(Value::Object(readers)) = input.get("_visibility")
        && text_of(readers, "_type") == "Entity"
    {
        let mut readers = readers.clone();
        readers.insert("knowbaseitems_id".to_owned(), id.into());
        desk.store.insert("Entity_KnowbaseItem", &readers);
    }
    if flag(input, "_do_item_link") {
        let link = json!({
            "knowbaseitems_id": id, "itemtype": text_of(input, "_itemtype"), "items_id": int_of(input, "_items_id"),
        });
        desk.store.insert("KnowbaseItem_Item", link.as_object().unwrap_or(&Row::new()));
    }
    file(desk, id, input);
}

/// Puts an article under the categories that the input names, and under no other.
fn file(desk: &mut Helpdesk, article: i64, input: &Row) {
    const FILED: &str = "KnowbaseItem_KnowbaseItemCategory";
    let Some(categories) = input.get("_categories") else { return };
    let before: Vec<i64> =
        desk.store.rows_of(FILED, "knowbaseitems_id", article).map(|row| int_of(row, "id")).collect();
    for row in before {
        desk.store.remove(FILED, row);
    }
    let wanted: Vec<i64> = match categories {
        Value::Array(each) => each.iter().map(int).collect(),
        one => elements(one).into_iter().map(int).collect(),
    };
    for category in wanted {
        let row = json!({ "knowbaseitems_id": article, "knowbaseitemcategories_id": category });
        desk.store.insert(FILED, row.as_object().unwrap_or(&Row::new()));
    }
}

/// Items without a life of their own.
fn add_plain(desk: &mut Helpdesk, caller: &Caller, kind: &str, input: &mut Row) -> Result<i64, String> {
    match kind {
        "Group" | "ITILCategory" | "Location" | "Entity" | "KnowbaseItemCategory" => {
            let parent = int_of(input, foreign_key(kind));
            let path = desk.store.name_of(kind, parent, "completename");
            let name = text_of(input, "name");
            let path = path.map_or_else(|| name.clone(), |path| format!("{path} > {name}"));
            let level = path.matches(" > ").count() + 1;
            input.insert("completename".to_owned(), path.into());
            input.insert("level".to_owned(), level.into());
        }
        "Entity_KnowbaseItem" => {
            let article = desk.store.get("KnowbaseItem", int_of(input, "knowbaseitems_id"));
            if !article.is_some_and(|row| readable(&desk.store, caller, "KnowbaseItem", row)) {
                return Err(RIGHT_MISSING.to_owned());
            }
        }
        "KnowbaseItem" => match (caller.may("knowbase", right::PUBLISH_FAQ), caller.may("knowbase", right::UPDATE)) {
            (true, false) => drop(input.insert("is_faq".to_owned(), 1.into())),
            (false, true) => drop(input.insert("is_faq".to_owned(), 0.into())),
            _ => {}
        },
        "Reminder" => {
            let key = text_of(input, "uuid");
            let is_taken = |row: &Row| text_of(row, "uuid") == key;
            if !key.is_empty() && desk.store.rows("Reminder").any(is_taken) {
                return Err(format!("Duplicate entry '{key}' for key 'uuid'"));
            }
            if int_of(input, "users_id") == 0 {
                input.insert("users_id".to_owned(), caller.user.into());
            }
        }
        "Entity_Reminder" => {
            let note = desk.store.get("Reminder", int_of(input, "reminders_id"));
            if !note.is_some_and(|note| may_write_note(&desk.store, caller, note)) {
                return Err(RIGHT_MISSING.to_owned());
            }
        }
        "KnowbaseItem_Item" => {
            let (article, item) = (int_of(input, "knowbaseitems_id"), int_of(input, "items_id"));
            let row = desk.store.get("KnowbaseItem", article);
            if !row.is_some_and(|row| readable(&desk.store, caller, "KnowbaseItem", row)) {
                return Err(RIGHT_MISSING.to_owned());
            }
            let mut twins = desk.store.rows_of(kind, "knowbaseitems_id", article);
            if twins.any(|row| int_of(row, "items_id") == item) {
                return Err(format!(
                    "Duplicate entry '{}-{item}-{article}' for key 'unicity'",
                    text_of(input, "itemtype")
                ));
            }
        }
        "Document" => {
            input.insert("users_id".to_owned(), caller.user.into());
        }
        "APIClient" => clients::prepare(input),
        _ => {}
    }
    let id = desk.store.insert(kind, input);
    match kind {
        "Profile" => profiles::begin(desk, id, input),
        "ProfileRight" => profiles::follow(&mut desk.store, id),
        _ => {}
    }
    if kind == "User" {
        let profile = |field: &str, usual: i64| input.get(field).map_or(usual, int);
        let row = json!({
            "users_id": id, "profiles_id": profile("_profiles_id", 1), "entities_id": profile("_entities_id", 0),
            "is_recursive": profile("_is_recursive", 0),
        });
        if let Value::Object(row) = row {
            desk.store.insert("Profile_User", &row);
        }
        let emails = input.get("_useremails").map(elements).unwrap_or_default();
        for (at, email) in emails.into_iter().enumerate() {
            let row = json!({ "users_id": id, "is_default": i64::from(at == 0), "email": email });
            if let Value::Object(row) = row {
                desk.store.insert("UserEmail", &row);
            }
        }
    }
    Ok(id)
}

/// How the success message names an item; relations have no message.
fn label(desk: &Helpdesk, kind: &str, id: i64) -> Option<String> {
    let name = desk.store.name_of(kind, id, "name").filter(|name| !name.is_empty());
    Some(match kind {
        "Ticket" if desk.version == Version::Eleven => name.unwrap_or_else(|| format!("Ticket - ID {id}")),
        "Ticket" => format!("{} ({id})", name.unwrap_or_else(|| format!("Ticket - ID {id}"))),
        "ITILSolution" => id.to_string(),
        "KnowbaseItem_Item" => format!("Objet de la base de connaissances - ID {id}"),
        "Entity_KnowbaseItem" | "Entity_Reminder" => format!("Général - ID {id}"),
        "KnowbaseItem" => name.unwrap_or_else(|| format!("Base de connaissances - ID {id}")),
        "Group_Ticket"
        | "Ticket_User"
        | "Ticket_Ticket"
        | "ITILFollowup"
        | "RuleCriteria"
        | "RuleAction"
        | "NotificationTarget"
        | "Notification_NotificationTemplate"
        | "Group_User"
        | "UserEmail"
        | "Profile_User"
        | "Document_Item" => {
            return None;
        }
        _ => name.unwrap_or_else(|| format!("{kind} - ID {id}")),
    })
}

/// The input as GLPI's sanitizer leaves it: texts entity-encoded.
fn encoded(input: &Row) -> Row {
    let encode = |(field, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => Value::String(encode(text)),
            other => other.clone(),
        };
        (field.clone(), value)
    };
    input.iter().map(encode).collect()
}

/// `PUT Type/id`, or `PUT Type` with the ids in the inputs.
pub(super) fn update(desk: &mut Helpdesk, call: &Call, caller: &Caller, target: &Target) -> Result<Answer, Answer> {
    let inputs = match call.parameters.get("input") {
        Some(Value::Object(input)) => {
            let mut input = input.clone();
            if let Some(id) = target.id
                && !input.contains_key("id")
            {
                input.insert("id".to_owned(), id.into());
            }
            let (result, done) = change(desk, caller, target, &input);
            return if done {
                Ok(Answer::ok(&Value::Array(result.into_iter().collect())))
            } else {
                let message = result.and_then(|result| result.get("message").cloned());
                let message = message.unwrap_or_default();
                Err(Answer::error(StatusCode::BAD_REQUEST, "ERROR_GLPI_UPDATE", message))
            };
        }
        Some(Value::Array(inputs)) => inputs,
        _ => return Err(Answer::bad_array(&desk.base)),
    };
    let mut results = Vec::new();
    let mut done = 0;
    for input in inputs {
        let Value::Object(input) = input else {
            return Err(Answer::fatal());
        };
        let (result, changed) = change(desk, caller, target, input);
        done += usize::from(changed);
        results.extend(result);
    }
    if done < inputs.len() && done > 0 {
        let code = "ERROR_GLPI_PARTIAL_UPDATE";
        return Err(Answer::error(StatusCode::MULTI_STATUS, code, results));
    }
    several(results, done, "UPDATE", StatusCode::OK)
}

/// The line of the answer for one update, and whether it was done; a missing item has no line.
fn change(desk: &mut Helpdesk, caller: &Caller, target: &Target, input: &Row) -> (Option<Value>, bool) {
    let Some(id) = input.get("id").map(int) else {
        return (Some(json!([])), true);
    };
    let Some(row) = desk.store.get(target.kind, id) else {
        return (None, false);
    };
    let open = readable(&desk.store, caller, target.kind, row);
    let may = match target.kind {
        "Ticket" => tickets::may_change(&desk.store, caller, row),
        // `ITILFollowup::canUpdateItem`; what is private and one's own is always one's own (`CommonDBTM::can`).
        "ITILFollowup" => {
            let is_own = int_of(row, "users_id") == caller.user;
            let may_own = flag(row, "is_private") || caller.may("followup", right::UPDATE);
            open && (is_own && may_own || caller.may("followup", right::UPDATE_ALL))
        }
        "KnowbaseItem" => may_write_article(&desk.store, caller, row),
        "Reminder" => may_write_note(&desk.store, caller, row),
        _ => open && caller.may(target.right, right::UPDATE),
    };
    if !may {
        let line = json!({ id.to_string(): false, "message": RIGHT_MISSING });
        return (Some(line), false);
    }
    let input = encoded(input);
    if target.kind == "Ticket" {
        tickets::update(desk, caller, id, input);
    } else {
        desk.store.update(target.kind, id, &input);
        if target.kind == "ProfileRight" {
            profiles::follow(&mut desk.store, id);
        }
        if target.kind == "KnowbaseItem" {
            file(desk, id, &input);
        }
        if target.kind == "ITILFollowup" {
            let ticket = desk.store.get(target.kind, id).map_or(0, |row| int_of(row, "items_id"));
            status::take_into_account(desk, caller, ticket);
        }
    }
    (Some(json!({ id.to_string(): true, "message": "" })), true)
}

/// Whether the caller may change an article (`KnowbaseItem::canUpdate`, `canUpdateItem`): any, their own, or one they
/// are a reader of.
fn may_write_article(store: &Store, caller: &Caller, article: &Row) -> bool {
    let is_admin = caller.may("knowbase", right::ALL_ARTICLES);
    let is_own = caller.is_central() && int_of(article, "users_id") == caller.user;
    let by_right = if int_of(article, "is_faq") > 0 { right::PUBLISH_FAQ } else { right::UPDATE };
    let is_read = readable(store, caller, "KnowbaseItem", article) && caller.may("knowbase", by_right);
    caller.may("knowbase", right::UPDATE | right::ALL_ARTICLES) && (is_admin || is_own || is_read)
}

/// Whether the caller may change a note (`Reminder::canUpdate`, `canUpdateItem`): their own, or one that they see.
fn may_write_note(store: &Store, caller: &Caller, note: &Row) -> bool {
    let is_own = int_of(note, "users_id") == caller.user && caller.may("reminder_public", right::PERSONAL);
    is_own || caller.may("reminder_public", right::UPDATE) && visible(store, caller, "Reminder", note)
}

/// `DELETE Type/id`, or `DELETE Type` with the ids in the inputs; `force_purge` skips the bin.
pub(super) fn delete(desk: &mut Helpdesk, call: &Call, caller: &Caller, target: &Target) -> Result<Answer, Answer> {
    let purge = flag(&call.parameters, "force_purge");
    let single = match (target.id, call.parameters.get("input")) {
        (Some(id), _) => Some(id),
        (None, Some(Value::Object(input))) => Some(int_of(input, "id")),
        _ => None,
    };
    if let Some(id) = single {
        let input = call.parameters.get("input").filter(|_| target.id.is_none());
        return match remove(desk, caller, target, (id, input), purge) {
            Ok(()) => Ok(Answer::ok(&json!([{ id.to_string(): true, "message": "" }]))),
            Err(message) => Err(Answer::error(StatusCode::BAD_REQUEST, "ERROR_GLPI_DELETE", message)),
        };
    }
    let Some(Value::Array(inputs)) = call.parameters.get("input") else {
        return Err(Answer::bad_array(&desk.base));
    };
    let mut done = 0;
    let mut results = Vec::new();
    for input in inputs {
        let id = input.get("id").map(int).unwrap_or_default();
        let removed = remove(desk, caller, target, (id, Some(input)), purge);
        done += usize::from(removed.is_ok());
        let message = removed.as_ref().err().map_or("", |message| *message);
        results.push(json!({ id.to_string(): removed.is_ok(), "message": message }));
    }
    several(results, done, "DELETE", StatusCode::OK)
}

fn remove(
    desk: &mut Helpdesk,
    caller: &Caller,
    target: &Target,
    (id, input): (i64, Option<&Value>),
    purge: bool,
) -> Result<(), &'static str> {
    let kind = target.kind;
    let row = desk.store.get(kind, id).ok_or(NOT_FOUND)?;
    let bits = match (kind, purge) {
        ("Ticket", true) => right::PURGE,
        ("Ticket", false) => right::DELETE,
        _ => right::PURGE | right::UPDATE,
    };
    // Who sees a ticket takes groups and people off it: of both ends of such a link GLPI asks for the group's alone.
    let is_actor = matches!(kind, "Group_Ticket" | "Ticket_User");
    let allowed = is_actor || caller.may(target.right, bits);
    if !allowed || !visible(&desk.store, caller, kind, row) {
        return Err(RIGHT_MISSING);
    }
    if row.contains_key("is_deleted") && !purge {
        desk.store.set(kind, id, "is_deleted", 1);
        return Ok(());
    }
    match kind {
        "Ticket" => tickets::purge(desk, id),
        "Group_Ticket" | "Ticket_User" => {
            let is_silent = input.is_some_and(|input| input.get("_disablenotif").is_some());
            actors::remove(desk, caller, (kind, id), is_silent);
        }
        "ITILFollowup" => timeline::remove_followup(desk, caller, id),
        "KnowbaseItem" => {
            for part in ["Entity_KnowbaseItem", "KnowbaseItem_Item", "KnowbaseItem_KnowbaseItemCategory"] {
                let rows = desk.store.rows_of(part, "knowbaseitems_id", id);
                let ids: Vec<i64> = rows.map(|row| int_of(row, "id")).collect();
                for row in ids {
                    desk.store.remove(part, row);
                }
            }
            desk.store.remove(kind, id);
        }
        _ => {
            desk.store.remove(kind, id);
        }
    }
    Ok(())
}
