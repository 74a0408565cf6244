//! What those in charge are sent once a month: each of them once, whatever instance sends it, as notes in GLPI say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp, Zoned};
use sha2::{Digest as _, Sha256};

use crate::{
    flow::ledger::Ledger,
    glpi::{Glpi, GlpiError, NewNote},
    letters::{ComposeError, Report, ReportLetters},
    people::{People, Role},
    request::Address,
    smtp::SendError,
    text::french,
};
/// What has nobody to go to, or nothing to tell, is looked at again after so long: people and mappings are mended.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(6);
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
    /// Another instance is sending it.
    Elsewhere,
}

/// Sends them.
pub struct MonthlyPost {
    glpi: Glpi,
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: ReportLetters,
    /// What the relay has and no note says yet: it is not sent again by this process.
    unnoted: Mutex<BTreeSet<String>>,
    /// The reports that are done with, and those that are looked at again at a moment.
    settled: Mutex<BTreeMap<String, Option<Timestamp>>>,
    /// This process sends one after the other.
    sending: tokio::sync::Mutex<()>,
}

impl MonthlyPost {
    /// To those whom `people` names; the ledger knows which instance sends.
    pub fn new(glpi: &Glpi, people: Arc<People>, ledger: Arc<Ledger>, letters: ReportLetters) -> Self {
        let (unnoted, settled, sending) = (Mutex::default(), Mutex::default(), tokio::sync::Mutex::default());
        Self { glpi: glpi.in_background(), people, ledger, letters, unnoted, settled, sending }
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
        self.settled().get(name).is_none_or(|again| again.is_some_and(|again| again <= now.timestamp()))
    }

    /// Keeps what became of a report, and says once what keeps it from being sent. `people` is the setting that names who
    /// gets it.
    pub(super) fn settle(&self, name: &str, people: &str, reported: &Reported, now: &Zoned) {
        let again = match reported {
            Reported::To(_) | Reported::Before => None,
            Reported::ToNobody | Reported::Nothing => {
                Some(now.timestamp().checked_add(AGAIN_AFTER).unwrap_or(Timestamp::MAX))
            }
            Reported::Failed => {
                tracing::warn!(report = name, "a monthly mail cannot be sent to all now; it is tried again");
                return;
            }
            Reported::Elsewhere => return,
        };
        let is_new = self.settled().insert(name.to_owned(), again).is_none();
        match reported {
            Reported::To(recipients) => {
                tracing::info!(report = name, recipients = recipients.len(), "a monthly mail is sent");
            }
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
        self.ledger.alone(mailing.lease(), sending).await.unwrap_or(Ok(Reported::Elsewhere))
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
        let mut waiting = Vec::new();
        for recipient in recipients {
            let title = format!("Passerelle\u{a0}: {name}, {recipient}");
            if !self.is_noted(&title).await? {
                waiting.push((recipient, title));
            }
        }
        if waiting.is_empty() {
            return Ok(Reported::Before);
        }
        let Some(report) = report().await? else { return Ok(Reported::Nothing) };
        let (mut sent, mut is_whole) = (BTreeSet::new(), true);
        for (recipient, title) in waiting {
            // The letters before may have taken long: another instance may have gone on meanwhile.
            if !self.may_send(mailing).await {
                return Ok(Reported::Elsewhere);
            }
            if self.is_noted(&title).await? {
                continue;
            }
            let was_sent = self.unnoted().contains(&title);
            let result = if was_sent { Ok(()) } else { self.letters.send(&recipient, &report).await };
            let became = match &result {
                Ok(()) => "Envoyé",
                Err(SendError::Refused(_)) => "Refusé par le relais de messagerie",
                Err(error) => {
                    tracing::warn!(%error, report = name, "somebody in charge cannot be sent a report now");
                    is_whole = false;
                    continue;
                }
            };
            match &result {
                Ok(()) => drop(self.unnoted().insert(title.clone())),
                Err(error) => tracing::error!(%error, report = name, "somebody in charge cannot be sent a report"),
            }
            let day = french::date(now);
            let text =
                format!("<p>{became} le {day} par la passerelle. Sans cette note, il serait envoyé de nouveau.</p>");
            // Whoever has written it meanwhile says the same.
            self.glpi.keep_own_note(&NewNote { key: key(&title), name: title.clone(), text }).await?;
            self.unnoted().remove(&title);
            if result.is_ok() && !was_sent {
                sent.insert(recipient);
            }
        }
        Ok(if is_whole { Reported::To(sent) } else { Reported::Failed })
    }

    /// Whether a note in GLPI says that this was sent.
    async fn is_noted(&self, title: &str) -> Result<bool, GlpiError> {
        Ok(self.glpi.own_notes(title, "").await?.iter().any(|note| note.name == title))
    }

    fn settled(&self) -> MutexGuard<'_, BTreeMap<String, Option<Timestamp>>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unnoted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the note of this title is called in GLPI, of which it keeps a single one.
fn key(title: &str) -> String {
    format!("passerelle-{}", HEXLOWER.encode(&Sha256::digest(title)))
}
