//! The way of a reply: from the ticket it is about to a follow-up there, or to a word on what to do instead.

use super::{Pipeline, deferred, put_off};
use crate::{
    ledger::Claim,
    request::{Addition, Outcome, Reason, Refusal},
    screen::{self, Answer, Applications, Candidate, MayFollowUp, Rejection, Reply, Standing},
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
            match self.deliverer.standing(&reply).await {
                // Binned since: nobody would read it there.
                Ok(Standing::Missing) => {}
                Ok(Standing::Found { title, .. }) if answer.is_another_matter(&title, applications) => {}
                Ok(standing) => return Err(self.judge(reply, standing).await),
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
        let standing = match self.deliverer.standing(&reply).await {
            Ok(standing) => standing,
            Err(undelivered) => return put_off(undelivered),
        };
        self.judge(reply, standing).await
    }

    async fn judge(&self, reply: Reply, standing: Standing) -> Outcome {
        match screen::reply(&standing, &self.rules) {
            Ok(accepted) => self.follow_up(&reply, accepted).await,
            Err(Rejection::Refused(refusal)) => self.redirect(&reply, &standing, refusal).await,
            Err(rejection) => self.reject(reply.received(), rejection).await,
        }
    }

    /// Adds it, unless an earlier copy is there already.
    pub(super) async fn follow_up(&self, reply: &Reply, accepted: MayFollowUp) -> Outcome {
        let mine = match self.ledger.claim_reply(reply, accepted).await {
            Claim::Mine(mine) => mine,
            Claim::Known(known) => return added(reply, known.ticket),
            Claim::Found(mine, known) => {
                return match self.ledger.hold(&mine, self.deliverer.complete_reply(reply, accepted)).await {
                    Ok(()) => {
                        self.ledger.confirm(mine, known).await;
                        added(reply, known.ticket)
                    }
                    Err(undelivered) => self.undelivered(mine, undelivered).await,
                };
            }
            Claim::Unknown { reason, cause } => return deferred(reason, cause, None),
        };
        match self.ledger.hold(&mine, self.deliverer.follow_up(reply, accepted)).await {
            Ok(()) => {
                self.ledger.settle(mine, accepted.ticket()).await;
                added(reply, accepted.ticket())
            }
            Err(undelivered) => self.undelivered(mine, undelivered).await,
        }
    }

    /// Says what to do instead, once for this person, ticket and day.
    async fn redirect(&self, reply: &Reply, standing: &Standing, refusal: Refusal) -> Outcome {
        let received = reply.received();
        let ticket = match standing {
            Standing::Found { ticket, .. } => Some(*ticket),
            Standing::Missing => None,
        };
        // An earlier copy may have been added before the ticket was closed.
        if let Some(ticket) = ticket.filter(|_| refusal.reason == Reason::TicketClosed) {
            match self.ledger.is_in(ticket, received.reference).await {
                Ok(true) => return added(reply, ticket),
                Ok(false) => {}
                Err(error) => return deferred(Reason::GlpiUnavailable, error.to_string(), None),
            }
        }
        if self.acknowledger.may_refuse(received, refusal.reason)
            && self.may_notice(received, reply.requester(), refusal.reason, ticket).await
        {
            self.acknowledger.redirection(received, standing, &refusal);
        }
        Outcome::Refused(refusal)
    }
}

pub(super) fn added(reply: &Reply, ticket: u64) -> Outcome {
    Outcome::Followup(Addition { ticket, reference: reply.received().reference })
}
