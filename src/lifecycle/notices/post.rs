//! Sends notices, each to one address, and remembers those of which the ticket has no note yet.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use super::{
    mark::{REMINDER, Step},
    unsent::Unsent,
};
use crate::{
    config::Config,
    id::TicketId,
    letters::{ComposeError, Correspondence, is_machine, mails, notices},
    request::{Address, Reference},
    smtp::{Fault, SendError},
};

/// How long a relay that could not be reached is left alone: the other tickets do not wait for it one by one.
const RELAY_PAUSE: Duration = Duration::from_mins(1);
/// Mails of which the note is still to be written, at most; only while GLPI fails in the middle are there any.
const MOST_UNNOTED: usize = 10_000;

/// A ticket, what a notice is recorded by there, and who was written to.
pub(super) type Told = (TicketId, String, Address);

/// The way notices leave.
pub(super) struct Post {
    letters: Correspondence,
    /// The gateway's own mailboxes: nobody reads them, and what they get comes back in.
    own_mailboxes: Vec<Address>,
    /// Until when the relay is left alone.
    relay_pause: Mutex<Option<Instant>>,
    /// What left and has no note yet: it is not sent again by this process.
    unnoted: std::sync::Mutex<HashSet<Told>>,
}

impl Post {
    pub(super) fn new(config: &Config, letters: Correspondence) -> Self {
        for step in Step::NAMES.into_iter().chain([REMINDER]) {
            mails::expect(step);
        }
        let own = config.screen.recipients.iter().map(String::as_str).chain([letters.address()]);
        Self {
            own_mailboxes: own.filter_map(Address::parse).collect(),
            letters,
            relay_pause: Mutex::default(),
            unnoted: std::sync::Mutex::default(),
        }
    }

    /// Whether a mail relay is configured.
    pub(super) fn is_on(&self) -> bool {
        self.letters.is_on()
    }

    /// Who signs.
    pub(super) fn signature(&self) -> &str {
        self.letters.name()
    }

    /// An address that somebody reads.
    pub(super) fn usable(&self, text: &str) -> Option<Address> {
        Address::parse(text).filter(|address| !self.own_mailboxes.contains(address) && !is_machine(address))
    }

    /// Sends a notice of a step, once: whatever is not sent now is still due, and the sweep comes again. `name` tells it
    /// from the other notices of its request.
    pub(super) async fn send(
        &self,
        step: &'static str,
        reference: Reference,
        name: &str,
        to: &Address,
        text: notices::Text,
    ) -> Result<(), Unsent> {
        let to: lettre::Address = to.as_str().parse().map_err(|error| SendError::from(ComposeError::from(error)))?;
        let message = notices::letter(&self.letters, to.clone(), reference, name, text);
        let message = message.map_err(ComposeError::from)?;
        if self.relay_pause.lock().await.is_some_and(|until| Instant::now() < until) {
            return Err(SendError::Unavailable(Fault::JustFailed).into());
        }
        let result = self.letters.send_once(to, &message).await;
        let is_away = matches!(result, Err(SendError::Unavailable(_) | SendError::Timeout(_)));
        *self.relay_pause.lock().await = is_away.then(|| Instant::now() + RELAY_PAUSE);
        mails::count(step, result.is_ok());
        if let Err(error) = &result {
            tracing::warn!(step, %reference, %error, "a notice was not sent");
        }
        Ok(result?)
    }

    /// Whether this left and has no note yet.
    pub(super) fn has_left(&self, told: &Told) -> bool {
        self.unnoted().contains(told)
    }

    /// Remembers what left, until it has its note.
    pub(super) fn remember(&self, told: Told) {
        let mut unnoted = self.unnoted();
        if unnoted.len() < MOST_UNNOTED {
            unnoted.insert(told);
        }
    }

    /// What is recorded by these has its note, and is known by that from now on.
    pub(super) fn forget(&self, ticket: TicketId, noted: impl Iterator<Item = String>) {
        let mut unnoted = self.unnoted();
        if !unnoted.is_empty() {
            let noted: BTreeSet<_> = noted.collect();
            unnoted.retain(|(number, record, _)| *number != ticket || !noted.contains(record));
        }
    }

    /// The same of all that is recorded by words that begin so.
    pub(super) fn forget_all(&self, ticket: TicketId, beginning: &str) {
        self.unnoted().retain(|(number, record, _)| *number != ticket || !record.starts_with(beginning));
    }

    /// Held for moments only: the notices of several tickets go side by side, those of one, one after the other.
    fn unnoted(&self) -> MutexGuard<'_, HashSet<Told>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
