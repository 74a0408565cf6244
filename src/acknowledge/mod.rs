//! Receipts and refusal notices: their texts, and when they are sent.
//!
//! A mail about a request is a courtesy: it goes out beside the request, and when it cannot be sent the
//! request is none the worse for it.

mod mail;
mod texts;
mod when;

use lettre::{Message, message::Mailbox};
use tokio_util::task::TaskTracker;

use self::texts::Signature;
pub use self::when::may_notify;
pub(crate) use self::{
    mail::{automatic, own_id},
    texts::{Text, line},
};
use crate::{
    clients::smtp::{Mailer, SendError},
    config::{Acknowledge, Config, ConfigError, Replies},
    request::{Address, Person, Reason, Receipt, Received, Refusal},
    screen::Standing,
};

/// Tells requesters what became of their requests.
#[derive(Clone)]
pub struct Acknowledger {
    /// Who sends refusal notices, and who receipts.
    acknowledge: Acknowledge,
    receipts: Acknowledge,
    mailer: Mailer,
    from: Mailbox,
    contact: String,
    takes_replies: bool,
    tasks: TaskTracker,
}

impl Acknowledger {
    /// Mails go through `mailer`, each in a task of `tasks`, which a shutdown waits for.
    pub fn new(config: &Config, mailer: Mailer, tasks: TaskTracker) -> Result<Self, ConfigError> {
        let from = config.smtp.from.parse().map_err(|_| {
            ConfigError::setting(
                format!("smtp.from is no mail address: \"{}\"", config.smtp.from),
                "Give it as \"Assistance 1er degré <assistance1d@ac-dijon.fr>\".",
            )
        })?;
        Ok(Self {
            acknowledge: config.acknowledge,
            receipts: config.receipts(),
            mailer,
            from,
            contact: config.smtp.contact.clone(),
            takes_replies: config.mail.replies == Replies::Followup,
            tasks,
        })
    }

    /// The domain of the gateway's own mails, by which screening knows them.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Whether a mail relay is configured.
    pub fn can_send(&self) -> bool {
        self.mailer.is_on()
    }

    /// Whether the relay can be reached now.
    pub async fn probe(&self) -> Result<(), SendError> {
        self.mailer.probe().await
    }

    /// Whether a notice of this refusal could be sent; asked before the day's only one is used up.
    pub fn may_refuse(&self, received: &Received, reason: Reason) -> bool {
        self.can_send() && may_notify(received, reason, self.sender_of(reason))
    }

    /// Sends the receipt of a ticket that was made, where one is due. Returns at once; a failure is logged.
    pub fn receipt(&self, received: &Received, person: &Person, receipt: &Receipt) {
        self.tell(received, Reason::Created, || texts::receipt(received, receipt, person, &self.signature()));
    }

    /// Sends the notice of a refusal, where one may be sent. Returns at once; a failure is logged.
    ///
    /// That it is the day's first of its kind for this person is the caller's to see to.
    pub fn refusal(&self, received: &Received, refusal: &Refusal) {
        self.tell(received, refusal.reason, || texts::refusal(received, refusal, &self.signature()));
    }

    /// Sends the notice of a reply that was not added to its ticket, where one may be sent. Returns at once; a
    /// failure is logged.
    ///
    /// That it is the day's first about this ticket is the caller's to see to.
    pub fn redirection(&self, received: &Received, standing: &Standing, refusal: &Refusal) {
        self.tell(received, refusal.reason, || texts::redirection(received, standing, refusal, &self.signature()));
    }

    fn tell(&self, received: &Received, reason: Reason, text: impl FnOnce() -> Result<Text, askama::Error>) {
        let Some(requester) = &received.requester else { return };
        if !self.can_send() || self.is_own(requester) || !may_notify(received, reason, self.sender_of(reason)) {
            return;
        }
        match self.compose(requester, received, reason, text) {
            Ok((to, message)) => {
                let sending = self.clone().send(reason, to, message);
                self.tasks.spawn(sending);
            }
            Err(error) => {
                tracing::error!(error, reference = %received.reference, "a mail to a requester cannot be composed");
            }
        }
    }

    fn sender_of(&self, reason: Reason) -> Acknowledge {
        if reason == Reason::Created { self.receipts } else { self.acknowledge }
    }

    fn signature(&self) -> Signature<'_> {
        let name = self.from.name.as_deref().unwrap_or_else(|| self.from.email.as_ref());
        Signature { name, contact: &self.contact, takes_replies: self.takes_replies }
    }

    fn compose(
        &self,
        requester: &Address,
        received: &Received,
        reason: Reason,
        text: impl FnOnce() -> Result<Text, askama::Error>,
    ) -> Result<(lettre::Address, Message), String> {
        let to: lettre::Address =
            requester.as_str().parse().map_err(|_| "the address is none a mail can be sent to".to_owned())?;
        let text = text().map_err(|error| error.to_string())?;
        let message = mail::compose(&self.from, to.clone(), received, reason.code(), text);
        Ok((to, message.map_err(|error| error.to_string())?))
    }

    fn is_own(&self, to: &Address) -> bool {
        let from: &str = self.from.email.as_ref();
        to.as_str().eq_ignore_ascii_case(from)
    }

    async fn send(self, reason: Reason, to: lettre::Address, message: Message) {
        let result = self.mailer.send(to, &message).await;
        let (reason, outcome) = (reason.code(), if result.is_ok() { "sent" } else { "failed" });
        metrics::counter!("passerelle_mails_total", "reason" => reason, "outcome" => outcome).increment(1);
        match result {
            Ok(()) => tracing::debug!(reason, "sent a mail to a requester"),
            Err(error) => tracing::warn!(reason, %error, "a mail to a requester was not sent"),
        }
    }
}
