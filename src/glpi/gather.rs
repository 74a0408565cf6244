//! Inputs that wait for a session go to GLPI together: as they come, with no added wait while a session is free.
//!
//! The first input begins a run; those that come meanwhile join it. When a session is free, the run takes what waits
//! at that moment, and goes on until nothing waits.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::Span;

/// How long it is waited for another input that is about to come.
const MOMENT: Duration = Duration::from_millis(1);

/// What waits, and how many runs take from it.
pub(super) struct Gather<I, O>(Mutex<Queue<I, O>>);

struct Queue<I, O> {
    waiting: VecDeque<Waiting<I, O>>,
    runs: usize,
    /// Runs whose call is under way, and the inputs of these calls.
    calling: usize,
    under_way: usize,
}

/// How many runs there are side by side.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    /// However much waits.
    pub(super) usual: usize,
    /// While each input has a call of its own, and none of them is patient.
    pub(super) most: usize,
}

/// An input whose caller waits for its answer.
pub(super) struct Waiting<I, O> {
    pub(super) input: I,
    /// The request it belongs to, for the log.
    pub(super) span: Span,
    /// When it joined.
    pub(super) came: Instant,
    /// It came with others, or others follow it: it waits for one of the usual runs.
    is_patient: bool,
    answer: oneshot::Sender<O>,
}

/// A run over what waits. However it ends, another one may begin then.
pub(super) struct Run<'a, I, O> {
    gather: &'a Gather<I, O>,
    /// The inputs of its call, while that is under way.
    calling: Option<usize>,
    has_ended: bool,
}

impl<I, O> Default for Gather<I, O> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: VecDeque::new(), runs: 0, calling: 0, under_way: 0 }))
    }
}

impl<I, O> Gather<I, O> {
    /// Has an input wait. Gives where its answer comes, and whether the caller is to begin a run.
    pub(super) fn join(&self, input: I, is_patient: bool, runs: Runs) -> (oneshot::Receiver<O>, bool) {
        let (answer, answered) = oneshot::channel();
        let mut queue = self.lock();
        queue.waiting.push_back(Waiting { input, span: Span::current(), came: Instant::now(), is_patient, answer });
        let begins = queue.runs < runs.usual || queue.runs < runs.most && queue.each_has_a_call(runs);
        queue.runs += usize::from(begins);
        (answered, begins)
    }

