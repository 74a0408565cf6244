//! GLPI's ids, each kind a type of its own: an account's is never taken for a group's.
//!
//! Their default is 0, which for all but entities is GLPI's «none».

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$meaning:meta])* $name:ident)+) => { $(
        $(#[$meaning])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The one with this number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// GLPI's number.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self::new(number)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+ };
}

ids! {
    /// A `Ticket`.
    TicketId
    /// A `User`: an account.
    UserId
    /// A `Group`.
    GroupId
    /// An `Entity`; the root is 0.
    EntityId
    /// An `ITILCategory`.
    CategoryId
    /// A `Location`.
    LocationId
    /// A `RequestType`: where a request came from.
    RequestTypeId
    /// A `Document`.
    DocumentId
    /// An `ITILFollowup`.
    FollowupId
    /// An `ITILSolution`.
    SolutionId
    /// A `KnowbaseItem`: an article.
    ArticleId
    /// A `Reminder`: a note.
    ReminderId
    /// A `Group_Ticket`: that a group is something to a ticket.
    GroupLinkId
    /// A `Ticket_User`: that a person is something to a ticket.
    UserLinkId
}
