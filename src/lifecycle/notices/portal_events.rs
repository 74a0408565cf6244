//! What happened to a request that the portal is told of: from what GLPI says of it, without asking anybody.

use std::{fmt, str::FromStr};

use jiff::civil::DateTime;

use super::{
    mark::{Step, plain},
    steps::{self, Happening, News, TicketFacts},
};
use crate::{
    config::{Notify, Teller},
    glpi::TicketStatus,
};

/// A step that the portal is told of, with what it is about where there can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PortalStep {
    /// The request was made.
    Created,
    /// It was put on hold at this moment, its digits.
    Pending(u64),
    /// What people are told of as well.
    Told(Step),
}

impl PortalStep {
    /// The step's name, as `hooks.steps` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending(_) => "pending",
            Self::Told(step) => step.name(),
        }
    }
}

/// `created`, `pending-20261125103000`, `question-12`
impl fmt::Display for PortalStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str(self.name()),
            Self::Pending(moment) => write!(f, "{}-{moment}", self.name()),
            Self::Told(step) => step.fmt(f),
        }
    }
}

/// Reads what `Display` writes.
impl FromStr for PortalStep {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix("pending-") {
            _ if text == "created" => Ok(Self::Created),
            Some(moment) => plain(moment).map(Self::Pending).ok_or(()),
            None => Step::parse(text).map(Self::Told).ok_or(()),
        }
    }
}

/// Something that happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortalNews {
    pub(super) step: PortalStep,
    /// When, in GLPI's time zone.
    pub(super) at: Option<DateTime>,
}

/// What happened to a request lately, the oldest first, but for what was told already by these facts.
pub(super) fn happened(known: &TicketFacts<'_>) -> Vec<PortalNews> {
    let ticket = known.ticket;
    let news = |step, at| PortalNews { step, at };
    let moment = |at: Option<DateTime>| at.map_or(0, steps::digits);
    let mut all = Vec::new();
    if known.is_recent(ticket.opened) {
        all.push(news(PortalStep::Created, ticket.opened));
    }
    let told = steps::happened(known, &every_step());
    all.extend(
        told.iter().filter_map(|happening| {
            Some(news(PortalStep::Told(shown_to_requester(happening)?), when(happening, known)))
        }),
    );
    if ticket.status == TicketStatus::Pending && known.is_recent(ticket.waiting_since) {
        all.push(news(PortalStep::Pending(moment(ticket.waiting_since)), ticket.waiting_since));
    }
    if ticket.status == TicketStatus::Closed && known.is_recent(ticket.closed) {
        all.push(news(PortalStep::Told(Step::Closing(moment(ticket.closed))), ticket.closed));
    }
    all.sort_by_key(|news| news.at);
    all
}

/// What a requester sees of a request; the rest is staff's.
fn shown_to_requester(happening: &Happening<'_>) -> Option<Step> {
    let step = happening.step;
    let is_shown = matches!(
        step,
        Step::Charge
            | Step::Question(_)
            | Step::Solution(_)
            | Step::Handover(_)
            | Step::Answer(_)
            | Step::Refusal(_)
            | Step::Approval(_)
    );
    is_shown.then_some(step)
}

fn when(happening: &Happening<'_>, known: &TicketFacts<'_>) -> Option<DateTime> {
    match (&happening.news, happening.step) {
        (News::Charge(_), _) => known.charged,
        (News::Question(followup) | News::Answer(followup) | News::Refusal(followup), _) => followup.written,
        (News::Solution(solution), _) => solution.written,
        (News::Approval(_), _) => known.solutions.last().and_then(|last| last.answered),
        (News::Move(_), Step::Handover(note)) => {
            known.moves.iter().find(|done| done.note == note).and_then(|done| done.at)
        }
        (News::Move(_) | News::Group | News::Closing, _) => None,
    }
}

/// As if the gateway told people of all that the portal is told of by the same rules.
fn every_step() -> Notify {
    let (on, off) = (Teller::Passerelle, Teller::Off);
    Notify {
        deposit: None,
        group: off,
        charge: on,
        question: on,
        solution: on,
        answer: on,
        refusal: on,
        approval: on,
        closing: off,
        escalation: off,
        handover: on,
        reminder: off,
        portal_link: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::PortalStep;
    use crate::{config::HOOK_STEPS, lifecycle::notices::mark::Step};

    fn all() -> [PortalStep; 10] {
        [
            PortalStep::Created,
            PortalStep::Pending(20_261_125_110_000),
            PortalStep::Told(Step::Charge),
            PortalStep::Told(Step::Question(12.into())),
            PortalStep::Told(Step::Answer(12.into())),
            PortalStep::Told(Step::Handover(12.into())),
            PortalStep::Told(Step::Solution(5.into())),
            PortalStep::Told(Step::Refusal(12.into())),
            PortalStep::Told(Step::Approval(5.into())),
            PortalStep::Told(Step::Closing(20_261_125_110_000)),
        ]
    }

    #[test]
    fn a_step_is_read_as_it_was_written_and_can_be_chosen() {
        for step in all() {
            assert_eq!(step.to_string().parse(), Ok(step), "{step}");
        }
        let names: BTreeSet<_> = all().iter().map(|step| step.name()).collect();
        assert_eq!(names, HOOK_STEPS.iter().copied().collect());
    }

    #[rstest]
    #[case("pending")]
    #[case("pending-")]
    #[case("pending-x")]
    #[case("created-1")]
    #[case("")]
    fn another_word_is_none(#[case] text: &str) {
        assert_eq!(text.parse::<PortalStep>(), Err(()));
    }
}
