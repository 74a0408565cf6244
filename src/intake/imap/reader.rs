//! A mailbox's life: get its lease, connect, catch up with what lies there, wait for news, and again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    Account, CONNECTED, FAILURES, Handlers, ImapError, MOVED, Settings, WAITING,
    folders::{self, Place},
    memory::Memory,
    round::{self, Done},
    session::Session,
};

/// How often a lease is renewed, or tried for: well within its life.
const ASK_FOR_LEASE: Duration = Duration::from_secs(4);
/// IDLE is begun anew this often (RFC 2177 wants at most 29 minutes; many firewalls forget earlier).
const LONGEST_IDLE: Duration = Duration::from_mins(9);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
const SIGN_IN_PAUSE: Duration = Duration::from_secs(30);
/// The pause after messages could not be moved; it doubles with each further failure, up to the longest.
const FIRST_MOVE_PAUSE: Duration = Duration::from_secs(5);

/// A place that messages could not be moved to.
#[derive(Clone, Copy)]
struct Stuck {
    failures: u32,
    /// When it is tried again.
    until: Instant,
}

/// Reads one mailbox.
pub(super) struct Reader {
    pub(super) account: Account,
    pub(super) settings: Arc<Settings>,
    pub(super) handlers: Arc<Handlers>,
    pub(super) memory: Memory,
    /// The messages that are being handled; they go on when the connection breaks.
    pub(super) running: JoinSet<Done>,
    /// Mails handled at a time, over all mailboxes.
    pub(super) places: Arc<Semaphore>,
    /// Kibibytes of mails at hand, over all mailboxes.
    pub(super) room: Arc<Semaphore>,
    /// Requests in a row that failed because of a server they all need.
    pub(super) failed_in_a_row: usize,
    /// Such a server is left alone until then.
    pub(super) paused_until: Option<Instant>,
    folders: BTreeMap<Place, String>,
    /// Places that messages could not be moved to.
    stuck: BTreeMap<Place, Stuck>,
}

impl Reader {
    pub(super) fn new(
        account: Account,
        settings: Arc<Settings>,
        handlers: Arc<Handlers>,
        places: Arc<Semaphore>,
        room: Arc<Semaphore>,
    ) -> Self {
        Self {
            account,
            settings,
            handlers,
            memory: Memory::default(),
            running: JoinSet::new(),
            places,
            room,
            failed_in_a_row: 0,
            paused_until: None,
            folders: BTreeMap::new(),
            stuck: BTreeMap::new(),
        }
    }

