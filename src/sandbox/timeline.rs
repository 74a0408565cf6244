//! Follow-ups and solutions: what is said on a ticket, and what that does to its status.

use serde_json::Value;

use super::actors;
use super::answer::{NotAdded, RIGHT_MISSING};
use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::php::{Row, flag, int_of, text_of};
use super::right;
use super::status::{self, CLOSED, SOLVED, WAITING};
use super::store::{Event, now};
use super::upload::{self, Arrived, Messages, Owner};

const WAITING_FOR_APPROVAL: i64 = 2;
pub(super) const ACCEPTED: i64 = 3;
pub(super) const REFUSED: i64 = 4;

/// A follow-up; `add_close` approves the solution, `add_reopen` refuses it, or ends the waiting.
pub(super) fn add_followup(
    desk: &mut Helpdesk,
    caller: &Caller,
    mut input: Row,
    files: &Arrived<'_>,
    messages: &mut Messages,
) -> Result<i64, NotAdded> {
    let ticket = int_of(&input, "items_id");
    let row = desk.store.get("Ticket", ticket);
    let of_ticket = text_of(&input, "itemtype") == "Ticket";
    if !of_ticket || !row.is_some_and(|row| caller.sees(&desk.store, row) && caller.may_follow_up(&desk.store, row)) {
        return Err(RIGHT_MISSING.to_owned().into());
    }
    // `Ticket::canReopen`
    if status::status(&desk.store, ticket) == CLOSED && !caller.may("followup", right::CREATE) {
        return Err(RIGHT_MISSING.to_owned().into());
    }
    if text_of(&input, "content").is_empty() {
        if flag(&input, "add_reopen") {
            let message = "Si vous souhaitez rouvrir cet élément, vous devez indiquer une raison";
            return Err(message.to_owned().into());
        }
        if !flag(&input, "add_close") {
            let message = "Vous ne pouvez pas ajouter de suivi sans une description";
            return Err(message.to_owned().into());
        }
        input.insert("content".to_owned(), "Solution approuvée".into());
    }
    if !input.contains_key("users_id") {
        input.insert("users_id".to_owned(), caller.user.into());
    }
    input.insert("timeline_position".to_owned(), Value::from(1));
    let followup = desk.store.insert("ITILFollowup", &input);
    let owner = Owner { kind: "ITILFollowup", id: followup, author: int_of(&input, "users_id") };
    upload::attach(desk, &owner, &input, files, messages)?;
    log(desk, caller, ticket, "ITILFollowup", &followup.to_string());
    status::touch(desk, caller, ticket);
    if !flag(&input, "_do_not_compute_takeintoaccount") {
        status::take_into_account(desk, caller, ticket);
    }
    if flag(&input, "pending") {
        status::set_status(desk, caller, ticket, WAITING);
        let reason = Row::from_iter([
            ("itemtype".to_owned(), "Ticket".into()),
            ("items_id".to_owned(), ticket.into()),
            ("pendingreasons_id".to_owned(), int_of(&input, "pendingreasons_id").into()),
        ]);
        desk.store.insert("PendingReason_Item", &reason);
        let reason = status::name_of_reason(&desk.store, int_of(&input, "pendingreasons_id"));
        desk.store.log(("Ticket", ticket), caller.user, &Event::of("PendingReason", 15, 0, &reason));
        return Ok(followup);
    }
    let answered = matches!(status::status(&desk.store, ticket), SOLVED | CLOSED);
    if answered && flag(&input, "add_close") {
        judge(desk, caller, ticket, ACCEPTED);
        status::set_status(desk, caller, ticket, CLOSED);
    } else if (answered || status::status(&desk.store, ticket) == WAITING) && flag(&input, "add_reopen") {
        if answered {
            judge(desk, caller, ticket, REFUSED);
        }
        let status = if actors::is_assigned(&desk.store, ticket) { 2 } else { 1 };
        status::set_status(desk, caller, ticket, status);
    }
    Ok(followup)
}

/// Takes a follow-up away, which its ticket's history tells.
pub(super) fn remove_followup(desk: &mut Helpdesk, caller: &Caller, id: i64) {
    let Some(row) = desk.store.remove("ITILFollowup", id) else { return };
    let ticket = int_of(&row, "items_id");
    desk.store.log(("Ticket", ticket), caller.user, &Event::of("ITILFollowup", 19, 0, &id.to_string()));
    status::touch(desk, caller, ticket);
}

/// Writes the answer into the ticket's last solution.
pub(super) fn judge(desk: &mut Helpdesk, caller: &Caller, ticket: i64, status: i64) {
    let solutions = desk.store.rows_of("ITILSolution", "items_id", ticket);
    let Some(last) = solutions.last().map(|row| int_of(row, "id")) else {
        return;
    };
    let verdict = Row::from_iter([
        ("status".to_owned(), Value::from(status)),
        ("date_approval".to_owned(), now().into()),
        ("users_id_approval".to_owned(), caller.user.into()),
    ]);
    // `CommonITILObject::pre_updateInDB`
    desk.store.update_silently("ITILSolution", last, &verdict);
}

/// A solution, which solves its ticket; GLPI takes one for a missing ticket as well.
pub(super) fn add_solution(desk: &mut Helpdesk, caller: &Caller, mut input: Row) -> Result<i64, String> {
    let ticket = int_of(&input, "items_id");
    // `CommonITILObject::canSolve`
    if !caller.may("ticket", right::UPDATE) && !caller.works_on(&desk.store, ticket) {
        return Err(RIGHT_MISSING.to_owned());
    }
    if matches!(status::status(&desk.store, ticket), SOLVED | CLOSED) {
        let message = "Cet item est déjà résolu, quelqu'un a-t-il publié une solution avant vous ?";
        return Err(message.to_owned());
    }
    input.insert("status".to_owned(), WAITING_FOR_APPROVAL.into());
    if !input.contains_key("users_id") {
        input.insert("users_id".to_owned(), caller.user.into());
    }
    let solution = desk.store.insert("ITILSolution", &input);
    status::set_status(desk, caller, ticket, SOLVED);
    log(desk, caller, ticket, "ITILSolution", &format!("{solution} ({solution})"));
    status::take_into_account(desk, caller, ticket);
    Ok(solution)
}

/// The line of a new follow-up or solution in the ticket's history.
fn log(desk: &mut Helpdesk, caller: &Caller, ticket: i64, kind: &str, name: &str) {
    let event = Event::of(kind, 17, 0, name);
    desk.store.log(("Ticket", ticket), caller.user, &event);
}
