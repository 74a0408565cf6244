//! Receipts and refusal notices: their texts, and when they are sent.
//!
//! A notice is a courtesy: it goes out beside the request, and when it cannot be sent the request is none the worse
//! for it. A receipt that cannot be sent at once stays due: [`crate::flow::receipts`].

mod mail;
mod texts;
mod when;

use lettre::{Message, message::Mailbox};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use self::texts::Signature;
pub use self::when::may_notify;
use self::when::recipient;
pub(crate) use self::{
    mail::automatic,
    texts::{Text, is_unproven, line},
};
use crate::{
    config::{Acknowledge, Config, ConfigError, Replies},
    request::{Address, Person, Reason, Receipt, Received, Reference, Refusal, TicketState},
    smtp::{Mailer, SendError},
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

/// A mail and whom it goes to.
type Letter = (lettre::Address, Message);

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

    /// Whether receipts are this gateway's to send.
    pub(crate) fn sends_receipts(&self) -> bool {
        self.can_send() && self.receipts == Acknowledge::Passerelle
    }

    /// The sending of a ticket's receipt, where one is due; nothing happens before it is awaited.
    pub fn receipt(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
    ) -> Option<impl Future<Output = Result<(), SendError>> + Send + use<>> {
        let subject = (!is_unproven(received)).then(|| texts::reply_subject(received));
        let text = || texts::receipt(subject.as_deref(), receipt, person, &self.signature());
        let (to, message) = self.letter(received, (receipt.reference, Reason::Created), text)?;
        Some(self.clone().send(Reason::Created, to, message))
    }

    /// The letters under way.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Sends a receipt that is late, as the ticket itself shows what it says, and waits for its end. It quotes the
    /// request, or nothing of it.
    pub(crate) async fn late_receipt(&self, to: &Address, receipt: &Receipt, quotes: bool) -> Result<(), SendError> {
        let refused = |error: String| SendError::Refused(error);
        let address: lettre::Address = to.as_str().parse().map_err(|_| refused("no address".to_owned()))?;
        let subject = quotes.then_some(receipt.title.as_str());
        let text = texts::receipt(subject, receipt, &Person::default(), &self.signature());
        let text = text.map_err(|error| refused(error.to_string()))?;
        let message = mail::unasked(&self.from, address.clone(), receipt.reference, Reason::Created, text);
        let message = message.map_err(|error| refused(error.to_string()))?;
        self.clone().send(Reason::Created, address, message).await
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
    pub fn redirection(&self, received: &Received, state: &TicketState, refusal: &Refusal) {
        self.tell(received, refusal.reason, || texts::redirection(received, state, refusal, &self.signature()));
    }

    fn tell(&self, received: &Received, reason: Reason, text: impl FnOnce() -> Result<Text, askama::Error>) {
        if let Some((to, message)) = self.letter(received, (received.reference, reason), text) {
            let sending = self.clone().send(reason, to, message);
            self.tasks.spawn(async move { drop(sending.await) }.in_current_span());
        }
    }

    /// The mail that tells a requester how the request ended, where one may be sent.
    fn letter(
        &self,
        received: &Received,
        (reference, reason): (Reference, Reason),
        text: impl FnOnce() -> Result<Text, askama::Error>,
    ) -> Option<Letter> {
        let to = recipient(received, reason)?;
        if !self.can_send() || self.is_own(to) || !may_notify(received, reason, self.sender_of(reason)) {
            return None;
        }
        let letter = self.compose(to, received, (reference, reason), text).inspect_err(|error| {
            tracing::error!(error, reference = %received.reference, "a mail to a requester cannot be composed");
        });
        letter.ok()
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
        (reference, reason): (Reference, Reason),
        text: impl FnOnce() -> Result<Text, askama::Error>,
    ) -> Result<Letter, String> {
        let to: lettre::Address =
            requester.as_str().parse().map_err(|_| "the address is none a mail can be sent to".to_owned())?;
        let text = text().map_err(|error| error.to_string())?;
        let message = mail::compose(&self.from, to.clone(), received, (reference, reason), text);
        Ok((to, message.map_err(|error| error.to_string())?))
    }

    fn is_own(&self, to: &Address) -> bool {
        let from: &str = self.from.email.as_ref();
        to.as_str().eq_ignore_ascii_case(from)
    }

    async fn send(self, reason: Reason, to: lettre::Address, message: Message) -> Result<(), SendError> {
        let result = self.mailer.send(to, &message).await;
        let (reason, outcome) = (reason.code(), if result.is_ok() { "sent" } else { "failed" });
        metrics::counter!("passerelle_mails_total", "reason" => reason, "outcome" => outcome).increment(1);
        match &result {
            Ok(()) => tracing::debug!(reason, "sent a mail to a requester"),
            Err(error) => tracing::warn!(reason, %error, "a mail to a requester was not sent"),
        }
        result
    }
}
