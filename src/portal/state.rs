//! The states of a request, in the words of the academy's centre de services.

use serde::Serialize;

use crate::glpi::TicketStatus;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[schema(example = "en-cours")]
pub enum State {
    /// Nobody has taken it in charge yet, or it is put on hold for a reason that is not the requester's.
    #[serde(rename = "en-attente")]
    Waiting,
    /// Somebody has taken it in charge, or it was handed on to another group.
    #[serde(rename = "en-cours")]
    Ongoing,
    /// The requester is asked for more, and has not answered.
    #[serde(rename = "a-completer")]
    ToComplete,
    /// It has a solution, which the requester approves or refuses.
    #[serde(rename = "a-approuver")]
    ToApprove,
    /// It is over.
    #[serde(rename = "cloturee")]
    Closed,
}

impl State {
    /// All of them, in the order of a request's life.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Ongoing, Self::ToComplete, Self::ToApprove, Self::Closed];

    /// The state of a ticket with this status of GLPI's; `is_at_work` where somebody has taken it in charge or it was
    /// handed on, `is_asked` where its requester was asked for something and has not answered.
    pub(super) fn of(status: TicketStatus, is_at_work: bool, is_asked: bool) -> Self {
        match status {
            TicketStatus::Assigned | TicketStatus::Planned | TicketStatus::Validation if is_at_work => Self::Ongoing,
            TicketStatus::Pending if is_asked => Self::ToComplete,
            TicketStatus::Solved => Self::ToApprove,
            TicketStatus::Closed => Self::Closed,
            TicketStatus::New
            | TicketStatus::Assigned
            | TicketStatus::Planned
            | TicketStatus::Pending
            | TicketStatus::Validation
            | TicketStatus::Other(_) => Self::Waiting,
        }
    }

    /// Whether the requester is to do something.
    pub fn is_theirs(self) -> bool {
        matches!(self, Self::ToComplete | Self::ToApprove)
    }

    /// As the API names it: `en-attente`, `en-cours`, `a-completer`, `a-approuver`, `cloturee`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "en-attente",
            Self::Ongoing => "en-cours",
            Self::ToComplete => "a-completer",
            Self::ToApprove => "a-approuver",
            Self::Closed => "cloturee",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "En attente",
            Self::Ongoing => "En cours",
            Self::ToComplete => "À compléter",
            Self::ToApprove => "À approuver",
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
    /// À approuver.
    #[serde(rename = "a-approuver")]
    #[schema(example = 1)]
    pub to_approve: usize,
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
            State::ToApprove => self.to_approve,
            State::Closed => self.closed,
        }
    }

    pub(super) fn count(&mut self, state: State) {
        *match state {
            State::Waiting => &mut self.waiting,
            State::Ongoing => &mut self.ongoing,
            State::ToComplete => &mut self.to_complete,
            State::ToApprove => &mut self.to_approve,
            State::Closed => &mut self.closed,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Counts, State};

    #[rstest]
    #[case(1, false, false, State::Waiting)]
    #[case(1, true, false, State::Waiting)]
    #[case(2, false, false, State::Waiting)]
    #[case(2, true, false, State::Ongoing)]
    #[case(3, true, false, State::Ongoing)]
    #[case(3, false, false, State::Waiting)]
    #[case(4, true, true, State::ToComplete)]
    #[case(4, false, true, State::ToComplete)]
    #[case(4, true, false, State::Waiting)]
    #[case(5, true, true, State::ToApprove)]
    #[case(5, false, false, State::ToApprove)]
    #[case(6, false, false, State::Closed)]
    #[case(6, true, true, State::Closed)]
    #[case(10, true, false, State::Ongoing)]
    #[case(10, false, false, State::Waiting)]
    #[case(77, true, true, State::Waiting)]
    fn a_status_is_one_of_five_states(
        #[case] status: u64,
        #[case] is_at_work: bool,
        #[case] is_asked: bool,
        #[case] expected: State,
    ) {
        assert_eq!(State::of(status.into(), is_at_work, is_asked), expected);
    }

    #[test]
    fn each_state_is_counted_apart() {
        for state in State::ALL {
            let mut counts = Counts::default();
            counts.count(state);
            assert_eq!(State::ALL.map(|other| counts.of(other)), State::ALL.map(|other| usize::from(other == state)));
        }
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
