//! What those in charge are sent once a month: each of them once, whatever instance sends it, as notes in GLPI say.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use data_encoding::HEXLOWER;
use jiff::Zoned;
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
/// One instance at a time sends.
const LEASE: &str = "monthly-report";
/// A report of the month before is sent on one of these days, from this hour on: a gateway that was away makes up for it,
/// one that is new does not begin with what is old.
const DAYS: std::ops::RangeInclusive<i8> = 1..=10;
const FIRST_HOUR: i8 = 7;

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
}

/// Sends them.
pub struct MonthlyPost {
    glpi: Glpi,
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: ReportLetters,
    /// What the relay has and no note says yet: it is not sent again by this process.
    unnoted: Mutex<BTreeSet<String>>,
}

impl MonthlyPost {
    /// To those whom `people` names; the ledger knows which instance sends.
    pub fn new(glpi: &Glpi, people: Arc<People>, ledger: Arc<Ledger>, letters: ReportLetters) -> Self {
        Self { glpi: glpi.in_background(), people, ledger, letters, unnoted: Mutex::default() }
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

    /// Whether this instance is the one that sends; end with [`MonthlyPost::hand_back`].
    pub(super) async fn may_send(&self) -> bool {
        self.ledger.lease(LEASE).await.is_some_and(|wait| wait.is_zero())
    }

    /// Lets another instance send.
    pub(super) async fn hand_back(&self) {
        self.ledger.hand_back(LEASE).await;
    }

    /// Who is meant by a role.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub(super) async fn recipients(&self, role: &Role, now: &Zoned) -> Result<BTreeSet<Address>, GlpiError> {
        self.people.addresses(role, now.datetime()).await
    }

    /// Sends a report to each who has this role and has not got the one of this `name`.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who gets it, or who has it.
    pub(super) async fn send(
        &self,
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
            let notes = self.glpi.own_notes(&title, "").await?;
            if !notes.iter().any(|note| note.name == title) {
                waiting.push((recipient, title));
            }
        }
        if waiting.is_empty() {
            return Ok(Reported::Before);
        }
        let Some(report) = report().await? else { return Ok(Reported::Nothing) };
        let (mut sent, mut is_whole) = (BTreeSet::new(), true);
        for (recipient, title) in waiting {
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
    fn unnoted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the note of this title is called in GLPI, of which it keeps a single one.
fn key(title: &str) -> String {
    format!("passerelle-{}", HEXLOWER.encode(&Sha256::digest(title)))
}
