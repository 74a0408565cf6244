//! Group commit: tickets without files that wait for a session are made in one call.
//!
//! GLPI starts a script for each call and ends it; of several inputs it makes one ticket after the other in one script
//! (`API::createItems`), and says of each what became of it. It makes them in no transaction: where a script breaks,
//! the tickets before that are there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::{
    connection::{Connection, Place},
    error::{GlpiError, Trouble},
    exchange::{Answered, Call},
    gather::{Gather, Runs, Waiting},
    pace::Pace,
    session::Lease,
    turns::Urgency,
    verdict::{Added, AddedOne, judge_one},
};
use crate::id::TicketId;

/// Bytes of one call at most, unless a single ticket has more: some web servers take a megabyte.
const MOST_BYTES: usize = 512 * 1024;

/// The tickets that wait to be made, and how they are made.
pub(super) struct Creations {
    gather: Gather<Input, Answer>,
    pace: Mutex<Pace>,
}

/// Among how many a ticket goes, itself included.
#[derive(Clone, Copy, Debug)]
pub struct Among {
    /// So many are about to be handed over at this moment: the first one waits for them, some milliseconds at most.
    pub expected: usize,
    /// At most so many: one that may break its call goes in small company.
    pub most: usize,
    /// Others come the same way, and nobody waits for this one in front of a screen: it takes no more of GLPI than brings
    /// something.
    pub is_patient: bool,
}

/// A ticket to make.
struct Input {
    json: String,
    /// Tells its caller that it is its turn, and where to say whether it is still wanted.
    called: Option<oneshot::Sender<oneshot::Sender<bool>>>,
    among: Among,
}

/// What became of it.
struct Answer {
    made: Result<u64, GlpiError>,
    /// Among how many it went, itself included.
    together: usize,
    took: Duration,
}

/// How long a session waits for its callers' word.
const LONGEST_WORD: Duration = Duration::from_millis(500);

type Batch = Vec<Waiting<Input, Answer>>;

impl Creations {
    /// At most so many calls side by side, of so many tickets each.
    pub(super) fn new(most_calls: usize, most_together: usize, timeout: Duration) -> Self {
        Self { gather: Gather::default(), pace: Mutex::new(Pace::new(most_calls, most_together, timeout)) }
    }

