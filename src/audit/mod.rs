//! Whether everything adds up: what the mailboxes and the relay's log say was received, held against what GLPI has, by
//! reference. Nothing is changed anywhere, and GLPI is asked one call at a time.
//!
//! `mailboxes` and `relay_log` say what was received, `records` what GLPI has, `compare` holds them against each other,
//! `finding` says what does not add up. Mails are read first: what becomes a ticket meanwhile is found.

mod compare;
mod finding;
mod mailboxes;
mod records;
mod relay_log;

use std::{io::BufRead, sync::Arc, time::Duration};

use jiff::{Timestamp, civil::DateTime};

pub use self::finding::{Finding, FindingKind, Place};
use self::{
    compare::Clock,
    mailboxes::{Reader, SeenMail},
    records::{Found, Records},
    relay_log::{Delivery, End, RelayLog},
};
use crate::{
    config::{self, Config, ConfigError},
    flow::{deliver::Deliverer, deposit::Deposits, receipts::Receipts},
    glpi::{DocumentHolder, Glpi, GlpiError},
    id::TicketId,
    intake::imap::{self, Destination},
    request::Address,
    text::Bilingual,
};

/// So much older than what is looked at may the ticket of a mail be that came again: relays try for five days. Hours.
const RELAYS_TRY: u32 = 5 * 24;
/// Mails and replies whose files are looked at, at most: one to three calls for each that has any.
const MOST_WITH_FILES: usize = 2000;

/// From when on, and what may still be on its way.
#[derive(Clone, Copy, Debug)]
pub struct AuditPeriod {
    /// What came before is not looked at.
    pub since: Timestamp,
    /// What is younger may still be on its way.
    pub patience: Duration,
}

/// What an audit has found.
#[derive(Debug, Default)]
pub struct AuditReport {
    /// What was looked at, and how much there was.
    pub looked_at: Vec<(Bilingual, Bilingual)>,
    /// What could not be looked at, and why.
    pub unread: Vec<(Bilingual, Bilingual)>,
    /// What does not add up.
    pub findings: Vec<Finding>,
}

/// A log of the relay's: how it is called, and its lines, or why it cannot be read.
pub type RelayLogFile = (String, std::io::Result<Box<dyn BufRead>>);

/// Holds what was received against GLPI.
pub struct Auditor<'a> {
    /// What is configured.
    pub config: &'a Config,
    /// The addresses that the gateway serves.
    pub recipients: &'a [Address],
    /// The helpdesk.
    pub glpi: Glpi,
    /// Knows which files go into a ticket.
    pub deliverer: &'a Deliverer,
    /// Opens forms that were put by.
    pub deposits: &'a Arc<Deposits>,
    /// Knows which receipts are due.
    pub receipts: &'a Receipts,
}

