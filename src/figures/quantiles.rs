//! The middle and the end of many durations.

use std::time::Duration;

/// Of fewer, nothing is said.
const FEWEST: usize = 5;

/// How long something takes, of many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// One time in two it takes at most so long.
    pub median: Duration,
    /// Four times in five it takes at most so long.
    pub eightieth: Duration,
}

impl Quantiles {
    /// Of these durations, by the nearest rank; `None` where there are fewer than five.
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<Duration> = durations.into_iter().collect();
        if sorted.len() < FEWEST {
            return None;
        }
        sorted.sort_unstable();
        let at = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
        Some(Self { median: at(50), eightieth: at(80) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Quantiles;

    #[test]
    fn of_a_hundred_the_fiftieth_and_the_eightieth() {
        let hours = |hours| Duration::from_hours(hours);
        let quantiles = Quantiles::of((1..=100).rev().map(hours)).unwrap();
        assert_eq!((quantiles.median, quantiles.eightieth), (hours(50), hours(80)));
        let quantiles = Quantiles::of((1..=5).map(hours)).unwrap();
        assert_eq!((quantiles.median, quantiles.eightieth), (hours(3), hours(4)));
        assert_eq!(Quantiles::of((1..=4).map(hours)), None);
    }

    proptest! {
        #[test]
        fn so_many_take_at_most_so_long(seconds in proptest::collection::vec(0_u64..1000, 5..200)) {
            let durations: Vec<_> = seconds.iter().map(|seconds| Duration::from_secs(*seconds)).collect();
            let Quantiles { median, eightieth } = Quantiles::of(durations.clone()).unwrap();
            let within = |most: Duration| durations.iter().filter(|duration| **duration <= most).count();
            prop_assert!(median <= eightieth);
            prop_assert!(within(median) * 100 >= durations.len() * 50);
            prop_assert!(within(eightieth) * 100 >= durations.len() * 80);
            let below = |most: Duration| durations.iter().filter(|duration| **duration < most).count();
            prop_assert!(below(median) * 100 < durations.len() * 50);
            prop_assert!(below(eightieth) * 100 < durations.len() * 80);
        }
    }
}