    /// The run that a caller of [`Gather::join`] was to begin.
    pub(super) fn run(&self) -> Run<'_, I, O> {
        Run { gather: self, calling: None, has_ended: false }
    }

    /// Lets those join who are about to: while what waits becomes more as those go on that can, and a moment longer
    /// where an input says that more are `expected`.
    pub(super) async fn let_join(&self, expected: impl Fn(&I) -> usize) {
        let (mut known, mut has_paused) = (0, false);
        loop {
            tokio::task::yield_now().await;
            let (waiting, expected) = {
                let queue = self.lock();
                let expected = queue.waiting.iter().map(|one| expected(&one.input)).max();
                (queue.waiting.len(), expected.unwrap_or_default())
            };
            if waiting > known {
                (known, has_paused) = (waiting, false);
            } else if waiting < expected && !has_paused {
                has_paused = true;
                tokio::time::sleep(MOMENT).await;
            } else {
                return;
            }
        }
    }

    /// How many of those that wait, or are `expected` to, are one run's part: `most`, or fewer so that each that has no
    /// call under way has one, and none has more than its share of all: where answers bring the next inputs, a small call
    /// beside a large one would stay small.
    pub(super) fn part(&self, runs: Runs, most: usize, expected: impl Fn(&I) -> usize) -> usize {
        let queue = self.lock();
        if queue.each_has_a_call(runs) {
            return 1;
        }
        let expected = queue.waiting.iter().map(|one| expected(&one.input)).max().unwrap_or_default();
        let all = queue.waiting.len().max(expected);
        // What is enough for a whole call goes in as few as can be.
        if all >= most {
            all.div_ceil(all.div_ceil(most))
        } else {
            let share = (all + queue.under_way).div_ceil(runs.usual.max(1));
            all.div_ceil(runs.usual.saturating_sub(queue.calling).max(1)).min(share).min(most)
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

    /// Those that waited at this moment already. What went wrong since says nothing to those who came later.
    pub(super) fn take_until(&self, moment: Instant) -> Vec<Waiting<I, O>> {
        let mut queue = self.lock();
        let before = queue.waiting.iter().take_while(|one| one.came <= moment).count();
        queue.waiting.drain(..before).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Queue<I, O>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I, O> Queue<I, O> {
    fn each_has_a_call(&self, runs: Runs) -> bool {
        self.waiting.len() + self.calling <= runs.most && !self.waiting.iter().any(|one| one.is_patient)
    }
}

impl<I, O> Waiting<I, O> {
    pub(super) fn answer(self, answer: O) {
        // Its caller may have gone.
        let _ = self.answer.send(answer);
    }
}

impl<I, O> Run<'_, I, O> {
    /// It has taken what its next call is about: so many inputs.
    pub(super) fn calls(&mut self, inputs: usize) {
        let mut queue = self.gather.lock();
        self.end_call(&mut queue);
        self.calling = Some(inputs);
        queue.calling += 1;
        queue.under_way += inputs;
    }

    fn end_call(&mut self, queue: &mut Queue<I, O>) {
        if let Some(inputs) = self.calling.take() {
            queue.calling -= 1;
            queue.under_way -= inputs;
        }
    }

    /// Whether anything waits; else the run has ended. It ends too where there are too many.
    pub(super) fn goes_on(&mut self, runs: Runs) -> bool {
        let mut queue = self.gather.lock();
        self.end_call(&mut queue);
        let is_one_too_many = queue.runs > runs.usual.max(1) && !queue.each_has_a_call(runs);
        if !queue.waiting.is_empty() && !is_one_too_many {
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
            self.end_call(&mut queue);
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

    use std::{sync::Arc, time::Instant};

    use futures_util::FutureExt as _;

    use super::{Gather, Runs};

    fn runs(usual: usize) -> Runs {
        Runs { usual, most: usual }
    }

    fn inputs(gather: &Gather<u8, u8>, most: usize) -> Vec<u8> {
        gather.take(|taken, _| taken.len() < most).iter().map(|waiting| waiting.input).collect()
    }

    #[test]
    fn so_many_runs_begin_and_each_takes_what_waits() {
        let gather = Gather::<u8, u8>::default();
        let answers: Vec<_> = (0..5).map(|input| gather.join(input, false, runs(2))).collect();
        assert_eq!(answers.iter().map(|(_, begins)| *begins).collect::<Vec<_>>(), [true, true, false, false, false]);
        assert_eq!(inputs(&gather, 3), [0, 1, 2]);
        assert_eq!(inputs(&gather, 3), [3, 4]);
        let (mut one, mut two) = (gather.run(), gather.run());
        assert!(!one.goes_on(runs(2)) && !two.goes_on(runs(2)));
        assert!(gather.join(5, false, runs(1)).1);
    }

    #[test]
    fn what_waits_is_parted_among_the_runs_that_have_no_call_under_way() {
        let gather = Gather::<u8, u8>::default();
        let _answers: Vec<_> = (0..16).map(|input| gather.join(input, false, runs(4))).collect();
        let mut two = [gather.run(), gather.run()];
        let mut parts = Vec::new();
        for run in &mut two {
            assert!(run.goes_on(runs(4)));
            let part = gather.part(runs(4), 25, |_| 0);
            parts.push(inputs(&gather, part).len());
            run.calls(part);
        }
        assert_eq!(parts, [4, 4]);
        assert_eq!(gather.part(runs(4), 25, |_| 20), 7, "others are about to come");
        assert_eq!(gather.part(runs(4), 25, |_| 49), 25, "enough for two whole calls");
        assert_eq!(
            (gather.part(runs(4), 25, |_| 0), gather.part(runs(2), 25, |_| 0), gather.part(runs(1), 25, |_| 0)),
            (4, 8, 8)
        );
        assert!(two[0].goes_on(runs(4)));
        assert_eq!(gather.part(runs(4), 25, |_| 0), 3);
    }

    /// Relays that each bring the next mail when the last one is answered.
    #[test]
    fn a_small_call_beside_a_large_one_does_not_stay_small() {
        let gather = Gather::<u8, u8>::default();
        let mut asked: Vec<_> = (0..2).map(|input| gather.join(input, true, runs(2))).collect();
        let mut two = [gather.run(), gather.run()];
        two[0].calls(inputs(&gather, 2).len());
        asked.extend((2..16).map(|input| gather.join(input, true, runs(2))));
        let mut parts = vec![2];
        for turn in 1..8 {
            let (part, inputs) = (gather.part(runs(2), 25, |_| 0), |part| inputs(&gather, part).len());
            two[turn % 2].calls(inputs(part));
            parts.push(part);
            // The other one's call ends.
            let ended = parts[turn - 1];
            assert!(two[(turn + 1) % 2].goes_on(runs(2)) || ended == parts[turn]);
            asked.extend((0..ended).map(|_| gather.join(0, true, runs(2))));
        }
        assert_eq!(parts[parts.len() - 2..], [8, 8], "{parts:?}");
    }

    #[test]
    fn a_few_inputs_have_a_call_each_and_many_share_the_usual_ones() {
        let gather = Gather::<u8, u8>::default();
        let runs = Runs { usual: 2, most: 4 };
        let begun = |answers: &[(_, bool)]| answers.iter().filter(|(_, begins)| *begins).count();
        let mut answers: Vec<(tokio::sync::oneshot::Receiver<u8>, bool)> =
            (0..4).map(|input| gather.join(input, false, runs)).collect();
        assert_eq!((begun(&answers), gather.part(runs, 25, |_| 0)), (4, 1));
        answers.extend((4..9).map(|input| gather.join(input, false, runs)));
        assert_eq!((begun(&answers), gather.part(runs, 25, |_| 0)), (4, 5));
        assert_eq!(inputs(&gather, 5).len(), 5);
        let mut run = gather.run();
        run.calls(5);
        assert_eq!((inputs(&gather, gather.part(runs, 25, |_| 0)).len(), gather.part(runs, 25, |_| 0)), (4, 1));
    }

    #[test]
    fn a_patient_input_waits_for_one_of_the_usual_runs() {
        let gather = Gather::<u8, u8>::default();
        let runs = Runs { usual: 1, most: 4 };
        let begins = |is_patient| gather.join(0, is_patient, runs).1;
        assert_eq!([begins(true), begins(true)], [true, false]);
        let gather = Gather::<u8, u8>::default();
        let _first = gather.join(0, false, runs);
        assert!(gather.join(1, false, runs).1);
    }

    #[tokio::test]
    async fn who_can_go_on_joins_before_anything_is_taken() {
        let gather = Arc::new(Gather::<u8, u8>::default());
        let _first = gather.join(0, false, runs(1));
        let others = (1..9).map(|input| {
            let gather = Arc::clone(&gather);
            tokio::spawn(async move { gather.join(input, false, runs(1)) })
        });
        let others: Vec<_> = others.collect();
        gather.let_join(|_| 1).await;
        assert_eq!(inputs(&gather, 20).len(), 9);
        drop(others);
    }

    #[test]
    fn a_run_too_many_ends_and_the_last_one_goes_on() {
        let gather = Gather::<u8, u8>::default();
        let _answers = [gather.join(1, false, runs(2)), gather.join(2, false, runs(2))];
        let (mut one, mut two) = (gather.run(), gather.run());
        assert!(!one.goes_on(runs(0)) && two.goes_on(runs(0)));
    }

    #[test]
    fn what_nobody_waits_for_is_not_taken() {
        let gather = Gather::<u8, u8>::default();
        let (gone, _) = gather.join(1, false, runs(1));
        let (there, _) = gather.join(2, false, runs(1));
        drop(gone);
        let taken = gather.take(|_, _| true);
        assert_eq!(taken.len(), 1);
        for waiting in taken {
            waiting.answer(7);
        }
        assert_eq!(there.now_or_never(), Some(Ok(7)));
    }

    #[test]
    fn who_came_later_is_not_told_of_what_failed_before() {
        let gather = Gather::<u8, u8>::default();
        let _before = [1, 2].map(|input| gather.join(input, false, runs(1)));
        let moment = Instant::now();
        while Instant::now() <= moment {}
        let _since = gather.join(3, false, runs(1));
        assert_eq!(gather.take_until(moment).iter().map(|one| one.input).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(inputs(&gather, 20), [3]);
    }

    #[test]
    fn a_run_that_breaks_leaves_nobody_waiting_for_ever() {
        let gather = Gather::<u8, u8>::default();
        let (waiting, begins) = gather.join(1, false, runs(1));
        assert!(begins);
        drop(gather.run());
        assert!(waiting.now_or_never().unwrap().is_err());
        assert!(gather.join(2, false, runs(1)).1);
    }
}
