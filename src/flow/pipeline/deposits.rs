//! The way of what is deposited on the portal: to its ticket, or, where GLPI cannot answer and `portal.when_down` says
//! so, to the relay or the mailbox; and the way back of what was put by.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::time::timeout_at;
use tracing::Instrument as _;

use super::{AGAIN, Pipeline, deferred, settled};
use crate::{
    flow::{
        deposit::{NotQueued, Returned, Unopened},
        quarantine::Failing,
        screen,
    },
    id::TicketId,
    request::{Channel, Deferral, Outcome, Reason, Received, Reference, Refusal},
};

/// So long GLPI is waited for at most: portals give up after half a minute.
const LONGEST_PATIENCE: Duration = Duration::from_secs(25);

impl Pipeline {
    /// Takes a form, or what is added to this ticket, to its end; its sender waits until that moment. Where GLPI cannot
    /// answer, or does not so in time, it is put by, if that is wanted: [`Outcome::Queued`].
    pub async fn deposit(self: &Arc<Self>, received: Received, ticket: Option<TicketId>, until: Instant) -> Outcome {
        let (this, reference) = (Arc::clone(self), received.reference);
        let may_wait = self.deposits.are_on();
        self.to_its_end(Channel::Form, reference, async move {
            let deposited = may_wait.then(|| received.clone());
            let mine = Arc::clone(&this);
            let handling = async move { mine.deposited(received, ticket).await };
            let mut handling = this.tasks.spawn(handling.in_current_span());
            let Some(deposited) = deposited else { return settled(handling.await, reference) };
            let outcome = match timeout_at(patience(until).into(), &mut handling).await {
                Ok(ended) => settled(ended, reference),
                // It goes on; if it makes the ticket, what comes back finds it.
                Err(_) => match this.put_by(&deposited, ticket, "no end in time").await {
                    Ok(queued) => return queued,
                    Err(_) => settled(handling.await, reference),
                },
            };
            match outcome {
                Outcome::Deferred(deferral) => this.put_by_or_off(&deposited, ticket, deferral).await,
                ended => ended,
            }
        })
        .await
    }

    /// Takes a form that came back by this way, in this mail, to its end.
    pub async fn returned(self: &Arc<Self>, returned: Returned, via: Channel, mail: Bytes) -> Outcome {
        let Returned { received, ticket } = returned;
        let failing = Failing { channel: via, reference: received.reference, original: Some(mail) };
        self.handled(received, ticket, failing).await
    }

    /// Ends a mail that calls itself a form that was put by, and is none that may be believed.
    pub async fn unopened(self: &Arc<Self>, why: Unopened, via: Channel, mail: &Bytes) -> Outcome {
        let reference = Reference::new("mail-content", "", mail);
        self.to_its_end(via, reference, async move {
            tracing::warn!(%reference, %why, "a mail calls itself a form of the portal that was put by");
            match why.refusal() {
                Some(reason) => Outcome::Refused(Refusal { reason, sentence: reason.sentence().to_owned() }),
                None => deferred(Reason::Internal, why.to_string(), None),
            }
        })
        .await
    }

    /// Ends a form that came back larger than its way in reads: whoever has it keeps it until somebody widens the way.
    pub async fn cut_off(self: &Arc<Self>, via: Channel, mail: &Bytes) -> Outcome {
        let reference = Reference::new("mail-content", "", mail);
        self.to_its_end(via, reference, async {
            let cause = "a form that was put by is larger than lmtp.max_size or screen.max_size lets in";
            deferred(Reason::TooLargeToQueue, cause.to_owned(), None)
        })
        .await
    }

    /// What becomes of a request, or of what is added to this ticket, if GLPI answers.
    pub(super) async fn deposited(&self, received: Received, ticket: Option<TicketId>) -> Outcome {
        let _place = match self.place() {
            Ok(place) => place,
            Err(put_off) => return put_off,
        };
        match ticket {
            None => Box::pin(self.handle(received, AGAIN)).await,
            Some(ticket) => {
                let judge = |state: &_| screen::complement(state, &self.rules);
                Box::pin(self.on_portal(received, ticket, None, judge)).await
            }
        }
    }

    /// Puts by what failed for want of what many requests need; what was put by before is on its way, whatever failed.
    async fn put_by_or_off(&self, deposited: &Received, ticket: Option<TicketId>, deferral: Deferral) -> Outcome {
        if let Some(reference) = self.deposits.queued(deposited) {
            return Outcome::Queued(reference);
        }
        let is_of_helpdesk = match deferral.reason {
            Reason::GlpiUnavailable | Reason::GlpiDenied | Reason::DirectoryUnknown | Reason::CacheUnavailable => true,
            // Another copy is being handled, GLPI refuses this very request, or the gateway failed.
            _ => false,
        };
        if !is_of_helpdesk {
            return Outcome::Deferred(deferral);
        }
        match self.put_by(deposited, ticket, &deferral.cause).await {
            Ok(queued) => queued,
            Err(NotQueued::TooLarge(_)) => Outcome::Deferred(Deferral { reason: Reason::TooLargeToQueue, ..deferral }),
            Err(NotQueued::Failed(_)) => Outcome::Deferred(deferral),
        }
    }

    async fn put_by(&self, deposited: &Received, ticket: Option<TicketId>, cause: &str) -> Result<Outcome, NotQueued> {
        let reference = deposited.reference;
        match self.deposits.hand_over(deposited, ticket).await {
            Ok(()) => {
                tracing::info!(%reference, cause, "a form is put by until the helpdesk answers");
                Ok(Outcome::Queued(reference))
            }
            Err(error) => {
                tracing::warn!(%reference, cause, %error, "a form was not put by: its sender is told to come again");
                Err(error)
            }
        }
    }
}

/// Until when GLPI is waited for: the last third of the time is for the relay.
fn patience(until: Instant) -> Instant {
    let now = Instant::now();
    now + (until.saturating_duration_since(now) * 2 / 3).min(LONGEST_PATIENCE)
}
