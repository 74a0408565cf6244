//! Requests that came together go on together, so that what each of them asks of GLPI goes there in one call.
//!
//! A way in that has many at once says so; each waits at some stops for those beside it, and nobody else does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

/// Where a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Coming,
    BeforeSearch,
    BeforeMaking,
    /// It needs nothing more of what the others need.
    Apart,
    /// It is no more: its place is free.
    Gone,
}

/// Those a request came with. Most come alone.
#[derive(Clone, Debug, Default)]
pub struct Company(Option<Arc<Member>>);

/// One of several. When it is dropped nobody waits for it.
#[derive(Debug)]
struct Member {
    place: usize,
    all: Arc<watch::Sender<All>>,
    patience: Duration,
}

/// All who came together.
#[derive(Debug, Default)]
struct All {
    stages: Vec<Stage>,
    /// Some have gone on: who comes now is not among them.
    has_left: bool,
}

/// Where those find company who come one by one: all who are on their way before the first of them goes on.
#[derive(Clone, Debug)]
pub struct Meeting {
    next: Arc<Mutex<Arc<watch::Sender<All>>>>,
    patience: Duration,
}

impl Meeting {
    /// A meeting where nobody waits longer than `patience` for another one at a stage.
    pub fn new(patience: Duration) -> Self {
        Self { next: Arc::default(), patience }
    }

    /// Comes, to those who are on their way.
    pub fn join(&self) -> Company {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.borrow().has_left {
            *next = Arc::default();
        }
        let mut place = 0;
        // Most mails are settled without a stop here: a meeting that nobody goes on from has no more places than came at once.
        next.send_modify(|All { stages, .. }| {
            place = stages.iter().position(|stage| *stage == Stage::Gone).unwrap_or_else(|| {
                stages.push(Stage::Gone);
                stages.len() - 1
            });
            stages[place] = Stage::Coming;
        });
        Company(Some(Arc::new(Member { place, all: Arc::clone(&next), patience: self.patience })))
    }
}

impl Company {
    /// So many that come together. At one stop none of them waits longer than `patience`: another one may have to wait
    /// itself, for a name server for instance.
    pub fn of(count: usize, patience: Duration) -> Vec<Self> {
        let all = Arc::new(watch::Sender::new(All { stages: vec![Stage::Coming; count], has_left: false }));
        let member = |place| Member { place, all: Arc::clone(&all), patience };
        (0..count).map(|place| Self(Some(Arc::new(member(place))))).collect()
    }

    /// Waits for the others where GLPI is to be searched for earlier copies; not long. Gives how many go on with this one,
    /// itself included.
    pub async fn before_search(&self) -> usize {
        self.wait_at(Stage::BeforeSearch).await
    }

    /// Waits for the others where GLPI is to make the tickets; not long. Gives how many go on with this one, itself
    /// included.
    pub async fn before_making(&self) -> usize {
        self.wait_at(Stage::BeforeMaking).await
    }

    /// Goes on alone: no other one waits for it any more, nor it for them.
    pub fn leave(&self) {
        if let Some(member) = &self.0 {
            member.reach(Stage::Apart);
        }
    }

    async fn wait_at(&self, stage: Stage) -> usize {
        let Some(member) = &self.0 else { return 1 };
        if member.reach(stage) > stage {
            return 1;
        }
        let mut all = member.all.subscribe();
        let are_here = all.wait_for(|all| all.stages.iter().all(|one| *one >= stage));
        // The sender is there as long as this member is.
        let _ = tokio::time::timeout(member.patience, are_here).await;
        member.all.send_if_modified(|all| {
            all.has_left = true;
            false
        });
        member.all.borrow().stages.iter().filter(|one| **one == stage).count()
    }
}

