//! The requests that were solved in a month, with what solved them: read in pages, in the background.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use super::{
    candidates::{ArticleCandidate, SolvedRequest, candidates},
    subjects::Subjects,
};
use crate::{
    flow::route::Mappings,
    glpi::{FoundPage, Glpi, GlpiError, LARGE_PAGE, OriginOrder, Solution, Trouble},
    id::{TicketId, UserId},
    text::html_text::from_html,
};

/// The questions that requests solved between two moments, in GLPI's time zone, have in common. Of those whose solution
/// cannot be read, because there are too many, the titles count alone. The gateway's own requests count, and no others:
/// anybody can write what looks like an opening.
///
/// # Errors
///
/// Where GLPI cannot answer now.
pub async fn repeated_questions(
    glpi: &Glpi,
    mappings: &Mappings,
    (from, before): (DateTime, DateTime),
) -> Result<Vec<ArticleCandidate>, GlpiError> {
    let mut solved = Vec::new();
    let (mut below, mut size) = (None, LARGE_PAGE);
    loop {
        let FoundPage { rows, is_last, .. } = glpi.counted_tickets(below, Some(from), &mut size).await?;
        below = rows.last().map(|row| row.id);
        for row in rows {
            let is_of_then = row.status.is_over() && row.solved.is_some_and(|solved| solved >= from && solved < before);
            let opening = mappings.opening(&row.content).filter(|_| is_of_then);
            solved.extend(opening.map(|opening| SolvedRequest {
                ticket: row.id,
                opening: row.content[..opening.end].to_owned(),
                application: opening.application,
                title: row.name,
                solution: String::new(),
            }));
        }
        if is_last || below.is_none() {
            break;
        }
    }
    if !solved.is_empty() {
        let own = written_by(glpi, glpi.own_account().await?, from).await?;
        solved.retain(|request| own.contains(&request.ticket));
    }
    if !solved.is_empty() {
        let mut last: BTreeMap<TicketId, Solution> = BTreeMap::new();
        for said in glpi.solutions_since(from).await?.unwrap_or_default() {
            let known = last.entry(said.ticket).or_insert_with(|| said.what.clone());
            if said.what.id > known.id {
                *known = said.what;
            }
        }
        for request in &mut solved {
            request.solution = last.get(&request.ticket).map(|it| from_html(&it.content)).unwrap_or_default();
        }
    }
    let subjects = Subjects::new(mappings);
    // Comparing thousands takes a while: not on a thread that serves connections.
    let compared = tokio::task::spawn_blocking(move || candidates(&solved, |name| subjects.called(name)));
    // Broken by one of them: the log says where, and the month stays to be done.
    compared.await.map_err(|_| GlpiError::Unavailable { why: Trouble::Unexpected, retry_after: None, source: None })
}

/// The tickets that an account wrote, among those that were changed after a moment: as many pages as these have.
async fn written_by(glpi: &Glpi, account: UserId, after: DateTime) -> Result<BTreeSet<TicketId>, GlpiError> {
    let (mut written, mut from, mut size) = (BTreeSet::new(), 0, LARGE_PAGE);
    loop {
        let (rows, is_last) = glpi.ticket_origins(OriginOrder::LastChanged, from, &mut size).await?;
        from += rows.len();
        let is_behind = rows.last().is_none_or(|row| row.modified.is_some_and(|modified| modified < after));
        written.extend(rows.iter().filter(|row| row.writer == account).map(|row| row.id));
        if is_last || is_behind {
            return Ok(written);
        }
    }
}
