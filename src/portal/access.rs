//! What a requester's view of the helpdesk is built from.

use std::sync::Arc;

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};

use super::{faq::Faq, found::FoundRequest, joined::Joined, readings::Readings};
use crate::{config::Config, flow::route::MappingStore, glpi::Glpi, request::Address, working_time::Calendar};

/// A requester's view of the helpdesk.
pub struct Portal {
    pub(super) glpi: Glpi,
    pub(super) mappings: MappingStore,
    pub(super) calendar: Arc<Calendar>,
    pub(super) time_zone: TimeZone,
    pub(super) faq: Faq,
    pub(super) readings: Readings,
    pub(super) lists: Joined<Address, Vec<FoundRequest>>,
}

impl Portal {
    /// The portal over `glpi`, with the mappings in force; `calendar` counts the delays.
    pub fn new(config: &Config, glpi: Glpi, mappings: MappingStore, calendar: Arc<Calendar>) -> Self {
        Self {
            faq: Faq::new(glpi.clone(), &config.glpi),
            glpi,
            mappings,
            calendar,
            time_zone: config.time_zone.clone(),
            readings: Readings::new(),
            lists: Joined::new(),
        }
    }

    /// The moment a date of GLPI means, as the academy writes it.
    pub(super) fn moment(&self, shown: Option<DateTime>) -> Option<Zoned> {
        let moment: Timestamp = self.calendar.moment(shown?)?;
        Some(moment.to_zoned(self.time_zone.clone()))
    }
}
