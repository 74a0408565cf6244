//! What lies in the mailboxes, as far as it is held against GLPI: of each mail its names and its files' digests, and
//! nothing of what it says.

use jiff::Timestamp;

use super::finding::Place;
use crate::{
    flow::deliver::{Deliverer, DueFiles},
    intake::{
        imap::{self, Destination, ImapError, MailboxAccount, StoredMail},
        mime,
    },
    request::{Fingerprint, Origin, Reference},
};

/// A mail that lies in a mailbox.
#[derive(Clone, Debug)]
pub(super) struct SeenMail {
    pub(super) place: Place,
    /// What became of it; `None`: it waits.
    pub(super) kept: Option<Destination>,
    /// When the mailbox took it in.
    pub(super) stored: Option<Timestamp>,
    /// What its request is called, and what it is called where that name is another mail's; none where it was not read.
    pub(super) names: Vec<Reference>,
    pub(super) fingerprint: Option<Fingerprint>,
    /// The files that GLPI is to have of it.
    pub(super) files: DueFiles,
}

/// Reads a mailbox.
///
/// # Errors
///
/// What the server or the way to it said.
pub(super) async fn read(
    settings: &imap::Settings,
    account: &MailboxAccount,
    since: Timestamp,
    deliverer: &Deliverer,
) -> Result<Vec<SeenMail>, ImapError> {
    let mut seen = Vec::new();
    imap::survey(settings, account, since, async |mail: StoredMail| {
        let StoredMail { place: kept, folder, uid, envelope, raw } = mail;
        let stored = envelope.stored;
        let place = Place::Mailbox { mailbox: account.to_string(), folder, uid };
        let mut mail =
            SeenMail { place, kept, stored, names: Vec::new(), fingerprint: None, files: DueFiles::default() };
        if let Some(raw) = raw {
            let received = mime::mail(envelope, raw, Timestamp::now()).await;
            mail.names = received.names().collect();
            if kept == Some(Destination::Handled) {
                mail.files = deliverer.due_files(&received).await;
            }
            if let Origin::Mail(facts) = &received.origin {
                mail.fingerprint = facts.fingerprint;
            }
        }
        seen.push(mail);
    })
    .await?;
    Ok(seen)
}
