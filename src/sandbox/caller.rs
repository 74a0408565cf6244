//! The user behind a session, and what their profile allows.

use super::php::{Row, int_of, text_of};
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

    /// Whether items of that right can be listed at all.
    pub(super) fn may_list(&self, name: &str) -> bool {
        let bits = match name {
            "ticket" => right::READ | right::READ_ALL,
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

    /// Whether this ticket may be seen: any, or one's own.
    pub(super) fn sees(&self, store: &Store, ticket: &Row) -> bool {
        let mut actors = store.rows_of("Ticket_User", "tickets_id", int_of(ticket, "id"));
        self.may("ticket", right::READ_ALL)
            || int_of(ticket, "users_id_recipient") == self.user
            || actors.any(|actor| int_of(actor, "users_id") == self.user)
    }
}
