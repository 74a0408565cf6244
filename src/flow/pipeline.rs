//! The way of a request, from intake to acknowledgement: the whole flow on one screen.

mod deposits;
mod followups;
mod prospects;
mod replies;

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Date};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::JoinError,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    flow::{
        deliver::{Deliverer, Undelivered},
        deposit::Deposits,
        directory::Directory,
        judging::{self, Judged},
        ledger::{ClaimResult, KnownTicket, Ledger, OpenClaim, Told},
        proof::Prover,
        quarantine::{Failing, Quarantine},
        receipts::Receipts,
        route::{self, MappingStore, Mappings},
        screen::{self, Candidate, Director, Passed, Rejection, Rules, WithinQuota},
        suggester::Suggester,
    },
    id::TicketId,
    letters::Acknowledger,
    request::{Address, Channel, Deferral, Outcome, Reason, Received, Reference, Refusal},
    telemetry,
};

/// When another try makes sense, where the server that failed does not say.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// How often a request begins anew that waited too long for its turn in GLPI: by then its claim is known everywhere.
const AGAIN: u8 = 2;

/// How many notices, of all kinds together, a person gets in a day, and how many of them for mails that nothing proves
/// to be theirs.
const NOTICES: u32 = 10;
const NOTICES_UNPROVEN: u32 = 3;

/// Everything a request meets on its way.
pub struct Pipeline {
    /// The screening rules.
    pub rules: Rules,
    /// The mappings in force.
    pub mappings: MappingStore,
    /// What proves a sender.
    pub prover: Prover,
    /// Who is a director.
    pub directory: Arc<Directory>,
    /// Which requests have a ticket, and how many a requester had today.
    pub ledger: Arc<Ledger>,
    /// Makes tickets.
    pub deliverer: Deliverer,
    /// Tells requesters.
    pub acknowledger: Acknowledger,
    /// Sends them their receipts, none forgotten.
    pub receipts: Arc<Receipts>,
    /// Tells référents of articles.
    pub suggester: Suggester,
    /// Puts aside what fails again and again.
    pub quarantine: Quarantine,
    /// Puts by what is deposited while GLPI cannot answer.
    pub deposits: Arc<Deposits>,
    /// Requests under way: a request goes on to its end when whoever handed it in goes away.
    pub tasks: TaskTracker,
    /// Places for them: those whose senders went away take theirs as long as the others.
    pub places: Semaphore,
}

impl Pipeline {
    /// Handles one request, to its end; logs and counts the outcome.
    pub async fn request(self: &Arc<Self>, received: Received) -> Outcome {
        let failing = Failing::new(&received);
        self.handled(received, None, failing).await
    }

    /// Handles a request, or what is added to this ticket, to its end; `failing` is what keeps it if it fails.
    async fn handled(self: &Arc<Self>, received: Received, ticket: Option<TicketId>, failing: Failing) -> Outcome {
        let (channel, reference) = (received.channel, received.reference);
        let (this, of_failing) = (Arc::clone(self), Arc::clone(self));
        self.to_its_end(channel, reference, async move {
            let handling = async move { this.deposited(received, ticket).await };
            let handling = of_failing.tasks.spawn(handling.in_current_span());
            match settled(handling.await, reference) {
                Outcome::Deferred(deferral) => of_failing.put_off(&failing, deferral).await,
                settled => settled,
            }
        })
        .await
    }

    /// Ends a request whose way in could not take it whole: it is counted as any other, and nobody is written to.
    pub async fn too_large(self: &Arc<Self>, channel: Channel, reference: Reference) -> Outcome {
        let reason = Reason::TooLarge;
        let refusal = Refusal { reason, sentence: reason.sentence().to_owned() };
        self.to_its_end(channel, reference, async { Outcome::Refused(refusal) }).await
    }

    /// Goes on with a request to its end, even if whoever handed it in goes away; logs and counts the outcome. What is
    /// logged on the way, each call to GLPI included, names its reference.
    async fn to_its_end(
        &self,
        channel: Channel,
        reference: Reference,
        handling: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        let in_hand = telemetry::InHand::take(channel);
        let span = tracing::info_span!("request", %reference, channel = channel.label());
        let handling = self.tasks.spawn(handling.instrument(span));
        // Nor does who goes away take the line and the count along.
        let ending = self.tasks.spawn(async move {
            let outcome = settled(handling.await, reference);
            // What was added bears its own name, which GLPI's word on its ticket may have decided.
            let reference = if let Outcome::Followup(addition) = &outcome { addition.reference } else { reference };
            log(&outcome, channel, reference);
            telemetry::count(channel, &outcome, in_hand.elapsed());
            outcome
        });
        settled(ending.await, reference)
    }