impl Auditor<'_> {
    /// Looks at everything; what cannot be read is said, and the rest is looked at.
    ///
    /// # Errors
    ///
    /// When the configuration of the mailboxes cannot be used.
    pub async fn audit(&self, period: AuditPeriod, logs: Vec<RelayLogFile>) -> Result<AuditReport, ConfigError> {
        let mut report = AuditReport::default();
        let now = Timestamp::now();
        let clock = Clock {
            settled_before: now.checked_sub(period.patience).unwrap_or(now),
            zone: self.config.time_zone.clone(),
        };
        let is_alone = self.config.imap.url.is_empty() && logs.is_empty();
        let mails = self.mails(period.since, &mut report).await?;
        let deliveries = self.deliveries(period.since, logs, &mut report);
        if is_alone {
            report.looked_at.push((
                Bilingual::new("mails", "courriels"),
                Bilingual::new(
                    "no mailbox is configured and no relay log given: only GLPI is looked at",
                    "ni boîte configurée, ni journal du relais donné\u{a0}: seul GLPI est regardé",
                ),
            ));
        }
        if let Err(error) = self.against_glpi(period.since, &clock, &mails, &deliveries, &mut report).await {
            report.unread.push((Bilingual::same("GLPI"), error.reason().then(" → ", &error.remedy())));
        }
        report.findings.sort();
        report.findings.dedup();
        Ok(report)
    }

    async fn mails(&self, since: Timestamp, report: &mut AuditReport) -> Result<Vec<SeenMail>, ConfigError> {
        let settings = imap::Settings::new(self.config, self.recipients.to_vec())?;
        let reader = Reader { deliverer: self.deliverer, deposits: self.deposits };
        let mut mails = Vec::new();
        for account in settings.accounts() {
            let what = Bilingual::new(format!("mailbox {account}"), format!("boîte {account}"));
            match reader.mails(&settings, account, since).await {
                Ok(seen) => {
                    let count = |kept| seen.iter().filter(|mail| mail.kept == kept).count();
                    let [waiting, handled, refused, ignored, aside] = [
                        None,
                        Some(Destination::Handled),
                        Some(Destination::Refused),
                        Some(Destination::Ignored),
                        Some(Destination::Quarantine),
                    ]
                    .map(count);
                    let found = Bilingual::new(
                        format!(
                            "{handled} handled, {refused} refused, {ignored} ignored, {aside} put aside, {waiting} waiting"
                        ),
                        format!(
                            "{handled} traités, {refused} refusés, {ignored} ignorés, {aside} à l’écart, {waiting} en attente"
                        ),
                    );
                    report.looked_at.push((what, found));
                    mails.extend(seen);
                }
                Err(error) => report.unread.push((what, error.reason())),
            }
        }
        Ok(mails)
    }

    fn deliveries(&self, since: Timestamp, logs: Vec<RelayLogFile>, report: &mut AuditReport) -> Vec<Delivery> {
        let now = Timestamp::now().to_zoned(relay_log::here());
        let mut reading = RelayLog::new(self.recipients, since, now);
        let mut names = Vec::new();
        for (name, log) in logs {
            let read = log.and_then(|mut log| {
                let mut line = Vec::new();
                while log.read_until(b'\n', &mut line)? > 0 {
                    reading.read(String::from_utf8_lossy(&line).trim_end());
                    line.clear();
                }
                Ok(())
            });
            match read {
                Ok(()) => names.push(name),
                Err(error) => {
                    let what = Bilingual::new(format!("relay log {name}"), format!("journal du relais {name}"));
                    report.unread.push((what, config::of_error(&error)));
                }
            }
        }
        let deliveries = reading.finish();
        if !names.is_empty() {
            let (names, all) = (names.join(", "), deliveries.len());
            let count = |is: fn(&End) -> bool| deliveries.iter().filter(|delivery| is(&delivery.end)).count();
            let (taken, waiting) =
                (count(|end| matches!(end, End::Ticket(..))), count(|end| matches!(end, End::Waits(_))));
            report.looked_at.push((
                Bilingual::new(format!("relay log {names}"), format!("journal du relais {names}")),
                Bilingual::new(
                    format!("{all} mails, of which {taken} are in a ticket and {waiting} wait"),
                    format!("{all} courriels, dont {taken} dans un ticket et {waiting} en attente"),
                ),
            ));
        }
        deliveries
    }

    /// Asks GLPI, and says what does not add up, as far as GLPI answers.
    async fn against_glpi(
        &self,
        since: Timestamp,
        clock: &Clock,
        mails: &[SeenMail],
        deliveries: &[Delivery],
        report: &mut AuditReport,
    ) -> Result<(), GlpiError> {
        let mut records = Records::default();
        records.read(&self.glpi, hours_since(since) + RELAYS_TRY, self.in_glpi(since)).await?;
        let unknown = compare::unknown(mails, deliveries, &records);
        records.look_for(&self.glpi, &unknown).await?;
        let count = records.tickets.len();
        report.looked_at.push((
            Bilingual::same("GLPI"),
            Bilingual::new(format!("{count} tickets of the gateway"), format!("{count} tickets de la passerelle")),
        ));
        if records.is_cut {
            report.unread.push((
                Bilingual::same("GLPI"),
                Bilingual::new(
                    "there is more than one audit reads: take a shorter period",
                    "il y a plus qu’un audit n’en lit\u{a0}: prenez une période plus courte",
                ),
            ));
        }
        report.findings.extend(compare::mails(mails, &records, clock));
        report.findings.extend(compare::deliveries(deliveries, clock));
        report.findings.extend(compare::tickets(&records, clock));
        for delivery in compare::told_of(deliveries, &records) {
            if let End::Ticket(ticket, _) = delivery.end
                && self.is_gone(ticket).await?
            {
                report.findings.push(compare::of_relay(delivery, FindingKind::TicketGone));
            }
        }
        self.files(mails, &records, report).await?;
        for (ticket, noted) in self.receipts.due(self.in_glpi(since)).await? {
            let since = noted.and_then(|noted| clock.moment(noted));
            if clock.is_old(since) {
                report.findings.push(Finding { tickets: vec![ticket], since, ..Finding::new(FindingKind::ReceiptDue) });
            }
        }
        Ok(())
    }

    /// Whether a ticket is no more. One in the bin is in people's hands, and so is one whose beginning somebody rewrote.
    async fn is_gone(&self, ticket: TicketId) -> Result<bool, GlpiError> {
        match self.glpi.ticket(ticket).await {
            Ok(_) => Ok(false),
            Err(GlpiError::NotFound) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Which files of the mails at hand are not in GLPI.
    async fn files(&self, mails: &[SeenMail], records: &Records, report: &mut AuditReport) -> Result<(), GlpiError> {
        let with_files: Vec<&SeenMail> = mails.iter().filter(|mail| !mail.files.is_empty()).collect();
        if with_files.len() > MOST_WITH_FILES {
            report.unread.push((
                Bilingual::new("files", "fichiers"),
                Bilingual::new(
                    format!("those of the first {MOST_WITH_FILES} mails were looked at: take a shorter period"),
                    format!("ceux des {MOST_WITH_FILES} premiers courriels ont été regardés\u{a0}: prenez une période plus courte"),
                ),
            ));
        }
        for mail in with_files.into_iter().take(MOST_WITH_FILES) {
            let (ticket, holder) = match records.find(&mail.names, mail.fingerprint) {
                Some(Found::Ticket(ticket)) => (ticket, DocumentHolder::Ticket(ticket)),
                Some(Found::Followup(ticket, followup)) => (ticket, DocumentHolder::Followup(followup)),
                Some(Found::Elsewhere) | None => continue,
            };
            let lacking = match self.deliverer.lacking_files(ticket, holder, &mail.files).await {
                Ok(lacking) => lacking,
                // Deleted meanwhile.
                Err(GlpiError::NotFound) => continue,
                Err(error) => return Err(error),
            };
            if !lacking.is_empty() {
                report.findings.push(Finding {
                    reference: mail.names.first().copied(),
                    tickets: vec![ticket],
                    place: Some(mail.place.clone()),
                    since: mail.stored,
                    ..Finding::new(FindingKind::FilesMissing(lacking))
                });
            }
        }
        Ok(())
    }

    fn in_glpi(&self, moment: Timestamp) -> DateTime {
        moment.to_zoned(self.config.time_zone.clone()).datetime()
    }
}

/// How many hours ago something was, rounded up.
fn hours_since(moment: Timestamp) -> u32 {
    let seconds = Timestamp::now().as_second().saturating_sub(moment.as_second()).max(0);
    u32::try_from(seconds / 3600 + 1).unwrap_or(u32::MAX - RELAYS_TRY)
}
