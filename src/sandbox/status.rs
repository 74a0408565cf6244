//! A ticket's status, with the dates that belong to it.

use serde_json::Value;

use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::php::{self, Row, int_of, text_of};
use super::roles::Role;
use super::store::{Event, Store, now, seconds_since};

pub(super) const NEW: i64 = 1;
pub(super) const ASSIGNED: i64 = 2;
pub(super) const WAITING: i64 = 4;
pub(super) const SOLVED: i64 = 5;
pub(super) const CLOSED: i64 = 6;

pub(super) fn status(store: &Store, ticket: i64) -> i64 {
    store.get("Ticket", ticket).map_or(0, |row| int_of(row, "status"))
}

/// Sets the status with the dates that belong to it.
pub(super) fn set_status(desk: &mut Helpdesk, caller: &Caller, ticket: i64, status: i64) {
    let Some(row) = desk.store.get("Ticket", ticket) else {
        return;
    };
    let old = int_of(row, "status");
    let delay = seconds_since(&text_of(row, "date"));
    let solved = row.get("solvedate").is_some_and(php::truthy);
    let waited = match text_of(row, "begin_waiting_date").as_str() {
        "" => 0,
        since => seconds_since(since),
    };
    let waited = int_of(row, "waiting_duration") + waited;
    let mut input = Row::from_iter([("status".to_owned(), Value::from(status))]);
    let mut set = |field: &str, value: Value| input.insert(field.to_owned(), value);
    match status {
        SOLVED | CLOSED => {
            if !solved {
                set("solvedate", now().into());
                set("solve_delay_stat", delay.into());
                set("begin_waiting_date", now().into());
            }
            if status == CLOSED {
                set("closedate", now().into());
                set("close_delay_stat", delay.into());
            }
        }
        WAITING => {
            set("begin_waiting_date", now().into());
        }
        _ => {
            for date in ["solvedate", "closedate", "begin_waiting_date"] {
                set(date, Value::Null);
            }
            set("solve_delay_stat", 0.into());
            set("close_delay_stat", 0.into());
            set("waiting_duration", waited.into());
        }
    }
    desk.store.update("Ticket", ticket, &input);
    touch(desk, caller, ticket);
    if status != WAITING {
        let of_ticket = |row: &&Row| text_of(row, "itemtype") == "Ticket";
        let reasons = desk.store.rows_of("PendingReason_Item", "items_id", ticket).filter(of_ticket);
        for id in reasons.map(|row| int_of(row, "id")).collect::<Vec<_>>() {
            let Some(row) = desk.store.remove("PendingReason_Item", id) else { continue };
            let reason = name_of_reason(&desk.store, int_of(&row, "pendingreasons_id"));
            desk.store.log(("Ticket", ticket), caller.user, &Event::without("PendingReason", &reason));
        }
    }
    if old != status {
        let (old, new) = (old.to_string(), status.to_string());
        let event = Event::field(12, &old, &new);
        desk.store.log(("Ticket", ticket), caller.user, &event);
    }
}

/// A reason to wait, as the history names it.
pub(super) fn name_of_reason(store: &Store, id: i64) -> String {
    format!("{} ({id})", store.name_of("PendingReason", id, "name").unwrap_or_default())
}

/// Someone of the helpdesk did something: unless it was asked not to, GLPI counts the ticket as
/// taken into account from now on.
pub(super) fn take_into_account(desk: &mut Helpdesk, caller: &Caller, ticket: i64) {
    let Some(row) = desk.store.get("Ticket", ticket) else {
        return;
    };
    let is_requester = desk
        .store
        .rows_of("Ticket_User", "tickets_id", ticket)
        .any(|link| int_of(link, "type") == Role::Requester as i64 && int_of(link, "users_id") == caller.user);
    let done = row.get("takeintoaccountdate").is_some_and(php::truthy);
    if done || is_requester || !caller.is_central() {
        return;
    }
    let delay = seconds_since(&text_of(row, "date")).max(1);
    desk.store.set("Ticket", ticket, "takeintoaccountdate", now());
    desk.store.set("Ticket", ticket, "takeintoaccount_delay_stat", delay);
    let delay = delay.to_string();
    let event = Event::field(150, "0", &delay);
    desk.store.log(("Ticket", ticket), caller.user, &event);
}

/// The ticket was changed by the caller, now.
pub(super) fn touch(desk: &mut Helpdesk, caller: &Caller, ticket: i64) {
    desk.store.set("Ticket", ticket, "users_id_lastupdater", caller.user);
}
