//! A notice becomes a mail that no machine answers and that belongs to its request's thread.

use lettre::{Address as Recipient, Message, message::Mailbox};

use crate::{
    letters::{Text, automatic},
    request::{
        Reason, Reference,
        message_id::{Letter, of_letter},
    },
};

/// The mail of a notice. The same one always has the same Message-ID, so that a mail that had to be sent twice is
/// recognised. `name` tells it from the other notices of its request.
pub(super) fn compose(
    from: &Mailbox,
    to: Recipient,
    reference: Reference,
    name: &str,
    text: Text,
) -> Result<Message, lettre::error::Error> {
    let id = of_letter(reference, Letter::Notice(name), from.email.domain());
    // Where GLPI acknowledged, this mail is not there, and a reader begins the thread with the notice.
    let receipt = of_letter(reference, Letter::Outcome(Reason::Created), from.email.domain());
    let message =
        automatic(from, to, &text.subject, id, "auto-generated").in_reply_to(receipt.clone()).references(receipt);
    text.into_body(message)
}
