//! The way of a reply: from the ticket it is about to a follow-up there, or to a word on what to do instead.

use super::{AGAIN, Pipeline, deferred, put_off};
use crate::{
    flow::{
        deliver::Undelivered,
        ledger::ClaimResult,
        screen::{self, Answer, Applications, Candidate, MayFollowUp, Rejection, Reply},
    },
    id::TicketId,
    request::{Addition, LeftOut, Outcome, Reason, Refusal, TicketState},
};

impl Pipeline {
    /// Handles an answer to a mail that has a ticket as a reply, to its end; gives back one to a mail that has none:
    /// it is a request of its own, as is an old mail taken again to write of something else.
    pub(super) async fn answer(&self, answer: Answer, applications: &Applications) -> Result<Candidate, Outcome> {
        let ticket = match self.ledger.ticket_of(answer.answered()).await {
            Ok(ticket) => ticket,
            Err((reason, cause)) => return Err(deferred(reason, cause, None)),
        };
        if let Some(ticket) = ticket {
            let reply = answer.clone().into_reply(ticket);
            match self.deliverer.ticket_state(&reply).await {
                // Binned since: nobody would read it there.
                Ok(TicketState::Missing) => {}
                Ok(TicketState::Found { title, .. }) if answer.is_another_matter(&title, applications) => {}
                Ok(state) => return Err(self.judge(reply, state).await),
                Err(undelivered) => return Err(put_off(undelivered)),
            }
        }
        match answer.into_request() {
            Ok(candidate) => Ok(candidate),
            Err((received, rejection)) => Err(self.reject(&received, rejection).await),
        }
    }

    /// Handles a reply, to its end. It makes no new ticket and takes no place in the day's quota.
    pub(super) async fn reply(&self, reply: Reply) -> Outcome {
        let state = match self.deliverer.ticket_state(&reply).await {
            Ok(state) => state,
            Err(undelivered) => return put_off(undelivered),
        };
        self.judge(reply, state).await
    }

    async fn judge(&self, reply: Reply, state: TicketState) -> Outcome {
        match screen::reply(&state, &self.rules) {
            Ok(accepted) => self.follow_up(&reply, accepted).await,
            Err(Rejection::Refused(refusal)) => self.redirect(&reply, &state, refusal).await,
            Err(rejection) => self.reject(reply.received(), rejection).await,
        }
    }

    /// Adds it, unless an earlier copy is there already. One that waits too long for its turn in GLPI begins anew.
    pub(super) async fn follow_up(&self, reply: &Reply, accepted: MayFollowUp) -> Outcome {
        let mut again = AGAIN;
        loop {
            let mine = match self.ledger.claim_reply(reply, accepted).await {
                ClaimResult::Mine(mine) => mine,
                ClaimResult::Known(known) => {
                    let left_out = self.deliverer.left_out_of(reply, known.ticket).await;
                    return added(reply, known.ticket, false, left_out);
                }
                ClaimResult::Found(mine, known) => {
                    let completing = self.deliverer.complete_reply(reply, accepted, known.reference);
                    return match self.ledger.hold(&mine, completing).await {
                        Ok(left_out) => {
                            self.ledger.confirm(mine, known).await;
                            added(reply, known.ticket, false, left_out)
                        }
                        Err(undelivered) => self.undelivered(mine, undelivered).await,
                    };
                }
                ClaimResult::Unknown { reason, cause } => return deferred(reason, cause, None),
            };
            let claim = self.ledger.standing(&mine, reply.received());
            match self.ledger.hold(&mine, self.deliverer.follow_up(reply, accepted, claim)).await {
                Ok(left_out) => {
                    self.ledger.settle(mine, accepted.ticket()).await;
                    return added(reply, accepted.ticket(), true, left_out);
                }
                Err(Undelivered::TooLate) if again > 0 => {
                    again -= 1;
                    self.ledger.release(mine, false).await;
                }
                Err(undelivered) => return self.undelivered(mine, undelivered).await,
            }
        }
    }

    /// Says what to do instead, once for this person, ticket and day.
    async fn redirect(&self, reply: &Reply, state: &TicketState, refusal: Refusal) -> Outcome {
        let received = reply.received();
        let ticket = match state {
            TicketState::Found { ticket, .. } => Some(*ticket),
            TicketState::Missing => None,
        };
        // An earlier copy may have been added before the ticket was closed.
        if let Some(ticket) = ticket.filter(|_| refusal.reason == Reason::TicketClosed) {
            match self.ledger.is_in(ticket, received).await {
                Ok(true) => return self.follow_up(reply, MayFollowUp::of_a_copy(ticket)).await,
                Ok(false) => {}
                Err(error) => return deferred(Reason::GlpiUnavailable, error.to_string(), None),
            }
        }
        if self.acknowledger.may_refuse(received, refusal.reason)
            && self.may_notice(received, reply.requester(), refusal.reason, ticket.map(|it| it.to_string())).await
        {
            self.acknowledger.redirection(received, state, &refusal);
        }
        Outcome::Refused(refusal)
    }
}

fn added(reply: &Reply, ticket: TicketId, is_new: bool, left_out: Vec<LeftOut>) -> Outcome {
    Outcome::Followup(Addition { ticket, reference: reply.received().reference, is_new, left_out })
}
