//! Tells operators of sudden rises, each once, and counts them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{Span, Timestamp, civil::DateTime, tz::TimeZone};

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
    text::french,
};

const RISES: &str = "passerelle_sudden_rises_total";
/// Rises of so many hours are remembered as told.
const REMEMBERED: u32 = 48;

/// Looks for sudden rises.
pub struct RiseWatch {
    figures: Arc<TicketFigures>,
    people: Arc<People>,
    ledger: Arc<Ledger>,
    letters: RiseLetters,
    zone: TimeZone,
    /// The rises that were seen: application and hour.
    seen: Mutex<BTreeSet<(u32, String)>>,
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

    /// Looks at the hour of this moment and at the one before, which may not have been over when it was looked at last.
    pub async fn look(&self, now: DateTime) {
        if !self.figures.progress().is_whole {
            return;
        }
        let hour = minutes(now) / 60;
        let rises = self.figures.look(|book| {
            let of = |hour| sudden_rises(book.facts(), book.names(), hour);
            [of(hour.saturating_sub(1)), of(hour)].concat()
        });
        for rise in rises.into_iter().filter(|rise| self.is_new(rise, hour)) {
            let is_ours = self.figures.has_mapping(&rise.application);
            let label = if is_ours { rise.application.clone() } else { OTHERS.to_owned() };
            metrics::counter!(RISES, "application" => label).increment(1);
            tracing::warn!(rise.application, rise.requests, rise.usual, "far more requests than usual");
            self.tell(&rise, now).await;
        }
    }

    fn is_new(&self, rise: &SuddenRise, hour: u32) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(of, _)| of + REMEMBERED > hour);
        seen.insert((rise.hour, rise.application.clone()))
    }

    async fn tell(&self, rise: &SuddenRise, now: DateTime) {
        if !self.letters.are_on() {
            return;
        }
        let operators = match self.people.addresses(&Role::Operator, now).await {
            Ok(operators) => operators,
            Err(error) => {
                tracing::warn!(%error, "GLPI cannot say now who is to be told of a sudden rise");
                return;
            }
        };
        let begins = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(Span::new().hours(i64::from(rise.hour)));
        let when = format!(
            "le\u{a0}{}\u{a0}{} {}, entre {}\u{a0}h et {}\u{a0}h",
            french::day(begins.day()),
            french::month(begins.month()),
            begins.year(),
            begins.hour(),
            begins.hour() + 1,
        );
        let news = RiseNews {
            application: rise.application.clone(),
            when,
            requests: rise.requests,
            usual: rise.usual,
            words: rise.words.clone(),
        };
        let name = format!("afflux {} {}", rise.application, rise.hour);
        for operator in operators {
            if self.ledger.first_letter(&operator, &name, begins.date()).await
                && let Err(error) = self.letters.tell(&operator, &news).await
            {
                tracing::error!(%error, "an operator could not be told of a sudden rise");
            }
        }
    }
}
