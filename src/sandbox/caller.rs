//! The user behind a session, and what their profile allows.

use super::php::{Row, int_of, text_of};
use super::settings::Version;
use super::{right, store::Store};

/// The user behind a session.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user: i64,
    pub(super) profile: Row,
}

impl Caller {
    /// Whether the profile has one of the bits of that right.
    pub(super) fn may(&self, name: &str, bits: i64) -> bool {
        int_of(&self.profile, name) & bits != 0
    }

    /// Whether items of this kind, which this right opens, can be read at all (`canView`).
    pub(super) fn may_list(&self, version: Version, kind: &str, name: &str) -> bool {
        let bits = match name {
            // From 11 on who sees any ticket sees solutions.
            "ticket" if kind == "ITILSolution" && version == Version::Ten => {
                return ["ticket", "change", "problem"].iter().any(|name| self.may(name, right::READ));
            }
            "ticket" => right::READ | right::READ_ALL,
            "followup" => right::SEE_PUBLIC | right::SEE_PRIVATE,
            "knowbase" => right::READ | right::READ_FAQ,
            "reminder_public" => right::READ | right::PERSONAL,
            _ => right::READ,
        };
        self.may(name, bits)
    }

    /// Whether this is someone of the helpdesk, not of the self-service page.
    pub(super) fn is_central(&self) -> bool {
        text_of(&self.profile, "interface") == "central"
    }

    /// Whether this is the caller's own ticket, as its requester or its writer.
    pub(super) fn owns(&self, store: &Store, ticket: &Row) -> bool {
        let mut actors = store.rows_of("Ticket_User", "tickets_id", int_of(ticket, "id"));
        int_of(ticket, "users_id_recipient") == self.user
            || actors.any(|actor| int_of(actor, "users_id") == self.user && int_of(actor, "type") == 1)
    }

    /// Whether the caller works on this ticket, alone or with a group.
    pub(super) fn works_on(&self, store: &Store, ticket: i64) -> bool {
        let is_assigned = |link: &Row| int_of(link, "type") == 2;
        let groups = store.rows_of("Group_User", "users_id", self.user);
        let groups: Vec<i64> = groups.map(|row| int_of(row, "groups_id")).collect();
        let mut users = store.rows_of("Ticket_User", "tickets_id", ticket);
        let mut of_groups = store.rows_of("Group_Ticket", "tickets_id", ticket);
        users.any(|link| is_assigned(link) && int_of(link, "users_id") == self.user)
            || of_groups.any(|link| is_assigned(link) && groups.contains(&int_of(link, "groups_id")))
    }

    /// Whether a follow-up may be added to this ticket (`CommonITILObject::canAddFollowups`).
    pub(super) fn may_follow_up(&self, store: &Store, ticket: &Row) -> bool {
        self.may("followup", right::ADD_ALL)
            || self.may("followup", right::CREATE) && self.owns(store, ticket)
            || self.works_on(store, int_of(ticket, "id"))
    }

    /// Whether this ticket may be seen: any, or one's own.
    pub(super) fn sees(&self, store: &Store, ticket: &Row) -> bool {
        let mut actors = store.rows_of("Ticket_User", "tickets_id", int_of(ticket, "id"));
        self.may("ticket", right::READ_ALL)
            || int_of(ticket, "users_id_recipient") == self.user
            || actors.any(|actor| int_of(actor, "users_id") == self.user)
    }
}
