//! A mailbox's life: get its lease, connect, catch up with what lies there, wait for news, and again.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    error::ImapError,
    figures::{CONNECTED, FAILURES, WAITING},
    mailbox::Mailbox,
};
use crate::flow::pipeline::Pipeline;

/// How often a lease is renewed, or tried for: well within its life.
const ASK_FOR_LEASE: Duration = Duration::from_secs(4);
/// IDLE is begun anew this often (RFC 2177 wants at most 29 minutes; many firewalls forget earlier).
const LONGEST_IDLE: Duration = Duration::from_mins(9);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
const SIGN_IN_PAUSE: Duration = Duration::from_secs(30);
/// During a pause this long the lease is not kept.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// Reads a mailbox until `stop`, then waits for what is under way.
pub(super) async fn read(mut mailbox: Mailbox, stop: CancellationToken) {
    let name = mailbox.account.to_string();
    let (granted, mut lease) = watch::channel(None);
    let (wanted, is_wanted) = watch::channel(true);
    let asking = tokio::spawn(keep_lease(name.clone(), mailbox.pipeline.clone(), granted, is_wanted));
    let mut pauses = pauses();
    while stop.run_until_cancelled(is_granted(&mut lease)).await == Some(true) {
        let connected = Instant::now();
        let ended = connection(&mut mailbox, &mut lease, &stop).await;
        metrics::gauge!(CONNECTED, "mailbox" => name.clone()).set(0.0);
        metrics::gauge!(WAITING, "mailbox" => name.clone()).set(0.0);
        let Err(error) = ended else { continue };
        metrics::counter!(FAILURES, "mailbox" => name.clone()).increment(1);
        // A connection that held for a while was a good one.
        if connected.elapsed() > LONGEST_PAUSE {
            pauses = self::pauses();
        }
        let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
        let pause = match error {
            // Too many wrong passwords lock an account.
            ImapError::SignIn(_) => pause.max(SIGN_IN_PAUSE),
            _ => pause,
        };
        tracing::warn!(%error, ?pause, "a mailbox cannot be read; its mails wait there");
        // Another instance may be able to.
        wanted.send_replace(pause < LONG_PAUSE);
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        wanted.send_replace(true);
    }
    mailbox.finish().await;
    drop((lease, wanted));
    let _ = asking.await;
}

/// One connection, from signing in to its end. `Ok`: the lease is lost, or it is time to stop.
async fn connection(
    mailbox: &mut Mailbox,
    lease: &mut watch::Receiver<Option<Duration>>,
    stop: &CancellationToken,
) -> Result<(), ImapError> {
    let mut session = mailbox.settings.connector.connect(&mailbox.account).await?;
    mailbox.open(&mut session).await?;
    metrics::gauge!(CONNECTED, "mailbox" => mailbox.account.to_string()).set(1.0);
    tracing::info!("reading a mailbox");
    loop {
        let granted = || lease.borrow().filter(|_| !stop.is_cancelled());
        mailbox.catch_up(&mut session, granted).await?;
        if granted().is_none() {
            break;
        }
        let next = mailbox.next_look(mailbox.settings.poll.min(LONGEST_IDLE));
        let woken = async {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = lease.wait_for(Option::is_none) => {}
                () = tokio::time::sleep_until(next) => {}
            }
        };
        let mut woken = std::pin::pin!(woken);
        if !session.idle(&mut woken).await? {
            woken.await;
        }
    }
    session.log_out().await;
    Ok(())
}

/// Waits for the lease; false when nobody asks for it any more.
async fn is_granted(lease: &mut watch::Receiver<Option<Duration>>) -> bool {
    lease.wait_for(Option::is_some).await.is_ok()
}

/// Asks for the lease again and again while it is wanted, telling `granted` what comes of it, until the reader has
/// ended; gives it back whenever it is no longer wanted.
async fn keep_lease(
    mailbox: String,
    pipeline: Arc<Pipeline>,
    granted: watch::Sender<Option<Duration>>,
    mut is_wanted: watch::Receiver<bool>,
) {
    while is_wanted.wait_for(|wanted| *wanted).await.is_ok() {
        let lease = pipeline.ledger.lease(&mailbox).await;
        granted.send_if_modified(|known| std::mem::replace(known, lease) != lease);
        let unwanted = async { is_wanted.wait_for(|wanted| !*wanted).await.map(drop) };
        let Ok(ended) = tokio::time::timeout(ASK_FOR_LEASE, unwanted).await else { continue };
        granted.send_replace(None);
        pipeline.ledger.hand_back(&mailbox).await;
        if ended.is_err() {
            return;
        }
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}
