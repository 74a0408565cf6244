//! Who acts on a ticket: requesters, assigned and observing users and groups.

use serde_json::{Value, json};

use super::answer::RIGHT_MISSING;
use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::php::{Row, elements, flag, int, int_of, text, text_of};
use super::roles::{Party, Role};
use super::settings::Version;
use super::status::{self, ASSIGNED, NEW};
use super::store::{Event, Store};
use super::text::{decode, encode};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Actor {
    pub(super) role: Role,
    pub(super) party: Party,
    pub(super) id: i64,
    notify: i64,
    pub(super) email: String,
}

impl Actor {
    pub(super) fn new(role: Role, party: Party, id: i64) -> Self {
        Self { role, party, id, notify: 1, email: String::new() }
    }
}

/// Whether GLPI takes an address: 10 neither `&` nor anything but ASCII.
pub(super) fn takes_address(version: Version, email: &str) -> bool {
    let email = decode(email);
    let complete = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    complete
        && !email.contains(char::is_whitespace)
        && (version == Version::Eleven || email.is_ascii() && !email.contains('&'))
}

/// `_groups_id_assign` and the like.
pub(super) fn field(field: &str) -> Option<(Role, Party)> {
    Role::ALL.into_iter().find_map(|(role, name)| {
        let rest = field.strip_suffix(name)?;
        match rest {
            "_users_id_" => Some((role, Party::User)),
            "_groups_id_" => Some((role, Party::Group)),
            _ => None,
        }
    })
}

/// Every actor an input names: `_users_id_<role>` with its `_notif`, `_groups_id_<role>`,
/// `_actors` and `_itil_<role>`.
pub(super) fn named_in(input: &Row) -> Vec<Actor> {
    let mut actors = Vec::new();
    let mut push = |actor: Actor| {
        let nobody = actor.id == 0 && actor.email.is_empty();
        if !nobody && !actors.contains(&actor) {
            actors.push(actor);
        }
    };
    for (role, name) in Role::ALL {
        let list = |field: String| input.get(&field).map(elements).unwrap_or_default();
        let notification = input.get(&format!("_users_id_{name}_notif"));
        let of_notification = |field: &str, at: usize| {
            let values = notification?.get(field).map(elements)?;
            values.get(at).map(|value| (*value).clone())
        };
        for (at, user) in list(format!("_users_id_{name}")).into_iter().enumerate() {
            let mut actor = Actor::new(role, Party::User, int(user));
            if let Some(notify) = of_notification("use_notification", at) {
                actor.notify = int(&notify);
            }
            let email = of_notification("alternative_email", at);
            actor.email = email.as_ref().map(text).unwrap_or_default();
            push(actor);
        }
        for group in list(format!("_groups_id_{name}")) {
            push(Actor::new(role, Party::Group, int(group)));
        }
        for actor in input.get("_actors").and_then(|all| all.get(name)).map(elements).unwrap_or_default() {
            let Value::Object(actor) = actor else {
                continue;
            };
            push(named_actor(role, actor));
        }
        if let Some(Value::Object(one)) = input.get(&format!("_itil_{name}")) {
            let party = match text_of(one, "_type").as_str() {
                "group" => Party::Group,
                _ => Party::User,
            };
            let mut actor = Actor::new(role, party, int_of(one, party.key()));
            if actor.id == 0 {
                actor.email = text_of(one, "alternative_email");
            }
            push(actor);
        }
    }
    actors
}

/// An element of `_actors`.
fn named_actor(role: Role, actor: &Row) -> Actor {
    let party = match text_of(actor, "itemtype").as_str() {
        "Group" => Party::Group,
        _ => Party::User,
    };
    let id = int_of(actor, "items_id");
    Actor {
        notify: actor.get("use_notification").map_or(1, int),
        email: if id == 0 { text_of(actor, "alternative_email") } else { String::new() },
        ..Actor::new(role, party, id)
    }
}

pub(super) fn link(desk: &mut Helpdesk, caller: &Caller, ticket: i64, actor: &Actor) -> i64 {
    let row = json!({
        "tickets_id": ticket, actor.party.key(): actor.id, "type": actor.role as i64,
        "use_notification": actor.notify, "alternative_email": encode(&actor.email),
    });
    let row = row.as_object().cloned().unwrap_or_default();
    let id = desk.store.insert(actor.party.links(), &row);
    let option = actor.role.option(actor.party);
    let name = format!("{} ({})", party_name(&desk.store, actor), actor.id);
    if actor.id > 0 {
        let event = Event::of(actor.party.kind(), 15, option, &name);
        desk.store.log(("Ticket", ticket), caller.user, &event);
    }
    id
}

fn party_name(store: &Store, actor: &Actor) -> String {
    match actor.party {
        Party::User => store.person(actor.id),
        Party::Group => store.name_of("Group", actor.id, "completename").unwrap_or_default(),
    }
}

