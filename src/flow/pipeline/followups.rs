//! The way of what a requester writes on the portal about their ticket: a complement, or what they decide on its
//! solution.

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime};
use tracing::Instrument as _;

use super::{Pipeline, deferred, put_off};
use crate::{
    flow::{
        deliver::{Proposed, SeenTicket, Undelivered},
        screen::{self, DecidedSolution, MayFollowUp, Rejection, Reply},
    },
    id::{SolutionId, TicketId},
    request::{
        Address, Channel, Decided, Decision, Enclosure, Outcome, Reason, Received, Reference, SignedCall, TicketState,
    },
};

/// How the solution of a request that its requester withdraws begins.
const WITHDRAWN: &str = "Demande retirée par son auteur";

impl Pipeline {
    /// Closes a solved ticket, or opens it again, as its requester decides: [`Outcome::Followup`], also for the same
    /// decision on the same solution once more.
    pub async fn decide(self: &Arc<Self>, requester: Address, ticket: TicketId, decided: Decided) -> Outcome {
        // Which solution it is about, GLPI has to say first.
        let named = decided_on(&requester, ticket, decided.solution, None, &decided).reference;
        let this = Arc::clone(self);
        self.to_its_end(Channel::Form, named, async move { this.decide_uncounted(&requester, ticket, &decided).await })
            .await
    }

    async fn decide_uncounted(&self, requester: &Address, ticket: TicketId, decided: &Decided) -> Outcome {
        let _place = match self.place() {
            Ok(place) => place,
            Err(put_off) => return put_off,
        };
        let seen = match self.deliverer.look(ticket).await {
            Ok(seen) => seen,
            Err(undelivered) => return put_off(undelivered),
        };
        let before = seen.proposed();
        let on = match self.solution_decided_on(decided, before).await {
            Ok(on) => on,
            Err((reason, cause)) => return deferred(reason, cause, None),
        };
        let outcome = self.decide_on(requester, ticket, decided, seen, on, None).await;
        let waited = before.solved.is_some() && decided.solution.is_none_or(|it| before.solution == Some(it));
        match &outcome {
            Outcome::Followup(addition) if !addition.is_new && waited && on == DecidedSolution::Waiting => {}
            _ => return outcome,
        }
        match self.deliverer.look(ticket).await {
            // It still waits: what was found is the same decision of an earlier time. Staff has solved the ticket
            // again without a new solution.
            Ok(seen) if seen.proposed() == before => {
                self.decide_on(requester, ticket, decided, seen, on, before.solved).await
            }
            Ok(_) => outcome,
            Err(undelivered) => put_off(undelivered),
        }
    }

    /// Closes a request that its requester withdraws because an article of this title answers it: what they say is added
    /// to it, and a solution that says so, which they accept. [`Outcome::Followup`], also for a repeat, and with another
    /// ticket where it was merged into one, which stays as it is. A request for which somebody else proposes a solution is
    /// refused, as a closed one is: nobody approves unread. What an interruption leaves undone, the same call does.
    /// A signed call that somebody saw and sends once more closes nothing that was opened again after it.
    pub async fn withdraw(
        self: &Arc<Self>,
        requester: Address,
        ticket: TicketId,
        article: &str,
        signed: Option<SignedCall>,
    ) -> Outcome {
        let text = format!("Je retire ma demande\u{a0}: la fiche «\u{a0}{article}\u{a0}» répond à ma question.");
        let reference = Reference::new("withdrawal", requester.as_str(), format!("{ticket} {text}").as_bytes());
        let said = Received::on_portal(&requester, ticket, reference, &text, Timestamp::now());
        let solution = format!("{WITHDRAWN}\u{a0}: la fiche «\u{a0}{article}\u{a0}» y répond.");
        let this = Arc::clone(self);
        let withdrawing = async move {
            Box::pin(this.withdraw_uncounted(&requester, ticket, said, &solution, signed.as_ref())).await
        };
        self.to_its_end(Channel::Form, reference, withdrawing).await
    }

