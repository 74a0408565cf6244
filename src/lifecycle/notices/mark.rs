//! What a ticket's notes say was told: of which step, and to whom where it went to one after the other.

use std::{fmt, str::FromStr};

use crate::id::{FollowupId, SolutionId, UserId};

/// What is like a step, of which the escalation's own note is the record.
pub(super) const REMINDER: &str = "reminder";

/// A step of a ticket that somebody is told of, with what it is about where there can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// A new ticket: to the members of its group.
    Group,
    /// Somebody took it in charge: to its requesters.
    Charge,
    /// This follow-up: to its requesters.
    Question(FollowupId),
    /// This solution: to its requesters.
    Solution(SolutionId),
    /// The closing of this moment, its digits: to its requesters. A ticket may be opened again.
    Closing(u64),
    /// The move with this note: to its requesters.
    Handover(FollowupId),
    /// The move with this note: to the group that gets it, and to those that watch.
    Escalation(FollowupId),
    /// This follow-up of a requester: to those who work on it, and to those who watch; as all that follow.
    Answer(FollowupId),
    /// The refusal of a solution by this follow-up.
    Refusal(FollowupId),
    /// The approval of this solution.
    Approval(SolutionId),
    /// The closing of this moment.
    Closed(u64),
    /// What requesters are told by [`Step::Charge`]: to those who watch, as all that follow.
    WatchedCharge,
    /// The same of [`Step::Question`].
    WatchedQuestion(FollowupId),
    /// The same of [`Step::Solution`].
    WatchedSolution(SolutionId),
}

impl Step {
    /// The step's name, for metrics and notes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Charge => "charge",
            Self::Question(_) => "question",
            Self::Solution(_) => "solution",
            Self::Closing(_) => "closing",
            Self::Handover(_) => "handover",
            Self::Escalation(_) => "escalation",
            Self::Answer(_) => "answer",
            Self::Refusal(_) => "refusal",
            Self::Approval(_) => "approval",
            Self::Closed(_) => "closed",
            Self::WatchedCharge => "watched-charge",
            Self::WatchedQuestion(_) => "watched-question",
            Self::WatchedSolution(_) => "watched-solution",
        }
    }

    /// Every step's name.
    pub(super) const NAMES: [&'static str; 14] = [
        "group",
        "charge",
        "question",
        "solution",
        "closing",
        "handover",
        "escalation",
        "answer",
        "refusal",
        "approval",
        "closed",
        "watched-charge",
        "watched-question",
        "watched-solution",
    ];

    /// The number of what it is about, if it is about anything.
    fn number(self) -> Option<u64> {
        match self {
            Self::Group | Self::Charge | Self::WatchedCharge => None,
            Self::Question(id)
            | Self::Handover(id)
            | Self::Escalation(id)
            | Self::Answer(id)
            | Self::Refusal(id)
            | Self::WatchedQuestion(id) => Some(id.get()),
            Self::Solution(id) | Self::Approval(id) | Self::WatchedSolution(id) => Some(id.get()),
            Self::Closing(digits) | Self::Closed(digits) => Some(digits),
        }
    }

    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "group" => return Some(Self::Group),
            "charge" => return Some(Self::Charge),
            "watched-charge" => return Some(Self::WatchedCharge),
            _ => {}
        }
        let (step, number) = text.rsplit_once('-')?;
        let number = plain(number)?;
        Some(match step {
            "question" => Self::Question(number.into()),
            "solution" => Self::Solution(number.into()),
            "closing" => Self::Closing(number),
            "handover" => Self::Handover(number.into()),
            "escalation" => Self::Escalation(number.into()),
            "answer" => Self::Answer(number.into()),
            "refusal" => Self::Refusal(number.into()),
            "approval" => Self::Approval(number.into()),
            "closed" => Self::Closed(number),
            "watched-question" => Self::WatchedQuestion(number.into()),
            "watched-solution" => Self::WatchedSolution(number.into()),
            _ => return None,
        })
    }
}