    /// A place for what is to be handled, or that it is to come again: where GLPI is slower than its people are patient,
    /// what they left behind would become more and more.
    fn place(&self) -> Result<SemaphorePermit<'_>, Outcome> {
        self.places.try_acquire().map_err(|_| {
            let cause = "GLPI is slower than requests come: as many are in hand as may be";
            deferred(Reason::GlpiUnavailable, cause.to_owned(), None)
        })
    }

    /// What becomes of a request. One that waits too long for its turn in GLPI begins anew, so often.
    async fn handle(&self, received: Received, again: u8) -> Outcome {
        let mappings = self.mappings.now();

        // Who asks, and whether it is them; what else the request alone decides.
        let reference = received.reference;
        let with_facts = |proven| self.deliverer.with_facts(proven, &self.rules);
        let judging = judging::judge(received, &self.prover, &self.rules, mappings.applications(), with_facts);
        let Judged { doubt, verdict, .. } = match judging.await {
            Ok(judged) => judged,
            Err(undelivered) => return put_off(undelivered),
        };
        if let Some(doubt) = doubt {
            tracing::info!(%reference, doubt = doubt.for_log(), "the sender is not proven");
        }
        let candidate = match verdict {
            Ok(Passed::Request(candidate)) => candidate,
            Ok(Passed::Reply(reply)) => {
                reply.received().leave_company();
                return Box::pin(self.reply(reply)).await;
            }
            Ok(Passed::Answer(answer)) => match Box::pin(self.answer(answer, mappings.applications())).await {
                Ok(candidate) => candidate,
                Err(outcome) => return outcome,
            },
            Err((received, rejection)) => return self.reject(&received, rejection).await,
        };
        // What the directory says of them.
        let answer = self.directory.find(candidate.requester()).await;
        let director = match screen::director(answer, &self.rules) {
            Ok(director) => director,
            Err(rejection) => return self.reject(candidate.received(), rejection).await,
        };

        // One request, one ticket; so many a day.
        let mut candidate = candidate;
        let mine = loop {
            let (known, unconfirmed) = match self.ledger.claim(&candidate).await {
                ClaimResult::Mine(mine) => break mine,
                ClaimResult::Known(known) => (known, None),
                ClaimResult::Found(mine, known) => (known, Some(mine)),
                ClaimResult::Unknown { reason, cause } => return deferred(reason, cause, None),
            };
            candidate.received().leave_company();
            // Its name may be another mail's.
            let renamed = match self.deliverer.is_of_another(candidate.received(), known).await {
                Ok(true) => candidate.clone().renamed(known.reference),
                Ok(false) => None,
                Err(undelivered) => match unconfirmed {
                    Some(mine) => return self.undelivered(mine, undelivered).await,
                    None => return put_off(undelivered),
                },
            };
            let Some(renamed) = renamed else {
                return Box::pin(self.known(candidate, director, (known, unconfirmed), &mappings)).await;
            };
            if let Some(mine) = unconfirmed {
                self.ledger.leave_to_another(mine, known).await;
            }
            candidate = renamed;
        };
        let within = match screen::quota(&self.ledger.reserve(&candidate).await, &self.rules) {
            Ok(within) => within,
            Err(rejection) => {
                self.ledger.release(mine, matches!(rejection, Rejection::Refused(_))).await;
                return self.reject(candidate.received(), rejection).await;
            }
        };

        // Admitted: where it goes, and there it goes.
        let routed = match route::route(screen::admit(candidate, director, within), &mappings) {
            Ok(routed) => routed,
            Err(error) => {
                self.ledger.release(mine, false).await;
                return deferred(Reason::Internal, error.to_string(), None);
            }
        };
        let prepared = match self.deliverer.prepare(&routed).await {
            Ok(prepared) => prepared,
            Err(undelivered) => return self.undelivered(mine, undelivered).await,
        };
        self.ledger.give_way(&mine).await;
        let claim = self.ledger.standing(&mine, routed.received());
        match self.ledger.hold(&mine, self.deliverer.deliver(&routed, prepared, claim)).await {
            Ok(delivered) => {
                let receipt = delivered.into_receipt();
                // Told before it is known: who asks again before that is told.
                let (received, person) = (routed.received(), routed.screened().person());
                let told_elsewhere = self.ledger.is_told_elsewhere(&mine, received);
                if let Err(error) = self.receipts.hand_over(received, person, &receipt, told_elsewhere).await {
                    return self.undelivered(mine, Undelivered::untold(receipt.ticket, &error)).await;
                }
                self.ledger.settle(mine, receipt.ticket).await;
                self.suggester.tell(&receipt);
                Outcome::Created(receipt)
            }
            Err(Undelivered::TooLate) if again > 0 => {
                self.ledger.release(mine, false).await;
                Box::pin(self.handle(routed.received().clone(), again - 1)).await
            }
            Err(undelivered) => self.undelivered(mine, undelivered).await,
        }
    }

    /// Ends a request that cannot be handled now. One that fails on its own account is tried less and less often,
    /// and in the end put aside.
    async fn put_off(&self, failing: &Failing, deferral: Deferral) -> Outcome {
        if !Quarantine::may_blame(failing, &deferral) {
            return Outcome::Deferred(deferral);
        }
        let failures = self.ledger.failed(failing.reference).await;
        if self.quarantine.puts_aside(failing, &deferral, failures).await {
            self.ledger.forgive(failing.reference).await;
            return Outcome::Quarantined(deferral.reason);
        }
        Outcome::Deferred(Deferral { retry_after: self.quarantine.pause(&deferral, failures), ..deferral })
    }

    /// Ends a request whose ticket is not confirmed: whoever sent it keeps it.
    async fn undelivered(&self, mine: OpenClaim, undelivered: Undelivered) -> Outcome {
        match undelivered {
            Undelivered::TakenOver => self.ledger.yield_to_another(mine),
            Undelivered::TooLate | Undelivered::NotMade { .. } => self.ledger.release(mine, false).await,
            Undelivered::Unclear { .. } | Undelivered::Broken { .. } => self.ledger.leave_open(mine),
        }
        put_off(undelivered)
    }

    /// Answers a request that has its ticket already as its first copy was answered, or should have been. One that nobody
    /// has confirmed yet, whose claim is given, is completed first.
    async fn known(
        &self,
        candidate: Candidate,
        director: Director,
        (known, unconfirmed): (KnownTicket, Option<OpenClaim>),
        mappings: &Mappings,
    ) -> Outcome {
        let within = WithinQuota::by_its_ticket(known.ticket);
        let routed = match route::route(screen::admit(candidate, director, within), mappings) {
            Ok(routed) => routed,
            Err(error) => return deferred(Reason::Internal, error.to_string(), None),
        };
        let application = &routed.target().application;
        self.deliverer.doubt_copy(routed.received(), known, application).await;
        let Some(mine) = unconfirmed else {
            return Outcome::Duplicate(self.deliverer.receipt_of(known.ticket, known.reference, &routed).await);
        };
        let completing = self.deliverer.complete(known.ticket, known.reference, &routed);
        let receipt = match self.ledger.hold(&mine, completing).await {
            Ok(receipt) => receipt,
            Err(undelivered) => return self.undelivered(mine, undelivered).await,
        };
        let (received, person) = (routed.received(), routed.screened().person());
        let told_elsewhere = || self.ledger.is_told_elsewhere(&mine, received);
        let telling = match known.told {
            Told::Yes => Ok(()),
            Told::No => self.receipts.hand_over(received, person, &receipt, told_elsewhere()).await,
            Told::Perhaps => self.receipts.hand_over_in_doubt(received, person, &receipt, told_elsewhere()).await,
        };
        if let Err(error) = telling {
            return self.undelivered(mine, Undelivered::untold(known.ticket, &error)).await;
        }
        self.ledger.confirm(mine, known).await;
        if known.answered { Outcome::Duplicate(receipt) } else { Outcome::Created(receipt) }
    }

    /// Ends a request that is not admitted, and tells the person where that is due.
    async fn reject(&self, received: &Received, rejection: Rejection) -> Outcome {
        match rejection {
            Rejection::Refused(refusal) => {
                // Each forwarded mail is another person's request.
                let about = received.forwarder.as_ref().map(|_| received.reference.to_string());
                if let Some(writer) = received.writer()
                    && self.acknowledger.may_refuse(received, refusal.reason)
                    && self.may_notice(received, writer, refusal.reason, about).await
                {
                    self.acknowledger.refusal(received, &refusal);
                }
                Outcome::Refused(refusal)
            }
            Rejection::Ignored(reason) => {
                if reason == Reason::AnnouncementBounce
                    && let Some(announcement) = screen::undelivered(received, &self.rules)
                {
                    tracing::info!(%announcement, "an announcement was not delivered to somebody, says a mail");
                }
                Outcome::Ignored(reason)
            }
            Rejection::Unknown { reason, cause } => deferred(reason, cause.for_log().to_owned(), None),
        }
    }

    /// Whether this notice is the day's first of its kind, and the day has room for one: a third person could else
    /// have as many sent to somebody as there are tickets to name.
    async fn may_notice(&self, received: &Received, to: &Address, reason: Reason, about: Option<String>) -> bool {
        let most = if received.is_unproven() { NOTICES_UNPROVEN } else { NOTICES };
        let day = self.today();
        self.ledger.first_notice(to, reason, about, day).await && self.ledger.notice_place(to, day, most).await
    }

    /// The academy's date: a notice is sent once a day.
    fn today(&self) -> Date {
        Timestamp::now().to_zoned(self.rules.time_zone().clone()).date()
    }
}

