//! Tickets: how GLPI makes one from nearly anything, and its status.

use serde_json::Value;

use super::actors::{self, Actor};
use super::answer::{NotAdded, RIGHT_MISSING};
use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::php::{Row, flag, int, int_of, text_of};
use super::right;
use super::roles::{Party, Role};
use super::rules;
use super::settings::Version;
use super::status::{ASSIGNED, CLOSED, NEW, SOLVED, set_status, take_into_account, touch};
use super::store::{Event, Store, now};
use super::text::{decode, encode, without_tags};
use super::timeline;
use super::upload::{self, Arrived, Messages, Owner};

/// GLPI's default priority by urgency (line) and impact (column), each from 1 to 5.
const PRIORITIES: [[i64; 5]; 5] = [[1, 1, 2, 2, 2], [1, 2, 2, 3, 3], [2, 2, 3, 4, 4], [2, 3, 4, 4, 5], [2, 3, 4, 5, 5]];

/// Makes a ticket. It only fails for an entity that is not there.
pub(super) fn add(
    desk: &mut Helpdesk,
    caller: &Caller,
    mut input: Row,
    files: &Arrived<'_>,
    messages: &mut Messages,
) -> Result<i64, NotAdded> {
    if desk.store.get("Entity", int_of(&input, "entities_id")).is_none() {
        return Err(RIGHT_MISSING.to_owned().into());
    }
    let mut actors = actors::named_in(&input);
    for change in rules::on_add(&desk.store, &input) {
        match actors::field(&change.field) {
            Some((role, party)) => {
                if !change.appends {
                    actors.retain(|actor| (actor.role, actor.party) != (role, party));
                }
                let actor = Actor::new(role, party, int(&change.value));
                if !actors.contains(&actor) {
                    actors.push(actor);
                }
            }
            None => {
                input.insert(change.field, change.value);
            }
        }
    }
    if let Some(actor) =
        actors.iter().find(|actor| !actor.email.is_empty() && !actors::takes_address(desk.version, &actor.email))
    {
        let kind = if desk.version == Version::Eleven { "e-mail" } else { "courriel" };
        return Err(format!("Adresse {kind} {} invalide", decode(&actor.email)).into());
    }
    actors.sort_by_key(|actor| actor.role as i64);
    complete(&mut input, caller);
    let is_assigned = actors.iter().any(|actor| actor.role == Role::Assigned);
    let promoted = is_assigned && int_of(&input, "status") == NEW;
    let ticket = desk.store.insert("Ticket", &input);
    let owner = Owner { kind: "Ticket", id: ticket, author: caller.user };
    upload::attach(desk, &owner, &input, files, messages)?;
    let item = ("Ticket", ticket);
    let counts = !flag(&input, "_do_not_compute_takeintoaccount");
    for actor in &actors {
        if actor.role == Role::Assigned && counts {
            take_into_account(desk, caller, ticket);
        }
        // an unknown one is dropped without a word, and by 11 an account that it would write nothing to
        let known = match (desk.version, actor.party) {
            (Version::Eleven, Party::User) => has_rights(&desk.store, actor.id, int_of(&input, "entities_id")),
            _ => desk.store.get(actor.party.kind(), actor.id).is_some(),
        };
        if known || !actor.email.is_empty() {
            actors::link(desk, caller, ticket, actor);
        }
    }
    if promoted {
        desk.store.set("Ticket", ticket, "status", ASSIGNED);
        let event = Event::field(12, "1", "2");
        desk.store.log(item, caller.user, &event);
    }
    let event = Event::of("0", 20, 0, "");
    desk.store.log(item, caller.user, &event);
    Ok(ticket)
}

/// Whether a ticket may be changed (`Ticket::canUpdate`, `canUpdateItem`): any, or one's own as long as nothing was said on it.
pub(super) fn may_change(store: &Store, caller: &Caller, ticket: &Row) -> bool {
    let some = if caller.is_central() { right::UPDATE | right::SOME_CHANGE } else { right::CREATE };
    let is_open = !matches!(int_of(ticket, "status"), SOLVED | CLOSED);
    let mut said = store.rows_of("ITILFollowup", "items_id", int_of(ticket, "id"));
    let is_untouched = is_open && said.next().is_none();
    caller.may("ticket", some)
        && (caller.owns(store, ticket) && is_untouched || caller.is_central() && caller.may("ticket", right::UPDATE))
}

/// Whether an account is in use now and has a profile on this entity (`User::getSqlSearchResult`).
fn has_rights(store: &Store, user: i64, entity: i64) -> bool {
    let Some(row) = store.get("User", user) else {
        return false;
    };
    let (begins, ends, now) = (text_of(row, "begin_date"), text_of(row, "end_date"), now());
    let in_use = flag(row, "is_active")
        && !flag(row, "is_deleted")
        && (begins.is_empty() || begins < now)
        && (ends.is_empty() || ends > now);
    let mut above = vec![entity];
    while let Some(row) = above.last().and_then(|entity| store.get("Entity", *entity)) {
        match row.get("entities_id").and_then(Value::as_i64) {
            Some(parent) if !above.contains(&parent) => above.push(parent),
            _ => break,
        }
    }
    in_use
        && store.rows_of("Profile_User", "users_id", user).any(|link| {
            let of = int_of(link, "entities_id");
            of == entity || flag(link, "is_recursive") && above.contains(&of)
        })
}

