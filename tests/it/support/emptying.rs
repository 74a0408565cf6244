//! Waiting for something to become empty that may have much in it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::PATIENCE;

/// Asks again and again until nothing is left, however long that takes; fails, saying `what` was awaited, once it has not
/// become less for [`PATIENCE`].
pub(crate) async fn empties(what: &str, mut left: impl AsyncFnMut() -> usize) {
    let (mut least, mut since) = (usize::MAX, Instant::now());
    loop {
        let left = left().await;
        if left == 0 {
            return;
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "{what}: {left} are left, and no fewer for {} seconds", PATIENCE.as_secs());
        // Who counts thousands again and again keeps them from going.
        sleep(Duration::from_millis(u64::try_from(left).unwrap().clamp(50, 2000))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_gets_less_is_waited_for_however_long_it_takes() {
    let (began, mut left) = (Instant::now(), 30);
    empties("the queue", async || {
        // Each step nearly as long as may be.
        sleep(PATIENCE.mul_f64(0.99)).await;
        left -= 1;
        left
    })
    .await;
    assert!(began.elapsed() > PATIENCE * 20, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the queue: 7 are left, and no fewer for 180 seconds")]
async fn what_gets_no_less_is_not() {
    let mut left = [9, 8, 7, 8, 9].into_iter();
    empties("the queue", async || left.next().unwrap_or(7)).await;
}