    /// Reads the mailbox until `stop`, then waits for what is under way.
    pub(super) async fn read(mut self, stop: CancellationToken) {
        let (granted, mut lease) = watch::channel(false);
        let asking = tokio::spawn(keep_lease(self.account.to_string(), self.handlers.clone(), granted));
        let mut pauses = pauses();
        while stop.run_until_cancelled(is_granted(&mut lease)).await == Some(true) {
            let connected = Instant::now();
            let ended = self.connected(&mut lease, &stop).await;
            metrics::gauge!(CONNECTED, "mailbox" => self.account.to_string()).set(0.0);
            let Err(error) = ended else { continue };
            metrics::counter!(FAILURES, "mailbox" => self.account.to_string()).increment(1);
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
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        // What is under way ends in GLPI all the same; the messages are found again at the next start.
        while let Some(done) = self.running.join_next().await {
            self.note(done);
        }
        drop(lease);
        let _ = asking.await;
    }

    /// One connection, from signing in to its end. `Ok`: the lease is lost, or it is time to stop.
    async fn connected(
        &mut self,
        lease: &mut watch::Receiver<bool>,
        stop: &CancellationToken,
    ) -> Result<(), ImapError> {
        let mut session = self.settings.connector.connect(&self.account).await?;
        for place in Place::ALL {
            let name = folders::ensure(&mut session, place.configured(&self.settings.folders)).await?;
            self.folders.insert(place, name);
        }
        self.memory.begin(session.select(&folders::encode(&self.account.folder)).await?);
        metrics::gauge!(CONNECTED, "mailbox" => self.account.to_string()).set(1.0);
        tracing::info!("reading a mailbox");
        loop {
            let may_go_on = || *lease.borrow() && !stop.is_cancelled();
            round::catch_up(self, &mut session, may_go_on).await?;
            if !may_go_on() {
                break;
            }
            let next = self.next_look();
            let woken = async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = lease.wait_for(|held| !*held) => {}
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

    /// When to look again at the latest, however quiet the server is.
    fn next_look(&self) -> Instant {
        let now = Instant::now();
        let usual = now + self.settings.poll.min(LONGEST_IDLE);
        let due = self.memory.next_due().map(|due| due.max(self.paused_until.unwrap_or(now)));
        let waiting = self.memory.to_move();
        let moves = self.stuck.iter().filter(|(place, _)| waiting.contains_key(place)).map(|(_, stuck)| stuck.until);
        due.into_iter().chain(moves).fold(usual, Instant::min)
    }

    /// Notes how a message ended.
    pub(super) fn note(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(done) => round::note(self, &done),
            Err(error) => tracing::error!(panic = error.is_panic(), "handling a message broke down"),
        }
    }

    /// Moves every settled message. Those that cannot be moved stay settled, and are tried again later.
    pub(super) async fn move_settled(&mut self, session: &mut Session) -> Result<(), ImapError> {
        for (place, uids) in self.memory.to_move() {
            let now = Instant::now();
            let failures = match self.stuck.get(&place) {
                Some(stuck) if now < stuck.until => continue,
                stuck => stuck.map_or(0, |stuck| stuck.failures),
            };
            // Noted beforehand: should this end the connection, the next one has better to do first.
            let pause = FIRST_MOVE_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
            self.stuck.insert(place, Stuck { failures: failures + 1, until: now + pause });
            match self.move_to(session, place, &uids).await {
                Ok(()) => {
                    self.stuck.remove(&place);
                    self.memory.moved(&uids);
                    metrics::counter!(MOVED, "mailbox" => self.account.to_string(), "folder" => place.label())
                        .increment(uids.len() as u64);
                }
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        %error, folder = place.label(), messages = uids.len(),
                        "settled messages cannot be moved and stay in the mailbox; none is handled twice"
                    );
                }
            }
        }
        Ok(())
    }

    async fn move_to(&mut self, session: &mut Session, place: Place, uids: &[u32]) -> Result<(), ImapError> {
        let folder = self.folders.get(&place).cloned().unwrap_or_default();
        // Who looks into the quarantine sees what is new there.
        let read = place != Place::Quarantine;
        match session.move_to(uids, &folder, read).await {
            Err(ImapError::Refused { folder_is_missing: true, .. }) => {
                let folder = folders::ensure(session, place.configured(&self.settings.folders)).await?;
                self.folders.insert(place, folder.clone());
                session.move_to(uids, &folder, read).await
            }
            moved => moved,
        }
    }

    /// How many messages lie in the mailbox.
    pub(super) fn waiting(&self, messages: usize) {
        #[expect(clippy::cast_precision_loss, reason = "no mailbox holds so many")]
        metrics::gauge!(WAITING, "mailbox" => self.account.to_string()).set(messages as f64);
    }
}

/// Waits for the lease; false when nobody asks for it any more.
async fn is_granted(lease: &mut watch::Receiver<bool>) -> bool {
    lease.wait_for(|held| *held).await.is_ok()
}

/// Asks for the lease again and again, telling `granted` whether it is held, until the reader has ended; then
/// gives it back.
async fn keep_lease(mailbox: String, handlers: Arc<Handlers>, granted: watch::Sender<bool>) {
    loop {
        let held = (handlers.lease)(mailbox.clone()).await;
        granted.send_if_modified(|known| std::mem::replace(known, held) != held);
        tokio::select! {
            () = granted.closed() => break,
            () = tokio::time::sleep(ASK_FOR_LEASE) => {}
        }
    }
    (handlers.hand_back)(mailbox).await;
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
