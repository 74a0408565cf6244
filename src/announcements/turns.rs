//! Mailings that go at the same time take turns, a batch of each: what a few are told does not wait behind thousands.

use std::collections::VecDeque;

use tokio_util::sync::CancellationToken;

use super::{
    dispatch::{Dispatcher, Pace, Sending, SendingError, UnderWay},
    progress::MailingProgress,
};

/// Mailings that are sent at the same time.
pub(super) struct Turns<'a> {
    dispatcher: &'a Dispatcher,
    /// Whose turn it is comes first.
    waiting: VecDeque<UnderWay>,
    pace: Pace,
}

impl<'a> Turns<'a> {
    pub(super) fn new(dispatcher: &'a Dispatcher) -> Self {
        Self { dispatcher, waiting: VecDeque::new(), pace: Pace::begin() }
    }

    /// Lets a mailing in, as the next, unless it is there.
    ///
    /// # Errors
    ///
    /// Where it cannot be sent.
    pub(super) async fn let_in(&mut self, reference: &str) -> Result<(), SendingError> {
        if self.waiting.iter().all(|known| known.reference() != reference) {
            self.waiting.push_front(self.dispatcher.take_up(reference).await?);
        }
        Ok(())
    }

    /// Sends a batch of the one whose turn it is, and says before how far that one is. Gives its name, and how its sending
    /// ended where nothing more of it can be sent now; `None` where nobody is left.
    pub(super) async fn take(
        &mut self,
        stop: &CancellationToken,
        mut each: impl FnMut(&MailingProgress),
    ) -> Option<(String, Result<Option<Sending>, SendingError>)> {
        let mut one = self.waiting.pop_front()?;
        each(&self.dispatcher.progress_of(&one));
        let reference = one.reference().to_owned();
        let sent = self.dispatcher.go_on(&mut one, &mut self.pace, stop).await;
        if matches!(sent, Ok(None)) {
            self.waiting.push_back(one);
        }
        Some((reference, sent))
    }
}
