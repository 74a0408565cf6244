//! Tells operators of sudden rises, each once, and counts them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Span, Timestamp, civil::DateTime, tz::TimeZone};
use tokio::sync::Mutex;

use super::{
    gauges::OTHERS,
    keeping::TicketFigures,
    reading::minutes,
    sudden_rise::{SuddenRise, sudden_rises},
};
use crate::{
    flow::ledger::Ledger,
    letters::{RiseLetters, RiseNews},
    people::{People, Role},
    request::Address,
    smtp::SendError,
    text::french,
};

const RISES: &str = "passerelle_sudden_rises_total";
/// Rises of so many hours are remembered, whether they are told or still to be told.
const REMEMBERED: u32 = 48;

/// A rise that was seen.
struct Seen {
    rise: SuddenRise,
    /// Whether nobody is left to be told.
    is_told: bool,
    /// Who is to be told by this instance, and could not be yet.
    waiting: BTreeSet<Address>,
}

/// Looks for sudden rises.
pub struct RiseWatch {
    figures: Arc<TicketFigures>,
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: RiseLetters,
    zone: TimeZone,
    /// The rises that were seen, by hour and application.
    seen: Mutex<BTreeMap<(u32, String), Seen>>,
}

impl RiseWatch {
    /// A watch over these figures that tells the operators among `people`; the ledger knows what another instance has
    /// told them.
    pub fn new(
        figures: Arc<TicketFigures>,
        people: Arc<People>,
        ledger: Arc<Ledger>,
        letters: RiseLetters,
        zone: TimeZone,
    ) -> Self {
        metrics::describe_counter!(RISES, "Hours with far more requests of an application than usual.");
        for application in figures.mapped().into_iter().chain([OTHERS.to_owned()]) {
            metrics::counter!(RISES, "application" => application).increment(0);
        }
        Self { figures, people, ledger, letters, zone, seen: Mutex::default() }
    }

    /// Looks each time the figures are brought up to date; never ends.
    pub async fn keep(&self) {
        loop {
            self.figures.refreshed().await;
            self.look(Timestamp::now().to_zoned(self.zone.clone()).datetime()).await;
        }
    }

    /// Looks at the hour of this moment and at the one before, which may not have been over when it was looked at last; what
    /// could not be told before is told now.
    pub async fn look(&self, now: DateTime) {
        if !self.figures.progress().is_whole {
            return;
        }
        let hour = minutes(now) / 60;
        let rises = self.figures.look(|book| {
            let of = |hour| sudden_rises(book.facts(), book.names(), hour);
            [of(hour.saturating_sub(1)), of(hour)].concat()
        });
        let mut seen = self.seen.lock().await;
        seen.retain(|(of, _), _| of + REMEMBERED > hour);
        for rise in rises {
            let key = (rise.hour, rise.application.clone());
            if let Some(seen) = seen.get_mut(&key) {
                seen.rise = rise;
                continue;
            }
            let is_ours = self.figures.has_mapping(&rise.application);
            let label = if is_ours { rise.application.clone() } else { OTHERS.to_owned() };
            metrics::counter!(RISES, "application" => label).increment(1);
            tracing::warn!(rise.application, rise.requests, rise.usual, "far more requests than usual");
            seen.insert(key, Seen { rise, is_told: false, waiting: BTreeSet::new() });
        }
        for seen in seen.values_mut().filter(|seen| !seen.is_told) {
            self.tell(seen, now).await;
        }
    }

    async fn tell(&self, seen: &mut Seen, now: DateTime) {
        if !self.letters.are_on() {
            seen.is_told = true;
            return;
        }
        let rise = &seen.rise;
        let operators = match self.people.addresses(&Role::Operator, now).await {
            Ok(operators) => operators,
            Err(error) => {
                tracing::warn!(%error, "GLPI cannot say now who is to be told of a sudden rise; it is asked again");
                return;
            }
        };
        let begins = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(Span::new().hours(i64::from(rise.hour)));
        let name = format!("afflux {} {}", rise.application, rise.hour);
        for operator in operators {
            if self.ledger.first_letter(&operator, &name, begins.date()).await {
                seen.waiting.insert(operator);
            }
        }
        if seen.waiting.is_empty() {
            seen.is_told = true;
            return;
        }
        let news = self.news(rise, begins).await;
        for operator in std::mem::take(&mut seen.waiting) {
            match self.letters.tell(&operator, &news).await {
                Ok(()) => {}
                Err(error @ SendError::Refused(_)) => {
                    tracing::error!(%error, "an operator could not be told of a sudden rise");
                }
                Err(error) => {
                    tracing::warn!(%error, "an operator cannot be told of a sudden rise now; it is tried again");
                    seen.waiting.insert(operator);
                }
            }
        }
        seen.is_told = seen.waiting.is_empty();
    }

    async fn news(&self, rise: &SuddenRise, begins: DateTime) -> RiseNews {
        let when = format!(
            "le\u{a0}{}\u{a0}{} {}, entre {}\u{a0}h et {}\u{a0}h",
            french::day(begins.day()),
            french::month(begins.month()),
            begins.year(),
            begins.hour(),
            begins.hour() + 1,
        );
        let titles = self.figures.titles_of(&rise.application, rise.hour, begins).await.unwrap_or_else(|error| {
            tracing::info!(%error, "GLPI cannot say now what the requests of a sudden rise are called");
            Vec::new()
        });
        RiseNews {
            application: rise.application.clone(),
            when,
            requests: rise.requests,
            usual: rise.usual,
            titles,
            words: rise.words.clone(),
        }
    }
}
