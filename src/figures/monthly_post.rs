//! What those in charge are sent once a month: each of them once, whatever instance sends it and wherever it ends, as notes
//! in GLPI say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp, Zoned};

use super::monthly_notes::{Attempt, Became, MonthlyNotes, Standing};
use crate::{
    flow::ledger::Ledger,
    glpi::{Glpi, GlpiError},
    letters::{ComposeError, Report, ReportLetters},
    people::{People, Role},
    request::Address,
    smtp::{NotHandedOver, SendError},
};

/// What has nobody to go to, or is in doubt, is looked at again after so long: people are mended, and doubts decided.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(6);
/// What has nothing to tell is, after so long or once the mappings are read anew: to look costs as many calls as all that
/// changed since the month began takes.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// A report of the month before is sent on one of these days, from this hour on: a gateway that was away makes up for it,
/// one that is new does not begin with what is old.
const DAYS: std::ops::RangeInclusive<i8> = 1..=10;
const FIRST_HOUR: i8 = 7;

/// What is sent once a month: one instance at a time sends each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailing {
    /// The figures, to correspondents.
    Reports,
    /// Articles worth writing, to référents.
    Articles,
}

impl Mailing {
    /// The right to send it.
    fn lease(self) -> &'static str {
        match self {
            Self::Reports => "monthly-report",
            Self::Articles => "monthly-articles",
        }
    }
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It was sent to these; others may have had it before.
    To(BTreeSet<Address>),
    /// All have had it.
    Before,
    /// There is nobody whom a mail reaches.
    ToNobody,
    /// There is nothing to tell.
    Nothing,
    /// Some have not got it; another try may help.
    Failed,
    /// Whether the relay has it for these cannot be said; the others have had it.
    InDoubt(BTreeSet<Address>),
    /// Another instance is sending it.
    Elsewhere,
}

/// Whether a report is looked at again.
#[derive(Clone, Copy)]
enum Settled {
    /// It is done with.
    ForGood,
    /// At this moment.
    Until(Timestamp),
    /// It had nothing to tell: at this moment, or with other mappings.
    ToldNothingUntil(Timestamp),
}

/// Sends them.
pub struct MonthlyPost {
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: ReportLetters,
    notes: MonthlyNotes,
    /// What became of tries whose notes do not say so yet, by the titles of these.
    untold: Mutex<BTreeMap<String, Became>>,
    /// The reports that are done with, and those that are looked at again.
    settled: Mutex<BTreeMap<String, Settled>>,
    /// This process sends one after the other.
    sending: tokio::sync::Mutex<()>,
}

impl MonthlyPost {
    /// To those whom `people` names; the ledger knows which instance sends.
    pub fn new(glpi: &Glpi, people: Arc<People>, ledger: Arc<Ledger>, letters: ReportLetters) -> Self {
        let (untold, settled, sending) = (Mutex::default(), Mutex::default(), tokio::sync::Mutex::default());
        let notes = MonthlyNotes::new(glpi.in_background());
        Self { people, ledger, letters, notes, untold, settled, sending }
    }

