//! What the requests of a sudden rise are called: titles are not kept, so GLPI is asked for them when somebody is told.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::{SignedDuration, civil::DateTime};

use super::keeping::TicketFigures;
use crate::{
    glpi::{Criterion, GlpiError},
    text::fold::words,
};

/// Tickets that are looked at, the newest: more say nothing else.
const MOST_TICKETS: usize = 400;
/// Titles that are told of.
const MOST_TITLES: usize = 5;

impl TicketFigures {
    /// The titles that came again and again among the requests of an application in this hour, which `begins` then: each
    /// with how often, the most frequent first.
    pub(super) async fn titles_of(
        &self,
        application: &str,
        hour: u32,
        begins: DateTime,
    ) -> Result<Vec<(String, u32)>, GlpiError> {
        let its = self.look(|book| book.tickets_of(application, hour));
        let criteria = [Criterion::OpenedAfter(begins.saturating_sub(SignedDuration::from_secs(1)))];
        let tickets = self.glpi.search_tickets(&criteria, MOST_TICKETS).await?;
        Ok(repeated(tickets.into_iter().filter(|ticket| its.contains(&ticket.id)).map(|ticket| ticket.name)))
    }
}

/// Those of these titles that come more than once, whatever their case, accents and signs, as the first one writes it.
fn repeated(titles: impl Iterator<Item = String>) -> Vec<(String, u32)> {
    let mut counts = BTreeMap::<Vec<String>, (String, u32)>::new();
    for title in titles {
        counts.entry(words(&title)).or_insert_with(|| (title.trim().to_owned(), 0)).1 += 1;
    }
    let mut repeated: Vec<_> =
        counts.into_iter().filter(|(words, (_, count))| !words.is_empty() && *count > 1).map(|(_, one)| one).collect();
    repeated.sort_by(|(one, few), (other, many)| (Reverse(few), one).cmp(&(Reverse(many), other)));
    repeated.truncate(MOST_TITLES);
    repeated
}

#[cfg(test)]
mod tests {
    use super::{MOST_TITLES, repeated};

    #[test]
    fn the_titles_that_come_most_are_told_first() {
        let titles = ["Page blanche", "Erreur 500", "erreur  500 !", "page blanche", "ERREUR 500", "Autre", "?", "!"];
        let found = repeated(titles.into_iter().map(str::to_owned));
        assert_eq!(found, [("Erreur 500".to_owned(), 3), ("Page blanche".to_owned(), 2)]);
        let many = (0..2).flat_map(|_| (0..20).map(|number| format!("titre {number}")));
        assert_eq!(repeated(many).len(), MOST_TITLES);
    }
}