/// The outcome of a handling; one that broke is a defect: the sender keeps the request, and the next one is handled as
/// ever. The panic's own words may quote the request: they do not belong into the log.
fn settled(handled: Result<Outcome, JoinError>, reference: Reference) -> Outcome {
    handled.unwrap_or_else(|error| {
        tracing::error!(panicked = error.is_panic(), %reference, "handling a request failed");
        deferred(Reason::Internal, "the gateway failed on this request".to_owned(), None)
    })
}

/// The end of a request of which nothing is confirmed in GLPI.
fn put_off(undelivered: Undelivered) -> Outcome {
    match undelivered {
        Undelivered::TakenOver => {
            deferred(Reason::Busy, "another instance has taken this request over".to_owned(), None)
        }
        Undelivered::TooLate => {
            let cause = "GLPI had no time for it, and another instance may be at it by now";
            deferred(Reason::Busy, cause.to_owned(), None)
        }
        Undelivered::NotMade { reason, cause, retry_after } => {
            deferred(reason, cause.for_log().to_owned(), retry_after)
        }
        Undelivered::Unclear { cause } => deferred(Reason::GlpiUnavailable, cause, None),
        Undelivered::Broken { cause } => {
            Outcome::Deferred(Deferral { reason: Reason::GlpiUnavailable, cause, retry_after: RETRY_AFTER, own: true })
        }
    }
}

