//! Reads that wait for a session and go to GLPI as one.

use std::{sync::Arc, time::Instant};

use serde_json::Value;
use tracing::Instrument as _;

use super::{
    connection::{Connection, Place},
    error::{GlpiError, Trouble},
    exchange::{Answered, Call},
    gather::{Gather, Runs, Waiting},
    session::Lease,
    turns::Urgency,
};

/// The reads of one kind that wait: those that somebody waits for apart from the others, each at its own urgency.
pub(super) struct Reads<R: JointRead> {
    awaited: Arc<Gather<R, Shared<R>>>,
    background: Arc<Gather<R, Shared<R>>>,
}

/// What all who asked together are told.
type Shared<R> = Result<Arc<<R as JointRead>::Answer>, GlpiError>;

/// A question that can be asked together with others of its kind.
pub(super) trait JointRead: Clone + Send + Sync + 'static {
    /// What GLPI says to several of them.
    type Answer: Send + Sync + 'static;
    /// How many calls of this kind and urgency run side by side.
    const AT_ONCE: usize;
    /// The same.
    const RUNS: Runs = Runs { usual: Self::AT_ONCE, most: Self::AT_ONCE };

    /// How many are about to be asked at this moment, this one included: the first one waits for them, a moment.
    fn expected(&self) -> usize {
        1
    }

    /// Whether another one goes with these.
    fn fits(these: &[&Self], another: &Self) -> bool;
    /// The call that asks them all.
    fn call(these: &[&Self]) -> Call<'static>;
    /// What its answer says; `None` where that is no answer to it.
    fn read(these: &[&Self], answer: Value) -> Option<Self::Answer>;
}

impl<R: JointRead> Default for Reads<R> {
    fn default() -> Self {
        Self { awaited: Arc::default(), background: Arc::default() }
    }
}

impl<R: JointRead> Reads<R> {
    /// Asks together with whoever else waits for a session to ask the like.
    pub(super) async fn ask_together(&self, connection: &Connection, question: R) -> Shared<R> {
        let waiting = match connection.urgency() {
            None => return ask_alone(connection, &question).await.map(Arc::new),
            Some(Urgency::Awaited) => &self.awaited,
            Some(Urgency::Background) => &self.background,
        };
        let (answer, begins) = waiting.join(question, false, R::RUNS);
        if begins {
            let (waiting, connection) = (Arc::clone(waiting), connection.clone());
            tokio::spawn(async move { ask_waiting(&waiting, &connection).await });
        }
        answer.await.unwrap_or_else(|_| Err(GlpiError::unavailable(Trouble::Cut)))
    }
}

/// Asks this alone.
pub(super) async fn ask_alone<R: JointRead>(connection: &Connection, question: &R) -> Result<R::Answer, GlpiError> {
    ask(connection, Place::ToCome, &[question]).await
}

/// Asks what waits, as long as anything does.
async fn ask_waiting<R: JointRead>(waiting: &Gather<R, Shared<R>>, connection: &Connection) {
    let mut run = waiting.run();
    while run.goes_on(R::RUNS) {
        waiting.let_join(R::expected).await;
        let wanted = Instant::now();
        match connection.session().await {
            Ok(lease) => {
                waiting.let_join(|_| 1).await;
                let batch = waiting.take(|taken, next| R::fits(&questions(taken), next));
                if batch.is_empty() {
                    lease.release();
                } else {
                    answer(&asked(connection, lease, &batch).await, batch);
                }
            }
            Err(error) => answer(&Err(error), waiting.take_until(wanted)),
        }
    }
}

/// Tells all who asked together.
fn answer<R: JointRead>(answer: &Shared<R>, batch: Vec<Waiting<R, Shared<R>>>) {
    let together = batch.len();
    for one in batch {
        if together > 1 {
            let error = answer.as_ref().err().map(ToString::to_string);
            tracing::debug!(parent: &one.span, method = "GET", together, error, "GLPI call");
        }
        one.answer(answer.clone());
    }
}

async fn asked<'a, R: JointRead>(
    connection: &'a Connection,
    lease: Lease<'a>,
    batch: &[Waiting<R, Shared<R>>],
) -> Shared<R> {
    // Of one alone, the log tells in its request.
    let span = if let [one] = batch { one.span.clone() } else { tracing::Span::none() };
    ask(connection, Place::Here(lease), &questions(batch)).instrument(span).await.map(Arc::new)
}

async fn ask<'a, R: JointRead>(
    connection: &'a Connection,
    place: Place<'a>,
    these: &[&R],
) -> Result<R::Answer, GlpiError> {
    let unexpected = || GlpiError::unavailable(Trouble::Unexpected);
    let (answered, lease) = connection.exchange_from(place, &R::call(these)).await?;
    lease.release();
    let Answered::Json(answer) = answered else { return Err(unexpected()) };
    R::read(these, answer).ok_or_else(unexpected)
}

fn questions<R, O>(batch: &[Waiting<R, O>]) -> Vec<&R> {
    batch.iter().map(|one| &one.input).collect()
}