    fn pace<T>(&self, ask: impl FnOnce(&mut Pace) -> T) -> T {
        ask(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn runs(&self) -> Runs {
        self.pace(|pace| Runs { usual: pace.calls(), most: pace.most_calls() })
    }

    /// What waits, as far as it fits one call: where others are free as well, they have their part.
    fn take(&self) -> Batch {
        let most = self.pace(|pace| pace.together());
        let most = self.gather.part(self.runs(), most, |input| input.among.expected);
        self.gather.take(|taken, next| {
            let allowed = taken.iter().map(|one| one.input.among.most).fold(most, usize::min);
            let bytes: usize = taken.iter().map(|one| one.input.json.len()).sum();
            taken.len() < allowed.min(next.among.most) && bytes + next.json.len() <= MOST_BYTES
        })
    }

    /// Makes a ticket, if it is still wanted when its turn comes: `None` where not.
    pub(super) async fn create<F: Future<Output = bool>>(
        self: &Arc<Self>,
        connection: &Connection,
        input: Map<String, Value>,
        among: Among,
        is_wanted: impl FnOnce() -> F,
    ) -> Result<Option<TicketId>, GlpiError> {
        let (call, called) = oneshot::channel();
        let input = Input { json: Value::Object(input).to_string(), called: Some(call), among };
        let (answer, begins) = self.gather.join(input, among.is_patient, self.runs());
        if begins {
            // It makes whatever tickets wait, not this one alone.
            let (creations, connection) = (Arc::clone(self), connection.waiting(Urgency::Awaited));
            tokio::spawn(async move { creations.create_waiting(&connection).await });
        }
        // Where nobody calls, the answer says why.
        if let Ok(goes) = called.await {
            let is_wanted = is_wanted().await;
            if goes.send(is_wanted).is_err() || !is_wanted {
                return Ok(None);
            }
        }
        let Ok(Answer { made, together, took }) = answer.await else {
            return Err(GlpiError::interrupted(Trouble::Cut, true));
        };
        if together > 1 {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let error = made.as_ref().err().map(ToString::to_string);
            tracing::debug!(method = "POST", path = "Ticket", together, ms, error, "GLPI call");
        }
        made.map(|id| Some(id.into()))
    }

    /// Makes what waits, as long as anything does.
    async fn create_waiting(&self, connection: &Connection) {
        let mut run = self.gather.run();
        while run.goes_on(self.runs()) {
            self.gather.let_join(|input| input.among.expected).await;
            let wanted = Instant::now();
            match connection.session().await {
                Ok(lease) => {
                    self.gather.let_join(|_| 1).await;
                    let batch = self.take();
                    run.calls(batch.len());
                    let batch = still_wanted(batch).await;
                    if batch.is_empty() {
                        lease.release();
                    } else {
                        self.create_all(connection, lease, batch).await;
                    }
                }
                Err(error) => settle(self.gather.take_until(wanted), Duration::ZERO, |_| Err(error.clone())),
            }
        }
    }

    /// Makes these tickets. A call that GLPI refuses as a whole wrote nothing: its halves are tried.
    async fn create_all<'a>(&self, connection: &'a Connection, lease: Lease<'a>, batch: Batch) {
        let (mut place, mut left) = (Place::Here(lease), vec![batch]);
        while let Some(batch) = left.pop() {
            let began = Instant::now();
            let made = create_these(connection, std::mem::replace(&mut place, Place::ToCome), &batch).await;
            let took = began.elapsed();
            let is_outage = made.as_ref().is_err_and(GlpiError::is_outage);
            self.pace(|pace| pace.settled(batch.len(), took, !is_outage, began + took));
            match made {
                Ok(each) => {
                    let mut each = each.into_iter();
                    settle(batch, took, |_| {
                        each.next().unwrap_or(Err(GlpiError::interrupted(Trouble::Unexpected, true)))
                    });
                }
                Err(GlpiError::TooLarge | GlpiError::Rejected { .. } | GlpiError::NotFound) if batch.len() > 1 => {
                    let mut first = batch;
                    let second = first.split_off(first.len() / 2);
                    left.extend([second, first]);
                }
                Err(error) => settle(batch, took, |inputs| Err(error.clone().of_several(inputs))),
            }
        }
    }
}

/// One call; what became of each ticket.
async fn create_these<'a>(
    connection: &'a Connection,
    place: Place<'a>,
    batch: &Batch,
) -> Result<Vec<Result<u64, GlpiError>>, GlpiError> {
    let inputs: Vec<&str> = batch.iter().map(|one| one.input.json.as_str()).collect();
    let unexpected = || GlpiError::interrupted(Trouble::Unexpected, true);
    let call = Call::create_each("Ticket", &inputs);
    // Of one ticket alone, the log tells in its request.
    let span = if let [one] = batch.as_slice() { one.span.clone() } else { tracing::Span::none() };
    let (answered, lease) = connection.exchange_from(place, &call).instrument(span).await?;
    lease.release();
    let Answered::Json(answer) = answered else { return Err(unexpected()) };
    if batch.len() == 1 {
        let added: Added = serde_json::from_value(answer).map_err(|_| unexpected())?;
        return Ok(vec![Ok(added.id)]);
    }
    let each: Vec<AddedOne> = serde_json::from_value(answer).map_err(|_| unexpected())?;
    if each.len() != batch.len() {
        return Err(unexpected());
    }
    Ok(each.iter().map(judge_one).collect())
}