/// `question-12`
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.number().map_or(Ok(()), |number| write!(f, "-{number}"))
    }
}

/// That a step was told: to all who were to be told, or to this account while others still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Mark {
    /// The step.
    pub(super) step: Step,
    /// To whom; `None`: to all.
    pub(super) account: Option<UserId>,
}

impl From<Step> for Mark {
    fn from(step: Step) -> Self {
        Self { step, account: None }
    }
}

impl Step {
    /// That it was told to this account.
    pub(super) fn told(self, account: UserId) -> Mark {
        Mark { step: self, account: Some(account) }
    }
}

impl Mark {
    /// By what those who were told are remembered until they have this note, where it says that all were told who were
    /// to be.
    pub(super) fn record(&self) -> Option<String> {
        (self.account.is_none() || self.step == Step::Group).then(|| self.step.to_string())
    }
}

/// `question-12`, `answer-12/15`; a new ticket, of which each member is told for itself, is `group-15`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.step == Step::Group { '-' } else { '/' };
        write!(f, "{}", self.step)?;
        self.account.map_or(Ok(()), |account| write!(f, "{between}{account}"))
    }
}

/// Reads what `Display` writes.
impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let read = || {
            if let Some(account) = text.strip_prefix("group-") {
                return Some(Step::Group.told(plain(account)?.into()));
            }
            match text.split_once('/') {
                Some((step, account)) => Some(Step::parse(step)?.told(plain(account)?.into())),
                None => Step::parse(text).map(Self::from),
            }
        };
        read().ok_or(())
    }
}

/// A number of digits alone.
pub(super) fn plain(number: &str) -> Option<u64> {
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Mark, Step};
    use crate::id::UserId;

    /// Every step: a new one does not compile until it is here.
    fn steps() -> Vec<Step> {
        let next = |step: &Step| match step {
            Step::Group => Some(Step::Charge),
            Step::Charge => Some(Step::Question(12.into())),
            Step::Question(_) => Some(Step::Solution(5.into())),
            Step::Solution(_) => Some(Step::Closing(20_261_125_110_000)),
            Step::Closing(_) => Some(Step::Handover(7.into())),
            Step::Handover(_) => Some(Step::Escalation(7.into())),
            Step::Escalation(_) => Some(Step::Answer(12.into())),
            Step::Answer(_) => Some(Step::Refusal(12.into())),
            Step::Refusal(_) => Some(Step::Approval(5.into())),
            Step::Approval(_) => Some(Step::Closed(20_261_125_110_000)),
            Step::Closed(_) => Some(Step::WatchedCharge),
            Step::WatchedCharge => Some(Step::WatchedQuestion(12.into())),
            Step::WatchedQuestion(_) => Some(Step::WatchedSolution(5.into())),
            Step::WatchedSolution(_) => None,
        };
        std::iter::successors(Some(Step::Group), next).collect()
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for step in steps() {
            for account in [None, Some(UserId::new(15))] {
                let mark = Mark { step, account };
                assert_eq!(mark.to_string().parse(), Ok(mark), "{mark}");
            }
        }
    }

    /// As notes say it since there are notices.
    #[test]
    fn a_member_who_was_told_of_a_new_ticket_is_known_by_the_account() {
        assert_eq!("group-15".parse(), Ok(Step::Group.told(UserId::new(15))));
        assert_eq!(Step::Group.told(UserId::new(15)).to_string(), "group-15");
    }

    #[rstest]
    #[case("question")]
    #[case("question-")]
    #[case("question-+7")]
    #[case("question-99999999999999999999")]
    #[case("group-x")]
    #[case("answer-7/")]
    #[case("answer-7/x")]
    #[case("watched-7")]
    #[case("")]
    fn another_word_is_none(#[case] text: &str) {
        assert_eq!(text.parse::<Mark>(), Err(()));
    }
}
