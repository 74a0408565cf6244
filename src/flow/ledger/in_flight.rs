//! The requests this process is handling right now: a second copy waits for the first one's end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::id::TicketId;
use crate::request::Reference;

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With this ticket, known under this reference.
    Ticket(Reference, TicketId),
    /// Surely without a ticket, and for good.
    NoTicket,
    /// Nobody can say yet, or it must be tried again later.
    Open,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Reference, watch::Receiver<Option<End>>>>>);

/// One request being handled; dropping it without [`Flight::land`] ends it as [`End::Open`].
#[derive(Debug)]
pub(super) struct Flight {
    reference: Reference,
    all: Flights,
    end: watch::Sender<Option<End>>,
}

impl Flights {
    /// Begins a flight, or gives the one to wait for: of the same reference or of an alias.
    pub(super) fn begin(
        &self,
        reference: Reference,
        aliases: &[Reference],
    ) -> Result<Flight, watch::Receiver<Option<End>>> {
        let mut in_flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = aliases.iter().chain([&reference]).find_map(|name| in_flight.get(name)) {
            return Err(other.clone());
        }
        let (end, watch) = watch::channel(None);
        in_flight.insert(reference, watch);
        Ok(Flight { reference, all: self.clone(), end })
    }

    /// The flight of one of these references, if any is under way.
    pub(super) fn any(&self, references: &[Reference]) -> Option<watch::Receiver<Option<End>>> {
        let in_flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        references.iter().find_map(|name| in_flight.get(name).cloned())
    }
}

impl Flight {
    /// Ends the flight and tells whoever waits.
    pub(super) fn land(self, end: End) {
        self.end.send_replace(Some(end));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.reference);
        self.end.send_if_modified(|end| {
            end.is_none() && {
                *end = Some(End::Open);
                true
            }
        });
    }
}

/// Waits for another copy's end.
pub(super) async fn end_of(mut flight: watch::Receiver<Option<End>>) -> End {
    match flight.wait_for(Option::is_some).await {
        Ok(end) => end.unwrap_or(End::Open),
        Err(_) => End::Open,
    }
}
