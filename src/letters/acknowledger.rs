//! Tells requesters what became of their requests: the receipt of a ticket, or the notice of a refusal.
//!
//! A notice is a courtesy: it goes out beside the request, and when it cannot be sent the request is none the worse
//! for it. A receipt that cannot be sent at once stays due: [`crate::flow::receipts`].

use lettre::Message;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::{
    ComposeError, Correspondence, mails, receipts, refusals,
    subject::reply_subject,
    text::{Signature, Text},
    thread::thread,
    when::{may_notify, recipient},
};
use crate::{
    config::{Acknowledge, Config, Replies},
    request::{
        Address, Origin, Person, Reason, ReasonKind, Receipt, Received, Reference, Refusal, TicketState,
        message_id::{Letter as Id, of_letter},
    },
    smtp::SendError,
    text::chain,
};

/// Tells requesters what became of their requests.
#[derive(Clone)]
pub struct Acknowledger {
    /// Who sends refusal notices, and who receipts.
    acknowledge: Acknowledge,
    receipts: Acknowledge,
    letters: Correspondence,
    contact: String,
    takes_replies: bool,
    tasks: TaskTracker,
}

/// A mail and whom it goes to.
type Letter = (lettre::Address, Message);

impl Acknowledger {
    /// Letters of `letters`, each sent in a task of `tasks`, which a shutdown waits for.
    pub fn new(config: &Config, letters: Correspondence, tasks: TaskTracker) -> Self {
        let is_told = |reason: &&Reason| {
            **reason == Reason::Created || matches!(reason.kind(), ReasonKind::Rule | ReasonKind::Reply)
        };
        for reason in Reason::ALL.iter().filter(is_told) {
            mails::expect(reason.code());
        }
        Self {
            acknowledge: config.acknowledge,
            receipts: config.receipts(),
            letters,
            contact: config.smtp.contact.clone(),
            takes_replies: config.mail.replies == Replies::Followup,
            tasks,
        }
    }

    /// The letters' sender and relay.
    pub fn letters(&self) -> &Correspondence {
        &self.letters
    }

    /// Whether a notice of this refusal could be sent; asked before the day's only one is used up.
    pub fn may_refuse(&self, received: &Received, reason: Reason) -> bool {
        self.letters.is_on() && may_notify(received, reason, self.sender_of(reason))
    }

    /// Whether receipts are this gateway's to send.
    pub(crate) fn sends_receipts(&self) -> bool {
        self.letters.is_on() && self.receipts == Acknowledge::Passerelle
    }

    /// The sending of a ticket's receipt, where one is due; nothing happens before it is awaited.
    pub fn receipt(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
    ) -> Option<impl Future<Output = Result<(), SendError>> + Send + use<>> {
        let subject = (!received.is_unproven()).then(|| reply_subject(received));
        let text = || receipts::receipt(subject.as_deref(), receipt, person, &self.signature());
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
        let address: lettre::Address = to.as_str().parse().map_err(ComposeError::from)?;
        let subject = quotes.then_some(receipt.title.as_str());
        let text = receipts::receipt(subject, receipt, &Person::default(), &self.signature());
        let text = text.map_err(ComposeError::from)?;
        // The request is not at hand: it answers none.
        let message = self.message(address.clone(), None, (receipt.reference, Reason::Created), text);
        let message = message.map_err(ComposeError::from)?;
        self.clone().send(Reason::Created, address, message).await
    }

    /// Sends the notice of a refusal, where one may be sent. Returns at once; a failure is logged.
    ///
    /// That it is the day's first of its kind for this person is the caller's to see to.
    pub fn refusal(&self, received: &Received, refusal: &Refusal) {
        self.tell(received, refusal.reason, || refusals::refusal(received, refusal, &self.signature()));
    }

    /// Sends the notice of a reply that was not added to its ticket, where one may be sent. Returns at once; a
    /// failure is logged.
    ///
    /// That it is the day's first about this ticket is the caller's to see to.
    pub fn redirection(&self, received: &Received, state: &TicketState, refusal: &Refusal) {
        self.tell(received, refusal.reason, || refusals::redirection(received, state, refusal, &self.signature()));
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
        if !self.letters.is_on() || self.letters.is_own(to) || !may_notify(received, reason, self.sender_of(reason)) {
            return None;
        }
        let letter = self.compose(to, received, (reference, reason), text).inspect_err(|error| {
            let error = chain(error);
            tracing::error!(error, reference = %received.reference, "a mail to a requester cannot be composed");
        });
        letter.ok()
    }

    fn sender_of(&self, reason: Reason) -> Acknowledge {
        if reason == Reason::Created { self.receipts } else { self.acknowledge }
    }

    fn signature(&self) -> Signature<'_> {
        Signature { name: self.letters.name(), contact: &self.contact, takes_replies: self.takes_replies }
    }

    fn compose(
        &self,
        requester: &Address,
        received: &Received,
        (reference, reason): (Reference, Reason),
        text: impl FnOnce() -> Result<Text, askama::Error>,
    ) -> Result<Letter, ComposeError> {
        let to: lettre::Address = requester.as_str().parse()?;
        let message = self.message(to.clone(), Some(&received.origin), (reference, reason), text()?)?;
        Ok((to, message))
    }

    /// The letter that tells how a request ended, in the thread of the mail it was. The same end of the same request,
    /// which a copy may know by another reference, always has the same Message-ID, so that a mail that had to be sent
    /// twice is recognised.
    fn message(
        &self,
        to: lettre::Address,
        origin: Option<&Origin>,
        (reference, reason): (Reference, Reason),
        text: Text,
    ) -> Result<Message, lettre::error::Error> {
        let id = of_letter(reference, Id::Outcome(reason), self.letters.domain());
        let (auto_submitted, thread) = match origin {
            Some(Origin::Mail(mail)) => ("auto-replied", thread(mail)),
            Some(Origin::Form(_)) | None => ("auto-generated", Vec::new()),
        };
        let mut head = self.letters.head(to, &text.subject, id, auto_submitted);
        if let Some(last) = thread.last() {
            head = head.in_reply_to(last.clone()).references(thread.join(" "));
        }
        text.into_body(head)
    }

    async fn send(self, reason: Reason, to: lettre::Address, message: Message) -> Result<(), SendError> {
        let result = self.letters.send(to, &message).await;
        let reason = reason.code();
        mails::count(reason, result.is_ok());
        match &result {
            Ok(()) => tracing::debug!(reason, "sent a mail to a requester"),
            Err(error) => tracing::warn!(reason, %error, "a mail to a requester was not sent"),
        }
        result
    }
}
