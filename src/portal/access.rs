//! What a requester's view of the helpdesk is built from.

use std::sync::Arc;

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};

use super::{found::FoundRequest, joined::Joined, readings::Readings};
use crate::{
    announcements::Board,
    config::Config,
    course::Pasts,
    figures::{ExpectedDelay, ExpectedDelays},
    flow::{directory::Directory, route::MappingStore},
    glpi::Glpi,
    knowledge::{Knowledge, Places},
    request::Address,
    working_time::Calendar,
};

/// A requester's view of the helpdesk.
pub struct Portal {
    pub(super) glpi: Glpi,
    pub(super) mappings: MappingStore,
    pub(super) calendar: Arc<Calendar>,
    /// Who directs which school.
    pub(super) people: Arc<Directory>,
    pub(super) school_mailbox: String,
    pub(super) school_view: bool,
    pub(super) time_zone: TimeZone,
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) board: Arc<Board>,
    pub(super) places: Places,
    /// Who writes the FAQ.
    pub(super) name: String,
    pub(super) readings: Readings,
    pub(super) lists: Joined<Address, Vec<FoundRequest>>,
    pub(super) pasts: Arc<Pasts>,
    pub(super) expected: Arc<ExpectedDelays>,
    /// Words in GLPI's pending reasons that say that the requester is waited for.
    pub(super) requester_reasons: Vec<String>,
}

impl Portal {
    /// The portal over `glpi`, with the mappings in force; `calendar` counts the delays, `people` says who directs which
    /// school,
    /// `knowledge` has the FAQ, `board` the messages.
    pub fn new(
        config: &Config,
        glpi: Glpi,
        mappings: MappingStore,
        calendar: Arc<Calendar>,
        people: Arc<Directory>,
        knowledge: Arc<Knowledge>,
        board: Arc<Board>,
    ) -> Self {
        let pasts = Arc::new(Pasts::new(Arc::clone(&calendar)));
        let (of_mappings, of_calendar, of_pasts) = (mappings.clone(), Arc::clone(&calendar), Arc::clone(&pasts));
        let expected = ExpectedDelays::new(&glpi, of_mappings, of_calendar, of_pasts, config.figures.requests);
        Self {
            people,
            school_mailbox: config.directory.school_mailbox.clone(),
            school_view: config.portal.school_view,
            pasts,
            expected: Arc::new(expected),
            requester_reasons: config.portal.requester_reasons.clone(),
            knowledge,
            board,
            places: Places::new(config),
            name: config.portal.name.clone(),
            glpi,
            mappings,
            calendar,
            time_zone: config.time_zone.clone(),
            readings: Readings::new(),
            lists: Joined::new(),
        }
    }

    /// How long the next request of this application will probably take, as computed last; `None` where too little is
    /// known.
    pub fn expected_delay(&self, application: &str) -> Option<ExpectedDelay> {
        self.expected.of(application)
    }

    /// What computes the expected delays, to be kept at work ([`ExpectedDelays::keep`]).
    pub fn expected_delays(&self) -> Arc<ExpectedDelays> {
        Arc::clone(&self.expected)
    }

    /// Whether a director sees what other directors asked about the same school, too.
    pub fn shows_school(&self) -> bool {
        self.school_view
    }

    /// The moment a date of GLPI means, as the academy writes it.
    pub(super) fn moment(&self, shown: Option<DateTime>) -> Option<Zoned> {
        let moment: Timestamp = self.calendar.moment(shown?)?;
        Some(moment.to_zoned(self.time_zone.clone()))
    }
}
