//! Reads that wait for a session and go to GLPI as one.

use std::sync::Arc;

use serde_json::Value;
use tracing::Instrument as _;

use super::{
    Glpi, Place, Shared,
    error::{GlpiError, Trouble},
    exchange::{Answered, Call},
    gather::{Gather, Waiting},
    session::Way,
};

/// The reads of one kind that wait.
pub(super) type Reads<R> = Gather<R, Result<Arc<<R as JointRead>::Answer>, GlpiError>>;

/// A question that can be asked together with others of its kind.
pub(super) trait JointRead: Clone + Send + Sync + 'static {
    /// What GLPI says to several of them.
    type Answer: Send + Sync + 'static;
    /// How many calls of this kind run side by side.
    const AT_ONCE: usize;

    /// Those that wait.
    fn waiting(shared: &Shared) -> &Reads<Self>;
    /// Whether another one goes with these.
    fn fits(these: &[&Self], another: &Self) -> bool;
    /// The call that asks them all.
    fn call(these: &[&Self]) -> Call<'static>;
    /// What its answer says; `None` where that is no answer to it.
    fn read(these: &[&Self], answer: Value) -> Option<Self::Answer>;
}

impl Glpi {
    /// Asks together with whoever else waits for a session to ask the like.
    pub(super) async fn ask_together<R: JointRead>(&self, question: R) -> Result<Arc<R::Answer>, GlpiError> {
        if let Way::InTurn(_) = self.way {
            return self.ask_alone(&question).await.map(Arc::new);
        }
        let (answer, begins) = R::waiting(&self.shared).join(question, R::AT_ONCE);
        if begins {
            let glpi = self.clone();
            tokio::spawn(async move { glpi.ask_waiting::<R>().await });
        }
        answer.await.unwrap_or_else(|_| Err(GlpiError::unavailable(Trouble::Cut)))
    }

    /// Asks this alone.
    pub(super) async fn ask_alone<R: JointRead>(&self, question: &R) -> Result<R::Answer, GlpiError> {
        self.ask(Place::ToCome(&self.way), &[question]).await
    }

    /// Asks what waits, as long as anything does.
    async fn ask_waiting<R: JointRead>(&self) {
        let waiting = R::waiting(&self.shared);
        let mut run = waiting.run();
        while run.goes_on(R::AT_ONCE) {
            let session = self.shared.session(&self.way).await;
            let batch = waiting.take(|taken, next| R::fits(&questions(taken), next));
            let answer = match session {
                Ok(lease) if batch.is_empty() => {
                    lease.release();
                    continue;
                }
                Ok(lease) => {
                    // Of one alone, the log tells in its request.
                    let span = if let [one] = batch.as_slice() { one.span.clone() } else { tracing::Span::none() };
                    self.ask(Place::Here(lease), &questions(&batch)).instrument(span).await.map(Arc::new)
                }
                Err(error) => Err(error),
            };
            let together = batch.len();
            for one in batch {
                if together > 1 {
                    let error = answer.as_ref().err().map(ToString::to_string);
                    tracing::debug!(parent: &one.span, method = "GET", together, error, "GLPI call");
                }
                one.answer(answer.clone());
            }
        }
    }

    async fn ask<'a, R: JointRead>(&'a self, place: Place<'a>, these: &[&R]) -> Result<R::Answer, GlpiError> {
        let unexpected = || GlpiError::unavailable(Trouble::Unexpected);
        let (answered, lease) = self.shared.exchange_from(place, &R::call(these), &self.way).await?;
        lease.release();
        let Answered::Json(answer) = answered else { return Err(unexpected()) };
        R::read(these, answer).ok_or_else(unexpected)
    }
}

fn questions<R, O>(batch: &[Waiting<R, O>]) -> Vec<&R> {
    batch.iter().map(|one| &one.input).collect()
}
