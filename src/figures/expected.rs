//! How long an application's next request will probably take: as its own last ones did.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use super::{
    quantiles::Quantiles,
    samples::{Sample, sample},
};
use crate::{
    course::{Pasts, Requesters},
    flow::route::{Mapping, MappingStore, Mappings},
    glpi::{Glpi, GlpiError, TicketOverview},
    working_time::Calendar,
};

/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(10);
/// Where several applications share a category, so many times more tickets are looked at.
const SHARED: usize = 3;

/// How long the last requests of an application took, in working time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedDelay {
    /// How many requests that is of.
    pub requests: usize,
    /// Until somebody took them in charge.
    pub charge: Option<Quantiles>,
    /// Until their solution, without the times at which they waited for their requester.
    pub solution: Option<Quantiles>,
}

impl ExpectedDelay {
    /// Of these requests; `None` of too few.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let charge = Quantiles::of(samples.iter().filter_map(|sample| sample.charge));
        let solution = Quantiles::of(samples.iter().filter_map(|sample| sample.solution));
        (charge.is_some() || solution.is_some()).then_some(Self { requests: samples.len(), charge, solution })
    }
}

/// What to expect of each application, as computed last.
pub struct ExpectedDelays {
    glpi: Glpi,
    mappings: MappingStore,
    calendar: Arc<Calendar>,
    pasts: Arc<Pasts>,
    /// How many requests of an application are looked at.
    requests: usize,
    known: RwLock<BTreeMap<String, ExpectedDelay>>,
}

impl ExpectedDelays {
    /// Nothing is known until [`ExpectedDelays::keep`] has read it.
    pub fn new(
        glpi: &Glpi,
        mappings: MappingStore,
        calendar: Arc<Calendar>,
        pasts: Arc<Pasts>,
        requests: usize,
    ) -> Self {
        Self { glpi: glpi.in_background(), mappings, calendar, pasts, requests, known: RwLock::default() }
    }

    /// What to expect of this application; `None` where too little is known.
    pub fn of(&self, application: &str) -> Option<ExpectedDelay> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(application).copied()
    }

    /// Computes it again and again, once in `every`; never ends. With no time between, it is never computed.
    pub async fn keep(&self, every: Duration) {
        if every.is_zero() {
            return std::future::pending().await;
        }
        tokio::time::sleep(FIRST_AFTER.min(every)).await;
        loop {
            self.refresh().await;
            tokio::time::sleep(every).await;
        }
    }

    /// Computes what to expect of every application: some calls for each, one after the other. What GLPI does not say now
    /// stays as it was.
    pub async fn refresh(&self) {
        let mappings = self.mappings.now();
        for mapping in mappings.all() {
            match self.read(mapping, &mappings).await {
                Ok(expected) => {
                    let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                    match expected {
                        Some(expected) => drop(known.insert(mapping.name.clone(), expected)),
                        None => drop(known.remove(&mapping.name)),
                    }
                }
                Err(error) => {
                    tracing::info!(application = mapping.name, %error, "what to expect cannot be computed now");
                }
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|application, _| mappings.find(application).is_some());
    }

    async fn read(&self, mapping: &Mapping, mappings: &Mappings) -> Result<Option<ExpectedDelay>, GlpiError> {
        let (categories, is_shared) = (mapping.categories(), mappings.shares_a_category(mapping));
        let own = self.glpi.own_account().await?;
        // What was made otherwise than by the gateway says of no application, whatever it opens with.
        let (most, writer) = if is_shared { (SHARED * self.requests, Some(own)) } else { (self.requests, None) };
        let mut tickets = self.glpi.last_solved(&categories, writer, most).await?;
        let is_its = |ticket: &TicketOverview| {
            let opening = mappings.opening(&ticket.summary.content);
            opening.map_or(!is_shared, |opening| opening.application == mapping.name)
        };
        tickets.retain(is_its);
        tickets.truncate(self.requests);
        let summaries: Vec<_> = tickets.iter().map(|ticket| &ticket.summary).collect();
        let pasts = self.pasts.of(&self.glpi, &summaries).await?;
        let samples: Vec<Sample> = tickets
            .iter()
            .map(|TicketOverview { summary, requesters, .. }| {
                let addresses: Vec<String> = summary.addresses.iter().map(|address| address.to_lowercase()).collect();
                let requesters = Requesters { accounts: requesters, addresses: &addresses, own };
                let past = pasts.get(&summary.id).cloned().unwrap_or_default();
                sample(summary, &past, &requesters, &self.calendar)
            })
            .collect();
        Ok(ExpectedDelay::of(&samples))
    }
}
