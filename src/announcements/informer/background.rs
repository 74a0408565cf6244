//! Announcements on their way: sent in turn, whoever handed them in, beside what else the open ones need.

use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Informer, LOOK_EVERY};
use crate::{
    announcements::{
        dispatch::{Sending, SendingError},
        journal::{Mailing, MailingState},
        progress::MailingProgress,
        refusal::InformError,
        turns::Turns,
    },
    request::Reference,
};

impl Informer {
    /// Sends what can be sent of a mailing now, until `stop`, in turn with what else is to go; says before each batch how
    /// far it is.
    ///
    /// # Errors
    ///
    /// Where it is not there, another instance sends, or GLPI cannot answer.
    pub async fn send(
        &self,
        reference: Reference,
        stop: &CancellationToken,
        mut each: impl FnMut(&MailingProgress),
    ) -> Result<Sending, SendingError> {
        let own = reference.to_string();
        let mut turns = Turns::new(&self.dispatcher);
        turns.let_in(&own).await?;
        let mut looked: Option<Instant> = None;
        let ended = loop {
            let say = |progress: &MailingProgress| {
                if progress.mailing.reference == own {
                    each(progress);
                }
            };
            let Some((sent, how)) = turns.take(stop, say).await else { break Err(SendingError::Unknown) };
            match how {
                Ok(Some(ended)) if sent == own => break Ok(ended),
                Err(error) if sent == own || matches!(error, SendingError::Elsewhere) => break Err(error),
                Err(error) => not_sent(&sent, &error),
                Ok(_) => {}
            }
            if looked.is_none_or(|looked| looked.elapsed() > LOOK_EVERY) {
                self.let_in(&mut turns, &self.open().await.unwrap_or_default()).await;
                looked = Some(Instant::now());
            }
        };
        self.dispatcher.rest().await;
        ended
    }

    /// Sends what is to be sent, whoever handed it in, until `stop`; a batch that has begun is ended.
    pub async fn keep(&self, stop: &CancellationToken) {
        if !self.settings.enabled || !self.letters.are_on() {
            return;
        }
        while !stop.is_cancelled() {
            let again = self.send_all(stop).await;
            self.dispatcher.rest().await;
            let pause = again.map_or(LOOK_EVERY, |again| {
                Duration::try_from(again.duration_since(Timestamp::now())).unwrap_or_default().min(LOOK_EVERY)
            });
            tokio::select! {
                () = tokio::time::sleep(pause.max(Duration::from_millis(100))) => {}
                () = self.wake.notified() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Sends of all mailings what can be sent now, in turn, with those that come in meanwhile; says when there is something
    /// to do again.
    async fn send_all(&self, stop: &CancellationToken) -> Option<Timestamp> {
        let mut turns = Turns::new(&self.dispatcher);
        let mut looked: Option<Instant> = None;
        let mut again: Option<Timestamp> = None;
        loop {
            let is_woken = self.wake.notified().now_or_never().is_some();
            if is_woken || looked.is_none_or(|looked| looked.elapsed() > LOOK_EVERY) {
                // Those that wait for something are asked anew.
                again = None;
                if let Some(open) = self.open().await {
                    self.look_after(&open).await;
                    self.let_in(&mut turns, &open).await;
                }
                looked = Some(Instant::now());
            }
            let Some((sent, how)) = turns.take(stop, |_| {}).await else { return again };
            match how {
                Ok(ended) => again = again.into_iter().chain(ended.and_then(|ended| ended.again)).min(),
                Err(SendingError::Elsewhere) => {
                    self.dispatcher.await_lease(stop).await;
                    // The other instance has sent of all of them.
                    (turns, looked) = (Turns::new(&self.dispatcher), None);
                }
                Err(error) => not_sent(&sent, &error),
            }
            if stop.is_cancelled() {
                return again;
            }
        }
    }

    /// The open mailings; `None` while GLPI cannot say.
    async fn open(&self) -> Option<Vec<Mailing>> {
        let open = self.records.open().await;
        open.inspect_err(|error| tracing::warn!(%error, "announcements that are to be sent are not known now")).ok()
    }

    /// Lets in those of these mailings that are to go.
    async fn let_in(&self, turns: &mut Turns<'_>, open: &[Mailing]) {
        for mailing in open.iter().filter(|mailing| mailing.state == MailingState::Going) {
            if let Err(error) = turns.let_in(&mailing.reference).await {
                not_sent(&mailing.reference, &error);
            }
        }
    }

    /// Does for the open mailings what else is to be done: second persons are asked, what is confirmed is shown, and what
    /// is known of others is forgotten.
    async fn look_after(&self, mailings: &[Mailing]) {
        let open: BTreeSet<Reference> = mailings.iter().filter_map(Mailing::name).collect();
        self.released().retain(|reference| open.contains(reference));
        self.asked().retain(|reference, _| open.contains(reference));
        self.dispatcher.forget_but(|name| mailings.iter().any(|mailing| mailing.reference == name));
        for mailing in mailings.iter().filter(|mailing| mailing.state == MailingState::ToConfirm) {
            if Timestamp::now() > self.asks_again_from(mailing)
                && let Err(error) = self.ask_those_not_asked(&mailing.reference).await
            {
                tracing::warn!(%error, reference = mailing.reference, "nobody can be asked to confirm an announcement now");
            }
        }
        for mailing in mailings.iter().filter(|mailing| mailing.state == MailingState::Going) {
            if mailing.confirmed_by.is_some()
                && let Some(reference) = mailing.name()
                && let Err(error) = self.release(reference).await
            {
                tracing::warn!(%error, %reference, "a confirmed announcement is not shown on the portal now");
            }
        }
    }

    /// Has the portal show what is confirmed: whoever confirmed it may have been interrupted before. GLPI is asked until it
    /// has said so once.
    async fn release(&self, reference: Reference) -> Result<(), InformError> {
        if !self.released().contains(&reference) {
            self.hold_by_name(reference, MailingState::Going).await?;
            self.released().insert(reference);
        }
        Ok(())
    }

    fn released(&self) -> MutexGuard<'_, BTreeSet<Reference>> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_sent(reference: &str, error: &SendingError) {
    tracing::warn!(%error, reference, "an announcement is not sent now");
}
