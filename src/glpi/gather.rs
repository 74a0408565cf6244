//! Inputs that wait for a session go to GLPI together: as they come, with no added wait while a session is free.
//!
//! The first input begins a run; those that come meanwhile join it. When a session is free, the run takes what waits
//! at that moment, and goes on until nothing waits.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;
use tracing::Span;

/// What waits, and how many runs take from it.
pub(super) struct Gather<I, O>(Mutex<Queue<I, O>>);

struct Queue<I, O> {
    waiting: VecDeque<Waiting<I, O>>,
    runs: usize,
}

/// An input whose caller waits for its answer.
pub(super) struct Waiting<I, O> {
    pub(super) input: I,
    /// The request it belongs to, for the log.
    pub(super) span: Span,
    answer: oneshot::Sender<O>,
}

/// A run over what waits. However it ends, another one may begin then.
pub(super) struct Run<'a, I, O> {
    gather: &'a Gather<I, O>,
    has_ended: bool,
}

impl<I, O> Default for Gather<I, O> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: VecDeque::new(), runs: 0 }))
    }
}

impl<I, O> Gather<I, O> {
    /// Has an input wait. Gives where its answer comes, and whether the caller is to begin a run: while fewer than
    /// `most_runs` are at work.
    pub(super) fn join(&self, input: I, most_runs: usize) -> (oneshot::Receiver<O>, bool) {
        let (answer, answered) = oneshot::channel();
        let mut queue = self.lock();
        queue.waiting.push_back(Waiting { input, span: Span::current(), answer });
        let begins = queue.runs < most_runs;
        queue.runs += usize::from(begins);
        (answered, begins)
    }

    /// The run that a caller of [`Gather::join`] was to begin.
    pub(super) fn run(&self) -> Run<'_, I, O> {
        Run { gather: self, has_ended: false }
    }

    /// Lets those join who are about to: while what waits becomes more as those go on that can.
    pub(super) async fn let_join(&self) {
        let mut known = 0;
        loop {
            tokio::task::yield_now().await;
            let waiting = self.lock().waiting.len();
            if waiting <= known {
                return;
            }
            known = waiting;
        }
    }

    /// What goes together next: from the first that waits on, as long as `fits` says so of what was taken and the next
    /// one. Inputs whose caller is gone are dropped: nothing is written that nobody waits for.
    pub(super) fn take(&self, fits: impl Fn(&[Waiting<I, O>], &I) -> bool) -> Vec<Waiting<I, O>> {
        let mut queue = self.lock();
        let mut taken: Vec<Waiting<I, O>> = Vec::new();
        while let Some(next) = queue.waiting.pop_front() {
            if next.answer.is_closed() {
                continue;
            }
            if !taken.is_empty() && !fits(&taken, &next.input) {
                queue.waiting.push_front(next);
                break;
            }
            taken.push(next);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Queue<I, O>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I, O> Waiting<I, O> {
    pub(super) fn answer(self, answer: O) {
        // Its caller may have gone.
        let _ = self.answer.send(answer);
    }
}

impl<I, O> Run<'_, I, O> {
    /// Whether anything waits; else the run has ended. It ends too where there are more than `most_runs`.
    pub(super) fn goes_on(&mut self, most_runs: usize) -> bool {
        let mut queue = self.gather.lock();
        if !queue.waiting.is_empty() && queue.runs <= most_runs.max(1) {
            return true;
        }
        queue.runs -= 1;
        self.has_ended = true;
        false
    }
}

impl<I, O> Drop for Run<'_, I, O> {
    /// A run that broke: who waits is told so by the end of its channel, where no other run is left.
    fn drop(&mut self) {
        if !self.has_ended {
            let mut queue = self.gather.lock();
            queue.runs -= 1;
            if queue.runs == 0 {
                queue.waiting.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::Gather;

    fn inputs(gather: &Gather<u8, u8>, most: usize) -> Vec<u8> {
        gather.take(|taken, _| taken.len() < most).iter().map(|waiting| waiting.input).collect()
    }

    #[test]
    fn so_many_runs_begin_and_each_takes_what_waits() {
        let gather = Gather::<u8, u8>::default();
        let answers: Vec<_> = (0..5).map(|input| gather.join(input, 2)).collect();
        assert_eq!(answers.iter().map(|(_, begins)| *begins).collect::<Vec<_>>(), [true, true, false, false, false]);
        assert_eq!(inputs(&gather, 3), [0, 1, 2]);
        assert_eq!(inputs(&gather, 3), [3, 4]);
        let (mut one, mut two) = (gather.run(), gather.run());
        assert!(!one.goes_on(2) && !two.goes_on(2));
        assert!(gather.join(5, 1).1);
    }

    #[tokio::test]
    async fn who_can_go_on_joins_before_anything_is_taken() {
        let gather = Arc::new(Gather::<u8, u8>::default());
        let _first = gather.join(0, 1);
        let others = (1..9).map(|input| {
            let gather = Arc::clone(&gather);
            tokio::spawn(async move { gather.join(input, 1) })
        });
        let others: Vec<_> = others.collect();
        gather.let_join().await;
        assert_eq!(inputs(&gather, 20).len(), 9);
        drop(others);
    }

    #[test]
    fn a_run_too_many_ends_and_the_last_one_goes_on() {
        let gather = Gather::<u8, u8>::default();
        let _answers = [gather.join(1, 2), gather.join(2, 2)];
        let (mut one, mut two) = (gather.run(), gather.run());
        assert!(!one.goes_on(0) && two.goes_on(0));
    }

    #[test]
    fn what_nobody_waits_for_is_not_taken() {
        let gather = Gather::<u8, u8>::default();
        let (gone, _) = gather.join(1, 1);
        let (there, _) = gather.join(2, 1);
        drop(gone);
        let taken = gather.take(|_, _| true);
        assert_eq!(taken.len(), 1);
        for waiting in taken {
            waiting.answer(7);
        }
        assert_eq!(there.now_or_never(), Some(Ok(7)));
    }

    #[test]
    fn a_run_that_breaks_leaves_nobody_waiting_for_ever() {
        let gather = Gather::<u8, u8>::default();
        let (waiting, begins) = gather.join(1, 1);
        assert!(begins);
        drop(gather.run());
        assert!(waiting.now_or_never().unwrap().is_err());
        assert!(gather.join(2, 1).1);
    }
}
