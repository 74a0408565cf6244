//! What a requester writes on the portal about a ticket of theirs: more text, or what they think of its solution.

use super::{
    Copies, Rejected, Rejection, Rules,
    reply::{Change, MayFollowUp, Reply},
    size,
    thread::Thread,
};
use crate::id::TicketId;
use crate::request::{Decision, Reason, Received, SenderRole, Stage, TicketState};

/// What a requester writes on the portal about their ticket.
///
/// # Errors
///
/// The request back, where it is too large or names nobody.
pub fn on_portal(received: Received, ticket: TicketId, rules: &Rules) -> Result<Reply, Rejected> {
    let requester = match (size::check(&received, rules), &received.requester) {
        (Ok(()), Some(requester)) => requester.clone(),
        (Err(rejection), _) => return Err((Box::new(received), rejection)),
        (Ok(()), None) => return Err((Box::new(received), rules.refuse(Reason::NoSender))),
    };
    let arrived = received.arrived.to_zoned(rules.time_zone.clone());
    Ok(Reply { received, requester, arrived, thread: Thread::Ticket(ticket), copies: Copies::default() })
}

/// Judges what GLPI says of the ticket a requester adds to on the portal. What is pending is at work again with it; a
/// solution goes on waiting: what is added decides nothing. Who is no requester is told the same as of no ticket at all.
///
/// # Errors
///
/// Refused, with what to do instead.
pub fn complement(ticket_state: &TicketState, rules: &Rules) -> Result<MayFollowUp, Rejection> {
    let (ticket, stage) = own(ticket_state, rules)?;
    let change = match stage {
        Stage::Open | Stage::Solved => Change::None,
        Stage::Pending => Change::Reopen,
        Stage::Closed => return Err(rules.refuse_about(Reason::RequestClosed, ticket)),
    };
    Ok(MayFollowUp { ticket, change, by_staff: false })
}

/// Which solution a requester decides on, as far as their call says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedSolution {
    /// The one that waits.
    Waiting,
    /// Another one.
    Other,
    /// One of before: the call was signed before the one that waits, or has decided on another one already.
    Earlier,
}

/// Judges what GLPI says of the ticket on whose solution a requester decides on the portal.
///
/// # Errors
///
/// Refused where nothing is to be decided.
pub fn decision(
    ticket_state: &TicketState,
    decision: &Decision,
    solution: DecidedSolution,
    rules: &Rules,
) -> Result<MayFollowUp, Rejection> {
    let (ticket, stage) = own(ticket_state, rules)?;
    match solution {
        DecidedSolution::Waiting if stage == Stage::Solved => {}
        DecidedSolution::Earlier if stage == Stage::Solved => {
            return Err(rules.refuse_about(Reason::NewerSolution, ticket));
        }
        _ => return Err(rules.refuse_about(Reason::NothingToApprove, ticket)),
    }
    let change = match decision {
        Decision::Accept => Change::Close,
        Decision::Refuse(_) => Change::Reopen,
    };
    Ok(MayFollowUp { ticket, change, by_staff: false })
}

/// Judges what GLPI says of a ticket that a requester withdraws on the portal, and whose last solution is somebody
/// else's. A merged one takes what they say.
///
/// # Errors
///
/// Refused where a solution waits to be read, or the request is over.
pub fn withdrawal(ticket_state: &TicketState, rules: &Rules) -> Result<MayFollowUp, Rejection> {
    let (ticket, stage) = own(ticket_state, rules)?;
    match stage {
        Stage::Solved => Err(rules.refuse_about(Reason::SolutionWaiting, ticket)),
        Stage::Open | Stage::Pending | Stage::Closed => complement(ticket_state, rules),
    }
}

/// A requester's own ticket.
fn own(ticket_state: &TicketState, rules: &Rules) -> Result<(TicketId, Stage), Rejection> {
    match ticket_state {
        TicketState::Found { ticket, role: SenderRole::Requester, stage, .. } => Ok((*ticket, *stage)),
        TicketState::Found { .. } | TicketState::Missing => Err(rules.refuse(Reason::RequestUnknown)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{
        super::samples, Change, DecidedSolution, Decision, MayFollowUp, Reason, Rejection, SenderRole, Stage,
        TicketState, complement, decision, withdrawal,
    };
    use crate::id::TicketId;

    #[rstest]
    #[case(SenderRole::Requester, Stage::Open, Ok(Change::None), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Requester, Stage::Pending, Ok(Change::Reopen), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Requester, Stage::Solved, Ok(Change::None), Ok((Change::Close, Change::Reopen)))]
    #[case(SenderRole::Requester, Stage::Closed, Err(Reason::RequestClosed), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Actor, Stage::Pending, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    #[case(SenderRole::Actor, Stage::Solved, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    #[case(SenderRole::None, Stage::Solved, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    fn a_requester_adds_to_what_is_open_and_decides_on_what_is_solved(
        #[case] role: SenderRole,
        #[case] stage: Stage,
        #[case] added: Result<Change, Reason>,
        #[case] decided: Result<(Change, Change), Reason>,
    ) {
        let rules = samples::rules(|_| {});
        let ticket_state =
            TicketState::Found { ticket: TicketId::new(7), title: String::new(), page: None, role, stage };
        let reason = |rejection| match rejection {
            Rejection::Refused(refusal) => {
                assert!(!refusal.sentence.contains('{'), "{}", refusal.sentence);
                refusal.reason
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(complement(&ticket_state, &rules).map(MayFollowUp::change).map_err(reason), added);
        let accepted = decision(&ticket_state, &Decision::Accept, DecidedSolution::Waiting, &rules).map_err(reason);
        let refused =
            decision(&ticket_state, &Decision::Refuse("Non".into()), DecidedSolution::Waiting, &rules).map_err(reason);
        assert_eq!(accepted.and_then(|accepted| Ok((accepted.change(), refused?.change()))), decided);
        // Nobody's solution is approved by withdrawing.
        let withdrawn = withdrawal(&ticket_state, &rules).map(MayFollowUp::change).map_err(reason);
        let expected = match stage {
            Stage::Solved if role == SenderRole::Requester => Err(Reason::SolutionWaiting),
            _ => added,
        };
        assert_eq!(withdrawn, expected);
        for (solution, of_solved) in
            [(DecidedSolution::Other, Reason::NothingToApprove), (DecidedSolution::Earlier, Reason::NewerSolution)]
        {
            let unseen = decision(&ticket_state, &Decision::Accept, solution, &rules).map_err(reason).unwrap_err();
            let expected = match (role, stage) {
                (SenderRole::Requester, Stage::Solved) => of_solved,
                (SenderRole::Requester, _) => Reason::NothingToApprove,
                _ => Reason::RequestUnknown,
            };
            assert_eq!(unseen, expected, "{solution:?}");
        }
    }
}
