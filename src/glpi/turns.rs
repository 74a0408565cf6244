//! Whose turn it is at a session: who waits for an answer first, then what looks after tickets.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

/// What has waited so long behind others is let through like them: under a load that never ends it has its part, too. Of
/// somebody who waits less it is half of that.
const LONGEST_BEHIND: Duration = Duration::from_secs(2);

/// While so many calls are awaited, what nobody waits for lets them be: any machine of a GLPI has its hands full then, and a
/// further call, on a session that is free, would only make them slower.
const BUSY: usize = 2;

/// How urgent a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for it: a request, a page.
    Awaited,
    /// Nobody does: it takes a place only when no other call wants it, and GLPI is not busy with such.
    Background,
}

/// So many places, given first come, first served to each urgency. `tokio::sync::Semaphore` knows one queue only.
pub(super) struct Turns {
    queues: Arc<Queues>,
    longest_behind: Duration,
}

struct Queues(Mutex<Places>);

struct Places {
    free: usize,
    /// Awaited calls that have a place.
    awaited_now: usize,
    awaited: VecDeque<oneshot::Sender<Turn>>,
    background: VecDeque<oneshot::Sender<Turn>>,
}

/// A place, until it is dropped.
pub(super) struct Turn {
    queues: Arc<Queues>,
    urgency: Urgency,
    /// Whether it is somebody's: one that nobody was there to take is given on already.
    is_taken: bool,
}

impl Turns {
    /// So many places, for calls that wait so long for one.
    pub(super) fn new(places: usize, patience: Duration) -> Self {
        let (awaited, background) = (VecDeque::new(), VecDeque::new());
        let places = Places { free: places.max(1), awaited_now: 0, awaited, background };
        Self { queues: Arc::new(Queues(Mutex::new(places))), longest_behind: LONGEST_BEHIND.min(patience / 2) }
    }

    /// Waits for a place.
    pub(super) async fn wait(&self, urgency: Urgency) -> Option<Turn> {
        if urgency == Urgency::Background {
            let mut turn = self.join(urgency);
            if let Ok(turn) = tokio::time::timeout(self.longest_behind, &mut turn).await {
                return turn.ok();
            }
            // It may have come at this very moment.
            turn.close();
            if let Ok(turn) = turn.try_recv() {
                return Some(turn);
            }
        }
        self.join(Urgency::Awaited).await.ok()
    }