impl Member {
    /// Is at this stage, unless it is further; gives where it is. Who waits is woken when the last one has come.
    fn reach(&self, stage: Stage) -> Stage {
        let mut reached = stage;
        self.all.send_if_modified(|All { stages, .. }| {
            let last = |stages: &[Stage]| stages.iter().min().copied();
            let before = last(stages);
            if let Some(own) = stages.get_mut(self.place) {
                *own = stage.max(*own);
                reached = *own;
            }
            last(stages) != before
        });
        reached
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.reach(Stage::Gone);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::VecDeque;

    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    use super::{Company, Duration};

    const LONGEST: Duration = Duration::from_millis(250);

    #[tokio::test(start_paused = true)]
    async fn each_waits_for_the_last_one_and_no_longer() {
        let began = Instant::now();
        let mut three = Company::of(3, LONGEST);
        let (last, second, first) = (three.pop().unwrap(), three.pop().unwrap(), three.pop().unwrap());
        let (mut one, mut two) = (Box::pin(first.before_search()), Box::pin(second.before_search()));
        assert!((&mut one).now_or_never().is_none() && (&mut two).now_or_never().is_none());
        // Who is further has passed here, too.
        let mut making = Box::pin(last.before_making());
        assert!((&mut making).now_or_never().is_none());
        assert!(one.now_or_never().is_some() && two.now_or_never().is_some());
        let mut one = Box::pin(first.before_making());
        assert!((&mut one).now_or_never().is_none());
        second.leave();
        assert!(one.now_or_never().is_some() && making.now_or_never().is_some());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn nobody_waits_for_one_that_is_gone_nor_behind_the_others() {
        let mut two = Company::of(2, LONGEST);
        let (gone, here) = (two.pop().unwrap(), two.pop().unwrap());
        let mut waiting = Box::pin(here.before_search());
        assert!((&mut waiting).now_or_never().is_none());
        drop(gone);
        assert!(waiting.now_or_never().is_some());
        here.leave();
        assert!(here.before_making().now_or_never().is_some());
        assert!(Company::default().before_making().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_copy_of_one_stands_for_it_until_both_are_gone() {
        let mut two = Company::of(2, LONGEST);
        let (other, here) = (two.pop().unwrap(), two.pop().unwrap());
        let copy = other.clone();
        drop(other);
        let mut waiting = Box::pin(here.before_search());
        assert!((&mut waiting).now_or_never().is_none());
        drop(copy);
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_before_the_first_goes_on_is_met_and_who_comes_later_meets_others() {
        let meeting = super::Meeting::new(LONGEST);
        let (first, second) = (meeting.join(), meeting.join());
        let mut waiting = Box::pin(first.before_search());
        assert!((&mut waiting).now_or_never().is_none());
        assert!(second.before_making().now_or_never().is_none(), "the first one is not there");
        waiting.await;
        let third = meeting.join();
        assert!(third.before_search().now_or_never().is_some(), "it waits for those who have gone on");
        drop((first, second));
        let began = Instant::now();
        let alone = meeting.join();
        alone.before_search().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    /// Refused and automatic mails, copies and replies go their way without a stop.
    #[test]
    fn a_flood_of_mails_that_stop_nowhere_takes_no_more_places_than_came_at_once() {
        for at_once in [1, 2, 16, 100] {
            let meeting = super::Meeting::new(LONGEST);
            let mut under_way = VecDeque::new();
            for mail in 0..10_000 {
                let one = meeting.join();
                if mail % 3 == 0 {
                    one.leave();
                }
                under_way.push_back(one);
                if under_way.len() == at_once {
                    under_way.pop_front();
                }
            }
            let places = meeting.next.lock().unwrap().borrow().stages.len();
            assert!(places <= at_once, "{places} places for {at_once} mails at once");
        }
    }

    #[tokio::test]
    async fn who_takes_the_place_of_one_that_is_gone_is_waited_for() {
        let meeting = super::Meeting::new(LONGEST);
        let (gone, here) = (meeting.join(), meeting.join());
        drop(gone);
        let instead = meeting.join();
        let mut waiting = Box::pin(here.before_search());
        assert!((&mut waiting).now_or_never().is_none());
        drop(instead);
        assert_eq!(waiting.now_or_never(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_held_up_holds_up_the_others_no_longer_than_a_moment() {
        let two = Company::of(2, LONGEST);
        let began = Instant::now();
        two[0].before_search().await;
        assert_eq!(began.elapsed(), LONGEST);
    }
}
