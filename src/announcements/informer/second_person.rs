//! The second person whom an announcement to many needs: asked, and confirming.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use data_encoding::BASE32_NOPAD;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use super::{Informer, may_have_written};
use crate::{
    announcements::{
        files::AnnouncementFile,
        journal::{Journal, Mailing, MailingState},
        progress::MailingProgress,
        refusal::InformError,
    },
    glpi::GlpiError,
    letters::{ConfirmationWanted, Tries},
    people::Role,
    request::{Address, Reference},
};

/// One instance at a time asks second persons.
const ASKING: &str = "announcement-questions";
/// Bytes of what a second person confirms by.
const CODE: usize = 10;

impl Informer {
    /// The operators who are not this one.
    pub(super) async fn others(&self, writer: &str) -> Result<Vec<Address>, GlpiError> {
        let now = Timestamp::now().to_zoned(self.zone.clone()).datetime();
        let operators = self.people.addresses(&Role::Operator, now).await?;
        Ok(operators.into_iter().filter(|operator| !may_have_written(writer, operator.as_str())).collect())
    }

    pub(super) async fn is_operator(&self, person: &str) -> Result<bool, GlpiError> {
        match Address::parse(person) {
            Some(address) => Ok(self.people.rights(&address).await?.is_everything()),
            None => Ok(false),
        }
    }

    /// Asks a second person, where one has to be asked and none was: the relay may have taken no mail then.
    /// Where another instance does so at this moment, it is left to that one.
    pub(super) async fn ask_again(&self, journal: &mut Journal) -> Result<(), InformError> {
        let is_to_ask = |journal: &Journal| {
            journal.mailing.state == MailingState::ToConfirm && !journal.is_asked && !journal.is_changed
        };
        if !is_to_ask(journal) {
            return Ok(());
        }
        let asking = async {
            // Whoever was at it before this one may have asked.
            if let Some(now) = self.records.read(&journal.mailing.reference).await? {
                *journal = now;
            }
            if is_to_ask(journal) {
                let seconds = self.others(&journal.mailing.written_by).await?;
                self.ask(journal, &seconds).await;
            }
            Ok::<(), InformError>(())
        };
        self.ledger.alone(ASKING, asking).await.unwrap_or(Ok(()))
    }

    pub(super) async fn ask(&self, journal: &mut Journal, seconds: &[Address]) {
        let mailing = &journal.mailing;
        if mailing.state != MailingState::ToConfirm || journal.is_asked || journal.is_changed {
            return;
        }
        let Some(reference) = mailing.name() else { return };
        let code = self.code(mailing);
        let page = &self.settings.confirm_link;
        let link = page.replace("{reference}", &mailing.reference).replace("{code}", &code);
        let wanted = ConfirmationWanted {
            reference,
            subject: mailing.subject.clone(),
            markdown: mailing.markdown.clone(),
            written_by: mailing.written_by.clone(),
            audience: mailing.audience.clone(),
            addresses: mailing.addresses,
            files: mailing.files.iter().map(AnnouncementFile::told).collect(),
            link: (!page.is_empty()).then_some(link),
            code,
        };
        let before = self.asked().get(&reference).cloned();
        let asked = match before {
            Some(asked) => asked,
            None => self.ask_all(seconds, &wanted).await,
        };
        if asked.is_empty() {
            return;
        }
        self.asked().insert(reference, asked.clone());
        // Unknown to GLPI, they are asked once more by another process: that does no harm.
        if let Err(error) = self.records.asked(&mailing.reference, &asked).await {
            tracing::warn!(%error, %reference, "GLPI was not told that operators were asked to confirm an announcement");
        }
        journal.is_asked = true;
    }

    /// Asks these, and those once more that the relay puts off; gives those for whom it took the mail.
    async fn ask_all(&self, seconds: &[Address], wanted: &ConfirmationWanted) -> Vec<Address> {
        // Who hands it in waits for this. Where the relay takes none of them, all are asked later.
        let mut asked = self.ask_each(seconds, wanted, Tries::One).await;
        if !asked.is_empty() {
            let missed: Vec<Address> = seconds.iter().filter(|second| !asked.contains(second)).cloned().collect();
            asked.append(&mut self.ask_each(&missed, wanted, Tries::Several).await);
        }
        asked
    }

    /// Asks these; gives those for whom the relay took the mail.
    async fn ask_each(&self, seconds: &[Address], wanted: &ConfirmationWanted, tries: Tries) -> Vec<Address> {
        let asking = seconds.iter().map(|second| async move {
            let to = second.as_str().parse().ok()?;
            match self.letters.ask_confirmation(to, wanted, tries).await {
                Ok(()) => Some(second.clone()),
                Err(error) => {
                    let reference = &wanted.reference;
                    tracing::error!(%error, %reference, "an operator could not be asked to confirm an announcement");
                    None
                }
            }
        });
        join_all(asking).await.into_iter().flatten().collect()
    }

    /// From when on a running gateway asks a second person where none could be asked: before, whoever handed it in may be
    /// at it.
    pub fn asks_again_from(&self, mailing: &Mailing) -> Timestamp {
        mailing.written_at.checked_add(self.dispatcher.settled().0).unwrap_or(Timestamp::MAX)
    }

    /// What a second person confirms this mailing by: of what it says, to whom.
    fn code(&self, mailing: &Mailing) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()) else { return String::new() };
        for part in [&mailing.reference, &mailing.subject, &mailing.markdown, &mailing.written_by, &mailing.list] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        for file in &mailing.files {
            mac.update(file.identity().as_bytes());
        }
        BASE32_NOPAD.encode(&mac.finalize().into_bytes()[..CODE])
    }

    /// Confirms a mailing as a second person, by the code they were sent.
    ///
    /// # Errors
    ///
    /// Where the code is wrong, or the person is the one who wrote it.
    pub async fn confirm(&self, reference: Reference, code: &str, by: &str) -> Result<MailingProgress, InformError> {
        let mut journal = self.unchanged(reference).await?;
        let expected = self.code(&journal.mailing);
        let is_right = subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), code.trim().to_uppercase().as_bytes());
        if expected.is_empty() || !bool::from(is_right) {
            return Err(InformError::WrongCode);
        }
        if may_have_written(&journal.mailing.written_by, by) {
            return Err(InformError::SamePerson);
        }
        if !self.is_operator(by).await? {
            return Err(InformError::NotAnOperator(by.to_owned()));
        }
        match journal.mailing.state {
            MailingState::ToConfirm => {}
            // Confirmed twice is confirmed.
            state @ (MailingState::Going | MailingState::Ended) => {
                self.hold_by_name(reference, state).await?;
                return Ok(self.progress_of(&journal));
            }
            state @ MailingState::Stopped => return Err(InformError::NotNow(state)),
        }
        journal.mailing.state = MailingState::Going;
        journal.mailing.confirmed_by = Some(by.to_owned());
        self.records.rewrite_head(&mut journal).await?;
        if journal.mailing.state == MailingState::Stopped {
            return Err(InformError::NotNow(MailingState::Stopped));
        }
        self.hold_by_name(reference, MailingState::Going).await?;
        tracing::info!(%reference, "an announcement is confirmed");
        self.wake.notify_one();
        Ok(self.progress_of(&journal))
    }

    pub(super) fn asked(&self) -> MutexGuard<'_, BTreeMap<Reference, Vec<Address>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn ask_those_not_asked(&self, reference: &str) -> Result<(), InformError> {
        match self.records.read(reference).await? {
            Some(mut journal) => self.ask_again(&mut journal).await,
            None => Ok(()),
        }
    }
}