    fn join(&self, urgency: Urgency) -> oneshot::Receiver<Turn> {
        let (give, turn) = oneshot::channel();
        let mut places = self.queues.lock();
        match urgency {
            Urgency::Awaited => places.awaited.push_back(give),
            Urgency::Background => places.background.push_back(give),
        }
        drop(places);
        self.queues.give_out();
        turn
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives every free place to whoever is next. A place is given outside the lock: whoever is gone gives it back.
    fn give_out(self: &Arc<Self>) {
        while let Some((next, urgency)) = self.next() {
            if let Err(mut turn) = next.send(Turn { queues: Arc::clone(self), urgency, is_taken: true }) {
                turn.is_taken = false;
                self.lock().take_back(urgency);
            }
        }
    }

    /// Who gets a free place next; it counts as given.
    fn next(&self) -> Option<(oneshot::Sender<Turn>, Urgency)> {
        let mut places = self.lock();
        if places.free == 0 {
            return None;
        }
        let next = match places.awaited.pop_front() {
            Some(awaited) => (awaited, Urgency::Awaited),
            None if places.awaited_now < BUSY => (places.background.pop_front()?, Urgency::Background),
            None => return None,
        };
        places.free -= 1;
        places.awaited_now += usize::from(next.1 == Urgency::Awaited);
        Some(next)
    }
}

impl Places {
    fn take_back(&mut self, urgency: Urgency) {
        self.free += 1;
        self.awaited_now -= usize::from(urgency == Urgency::Awaited);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_taken {
            self.queues.lock().take_back(self.urgency);
            self.queues.give_out();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_call_that_is_awaited_goes_before_what_came_earlier_in_the_background() {
        let turns = Turns::new(1, Duration::from_secs(30));
        let first = turns.wait(Urgency::Background).await.unwrap();
        let (mut behind, mut before) =
            (Box::pin(turns.wait(Urgency::Background)), Box::pin(turns.wait(Urgency::Awaited)));
        assert!((&mut behind).now_or_never().is_none() && (&mut before).now_or_never().is_none());
        drop(first);
        assert!((&mut behind).now_or_never().is_none());
        drop((&mut before).now_or_never().unwrap().unwrap());
        assert!(behind.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_place_stays_free_while_others_keep_glpi_busy() {
        let turns = Turns::new(BUSY + 2, Duration::from_secs(30));
        let mut awaited = Vec::new();
        for _ in 0..BUSY {
            let beside = turns.wait(Urgency::Background).now_or_never();
            assert!(beside.is_some(), "{} are awaited", awaited.len());
            drop(beside);
            awaited.push(turns.wait(Urgency::Awaited).await.unwrap());
        }
        let mut behind = Box::pin(turns.wait(Urgency::Background));
        assert!((&mut behind).now_or_never().is_none());
        let further = turns.wait(Urgency::Awaited).now_or_never();
        assert!(further.is_some(), "an awaited call takes any place");
        drop(further);
        assert!((&mut behind).now_or_never().is_none());
        awaited.pop();
        assert!((&mut behind).now_or_never().is_some());

        // However long they are busy, it has its turn.
        awaited.push(turns.wait(Urgency::Awaited).await.unwrap());
        let mut behind = Box::pin(turns.wait(Urgency::Background));
        assert!((&mut behind).now_or_never().is_none());
        tokio::time::advance(LONGEST_BEHIND).await;
        assert!((&mut behind).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_in_the_background_is_let_through_in_the_end() {
        let turns = Turns::new(1, Duration::from_secs(30));
        let first = turns.wait(Urgency::Awaited).await.unwrap();
        let mut behind = Box::pin(turns.wait(Urgency::Background));
        assert!((&mut behind).now_or_never().is_none());
        tokio::time::advance(LONGEST_BEHIND).await;
        assert!((&mut behind).now_or_never().is_none());
        let mut later = Box::pin(turns.wait(Urgency::Awaited));
        assert!((&mut later).now_or_never().is_none());
        drop(first);
        assert!(later.now_or_never().is_none() && behind.now_or_never().is_some());
    }

    /// Who gives a call up after a short while has it let through before.
    #[tokio::test(start_paused = true)]
    async fn what_waits_in_the_background_is_let_through_before_it_is_given_up() {
        for patience in [1, 2, 3, 60].map(Duration::from_secs) {
            let turns = Turns::new(BUSY + 1, patience);
            let mut busy = Vec::new();
            for _ in 0..BUSY {
                busy.push(turns.wait(Urgency::Awaited).await.unwrap());
            }
            let behind = tokio::time::timeout(patience, turns.wait(Urgency::Background)).await;
            assert!(behind.is_ok_and(|turn| turn.is_some()), "{patience:?}");
        }
    }

    #[tokio::test]
    async fn a_place_whose_taker_is_gone_is_given_on() {
        let turns = Turns::new(1, Duration::from_secs(30));
        let first = turns.wait(Urgency::Awaited).await.unwrap();
        let gone = turns.join(Urgency::Awaited);
        let granted = turns.join(Urgency::Awaited);
        let last = turns.join(Urgency::Background);
        drop(gone);
        drop(first);
        // It was given, and nobody came for it.
        drop(granted);
        assert!(last.now_or_never().unwrap().is_ok());
        assert!(turns.wait(Urgency::Awaited).now_or_never().is_some());
    }
}
