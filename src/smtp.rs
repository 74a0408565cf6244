//! Sending mail: each message is bounded in time, tried again while that helps, and leaves the null sender.

mod batch;
mod failure;
mod outbox;
mod way;

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, address::Envelope};
use tokio::sync::Semaphore;

pub use self::{
    batch::{BatchRecipients, NotHandedOver, OpenBatch},
    failure::{Fault, SendError},
    outbox::{Outbox, Sent},
};
use self::{
    failure::{WAITING, WAITING_BYTES, bounded},
    way::Way,
};
use crate::config::{self, ConfigError};

/// Mails on their way at one time: below the 50 connections Postfix takes from one client.
const PARALLEL: usize = 8;
/// The pause before the second try; each further one is three times as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Mails that found no room.
const WITHOUT_ROOM: &str = "passerelle_mails_without_room_total";

/// Where mail goes.
#[derive(Clone)]
pub enum Mailer {
    /// To the academy's relay.
    Relay(Arc<Relay>),
    /// Nowhere: it is kept for who looks into the box.
    Memory(Outbox),
    /// Nowhere: no relay is configured.
    Off,
}

/// A mail relay and how it is spoken to.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    way: Way,
    timeout: Duration,
    retries: usize,
    places: Semaphore,
    /// Room for mails that wait: for their number, and for their bytes.
    waiting: Semaphore,
    waiting_bytes: Semaphore,
}

impl Mailer {
    /// The configured relay, or [`Mailer::Off`] where there is none; connects to nothing yet.
    /// Must be called within the runtime.
    pub fn new(config: &config::Smtp) -> Result<Self, ConfigError> {
        metrics::describe_counter!(WITHOUT_ROOM, "Mails that were not tried, because too many waited for the relay.");
        metrics::counter!(WITHOUT_ROOM).increment(0);
        let Some(url) = &config.url else { return Ok(Self::Off) };
        let way = Way::of(url)?;
        Ok(Self::Relay(Arc::new(Relay {
            transport: way.transport(config.timeout),
            way,
            timeout: config.timeout,
            retries: config.retries,
            places: Semaphore::new(PARALLEL),
            waiting: Semaphore::new(WAITING),
            waiting_bytes: Semaphore::new(WAITING_BYTES),
        })))
    }

    /// Keeps the mails instead of sending them.
    pub fn memory() -> (Self, Outbox) {
        let outbox = Outbox::default();
        (Self::Memory(outbox.clone()), outbox)
    }

    /// Whether mails go anywhere.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends a mail with the null reverse-path, so that nothing ever comes back (RFC 3834 section 3.3).
    ///
    /// A mail whose acceptance got lost on the way is sent again: it has the same Message-ID. Where too many wait for the
    /// relay, it is [`SendError::NoRoom`] at once.
    pub async fn send(&self, to: Address, message: &Message) -> Result<(), SendError> {
        self.hand_over(to, message, Relay::retries).await
    }

    /// The same in one try: for what is not lost where the relay does not take it now.
    pub async fn send_once(&self, to: Address, message: &Message) -> Result<(), SendError> {
        self.hand_over(to, message, |_| 0).await
    }

    async fn hand_over(
        &self,
        to: Address,
        message: &Message,
        retries: impl Fn(&Relay) -> usize,
    ) -> Result<(), SendError> {
        let content = message.formatted();
        match self {
            Self::Relay(relay) => relay.send(to, &content, retries(relay)).await,
            Self::Memory(outbox) => {
                outbox.keep(Sent { recipient: to.to_string(), message: content });
                Ok(())
            }
            Self::Off => Ok(()),
        }
    }

    /// Begins a transaction with these recipients, which [`OpenBatch::finish`] ends; `from` is the reverse-path, none for
    /// the null one.
    ///
    /// # Errors
    ///
    /// Where the relay takes no mail, or none of this sender.
    pub async fn open_batch(&self, from: Option<Address>, to: &[Address]) -> Result<OpenBatch, SendError> {
        match self {
            Self::Relay(relay) => {
                // Never closed, so a failure to get a place cannot happen; it would only lift the bound.
                let _place = relay.places.acquire().await.ok();
                batch::open(&relay.way, from, to, relay.timeout).await
            }
            Self::Memory(outbox) => Ok(OpenBatch::kept(outbox.clone(), to)),
            Self::Off => Ok(OpenBatch::nobody()),
        }
    }

    /// The largest mail that the relay says it takes, in bytes; `None` where it does not say.
    ///
    /// # Errors
    ///
    /// Where the relay cannot be asked.
    pub async fn largest(&self) -> Result<Option<u64>, SendError> {
        match self {
            Self::Relay(relay) => relay.way.largest(relay.timeout).await,
            Self::Memory(_) | Self::Off => Ok(None),
        }
    }

    /// Connects, and signs in where the address has a user, without sending anything.
    pub async fn probe(&self) -> Result<(), SendError> {
        match self {
            Self::Relay(relay) => bounded(relay.timeout, relay.transport.test_connection())
                .await
                .and_then(|alive| if alive { Ok(()) } else { Err(SendError::Unavailable(Fault::Silent)) }),
            Self::Memory(_) | Self::Off => Ok(()),
        }
    }
}

impl Relay {
    fn retries(&self) -> usize {
        self.retries
    }

    async fn send(&self, to: Address, content: &[u8], retries: usize) -> Result<(), SendError> {
        let envelope = Envelope::new(None, vec![to]).map_err(|error| SendError::Refused(Fault::Mail(error.into())))?;
        // A mail that is larger than all the room there is, gets all of it.
        let bytes = u32::try_from(content.len().min(WAITING_BYTES)).unwrap_or(u32::MAX);
        let room =
            self.waiting.try_acquire().and_then(|place| Ok((place, self.waiting_bytes.try_acquire_many(bytes)?)));
        let _room = room.map_err(|_| {
            metrics::counter!(WITHOUT_ROOM).increment(1);
            SendError::NoRoom
        })?;
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_factor(3.0)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(retries)
            .with_jitter();
        let attempt = || async {
            // Never closed, so a failure to get a place cannot happen; it would only lift the bound.
            let _place = self.places.acquire().await.ok();
            bounded(self.timeout, self.transport.send_raw(&envelope, content)).await
        };
        attempt
            .retry(pauses)
            .when(|error| !matches!(error, SendError::Refused(_)))
            .notify(|error, pause| tracing::debug!(%error, ?pause, "a mail waits for its next try"))
            .await
            .map(drop)
    }
}