    /// `said` is what the requester says of it, `solution` what is proposed then.
    async fn withdraw_uncounted(
        &self,
        requester: &Address,
        ticket: TicketId,
        said: Received,
        solution: &str,
        signed: Option<&SignedCall>,
    ) -> Outcome {
        let mut seen = match self.deliverer.look(ticket).await {
            Ok(seen) => seen,
            Err(undelivered) => return put_off(undelivered),
        };
        let accept =
            |solution| Decided { decision: Decision::Accept, solution, enclosure: Enclosure::default(), signed: None };
        if seen.is_open() {
            let about = format!("withdrawn after {}", seen.proposed().solution.unwrap_or_default());
            match self.is_first(signed, &about).await {
                Ok(true) => {}
                Ok(false) => {
                    let on = DecidedSolution::Other;
                    return self.decide_on(requester, ticket, &accept(None), seen, on, None).await;
                }
                Err((reason, cause)) => return deferred(reason, cause, None),
            }
            match self.deposited(said.clone(), Some(ticket)).await {
                Outcome::Followup(addition) if addition.ticket == ticket => {}
                other => return other,
            }
            seen = match self.solved(ticket, solution).await {
                Ok(seen) => seen,
                Err(undelivered) => return put_off(undelivered),
            };
        }
        if !seen.solution_begins(WITHDRAWN) {
            return match self.judged(said, ticket, Some(seen), |state| screen::withdrawal(state, &self.rules)).await {
                Ok((reply, Err(rejection))) => self.reject(reply.received(), rejection).await,
                Ok((reply, Ok(accepted))) if accepted.ticket() != ticket => self.follow_up(&reply, accepted).await,
                Ok(_) => {
                    let cause = "the ticket was opened again while it was being solved".to_owned();
                    deferred(Reason::GlpiUnavailable, cause, None)
                }
                Err(outcome) => outcome,
            };
        }
        self.decide_uncounted(requester, ticket, &accept(seen.proposed().solution)).await
    }

    /// Solves a ticket so, and looks at it again: somebody else may have solved it meanwhile.
    async fn solved(&self, ticket: TicketId, solution: &str) -> Result<SeenTicket, Undelivered> {
        let solving = self.deliverer.solve(ticket, solution).await;
        let seen = self.deliverer.look(ticket).await?;
        if seen.is_open() {
            solving?;
        }
        Ok(seen)
    }

    /// Which solution is decided on. A signed call that somebody saw and sends once more decides on nothing that was
    /// proposed after it: neither by its time, where it names no solution, nor by what it has decided on already, where
    /// the portal's clock is ahead or an old solution is proposed again.
    async fn solution_decided_on(
        &self,
        decided: &Decided,
        proposed: Proposed,
    ) -> Result<DecidedSolution, (Reason, String)> {
        if decided.solution.is_some() && decided.solution != proposed.solution {
            return Ok(DecidedSolution::Other);
        }
        let (Some(signed), Some(solved)) = (&decided.signed, proposed.solved) else {
            return Ok(DecidedSolution::Waiting);
        };
        let since = solved.to_zoned(self.rules.time_zone().clone()).map(|since| since.timestamp());
        if decided.solution.is_none() && since.is_ok_and(|since| since > signed.at) {
            return Ok(DecidedSolution::Earlier);
        }
        let about = format!("{} {solved}", proposed.solution.unwrap_or_default());
        let is_first = self.is_first(Some(signed), &about).await?;
        Ok(if is_first { DecidedSolution::Waiting } else { DecidedSolution::Earlier })
    }

    /// Whether a call, where it is signed, comes for what it first came for.
    async fn is_first(&self, signed: Option<&SignedCall>, about: &str) -> Result<bool, (Reason, String)> {
        match signed {
            Some(signed) => self.ledger.keep_key(&signed.what, about, signed.life).await,
            None => Ok(true),
        }
    }