fn deferred(reason: Reason, cause: String, retry_after: Option<Duration>) -> Outcome {
    Outcome::Deferred(Deferral { reason, cause, retry_after: retry_after.unwrap_or(RETRY_AFTER), own: false })
}

/// One line for each request: what became of it, and nothing of what it says or who wrote it.
fn log(outcome: &Outcome, channel: Channel, reference: Reference) {
    let (channel, label, reason) = (channel.label(), outcome.label(), outcome.reason().code());
    match outcome {
        Outcome::Created(receipt) | Outcome::Duplicate(receipt) => {
            let (ticket, application) = (receipt.ticket.get(), &receipt.application);
            tracing::info!(%reference, channel, outcome = label, ticket, application, "request");
        }
        Outcome::Followup(addition) => {
            let ticket = addition.ticket.get();
            tracing::info!(%reference, channel, outcome = label, ticket, "request");
        }
        Outcome::Queued(_) | Outcome::Refused(_) | Outcome::Ignored(_) => {
            tracing::info!(%reference, channel, outcome = label, reason, "request");
        }
        Outcome::Quarantined(_) => {
            tracing::error!(%reference, channel, outcome = label, reason, "request");
        }
        Outcome::Deferred(deferral) => {
            tracing::warn!(%reference, channel, outcome = label, reason, cause = deferral.cause, "request");
        }
    }
}
