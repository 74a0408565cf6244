//! Requests that fail again and again on their own account, while others pass: they are tried less and less
//! often, then put aside, and the operators are told. None of them holds up another.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    config,
    flow::ledger::Failures,
    letters::{Operators, PutAside},
    request::{Channel, Deferral, Reason, ReasonKind, Received, Reference},
};

/// Says when a request is put aside, and tells the operators.
#[derive(Clone)]
pub struct Quarantine {
    config: config::Quarantine,
    operators: Operators,
    tasks: TaskTracker,
    /// A notice with the mail itself takes several times its memory: one at a time.
    with_mail: Arc<Semaphore>,
}

/// What is known of a request that failed, also when handling it broke down.
#[derive(Clone, Debug)]
pub struct Failing {
    /// The way it came.
    pub channel: Channel,
    /// What it is called.
    pub reference: Reference,
    /// The mail as it came.
    pub original: Option<bytes::Bytes>,
}

impl Failing {
    /// What is known of a request before it is handled.
    pub fn new(received: &Received) -> Self {
        Self { channel: received.channel, reference: received.reference, original: received.original.clone() }
    }
}

impl Quarantine {
    /// A quarantine that tells `operators`; of what nothing waits for, each in a task of `tasks`, which a shutdown waits
    /// for.
    pub fn new(config: &config::Quarantine, operators: Operators, tasks: TaskTracker) -> Self {
        Self { config: config.clone(), operators, tasks, with_mail: Arc::new(Semaphore::new(1)) }
    }

    /// Who is told.
    pub fn operators(&self) -> &Operators {
        &self.operators
    }

    /// Whether a deferral can be the request's own fault. An outage of GLPI never is: only what broke GLPI itself when
    /// it was asked for this very request, as it may do each time. A form's never counts: the portal tells its user,
    /// and nothing waits anywhere.
    pub fn may_blame(failing: &Failing, deferral: &Deferral) -> bool {
        let own = match deferral.reason.kind() {
            ReasonKind::Failure => true,
            ReasonKind::Outage => deferral.reason == Reason::GlpiUnavailable && deferral.own,
            ReasonKind::Done
            | ReasonKind::Sender
            | ReasonKind::Rule
            | ReasonKind::Reply
            | ReasonKind::Portal
            | ReasonKind::Machine => false,
        };
        own && failing.channel.tries_again_by_itself()
    }

    /// When a request that failed so often is tried again. An outage of GLPI makes no pause longer.
    pub fn pause(&self, deferral: &Deferral, failures: Failures) -> Duration {
        if deferral.reason == Reason::GlpiUnavailable && failures.alone.is_none() {
            return deferral.retry_after;
        }
        let doubled = 1_u32.checked_shl(failures.times.saturating_sub(1)).unwrap_or(u32::MAX);
        self.config.first_delay.saturating_mul(doubled).min(self.config.longest_delay)
    }

    /// Whether a request that failed so often is put aside now. A mailbox has a folder for it; any other mail
    /// goes to the operators, and counts as put aside only when the relay has taken that on.
    pub async fn puts_aside(&self, failing: &Failing, deferral: &Deferral, failures: Failures) -> bool {
        if failures.alone.is_none_or(|alone| alone < self.config.attempts) {
            return false;
        }
        let (reference, times) = (failing.reference, failures.times);
        if failing.channel.keeps_what_is_put_aside() {
            let (operators, deferral) = (self.operators.clone(), deferral.clone());
            self.tasks.spawn(async move {
                operators.put_aside(PutAside { reference, deferral: &deferral, times }, None, true).await
            });
            return true;
        }
        let Ok(_place) = self.with_mail.try_acquire() else {
            tracing::info!(%reference, "another mail is on its way to the operators; this one is put aside at its next try");
            return false;
        };
        self.operators.put_aside(PutAside { reference, deferral, times }, failing.original.as_deref(), false).await
    }

    /// Tells the operators of a message that a mailbox's server lists and does not give out.
    pub fn unreadable(&self, message: String) {
        let operators = self.operators.clone();
        self.tasks.spawn(async move { operators.unreadable(&message).await }.in_current_span());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Channel, Deferral, Failing, Failures, Operators, Quarantine, Reason, Reference, TaskTracker};
    use crate::{letters::Correspondence, smtp::Mailer};

    #[test]
    fn the_pauses_double_up_to_the_longest_but_not_in_an_outage() {
        let config = crate::config::load_from(None, []).unwrap();
        let letters = Correspondence::new(&config, Mailer::memory().0).unwrap();
        let operators = Operators::new(&config, letters).unwrap();
        let quarantine = Quarantine::new(&config.quarantine, operators, TaskTracker::new());
        let minutes = |reason, times, alone| {
            let deferral = Deferral { reason, cause: String::new(), retry_after: Duration::from_mins(7), own: true };
            quarantine.pause(&deferral, Failures { times, alone }).as_secs() / 60
        };
        let own = |times| minutes(Reason::Internal, times, None);
        assert_eq!([1, 2, 3, 6, 7, 8, 40, u32::MAX].map(own), [1, 2, 4, 32, 60, 60, 60, 60]);
        assert_eq!(minutes(Reason::GlpiUnavailable, 5, None), 7);
        assert_eq!(minutes(Reason::GlpiUnavailable, 5, Some(1)), 16);
    }

    #[test]
    fn only_what_can_be_the_mail_s_own_fault_is_blamed_on_it() {
        let blamed = |channel, reason, own| {
            let failing = Failing { channel, reference: Reference::new("mail", "", b"x"), original: None };
            let deferral = Deferral { reason, cause: String::new(), retry_after: Duration::ZERO, own };
            Quarantine::may_blame(&failing, &deferral)
        };
        let blamed_of = |own| -> Vec<&str> {
            let reasons = Reason::ALL.iter().filter(|reason| blamed(Channel::Imap, **reason, own));
            reasons.map(|reason| reason.code()).collect()
        };
        assert_eq!(blamed_of(true), ["glpi-unavailable", "glpi-rejected", "internal"]);
        assert_eq!(blamed_of(false), ["glpi-rejected", "internal"], "an outage is nobody's fault");
        assert!(!blamed(Channel::Form, Reason::Internal, true));
    }
}
