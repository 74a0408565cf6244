//! The ticket of a request, as GLPI has it.

use jiff::civil::DateTime;

use crate::{
    glpi::{Glpi, GlpiError},
    id::TicketId,
    request::Reference,
};

/// A ticket that opens with a reference.
#[derive(Clone, Copy, Debug)]
pub struct OldestTicket {
    /// GLPI's number.
    pub number: TicketId,
    /// The reference it opens with; others may stand further down, quoted.
    pub reference: Reference,
    /// When it was opened, in GLPI's time zone.
    pub opened: Option<DateTime>,
}

/// The oldest ticket of the last `hours` that opens with one of these references.
///
/// # Errors
///
/// Where GLPI cannot answer.
pub async fn oldest_ticket(
    glpi: &Glpi,
    references: &[Reference],
    hours: u32,
) -> Result<Option<OldestTicket>, GlpiError> {
    oldest_among(glpi, references, hours, 1).await
}

/// The same, where so many are about to search at this moment, this one included.
pub(super) async fn oldest_among(
    glpi: &Glpi,
    references: &[Reference],
    hours: u32,
    expected: usize,
) -> Result<Option<OldestTicket>, GlpiError> {
    let texts: Vec<String> = references.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = glpi.tickets_containing_among(&texts, hours, expected).await?;
    let own = found.into_iter().filter_map(|ticket| {
        let reference = Reference::find(&ticket.content).filter(|carried| references.contains(carried))?;
        Some(OldestTicket { number: ticket.id, reference, opened: ticket.opened })
    });
    Ok(own.min_by_key(|ticket| ticket.number))
}
