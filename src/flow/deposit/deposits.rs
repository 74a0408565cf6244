//! Puts forms by, and takes them back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretSlice;
use tokio::sync::Semaphore;

use super::{
    record::{self, Returned, Unopened},
    seal::Seal,
};
use crate::{
    config::{Config, ConfigError, WhenGlpiIsDown},
    id::TicketId,
    letters::{Correspondence, DepositLetters},
    offload,
    remembered::Remembered,
    request::{Received, Reference},
};

/// How long it is believed that the relay has a form: who sends it again meanwhile is answered the same, and no second
/// mail goes. Two would be one request all the same.
const BELIEVED: Duration = Duration::from_hours(1);
const MOST: u64 = 20_000;
/// A mail with files takes several times its memory: so many at a time.
const AT_A_TIME: usize = 3;
/// So many wait for that at most, those that are sent again included: a relay that stands still would gather all that
/// people send.
const MOST_WAITING: usize = 200;

/// Puts a mail into the assistance mailbox.
pub type IntoMailbox = Box<dyn Fn(Vec<u8>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Why a form was not put by.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotQueued {
    /// As a mail it is larger than the relay takes, or than the gateway itself would read again.
    #[error("as a mail it has {0} bytes: more than the relay takes, or than lmtp.max_size and screen.max_size let in")]
    TooLarge(usize),
    /// The relay or the mailbox has not taken it, or may have.
    #[error("{0}")]
    Failed(String),
}

/// Puts forms by, and takes them back.
pub struct Deposits {
    seal: Seal,
    way: Option<Way>,
    letters: Option<Arc<DepositLetters>>,
    /// The largest mail that comes back whole, bytes.
    largest: u64,
    queued: Remembered<Reference, (), NotQueued>,
    places: Semaphore,
    waiting: Semaphore,
}

/// Where the mail goes.
enum Way {
    Relay,
    Mailbox(IntoMailbox),
}

impl Deposits {
    /// As `portal.when_down` says: to the relay, else by `into_mailbox`. `key` keys the seal, and is the same in every
    /// instance. What was put by before is taken back also where nothing more is.
    ///
    /// # Errors
    ///
    /// Names the key that is missing.
    pub fn new(
        config: &Config,
        letters: Correspondence,
        into_mailbox: Option<IntoMailbox>,
        key: SecretSlice<u8>,
    ) -> Result<Self, ConfigError> {
        let is_wanted = config.portal.when_down == WhenGlpiIsDown::Queue;
        let way = if letters.is_on() { Some(Way::Relay) } else { into_mailbox.map(Way::Mailbox) };
        let letters = is_wanted.then(|| DepositLetters::new(config, letters)).transpose()?.map(Arc::new);
        let by_lmtp = (!config.lmtp.listen.is_empty()).then_some(config.lmtp.max_size);
        let by_imap = (!config.imap.url.is_empty()).then_some(config.screen.max_size);
        Ok(Self {
            seal: Seal::new(key),
            way: way.filter(|_| is_wanted),
            letters,
            largest: by_lmtp.into_iter().chain(by_imap).min().unwrap_or(config.screen.max_size),
            queued: Remembered::new(MOST, BELIEVED),
            places: Semaphore::new(AT_A_TIME),
            waiting: Semaphore::new(MOST_WAITING),
        })
    }

    /// What only takes back.
    pub fn taking_back(key: SecretSlice<u8>) -> Self {
        Self {
            seal: Seal::new(key),
            way: None,
            letters: None,
            largest: 0,
            queued: Remembered::new(1, BELIEVED),
            places: Semaphore::new(AT_A_TIME),
            waiting: Semaphore::new(MOST_WAITING),
        }
    }

    /// Whether forms are put by.
    pub fn are_on(&self) -> bool {
        self.way.is_some()
    }

    /// The name under which this very form was put by a while ago.
    pub fn queued(&self, received: &Received) -> Option<Reference> {
        received.names().find(|name| self.queued.has(name))
    }

    /// Puts a form by, or what is added to this ticket. Copies that come at the same moment are one mail.
    ///
    /// # Errors
    ///
    /// Why nobody keeps it.
    pub async fn hand_over(&self, received: &Received, ticket: Option<TicketId>) -> Result<(), NotQueued> {
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(NotQueued::Failed("as many forms wait for the relay or the mailbox as may".to_owned()));
        };
        self.queued.or_ask(received.reference, self.send(received, ticket)).await
    }

    async fn send(&self, received: &Received, ticket: Option<TicketId>) -> Result<(), NotQueued> {
        let (Some(way), Some(letters)) = (&self.way, &self.letters) else {
            return Err(NotQueued::Failed("portal.when_down is \"retry\"".to_owned()));
        };
        // Never closed, so a failure to get a place cannot happen; it would only lift the bound.
        let _place = self.places.acquire().await.ok();
        let mail = self.mail(letters, received, ticket).await?;
        if mail.len() as u64 > self.largest {
            return Err(NotQueued::TooLarge(mail.len()));
        }
        match way {
            Way::Relay => letters.hand_over(&mail).await.map_err(|error| {
                if error.is_too_large() {
                    NotQueued::TooLarge(mail.len())
                } else {
                    NotQueued::Failed(error.to_string())
                }
            }),
            Way::Mailbox(into_mailbox) => into_mailbox(mail).await.map_err(NotQueued::Failed),
        }
    }

    async fn mail(
        &self,
        letters: &Arc<DepositLetters>,
        received: &Received,
        ticket: Option<TicketId>,
    ) -> Result<Vec<u8>, NotQueued> {
        let unwritten =
            |error: &dyn std::fmt::Display| NotQueued::Failed(format!("the mail cannot be written: {error}"));
        let bytes = received.attachments.iter().map(|file| file.content.len()).sum();
        let now = Timestamp::now();
        let (letters, received) = (Arc::clone(letters), received.clone());
        let (received, record) = offload::by_size(bytes, async move {
            let record = record::written(&received, ticket, now);
            (received, record)
        })
        .await;
        let sealed = self.seal.sealed(&record.map_err(|error| unwritten(&error))?);
        let mail = offload::by_size(bytes, async move { letters.compose(&received, sealed) }).await;
        mail.map_err(|error| unwritten(&error))
    }

    /// Reads a form again from the parts of the mail that put it by.
    ///
    /// # Errors
    ///
    /// Why it is opened for nobody.
    pub fn open(&self, parts: &[Bytes], now: Timestamp) -> Result<Returned, Unopened> {
        record::opened(&self.seal, parts, now)
    }
}
