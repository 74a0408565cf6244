//! The monthly report to each department's correspondents: sent once, and noted in GLPI.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use super::{
    choice::FigureChoice,
    keeping::TicketFigures,
    period::Period,
    tables::{FigureCell, FigureTable},
};
use crate::{
    flow::ledger::Ledger,
    glpi::{Glpi, GlpiError},
    letters::{ComposeError, Report, ReportFile, ReportLetters, ReportPart, ReportRow},
    people::{People, Rights, Role},
    request::Address,
    text::french,
};

/// One instance at a time sends.
const LEASE: &str = "monthly-report";
/// A report of the month before is sent on one of these days, from this hour on: a gateway that was away makes up for it,
/// one that is new does not begin with what is old.
const DAYS: std::ops::RangeInclusive<i8> = 1..=10;
const FIRST_HOUR: i8 = 7;
/// Rows of a table that a mail shows; its files have all.
const MOST_ROWS: usize = 15;
/// What a correspondent reads, in this order.
const TABLES: [&str; 12] = [
    "summary",
    "course",
    "applications",
    "natures",
    "words",
    "delays",
    "open",
    "escalations",
    "ways",
    "circonscriptions",
    "schools",
    "silent-schools",
];

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It was sent to these.
    To(Vec<Address>),
    /// It had been sent before.
    Before,
    /// The department has no correspondent whom a mail reaches.
    ToNobody,
    /// The relay took none; another try may help.
    Failed,
}

/// Sends the reports.
pub struct MonthlyReports {
    glpi: Glpi,
    figures: Arc<TicketFigures>,
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: ReportLetters,
    zone: TimeZone,
    /// Departments and months that are done with.
    done: Mutex<BTreeSet<(String, String)>>,
}

impl MonthlyReports {
    /// Reports of these figures to the correspondents among `people`.
    pub fn new(
        glpi: &Glpi,
        figures: Arc<TicketFigures>,
        people: Arc<People>,
        ledger: Arc<Ledger>,
        letters: ReportLetters,
        zone: TimeZone,
    ) -> Self {
        Self { glpi: glpi.in_background(), figures, people, ledger, letters, zone, done: Mutex::default() }
    }

    /// Sends what is due each time the figures are brought up to date; never ends.
    pub async fn keep(&self) {
        loop {
            self.figures.refreshed().await;
            self.send_due(&Timestamp::now().to_zoned(self.zone.clone())).await;
        }
    }

    /// Sends what is due at this moment, and was not sent by whatever instance.
    pub async fn send_due(&self, now: &Zoned) {
        let is_time = DAYS.contains(&now.day()) && now.hour() >= FIRST_HOUR;
        if !is_time || !self.letters.are_on() || !self.figures.progress().is_whole {
            return;
        }
        let month = Period::month(now.date().first_of_month().yesterday().unwrap_or(Date::MIN));
        for department in self.people.departments() {
            let one = (department.clone(), month.code());
            if self.done.lock().unwrap_or_else(PoisonError::into_inner).contains(&one) {
                continue;
            }
            if self.ledger.lease(LEASE).await.is_none_or(|wait| !wait.is_zero()) {
                return;
            }
            match self.send(&department, month, now).await {
                Ok(Reported::Failed) => tracing::warn!(department, "the monthly report cannot be sent now"),
                Ok(reported) => {
                    if let Reported::To(recipients) = reported {
                        tracing::info!(department, recipients = recipients.len(), "the monthly report is sent");
                    }
                    self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(one);
                }
                Err(error) => tracing::warn!(%error, department, "the monthly report cannot be sent now"),
            }
        }
        self.ledger.hand_back(LEASE).await;
    }

    /// Sends a department's report of a month, unless GLPI has a note that it was sent.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who gets it and whether they have it.
    pub async fn send(&self, department: &str, month: Period, now: &Zoned) -> Result<Reported, GlpiError> {
        let title = format!("Passerelle : rapport de pilotage {department} {}", month.code());
        if self.glpi.has_note(&title).await? {
            return Ok(Reported::Before);
        }
        let recipients = self.recipients(department, now).await?;
        if recipients.is_empty() {
            return Ok(Reported::ToNobody);
        }
        let report = self.report(department, month);
        let mut sent = Vec::new();
        for recipient in recipients {
            // What failed halfway yesterday is not sent twice today.
            if !self.ledger.first_letter(&recipient, &title, now.date()).await {
                continue;
            }
            match self.letters.send(&recipient, &report).await {
                Ok(()) => sent.push(recipient),
                Err(error) => tracing::error!(%error, department, "a correspondent could not be sent the report"),
            }
        }
        if sent.is_empty() {
            return Ok(Reported::Failed);
        }
        let text = format!(
            "<p>Envoyé le {} à {} par la passerelle. Sans cette note, il serait envoyé de nouveau.</p>",
            french::date(now),
            french::count(sent.len(), "correspondant", "correspondants"),
        );
        self.glpi.keep_note(&title, &text).await?;
        Ok(Reported::To(sent))
    }

    /// Who gets a department's report.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub async fn recipients(&self, department: &str, now: &Zoned) -> Result<BTreeSet<Address>, GlpiError> {
        self.people.addresses(&Role::Correspondent(department.to_owned()), now.datetime()).await
    }

    /// A department's report of a month.
    pub fn report(&self, department: &str, month: Period) -> Report {
        let choice = FigureChoice { department: Some(department.to_owned()), ..FigureChoice::of(month) };
        let rights = Rights::of([Role::Correspondent(department.to_owned())]);
        let tables = self.figures.answer(&choice, &rights).tables();
        let name = format!("{department}-{}", month.code());
        let parts = TABLES.iter().filter_map(|id| tables.iter().find(|table| table.id == *id)).map(part);
        let csv: Vec<String> = tables.iter().flat_map(|table| [table.title.to_owned(), table.csv()]).collect();
        Report {
            title: format!("Assistance\u{a0}: {} dans le département {department}", month.label()),
            about: format!(
                "Les demandes d’assistance des écoles du département {department}, {}. Les tableaux entiers sont dans le \
                 fichier joint.",
                month.label()
            ),
            parts: parts.collect(),
            files: vec![ReportFile {
                name: format!("pilotage-{name}.csv"),
                media_type: "text/csv; charset=utf-8",
                content: format!("\u{feff}{}\r\n", csv.join("\r\n")).into_bytes(),
            }],
            name,
        }
    }

    /// What a report says as plain text.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn plain(&self, report: &Report) -> Result<String, ComposeError> {
        self.letters.plain(report)
    }
}

/// A table as a mail shows it: a bar below each name, as long as its number is large.
fn part(table: &FigureTable) -> ReportPart {
    let number = |row: &[FigureCell]| match row.get(1) {
        Some(FigureCell::Count(count)) => Some(*count),
        _ => None,
    };
    let most = table.rows.iter().filter_map(|row| number(row)).max().unwrap_or_default();
    let shown = table.rows.iter().take(MOST_ROWS).map(|row| ReportRow {
        cells: row.iter().map(FigureCell::shown).collect(),
        bar: number(row).filter(|_| table.chart.is_some() && most > 0).map(|count| count.saturating_mul(100) / most),
    });
    ReportPart {
        title: table.title.to_owned(),
        says: table.says.clone(),
        head: table.columns.iter().map(|column| column.label.to_owned()).collect(),
        rows: shown.collect(),
    }
}