/// A `Group_Ticket` or `Ticket_User` of its own: it must name a ticket and a party that exist.
pub(super) fn add(desk: &mut Helpdesk, caller: &Caller, kind: &str, input: &Row) -> Result<i64, String> {
    let party = if kind == Party::User.links() { Party::User } else { Party::Group };
    let ticket = int_of(input, "tickets_id");
    let role = Role::of_number(input.get("type").map_or(1, int));
    let id = int_of(input, party.key());
    let email = text_of(input, "alternative_email");
    let by_email = party == Party::User && id == 0 && !email.is_empty();
    let known = by_email || desk.store.get(party.kind(), id).is_some();
    let seen = desk.store.get("Ticket", ticket).is_some_and(|row| caller.sees(&desk.store, row));
    let Some(role) = role.filter(|_| known && seen) else {
        return Err(RIGHT_MISSING.to_owned());
    };
    let mut actor = Actor::new(role, party, id);
    if by_email {
        if !takes_address(desk.version, &email) {
            let kind = if desk.version == Version::Eleven { "e-mail" } else { "de courriel" };
            return Err(format!("Adresse {kind} invalide"));
        }
        actor.email = email;
    }
    if let Some(notify) = input.get("use_notification") {
        actor.notify = int(notify);
    }
    if linked(&desk.store, ticket, &actor) {
        return Err(if by_email {
            let (role, email) = (role as i64, &actor.email);
            format!("Duplicate entry '{ticket}-{role}-0-{email}' for key 'unicity'")
        } else {
            String::new()
        });
    }
    if role == Role::Assigned {
        if !flag(input, "_do_not_compute_takeintoaccount") {
            status::take_into_account(desk, caller, ticket);
        }
        if status::status(&desk.store, ticket) == NEW {
            status::set_status(desk, caller, ticket, ASSIGNED);
        }
    }
    status::touch(desk, caller, ticket);
    let link = link(desk, caller, ticket, &actor);
    let event = match (party, role) {
        (Party::Group, Role::Assigned) => Some("assign_group"),
        (Party::Group, Role::Observer) => Some("observer_group"),
        _ => None,
    };
    if let Some(event) = event.filter(|_| !input.contains_key("_disablenotif")) {
        desk.told.push((ticket, event));
    }
    Ok(link)
}

pub(super) fn linked(store: &Store, ticket: i64, actor: &Actor) -> bool {
    store.rows_of(actor.party.links(), "tickets_id", ticket).any(|row| {
        int_of(row, "type") == actor.role as i64
            && int_of(row, actor.party.key()) == actor.id
            && decode(&text_of(row, "alternative_email")) == actor.email
    })
}

/// Takes an actor off its ticket; with the last assigned one the ticket is new again.
pub(super) fn remove(desk: &mut Helpdesk, caller: &Caller, (kind, link): (&str, i64), is_silent: bool) {
    let Some(row) = desk.store.remove(kind, link) else {
        return;
    };
    let ticket = int_of(&row, "tickets_id");
    let party = if kind == Party::User.links() { Party::User } else { Party::Group };
    status::touch(desk, caller, ticket);
    // an input of its own cannot forbid it, as it can when an actor is added
    status::take_into_account(desk, caller, ticket);
    if status::status(&desk.store, ticket) == ASSIGNED && !is_assigned(&desk.store, ticket) {
        status::set_status(desk, caller, ticket, NEW);
    } else if !is_silent {
        desk.told.push((ticket, "update"));
    }
    let actor = Actor::new(Role::Assigned, party, int_of(&row, party.key()));
    let name = format!("{} ({})", party_name(&desk.store, &actor), actor.id);
    let event = Event::without(party.kind(), &name);
    desk.store.log(("Ticket", ticket), caller.user, &event);
}

pub(super) fn is_assigned(store: &Store, ticket: i64) -> bool {
    [Party::User, Party::Group].into_iter().any(|party| {
        let mut links = store.rows_of(party.links(), "tickets_id", ticket);
        links.any(|link| int_of(link, "type") == Role::Assigned as i64)
    })
}

/// `_actors` of an update: who is not named in it, in any role, is removed.
pub(super) fn replace(desk: &mut Helpdesk, caller: &Caller, ticket: i64, actors: &[Actor]) {
    for party in [Party::User, Party::Group] {
        let gone: Vec<_> = desk
            .store
            .rows_of(party.links(), "tickets_id", ticket)
            .filter(|row| {
                !actors.iter().any(|actor| {
                    actor.party == party
                        && actor.role as i64 == int_of(row, "type")
                        && actor.id == int_of(row, party.key())
                })
            })
            .map(|row| int_of(row, "id"))
            .collect();
        for id in gone {
            desk.store.remove(party.links(), id);
        }
    }
    for actor in actors {
        if !linked(&desk.store, ticket, actor) {
            link(desk, caller, ticket, actor);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn actors(input: &Value) -> Vec<(i64, &'static str, i64, String)> {
        named_in(input.as_object().unwrap())
            .into_iter()
            .map(|a| (a.role as i64, a.party.kind(), a.id, a.email))
            .collect()
    }

    #[test]
    fn actors_by_user_by_email_and_by_group() {
        let input = json!({
            "_users_id_requester": [7, 0, 7],
            "_users_id_requester_notif": {
                "use_notification": [1, 1], "alternative_email": ["", "x@y.z"],
            },
            "_groups_id_assign": "1",
            "_groups_id_observer": [3],
            "_users_id_observer": 0,
        });
        assert_eq!(
            actors(&input),
            [
                (1, "User", 7, String::new()),
                (1, "User", 0, "x@y.z".to_owned()),
                (2, "Group", 1, String::new()),
                (3, "Group", 3, String::new()),
            ]
        );
    }
}