    /// What a report says as plain text.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn plain(&self, report: &Report) -> Result<String, ComposeError> {
        self.letters.plain(report)
    }

    /// Whether reports are sent at this moment.
    pub(super) fn is_time(&self, now: &Zoned) -> bool {
        DAYS.contains(&now.day()) && now.hour() >= FIRST_HOUR && self.letters.are_on()
    }

    /// Whether the report of this name is to be sent, or looked at again.
    pub(super) fn is_due(&self, name: &str, now: &Zoned) -> bool {
        match self.settled().get(name) {
            None => true,
            Some(Settled::ForGood) => false,
            Some(Settled::Until(again) | Settled::ToldNothingUntil(again)) => *again <= now.timestamp(),
        }
    }

    /// Has what had nothing to tell be looked at again: the mappings are others.
    pub(super) fn forget_nothing(&self) {
        self.settled().retain(|_, settled| !matches!(settled, Settled::ToldNothingUntil(_)));
    }

    /// Keeps what became of a report, and says once what keeps it from being sent. `people` is the setting that names who
    /// gets it.
    pub(super) fn settle(&self, name: &str, people: &str, reported: &Reported, now: &Zoned) {
        let after = |time| now.timestamp().checked_add(time).unwrap_or(Timestamp::MAX);
        let settled = match reported {
            Reported::To(_) | Reported::Before => Settled::ForGood,
            Reported::ToNobody | Reported::InDoubt(_) => Settled::Until(after(AGAIN_AFTER)),
            Reported::Nothing => Settled::ToldNothingUntil(after(TOLD_AFTER)),
            Reported::Failed => {
                tracing::warn!(report = name, "a monthly mail cannot be sent to all now; it is tried again");
                return;
            }
            Reported::Elsewhere => return,
        };
        let is_new = self.settled().insert(name.to_owned(), settled).is_none();
        match reported {
            Reported::To(recipients) => {
                tracing::info!(report = name, recipients = recipients.len(), "a monthly mail is sent");
            }
            Reported::InDoubt(recipients) if is_new => tracing::error!(
                report = name,
                recipients = recipients.len(),
                "a monthly mail may not have reached all: whether the mail relay has it, its log says; `passerelle figures report` or `articles` with --again sends it to those once more"
            ),
            Reported::ToNobody if is_new => tracing::warn!(
                report = name,
                people,
                "nobody gets this monthly mail: its setting names nobody whom GLPI knows an address of; name somebody, or give the members of its group addresses, by the 10th"
            ),
            Reported::Nothing if is_new => tracing::info!(
                report = name,
                people,
                "this monthly mail has nothing to tell: no question came again and again, or no mapping has its application; where that is wrong, mend its mapping by the 10th"
            ),
            _ => {}
        }
    }

    /// Whether this instance is the one that sends.
    async fn may_send(&self, mailing: Mailing) -> bool {
        self.ledger.lease(mailing.lease()).await.is_some_and(|wait| wait.is_zero())
    }

    /// Who is meant by a role.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub(super) async fn recipients(&self, role: &Role, now: &Zoned) -> Result<BTreeSet<Address>, GlpiError> {
        self.people.addresses(role, now.datetime()).await
    }

    /// Sends a report to each who has this role and has not got the one of this `name`, unless another instance is at it.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who gets it, or who has it.
    pub(super) async fn send(
        &self,
        mailing: Mailing,
        name: &str,
        role: &Role,
        now: &Zoned,
        report: impl AsyncFnOnce() -> Result<Option<Report>, GlpiError>,
    ) -> Result<Reported, GlpiError> {
        let _here = self.sending.lock().await;
        if !self.may_send(mailing).await {
            return Ok(Reported::Elsewhere);
        }
        let sending = self.send_each(mailing, name, role, now, report);
        self.ledger.alone(mailing.lease(), Box::pin(sending)).await.unwrap_or(Ok(Reported::Elsewhere))
    }

    async fn send_each(
        &self,
        mailing: Mailing,
        name: &str,
        role: &Role,
        now: &Zoned,
        report: impl AsyncFnOnce() -> Result<Option<Report>, GlpiError>,
    ) -> Result<Reported, GlpiError> {
        let recipients = self.recipients(role, now).await?;
        if recipients.is_empty() {
            return Ok(Reported::ToNobody);
        }
        let (mut waiting, mut doubts) = (Vec::new(), BTreeSet::new());
        for recipient in recipients {
            match self.standing(name, &recipient, now).await? {
                Standing::Due(_) => waiting.push(recipient),
                Standing::Open(_) => drop(doubts.insert(recipient)),
                Standing::Done => {}
            }
        }
        if waiting.is_empty() {
            return Ok(if doubts.is_empty() { Reported::Before } else { Reported::InDoubt(doubts) });
        }
        let Some(report) = report().await? else { return Ok(Reported::Nothing) };
        let (mut sent, mut is_whole) = (BTreeSet::new(), true);
        for recipient in waiting {
            // The letters before may have taken long: another instance may have gone on meanwhile.
            if !self.may_send(mailing).await {
                return Ok(Reported::Elsewhere);
            }
            match self.send_one(name, &recipient, now, &report).await? {
                Some(Became::Sent) => drop(sent.insert(recipient)),
                Some(Became::NotTaken) => is_whole = false,
                Some(Became::Refused) => {}
                None => {
                    if let Standing::Open(_) = self.standing(name, &recipient, now).await? {
                        doubts.insert(recipient);
                    }
                }
            }
        }
        Ok(match (is_whole, doubts.is_empty()) {
            (false, _) => Reported::Failed,
            (true, false) => Reported::InDoubt(doubts),
            (true, true) => Reported::To(sent),
        })
    }

    /// Sends a report to somebody: first the relay takes its recipient and waits, then GLPI is told that it goes, then it
    /// goes. `None` where that is another's to do, or in doubt.
    async fn send_one(
        &self,
        name: &str,
        recipient: &Address,
        now: &Zoned,
        report: &Report,
    ) -> Result<Option<Became>, GlpiError> {
        let Standing::Due(attempt) = self.standing(name, recipient, now).await? else { return Ok(None) };
        let letter = self.letters.compose(recipient, report).map_err(SendError::from);
        let (letter, open) = match letter {
            Ok(letter) => (letter, self.letters.open(recipient).await),
            Err(error) => (Vec::new(), Err(error)),
        };
        let open = match open {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, report = name, "somebody in charge cannot be sent a report now");
                return Ok(Some(Became::NotTaken));
            }
        };
        if open.recipients().taken.is_empty() {
            let refused = open.recipients().refused.first().map(|(_, code)| *code);
            let Some(code) = refused else {
                tracing::warn!(report = name, "the mail relay puts a report to somebody in charge off");
                return Ok(Some(Became::NotTaken));
            };
            tracing::error!(code, report = name, "the mail relay refuses a report to somebody in charge");
            self.notes.end(&attempt, Became::Refused, now).await?;
            return Ok(Some(Became::Refused));
        }
        match self.notes.begin(&attempt, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                // Dropped, the transaction sends nothing; its note may come all the same.
                self.untold().insert(attempt.title(), Became::NotTaken);
                return Err(error);
            }
        }
        let became = match open.finish(&letter).await {
            Ok(()) => Became::Sent,
            Err(NotHandedOver::Refused(error)) if error.for_good().is_some() => {
                tracing::error!(%error, report = name, "the mail relay refuses a report to somebody in charge");
                Became::Refused
            }
            Err(NotHandedOver::Refused(error)) => {
                tracing::warn!(%error, report = name, "somebody in charge cannot be sent a report now");
                Became::NotTaken
            }
            Err(NotHandedOver::InDoubt(error)) => {
                tracing::error!(%error, report = name, "whether the mail relay has a report is in doubt");
                self.untold().remove(&attempt.title());
                return Ok(None);
            }
        };
        self.untold().insert(attempt.title(), became);
        self.tell(&attempt, became, now).await?;
        Ok(Some(became))
    }

    /// How far the mail of this name to somebody is; what this process knows of it and GLPI does not, GLPI is told.
    async fn standing(&self, name: &str, recipient: &Address, now: &Zoned) -> Result<Standing, GlpiError> {
        let standing = self.notes.standing(name, recipient).await?;
        let Standing::Open(attempt) = &standing else { return Ok(standing) };
        let Some(became) = self.untold().get(&attempt.title()).copied() else { return Ok(standing) };
        self.tell(attempt, became, now).await?;
        Ok(if became == Became::NotTaken { Standing::Due(attempt.clone().next()) } else { Standing::Done })
    }

    async fn tell(&self, attempt: &Attempt, became: Became, now: &Zoned) -> Result<(), GlpiError> {
        self.notes.end(attempt, became, now).await?;
        self.untold().remove(&attempt.title());
        Ok(())
    }

    /// Has those whom a mail of this name may not have reached get it by the next try: somebody who has looked into the
    /// relay's log says that it did not.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot be asked or told now.
    pub(super) async fn decide_not_sent(&self, name: &str, role: &Role, now: &Zoned) -> Result<(), GlpiError> {
        let _here = self.sending.lock().await;
        for recipient in self.recipients(role, now).await? {
            if let Standing::Open(attempt) = self.standing(name, &recipient, now).await? {
                self.tell(&attempt, Became::NotTaken, now).await?;
            }
        }
        Ok(())
    }

    fn settled(&self) -> MutexGuard<'_, BTreeMap<String, Settled>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn untold(&self) -> MutexGuard<'_, BTreeMap<String, Became>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
