//! What lies in the mailboxes, as far as it is held against GLPI: of each mail its names and its files' digests, and
//! nothing of what it says. A form that came back is the form it is, not the mail around it.

use std::sync::Arc;

use jiff::Timestamp;

use super::finding::Place;
use crate::{
    flow::{
        deliver::{Deliverer, DueFiles},
        deposit::{Deposits, Unopened},
    },
    intake::{
        self,
        imap::{self, Destination, ImapError, MailboxAccount, StoredMail},
        mime,
    },
    request::{Fingerprint, Origin, Received, Reference},
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
    /// It calls itself a form that was put by, and cannot be opened.
    pub(super) unopened: Option<Unopened>,
}

/// What reads mails as the gateway does.
pub(super) struct Reader<'a> {
    pub(super) deliverer: &'a Deliverer,
    pub(super) deposits: &'a Arc<Deposits>,
}

impl Reader<'_> {
    /// Reads a mailbox.
    ///
    /// # Errors
    ///
    /// What the server or the way to it said.
    pub(super) async fn mails(
        &self,
        settings: &imap::Settings,
        account: &MailboxAccount,
        since: Timestamp,
    ) -> Result<Vec<SeenMail>, ImapError> {
        let mut seen = Vec::new();
        imap::survey(settings, account, since, async |mail| seen.push(self.seen(account, mail).await)).await?;
        Ok(seen)
    }

    async fn seen(&self, account: &MailboxAccount, mail: StoredMail) -> SeenMail {
        let StoredMail { place: kept, folder, uid, envelope, raw } = mail;
        let stored = envelope.stored;
        let mut seen = SeenMail {
            place: Place::Mailbox { mailbox: account.to_string(), folder, uid },
            kept,
            stored,
            names: Vec::new(),
            fingerprint: None,
            files: DueFiles::default(),
            unopened: None,
        };
        let Some(raw) = raw else { return seen };
        // The gateway took it in then, or later: one that was too old then is so still.
        match intake::returned(self.deposits, &raw, stored.unwrap_or_else(Timestamp::now)).await {
            None => self.read(&mut seen, &mime::mail(envelope, raw, Timestamp::now()).await).await,
            Some(Ok(form)) => self.read(&mut seen, &form.received).await,
            Some(Err(why)) => seen.unopened = Some(why),
        }
        seen
    }

    async fn read(&self, seen: &mut SeenMail, received: &Received) {
        seen.names = received.names().collect();
        if seen.kept == Some(Destination::Handled) {
            seen.files = self.deliverer.due_files(received).await;
        }
        if let Origin::Mail(facts) = &received.origin {
            seen.fingerprint = facts.fingerprint;
        }
    }
}
