//! GLPI's numbers that decide something, as words: statuses and the roles of actors.

use serde::{Deserialize, Deserializer};

use super::wire;

/// The status of a ticket (`CommonITILObject`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketStatus {
    /// 1: nobody has it.
    New,
    /// 2: somebody has it.
    Assigned,
    /// 3: its work has a date.
    Planned,
    /// 4: it waits for somebody.
    Pending,
    /// 5: it has a solution, which its requester may refuse.
    Solved,
    /// 6: it is over.
    Closed,
    /// 10: it is to be validated, from GLPI 11 on.
    Validation,
    /// What GLPI's tickets do not have today; 0 where it does not say.
    Other(u64),
}

impl TicketStatus {
    /// Those of tickets that are neither solved nor closed.
    pub const OPEN: [Self; 5] = [Self::New, Self::Assigned, Self::Planned, Self::Pending, Self::Validation];

    /// Whether it is solved or closed.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Solved | Self::Closed)
    }

    /// GLPI's number.
    pub fn number(self) -> u64 {
        match self {
            Self::New => 1,
            Self::Assigned => 2,
            Self::Planned => 3,
            Self::Pending => 4,
            Self::Solved => 5,
            Self::Closed => 6,
            Self::Validation => 10,
            Self::Other(number) => number,
        }
    }
}

impl From<u64> for TicketStatus {
    fn from(number: u64) -> Self {
        match number {
            1 => Self::New,
            2 => Self::Assigned,
            3 => Self::Planned,
            4 => Self::Pending,
            5 => Self::Solved,
            6 => Self::Closed,
            10 => Self::Validation,
            other => Self::Other(other),
        }
    }
}

impl Default for TicketStatus {
    fn default() -> Self {
        Self::Other(0)
    }
}

impl<'de> Deserialize<'de> for TicketStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::number(deserializer)
    }
}

/// The status of a solution (`CommonITILValidation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolutionStatus {
    /// 2: its requester has not answered.
    Waiting,
    /// 3: it is accepted.
    Accepted,
    /// 4: it is refused.
    Refused,
    /// Another: 1 where there is nothing to approve; 0 where GLPI does not say.
    Other(u64),
}

impl SolutionStatus {
    /// The pattern of those that are refused (`CommonITILValidation::REFUSED`).
    pub(super) const REFUSED: &str = "^4$";
}

impl From<u64> for SolutionStatus {
    fn from(number: u64) -> Self {
        match number {
            2 => Self::Waiting,
            3 => Self::Accepted,
            4 => Self::Refused,
            other => Self::Other(other),
        }
    }
}

impl Default for SolutionStatus {
    fn default() -> Self {
        Self::Other(0)
    }
}

impl<'de> Deserialize<'de> for SolutionStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::number(deserializer)
    }
}

/// What a person or a group is to a ticket (`CommonITILActor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActorRole {
    /// 1: asked for help.
    Requester = 1,
    /// 2: works on it.
    Assigned = 2,
    /// 3: watches.
    Observer = 3,
}

impl ActorRole {
    /// The role of this number, if there is one.
    pub(super) fn from_number(number: u64) -> Option<Self> {
        [Self::Requester, Self::Assigned, Self::Observer].into_iter().find(|role| role.number() == number)
    }

    /// GLPI's number.
    pub(super) fn number(self) -> u64 {
        self as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{ActorRole, TicketStatus};

    #[test]
    fn every_number_is_read_and_written_alike() {
        for number in 0..20 {
            assert_eq!(TicketStatus::from(number).number(), number);
            assert_eq!(
                ActorRole::from_number(number).map(ActorRole::number),
                Some(number).filter(|it| (1..4).contains(it))
            );
        }
    }

    #[test]
    fn a_ticket_to_be_validated_is_open_and_one_of_an_unknown_status_is_not_over() {
        assert!(TicketStatus::OPEN.contains(&TicketStatus::from(10)));
        assert!(TicketStatus::OPEN.iter().all(|status| !status.is_over()));
        assert!(!TicketStatus::from(7).is_over());
    }
}
