//! What is found, said as soon as it is.

use std::time::Duration;

/// The rows so far, by the best of which the next ones are measured.
#[derive(Default)]
pub(crate) struct Table {
    best: f64,
}

impl Table {
    /// What GLPI does by itself: others are measured by the best of these.
    pub(crate) fn bare(&mut self, what: &str, per_second: f64) {
        self.best = self.best.max(per_second);
        self.rate(what, per_second);
    }

    /// So many a second, and how that compares.
    pub(crate) fn rate(&self, what: &str, per_second: f64) {
        println!("{what:<66} {per_second:>9.1} /s {:>6.2} of the best bare rate", per_second / self.best);
    }

    /// A figure of another kind.
    pub(crate) fn say(what: &str, figure: &str) {
        println!("{what:<66} {figure}");
    }

    /// Times of one thing done again and again, the shortest first.
    pub(crate) fn times(what: &str, times: &[Duration]) {
        let figure = format!(
            "{:>9.1} ms in the median, {:.1} ms at the 99th percentile",
            share(times, 50).as_secs_f64() * 1e3,
            share(times, 99).as_secs_f64() * 1e3
        );
        Self::say(what, &figure);
    }
}

/// The time that so many of a hundred take at most.
pub(crate) fn share(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// So many in this time, each second.
#[expect(clippy::cast_precision_loss, reason = "a few ten thousand")]
pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
