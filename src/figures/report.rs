//! The monthly report to each department's correspondents: sent once, and noted in GLPI.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use super::{
    choice::FigureChoice,
    keeping::TicketFigures,
    monthly_post::{Mailing, MonthlyPost, Reported},
    period::Period,
    tables::{FigureCell, FigureTable},
};
use crate::{
    glpi::GlpiError,
    letters::{ComposeError, Report, ReportFile, ReportPart, ReportRow},
    people::{Rights, Role},
    request::Address,
};

/// Rows of a table that a mail shows, so that a month is there with all its days; its files have all.
const MOST_ROWS: usize = 31;
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

/// Sends the reports.
pub struct MonthlyReports {
    figures: Arc<TicketFigures>,
    post: Arc<MonthlyPost>,
    departments: BTreeSet<String>,
    zone: TimeZone,
}

impl MonthlyReports {
    /// Reports of these figures to the correspondents of these departments.
    pub fn new(
        figures: Arc<TicketFigures>,
        post: Arc<MonthlyPost>,
        departments: BTreeSet<String>,
        zone: TimeZone,
    ) -> Self {
        Self { figures, post, departments, zone }
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
        if !self.post.is_time(now) || !self.figures.progress().is_whole {
            return;
        }
        let month = Period::month(now.date().first_of_month().yesterday().unwrap_or(Date::MIN));
        for department in &self.departments {
            let name = name(department, month);
            if !self.post.is_due(&name, now) {
                continue;
            }
            match self.send(department, month, now).await {
                Ok(reported) => {
                    self.post.settle(&name, &format!("people.correspondents.{department}"), &reported, now);
                }
                Err(error) => tracing::warn!(%error, department, "the monthly report cannot be sent now"),
            }
        }
    }

    /// Sends a department's report of a month to each correspondent whom no note in GLPI says to have it.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who gets it and who has it.
    pub async fn send(&self, department: &str, month: Period, now: &Zoned) -> Result<Reported, GlpiError> {
        let report = async || Ok(Some(self.report(department, month)));
        let name = name(department, month);
        self.post.send(Mailing::Reports, &name, &Role::Correspondent(department.to_owned()), now, report).await
    }

    /// Has those get it by the next [`MonthlyReports::send`] whom it may not have reached.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot be asked or told now.
    pub async fn decide_not_sent(&self, department: &str, month: Period, now: &Zoned) -> Result<(), GlpiError> {
        let role = Role::Correspondent(department.to_owned());
        self.post.decide_not_sent(&name(department, month), &role, now).await
    }

    /// Who gets a department's report.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub async fn recipients(&self, department: &str, now: &Zoned) -> Result<BTreeSet<Address>, GlpiError> {
        self.post.recipients(&Role::Correspondent(department.to_owned()), now).await
    }

    /// What a report says as plain text.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn plain(&self, report: &Report) -> Result<String, ComposeError> {
        self.post.plain(report)
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
}

/// What tells a department's report of a month from all others.
fn name(department: &str, month: Period) -> String {
    format!("rapport de pilotage {department} {}", month.code())
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
