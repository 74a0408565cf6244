//! Receipts and refusal notices: their texts, and when they are sent.
//!
//! A notice is a courtesy: it goes out beside the request, and when it cannot be sent the request is none the worse
//! for it. A receipt that cannot be sent at once stays due: [`Receipts`].

mod due;
mod mail;
mod texts;
mod when;

use lettre::{Message, message::Mailbox};
use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::task::TaskTracker;

pub use self::due::Receipts;
pub use self::when::may_notify;
use self::{due::Noted, texts::Signature, when::recipient};
pub(crate) use self::{
    mail::{automatic, own_id},
    texts::{Text, line},
};
use crate::{
    clients::smtp::{Mailer, SendError},
    config::{Acknowledge, Config, ConfigError, Replies},
    request::{Address, Person, Reason, Receipt, Received, Reference, Refusal},
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

/// A mail and whom it goes to.
type Letter = (lettre::Address, Message);

/// A receipt on its way to the relay.
#[derive(Debug)]
pub struct Handing {
    /// The relay has it, or it is given up.
    ended: oneshot::Receiver<Result<(), SendError>>,
    /// To say that a note tells of it.
    noted: oneshot::Sender<Noted>,
}

/// Goes on with the sending of a receipt of which a note tells: a shutdown need not wait for the relay, but for the
/// note to say what became of it.
fn settle_after(
    sending: impl Future<Output = Result<(), SendError>> + Send + 'static,
    noted: Noted,
    tasks: TaskTracker,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let sent = sending.await;
        drop(tasks.spawn(async move { noted.settle(&sent).await }).await);
    })
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

    /// Whether receipts are this gateway's to send.
    fn sends_receipts(&self) -> bool {
        self.can_send() && self.receipts == Acknowledge::Passerelle
    }

    /// Sends the receipt of a ticket that was made, where one is due. Returns at once; a failure is logged.
    pub fn receipt(&self, received: &Received, person: &Person, receipt: &Receipt) -> Option<Handing> {
        Some(self.hand(self.receipt_letter(received, person, receipt)?))
    }

    /// The receipt of a ticket, where one is due.
    fn receipt_letter(&self, received: &Received, person: &Person, receipt: &Receipt) -> Option<Letter> {
        let subject = (!texts::is_unproven(received)).then(|| texts::reply_subject(received));
        let text = || texts::receipt(subject.as_deref(), receipt, person, &self.signature());
        self.letter(received, (receipt.reference, Reason::Created), text)
    }

    /// Sends a receipt. Returns at once.
    fn hand(&self, (to, message): Letter) -> Handing {
        let ((end, ended), (noted, mut note)) = (oneshot::channel(), oneshot::channel::<Noted>());
        let mut sending = Box::pin(self.clone().send(Reason::Created, to, message));
        let tasks = self.tasks.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                sent = &mut sending => {
                    note.close();
                    match note.try_recv() {
                        Ok(noted) => noted.settle(&sent).await,
                        Err(_) => drop(end.send(sent)),
                    }
                }
                Ok(noted) = &mut note => {
                    if noted.is_sure() {
                        drop(settle_after(sending, noted, tasks));
                    } else {
                        noted.settle(&sending.await).await;
                    }
                }
            }
        });
        Handing { ended, noted }
    }

    /// Sends a receipt of which a note says that it is due. Returns at once.
    fn hand_noted(&self, (to, message): Letter, noted: Noted) -> JoinHandle<()> {
        settle_after(self.clone().send(Reason::Created, to, message), noted, self.tasks.clone())
    }

    /// Sends a receipt that is late, as the ticket itself shows what it says, and waits for its end. It quotes the
    /// request, or nothing of it.
    async fn late_receipt(&self, to: &Address, receipt: &Receipt, quotes: bool) -> Result<(), SendError> {
        let refused = |error: String| SendError::Refused(error);
        let address: lettre::Address = to.as_str().parse().map_err(|_| refused("no address".to_owned()))?;
        let subject = quotes.then_some(receipt.title.as_str());
        let text = texts::receipt(subject, receipt, &Person::default(), &self.signature());
        let text = text.map_err(|error| refused(error.to_string()))?;
        let message = mail::unasked(&self.from, address.clone(), receipt.reference, Reason::Created.code(), text);
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
    pub fn redirection(&self, received: &Received, standing: &Standing, refusal: &Refusal) {
        self.tell(received, refusal.reason, || texts::redirection(received, standing, refusal, &self.signature()));
    }

    fn tell(&self, received: &Received, reason: Reason, text: impl FnOnce() -> Result<Text, askama::Error>) {
        if let Some((to, message)) = self.letter(received, (received.reference, reason), text) {
            let sending = self.clone().send(reason, to, message);
            self.tasks.spawn(async move { drop(sending.await) });
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
        let message = mail::compose(&self.from, to.clone(), received, (reference, reason.code()), text);
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
