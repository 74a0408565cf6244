//! What a user or a group is to a ticket.

/// The part an actor has in a ticket, with GLPI's number and its name in inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Requester = 1,
    Assigned = 2,
    Observer = 3,
}

impl Role {
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Requester, "requester"), (Self::Assigned, "assign"), (Self::Observer, "observer")];

    pub(super) fn of_number(number: i64) -> Option<Self> {
        let mut all = Self::ALL.into_iter().map(|(role, _)| role);
        all.find(|role| *role as i64 == number)
    }

    /// The search option that shows these users, or these groups.
    pub(super) fn option(self, party: Party) -> i64 {
        match (self, party) {
            (Self::Requester, Party::User) => 4,
            (Self::Requester, Party::Group) => 71,
            (Self::Assigned, Party::User) => 5,
            (Self::Assigned, Party::Group) => 8,
            (Self::Observer, Party::User) => 66,
            (Self::Observer, Party::Group) => 65,
        }
    }
}

/// Whether an actor is a person or a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Party {
    User,
    Group,
}

impl Party {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The table of the links between tickets and this party.
    pub(super) fn links(self) -> &'static str {
        match self {
            Self::User => "Ticket_User",
            Self::Group => "Group_Ticket",
        }
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::User => "users_id",
            Self::Group => "groups_id",
        }
    }
}
