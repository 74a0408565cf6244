//! The way of what a requester writes on the portal about their ticket: a complement, or what they decide on its
//! solution.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Pipeline, deferred, put_off, reply::added};
use crate::{
    intake::form,
    request::{Address, Channel, Decision, Outcome, Reason, Received},
    screen::{self, MayFollowUp, Rejection, Reply, Standing},
};

impl Pipeline {
    /// Adds what a ticket's requester writes to it, with their files: [`Outcome::Followup`], also for a repeat.
    pub async fn complement(self: &Arc<Self>, received: Received, ticket: u64) -> Outcome {
        let (this, reference) = (Arc::clone(self), received.reference);
        self.to_its_end(Channel::Form, reference, async move {
            this.on_portal(received, ticket, |standing| screen::complement(standing, &this.rules)).await
        })
        .await
    }

    /// Closes a solved ticket, or opens it again, as its requester decides: [`Outcome::Followup`], also for the same
    /// decision on the same solution once more.
    pub async fn decide(self: &Arc<Self>, requester: Address, ticket: u64, decision: Decision) -> Outcome {
        let solution = match self.deliverer.last_solution(ticket).await {
            Ok(solution) => solution,
            Err(undelivered) => return put_off(undelivered),
        };
        let received = form::decided(&requester, ticket, solution, &decision, Timestamp::now());
        let (this, reference) = (Arc::clone(self), received.reference);
        self.to_its_end(Channel::Form, reference, async move {
            this.on_portal(received, ticket, |standing| screen::decision(standing, &decision, &this.rules)).await
        })
        .await
    }

    async fn on_portal(
        &self,
        received: Received,
        ticket: u64,
        judge: impl Fn(&Standing) -> Result<MayFollowUp, Rejection>,
    ) -> Outcome {
        let reply = match screen::on_portal(received, ticket, &self.rules) {
            Ok(reply) => reply,
            Err((received, rejection)) => return self.reject(&received, rejection).await,
        };
        let standing = match self.deliverer.standing(&reply).await {
            Ok(standing) => standing,
            Err(undelivered) => return put_off(undelivered),
        };
        match judge(&standing) {
            Ok(accepted) => self.follow_up(&reply, accepted).await,
            Err(Rejection::Refused(refusal)) if refusal.reason != Reason::RequestUnknown => {
                self.repeated(&reply, ticket).await.unwrap_or(Outcome::Refused(refusal))
            }
            Err(rejection) => self.reject(reply.received(), rejection).await,
        }
    }

    /// What became of an earlier copy, which may have been added before the ticket was solved or closed, or have done
    /// that itself.
    async fn repeated(&self, reply: &Reply, ticket: u64) -> Option<Outcome> {
        match self.ledger.is_in(ticket, reply.received().reference).await {
            Ok(true) => Some(added(reply, ticket)),
            Ok(false) => None,
            Err(error) => Some(deferred(Reason::GlpiUnavailable, error.to_string(), None)),
        }
    }
}
