//! The monthly report to the correspondents of a department: figures with pictures and sentences, and the files.

use askama::Template;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType};

use super::{
    ComposeError, Correspondence,
    text::{LONGEST_SUBJECT, line},
};
use crate::{
    request::{Address, message_id},
    smtp::{OpenBatch, SendError},
};

/// What a report says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What tells it from all others, letters, digits and hyphens: `021-2026-10`.
    pub name: String,
    /// Its title, which is the subject, too.
    pub title: String,
    /// What it is about, a sentence.
    pub about: String,
    /// Its parts.
    pub parts: Vec<ReportPart>,
    /// What goes along.
    pub files: Vec<ReportFile>,
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportPart {
    /// Its title.
    pub title: String,
    /// What it says, a sentence.
    pub says: String,
    /// What stands above each column.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<ReportRow>,
}

impl ReportPart {
    /// A row in one line: what it is about, then each cell with what stands above it.
    fn line(&self, row: &ReportRow) -> String {
        let cells = self.head.iter().zip(&row.cells).enumerate();
        let said =
            cells.map(|(place, (head, cell))| if place == 0 { cell.clone() } else { format!("{head}\u{a0}: {cell}") });
        said.collect::<Vec<_>>().join(" | ")
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    /// Its cells.
    pub cells: Vec<String>,
    /// How long its bar is, hundredths of the longest; `None` where there is no picture.
    pub bar: Option<u32>,
}

/// A file that goes along.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

#[derive(Template)]
#[template(path = "report.txt")]
struct PlainReport<'a> {
    report: &'a Report,
    signature: &'a str,
}

#[derive(Template)]
#[template(path = "report.html")]
struct HtmlReport<'a> {
    report: &'a Report,
    signature: &'a str,
}

/// Writes them.
#[derive(Clone)]
pub struct ReportLetters(Correspondence);

impl ReportLetters {
    /// Letters of this sender.
    pub fn new(letters: Correspondence) -> Self {
        Self(letters)
    }

    /// Whether a relay is configured.
    pub fn are_on(&self) -> bool {
        self.0.is_on()
    }

    /// What a report says as plain text.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn plain(&self, report: &Report) -> Result<String, ComposeError> {
        Ok(PlainReport { report, signature: self.0.name() }.render()?)
    }

    /// A report to somebody, as the relay gets it.
    ///
    /// # Errors
    ///
    /// Where the letter cannot be made.
    pub fn compose(&self, to: &Address, report: &Report) -> Result<Vec<u8>, ComposeError> {
        let plain = self.plain(report)?;
        let html = HtmlReport { report, signature: self.0.name() }.render()?;
        let mut parts = MultiPart::mixed().multipart(MultiPart::alternative_plain_html(plain, html));
        for file in &report.files {
            let Ok(media_type) = ContentType::parse(file.media_type) else { continue };
            parts = parts.singlepart(attached(file, media_type));
        }
        let address: lettre::Address = to.as_str().parse()?;
        // The same report to the same person is the same letter.
        let name = format!("rapport-{}-{}", report.name, to.local());
        let id = message_id::of_letter_to_people(&name, self.0.domain());
        let subject = line(&report.title, LONGEST_SUBJECT);
        let letter = self.0.head(Mailbox::new(None, address), &subject, id, "auto-generated");
        Ok(letter.multipart(parts)?.formatted())
    }

    /// Begins to hand a letter to somebody over to the relay, from nobody: no machine answers it.
    ///
    /// # Errors
    ///
    /// Where the relay takes none now.
    pub async fn open(&self, to: &Address) -> Result<OpenBatch, SendError> {
        let address = to.as_str().parse().map_err(ComposeError::from)?;
        self.0.open_batch(None, &[address]).await
    }
}

fn attached(file: &ReportFile, media_type: ContentType) -> SinglePart {
    Attachment::new(file.name.clone()).body(file.content.clone(), media_type)
}
