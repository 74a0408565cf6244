//! The states of a request, in the words of the academy's centre de services.

use serde::Serialize;

use crate::glpi::TicketStatus;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub enum State {
    /// Nobody has taken it in charge yet.
    #[serde(rename = "en-attente")]
    Waiting,
    /// Somebody is at it.
    #[serde(rename = "en-cours")]
    Ongoing,
    /// The requester is asked for more.
    #[serde(rename = "a-completer")]
    ToComplete,
    /// Solved, to be approved by the requester, or closed.
    #[serde(rename = "cloturee")]
    Closed,
}

impl State {
    /// All of them, in the order of a request's life.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Ongoing, Self::ToComplete, Self::Closed];

    /// The state of a ticket with this status of GLPI's; `taken` where somebody has taken it in charge.
    pub(super) fn of(status: TicketStatus, taken: bool) -> Self {
        match status {
            TicketStatus::Assigned if taken => Self::Ongoing,
            TicketStatus::Planned | TicketStatus::Validation => Self::Ongoing,
            TicketStatus::Pending => Self::ToComplete,
            TicketStatus::Solved | TicketStatus::Closed => Self::Closed,
            TicketStatus::New | TicketStatus::Assigned | TicketStatus::Other(_) => Self::Waiting,
        }
    }

    /// As the API names it: `en-attente`, `en-cours`, `a-completer`, `cloturee`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "en-attente",
            Self::Ongoing => "en-cours",
            Self::ToComplete => "a-completer",
            Self::Closed => "cloturee",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "En attente",
            Self::Ongoing => "En cours",
            Self::ToComplete => "À compléter",
            Self::Closed => "Clôturée",
        }
    }

    /// The state with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// How many requests are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// En attente.
    #[serde(rename = "en-attente")]
    #[schema(example = 2)]
    pub waiting: usize,
    /// En cours.
    #[serde(rename = "en-cours")]
    #[schema(example = 1)]
    pub ongoing: usize,
    /// À compléter.
    #[serde(rename = "a-completer")]
    #[schema(example = 0)]
    pub to_complete: usize,
    /// Clôturée.
    #[serde(rename = "cloturee")]
    #[schema(example = 7)]
    pub closed: usize,
}

impl Counts {
    /// How many are in this state.
    pub fn of(&self, state: State) -> usize {
        match state {
            State::Waiting => self.waiting,
            State::Ongoing => self.ongoing,
            State::ToComplete => self.to_complete,
            State::Closed => self.closed,
        }
    }

    pub(super) fn count(&mut self, state: State) {
        *match state {
            State::Waiting => &mut self.waiting,
            State::Ongoing => &mut self.ongoing,
            State::ToComplete => &mut self.to_complete,
            State::Closed => &mut self.closed,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::State;

    #[rstest]
    #[case(1, false, State::Waiting)]
    #[case(1, true, State::Waiting)]
    #[case(2, false, State::Waiting)]
    #[case(2, true, State::Ongoing)]
    #[case(3, false, State::Ongoing)]
    #[case(4, true, State::ToComplete)]
    #[case(4, false, State::ToComplete)]
    #[case(5, true, State::Closed)]
    #[case(6, false, State::Closed)]
    #[case(10, false, State::Ongoing)]
    #[case(10, true, State::Ongoing)]
    fn a_status_is_one_of_four_states(#[case] status: u64, #[case] taken: bool, #[case] expected: State) {
        assert_eq!(State::of(status.into(), taken), expected);
    }

    #[test]
    fn codes_are_read_back_and_are_those_of_json() {
        for state in State::ALL {
            assert_eq!(State::parse(state.code()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        }
        assert_eq!(State::parse("En attente"), None);
    }
}
