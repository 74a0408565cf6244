//! Writes, sends and follows announcements: what the pages, the API and the command line ask for.

mod background;
mod second_person;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::SecretSlice;
use tokio::sync::Notify;

use super::{
    announcement::{Announcement, Recipients, WAYS},
    body::says_nothing,
    dispatch::Dispatcher,
    excess::Excess,
    files::{self, AnnouncementFile},
    journal::{DepartureState, Journal, Mailing, MailingState, digest},
    keeping::{ANNOUNCEMENTS, Keeping},
    progress::MailingProgress,
    recipients::{RecipientList, RecipientSources},
    record::Records,
    refusal::{InformError, Lack, Unfrozen},
    strangers::Stranger,
};
use crate::{
    config::{self, Config},
    flow::{deliver::enclosable, directory::Directory, ledger::Ledger, route::MappingStore},
    glpi::{Glpi, Upload},
    letters::AnnouncementLetters,
    people::{People, Rights},
    request::{Address, Enclosure, Reference},
    text::unseen::unturned,
};

/// How often an instance looks for what another one left.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How much longer a message is shown at least, where somebody prolongs it.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// What became of an announcement that somebody hands in.
#[derive(Clone, Debug)]
pub struct Informed {
    /// As GLPI keeps it.
    pub announcement: Announcement,
    /// Its mailing; `None` where it is a message of the portal only.
    pub mailing: Option<MailingProgress>,
}

/// What an operator says of a batch in doubt, once they have looked into the relay's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtDecision {
    /// The relay has it.
    Sent,
    /// The relay does not have it: it is sent again.
    Send,
}

/// Writes, sends and follows announcements.
pub struct Informer {
    settings: config::Announcements,
    /// Which files go along.
    limits: config::Attachments,
    glpi: Glpi,
    keeping: Keeping,
    sources: RecipientSources,
    records: Records,
    dispatcher: Dispatcher,
    ledger: Arc<Ledger>,
    letters: AnnouncementLetters,
    people: Arc<People>,
    key: SecretSlice<u8>,
    zone: TimeZone,
    /// Open mailings that were confirmed, and whose announcement the portal was seen not to wait with.
    released: Mutex<BTreeSet<Reference>>,
    /// Whom this process has asked to confirm which open mailing: GLPI may not say so, or somebody may have changed there
    /// what says it.
    asked: Mutex<BTreeMap<Reference, Vec<Address>>>,
    wake: Notify,
}

impl fmt::Debug for Informer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Informer").finish_non_exhaustive()
    }
}