    async fn decide_on(
        &self,
        requester: &Address,
        ticket: TicketId,
        decided: &Decided,
        seen: SeenTicket,
        on: DecidedSolution,
        solved: Option<DateTime>,
    ) -> Outcome {
        let solution = decided.solution.or(seen.proposed().solution);
        let received = decided_on(requester, ticket, solution, solved, decided);
        let judge = |state: &TicketState| screen::decision(state, &decided.decision, on, &self.rules);
        let span = tracing::info_span!("decision", reference = %received.reference);
        self.on_portal(received, ticket, Some(seen), judge).instrument(span).await
    }

    /// `seen` is what was just read of the ticket.
    pub(super) async fn on_portal(
        &self,
        received: Received,
        ticket: TicketId,
        seen: Option<SeenTicket>,
        judge: impl Fn(&TicketState) -> Result<MayFollowUp, Rejection>,
    ) -> Outcome {
        match self.judged(received, ticket, seen, judge).await {
            Ok((reply, Ok(accepted))) => self.follow_up(&reply, accepted).await,
            Ok((reply, Err(Rejection::Refused(refusal)))) if refusal.reason != Reason::RequestUnknown => {
                match self.repeated(&reply, ticket).await {
                    Some(outcome) => outcome,
                    None => self.reject(reply.received(), Rejection::Refused(refusal)).await,
                }
            }
            Ok((reply, Err(rejection))) => self.reject(reply.received(), rejection).await,
            Err(outcome) => outcome,
        }
    }

    /// What was written, and what is judged of it by its ticket's state; else what became of it already.
    async fn judged(
        &self,
        received: Received,
        ticket: TicketId,
        seen: Option<SeenTicket>,
        judge: impl Fn(&TicketState) -> Result<MayFollowUp, Rejection>,
    ) -> Result<(Reply, Result<MayFollowUp, Rejection>), Outcome> {
        let reply = match screen::on_portal(received, ticket, &self.rules) {
            Ok(reply) => reply,
            Err((received, rejection)) => return Err(self.reject(&received, rejection).await),
        };
        let state = match seen {
            Some(seen) => self.deliverer.state_as_seen(&reply, seen).await,
            None => self.deliverer.ticket_state(&reply).await,
        };
        match state {
            Ok(state) => {
                let judged = judge(&state);
                Ok((reply, judged))
            }
            Err(undelivered) => Err(put_off(undelivered)),
        }
    }

    /// What became of an earlier copy, which may have been added before the ticket was solved or closed, or have done
    /// that itself.
    async fn repeated(&self, reply: &Reply, ticket: TicketId) -> Option<Outcome> {
        match self.ledger.is_in(ticket, reply.received()).await {
            Ok(true) => Some(self.follow_up(reply, MayFollowUp::of_a_copy(ticket)).await),
            Ok(false) => None,
            Err(error) => Some(deferred(Reason::GlpiUnavailable, error.to_string(), None)),
        }
    }
}

/// What this requester decides on the solution of this number of their request: the same decision on the same solution
/// with the same files is the same, and is found in GLPI however long ago it was made. `solved` tells apart a ticket that was solved once
/// more with an old solution.
fn decided_on(
    requester: &Address,
    request: TicketId,
    solution: Option<SolutionId>,
    solved: Option<DateTime>,
    decided: &Decided,
) -> Received {
    let text = match &decided.decision {
        Decision::Accept => "Clôture approuvée.".to_owned(),
        Decision::Refuse(reason) => format!("Clôture refusée. Motif\u{a0}:\n\n{reason}"),
    };
    // What it is found again by is as it ever was.
    let named = match &decided.decision {
        Decision::Accept => text.clone(),
        Decision::Refuse(reason) => format!("Clôture refusée. Motif :\n\n{reason}"),
    };
    let again = solved.map(|solved| format!("{solved} ")).unwrap_or_default();
    let Enclosure { attachments, enclosed, digest, size } = decided.enclosure.clone();
    let identity = format!("{request} {} {again}{named}{digest}", solution.unwrap_or_default());
    let reference = Reference::new("decision", requester.as_str(), identity.as_bytes());
    let received = Received::on_portal(requester, request, reference, &text, Timestamp::now());
    Received { attachments, enclosed, size: received.size.max(size), ..received }
}
