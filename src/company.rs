//! Requests that came together go on together, so that what each of them asks of GLPI goes there in one call.
//!
//! A way in that has many at once says so; each waits at some stops for those beside it, and nobody else does.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// Where a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Coming,
    BeforeSearch,
    BeforeMaking,
    /// It needs nothing more of what the others need.
    Apart,
}

/// Those a request came with. Most come alone.
#[derive(Clone, Debug, Default)]
pub struct Company(Option<Arc<Member>>);

/// One of several. When it is dropped nobody waits for it.
#[derive(Debug)]
struct Member {
    place: usize,
    all: Arc<watch::Sender<Vec<Stage>>>,
    patience: Duration,
}

impl Company {
    /// So many that come together. At one stop none of them waits longer than `patience`: another one may have to wait
    /// itself, for a name server for instance.
    pub fn of(count: usize, patience: Duration) -> Vec<Self> {
        let all = Arc::new(watch::Sender::new(vec![Stage::Coming; count]));
        let member = |place| Member { place, all: Arc::clone(&all), patience };
        (0..count).map(|place| Self(Some(Arc::new(member(place))))).collect()
    }

    /// Waits for the others where GLPI is to be searched for earlier copies; not long.
    pub async fn before_search(&self) {
        self.wait_at(Stage::BeforeSearch).await;
    }

    /// Waits for the others where GLPI is to make the tickets; not long.
    pub async fn before_making(&self) {
        self.wait_at(Stage::BeforeMaking).await;
    }

    /// Goes on alone: no other one waits for it any more, nor it for them.
    pub fn leave(&self) {
        if let Some(member) = &self.0 {
            member.reach(Stage::Apart);
        }
    }

    async fn wait_at(&self, stage: Stage) {
        let Some(member) = &self.0 else { return };
        if member.reach(stage) > stage {
            return;
        }
        let mut all = member.all.subscribe();
        let are_here = all.wait_for(|stages| stages.iter().all(|one| *one >= stage));
        // The sender is there as long as this member is.
        let _ = tokio::time::timeout(member.patience, are_here).await;
    }
}

impl Member {
    /// Is at this stage, unless it is further; gives where it is. Who waits is woken when the last one has come.
    fn reach(&self, stage: Stage) -> Stage {
        let mut reached = stage;
        self.all.send_if_modified(|stages| {
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
        self.reach(Stage::Apart);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

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
    async fn one_that_is_held_up_holds_up_the_others_no_longer_than_a_moment() {
        let two = Company::of(2, LONGEST);
        let began = Instant::now();
        two[0].before_search().await;
        assert_eq!(began.elapsed(), LONGEST);
    }
}