impl Informer {
    /// Announcements as `[announcements]` says; `key` signs what a second person confirms by.
    pub fn new(
        config: &Config,
        glpi: &Glpi,
        (directory, mappings): (Arc<Directory>, MappingStore),
        (people, ledger): (Arc<People>, Arc<Ledger>),
        letters: AnnouncementLetters,
        key: SecretSlice<u8>,
    ) -> Self {
        metrics::describe_counter!(ANNOUNCEMENTS, "Announcements that were handed in, by way.");
        for way in WAYS {
            metrics::counter!(ANNOUNCEMENTS, "way" => way).increment(0);
        }
        let zone = config.time_zone.clone();
        let records = Records::new(glpi.clone());
        let settings = config.announcements.clone();
        let limits = config::Attachments { max_total_size: settings.max_size, ..config.attachments.clone() };
        Self {
            limits,
            glpi: glpi.clone(),
            keeping: Keeping::new(glpi.clone(), zone.clone()),
            sources: RecipientSources::new(directory, glpi, mappings, zone.clone()),
            dispatcher: Dispatcher::new(
                (records.clone(), glpi.clone()),
                Arc::clone(&ledger),
                letters.clone(),
                (settings.per_minute, settings.retry),
                (config.smtp.timeout, config.glpi.timeout),
                LOOK_EVERY,
            ),
            records,
            ledger,
            letters,
            people,
            key,
            zone,
            settings,
            released: Mutex::default(),
            asked: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Whether announcements are on.
    pub fn is_on(&self) -> bool {
        self.settings.enabled
    }

    /// Announcements as GLPI keeps them.
    pub fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// How mails of announcements look.
    pub fn letters(&self) -> &AnnouncementLetters {
        &self.letters
    }

    /// Above so many addresses a second person confirms.
    pub fn confirm_above(&self) -> usize {
        self.settings.confirm_above
    }

    /// Which files may go along.
    pub fn limits(&self) -> &config::Attachments {
        &self.limits
    }

    /// The files of an announcement, as they would go along, and as GLPI would get them.
    ///
    /// # Errors
    ///
    /// [`InformError::Files`] names those that cannot go; then none does.
    pub async fn files(&self, enclosure: &Enclosure) -> Result<(Vec<AnnouncementFile>, Vec<Upload>), InformError> {
        if enclosure.attachments.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let types = self.glpi.directory().document_types().await?;
        let checked = enclosable(enclosure, &self.limits, types.as_deref()).map_err(InformError::Files)?;
        let described =
            checked.iter().map(|(name, upload)| AnnouncementFile::of_upload(name, &upload.content_type, upload));
        Ok((described.collect(), checked.iter().map(|(_, upload)| upload.clone()).collect()))
    }

    /// Who would get this announcement by mail; `list` counts where it is for a list.
    ///
    /// # Errors
    ///
    /// Where it says nothing, is not of whoever has these rights, or a source cannot tell.
    pub async fn recipients(
        &self,
        announcement: &Announcement,
        list: &[Address],
        rights: &Rights,
    ) -> Result<RecipientList, InformError> {
        if !self.settings.enabled {
            return Err(InformError::Off);
        }
        if unturned(&announcement.subject).trim().is_empty() {
            return Err(InformError::Missing(Lack::Subject));
        }
        if says_nothing(&announcement.markdown) {
            return Err(InformError::Missing(Lack::Text));
        }
        announcement.fits().map_err(InformError::TooMuch)?;
        if let Some(excess) = Excess::of_list(list.len()) {
            return Err(InformError::TooMuch(excess));
        }
        if announcement.by_mail.is_none() && !announcement.on_portal {
            return Err(InformError::Missing(Lack::Way));
        }
        let now = Timestamp::now();
        if announcement.on_portal && announcement.ends.is_none_or(|ends| ends <= announcement.begins.max(now)) {
            return Err(InformError::Missing(Lack::End));
        }
        if announcement.by_mail == Some(Recipients::LastRequesters) && announcement.application.is_none() {
            return Err(InformError::Missing(Lack::Application));
        }
        if !announcement.is_within(rights) {
            return Err(InformError::NotYours);
        }
        if announcement.by_mail.is_some() && !self.letters.are_on() {
            return Err(InformError::NoRelay);
        }
        let list = self.sources.of(announcement, list).await?;
        match announcement.by_mail {
            Some(whom) if list.is_empty() => Err(InformError::Nobody(whom)),
            _ => Ok(list),
        }
    }

    /// What is to be said of texts that are to be zones and are none.
    pub async fn misread(&self, zones: &[String]) -> Vec<Stranger> {
        self.sources.misread(zones).await
    }

    /// Takes an announcement: GLPI keeps it, with its list, frozen; then it goes, or a second person is asked. The same one
    /// again (by its reference) goes on where the first time ended, and is sent once.
    ///
    /// # Errors
    ///
    /// As [`Informer::recipients`], and where GLPI does not keep it.
    pub async fn inform(
        &self,
        announcement: Announcement,
        (list, enclosure): (&[Address], &Enclosure),
        rights: &Rights,
    ) -> Result<Informed, InformError> {
        self.inform_as_seen(announcement, (list, enclosure), rights, None).await
    }

    /// The same, where it goes to those whom somebody has seen: another list than the one of this digest is not sent.
    ///
    /// # Errors
    ///
    /// As [`Informer::inform`], and [`InformError::OtherRecipients`].
    pub async fn inform_as_seen(
        &self,
        announcement: Announcement,
        (list, enclosure): (&[Address], &Enclosure),
        rights: &Rights,
        seen: Option<&str>,
    ) -> Result<Informed, InformError> {
        announcement.fits().map_err(InformError::TooMuch)?;
        let announcement = announcement.fit();
        if !announcement.is_within(rights) {
            return Err(InformError::NotYours);
        }
        let known = self.records.read(&announcement.reference.to_string()).await?;
        if let Some(mut journal) = known {
            let (files, _) = self.files(enclosure).await?;
            let announcement = Announcement { files, ..announcement };
            let kept = self.keeping.of_reference(announcement.reference).await?;
            let without_note = || Announcement { files: journal.mailing.files.clone(), ..announcement.clone() };
            let kept = same(&announcement, kept.unwrap_or_else(without_note))?;
            // One that was stopped before its list was frozen has none.
            if announcement.by_mail == Some(Recipients::List) && journal.mailing.state != MailingState::Stopped {
                let recipients = self.recipients(&announcement, list, rights).await?;
                if digest(recipients.addresses()) != journal.mailing.list {
                    return Err(InformError::SaysSomethingElse(kept.reference));
                }
            }
            self.ask_again(&mut journal).await?;
            return Ok(Informed { announcement: kept, mailing: Some(self.progress_of(&journal)) });
        }
        let recipients = self.recipients(&announcement, list, rights).await?;
        if seen.is_some_and(|seen| seen != recipients.digest()) {
            return Err(InformError::OtherRecipients);
        }
        let (files, uploads) = self.files(enclosure).await?;
        let must_confirm = recipients.len() > self.settings.confirm_above;
        if must_confirm && Address::parse(&announcement.written_by).is_none() {
            return Err(InformError::Unnamed(self.settings.confirm_above));
        }
        let seconds = if must_confirm { self.others(&announcement.written_by).await? } else { Vec::new() };
        if must_confirm && seconds.is_empty() {
            return Err(InformError::NobodyElse(self.settings.confirm_above));
        }
        // The portal shows nothing that waits for a second person.
        let whole = Announcement { files, is_held: must_confirm, ..announcement };
        let kept = self.keeping.keep(whole.clone(), &uploads).await?;
        let announcement = same(&whole, kept)?;
        tracing::info!(
            reference = %announcement.reference,
            way = announcement.way(),
            zones = announcement.zones.shown().join(", "),
            addresses = recipients.len(),
            files = announcement.files.len(),
            "an announcement is handed in"
        );
        if announcement.by_mail.is_none() {
            return Ok(Informed { announcement, mailing: None });
        }
        let mut journal = self.freeze(&announcement, &recipients).await?;
        self.hold(&announcement, journal.mailing.state).await?;
        self.ask(&mut journal, &seconds).await;
        self.wake.notify_one();
        Ok(Informed { announcement, mailing: Some(self.progress_of(&journal)) })
    }

    async fn freeze(&self, announcement: &Announcement, recipients: &RecipientList) -> Result<Journal, InformError> {
        let must_confirm = recipients.len() > self.settings.confirm_above;
        let mailing = mailing(announcement, recipients, must_confirm);
        let addresses: Vec<Address> = recipients.addresses().cloned().collect();
        Ok(self.records.freeze(mailing, &addresses, self.settings.batch.clamp(1, config::LARGEST_BATCH)).await?)
    }

    /// Brings a mailing whose writer was interrupted to where it can be sent: freezes its list where that was not done, and
    /// asks a second person where none could be asked.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, or its list cannot be frozen any more.
    pub async fn resume(&self, reference: Reference) -> Result<MailingProgress, InformError> {
        let mut journal = if let Some(journal) = self.records.read(&reference.to_string()).await? {
            journal
        } else {
            let (announcement, why) = self.unfrozen_of(reference).await?;
            if why != Unfrozen::Interrupted {
                return Err(InformError::Unfrozen(why));
            }
            let recipients = self.sources.of(&announcement, &[]).await?;
            if let Some(whom) = announcement.by_mail.filter(|_| recipients.is_empty()) {
                return Err(InformError::Nobody(whom));
            }
            tracing::info!(%reference, addresses = recipients.len(), "the list of an announcement is frozen later");
            self.freeze(&announcement, &recipients).await?
        };
        if !journal.is_changed {
            self.hold_by_name(reference, journal.mailing.state).await?;
        }
        self.ask_again(&mut journal).await?;
        self.wake.notify_one();
        Ok(self.progress_of(&journal))
    }

    /// Has the portal wait with a message for as long as its mailing waits for a second person, and no longer.
    async fn hold(&self, kept: &Announcement, state: MailingState) -> Result<(), InformError> {
        let is_held = match state {
            MailingState::ToConfirm => true,
            MailingState::Going | MailingState::Ended => false,
            // What was never confirmed is never shown.
            MailingState::Stopped => kept.is_held,
        };
        if kept.is_held != is_held {
            self.keeping.rewrite(Announcement { is_held, ..kept.clone() }).await?;
        }
        Ok(())
    }

    async fn hold_by_name(&self, reference: Reference, state: MailingState) -> Result<(), InformError> {
        match self.keeping.of_reference(reference).await? {
            Some(kept) => self.hold(&kept, state).await,
            None => Ok(()),
        }
    }

    /// Announcements that are to go by mail and are none of these mailings: nobody got them.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn unfrozen(&self, mailings: &[Mailing]) -> Result<Vec<(Announcement, Unfrozen)>, InformError> {
        let known: BTreeSet<&str> = mailings.iter().map(|mailing| mailing.reference.as_str()).collect();
        let all = self.keeping.all().await?.into_iter().filter(|announcement| announcement.by_mail.is_some());
        let others = all.filter(|announcement| !known.contains(announcement.reference.to_string().as_str()));
        Ok(others
            .map(|announcement| {
                let why = Unfrozen::of(&announcement);
                (announcement, why)
            })
            .collect())
    }

    /// The announcement of this name, which is to go by mail, and has no list.
    async fn unfrozen_of(&self, reference: Reference) -> Result<(Announcement, Unfrozen), InformError> {
        let announcement = self.keeping.of_reference(reference).await?.ok_or(InformError::Unknown)?;
        if announcement.by_mail.is_none() {
            return Err(InformError::PortalOnly);
        }
        let why = Unfrozen::of(&announcement);
        Ok((announcement, why))
    }

    /// Has the portal show a message until this moment; no longer where none is named.
    ///
    /// # Errors
    ///
    /// Where it is not on the portal, the moment is over or before its begin, or GLPI does not keep it.
    pub async fn show_until(
        &self,
        announcement: Announcement,
        until: Option<Timestamp>,
    ) -> Result<Announcement, InformError> {
        if !announcement.on_portal {
            return Err(InformError::MailOnly);
        }
        let now = Timestamp::now();
        if until.is_some_and(|until| until < now + SHORTEST || until <= announcement.begins) {
            return Err(InformError::Missing(Lack::End));
        }
        // One that has not begun ends before it begins: shown after all, it begins when its writer said. One that has begun
        // does not, however lately that was.
        let ends = until.unwrap_or_else(|| (now - SignedDuration::from_secs(1)).max(announcement.begins.min(now)));
        let rewritten = self.keeping.rewrite(Announcement { ends: Some(ends), ..announcement }).await?;
        tracing::info!(reference = %rewritten.reference, %ends, "a message of the portal has another end");
        Ok(rewritten)
    }

    /// Stops a mailing for good: what is not sent stays so. Whoever sends it looks before each batch; the one that is on its
    /// way arrives.
    ///
    /// # Errors
    ///
    /// Where there is none, or it has ended.
    pub async fn stop(&self, reference: Reference, by: &str) -> Result<MailingProgress, InformError> {
        let name = reference.to_string();
        let mut journal = if let Some(journal) = self.records.read(&name).await? {
            journal
        } else {
            // Nobody got it; a list of nobody, which is closed, keeps it so.

            let (announcement, _) = self.unfrozen_of(reference).await?;
            let nobody = mailing(&announcement, &RecipientList::default(), false);
            self.records.freeze(Mailing { state: MailingState::Stopped, ..nobody }, &[], 1).await?
        };
        if journal.mailing.state == MailingState::Ended {
            return Err(InformError::NotNow(MailingState::Ended));
        }
        self.records.stop(&name, by).await?;
        journal.mailing.state = MailingState::Stopped;
        self.records.rewrite_head(&mut journal).await?;
        tracing::info!(%reference, "an announcement is stopped");
        // Some may have got it meanwhile.
        Ok(self.progress_of(&self.journal(reference).await?))
    }

    /// Sends a mailing that has ended once more to those whom the relay refused, and to nobody else: whoever asks has
    /// mended what they were refused for. It is the same mail, with the same Message-ID.
    ///
    /// # Errors
    ///
    /// Where nobody was refused, or it has not ended.
    pub async fn again(&self, reference: Reference, by: &str) -> Result<MailingProgress, InformError> {
        let journal = self.unchanged(reference).await?;
        let progress = self.progress_of(&journal);
        match journal.mailing.state {
            MailingState::Stopped => return Err(InformError::NotNow(MailingState::Stopped)),
            MailingState::ToConfirm | MailingState::Going => return Err(InformError::NobodyRefused),
            MailingState::Ended if progress.refused.is_empty() && progress.pending == 0 => {
                return Err(InformError::NobodyRefused);
            }
            MailingState::Ended => {}
        }
        self.dispatcher.begin_again(&journal, by).await?;
        // Of two who ask at the same moment one is first, and it may have ended since.
        let mut journal = self.unchanged(reference).await?;
        if journal.mailing.state == MailingState::Ended && journal.has_pending() {
            journal.mailing.state = MailingState::Going;
            journal.mailing.outcome = None;
            journal.mailing.waits = None;
            self.records.rewrite_head(&mut journal).await?;
            tracing::info!(%reference, refused = progress.refused.len(), "an announcement goes again to whom the relay refused");
        }
        self.wake.notify_one();
        Ok(self.progress_of(&journal))
    }

    /// Decides on what is in doubt: of this batch, or of all.
    ///
    /// # Errors
    ///
    /// Where nothing is.
    pub async fn decide(
        &self,
        reference: Reference,
        batch: Option<usize>,
        decision: DoubtDecision,
        by: &str,
    ) -> Result<MailingProgress, InformError> {
        let mut journal = self.unchanged(reference).await?;
        if let Some(batch) = batch.filter(|batch| !journal.batches.contains_key(batch)) {
            return Err(InformError::NoBatch { batch, of: journal.batches.len() });
        }
        let (settled, now) = (self.dispatcher.settled(), Timestamp::now());
        let doubtful: Vec<(usize, usize)> = journal
            .departures
            .iter()
            .filter(|(_, (_, departure))| departure.state == DepartureState::Going)
            .filter(|((number, _), (_, departure))| {
                batch.is_none_or(|batch| batch == *number) && settled.is_over(departure, now)
            })
            .map(|(key, _)| *key)
            .collect();
        if doubtful.is_empty() {
            return Err(InformError::NothingInDoubt(settled.0.as_secs()));
        }
        for key in doubtful {
            let Some((id, departure)) = journal.departures.get_mut(&key) else { continue };
            departure.state = match decision {
                DoubtDecision::Sent => DepartureState::Handed,
                DoubtDecision::Send => DepartureState::NotSent,
            };
            departure.decided_by = Some(by.to_owned());
            self.records.arrive(&journal.mailing.reference, *id, departure).await?;
            tracing::info!(%reference, batch = key.0, ?decision, "a batch in doubt is decided on");
        }
        // What is to be sent now is tried for as long as anything, however long the relay took nothing else.
        if decision == DoubtDecision::Send && journal.mailing.waits.take().is_some() {
            self.records.rewrite_head(&mut journal).await?;
        }
        self.wake.notify_one();
        Ok(self.progress_of(&journal))
    }

    /// How far a mailing is.
    ///
    /// # Errors
    ///
    /// Where there is none of this name.
    pub async fn progress(&self, reference: Reference) -> Result<MailingProgress, InformError> {
        let journal = self.journal(reference).await?;
        let mut progress = self.progress_of(&journal);
        let Mailing { files, kept_as, state, .. } = &journal.mailing;
        if !files.is_empty() && !state.is_closed() {
            progress.is_whole &= files::are_there(&self.glpi, *kept_as, files).await?;
        }
        Ok(progress)
    }

    /// All mailings, the newest first.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn mailings(&self) -> Result<Vec<Mailing>, InformError> {
        Ok(self.records.mailings().await?)
    }