/// Those of a batch that are still wanted, now that there is a session for them. Who does not answer soon is left out.
async fn still_wanted(batch: Batch) -> Batch {
    let asked = batch.into_iter().map(|mut one| async move {
        let (go, goes) = oneshot::channel();
        one.input.called.take()?.send(go).ok()?;
        let is_wanted = tokio::time::timeout(LONGEST_WORD, goes).await;
        matches!(is_wanted, Ok(Ok(true))).then_some(one)
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Tells each caller what became of their ticket.
fn settle(batch: Batch, took: Duration, mut made: impl FnMut(usize) -> Result<u64, GlpiError>) {
    let together = batch.len();
    for one in batch {
        one.answer(Answer { made: made(together), together, took });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        iter,
        time::{Duration, Instant},
    };

    use super::{
        super::gather::{Gather, Run, Runs},
        Pace,
    };

    /// As long as a relay takes to bring its next mail.
    const GAP: Duration = Duration::from_millis(6);
    const CORES: usize = 2;
    const MOST_CALLS: usize = 4;

    /// Relays that bring the next mail when the last one is answered, before a GLPI that takes as long for a call and for
    /// each of its tickets as the stand-in does. Where `calls` are given, so many run side by side.
    struct Loop<'a> {
        gather: &'a Gather<(), ()>,
        pace: Pace,
        calls: Option<usize>,
        now: Instant,
        cores: [Instant; CORES],
        coming: Vec<Instant>,
        /// The runs, and the call of each.
        runs: Vec<(Run<'a, (), ()>, Option<MakingTickets>)>,
    }

    /// A call under way.
    #[derive(Clone, Copy)]
    struct MakingTickets {
        began: Instant,
        ends: Instant,
        tickets: usize,
    }

    impl<'a> Loop<'a> {
        fn new(gather: &'a Gather<(), ()>, relays: usize, calls: Option<usize>) -> Self {
            let (now, pace) = (Instant::now(), Pace::new(MOST_CALLS, 25, Duration::from_secs(30)));
            Self { gather, pace, calls, now, cores: [now; CORES], coming: vec![now; relays], runs: Vec::new() }
        }

        fn side_by_side(&self) -> Runs {
            let usual = self.calls.unwrap_or(self.pace.calls());
            Runs { usual, most: usual }
        }

        /// Tickets a second in so much time from now on.
        fn run(&mut self, time: Duration) -> f64 {
            let (end, mut made) = (self.now + time, 0);
            // An answer that nobody waits for is not made.
            let mut waiting = Vec::new();
            while self.now < end {
                let side_by_side = self.side_by_side();
                let come = self.coming.extract_if(.., |moment| *moment <= self.now).count();
                for (answer, begins) in iter::repeat_with(|| self.gather.join((), true, side_by_side)).take(come) {
                    waiting.push(answer);
                    self.runs.extend(begins.then(|| (self.gather.run(), None)));
                }
                for (run, call) in self.runs.iter_mut().filter(|(_, call)| call.is_none()) {
                    let most = self.gather.part(side_by_side, self.pace.together(), |()| 0);
                    let tickets = self.gather.take(|taken, ()| taken.len() < most).len();
                    let takes =
                        Duration::from_millis(16) + Duration::from_millis(26) * u32::try_from(tickets).unwrap_or(0);
                    let Some(free) = self.cores.iter_mut().min().filter(|_| tickets > 0) else { continue };
                    *free = self.now.max(*free) + takes;
                    run.calls(tickets);
                    *call = Some(MakingTickets { began: self.now, ends: *free, tickets });
                }
                let ends = self.runs.iter().filter_map(|(_, call)| call.map(|call| call.ends));
                self.now = ends.chain(self.coming.iter().copied()).min().unwrap_or(end);
                for (_, call) in &mut self.runs {
                    if let Some(MakingTickets { began, tickets, .. }) = call.take_if(|call| call.ends <= self.now) {
                        self.pace.settled(tickets, self.now - began, true, self.now);
                        self.coming.extend(iter::repeat_n(self.now + GAP, tickets));
                        made += tickets;
                    }
                }
                let side_by_side = self.side_by_side();
                self.runs.retain_mut(|(run, call)| call.is_some() || run.goes_on(side_by_side));
            }
            f64::from(u32::try_from(made).unwrap_or(u32::MAX)) / time.as_secs_f64()
        }
    }

    #[test]
    fn few_and_many_relays_are_served_almost_as_fast_as_can_be() {
        for relays in [8, 16, 32, 64] {
            let of = |calls: usize| Loop::new(&Gather::default(), relays, Some(calls)).run(Duration::from_mins(1));
            let best = (1..=MOST_CALLS).map(of).fold(0.0, f64::max);
            let gather = Gather::default();
            let found = Loop::new(&gather, relays, None).run(Duration::from_mins(2));
            assert!(found > best * 0.96, "{relays} relays: {found:.1} of {best:.1} tickets a second");
        }
    }
}