/// What GLPI fills in before it stores a new ticket.
fn complete(input: &mut Row, caller: &Caller) {
    let mut default = |field: &str, value: Value| {
        if !input.contains_key(field) {
            input.insert(field.to_owned(), value);
        }
    };
    default("content", "".into());
    default("name", "".into());
    default("status", NEW.into());
    default("urgency", 3.into());
    default("impact", 3.into());
    if text_of(input, "name").is_empty() {
        let words = without_tags(&decode(&text_of(input, "content")));
        let title: String = words.chars().take(70).collect();
        input.insert("name".to_owned(), encode(&title).into());
    }
    let name: String = text_of(input, "name").chars().take(255).collect();
    input.insert("name".to_owned(), name.into());
    if !input.contains_key("priority") {
        let priority = priority(int_of(input, "urgency"), int_of(input, "impact"));
        input.insert("priority".to_owned(), priority.into());
    }
    input.insert("users_id_recipient".to_owned(), caller.user.into());
    input.insert("users_id_lastupdater".to_owned(), caller.user.into());
    input.remove("id");
}

fn priority(urgency: i64, impact: i64) -> i64 {
    let index = |level: i64| usize::try_from(level - 1).unwrap_or(usize::MAX);
    let line = PRIORITIES.get(index(urgency));
    line.and_then(|line| line.get(index(impact))).copied().unwrap_or(3)
}

/// Updates a ticket: fields, priority, status with its dates, and actors.
pub(super) fn update(desk: &mut Helpdesk, caller: &Caller, ticket: i64, mut input: Row) {
    let old = desk.store.get("Ticket", ticket).cloned().unwrap_or_default();
    let urgent = input.contains_key("urgency") || input.contains_key("impact");
    if urgent && !input.contains_key("priority") {
        let level = |field| input.get(field).map_or_else(|| int_of(&old, field), int);
        let priority = priority(level("urgency"), level("impact"));
        input.insert("priority".to_owned(), priority.into());
    }
    let status = input.remove("status").map(|status| int(&status));
    if let Some(Value::Object(_)) = input.get("_actors") {
        actors::replace(desk, caller, ticket, &actors::named_in(&input));
    } else {
        for actor in actors::named_in(&input) {
            if !actors::linked(&desk.store, ticket, &actor) {
                actors::link(desk, caller, ticket, &actor);
            }
        }
    }
    desk.store.update("Ticket", ticket, &input);
    if input.get("takeintoaccount_delay_stat").is_some_and(|delay| int(delay) == 0) {
        desk.store.set("Ticket", ticket, "takeintoaccountdate", Value::Null);
    }
    touch(desk, caller, ticket);
    if flag(&input, "_accepted") {
        timeline::judge(desk, caller, ticket, timeline::ACCEPTED);
    }
    if let Some(status) = status {
        let is_over = |status: i64| matches!(status, SOLVED | CLOSED);
        if is_over(int_of(&old, "status")) && !is_over(status) {
            timeline::judge(desk, caller, ticket, timeline::REFUSED);
        }
        set_status(desk, caller, ticket, status);
        if !flag(&input, "_do_not_compute_takeintoaccount") {
            take_into_account(desk, caller, ticket);
        }
    } else if int_of(&old, "status") == NEW && actors::is_assigned(&desk.store, ticket) {
        set_status(desk, caller, ticket, ASSIGNED);
    }
}

/// Removes a ticket with everything that hangs on it.
pub(super) fn purge(desk: &mut Helpdesk, ticket: i64) {
    for (kind, field) in [
        ("Ticket_User", "tickets_id"),
        ("Group_Ticket", "tickets_id"),
        ("ITILFollowup", "items_id"),
        ("ITILSolution", "items_id"),
        ("Document_Item", "items_id"),
        ("KnowbaseItem_Item", "items_id"),
        ("Log", "items_id"),
    ] {
        let of_ticket = |row: &&Row| field == "tickets_id" || text_of(row, "itemtype") == "Ticket";
        let rows = desk.store.rows_of(kind, field, ticket).filter(of_ticket);
        let ids: Vec<_> = rows.map(|row| int_of(row, "id")).collect();
        for id in ids {
            desk.store.remove(kind, id);
        }
    }
    desk.store.remove("Ticket", ticket);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_of_the_default_matrix() {
        assert_eq!(priority(4, 3), 4);
        assert_eq!(priority(3, 3), 3);
        assert_eq!(priority(5, 5), 5);
        assert_eq!(priority(1, 1), 1);
    }
}