    /// How far those of these mailings are that go now, each by its name: what is in doubt is not seen in a head.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn under_way(&self, mailings: &[Mailing]) -> Result<BTreeMap<String, MailingProgress>, InformError> {
        let mut under_way = BTreeMap::new();
        for mailing in mailings.iter().filter(|mailing| mailing.state == MailingState::Going) {
            if let Some(journal) = self.records.read(&mailing.reference).await? {
                under_way.insert(mailing.reference.clone(), self.progress_of(&journal));
            }
        }
        Ok(under_way)
    }

    async fn journal(&self, reference: Reference) -> Result<Journal, InformError> {
        match self.records.read(&reference.to_string()).await? {
            Some(journal) => Ok(journal),
            None => Err(InformError::Unfrozen(self.unfrozen_of(reference).await?.1)),
        }
    }

    /// The same, where nobody has changed it in GLPI: on what somebody else wrote nothing goes on.
    async fn unchanged(&self, reference: Reference) -> Result<Journal, InformError> {
        let journal = self.journal(reference).await?;
        if journal.is_changed { Err(InformError::Changed) } else { Ok(journal) }
    }

    fn progress_of(&self, journal: &Journal) -> MailingProgress {
        self.dispatcher.progress(journal)
    }
}

/// The head of a new mailing.
fn mailing(announcement: &Announcement, recipients: &RecipientList, must_confirm: bool) -> Mailing {
    let mut audience = announcement.zones.shown().join(", ");
    match announcement.by_mail {
        Some(Recipients::LastRequesters) => {
            let application = announcement.application.as_deref().unwrap_or_default();
            audience = format!("{audience} (derniers demandeurs de {application})");
        }
        Some(Recipients::List) => "une liste d’adresses".clone_into(&mut audience),
        Some(Recipients::Directors) | None => {}
    }
    Mailing {
        reference: announcement.reference.to_string(),
        subject: announcement.subject.clone(),
        markdown: announcement.markdown.clone(),
        written_by: announcement.written_by.clone(),
        written_at: announcement.written_at,
        audience,
        departments: announcement.zones.each().map(|zone| zone.department().to_owned()).collect(),
        application: announcement.application.clone(),
        addresses: recipients.len(),
        batches: 0,
        list: String::new(),
        zones: recipients.by_department(),
        files: announcement.files.clone(),
        kept_as: announcement.id,
        state: if must_confirm { MailingState::ToConfirm } else { MailingState::Going },
        confirmed_by: None,
        outcome: None,
        waits: None,
    }
}

/// Whether whoever wrote it is this person. A writer of whom only a name is known may be anybody.
pub fn may_have_written(writer: &str, person: &str) -> bool {
    Address::parse(writer).is_none_or(|writer| Address::parse(person).is_some_and(|person| person == writer))
}

/// What is kept under the name of what is handed in, where that is the same.
fn same(handed_in: &Announcement, kept: Announcement) -> Result<Announcement, InformError> {
    if kept.says_the_same_as(handed_in) { Ok(kept) } else { Err(InformError::SaysSomethingElse(kept.reference)) }
}
